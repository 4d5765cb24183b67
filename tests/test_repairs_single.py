"""The repairs of single rows: what they propose for real tables, reasoned by hand from docs/damage.md, and that it holds.

``made`` carries out what was proposed and looks again, so that a proposal which only looks right fails too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mendbook.damage import catalogue
from mendbook.damage.contacts import Contact, contacts
from mendbook.model import Case, Failure, Found, FoundRow, Left
from support.databases import TestDatabase
from support.proposing import Source, found_in, repair_of, row, row_before, source, talk

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

USERS = """
CREATE TABLE auth_user (id int PRIMARY KEY, username text, email text, is_staff bool, is_active bool DEFAULT true,
    is_superuser bool DEFAULT false, last_login timestamptz, date_joined timestamptz DEFAULT '2026-03-01 12:00Z');
"""
MAPPING = """
[sources.shop]
url_env = "SHOP_URL"
%s
[sources.shop.users]
table = "auth_user"
username = "username"
email = "email"
created = "date_joined"
last_login = "last_login"
active = "is_active"
privileged = ["is_superuser"]
"""

Mapped = Callable[..., Source]


@pytest.fixture
def mapped(database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapped:
    """A source of the tables that a script makes, mapped as the profiles (and the top of the source) say."""

    def make(script: str, profiles: str = "", top: str = "", users: str = USERS, mapping: str = MAPPING) -> Source:
        database.execute(users + script)
        return source(database, (mapping % top) + profiles, tmp_path, monkeypatch)

    return make


def profile(name: str, table: str | None = None, **lines: str) -> str:
    body = "".join(f"{key} = {value}\n" for key, value in lines.items())
    return f'[[sources.shop.profiles]]\nname = "{name}"\ntable = "{table or name}"\n{body}'


def because(answer: Case | Left) -> str:
    assert isinstance(answer, Case)
    return "\n".join(answer.because)


def blockers(case: Case) -> dict[str, str]:
    return {blocker.name: blocker.why for blocker in case.blockers}


def proposed(shop: Source, kind: str, repair: str | None = None) -> list[Case | Left]:
    """What is proposed, in the order of profiles and case keys."""
    return sorted(shop.propose(kind, repair), key=lambda each: (each.profile or "", each.case_key))


def made(shop: Source, kind: str, repair: str | None = None) -> list[Case | Left]:
    """What was proposed, carried out; no case is left of the kind but what was left."""
    answers = proposed(shop, kind, repair)
    shop.make(answers)
    left = {(each.profile, each.case_key) for each in answers if isinstance(each, Left)}
    assert {(each.profile, each.case_key) for each in shop.found(kind)} == left
    return answers


# -- missing_profile: create -----------------------------------------------------------------------------------------


def test_create_makes_the_row_of_defaults_flags_codes_and_times(mapped: Mapped, database: TestDatabase) -> None:
    shop = mapped(
        """
        CREATE TABLE customer (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id int UNIQUE NOT NULL, company text,
            phone varchar(30) NOT NULL, tier int NOT NULL DEFAULT 3, barcode varchar(20) UNIQUE, invited bool, note text,
            shout text GENERATED ALWAYS AS (upper(company)) STORED, created_at timestamptz NOT NULL);
        INSERT INTO auth_user VALUES (7, 'ana', 'ana@example.com');
        """,
        profile(
            "customer",
            created='"created_at"',
            filled='["phone"]',
            defaults='{ company = "none" }',
            codes='{ barcode = "ST-{n:06d}" }',
            flags="{ invited = false }",
        ),
    )
    (case,) = made(shop, "missing_profile")
    assert isinstance(case, Case)
    (change,) = case.changes
    assert (change.op, change.table, change.key, change.before, change.phase) == ("insert", "customer", None, None, 4)
    assert row(change) == {
        "user_id": "7",
        "company": "none",
        "phone": "",
        "barcode": "ST-000001",
        "invited": "false",
        "note": None,
    }
    assert change.drawn == {"id": "default", "tier": "default", "shout": "default", "created_at": "now"}
    assert case.leaves == ("blank_profile",)
    assert [(kept.table, kept.key, kept.image) for kept in case.kept] == [("auth_user", "7", None)]
    assert set(case.owns) == {"profile/customer/7", "code/customer/barcode/ST-000001"}
    assert case.locks == ("customer",)
    assert (case.repair, case.risk, case.blockers) == ("create", "low", ())
    assert database.execute("SELECT id, user_id, company, tier, invited, shout FROM customer") == [
        (1, 7, "none", 3, False, "NONE")
    ]
    assert database.execute("SELECT created_at > now() - interval '1 h' FROM customer") == [(True,)]


def test_a_row_keyed_by_its_user_a_row_of_a_schema_and_hostile_names(mapped: Mapped, database: TestDatabase) -> None:
    shop = mapped(
        """
        CREATE SCHEMA "Sales; --";
        CREATE TABLE "Sales; --"."Cust""omer's:x %" ("User: %s ""id" varchar(40) PRIMARY KEY, "d'ef %s :y" text);
        CREATE TABLE "Nutzer %" ("Schlüssel" uuid PRIMARY KEY, last_login timestamptz);
        INSERT INTO "Nutzer %" VALUES ('00000000-0000-4000-8000-00000000000a');
        """,
        """
        [sources.shop.users]
        table = "Nutzer %"
        key = "Schlüssel"
        [[sources.shop.profiles]]
        name = "customer"
        table = '''Sales; --.Cust"omer's:x %'''
        key = 'User: %s "id'
        user = 'User: %s "id'
        defaults = { "d'ef %s :y" = "it's %(x)s :z" }
        """,
        users="",
        mapping='[sources.shop]\nurl_env = "SHOP_URL"%s\n',
    )
    (case,) = made(shop, "missing_profile")
    assert isinstance(case, Case)
    assert case.changes[0].key == "00000000-0000-4000-8000-00000000000a"
    assert case.changes[0].drawn == {}
    assert case.leaves == ()
    assert database.execute("""SELECT * FROM "Sales; --"."Cust""omer's:x %" """) == [
        ("00000000-0000-4000-8000-00000000000a", "it's %(x)s :z")
    ]


@pytest.mark.parametrize(
    ("column", "key"),
    [("uuid PRIMARY KEY", UUID.pattern), ("bigint PRIMARY KEY", "42"), ("uuid PRIMARY KEY DEFAULT gen_random_uuid()", None)],
)
def test_the_key_of_a_new_row(mapped: Mapped, column: str, key: str | None) -> None:
    value = "41" if "bigint" in column else "'00000000-0000-4000-8000-000000000029'"
    shop = mapped(
        f"""
        CREATE TABLE customer (id {column}, user_id text);
        INSERT INTO auth_user VALUES (1, 'ana'), (2, 'bo');
        INSERT INTO customer VALUES ({value}, '1');
        """,
        profile("customer"),
    )
    (case,) = made(shop, "missing_profile")
    assert isinstance(case, Case)
    (change,) = case.changes
    assert change.key is None if key is None else re.fullmatch(key, str(change.key))
    assert row(change).get("id") == change.key
    assert row(change)["user_id"] == "2"
    assert change.drawn == ({"id": "default"} if key is None else {})


@pytest.mark.parametrize(
    ("columns", "lines", "why"),
    [
        ("born date NOT NULL", {}, "column born of customer must not be NULL and has no default: name its value in defaults"),
        ("level int NOT NULL", {}, "column level of customer must not be NULL"),
        ("badge text NOT NULL UNIQUE", {}, "column badge of customer must not be NULL"),
        (
            "badge text UNIQUE",
            {"defaults": '{ badge = "x" }'},
            "column badge is unique, and defaults would give every row the same",
        ),
        ("city char(2)", {"defaults": '{ city = "Bonn" }'}, "'Bonn' is longer than column city (character(2))"),
        ("n smallint", {"defaults": "{ n = 70000 }"}, "70000 is too large for column n"),
        ("n int", {"flags": '{ n = "many" }'}, "column n is integer, which does not hold 'many'"),
        ("code varchar(8)", {"codes": '{ code = "uuid4" }'}, "column code is character varying(8), too short for a uuid4"),
        ("code varchar(8)", {"codes": '{ code = "STAFF-{n:06d}" }'}, "which does not hold the next number (STAFF-{n:06d})"),
        ("code text", {"codes": '{ code = "{a}-{n}" }'}, "write {n} in it once, and no other braces"),
        ("town text NOT NULL REFERENCES town", {}, "column town of customer must not be NULL"),
        ("name filled_text NOT NULL", {}, "column name of customer must not be NULL"),
    ],
)
def test_a_row_that_cannot_be_made_is_left_with_the_reason(mapped: Mapped, columns: str, lines: Any, why: str) -> None:
    shop = mapped(
        f"""
        CREATE TABLE town (name text PRIMARY KEY);
        CREATE DOMAIN filled_text AS text CHECK (VALUE <> '');
        CREATE TABLE customer (id serial PRIMARY KEY, user_id int, {columns});
        INSERT INTO auth_user VALUES (1, 'ana');
        """,
        profile("customer", **lines),
    )
    assert why in shop.left("missing_profile").why


def test_a_key_that_nobody_draws(mapped: Mapped) -> None:
    tables = "CREATE TABLE customer (id varchar(36) PRIMARY KEY, user_id int); INSERT INTO auth_user VALUES (1, 'ana');"
    shop = mapped(tables, profile("customer"))
    assert shop.left("missing_profile").why == "nothing draws the key id (character varying(36)): name it in codes"


def test_a_key_that_codes_draw(mapped: Mapped) -> None:
    tables = "CREATE TABLE customer (id varchar(36) PRIMARY KEY, user_id int); INSERT INTO auth_user VALUES (1, 'ana');"
    shop = mapped(tables, profile("customer", codes='{ id = "uuid4" }'))
    (case,) = made(shop, "missing_profile")
    assert isinstance(case, Case)
    assert UUID.fullmatch(str(case.changes[0].key))


def test_values_of_the_mapping_stand_in_the_row_as_their_columns_show_them(mapped: Mapped) -> None:
    shop = mapped(
        """
        CREATE TABLE customer (id serial PRIMARY KEY, user_id int, yes bool, day date, price numeric(8,2), doc jsonb,
            word char(5), mark "char", tags text[], whole numeric, way uuid, small smallint);
        INSERT INTO auth_user VALUES (1, 'ana'), (2, 'bo');
        """,
        profile(
            "customer",
            defaults="""{ yes = "on", day = "March 2 2026", price = 5, doc = '{"b":1,"a":2}', word = "ab ", mark = "x",
                tags = "{a,NULL}", whole = 7, way = "00000000000040008000000000000001", small = true }""".replace("\n", " "),
        ),
    )
    cases = made(shop, "missing_profile")
    assert [row(case.changes[0]) for case in cases if isinstance(case, Case)] == [
        {
            "user_id": user,
            "yes": "true",
            "day": "2026-03-02",
            "price": "5.00",
            "doc": '{"a": 2, "b": 1}',
            "word": "ab",
            "mark": "x",
            "tags": "{a,NULL}",
            "whole": "7",
            "way": "00000000-0000-4000-8000-000000000001",
            "small": "1",
        }
        for user in ("1", "2")
    ]


def test_two_blank_rows_may_stand_where_a_unique_index_leaves_blanks_out(mapped: Mapped) -> None:
    shop = mapped(
        """
        CREATE TABLE customer (id serial PRIMARY KEY, user_id int, phone text NOT NULL);
        CREATE UNIQUE INDEX ON customer (phone) WHERE phone <> '';
        INSERT INTO auth_user VALUES (1, 'ana'), (2, 'bo');
        """,
        profile("customer"),
    )
    assert len([case for case in made(shop, "missing_profile") if isinstance(case, Case)]) == 2


def test_a_trigger_that_may_rewrite_rows_blocks(mapped: Mapped) -> None:
    shop = mapped(
        """
        CREATE TABLE customer (id serial PRIMARY KEY, user_id int);
        CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER rewriting BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION nothing();
        INSERT INTO auth_user VALUES (1, 'ana');
        """,
        profile("customer"),
    )
    assert blockers(shop.case("missing_profile")) == {
        "trigger": "a trigger or rule may rewrite the rows: customer: before insert 'rewriting'"
    }


@pytest.mark.parametrize(("value", "why"), [("not one", "which does not hold 'not one'"), ("7", "which does not hold '7'")])
def test_a_default_that_is_no_uuid(mapped: Mapped, value: str, why: str) -> None:
    tables = "CREATE TABLE customer (id serial PRIMARY KEY, user_id int, way uuid); INSERT INTO auth_user VALUES (1, 'ana');"
    shop = mapped(tables, profile("customer", defaults=f'{{ way = "{value}" }}'))
    assert why in shop.left("missing_profile").why


def test_a_type_whose_name_holds_a_percent_sign(mapped: Mapped) -> None:
    shop = mapped(
        """
        CREATE DOMAIN "100%s" AS int;
        CREATE DOMAIN "per%cent" AS text;
        CREATE TABLE customer (id "100%s" PRIMARY KEY, user_id int, share "per%cent", barcode text);
        INSERT INTO auth_user VALUES (1, 'ana'), (2, 'bo');
        INSERT INTO customer VALUES (4, 1, 'x', 'B1'), (5, 1, 'x', 'B1');
        """,
        profile("customer", defaults='{ share = "50 %" }', codes='{ barcode = "B{n}" }'),
    )
    (case,) = made(shop, "missing_profile")
    assert isinstance(case, Case)
    assert row(case.changes[0]) == {"id": "6", "user_id": "2", "share": "50 %", "barcode": "B2"}
    assert [each.case_key for each in made(shop, "duplicate_code")] == ["B1"]


# -- missing_profile: delete_user, and ghosts ------------------------------------------------------------------------

REFERRING = """
CREATE TABLE customer (id serial PRIMARY KEY, user_id int REFERENCES auth_user ON DELETE CASCADE);
CREATE TABLE orders (id int PRIMARY KEY, buyer int REFERENCES auth_user ON DELETE CASCADE);
CREATE TABLE invoice (id int PRIMARY KEY, customer_ref text);
"""
SOFT = 'references = ["invoice.customer_ref -> auth_user.id"]'


def test_a_user_goes_who_never_logged_in_and_whom_nothing_refers_to(mapped: Mapped, database: TestDatabase) -> None:
    shop = mapped(
        REFERRING
        + """
        ALTER TABLE auth_user ADD boss int REFERENCES auth_user;
        INSERT INTO auth_user (id, username, boss) VALUES (1, 'ana', 1), (2, 'bo', NULL), (3, 'cy', NULL);
        INSERT INTO auth_user (id, username, last_login) VALUES (4, 'di', now());
        INSERT INTO auth_user (id, username, is_superuser) VALUES (5, 'ed', true);
        INSERT INTO orders SELECT n, 2 FROM generate_series(1, 5) n; INSERT INTO invoice VALUES (9, '3');
        """,
        profile("customer"),
        SOFT,
    )
    alone, bought, billed, used, chief = proposed(shop, "missing_profile", "delete_user")
    assert isinstance(alone, Case)
    assert [(each.op, each.table, each.key, each.after) for each in alone.changes] == [("delete", "auth_user", "1", None)]
    assert row_before(alone.changes[0])["username"] == "ana"
    assert (alone.risk, alone.blockers, alone.locks) == ("high", (), ("invoice",))
    assert isinstance(bought, Case)
    assert blockers(bought) == {"cascade": "rows refer to it that the case does not hold: orders.buyer (1, 2, 3 and 2 more)"}
    assert isinstance(billed, Case)
    assert "invoice.customer_ref (9)" in blockers(billed)["cascade"]
    assert isinstance(used, Left)
    assert used.why == "the user has logged in: the account is in use"
    assert isinstance(chief, Case)
    assert blockers(chief) == {"privileged": "account 5 has is_superuser"}
    shop.make([alone])
    assert database.execute("SELECT id FROM auth_user ORDER BY id") == [(2,), (3,), (4,), (5,)]


def test_nobody_is_removed_where_logins_are_not_known(mapped: Mapped) -> None:
    tables = "CREATE TABLE customer (id serial PRIMARY KEY, user_id int); INSERT INTO auth_user VALUES (1, 'ana');"
    shop = mapped(tables, profile("customer"), mapping=MAPPING.replace('last_login = "last_login"\n', ""))
    assert "the mapping names no last_login that exists" in shop.left("missing_profile", "delete_user").why


def ghosts(shop: Source, *keys: str) -> Source:
    """The source with failed registrations in its logs, of the accounts that ``keys`` name."""
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    return replace(shop, failures=tuple(Failure(at, key) for key in keys))


GHOSTS = """
INSERT INTO auth_user (id, username, is_active, is_superuser) VALUES
    (1, 'ana', true, false), (2, 'bo', false, false), (3, 'cy', NULL, true);
INSERT INTO customer (user_id) VALUES (3);
"""


def test_a_ghost_is_deactivated_and_stays_a_ghost(mapped: Mapped, database: TestDatabase) -> None:
    shop = ghosts(mapped(REFERRING + GHOSTS, profile("customer")), "1", "2", "3")
    first, second, third = proposed(shop, "ghost_user")
    assert isinstance(first, Case)
    (change,) = first.changes
    assert (change.op, change.key, row_before(change)["is_active"], row(change)["is_active"]) == (
        "update",
        "1",
        "true",
        "false",
    )
    assert {**row_before(change), "is_active": "false"} == row(change)
    assert first.leaves == ("ghost_user",)
    assert isinstance(second, Left)
    assert second.why == "deactivated already"
    shop.make([first, third])
    assert database.execute("SELECT DISTINCT is_active FROM auth_user") == [(False,)]
    assert {each.why for each in proposed(shop, "ghost_user") if isinstance(each, Left)} == {"deactivated already"}
    assert len(proposed(shop, "ghost_user")) == 3


def test_a_ghost_is_removed_where_nothing_refers_to_it(mapped: Mapped) -> None:
    shop = ghosts(mapped(REFERRING + GHOSTS, profile("customer")), "1", "3")
    first, third = proposed(shop, "ghost_user", "delete")
    assert isinstance(first, Case)
    assert first.repair == "delete"
    assert isinstance(third, Case)
    assert set(blockers(third)) == {"privileged", "cascade"}
    assert "customer.user_id (1)" in blockers(third)["cascade"]
    shop.make([first])
    assert [each.case_key for each in shop.found("ghost_user")] == ["3"]


@pytest.mark.parametrize(
    ("kind", "mapping", "why"),
    [
        ("bool", MAPPING.replace('active = "is_active"\n', ""), "the mapping names no active column of users"),
        ("text", MAPPING, "column is_active is text: nobody knows which of its values means inactive"),
    ],
)
def test_nobody_is_deactivated_where_nothing_says_how(mapped: Mapped, kind: str, mapping: str, why: str) -> None:
    users = USERS.replace("is_active bool DEFAULT true", f"is_active {kind}")
    shop = ghosts(mapped("INSERT INTO auth_user (id, username) VALUES (1, 'ana');", users=users, mapping=mapping), "1")
    assert why in shop.left("ghost_user").why


def test_an_account_whose_activity_is_a_number(mapped: Mapped, database: TestDatabase) -> None:
    users = USERS.replace("is_active bool DEFAULT true", "is_active int DEFAULT 1")
    shop = ghosts(mapped("INSERT INTO auth_user (id, username) VALUES (1, 'ana');", users=users), "1")
    shop.make([shop.case("ghost_user")])
    assert database.execute("SELECT is_active FROM auth_user") == [(0,)]


# -- orphan_profile --------------------------------------------------------------------------------------------------

ORPHANS = """
CREATE TABLE customer (id int PRIMARY KEY, user_id int, email text, barcode text, invited bool, phone text);
CREATE TABLE shipment (id int PRIMARY KEY, customer_id int REFERENCES customer ON DELETE SET NULL);
INSERT INTO auth_user (id, username, email, is_staff) VALUES
    (1, 'ana', 'Ana@example.com', false), (2, 'bo', 'bo@example.com', false), (3, 'bo2', ' BO@example.com', false),
    (4, 'cy', 'cy@example.com', false), (5, 'di', 'di@example.com', true);
INSERT INTO customer VALUES (10, NULL, ' ana@EXAMPLE.com', '', NULL, ' '), (11, 99, 'bo@example.com', 'x', true, '1'),
    (12, 98, 'cy@example.com', 'y', true, '1'), (13, 4, 'other@example.com', 'z', true, '1'),
    (14, 97, 'di@example.com', 'a', true, '1'), (15, 96, ' ', 'b', true, '1');
INSERT INTO shipment VALUES (1, 12);
"""
CUSTOMER = profile(
    "customer",
    required_for="{ is_staff = false }",
    filled='["phone"]',
    codes='{ barcode = "uuid4" }',
    flags="{ invited = false }",
)


def test_orphans_go_but_not_with_what_refers_to_them(mapped: Mapped, database: TestDatabase) -> None:
    shop = mapped(ORPHANS, CUSTOMER)
    cases = [case for case in proposed(shop, "orphan_profile") if isinstance(case, Case)]
    assert [case.case_key for case in cases] == ["10", "11", "12", "14", "15"]
    assert [case.because for case in cases[:2]] == [("its user column is NULL",), ("there is no user 99",)]
    assert [set(blockers(case)) for case in cases] == [set(), set(), {"cascade"}, set(), set()]
    assert blockers(cases[2])["cascade"].endswith("shipment.customer_id (1)")
    shop.make([case for case in cases if not case.blockers])
    assert database.execute("SELECT id FROM customer ORDER BY 1") == [(12,), (13,)]


def test_an_orphan_is_given_back_where_its_row_tells_whose_it_is(mapped: Mapped, database: TestDatabase) -> None:
    shop = mapped(ORPHANS, CUSTOMER)
    ana, several, has_one, staff, nobody = proposed(shop, "orphan_profile", "reattach")
    assert isinstance(ana, Case)
    (change,) = ana.changes
    assert (change.op, change.key, row(change)) == ("update", "10", {**row_before(change), "user_id": "1"})
    assert ana.leaves == ("blank_profile", "missing_code", "null_flag")
    assert ana.owns == ("profile/customer/1",)
    assert because(ana) == "the row names user 1 by email, who has no row in customer"
    assert [each.why for each in (several, has_one, staff, nobody) if isinstance(each, Left)] == [
        "several users match the row: a person must tell whose it is",
        "the user who matches the row has a row in customer already",
        "the user who matches the row must not have such a profile",
        "no user matches the row",
    ]
    shop.make([ana])
    assert database.execute("SELECT user_id FROM customer WHERE id = 10") == [(1,)]
    assert [each.case_key for each in shop.found("blank_profile")] == ["10"]


def test_no_orphan_is_given_back_where_no_column_tells(mapped: Mapped) -> None:
    shop = mapped(
        "CREATE TABLE customer (id int PRIMARY KEY, user_id int); INSERT INTO customer VALUES (1, 9);", profile("customer")
    )
    assert "customer has no column called as the users' user name or e-mail is" in shop.left("orphan_profile", "reattach").why


# -- null_flag ------------------------------------------------------------------------------------------------------


def test_flags_are_set_each_to_its_value(mapped: Mapped, database: TestDatabase) -> None:
    shop = mapped(
        """
        CREATE TABLE customer (id text PRIMARY KEY, user_id int, invited bool, tier char(3), n int, kept bool);
        INSERT INTO auth_user VALUES (1, 'ana');
        INSERT INTO customer VALUES ('a "b"', 1, NULL, NULL, NULL, true), ('c', 1, true, 'x', NULL, true);
        """,
        profile("customer", flags='{ invited = false, tier = "no", n = 3, kept = false, gone = true }'),
    )
    first, second = made(shop, "null_flag")
    assert isinstance(first, Case)
    assert (first.changes[0].key, row(first.changes[0])) == (
        'a "b"',
        {"id": 'a "b"', "user_id": "1", "invited": "false", "tier": "no", "n": "3", "kept": "true"},
    )
    assert because(second) == "n is NULL; the mapping says 3"
    assert database.execute("SELECT invited, tier, n, kept FROM customer ORDER BY id") == [
        (False, "no ", 3, True),
        (True, "x  ", 3, True),
    ]


def test_a_flag_that_does_not_fit_is_left(mapped: Mapped) -> None:
    shop = mapped(
        """
        CREATE TABLE customer (id int PRIMARY KEY, user_id int, tier char(3));
        INSERT INTO auth_user VALUES (1, 'ana'); INSERT INTO customer VALUES (1, 1, NULL);
        """,
        profile("customer", flags='{ tier = "many" }'),
    )
    assert "'many' is longer than column tier (character(3))" in shop.left("null_flag").why


# -- codes ----------------------------------------------------------------------------------------------------------


def codes_of(cases: list[Case | Left], column: str) -> list[str | None]:
    return [row(change)[column] for case in cases if isinstance(case, Case) for change in case.changes]


@pytest.mark.parametrize(
    ("kind", "how", "there", "expected"),
    [
        ("text", "ST-{n:06d}", ["ST-000041", "st-000050", "ST-000009x", "XST-000099"], ["ST-000051", "ST-000052", "ST-000053"]),
        ("varchar(8)", "A{n}/b", ["A7/B", "A-9/b", "A/b"], ["A8/b", "A9/b", "A10/b"]),
        ("char(12)", "{n:05d}", ["00012"], ["00013", "00014", "00015"]),
        ("text", "sequence", ["12", "x99", "123456789012345678901"], ["13", "14", "15"]),
        ("text", "100%_{n}", ["100%_5", "100xy7"], ["100%_6", "100%_7", "100%_8"]),
        ("int", "sequence", ["12", "-40"], ["13", "14", "15"]),
        ("numeric", "sequence", [], ["1", "2", "3"]),
    ],
)
def test_numbers_go_on_from_the_largest_of_their_form(
    mapped: Mapped, kind: str, how: str, there: list[str], expected: Any
) -> None:
    rows = "".join(f"INSERT INTO customer VALUES ({n + 10}, 1, '{code}');" for n, code in enumerate(there))
    shop = mapped(
        f"""
        CREATE TABLE customer (id int PRIMARY KEY, user_id int, barcode {kind});
        INSERT INTO auth_user VALUES (1, 'ana'); INSERT INTO customer VALUES (1, 1), (2, 1), (3, 1); {rows}
        """,
        profile("customer", codes=f'{{ barcode = "{how}" }}'),
    )
    # one at a time: what was drawn for a chunk is known to the next
    cases = shop.propose("missing_code", chunk=1)
    assert sorted(str(code) for code in codes_of(cases, "barcode")) == sorted(expected)
    shop.make(cases)
    assert shop.found("missing_code") == shop.found("duplicate_code") == []


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("uuid", UUID.pattern),
        ("text", UUID.pattern),
        ("varchar(36)", UUID.pattern),
        ("varchar(34)", "[0-9a-f]{32}"),
        ("char(20)", "[0-9a-f]{20}"),
    ],
)
def test_random_codes_as_long_as_their_column(mapped: Mapped, kind: str, pattern: str) -> None:
    shop = mapped(
        f"""
        CREATE TABLE customer (id int PRIMARY KEY, user_id int, barcode {kind} UNIQUE);
        INSERT INTO auth_user VALUES (1, 'ana'); INSERT INTO customer SELECT n, 1 FROM generate_series(1, 20) n;
        """,
        profile("customer", codes='{ barcode = "uuid4" }'),
    )
    codes = codes_of(made(shop, "missing_code"), "barcode")
    assert len(set(codes)) == 20
    assert all(re.fullmatch(pattern, str(code)) for code in codes)


@pytest.mark.parametrize(
    ("kind", "how"),
    [("varchar(8)", "uuid4"), ("int", "uuid4"), ("smallint", "ST-{n}"), ("bytea", "{n}"), ("char(4)", "{n:06d}")],
)
def test_a_code_that_does_not_fit_is_left(mapped: Mapped, kind: str, how: str) -> None:
    shop = mapped(
        f"""
        CREATE TABLE customer (id int PRIMARY KEY, user_id int, barcode {kind});
        INSERT INTO auth_user VALUES (1, 'ana'); INSERT INTO customer VALUES (1, 1);
        """,
        profile("customer", codes=f'{{ barcode = "{how}" }}'),
    )
    assert shop.left("missing_code").why.startswith("no code can be drawn: column barcode is ")


def test_a_smallint_that_is_full_is_left(mapped: Mapped) -> None:
    shop = mapped(
        """
        CREATE TABLE customer (id int PRIMARY KEY, user_id int, barcode smallint);
        INSERT INTO auth_user VALUES (1, 'ana'); INSERT INTO customer VALUES (1, 1), (2, 1, 32767);
        """.replace("VALUES (1, 1), (2", "VALUES (1, 1, NULL), (2"),
        profile("customer", codes='{ barcode = "sequence" }'),
    )
    assert "does not hold the next number" in shop.left("missing_code").why


def test_a_row_that_lacks_two_codes_gets_both(mapped: Mapped) -> None:
    shop = mapped(
        """
        CREATE TABLE customer (id int PRIMARY KEY, user_id int, barcode text, badge int, gate text);
        INSERT INTO auth_user VALUES (1, 'ana'); INSERT INTO customer VALUES (1, 1, E'\u2003', NULL, 'G-1'), (2, 1, 'x', 4, '');
        """,
        profile("customer", codes='{ barcode = "B{n}", badge = "sequence", gate = "G-{n}", gone = "uuid4" }'),
    )
    first, second = made(shop, "missing_code")
    assert isinstance(first, Case)
    assert row(first.changes[0]) == {"id": "1", "user_id": "1", "barcode": "B1", "badge": "5", "gate": "G-1"}
    assert set(first.owns) == {"code/customer/barcode/B1", "code/customer/badge/5"}
    assert first.locks == ("customer",)
    assert isinstance(second, Case)
    assert row(second.changes[0])["gate"] == "G-2"


def test_the_oldest_keeps_its_code(mapped: Mapped, database: TestDatabase) -> None:
    shop = mapped(
        """
        CREATE TABLE customer (id int PRIMARY KEY, user_id int, barcode text, made timestamptz);
        INSERT INTO auth_user VALUES (1, 'ana'), (2, 'bo');
        UPDATE auth_user SET date_joined = NULL WHERE id = 2;
        INSERT INTO customer VALUES (1, 2, 'ST-000007', NULL), (3, 1, 'ST-000007', '2026-01-02 00:00Z'),
            (20, 1, 'ST-000007', '2026-01-01 00:00Z'), (100, NULL, 'ST-000007', '2026-01-01 00:00Z'), (5, 1, 'st-000007', NULL);
        """,
        profile("customer", created='"made"', codes='{ barcode = "ST-{n:06d}" }'),
    )
    (case,) = made(shop, "duplicate_code")
    assert isinstance(case, Case)
    assert {change.key: row(change)["barcode"] for change in case.changes} == {
        "100": "ST-000008",
        "3": "ST-000009",
        "1": "ST-000010",
    }
    (kept,) = case.kept
    assert (kept.table, kept.key) == ("customer", "20")
    assert kept.image is not None
    assert '"barcode":"ST-000007"' in kept.image
    assert set(case.owns) == {f"code/customer/barcode/ST-{n:06d}" for n in (7, 8, 9, 10)}
    assert database.execute("SELECT id FROM customer WHERE barcode = 'ST-000007'") == [(20,)]


def test_a_code_is_one_columns_own(mapped: Mapped) -> None:
    shop = mapped(
        """
        CREATE TABLE customer (id int PRIMARY KEY, user_id int, barcode text, badge text);
        INSERT INTO auth_user VALUES (1, 'ana');
        INSERT INTO customer VALUES (1, 1, 'X', 'Q'), (2, 1, 'X', 'X'), (3, 1, 'Z', 'X'), (4, 1, 'R', 'S');
        """,
        profile("customer", codes='{ barcode = "B{n}", badge = "uuid4" }'),
    )
    (case,) = made(shop, "duplicate_code")
    assert isinstance(case, Case)
    # of barcode row 1 is the oldest; of badge row 2 is, which the same case gives a new barcode: it is not kept, but changed
    assert {change.key: {k: v for k, v in row(change).items() if row_before(change)[k] != v} for change in case.changes} == {
        "2": {"barcode": "B1"},
        "3": {"badge": row(case.changes[1])["badge"]},
    }
    assert [kept.key for kept in case.kept] == ["1"]


def test_a_code_drawn_for_one_kind_is_not_drawn_for_another(mapped: Mapped) -> None:
    shop = mapped(
        """
        CREATE TABLE customer (id serial PRIMARY KEY, user_id int, barcode text);
        INSERT INTO auth_user VALUES (1, 'ana'), (2, 'bo');
        INSERT INTO customer (user_id, barcode) VALUES (1, 'B3'), (1, 'B3'), (1, NULL);
        """,
        profile("customer", codes='{ barcode = "B{n}" }'),
    )
    with shop.snapshot() as snapshot:
        drawn = []
        for kind in ("missing_profile", "missing_code", "duplicate_code"):
            asking = repair_of(kind).propose(snapshot.tables, found_in(snapshot, kind))
            drawn += codes_of(talk(snapshot.connection, asking), "barcode")
    assert sorted(str(code) for code in drawn) == ["B4", "B5", "B6"]


def test_a_code_with_a_default_of_its_own(mapped: Mapped) -> None:
    shop = mapped(
        """
        CREATE TABLE customer (id serial PRIMARY KEY, user_id int, badge serial, seal int);
        ALTER TABLE customer ALTER badge DROP NOT NULL;
        INSERT INTO auth_user VALUES (1, 'ana'), (2, 'bo');
        INSERT INTO customer (user_id, badge, seal) VALUES (1, NULL, 8);
        """,
        profile("customer", codes='{ badge = "sequence", seal = "sequence" }'),
    )
    (new,) = shop.propose("missing_profile")
    assert isinstance(new, Case)
    assert new.changes[0].drawn == {"id": "default", "badge": "default"}
    assert row(new.changes[0]) == {"user_id": "2", "seal": "9"}
    mended = shop.case("missing_code")
    assert mended.changes[0].drawn == {"badge": "default"}
    assert row(mended.changes[0]) == {"id": "1", "user_id": "1", "seal": "8"}
    assert "badge is blank: its code is drawn by the column's own default" in because(mended)
    shop.make([mended])
    assert shop.found("missing_code") == []


@pytest.mark.parametrize("default", ["7", "NULL"])
def test_a_default_that_draws_nothing_is_no_sequence(mapped: Mapped, default: str) -> None:
    shop = mapped(
        f"""
        CREATE TABLE customer (id serial PRIMARY KEY, user_id int, badge int DEFAULT {default});
        INSERT INTO auth_user VALUES (1, 'ana'), (2, 'bo');
        INSERT INTO customer (user_id, badge) VALUES (1, 8);
        """,
        profile("customer", codes='{ badge = "sequence" }'),
    )
    assert row(shop.case("missing_profile").changes[0]) == {"user_id": "2", "badge": "9"}


@pytest.mark.parametrize("default", ["nextval('tens')", "'B' || nextval('tens')", "next_badge()"])
def test_codes_of_a_sequence_are_drawn_by_it(mapped: Mapped, database: TestDatabase, default: str) -> None:
    shop = mapped(
        f"""
        CREATE SEQUENCE tens INCREMENT 10;
        CREATE FUNCTION next_badge() RETURNS text LANGUAGE sql AS 'SELECT nextval(''tens'')::text';
        CREATE TABLE customer (id int PRIMARY KEY, user_id int, badge text DEFAULT {default}, note text);
        INSERT INTO auth_user VALUES (1, 'ana');
        INSERT INTO customer VALUES (1, 1, 'x'), (2, 1, 'x'), (3, 1, 'x'), (4, 1, 'y');
        """,
        profile("customer", codes='{ badge = "sequence" }'),
    )
    case = shop.case("duplicate_code")
    assert set(case.owns) == {"code/customer/badge/x"}
    shop.make([case])
    letter = "B" if "'B'" in default else ""
    codes = [("x",), (f"{letter}1",), (f"{letter}11",), ("y",)]
    assert database.execute("SELECT badge FROM customer ORDER BY id") == codes


# -- wrong_profile --------------------------------------------------------------------------------------------------

TWO = """
CREATE TABLE customer (id serial PRIMARY KEY, user_id int UNIQUE, phone varchar(30), note text, city text, tag text,
    barcode text, created_at timestamptz DEFAULT now());
CREATE TABLE staff (id serial PRIMARY KEY, user_id int UNIQUE, phone varchar(30), note varchar(9), tag text UNIQUE,
    barcode text, department text NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE shipment (id int PRIMARY KEY, customer_id int REFERENCES customer ON DELETE CASCADE);
INSERT INTO auth_user (id, username, is_staff) VALUES (1, 'ana', true), (2, 'bo', true), (3, 'cy', NULL), (4, 'di', true);
INSERT INTO customer VALUES (11, 1, '555', 'n', 'Bonn', 't', 'C-1', '2026-02-01 00:00Z'),
    (14, 4, NULL, NULL, NULL, 't2', 'S-1', '2026-02-01 00:00Z');
INSERT INTO customer (id, user_id, phone) VALUES (12, 2, '556'), (13, 3, ' ');
INSERT INTO staff VALUES (20, 2, '1', '1', 't2', 'S-1', 'post', now());
INSERT INTO shipment VALUES (1, 14);
"""
PROFILES = profile(
    "customer", required_for="{ is_staff = false }", filled='["phone", "city"]', codes='{ barcode = "uuid4" }'
) + profile(
    "staff", required_for="{ is_staff = true }", filled='["department"]', created='"created_at"', codes='{ barcode = "S-{n}" }'
)


def test_a_wrong_row_becomes_the_right_one_with_what_both_share(mapped: Mapped, database: TestDatabase) -> None:
    shop = mapped(TWO, PROFILES)
    first, second, third, fourth = proposed(shop, "wrong_profile")
    assert isinstance(first, Case)
    inserted, deleted = first.changes
    assert (first.repair, first.risk) == ("convert", "high")
    assert (inserted.op, inserted.table, inserted.key, inserted.phase) == ("insert", "staff", None, 4)
    # note is of another type there, and city is not there at all
    assert row(inserted) == {
        "user_id": "1",
        "phone": "555",
        "tag": "t",
        "barcode": "C-1",
        "note": None,
        "department": "",
        "created_at": "2026-02-01 00:00:00+00",
    }
    assert inserted.drawn == {"id": "default"}
    assert (deleted.op, deleted.table, deleted.key, deleted.phase) == ("delete", "customer", "11", 5)
    assert first.leaves == ("blank_profile",)
    assert set(first.owns) == {"profile/customer/1", "profile/staff/1"}
    assert first.locks == ("staff",)
    assert "taken over: phone, tag, barcode, created_at" in because(first)
    assert "what stands in city goes: staff has no such column; the ledger keeps it" in because(first)
    assert isinstance(second, Case)
    assert (second.repair, second.risk) == ("remove", "medium")
    assert [(each.op, each.table, each.key) for each in second.changes] == [("delete", "customer", "12")]
    assert [(kept.table, kept.key) for kept in second.kept] == [("auth_user", "2"), ("staff", "20")]
    assert "the right one is there: staff 20" in because(second)
    assert isinstance(third, Left)
    assert third.why == "nobody can tell which profile is right: is_staff of user 3 is NULL"
    assert isinstance(fourth, Case)
    assert blockers(fourth)["cascade"].endswith("shipment.customer_id (1)")
    # tag and barcode stand on a row of staff already
    assert (row(fourth.changes[0])["tag"], row(fourth.changes[0])["barcode"]) == (None, "S-2")
    shop.make([first, second])
    assert database.execute("SELECT id FROM customer ORDER BY 1") == [(13,), (14,)]
    assert database.execute("SELECT user_id, phone, created_at::date::text FROM staff WHERE user_id = 1") == [
        (1, "555", "2026-02-01")
    ]
    assert shop.found("missing_profile") != []


def test_a_wrong_row_with_data_and_no_right_place_is_a_high_risk(mapped: Mapped) -> None:
    shop = mapped(
        """
        CREATE TABLE customer (id int PRIMARY KEY, user_id int, phone text);
        INSERT INTO auth_user (id, is_staff) VALUES (1, true); INSERT INTO customer VALUES (1, 1, '555');
        """,
        profile("customer", required_for="{ is_staff = false }", filled='["phone"]'),
    )
    (case,) = made(shop, "wrong_profile")
    assert isinstance(case, Case)
    assert (case.repair, case.risk) == ("remove", "high")
    assert "what stands in phone goes: nothing takes it over; the ledger keeps it" in because(case)
    assert "no profile of the mapping is meant for such a user" in because(case)


def test_what_cannot_be_converted_is_left(mapped: Mapped) -> None:
    shop = mapped(TWO.replace("department text NOT NULL", "department date NOT NULL").replace("'post'", "now()"), PROFILES)
    left = proposed(shop, "wrong_profile")[0]
    assert isinstance(left, Left)
    assert left.why == (
        "the right profile, staff, cannot be made: column department of staff must not be NULL and has no default: "
        "name its value in defaults"
    )


def test_of_two_right_profiles_the_one_for_such_users_is_made(mapped: Mapped) -> None:
    everybody = "CREATE TABLE person (id serial PRIMARY KEY, user_id int, phone varchar(30), city text);"
    shop = mapped(everybody + TWO, profile("person") + PROFILES)
    first, *_ = proposed(shop, "wrong_profile")
    assert isinstance(first, Case)
    assert first.changes[0].table == "staff"


def test_nothing_is_removed_while_nobody_knows_the_right_profile(mapped: Mapped) -> None:
    shop = mapped(TWO, PROFILES + profile("person", "staff", required_for="{ gone = true }"))
    assert [each.case_key for each in proposed(shop, "wrong_profile") if isinstance(each, Left)] == ["13"]


# -- blank_profile --------------------------------------------------------------------------------------------------

BLANK = """
CREATE TABLE customer (id int PRIMARY KEY, user_id int, phone varchar(8), city text, badge text, made timestamptz);
CREATE TABLE driver (id int PRIMARY KEY, user_id text, phone text, city varchar(20), made timestamptz);
CREATE TABLE invitation (id int PRIMARY KEY, accepted_by int REFERENCES auth_user, phone text, city int, badge text);
CREATE TABLE parcel (id int PRIMARY KEY, sender int REFERENCES auth_user, receiver int REFERENCES auth_user, city text);
INSERT INTO auth_user (id, username, email) VALUES (1, 'ana', 'ana@example.com'), (2, 'bo', 'bo@example.com'),
    (3, 'Bo', 'else@example.com'), (4, 'cy', 'ANA@example.com'), (5, 'di', 'di@example.com');
"""
FILLED = profile("customer", filled='["phone", "city"]', created='"made"') + profile("driver", created='"made"')


def test_fields_are_filled_from_the_closest_and_newest_row(mapped: Mapped, database: TestDatabase) -> None:
    shop = mapped(
        BLANK
        + """
        INSERT INTO customer VALUES (10, 1, ' ', NULL), (20, 2, '', ''), (30, 3, '777', 'Köln'), (50, 5, NULL, NULL);
        INSERT INTO driver VALUES (1, '1', '111', ' ', '2026-01-03Z'), (2, '1', '222', 'Ulm', '2026-01-02Z'),
            (3, '1', '  ', 'Bad Aibling', '2026-01-01Z'), (4, '5', 'far too long', NULL, NULL);
        INSERT INTO invitation VALUES (7, 1, '999', 5, 'b'), (8, 5, '888', 5, NULL), (9, 5, '889', 5, NULL);
        INSERT INTO parcel VALUES (1, 5, 1, 'Trier');
        """,
        FILLED,
    )
    ana, bo, di = made(shop, "blank_profile")
    assert isinstance(ana, Case)
    (change,) = ana.changes
    assert (change.op, change.table, change.key) == ("update", "customer", "10")
    assert row(change) == {**row_before(change), "phone": "111", "city": "Ulm"}
    assert [(each.name, each.why, each.taken, each.change, each.column) for each in ana.options] == [
        ("phone", "from driver 1 (same user)", True, 0, "phone"),
        ("city", "from driver 2 (same user)", True, 0, "city"),
    ]
    assert (ana.risk, ana.because) == ("low", ("phone: from driver 1 (same user)", "city: from driver 2 (same user)"))
    assert isinstance(bo, Case)
    assert bo.risk == "medium"
    assert bo.because[0] == "phone: from customer 30 of account 3 (the same person by e-mail or user name)"
    assert row(bo.changes[0])["city"] == "Köln"
    assert isinstance(di, Case)
    # the driver's is too long for the column; of invitations the one with the larger key is newer; a parcel names two people
    assert di.because == (
        "phone: from invitation 9 (accepted_by is this user)",
        "city: no other row of the person tells it",
    )
    assert database.execute("SELECT phone, city FROM customer ORDER BY id") == [
        ("111", "Ulm"),
        ("777", "Köln"),
        ("777", "Köln"),
        ("889", None),
    ]


def test_who_has_no_other_row_is_to_be_asked(mapped: Mapped) -> None:
    shop = mapped(BLANK + "INSERT INTO customer VALUES (10, 2), (40, 4);", FILLED)
    assert {each.why for each in proposed(shop, "blank_profile") if isinstance(each, Left)} == {
        "no other row of the person tells phone or city: ask the person"
    }
    assert {each.why for each in proposed(shop, "blank_profile", "outreach") if isinstance(each, Left)} == {
        "the person is to be asked: see the outreach list"
    }
    with shop.snapshot() as snapshot:
        found: list[Found] = found_in(snapshot, "blank_profile")
        listed = repair_of("blank_profile", "outreach").contacts
        assert listed is contacts
        people = talk(snapshot.connection, listed(snapshot.tables, [*found, *found]))
    assert people == [Contact("2", "bo", "bo@example.com"), Contact("4", "cy", "ANA@example.com")]


def test_a_second_try_of_a_user_with_two_rows(mapped: Mapped) -> None:
    shop = mapped(BLANK + "INSERT INTO customer VALUES (10, 1, ' ', NULL), (11, 1, '555', 'Ulm');", FILLED)
    case = shop.case("blank_profile")
    assert case.because == ("phone: from customer 11 (same user)", "city: from customer 11 (same user)")


@pytest.mark.parametrize("index", ["(phone)", "(lower(phone))", "(user_id, phone)"])
def test_what_must_be_unique_is_nobodys_to_copy(mapped: Mapped, index: str) -> None:
    shop = mapped(
        BLANK
        + f"""CREATE UNIQUE INDEX ON customer {index};
        INSERT INTO customer VALUES (10, 1); INSERT INTO driver VALUES (1, '1', '111', 'Ulm');""",
        FILLED,
    )
    assert shop.case("blank_profile").because == (
        "city: from driver 1 (same user)",
        "phone: no other row of the person tells it",
    )


def test_filling_in_tables_of_hostile_names_and_uuid_keys(mapped: Mapped) -> None:
    shop = mapped(
        """
        CREATE SCHEMA "S %s";
        CREATE TABLE "Us:er" (id uuid PRIMARY KEY, "E%(mail)s" text, "na:me" text);
        CREATE TABLE "S %s"."Cust" ("k:ey" uuid PRIMARY KEY, who uuid, "ph%one:x" text);
        CREATE TABLE "S %s"."In""vite" (a int, b text, "us er" uuid REFERENCES "Us:er", "ph%one:x" text, PRIMARY KEY (b, a));
        INSERT INTO "Us:er" VALUES ('00000000-0000-4000-8000-00000000000a', 'ana@example.com', 'ana');
        INSERT INTO "S %s"."Cust" VALUES ('00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-00000000000a', ' ');
        INSERT INTO "S %s"."In""vite" VALUES (1, 'x', '00000000-0000-4000-8000-00000000000a', '<script>%s :a "q"');
        """,
        """
        [sources.shop.users]
        table = "Us:er"
        username = "na:me"
        email = "E%(mail)s"
        [[sources.shop.profiles]]
        name = "c"
        table = "S %s.Cust"
        key = "k:ey"
        user = "who"
        filled = ["ph%one:x"]
        """,
        users="",
        mapping='[sources.shop]\nurl_env = "SHOP_URL"%s\n',
    )
    (case,) = made(shop, "blank_profile")
    assert isinstance(case, Case)
    assert row(case.changes[0])["ph%one:x"] == '<script>%s :a "q"'
    assert because(case) == 'ph%one:x: from S %s.In"vite  (us er is this user)'


# -- all of them ----------------------------------------------------------------------------------------------------

REPAIRS = [
    (kind.name, repair.name)
    for kind in catalogue().values()
    for repair in kind.repairs
    if kind.name not in ("duplicate_profile", "duplicate_user") and (kind.name, repair.name) != ("missing_profile", "create")
]


@pytest.mark.parametrize(("kind", "repair"), REPAIRS)
def test_a_row_that_went_between_finding_and_planning_is_left(mapped: Mapped, kind: str, repair: str) -> None:
    shop = mapped(ORPHANS, CUSTOMER)
    users = kind in ("ghost_user", "missing_profile")
    gone = FoundRow("auth_user" if users else "customer", "4711", "1", None)
    found = [Found(kind, None if kind == "ghost_user" else "customer", "4711", (gone,))]
    with shop.snapshot() as snapshot:
        (answer,) = talk(snapshot.connection, repair_of(kind, repair).propose(snapshot.tables, found))
    assert isinstance(answer, Left)
    assert (answer.kind, answer.profile, answer.case_key) == (kind, found[0].profile, "4711")
    assert answer.why


@pytest.mark.parametrize(("kind", "repair"), REPAIRS)
def test_what_is_told_of_a_repair(kind: str, repair: str) -> None:
    told = repair_of(kind, repair)
    assert told.risk in ("low", "medium", "high")
    assert told.title
    assert told.name in catalogue()[kind].help or told.name in ("convert", "delete_user")


def test_repeated_planning_ends(mapped: Mapped) -> None:
    """Plan, make, look again: what is left at last is left for a reason that is told."""
    shop = mapped(TWO + "INSERT INTO auth_user (id, username, is_staff) VALUES (6, 'fay', false), (7, 'gil', true);", PROFILES)
    kinds = [
        "wrong_profile",
        "orphan_profile",
        "missing_profile",
        "blank_profile",
        "duplicate_code",
        "missing_code",
        "null_flag",
    ]
    for _ in range(4):
        for kind in kinds:
            shop.make([each for each in shop.propose(kind) if isinstance(each, Case) and not each.blockers])
    rest = [each for kind in kinds for each in shop.propose(kind)]
    assert all(isinstance(each, Left) or each.blockers for each in rest)
    assert {(each.kind, each.case_key) for each in rest if isinstance(each, Case)} == {("wrong_profile", "14")}
    assert {each.why for each in rest if isinstance(each, Left)} == {
        "no other row of the person tells phone or city: ask the person",
        "no other row of the person tells department: ask the person",
        "nobody can tell which profile is right: is_staff of user 3 is NULL",
    }


# -- what the tables make of it -------------------------------------------------------------------------------------

CHECKED = """
CREATE TABLE customer (id int PRIMARY KEY, user_id int, phone text, shout text GENERATED ALWAYS AS (upper(phone)) STORED,
    invited bool, CONSTRAINT reachable CHECK (invited OR phone <> ''));
CREATE TABLE driver (id int PRIMARY KEY, user_id int, phone text);
INSERT INTO auth_user (id, username) VALUES (1, 'ana'), (2, 'bo');
INSERT INTO customer (id, user_id, phone, invited) VALUES (1, 1, '', true), (2, 2, '', NULL);
INSERT INTO driver VALUES (1, 1, 'ext. 5'), (2, 2, '6');
"""
CHECKED_PROFILES = profile("customer", filled='["phone"]', flags="{ invited = false }") + profile("driver")


def test_computed_columns_are_told_as_they_will_be(mapped: Mapped) -> None:
    first, _ = made(mapped(CHECKED, CHECKED_PROFILES), "blank_profile")
    assert isinstance(first, Case)
    assert row(first.changes[0])["shout"] == "EXT. 5"


def test_what_a_check_of_the_table_forbids_is_left(mapped: Mapped) -> None:
    shop = mapped(CHECKED, CHECKED_PROFILES)
    assert shop.left("null_flag").why == "the row would break the check reachable of customer"
