"""Foreign keys that wait for the end of a transaction: which written rows name others, and whether those are there.

SQLite counts broken references when a transaction commits, so that a rehearsal never hears of them; and it takes away one
from that count for each broken one of old that goes, so that a new one may hide behind it. So the rows that a connection
writes are remembered here, as far as they name others, and asked about before. It reads, and never changes a row.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from mendbook.dialects import ForeignKey, Relation, Stored
from mendbook.dialects.sqlite.relations import listed, lower, relation
from mendbook.dialects.sqlite.rows import SQLiteRows


class Waiting:
    """What a connection has written in its transaction: by table and key, the columns that name others, and the image."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], tuple[str, str]] = {}

    def wrote(self, table: str, key: str | None, columns: str, image: str | None) -> str | None:
        """Remember a row: ``columns`` (JSON) has those that name others; an image of None: it is gone. Gives the key."""
        if image is None:
            self._rows.pop((table, key or ""), None)
        elif columns != "[]":
            self._rows[table, key or image] = columns, image
        return key

    def forget(self) -> None:
        self._rows.clear()

    def check(self, connection: Connection) -> None:
        """IntegrityError where a row names one that is not there."""
        written: dict[str, list[tuple[list[str], dict[str, str | None]]]] = {}
        for (table, _), (columns, image) in self._rows.items():
            written.setdefault(table, []).append((json.loads(columns), json.loads(image)))
        every = listed(connection) if written else {}
        names = {each.identity: each for each in every.values()}
        for table, rows in written.items():
            child = relation(connection, every[lower(table)], every)
            for key in child.foreign_keys:
                target = names.get(key.target)
                parent = None if target is None else relation(connection, target, every)
                if _broken(connection, parent, key, rows):
                    refused = f"FOREIGN KEY constraint failed: {table}.{', '.join(key.columns)}"
                    raise IntegrityError("", None, sqlite3.IntegrityError(refused))


def _broken(
    connection: Connection,
    parent: Relation | None,
    key: ForeignKey,
    rows: Sequence[tuple[list[str], Mapping[str, str | None]]],
) -> bool:
    named = dict.fromkeys(
        tuple(image[name] for name in key.columns) for columns, image in rows if not {*key.columns}.isdisjoint(columns)
    )
    values = [value for value in named if None not in value]  # one NULL, and the row names nobody
    if not values:
        return False
    if parent is None or any(name not in parent.columns for name in key.target_columns):
        return True
    there = SQLiteRows().naming(Stored(parent.name, parent, ()), key.target_columns, values)
    return len({row.n for row in connection.execute(there)}) < len(values)
