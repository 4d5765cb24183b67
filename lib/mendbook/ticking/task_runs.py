"""One task's turn: what is due of it is claimed and run, tried again where that may help, and recorded as it ends.

Missed times are recorded, the latest is caught up. Runs whose scheduler is dead are found and buried first. An apply takes
approved plans one by one while its window is open, and is never tried again. Which tasks get a turn, and when, is ticking.py's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from threading import Event
from typing import Any

from mendbook.config import Settings
from mendbook.errors import MendbookError, OutputError
from mendbook.execution.notebook_files import seen_from
from mendbook.files.records import read_record
from mendbook.reviews.scheduled_plans import approved_plans
from mendbook.scheduling import task_locks
from mendbook.scheduling.history import BEAT, SILENT, History
from mendbook.scheduling.history_schema import FAILED, FINISHED, MISSED, STOPPED, TIMED_OUT, Entry, text
from mendbook.scheduling.jobs import MOST_DUE, Task, due, in_window
from mendbook.ticking.task_children import Ending, ending_of, run_child

#: The pause before the second attempt; each further one is twice as long, up to the longest.
PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=10)

NOT_STARTED = "It was not started in time: no scheduler was running, or all were busy."
NOTHING_TO_APPLY = "nothing to apply"


@dataclass(frozen=True)
class Turn:
    """What a turn needs to know. ``now`` tells the time, ``stop`` is set when the scheduler is to end."""

    settings: Settings
    outputs: Path
    history: History
    now: Callable[[], datetime]
    stop: Event
    pause: timedelta = PAUSE


def take_turn(task: Task, turn: Turn, may_run: bool = True) -> list[Entry]:
    """Bury, miss, claim and run what there is of ``task``; the entries that came of it, each as it ended.

    Without ``may_run`` nothing is claimed; a time that comes while its own run goes on is missed, and the dead are buried.
    Raises OutputError, ConnectionFailed and the like where the history cannot be kept.
    """
    history = turn.history
    with task_locks.task_lock(turn.outputs, task.job.name, task.source) as lock:
        told: list[Entry] = []
        for entry in history.going_on(task):
            if lock is None or not is_dead(entry, turn):
                now = turn.now()
                return history.miss(
                    task, due(task, history.since(task, now), now), f"The run of {_when(entry)} was still going on."
                )
            told += bury(entry, turn)
        if lock is None or not may_run:  # somebody is about to claim what is due, or will be
            return told
        now = turn.now()
        times = due(task, history.since(task, now), now)
        if not times:
            return told
        more = {"earlier": "There were more before this one."} if len(times) >= MOST_DUE else None
        told += history.miss(task, times[:-1], NOT_STARTED, more)
        if not in_window(task, now):
            return told + history.miss(task, times[-1:], f"It was outside its window, {task.job.window} {task.zone}.")
        if not history.claim(task, times[-1], now, task_locks.holder(turn.outputs)):
            return told  # another scheduler has it
        [entry] = history.going_on(task)
        return [*told, _Run(task, entry, turn, lock).carry_out()]


def bury_forgotten(turn: Turn, known: set[tuple[str, str]]) -> list[Entry]:
    """Bury dead runs of jobs and sources that are not ``known`` any more: nobody takes a turn for these."""
    told = []
    for entry in turn.history.going_on():
        if (entry.job, entry.source) not in known:
            with task_locks.task_lock(turn.outputs, entry.job, entry.source) as lock:
                if lock is not None and is_dead(entry, turn):
                    told += bury(entry, turn)
    return told


def is_dead(entry: Entry, turn: Turn) -> bool:
    """Whether the scheduler of a started ``entry`` is gone, asked by the one that holds the task's lock on this machine."""
    here = entry.holder == task_locks.holder(turn.outputs)
    return here or turn.history.now() - (entry.seen or entry.started or entry.scheduled) > SILENT


def _when(entry: Entry) -> str:
    started = entry.started or entry.scheduled
    return f"{entry.scheduled:%Y-%m-%d %H:%M} UTC (begun at {started:%H:%M} on {entry.host})"


def bury(entry: Entry, turn: Turn) -> list[Entry]:
    """Record what is known of a run whose scheduler is dead; nothing where another has done so."""
    seen = f"{entry.seen:%Y-%m-%d %H:%M:%S} UTC" if entry.seen else "never"
    why = f"The scheduler on {entry.host} was killed while the run went on; it was last heard of: {seen}."
    ending = Ending(FAILED, 3, entry.folder, why)
    if entry.folder:
        with suppress(OutputError):
            found = ending_of(read_record(Path(entry.folder)))
            if found.state == FINISHED and "plans" not in entry.extra:  # it ended well, and nobody was left to write it down
                ending = found
            else:
                ending = replace(ending, error=f"{why} {found.error or ''}".strip())
    now = turn.now()
    done = turn.history.bury(entry, ending.state, now, ending.exit_code, ending.error)
    return [ended(entry, ending, now)] if done else []


def ended(entry: Entry, ending: Ending, now: datetime, **known: Any) -> Entry:
    """``entry`` as it stands in the history once it has ended."""
    code = ending.exit_code
    return replace(entry, state=ending.state, ended=now, exit_code=code, error=ending.error, folder=ending.folder, **known)


class _Run:
    """A claimed entry while it is carried out."""

    def __init__(self, task: Task, entry: Entry, turn: Turn, lock: int) -> None:
        self.task, self.entry, self.turn, self.lock = task, entry, turn, lock
        self._beaten = time.monotonic()
        self._known: tuple[str | None, int] = (None, 1)
        self._attempt = 1
        self._extra: dict[str, Any] = {}

    def carry_out(self) -> Entry:
        try:
            ending = self._apply() if self.task.job.applies else self._attempts()
        except MendbookError as error:
            ending = Ending(FAILED, error.exit_code, self._known[0], error.message)
            self._end(ending)
            raise
        except BaseException as error:
            self._end(Ending(FAILED, 3, self._known[0], f"The scheduler broke down: {type(error).__name__}."))
            raise
        return self._end(ending)

    def _end(self, ending: Ending) -> Entry:
        now = self.turn.now()
        known = {"attempt": self._attempt, "extra": self._extra}
        history = self.turn.history
        history.end(self.entry, ending.state, now, ending.exit_code, ending.error, folder=ending.folder, **known)
        return ended(self.entry, ending, now, **known)

    def _attempts(self) -> Ending:
        """Run it, and again where it failed, as often as the job allows; each attempt has a folder of its own."""
        pause = self.turn.pause
        while True:
            ending = self._run(self.task.job.parameters)
            again = ending.state in (FAILED, TIMED_OUT) and self._attempt <= self.task.job.retries
            if not again or self._wait(pause):
                return ending
            failed = {"state": ending.state, "folder": ending.folder, "error": ending.error}
            self._extra.setdefault("attempts", []).append(failed)
            self._attempt += 1
            pause = min(pause * 2, LONGEST_PAUSE)

    def _apply(self) -> Ending:
        """Apply the plans that may be, one by one, until one does not end well or the window closes."""
        job, turn = self.task.job, self.turn
        plans = approved_plans(turn.settings, turn.outputs, self.task.source, job.plans, turn.now())
        if not plans:
            self._extra["word"] = NOTHING_TO_APPLY
        done: list[dict[str, Any]] = []
        ending = Ending(FINISHED, 0)
        for position, plan in enumerate(plans):
            if turn.stop.is_set() or not in_window(self.task, turn.now()) or ending.state != FINISHED:
                self._extra["left"] = plans[position:]
                break
            self._extra["plans"] = [*done, {"plan": plan, "state": "started"}]
            self._say()
            ending = self._run({**job.parameters, "plan": plan, "commit": True})
            done.append({"plan": plan, "state": ending.state, "folder": ending.folder})
            self._extra["plans"] = list(done)
        return ending

    def _run(self, parameters: dict[str, Any]) -> Ending:
        job, turn = self.task.job, self.turn
        given = {
            "notebook": seen_from(turn.settings.path.parent, job.notebook),
            "source": self.task.source,
            "parameters": parameters,
            "config": str(turn.settings.path),
            "outputs": str(turn.outputs),
            "timeout": job.timeout,
        }
        if turn.stop.is_set():
            return Ending(STOPPED, 2, None, "The scheduler was ended before it began.")
        return run_child(given, self.lock, turn.stop.is_set, self._going)

    def _going(self, folder: str | None) -> None:
        """Tell the history what is new, and that this scheduler still lives."""
        known = (folder or self._known[0], self._attempt)
        if known != self._known or time.monotonic() - self._beaten > BEAT.total_seconds():
            self._known = known
            self._say()

    def _say(self) -> None:
        self._beaten = time.monotonic()
        folder, attempt = self._known
        with suppress(MendbookError):  # a history that does not answer for a while is no reason to end a run
            self.turn.history.beat(self.entry, folder=folder, attempt=attempt, extra=self._extra)

    def _wait(self, pause: timedelta) -> bool:
        """Pause before the next attempt, with signs of life; True where the scheduler is to end meanwhile."""
        until = time.monotonic() + pause.total_seconds()
        while (left := until - time.monotonic()) > 0:
            if self.turn.stop.wait(min(left, BEAT.total_seconds())):
                return True
            self._say()
        return self.turn.stop.is_set()


def line(entry: Entry) -> str:
    """What became of an entry, in one line."""
    tries = f" after {entry.attempt} attempts" if entry.attempt > 1 else ""
    word = f" ({entry.extra['word']})" if entry.extra.get("word") else ""
    where = f" {entry.folder}" if entry.folder else ""
    why = f" {entry.error}" if entry.error else ""
    return f"{entry.name} of {text(entry.scheduled)[:16]}Z {entry.state}{word}{tries}.{why}{where}"


def lines(entries: Sequence[Entry]) -> list[str]:
    """The same for several; times of one task that were missed in a row, for one reason, are told as one."""
    told = []
    for (name, state, why), group in groupby(entries, lambda each: (each.name, each.state, each.error)):
        first, *more = group
        if state == MISSED and more:
            last = text(more[-1].scheduled)[:16]
            told.append(f"{name} missed {len(more) + 1} times, {text(first.scheduled)[:16]}Z to {last}Z. {why or ''}".rstrip())
        else:
            told += [line(each) for each in (first, *more)]
    return told
