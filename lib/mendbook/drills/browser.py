"""One made-up person's browser: cookies, a token against forged requests, and answers of which only so much is read.

Every request goes to the one pinned address, whatever a name means by then, through no proxy, and follows no redirect. What
comes back may be anything: it is cut in length and in time, never unpacked, and never run. Personal data is not kept.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import httpx

from mendbook.display import inert
from mendbook.drills.target import Target
from mendbook.errors import ConfigError
from mendbook.settings.drill import Csrf, Step, filled_in

#: Seconds for one request, and bytes of its answer that are read.
REQUEST_SECONDS = 20.0
MOST_BYTES = 256 * 1024
_LONGEST_WHY = 120


class BudgetSpent(Exception):
    """As many requests were made as the drill may make."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer.

    at      UTC, when it was sent
    person  the number of whoever sent it; attempt, 1 or 2, is theirs
    part    "page" (the token's), "before", "register" or "after"
    status  0 where no answer came
    cut     the answer was longer than is read
    """

    at: datetime
    person: int
    attempt: int
    part: str
    status: int
    seconds: float
    cut: bool = False


@dataclass
class Line:
    """The way to the target that all browsers of a drill share: one address, a budget, and what went over it."""

    target: Target
    budget: int
    exchanges: list[Exchange] = field(default_factory=list)
    #: pages in which no token was found
    tokenless: int = 0
    #: why requests got no answer, counted
    failures: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        # who asks for TLS on this machine has made the certificate there; elsewhere it must be one that is believed
        verify: ssl.SSLContext | bool = ssl.create_default_context() if self.target.tls and not self.target.loopback else False
        # a connection for each request, as from many machines: so any worker of the application may take it
        self.transport = _Pinned(
            self.target, httpx.AsyncHTTPTransport(verify=verify, limits=httpx.Limits(max_keepalive_connections=0))
        )

    def spend(self) -> None:
        if self.budget <= 0:
            raise BudgetSpent
        self.budget -= 1


class _Pinned(httpx.AsyncBaseTransport):
    """Sends every request to the target's own address; the name stays in the Host header, and in TLS."""

    def __init__(self, target: Target, inner: httpx.AsyncHTTPTransport) -> None:
        self._target, self._inner = target, inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        aimed = httpx.Request(
            request.method,
            request.url.copy_with(host=self._target.address, port=self._target.port),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": self._target.host},
        )
        return await self._inner.handle_async_request(aimed)

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: ``status`` 0 where nothing did."""

    status: int
    body: bytes = b""


class Browser:
    """What one person clicks with."""

    def __init__(self, line: Line, person: int, attempt: int) -> None:
        self._line, self._person, self.attempt = line, person, attempt
        self._client = httpx.AsyncClient(
            transport=line.transport, timeout=REQUEST_SECONDS, trust_env=False, follow_redirects=False
        )
        self._token = ""

    async def open(self, csrf: Csrf) -> None:
        """Look at the page with the form, as a browser has to, and keep its token."""
        answer = await self._ask("page", "GET", csrf.page, {}, {})
        found = [cookie.value or "" for cookie in self._client.cookies.jar if cookie.name == csrf.cookie]
        self._token = found[-1] if found else _hidden(answer.body, csrf.field) if csrf.field else ""
        self._line.tokenless += not self._token

    async def send(self, part: str, step: Step, words: Mapping[str, str], csrf: Csrf | None = None, attempt: int = 0) -> Answer:
        """Make the request of ``step``, with what ``words`` say in the place of its braces."""
        fields: dict[str, Any] = filled_in(dict(step.fields), words)
        headers = {**step.headers, **{name: secret(variable) for name, variable in step.headers_env.items()}}
        if csrf is not None and csrf.field is not None:
            fields[csrf.field] = self._token
        if csrf is not None and csrf.header is not None:
            headers[csrf.header] = self._token
        if step.method == "GET":
            return await self._ask(part, step.method, step.path, headers, {"params": fields} if fields else {}, attempt)
        content = {"json": fields} if step.send == "json" else {"data": {name: _typed(each) for name, each in fields.items()}}
        return await self._ask(part, step.method, step.path, headers, content, attempt)

    async def _ask(
        self, part: str, method: str, path: str, headers: Mapping[str, str], content: Mapping[str, Any], attempt: int = 0
    ) -> Answer:
        self._line.spend()
        sent = {
            "Accept-Encoding": "identity",
            "User-Agent": "mendbook-drill",
            "Referer": self._line.target.base + path,
            **headers,
        }
        at, started = datetime.now(UTC), time.perf_counter()
        status, body, cut = 0, b"", False
        try:
            async with (
                asyncio.timeout(REQUEST_SECONDS),
                self._client.stream(method, self._line.target.base + path, headers=sent, **content) as response,
            ):
                body, cut = await _read(response)
                status = response.status_code
        except TimeoutError:
            self._line.failures[f"nothing came within {REQUEST_SECONDS:g} s"] += 1
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as failure:
            self._line.failures[inert(f"{type(failure).__name__}: {failure}".removesuffix(": "), _LONGEST_WHY)] += 1
        finally:  # also where the whole drill runs out of time: what was sent may have been done
            seconds = round(time.perf_counter() - started, 4)
            self._line.exchanges.append(Exchange(at, self._person, attempt or self.attempt, part, status, seconds, cut))
        return Answer(status, body)


async def _read(response: httpx.Response) -> tuple[bytes, bool]:
    """The beginning of an answer, as it came, and whether there was more."""
    parts, size = [], 0
    async for chunk in response.aiter_raw():
        parts.append(chunk)
        size += len(chunk)
        if size > MOST_BYTES:
            return b"".join(parts)[:MOST_BYTES], True
    return b"".join(parts), False


def _typed(value: Any) -> str:
    """A value as a form sends it."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def secret(variable: str) -> str:
    """The value of a header that the environment holds. Raises ConfigError."""
    value = os.environ.get(variable, "")
    if not value or not value.isascii() or not value.isprintable():
        raise ConfigError(
            f"The environment variable {variable}, which a header is taken from, holds nothing that can be sent.",
            f"export {variable}=...",
        )
    return value


def _hidden(page: bytes, name: str) -> str:
    """The value of the page's hidden field (or meta) ``name``; empty where there is none."""
    finder = _FieldFinder(name)
    try:
        finder.feed(page.decode("utf-8", "replace"))
    except (ValueError, AssertionError):  # a page that is no page
        return ""
    return finder.value


class _FieldFinder(HTMLParser):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name, self.value = name, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("input", "meta") and given.get("name") == self._name and not self.value:
            self.value = given.get("value") or given.get("content") or ""
