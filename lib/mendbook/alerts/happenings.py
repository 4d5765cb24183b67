"""What somebody should be told of: each topic of [alerts] as a value, in numbers and without personal data.

Pure: what to tell of plans and of a ledger; run_happenings.py does it for runs. Who was told what before, and how it is sent,
is not its business. It opens nothing.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from mendbook.display import inert, mask_text
from mendbook.ledger.verification import LedgerState
from mendbook.rates.words import count
from mendbook.settings.schedule import Topic

#: The most urgent first.
URGENCY: tuple[Topic, ...] = (
    "ledger_broken", "incident_after_fix", "new_damage", "run_failed", "run_missed", "plan_expiring", "plan_waiting"
)  # fmt: skip
#: Characters of a reason that are shown.
LONGEST_REASON = 300


class Standing(Protocol):
    """What is read of how a plan stands."""

    @property
    def plan(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def expires(self) -> Any: ...
    @property
    def cases(self) -> int: ...
    @property
    def changes(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def undecided(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing to tell.

    key          what it is about; the same as long as it goes on, whatever becomes of it
    fingerprint  how it is: where this is another, it is told again
    count        its measure: where this has grown, it is told again
    lasts        whether it holds now, and so is over one day; an event is told, and that is all
    reason       the same for those that may be told as one, in many sources
    lines        numbers; no personal data
    folder       where to look, under outputs/
    command      what to type next
    """

    topic: Topic
    key: str
    source: str
    fingerprint: str
    title: str
    lines: tuple[str, ...] = ()
    folder: str = ""
    command: str = ""
    reason: str = ""
    count: int = 0
    lasts: bool = True


@dataclass
class Situation:
    """All that holds now. ``endings`` says of a key that holds no longer what became of it; of ``unknown`` nothing is known."""

    happenings: list[Happening] = field(default_factory=list)
    endings: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def add(self, other: Situation) -> None:
        self.happenings += other.happenings
        self.endings |= other.endings
        self.unknown |= other.unknown


def at(moment: datetime) -> str:
    """A moment as alerts show it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def under(folder: Path) -> str:
    """A run's folder as a path under outputs/."""
    return f"runs/{folder.name}"


def instant(value: Any) -> datetime:
    """A moment, or the ISO text of one, as an aware moment; UTC where no zone is told."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def of_plans(standings: Iterable[Standing], now: datetime, expiring: timedelta) -> Situation:
    """Plans that wait for review, and those that expire within ``expiring`` without having been applied."""
    situation = Situation()
    for plan in standings:
        waits, ends = f"plan_waiting/{plan.plan}", f"plan_expiring/{plan.plan}"
        if plan.expires is None:  # it cannot be read; the index tells of it
            situation.unknown |= {waits, ends}
            continue
        expires = instant(plan.expires)
        became = f"plan {plan.plan} of {plan.source} " + (
            f"expired on {at(expires)}" if plan.state == "expired" or expires <= now else f"is {plan.state}"
        )
        situation.endings |= {waits: became, ends: became}
        if plan.state not in ("waiting", "approved") or expires <= now:
            continue
        numbers = f"{count(plan.cases, 'case')}, {count(plan.changes, 'change')}"
        folder, show = f"plans/{plan.plan}", f"mendbook show {shlex.quote(plan.plan)}"
        if plan.state == "waiting":
            lines = (f"{numbers}; {plan.undecided:,} without a decision that counts", f"it expires on {at(expires)}")
            title = f"{plan.source}: plan {plan.plan} waits for review"
            situation.happenings.append(Happening("plan_waiting", waits, plan.source, plan.plan, title, lines, folder, show))
        if expires - now <= expiring:
            waiting = plan.state == "waiting"
            lines = (numbers, "it waits for review" if waiting else "it is approved, and not applied")
            title = f"{plan.source}: plan {plan.plan} expires on {at(expires)}"
            command = show if waiting else f"mendbook apply {shlex.quote(plan.plan)}"
            situation.happenings.append(
                Happening("plan_expiring", ends, plan.source, plan.state, title, lines, folder, command)
            )
    return situation


def of_ledger(source: str, state: LedgerState) -> Situation:
    """Whether the ledger in the database of ``source`` verifies."""
    key = f"ledger_broken/{source}"
    bad = state.first_bad
    if bad is None:
        return Situation(endings={key: f"{source}: the ledger verifies, all {state.batches:,} rows of it"})
    where = {"row": bad.position, "plan": bad.plan, "batch": bad.batch, "change": bad.seq}
    named = ", ".join(f"{name} {inert(value)}" for name, value in where.items() if value is not None)
    why = inert(mask_text(bad.why), LONGEST_REASON)
    lines = (
        f"{named or 'as a whole'}: {why}",
        f"{state.batches:,} rows, held against {count(state.checkpoints, 'checkpoint')}",
    )
    command = f"mendbook ledger verify {source}"
    title = f"{source}: the ledger does not verify"
    return Situation([Happening("ledger_broken", key, source, f"{named} {why}", title, lines, "", command)])
