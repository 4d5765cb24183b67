"""Migrate a project's database and run the project under gunicorn, each in processes of their own.

The server listens on the loopback interface only, on a port that was free when it was bound here, so nobody can take it
between choosing and using. It is ended when the ``with`` block ends, and ends itself when this process is killed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from mendbook.errors import ServerError

from racelab.systems import System, system_named

READY_SECONDS = 60


@dataclass(frozen=True)
class App:
    """A running application. ``logs`` holds access.log, access.json, gunicorn.log, django.log and console.log."""

    system: System
    mode: str
    base_url: str
    database_url: str
    logs: Path


def _environment(system: System, mode: str, database_url: str, logs: Path) -> dict[str, str]:
    path = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": system.settings,
        "RACELAB_MODE": mode,
        "RACELAB_DATABASE_URL": database_url,
        "RACELAB_LOGS": str(logs),
    }


def migrate(system: str, mode: str, database_url: str, variant: str | None = None) -> None:
    """Make or change the tables to what this mode of the system has (see ``systems.py``)."""
    known_system = system_named(system)
    target = known_system.migration(mode, variant)
    with tempfile.TemporaryDirectory() as logs:
        done = subprocess.run(
            [sys.executable, "-m", "racelab.migrating", known_system.label, target],
            env=_environment(known_system, mode, database_url, Path(logs)),
            capture_output=True,
            text=True,
        )
    if done.returncode:
        reason = done.stderr.strip().split("\n")[-1]
        raise ServerError(f"{system} could not be migrated to {target}: {reason}", "Repair what is in the way first.")


def create_admin(system: str, database_url: str, username: str, password: str) -> None:
    """A superuser for the Django admin of a system that has one."""
    known_system = system_named(system)
    with tempfile.TemporaryDirectory() as logs:
        environment = _environment(known_system, "fixed", database_url, Path(logs))
        command = ["createsuperuser", "--noinput", "--username", username, "--email", f"{username}@example.com"]
        done = subprocess.run(
            [sys.executable, "-m", "django", *command],
            env=environment | {"DJANGO_SUPERUSER_PASSWORD": password},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        reason = done.stderr.strip().split("\n")[-1]
        raise ServerError(f"{system} got no administrator {username}: {reason}", "Migrate first; choose a new name.")


@contextlib.contextmanager
def running(
    system: str,
    mode: str,
    database_url: str,
    logs_folder: Path | str,
    workers: int = 3,
    threads: int = 4,
    port: int = 0,
    pause: float | None = None,
) -> Iterator[App]:
    """The system in one mode on a migrated database; ``pause`` is how many seconds its slow calls take."""
    known_system = system_named(system)
    known_system.migration(mode, None)
    logs = Path(logs_folder).absolute()
    logs.mkdir(parents=True, exist_ok=True)
    environment = _environment(known_system, mode, database_url, logs)
    environment |= {
        "RACELAB_WORKERS": str(workers),
        "RACELAB_THREADS": str(threads),
        "RACELAB_SECRET": secrets.token_urlsafe(32),
    }
    environment |= {} if pause is None else {"RACELAB_PAUSE": str(pause)}
    with _listening(port) as listener, (logs / "console.log").open("ab") as console:
        number = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:racelab.gunicorn_settings", "--bind", f"fd://{number}"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            pass_fds=[number],
            start_new_session=True,
        )
        try:
            app = App(known_system, mode, "http://{}:{}".format(*listener.getsockname()), database_url, logs)
            _wait_until_ready(app, process, workers)
            yield app
        finally:
            _end(process)


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise ServerError(f"Port {port} is taken: {error.strerror}.", "Leave --port out, or name another.") from error
        listener.listen(128)
        yield listener


def _wait_until_ready(app: App, process: subprocess.Popen[bytes], workers: int) -> None:
    """Until every worker is there and one of them answers."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(httpx.HTTPError, psutil.Error):
            # no TLS here: reading the machine's certificates would take longer than the answer
            answer = httpx.get(f"{app.base_url}/ready", timeout=2, trust_env=False, verify=False)
            if answer.status_code == 204 and len(psutil.Process(process.pid).children()) >= workers:
                return
        time.sleep(0.05)
    told = (app.logs / "console.log").read_text(errors="replace").strip().split("\n")[-1]
    raise ServerError(f"{app.system.name} ({app.mode}) did not start: {told}", f"Read {app.logs}.")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End gunicorn and all of its workers: politely, then surely."""
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=6)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
