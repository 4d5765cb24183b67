"""A MariaDB of the tests' own: made in a temporary folder, spoken to through a socket there, ended with the session.

The programs are Debian's mariadb-server-core; where they are absent, tests that ask for a server are skipped with a
message (and fail where CI=true). Nothing of a server that runs elsewhere on the machine is touched.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pymysql.constants import CLIENT

PREFIX = "mendbook-mariadb-"
START_SECONDS = 240
#: Text is compared code point by code point, as PostgreSQL does, unless a test says otherwise.
CHARACTERS = "CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
#: Small, and never waiting for the disk: the data is thrown away.
SETTINGS = {
    "sync-frm": "0",
    "skip-networking": "1",
    "skip-log-bin": "1",
    "skip-name-resolve": "1",
    "performance-schema": "0",
    "innodb-buffer-pool-size": "32M",
    "innodb-log-file-size": "8M",
    "innodb-flush-log-at-trx-commit": "0",
    "innodb-flush-method": "nosync",
    "innodb-doublewrite": "0",
    "innodb-stats-auto-recalc": "1",
    "aria-pagecache-buffer-size": "8M",
    "key-buffer-size": "1M",
    "max-connections": "100",
}


@dataclass(frozen=True)
class MariaServer:
    """A running server; its only user is root, through the socket alone."""

    socket: Path
    process: int
    version: str

    def url(self, database: str = "mysql") -> str:
        return f"mysql+pymysql://root@localhost/{database}?unix_socket={self.socket}&ssl_disabled=true"

    def connect(self, database: str | None = "mysql", **options: Any) -> Any:
        """A PyMySQL connection in autocommit mode; a script of several statements is one statement to it."""
        return pymysql.connect(
            unix_socket=str(self.socket),
            user="root",
            database=database,
            charset="utf8mb4",
            autocommit=True,
            client_flag=CLIENT.MULTI_STATEMENTS,
            ssl_disabled=True,  # reading certificates takes longer than most tests
            **options,
        )

    def execute(self, script: str, database: str | None = "mysql") -> list[tuple[Any, ...]]:
        """Run a script of any number of statements; the rows of the last."""
        connection = self.connect(database)
        try:
            return run(connection, script)
        finally:
            connection.close()


@dataclass(frozen=True)
class MariaDatabase:
    """An empty database that is dropped after the test."""

    server: MariaServer
    name: str

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def connect(self, **options: Any) -> Any:
        return self.server.connect(self.name, **options)

    def execute(self, script: str) -> list[tuple[Any, ...]]:
        return self.server.execute(script, self.name)


def run(connection: Any, script: str) -> list[tuple[Any, ...]]:
    """The rows of the script's last statement; an error of any of them is raised."""
    with connection.cursor() as cursor:
        cursor.execute(script)
        rows = list(cursor.fetchall())
        while cursor.nextset():
            rows = list(cursor.fetchall())
        return rows


def absent() -> str:
    """Why there can be no server here; empty where there can."""
    missing = [program for program in ("mariadbd", "mariadb-install-db") if not shutil.which(program, path=_path())]
    return f"There is no {' and no '.join(missing)} (Debian: apt install mariadb-server-core)." if missing else ""


def needed() -> None:
    """Skip the test where there is no MariaDB; where CI=true, fail."""
    if absent():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(absent())


@contextlib.contextmanager
def serving_mariadb() -> Iterator[MariaServer]:
    """A server for a test session. It ends with the session, even one that is killed; its folder goes then, or next time."""
    needed()
    _clear_leftovers()
    home = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        _install(home)
        process = _launch(home)
        try:
            yield _answering(home, process)
        finally:
            process.kill()
            process.wait()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def fresh_mariadb(server: MariaServer, characters: str = CHARACTERS) -> Iterator[MariaDatabase]:
    """An empty database for one test."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    server.execute(f"CREATE DATABASE `{name}` {characters}")
    try:
        yield MariaDatabase(server, name)
    finally:
        server.execute(f"DROP DATABASE IF EXISTS `{name}`")


def _path() -> str:
    """Where programs are; an ordinary user's own path often lacks the folder that has mariadbd."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


def _program(name: str) -> str:
    found = shutil.which(name, path=_path())
    assert found, absent()
    return found


def _user() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _install(home: Path) -> None:
    small = ["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=16M", "--innodb-flush-method=nosync"]
    command = [_program("mariadb-install-db"), "--no-defaults", *_user(), f"--datadir={home / 'data'}", *small]
    command += ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
    # a server that starts removes the temporary tables that it finds, those of one that is just being made among them
    surroundings = {**os.environ, "PATH": _path(), "TMPDIR": str(home)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=home, env=surroundings)
    assert done.returncode == 0, done.stdout + done.stderr


def _launch(home: Path) -> subprocess.Popen[bytes]:
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    command = [_program("mariadbd"), "--no-defaults", *_user(), f"--datadir={home / 'data'}", f"--socket={home / 's'}"]
    command += [f"--tmpdir={home}", f"--pid-file={home / 'pid'}", *settings]
    with (home / "log").open("wb") as log:
        return subprocess.Popen(
            command, cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_end_with_my_parent
        )


def _end_with_my_parent() -> None:
    """Linux kills the child when its parent is gone, however that went (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _answering(home: Path, process: subprocess.Popen[bytes]) -> MariaServer:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(pymysql.err.OperationalError):
            asked = MariaServer(home / "s", process.pid, "").execute("SELECT version()", None)
            return MariaServer(home / "s", process.pid, asked[0][0])
        said = (home / "log").read_text(errors="replace")
        assert process.poll() is None, f"mariadbd did not start: {said}"
        assert time.monotonic() < deadline, f"mariadbd does not answer: {said}"
        time.sleep(0.02)


def _clear_leftovers() -> None:
    """The folders of sessions that were killed: their servers are gone with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == os.geteuid() and owner.isdigit() and not Path(f"/proc/{owner}").exists():
                shutil.rmtree(folder, ignore_errors=True)
