"""Locks of files that tell, on one machine, who runs what: one a task, and as many slots as runs may go on side by side.

The operating system drops such a lock with the last process that has it open, so nothing is left behind by one that was killed.
Between machines they say nothing: there the history decides. Nothing here waits.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mendbook.files.publish import output_error

FOLDER = ".schedule"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def task_file(outputs: Path, job: str, source: str) -> Path:
    """The file whose lock the run of a job over a source holds."""
    return _folder(outputs) / "tasks" / job / f"{source}.lock"


@contextmanager
def task_lock(outputs: Path, job: str, source: str) -> Iterator[int | None]:
    """The lock of a job over a source for the block: its handle, which a child may inherit, or None where another holds it.

    Raises OutputError.
    """
    handle = taken(task_file(outputs, job, source))
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)


@contextmanager
def slots(outputs: Path, most: int, wanted: int) -> Iterator[int]:
    """Take up to ``wanted`` of the machine's ``most`` slots for the block: how many were free, 0 where all are taken."""
    held: list[int] = []
    try:
        for number in range(most):
            if len(held) < wanted and (handle := taken(_folder(outputs) / "slots" / f"{number}.lock")) is not None:
                held.append(handle)
        yield len(held)
    finally:
        for handle in held:
            os.close(handle)


def holder(outputs: Path) -> str:
    """What tells these very locks from those of other machines, other boots and other folders of the same name."""
    folder = _folder(outputs)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        status = folder.stat()
    except OSError as failure:
        raise output_error(folder, failure) from failure
    boot = socket.gethostname()
    with suppress(OSError):
        boot = _BOOT.read_text("ascii").strip()
    return f"{boot}/{status.st_dev}/{status.st_ino}"


def _folder(outputs: Path) -> Path:
    return Path(outputs).absolute() / FOLDER


def taken(path: Path) -> int | None:
    """The lock of the file at ``path``: its handle, or None where another holds it. Raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as failure:
        raise output_error(path, failure) from failure
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
