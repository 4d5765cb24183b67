"""The functions that a connection to SQLite learns from mendbook: DAMAGE's comparisons, times, and images of rows.

Pure functions of their arguments, and `learn`, which registers them. Text comes as bytes and blobs as their literal
(``sqlite_text.argument``): text that is no text in the database's encoding would otherwise never arrive.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

import orjson

from mendbook.blanks import WHITE_SPACE
from mendbook.dialects.letters import simple_lowercase
from mendbook.dialects.sqlite.values import PREFIX, Form, Raw, Value, read, stored, written
from mendbook.digests import canonical

#: Whole numbers up to this are seconds since 1970, beyond it milliseconds, as far as microseconds fit into an integer.
MOST_SECONDS = 10**11
FIRST_MILLISECOND, LAST_MILLISECOND = -210_866_803_200_000, 9_224_318_015_999_999

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: What stands between the digits of a time.
_DJANGO, _T = ("-", "-", " ", ":", ":", "."), ("-", "-", "T", ":", ":", ".")
_EPOCH_DAY = _EPOCH.toordinal()
_LOWER = str.maketrans({**simple_lowercase(), **{chr(n): chr(n + 32) for n in range(65, 91)}})
_ISO = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)(?:[ Tt](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?"
    r"\s*(?:([Zz]|UTC)|([+-])(\d\d):?([0-5]\d)?)?)?\s*",
    re.A,
)
_HASTY = re.compile(r"[._\- ]")

Argument = None | int | float | str | bytes


def value_of(argument: Argument, codec: str) -> Value | Raw:
    """The value that stands behind an argument."""
    if type(argument) is bytes:
        try:
            text = argument.decode(codec)
        except UnicodeDecodeError:
            return Raw(argument)
        return Raw(argument) if "\0" in text else text
    if type(argument) is str:
        return bytes.fromhex(argument[2:-1])
    return argument


def plain(argument: Argument, codec: str) -> str | None:
    """The text of a value as it is compared: its natural one, a literal where it has none."""
    if type(argument) is bytes:
        value = value_of(argument, codec)
        # nearly every text is its own; this is asked for whole tables
        return value if type(value) is str and not value.startswith(PREFIX) else written(value, "text")
    return written(value_of(argument, codec), "text" if type(argument) is str else "number")


def fold(argument: Argument, codec: str) -> str | None:
    """Trimmed and lowered letter by letter; None where blank, so that blanks match nothing."""
    text = plain(argument, codec)
    if text is None:
        return None
    trimmed = text.strip(WHITE_SPACE)
    return (trimmed.lower() if trimmed.isascii() else trimmed.translate(_LOWER)) or None


def blank(argument: Argument, codec: str) -> int:
    """1 for NULL, and for text that is nothing but white space; else 0."""
    text = plain(argument, codec)
    return int(text is None or not text.strip(WHITE_SPACE))


def near(argument: Argument, stem: int, codec: str) -> str | None:
    """The letters of a name or an e-mail as a hasty person may write it again; without the digits at their end for a stem."""
    folded = fold(argument, codec)
    return None if folded is None else _hasty(folded)[stem]


@lru_cache(maxsize=16)  # one row's names are asked for several times, one after the other
def _hasty(folded: str) -> tuple[str | None, str | None]:
    local, _, rest = folded.partition("@")
    letters = _HASTY.sub("", local.partition("+")[0])
    short, domain = letters.rstrip("0123456789"), rest.partition("@")[0]
    return (f"{letters}@{domain}", f"{short}@{domain}") if len(short) >= 3 else (None, None)


def microseconds(argument: Argument, codec: str) -> int | None:
    """A time as microseconds since 1970, UTC: ISO text, seconds or milliseconds since 1970; None for anything else."""
    if argument is None or type(argument) is str:
        return None
    if type(argument) is bytes:
        value = value_of(argument, codec)
        return _iso(value) if type(value) is str else None
    assert isinstance(argument, int | float)
    if -MOST_SECONDS <= argument <= MOST_SECONDS:
        return round(argument * 1_000_000)
    return round(argument * 1_000) if FIRST_MILLISECOND <= argument <= LAST_MILLISECOND else None


@lru_cache(maxsize=16)  # as above
def _iso(text: str) -> int | None:
    """As Django writes it, by the quickest way; else by the long one."""
    marks = (text[4:5], text[7:8], text[10:11], text[13:14], text[16:17], text[19:20] or ".")
    if len(text) in (19, 26) and marks in (_DJANGO, _T):
        with suppress(ValueError):
            known = datetime.fromisoformat(text)
            if known.tzinfo is None:
                seconds = (known.toordinal() - _EPOCH_DAY) * 86400 + known.hour * 3600 + known.minute * 60 + known.second
                return seconds * 1_000_000 + known.microsecond
    return _spelled(text)


def _spelled(text: str) -> int | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, zone_hours, zone_minutes = found.groups()
    try:
        naive = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
        ahead = timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0))
        timezone(ahead)  # a zone a day or more from UTC is none
    except ValueError:
        return None
    part = int((fraction or "").ljust(6, "0")[:6])
    whole = (naive - _EPOCH) // timedelta(microseconds=1) + part
    return whole - (ahead // timedelta(microseconds=1)) * (-1 if sign == "-" else 1)


@lru_cache(maxsize=100)
def _ends(given: str) -> tuple[str, str]:
    before, after = orjson.loads(given)
    return before, after


def number(argument: Argument, given: str, codec: str) -> int | None:
    """The whole number of up to 18 digits between two texts (``given``: both in lower case, as JSON), whatever their case."""
    text, (before, after) = plain(argument, codec), _ends(given)
    if text is None or len(text) <= len(before) + len(after):
        return None
    middle = text[len(before) : len(text) - len(after)]
    if len(middle) > 18 or not (middle.isascii() and middle.isdigit()):
        return None
    fits = text[: len(before)].lower() == before and text[len(text) - len(after) :].lower() == after
    return int(middle) if fits else None


@lru_cache(maxsize=1000)
def _columns(spec: str) -> tuple[tuple[str, Form], ...]:
    return tuple((canonical.text(name), form) for name, form in orjson.loads(spec))


def members(codec: str, spec: str, *arguments: Argument) -> str:
    """The members of a row's image for the columns of ``spec`` ([[name, form], ...]), without the braces."""
    parts = []
    for (name, form), argument in zip(_columns(spec), arguments, strict=True):
        text = written(value_of(argument, codec), form)
        parts.append(f"{name}:{'null' if text is None else orjson.dumps(text).decode()}")
    return ",".join(parts)


def bare(text: str | None, form: Form, affinity: str | None) -> Value:
    """The value of a text, as a column of ``affinity`` would keep it; what is `Raw` comes as a blob, to be cast."""
    value = read(text, form)
    value = value if affinity is None else stored(value, affinity)
    return bytes(value) if type(value) is Raw else value


def learn(connection: sqlite3.Connection) -> None:
    """Register the functions with ``connection``."""
    encoding: str = connection.execute("PRAGMA encoding").fetchone()[0]
    codec = encoding.lower()
    functions: dict[str, tuple[int, Callable[..., Any]]] = {
        "mendbook_text": (1, lambda value: plain(value, codec)),
        "mendbook_fold": (1, lambda value: fold(value, codec)),
        "mendbook_blank": (1, lambda value: blank(value, codec)),
        "mendbook_near": (2, lambda value, stem: near(value, stem, codec)),
        "mendbook_number": (2, lambda value, given: number(value, given, codec)),
        "mendbook_microseconds": (1, lambda value: microseconds(value, codec)),
        "mendbook_written": (2, lambda value, form: written(value_of(value, codec), form)),
        "mendbook_json": (1, lambda text: "null" if text is None else canonical.text(text)),
        "mendbook_members": (-1, lambda spec, *values: members(codec, spec, *values)),
        "mendbook_value": (3, bare),
    }
    for name, (count, function) in functions.items():
        connection.create_function(name, count, function, deterministic=True)
