"""A batch under way: what all batches of a run stand on, what its cases want done, and what has become of their rows so far.

Values that repair.py and its checks before and after hand to one another. It asks no database and changes no row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache

from sqlalchemy import Connection

from mendbook.damage.changes import values
from mendbook.dialects import Dialect, Stored
from mendbook.mapping.surroundings import Surroundings
from mendbook.mapping.tables import Tables
from mendbook.model import Case, Change
from mendbook.plans.files import PlanFile
from mendbook.repairs.recheck import Recheck

#: One change of one case: the case's name, and the change's place in it.
Place = tuple[str, int]


class CasesFail(Exception):
    """Some cases of the batch cannot be done, each with its reason; the transaction is to be rolled back."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = dict(reasons)


class LooksLikeNew(Exception):
    """Damage was found that may have been there before: the batch is to be made again, looking before it changes anything."""


@dataclass(frozen=True)
class Ground:
    """What all batches of one run stand on.

    verify      raises where the approvals do not hold at the given time (the database's); returns the statements' digests
    recheck     the finders over touched rows
    tally       whether all damage of the touched rows is to be counted before and after, as a rehearsal does
    marks       signs under which the schema was found to be the plan's: it is looked at again only under another
    """

    plan: PlanFile
    tables: Tables
    dialect: Dialect
    verify: Callable[[datetime], Sequence[str]]
    recheck: Recheck
    tally: bool = False
    marks: set[str] = field(default_factory=set)

    @property
    def mends(self) -> bool:
        """Whether damage is to go; with an undo it is meant to come back."""
        return self.plan.header.act == "apply"

    @property
    def around(self) -> Surroundings:
        return self.tables.surroundings


#: Within a phase, what goes goes first and what comes comes last.
OPERATIONS = ("delete", "update", "insert")


@dataclass(frozen=True, slots=True)
class Alike:
    """Changes that one statement makes: of one phase and one operation, in the same columns of the same table.

    columns  those that an update changes, but for those that the database computes
    drawn    what the database draws of each row
    rows     each with its place, and whether a trigger's own idea of the row was waived
    """

    op: str
    table: str
    columns: tuple[str, ...]
    drawn: Mapping[str, str]
    rows: list[tuple[Place, Change, bool]]

    @property
    def keys(self) -> list[str | None]:
        return [change.key for _, change, _ in self.rows]

    @property
    def afters(self) -> list[str]:
        return [str(change.after) for _, change, _ in self.rows]


@dataclass(slots=True)
class ToLock:
    """What a batch relies on in one table.

    seen     the rows that it has an image of, by their keys: (case, image) each
    there    the rows that are to be there, by their keys, with the cases that rely on it
    absent   the rows that are not to be there yet, by their keys, with the case
    unnamed  the rows that nothing but their image names
    """

    seen: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    there: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    absent: dict[str, str] = field(default_factory=dict)
    unnamed: list[tuple[Place, str]] = field(default_factory=list)


class Wanted:
    """What the cases of a batch want done, by the plan alone: worked out, for most batches, while the one before is made."""

    def __init__(self, ground: Ground, cases: Sequence[Case]) -> None:
        self.ground, self.cases = ground, list(cases)

    def worked_out(self) -> Wanted:
        """Itself, with all that is known of it before its batch begins."""
        _ = self.alike, self.to_lock, self.touched, self.recorded
        return self

    @cached_property
    def changes(self) -> list[tuple[Case, int, Change]]:
        """The changes, each with its case and its place there."""
        return [(case, place, change) for case in self.cases for place, change in enumerate(case.changes)]

    @cached_property
    def alike(self) -> list[Alike]:
        """The changes in the order in which they are made."""
        sets: dict[tuple[int, int, str, tuple[str, ...], tuple[tuple[str, str], ...]], list[tuple[Place, Change, bool]]] = {}
        lenient = {case.name for case in self.cases if any(blocker.name == "trigger" for blocker in case.blockers)}
        around = self.ground.around.tables
        computed = {table: around[table].computed for table in {change.table for _, _, change in self.changes} & {*around}}
        for case, place, change in self.changes:
            columns = differing(str(change.before), str(change.after)) if change.op == "update" else ()
            if columns and computed.get(change.table):
                columns = tuple([name for name in columns if name not in computed[change.table]])
            drawn = tuple(sorted(change.drawn.items())) if change.drawn else ()
            order = (change.phase, OPERATIONS.index(change.op), change.table, columns, drawn)
            sets.setdefault(order, []).append(((case.name, place), change, case.name in lenient))
        return [
            Alike(OPERATIONS[op], table, columns, dict(drawn), rows)
            for (_, op, table, columns, drawn), rows in sorted(sets.items(), key=lambda each: each[0])
        ]

    @cached_property
    def to_lock(self) -> dict[str, ToLock]:
        """What has to be as the reviewer saw it, table by table in the order in which they are locked."""
        tables: dict[str, ToLock] = defaultdict(ToLock)
        for each in self.alike:
            table = tables[each.table]
            for place, change, _ in each.rows:
                if change.op == "insert":
                    if change.key is not None:
                        table.absent[change.key] = place[0]
                elif change.key is None:
                    table.unnamed.append((place, str(change.before)))
                else:
                    table.seen[change.key].append((place[0], str(change.before)))
        for case in self.cases:
            for row in case.kept:
                if row.image is None:
                    tables[row.table].there[row.key].append(case.name)
                else:
                    tables[row.table].seen[row.key].append((case.name, row.image))
        return dict(sorted(tables.items()))

    @cached_property
    def touched(self) -> tuple[set[str | None], dict[str, set[str | None]]]:
        """The mapped rows that the cases have to do with, as they are and as they are to be: the users, and rows by table."""
        tables = self.ground.tables
        of_user = {table.name: table.mapping.user for table in tables.profiles}
        users: set[str | None] = set()
        rows: dict[str, set[str | None]] = {name: set() for name in of_user}
        for each in self.alike:
            if each.table == tables.users.name:
                users.update(each.keys)
            elif (column := of_user.get(each.table)) is not None:
                rows[each.table].update(each.keys)
                if each.op != "insert":
                    users.update([value(change.before, column) for _, change, _ in each.rows])
                if each.op == "insert" or column in each.columns:
                    users.update([value(change.after, column) for _, change, _ in each.rows])
        for row in [row for case in self.cases for row in case.kept]:
            if row.table == tables.users.name:
                users.add(row.key)
            elif row.table in of_user:
                rows[row.table].add(row.key)
                users.add(value(row.image, of_user[row.table]))
        return users, rows

    @cached_property
    def recorded(self) -> tuple[list[tuple[Place, Change]], list[list[object]]]:
        """The changes as the ledger has them, case by case in the order of their phases, and where those of each case stand."""
        changes: list[tuple[Place, Change]] = []
        listed: list[list[object]] = []
        for case in self.cases:
            first = len(changes) + 1
            places = range(len(case.changes))
            for place in sorted(places, key=lambda each: case.changes[each].phase) if len(places) > 1 else places:
                changes.append(((case.name, place), case.changes[place]))
            listed.append([case.name, case.kind, case.profile, case.case_key, first, len(changes)])
        return changes, listed


@dataclass
class Work:
    """A batch under way."""

    connection: Connection
    wanted: Wanted
    stale: dict[str, str] = field(default_factory=dict)
    #: physical places of rows that no key names
    places: dict[Place, str] = field(default_factory=dict)
    #: the rows that are not just what was asked for: the key now, and the change as it was made
    made: dict[Place, tuple[str | None, Change]] = field(default_factory=dict)
    #: whether the changes have been made
    changed: bool = False

    @property
    def ground(self) -> Ground:
        return self.wanted.ground

    @property
    def cases(self) -> list[Case]:
        """The cases still in the batch."""
        return self.wanted.cases

    def stored(self, table: str) -> Stored:
        return self.ground.around.tables[table]

    def as_made(self, place: Place, change: Change) -> tuple[str | None, str | None]:
        """The row as it is after its change: (key, image); nothing before."""
        if not self.changed:
            return None, None
        key, made = self.made.get(place, (change.key, change))
        return key, made.after if made.after is None else str(made.after)

    def drop(self, reasons: Mapping[str, str]) -> None:
        if reasons:
            self.stale.update(reasons)
            self.wanted = Wanted(self.ground, [case for case in self.cases if case.name not in reasons])


#: Images remembered: those of a batch, before and after, and those of the next one.
IMAGES = 16_384


def value(image: object, column: str) -> str | None:
    """What a row has in a column, as its image shows it; None where there is no row."""
    return seen(image).get(column) if isinstance(image, str) else None


@lru_cache(maxsize=IMAGES)
def seen(image: str) -> Mapping[str, str | None]:
    """The row that an image shows, to be read and not changed: a batch looks at each several times."""
    return values(image)


@lru_cache(maxsize=IMAGES)
def differing(one: str, other: str) -> tuple[str, ...]:
    """The columns in which two images are not alike."""
    left, right = seen(one), seen(other)
    if left.keys() == right.keys():
        return tuple([name for name, value in left.items() if right[name] != value])
    names = sorted({*left, *right})
    return tuple([name for name in names if left.get(name) != right.get(name) or (name in left) != (name in right)])
