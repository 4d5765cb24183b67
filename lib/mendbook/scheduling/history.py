"""The run history: what became of every scheduled time, kept so that each is run once, whoever asks and how often.

A SQLite file in outputs/, or a PostgreSQL that several machines share. Two unique keys carry it all, and need no lock that
could be lost: (job, source, scheduled) lets one scheduler alone have a time, and one run at most of a task is "started".
Whether such a run still lives is told by its scheduler's heartbeat, by the clock of the history itself, and not by an advisory
lock of its connection: that would end with the connection, which a network or a pooler may drop while the run goes on.
On one machine a file lock tells at once (task_locks.py). It starts no run, and it forgets none but by ``forget``.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import postgresql, sqlite

from mendbook.config import Settings, value_of
from mendbook.dialects import dialect_of
from mendbook.errors import ConfigError, OutputError
from mendbook.scheduling.history_schema import (
    FAILED,
    METADATA,
    MISSED,
    NOTES,
    REFUSED,
    RUNS,
    STARTED,
    STATES,
    TASKS,
    Entry,
    entry_of,
    row_of,
    text,
)
from mendbook.scheduling.jobs import Task

__all__ = ["FAILED", "FILE", "MISSED", "REFUSED", "SILENT", "STARTED", "STATES", "Entry", "History"]

FILE = "history.sqlite"
#: A scheduler that was not heard of for so long is taken for dead; it gives a sign every BEAT.
SILENT, BEAT = timedelta(minutes=5), timedelta(seconds=30)

_SCHEMA_LOCK = 0x6D656E64_68697374  # "mendhist"
_PATIENCE = 30  # seconds for a locked SQLite file


class History:
    """The run history, open. Use it as a context manager; threads may share it."""

    def __init__(self, engine: Engine, explain: Callable[[Exception], Exception], clock: Callable[[], datetime] | None) -> None:
        self._engine, self._explain, self._clock = engine, explain, clock
        self._insert: Any = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    @classmethod
    def open(cls, settings: Settings, outputs: Path, clock: Callable[[], datetime] | None = None) -> History:
        """The history of ``settings``, its tables made where they are missing. ``clock`` stands in for the history's own.

        Raises ConfigError or ConnectionFailed for a PostgreSQL that is named wrongly or cannot be reached, else OutputError.
        """
        variable = settings.schedule.history_url_env
        history = cls(*(_postgresql(settings, variable) if variable else _sqlite(outputs)), clock)
        try:
            history._make_tables()
        except BaseException:
            history.close()
            raise
        return history

    def __enter__(self) -> History:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._engine.dispose()

    def now(self) -> datetime:
        """The time by the history's clock: the one that all who share it can be held against."""
        if self._clock:
            return self._clock()
        if self._engine.dialect.name != "postgresql":
            return datetime.now(UTC)
        with self._begin() as connection:
            return connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()  # type: ignore[no-any-return]

    # -- when ----------------------------------------------------------------------------------------------------------

    def first_seen(self, task: Task, now: datetime) -> datetime:
        """When ``task`` was first seen with the rule that it has; ``now`` where that is this very moment."""
        key = {"job": task.job.name, "source": task.source, "rule": task.rule}
        with self._begin() as connection:
            connection.execute(self._insert(TASKS).values(**key, first_seen=text(now)).on_conflict_do_nothing())
            seen = connection.execute(sa.select(TASKS.c.first_seen).filter_by(**key)).scalar_one()
        return datetime.fromisoformat(seen)

    def since(self, task: Task, now: datetime) -> datetime:
        """The time after which scheduled times of ``task`` are still open: its last, or when it was first seen.

        A time beyond ``now``, from when a clock was wrong, does not count: it would keep the job still until then.
        """
        latest = sa.select(sa.func.max(RUNS.c.scheduled)).where(*_of(task), RUNS.c.scheduled <= text(now))
        with self._begin() as connection:
            last = connection.execute(latest).scalar_one()
        first = self.first_seen(task, now)
        return max(first, datetime.fromisoformat(last)) if last else first

    # -- what becomes of a scheduled time ------------------------------------------------------------------------------

    def claim(self, task: Task, scheduled: datetime, now: datetime, holder: str | None = None) -> bool:
        """Take ``scheduled`` of ``task`` to run it: True for one scheduler alone, and for none while another run goes on."""
        entry = Entry(task.job.name, task.source, scheduled, task.job.notebook, STARTED, 1, now, None, self.now(),
                      None, socket.gethostname(), holder)  # fmt: skip
        return self._add([entry]) == [entry]

    def miss(
        self, task: Task, times: Sequence[datetime], why: str = "", extra: dict[str, Any] | None = None, state: str = MISSED
    ) -> list[Entry]:
        """Record that ``times`` of ``task`` were not run, and ``why``; those that nobody had recorded. ``extra`` is the
        first one's."""
        host = socket.gethostname()
        missed = [
            Entry(task.job.name, task.source, at, task.job.notebook, state, 0, host=host, error=why or None) for at in times
        ]
        if missed and extra:
            missed[0] = replace(missed[0], extra=extra)
        return self._add(missed)

    def _add(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those of ``entries`` that were new, and are there now."""
        with self._begin() as connection:
            statement = self._insert(RUNS).on_conflict_do_nothing()
            return [entry for entry in entries if connection.execute(statement, row_of(entry)).rowcount == 1]

    def beat(self, entry: Entry, **known: Any) -> None:
        """Say that the run of ``entry`` goes on, and what is ``known`` by now: folder, attempt, extra."""
        self._set(entry, {**known, "seen": text(self.now())}, RUNS.c.state == STARTED)

    def end(
        self, entry: Entry, state: str, ended: datetime, exit_code: int | None = None, error: str | None = None, **known: Any
    ) -> bool:
        """Record how the run of ``entry`` ended. Its own scheduler has the last word, even where others took it for dead."""
        return self._set(entry, self._ending(state, ended, exit_code, error, known))

    def bury(
        self, entry: Entry, state: str, ended: datetime, exit_code: int | None = None, error: str | None = None, **known: Any
    ) -> bool:
        """Record the end of a run whose scheduler is dead; True for the one that was first to find it."""
        return self._set(entry, self._ending(state, ended, exit_code, error, known), RUNS.c.state == STARTED)

    def _ending(
        self, state: str, ended: datetime, exit_code: int | None, error: str | None, known: dict[str, Any]
    ) -> dict[str, Any]:
        return {**known, "state": state, "ended": text(ended), "exit_code": exit_code, "error": error}

    def _set(self, entry: Entry, values: dict[str, Any], *where: Any) -> bool:
        if "extra" in values:
            values = {**values, "extra": json.dumps(values["extra"], ensure_ascii=False, default=str)}
        key = (RUNS.c.job == entry.job, RUNS.c.source == entry.source, RUNS.c.scheduled == text(entry.scheduled))
        with self._begin() as connection:
            return connection.execute(sa.update(RUNS).where(*key, *where).values(**values)).rowcount == 1

    # -- what is there -------------------------------------------------------------------------------------------------

    def entries(self, job: str | None = None, source: str | None = None, limit: int = 100) -> list[Entry]:
        """What became of scheduled times, newest first; of one job or source where they are named."""
        wanted = {name: value for name, value in (("job", job), ("source", source)) if value is not None}
        order = (RUNS.c.scheduled.desc(), RUNS.c.job, RUNS.c.source)
        return self._read(sa.select(RUNS).filter_by(**wanted).order_by(*order).limit(limit))

    def last(self, task: Task) -> Entry | None:
        """The newest entry of ``task``."""
        return next(iter(self.entries(task.job.name, task.source, 1)), None)

    def going_on(self, task: Task | None = None) -> list[Entry]:
        """The runs that say "started" (of ``task``, one at most), dead or alive."""
        where = [RUNS.c.state == STARTED, *(_of(task) if task else ())]
        return self._read(sa.select(RUNS).where(*where).order_by(RUNS.c.scheduled))

    def _read(self, statement: Any) -> list[Entry]:
        with self._begin() as connection:
            return [entry_of(row) for row in connection.execute(statement)]

    def forget(self, before: datetime) -> int:
        """Remove entries of times before ``before``; how many. Each task's newest stays: it tells from where to go on."""
        newer = RUNS.alias()
        later = (newer.c.job == RUNS.c.job, newer.c.source == RUNS.c.source, newer.c.scheduled > RUNS.c.scheduled)
        old = (RUNS.c.scheduled < text(before), RUNS.c.state != STARTED, sa.exists().where(*later))
        with self._begin() as connection:
            return connection.execute(sa.delete(RUNS).where(*old)).rowcount

    # -- notes ---------------------------------------------------------------------------------------------------------

    def note(self, key: str) -> str | None:
        """What stands under ``key``."""
        with self._begin() as connection:
            return connection.execute(sa.select(NOTES.c.value).where(NOTES.c.name == key)).scalar_one_or_none()

    def set_note(self, key: str, value: str) -> None:
        """Put ``value`` under ``key``, whatever stood there."""
        insert = self._insert(NOTES).values(name=key, value=value)
        with self._begin() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=[NOTES.c.name], set_={"value": value}))

    def replace_note(self, key: str, old: str | None, new: str) -> bool:
        """Put ``new`` under ``key`` where ``old`` stands (None: nothing does); of several who try, one alone is told True."""
        with self._begin() as connection:
            if old is None:
                statement = self._insert(NOTES).on_conflict_do_nothing()
                return bool(connection.execute(statement, {"name": key, "value": new}).rowcount == 1)
            same = (NOTES.c.name == key, NOTES.c.value == old)
            return connection.execute(sa.update(NOTES).where(*same).values(value=new)).rowcount == 1

    # -- the database --------------------------------------------------------------------------------------------------

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise self._explain(error) from None

    def _make_tables(self) -> None:
        with self._begin() as connection:
            if connection.dialect.name == "postgresql":  # CREATE TABLE IF NOT EXISTS fails where two do it at once
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
            METADATA.create_all(connection)


def _of(task: Task) -> tuple[Any, Any]:
    return RUNS.c.job == task.job.name, RUNS.c.source == task.source


def _sqlite(outputs: Path) -> tuple[Engine, Callable[[Exception], Exception]]:
    path = Path(outputs).absolute() / FILE

    def explain(error: Exception) -> Exception:
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        return OutputError(
            f"The run history {path} cannot be used: {reason}.", "Check that outputs/ may be written and its disk is not full."
        )

    with suppress(OSError):  # SQLite tells what is wrong, with the path
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": _PATIENCE})
    sa.event.listen(engine, "connect", _prepare)
    # every transaction here is short and most write: begun as a writer, none fails half-way for want of the lock
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine, explain


def _prepare(connection: Any, _: Any) -> None:
    """The write-ahead log, so that readers do not wait; SQLite's own patience does not cover the switch to it."""
    import sqlite3

    connection.isolation_level = None
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def _postgresql(settings: Settings, variable: str) -> tuple[Engine, Callable[[Exception], Exception]]:
    value = value_of(variable, settings.path)
    if not value:
        raise ConfigError(
            f"The environment variable {variable} is not set; schedule.history_url_env takes the run history's URL from it.",
            f"export {variable}='postgresql://USER:PASSWORD@HOST/DATABASE'",
        )
    dialect, url = dialect_of(value, variable)
    if url.get_backend_name() != "postgresql":
        raise ConfigError(
            f"{variable} names a {url.get_backend_name()!r} database; the run history stands in PostgreSQL, or in outputs/.",
            "Name a PostgreSQL database there, or leave history_url_env out: then it is a file in outputs/.",
        )
    engine = sa.create_engine(url, pool_pre_ping=True, **dialect.engine_options(url, writing=True))
    return engine, lambda error: dialect.explain(error, url)
