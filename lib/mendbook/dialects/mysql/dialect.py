"""MySQL (8.0 and newer) and MariaDB (10.6 and newer): what the other modules called mysql_ know, as one dialect.

Tried on MariaDB 10.11 alone. It changes no row; of what it begins, somebody else decides what is done in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from mendbook.dialects.described import Catalogue, Generic, Moment, Pressure, Relation, Server, Standing, Writers
from mendbook.dialects.mysql import roles as mysql_roles
from mendbook.dialects.mysql import schema as mysql_schema
from mendbook.dialects.mysql import session as mysql_session
from mendbook.dialects.mysql.becoming import MySQLFutureRows
from mendbook.dialects.mysql.driver import normalized
from mendbook.dialects.mysql.errors import explain, fault, objection
from mendbook.dialects.mysql.generic import generic
from mendbook.dialects.mysql.health import MySQLHealth
from mendbook.dialects.mysql.ledger import MySQLLedger, exceptions, keep_others_out
from mendbook.dialects.mysql.relations import catalogue, referring
from mendbook.dialects.mysql.text import MySQLText
from mendbook.dialects.plain_ledger import OWN_TABLES
from mendbook.dialects.role_needs import RoleNeeds

#: Reads are made with locks, so that what was found still holds at the end; nothing less keeps new rows out of a table.
SERIALIZABLE, READ_COMMITTED = "SERIALIZABLE", "READ COMMITTED"


class MySQL:
    """The dialect of MySQL and MariaDB over PyMySQL."""

    name = "mysql"
    no_roles = ""
    longest_role = mysql_roles.MOST_BYTES
    after_roles = (
        "Run it as an administrator, with the mariadb or mysql client.",
        "Then give the accounts passwords (ALTER USER NAME IDENTIFIED BY '...' ACCOUNT UNLOCK).",
        "Then give mendbook their URLs: url_env and repair_url_env.",
    )

    def url(self, url: URL) -> URL:
        """The URL with mendbook's driver, which is PyMySQL's."""
        return normalized(url)

    def engine_options(self, url: URL, writing: bool) -> dict[str, Any]:
        del url, writing
        # errors must not carry the values that a statement was asked with
        return {"connect_args": {"connect_timeout": 10, "program_name": "mendbook"}, "hide_parameters": True}

    def begin_snapshot(self, connection: Connection, timeout_seconds: int, snapshot: str | None) -> None:
        """Make the transaction that has just begun a reading one that sees a single moment, and pin its formats."""
        del snapshot  # no two connections see the same moment
        mysql_session.begin_snapshot(connection, timeout_seconds)

    def share_snapshot(self, connection: Connection) -> str:
        """Nothing: a moment cannot be shared."""
        del connection
        return ""

    def begin_repair(self, connection: Connection, lock_seconds: float, statement_seconds: float, idle_seconds: float) -> None:
        """Make the transaction that has just begun a writing one that waits for nobody for long, and pin its formats."""
        del idle_seconds  # the server closes connections of those who sleep, as it is set to
        mysql_session.begin_writing(connection, SERIALIZABLE, lock_seconds, statement_seconds)

    def begin_writing(self, connection: Connection) -> None:
        mysql_session.begin_writing(connection, SERIALIZABLE, 0, 0)

    def begin_keeping(self, connection: Connection, lock_seconds: float) -> None:
        mysql_session.begin_writing(connection, READ_COMMITTED, lock_seconds, 0)

    def keep_others_out(self, connection: Connection) -> bool:
        return keep_others_out(connection)

    def defer_constraints(self, connection: Connection) -> None:
        """Nothing: InnoDB looks at each row as it changes."""

    def check_constraints(self, connection: Connection) -> None:
        """Nothing was put off."""

    def moment(self, connection: Connection) -> Moment:
        return mysql_schema.moment(connection)

    def standing(self, connection: Connection, tables: Sequence[int]) -> Standing:
        return mysql_schema.standing(connection, tables)

    def writers(self, connection: Connection) -> Writers:
        """Nothing tells, so others may."""
        del connection
        return Writers(0, 0, True)

    def written_since(self, table: str, snapshot: str) -> ColumnElement[bool]:
        """Any row may have been: InnoDB tells nobody who wrote one."""
        del table, snapshot
        return sa.true()

    def identity(self, connection: Connection) -> dict[str, str]:
        return mysql_schema.identity(connection)

    def schema_digests(self, connection: Connection, tables: Mapping[str, int]) -> dict[str, str]:
        return mysql_schema.schema_digests(connection, tables)

    def cancel(self, connection: Connection) -> None:
        mysql_session.cancel(connection)

    def server(self, connection: Connection) -> Server:
        return mysql_schema.server(connection)

    def pressure(self, connection: Connection) -> Pressure:
        return mysql_schema.pressure(connection)

    def text(self, server: Server) -> MySQLText:
        del server
        return MySQLText()

    def tables(self, connection: Connection) -> list[str]:
        """Every table of somebody's own in the database that the URL names, as the mapping names it."""
        return [name for name in catalogue(connection, []).names if name not in OWN_TABLES]

    def catalogue(self, connection: Connection, tables: list[str]) -> Catalogue:
        return catalogue(connection, tables)

    def referring(self, connection: Connection, tables: Mapping[str, Relation]) -> dict[str, Relation]:
        return referring(connection, tables)

    def generic(self, connection: Connection, schema: str) -> Generic | None:
        return generic(connection, schema)

    def rows(self) -> MySQLFutureRows:
        return MySQLFutureRows()

    def ledger(self) -> MySQLLedger:
        return MySQLLedger()

    def exceptions(self, connection: Connection, tables: Sequence[str]) -> bool | None:
        return exceptions(connection, self.ledger(), list(tables))

    def sequences(self, connection: Connection, tables: Sequence[int]) -> list[tuple[str, str]]:
        """None: a table's own numbers need no rights."""
        del connection, tables
        return []

    def health(self) -> MySQLHealth:
        """How this database is examined."""
        return MySQLHealth()

    def roles(self, needs: RoleNeeds, names: Mapping[str, str]) -> str:
        return mysql_roles.script(needs, names, self.ledger().sql())

    def hides_rows(self, connection: Connection, relation: Relation) -> str:
        """Nothing hides rows of a table."""
        del connection, relation
        return ""

    def explain(self, error: Exception, url: URL) -> Exception:
        return explain(error, url)

    def fault(self, error: DBAPIError) -> str:
        return fault(error)

    def objection(self, error: DBAPIError) -> str:
        return objection(error)
