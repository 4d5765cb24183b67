"""The rows that a merge holds in its hands, and what each would be once the merge is made.

Values only. Who is merged with whom is decided in merging.py, what follows from it in moving.py and collisions.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mendbook.damage.changes import Values, values
from mendbook.damage.reasons import row_name
from mendbook.mapping.surroundings import Reference
from mendbook.model import Blocker, Found, Image

#: No row is named through more rows than this; a circle of keys is.
_DEEPEST = 32


@dataclass(eq=False, slots=True)
class Held:
    """A row as it is (``row``), and what becomes of it.

    named    what the case calls it: its key, or its image where it has none
    moves    for each column that names a row which goes or changes its key: that row, and the column there
    fills    for each blank column that is filled: the row whose value it takes
    refers   by which references it names which of the case's rows
    follows  the rows that hold now, in a unique index, what it will hold: they go or change first
    place    the row that stays in its place, where it goes
    removed  it goes, and none stays in its place
    why      why it goes
    checked  the changes that it was last looked at with, for collisions
    settled  its changes, once nothing of the case moves any more
    """

    table: str
    key: str | None
    named: str
    image: Image
    row: Values
    survivor: bool = False
    loser: bool = False
    moves: dict[str, tuple[Held, str]] = field(default_factory=dict)
    fills: dict[str, Held] = field(default_factory=dict)
    refers: list[tuple[Reference, Held]] = field(default_factory=list)
    follows: list[Held] = field(default_factory=list)
    place: Held | None = None
    removed: bool = False
    why: str = ""
    checked: Values | None = None
    settled: Values | None = None

    @property
    def gone(self) -> bool:
        return self.removed or self.place is not None

    @property
    def name(self) -> str:
        return row_name(self.table, self.key)

    def stays(self) -> Held:
        """The row that stays in this one's place in the end: itself, unless it goes."""
        row = self
        while row.place is not None:
            row = row.place
        return row

    def value(self, column: str, depth: int = 0) -> str | None:
        """What the column holds after the merge."""
        if column in self.moves and depth < _DEEPEST:
            target, name = self.moves[column]
            return target.stays().value(name, depth + 1)
        if column in self.fills:
            source = self.fills[column]
            moved = source.moves.get(column)
            if moved is not None and moved[0].stays() is self:
                return self.row[column]  # it would name itself
            return source.value(column, depth + 1) if depth < _DEEPEST else self.row[column]
        return self.row[column]

    def changes(self) -> Values:
        """The columns that the merge changes, and what they hold then; none where the row goes."""
        if self.settled is not None:
            return self.settled
        if self.removed or self.place is not None or not (self.moves or self.fills):
            return {}
        new = {column: self.value(column) for column in (*self.moves, *self.fills)}
        return {column: value for column, value in new.items() if value != self.row[column]}

    def renamed(self, columns: tuple[str, ...]) -> bool:
        """Whoever names it by ``columns`` must name it otherwise afterwards, or the same values on another row."""
        if self.place is None and not any(column in self.moves for column in columns):
            return False
        stays = self.stays()
        return any(stays.value(column) != self.row[column] or column in stays.fills for column in columns)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one table of which one survives. ``rule`` tells why that one, ``profile`` whose rows they are."""

    table: str
    survivor: Held
    losers: tuple[Held, ...]
    rule: tuple[str, ...]
    profile: str | None


@dataclass(eq=False)
class Merging:
    """A case in the making.

    problem  why no case can be made of it; empty while one can
    asked    (row, reference) pairs whose referring rows are held already
    rights   rows that grant rights which the survivor lacks, and what would change in them if they moved
    copies   rows that are moved by way of a copy, and the copy of each
    images   what changed rows will be, as the database writes it
    """

    found: Found
    rows: dict[tuple[str, str], Held] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    problem: str = ""
    blockers: list[Blocker] = field(default_factory=list)
    because: list[str] = field(default_factory=list)
    leaves: list[str] = field(default_factory=list)
    owns: list[str] = field(default_factory=list)
    asked: set[tuple[int, Reference]] = field(default_factory=set)
    rights: dict[Held, Values] = field(default_factory=dict)
    copies: dict[Held, Held] = field(default_factory=dict)
    images: dict[Held, Image] = field(default_factory=dict)

    def leave(self, why: str) -> None:
        """No case is made of it; the first reason is told."""
        self.problem = self.problem or why

    def hold(self, table: str, key: str | None, image: Image, copy: int = 0) -> Held:
        """The row, the same one each time it is met; ``copy`` counts rows without a key that look alike."""
        named = key if key is not None else f"{copy} {image}"
        held = self.rows.get((table, named))
        if held is None:
            held = self.rows[table, named] = Held(table, key, named, image, values(image))
        return held

    def merge(self, table: str, survivor: Held, losers: list[Held], rule: list[str], profile: str | None) -> Group:
        """Let ``survivor`` stay in the place of ``losers``."""
        survivor.survivor = True
        for loser in losers:
            loser.loser, loser.place = True, survivor
        self.groups.append(group := Group(table, survivor, tuple(losers), tuple(rule), profile))
        return group

    def settle(self) -> None:
        """Nothing moves any more: work every row's changes out once."""
        for held in self.rows.values():
            held.settled = None
        for held in self.rows.values():
            held.settled = held.changes()

    def changed(self) -> Iterator[Held]:
        """The rows that are updated."""
        return (held for held in self.rows.values() if held.changes())
