"""The child process that hands messages to apprise: reads them from standard input, says of each whether it was taken.

``python -m mendbook.alerts.sending_child`` reads one JSON document {patience, deliveries: [{url, title, body,
urgency}]} and writes a JSON line {place, ok, why} for each as it is done. apprise is held to the URLs given: no redirects, no
pictures fetched from elsewhere, nothing kept on the disk, plain text. What apprise logs may hold URLs, so of that nothing is
passed on but numbers.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import re
import signal
import sys
import threading
from contextvars import ContextVar
from typing import Any

_REFUSED = re.compile(r"\berror=(\d{3})\b")
#: Seconds that a sink may take to answer a request, unless its URL says otherwise (rto, cto).
_ANSWER = 10.0
#: Which delivery is being worked on; apprise hands it on to its own threads.
_working_on: ContextVar[int] = ContextVar("working_on")
_ASSET: dict[str, Any] = {
    "app_id": "mendbook", "app_desc": "mendbook", "app_url": "", "image_url_mask": "", "image_url_logo": "",
    "interpret_emojis": False, "interpret_escapes": False, "http_redirects": False, "pgp_autogen": False, "pem_autogen": False,
    "secure_logging": True, "async_mode": False, "storage_mode": "memory", "allow_templates": False,
}  # fmt: skip


def main() -> None:
    """Send all that standard input names, side by side."""
    job = json.loads(sys.stdin.buffer.read())
    signal.alarm(int(job["patience"]) + 5)  # also where the parent is gone and nobody ends this process
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a plugin prints is no answer
    done: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    for place, delivery in enumerate(job["deliveries"]):
        work = threading.Thread(target=lambda *given: done.put(_deliver(*given)), args=(place, delivery), daemon=True)
        work.start()
    for _ in job["deliveries"]:
        out.write(json.dumps(done.get()) + "\n")
        out.flush()
    os._exit(0)  # without waiting for threads of apprise that still wait for somebody


class _Heard(logging.Handler):
    """What apprise says of one delivery, to find out why it failed."""

    def __init__(self, place: int) -> None:
        super().__init__(logging.WARNING)
        self.place, self.words = place, list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        if _working_on.get(None) == self.place:
            self.words.append(record.getMessage())

    @property
    def why(self) -> str:
        """Why it failed, in words of ours."""
        said = " ".join(self.words)
        refused = _REFUSED.search(said)
        if refused:
            sends_on = " (it sends elsewhere; give that address)" if refused[1].startswith("3") else ""
            return f"it answered {refused[1]}{sends_on}"
        return "no connection, or no answer in time" if "onnection error" in said else "it did not take the message"


def _deliver(place: int, delivery: dict[str, str]) -> dict[str, Any]:
    _working_on.set(place)
    logger, heard = logging.getLogger("apprise"), _Heard(place)
    logger.addHandler(heard)
    try:
        ok, why = _notify(delivery)
        return {"place": place, "ok": ok, "why": "" if ok else why or heard.why}
    except Exception as failure:  # a plugin may raise anything; its words may quote the URL
        return {"place": place, "ok": False, "why": f"apprise broke down ({type(failure).__name__})"}
    finally:
        logger.removeHandler(heard)


def _notify(delivery: dict[str, str]) -> tuple[bool, str]:
    import apprise

    asset = apprise.AppriseAsset(**_ASSET)
    service = apprise.Apprise.instantiate(delivery["url"], asset=asset)
    if service is None:
        return False, "apprise does not know such a URL"
    if service.socket_read_timeout == type(service).socket_read_timeout:
        service.socket_read_timeout = _ANSWER
    sender = apprise.Apprise(service, asset=asset)
    # plain text, also to services that would rather have HTML or Markdown: where they know nothing else, apprise escapes it
    ok = sender.notify(
        title=delivery["title"], body=delivery["body"], notify_type=apprise.NotifyType(delivery["urgency"]),
        body_format=apprise.NotifyFormat.TEXT,
    )  # fmt: skip
    return bool(ok), ""


if __name__ == "__main__":
    main()
