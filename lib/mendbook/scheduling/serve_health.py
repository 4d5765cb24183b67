"""That `mendbook serve` lives: a lock that one process alone holds, and a health file that whoever watches it reads.

outputs/serve.health.json is written anew every few seconds, whole or not at all; its age tells more than any pid, which means
nothing outside of a container. It starts and ends nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from mendbook.errors import OutputError, Refused
from mendbook.files.publish import publish
from mendbook.scheduling.task_locks import taken

HEALTH = "serve.health.json"
LOCK = "serve.lock"
#: Seconds between two beats, and how old the last may be.
BEAT, SILENT = 15, 60


def write_health(outputs: Path, health: dict[str, Any]) -> None:
    """Put ``health`` in its place. Raises OutputError."""
    publish(outputs / HEALTH, json.dumps(health, indent=2) + "\n")


def read_health(outputs: Path) -> dict[str, Any] | None:
    """{pid, host, started, beat, state, running, next} as it was written last; None where none was. Raises OutputError."""
    path = outputs / HEALTH
    try:
        health = json.loads(path.read_text("utf-8"))
        datetime.fromisoformat(health["beat"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as failure:
        raise OutputError(f"{path} is not a health file: {failure}.", "mendbook serve writes it anew.") from failure
    return health  # type: ignore[no-any-return]


def check_health(outputs: Path, now: datetime) -> dict[str, Any]:
    """The health of the `mendbook serve` of these outputs. Raises Refused where none has given a sign for SILENT seconds."""
    health = read_health(outputs)
    if health is None:
        raise Refused(f"No 'mendbook serve' has run in {outputs}.", "Start it, or name its folder with --outputs.")
    seconds = (now - datetime.fromisoformat(health["beat"])).total_seconds()
    if health["state"] == "ended":
        raise Refused(f"'mendbook serve' has ended ({health['beat']}).", "Start it again.")
    if seconds > SILENT:
        raise Refused(
            f"'mendbook serve' (pid {health['pid']} on {health['host']}) was last heard of {seconds:,.0f} s ago.",
            "End that process where it is still there, and start it again.",
        )
    return health


@contextmanager
def alone(outputs: Path) -> Iterator[None]:
    """For the block, be the only `mendbook serve` of ``outputs``. Raises Refused where there is one, or OutputError."""
    handle = taken(outputs / LOCK)
    if handle is None:
        health = read_health(outputs)
        who = f" (pid {health['pid']} on {health['host']}, since {health['started']})" if health else ""
        raise Refused(
            f"'mendbook serve' already runs in {outputs}{who}.", "One is enough: 'mendbook schedule show' tells what it does."
        )
    try:
        yield
    finally:
        os.close(handle)
