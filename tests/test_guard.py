"""`mendbook guard`: what would break a constraint, whom it shows, its JSON, and names that want to be more than names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from case_folders import connect
from mendbook.dialects.building import fitting
from mendbook.dialects.postgresql.building import MOST_BYTES, name
from mendbook.guards.making import Guard
from support.commands import Command, command_in
from support.databases import fresh_database
from support.guarding import builds, run_all, schema
from support.shop import CUSTOMER, MAPPING, SOURCE, USERS, Shop, role

#: The shop without its protection.
OPEN = """
DROP INDEX auth_user_lower_idx; DROP INDEX auth_user_lower_idx1;
ALTER TABLE customer DROP CONSTRAINT customer_user_id_key, DROP CONSTRAINT customer_user_id_fkey,
    DROP CONSTRAINT customer_barcode_key;
"""


@pytest.fixture
def bare(shop: Shop) -> Shop:
    shop.execute(OPEN)
    return shop


@pytest.fixture
def mendbook(shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return command_in(shop.home, monkeypatch, capsys)


def guards(shop: Shop, reveal: bool = False) -> dict[str, Guard]:
    told = shop.book(reveal).guard().guards
    return {f"{guard.weakness.table}.{guard.weakness.column}": guard for guard in told}


@pytest.mark.usefixtures("shop")
def test_a_sound_schema_wants_nothing(mendbook: Command) -> None:
    answer = mendbook("guard", "shop")
    assert (answer.code, answer.out) == (0, "")
    assert "Nothing is missing" in answer.words
    assert mendbook("guard", "shop", "--json").document["constraints"] == []


def test_columns_come_first_and_what_people_are_told_apart_by_comes_last(bare: Shop) -> None:
    bare.execute("ALTER TABLE customer DROP COLUMN invited")
    order = ["customer.invited", "customer.user_id", "customer.barcode", "auth_user.email", "auth_user.username"]
    assert list(guards(bare)) == order


def test_double_rows_are_in_the_way_with_their_cases(bare: Shop) -> None:
    bare.execute("INSERT INTO customer VALUES (11, 1, '', 'C-11', true), (12, 2, '', 'C-2', true), (13, 99, '', 'x', true)")
    found = guards(bare)
    user = found["customer.user_id"].breaks
    assert (user.values, user.rows, user.orphans) == (2, 4, 1)
    assert user.cases == {"duplicate_profile": 2, "orphan_profile": 1}
    assert [(each.value, each.row_keys, each.cases) for each in user.examples] == [
        ("1", ("1", "11"), ("duplicate_profile/customer/1",)),
        ("2", ("2", "12"), ("duplicate_profile/customer/2",)),
        ("99", ("13",), ("orphan_profile/customer/13",)),
    ]
    code = found["customer.barcode"].breaks
    assert (code.values, code.rows, code.cases, code.without_case) == (1, 2, {"duplicate_code": 1}, 0)
    assert [guard.would_build for guard in found.values()] == [False, False, True, True]


def test_spellings_of_one_person_are_in_the_way_and_blank_ones_are_not(bare: Shop) -> None:
    bare.execute(
        "INSERT INTO auth_user (id, username, email) VALUES (6, ' USER1 ', ''), (7, 'seven', '  '), (8, 'eight', ''),"
        " (9, E'\\t', 'nine@example.com'), (10, E'\\t', 'ten@example.com')"
    )
    found = guards(bare)
    assert found["auth_user.email"].would_build is True
    name = found["auth_user.username"]
    assert (name.breaks.values, name.breaks.rows, name.breaks.cases) == (2, 4, {"duplicate_user": 1})
    assert name.breaks.without_case == 2, "tabs are blank, and so of no case, but the index would not leave them out"
    connection = connect(bare.database)
    try:
        assert builds(connection, found["auth_user.email"])
        assert not builds(connection, name)
    finally:
        connection.close()


def test_pairs_that_are_told_apart_are_in_the_way_and_of_no_case(bare: Shop) -> None:
    bare.execute("INSERT INTO auth_user (id, username, email) VALUES (6, 'six', 'USER1@example.com')")
    assert guards(bare)["auth_user.email"].breaks.cases == {"duplicate_user": 1}
    bare.execute(
        "CREATE SCHEMA mendbook; CREATE TABLE mendbook.exceptions"
        ' ("table" text, first_key text, second_key text, reason text, name text, at timestamptz);'
        "INSERT INTO mendbook.exceptions VALUES ('auth_user', '1', '6', 'twins', 'reviewer@example.com', now())"
    )
    try:
        breaks = guards(bare)["auth_user.email"].breaks
        assert (breaks.values, breaks.cases, breaks.without_case) == (1, {}, 2)
        assert guards(bare)["auth_user.email"].would_build is False
    finally:
        bare.execute("DROP SCHEMA mendbook CASCADE")


def test_what_no_index_holds_is_in_the_way(bare: Shop) -> None:
    bare.execute(
        "UPDATE customer SET barcode = (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 300) n) WHERE id = 1"
    )
    code = guards(bare)["customer.barcode"]
    assert (code.breaks.too_long, code.would_build) == (1, False)
    connection = connect(bare.database)
    try:
        assert not builds(connection, code)
    finally:
        connection.close()


def test_an_index_that_failed_to_build_goes_first(bare: Shop) -> None:
    bare.execute("INSERT INTO customer VALUES (11, 1, '', 'C-11', true)")
    connection = connect(bare.database)
    try:
        first = guards(bare)["customer.user_id"]
        with pytest.raises(Exception, match="could not create unique index"):
            run_all(connection, first.built.statements)
        assert ("index", "customer", "false") in [(kind, table, valid) for kind, table, _, valid, _ in schema(connection)]
        run_all(connection, ("DELETE FROM customer WHERE id = 11",))
        again = guards(bare)["customer.user_id"]
        assert again.weakness.reasons == ("index customer_user_id_unique is invalid", "no foreign key to the users")
        assert again.built.statements[0] == 'DROP INDEX CONCURRENTLY IF EXISTS "public"."customer_user_id_unique"'
        run_all(connection, again.built.statements)
        assert "customer.user_id" not in guards(bare)
    finally:
        connection.close()


def test_a_key_that_waits_for_the_end_of_the_transaction_is_made_like_the_others(bare: Shop) -> None:
    bare.execute(
        "CREATE TABLE other (id int PRIMARY KEY); ALTER TABLE customer ADD COLUMN other int REFERENCES other"
        " DEFERRABLE INITIALLY DEFERRED"
    )
    added = next(each for each in guards(bare)["customer.user_id"].built.statements if "FOREIGN KEY" in each)
    assert added.endswith("DEFERRABLE INITIALLY DEFERRED NOT VALID")


def test_users_whose_key_is_not_unique_get_that_first(bare: Shop) -> None:
    bare.execute("ALTER TABLE auth_user DROP CONSTRAINT auth_user_pkey")
    connection = connect(bare.database)
    try:
        run_all(connection, guards(bare)["customer.user_id"].built.statements)
        assert "customer.user_id" not in guards(bare)
    finally:
        connection.close()


def test_new_columns_hold_what_the_mapping_says(bare: Shop) -> None:
    bare.execute("ALTER TABLE customer DROP COLUMN invited, DROP COLUMN created_at, DROP COLUMN phone, DROP COLUMN barcode")
    bare.map(MAPPING.replace('filled = ["phone"]', 'filled = ["phone"]\ndefaults = { phone = "o\'x\\\\" }'))
    connection = connect(bare.database)
    try:
        run_all(connection, bare.book().guard().script)
        assert bare.execute("SELECT invited, created_at, phone, barcode FROM customer WHERE id = 1") == [
            (False, None, "o'x\\", None)
        ]
        run_all(connection, ("INSERT INTO customer (id, user_id, barcode) SELECT 6, NULL, 'C-6'",))
        assert bare.execute("SELECT created_at IS NOT NULL, invited FROM customer WHERE id = 6") == [(True, False)]
        assert guards(bare) == {}
    finally:
        connection.close()


def test_a_letter_beyond_ascii_is_lowered_whatever_the_databases_collation(server: Any, shop: Shop) -> None:
    """A database under the collation C lowers ASCII alone; the index asks for one that lowers all, where there is one."""
    with fresh_database(server, encoding="UTF8", locale="C") as plain:
        version = int(plain.execute("SELECT current_setting('server_version_num')::int")[0][0])
        plain.execute(
            "CREATE TABLE auth_user (id int PRIMARY KEY, username text, email text, date_joined timestamptz, "
            "last_login timestamptz, password text); INSERT INTO auth_user VALUES (1, 'ä', 'Ä@example.com')"
        )
        shop.map(SOURCE + USERS).use_url(plain.url)
        found = guards(shop)
        lowers = version >= 170000
        assert any("stay apart" in note for note in found["auth_user.email"].built.notes) != lowers
        plain.execute("INSERT INTO auth_user VALUES (2, 'Ä', 'x@example.com')")
        assert guards(shop)["auth_user.username"].would_build is not lowers
        plain.execute("DELETE FROM auth_user WHERE id = 2")
        connection = connect(plain)
        try:
            run_all(connection, shop.book().guard().script)
            assert guards(shop) == {}
        finally:
            connection.close()


# -- whom it shows, and who may look ---------------------------------------------------------------------------------------


def test_people_are_masked_unless_they_are_to_be_shown(bare: Shop, mendbook: Command) -> None:
    bare.execute("INSERT INTO auth_user (id, username, email) VALUES (6, 'User1', 'USER1@example.com')")
    bare.execute("INSERT INTO customer VALUES (6, 6, '', 'C-1', true)")
    masked = mendbook("guard", "shop", "--json")
    assert "user1" not in masked.out + masked.err
    assert "C-1" not in masked.out + masked.err
    assert "u•••@e•••.com" in masked.err
    shown = mendbook("guard", "shop", "--json", "--reveal")
    assert "user1@example.com" in shown.err
    values = {each["value"] for guard in shown.document["constraints"] for each in guard["breaks"]["examples"]}
    assert values == {"user1", "user1@example.com", "C-1"}


def test_a_role_that_may_not_look_is_told_so_and_gets_the_statements(bare: Shop, mendbook: Command) -> None:
    with role(bare.database) as (name, url):
        bare.execute(
            f"GRANT SELECT (id, username, date_joined, is_staff) ON auth_user TO {name}; GRANT SELECT ON customer TO {name}"
        )
        bare.use_url(url)
        answer = mendbook("guard", "shop", "--json")
        by_column = {guard["column"]: guard for guard in answer.document["constraints"]}
        assert by_column["email"]["would_build"] is None
        assert by_column["email"]["breaks"]["unknown"] == f"role {name} may not read auth_user.email"
        assert by_column["email"]["statements"]
        assert by_column["username"]["would_build"] is True
        assert "cannot be told" in answer.words


def test_rows_that_a_policy_hides_are_not_taken_for_none(bare: Shop) -> None:
    with role(bare.database) as (name, url):
        bare.execute(
            f"GRANT SELECT ON auth_user, customer TO {name};"
            "ALTER TABLE customer ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON customer USING (id = 1)"
        )
        bare.use_url(url)
        found = guards(bare)
        assert found["customer.user_id"].would_build is None
        assert "row security hides rows" in found["customer.user_id"].breaks.unknown
        assert found["auth_user.email"].would_build is True


# -- the command -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("bare")
def test_the_json_document_is_the_contract(mendbook: Command) -> None:
    document = mendbook("guard", "shop", "--json").document
    assert list(document) == ["source", "constraints", "running", "script", "rollback", "advice", "django"]
    assert document["source"] == "shop"
    assert document["django"] is None
    first = document["constraints"][0]
    assert list(first) == [
        *("table", "column", "profile", "reasons", "statements", "rollback"),
        *("breaks", "would_build", "cannot", "transactional", "notes"),
    ]
    assert first["reasons"] == ["no unique index", "no foreign key to the users"]
    assert (first["would_build"], first["transactional"]) == (True, False)
    assert [each["about"] for each in document["advice"]] == ["customer.user_id", "auth_user.email"]


def test_what_is_printed_on_stdout_is_a_script_that_runs(bare: Shop, mendbook: Command) -> None:
    answer = mendbook("guard", "shop")
    lines = [line for line in answer.out.splitlines() if line and not line.startswith("--")]
    assert all(line.endswith(";") for line in lines)
    connection = connect(bare.database)
    try:
        run_all(connection, tuple(lines))
        back = [line.removeprefix("-- ") for line in answer.out.partition("To take all of it back:")[2].splitlines() if line]
        assert guards(bare) == {}
        run_all(connection, tuple(back))
        assert len(guards(bare)) == 4
    finally:
        connection.close()


def test_a_file_is_never_written_over(bare: Shop, mendbook: Command) -> None:
    assert mendbook("guard", "shop", "-o", "made.sql").code == 0
    made = (bare.home / "made.sql").read_text()
    assert 'CREATE UNIQUE INDEX CONCURRENTLY "customer_user_id_unique"' in made
    again = mendbook("guard", "shop", "-o", "made.sql")
    assert (again.code, (bare.home / "made.sql").read_text()) == (2, made)
    assert "stays as it is" in again.words
    assert mendbook("guard", "shop", "-o", "nowhere/made.sql").code == 2


def test_advice_names_the_writers_as_the_rows_tell_them(bare: Shop, mendbook: Command) -> None:
    bare.execute(
        "INSERT INTO customer VALUES (11, 1, '', 'C-11', true, '2026-03-01 13:00:00.040Z'),"
        " (12, 2, ' ', 'C-12', true, '2026-03-01 13:59:59.960Z')"
    )
    document = mendbook("guard", "shop", "--json").document
    about = document["advice"][0]
    assert about["evidence"]["signatures"] == {"form first": 1, "signal first": 1}
    assert about["evidence"]["median_seconds"] == pytest.approx(0.04)
    assert "40 ms later" in about["writers"]
    assert about["sql"] == (
        'INSERT INTO "public"."customer" ("user_id", "phone") VALUES (%s, %s)'
        ' ON CONFLICT ("user_id") DO UPDATE SET "phone" = excluded."phone"'
    )
    assert about["django"] == "", "this is no database of Django's"


def test_the_advised_statements_do_what_they_say_once_the_index_stands(bare: Shop) -> None:
    told = bare.book().guard()
    connection = connect(bare.database)
    try:
        run_all(connection, told.script)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE customer ALTER id ADD GENERATED BY DEFAULT AS IDENTITY (START 100)")
            cursor.execute("ALTER TABLE auth_user ALTER id ADD GENERATED BY DEFAULT AS IDENTITY (START 100)")
            cursor.execute(told.advice[0].sql, (1, "555-new"))
            cursor.execute(told.advice[1].sql, ("somebody", " USER2@example.com "))
        assert bare.execute("SELECT count(*), max(phone) FROM customer WHERE user_id = 1") == [(1, "555-new")]
        assert bare.execute("SELECT count(*) FROM auth_user") == [(5,)]
    finally:
        connection.close()


# -- names -----------------------------------------------------------------------------------------------------------------

HOSTILE = 'x"; DROP TABLE auth_user; --\n\x1b[31m\\é'


def test_hostile_names_stay_names_and_nothing_in_them_acts(bare: Shop, mendbook: Command) -> None:
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    bare.execute(f"ALTER TABLE customer RENAME TO {quoted}; ALTER TABLE {quoted} RENAME COLUMN barcode TO {quoted}")
    bare.map(
        SOURCE
        + USERS
        + CUSTOMER.replace('table = "customer"', f"table = {json.dumps(HOSTILE)}").replace(
            "barcode =", f"{json.dumps(HOSTILE)} ="
        )
    )
    answer = mendbook("guard", "shop")
    assert answer.code == 0
    assert "\x1b" not in answer.out + answer.err
    lines = [line for line in answer.out.splitlines() if line and not line.startswith("--")]
    connection = connect(bare.database)
    try:
        run_all(connection, tuple(lines))
        assert guards(bare) == {}
    finally:
        connection.close()


def test_names_of_indexes_fit_and_are_nobody_elses() -> None:
    taken = {"a_b_unique"}
    assert fitting(("a", "b", "unique"), taken, MOST_BYTES) == "a_b_unique_1"
    assert fitting(("a", "b", "unique"), taken, MOST_BYTES) == "a_b_unique_2"
    long = fitting(("ä" * 40, "b" * 60, "unique"), taken, MOST_BYTES)
    assert len(long.encode()) <= MOST_BYTES
    assert long.endswith("_unique")
    other = fitting(("ä" * 40, "b" * 59 + "c", "unique"), taken, MOST_BYTES)
    assert other != long
    again = fitting(("ä" * 40, "b" * 60, "unique"), taken, MOST_BYTES)
    assert again not in (long, other)
    assert len(again.encode()) <= MOST_BYTES


@pytest.mark.parametrize("text", ["plain", 'with "quotes"', "a\nline", "\\back\u202e", 'tab\t\\x"y'])
def test_a_quoted_name_is_that_name(database: Any, text: str) -> None:
    database.execute(f"CREATE TABLE {name(text)} (id int)")
    assert database.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace") == [
        (text,)
    ]


def test_tables_of_another_schema_and_long_names_are_built_where_they_are(shop: Shop) -> None:
    table = "t" * 60
    shop.execute(
        f"CREATE SCHEMA other; ALTER TABLE customer SET SCHEMA other; ALTER TABLE other.customer RENAME TO {table};"
        f"ALTER TABLE other.{table} DROP CONSTRAINT customer_user_id_key, DROP CONSTRAINT customer_barcode_key"
    )
    shop.map(SOURCE + USERS + CUSTOMER.replace('table = "customer"', f'table = "other.{table}"'))
    connection = connect(shop.database)
    try:
        run_all(connection, shop.book().guard().script)
        assert guards(shop) == {}
    finally:
        connection.close()


def test_two_profiles_of_one_table_are_built_once(bare: Shop) -> None:
    second = CUSTOMER.replace('name = "customer"', 'name = "again"').replace("is_staff = false", "is_staff = true")
    bare.map(MAPPING + second)
    told = bare.book().guard()
    built = [line for line in told.script if not line.startswith("SET ")]
    assert len(built) == len(set(built))
    assert [bool(guard.built.statements) for guard in told.guards] == [True, True, False, False, True, True]
    connection = connect(bare.database)
    try:
        run_all(connection, told.script)
        assert guards(bare) == {}
    finally:
        connection.close()
