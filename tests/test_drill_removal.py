"""Taking a drill's people out again: a plan like any other, of their rows alone, and of nothing that is somebody else's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mendbook.drills.records import Record, find, keep
from mendbook.errors import ConfigError, OutputError, Refused
from mendbook.workbook import Workbook
from support.people import AUTHOR, REVIEWER, People
from support.shop import MAPPING, Shop, role

MARK = "7f3a91c2"
#: Person 1 in one account, person 2 in two spellings, and people who only look like it.
DRILLED = f"""
ALTER TABLE customer DROP CONSTRAINT customer_user_id_key;
INSERT INTO auth_user (id, username, email, last_login) VALUES
    (101, 'drill-{MARK}-0001', 'drill-{MARK}-0001@example.com', now()),
    (102, 'Drill-{MARK.title()}-0002', 'x@example.com', NULL),
    (103, 'y', ' DRILL-{MARK.upper()}-0002@EXAMPLE.com', NULL),
    (104, 'drill-{MARK}-0003', 'drill-{MARK}-0003@example.com', NULL),
    (105, 'drill-{MARK}-0001x', 'drill-{MARK}-00011@example.com', NULL),
    (106, 'drill-00000000-0001', 'drill-00000000-0001@example.com', NULL);
INSERT INTO customer VALUES
    (201, 101, '555', 'A-1', true, now()), (202, 101, '', NULL, NULL, now()), (203, 103, '5', 'A-3', true, now());
CREATE TABLE note (id int PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customer, words text);
CREATE TABLE welcome (id int PRIMARY KEY, user_id bigint NOT NULL REFERENCES auth_user ON DELETE CASCADE);
INSERT INTO note VALUES (1, 201, 'made with it'), (2, 1, 'somebody else''s');
INSERT INTO welcome VALUES (1, 101), (2, 3);
"""
OURS = ["101", "102", "103"]


@pytest.fixture
def people(shop: Shop) -> People:
    shop.execute(DRILLED)
    made = People(shop.home)
    made.key(AUTHOR)
    made.key(REVIEWER)
    keep(record(), shop.outputs)
    return made


def record(**other: Any) -> Record:
    given = {
        "mark": MARK,
        "source": "shop",
        "base_url": "http://127.0.0.1:8000",
        "people": 2,
        "started_at": "2026-11-21T12:00:00+00:00",
    }
    return Record(**{**given, "username": "drill-{mark}-{n}", "email": "drill-{mark}-{n}@example.com", **other})


def planned(shop: Shop, people: People, mark: str = MARK) -> tuple[Workbook, dict[str, Any], dict[str, Any]]:
    """The workbook, what planning told, and the plan's cases by key."""
    book = shop.book()
    made = book.remove_drill(mark, AUTHOR, people.key(AUTHOR))
    return book, made, {case["case_key"]: case for case in book.show(made["plan"])["cases"]}


def test_one_case_an_account_with_all_that_was_made_with_it(shop: Shop, people: People) -> None:
    _, made, cases = planned(shop, people)
    assert sorted(cases) == OURS
    assert made["by_kind"] == {"drill_user": 3}
    assert made["blocked"] == 0
    changes = [
        (change["table"], change["op"], change["key"])
        for change in sorted(cases["101"]["changes"], key=lambda each: each["phase"])
    ]
    assert changes == [
        ("note", "delete", "1"),
        ("customer", "delete", "201"),
        ("customer", "delete", "202"),
        ("welcome", "delete", "1"),
        ("auth_user", "delete", "101"),
    ]
    assert {case["risk"] for case in cases.values()} == {"high"}


def test_planned_signed_applied_and_taken_back(shop: Shop, people: People) -> None:
    everything = [f"SELECT * FROM {table} ORDER BY id" for table in ("auth_user", "customer", "note", "welcome")]
    before = [shop.execute(sql) for sql in everything]
    book, made, _ = planned(shop, people)
    book.sign(made["plan"], REVIEWER, people.key(REVIEWER), approve=["drill_user"])
    assert book.apply(made["plan"])["applied"] == 3
    assert [shop.execute(sql) for sql in everything] == before, "a rehearsal"
    done = book.apply(made["plan"], commit=True)
    assert (done["applied"], done["stale"], done["changes"]) == (3, 0, 8)
    assert [row[0] for row in shop.execute("SELECT id FROM auth_user ORDER BY id")] == [1, 2, 3, 4, 5, 104, 105, 106]
    assert shop.execute("SELECT id FROM note") == [(2,)]
    assert shop.execute("SELECT id FROM welcome") == [(2,)]
    assert "drill_user" not in done["remaining"], "an audit knows nothing of drills"
    assert book.remove_drill(MARK, AUTHOR, people.key(AUTHOR))["cases"] == 0

    undone = book.undo(made["plan"], AUTHOR, people.key(AUTHOR))
    book.sign(undone["plan"], REVIEWER, people.key(REVIEWER), approve=["all"])
    assert book.apply(undone["plan"], commit=True)["applied"] == 3
    assert [shop.execute(sql) for sql in everything] == before
    assert book.verify_ledger().ok


NAMES_US = "bigint REFERENCES auth_user"
FRIENDS = f"one {NAMES_US} NOT NULL, other {NAMES_US} NOT NULL"
STAYS = "CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
STAY = "CREATE TRIGGER stay BEFORE DELETE ON auth_user FOR EACH ROW EXECUTE FUNCTION stay()"
#: The SQL, the blocker, and a word of its reason.
BLOCKED = {
    "a row that could do without it": (
        f"CREATE TABLE invitation (id int PRIMARY KEY, accepted_by {NAMES_US}); INSERT INTO invitation VALUES (1, 101)",
        "cascade",
        "invitation.accepted_by",
    ),
    "a row that also names somebody else": (
        f"CREATE TABLE friends (id int PRIMARY KEY, {FRIENDS}); INSERT INTO friends VALUES (1, 101, 3)",
        "cascade",
        "friends.one",
    ),
    "an account with rights": ("UPDATE auth_user SET is_staff = true WHERE id = 101", "privileged", "is_staff"),
    "a row without a key": (
        f"CREATE TABLE seen (user_id {NAMES_US} NOT NULL); INSERT INTO seen VALUES (101)",
        "no_key",
        "seen",
    ),
    "a trigger that keeps rows": (STAYS + STAY, "trigger", "stay"),
}


@pytest.mark.parametrize("what", BLOCKED)
def test_what_somebody_has_to_look_at_first(shop: Shop, people: People, what: str) -> None:
    sql, blocker, word = BLOCKED[what]
    shop.map(MAPPING.replace('password = "password"', 'password = "password"\nprivileged = ["is_staff"]'))
    shop.execute(sql)
    book, made, cases = planned(shop, people)
    assert cases["101"]["blockers"] == [blocker]
    assert word in cases["101"]["blocked_by"][blocker]
    signed = book.sign(made["plan"], REVIEWER, people.key(REVIEWER), approve=["all"])
    assert "drill_user/101" in signed["blocked"]
    book.apply(made["plan"], commit=True)
    assert shop.execute("SELECT count(*) FROM auth_user WHERE id = 101") == [(1,)]


def test_a_reference_that_only_the_mapping_knows(shop: Shop, people: People) -> None:
    shop.execute("CREATE TABLE bill (id int PRIMARY KEY, who text NOT NULL); INSERT INTO bill VALUES (1, '101'), (2, '3')")
    shop.map(MAPPING.replace('url_env = "SHOP_URL"', 'url_env = "SHOP_URL"\nreferences = ["bill.who -> auth_user.id"]'))
    _, _, cases = planned(shop, people)
    assert ("bill", "1") in {(change["table"], change["key"]) for change in cases["101"]["changes"]}
    assert not cases["101"]["blockers"]


def test_an_account_with_too_much_is_no_made_up_one(shop: Shop, people: People) -> None:
    shop.execute("INSERT INTO welcome SELECT n, 101 FROM generate_series(1000, 1300) n")
    book, made, cases = planned(shop, people)
    assert sorted(cases) == ["102", "103"]
    (left,) = book.show(made["plan"])["header"]["left"]
    assert "more than 200 rows" in left["why"]


def test_what_this_role_cannot_see_is_in_the_way(shop: Shop, people: People) -> None:
    with role(shop.database) as (name, url):
        shop.execute(f"GRANT USAGE ON SCHEMA public TO {name}; GRANT SELECT ON auth_user, customer, note TO {name}")
        shop.use_url(url)
        _, made, cases = planned(shop, people)
    assert made["blocked"] == 3
    assert "this role may not read welcome" in cases["101"]["blocked_by"]["cascade"]


def test_a_row_that_came_after_the_plan_makes_the_case_stale(shop: Shop, people: People) -> None:
    book, made, _ = planned(shop, people)
    book.sign(made["plan"], REVIEWER, people.key(REVIEWER), approve=["all"])
    shop.execute("INSERT INTO welcome VALUES (9, 102)")
    done = book.apply(made["plan"], commit=True)
    assert (done["applied"], done["stale"]) == (2, 1)
    assert shop.execute("SELECT id FROM welcome ORDER BY id") == [(2,), (9,)], "nothing cascades"


def test_only_drills_that_there_were(shop: Shop, people: People) -> None:
    key = people.key(AUTHOR)
    for mark in ("00000000", "", "*", "../x", "%"):
        with pytest.raises(ConfigError, match="There was no drill") as error:
            shop.book().remove_drill(mark, AUTHOR, key)
        assert MARK in error.value.hint
    keep(record(mark="aaaaaaaa", source="bakery"), shop.outputs)
    with pytest.raises(Refused, match="'bakery'"):
        shop.book().remove_drill("aaaaaaaa", AUTHOR, key)
    with pytest.raises(Exception, match=r"nobody@example\.com"):
        shop.book().remove_drill(MARK, "nobody@example.com", key)


EDITED = {
    "names without a mark": {"username": "user{n}"},
    "another mark": {"mark": "bbbbbbbb"},
    "no names at all": {"email": ""},
    "everybody": {"people": 10**9},
    "a text as a number": {"people": "2"},
    "more than it holds": {"also": 1},
}


@pytest.mark.parametrize("edited", EDITED)
def test_a_record_that_somebody_edited_is_refused(tmp_path: Path, edited: str) -> None:
    path = keep(record(), tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **EDITED[edited]}))
    with pytest.raises(OutputError, match="is not the record of a drill"):
        find(MARK, tmp_path)
    path.write_text("{")
    with pytest.raises(OutputError):
        find(MARK, tmp_path)


def test_what_people_are_told_of_such_a_plan(shop: Shop, people: People) -> None:
    book, made, _ = planned(shop, people)
    view = book.plan_view(made["plan"])
    for table in (view.header(), view.counts(), view.repairs(), view.left(), view.browse()):
        assert "drill" in repr(table) or len(table) == 0 or table.caption
    assert "drill_user" in repr(view.counts())
    assert "Accounts that a drill made up" in repr(view.counts())
    assert f"a name that drill {MARK} made up" in view.case("drill_user/101")._repr_html_()
