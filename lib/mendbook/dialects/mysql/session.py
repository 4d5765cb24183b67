"""How a session of MySQL or MariaDB reads one moment, or repairs: its pins, its limits, and how it is stopped.

Settings are the session's own: neither system has any that end with a transaction, and mendbook closes every connection that
it has opened. Reads and writes no row.
"""

from __future__ import annotations

import contextlib
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.dialects.mysql.types import string
from mendbook.errors import Refused

#: What text forms, comparisons and arithmetic depend on, pinned so that every session reads alike. Dates are stored as loosely
#: as they stand: rows of old systems have to come back as they were. Text that does not fit is an error, never cut.
MODES = (
    "STRICT_ALL_TABLES",
    "ALLOW_INVALID_DATES",
    "NO_AUTO_VALUE_ON_ZERO",
    "NO_UNSIGNED_SUBTRACTION",
    "NO_ENGINE_SUBSTITUTION",
)
PINS: dict[str, str | int] = {
    "time_zone": "+00:00",
    "sql_mode": ",".join(MODES),
    "group_concat_max_len": 16_777_216,
    "max_sort_length": 8192,
    "foreign_key_checks": 1,
    "unique_checks": 1,
    "sql_big_selects": 1,
    "sql_select_limit": 2**64 - 1,
    "sql_safe_updates": 0,
    "sql_auto_is_null": 0,
    "wait_timeout": 28_800,
    # a million groups of numbers are counted in memory, in a tenth of the time that a file takes
    "tmp_table_size": 134_217_728,
    "max_heap_table_size": 134_217_728,
    "sort_buffer_size": 16_777_216,
}
PINS_OF_MARIADB: dict[str, str | int] = {
    "max_recursive_iterations": 2**32 - 1,
    "default_regex_flags": "",
    "check_constraint_checks": 1,
    # what is counted once would otherwise be counted again for every row that it is joined with
    "optimizer_switch": "split_materialized=off",
}
PINS_OF_MYSQL: dict[str, str | int] = {"cte_max_recursion_depth": 2**32 - 1}


def mariadb(connection: Connection) -> bool:
    return bool(connection.dialect.is_mariadb)  # type: ignore[attr-defined]


def pin(connection: Connection, more: dict[str, str | int]) -> None:
    """Pin the session's settings, and ``more``; text is sent and compared as it stands."""
    own = PINS_OF_MARIADB if mariadb(connection) else PINS_OF_MYSQL
    exact = connection.dialect.exact  # type: ignore[attr-defined]
    every = {**PINS, **own, **more}
    values = ", ".join(f"{name} = {value if isinstance(value, int) else string(value)}" for name, value in every.items())
    connection.exec_driver_sql(f"SET NAMES utf8mb4 COLLATE {exact}")
    connection.exec_driver_sql(f"SET {values}")


def patience(connection: Connection, seconds: float) -> dict[str, str | int]:
    """The setting that stops a statement after so long (0: never). MySQL's stops those that read, and no others."""
    if mariadb(connection):
        return {"max_statement_time": max(round(seconds), 1) if seconds else 0}
    return {"max_execution_time": round(seconds * 1000)}


def begin_snapshot(connection: Connection, seconds: float) -> None:
    """Make the transaction that has just begun one that sees a single moment and writes nothing."""
    pin(connection, patience(connection, seconds))
    connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")


def begin_writing(connection: Connection, level: str, lock_seconds: float, statement_seconds: float) -> None:
    """Make the transaction that has just begun a writing one that waits for nobody for long; Refused on a replica."""
    if read_only(connection):
        raise Refused("This server is read only: nothing can be written there.", "Name the primary, which it follows.")
    # whole seconds are all that can be waited for a lock; 0 would not wait at all
    waits = {"innodb_lock_wait_timeout": max(round(lock_seconds), 1)} if lock_seconds else {}
    pin(connection, {**patience(connection, statement_seconds), **waits})
    connection.exec_driver_sql(f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")
    connection.exec_driver_sql("START TRANSACTION READ WRITE")


def read_only(connection: Connection) -> bool:
    """Whether the server takes no writes from this role, as a replica of somebody who knows what they do."""
    return bool(connection.exec_driver_sql("SELECT @@global.read_only").scalar())


def replicates(connection: Connection) -> tuple[bool, float | None]:
    """Whether the server follows another one, and by how many seconds it lags where that is known and told."""
    for asked in ("SHOW REPLICA STATUS", "SHOW SLAVE STATUS"):
        with contextlib.suppress(sa.exc.DBAPIError):  # an error there ends no transaction
            row = connection.exec_driver_sql(asked).mappings().first()
            if row is None:
                return False, None
            lag = row.get("Seconds_Behind_Source", row.get("Seconds_Behind_Master"))
            return True, None if lag is None else float(lag)
    return read_only(connection), None


def cancel(connection: Connection) -> None:
    """Stop the statement that another thread waits for on ``connection``; nothing happens where there is none."""
    driver: Any = connection.connection.dbapi_connection
    with contextlib.suppress(sa.exc.SQLAlchemyError), connection.engine.connect() as other:
        other.exec_driver_sql(f"KILL QUERY {int(driver.thread_id())}")
