"""What a ledger needs of a database: where its three tables stand, how they are made and locked, and how rows get into them.

Everything that reads a ledger is written with these tables, ``moment`` and ``text``. What adds to it goes through the
methods, for databases differ in what they can do in one statement. Interfaces and the tables' shape; plain_ledger.py has
what databases without anything better share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, TableClause
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql import quoted_name

from mendbook.dialects.described import Tail
from mendbook.model import Change

#: The ledger's tables and their columns, in order.
SHAPE = {
    "ledger": ("position", "act", "plan", "batch", "at", "role", "details", "count", "changes", "previous", "hash"),
    "change": ("plan", "batch", "seq", "case_key", "table", "op", "key", "before", "after", "salt", "images", "digest"),
    "exceptions": ("table", "first_key", "second_key", "reason", "name", "at"),
}


@cache
def tables(prefix: str = "", schema: str | None = None) -> dict[str, TableClause]:
    """The three tables, as they are called where their names have a ``prefix`` or stand in a ``schema``."""
    return {
        name: sa.table(
            quoted_name(prefix + name, True),
            *(sa.column(quoted_name(column, True)) for column in columns),
            schema=None if schema is None else quoted_name(schema, True),
        )
        for name, columns in SHAPE.items()
    }


class LedgerWords(Protocol):
    """Where the ledger of one kind of database stands, and how it is written.

    tables         the tables by the names of SHAPE, for statements
    place          what its place is called where people read of it
    made_within    whether ``create`` may run inside a transaction that does other things, and is taken back with it;
                   where not, the ledger is made before, in a transaction of its own, even for a rehearsal
    """

    tables: Mapping[str, TableClause]
    place: str
    made_within: bool

    def called(self, table: str) -> str:
        """What a table is called where people read of it, e.g. mendbook.ledger."""

    def sql(self) -> str:
        """What the database's owner runs to give the ledger its place; running it twice does nothing the second time."""

    def granting(self, doing: str) -> str:
        """What to do for a role that may not: "create" the ledger, "add" to it, "purge" it, or "tell apart" accounts."""

    def found(self, connection: Connection) -> dict[str, tuple[str, ...] | None]:
        """The columns of those of the tables that are there, whatever this role's rights; None for what is no table."""

    def create(self, connection: Connection) -> None:
        """Run ``sql``; where that fails, what the transaction did before stays."""

    def hold(self, connection: Connection) -> None:
        """Keep everybody else from adding to the ledger until this transaction ends. Refused where the transaction would not
        see what others have just added."""

    def moment(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """A column ``at`` as the text that hashes are of: 2026-01-31T23:59:59.000000Z."""

    def text(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """A column that holds JSON (details, before, after) as the very text that was stored."""

    def tail(self, connection: Connection) -> Tail:
        """The ledger's end; the caller holds its lock."""

    def add(self, connection: Connection, row: Mapping[str, Any]) -> None:
        """Add a row to ``ledger``; ``at`` and ``details`` are texts. Raises the driver's errors."""

    def twice(self, error: IntegrityError) -> bool:
        """Whether that failed because the ledger has this batch of this plan."""

    def add_changes(
        self, connection: Connection, plan: str, batch: int, changes: Sequence[Change], salts: Sequence[str]
    ) -> str:
        """Add ``changes`` (some, in order, images as text) with their salts; the digest of them all, as ledger_chain has it."""

    def through(self, connection: Connection, before: datetime) -> int:
        """The position of the last row whose time is before ``before`` (aware), with all before it; 0 where there is none."""

    def purge(self, connection: Connection, through: int) -> int:
        """Empty the images and salts of all changes up to that position; how many had any."""

    def tell_apart(self, connection: Connection, pair: Mapping[str, str]) -> bool:
        """Add to ``exceptions``: table, first_key, second_key, reason, name; whether it was not there."""

    def by_hand(self, variable: str, plan: str) -> str:
        """The shell command by which a person reads a plan's batches without mendbook; the environment's ``variable`` holds
        the database's URL."""
