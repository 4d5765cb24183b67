"""Which rows somebody may have written since a plan was made, remembered from batch to batch as long as nobody else writes.

To look through a whole table for them costs as much as everything else that a small batch does. A transaction's number
tells whether it had to be: numbers are given out one after the other, so a batch whose number follows the last batch's own
was alone in between. It reads, and never changes a row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from mendbook.dialects import Writers
from mendbook.mapping.tables import ProfileTable, UserTable

Shared = UserTable | ProfileTable

#: More of them than this are cheaper looked through again than asked for one by one.
MOST = 5_000


class Newcomers:
    """The keys of such rows, by table, as far as they are known."""

    def __init__(self, writers: Callable[[Connection], Writers], key: Callable[[Shared], ColumnElement[str]]) -> None:
        """``writers`` asks who writes; ``key`` is a table's key as text."""
        self._writers, self._key = writers, key
        self._keys: dict[str, set[str]] = {}
        #: the number of the last transaction of ours up to which the keys are all there are
        self._last: int | None = None

    def look(
        self, connection: Connection, tables: Sequence[Shared], written: Callable[[Shared], ColumnElement[bool]]
    ) -> dict[str, list[str]] | None:
        """The keys of the rows of each table that somebody has ``written`` since; None where the tables have to be looked
        through, because others write or because there are too many."""
        if not tables:
            return {}
        now = self._writers(connection)
        alone = self._last is not None and now.own - self._last in (0, 1) and now.next <= now.own + 1
        if now.others or not alone:
            self._keys.clear()
        # another one under way may commit later under a number from before: then the chain would not show it
        self._last = None if now.others else now.own
        if now.others:
            return None
        for table in tables:
            if table.name not in self._keys:
                found = sa.select(self._key(table)).select_from(table.sql).where(written(table)).limit(MOST + 1)
                self._keys[table.name] = set(connection.execute(found).scalars())
        if any(len(self._keys[table.name]) > MOST for table in tables):
            return None
        return {table.name: sorted(self._keys[table.name]) for table in tables}

    def wrote(self, table: str, key: str) -> None:
        """A row that this run has written itself: the next batches have to look at it, too."""
        if table in self._keys and len(self._keys[table]) <= MOST:
            self._keys[table].add(key)
