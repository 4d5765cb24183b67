"""Where the demo's databases are: on a PostgreSQL of its own, or in files of SQLite's, for which no server is needed.

All that differs between the two stands here. Databases are made, copied and removed; no row of them is looked at.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Protocol

from mendbook.embedded import embedded
from mendbook.errors import OutputError

SERVER, FILES = "server", "databases"


class Place(Protocol):
    """The databases of one demo, each called by a name.

    told   one sentence about it, for whoever watches
    stays  what is still there when the demo is over
    roles  whether a database has roles, which may do more and less
    """

    told: str
    stays: str
    roles: bool

    def has(self, name: str) -> bool: ...
    def create(self, name: str) -> str: ...
    def copy(self, name: str, copy: str) -> None: ...
    def remove(self, name: str) -> None: ...
    def url(self, name: str, role: str = ...) -> str: ...
    def execute(self, statements: str, name: str) -> None: ...
    def settle(self, name: str) -> None: ...
    def mapping(self, text: str) -> str: ...
    def end(self) -> None: ...


class OnServer:
    """A server of the demo's own, in ``server/`` below its home. Its databases may be lost with the machine's power."""

    roles = True
    stays = "The server stays up for you"

    def __init__(self, home: Path) -> None:
        self.server = embedded.start(home / SERVER, settings=embedded.THROWAWAY_SETTINGS, keep=True)
        self.told = f"PostgreSQL {self.server.version} is up."

    def has(self, name: str) -> bool:
        return bool(self.server.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))

    def create(self, name: str) -> str:
        """An empty database; its administrator's URL."""
        return self.server.create_database(name)

    def copy(self, name: str, copy: str) -> None:
        """A database as another one stands now; nobody may be connected to that one."""
        self.server.create_database(copy, template=name)

    def remove(self, name: str) -> None:
        self.server.drop_database(name)

    def url(self, name: str, role: str = "postgres") -> str:
        return self.server.url(name, role)

    def execute(self, statements: str, name: str) -> None:
        """Run statements as the database's owner."""
        self.server.execute(statements, name)

    def settle(self, name: str) -> None:
        """Let the planner know what traffic has written."""
        self.server.execute("ANALYZE", name)

    def mapping(self, text: str) -> str:
        return text

    def end(self) -> None:
        self.server.stop("immediate")


class OnFiles:
    """A file a database, in ``databases/`` below the demo's home: SQLite, as a new Django project has it."""

    roles = False
    stays = "The databases stay for you"

    def __init__(self, home: Path) -> None:
        self.folder = home / FILES
        self.folder.mkdir(parents=True, exist_ok=True)
        self.told = f"SQLite {sqlite3.sqlite_version}: no server, a file for each system in {self.folder}."

    def has(self, name: str) -> bool:
        return self._file(name).exists()

    def create(self, name: str) -> str:
        """An empty file, as SQLite takes for an empty database; its URL."""
        self._file(name).touch(mode=0o600)
        return self.url(name)

    def copy(self, name: str, copy: str) -> None:
        """A database as another one stands now."""
        self.create(copy)
        with closing(sqlite3.connect(self._file(name))) as source, closing(sqlite3.connect(self._file(copy))) as target:
            source.backup(target)

    def remove(self, name: str) -> None:
        for ending in ("", "-journal", "-wal", "-shm"):
            self._file(name).with_name(f"{self._file(name).name}{ending}").unlink(missing_ok=True)

    def url(self, name: str, role: str = "") -> str:  # noqa: ARG002  a file has no roles
        return f"sqlite:///{self._file(name)}"

    def execute(self, statements: str, name: str) -> None:
        with closing(sqlite3.connect(self._file(name), isolation_level=None)) as connection:
            connection.executescript(statements)

    def settle(self, name: str) -> None:
        """SQLite needs none of it for so few rows."""

    def mapping(self, text: str) -> str:
        """Without a server there is no server's log."""
        lines = text.replace(f', "{SERVER}/logs/postgresql.log"', "").splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("log_database = "))

    def end(self) -> None:
        """No process holds a file open when nobody uses it."""

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.sqlite3"


def place_of(home: Path) -> Place | None:
    """Where the databases of the demo in ``home`` are; None where none was played. A server that is down is started."""
    if (home / FILES).is_dir():
        return OnFiles(home)
    return OnServer(home) if (home / SERVER / "data").exists() else None


def place_for(home: Path, sqlite: bool) -> Place:
    """The place for the next play, made or joined."""
    return OnFiles(home) if sqlite else OnServer(home)


def is_for(place: Place, sqlite: bool) -> bool:
    """Whether the next play can be there."""
    return isinstance(place, OnFiles) == sqlite


def remove(place: Place, home: Path) -> None:
    """End the place and remove its folder."""
    place.end()
    folder = home / (FILES if isinstance(place, OnFiles) else SERVER)
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise OutputError(f"{folder} could not be removed: {error.strerror}.", "Close what uses it and try again.") from error
