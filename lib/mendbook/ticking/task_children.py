"""One scheduled run as a child process: started, watched, stopped, and how it ended in words that hold no personal data.

It knows no schedule and no history; scheduled_run.py is the child.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mendbook import errors
from mendbook.display import inert
from mendbook.errors import MendbookError, OutputError
from mendbook.execution.execution import end_tree, import_path
from mendbook.files.records import RunError, RunRecord, read_record
from mendbook.scheduling.history_schema import FAILED, FINISHED, REFUSED, STOPPED, TIMED_OUT
from mendbook.side_by_side import masked

#: What no second attempt mends: somebody has to write something first.
_FINAL = ("ConfigError", "MappingError", "Refused", "AlreadyApplied", "NotCanonical", "SignatureError")
#: How long beyond its timeout, or after it was asked to stop, a run may take to say how it ended.
GRACE = 120.0
_GLANCE = 0.1
_CHILD = (sys.executable, "-m", "mendbook.ticking.scheduled_run")
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Ending:
    """How one run ended: a state of the history, the exit code, the run's folder, and one line on what went wrong."""

    state: str
    exit_code: int
    folder: str | None = None
    error: str | None = None


def run_child(
    job: dict[str, Any], lock: int, stopped: Callable[[], bool], going: Callable[[str | None], None], grace: float = GRACE
) -> Ending:
    """Run ``job`` (the arguments of ``runs.run``) in a child that keeps ``lock`` alive with it.

    ``going`` is called again and again while it goes on, with its folder once that is known; ``stopped`` says when to stop.
    """
    child = subprocess.Popen(
        _CHILD,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the scheduler, which stops its runs in order
        pass_fds=(lock,),
        env={**os.environ, "PYTHONPATH": import_path()},
    )
    assert child.stdin is not None
    assert child.stdout is not None
    told: dict[str, Any] = {}
    reader = threading.Thread(target=_listen, args=(child.stdout, told), daemon=True)
    reader.start()
    last = ""
    try:
        with suppress(BrokenPipeError):
            child.stdin.write(json.dumps(job, default=str).encode() + b"\n")
            child.stdin.flush()
        last = _wait(child, job.get("timeout"), stopped, lambda: going(told.get("folder")), grace)
    finally:
        with suppress(OSError):
            child.stdin.close()
        if child.poll() is None:
            end_tree(child.pid)
        child.wait()
        reader.join(GRACE)
        child.stdout.close()
    return _ending(told, last)


def _listen(lines: Any, told: dict[str, Any]) -> None:
    for line in lines:
        with suppress(ValueError):
            told.update(json.loads(line))


def _wait(
    child: subprocess.Popen[bytes], timeout: float | None, stopped: Callable[[], bool], going: Callable[[], None], grace: float
) -> str:
    """Wait for the child, asking it to end where ``stopped`` says so: "asked" then, "hung" where it does not end in time."""
    last = time.monotonic() + timeout + grace if timeout else None
    asked = False
    while child.poll() is None:
        if stopped() and not asked:
            asked, last = True, time.monotonic() + grace
            child.terminate()
        if last is not None and time.monotonic() > last:
            return "hung"
        going()
        with suppress(subprocess.TimeoutExpired):
            child.wait(_GLANCE)
    return "asked" if asked else ""


def _ending(told: dict[str, Any], last: str) -> Ending:
    if "refused" in told:
        error = RunError(told["refused"]["name"], told["refused"]["message"])
        return Ending(REFUSED if error.name in _FINAL else FAILED, 2, None, words(error))
    folder = told.get("folder")
    if last == "hung":
        return Ending(TIMED_OUT, 2, folder, "The run hung, did not end when it was told to, and was killed.")
    record = _record(folder)
    if record is None and last == "asked":
        return Ending(STOPPED, 2, folder, "It was stopped before it had begun.")
    if record is None:
        return Ending(FAILED, 3, folder, "The process that ran it was killed or broke down.")
    return ending_of(record)


def _record(folder: str | None) -> RunRecord | None:
    if folder:
        with suppress(OutputError):
            return read_record(Path(folder))
    return None


def ending_of(record: RunRecord) -> Ending:
    """The ending that a run's record tells."""
    known = {FINISHED: FINISHED, STOPPED: STOPPED, TIMED_OUT: TIMED_OUT}.get(record.state, FAILED)
    if known == FAILED and record.error and record.error.name in _FINAL:
        known = REFUSED
    code = record.exit_code if record.exit_code is not None else 3
    return Ending(known, code, record.folder, words(record.error))


def words(error: RunError | None) -> str | None:
    """One line on what went wrong. mendbook's own sentences, addresses masked; of any other error, which may hold a row's
    values, only its name and where."""
    if error is None:
        return None
    where = f" in cell {error.cell}" if error.cell else ""
    kind = getattr(errors, error.name, None)
    ours = isinstance(kind, type) and issubclass(kind, MendbookError)
    if ours or error.name in ("Died", "Stopped", "TimedOut", "WorkerDied", "KernelDied", "Interrupted"):
        first = error.message.strip().partition("\n")[0]
        return f"{error.name}{where}: {inert(masked(first), _LONGEST)}"
    return f"{error.name}{where}."
