"""What a drill is told in TOML: how one application registers people, and which hosts besides this machine it may be sent to.

Values only, strictly read: a wrong word is refused with the known ones. Nothing here sends or looks up anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from mendbook.settings.types import EnvironmentName, Name, Strict

#: What may stand in braces in a field: what somebody types, the number of the person, and the mark of the drill.
PLACEHOLDERS = ("username", "email", "password", "n", "mark")
_BRACED = re.compile(r"\{([^{}]*)\}")
_SCALARS = (str, bool, int, float)
#: Headers that belong to the connection itself.
_OURS = ("host", "content-length", "transfer-encoding", "connection", "cookie", "proxy-authorization")
_DEEPEST = 8


def braced(text: str) -> list[str]:
    """What stands in braces in ``text``."""
    return _BRACED.findall(text)


def filled_in(value: Any, words: Mapping[str, str]) -> Any:
    """``value`` with the ``words`` in the place of what stands in braces, whatever lists and tables it holds."""
    if isinstance(value, str):
        return _BRACED.sub(lambda found: words[found[1]], value)
    if isinstance(value, dict):
        return {name: filled_in(each, words) for name, each in value.items()}
    return [filled_in(each, words) for each in value] if isinstance(value, list) else value


def texts_of(value: Any) -> Iterator[str]:
    """Every text in ``value``."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts_of(each)


def _path(value: str) -> str:
    if not re.fullmatch(r"/(?!/)[A-Za-z0-9/_.~%+?=&,;:@!$'()*-]*", value):
        raise ValueError(f"a path begins with one '/' and names no host, as '/accounts/register/', not {value!r}")
    return value


def _header(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]+", value) or value.lower() in _OURS:
        raise ValueError(f"{value!r} is no header that a form may set")
    return value


def _plain(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise ValueError("a header's value is plain text in one line")
    return value


def _sendable(value: Any, depth: int = 0) -> Any:
    if isinstance(value, dict) and depth < _DEEPEST:
        return {name: _sendable(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list) and depth < _DEEPEST:
        return [_sendable(each, depth + 1) for each in value]
    if not isinstance(value, _SCALARS):
        raise ValueError(f"{value!r} is no text, number, true or false, nor a list or table of those")
    for word in braced(value) if isinstance(value, str) else ():
        if word not in PLACEHOLDERS:
            known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            raise ValueError(f"{{{word}}} is nothing that a drill fills in; known are {known}")
    return value


def _marked(value: str) -> str:
    words = braced(value)
    if sorted(words) != ["mark", "n"] or value != value.strip() or not value.isascii() or not value.isprintable():
        raise ValueError(
            "it must hold {mark} and {n}, each once, in plain letters: a drill's people are found again by those alone"
        )
    return value


Path = Annotated[str, AfterValidator(_path)]
Status = Annotated[int, Field(ge=200, le=599)]
Header = Annotated[str, AfterValidator(_header)]
Sent = Annotated[Any, AfterValidator(_sendable)]
Marked = Annotated[str, AfterValidator(_marked)]


class Step(Strict):
    """One request: where it goes, what it holds, and which answers are expected."""

    path: Path
    method: Literal["GET", "POST", "PUT", "PATCH"] = "POST"
    send: Annotated[Literal["form", "json"], Field(description="as an HTML form does, or as JSON")] = "form"
    fields: dict[Name, Sent] = {}
    headers: dict[Header, Annotated[str, AfterValidator(_plain)]] = {}
    headers_env: Annotated[dict[Header, EnvironmentName], Field(description="headers whose values are secrets")] = {}
    ok: Annotated[list[Status], Field(min_length=1, description="statuses that say: it is done")] = [200, 201, 204, 302, 303]

    @model_validator(mode="after")
    def _forms_are_flat(self) -> Step:
        nested = [name for name, value in self.fields.items() if not isinstance(value, _SCALARS)]
        if self.send == "form" and nested:
            raise ValueError(f'a form has no lists and tables, and {nested[0]!r} is one; write send = "json"')
        return self


class Csrf(Strict):
    """Where a page's token against forged requests is found, and where it is sent: Django's are the defaults."""

    page: Path
    cookie: Annotated[Name | None, Field(description="the cookie that holds it; without one, the page's hidden field does")] = (
        None
    )
    field: Name | None = None
    header: Header | None = None

    @model_validator(mode="after")
    def _is_sent(self) -> Csrf:
        if self.field is None and self.header is None:
            raise ValueError("it is sent nowhere: name a field, or a header")
        if self.cookie is None and self.field is None:
            raise ValueError("it is found nowhere: name the cookie, or the hidden field of the page")
        return self


class People(Strict):
    """What a drill's people are called. By these names, in any spelling, their rows are found again."""

    username: Marked = "drill-{mark}-{n}"
    email: Marked = "drill-{mark}-{n}@example.com"


class DrillForm(Step):
    """How an application registers somebody: the request that does, and what goes before and after it.

    refused  statuses that politely say no, to somebody who has an account already
    gap_ms   between the two requests of one person: at least, at most
    """

    refused: list[Status] = [400, 409, 422]
    gap_ms: Annotated[list[int], Field(min_length=2, max_length=2)] = [0, 100]
    csrf: Csrf | None = None
    people: People = People()
    before: list[Step] = []
    after: list[Step] = []

    @model_validator(mode="after")
    def _makes_sense(self) -> DrillForm:
        used = {word for text in texts_of(self.fields) for word in braced(text)}
        if not used & {"username", "email"}:
            raise ValueError("no field holds {username} or {email}: nobody could tell which rows the drill made")
        both = sorted({*self.ok} & {*self.refused})
        if both:
            raise ValueError(f"status {both[0]} stands in ok and in refused: which of the two it means decides who raced")
        least, most = self.gap_ms
        if not 0 <= least <= most <= 10_000:
            raise ValueError("gap_ms reads [at least, at most] in milliseconds, as [0, 100], up to 10 seconds")
        if len(self.before) + len(self.after) > 8:
            raise ValueError("a registration takes at most eight requests besides its own")
        return self

    @property
    def requests(self) -> int:
        """How many requests one person makes at most: all comes twice."""
        return 2 * (1 + len(self.before) + len(self.after) + (self.csrf is not None))


class Owned(Strict):
    """A host that belongs to whoever says so."""

    i_own_this: bool = False


class Drills(Strict):
    """[drill]: the hosts besides this machine that a drill may be sent to, as "https://staging.example.com"."""

    hosts: dict[Name, Owned] = {}

    @property
    def owned(self) -> frozenset[str]:
        """The hosts of which somebody says that they own them."""
        return frozenset(name for name, each in self.hosts.items() if each.i_own_this)
