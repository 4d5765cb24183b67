"""The places in which bench/audit.py measures besides PostgreSQL: a MariaDB with its default settings, and a file of SQLite's.

Each is filled with the same rows, and asked by hand in one session of its own client (by_hand_mariadb.sql; by_hand.sql).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
#: The tests' server is smaller than anybody's; what else they set matters to no reading.
SMALLER = ("innodb-buffer-pool-size", "innodb-log-file-size", "aria-pagecache-buffer-size", "key-buffer-size")


class MariaPlace:
    """Databases of one MariaDB, which only this machine's socket leads to."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.told = f"MariaDB {server.version}"

    def fill(self, name: str, users: int) -> None:
        self._server.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        script = f"SET @users = {users};\n{(HERE / 'generate_mariadb.sql').read_text()}"
        subprocess.run(self._client(name), input=script, text=True, check=True, stdout=subprocess.DEVNULL)

    def url(self, name: str) -> str:
        return str(self._server.url(name))

    def by_hand(self, name: str) -> list[str]:
        return [*self._client(name), "--quick", "-e", f"source {HERE / 'by_hand_mariadb.sql'}"]

    def cpu(self) -> float:
        """The seconds of computing that the server has done so far."""
        told = Path(f"/proc/{self._server.process}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    def _client(self, name: str) -> list[str]:
        socket = f"--socket={self._server.socket}"
        return ["mariadb", "--no-defaults", socket, "--user=root", "--batch", "--skip-column-names", name]


class SQLitePlace:
    """Files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        told = subprocess.run(["sqlite3", "--version"], capture_output=True, text=True, check=True).stdout
        self.told = f"SQLite {told.split()[0]}"

    def fill(self, name: str, users: int) -> None:
        script = (HERE / "generate_sqlite.sql").read_text().replace(":users", str(users))
        subprocess.run(["sqlite3", "-bail", str(self._folder / name)], input=script, text=True, check=True)

    def url(self, name: str) -> str:
        return f"sqlite:///{self._folder / name}"

    def cpu(self) -> float:
        """None: whoever asks does all of it."""
        return 0.0

    def by_hand(self, name: str) -> list[str]:
        script = self._folder / "by_hand.sql"
        plain = (
            (HERE / "by_hand.sql").read_text().replace("SET work_mem = '64MB';\n", "").replace("SELECT FROM", "SELECT 1 FROM")
        )
        script.write_text(plain.replace("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "BEGIN"))
        return ["sqlite3", "-bail", str(self._folder / name), f".read {script}"]


@contextmanager
def places(on: str, scratch: Path) -> Iterator[MariaPlace | SQLitePlace]:
    """The place called ``on``, for as long as it is needed."""
    if on == "sqlite":
        yield SQLitePlace(scratch)
        return
    sys.path.insert(0, str(HERE.parent / "tests"))
    from support import mariadb

    for name in SMALLER:
        mariadb.SETTINGS.pop(name, None)
    with mariadb.serving_mariadb() as server:
        yield MariaPlace(server)
