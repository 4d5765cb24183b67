"""`mendbook serve`: the schedule for good, in one process that wakes when something is due.

APScheduler only keeps the time, asked of scheduling/jobs.py, so that cron means the same as in `mendbook tick`. What is run,
missed or caught up is decided by the run history in each task's turn. It reads mendbook.toml once. Asked to end, it begins
nothing more, gives the runs that go on a while, then stops them; a second time, it stops them at once.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from mendbook.alerts import dead_man
from mendbook.alerts import times as alert_times
from mendbook.config import Settings
from mendbook.errors import ConfigError, MendbookError
from mendbook.scheduling.history import Entry, History
from mendbook.scheduling.jobs import Task, next_time, tasks
from mendbook.scheduling.serve_health import BEAT, alone, write_health
from mendbook.scheduling.task_locks import slots
from mendbook.ticking.task_runs import Turn, bury_forgotten, lines, take_turn
from mendbook.ticking.ticking import after_tick

#: After how long a turn is taken again that broke off: the history did not answer, or a tick has all of this machine's slots.
AGAIN = timedelta(minutes=1)
#: How often is looked for dead runs of jobs that are no more: nobody takes a turn for these.
LOOK_AFTER = timedelta(minutes=5)
#: The dead man's address is asked for as often as by ticks.
PING_AFTER = timedelta(minutes=1)
_GLANCE = 0.2  # seconds between two looks at whether it is asked to end

Say = Callable[[str], None]


def serve(settings: Settings, outputs: Path, grace: float, say: Say) -> None:
    """Run the schedule until SIGTERM or SIGINT; then give what runs ``grace`` seconds. Call it from the main thread.

    Raises ConfigError where nothing is scheduled, Refused where another serves these outputs, OutputError or ConnectionFailed
    where the run history cannot be kept.
    """
    if not settings.schedule.jobs:
        raise ConfigError(f"{settings.path} schedules nothing.", "Add a [schedule.jobs.NAME]; docs/schedule.md shows one.")
    with alone(outputs), History.open(settings, outputs) as history:
        serving = Serving(settings, outputs, history, say)
        with _signals(serving):
            serving.run(grace)


class Serving:
    """One process that serves the schedule, until ``end`` is called."""

    def __init__(self, settings: Settings, outputs: Path, history: History, say: Say) -> None:
        self.tasks = tasks(settings)
        self._asked, self._stop = 0, threading.Event()
        self._turn = Turn(settings, outputs, history, lambda: datetime.now(UTC), self._stop)
        self._say = say
        self._outputs = outputs
        self._started = datetime.now(UTC)
        self._running: dict[str, datetime] = {}
        self._entries: list[Entry] = []
        self._looked: datetime | None = None
        self._pinged: datetime | None = None
        self._applies: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()
        self._scheduler = _scheduler(settings.schedule.at_once)

    def end(self) -> None:
        """Begin nothing more, let what runs end; called again, stop it. A signal's handler may call it: it takes no lock."""
        self._asked += 1

    def run(self, grace: float) -> None:
        """Serve until ``end`` is called, then for up to ``grace`` seconds more."""
        now = self._turn.now()
        for task in self.tasks:
            # noted at once: a task that waits its turn behind others is due from now on all the same
            self._turn.history.first_seen(task, now)
            self._scheduler.add_job(self._fire, Cron(task), (task,), id=task.name, next_run_time=now)
        self._scheduler.add_job(self.beat, "interval", seconds=BEAT, id="beat", executor="beat", next_run_time=now)
        self._scheduler.add_job(self._after, "interval", seconds=BEAT, id="after", executor="after")
        self._scheduler.add_listener(self._overlap, EVENT_JOB_MAX_INSTANCES)
        self._scheduler.start()
        self._say(f"Serving {len(self.tasks)} tasks, {self._turn.settings.schedule.at_once} at once, until asked to end.")
        try:
            while not self._asked:
                time.sleep(_GLANCE)
            self._end(grace)
        finally:
            self._asked += 1
            self._stop.set()
            self._scheduler.shutdown(wait=True)
            self._after()
            self.beat("ended")

    def _end(self, grace: float) -> None:
        self._scheduler.pause()
        self.beat("ending")
        if self._running:
            self._say(f"Asked to end: {', '.join(self._running)} may go on for {grace:g} s.")
        until = time.monotonic() + grace
        while self._running and time.monotonic() < until and self._asked == 1:
            time.sleep(_GLANCE)

    def _fire(self, task: Task) -> None:
        """A task's turn, in a thread of its own."""
        most = self._turn.settings.schedule.at_once
        # two applies of one source would only keep each other out
        with self._applies[task.source] if task.job.applies else nullcontext(), slots(self._outputs, most, 1) as free:
            if self._asked:
                return
            if not free:
                self._take(task, may_run=False)
                self._again(task)
                return
            with self._lock:
                self._running[task.name] = datetime.now(UTC)
            try:
                self._take(task)
            finally:
                with self._lock:
                    del self._running[task.name]

    def _take(self, task: Task, may_run: bool = True) -> None:
        try:
            self._tell(take_turn(task, self._turn, may_run))
        except Exception as error:  # whatever broke, the others are still due
            self._complain(task.name, error)
            self._again(task)

    def _tell(self, entries: list[Entry]) -> None:
        for told in lines(entries):
            self._say(told)
        with self._lock:
            self._entries += entries

    def _complain(self, what: str, error: Exception) -> None:
        self._say(f"{what}: {error if isinstance(error, MendbookError) else f'Unexpected {type(error).__name__}: {error}'}")

    def _again(self, task: Task) -> None:
        if not self._asked:
            at = datetime.now(UTC) + AGAIN
            self._scheduler.add_job(self._fire, "date", (task,), run_date=at, id=f"{task.name} again", replace_existing=True)

    def _overlap(self, event: Any) -> None:
        """A task is due whose last turn is not over: it is missed where its run goes on, and recorded so at once."""
        for task in self.tasks:
            if task.name == event.job_id:
                threading.Thread(target=self._take, args=(task, False)).start()

    def _after(self) -> None:
        """What follows runs, for all that ended since the last time, and now and then where none did."""
        now, turn = datetime.now(UTC), self._turn
        self._ping(now)
        try:
            if self._looked is None or now - self._looked >= LOOK_AFTER:
                self._looked = now
                self._tell(bury_forgotten(turn, {(task.job.name, task.source) for task in self.tasks}))
            with self._lock:
                entries, self._entries = self._entries, []
            if entries or alert_times.is_due(turn.settings, turn.outputs, turn.history.note(alert_times.NOTE), now):
                after_tick(turn.settings, turn.outputs, turn.history, entries, now, self._say)
        except Exception as error:
            self._complain("after the runs", error)

    def _ping(self, now: datetime) -> None:
        if self._pinged is None or now - self._pinged >= PING_AFTER:
            self._pinged = now
            if silent := dead_man.ping(self._turn.settings, self._outputs):
                self._say(silent)

    def beat(self, state: str = "") -> None:
        """Write the health file."""
        now = datetime.now(UTC)
        with self._lock:
            running = [{"task": name, "since": since.isoformat()} for name, since in self._running.items()]
        following = sorted((at, task.name) for task in self.tasks if (at := next_time(task, now)))
        try:
            write_health(
                self._outputs,
                {
                    "pid": os.getpid(),
                    "host": socket.gethostname(),
                    "started": self._started.isoformat(timespec="seconds"),
                    "beat": now.isoformat(),
                    "state": state or ("ending" if self._asked else "serving"),
                    "running": running,
                    "next": {"task": following[0][1], "at": following[0][0].isoformat()} if following else None,
                },
            )
        except MendbookError as error:
            self._say(str(error))


class Cron(BaseTrigger):  # type: ignore[misc]
    """When a task is due, as scheduling/jobs.py tells it."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """One firing for all that was passed over: the history knows what they were."""
        return next_time(self.task, max(previous or now, now))


def _scheduler(at_once: int) -> Any:
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    return BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(at_once), "beat": ThreadPoolExecutor(1), "after": ThreadPoolExecutor(1)},
        # late is not too late, and never twice side by side
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
    )


@contextmanager
def _signals(serving: Serving) -> Iterator[None]:
    """SIGTERM and SIGINT ask ``serving`` to end, while the block lasts."""
    wanted = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: serving.end()) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
