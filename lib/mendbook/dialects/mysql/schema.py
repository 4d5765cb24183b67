"""Which database of MySQL or MariaDB this is, and what its tables are like, as values that a plan is bound to.

Reads the catalogue and the server's own settings, and no row of any table.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.dialects.described import Moment, Pressure, Relation, Server, Standing
from mendbook.dialects.mysql.catalogue import REFERRING
from mendbook.dialects.mysql.relations import Named, identity_of, names_of, read
from mendbook.dialects.mysql.session import mariadb, read_only, replicates
from mendbook.digests import canonical

#: What depends on who asks, or on the rows alone.
_NOT_OF_SCHEMA = ("identity", "rows_estimate", "readable", "writable")


def identity(connection: Connection) -> dict[str, str]:
    """Which database this is: {"system", "database"}; see docs/databases.md for what that proves.

    MySQL's servers have a number of their own. Those of MariaDB have none: the machine, the folder of the data, the port and
    the number by which replicas know one another stand for it.
    """
    if mariadb(connection):
        asked = "SELECT concat_ws('|', @@hostname, @@datadir, @@port, @@server_id), database()"
        named, database = connection.exec_driver_sql(asked).one()
        return {"system": sha256(str(named).encode()).hexdigest()[:32], "database": str(database)}
    system, database = connection.exec_driver_sql("SELECT @@server_uuid, database()").one()
    return {"system": str(system), "database": str(database)}


def moment(connection: Connection) -> Moment:
    """What the session is and what time it is there, by the server's own clock."""
    now, checks = connection.exec_driver_sql("SELECT utc_timestamp(6), @@foreign_key_checks AND @@unique_checks").one()
    return Moment(now.replace(tzinfo=UTC), read_only(connection), "origin" if checks else "unchecked", "")


def standing(connection: Connection, tables: Sequence[int]) -> Standing:
    """All that a batch asks of the session and the database it is in."""
    digests = schema_digests(connection, {str(number): number for number in tables})
    return Standing(moment(connection), identity(connection), canonical.digest(canonical.line(digests)))


def schema_digests(connection: Connection, tables: Mapping[str, int]) -> dict[str, str]:
    """The digest of what each table (by the name that plans give it: its identity) is like; a missing one has "missing"."""
    named = names_of(connection, tables.values())
    relations = read(connection, sorted(named.values()), {}, whole=True)
    referring: dict[Named, list[list[str]]] = {}
    for row in connection.execute(REFERRING):
        referring.setdefault((row.target_schema, row.target), []).append([row.schema, row.name])
    found = {identity_of(*table): _digest(relation, sorted(referring.get(table, ()))) for table, relation in relations.items()}
    return {name: found.get(number, "missing") for name, number in sorted(tables.items())}


def _digest(relation: Relation, referring: Sequence[Sequence[str]]) -> str:
    told = {name: value for name, value in asdict(relation).items() if name not in _NOT_OF_SCHEMA}
    for column in told["columns"].values():
        del column["readable"]
    return canonical.digest(repr((sorted(told.items()), list(told["columns"]), referring)).encode())


def server(connection: Connection) -> Server:
    """The server at the other end."""
    row = connection.exec_driver_sql("SELECT database(), version(), current_user()").one()
    name = "MariaDB" if mariadb(connection) else "MySQL"
    follows, lag = replicates(connection)
    version = str(row[1]).partition("-")[0]
    return Server(row[0], name, version, row[2], follows, lag, _almighty(connection), "utf8mb4")


def _almighty(connection: Connection) -> bool:
    """Whether the role may do anything at all there."""
    with contextlib.suppress(sa.exc.DBAPIError):
        granted = " ".join(connection.exec_driver_sql("SHOW GRANTS").scalars()).upper()
        return "ALL PRIVILEGES ON *.*" in granted or "SUPER" in granted
    return False


def pressure(connection: Connection) -> Pressure:
    """How busy the server is, as far as this role sees the sessions of others."""
    waiting = active = 0
    for state, command in connection.exec_driver_sql(
        "SELECT STATE, COMMAND FROM information_schema.PROCESSLIST WHERE ID <> connection_id()"
    ):
        active += command in ("Query", "Execute")
        waiting += "lock" in (state or "").lower()
    return Pressure(waiting, active, None)
