"""What is due when: a job's cron expression in its own zone, the clock changes included, as instants in UTC.

Values only. The time is always told by the caller; nothing here reads a clock, a file or the history.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim

from mendbook.config import Settings
from mendbook.settings.schedule import EVERY, Job

#: How many scheduled times are told at once: a job of every minute whose machine was off for a year has half a million.
MOST_DUE = 100

#: How far back one looks for them, step by step, until there are enough.
_HORIZONS = (timedelta(days=1), timedelta(days=7), timedelta(days=31), timedelta(days=366), None)
#: cronsim counts local times where a job has fixed hours, and so forgets which of two equal ones it was given: it is started
#: before any clock change that could lie behind it, and what it tells too early is dropped.
_BEFORE_A_CHANGE = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Task:
    """One job over one source. ``zone`` is the job's own, else the schedule's."""

    job: Job
    source: str
    zone: str

    @property
    def name(self) -> str:
        return f"{self.job.name}/{self.source}"

    @property
    def rule(self) -> str:
        """When it runs, as text: another rule is another schedule, and has no past."""
        return f"{' '.join(self.job.cron.split())} {self.zone}"


def tasks(settings: Settings) -> list[Task]:
    """Every job over each of its sources, in the order of mendbook.toml."""
    found = []
    for job in settings.schedule.jobs.values():
        every = list(settings.sources) if EVERY in job.sources else list(dict.fromkeys(job.sources))
        found += [Task(job, source, job.zone or settings.schedule.zone) for source in every]
    return found


def due(task: Task, since: datetime, now: datetime) -> list[datetime]:
    """The scheduled times after ``since`` and up to ``now``, oldest first, in UTC; the newest MOST_DUE where there are more.

    As Debian's cron does: a time of day that the clock skips is due once, right after the change; one that it repeats is due
    once, the first time; jobs of every hour or of every few minutes follow the real time.
    """
    found: list[datetime] = []
    for horizon in _HORIZONS:
        start = since if horizon is None else max(since, now - horizon)
        found = list(takewhile(lambda at: at <= now, _after(task, start)))
        if start == since or len(found) >= MOST_DUE:
            break
    return found[-MOST_DUE:]


def next_time(task: Task, after: datetime) -> datetime | None:
    """The first scheduled time after ``after``, in UTC; None where there is none any more."""
    return next(_after(task, after), None)


def _after(task: Task, since: datetime) -> Iterator[datetime]:
    last = since
    for at in CronSim(task.job.cron, (since - _BEFORE_A_CHANGE).astimezone(ZoneInfo(task.zone))):
        instant = at.astimezone(UTC)
        if instant > last:
            yield instant
            last = instant


def in_window(task: Task, now: datetime) -> bool:
    """Whether the task may begin at ``now``: always, where it has no window. The first minute is in it, the last is not."""
    if task.job.window is None:
        return True
    first, last = (time.fromisoformat(text) for text in task.job.window.split("-"))
    at = now.astimezone(ZoneInfo(task.zone)).time()
    return first <= at < last if first < last else at >= first or at < last
