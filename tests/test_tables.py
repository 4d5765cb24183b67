"""The mapping is held against the real catalogue: what does not fit is told, and odd names are names like others."""

from __future__ import annotations

from typing import Any

import pytest
from mendbook.errors import MappingError
from support.shop import CUSTOMER, DAMAGE, DAMAGED, MAPPING, SOURCE, USERS, Shop, findings, rows


def refusal(shop: Shop, mapping: str = MAPPING) -> MappingError:
    before = shop.map(mapping).runs()
    with pytest.raises(MappingError) as caught:
        shop.audit()
    assert shop.runs() == before, "a refused audit leaves no folder"
    return caught.value


def test_an_unknown_table_lists_the_known_ones_with_the_nearest_first(shop: Shop) -> None:
    error = refusal(shop, MAPPING.replace('"auth_user"', '"auth_users"'))
    assert error.message == "Source 'shop' maps users to table 'auth_users', which the database does not have."
    assert error.hint == "Did you mean 'auth_user'? Known tables: auth_user, customer."


@pytest.mark.parametrize(
    ("line", "wrong", "role"),
    [
        ('key = "id"', 'key = "idd"', "users.key"),
        ('username = "username"', 'username = "user_name"', "users.username"),
        ('email = "email"', 'email = "e_mail"', "users.email"),
        ('table = "customer"', 'table = "customer"\nkey = "pk"', "profiles.customer.key"),
        ('table = "customer"', 'table = "customer"\nuser = "userid"', "profiles.customer.user"),
    ],
)
def test_an_unknown_column_lists_the_known_ones(shop: Shop, line: str, wrong: str, role: str) -> None:
    error = refusal(shop, MAPPING.replace(line, wrong))
    column = wrong.rpartition(" = ")[2].replace('"', "'")
    table = role.split(".")[0] == "users"
    assert f"maps {role} to column {column}" in error.message
    assert "Known columns: " in error.hint
    assert ("date_joined" if table else "user_id") in error.hint


def test_a_table_of_another_schema_is_told_with_its_full_name(shop: Shop) -> None:
    shop.execute("CREATE SCHEMA app; ALTER TABLE customer SET SCHEMA app")
    error = refusal(shop)
    assert "maps profile 'customer' to table 'customer'" in error.message
    assert error.hint == "It stands in another schema: write 'app.customer'."
    assert rows(shop.map(MAPPING.replace('table = "customer"', 'table = "app.customer"')).audit()) == {}


RELATIONS = {
    "view": "CREATE VIEW seen AS SELECT * FROM customer",
    "materialized view": "CREATE MATERIALIZED VIEW seen AS SELECT * FROM customer",
    "foreign table": "CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER away FOREIGN DATA WRAPPER nowhere;"
    "CREATE FOREIGN TABLE seen (id bigint, user_id bigint) SERVER away",
}


@pytest.mark.parametrize(("kind", "make"), RELATIONS.items(), ids=RELATIONS)
def test_what_is_no_table_is_refused_by_what_it_is(shop: Shop, kind: str, make: str) -> None:
    shop.execute(make)
    error = refusal(shop, MAPPING.replace('table = "customer"', 'table = "seen"'))
    assert f"to 'seen', which is a {kind}, not a table" in error.message
    assert "map the table that stands behind it" in error.hint


def test_a_sequence_or_a_partitioned_table(shop: Shop) -> None:
    shop.execute("CREATE SEQUENCE counter")
    assert "which the database does not have" in refusal(shop, MAPPING.replace('"customer"', '"counter"')).message
    shop.execute(
        "DROP TABLE customer; CREATE TABLE customer (id bigint, user_id bigint) PARTITION BY HASH (id);"
        "CREATE TABLE customer_0 PARTITION OF customer FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
        "INSERT INTO customer SELECT n, n FROM generate_series(1, 4) n"
    )
    result = shop.map(SOURCE + USERS + '[[sources.shop.profiles]]\nname = "customer"\ntable = "customer"\n').audit()
    assert rows(result) == {"missing_constraint": 1, "missing_profile": 1}


@pytest.mark.parametrize(
    ("value", "type_", "told"),
    [
        ('"no"', "boolean", "required_for says is_staff = 'no', but that column is boolean"),
        ("0", "boolean", "required_for says is_staff = 0, but that column is boolean"),
        ('"no"', "integer", "required_for says is_staff = 'no', but that column is integer"),
        ('"1.5"', "numeric(4,1)", "required_for says is_staff = '1.5', but that column is numeric(4,1)"),
        ("false", "text", "required_for says is_staff = False, but that column is text"),
    ],
)
def test_a_value_that_its_column_could_never_hold(shop: Shop, value: str, type_: str, told: str) -> None:
    shop.execute(f"ALTER TABLE auth_user DROP is_staff, ADD is_staff {type_}")
    error = refusal(shop, MAPPING.replace("is_staff = false", f"is_staff = {value}"))
    assert told in error.message
    assert "Write a value of that type" in error.hint


@pytest.mark.parametrize(
    ("type_", "held", "value"),
    [("integer", "0", "0"), ("numeric(4,1)", "1.0", "1"), ("text", "'buyer'", '"buyer"'), ("text", "'7'", "7")],
)
def test_a_value_that_fits_its_column(shop: Shop, type_: str, held: str, value: str) -> None:
    shop.execute(f"ALTER TABLE auth_user DROP is_staff, ADD is_staff {type_} DEFAULT {held}; {DAMAGE}")
    assert rows(shop.map(MAPPING.replace("is_staff = false", f"is_staff = {value}")).audit()) == DAMAGED


@pytest.mark.parametrize(
    ("make", "told"),
    [
        ("INSERT INTO customer SELECT id, NULL FROM customer WHERE id = 3", "'3' stands in 2 row(s)"),
        ("INSERT INTO customer (user_id) VALUES (NULL)", "NULL stands in 1 row(s)"),
    ],
    ids=["twice", "NULL"],
)
def test_a_key_that_does_not_name_one_row(shop: Shop, make: str, told: str) -> None:
    shop.execute("ALTER TABLE customer DROP CONSTRAINT customer_pkey; ALTER TABLE customer ALTER id DROP NOT NULL")
    assert rows(shop.audit()) == {}, "no index promises it, but the rows keep to it"
    shop.execute(make)
    error = refusal(shop)
    assert error.message == f"customer.id is mapped as a key, but it is not unique: {told}."
    assert "primary key" in error.hint


def test_a_unique_index_alone_does_not_keep_null_out_of_a_key(shop: Shop) -> None:
    shop.execute(
        "ALTER TABLE customer DROP CONSTRAINT customer_pkey; ALTER TABLE customer ALTER id DROP NOT NULL;"
        "CREATE UNIQUE INDEX ON customer (id); INSERT INTO customer (user_id) VALUES (NULL)"
    )
    assert "NULL stands in 1 row(s)" in refusal(shop).message


def test_a_half_migrated_schema_is_audited_as_far_as_it_goes(shop: Shop) -> None:
    shop.execute(DAMAGE)
    shop.execute(
        "ALTER TABLE customer DROP barcode, DROP invited, DROP phone, DROP created_at;"
        "ALTER TABLE auth_user DROP is_staff, DROP last_login"
    )
    result = shop.audit()
    gone = ["auth_user.is_staff", "auth_user.last_login"]
    gone += ["customer.barcode", "customer.created_at", "customer.invited", "customer.phone"]
    assert sorted(f["case_key"] for f in findings(result) if f["kind"] == "missing_constraint") == gone
    assert rows(result) == {"missing_constraint": 6}
    assert {left["kind"]: left["why"] for left in result["left_out"]} == {
        "blank_profile": "column phone does not exist",
        "duplicate_code": "column barcode does not exist",
        "ghost_user": "the source names no logs",
        "missing_code": "column barcode does not exist",
        "missing_profile": "column is_staff does not exist",
        "null_flag": "column invited does not exist",
        "wrong_profile": "column is_staff does not exist",
    }


def test_a_column_that_is_left_does_not_hide_behind_one_that_is_gone(shop: Shop) -> None:
    mapping = MAPPING.replace("{ invited = false }", "{ invited = false, vip = false }")
    result = shop.map(mapping).audit()
    assert rows(result) == {"missing_constraint": 1}
    shop.execute("UPDATE customer SET invited = NULL WHERE id = 2")
    result = shop.audit("null_flag")
    assert rows(result) == {"null_flag": 1}
    assert result["left_out"] == [{"kind": "null_flag", "profile": "customer", "why": "column vip does not exist"}]


def test_references_and_rights_are_held_against_the_catalogue_too(shop: Shop) -> None:
    def mapping(line: str) -> str:
        return MAPPING.replace('url_env = "SHOP_URL"', f'url_env = "SHOP_URL"\n{line}')

    error = refusal(shop, mapping('references = ["customer.nobody -> auth_user.id"]'))
    assert "maps references to column 'nobody'" in error.message
    error = refusal(shop, mapping('references = ["invoice.ref -> auth_user.id"]'))
    assert "maps reference 'invoice.ref -> auth_user.id' to table 'invoice'" in error.message
    assert "maps rights to table 'auth_user_groups'" in refusal(shop, mapping('rights = ["auth_user_groups"]')).message
    assert rows(shop.map(mapping('references = ["customer.user_id -> auth_user.id"]\nrights = []')).audit()) == {}


# -- names ---------------------------------------------------------------------------------------------------------------

NAMES = [
    "CamelCase",
    "with blank",
    'quo"ted',
    "quo'ted",
    "dot.ted",
    "per%cent",
    "%(name)s",
    "co:lon",
    ":name",
    "back\\slash",
    "semi;colon --",
    "select",
    "größe",
    "[brackets]",
    "{n}",
    "$1",
]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def toml(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_taken_as_it_stands(shop: Shop, name: str) -> None:
    """The schema, the table and every mapped column of the profile bear the name."""
    columns = {"id": "k", "user_id": "u", "phone": "f", "barcode": "c", "invited": "n", "created_at": "t"}
    renames = [f"ALTER TABLE customer RENAME {old} TO {quoted(new + name)}" for old, new in columns.items()]
    schema = name.replace(".", "")
    shop.execute(
        DAMAGE + "; ".join(renames) + f"; CREATE SCHEMA {quoted('x' + schema)};"
        f"ALTER TABLE customer SET SCHEMA {quoted('x' + schema)};"
        f"ALTER TABLE {quoted('x' + schema)}.customer RENAME TO {quoted(name)};"
        f"ALTER TABLE auth_user RENAME username TO {quoted(name)}"
    )
    profile = f"""
[[sources.shop.profiles]]
name = {toml(name)}
table = {toml(f"x{schema}.{name}")}
key = {toml("k" + name)}
user = {toml("u" + name)}
created = {toml("t" + name)}
required_for = {{ is_staff = false }}
filled = [{toml("f" + name)}]
codes = {{ {toml("c" + name)} = "uuid4" }}
flags = {{ {toml("n" + name)} = false }}
"""
    users = USERS.replace('username = "username"', f"username = {toml(name)}")
    result = shop.map(SOURCE + users + profile).audit()
    assert rows(result) == DAMAGED
    assert {(f["profile"], f["table"]) for f in findings(result)} == {(name, f"x{schema}.{name}"), (name, "auth_user")}
    frame: Any = shop.book(reveal=True).users(columns=[name], where={name: "user1"})
    assert frame[name].tolist() == ["user1"]


def test_names_that_differ_by_case_alone_are_two_names(shop: Shop) -> None:
    shop.execute('CREATE TABLE "Customer" (LIKE customer INCLUDING ALL)')
    result = shop.map(SOURCE + USERS + CUSTOMER.replace('table = "customer"', 'table = "Customer"')).audit()
    assert rows(result) == {"missing_constraint": 1, "missing_profile": 5}


def test_a_table_with_a_dot_is_listed_as_the_mapping_must_write_it(shop: Shop) -> None:
    shop.execute('ALTER TABLE customer RENAME TO "cust.omer"')
    assert "public.cust.omer" in refusal(shop, MAPPING.replace('table = "customer"', 'table = "cust.omer"')).hint
    assert "public.cust.omer" in refusal(shop, MAPPING.replace('table = "customer"', 'table = "costumer"')).hint
    assert rows(shop.map(MAPPING.replace('table = "customer"', 'table = "public.cust.omer"')).audit()) == {}
