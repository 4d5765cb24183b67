"""Opens a SQLite file that is there already, and says in plain words why one could not be opened or was let go of.

Never makes a file: a mistyped path must not become an empty database. A file is opened for reading alone unless somebody
means to repair it, or a crash has left something in its journal that must be rolled back first.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import stat
from pathlib import Path
from urllib.parse import quote

from mendbook.dialects.sqlite.file import File
from mendbook.dialects.sqlite.functions import learn
from mendbook.dialects.sqlite.values import Raw, written
from mendbook.dialects.sqlite.waiting import Waiting
from mendbook.errors import ConnectionFailed, MendbookError, OutputError, QueryStopped, Refused

#: Seconds that a reader waits for a writer that is just changing the file.
READ_PATIENCE = 10
#: The oldest SQLite that tells its tables and changes by the statements that are used here.
OLDEST = (3, 37, 0)


class OpeningFailed(sqlite3.OperationalError):
    """Why a file could not be opened, in plain words; SQLAlchemy hands it on as the driver's own error."""

    def __init__(self, error: MendbookError) -> None:
        super().__init__(error.message)
        self.explained = error


def opened(path: str, writing: bool) -> File:
    """A connection to the database at ``path``, with mendbook's functions; transactions are begun by whoever uses it.

    Raises OpeningFailed.
    """
    if sqlite3.sqlite_version_info < OLDEST:
        raise OpeningFailed(
            ConnectionFailed(
                f"This Python brings SQLite {sqlite3.sqlite_version}, which is too old.",
                f"mendbook needs SQLite {'.'.join(map(str, OLDEST[:2]))} or newer: take a newer Python.",
            )
        )
    why = _unfit(path, writing)
    if why is not None:
        raise OpeningFailed(why)
    if not writing:
        with contextlib.suppress(sqlite3.Error):
            return _connected(path, "ro")
    try:
        return _connected(path, "rw")
    except sqlite3.Error as error:
        raise OpeningFailed(explained(error, path) or ConnectionFailed(f"Cannot open {path}: {error}.")) from None


def _connected(path: str, mode: str) -> File:
    where = f"file:{quote(path)}?mode={mode}"
    connection = sqlite3.connect(
        where, uri=True, timeout=READ_PATIENCE, isolation_level=None, check_same_thread=False, factory=File
    )
    connection.text_factory = text_of
    connection.waiting = Waiting()
    connection.create_function("mendbook_wrote", 4, connection.waiting.wrote)
    connection.create_function("mendbook_written_since", 1, connection.written_since)
    try:
        learn(connection)  # this reads the file's header, and so rolls back what a crash has left
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def text_of(read: bytes) -> str:
    """Text as it is read; bytes that are none, or hold a NUL, are told by the literal that images tell them by."""
    try:
        text = read.decode()
    except UnicodeDecodeError:
        return str(written(Raw(read), "text"))
    return str(written(Raw(read), "text")) if "\0" in text else text


def _unfit(path: str, writing: bool) -> MendbookError | None:
    """Why there is no database to be opened at ``path``, as far as the file itself tells."""
    try:
        status = Path(path).stat()
    except FileNotFoundError:
        folder = Path(path).parent
        there = sorted(each.name for each in folder.glob("*") if each.suffix in (".db", ".sqlite", ".sqlite3"))
        hint = f"In that folder there is: {', '.join(there[:10])}." if there else "mendbook never makes one."
        return ConnectionFailed(
            f"There is no file {path}.", f"{hint} sqlite:////PATH is absolute, sqlite:///PATH starts at the current folder."
        )
    except OSError as error:
        return ConnectionFailed(f"Cannot look at {path}: {error.strerror}.", "Check the path in the URL, and who may read it.")
    if stat.S_ISDIR(status.st_mode):
        return ConnectionFailed(f"{path} is a folder, not a SQLite file.", "Name the file in the URL: sqlite:////FOLDER/FILE.")
    if not os.access(path, os.R_OK):
        return Refused(f"The file {path} may not be read by this user.", "Run as a user who may read it.")
    if writing and not (os.access(path, os.W_OK) and os.access(Path(path).parent, os.W_OK)):
        return Refused(
            f"The file {path}, or the folder it lies in, may not be written by this user.",
            "A repair writes both (SQLite keeps its journal beside the file): run it as the file's owner.",
        )
    return None


def explained(error: Exception, path: str) -> MendbookError | None:
    """What a driver's error means; None for one that nobody expected."""
    if isinstance(error, OpeningFailed):
        return error.explained
    code = getattr(error, "sqlite_errorname", "") or ""
    said = re.sub(r"\s+", " ", str(error)).strip()
    if code == "SQLITE_NOTADB":
        return ConnectionFailed(
            f"{path} is not a SQLite database, or it is encrypted.", "Check the path in the URL: 'file PATH' tells what it is."
        )
    if code.startswith("SQLITE_CORRUPT"):
        return ConnectionFailed(
            f"The database {path} is damaged: {said}.",
            "Nothing was changed. 'PRAGMA integrity_check' tells more; restore a backup.",
        )
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return QueryStopped(
            f"Somebody else writes {path}, and did not let go of it in time: {said}.", "Nothing was changed. Try again."
        )
    if code == "SQLITE_INTERRUPT":
        return QueryStopped(
            f"A statement on {path} was stopped: it took too long.",
            "Raise statement_timeout (seconds) for the source in mendbook.toml, or audit fewer kinds with --kind.",
        )
    if code.startswith("SQLITE_READONLY"):
        return Refused(
            f"The database {path} may not be written: {said}.",
            "It, its folder and the journal beside it must be writable for whoever repairs it, or recovers it after a crash.",
        )
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return ConnectionFailed(
            f"Cannot open {path}: {said}.", "Check the path in the URL, and who may read the file and its folder."
        )
    if code.startswith("SQLITE_FULL"):
        return OutputError(f"The disk with {path} is full.", "Nothing was changed. Make room there, then try again.")
    if code.startswith(("SQLITE_IOERR", "SQLITE_PROTOCOL", "SQLITE_NOMEM")):
        return ConnectionFailed(f"Reading {path} failed: {said}.", "Nothing was changed. Try again.")
    if said.startswith(("no such collation", "no such function", "no such module")):
        return Refused(
            f"A table of {path} needs what only its application has: {said}.",
            "mendbook cannot compare or write such rows: leave the table out of the mapping, or audit a copy without it.",
        )
    if code == "SQLITE_SCHEMA":
        return QueryStopped(f"The database {path} changed its tables meanwhile: {said}.", "Nothing was changed. Try again.")
    return None


def fault(error: object) -> str:
    """Whose fault a driver's error is: "others", "request", "rights", or "" (the file, or unknown)."""
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_SCHEMA")):
        return "others"
    if code.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return "rights"
    if isinstance(error, sqlite3.IntegrityError) or code.startswith(("SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_TOOBIG")):
        return "request"
    return ""
