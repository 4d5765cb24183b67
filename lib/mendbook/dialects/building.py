"""What a database is asked for when a constraint is to be built: the statements as text, what takes them back, and why not.

Values and a protocol only. A statement that is made here is printed for a person; nothing in mendbook runs it on a source.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement

from mendbook.dialects.described import Relation

#: The value of a new column: that of new rows and, where it is a constant, of those that are there.
Given = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Built:
    """What builds one thing, in order, and what takes it back, in order.

    again          what goes first where an earlier try may have left something of its own behind
    cannot         why no statement of this database builds it, or a part of it: the statements are for the rest then
    transactional  whether it may be done within one transaction
    notes          what whoever runs it should know
    """

    statements: tuple[str, ...] = ()
    rollback: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    cannot: str = ""
    transactional: bool = False
    notes: tuple[str, ...] = ()

    def then(self, other: Built) -> Built:
        """This, and after it ``other``, which is taken back first."""
        return Built(
            self.statements + other.statements,
            other.rollback + self.rollback,
            self.again + other.again,
            self.cannot or other.cannot,
            self.transactional and other.transactional,
            self.notes + other.notes,
        )


#: Nothing to do, which goes with anything.
NOTHING = Built(transactional=True)


@dataclass(frozen=True, slots=True)
class NewColumn:
    """A column to be added: ``family`` as of ``Column``; ``given`` the constant that every row gets (None: NULL, allowed);
    ``now`` whether new rows get the time at which they are made."""

    name: str
    family: str
    given: Given = None
    now: bool = False


class Building(Protocol):
    """The statements of one database. ``advice`` are sentences on how to run them, whatever they build."""

    advice: tuple[str, ...]

    def unique(self, table: Relation, column: str) -> Built: ...
    def caseless(self, table: Relation, column: str) -> Built: ...
    def foreign_key(self, table: Relation, column: str, target: Relation, key: str, deferrable: bool) -> Built: ...
    def validate(self, table: Relation, key: str) -> Built: ...
    def without_invalid(self, table: Relation, index: str) -> Built: ...
    def add_column(self, table: Relation, column: NewColumn) -> Built: ...

    def told_apart(self, table: Relation, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """What ``caseless`` tells rows apart by."""
        ...

    def covered(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """The rows that ``caseless`` is about."""
        ...

    def too_long(self, key: ColumnElement[Any]) -> ColumnElement[bool] | None:
        """The rows whose ``key`` no index holds; None where every length will do."""
        ...

    def target(self, table: Relation, column: str, caseless: bool) -> str:
        """The index as an insert names it that lets it decide."""
        ...

    def upsert(self, table: Relation, column: str, caseless: bool, columns: Sequence[str], updated: Sequence[str]) -> str:
        """An insert of ``columns`` that a row which is there already turns into an update of ``updated`` (or into nothing)."""
        ...

    def patient(self, statements: Sequence[str]) -> tuple[str, ...]:
        """The same for one session, with how long each may wait for a lock."""
        ...


def fitting(parts: Sequence[str], taken: set[str], most_bytes: int) -> str:
    """A name made of ``parts`` that is not ``taken`` (and is from now on) and no longer than ``most_bytes`` in UTF-8."""
    whole = "_".join(parts)
    number = 0
    while True:
        ending = f"_{number}" if number else ""
        name = whole + ending
        if len(name.encode()) > most_bytes:
            digest = hashlib.sha256(whole.encode()).hexdigest()[:8]
            tail = f"_{digest}_{parts[-1]}{ending}"
            head = whole.encode()[: most_bytes - len(tail.encode())].decode(errors="ignore")
            name = head + tail
        if name not in taken:
            taken.add(name)
            return name
        number += 1
