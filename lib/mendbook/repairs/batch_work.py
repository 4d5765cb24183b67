"""A batch under way: what all batches of a run stand on, the cases still in it, and what has become of their rows so far.

Values that repair.py and its checks before and after hand to one another. It asks no database and changes no row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

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


@dataclass
class Work:
    """A batch under way."""

    connection: Connection
    ground: Ground
    cases: list[Case]
    stale: dict[str, str] = field(default_factory=dict)
    #: physical places of rows that no key names
    places: dict[Place, str] = field(default_factory=dict)
    #: the rows as they are after their changes: (key, image)
    made: dict[Place, tuple[str | None, str | None]] = field(default_factory=dict)
    _columns: dict[Place, tuple[str, ...]] = field(default_factory=dict)
    _changes: list[tuple[Case, int, Change]] | None = None

    def stored(self, table: str) -> Stored:
        return self.ground.around.tables[table]

    def changes(self) -> list[tuple[Case, int, Change]]:
        """The changes of the cases still in the batch, each with its case and its place there."""
        if self._changes is None:
            self._changes = [(case, place, change) for case in self.cases for place, change in enumerate(case.changes)]
        return self._changes

    def columns(self, case: Case, place: int, change: Change) -> tuple[str, ...]:
        """The columns that an update changes, but for those that the database computes."""
        known = self._columns.get((case.name, place))
        if known is None:
            written = self.stored(change.table).relation.columns
            names = differing(str(change.before), str(change.after))
            known = tuple(name for name in names if name not in written or not written[name].generated)
            self._columns[case.name, place] = known
        return known

    def drop(self, reasons: Mapping[str, str]) -> None:
        self.stale.update(reasons)
        self.cases = [case for case in self.cases if case.name not in reasons]
        self._changes = None


#: Images remembered: those of a batch, before and after, and those of the cases read ahead.
IMAGES = 8_192


def look_at(case: Case) -> None:
    """Read what the case shows of its rows, so that its batch finds it read; for whoever has time before."""
    for change in case.changes:
        if change.op == "update":
            differing(str(change.before), str(change.after))
        else:
            seen(str(change.before if change.after is None else change.after))


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
