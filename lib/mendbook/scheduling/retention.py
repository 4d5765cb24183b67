"""Which run folders may go: those beyond so many of a notebook over a source, and those that are too old.

Receipts stay, plans are never looked at, and each source keeps the audits that the next one is compared with. It removes
folders of outputs/runs that are named as mendbook names them, and nothing else.
"""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mendbook.audits.comparison import is_same_database, looked_at
from mendbook.audits.results import RESULT, is_audit, read_result
from mendbook.errors import OutputError
from mendbook.files.records import RECORD, is_alive, locked, read_record
from mendbook.settings.schedule import Schedule

_OURS = re.compile(r"(\d{8}T\d{6}Z)-([^-]+)-(.+)")
_ASIDE = ".removing-"


@dataclass(frozen=True, slots=True)
class _Run:
    folder: Path
    began: datetime
    notebook: str
    source: str


def prune(outputs: Path, schedule: Schedule, now: datetime) -> list[Path]:
    """Remove the run folders that ``schedule`` does not keep; the folders that went.

    A folder stays, whatever its age, that holds the receipt of what was committed, whose run still lives, or that has the
    newest audit of its source for some kind and profile. What cannot be removed is left for the next time.
    """
    runs = outputs / "runs"
    if not runs.is_dir():
        return []
    with locked(outputs / ".retention.lock"):
        for left in runs.glob(f"{_ASIDE}*"):  # of one who was killed while removing
            shutil.rmtree(left, ignore_errors=True)
        listed = [run for folder in runs.iterdir() if (run := _run(folder))]
        candidates = _too_many_or_old(listed, schedule, now)
        kept = _newest_audits(listed) if candidates else set()
        return [
            run.folder for run in candidates if run.folder not in kept and not _must_stay(run.folder) and _remove(run.folder)
        ]


def _run(folder: Path) -> _Run | None:
    """The run in ``folder``, as its record says or else its name; None where it is no run of ours."""
    named = _OURS.fullmatch(folder.name)
    if named is None or folder.is_symlink() or not folder.is_dir():
        return None
    try:
        began = datetime.strptime(named[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    notebook, source = named[2], re.sub(r"-\d+$", "", named[3])
    with suppress(OutputError):
        record = read_record(folder)
        notebook, source = record.notebook, record.source
    return _Run(folder, began, notebook, source)


def _too_many_or_old(listed: Iterable[_Run], schedule: Schedule, now: datetime) -> list[_Run]:
    groups: dict[tuple[str, str], list[_Run]] = defaultdict(list)
    for run in listed:
        groups[run.notebook, run.source].append(run)
    oldest = now - timedelta(days=schedule.keep_days)
    going = []
    for runs in groups.values():
        runs.sort(key=lambda run: (run.began, len(run.folder.name), run.folder.name), reverse=True)
        going += [run for place, run in enumerate(runs) if place >= schedule.keep_runs or run.began < oldest]
    return sorted(going, key=lambda run: run.folder.name)


def _must_stay(folder: Path) -> bool:
    """Whether it holds a receipt, or its run still lives: asked at the last moment."""
    return any(folder.glob("receipt.*")) or is_alive(folder) or _is_being_written(folder)


def _is_being_written(folder: Path) -> bool:
    """Whether an audit from the command line, which leaves no record, is still at it: nothing is told of it but its files."""
    if (folder / RECORD).exists() or (folder / RESULT).exists():
        return False
    try:
        newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:  # its files come and go
        return True
    return datetime.now(UTC).timestamp() - newest < timedelta(days=1).total_seconds()


def _newest_audits(listed: Iterable[_Run]) -> set[Path]:
    """For each source, kind and profile the newest audit that looked there, in the database that the source has by now."""
    kept: set[Path] = set()
    databases: dict[str, Any] = {}
    seen: set[Any] = set()
    for run in sorted(listed, key=lambda run: (run.began, len(run.folder.name), run.folder.name), reverse=True):
        with suppress(OutputError, TypeError, KeyError, AttributeError):
            result = read_result(run.folder) if (run.folder / RESULT).is_file() else None
            if result is None or not is_audit(result):
                continue
            source = result["source"]
            places = {(source, *place) for place in looked_at(result)}
            if is_same_database(databases.setdefault(source, result["database"]), result["database"]):
                if places - seen:
                    kept.add(run.folder)
                seen |= places
    return kept


def _remove(folder: Path) -> bool:
    """Remove the folder: out of sight at once, so that nobody meets one half of it."""
    aside = folder.with_name(f"{_ASIDE}{folder.name}")
    try:
        folder.rename(aside)
        shutil.rmtree(aside)
    except OSError:
        return not folder.exists()
    return True
