"""Applies a signed plan batch by batch: picks what is approved and not in the ledger yet, retries, gives way, and reports.

What happens inside a batch is repair.py's. After any failure the ledger is read again, and it alone decides what was done:
so a batch is made exactly once, whatever was killed or cut off in between. This module changes no row itself.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, RootTransaction

from mendbook.config import Settings
from mendbook.database import Database
from mendbook.errors import AlreadyApplied, ConnectionFailed, QueryStopped, Refused
from mendbook.ledger import checkpoints
from mendbook.ledger import schema as ledger_schema
from mendbook.ledger.applied import Applied, applied
from mendbook.ledger.checkpoints import Checkpoint
from mendbook.mapping.binding import bind, table_names
from mendbook.model import Case
from mendbook.plans.files import PlanFile
from mendbook.repairs import pressure
from mendbook.repairs.batch_work import CasesFail, Ground, LooksLikeNew, Wanted
from mendbook.repairs.failpoints import reach
from mendbook.repairs.pace import Pace
from mendbook.repairs.recheck import Recheck
from mendbook.repairs.repair import make_batch
from mendbook.repairs.report import report
from mendbook.repairs.state import Approved, Run
from mendbook.repairs.throughput import ahead, quick_turns, seldom_collecting
from mendbook.reviews import review

ATTEMPTS = 5
IDLE_SECONDS = 30.0
LOCK_SECONDS = 5.0
AGAIN_SECONDS = 0.4
#: The first wait before something is tried again; each is twice as long as the one before, up to forty times this.
BACK_OFF_SECONDS = 0.05

Progress = Callable[[str, int, int], None]
Found = TypeVar("Found")


class _Applying:
    """The loop over batches, on one connection that is replaced where it breaks."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        run: Run,
        outputs: Path,
        progress: Progress,
        stopped: Callable[[], bool],
    ) -> None:
        self._database, self._settings, self._run = database, settings, run
        self._outputs, self._progress, self._stopped = outputs, progress, stopped
        self._pace = Pace(settings.apply)
        #: the letters of the last batch's images
        self._letters = 0
        self._total = 0
        self._connected_once = False
        self._look_again = 0.0

    def go(self) -> review.Approvals:
        """Apply all there is to apply. A connection that breaks is opened anew, and the ledger asked how far it came."""
        broken = 0
        while True:
            try:
                return self._connected()
            except (ConnectionFailed, QueryStopped) as error:
                if self._connected_once and self._run.commit:
                    error.hint = "What was committed is in the ledger. Type the same command again, and it goes on from there."
                broken += 1
                if isinstance(error, QueryStopped) or broken > ATTEMPTS or not self._connected_once:
                    raise
                _back_off(broken + 2)

    def _connected(self) -> review.Approvals:
        with self._database.writing() as keeper, self._alone(keeper), self._database.writing() as connection:
            if self._run.commit or not self._database.dialect.ledger().made_within:
                self._in_turn(connection, ledger_schema.ensure)
            ground, approved = self._in_turn(connection, self._look)
            self._check_down(self._run.done.last)
            self._connected_once = True
            self._total = approved.current.counts.get("approved", 0)
            self._batches(connection, ground, approved)
            self._run.done = self._in_turn(connection, self._applied)
            return approved.current

    @contextmanager
    def _alone(self, keeper: Connection) -> Iterator[None]:
        """Nobody else repairs this database as long as this transaction lasts; it does nothing else, and holds nothing up.

        The server may take a moment to notice that one who held it was killed, or that a connection broke: so it asks again.
        """
        dialect = self._database.dialect
        with keeper.begin() as transaction:
            dialect.begin_keeping(keeper, LOCK_SECONDS)
            tries = ATTEMPTS
            while not dialect.keep_others_out(keeper):
                tries -= 1
                if not tries:
                    raise Refused(
                        "Another repair of this database is under way.",
                        "Nothing was changed by this one. Type the same command again when the other has ended.",
                    )
                time.sleep(AGAIN_SECONDS)
            yield
            transaction.rollback()

    def _look(self, connection: Connection) -> tuple[Ground, Approved]:
        """What there is to stand on: the tables, the approvals at the database's time, what the ledger has already."""
        plan, database = self._run.plan, self._database
        dialect, header = database.dialect, plan.header
        server, moment = dialect.server(connection), dialect.moment(connection)
        catalogue = dialect.catalogue(connection, table_names(database.source))
        tables = database.surrounded(connection, bind(database.source, catalogue, dialect.text(server)))
        approved = Approved(plan, self._settings, moment.now)
        self._run.learn(self._applied(connection))
        # what an undo brings back may be damaged together with rows that nobody has written since
        recheck = Recheck(tables, header.snapshot if header.act == "apply" else "", dialect)
        return Ground(plan, tables, dialect, approved.verify, recheck, tally=not self._run.commit), approved

    def _check_down(self, checkpoint: Checkpoint | None) -> None:
        """Put a checkpoint down outside the database, unless it or a later one is there."""
        if checkpoint is None or not self._run.commit:
            return
        file = checkpoints.file_of(self._outputs, self._database.source.name)
        if all(seen.size < checkpoint.size for seen in checkpoints.read(file)[-1:]):
            checkpoints.add(file, checkpoint)

    @contextmanager
    def _transaction(self, connection: Connection) -> Iterator[RootTransaction]:
        limits = self._settings.apply
        with connection.begin() as transaction:
            self._database.dialect.begin_repair(connection, limits.lock_seconds, limits.statement_seconds, IDLE_SECONDS)
            yield transaction

    def _in_turn(self, connection: Connection, work: Callable[[Connection], Found]) -> Found:
        """``work`` in a transaction of its own, tried again as a batch is where others were in its way."""
        attempt = 0
        while True:
            try:
                with self._transaction(connection):
                    return work(connection)
            except sa.exc.DBAPIError as error:
                attempt += 1
                if self._database.dialect.fault(error) != "others" or attempt > ATTEMPTS:
                    raise
                _back_off(attempt)

    def _applied(self, connection: Connection) -> Applied:
        return applied(connection, self._run.plan.id)

    def _batches(self, connection: Connection, ground: Ground, approved: Approved) -> None:
        coming = ahead(self._coming(ground, approved), 1)
        held: list[Case] = []
        while not self._stopped():
            wanted = None
            while not held and (wanted := next(coming, None)):
                held = [case for case in wanted.cases if not self._run.over(case.name)]
            if not held and not self._run.failed:
                return
            self._give_way(connection)
            approved.refresh()
            started = time.monotonic()
            now, held = _first(held, self._pace.size)
            if wanted is None or len(now) < len(wanted.cases):
                wanted = Wanted(ground, now)
            left = self._batch(connection, ground, wanted)
            held = [case for case in left + held if not self._run.over(case.name)]
            # one that was read when batches were smaller says nothing of larger ones
            all_of_it = not left and 2 * len(wanted.changes) > self._pace.size
            self._pace.made(time.monotonic() - started, self._letters, all_of_it)
            done = len(self._run.made) + len(self._run.stale)
            self._progress("applying" if self._run.commit else "rehearsing", done, self._total)

    def _coming(self, ground: Ground, approved: Approved) -> Iterator[Wanted]:
        """The next cases, a batch of them, with what can be known of it before the database is asked."""
        held: list[Case] = []
        changes = 0
        for case in self._waiting(approved):
            changes += len(case.changes)
            if held and changes > self._pace.size:
                yield Wanted(ground, held).worked_out()
                held, changes = [], len(case.changes)
            held.append(case)
        if held:
            yield Wanted(ground, held).worked_out()

    def _waiting(self, approved: Approved) -> Iterator[Case]:
        for case in self._run.plan.cases():
            verdict = approved.current.verdicts[case.name]
            if verdict.state == "approved" and not self._run.over(case.name):
                chosen = review.effective(case, verdict)
                if chosen.changes:  # every part of it may have been declined
                    yield chosen

    def _give_way(self, connection: Connection) -> None:
        """Wait while somebody wants it to, or while the database is busy; that is asked from time to time."""
        if not self._run.commit:
            return
        pauses = (self._run.plan.folder / pressure.PAUSE_FILE, self._outputs / pressure.PAUSE_FILE)
        if time.monotonic() >= self._look_again or any(path.exists() for path in pauses):
            pressure.wait(connection, self._settings.apply, pauses, lambda why: self._progress(why, 0, 0), self._stopped)
            self._look_again = time.monotonic() + pressure.LOOK_SECONDS

    def _batch(self, connection: Connection, ground: Ground, wanted: Wanted) -> list[Case]:
        """Make one batch; the cases that are to be tried again with the next one."""
        look_first, attempt = False, 0
        while True:
            try:
                self._once(connection, wanted, look_first)
                return []
            except LooksLikeNew:
                look_first = True
            except CasesFail as failure:
                self._run.failed.update(failure.reasons)
                wanted = Wanted(ground, [case for case in wanted.cases if case.name not in failure.reasons])
            except AlreadyApplied:
                self._run.learn(self._in_turn(connection, self._applied))
                return wanted.cases
            except sa.exc.DBAPIError as error:
                dialect = self._database.dialect
                fault = dialect.fault(error)
                if fault == "others" and attempt < ATTEMPTS:
                    attempt += 1
                    _back_off(attempt)
                elif fault == "request" and wanted.cases:
                    if len(wanted.cases) > 1:
                        self._pace.failed(len(wanted.changes))
                        return wanted.cases
                    self._run.failed[wanted.cases[0].name] = f"the database refused it: {dialect.objection(error)}"
                    wanted = Wanted(ground, [])
                else:
                    raise

    def _once(self, connection: Connection, wanted: Wanted, look_first: bool) -> None:
        run = self._run
        with self._transaction(connection) as transaction:
            if not run.commit and self._database.dialect.ledger().made_within:
                ledger_schema.ensure(connection)
            made = make_batch(connection, wanted, run.next_batch, run.failed, look_first)
            if run.commit:
                run.under_way = list(made.cases)
            else:
                transaction.rollback()
        if run.commit:
            reach("committed")
        run.note(made)
        self._letters = sum(len(image) for change in made.changes for image in (change.before, change.after) if image)
        if run.commit:
            checkpoints.add(checkpoints.file_of(self._outputs, self._database.source.name), made.checkpoint)
            reach("checkpointed")


def _first(cases: list[Case], size: int) -> tuple[list[Case], list[Case]]:
    """The first cases with up to ``size`` changes together (one at least), and the others."""
    count = 0
    for place, case in enumerate(cases):
        count += len(case.changes)
        if count > size and place:
            return cases[:place], cases[place:]
    return cases, []


def _back_off(attempt: int) -> None:
    time.sleep(BACK_OFF_SECONDS * min(40, 2**attempt) * (0.5 + random.random()))


def apply(
    database: Database,
    settings: Settings,
    plan: PlanFile,
    outputs: Path,
    commit: bool = False,
    progress: Progress | None = None,
    stopped: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Apply the approved cases of ``plan`` that the ledger does not have yet, or rehearse it; the report as JSON values.

    A rehearsal does all of it, batch by batch, and rolls each back. Raises Refused, SignatureError, MappingError,
    ConnectionFailed, QueryStopped, OutputError; what was committed by then is in the ledger, and the same call goes on.
    """
    started = time.monotonic()
    run = Run(plan, commit)
    applying = _Applying(database, settings, run, outputs, progress or (lambda *_: None), stopped or (lambda: False))
    with seldom_collecting(), quick_turns():
        approvals = applying.go()
    return report(run, approvals, time.monotonic() - started)
