"""The record of a run, true even when the run died: run.json, and a lock that only a living run holds.

A record says "started" until its run says otherwise. Whether a started run still lives is not asked of its pid, which
another process may have by now, but of the lock on run.lock: the kernel of the operating system drops it with the
process. It starts and ends nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mendbook.errors import OutputError
from mendbook.files.publish import output_error, publish

RECORD = "run.json"
LOCK = "run.lock"

#: What a record can say, and the process exit code that goes with it.
STATES = ("started", "finished", "failed", "stopped", "timed out")


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run did not end well. ``cell`` counts the notebook's cells from 1; None where no cell is to blame."""

    name: str
    message: str
    cell: int | None = None
    source: str = ""
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of a notebook. Times are UTC in ISO form; ``seconds`` is the duration; ``folder`` is absolute.

    ``notes`` are sentences for the reader of the report, such as that a secret was removed from the outputs.
    """

    folder: str
    notebook: str
    source: str
    state: str
    started: str
    notebook_sha256: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    pid: int | None = None
    process_started: float | None = None
    ended: str | None = None
    seconds: float | None = None
    error: RunError | None = None
    exit_code: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def died(self) -> bool:
        """Whether the run's process ended without a word."""
        return self.error is not None and self.error.name == "Died"

    def as_json(self) -> dict[str, Any]:
        """The record as JSON values: what stands in run.json."""
        return {**asdict(self), "notes": list(self.notes)}


def write_record(record: RunRecord) -> Path:
    """Put ``record`` into its folder, whole or not at all. Raises OutputError."""
    text = json.dumps(record.as_json(), indent=2, ensure_ascii=False, default=str)
    return publish(Path(record.folder) / RECORD, text + "\n")


def read_record(folder: Path) -> RunRecord:
    """The record in ``folder`` as it is now: one that says "started" while nobody lives there is told as failed (died).

    Raises OutputError where there is no record or it cannot be read.
    """
    path = Path(folder) / RECORD
    try:
        raw = json.loads(path.read_text("utf-8"))
        known = {each.name for each in fields(RunRecord)}
        values = {name: value for name, value in raw.items() if name in known}
        error = RunError(**values.pop("error")) if values.get("error") else values.pop("error", None)
        notes = tuple(str(note) for note in values.pop("notes", ()))
        record = RunRecord(**{**values, "folder": str(Path(folder).absolute()), "error": error, "notes": notes})
        if record.state not in STATES:
            raise ValueError(f"unknown state {record.state!r}")
    except (OSError, ValueError, TypeError, AttributeError) as failure:
        raise OutputError(f"{path} is not the record of a run: {failure}.", "Was the folder copied or edited?") from failure
    if record.state == "started" and not is_alive(Path(folder)):
        message = "The process that ran it ended without saying so: it was killed, or the machine went down."
        return replace(record, state="failed", error=RunError("Died", message), exit_code=3)
    return record


def is_alive(folder: Path) -> bool:
    """Whether a running process holds the folder's lock."""
    return is_held(folder / LOCK)


def is_held(path: Path) -> bool:
    """Whether anybody holds the lock of ``path``. Readers ask with a shared lock, so they never see each other."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


@contextmanager
def locked(path: Path, mode: int = 0o644) -> Iterator[None]:
    """Hold ``path`` (made where it is missing) for this block alone, waiting for others first. Raises OutputError."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, mode)
    except OSError as failure:
        raise output_error(path, failure) from failure
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def living(folder: Path) -> AbstractContextManager[None]:
    """For the block under it, the run in ``folder`` counts as alive. Raises OutputError."""
    return locked(folder / LOCK)


def now() -> str:
    """This moment in UTC, ISO form, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def create_run_folder(outputs: Path, notebook: str, source: str, at: datetime | None = None) -> Path:
    """Make ``outputs/runs/<UTC time>-<notebook>-<source>``, with -2, -3 .. where it is taken. Raises OutputError."""
    stem = f"{at or datetime.now(UTC):%Y%m%dT%H%M%SZ}-{notebook}-{source}"
    runs = Path(outputs).absolute() / "runs"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        for attempt in range(1, 1000):
            folder = runs / (stem if attempt == 1 else f"{stem}-{attempt}")
            try:
                folder.mkdir(exist_ok=False)
            except FileExistsError:
                continue
            return folder
    except OSError as failure:
        raise output_error(runs, failure) from failure
    raise OutputError(f"A thousand runs called {stem} exist already in {runs}.", "Wait a second and try again.")
