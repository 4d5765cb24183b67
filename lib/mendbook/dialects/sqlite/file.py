"""A connection to a SQLite file, and what has to be remembered with it: a lock, rows that were written, who else wrote.

SQLite tells none of that itself. Writes no row; the lock is a file beside the database, gone when the repair is.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from pathlib import Path

from mendbook.dialects.described import Writers
from mendbook.dialects.sqlite.waiting import Waiting

#: A file that was written this short a time ago (nanoseconds) may be written again under the same time.
_FRESH = 2_000_000_000


class File(sqlite3.Connection):
    """A connection that can keep other repairs of its file out until its transaction ends."""

    #: the descriptor of the locked file beside the database, and its path
    kept: tuple[int, str] | None = None
    #: the rows that its transaction has written, as far as they name others
    waiting: Waiting
    #: how the file was at the moment of a reader, or when this connection first began to write
    state: str = ""
    #: a number that stays as long as nobody else writes between this connection's transactions, and data_version in them
    _number, _version = 0, 0

    def keep(self, path: str) -> bool:
        """Whether nobody else repairs the database at ``path`` now, by a lock that the system drops with this process."""
        beside = f"{path}-mendbook"
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = Path(beside).stat().st_ino == os.fstat(descriptor).st_ino
        except OSError:
            held = False
        if held:
            self.kept = descriptor, beside
        else:  # somebody else's, or one that was just taken away: the next try finds out
            os.close(descriptor)
        return held

    def began_to_write(self, path: str) -> None:
        """A transaction has begun in which nobody else writes: what the file is like, and whether others wrote before it."""
        version = self.execute("PRAGMA data_version").fetchone()[0]
        if not self._number:
            self.state, self._number = state_of(path), 1
        elif version != self._version:
            self.state = ""
            self._number += 2  # a gap, by which the chain of one's own transactions is broken
        self._version = version

    def writers(self) -> Writers:
        """Nobody writes beside this transaction; its number is the last one's where nobody wrote in between either."""
        return Writers(self._number, self._number + 1, False)

    def written_since(self, state: str) -> int:
        """0 where nobody but this connection has written the file since it was in ``state``; 1 where that is not known."""
        return 0 if state and state == self.state else 1

    def rollback(self) -> None:
        super().rollback()
        self._end()

    def commit(self) -> None:
        super().commit()
        self._end()

    def close(self) -> None:
        super().close()
        self._end()

    def _end(self) -> None:
        self.waiting.forget()
        if self.kept is not None:
            descriptor, beside = self.kept
            self.kept = None
            with contextlib.suppress(OSError):
                Path(beside).unlink()  # while it is still ours
            os.close(descriptor)


def state_of(path: str) -> str:
    """A sign of the file and its write-ahead log that every write changes; empty where the last was too short a time ago.

    Told by the file system alone: to open and close a database's file beside SQLite would drop SQLite's own locks on it.
    """
    signs = []
    for name in (path, f"{path}-wal"):
        try:
            told = Path(name).stat()
        except OSError:
            continue
        if not told.st_size:
            continue
        if time.time_ns() - max(told.st_mtime_ns, told.st_ctime_ns) < _FRESH:
            return ""
        signs.append(f"{told.st_ino}.{told.st_size}.{told.st_mtime_ns}.{told.st_ctime_ns}")
    return "/".join(signs)
