"""How gunicorn runs a project: several workers, logs as production has them, and no life after its parent's.

Access goes to access.log in the combined format and to access.json as one object a line; errors to gunicorn.log.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from datetime import UTC, datetime
from typing import Any

from gunicorn.glogging import Logger

LOGS = os.environ["RACELAB_LOGS"]
PARENT = os.getppid()


class TwoAccessLogs(Logger):
    """gunicorn's logger, which also writes the access log as JSON lines."""

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> None:
        super().access(resp, req, environ, request_time)
        record = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "remote_addr": environ.get("REMOTE_ADDR"),
            "method": environ.get("REQUEST_METHOD"),
            "path": environ.get("PATH_INFO"),
            "status": int(str(resp.status).split(None, 1)[0]),
            "size": getattr(resp, "sent", None),
            "duration_ms": round(request_time.total_seconds() * 1000, 1),
            "user_agent": environ.get("HTTP_USER_AGENT"),
            "pid": os.getpid(),
        }
        with open(f"{LOGS}/access.json", "a") as file:  # noqa: PTH123  one short write, so that lines of workers do not mix
            file.write(json.dumps(record) + "\n")


def when_ready(server: Any) -> None:  # noqa: ARG001  gunicorn calls it by this name
    """End with the process that started us, even when that one is killed."""

    def watch() -> None:
        while os.getppid() == PARENT:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


wsgi_app = "racelab.wsgi:application"
worker_class = "gthread"
workers = int(os.environ.get("RACELAB_WORKERS", "3"))
threads = int(os.environ.get("RACELAB_THREADS", "4"))
preload_app = True  # Django is imported once, not once a worker
timeout = 30
graceful_timeout = 2
control_socket_disable = True
logger_class = TwoAccessLogs
accesslog = f"{LOGS}/access.log"
access_log_format = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'
errorlog = f"{LOGS}/gunicorn.log"
