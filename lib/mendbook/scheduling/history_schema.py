"""The tables of the run history, and an entry as a value. It opens nothing.

Times are text, ISO in UTC to the microsecond: one form in SQLite and in PostgreSQL, which sorts as the times do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

#: What an entry can say; the first alone is not the end of it.
STARTED, FINISHED, FAILED, STOPPED = "started", "finished", "failed", "stopped"
TIMED_OUT, MISSED, REFUSED = "timed out", "missed", "refused"
STATES = (STARTED, FINISHED, FAILED, STOPPED, TIMED_OUT, MISSED, REFUSED)

METADATA = sa.MetaData()
#: Since when a job runs over a source by a rule: it never runs for a time before that.
TASKS = sa.Table(
    "mendbook_tasks",
    METADATA,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("first_seen", sa.Text, nullable=False),
)
#: One row a scheduled time: the key is what makes it run once, whoever asks.
RUNS = sa.Table(
    "mendbook_runs",
    METADATA,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("scheduled", sa.Text, primary_key=True),
    sa.Column("notebook", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("started", sa.Text),
    sa.Column("ended", sa.Text),
    sa.Column("seen", sa.Text),
    sa.Column("folder", sa.Text),
    sa.Column("host", sa.Text),
    sa.Column("holder", sa.Text),
    sa.Column("exit_code", sa.Integer),
    sa.Column("error", sa.Text),
    sa.Column("extra", sa.Text, nullable=False),
)
_GOES_ON = RUNS.c.state == STARTED
#: Overlap is kept out by the database itself: of a job over a source, one run at most goes on.
sa.Index("mendbook_runs_going_on", RUNS.c.job, RUNS.c.source, unique=True, sqlite_where=_GOES_ON, postgresql_where=_GOES_ON)
sa.Index("mendbook_runs_scheduled", RUNS.c.scheduled)
NOTES = sa.Table(
    "mendbook_notes",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one scheduled time of one job over one source. Times are aware, in UTC.

    state      "started", "finished", "failed", "stopped", "timed out", "missed" or "refused"
    attempt    how often it was tried; 0 where it was missed
    seen       when its scheduler was last heard of, by the history's clock
    folder     the run's, where there is one: the last attempt's, of an apply the last plan's
    host       the machine that it ran on; holder, what tells whether it still does (task_locks.py)
    exit_code  as the command line's: 0 well, 2 refused, stopped or out of time, 3 broken
    error      one line without personal data: why it did not end well, or was missed
    extra      JSON values: "folders" of earlier attempts, "plans" of an apply, "word" for nothing to do
    """

    job: str
    source: str
    scheduled: datetime
    notebook: str
    state: str
    attempt: int = 1
    started: datetime | None = None
    ended: datetime | None = None
    seen: datetime | None = None
    folder: str | None = None
    host: str | None = None
    holder: str | None = None
    exit_code: int | None = None
    error: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.job}/{self.source}"

    def as_json(self) -> dict[str, Any]:
        """The entry as JSON values, for whoever reads ``--json``."""
        names = ("job", "source", "scheduled", "notebook", "state", "attempt", "started", "ended", "folder", "host")
        values = {name: getattr(self, name) for name in (*names, "exit_code", "error", "extra")}
        return {name: text(value) if isinstance(value, datetime) else value for name, value in values.items()}


def text(at: datetime) -> str:
    """A time as the history writes it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def entry_of(row: Any) -> Entry:
    """The entry that a row of RUNS tells."""
    values = dict(row._mapping)
    for name in ("scheduled", "started", "ended", "seen"):
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    return Entry(**{**values, "extra": json.loads(values["extra"])})


def row_of(entry: Entry) -> dict[str, Any]:
    """The row that tells ``entry``."""
    values = {name: getattr(entry, name) for name in Entry.__slots__}
    written = {name: text(value) if isinstance(value, datetime) else value for name, value in values.items()}
    return {**written, "extra": json.dumps(entry.extra, ensure_ascii=False, default=str)}
