"""What a merge does about every kind of reference and collision, by hand from DAMAGE, made and undone on a real server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg2.errors import FeatureNotSupported
from support.databases import TestDatabase
from support.merges import CUSTOMER, CUSTOMERS, MAPPING, USERS, Merges, blockers, changes, new
from support.proposing import Source, source
from support.shop import role

#: 2 survives 1.
TWO = """
INSERT INTO auth_user (id, username, email, last_login) VALUES
    (1, 'ana', 'ana@example.com', NULL), (2, 'Ana', 'ana2@example.com', '2026-03-01Z'), (3, 'bo', 'bo@example.com',
            NULL);
"""
CONTENT_TYPES = """
CREATE TABLE django_content_type (id int PRIMARY KEY, app_label text NOT NULL, model text NOT NULL);
INSERT INTO django_content_type VALUES (1, 'auth', 'user'), (2, 'shop', 'cart'), (3, 'shop', 'gone');
"""
GONE = ("auth_user", "delete", "1")

Book = Callable[..., Merges]


@pytest.fixture
def book(database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    def made(script: str, profiles: str = "", settings: str = "") -> Merges:
        database.execute(script)
        return Merges(database, source(database, MAPPING.format(source=settings) + profiles, tmp_path, monkeypatch))

    return made


# -- kinds of references


def test_keys_of_two_columns_and_keys_to_another_unique_column(book: Book) -> None:
    shop = book(
        USERS
        + """
        ALTER TABLE auth_user ADD tenant int NOT NULL DEFAULT 7, ADD UNIQUE (tenant, id), ADD UNIQUE (username);"""
        + TWO
        + """
        CREATE TABLE seat (id int PRIMARY KEY, tenant int, owner int, FOREIGN KEY (tenant,
            owner) REFERENCES auth_user (tenant, id));
        CREATE TABLE post (id int PRIMARY KEY, author varchar(150) REFERENCES auth_user (username));
        UPDATE auth_user SET tenant = 8 WHERE id = 2;
        INSERT INTO seat VALUES (1, 7, 1), (2, 7, 3), (3, NULL, 1); INSERT INTO post VALUES (1, 'ana'), (2, 'bo')"""
    )
    case = shop.case()
    assert changes(case) == {GONE, ("seat", "update", "1"), ("post", "update", "1")}
    assert new(case, "seat", "1") == {"tenant": "8", "owner": "2"}
    assert new(case, "post", "1") == {"author": "Ana"}
    shop.check([case])


def test_a_key_that_shares_a_column_with_one_that_moves_is_left(book: Book) -> None:
    shop = book(
        USERS
        + "ALTER TABLE auth_user ADD tenant int NOT NULL DEFAULT 7, ADD UNIQUE (tenant, id);"
        + TWO
        + """
        CREATE TABLE project (tenant int, id int, PRIMARY KEY (tenant, id));
        CREATE TABLE seat (id int PRIMARY KEY, tenant int, owner int, project int,
            FOREIGN KEY (tenant, owner) REFERENCES auth_user (tenant, id),
            CONSTRAINT of_project FOREIGN KEY (tenant, project) REFERENCES project);
        UPDATE auth_user SET tenant = 8 WHERE id = 2; INSERT INTO project VALUES (7, 1); INSERT INTO seat VALUES (1,
            7, 1, 1)"""
    )
    assert shop.left() == "seat 1 would change tenant, by which it names another row too (of_project)"
    shop.execute("UPDATE seat SET project = NULL")
    shop.check([shop.case()])


def test_many_to_many_with_itself(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE friend (id int PRIMARY KEY, a int REFERENCES auth_user, b int REFERENCES auth_user, UNIQUE (a, b));
        INSERT INTO friend VALUES (1, 1, 3), (2, 2, 3), (3, 3, 1), (4, 1, 2), (5, 2, 1)"""
    )
    case = shop.case()
    # 1 meets 2; 4 and 5 would both be (2, 2): the smaller key stays
    assert changes(case) == {
        GONE,
        ("friend", "delete", "1"),
        ("friend", "update", "3"),
        ("friend", "update", "4"),
        ("friend", "delete", "5"),
    }
    assert new(case, "friend", "4") == {"a": "2"}
    shop.check([case])


def test_a_check_that_a_moved_row_would_break_is_told(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE friend (id int PRIMARY KEY, a int REFERENCES auth_user, b int REFERENCES auth_user,
            CONSTRAINT not_oneself CHECK (a <> b));
        INSERT INTO friend VALUES (4, 1, 2)"""
    )
    assert shop.left() == "friend 4 would then break the table's check not_oneself"


@pytest.mark.parametrize(
    "how",
    [
        "",
        "ON DELETE CASCADE",
        "ON DELETE SET NULL",
        "ON DELETE RESTRICT",
        "DEFERRABLE INITIALLY DEFERRED",
        "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
    ],
)
def test_self_references_of_survivor_loser_and_others(book: Book, how: str) -> None:
    shop = book(
        USERS
        + f"""
        ALTER TABLE auth_user ADD referred_by int REFERENCES auth_user {how}, ADD town text;"""
        + TWO
        + """
        INSERT INTO auth_user (id, username, town) VALUES (4, 'ANA', 'Ulm');
        UPDATE auth_user SET referred_by = CASE id WHEN 1 THEN 4 WHEN 2 THEN 1 WHEN 3 THEN 4 WHEN 4 THEN 1 END"""
    )
    case = shop.case()
    assert changes(case) == {GONE, ("auth_user", "delete", "4"), ("auth_user", "update", "2"), ("auth_user", "update", "3")}
    assert new(case, "auth_user", "2") == {"referred_by": "2", "town": "Ulm"}
    assert new(case, "auth_user", "3") == {"referred_by": "2"}
    if how.startswith("DEFERRABLE"):
        shop.check([case])
        return
    # two losers that name one another go in one statement; here each goes alone, so the circle is cut
    shop.execute("UPDATE auth_user SET referred_by = NULL WHERE id = 4")
    shop.check([shop.case()])


def test_a_fill_never_makes_a_row_name_itself(book: Book) -> None:
    shop = book(
        USERS
        + "ALTER TABLE auth_user ADD referred_by int REFERENCES auth_user;"
        + TWO
        + """
        INSERT INTO auth_user (id, username) VALUES (4, 'ANA');
        UPDATE auth_user SET referred_by = CASE id WHEN 1 THEN 2 WHEN 4 THEN 1 END"""
    )
    case = shop.case()
    assert changes(case) == {GONE, ("auth_user", "delete", "4")}
    shop.check([case])


@pytest.mark.parametrize("action", ["ON DELETE CASCADE", "ON DELETE SET NULL", "ON DELETE SET DEFAULT"])
def test_rows_that_would_cascade_are_moved_and_not_lost(book: Book, action: str) -> None:
    shop = book(
        USERS
        + TWO
        + f"""
        CREATE TABLE note (id int PRIMARY KEY, by int REFERENCES auth_user {action}); INSERT INTO note VALUES (1, 1),
            (2, 1);
        CREATE TABLE paper (id int PRIMARY KEY, by int REFERENCES auth_user {action}); INSERT INTO paper VALUES (1, 1);
        CREATE TABLE letter (stamp text) INHERITS (paper); INSERT INTO letter VALUES (1, 1, 'a'), (1, 2, 'b')"""
    )
    case = shop.case()
    # a table's key knows nothing of the rows of its heirs, and is not theirs
    heirs = {("paper", "update", "1"), ("letter", "update", None)}
    assert changes(case) == {GONE, ("note", "update", "1"), ("note", "update", "2"), *heirs}
    assert "2 rows moved by note.by" in case.because
    shop.check([case])


def test_soft_references_by_key_and_by_mail(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE invoice (id int PRIMARY KEY, customer_ref text, mail text, number int);
        INSERT INTO invoice VALUES (1, '1', 'ana@example.com', 1), (2, '3', '', NULL), (3, 'x', 'ana2@example.com',
            2)""",
        settings='references = ["invoice.customer_ref -> auth_user.id", "invoice.mail -> auth_user.email",'
        ' "invoice.number -> auth_user.username"]',
    )
    case = shop.case()
    assert changes(case) == {GONE, ("invoice", "update", "1")}
    assert new(case, "invoice", "1") == {"customer_ref": "2", "mail": "ana2@example.com"}
    shop.check([case])


def test_a_value_that_the_column_cannot_hold_is_told(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE invoice (id int PRIMARY KEY, who varchar(3)); INSERT INTO invoice VALUES (1, 'ana');
        UPDATE auth_user SET username = ' ANA ' WHERE id = 2""",
        settings='references = ["invoice.who -> auth_user.username"]',
    )
    assert shop.left() == "invoice.who (character varying(3)) cannot hold what invoice 1 would have to name"


def test_a_row_named_by_what_the_survivor_takes_over(book: Book) -> None:
    shop = book(
        USERS
        + "ALTER TABLE auth_user ADD code text UNIQUE;"
        + TWO
        + """
        CREATE TABLE card (id int PRIMARY KEY, code text REFERENCES auth_user (code));
        UPDATE auth_user SET code = 'c1' WHERE id = 1; INSERT INTO card VALUES (1, 'c1')"""
    )
    # the survivor cannot hold the code while the loser does, and the loser cannot go while the card names it
    assert shop.left() == "card 1 names auth_user 1 by what auth_user 2 would take over, and that reference cannot wait"
    shop.execute("ALTER TABLE card ALTER CONSTRAINT card_code_fkey DEFERRABLE INITIALLY DEFERRED")
    case = shop.case()
    assert changes(case) == {GONE, ("auth_user", "update", "2")}
    shop.check([case])


def test_a_row_named_by_what_the_survivor_lacks_is_told(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE card (id int PRIMARY KEY, word text); INSERT INTO card VALUES (1, '!');
        ALTER TABLE auth_user ALTER password DROP NOT NULL; UPDATE auth_user SET password = NULL WHERE id = 2""",
        settings='references = ["card.word -> auth_user.password"]',
    )
    assert shop.left() == "card 1 names auth_user 1 by its password, and auth_user 2 has none"


def test_inheritance_children_move_with_what_refers_to_them(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE teacher (user_ptr_id int PRIMARY KEY REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED,
            room text);
        CREATE TABLE lesson (id int PRIMARY KEY, by int REFERENCES teacher DEFERRABLE INITIALLY DEFERRED);
        INSERT INTO teacher VALUES (1, 'a'), (3, 'b'); INSERT INTO lesson VALUES (1, 1), (2, 3)"""
    )
    case = shop.case()
    assert changes(case) == {GONE, ("teacher", "update", "1"), ("lesson", "update", "1")}
    assert new(case, "teacher", "1") == {"user_ptr_id": "2"}
    assert new(case, "lesson", "1") == {"by": "2"}
    shop.check([case])
    shop.execute("INSERT INTO teacher VALUES (2, 'c')")
    case = shop.case()
    assert changes(case) == {GONE, ("teacher", "delete", "1"), ("lesson", "update", "1")}
    shop.check([case])


@pytest.mark.parametrize("action", ["", "ON UPDATE CASCADE", "ON DELETE CASCADE", "ON DELETE CASCADE ON UPDATE CASCADE"])
def test_children_whose_keys_cannot_wait_move_by_way_of_a_copy(book: Book, action: str) -> None:
    shop = book(
        USERS
        + TWO
        + f"""
        CREATE TABLE a_teacher (user_ptr_id int PRIMARY KEY REFERENCES auth_user {action}, room text);
        CREATE TABLE a_head (teacher_ptr_id int PRIMARY KEY REFERENCES a_teacher {action});
        CREATE TABLE a_bell (id int PRIMARY KEY, by int REFERENCES a_head {action});
        INSERT INTO a_teacher VALUES (1, 'a'); INSERT INTO a_head VALUES (1); INSERT INTO a_bell VALUES (5, 1)"""
    )
    case = shop.case()
    assert changes(case) == {
        GONE,
        ("a_teacher", "insert", "2"),
        ("a_teacher", "delete", "1"),
        ("a_head", "insert", "2"),
        ("a_head", "delete", "1"),
        ("a_bell", "update", "5"),
    }
    shop.check([case])
    shop.execute("ALTER TABLE a_teacher ADD badge int UNIQUE")
    assert "make the references to it deferrable" in shop.left()


# -- generic relations


def test_generic_relations_of_whole_numbers_and_texts_and_two_pairs(book: Book) -> None:
    shop = book(
        USERS
        + CONTENT_TYPES
        + TWO
        + """
        CREATE TABLE comment (id int PRIMARY KEY, content_type_id int REFERENCES django_content_type, object_pk text);
        CREATE TABLE action (id int PRIMARY KEY, actor_content_type_id int REFERENCES django_content_type,
            actor_object_id varchar(255),
            target_content_type_id int REFERENCES django_content_type, target_object_id bigint);
        CREATE TABLE tag (id int PRIMARY KEY, content_type_id int, object_id int, name text, UNIQUE (content_type_id,
            object_id, name));
        CREATE TABLE stamp (id int PRIMARY KEY, content_type_id int, object_id uuid);
        CREATE TABLE seal (id int PRIMARY KEY, owner_type_id int REFERENCES django_content_type, owner_id int);
        INSERT INTO comment VALUES (1, 1, '1'), (2, 2, '1'), (3, 1, '3'), (4, NULL, '1');
        INSERT INTO action VALUES (1, 1, '1', 1, 1), (2, 2, '1', 1, 1), (3, 1, '1', 2, 1), (4, 2, '1', 2, 1);
        INSERT INTO tag VALUES (1, 1, 1, 'x'), (2, 1, 2, 'x'), (3, 1, 1, 'y'), (4, 2, 1, 'y');
        INSERT INTO seal VALUES (1, 1, 1), (2, 2, 1)"""
    )
    case = shop.case()
    assert changes(case) == {
        GONE,
        ("comment", "update", "1"),
        ("action", "update", "1"),
        ("action", "update", "2"),
        ("action", "update", "3"),
        ("tag", "delete", "1"),
        ("tag", "update", "3"),
        ("seal", "update", "1"),
    }
    assert new(case, "action", "1") == {"actor_object_id": "2", "target_object_id": "2"}
    assert new(case, "action", "2") == {"target_object_id": "2"}
    assert new(case, "action", "3") == {"actor_object_id": "2"}
    assert new(case, "comment", "1") == {"object_pk": "2"}
    shop.check([case])


def test_generic_relations_to_victims_and_to_keys_of_uuids(book: Book) -> None:
    one, two = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
    shop = book(
        USERS.replace("id int", "id uuid")
        + CONTENT_TYPES
        + f"""
        INSERT INTO auth_user (id, username, last_login) VALUES ('{one}', 'ana', NULL), ('{two}', 'ANA', '2026-03-01Z');
        CREATE TABLE shop_cart (id int PRIMARY KEY, user_id uuid UNIQUE REFERENCES auth_user);
        CREATE TABLE comment (id int PRIMARY KEY, content_type_id int, object_id text);
        CREATE TABLE stamp (id int PRIMARY KEY, content_type_id int, object_id uuid);
        CREATE TABLE wrong (id int PRIMARY KEY, content_type_id int, object_id int);
        INSERT INTO shop_cart VALUES (7, '{one}'), (8, '{two}');
        INSERT INTO comment VALUES (1, 2, '7'), (2, 1, '7'), (3, 1, '{one}'); INSERT INTO stamp VALUES (1, 1,
            '{one}')"""
    )
    case = shop.case()
    assert changes(case) == {
        ("auth_user", "delete", one),
        ("shop_cart", "delete", "7"),
        ("comment", "update", "1"),
        ("comment", "update", "3"),
        ("stamp", "update", "1"),
    }
    assert new(case, "comment", "1") == {"object_id": "8"}
    shop.check([case])


# -- collisions


@pytest.mark.parametrize(
    ("index", "victims"),
    [
        ("UNIQUE INDEX ON home (user_id, label)", {"10"}),
        ("UNIQUE INDEX ON home (user_id, lower(label))", {"10", "11"}),
        ("UNIQUE INDEX ON home (user_id) WHERE main", {"12"}),
        ("UNIQUE INDEX ON home (user_id) WHERE label = 'none of them'", set()),
        ("UNIQUE INDEX ON home (user_id, zip)", set()),
        ("UNIQUE INDEX ON home (user_id, zip) NULLS NOT DISTINCT", {"11", "12", "13"}),
        ("UNIQUE INDEX ON home ((user_id % 100), label)", {"10"}),
        ("UNIQUE INDEX ON home (twice)", {"10"}),
    ],
)
def test_collisions_in_every_kind_of_index(book: Book, index: str, victims: set[str]) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE home (id int PRIMARY KEY, user_id int REFERENCES auth_user, label text, main boolean, zip int,
            twice text GENERATED ALWAYS AS (CASE WHEN id <> 13 THEN (user_id * 2)::text || left(label, 0) END) STORED);
        INSERT INTO home VALUES (10, 1, 'work', false, 1), (11, 1, 'HOME', false, NULL), (12, 1, 'sea', true, NULL),
            (13, 1, NULL, NULL, NULL),
            (20, 2, 'work', false, 2), (21, 2, 'home', true, NULL), (22, 3, 'work', true, NULL)"""
    )
    if "twice" in index:
        shop.execute("DELETE FROM home WHERE id IN (11, 12, 21, 22)")
    elif "NULLS NOT" in index:
        shop.execute("UPDATE home SET zip = id WHERE id IN (12, 13)")
        victims = {"11"}
    shop.execute(f"CREATE {index}")
    case = shop.case()
    moved = {str(key) for (key,) in shop.execute("SELECT id FROM home WHERE user_id = 1")} - victims
    assert changes(case) == {GONE, *(("home", "delete", key) for key in victims), *(("home", "update", key) for key in moved)}
    shop.check([case])


def test_rows_that_refer_to_victims_follow_and_become_victims_too(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE member (id int PRIMARY KEY, user_id int REFERENCES auth_user, club int, UNIQUE (user_id, club));
        CREATE TABLE dues (id int PRIMARY KEY, member_id int REFERENCES member ON DELETE CASCADE, year int,
            UNIQUE (member_id, year));
        CREATE TABLE receipt (id int PRIMARY KEY, dues_id int REFERENCES dues, note text);
        INSERT INTO member VALUES (1, 1, 5), (2, 2, 5), (3, 1, 6);
        INSERT INTO dues VALUES (1, 1, 2025), (2, 2, 2025), (3, 1, 2024), (4, 3, 2025);
        INSERT INTO receipt VALUES (1, 1, 'a'), (2, 3, 'b'), (3, 2, 'c')"""
    )
    case = shop.case()
    assert changes(case) == {
        GONE,
        ("member", "delete", "1"),
        ("member", "update", "3"),
        ("dues", "delete", "1"),
        ("dues", "update", "3"),
        ("receipt", "update", "1"),
    }
    assert new(case, "dues", "3") == {"member_id": "2"}
    assert new(case, "receipt", "1") == {"dues_id": "2"}
    shop.check([case])


def test_rows_of_two_losers_meet_one_another(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        INSERT INTO auth_user (id, username) VALUES (4, 'ANA');
        CREATE TABLE cart (id int PRIMARY KEY, user_id int UNIQUE REFERENCES auth_user);
        CREATE TABLE item (id int PRIMARY KEY, cart_id int REFERENCES cart);
        INSERT INTO cart VALUES (9, 4), (10, 1); INSERT INTO item VALUES (1, 10), (2, 9)"""
    )
    case = shop.case()
    assert changes(case) == {
        GONE,
        ("auth_user", "delete", "4"),
        ("cart", "update", "9"),
        ("cart", "delete", "10"),
        ("item", "update", "1"),
    }
    shop.check([case])


def test_a_row_that_meets_a_victim_may_stay(book: Book) -> None:
    # 1 would meet 2 by slot, but 2 itself goes, because it meets 3 by club: so 1 stays
    shop = book(
        USERS
        + TWO
        + """
        INSERT INTO auth_user (id, username) VALUES (4, 'ANA');
        CREATE TABLE seat (id int PRIMARY KEY, user_id int REFERENCES auth_user, club int, slot int);
        CREATE UNIQUE INDEX ON seat (user_id, club); CREATE UNIQUE INDEX ON seat (user_id, slot);
        INSERT INTO seat VALUES (3, 2, 5, 1), (5, 1, 5, 8), (6, 4, 7, 8)"""
    )
    case = shop.case()
    assert changes(case) == {GONE, ("auth_user", "delete", "4"), ("seat", "delete", "5"), ("seat", "update", "6")}
    shop.check([case])


def test_a_fill_that_would_collide_is_not_made(book: Book) -> None:
    shop = book(
        USERS
        + """
        ALTER TABLE auth_user ADD club int, ADD seat int; CREATE UNIQUE INDEX by_club ON auth_user (club, seat);"""
        + TWO
        + """
        UPDATE auth_user SET club = id, seat = CASE id WHEN 1 THEN 8 END;
        INSERT INTO auth_user (id, username, club, seat) VALUES (4, 'di', 2, 8)"""
    )
    case = shop.case()
    assert changes(case) == {GONE}
    assert "auth_user: seat stays blank: auth_user 4 has it already (by_club)" in case.because
    shop.check([case])


def test_an_invalid_index_is_told(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE cart (id int PRIMARY KEY, user_id int REFERENCES auth_user);
            CREATE UNIQUE INDEX broken ON cart (user_id);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass; INSERT INTO cart VALUES (1, 1),
            (2, 2)"""
    )
    assert "index broken, which is invalid" in shop.left()


def test_a_row_that_would_meet_a_stranger_is_left(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE cart (id int PRIMARY KEY, user_id int REFERENCES auth_user);
            CREATE UNIQUE INDEX odd ON cart ((user_id % 2));
        INSERT INTO cart VALUES (1, 1); INSERT INTO auth_user (id, username) VALUES (6, 'six');
            INSERT INTO cart VALUES (2, 6)"""
    )
    assert shop.left() == "cart 1 would meet cart 2, which is none of the survivor's, in odd"


def test_collations_decide_as_the_index_does(book: Book, database: TestDatabase) -> None:
    collation = "CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false);"
    try:
        database.execute(collation)
    except FeatureNotSupported:
        pytest.skip("this PostgreSQL was built without ICU")
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE tag (id int PRIMARY KEY, user_id int REFERENCES auth_user, name text COLLATE blind,
            UNIQUE (user_id, name));
        CREATE TABLE word (id int PRIMARY KEY, user_id int REFERENCES auth_user, name text);
        CREATE UNIQUE INDEX ON word (user_id, name COLLATE blind);
        INSERT INTO tag VALUES (1, 1, 'EIS'), (2, 2, 'eis'), (3, 1, 'x'); INSERT INTO word VALUES (1, 1, 'EIS'), (2,
            2, 'eis')"""
    )
    case = shop.case()
    assert changes(case) == {GONE, ("tag", "delete", "1"), ("tag", "update", "3"), ("word", "delete", "1")}
    shop.check([case])


def test_an_index_that_compares_without_case_decides_so(book: Book, database: TestDatabase) -> None:
    if not database.execute("SELECT FROM pg_available_extensions WHERE name = 'citext'"):
        pytest.skip("this PostgreSQL has no citext")
    shop = book(
        "CREATE EXTENSION citext;"
        + USERS
        + TWO
        + """
        CREATE TABLE tag (id int PRIMARY KEY, user_id int REFERENCES auth_user, name citext, UNIQUE (user_id, name));
        INSERT INTO tag VALUES (1, 1, 'EIS'), (2, 2, 'eis'), (3, 1, 'x')"""
    )
    case = shop.case()
    assert changes(case) == {GONE, ("tag", "delete", "1"), ("tag", "update", "3")}
    shop.check([case])


def test_columns_and_indexes_of_several_collations(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE tag (id int PRIMARY KEY, user_id int REFERENCES auth_user, name text COLLATE "C",
            UNIQUE (user_id, name));
        CREATE UNIQUE INDEX ON tag (user_id, lower(name COLLATE "POSIX"), name COLLATE "C") WHERE name > 'A';
        CREATE UNIQUE INDEX ON tag (user_id, (lower(name) || 'x') COLLATE "POSIX");
        INSERT INTO tag VALUES (1, 1, 'EIS'), (2, 2, 'eis'), (3, 1, 'x')"""
    )
    case = shop.case()
    assert changes(case) == {GONE, ("tag", "delete", "1"), ("tag", "update", "3")}
    shop.check([case])


def test_an_index_on_whole_rows_is_told(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE tag (id int PRIMARY KEY, user_id int REFERENCES auth_user); INSERT INTO tag VALUES (1, 1);
        CREATE UNIQUE INDEX odd ON tag (user_id, (tag.*))"""
    )
    assert "index odd of tag holds whole rows" in shop.left()


# -- tables of their own kind


def test_rows_without_a_key_are_named_by_their_images(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE visit (user_id int REFERENCES auth_user, page text); INSERT INTO visit VALUES (1, 'a'), (1,
            'a'), (1, 'b'), (2, 'a')"""
    )
    case = shop.case()
    visits = [change for change in case.changes if change.table == "visit"]
    assert [(change.op, change.key) for change in visits] == [("update", None)] * 3
    assert blockers(case) == ["no_key"]
    shop.check([case])


def test_triggers_that_may_rewrite_rows_block(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE note (id int PRIMARY KEY, by int REFERENCES auth_user); INSERT INTO note VALUES (1, 1);
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
        CREATE TRIGGER t BEFORE UPDATE ON note FOR EACH ROW EXECUTE FUNCTION f()"""
    )
    assert blockers(shop.case()) == ["trigger"]


def test_computed_columns_are_foreseen(book: Book) -> None:
    shop = book(
        USERS
        + """ALTER TABLE auth_user ADD town text,
            ADD words tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(town,
            '') || ' ' || first_name)) STORED;"""
        + TWO
        + """
        CREATE TABLE note (id int PRIMARY KEY, by int REFERENCES auth_user,
            label text GENERATED ALWAYS AS ('by ' || by::text) STORED);
        INSERT INTO note (id, by) VALUES (1, 1); UPDATE auth_user SET town = 'Ulm', first_name = 'A' WHERE id = 1"""
    )
    case = shop.case()
    assert new(case, "note", "1") == {"by": "2", "label": "by 2"}
    assert new(case, "auth_user", "2") == {"town": "Ulm", "first_name": "A", "words": "'a':2 'ulm':1"}
    shop.check([case])


def test_a_table_that_this_role_may_not_read_is_not_passed_over(
    book: Book, database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = book(USERS + TWO + "CREATE TABLE secret (id int PRIMARY KEY, of int REFERENCES auth_user)")
    with role(database) as (name, url):
        database.execute(f"GRANT SELECT ON auth_user TO {name}")
        limited = source(TestDatabase(database.name, url), MAPPING.format(source=""), tmp_path, monkeypatch)
        assert (
            limited.left("duplicate_user").why == "this role may not read secret, which refers to auth_user: GRANT SELECT on it"
        )
        database.execute(CONTENT_TYPES + f"GRANT SELECT ON secret TO {name}")
        assert "django_content_type" in limited.left("duplicate_user").why
    assert changes(shop.case()) == {GONE}


def test_hostile_names_and_schemas(book: Book) -> None:
    shop = book(
        USERS
        + CUSTOMERS
        + TWO
        + """
        CREATE SCHEMA "s:1"; CREATE TABLE "s:1"."o'rd%ers ""x"" :y" ("i:d" int PRIMARY KEY,
            "us er%s" int REFERENCES auth_user,
            "n" text, UNIQUE ("us er%s", "n"));
        CREATE UNIQUE INDEX ON "s:1"."o'rd%ers ""x"" :y" ("us er%s",
            (lower("n") || 'a:b' || '%')) WHERE "n" <> ':c' || '%s';
        INSERT INTO "s:1"."o'rd%ers ""x"" :y" VALUES (1, 1, 'A'), (2, 2, 'a'), (3, 1, 'b')""",
        CUSTOMER,
    )
    case = shop.case()
    table = """s:1.o'rd%ers "x" :y"""
    assert changes(case) == {GONE, (table, "delete", "1"), (table, "update", "3")}
    shop.check([case])


def test_accounts_and_profiles_that_name_one_another(book: Book) -> None:
    shop = book(
        USERS
        + CUSTOMERS.replace(" DEFERRABLE INITIALLY DEFERRED", "")
        + """
        ALTER TABLE auth_user ADD main int REFERENCES customer;"""
        + TWO
        + """
        INSERT INTO customer VALUES (10, 1, '1', '2', NULL), (11, 2, '1', NULL, NULL);
            UPDATE auth_user SET main = 10 WHERE id = 1;
        UPDATE auth_user SET main = 11 WHERE id = 2""",
        CUSTOMER,
    )
    case = shop.case()
    # 10 survives, of account 1, and account 2 must name it
    assert changes(case) == {GONE, ("customer", "delete", "11"), ("customer", "update", "10"), ("auth_user", "update", "2")}
    shop.check([case])
    shop.execute("UPDATE customer SET phone = NULL, address = NULL WHERE id = 10")
    assert "in a circle" in shop.left()


# -- deactivation and many at once


def test_deactivating_the_others(book: Book) -> None:
    shop = book(USERS + TWO + "INSERT INTO auth_user (id, username, is_active, is_staff) VALUES (4, 'ANA', false, true)")
    case = shop.case("duplicate_user", "deactivate")
    assert changes(case) == {("auth_user", "update", "1")}
    assert new(case, "auth_user", "1") == {"is_active": "false"}
    assert case.leaves == ("duplicate_user",)
    assert blockers(case) == ["privileged"]
    assert [(row.table, row.key) for row in case.kept] == [("auth_user", "2")]
    shop.source.make([case])
    assert shop.left("duplicate_user", "deactivate") == "deactivated already"


def test_many_cases_at_once_are_the_same_as_one_by_one(book: Book) -> None:
    shop = book(
        USERS
        + CUSTOMERS
        + """
        INSERT INTO auth_user (id, username, last_login)
        SELECT n, CASE n % 2 WHEN 0 THEN 'u' ELSE 'U' END || n / 2, CASE n % 3 WHEN 0 THEN timestamptz '2026-03-01Z' END
        FROM generate_series(2, 61) n;
        INSERT INTO customer SELECT n, n, CASE n % 5 WHEN 0 THEN n::text END, CASE n % 4 WHEN 0 THEN 'x' END,
            NULL FROM generate_series(2, 50) n;
        CREATE TABLE cart (id int PRIMARY KEY, user_id int UNIQUE REFERENCES auth_user,
            customer_id int UNIQUE REFERENCES customer);
        INSERT INTO cart SELECT n, n, n FROM generate_series(2, 50) n WHERE n % 7 <> 0""",
        CUSTOMER,
    )
    every: Source = shop.source
    cases = every.propose("duplicate_user")
    assert len(cases) == 30
    assert cases == every.propose("duplicate_user", chunk=1)
    shop.check(cases)
