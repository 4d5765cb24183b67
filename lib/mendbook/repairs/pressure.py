"""Whether a database has the time to be repaired: sessions that wait for locks, active sessions, replicas that lag.

Asked between batches, in a transaction of its own; what the role may not see counts as nothing. It only reads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from mendbook.config import Apply
from mendbook.dialects import of
from mendbook.errors import QueryStopped

#: A repair stands still as long as a file of this name is in the plan's folder, or in outputs/.
PAUSE_FILE = "pause"
LOOK_SECONDS = 0.5


def busy(connection: Connection, limits: Apply) -> str:
    """Why the database should be left alone for now; empty where it need not."""
    with connection.begin():
        pressure = of(connection).pressure(connection)
    if pressure.waiting > limits.most_waiting:
        return f"{pressure.waiting} sessions wait for locks (most_waiting = {limits.most_waiting})"
    if pressure.active > limits.most_active:
        return f"{pressure.active} sessions are active (most_active = {limits.most_active})"
    if pressure.lag is not None and pressure.lag > limits.most_lag_seconds:
        return f"a replica lags by {pressure.lag:.0f} s (most_lag_seconds = {limits.most_lag_seconds:g})"
    return ""


def wait(
    connection: Connection,
    limits: Apply,
    pauses: tuple[Path, ...],
    tell: Callable[[str], None],
    stopped: Callable[[], bool],
) -> None:
    """Come back when the database has time and nobody has put a pause file down, or when somebody has stopped the repair.

    QueryStopped where the database was busy for longer than anybody would wait; a pause is waited for as long as it lasts.
    """
    since, told = time.monotonic(), ""
    while not stopped():
        file = next((path for path in pauses if path.exists()), None)
        why = f"paused: remove {file} to go on" if file else busy(connection, limits)
        if not why:
            return
        if file:
            since = time.monotonic()
        elif time.monotonic() - since > limits.patience_seconds:
            raise QueryStopped(
                f"The database stayed busy for {limits.patience_seconds:g} s: {why}.",
                "What was applied is in the ledger. Type the same command again, and it goes on from there.",
            )
        if why.partition(":")[0] != told:
            tell(why)
            told = why.partition(":")[0]
        time.sleep(LOOK_SECONDS)
