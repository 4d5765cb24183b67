"""From when to when a log tells: the first and the last time that its lines hold, quiet ones too.

A rate needs the hours in which nothing happened. Only a file's head and tail are looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from mendbook.logs.clock import STAMP, WEB_STAMP, Clock, epoch
from mendbook.logs.lines import decode
from mendbook.logs.observation import Moment

#: How much of a file's head and tail is looked at, and how many lines of it.
EDGE = 64 << 10
MOST = 400
_EPOCH = re.compile(r"(?<![\w.])(\d{10}\.\d{3})(?![\w.])")
_SYSLOG = re.compile(r"(?:<\d{1,3}>)?([A-Z][a-z]{2}) ([ \d]\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?) ")
_FIELDS = (
    "timestamp",
    "@timestamp",
    "time",
    "time_iso8601",
    "asctime",
    "ts",
    "datetime",
    "date",
    "time_local",
    "created",
    "msec",
)
_JOURNAL = "__REALTIME_TIMESTAMP"


def first_time(head: bytes, clock: Clock) -> datetime | None:
    """The first known time of a file that begins with ``head``."""
    return _known(head[:EDGE].split(b"\n")[:MOST], clock)


def last_time(tail: bytes, clock: Clock) -> datetime | None:
    """The last known time of a file that ends with ``tail``."""
    return _known(reversed(tail[-EDGE:].split(b"\n")[-MOST:]), clock)


def _known(lines: Iterable[bytes], clock: Clock) -> datetime | None:
    # what people type may hold any time: one that has not come yet is none
    latest = datetime.now(UTC) + timedelta(days=1)
    for raw in lines:
        moment = _time(decode(raw[:20_000]), clock)
        if moment is not None and moment.at is not None and moment.at <= latest:
            return moment.at
    return None


def _time(text: str, clock: Clock) -> Moment | None:
    if text[:1] == "{":
        return _in_object(text, clock)
    if text[:1] in " \t":
        return None
    match = STAMP.search(text, 0, 120)
    if match:
        return clock.read(match)
    match = WEB_STAMP.search(text, 0, 400)
    if match:
        return clock.web(match)
    match = _SYSLOG.match(text)
    if match:
        return clock.syslog(match[1], match[2], match[3])
    match = _EPOCH.search(text, 0, 60)
    return epoch(float(match[1])) if match else None


def _in_object(text: str, clock: Clock) -> Moment | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(data.get(_JOURNAL), str) and data[_JOURNAL].isdecimal() and len(data[_JOURNAL]) < 20:
        return epoch(float(data[_JOURNAL]))
    return next((moment for name in _FIELDS if name in data and (moment := clock.value(data[name]))), None)
