"""What holds now, of all that [alerts] can be about: read from the run history, results of runs, plans and ledgers.

``watch`` only reads files and the history. ``check_ledgers`` opens the databases whose audit is newer than the last look at
their ledger, and notes what it found. Whether anybody is told is not its business, and a broken file never stops it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mendbook.alerts.happenings import Situation, Standing, of_ledger, of_plans
from mendbook.alerts.run_happenings import of_history, of_run
from mendbook.config import Settings
from mendbook.errors import MendbookError
from mendbook.ledger.verification import FirstBad, LedgerState
from mendbook.scheduling.history import History
from mendbook.scheduling.history_schema import FINISHED, Entry
from mendbook.scheduling.jobs import Task, tasks

_MOST_ENTRIES = 60


def watch(settings: Settings, outputs: Path, history: History, now: datetime) -> Situation:
    """Everything that holds at ``now``, and what became of what no longer does."""
    situation = Situation()
    for task in tasks(settings):
        entries = _entries(history, task)
        situation.add(of_history(entries, now))
        last = _last_finished(entries)
        if last:
            situation.add(of_run(last, now))
    expiring = timedelta(hours=settings.alerts.expiring_hours)
    situation.add(of_plans(_plans(settings, outputs, now), now, expiring))
    for source in settings.sources:
        state = _state(_noted(history, source))
        if state:
            situation.add(of_ledger(source, state))
    return situation


def _plans(settings: Settings, outputs: Path, now: datetime) -> Iterable[Standing]:
    from mendbook.reviews.standing_plans import standing

    return standing(outputs, settings, now)


def check_ledgers(settings: Settings, outputs: Path, history: History) -> None:
    """Verify the ledger of every source that was audited since its ledger was looked at; nobody is told of anything here.

    A ledger that cannot be read, by this role or at this time, tells nothing: what was found before stands.
    """
    newest: dict[str, Entry] = {}
    for task in tasks(settings):
        last = _last_finished(_entries(history, task))
        if last and "audit" in task.job.notebook:
            known = newest.get(task.source)
            newest[task.source] = last if known is None or last.scheduled > known.scheduled else known
    for source, entry in newest.items():
        noted, audit = _noted(history, source), entry.scheduled.isoformat()
        if noted.get("audit") != audit:
            state = _verified(settings, outputs, source)
            value = {"audit": audit, "state": state.as_json() if state else noted.get("state")}
            history.set_note(_key(source), json.dumps(value, ensure_ascii=False))


def _verified(settings: Settings, outputs: Path, source: str) -> LedgerState | None:
    from sqlalchemy.exc import SQLAlchemyError

    from mendbook.verbs.repairs import RepairVerbs

    try:
        return RepairVerbs(settings.source(source), settings, outputs).verify_ledger()
    except (MendbookError, SQLAlchemyError, OSError):
        return None


def _entries(history: History, task: Task) -> list[Entry]:
    return history.entries(task.job.name, task.source, _MOST_ENTRIES)


def _last_finished(entries: list[Entry]) -> Entry | None:
    return next((entry for entry in entries if entry.state == FINISHED and entry.folder), None)


def _key(source: str) -> str:
    return f"ledger/{source}"


def _noted(history: History, source: str) -> dict[str, Any]:
    try:
        value = json.loads(history.note(_key(source)) or "{}")
        return value if isinstance(value, dict) else {}
    except ValueError:
        return {}


def _state(noted: dict[str, Any]) -> LedgerState | None:
    told = noted.get("state")
    if not told:
        return None
    bad = told.get("first_bad")
    return LedgerState(told["batches"], told["head"], told["checkpoints"], FirstBad(**bad) if bad else None)
