"""The child process of one scheduled run: runs one notebook, tells its folder, then its record. task_children.py starts it.

``python -m mendbook.ticking.scheduled_run`` reads one JSON line, the arguments of ``runs.run``, from its standard input and
writes JSON lines: {"folder"} once there is one, then {"record"}, or {"refused": {name, message}} where nothing began.
When the other end of standard input goes away the run is stopped, and its record says so: no run goes on that nobody waits for.
A process of its own, so that whatever a notebook's report takes of memory goes with it, and its end is an end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import Any

from mendbook.errors import MendbookError
from mendbook.execution.execution import leave_out_iris
from mendbook.runs import run


def main() -> int:
    """Run what standard input names; exit code 0 tells that the end was told, not that the run went well."""
    leave_out_iris()
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_stop_with_scheduler, daemon=True).start()
    try:
        record = run(**job, begun=lambda begun: _tell({"folder": begun.folder}))
    except MendbookError as error:
        _tell({"refused": {"name": type(error).__name__, "message": error.message}})
    else:
        _tell({"record": record.as_json()})
    return 0


def _tell(document: dict[str, Any]) -> None:
    try:
        print(json.dumps(document, default=str), flush=True)
    except BrokenPipeError:  # nobody listens any more; the run's own record tells the rest
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115  (so that the interpreter's own flush finds somebody)


def _stop_with_scheduler() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
