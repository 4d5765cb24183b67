"""The schema ``mendbook`` in the repaired database: what the owner runs once, and whether it is there.

Creates tables of its own and touches no other. Rows go into them by ledger.py alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.errors import Refused

SCHEMA = "mendbook"
#: Taken (as a transaction's advisory lock) by whoever adds to the ledger or creates it: "mendbook" in eight bytes.
LOCK = int.from_bytes(b"mendbook", "big")

_SQL = """\
CREATE SCHEMA IF NOT EXISTS mendbook;

CREATE TABLE IF NOT EXISTS mendbook.ledger (
    position bigint PRIMARY KEY CHECK (position > 0),
    act text NOT NULL CHECK (act IN ('apply', 'undo', 'purge')),
    plan text,
    batch integer,
    at timestamptz NOT NULL,
    role text NOT NULL,
    details json NOT NULL,
    count integer NOT NULL CHECK (count >= 0),
    changes text NOT NULL,
    previous text NOT NULL UNIQUE,
    hash text NOT NULL UNIQUE,
    CONSTRAINT ledger_once UNIQUE (plan, batch),
    CHECK ((plan IS NULL) = (act = 'purge') AND (batch IS NULL) = (act = 'purge'))
);
COMMENT ON TABLE mendbook.ledger IS
    'What mendbook did: one row a batch, each with the hash of the one before. mendbook ledger verify tells of any edit.';

CREATE TABLE IF NOT EXISTS mendbook.change (
    plan text,
    batch integer,
    seq integer CHECK (seq > 0),
    case_key text NOT NULL,
    "table" text NOT NULL,
    op text NOT NULL CHECK (op IN ('insert', 'update', 'delete')),
    key text,
    before json,
    after json,
    salt text,
    images text NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (plan, batch, seq),
    CHECK (CASE WHEN salt IS NULL THEN before IS NULL AND after IS NULL
           ELSE (before IS NULL) = (op = 'insert') AND (after IS NULL) = (op = 'delete') END)
);
COMMENT ON TABLE mendbook.change IS
    'Each row that mendbook changed, before and after. Images go by mendbook''s purge; what stays is their digest.';

CREATE TABLE IF NOT EXISTS mendbook.exceptions (
    "table" text NOT NULL,
    first_key text NOT NULL,
    second_key text NOT NULL,
    reason text NOT NULL CHECK (reason ~ '[^[:space:]]'),
    name text NOT NULL CHECK (name ~ '[^[:space:]]'),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY ("table", first_key, second_key),
    CHECK (first_key COLLATE "C" < second_key COLLATE "C")
);
COMMENT ON TABLE mendbook.exceptions IS
    'Pairs of rows that somebody, by name and with a reason, has said are not the same person.';
"""

_COLUMNS = {
    "ledger": "position act plan batch at role details count changes previous hash",
    "change": "plan batch seq case_key table op key before after salt images digest",
    "exceptions": "table first_key second_key reason name at",
}
# from the catalogue, which every role may read, whatever its rights on the schema
_FOUND = sa.text("""
    SELECT c.relname AS name, c.relkind::text AS kind,
        (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'mendbook' AND c.relname = ANY (:names)
""")


def schema_sql() -> str:
    """The SQL that a database's owner runs to give the ledger its place. Running it twice does nothing the second time."""
    return _SQL


def missing(connection: Connection) -> list[str]:
    """The ledger's tables that are not there; Refused where something else stands under one of their names."""
    found = {row.name: row for row in connection.execute(_FOUND, {"names": list(_COLUMNS)})}
    for name, row in found.items():
        if row.kind != "r" or list(row.columns) != _COLUMNS[name].split():
            raise Refused(
                f"{SCHEMA}.{name} stands in the database, but it is not the ledger that this version of mendbook writes.",
                "Another version made it, or another program. Nothing was changed; have its owner look at it.",
            )
    return [name for name in _COLUMNS if name not in found]


def ensure(connection: Connection) -> bool:
    """Create what is missing, inside the caller's transaction; whether anything was.

    Raises Refused, with the SQL for the owner in its hint, where this role may not.
    """
    if not missing(connection):
        return False
    lock(connection)
    hint = f"Nothing was changed. The database's owner runs this once, then grants this role its rights on it:\n\n{_SQL}"
    with rights(f"create the ledger's schema {SCHEMA!r} in the database", hint), connection.begin_nested():
        connection.exec_driver_sql(_SQL)
    missing(connection)
    return True


@contextmanager
def rights(what: str, hint: str) -> Iterator[None]:
    """Raises Refused with the ``hint`` where the database says that this role may not do ``what``."""
    try:
        yield
    except sa.exc.ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) != "42501":
            raise
        raise Refused(f"This role may not {what}: {str(error.orig).strip()}.", hint) from None


def lock(connection: Connection) -> None:
    """Keep everybody else from adding to the ledger until this transaction ends; waits as long as lock_timeout lets it."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
