"""What a column can hold: the mapping's values as the column would show them, and whether a text fits into it.

A value that does not fit must be told before a plan is made: an explicit cast cuts long text without a word. Values and
one conversation, for types whose text form the server alone knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa

from mendbook.damage.proposals import Told
from mendbook.dialects import Column
from mendbook.mapping.tables import ProfileTable, Tables
from mendbook.settings.types import Value

#: What surely fits into whole numbers that have rules of their own.
_SMALL = (-(2**15), 2**15 - 1)
_TRUE, _FALSE = {"true", "t", "yes", "on", "1"}, {"false", "f", "no", "off", "0"}


def misfit(column: Column, text: str) -> str:
    """Why ``text`` cannot stand in ``column`` as it is; empty where it can."""
    if column.family == "text":
        if column.length is not None and len(text) > column.length:
            return f"{text!r} is longer than column {column.name} ({column.type})"
        padded = column.padded and text.endswith(" ")
        return f"column {column.name} ({column.type}) does not keep the blanks at the end of {text!r}" if padded else ""
    if column.family == "integer" and re.fullmatch(r"0|-?[1-9][0-9]*", text):
        least, most = column.whole or _SMALL
        return "" if least <= int(text) <= most else f"{text} is too large for column {column.name}"
    if column.type == "numeric" and re.fullmatch(r"0|-?[1-9][0-9]*", text):
        return ""
    if column.family == "uuid" and _uuid(text) == text:
        return ""
    return f"column {column.name} is {column.type}, which does not hold {text!r}"


def mapped_values(tables: Tables, profile: ProfileTable, mapped: Mapping[str, Value]) -> Told[dict[str, tuple[str, str]]]:
    """(the text that the column shows for it, why it does not fit) for each mapped value whose column exists."""
    known: dict[str, tuple[str, str]] = {}
    asked: dict[str, str] = {}
    for name, value in mapped.items():
        if profile.has(name):
            text = _text(profile.kind(name), value)
            if text is None:
                asked[name] = _plain(value)
            else:
                known[name] = text, misfit(profile.kind(name), text) if profile.kind(name).family != "boolean" else ""
    memory = tables.noted
    fresh = [name for name, value in asked.items() if ("value", profile.name, name, value) not in memory]
    if fresh:
        kinds, rules = [profile.kind(name) for name in fresh], tables.text
        values = [rules.typed(sa.cast(asked[kind.name], sa.Text), kind) for kind in kinds]
        casts = [rules.shown(value, kind) for value, kind in zip(values, kinds, strict=True)]
        (shown,) = yield sa.select(*(each.label(f"c{i}") for i, each in enumerate(casts)))
        for name, told in zip(fresh, shown, strict=True):
            memory["value", profile.name, name, asked[name]] = told
    for name, value in asked.items():
        known[name] = memory["value", profile.name, name, value], ""
    return known


def _text(column: Column, value: Value) -> str | None:
    """The text that the column shows for a value; None where the server must tell it."""
    plain = _plain(value)
    if column.family == "boolean":
        false, true = column.truth
        return true if plain.lower() in _TRUE else false if plain.lower() in _FALSE else None
    if column.whole is not None:
        return {"true": "1", "false": "0"}.get(plain, plain)
    if column.type == "uuid":
        return _uuid(plain) or plain
    if column.padded:
        return plain.rstrip(" ")
    return plain if column.plain else None


def _plain(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""
