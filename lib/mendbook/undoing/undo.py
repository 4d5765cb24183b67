"""Makes a plan that takes back what another one did: the images of the ledger exchanged, case by case.

It is reviewed, signed and applied like any other plan. Rows that have changed since are conflicts: they are told, and left
alone. Sequences stay where they are, and what went out into the world stays out; each case says so. It reads; nothing here
changes a database.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from mendbook.audits.audit import Progress
from mendbook.config import Settings
from mendbook.database import Database, Snapshot
from mendbook.errors import ConfigError, MendbookError, Refused, known
from mendbook.ledger import checkpoints
from mendbook.ledger.ledger import verify
from mendbook.ledger.schema import missing
from mendbook.model import Case, Left
from mendbook.plans.conflicts import Claims
from mendbook.plans.files import PlanFile, case_line, read
from mendbook.plans.making import Contents, Sign, check_exact, header, publish_signed, spooling
from mendbook.plans.places import locate
from mendbook.plans.plan import Made
from mendbook.plans.proposing import answered
from mendbook.undoing.applied_cases import AppliedCase, applied_cases, names, undone
from mendbook.undoing.taking_back import Original, take_back


def make(
    database: Database,
    settings: Settings,
    outputs: Path,
    plan: str,
    author: str,
    sign: Sign,
    cases: Sequence[str] = (),
    progress: Progress | None = None,
) -> Made:
    """Plan to take back ``cases`` (by name or case_key; all that are in force where none are named) of the plan of that id.

    An undo can be undone in the same way. Raises ConfigError where the plan, or a case of it, was never applied, Refused
    where the ledger does not fit, ConnectionFailed, QueryStopped, OutputError, and what ``sign`` raises; then no plan stays.
    """
    tell = progress or (lambda *_: None)
    with spooling(outputs) as folder:
        with database.snapshot() as bare:
            moment = bare.dialect.moment(bare.connection)
            check_exact(bare)
            snapshot = database.with_surroundings(bare)
            _check_ledger(snapshot.connection, outputs, database.source.name)
            draft = _Draft(folder / "cases", snapshot, plan, _Parent.of(plan, outputs))
            draft.fill(_chosen(snapshot.connection, plan, cases), _parents(outputs), tell)
            first = header(snapshot, settings, database.source.name, author, draft.contents, {}, moment, "undo", plan)
        made = publish_signed(outputs, first, draft.path, sign)
    return Made(made, draft.contents.blocked, (), ())


def _check_ledger(connection: Connection, outputs: Path, source: str) -> None:
    """What an edited ledger says was there before must not get into the tables."""
    if {"ledger", "change"} & set(missing(connection)):
        raise ConfigError(f"{source} has no ledger: nothing was ever applied there.", "'mendbook apply PLAN' applies a plan.")
    state = verify(connection, checkpoints.read(checkpoints.file_of(outputs, source)))
    if state.first_bad is not None:
        raise Refused(
            f"The ledger of {source} does not fit: {state.first_bad.why}.",
            f"Nothing is taken back from it. 'mendbook ledger verify {source}' names the row.",
        )


def _chosen(connection: Connection, plan: str, cases: Sequence[str]) -> set[str]:
    """The names of the applied cases that are meant; ConfigError where one was not applied, or several fit."""
    fitting: dict[str, list[str]] = {each: [] for each in cases}
    every: set[str] = set()
    for name, case_key in names(connection, plan):
        if not cases:
            every.add(name)
        for each in {name, case_key} & fitting.keys():
            fitting[each].append(name)
    if not cases and not every:
        raise ConfigError(f"The ledger has no applied case of plan {plan}.", f"'mendbook show {plan}' tells how far it is.")
    for each, found in fitting.items():
        if not found:
            raise ConfigError(
                f"Plan {plan} has no applied case {each!r}.", f"'mendbook show {plan}' lists its cases, and which were applied."
            )
        if len(found) > 1:
            raise ConfigError(f"Several applied cases of plan {plan} are about {each!r}.", known(each, found, "case"))
    return every | {found[0] for found in fitting.values()}


def _parents(outputs: Path) -> Callable[[str], str | None]:
    """What a plan undoes, as its own file says; None where that is gone."""

    def parent_of(plan: str) -> str | None:
        file = _file_of(plan, outputs)
        return None if file is None else file.header.parent

    return parent_of


def _file_of(plan: str, outputs: Path) -> PlanFile | None:
    try:
        return read(locate(plan, outputs))
    except MendbookError:
        return None


class _Parent:
    """The plan that is taken back, as far as its file is still there: the phases, the risk and the claims of its cases.

    The ledger holds its cases in the plan's order, so the file is read once, along with it.
    """

    def __init__(self, cases: Iterator[Case]) -> None:
        self._cases = cases

    @classmethod
    def of(cls, plan: str, outputs: Path) -> _Parent:
        file = _file_of(plan, outputs)
        return cls(iter(()) if file is None else file.cases())

    def case(self, name: str) -> Case | None:
        return next((case for case in self._cases if case.name == name), None)


@dataclass
class _Draft:
    """The undo plan while it is being made: its cases spooled to ``path``, and only their claims kept."""

    path: Path
    snapshot: Snapshot
    plan: str
    parent: _Parent
    contents: Contents = field(default_factory=Contents)

    def fill(self, chosen: set[str], parent_of: Callable[[str], str | None], tell: Progress) -> None:
        connection, tables = self.snapshot.connection, self.snapshot.tables
        back = undone(connection, self.plan, parent_of)
        around = tables.surroundings
        claims = Claims({name: stored.key for name, stored in around.tables.items()})
        seen = taken = 0
        with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for batch in applied_cases(connection, self.plan, lambda name: name in chosen):
                originals = []
                for case in batch:
                    if case.name in back:
                        self.contents.leave(_left(case, f"taken back already, by plan {back[case.name]}"))
                    else:
                        originals.append(Original(case, self.plan, self.parent.case(case.name)))
                for answer in answered(connection, take_back(tables, originals)):
                    if isinstance(answer, Left):
                        self.contents.leave(answer)
                    elif (conflict := claims.conflict(answer)) is not None:
                        self.contents.leave(_left(answer, f"waits for the next plan: another case {conflict.why}"))
                    else:
                        claims.take(answer, taken)
                        taken += 1
                        self.contents.add(answer)
                        file.write(case_line(answer))
                seen += len(batch)
                tell(f"case {seen} of {len(chosen)}", seen, len(chosen))
        tell("", len(chosen), len(chosen))


def _left(case: AppliedCase | Case, why: str) -> Left:
    return Left(case.kind, case.profile, case.case_key, why)
