"""PostgreSQL (14 and newer): its snapshot, its pins, its errors in plain words, its catalogue.

Reads only: nothing here writes a row or changes more than settings of its own transaction.
"""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg2
import psycopg2.extensions
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.dialects.postgresql import OID
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from mendbook.dialects import Catalogue, Generic, Moment, Pressure, Relation, Server, Standing, Writers
from mendbook.dialects.postgresql import roles as postgresql_roles
from mendbook.dialects.postgresql.becoming import PostgreSQLFutureRows
from mendbook.dialects.postgresql.catalogue import EXCEPTED, EXCEPTIONS, SEQUENCES
from mendbook.dialects.postgresql.errors import explain, fault, objection
from mendbook.dialects.postgresql.generic import generic
from mendbook.dialects.postgresql.health import PostgreSQLHealth
from mendbook.dialects.postgresql.ledger import PostgreSQLLedger
from mendbook.dialects.postgresql.relations import catalogue, referring, tables
from mendbook.dialects.postgresql.schema import identity, pressure, schema_digests, standing, writers, written_since
from mendbook.dialects.postgresql.text import PostgreSQLText, text_of
from mendbook.dialects.role_needs import RoleNeeds
from mendbook.errors import MendbookError, Refused

#: What text forms and comparisons depend on, pinned for the transaction so that every session reads alike.
PINS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "lc_monetary": "C",
    "xmloption": "content",
    "standard_conforming_strings": "on",
    "row_security": "off",
    "work_mem": "64MB",
    "jit": "off",
    # one connection may wait for another's long statement, whatever patience the role has been given
    "idle_in_transaction_session_timeout": "0",
    # of PostgreSQL 17 and newer
    "transaction_timeout": "0",
    # expressions of indexes are read as they are printed when names are quoted only where they must be
    "quote_all_identifiers": "off",
    # two connections already keep two cores busy; and what an audit reads is in memory or on an SSD by now
    "max_parallel_workers_per_gather": "0",
    "random_page_cost": "1.1",
    # a million groups of one row each: sorting digests takes half the time of hashing them, at any size
    "enable_hashagg": "off",
}

#: Pins that this server does not know are passed over.
PIN = sa.text(
    "SELECT set_config(name, value, true) FROM unnest(cast(:names AS text[]), cast(:values AS text[])) AS pin(name, value)"
    " JOIN pg_settings USING (name)"
)


#: Taken by whoever repairs, for as long as they do: "mendbook" in eight bytes, and one more.
REPAIRING = int.from_bytes(b"mendbook", "big") + 1
_BEGIN_REPAIR = sa.text(
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE; "
    f"{PIN.text} UNION ALL SELECT set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''),"
    " 'pg_temp'), true) WHERE current_setting('search_path') NOT LIKE '%pg_temp%'"
    # a crash of the server must not take back a batch that was told to be done, and of which a checkpoint knows
    " UNION ALL SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
)
_MOMENT = sa.text(
    "SELECT clock_timestamp() AS now, pg_is_in_recovery() AS replica,"
    " current_setting('session_replication_role') AS replication_role, pg_current_snapshot()::text AS snapshot"
)


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


def _speak_as_the_server(connection: Connection) -> None:
    """Take the database's own encoding, whatever the role or the environment asks for: no letter gets lost on the way."""
    driver: Any = connection.connection.dbapi_connection
    server, client = (driver.info.parameter_status(f"{side}_encoding") for side in ("server", "client"))
    if client != server:
        driver.set_client_encoding(server)


class PostgreSQL:
    """The dialect of PostgreSQL over psycopg2."""

    name = "postgresql"
    no_roles = ""
    longest_role = 63  # longer names are cut off, without an error
    after_roles = (
        "Run it as an administrator, with psql -v ON_ERROR_STOP=1.",
        "Then give the roles passwords (\\password in psql), and mendbook their URLs: url_env and repair_url_env.",
    )

    def url(self, url: URL) -> URL:
        """The URL with psycopg2 as its driver: SQLAlchemy 2.1 reads a bare postgresql:// as psycopg 3."""
        return url.set(drivername="postgresql+psycopg2")

    def engine_options(self, url: URL, writing: bool) -> dict[str, Any]:
        arguments = {"connect_timeout": 10, "application_name": "mendbook"}
        # errors must not carry the values that a statement was asked with; and no connection has to ask for a type first
        return {"connect_args": arguments, "hide_parameters": True, "use_native_hstore": False}

    def begin_snapshot(self, connection: Connection, timeout_seconds: int, snapshot: str | None) -> None:
        """Make the transaction that has just begun a reading one that sees a single moment, and pin its formats.

        ``snapshot`` names the moment that another connection shares; without it the transaction takes its own.
        """
        _speak_as_the_server(connection)
        patience = f"SET LOCAL statement_timeout = '{timeout_seconds}s'"  # first: a role's own may not last for the pins
        connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; {patience}")
        if snapshot:
            connection.execute(sa.text("SET TRANSACTION SNAPSHOT :moment"), {"moment": snapshot})
        # of the transaction, never of the session: a connection pooler may hand the session to somebody else next
        connection.execute(PIN, {"names": list(PINS), "values": list(PINS.values())})

    def begin_repair(self, connection: Connection, lock_seconds: float, statement_seconds: float, idle_seconds: float) -> None:
        """Make the transaction that has just begun a writing one that waits for nobody for long, and pin its formats."""
        _speak_as_the_server(connection)
        patience = {
            "lock_timeout": lock_seconds,
            "statement_timeout": statement_seconds,
            "idle_in_transaction_session_timeout": idle_seconds,
        }
        pins = {**PINS, **{name: f"{int(seconds * 1000)}ms" for name, seconds in patience.items()}}
        try:
            # nobody's temporary table stands in for a real one: the path that the role has, and temporary tables last
            connection.execute(_BEGIN_REPAIR, {"names": list(pins), "values": list(pins.values())})
        except sa.exc.NotSupportedError:  # there is one reason for which a transaction may not be made to write
            raise Refused("This is a replica: nothing can be written there.", "Name the primary, which it follows.") from None

    def begin_writing(self, connection: Connection) -> None:
        """Each statement of the transaction that has just begun sees what is committed by then, whatever the role's default."""
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE")

    def begin_keeping(self, connection: Connection, lock_seconds: float) -> None:
        """The transaction that has just begun will stand open and idle as long as a repair lasts."""
        self.begin_repair(connection, lock_seconds, lock_seconds, 0)

    def keep_others_out(self, connection: Connection) -> bool:
        """Whether this transaction is now the only one that repairs this database; so it is until it ends."""
        return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(REPAIRING))).scalar_one())

    def defer_constraints(self, connection: Connection) -> None:
        connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")

    def check_constraints(self, connection: Connection) -> None:
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")

    def moment(self, connection: Connection) -> Moment:
        """What the session is and what time it is there, by the database's own clock."""
        row = connection.execute(_MOMENT).one()
        return Moment(row.now, row.replica, row.replication_role, row.snapshot)

    def standing(self, connection: Connection, tables: Sequence[int]) -> Standing:
        """The moment, the database's identity, and a mark that changes when anybody writes the schema of ``tables``."""
        return standing(connection, tables)

    def writers(self, connection: Connection) -> Writers:
        """Who writes this database besides this transaction."""
        return writers(connection)

    def written_since(self, table: str, snapshot: str) -> ColumnElement[bool]:
        """The rows that somebody may have written since; by the number of the transaction that wrote each."""
        return written_since(table, snapshot)

    def pressure(self, connection: Connection) -> Pressure:
        """How busy the database is."""
        return pressure(connection)

    def identity(self, connection: Connection) -> dict[str, str]:
        """Which database this is."""
        return identity(connection)

    def schema_digests(self, connection: Connection, tables: Mapping[str, int]) -> dict[str, str]:
        """The digest of what each of ``tables`` (name: identity) is like."""
        return schema_digests(connection, tables)

    def share_snapshot(self, connection: Connection) -> str:
        """The name of this transaction's moment, for other connections to see the same."""
        return str(connection.execute(sa.select(sa.func.pg_export_snapshot())).scalar_one())

    def cancel(self, connection: Connection) -> None:
        """Stop the statement that another thread waits for on ``connection``; nothing happens where there is none."""
        driver: Any = connection.connection.dbapi_connection
        with contextlib.suppress(psycopg2.Error):
            driver.cancel()

    def server(self, connection: Connection) -> Server:
        row = connection.execute(
            sa.text(
                "SELECT current_database(), current_setting('server_version'), current_user, pg_is_in_recovery(),"
                " CASE WHEN pg_is_in_recovery() AND pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn()"
                " THEN extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END,"
                " (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),"
                " current_setting('server_encoding')"
            )
        ).one()
        lag = None if row[4] is None else float(row[4])
        return Server(row[0], "PostgreSQL", row[1], row[2], row[3], lag, bool(row[5]), row[6])

    def text(self, server: Server) -> PostgreSQLText:
        return text_of(server.encoding)

    def tables(self, connection: Connection) -> list[str]:
        """Every table of somebody's own that there is for this role, as the mapping names it."""
        return tables(connection)

    def catalogue(self, connection: Connection, tables: list[str]) -> Catalogue:
        """What the catalogue says of ``tables`` (names as in the mapping): a handful of queries, however many there are."""
        return catalogue(connection, tables)

    def referring(self, connection: Connection, tables: Mapping[str, Relation]) -> dict[str, Relation]:
        """``tables`` and every table that refers to one of them by foreign keys, step by step, with their triggers."""
        return referring(connection, tables)

    def generic(self, connection: Connection, schema: str) -> Generic | None:
        """Django's generic relations in the schema; None where it has no content types."""
        return generic(connection, schema)

    def rows(self) -> PostgreSQLFutureRows:
        """The statements that read and change rows as images."""
        return PostgreSQLFutureRows()

    def ledger(self) -> PostgreSQLLedger:
        """The schema mendbook."""
        return PostgreSQLLedger()

    def exceptions(self, connection: Connection, tables: Sequence[str]) -> bool | None:
        """Whether mendbook.exceptions has rows of ``tables`` (names for one); None where it is there and may not be read."""
        readable = connection.execute(EXCEPTIONS).scalar()
        if readable is None:
            return False
        return bool(connection.execute(EXCEPTED, {"names": list(tables)}).scalar()) if readable else None

    def sequences(self, connection: Connection, tables: Sequence[int]) -> list[tuple[str, str]]:
        """(schema, name) of the sequences that defaults of ``tables`` (identities) are drawn from."""
        return [(row.schema, row.name) for row in connection.execute(SEQUENCES, {"oids": list(tables)})]

    def health(self) -> PostgreSQLHealth:
        """How this database is examined."""
        return PostgreSQLHealth()

    def roles(self, needs: RoleNeeds, names: Mapping[str, str]) -> str:
        return postgresql_roles.script(needs, names, self.ledger().sql())

    def hides_rows(self, connection: Connection, relation: Relation) -> str:
        """Why this role would not see every row of ``relation``; empty where it would."""
        active = sa.select(sa.func.row_security_active(sa.cast(sa.literal(relation.identity), OID)))
        hidden = connection.execute(active).scalar_one()
        return f"row security hides rows of {relation.name} from this role" if hidden else ""

    def explain(self, error: Exception, url: URL) -> MendbookError | Exception:
        """What a driver's error means, in words for the person at the keyboard; unknown ones come back as they are."""
        return explain(error, url)

    def fault(self, error: DBAPIError) -> str:
        return fault(error)

    def objection(self, error: DBAPIError) -> str:
        return objection(error)
