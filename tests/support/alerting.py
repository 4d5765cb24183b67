"""A schedule with its history, runs that never took place, and whoever is told of them: real sinks on localhost, and a list."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message as Mail
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from mendbook.alerts.sending import Sent, Sink
from mendbook.alerts.text import Message
from mendbook.config import Settings, load
from mendbook.scheduling.history import History
from mendbook.scheduling.jobs import Task, tasks

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOML = """
[sources.shop]
url_env = "SHOP_URL"
users = { table = "auth_user" }

[sources.crm]
url_env = "CRM_URL"
users = { table = "auth_user" }

[schedule.jobs.nightly]
notebook = "audit"
source = "*"
cron = "0 * * * *"

[schedule.jobs.races]
notebook = "incidents"
source = "shop"
cron = "30 * * * *"
"""
ALERTS = '[alerts]\nurl_envs = ["ALERT_URL"]\n'
#: Written where nobody's name belongs; no message may hold it.
PERSON = "jo.smith@example.com"


@dataclass
class Told:
    """Stands in for ``sending.send``: remembers who got what; ``deaf`` are the numbers of sinks that do not answer."""

    got: list[tuple[int, Message]] = field(default_factory=list)
    deaf: set[int] = field(default_factory=set)
    why: str = "it answered 503"

    def __call__(self, deliveries: Sequence[tuple[Sink, Message]]) -> list[Sent]:
        self.got += [(sink.number, message) for sink, message in deliveries if sink.number not in self.deaf]
        return [Sent(sink, sink.number not in self.deaf, self.why * (sink.number in self.deaf)) for sink, _ in deliveries]

    def take(self) -> list[str]:
        """The bodies of what came since the last time."""
        bodies = [message.body for _, message in self.got]
        self.got.clear()
        return bodies


@dataclass
class Watch:
    """One schedule: its mendbook.toml, outputs/ and history."""

    home: Path
    settings: Settings
    history: History

    @property
    def outputs(self) -> Path:
        return self.home / "outputs"

    def task(self, name: str = "nightly/shop") -> Task:
        return next(task for task in tasks(self.settings) if task.name == name)

    def ran(
        self,
        at: datetime,
        state: str = "finished",
        name: str = "nightly/shop",
        folder: Path | None = None,
        error: str | None = None,
    ) -> None:
        task = self.task(name)
        assert self.history.claim(task, at, at)
        entry = self.history.last(task)
        assert entry is not None
        self.history.end(entry, state, at, error=error, folder=str(folder) if folder else None)

    def missed(self, *times: datetime, name: str = "nightly/shop", why: str = "the machine was off") -> None:
        self.history.miss(self.task(name), times, why)

    def folder(self, at: datetime, result: dict[str, Any], notebook: str = "audit", source: str = "shop") -> Path:
        """A run's folder with that result."""
        folder = self.outputs / "runs" / f"{at:%Y%m%dT%H%M%SZ}-{notebook}-{source}"
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps(result), "utf-8")
        return folder

    def audit(
        self, at: datetime, new: dict[str, int], since: Path | None = None, scheduled: bool = True, left: int = 9
    ) -> Path:
        """An audit that found ``new`` cases by kind since the one in ``since``; one that nobody scheduled is a person's."""
        kinds = {kind: {"new": number, "gone": 1, "staying": 40} for kind, number in new.items()}
        told = {"folder": since.name, "taken_at": json.loads((since / "result.json").read_text())["taken_at"]} if since else {}
        change = {"since": told, "kinds": kinds} if since else None
        counts = {"duplicate_profile": {"cases": left, "rows": 2 * left}}
        result = {"source": "shop", "taken_at": at.isoformat(), "findings": "", "change": change, "counts": counts}
        folder = self.folder(at, result)
        if scheduled:
            self.ran(at, folder=folder)
        return folder

    def incidents(self, at: datetime, after: int, name: str = "the fix", bleeding: bool | None = True) -> Path:
        """A run of incidents that found that many after its deploy."""

        def stretch(number: int) -> dict[str, Any]:
            return {"incidents": number, "days": 4.0, "per_day": number / 4, "low": 0.1, "high": 9.0}

        deploy = {
            "at": "2026-11-16T08:00:00+00:00", "name": name, "before": stretch(80), "after": stretch(after),
            "verdict": "fewer than before (by chance: 1 in 1,000)",
        }  # fmt: skip
        result = {
            "source": "shop", "counts": {"unique_violation": {"seen": after}}, "deploys": [deploy], "still_bleeding": bleeding,
            "verdict": f"Still bleeding: {PERSON}",
        }  # fmt: skip
        folder = self.folder(at, result, "incidents")
        self.ran(at, name="races/shop", folder=folder)
        return folder


@contextmanager
def watching(home: Path, more: str = ALERTS) -> Iterator[Watch]:
    """A schedule in ``home``; ``more`` is put behind its mendbook.toml."""
    (home / "mendbook.toml").write_text(TOML + more, "utf-8")
    settings = load(home / "mendbook.toml")
    with History.open(settings, home / "outputs") as history:
        yield Watch(home, settings, history)


@dataclass
class Hook:
    """A web server that takes messages; ``/refuse`` answers 503, ``/away`` sends elsewhere."""

    port: int
    got: list[dict[str, Any]]
    asked: list[str]
    raw: list[bytes]

    def url(self, path: str = "/", scheme: str = "json") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"


@contextmanager
def hook() -> Iterator[Hook]:
    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer()
            if self.path not in ("/refuse", "/away"):
                taken.raw.append(body)
                taken.got.append(json.loads(body))

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            taken.asked.append(self.path)
            self.send_response({"/refuse": 503, "/away": 302}.get(self.path, 200))
            if self.path == "/away":
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    taken = Hook(server.server_address[1], [], [], [])
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield taken
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


@dataclass
class Post:
    """A mail server that takes all mail."""

    port: int
    got: list[tuple[list[str], Mail]]

    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.port}/?from=mendbook@example.com&to=ops@example.com"


@contextmanager
def post() -> Iterator[Post]:
    from aiosmtpd.controller import Controller

    class Taking:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
            taken.got.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
            return "250 OK"

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    taken = Post(port, [])
    controller = Controller(Taking(), hostname="127.0.0.1", port=port, ready_timeout=180)
    controller.start()
    try:
        yield taken
    finally:
        controller.stop()


@contextmanager
def mute() -> Iterator[int]:
    """The port of a server that takes connections and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]
