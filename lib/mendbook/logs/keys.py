"""The parts of messages that name things: Key (cols)=(values), quoted identifiers, the table of an SQL statement.

Linear scans only: the text is written by whoever registered, and may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SQL_NAME = r'((?:"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|[\w$]+)(?:\s*\.\s*(?:"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|[\w$]+)){0,3})'
_TARGET = re.compile(
    r"\b(?:INSERT\s+(?:IGNORE\s+)?INTO|REPLACE\s+INTO|MERGE\s+INTO|UPDATE(?:\s+ONLY)?|DELETE\s+FROM(?:\s+ONLY)?|COPY)\s+"
    + _SQL_NAME,
    re.IGNORECASE,
)
_INSERT = re.compile(
    r"\bINSERT\s+INTO\s+"
    + _SQL_NAME
    + r"\s*\(([^()]{1,4000})\)\s*(?:OVERRIDING\s+\w+\s+VALUE\s*)?VALUES\s*\(([^()]{1,4000})\)",
    re.IGNORECASE,
)
_PORTAL = re.compile(
    r"(?:unnamed portal|portal \"[^\"]*\"|unnamed prepared statement|prepared statement \"[^\"]*\")? ?with parameters: "
)
_PARAMETER = re.compile(r"\$(\d{1,4}) = (NULL|'(?:[^']|'')*'(?:\.\.\.)?)")


def key_of(detail: str) -> tuple[tuple[str, ...], str] | None:
    """``(columns, values)`` of ``Key (a, "B")=(1, x) already exists.`` in any language; None where there is none.

    Columns end where their parentheses balance (a quoted identifier or an expression may hold some); the values run
    to the last parenthesis that the sentence leaves them, so that a value may hold ``) already exists.`` itself.
    """
    start = detail.find("(")
    while start != -1:
        end = _balanced(detail, start)
        if end == -1:
            return None
        if detail.startswith("=(", end + 1):
            values = _values(detail, end + 3)
            return (columns_of(detail[start + 1 : end]), values) if values is not None else None
        start = detail.find("(", end + 1)
    return None


def _values(detail: str, start: int) -> str | None:
    for ending in (
        ") already exists.",
        ") is not present in table ",
        ") is still referenced from table ",
        ") is duplicated.",
    ):
        end = detail.rfind(ending)
        if end >= start:
            return detail[start:end]
    end = detail.rfind(")")
    return detail[start:end] if end >= start else None


def _outside_quotes(text: str, start: int, end: int) -> Iterator[tuple[int, str, int]]:
    """Each parenthesis and comma of ``text`` that stands in no quotes: where, which, and how deep one is after it."""
    depth = 0
    quote = ""
    for index in range(start, min(len(text), end)):
        char = text[index]
        if quote:
            if char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char in "(),":
            depth += (char == "(") - (char == ")")
            yield index, char, depth


def _balanced(text: str, start: int) -> int:
    """The index of the parenthesis that closes the one at ``start``; -1 where none does."""
    closing = (index for index, char, depth in _outside_quotes(text, start, start + 20_000) if char == ")" and depth == 0)
    return next(closing, -1)


def columns_of(text: str) -> tuple[str, ...]:
    """``a, "B c", lower(d::text)`` -> ("a", "B c", "lower(d::text)")."""
    if '"' not in text and "(" not in text and "'" not in text:
        return tuple(part.strip() for part in text.split(","))
    commas = [index for index, char, depth in _outside_quotes(text, 0, len(text)) if char == "," and depth == 0]
    ends = zip([-1, *commas], [*commas, len(text)], strict=True)
    return tuple(unquoted(text[before + 1 : end].strip()) for before, end in ends)


def unquoted(name: str) -> str:
    """A single identifier without its quotes; anything else (an expression) as it is."""
    if len(name) > 1 and name[0] == name[-1] == '"' and '"' not in name[1:-1].replace('""', ""):
        return name[1:-1].replace('""', '"')
    if len(name) > 1 and (name[0], name[-1]) in {("`", "`"), ("[", "]"), ("'", "'")}:
        return name[1:-1]
    return name


def without_schema(name: str) -> str:
    """The last part of a dotted name, unquoted: ``"Sign-Up"."Pending Members"`` -> Pending Members."""
    parts = re.findall(r'"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|[^.\s]+', name)
    return unquoted(parts[-1]) if parts else name


def table_of(sql: str) -> str | None:
    """The table that a statement writes to, unquoted and without schema."""
    match = _TARGET.search(sql, 0, 20_000)
    if match is None:
        return None
    name = without_schema(match[1])
    return None if name.upper() in {"SET", "OF", "SELECT", "VALUES"} else name


def recovered(constraint: str, statement: str, context: str) -> tuple[tuple[str, ...], str] | None:
    """The key of a row-secured or terse violation out of ``unnamed portal with parameters: $1 = 'aa', ..``.

    Works where the statement lists its columns and the constraint is named in the usual way, table_columns_key.
    """
    place = _PORTAL.search(context)
    insert = _INSERT.search(statement, 0, 20_000)
    if place is None or insert is None:
        return None
    parameters = {int(m[1]): m[2] for m in _PARAMETER.finditer(context, place.end(), place.end() + 20_000)}
    columns = columns_of(insert[2])
    places = [part.strip() for part in insert[3].split(",")]
    if len(places) != len(columns):
        return None
    rest = constraint
    table = without_schema(insert[1])
    if rest.startswith(table + "_"):
        rest = rest[len(table) + 1 :]
    wanted: list[str] = []
    while rest:
        name = next((c for c in sorted(columns, key=len, reverse=True) if rest == c or rest.startswith(c + "_")), None)
        if name is None or name in wanted:
            break
        wanted.append(name)
        rest = rest[len(name) + 1 :]
    values = []
    for name in wanted:
        place_of = re.match(r"\$(\d{1,4})(?!\d)", places[columns.index(name)])
        value = parameters.get(int(place_of[1])) if place_of else None
        if value is None or value.endswith("..."):
            return None
        values.append("null" if value == "NULL" else value[1:-1].replace("''", "'"))
    return (tuple(wanted), ", ".join(values)) if wanted else None
