"""Canonical JSON (RFC 8785): one value has one text, so one digest has one text too. Writes it, and reads nothing else.

Values are strings, integers that a double holds exactly, true, false, null, lists and objects. Floats are refused: whoever
needs one writes it as text. Written here and not taken from a library, because within these values the RFC comes down to
sorted names, no white space and the standard library's own escapes. It opens no file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NoReturn

import orjson

from mendbook.errors import NotCanonical

#: RFC 8785 numbers are IEEE doubles: past this, two integers could become one.
MOST_INTEGER = 2**53 - 1
MOST_DEPTH = 32
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)


def digest(data: bytes) -> str:
    """The SHA-256 of ``data`` as 64 lower-case hexadecimal digits, as sha256sum prints it."""
    return sha256(data).hexdigest()


def text(value: Any) -> str:
    """``value`` as canonical JSON without a newline; NotCanonical where it has none."""
    ordered = _ordered(value, MOST_DEPTH)
    try:
        return orjson.dumps(ordered).decode()
    except orjson.JSONEncodeError:
        written = _ENCODER.encode(ordered)
    try:
        written.encode()
    except UnicodeEncodeError as error:
        raise _refusal(f"the text {written[max(error.start - 20, 0) : error.end]!r} holds half a surrogate pair") from None
    return written


def again(value: Any) -> str:
    """The text of a part of a value that was read from a canonical line: its names are in order already."""
    return orjson.dumps(value).decode()


def line(value: Any) -> bytes:
    """``value`` as one line of canonical JSON: UTF-8, with its newline."""
    return text(value).encode() + b"\n"


def read(data: bytes) -> Any:
    """The value of one canonical line; NotCanonical for any bytes that ``line`` would not have written."""
    if not data.endswith(b"\n"):
        raise _refusal("it does not end in a newline")
    try:
        value = json.loads(
            data[:-1].decode(), object_pairs_hook=_object, parse_float=_not_an_integer, parse_constant=_not_an_integer
        )
    except UnicodeDecodeError as error:
        raise _refusal(f"it is not UTF-8 at byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        raise _refusal(f"it is not JSON: {error}") from None
    if line(value) != data:
        raise _refusal("it is JSON, but written in another way than the canonical one")
    return value


def read_lines(data: bytes) -> Iterator[Any]:
    """The values of a file of canonical lines, in order; NotCanonical names the first line that is none."""
    *lines, rest = data.split(b"\n")
    for number, raw in enumerate([each + b"\n" for each in lines] + [rest] * bool(rest), 1):
        try:
            yield read(raw)
        except NotCanonical as error:
            raise NotCanonical(f"Line {number}: {error.message}", error.hint) from None


def _ordered(value: Any, depth: int) -> Any:
    """``value`` with the names of every object in the RFC's order; every part of it checked."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        if abs(value) > MOST_INTEGER:
            raise _refusal(f"the integer {value if abs(value) < 10**30 else 'there'} is too large; write it as text")
        return value
    if not depth:
        raise _refusal(f"it is nested more than {MOST_DEPTH} deep")
    if isinstance(value, Mapping):
        # every changed row passes here twice: names are mostly ASCII, values mostly text
        return {name: each if type(each := value[name]) is str else _ordered(each, depth - 1) for name in sorted_names(value)}
    if kind in (list, tuple):
        return [
            each
            if (of := type(each)) is str or (of is int and -MOST_INTEGER <= each <= MOST_INTEGER)
            else _ordered(each, depth - 1)
            for each in value
        ]
    raise _refusal(f"a {kind.__name__} has no canonical form here; write it as text")


def sorted_names(value: Mapping[Any, Any]) -> list[str]:
    """The names of an object, by their UTF-16 code units, as RFC 8785 wants them."""
    try:
        plain = "".join(value).isascii()
    except TypeError:
        name = next(name for name in value if not isinstance(name, str))
        raise _refusal(f"the name {name!r} of an object is no text") from None
    return sorted(value) if plain else sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the name {next(name for name in names if names.count(name) > 1)!r} stands there twice")
    return value


def _not_an_integer(number: str) -> NoReturn:
    raise ValueError(f"{number[:40]} is not an integer")


def _refusal(why: str) -> NotCanonical:
    return NotCanonical(
        f"This is not canonical JSON: {why}.",
        "A digest stands for one text only. Files that mendbook wrote are not to be edited; make a new one instead.",
    )
