"""A cheap look at the run history: which tasks may need a turn. Most ticks end here, so nothing heavy is imported.

It reads by the driver alone, without SQLAlchemy, writes nothing and decides nothing: whoever takes a turn asks the history
itself, and only there is a time claimed. Where it cannot read, it says so, and everything is asked properly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mendbook.config import Settings, value_of
from mendbook.files.records import is_held
from mendbook.scheduling.jobs import Task, next_time
from mendbook.scheduling.task_locks import holder, task_file

#: These stand in history_schema.py and history.py, whose import costs what is saved here; a test holds them together.
FILE, STARTED, SILENT = "history.sqlite", "started", timedelta(minutes=5)

_TASKS = """
SELECT t.job, t.source, t.rule, t.first_seen,
  (SELECT max(r.scheduled) FROM mendbook_runs r WHERE r.job = t.job AND r.source = t.source AND r.scheduled <= {now})
FROM mendbook_tasks t"""
_STARTED = "SELECT job, source, holder, coalesce(seen, started, scheduled) FROM mendbook_runs WHERE state = 'started'"
_NOTE = "SELECT value FROM mendbook_notes WHERE name = {name}"


@dataclass(frozen=True, slots=True)
class Glance:
    """What was seen: tasks that may need a turn, whether a dead run of a task that is no more is to be told of, and a note."""

    waiting: tuple[Task, ...]
    forgotten: bool
    note: str | None

    @property
    def idle(self) -> bool:
        return not self.waiting and not self.forgotten


def glance(settings: Settings, outputs: Path, every: Sequence[Task], now: datetime, note: str) -> Glance | None:
    """Look which of ``every`` task may need a turn at ``now``; None where that cannot be told so."""
    variable = settings.schedule.history_url_env
    try:
        read = _postgresql(value_of(variable, settings.path), now, note) if variable else _sqlite(outputs, now, note)
    except Exception:  # whatever it is, the history itself tells it better
        return None
    if read is None:
        return None
    seen, started, clock, noted = read
    dead = _dead(started, outputs, clock)
    waiting = tuple(
        task for task in every if (task.job.name, task.source) in dead or _may_be_due(task, seen.get(_key(task)), now)
    )
    return Glance(waiting, bool(dead - {(task.job.name, task.source) for task in every}), noted)


_Read = tuple[dict[tuple[str, ...], str], list[tuple[Any, ...]], datetime, str | None]


def _key(task: Task) -> tuple[str, str, str]:
    return task.job.name, task.source, task.rule


def _may_be_due(task: Task, since: str | None, now: datetime) -> bool:
    if since is None:
        return True
    at = next_time(task, datetime.fromisoformat(since))
    return at is not None and at <= now


def _dead(started: Iterable[tuple[Any, ...]], outputs: Path, clock: datetime) -> set[tuple[str, str]]:
    found = set()
    for job, source, whose, seen in started:
        here = whose == holder(outputs) and not is_held(task_file(outputs, job, source))
        if here or clock - datetime.fromisoformat(seen) > SILENT:
            found.add((job, source))
    return found


def _sqlite(outputs: Path, now: datetime, note: str) -> _Read | None:
    import sqlite3

    path = Path(outputs).absolute() / FILE
    if not path.is_file():
        return None
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        return _ask(connection.cursor(), "?", now, note, datetime.now(UTC))


def _postgresql(url: str | None, now: datetime, note: str) -> _Read | None:
    import psycopg2

    plain = re.sub(r"\Apostgres(ql)?(\+\w+)?://", "postgresql://", url or "")
    with closing(psycopg2.connect(plain, connect_timeout=10, application_name="mendbook")) as connection:
        connection.set_session(readonly=True)
        cursor = connection.cursor()
        cursor.execute("SELECT clock_timestamp()")
        [clock] = cursor.fetchone() or (now,)
        return _ask(cursor, "%s", now, note, clock)


def _ask(cursor: Any, mark: str, now: datetime, note: str, clock: datetime) -> _Read:
    cursor.execute(_TASKS.format(now=mark), (now.astimezone(UTC).isoformat(timespec="microseconds"),))
    seen: dict[tuple[str, ...], str] = {
        (job, source, rule): max(first, last or first) for job, source, rule, first, last in cursor.fetchall()
    }
    cursor.execute(_STARTED)
    started = cursor.fetchall()
    cursor.execute(_NOTE.format(name=mark), (note,))
    found = cursor.fetchone()
    return seen, started, clock, found[0] if found else None
