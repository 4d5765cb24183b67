"""The ledger's place in MySQL and MariaDB: tables mendbook_ledger, mendbook_change, mendbook_exceptions, mendbook_lock.

Creating tables ends a transaction there, so they are made before a repair begins, in one of their own. Whoever adds to the
ledger holds a row of mendbook_lock meanwhile. Writes to those tables alone, and only what ledger/ledger.py asks for.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from shlex import quote

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from mendbook.dialects.ledger_words import SHAPE
from mendbook.dialects.mysql.errors import number
from mendbook.dialects.plain_ledger import PREFIX, PlainLedger

_NO_SUCH_TABLE, _NO_RIGHT = 1146, 1142
_AS = "ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
_SQL = f"""\
CREATE TABLE IF NOT EXISTS mendbook_lock (
    name varchar(20) NOT NULL PRIMARY KEY
) {_AS};

CREATE TABLE IF NOT EXISTS mendbook_exceptions (
    `table` varchar(191) NOT NULL,
    first_key varchar(255) NOT NULL,
    second_key varchar(255) NOT NULL,
    reason text NOT NULL CHECK (trim(reason) <> ''),
    name varchar(255) NOT NULL CHECK (trim(name) <> ''),
    at varchar(40) NOT NULL,
    PRIMARY KEY (`table`, first_key, second_key)
) {_AS};

CREATE TABLE IF NOT EXISTS mendbook_change (
    plan varchar(191) NOT NULL,
    batch bigint NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    case_key longtext NOT NULL,
    `table` varchar(191) NOT NULL,
    op varchar(10) NOT NULL CHECK (op IN ('insert', 'update', 'delete')),
    `key` longtext,
    `before` longtext,
    `after` longtext,
    salt varchar(64),
    images char(64) NOT NULL,
    digest char(64) NOT NULL,
    PRIMARY KEY (plan, batch, seq),
    CHECK (CASE WHEN salt IS NULL THEN `before` IS NULL AND `after` IS NULL
           ELSE (`before` IS NULL) = (op = 'insert') AND (`after` IS NULL) = (op = 'delete') END)
) {_AS};

CREATE TABLE IF NOT EXISTS mendbook_ledger (
    position bigint NOT NULL PRIMARY KEY CHECK (position > 0),
    act varchar(10) NOT NULL CHECK (act IN ('apply', 'undo', 'purge')),
    plan varchar(191),
    batch bigint,
    at varchar(40) NOT NULL,
    role varchar(400) NOT NULL,
    details longtext NOT NULL,
    `count` bigint NOT NULL CHECK (`count` >= 0),
    changes char(64) NOT NULL,
    previous char(64) NOT NULL UNIQUE,
    hash char(64) NOT NULL UNIQUE,
    CONSTRAINT mendbook_ledger_once UNIQUE (plan, batch),
    CHECK ((plan IS NULL) = (act = 'purge') AND (batch IS NULL) = (act = 'purge'))
) {_AS};

INSERT IGNORE INTO mendbook_lock (name) VALUES ('ledger'), ('repair');
"""
_GRANTS = {
    "create": "Nothing was changed. 'mendbook roles SOURCE' prints SQL that makes it, with an account that may repair: an"
    " administrator runs it once, and repair_url_env in mendbook.toml names the variable with the URL of that account.",
    "add": "GRANT SELECT, INSERT ON mendbook_ledger and mendbook_change, and SELECT, UPDATE ON mendbook_lock TO it, then try"
    " again.",
    "purge": "GRANT SELECT, INSERT ON mendbook_ledger, SELECT, UPDATE ON mendbook_change and mendbook_lock TO it, then try"
    " again.",
    "tell apart": "GRANT SELECT, INSERT, DELETE ON mendbook_exceptions, and SELECT, UPDATE ON mendbook_lock TO it, or use the"
    " owner's role.",
}
_COLUMNS, _KINDS = (
    sa.text(f"""
        SELECT TABLE_NAME AS name, {what} AS told FROM information_schema.{where}
        WHERE TABLE_SCHEMA = :schema AND TABLE_NAME IN :names ORDER BY TABLE_NAME, {order}
    """).bindparams(sa.bindparam("names", [PREFIX + name for name in SHAPE], expanding=True))
    for what, where, order in (("COLUMN_NAME", "COLUMNS", "ORDINAL_POSITION"), ("TABLE_TYPE", "TABLES", "TABLE_TYPE"))
)


class MySQLLedger(PlainLedger):
    """Where the ledger stands, and how it is written."""

    made_within = False

    def sql(self) -> str:
        return _SQL

    def granting(self, doing: str) -> str:
        return _GRANTS[doing]

    def found(self, connection: Connection) -> dict[str, tuple[str, ...] | None]:
        schema = connection.exec_driver_sql("SELECT database()").scalar_one()
        columns: dict[str, tuple[str, ...]] = {}
        for row in connection.execute(_COLUMNS, {"schema": schema}):
            columns[row.name] = (*columns.get(row.name, ()), row.told)
        if not columns:
            return {}
        tables = {row.name for row in connection.execute(_KINDS, {"schema": schema}) if row.told == "BASE TABLE"}
        there = [name for name in self.tables if PREFIX + name in columns]
        return {name: columns[PREFIX + name] if PREFIX + name in tables else None for name in there}

    def create(self, connection: Connection) -> None:
        for statement in _SQL.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement.strip())

    def hold(self, connection: Connection) -> None:
        """Lock the ledger's row. What is read then is read with locks (SERIALIZABLE), so it is what is committed by then."""
        try:
            connection.exec_driver_sql("SELECT name FROM mendbook_lock WHERE name = 'ledger' FOR UPDATE").all()
        except sa.exc.DBAPIError as error:
            if number(error) != _NO_SUCH_TABLE:  # it is about to be made
                raise

    def twice(self, error: IntegrityError) -> bool:
        return "mendbook_ledger_once" in str(error.orig)

    def who_and_when(self, connection: Connection) -> tuple[str, datetime]:
        role, now = connection.exec_driver_sql("SELECT user(), utc_timestamp(6)").one()
        return str(role), now.replace(tzinfo=UTC)

    def by_hand(self, variable: str, plan: str) -> str:
        literal = "'" + plan.replace("\\", "\\\\").replace("'", "''") + "'"
        sql = f"SELECT position, batch, at, role, count, hash FROM {PREFIX}ledger WHERE plan = {literal} ORDER BY position"
        return f"mariadb --host=HOST --user=USER --password DATABASE --execute={quote(sql)}  # as ${variable} names them"


def keep_others_out(connection: Connection) -> bool:
    """Whether this transaction is now the only one that repairs this database; so it is until it ends.

    Before there is a ledger, a lock of the session's does; the connection is closed after the repair.
    """
    try:
        held = connection.exec_driver_sql("SELECT name FROM mendbook_lock WHERE name = 'repair' FOR UPDATE NOWAIT").first()
        if held is not None:
            return True
    except sa.exc.DBAPIError as error:
        if number(error) in (1205, 3572):
            return False
        if number(error) not in (_NO_SUCH_TABLE, _NO_RIGHT):
            raise
    asked = "SELECT get_lock(concat('mendbook ', left(sha2(database(), 256), 40)), 0)"
    return bool(connection.exec_driver_sql(asked).scalar())


def exceptions(connection: Connection, ledger: MySQLLedger, tables: list[str]) -> bool | None:
    """Whether pairs of users of ``tables`` have been told apart; None where that may not be read."""
    if "exceptions" not in ledger.found(connection):
        return False
    kept = ledger.tables["exceptions"]
    with contextlib.suppress(sa.exc.DBAPIError):
        return connection.execute(sa.select(kept.c["table"]).where(kept.c["table"].in_(tables)).limit(1)).first() is not None
    return None
