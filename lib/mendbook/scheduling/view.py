"""The schedule at a glance: of each job over each source, when it runs next, how the last run went, what was missed since.

It reads the run history and notes nothing in it: looking at a schedule for the first time does not begin it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table

from mendbook.config import Settings
from mendbook.errors import ConfigError
from mendbook.execution.notebook_files import find_notebook, seen_from
from mendbook.scheduling.history import FILE, MISSED, STARTED, Entry, History
from mendbook.scheduling.jobs import Task, due, next_time, tasks

#: How far back a task's entries are looked through for its last run.
_LOOKED_AT = 200
_STATES = {"finished": "green", "started": "cyan", "missed": "yellow"}


def overview(settings: Settings, outputs: Path, now: datetime) -> list[dict[str, Any]]:
    """One document a task, as JSON values: {job, source, notebook, cron, zone, next, next_here, last, missed, due}.

    next is in UTC, next_here in the task's zone; last is the history's entry of the newest run, or None; missed counts
    the times since then that were not run, due those that nobody has taken yet. Raises ConfigError, ConnectionFailed or
    OutputError.
    """
    found = []
    for task, entries in _entries(settings, outputs):
        last = next((entry for entry in entries if entry.state != MISSED), None)
        missed = entries.index(last) if last else len(entries)
        following = next_time(task, now)
        found.append(
            {
                "job": task.job.name,
                "source": task.source,
                "notebook": task.job.notebook,
                "cron": task.job.cron,
                "zone": task.zone,
                "next": following and following.isoformat(),
                "next_here": following and following.astimezone(ZoneInfo(task.zone)).isoformat(),
                "last": _run(last, now) if last else None,
                "missed": missed,
                "due": len(due(task, entries[0].scheduled, now)) if entries else 0,
            }
        )
    return found


def not_found(settings: Settings) -> list[str]:
    """A sentence for each job whose notebook there is not, before its time comes."""
    told = []
    for job in settings.schedule.jobs.values():
        try:
            find_notebook(seen_from(settings.path.parent, job.notebook))
        except ConfigError as error:
            told.append(f"{job.name}: {error.message} {error.hint or ''}".rstrip())
    return told


def _entries(settings: Settings, outputs: Path) -> list[tuple[Task, list[Entry]]]:
    """The newest entries of each task; none where no schedule has run here, and then no history is made."""
    every = tasks(settings)
    if settings.schedule.history_url_env is None and not (outputs / FILE).exists():
        return [(task, []) for task in every]
    with History.open(settings, outputs) as history:
        return [(task, history.entries(task.job.name, task.source, _LOOKED_AT)) for task in every]


def _run(entry: Entry, now: datetime) -> dict[str, Any]:
    until = now if entry.state == STARTED else entry.ended
    seconds = round((until - entry.started).total_seconds(), 1) if entry.started and until else None
    return {**entry.as_json(), "seconds": seconds}


def schedule_table(rows: list[dict[str, Any]]) -> Table:
    """``overview`` for a terminal: two lines a task, in eighty columns."""
    table = Table(title="The schedule", title_justify="left", show_edge=False)
    table.add_column("job/source", overflow="fold")
    for column in ("cron, zone", "next, in UTC", "last run", "missed"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        last = row["last"] or {"state": "never"}
        style = _STATES.get(last["state"], "dim" if last["state"] == "never" else "red")
        seconds = "" if last.get("seconds") is None else f"{last['seconds']:,.1f} s"
        counts = [f"{row[name]:,} {name}" for name in ("missed", "due") if row[name]]
        table.add_row(
            f"{row['job']}/{row['source']}",
            f"{row['cron']}\n{row['zone']}",
            f"{_minute(row['next_here'])}\n{_minute(row['next'])}" if row["next"] else "never",
            f"[{style}]{last['state']}[/] {seconds}\n{_minute(last.get('scheduled'))}",
            "\n".join(counts),
        )
    return table


def _minute(at: str | None) -> str:
    return datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M") if at else ""
