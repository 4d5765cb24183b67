"""PostgreSQL (14 and newer): its snapshot, its pins, its errors in plain words, its catalogue.

Reads only: nothing here writes a row or changes more than settings of its own transaction.
"""

from __future__ import annotations

import codecs
import re
from typing import Any

import psycopg2.extensions
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import OID
from sqlalchemy.engine import URL

from mendbook.dialects import Catalogue, Column, ForeignKey, Index, Relation, Server
from mendbook.dialects.postgresql_catalogue import (
    CHANGED_COLLATIONS,
    COLLATIONS,
    COLUMNS,
    FOREIGN_KEYS,
    INDEXES,
    NAMES,
    RELATIONS,
)
from mendbook.dialects.postgresql_text import PostgreSQLText
from mendbook.errors import ConnectionFailed, MappingError, MendbookError, QueryStopped, Refused

#: What text forms and comparisons depend on, pinned for the transaction so that every session reads alike.
PINS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "row_security": "off",
    "work_mem": "64MB",
    "jit": "off",
    # two connections already keep two cores busy; and what an audit reads is in memory or on an SSD by now
    "max_parallel_workers_per_gather": "0",
    "random_page_cost": "1.1",
    # a million groups of one row each: sorting digests takes half the time of hashing them, at any size
    "enable_hashagg": "off",
}

FAMILIES = {
    "integer": {"int2", "int4", "int8", "oid"},
    "number": {"numeric", "float4", "float8"},
    "text": {"text", "varchar", "bpchar", "name", "citext"},
    "uuid": {"uuid"},
    "boolean": {"bool"},
    "time": {"timestamptz", "timestamp", "date"},
}
KINDS = {
    "r": "table",
    "p": "table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
}


def _unchecked(name: str) -> codecs.CodecInfo | None:
    """The codec of databases in SQL_ASCII, which check nothing: mostly UTF-8, and what is not is shown byte by byte."""
    if name != UNCHECKED:
        return None
    return codecs.CodecInfo(
        codecs.utf_8_encode, lambda raw, _="": codecs.utf_8_decode(raw, "backslashreplace", True), name=name
    )


UNCHECKED = "mendbook_unchecked"
codecs.register(_unchecked)
psycopg2.extensions.encodings.update(SQL_ASCII=UNCHECKED, SQLASCII=UNCHECKED)


class PostgreSQL:
    """The dialect of PostgreSQL over psycopg2."""

    name = "postgresql"

    def url(self, url: URL) -> URL:
        """The URL with psycopg2 as its driver: SQLAlchemy 2.1 reads a bare postgresql:// as psycopg 3."""
        return url.set(drivername="postgresql+psycopg2")

    def engine_options(self) -> dict[str, Any]:
        # an error's text must not carry the values that a statement was asked with
        return {"connect_args": {"connect_timeout": 10, "application_name": "mendbook"}, "hide_parameters": True}

    def begin_snapshot(self, connection: Connection, timeout_seconds: int, snapshot: str | None) -> None:
        """Make the transaction that has just begun a reading one that sees a single moment, and pin its formats.

        ``snapshot`` names the moment that another connection shares; without it the transaction takes its own.
        """
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if snapshot:
            connection.execute(sa.text("SET TRANSACTION SNAPSHOT :moment"), {"moment": snapshot})
        # of the transaction, never of the session: a connection pooler may hand the session to somebody else next
        pins = {**PINS, "statement_timeout": f"{timeout_seconds}s"}
        connection.execute(sa.select(*(sa.func.set_config(name, value, True) for name, value in pins.items())))

    def share_snapshot(self, connection: Connection) -> str:
        """The name of this transaction's moment, for other connections to see the same."""
        return str(connection.execute(sa.select(sa.func.pg_export_snapshot())).scalar_one())

    def server(self, connection: Connection) -> Server:
        row = connection.execute(
            sa.text(
                "SELECT current_database(), current_setting('server_version'), current_user,"
                " pg_is_in_recovery(),"
                " CASE WHEN pg_is_in_recovery() AND pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn()"
                " THEN extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END,"
                " (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),"
                " current_setting('server_encoding')"
            )
        ).one()
        lag = None if row[4] is None else float(row[4])
        return Server(row[0], "PostgreSQL", row[1], row[2], row[3], lag, bool(row[5]), row[6])

    def text(self, server: Server) -> PostgreSQLText:
        return PostgreSQLText(server.encoding)

    def catalogue(self, connection: Connection, tables: list[str]) -> Catalogue:
        """What the catalogue says of ``tables`` (names as in the mapping): a handful of queries, however many there are."""
        split = [(name, *name.partition(".")[::2]) for name in tables]
        found = connection.execute(
            RELATIONS,
            {
                "asked": [name for name, _, _ in split],
                "schemas": [first if rest else None for _, first, rest in split],
                "names": [rest or first for _, first, rest in split],
            },
        ).all()
        oids = [row.oid for row in found]
        columns = self._columns(connection, oids)
        indexes = self._indexes(connection, oids)
        keys: dict[int, list[ForeignKey]] = {}
        for row in connection.execute(FOREIGN_KEYS, {"oids": oids}):
            key = ForeignKey(row.name, tuple(row.columns), row.target, tuple(row.target_columns), row.validated)
            keys.setdefault(row.oid, []).append(key)
        relations = {
            row.asked: Relation(
                identity=row.oid,
                schema=row.schema,
                name=row.name,
                kind=KINDS.get(row.kind, "relation"),
                rows_estimate=max(int(row.estimate), 0),
                columns=columns.get(row.oid, {}),
                unique_indexes=tuple(indexes.get(row.oid, ())),
                foreign_keys=tuple(keys.get(row.oid, ())),
                readable=row.readable,
                writable=row.writable,
            )
            for row in found
        }
        every = connection.execute(NAMES).all()
        elsewhere: dict[str, tuple[str, ...]] = {}
        for row in every:
            elsewhere[row.name] = (*elsewhere.get(row.name, ()), f"{row.schema}.{row.name}")
        # as the mapping must write them: what stands before a name's first dot would be read as its schema
        names = tuple(row.name if row.visible and "." not in row.name else f"{row.schema}.{row.name}" for row in every)
        return Catalogue(relations, names, elsewhere)

    def _columns(self, connection: Connection, oids: list[int]) -> dict[int, dict[str, Column]]:
        columns: dict[int, dict[str, Column]] = {}
        caseless = self._caseless_collations(connection)
        for row in connection.execute(COLUMNS, {"oids": oids}):
            family = next((name for name, types in FAMILIES.items() if row.base in types), "other")
            blind = row.base == "citext" or row.collation_oid in caseless
            column = Column(row.name, row.type, family, row.nullable, str(row.collation_oid), blind)
            columns.setdefault(row.oid, {})[row.name] = column
        return columns

    def _indexes(self, connection: Connection, oids: list[int]) -> dict[int, list[Index]]:
        caseless = self._caseless_collations(connection)
        indexes: dict[int, list[Index]] = {}
        for row in connection.execute(INDEXES, {"oids": oids}):
            blind = tuple(
                kind == "citext" or collation in caseless for kind, collation in zip(row.types, row.collations, strict=True)
            )
            index = Index(row.name, tuple(row.columns), tuple(row.expressions), blind, row.predicate, row.valid)
            indexes.setdefault(row.oid, []).append(index)
        return indexes

    def _caseless_collations(self, connection: Connection) -> set[int]:
        """The nondeterministic collations under which "a" equals "A", found by asking: few databases have any."""
        caseless = set()
        for row in connection.execute(COLLATIONS):
            collation = ".".join('"' + part.replace('"', '""') + '"' for part in (row.schema, row.name))
            if connection.exec_driver_sql(f"SELECT 'a' = 'A' COLLATE {collation}").scalar():
                caseless.add(row.oid)
        return caseless

    def changed_collations(self, connection: Connection) -> list[str]:
        """Collations whose rules changed since indexes were sorted by them: such indexes may miss duplicates."""
        if int(connection.execute(sa.text("SELECT current_setting('server_version_num')")).scalar_one()) < 150000:
            return []
        return [str(name) for name in connection.execute(CHANGED_COLLATIONS).scalars()]

    def hides_rows(self, connection: Connection, relation: Relation) -> str:
        """Why this role would not see every row of ``relation``; empty where it would."""
        active = sa.select(sa.func.row_security_active(sa.cast(sa.literal(relation.identity), OID)))
        hidden = connection.execute(active).scalar_one()
        return f"row security hides rows of {relation.name} from this role" if hidden else ""

    def explain(self, error: Exception, url: URL) -> MendbookError | Exception:
        """What a driver's error means, in words for the person at the keyboard; unknown ones come back as they are."""
        if isinstance(error, UnicodeEncodeError):
            letters = error.object[error.start : error.end]
            return MappingError(
                f"The database's encoding ({error.encoding}) has no {letters!r}, but it was asked for them.",
                "Nothing there can hold them: look at the names in mendbook.toml and at the values asked for.",
            )
        original = getattr(error, "orig", error)
        code = getattr(original, "pgcode", None) or ""
        said = re.sub(r"\s+", " ", str(original)).strip()
        if url.password:
            # as a word of its own: a password of one letter would otherwise be told by the letters that go missing
            said = re.sub(rf"(?<!\w){re.escape(str(url.password))}(?!\w)", "***", said)
        where = f"{url.host or 'the local socket'}{f':{url.port}' if url.port else ''}/{url.database or ''}"
        asked = getattr(error, "statement", None)
        if "invalid dsn" in said or (isinstance(error, sa.exc.OperationalError) and not code and not asked):
            return _connection_error(said, where, url.username or "")
        if code == "57014":
            return QueryStopped(
                f"The database at {where} stopped a statement: {said}.",
                "Raise statement_timeout (seconds) for the source in mendbook.toml, or audit fewer kinds with --kind.",
            )
        if "conflict with recovery" in said:
            return QueryStopped(
                f"The replica at {where} stopped the audit to go on replaying: {said}.",
                "Set hot_standby_feedback = on there, raise max_standby_streaming_delay, or audit another replica.",
            )
        if code == "42501" and "row-level security" in said:
            return Refused(
                f"Row security hides rows from this role: {said}.",
                "An audit that cannot see every row would lie. Use a role with BYPASSRLS, or one the policies do not apply to.",
            )
        if code == "42501":
            return Refused(f"This role may not read what the audit needs: {said}.", "GRANT SELECT on it, then try again.")
        if code.startswith(("08", "57P", "53")) or (isinstance(error, sa.exc.OperationalError) and not code):
            return ConnectionFailed(f"The database at {where} broke off: {said}.", "Nothing was changed. Try again.")
        return error


def _connection_error(said: str, where: str, user: str) -> ConnectionFailed:
    """The reason a connection was not made (libpq gives no SQLSTATE then, only text)."""
    hints = {
        "password authentication failed": f"Check the password for user {user!r} in the URL (percent-encode special letters).",
        "no password supplied": "The URL has no password; write postgresql://USER:PASSWORD@HOST/DATABASE.",
        "does not exist": "Check the database and user name in the URL; 'psql URL -l' lists the databases.",
        "could not translate host name": "Check the host name in the URL.",
        "Connection refused": "Is the server running, and is the port right? 'pg_isready -h HOST -p PORT' tells.",
        "No such file or directory": "No server listens on that socket. Is it running, and does the URL name its host?",
        "timeout expired": "The host did not answer within 10 seconds. Check the address, and firewalls on the way.",
        "invalid connection option": "The URL has an option after '?' that libpq does not know.",
        "no pg_hba.conf entry": "The server does not let this user in from here; its pg_hba.conf decides.",
    }
    hint = next((text for sign, text in hints.items() if sign in said), "Check the URL, then try 'psql URL'.")
    return ConnectionFailed(f"Cannot connect to {where}: {said}.", hint)
