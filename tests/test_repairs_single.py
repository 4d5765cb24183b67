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
from mendbook.damage.contacts import Contact, contacts
from mendbook.model import Case, Failure, Found, Left
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
        ("badge text UNIQUE", {"defaults": '{ badge = "x" }'}, "column badge is unique, and defaults would give every row the same"),
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


def test_values_of_the_mapping_stand_in_the_row_as_their_columns_show_them(mapped: Mapped, database: TestDatabase) -> None:
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
    assert blockers(bought) == {
        "cascade": "rows refer to it that the case does not hold: orders.buyer (1, 2, 3 and 2 more)"
    }
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
    assert (change.op, change.key, row_before(change)["is_active"], row(change)["is_active"]) == ("update", "1", "true", "false")
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
    "customer", required_for="{ is_staff = false }", filled='["phone"]', codes='{ barcode = "uuid4" }', flags="{ invited = false }"
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
    shop = mapped("CREATE TABLE customer (id int PRIMARY KEY, user_id int); INSERT INTO customer VALUES (1, 9);", profile("customer"))
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
def test_numbers_go_on_from_the_largest_of_their_form(mapped: Mapped, kind: str, how: str, there: list[str], expected: Any) -> None:
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
    [("uuid", UUID.pattern), ("text", UUID.pattern), ("varchar(36)", UUID.pattern), ("varchar(34)", "[0-9a-f]{32}"),
     ("char(20)", "[0-9a-f]{20}")],
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
    ("kind", "how"), [("varchar(8)", "uuid4"), ("int", "uuid4"), ("smallint", "ST-{n}"), ("bytea", "{n}"), ("char(4)", "{n:06d}")]
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
    assert "(the column's own default does not know of it)" in because(shop.case("missing_code"))
