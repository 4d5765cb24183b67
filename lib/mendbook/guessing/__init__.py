"""Guesses what plays the user, the profiles and their columns, from a catalogue and samples of rows. Values in, values out.

Nothing here asks a database or writes a file: the modules of starting/ read, write and lead the way. Each guess
is a line of mendbook.toml with its reason and what else was considered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mendbook.dialects import Relation

#: Asks a person: the question, the answers there are, and the one that is taken where nobody is asked.
Ask = Callable[[str, Sequence[str], str], str]

#: A row as it was sampled: text cut short, whole numbers, booleans; of anything else whether it is there.
SampledRow = Mapping[str, Any]

#: Fewer rows than these tell nothing of a habit.
FEW_ROWS = 5


def unasked(_question: str, _answers: Sequence[str], usual: str) -> str:
    """Nobody is asked: what is usual."""
    return usual


@dataclass(frozen=True, slots=True)
class Line:
    """One line of mendbook.toml: its key and value, why, what else was considered; one that is not ``active`` is a comment."""

    key: str
    value: Any
    reason: str
    considered: tuple[str, ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """A table's block of lines with what is to be told before them; one that is not ``active`` is a comment as a whole."""

    table: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    active: bool = True

    def value(self, key: str) -> Any:
        """The value of an active line; None where there is none."""
        return next((line.value for line in self.lines if line.key == key and line.active), None)


@dataclass(frozen=True)
class Start:
    """Everything that was guessed of one source, for the file and for whoever asks with --json.

    ``warnings`` are told to people at once; ``read`` is how many rows of which table were read, and ``most`` how many of one
    table may have been: of its own, and of those that belong to users.
    """

    source: str
    url_env: str
    lines: tuple[Line, ...]
    users: Block
    profiles: tuple[Block, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    read: Mapping[str, int] = field(default_factory=dict)
    tables: int = 0
    most: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of one table; ``complete`` where they are all that there are."""

    rows: tuple[SampledRow, ...] = ()
    complete: bool = False

    def values(self, column: str) -> list[Any]:
        return [row.get(column) for row in self.rows]


@dataclass(frozen=True)
class Belonging:
    """The rows of one table that belong to sampled users: how many each has. ``known`` is False where that was not asked."""

    rows: tuple[SampledRow, ...]
    counts: Mapping[Any, int]
    known: bool = True


def text_blank(value: Any) -> bool:
    """As the audit has it, for what was sampled: nothing, or nothing but white space."""
    return value is None or (isinstance(value, str) and not value.strip())


def readable(relation: Relation) -> bool:
    """The role may read something of it."""
    return relation.readable and any(column.readable for column in relation.columns.values())


def alone_unique(relation: Relation, column: str) -> bool:
    """A valid unique index, or the primary key, binds this column alone over all rows."""
    if relation.primary_key == (column,):
        return True
    return any(index.columns == (column,) and index.predicate is None and index.valid for index in relation.unique_indexes)


def share(some: int, every: int) -> float:
    return some / every if every else 0.0
