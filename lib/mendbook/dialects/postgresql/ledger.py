"""The ledger's place in PostgreSQL: the schema ``mendbook``, and statements that take one round trip each.

A batch's changes go in by one COPY. Writes to that schema alone, and only what ledger/ledger.py asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from shlex import quote
from typing import Any

import psycopg2
import sqlalchemy as sa
from psycopg2.extensions import encodings
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.exc import IntegrityError

from mendbook.dialects.described import Tail
from mendbook.dialects.ledger_words import SHAPE, tables
from mendbook.digests import chain as ledger_chain
from mendbook.digests.chain import NOTHING
from mendbook.errors import Refused
from mendbook.model import Change

SCHEMA = "mendbook"
#: Taken (as a transaction's advisory lock) by whoever adds to the ledger or creates it: "mendbook" in eight bytes.
LOCK = int.from_bytes(b"mendbook", "big")
#: The text form of a row's time that its hash is of.
MOMENT = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""

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

_HOLD = sa.select(sa.func.current_setting("transaction_isolation"), sa.func.pg_advisory_xact_lock(LOCK))
_TAIL = sa.text(f"""
    SELECT coalesce(tail.position, 0) AS position, coalesce(tail.hash, '{NOTHING}') AS hash, session_user::text AS role,
        to_char(clock_timestamp() AT TIME ZONE 'UTC', {MOMENT}) AS at
    FROM (VALUES (1)) one LEFT JOIN (SELECT position, hash FROM mendbook.ledger ORDER BY position DESC LIMIT 1) tail ON true
""")
_ADD = sa.text("""
    INSERT INTO mendbook.ledger (position, act, plan, batch, at, role, details, count, changes, previous, hash) VALUES
    (:position, :act, :plan, :batch, CAST(:at AS timestamptz), :role, CAST(:details AS json), :count, :changes, :previous,
        :hash)
""")


#: Changes that are sent to the server at once.
LINES_TOGETHER = 200
_ADD_CHANGES = """\
COPY mendbook.change (plan, batch, seq, case_key, "table", op, key, before, after, salt, images, digest) FROM STDIN"""
_THROUGH = sa.text("""
    SELECT coalesce(min(position) FILTER (WHERE at >= :before) - 1, max(position), 0) FROM mendbook.ledger
""")
_PURGE = sa.text("""
    UPDATE mendbook.change c SET before = NULL, after = NULL, salt = NULL
    FROM mendbook.ledger l
    WHERE l.plan = c.plan AND l.batch = c.batch AND l.position <= :through AND c.salt IS NOT NULL
""")
_TELL_APART = sa.text("""
    INSERT INTO mendbook.exceptions ("table", first_key, second_key, reason, name)
    VALUES (:table, :first_key, :second_key, :reason, :name)
    ON CONFLICT DO NOTHING
""")
# from the catalogue, which every role may read, whatever its rights on the schema
_FOUND = sa.text("""
    SELECT c.relname AS name, c.relkind::text AS kind,
        (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'mendbook' AND c.relname = ANY (:names)
""")
_GRANTS = {
    "create": "Nothing was changed. 'mendbook roles SOURCE' prints SQL that makes it, with a role that may repair: an"
    " administrator runs it once, and repair_url_env in mendbook.toml names the variable with the URL of that role.",
    "add": "GRANT USAGE ON SCHEMA mendbook; GRANT SELECT, INSERT ON mendbook.ledger, mendbook.change TO it, then try again.",
    "purge": "GRANT USAGE ON SCHEMA mendbook; GRANT SELECT, INSERT ON mendbook.ledger; GRANT SELECT, UPDATE ON mendbook.change"
    " TO it, then try again.",
    "tell apart": "GRANT USAGE ON SCHEMA mendbook, and SELECT, INSERT, DELETE ON mendbook.exceptions TO it, or use the owner's"
    " role.",
}


def _copied(text: str | Any) -> str:
    """A text as COPY reads it; None stands for NULL."""
    if text is None:
        return r"\N"
    told = str(text)
    if not told.isprintable() or "\\" in told:
        told = told.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")
    return told


def _lines(plan: str, batch: int, changes: Sequence[Change], salts: Sequence[str], digests: list[str]) -> Iterator[str]:
    """The changes as COPY reads them; their digests are added to ``digests``."""
    begun = f"{_copied(plan)}\t{batch}"
    made = ledger_chain.digests_of(plan, batch, changes, salts)
    for seq, (change, salt, (images, digest)) in enumerate(zip(changes, salts, made, strict=True), 1):
        named = f"{_copied(change.case_key)}\t{_copied(change.table)}\t{change.op}\t{_copied(change.key)}"
        before, after = _copied(change.before), _copied(change.after)
        yield f"{begun}\t{seq}\t{named}\t{before}\t{after}\t{salt}\t{images}\t{digest}\n"
        digests.append(digest)


class _Reader:
    """Lines as the file that a COPY reads: made while the server takes in those before. ``failure`` is why they ended early."""

    def __init__(self, lines: Iterator[str], encoding: str) -> None:
        self._lines, self._encoding = lines, encodings[encoding]
        self.failure: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """The next lines, as many as are worth sending together; nothing behind the last one."""
        try:
            return "".join(islice(self._lines, LINES_TOGETHER)).encode(self._encoding)
        except Exception as failure:
            self.failure = failure
            raise


def _copy(connection: Connection, statement: str, lines: Iterator[str]) -> None:
    """Send ``lines`` to a COPY; its errors come as those of any other statement."""
    driver: Any = connection.connection.dbapi_connection
    reader = _Reader(lines, driver.encoding)
    with driver.cursor() as cursor:
        try:
            cursor.copy_expert(statement, reader)
        except psycopg2.Error as error:
            if reader.failure is not None:
                raise reader.failure from None
            broken = connection.dialect.is_disconnect(error, driver, cursor)  # type: ignore[arg-type]
            if broken:
                connection.invalidate(error)
            told = sa.exc.DBAPIError.instance(statement, None, error, psycopg2.Error, True, broken, connection.dialect)
            raise told from None


class PostgreSQLLedger:
    """``LedgerWords`` of PostgreSQL."""

    made_within = True
    place = "schema 'mendbook'"

    def __init__(self) -> None:
        self.tables = tables(schema=SCHEMA)

    def called(self, table: str) -> str:
        return f"{SCHEMA}.{table}"

    def sql(self) -> str:
        return _SQL

    def granting(self, doing: str) -> str:
        return _GRANTS[doing]

    def found(self, connection: Connection) -> dict[str, tuple[str, ...] | None]:
        rows = connection.execute(_FOUND, {"names": list(SHAPE)})
        return {row.name: tuple(row.columns) if row.kind == "r" else None for row in rows}

    def create(self, connection: Connection) -> None:
        with connection.begin_nested():
            connection.exec_driver_sql(_SQL)

    def hold(self, connection: Connection) -> None:
        """Take the lock; what is read then is the ledger's end, as long as each statement sees what is committed by then."""
        isolation = connection.execute(_HOLD).scalar_one()
        if isolation != "read committed":
            raise Refused(
                f"The ledger cannot be written in a transaction that is {isolation}: it would not see what others have just"
                " added.",
                "Begin it with SET TRANSACTION ISOLATION LEVEL READ COMMITTED.",
            )

    def moment(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        return sa.func.to_char(sa.func.timezone("UTC", column), sa.literal_column(MOMENT), type_=sa.Text)

    def text(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        return sa.cast(column, sa.Text)

    def tail(self, connection: Connection) -> Tail:
        row = connection.execute(_TAIL).one()
        return Tail(row.position, row.hash, row.role, row.at)

    def add(self, connection: Connection, row: Mapping[str, Any]) -> None:
        connection.execute(_ADD, dict(row))

    def twice(self, error: IntegrityError) -> bool:
        return getattr(getattr(error.orig, "diag", None), "constraint_name", None) == "ledger_once"

    def add_changes(
        self, connection: Connection, plan: str, batch: int, changes: Sequence[Change], salts: Sequence[str]
    ) -> str:
        digests: list[str] = []
        _copy(connection, _ADD_CHANGES, _lines(plan, batch, changes, salts, digests))
        return ledger_chain.changes_digest(digests)

    def through(self, connection: Connection, before: datetime) -> int:
        return int(connection.execute(_THROUGH, {"before": before}).scalar_one())

    def purge(self, connection: Connection, through: int) -> int:
        return connection.execute(_PURGE, {"through": through}).rowcount

    def tell_apart(self, connection: Connection, pair: Mapping[str, str]) -> bool:
        return bool(connection.execute(_TELL_APART, dict(pair)).rowcount)

    def by_hand(self, variable: str, plan: str) -> str:
        # a folder may have been renamed: only what mendbook itself names a plan can go without escaping
        literal = f"$${plan}$$" if re.fullmatch(r"[\w.-]+", plan, re.ASCII) else "'" + plan.replace("'", "''") + "'"
        sql = f"SELECT position, batch, at, role, count, hash FROM mendbook.ledger WHERE plan = {literal} ORDER BY position"
        # psql knows nothing of the driver that mendbook's URLs may name
        return f'psql "$(printf %s "${variable}" | sed s/+psycopg2//)" -c {quote(sql)}'
