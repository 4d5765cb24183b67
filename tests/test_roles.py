"""The three roles on a real server, each logged in as itself: what it needs, it may; anything else, it may not."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa
from mendbook.cli import app
from mendbook.database import Database
from mendbook.dialects.postgresql.dialect import PIN, PINS
from mendbook.dialects.postgresql.schema import identity, schema_digests
from mendbook.doctor.doctor import examine
from mendbook.errors import ConfigError, Refused
from mendbook.ledger import ledger
from mendbook.ledger.ledger import Entry
from mendbook.roles import role_names, written
from sqlalchemy.engine import make_url
from support.databases import run_script
from support.ledgers import changes
from support.shop import DAMAGE, DAMAGED, Shop, role, rows

#: More than the shop has: a table that refers to users, one that refers to that, one that is nobody's business.
AROUND = """
CREATE SEQUENCE ticket_numbers;
CREATE TABLE ticket (
    id bigint PRIMARY KEY DEFAULT nextval('ticket_numbers'), owner bigint REFERENCES auth_user, title text,
    size integer GENERATED ALWAYS AS (length(title)) STORED);
CREATE TABLE note (id bigint PRIMARY KEY, ticket bigint REFERENCES ticket, body text);
CREATE TABLE secret (id bigint PRIMARY KEY, body text);
CREATE SEQUENCE customer_ids START 1000;
ALTER TABLE customer ALTER id SET DEFAULT nextval('customer_ids');
INSERT INTO ticket (id, owner, title) VALUES (1, 1, 'late'), (2, 2, 'lost');
INSERT INTO note VALUES (1, 1, 'call back');
INSERT INTO secret VALUES (1, 'x');
"""


@dataclass(frozen=True)
class Roles:
    """The shop with its three roles; ``url`` of one of them by its part."""

    shop: Shop
    prefix: str
    sql: str

    def url(self, part: str) -> str:
        url = make_url(self.shop.database.url).set(username=f"{self.prefix}_{part}", password="pw")
        return url.render_as_string(hide_password=False)

    def run(self, part: str, sql: str) -> list[tuple[Any, ...]]:
        return run_script(self.url(part), sql)

    def refused(self, part: str, sql: str) -> None:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            self.run(part, sql)

    @contextmanager
    def connection(self, part: str) -> Iterator[sa.Connection]:
        engine = sa.create_engine(make_url(self.url(part)).set(drivername="postgresql+psycopg2"), poolclass=sa.pool.NullPool)
        with engine.begin() as connection:
            connection.execute(PIN, {"names": list(PINS), "values": list(PINS.values())})
            yield connection


@pytest.fixture
def roles(shop: Shop) -> Iterator[Roles]:
    shop.execute(AROUND)
    prefix = f"t{uuid.uuid4().hex[:10]}"
    sql = shop.book().roles(prefix)["sql"]
    try:
        shop.execute(sql)
        for part in ("audit", "repair", "owner"):
            shop.execute(f"ALTER ROLE {prefix}_{part} PASSWORD 'pw'")
        yield Roles(shop, prefix, sql)
    finally:
        shop.execute("DROP SCHEMA IF EXISTS mendbook CASCADE")
        for part in ("audit", "repair", "owner"):
            shop.execute(
                f"DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{prefix}_{part}') THEN"
                f" DROP OWNED BY {prefix}_{part} CASCADE; DROP ROLE {prefix}_{part}; END IF; END $$"
            )


# -- audit ---------------------------------------------------------------------------------------------------------------


def test_audit_may_audit(roles: Roles) -> None:
    shop = roles.shop
    shop.execute(DAMAGE)
    shop.use_url(roles.url("audit"))
    result = shop.audit()
    assert rows(result) == DAMAGED
    assert not [warning for warning in result["warnings"] if "may write" in warning]
    assert shop.book().verify_ledger().ok
    checks = {check.name: check.state for check in examine(shop.book().source, shop.book().settings, shop.outputs)}
    assert checks["rights"] == "ok"


def test_audit_may_read_what_djangos_generic_relations_are_told_by(roles: Roles) -> None:
    shop = roles.shop
    shop.execute(
        "CREATE TABLE django_content_type (id int PRIMARY KEY, app_label text, model text);"
        "INSERT INTO django_content_type VALUES (1, 'auth', 'user');"
        "CREATE TABLE tag (id int PRIMARY KEY, content_type_id int REFERENCES django_content_type, object_id bigint);"
    )
    shop.use_url(roles.url("audit"))
    database = Database(shop.book().source, shop.book().settings)
    with database.snapshot() as bare:
        assert database.with_surroundings(bare).tables.surroundings.closed, "granted before Django's tables were there"
    shop.use_url(shop.database.url)
    shop.execute(shop.book().roles(roles.prefix)["sql"])
    shop.use_url(roles.url("audit"))
    with database.snapshot() as bare:
        around = database.with_surroundings(bare).tables.surroundings
    assert not around.closed
    assert [each.how for each in around.to("auth_user") if each.table == "tag"] == ["generic"]


def test_audit_may_read_all_that_planning_reads(roles: Roles) -> None:
    shop = roles.shop
    shop.use_url(roles.url("audit"))
    book = shop.book()
    database = Database(book.source, book.settings)
    with database.snapshot() as bare:
        snapshot = database.with_surroundings(bare)
        around, statements = snapshot.tables.surroundings, snapshot.tables.statements
        assert set(around.tables) == {"auth_user", "customer", "ticket", "note"}
        for stored in around.tables.values():
            assert snapshot.connection.execute(statements.by_keys(stored, ["1"])).all()
        assert identity(snapshot.connection)["database"] == shop.database.name
        oids = {name: stored.relation.identity for name, stored in around.tables.items()}
        seen = schema_digests(snapshot.connection, oids)
    with roles.connection("repair") as connection:
        assert schema_digests(connection, oids) == seen


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE auth_user SET email = 'x@example.com'",
        "DELETE FROM customer",
        "INSERT INTO note VALUES (9, 1, 'x')",
        "SELECT * FROM auth_user FOR UPDATE",
        "BEGIN; LOCK TABLE customer IN SHARE ROW EXCLUSIVE MODE",
        "SELECT nextval('customer_ids')",
        "SELECT * FROM secret",
        "INSERT INTO mendbook.exceptions VALUES ('auth_user', '1', '2', 'x', 'ana')",
        "INSERT INTO mendbook.change SELECT * FROM mendbook.change",
        "DELETE FROM mendbook.ledger",
        "CREATE SCHEMA mine",
        "CREATE TABLE mendbook.mine (id int)",
        "SET session_replication_role = replica",
    ],
)
def test_audit_may_not(roles: Roles, sql: str) -> None:
    roles.refused("audit", sql)


# -- repair --------------------------------------------------------------------------------------------------------------


def test_repair_may_do_what_plans_do(roles: Roles) -> None:
    """Locks, every statement of Rows over every table, sequences, the ledger: one transaction as apply makes it."""
    shop, book = roles.shop, roles.shop.book()
    database = Database(book.source, book.settings)
    with database.snapshot() as bare:
        tables = database.with_surroundings(bare).tables
    around, statements = tables.surroundings, tables.statements
    before = shop.execute("SELECT * FROM ticket ORDER BY id")
    with roles.connection("repair") as connection:
        for name in ("auth_user", "customer", "ticket", "note"):
            connection.execute(statements.lock_table(around.relation(name), alone=True))
            assert connection.execute(statements.by_keys(around.tables[name], ["1"], lock=True)).all()
        note, ticket, user = (around.tables[name] for name in ("note", "ticket", "auth_user"))
        gone = [(each, connection.execute(statements.by_keys(each, ["1"])).one().image) for each in (note, ticket)]
        for stored, _ in gone:
            connection.execute(statements.delete(stored, ["1"])).one()
        for stored, image in reversed(gone):  # as undo does: parents first
            connection.execute(statements.insert(stored, [image], {}))
        email = connection.execute(statements.by_keys(user, ["1"])).one().image.replace("user1@", "other@")
        assert connection.execute(statements.update(user, ["email"], ["1"], [email])).one().image is None  # as asked
        moved = connection.execute(statements.by_keys(ticket, ["2"])).one().image.replace('"owner":"2"', '"owner":"1"')
        connection.execute(statements.update(ticket, ["owner"], ["2"], [moved]))
        row = connection.execute(statements.by_keys(around.tables["customer"], ["1"])).one().image
        connection.execute(statements.delete(around.tables["customer"], ["1"]))
        made = connection.execute(statements.insert(around.tables["customer"], [row], {"id": "default", "created_at": "now"}))
        assert made.one().key == "1000"
        ledger.append(connection, Entry("plan", 1), changes(3))
    assert shop.execute("SELECT * FROM ticket WHERE id = 1") == before[:1]
    assert shop.execute("SELECT owner FROM ticket WHERE id = 2") == [(1,)]
    assert shop.execute("SELECT count(*) FROM mendbook.change") == [(3,)]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE auth_user SET is_staff = true",
        "UPDATE auth_user SET username = 'x' WHERE id = 1",
        "UPDATE auth_user SET password = ''",
        "UPDATE auth_user SET last_login = now()",
        "UPDATE customer SET id = 99 WHERE id = 1",
        "UPDATE customer SET created_at = now()",
        "UPDATE ticket SET title = ''",
        "UPDATE note SET body = ''",
        "TRUNCATE note",
        "SELECT * FROM secret",
        "DELETE FROM secret",
        "UPDATE mendbook.ledger SET role = 'x'",
        "DELETE FROM mendbook.ledger",
        "UPDATE mendbook.change SET before = NULL",
        "DELETE FROM mendbook.change",
        "TRUNCATE mendbook.change",
        "INSERT INTO mendbook.exceptions VALUES ('auth_user', '1', '2', 'x', 'ana')",
        "DELETE FROM mendbook.exceptions",
        "CREATE SCHEMA mine",
        "CREATE TABLE mendbook.mine (id int)",
        "CREATE ROLE other",
        "ALTER TABLE auth_user DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "ALTER TABLE customer DROP COLUMN phone",
    ],
)
def test_repair_may_not(roles: Roles, sql: str) -> None:
    roles.refused("repair", sql)


def test_repair_may_not_create_tables(roles: Roles) -> None:
    roles.shop.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # as PostgreSQL 15 and newer are
    roles.refused("repair", "CREATE TABLE mine (id int)")


def test_repair_may_not_purge(roles: Roles, monkeypatch: Any) -> None:
    book = with_repair_role(roles, monkeypatch, "repair")
    with roles.connection("repair") as connection:
        ledger.append(connection, Entry("plan", 1), changes(1))
    with pytest.raises(Refused, match="may not purge"):
        book.purge_ledger("2026-01-01T00:00Z")


# -- owner ---------------------------------------------------------------------------------------------------------------


def test_the_owner_has_created_the_schema(roles: Roles) -> None:
    found = roles.shop.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'mendbook'")
    assert found == [(f"{roles.prefix}_owner",)]
    with roles.connection("repair") as connection:
        assert not ledger.ensure(connection)


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM auth_user", "CREATE SCHEMA mine", "SET session_replication_role = replica", "CREATE DATABASE mine"]
)
def test_the_owner_may_not(roles: Roles, sql: str) -> None:
    roles.refused("owner", sql)


def test_the_owner_purges(roles: Roles, monkeypatch: Any) -> None:
    with roles.connection("repair") as connection:
        ledger.append(connection, Entry("plan", 1), changes(2))
    book = with_repair_role(roles, monkeypatch, "owner")
    (moment,) = roles.run("owner", "SELECT clock_timestamp()")[0]
    result = book.purge_ledger(moment)
    assert (result["removed"], result["through"], result["position"]) == (2, 1, 2)
    assert book.verify_ledger().ok


def with_repair_role(roles: Roles, monkeypatch: Any, part: str) -> Any:
    shop = roles.shop
    monkeypatch.setenv("SHOP_REPAIR_URL", roles.url(part))
    shop.map(
        shop.config.read_text().replace('url_env = "SHOP_URL"', 'url_env = "SHOP_URL"\nrepair_url_env = "SHOP_REPAIR_URL"')
    )
    return shop.book()


# -- the script ----------------------------------------------------------------------------------------------------------


def test_what_is_written_where(roles: Roles) -> None:
    book = roles.shop.book()
    database = Database(book.source, book.settings)
    with database.snapshot() as bare:
        found = {each.relation.name: each for each in written(database.with_surroundings(bare).tables)}
    assert {name: each.update for name, each in found.items()} == {
        "auth_user": ("email",),  # all others are the mapping's, and never set by a repair
        "customer": ("user_id", "phone", "barcode", "invited"),
        "ticket": ("owner",),
        "note": ("ticket",),
    }
    assert found["ticket"].insert == ("id", "owner", "title")


def test_every_row_that_a_plan_relies_on_can_be_locked(database: Any, tmp_path: Any, monkeypatch: Any) -> None:
    """Users without a column that a repair sets, and a table that only a soft reference names."""
    database.execute(
        "CREATE TABLE person (id int PRIMARY KEY, name text); INSERT INTO person VALUES (1, 'ana');"
        "CREATE TABLE plain (n int); CREATE TABLE link (id int PRIMARY KEY, n int); INSERT INTO plain VALUES (1)"
    )
    monkeypatch.setenv("CASE_URL", database.url)
    shop = Shop(database, tmp_path, lambda url: monkeypatch.setenv("CASE_URL", url)).map(
        '[sources.shop]\nurl_env = "CASE_URL"\nreferences = ["link.n -> plain.n"]\n'
        '[sources.shop.users]\ntable = "person"\nusername = "name"\n'
    )
    prefix = f"t{uuid.uuid4().hex[:10]}"
    try:
        sql = shop.book().roles(prefix)["sql"]
        shop.execute(sql + f"ALTER ROLE {prefix}_repair PASSWORD 'pw'")
        book = Roles(shop, prefix, sql)
        assert book.run("repair", "SELECT id FROM person FOR KEY SHARE") == [(1,)]
        assert book.run("repair", "SELECT n FROM plain FOR UPDATE") == [(1,)]
        book.refused("repair", "DELETE FROM plain")
        book.refused("repair", "UPDATE person SET name = 'x'")
    finally:
        shop.execute("DROP SCHEMA IF EXISTS mendbook CASCADE")
        for name in role_names(prefix).values():
            shop.execute(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


def test_none_is_more_than_it_should_be(roles: Roles) -> None:
    found = roles.shop.execute(
        "SELECT bool_or(rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls), count(*) FROM pg_roles"
        f" WHERE rolname LIKE '{roles.prefix}%'"
    )
    assert found == [(False, 3)]
    assert "PASSWORD '" not in roles.sql


def test_running_it_again_changes_nothing(roles: Roles) -> None:
    acl = "SELECT relname, relacl::text FROM pg_class WHERE relnamespace IN ('public'::regnamespace, 'mendbook'::regnamespace)"
    before = roles.shop.execute(acl)
    roles.shop.execute(roles.sql)
    again = roles.shop.book().roles(roles.prefix)["sql"]
    assert "CREATE TABLE" not in again
    roles.shop.execute(again)
    assert sorted(roles.shop.execute(acl)) == sorted(before)


def test_a_role_that_may_do_more_stops_the_script(shop: Shop) -> None:
    with role(shop.database, "CREATEDB") as (name, _):
        prefix = name.removesuffix("_audit")
        shop.execute(f"ALTER ROLE {name} RENAME TO {prefix}_audit")
        try:
            with pytest.raises(psycopg2.errors.RaiseException, match="may do more than it should"):
                shop.execute(shop.book().roles(prefix)["sql"])
        finally:
            shop.execute(f"ALTER ROLE {prefix}_audit RENAME TO {name}")


def test_hostile_names_are_quoted(shop: Shop) -> None:
    hostile = "x\"; DROP TABLE customer; --\n\\ ' :y $mendbook$"
    quoted = '"' + hostile.replace('"', '""') + '"'
    shop.execute(
        f"CREATE SCHEMA {quoted}; CREATE TABLE {quoted}.{quoted} (id int PRIMARY KEY, {quoted} bigint REFERENCES auth_user);"
        f"CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        f"CREATE TRIGGER {quoted} AFTER UPDATE ON {quoted}.{quoted} FOR EACH ROW EXECUTE FUNCTION nothing()"
    )
    prefix = 'it\'s \\ "x"' + uuid.uuid4().hex[:6]
    try:
        sql = shop.book().roles(prefix)["sql"]
        shop.execute(sql)
        oid = f"(SELECT oid FROM pg_class WHERE relname = {literal(hostile)} AND relkind = 'r')"
        may = f"SELECT has_column_privilege(%s, {oid}, 2::smallint, 'UPDATE')"
        assert shop.execute(may % literal(f"{prefix}_repair")) == [(True,)]
        assert shop.execute(may % literal(f"{prefix}_audit")) == [(False,)]
        assert shop.execute("SELECT count(*) FROM customer") == [(5,)]
        assert "unless SECURITY DEFINER" in sql
    finally:
        shop.execute("DROP SCHEMA IF EXISTS mendbook CASCADE")
        for name in role_names(prefix).values():
            quoted = '"' + name.replace('"', '""') + '"'
            shop.execute(f"DROP OWNED BY {quoted} CASCADE; DROP ROLE {quoted}")


def literal(text: str) -> str:
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


@pytest.mark.parametrize("prefix", ["", " ", "a\nb", "a\x00b", "a$mendbook$", "x" * 60])
def test_names_that_no_role_could_have(prefix: str) -> None:
    with pytest.raises(ConfigError):
        role_names(prefix)


def test_the_command(shop: Shop, capsys: Any) -> None:
    where = ["--config", str(shop.config), "--outputs", str(shop.outputs)]
    assert app(["roles", "shop", "--prefix", "other", *where], standalone_mode=False) == 0
    printed = capsys.readouterr()
    assert 'CREATE ROLE "other_repair" LOGIN' in printed.out
    assert "as an administrator" in printed.err
    assert app(["roles", "shop", "--json", *where], standalone_mode=False) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["roles"] == {"audit": "mendbook_audit", "repair": "mendbook_repair", "owner": "mendbook_owner"}
    assert 'GRANT SELECT ON "public"."customer"' in document["sql"]
