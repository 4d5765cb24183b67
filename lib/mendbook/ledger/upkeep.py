"""What people do to a ledger between repairs: remove images whose time is over, and say which pairs are not one person.

Each is one transaction in the ledger's own tables alone; no table of the application is written. A checkpoint follows what
adds a row to the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from mendbook.database import Database
from mendbook.errors import ConfigError
from mendbook.ledger import checkpoints, ledger
from mendbook.ledger.schema import ensure, missing, rights


def purge(database: Database, outputs: Path, before: datetime) -> dict[str, Any]:
    """Remove the images of all batches older than ``before`` (aware): {source, before, removed, through, position}.

    ``removed`` is how many changes lost theirs, ``through`` the last row of the ledger that they belong to; 0 and None where
    there was nothing to remove, and that is no error. What was purged cannot be undone any more, so a time in the future,
    by the database's clock, is a ConfigError. Raises Refused, ConnectionFailed, OutputError.
    """
    result: dict[str, Any] = {"source": database.source.name, "before": before.astimezone(UTC).isoformat()}
    nothing = {"removed": 0, "through": None, "position": None}
    with database.writing() as connection:
        with connection.begin():
            database.dialect.begin_writing(connection)
            if "ledger" in missing(connection):
                return result | nothing
            now = database.dialect.moment(connection).now
            if before > now:
                raise ConfigError(
                    f"before: {before.isoformat()} lies in the future; the database's clock says {now.isoformat()}.",
                    "It would take the images of everything, and with them every undo. Name a time that has passed.",
                )
            checkpoint = ledger.purge(connection, before)
            if checkpoint is None:
                return result | nothing
            words = database.dialect.ledger()
            ledger_row = words.tables["ledger"].c
            text = sa.select(words.text(ledger_row.details)).where(ledger_row.position == checkpoint.size)
            details = json.loads(connection.execute(text).scalar_one())
        checkpoints.add(checkpoints.file_of(outputs, database.source.name), checkpoint)
    return result | {"removed": details["changes"], "through": details["through"], "position": checkpoint.size}


def tell_apart(database: Database, keys: tuple[str, str], reason: str, name: str) -> dict[str, Any]:
    """Record that two users (by key, as text) are not the same person: {source, table, keys, reason, name, state}.

    ``state`` is "recorded", or "there already" with the reason and name that were given first. Raises ConfigError for keys
    that no user has, Refused where this role may not.
    """
    if not reason.strip() or not name.strip():
        raise ConfigError("Why they are not one person, and who says so, must be told.", 'Add --reason "..." and --as NAME.')
    words = database.dialect.ledger()
    with _telling(database) as connection:
        ensure(connection)
        table, pair = _pair(database, keys)
        named = {"table": table, "first_key": pair[0], "second_key": pair[1]}
        new = words.tell_apart(connection, {**named, "reason": reason, "name": name})
        kept = words.tables["exceptions"].c
        row = connection.execute(sa.select(kept.reason, kept.name).where(*_one(kept, named))).one()
        told = {"reason": row.reason, "name": row.name, "state": "recorded" if new else "there already"}
        return {"source": database.source.name, "table": table, "keys": list(pair), **told}


def forget_apart(database: Database, keys: tuple[str, str]) -> dict[str, Any]:
    """Take such a record away again: {source, table, keys, state}, which is "removed" or "not there"."""
    with _telling(database) as connection:
        table, pair = _pair(database, keys, existing=False)
        gone, kept = 0, database.dialect.ledger().tables["exceptions"]
        if "exceptions" not in missing(connection):
            named = {"table": table, "first_key": pair[0], "second_key": pair[1]}
            gone = connection.execute(sa.delete(kept).where(*_one(kept.c, named))).rowcount
        state = "removed" if gone else "not there"
        return {"source": database.source.name, "table": table, "keys": list(pair), "state": state}


def _pair(database: Database, keys: tuple[str, str], existing: bool = True) -> tuple[str, tuple[str, str]]:
    """The users' table with its schema, and the keys in the order in which they are kept."""
    with database.snapshot() as snapshot:
        users = snapshot.tables.users
        key = snapshot.tables.text.key(users.column(users.mapping.key))
        found = set(snapshot.connection.execute(sa.select(key).where(key.in_(keys))).scalars())
    for each in keys if existing else ():
        if each not in found:
            raise ConfigError(
                f"{users.name} has no row whose {users.mapping.key} is {each!r}.", "'mendbook audit' tells the keys."
            )
    first, second = sorted(keys, key=lambda each: each.encode())
    if first == second:
        raise ConfigError(f"{first!r} is one account.", "Name two accounts that are not the same person.")
    return users.names[1], (first, second)


@contextmanager
def _telling(database: Database) -> Iterator[Connection]:
    """A transaction that says who is one person; Refused where this role may not."""
    what, hint = "say which accounts are not one person", database.dialect.ledger().granting("tell apart")
    with database.writing() as connection, connection.begin(), rights(connection, what, hint):
        database.dialect.begin_writing(connection)
        yield connection


def _one(kept: Any, named: Mapping[str, str]) -> list[ColumnElement[bool]]:
    """Which row of the exceptions is meant."""
    return [kept[name] == value for name, value in named.items()]
