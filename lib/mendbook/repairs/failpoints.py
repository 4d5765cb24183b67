"""Points at which a repair may be made to fail, so that tests can break it there. Nothing happens unless asked for.

MENDBOOK_FAILPOINT="NAME" or "NAME:ACTION" or "NAME:ACTION:N": at the N-th time (the first) that NAME is reached, ACTION is
done: kill (SIGKILL, the default), stop (SIGSTOP), raise, or sleep (for MENDBOOK_FAILPOINT_SECONDS).
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter

#: Every point there is, in the order in which a batch reaches them.
POINTS = (
    "begun",
    "claimed",
    "allowed",
    "locked",
    "compared",
    "changing",
    "changed",
    "checked",
    "appended",
    "committed",
    "checkpointed",
)
_reached: Counter[str] = Counter()


def reach(name: str) -> None:
    """Pass the point called ``name``; most of the time, without anything happening."""
    asked = os.environ.get("MENDBOOK_FAILPOINT")
    if not asked or asked.partition(":")[0] != name:
        return
    _, _, rest = asked.partition(":")
    action, _, number = rest.partition(":")
    _reached[name] += 1
    if _reached[name] != int(number or 1):
        return
    if action == "raise":
        raise RuntimeError(f"failpoint {name}")
    if action == "sleep":
        time.sleep(float(os.environ.get("MENDBOOK_FAILPOINT_SECONDS", "1")))
        return
    os.kill(os.getpid(), signal.SIGSTOP if action == "stop" else signal.SIGKILL)
