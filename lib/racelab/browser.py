"""One person's browser: cookies, CSRF tokens, and a record of every request. Loopback hosts only, within a budget."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from mendbook.errors import ConfigError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
DUPLICATE = re.compile(r"already (exists|registered|taken)|(user|account) already|exists already", re.IGNORECASE)


class BudgetSpent(Exception):
    """As many requests were made as the traffic may make."""


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. ``at`` is UTC, when it was sent; status 0 means that none came."""

    at: datetime
    method: str
    path: str
    status: int
    username: str | None
    email: str | None
    duplicate: bool
    seconds: float


@dataclass(frozen=True)
class Answer:
    status: int
    text: str

    def json(self) -> dict[str, Any]:
        """The JSON object of the body; empty where there is none."""
        try:
            value = json.loads(self.text)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass
class Traffic:
    """Where the requests go, how many there may be, and those that were made."""

    base_url: str
    budget: int
    exchanges: list[Exchange] = field(default_factory=list)
    transport: httpx.AsyncBaseTransport = field(default_factory=lambda: _one_request_a_connection())

    def __post_init__(self) -> None:
        if urlsplit(self.base_url).hostname not in LOOPBACK:
            raise ConfigError(f"{self.base_url} is not on this machine.", f"Traffic goes to {', '.join(LOOPBACK)} only.")


def _one_request_a_connection() -> httpx.AsyncBaseTransport:
    """A new connection for each request, as from many machines: so any of the workers may take it."""
    return httpx.AsyncHTTPTransport(verify=False, limits=httpx.Limits(max_keepalive_connections=0))


class Browser:
    """What one person clicks with."""

    def __init__(self, traffic: Traffic) -> None:
        self.traffic = traffic
        self.client = httpx.AsyncClient(base_url=traffic.base_url, transport=traffic.transport, timeout=20, trust_env=False)

    async def open(self, path: str) -> Answer:
        return await self._ask("GET", path, None, {}, {})

    async def submit(self, path: str, form: dict[str, str]) -> Answer:
        """Post an HTML form whose page was opened before."""
        token = self.client.cookies.get("csrftoken") or ""
        return await self._ask("POST", path, None, {**form, "csrfmiddlewaretoken": token}, form)

    async def send(self, path: str, body: dict[str, str]) -> Answer:
        return await self._ask("POST", path, body, {}, body)

    async def _ask(
        self, method: str, path: str, body: dict[str, str] | None, form: dict[str, str], told: dict[str, str]
    ) -> Answer:
        if self.traffic.budget <= 0:
            raise BudgetSpent
        self.traffic.budget -= 1
        at, started = datetime.now(UTC), time.perf_counter()
        status, text = 0, ""
        try:
            response = await self.client.request(method, path, json=body, data=form or None)
            status, text = response.status_code, response.text
        except httpx.TransportError:
            pass  # status 0 tells of it
        exchange = Exchange(
            at,
            method,
            path,
            status,
            told.get("username"),
            told.get("email"),
            bool(DUPLICATE.search(text)),
            round(time.perf_counter() - started, 4),
        )
        self.traffic.exchanges.append(exchange)
        return Answer(status, text)
