"""When to look again whether there is something to tell, though nothing ran: cheap, for ticks with nothing due.

A plan comes to wait or to its end without a run, and a sink that did not answer is tried again. Whoever looked leaves a note
in the run history (``NOTE``); this module writes and reads its text, and looks at outputs/plans. It opens no history.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import datetime, timedelta
from pathlib import Path

from mendbook.config import Settings

#: Where the note stands.
NOTE = "alerts"
#: How long one does not look while nothing runs and no plan changes.
LOOK_AGAIN = timedelta(minutes=15)


def text(outputs: Path, now: datetime, unheard: bool) -> str:
    """The note of who looked at ``now``; ``unheard`` where a sink is to be tried again at the next tick."""
    again = now if unheard else now + LOOK_AGAIN
    return json.dumps({"again": again.isoformat(), "plans": _plans(outputs)})


def is_due(settings: Settings, outputs: Path, note: str | None, now: datetime) -> bool:
    """Whether there could be something to tell at ``now``, by the ``note`` of who looked last."""
    if not settings.alerts.url_envs:
        return False
    try:
        noted = json.loads(note or "{}")
        return bool(now >= datetime.fromisoformat(noted["again"]) or noted["plans"] != _plans(outputs))
    except (ValueError, KeyError, TypeError):
        return True


def _plans(outputs: Path) -> str:
    """A digest of which plans there are and when something was last put beside each."""
    try:
        with os.scandir(outputs / "plans") as folders:
            seen = sorted(f"{each.name} {each.stat().st_mtime_ns}" for each in folders)
    except OSError:
        seen = []
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()
