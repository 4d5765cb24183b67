"""Reads the expressions that PostgreSQL prints of indexes: what a key lowers, and what a predicate leaves out. Pure."""

from __future__ import annotations

import re

_CASTS = re.compile(r"::(?:text|citext|(?:character varying|varchar|character|bpchar)(?:\(\d+\))?)|\s+COLLATE\s+\S+?(?=\)|$)")
_NAME = r'\(*(?P<name>"(?:[^"]|"")+"|[^\s"()]+)\)*'
_INSIDE, _BARE = _NAME.replace("<name>", "<inside>"), _NAME.replace("<name>", "<bare>")
_TRIMMED = rf"(?:btrim\({_NAME}\)|TRIM\(BOTH FROM {_INSIDE}\)|{_BARE})"
_FOLDED = re.compile(rf"\(*(?:lower|upper)\(+{_TRIMMED}\)+")
_LEFT_OUT = re.compile(
    r"\(*(?:btrim\(|TRIM\(BOTH FROM )?\(*"
    r'(?:(?P<plain>[^\s"():]+)|(?P<quoted>"(?:[^"]|"")+"))\)*(?:::text|::character varying)?\)*'
    r"\s+(?:IS NOT NULL|<>\s*''(?:::text|::character varying|::bpchar)?)\)*"
)


def folded_column(expression: str) -> str | None:
    """The column inside an expression such as ``lower(btrim((email)::text))``; None for any other expression."""
    match = _FOLDED.fullmatch(_CASTS.sub("", expression))
    return None if match is None else _named(next(value for value in match.groupdict().values() if value is not None))


def left_out(predicate: str | None) -> tuple[str, ...] | None:
    """The columns whose blanks are all that an index with this predicate leaves out; None where it leaves out more."""
    if predicate is None:
        return ()
    columns: dict[str, None] = {}
    for part in predicate.split(" AND "):
        match = _LEFT_OUT.fullmatch(part)
        if match is None:
            return None
        columns[_named(match["plain"] or match["quoted"])] = None
    return tuple(columns)


def _named(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
