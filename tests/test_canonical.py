"""Canonical JSON: one text for a value, the text of RFC 8785, and nothing else is read."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mendbook.digests import canonical
from mendbook.errors import NotCanonical

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
INTEGERS = st.integers(-canonical.MOST_INTEGER, canonical.MOST_INTEGER)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    written = canonical.line(value)
    assert canonical.read(written) == value
    assert json.loads(written) == value


@given(VALUES, st.data())
def test_no_other_bytes_are_read_as_the_same_value(value: Any, data: st.DataObject) -> None:
    written = canonical.line(value)
    at = data.draw(st.integers(0, len(written) - 1))
    other = data.draw(st.integers(1, 255))
    flipped = written[:at] + bytes([written[at] ^ other]) + written[at + 1 :]
    try:
        read = canonical.read(flipped)
    except NotCanonical:
        return
    assert canonical.line(read) == flipped
    assert canonical.text(read) != canonical.text(value), "True and 1 compare equal, their texts do not"


def test_the_order_of_names_is_that_of_the_rfc() -> None:
    """The example of RFC 8785, 3.2.3: by UTF-16 code units, in which an emoji comes before U+FB33."""
    names = ["€", "\r", "\ufb33", "1", "😀", "\x80", "ö"]
    written = canonical.text(dict.fromkeys(names, 0))
    assert list(json.loads(written)) == ["\r", "1", "\x80", "ö", "€", "😀", "\ufb33"]


def test_escapes_are_those_of_the_rfc() -> None:
    assert canonical.text('€$\x0f\nA\'B"\\\\"/\x7f\u2028\b\t\f\r') == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f\u2028\\b\\t\\f\\r"'


def test_lists_and_tuples_are_one() -> None:
    assert canonical.line({"b": [1, (True, None)], "a": -5}) == b'{"a":-5,"b":[1,[true,null]]}\n'


class Number(IntEnum):
    one = 1


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else 0


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        0.5,
        float("nan"),
        float("inf"),
        Decimal(1),
        b"bytes",
        {1, 2},
        object(),
        Number.one,
        2**53,
        -(2**53),
        10**5000,
        "\ud800",
        {"\udfff": 1},
        {1: "a"},
        {None: "a"},
        {"a": {"b": [1, {"c": 0.1}]}},
        nested(canonical.MOST_DEPTH + 1),
    ],
    ids=lambda value: repr(value)[:20] if not isinstance(value, int) else f"{value % 1000}",
)
def test_what_has_no_canonical_form(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical.text(value)


def test_as_deep_as_may_be() -> None:
    deepest = nested(canonical.MOST_DEPTH)
    assert canonical.read(canonical.line(deepest)) == deepest


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "newline"),
        (b"{}", "newline"),
        (b"{}\n\n", "another way"),
        (b"\n", "not JSON"),
        (b"{}\r\n", "another way"),
        (b" {}\n", "another way"),
        (b'{"a": 1}\n', "another way"),
        (b'{"a":1,"a":1}\n', "twice"),
        (b'{"a":1,"\\u0061":2}\n', "twice"),
        (b'{"b":1,"a":1}\n', "another way"),
        (b'{"a":1.0}\n', "not an integer"),
        (b'{"a":1e2}\n', "not an integer"),
        (b'{"a":NaN}\n', "not an integer"),
        (b'{"a":-Infinity}\n', "not an integer"),
        (b'{"a":-0}\n', "another way"),
        (b'{"a":01}\n', "not JSON"),
        (b'{"a":9007199254740992}\n', "too large"),
        (b"9" * 5000 + b"\n", "not JSON"),
        (b'"\\u0061"\n', "another way"),
        (b'"\\/"\n', "another way"),
        (b'"\\u000A"\n', "another way"),
        (b'"\\ud83d\\ude00"\n', "another way"),
        (b'"\\ud83d"\n', "surrogate"),
        (b'"a\xff"\n', "UTF-8 at byte 2"),
        (b'"\xed\xa0\x80"\n', "UTF-8"),
        (b"\xef\xbb\xbf{}\n", "not JSON"),
        (b'"a\x00"\n', "not JSON"),
        (b"{}{}\n", "not JSON"),
        (b"[" * 100_000 + b"]" * 100_000 + b"\n", "not JSON"),
        (b"{}//\n", "not JSON"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else "",
)
def test_what_is_not_read(data: bytes, why: str) -> None:
    with pytest.raises(NotCanonical, match=why):
        canonical.read(data)


def test_lines() -> None:
    values = [{"a": 1}, [], "x\r\u2028y", None]
    data = b"".join(map(canonical.line, values))
    assert list(canonical.read_lines(data)) == values
    assert list(canonical.read_lines(b"")) == []


@pytest.mark.parametrize(("data", "number"), [(b'{"a":1}\n{"a":2}', 2), (b"1\n\n2\n", 2), (b"1\r\n", 1), (b"1\n2\n 3\n4\n", 3)])
def test_the_line_that_is_wrong_is_named(data: bytes, number: int) -> None:
    with pytest.raises(NotCanonical, match=f"Line {number}:"):
        list(canonical.read_lines(data))


def test_the_digest_is_what_sha256sum_prints() -> None:
    assert canonical.digest(b"abc") == hashlib.sha256(b"abc").hexdigest()
