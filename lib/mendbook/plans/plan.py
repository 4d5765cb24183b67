"""Makes a plan: every finding of one snapshot with its repair, in cases that do not disturb one another.

Cases are streamed into a file as they are proposed, so that memory stays flat however many there are. Cases without a
blocker come first and take their rows; blocked ones join where they touch nothing that those touch. What has no place waits
for the next plan, and the header tells why. It reads; nothing here changes a database.
"""

from __future__ import annotations

import csv
import io
import os
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from mendbook.audits.audit import LeftOut, Progress, check_keys, left_out, with_logs
from mendbook.config import Settings
from mendbook.damage import chosen
from mendbook.database import Database, Snapshot
from mendbook.digests import canonical
from mendbook.display import csv_safe
from mendbook.errors import ConfigError, known
from mendbook.model import Case, Damage, Left, LogsRead, Repair
from mendbook.plans.conflicts import Claims
from mendbook.plans.files import PlanFile, case_line, case_of
from mendbook.plans.making import Contents, Sign, check_exact, header, publish_signed, spooling
from mendbook.plans.proposing import proposals

#: Who comes first where several cases would touch the same row: what makes others needless before what they would mend.
ORDER = (
    "duplicate_user",
    "wrong_profile",
    "duplicate_profile",
    "orphan_profile",
    "ghost_user",
    "missing_profile",
    "blank_profile",
    "duplicate_code",
    "missing_code",
    "null_flag",
)
OUTREACH_FILE = "outreach.csv"
CONTACT = ("user_key", "username", "email")

Chosen = list[tuple[Damage, Repair]]


@dataclass(frozen=True)
class Made:
    """A published plan, and what is worth knowing beside it: ``blocked`` counts its cases that have a blocker."""

    plan: PlanFile
    blocked: int
    left_out: tuple[LeftOut, ...]
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """What was made, as JSON values; paths are absolute."""
        header, outreach = self.plan.header, self.plan.folder / OUTREACH_FILE
        return {
            "plan": self.plan.id,
            "digest": self.plan.digest,
            "path": str(self.plan.path),
            "cases": sum(header.cases.values()),
            "changes": sum(sum(counts.values()) for counts in header.changes.values()),
            "by_kind": dict(header.cases),
            "blocked": self.blocked,
            "deferred": header.deferred,
            "left": [dict(each) for each in header.left],
            "left_out": [asdict(each) for each in self.left_out],
            "warnings": list(self.warnings),
            "expires": header.expires,
            "outreach": str(outreach) if outreach.exists() else None,
        }


def make(
    database: Database,
    settings: Settings,
    outputs: Path,
    author: str,
    sign: Sign,
    repairs: Mapping[str, str] | None = None,
    kinds: Sequence[str] | None = None,
    progress: Progress | None = None,
    logs: Callable[[], LogsRead] | None = None,
) -> Made:
    """Plan the repair of every finding of ``kinds`` (all where none are named) under ``outputs``, signed by ``author``.

    ``repairs`` names the repair of a kind where it is not to be its default. Raises ConfigError for unknown kinds and
    repairs, Refused where rows are hidden or cannot be told exactly, MappingError, ConnectionFailed, QueryStopped,
    OutputError, and what ``sign`` raises; then no plan stays behind.
    """
    return make_for(database, settings, outputs, author, sign, choose(kinds, repairs or {}), progress, logs)


def make_for(
    database: Database,
    settings: Settings,
    outputs: Path,
    author: str,
    sign: Sign,
    looked_for: Chosen,
    progress: Progress | None = None,
    logs: Callable[[], LogsRead] | None = None,
) -> Made:
    """The same for kinds that are given with their repairs, in the order in which they take their rows."""
    tell, read = progress or (lambda *_: None), LogsRead()
    if logs is not None and any("logs" in kind.needs for kind, _ in looked_for):
        tell("reading the logs", 0, len(looked_for))
        read = logs()
    with spooling(outputs) as folder:
        with database.snapshot() as bare:
            moment = bare.dialect.moment(bare.connection)
            check_exact(bare)
            snapshot = with_logs(database.with_surroundings(bare), read)
            check_keys(snapshot)
            with Draft(folder, snapshot) as draft:
                draft.propose(looked_for, tell)
            named = {kind.name: repair.name for kind, repair in looked_for}
            first = header(snapshot, settings, database.source.name, author, draft.contents, named, moment)
            missing = left_out(snapshot.tables, [kind for kind, _ in looked_for])
        plan = publish_signed(outputs, first, draft.path, sign, draft.beside)
    return Made(plan, draft.contents.blocked, tuple(missing), read.warnings)


def choose(kinds: Sequence[str] | None, repairs: Mapping[str, str]) -> Chosen:
    """The kinds to plan for with the repair of each, in the order in which they take their rows."""
    named = {kind: _repair(kind, name) for kind, name in repairs.items()}
    looked_for = [kind for kind in chosen(list(kinds or ())) if kinds or kind.repairs]
    for kind in looked_for:
        if not kind.repairs:
            raise _no_repair(kind)
    beside = [kind for kind in named if kind not in {each.name for each in looked_for}]
    if beside:
        raise ConfigError(
            f"A repair is named for {beside[0]}, but --kind leaves that kind out.",
            f"Add --kind {beside[0]}, or leave out --repair {beside[0]}={repairs[beside[0]]}.",
        )
    places = {name: place for place, name in enumerate(ORDER)}
    looked_for.sort(key=lambda kind: (places.get(kind.name, len(ORDER)), kind.name))
    return [(kind, named.get(kind.name, kind.repairs[0])) for kind in looked_for]


def _repair(kind_name: str, name: str) -> Repair:
    (kind,) = chosen([kind_name])
    if not kind.repairs:
        raise _no_repair(kind)
    found = [repair for repair in kind.repairs if repair.name == name]
    if not found:
        names = [repair.name for repair in kind.repairs]
        raise ConfigError(f"{kind.name} has no repair called {name!r}.", known(name, names, "repair"))
    return found[0]


def _no_repair(kind: Damage) -> ConfigError:
    return ConfigError(
        f"{kind.name} has no repair that a plan could hold.",
        f"'mendbook audit SOURCE --kind {kind.name}' tells what is wrong; what has to change is not in the rows.",
    )


class Draft:
    """The cases of a plan while it is being made: spooled to files, and only their claims kept in memory."""

    def __init__(self, folder: Path, snapshot: Snapshot) -> None:
        self.path, self._aside = folder / "cases", folder / "blocked"
        self.contents = Contents()
        self.beside: list[Path] = []
        self._snapshot = snapshot
        around = snapshot.tables.surroundings
        self._claims = Claims({name: stored.key for name, stored in around.tables.items()})
        self._starts, self._size = array("Q"), 0
        self._kinds: list[tuple[str, bool]] = []
        self._labels: dict[tuple[str, bool], tuple[str, bool]] = {}
        self._outreach, self._asked = folder / OUTREACH_FILE, set[str]()
        self._opened = ExitStack()

    def __enter__(self) -> Draft:
        self._cases = self._opened.enter_context(_private(self.path))
        self._blocked = self._opened.enter_context(_private(self._aside))
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()

    def propose(self, looked_for: Chosen, progress: Progress) -> None:
        """Ask every repair in turn; the blocked cases come last."""
        for number, (kind, repair) in enumerate(looked_for):
            progress(kind.name, number, len(looked_for))
            for answer in proposals(self._snapshot, kind, repair, self._contact):
                if isinstance(answer, Left):
                    self.contents.leave(answer)
                elif answer.blockers:
                    self._blocked.write(case_line(answer))
                else:
                    self._admit(answer)
        self._blocked.seek(0)
        for line in self._blocked:
            self._admit(case_of(canonical.read(line)))
        self._cases.flush()
        progress("", len(looked_for), len(looked_for))

    def _contact(self, row: Any) -> None:
        """Another line of the list of people to ask, each once, as a spreadsheet opens it without running anything in it."""
        if row.user_key in self._asked:
            return
        self._asked.add(row.user_key)
        if not self.beside:
            self.beside.append(self._outreach)
            file = io.TextIOWrapper(_private(self._outreach), encoding="utf-8", newline="", errors="backslashreplace")
            self._writer = csv.writer(self._opened.enter_context(file))
            self._writer.writerow(CONTACT)
        self._writer.writerow([csv_safe(getattr(row, name)) for name in CONTACT])

    def _admit(self, case: Case) -> None:
        """Into the plan with it, where it disturbs no case that is there already."""
        conflict = self._claims.conflict(case)
        if conflict is not None:
            earlier, blocked = self._kinds[conflict.case]
            what = f"a {'blocked ' * blocked}case of {earlier} {conflict.why}"
            left = Left(case.kind, case.profile, case.case_key, f"waits for the next plan: {what}")
            self.contents.leave(left, lambda: self._name(conflict.case))
            return
        line = case_line(case)
        self._claims.take(case, len(self._kinds))
        label = (case.kind, bool(case.blockers))
        self._kinds.append(self._labels.setdefault(label, label))
        self._starts.append(self._size)
        self._size += self._cases.write(line)
        self.contents.add(case)

    def _name(self, number: int) -> str:
        """What the case of that number is called, read back from where it stands."""
        self._cases.seek(self._starts[number])
        name = case_of(canonical.read(self._cases.readline())).name
        self._cases.seek(0, os.SEEK_END)
        return name


def _private(path: Path) -> BinaryIO:
    """A new file of its owner's alone: cases hold people's data."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
