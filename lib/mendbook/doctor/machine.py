"""What doctor says of this machine: versions, the configuration's files, outputs/ and its disk, the clock.

It writes one small temporary file into outputs/, to see whether that can be done, and reads no secret.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from mendbook.config import Settings
from mendbook.dialects import Server
from mendbook.dialects.health import Check, is_older
from mendbook.plans.files import tool

ENOUGH_DISK_BYTES = 1_000_000_000
#: As much as a small result takes: a disk that is full holds a name, but not this.
TRIED_BYTES = 64 * 1024
#: Clocks this far apart are worth a word; this far, and signatures are refused (docs/signoff.md).
SECONDS_APART, REFUSED_APART = 5, 300
#: The minor versions of SQLAlchemy that mendbook is made for.
SQLALCHEMY = "2.1."
_OTHERS_WRITE, _OTHERS_READ = 0o002, 0o004


def configuration(settings: Settings) -> Iterator[Check]:
    """mendbook.toml and .env: that they read well, and that nobody else decides or reads what stands there."""
    yield Check("configuration", "ok", f"{settings.path} reads well: {len(settings.sources)} source(s)")
    secrets = settings.path.parent / ".env"
    for path, right, what in (
        (settings.path, _OTHERS_WRITE, "may be written by everybody on this machine, and decides whom mendbook trusts"),
        (secrets, _OTHERS_READ, "may be read by everybody on this machine, and is where passwords stand"),
    ):
        if path.exists() and path.stat().st_mode & right:
            yield Check("configuration", "warning", f"{path} {what}", f"chmod o-rw {path}")


def versions() -> Iterator[Check]:
    """mendbook, Python and SQLAlchemy."""
    told = f"{tool()}, Python {platform.python_version()}, SQLAlchemy {sa.__version__}"
    if sa.__version__.startswith(SQLALCHEMY):
        yield Check("versions", "ok", told)
    else:
        hint = f"mendbook is made for SQLAlchemy {SQLALCHEMY}x: pip install 'sqlalchemy>=2.1,<2.2'"
        yield Check("versions", "failed", told, hint)


def server_version(server: Server, oldest: str) -> Check:
    """Whether the server is one that mendbook works with."""
    if is_older(server.version, oldest):
        return Check(
            "server version",
            "failed",
            f"{server.name} {server.version} is older than {oldest}, the oldest that mendbook works with",
            f"Upgrade the server, or restore a copy of its data into {server.name} {oldest} or newer and audit that.",
        )
    return Check("server version", "ok", f"{server.name} {server.version} ({oldest} or newer is needed)")


def outputs(folder: Path) -> Iterator[Check]:
    """Whether findings and reports can be written, and how much room there is."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * TRIED_BYTES)
            file.flush()
            os.fsync(file.fileno())
        free = shutil.disk_usage(folder).free
    except OSError as error:
        hint = "Free some space, or name another folder with --outputs." if error.errno else "Name another with --outputs."
        yield Check("outputs", "failed", f"{folder} cannot be written: {error.strerror}", hint)
        return
    if free < ENOUGH_DISK_BYTES:
        hint = "Free some space for findings and reports; [schedule] keep_days and keep_runs remove old runs."
        yield Check("outputs", "warning", f"{folder} has {free / 1e6:.0f} MB left", hint)
    else:
        yield Check("outputs", "ok", f"{folder} can be written, {free / 1e9:.0f} GB free")


def clock(before: datetime, there: datetime, after: datetime) -> Check:
    """This machine's clock, read before and after, against the database's (``there``)."""
    here = before + (after - before) / 2
    seconds = (here - there).total_seconds()
    doubt = (after - before).total_seconds() / 2
    apart = max(abs(seconds) - doubt, 0.0)
    told = f"this machine's clock is {_span(apart)} {'ahead of' if seconds > 0 else 'behind'} the database's"
    hint = "Set both by NTP ('timedatectl' tells). "
    if apart > REFUSED_APART:
        hint += "Until then signatures are refused as too old or from the future, and jobs run at wrong times."
        return Check("clock", "failed", told, hint)
    if apart > SECONDS_APART:
        hint += "Logs and rows will seem to be that far apart."
        return Check("clock", "warning", told, hint)
    return Check("clock", "ok", "this machine's clock and the database's agree")


def _span(seconds: float) -> str:
    for name, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"
