"""What PostgreSQL's values and declarations are on other databases, whichever: shared by made_in_sqlite and made_in_mariadb.

Values stand as Django stores them: truth as 0 and 1, times in UTC without a zone, UUIDs as text. What a database cannot have
is refused in words (Untranslatable). Nothing here knows mendbook.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from support.described import Column, Reference, Table, Untranslatable
from support.row_texts import Row

WHOLE = {"int2": "smallint", "int4": "int", "int8": "bigint", "oid": "bigint"}


def value(column: Column, text: str | None, infinite: bool = False) -> Any:
    """The value behind a text of PostgreSQL's, as both others take it.

    ``infinite``: any text may stand where a time is expected, and one that is no time is none.
    """
    if text is None:
        return None
    if column.base in WHOLE:
        return int(text)
    if column.base == "bool":
        return int(text == "true")
    if column.base in ("timestamptz", "timestamp", "date"):
        if infinite and text in ("infinity", "-infinity"):
            return text
        if not re.fullmatch(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?(\+00)?)?", text):
            raise Untranslatable(f"the time {text}")
        return text.removesuffix("+00")
    if column.base in ("numeric", "float4", "float8") and not re.fullmatch(r"[-+.\de]+", text):
        raise Untranslatable(f"the number {text}")
    if column.base == "numeric":
        if not column.size and re.fullmatch(r"-?\d+\.\d*0", text):
            raise Untranslatable(f"a number that keeps how it was written ({text})")
        return text
    if column.base in ("float4", "float8"):
        return float(text)
    return bytes.fromhex(text.removeprefix("\\x")) if column.base == "bytea" else text


def stored_values(table: Table, infinite: bool = False) -> list[list[Any]]:
    return [[value(column, text, infinite) for column, text in zip(table.written, row, strict=True)] for row in table.rows]


def refuse_alike(names: Iterable[str], what: str) -> None:
    """Neither database tells columns apart by upper and lower case, and SQLite no tables."""
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise Untranslatable(f"two {what} told apart by upper and lower case ({name})")
        seen.add(name.lower())


def default(expression: str) -> str:
    """Literals as they are; anything else needs brackets on either database."""
    plain = re.fullmatch(r"'[^']*'|-?[\d.]+|\w+(\(6\))?", expression)
    return expression if plain else f"({expression})"


def foreign_key(each: Reference, quoting: Callable[[str], str]) -> str:
    own, theirs = (", ".join(map(quoting, names)) for names in (each.columns, each.targets))
    return f"FOREIGN KEY ({own}) REFERENCES {quoting(each.table)} ({theirs}) ON DELETE {each.on_delete}"


def rows_told(cursor: Any) -> list[Row]:
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, map(_text, row), strict=True)) for row in cursor.fetchall()]
    return sorted(rows, key=lambda row: [(text is not None, text or "") for text in row.values()])


def _text(stored: Any) -> str | None:
    """A stored value as text; a text that could be taken for a number is told with its quotes."""
    if stored is None or isinstance(stored, str):
        return f"'{stored}'" if stored and re.fullmatch(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?", stored) else stored
    return f"x'{stored.hex()}'" if isinstance(stored, bytes) else str(stored)


def full_name(table: str) -> str:
    """As row_texts names tables."""
    return "public." + (table if re.fullmatch(r"[a-z_][a-z0-9_$]*", table) else quoted(table))


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
