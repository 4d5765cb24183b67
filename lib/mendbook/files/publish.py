"""Puts a file in its place whole or not at all (written aside, synced, renamed), or a line behind the others of a file.

A full disk, a killed process or a folder that may not be written never leaves half a file under the real name, nor a line
that was promised and is not there. It never reads what a file means.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import tempfile
from pathlib import Path

from mendbook.errors import OutputError

_HINTS = {
    errno.ENOSPC: "The disk is full: free some space, or choose another place with --outputs.",
    errno.EDQUOT: "The disk quota is used up: free some space, or choose another place with --outputs.",
    errno.EROFS: "The file system is read-only: choose another place with --outputs.",
}


def output_error(path: Path, failure: OSError) -> OutputError:
    """The error to raise when ``path`` could not be written, with what to do about ``failure``."""
    reason = failure.strerror or type(failure).__name__
    hint = _HINTS.get(failure.errno or 0, "Check that the folder exists and may be written, or choose another with --outputs.")
    return OutputError(f"Cannot write {path}: {reason}.", hint)


def publish(path: Path, content: str | bytes, mode: int = 0o644) -> Path:
    """Write ``content`` (text as UTF-8) to ``path``, replacing what was there, and return ``path``.

    Raises OutputError where it cannot be written; then ``path`` is as it was and nothing is left beside it.
    """
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    aside: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".aside", dir=path.parent)
        aside = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.chmod(mode)
        aside.replace(path)
    except OSError as failure:
        raise output_error(path, failure) from failure
    finally:
        if aside is not None:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
    sync_folder(path.parent)
    return path


def append(path: Path, lines: bytes, mode: int = 0o644) -> None:
    """Put whole ``lines`` behind those of ``path``; on the disk before it returns, one process after the other.

    A line that a crash cut short was never promised to anybody: the new one takes its place. Raises OutputError where it
    cannot be done; then the file is as it was.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, mode)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            whole = _whole(handle)
            os.ftruncate(handle, whole)
            try:
                _write(handle, lines)
            except OSError:
                os.ftruncate(handle, whole)
                raise
        finally:
            os.close(handle)
    except OSError as failure:
        raise output_error(path, failure) from failure
    sync_folder(path.parent)


def _whole(handle: int, block: int = 1 << 16) -> int:
    """How many bytes of the file are whole lines."""
    end = os.fstat(handle).st_size
    while end:
        start = max(end - block, 0)
        newline = os.pread(handle, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _write(handle: int, lines: bytes) -> None:
    if os.write(handle, lines) != len(lines):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(handle)


def sync_folder(folder: Path) -> None:
    """Make a rename durable; some file systems cannot, and then the rename is merely atomic."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
