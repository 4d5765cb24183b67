"""A tick: everything that is due now is run, once, whoever else ticks; then people are told what came of it.

`mendbook tick` and `mendbook serve` both end up here. Most ticks find nothing due, and cost next to nothing: they look at the
history through its driver, and import what is heavy only where something waits. It runs no notebook itself (task_runs.py), and
it catches no signals: ``stop`` tells it to end.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

from mendbook.alerts import dead_man
from mendbook.alerts import times as alert_times
from mendbook.config import Settings
from mendbook.scheduling.history_glance import glance
from mendbook.scheduling.jobs import Task, next_time, tasks
from mendbook.scheduling.task_locks import slots

if TYPE_CHECKING:
    from mendbook.scheduling.history import Entry, History
    from mendbook.ticking.task_runs import Turn

Say = Callable[[str], None]


def tick(
    settings: Settings,
    outputs: Path,
    now: datetime | None = None,
    say: Say | None = None,
    stop: Event | None = None,
    warn: Say | None = None,
) -> list[Entry]:
    """Run what is due at ``now`` (aware; this moment where none is given); the entries that came of it, each as it ended.

    ``say`` is told of each in a line as it happens, ``warn`` of people who could not be told. When ``stop`` is set, no run
    is begun any more and those that go on are stopped. Raises MendbookError where the history cannot be kept, after all
    that could be run was run.
    """
    entries = _run_due(settings, outputs, now, say, stop, warn)
    if warn and (silent := dead_man.ping(settings, outputs)):
        warn(silent)
    return entries


def _run_due(
    settings: Settings, outputs: Path, now: datetime | None, say: Say | None, stop: Event | None, warn: Say | None
) -> list[Entry]:
    begun, started = now or datetime.now(UTC), time.monotonic()

    def clock() -> datetime:
        return begun + timedelta(seconds=time.monotonic() - started)

    every = tasks(settings)
    if not every and not settings.alerts.url_envs:
        return []
    seen = glance(settings, outputs, every, begun, alert_times.NOTE)
    if seen and seen.idle and not alert_times.is_due(settings, outputs, seen.note, begun):
        return []
    from mendbook.scheduling.history import History

    with History.open(settings, outputs) as history:
        turns = _Turns(settings, outputs, history, clock, say, stop or Event())
        entries = turns.take(every if seen is None else seen.waiting, every)
        if entries or alert_times.is_due(settings, outputs, history.note(alert_times.NOTE), begun):
            after_tick(settings, outputs, history, entries, clock(), warn)
        if turns.failures:
            raise turns.failures[0]
        return entries


def after_tick(
    settings: Settings, outputs: Path, history: History, entries: Sequence[Entry], now: datetime, warn: Say | None = None
) -> None:
    """What follows the runs: old ones go, the page of all is written anew, and people are told. ``warn`` hears of those who
    could not be, once as long as it is for the same reason."""
    from mendbook.alerts import alerts
    from mendbook.runs import write_index
    from mendbook.scheduling.retention import prune

    if entries:
        history.forget(now - timedelta(days=settings.schedule.keep_days))
        prune(outputs, settings.schedule, now)
        upcoming = [(task.name, at) for task in tasks(settings) if (at := next_time(task, now))]
        write_index(outputs, history.entries(limit=500), upcoming)
    for outcome in alerts.after_tick(settings, outputs, history, now):
        if warn and not outcome.ok and not outcome.known:
            warn(str(outcome))


def next_due(settings: Settings, after: datetime) -> datetime | None:
    """When the next job of all is due after ``after``; None where none ever is."""
    return min((at for task in tasks(settings) if (at := next_time(task, after))), default=None)


class _Turns:
    """Turns taken side by side, at most so many on this machine, whoever ticks."""

    def __init__(
        self,
        settings: Settings,
        outputs: Path,
        history: History,
        clock: Callable[[], datetime],
        say: Say | None,
        stop: Event,
    ) -> None:
        from mendbook.ticking.task_runs import Turn

        self._settings, self._say, self._stop = settings, say, stop
        self._turn: Turn = Turn(settings, outputs, history, clock, stop)
        self._applies: dict[str, Lock] = defaultdict(Lock)
        self._guard = Lock()
        self._entries: list[Entry] = []
        self.failures: list[BaseException] = []

    def take(self, waiting: Iterable[Task], every: Iterable[Task]) -> list[Entry]:
        """Let every one of ``waiting`` have its turn. Where this machine has no slot free, nothing begins: a later tick, or
        those who have the slots, will come to it; what is missed because its own run goes on is recorded all the same."""
        from mendbook.ticking.task_runs import bury_forgotten

        history = self._turn.history
        self._add(bury_forgotten(self._turn, {(task.job.name, task.source) for task in every}))
        queue = deque(waiting)
        if not queue:
            return self._entries
        for task in queue:  # at once: one that has to wait behind others is due from now on all the same
            history.first_seen(task, self._turn.now())
        with ExitStack() as held:
            free = held.enter_context(slots(self._turn.outputs, self._settings.schedule.at_once, len(queue)))
            if not free:
                going = {(entry.job, entry.source) for entry in history.going_on()}
                queue = deque(task for task in queue if (task.job.name, task.source) in going)
            pool = held.enter_context(ThreadPoolExecutor(free or 1, "mendbook-turn"))
            for _ in range(free or 1):
                pool.submit(self._work, queue, free > 0)
        return self._entries

    def _work(self, queue: deque[Task], may_run: bool) -> None:
        while not self._stop.is_set():
            try:
                task = queue.popleft()
            except IndexError:
                return
            try:
                self._add(self._one(task, may_run))
            except BaseException as failure:  # the others have their turn all the same; the tick raises it at its end
                self.failures.append(failure)

    def _one(self, task: Task, may_run: bool) -> list[Entry]:
        from mendbook.ticking.task_runs import take_turn

        if not task.job.applies:
            return take_turn(task, self._turn, may_run)
        with self._applies[task.source]:  # two applies of one source would only keep each other out
            return take_turn(task, self._turn, may_run)

    def _add(self, entries: list[Entry]) -> None:
        from mendbook.ticking.task_runs import lines

        with self._guard:
            self._entries += entries
            for told in lines(entries) if self._say else ():
                assert self._say is not None
                self._say(told)
