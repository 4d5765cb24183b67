"""How far one run over a plan has come, and whether its approvals still hold. The ledger's word counts, not the run's own.

Values and their bookkeeping; it holds no connection and changes no row.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mendbook.config import Settings
from mendbook.errors import Refused
from mendbook.ledger.applied import Applied
from mendbook.model import Case
from mendbook.plans.files import PlanFile
from mendbook.repairs.repair import Made
from mendbook.reviews import review
from mendbook.reviews.approvals import revoked_file, signers_file

#: Signatures that held are asked about again after this long, or as soon as a file has changed.
TRUSTED_SECONDS = 30.0


@dataclass
class Run:
    """One run over a plan: what is done so far, by this run and by those before.

    done      what the ledger says of the plan; next_batch is the number of the batch to come
    already   how many cases were applied before this run
    difference  how many cases of each kind of damage there would be more or fewer, as a rehearsal finds
    failed    cases that could not be done, to be recorded as stale with the next batch
    under_way the cases of a batch of which it is not known yet whether it was committed
    """

    plan: PlanFile
    commit: bool
    done: Applied = field(default_factory=Applied)
    already: int | None = None
    next_batch: int = 1
    made: set[str] = field(default_factory=set)
    applied: dict[str, int] = field(default_factory=dict)
    difference: Counter[str] = field(default_factory=Counter)
    stale: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    under_way: list[Case] = field(default_factory=list)
    batches: int = 0
    changes: int = 0

    def over(self, case: str) -> bool:
        """Whether nothing more is to be done about the case."""
        return case in self.made or case in self.done.cases or case in self.stale or case in self.done.stale

    def learn(self, done: Applied) -> None:
        """Take the ledger's word; a batch whose end was not heard of is this run's where it is there."""
        self.done, self.next_batch = done, done.next_batch
        self.already = len(done.cases) if self.already is None else self.already
        if any(case.name in done.cases for case in self.under_way):
            self._note(self.under_way, {}, sum(len(case.changes) for case in self.under_way))
        self.under_way = []

    def note(self, made: Made) -> None:
        """A batch was made (and, unless this is a rehearsal, committed)."""
        self._note(made.cases, made.stale, len(made.changes))
        self.difference.update(made.difference)
        self.under_way = []
        self.next_batch += self.commit

    def _note(self, cases: Sequence[Case], stale: Mapping[str, str], changes: int) -> None:
        for case in cases:
            self.made.add(case.name)
            self.applied[case.kind] = self.applied.get(case.kind, 0) + 1
        self.stale.update(stale)
        self.failed = {name: why for name, why in self.failed.items() if name not in stale}
        self.batches += 1
        self.changes += changes


class Approved:
    """The approvals, verified again when time has passed or a file has changed."""

    def __init__(self, plan: PlanFile, settings: Settings, at: datetime) -> None:
        """``at`` is the database's time."""
        self._plan, self._settings = plan, settings
        self._seen, self._at, self._since = self._stamp(), at, time.monotonic()
        self._approvals = review.approvals(plan, settings, at)

    @property
    def current(self) -> review.Approvals:
        return self._approvals

    def refresh(self) -> None:
        """Verify again, between batches, what would soon have to be verified within one."""
        passed = time.monotonic() - self._since
        if passed > TRUSTED_SECONDS / 2:
            self._again(self._at + timedelta(seconds=passed))

    def verify(self, at: datetime) -> Sequence[str]:
        """The statements' digests, where they hold at ``at``. Refused where they are others than at the run's beginning."""
        if at - self._at > timedelta(seconds=TRUSTED_SECONDS) or self._stamp() != self._seen:
            self._again(at)
        return self._approvals.statements

    def _again(self, at: datetime) -> None:
        seen, before = self._stamp(), self._approvals
        self._approvals = review.approvals_again(self._plan, self._settings, at, before)
        self._seen, self._at, self._since = seen, at, time.monotonic()
        if self._approvals.statements != before.statements:
            raise Refused(
                f"The reviews of plan {self._plan.id} changed while it was being applied.",
                "What was applied is in the ledger. Look at the reviews, then type the same command again.",
            )

    def _stamp(self) -> list[tuple[str, int, int, int, int]]:
        """A sign of whether anybody has written a file that the approvals are read from; cheap enough for every batch."""
        lists = [signers_file(self._settings), revoked_file(self._settings)]
        files = [*self._plan.folder.iterdir(), *(path for path in lists if path)]
        told = []
        for path in sorted(files):
            with suppress(OSError):  # one that is gone is missing from the list, and so it shows
                found = path.stat()
                told.append((str(path), found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))
        return told
