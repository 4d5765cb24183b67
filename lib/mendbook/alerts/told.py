"""What one sink was told, and so what it is still to be told: the same thing never twice, and once that it is over.

Pure: a memory and a situation in, what to tell and the memory afterwards out. A memory is kept as text, in the run history.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from mendbook.alerts.happenings import Happening, Situation


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one key: how it was, when it was told first and last, and whether it has to be said when it is over."""

    title: str
    fingerprints: tuple[str, ...]
    count: int
    first: str
    last: str
    lasts: bool


@dataclass(frozen=True, slots=True)
class Lease:
    """Who is telling the sink just now, and until when nobody else does."""

    by: str
    until: str


@dataclass(frozen=True, slots=True)
class Memory:
    """All that a sink was told and that is not over; who is telling it now; why it could not be told, and since when."""

    told: Mapping[str, Told] = field(default_factory=dict)
    lease: Lease | None = None
    failing: str = ""
    failing_since: str = ""

    @classmethod
    def read(cls, text: str | None) -> Memory:
        """The memory that ``write`` made the text of; an empty one where there is none, or it cannot be read."""
        try:
            value: dict[str, Any] = json.loads(text or "{}")
            told = {
                key: Told(**{**each, "fingerprints": tuple(each["fingerprints"])})
                for key, each in value.pop("told", {}).items()
            }
            lease = value.pop("lease", None)
            return cls(told, Lease(**lease) if lease else None, **value)
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()

    def write(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    def leased(self, by: str, until: datetime) -> Memory:
        return replace(self, lease=Lease(by, until.isoformat()))

    def is_leased(self, now: datetime) -> bool:
        return self.lease is not None and datetime.fromisoformat(self.lease.until) > now

    def failed(self, why: str, now: datetime) -> Memory:
        return replace(self, lease=None, failing=why, failing_since=self.failing_since or now.isoformat())


@dataclass(frozen=True, slots=True)
class Telling:
    """What to tell: news, and what is over. ``again`` are keys of news that only reminds; ``after``, the memory afterwards."""

    news: tuple[Happening, ...]
    over: tuple[str, ...]
    again: frozenset[str]
    after: Memory

    def __bool__(self) -> bool:
        return bool(self.news or self.over)


def decide(memory: Memory, situation: Situation, about: Iterable[str], remind: timedelta | None, now: datetime) -> Telling:
    """What a sink with that ``memory`` is to be told of ``situation``, of the topics in ``about``."""
    topics, groups = {*about}, dict[str, list[Happening]]()
    for happening in situation.happenings:
        if happening.topic in topics:
            groups.setdefault(happening.key, []).append(happening)
    news: list[Happening] = []
    over: list[str] = []
    again: set[str] = set()
    after: dict[str, Told] = {}
    for key in sorted({*groups, *(key for key in memory.told if key.partition("/")[0] in topics)}):
        told, group = memory.told.get(key), groups.get(key, [])
        if told and not group and key in situation.unknown:
            after[key] = told
            continue
        lasting = [each for each in group if each.lasts]
        fresh = [each for each in group if told is None or _is_news(each, told)]
        if told and lasting and not fresh and remind and now - datetime.fromisoformat(told.last) >= remind:
            fresh, again = lasting, again | {key}
        news += fresh
        if told and told.lasts and not lasting and key not in situation.unknown:
            over.append(situation.endings.get(key) or f"{told.title}: this holds no longer")
        if group:
            after[key] = _remembered(group, lasting, told, bool(fresh), now)
    return Telling(tuple(news), tuple(over), frozenset(again), Memory(after))


def _is_news(happening: Happening, told: Told) -> bool:
    return happening.fingerprint not in told.fingerprints or happening.count > told.count


def _remembered(group: list[Happening], lasting: list[Happening], told: Told | None, fresh: bool, now: datetime) -> Told:
    return Told(
        title=(lasting or group)[0].title,
        fingerprints=tuple(dict.fromkeys(each.fingerprint for each in group)),
        count=max(each.count for each in group),
        first=told.first if told else now.isoformat(),
        last=now.isoformat() if fresh or not told else told.last,
        lasts=bool(lasting),
    )
