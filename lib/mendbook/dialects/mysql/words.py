"""The parts of which statements over rows of MySQL and MariaDB are put together: names, texts, images, given values.

SQL as text; nothing here runs. Values travel as one JSON text, which the server reads as a table (``given``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import TextClause

from mendbook.dialects.described import Column, Relation
from mendbook.dialects.mysql.text import told
from mendbook.dialects.mysql.types import base, string, text_of, typed, written
from mendbook.dialects.mysql.types import quoted as ticked
from mendbook.digests import canonical

#: The control characters that the server's JSON writes in capital hexadecimal digits, and canonical JSON does not.
_CAPITALS = ["u000B", "u000E", "u000F", *(f"u001{digit}" for digit in "ABCDEF")]
#: What JSON is put together under: of two collations one must be meant, or they would not go together.
PLAIN = "utf8mb4_bin"


def adding(relation: Relation, into: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> TextClause:
    """Adds ``rows``, of whose texts ``into`` (column: SQL) is made."""
    if not into:
        return sa.text(f"INSERT INTO {table(relation)} () VALUES {', '.join('()' for _ in rows)}")
    names, width = ", ".join(map(quoted, into)), max(map(len, rows))
    source = f"SELECT {', '.join(into.values())} FROM {given(width)} ORDER BY v.n"
    return statement(f"INSERT INTO {table(relation)} ({names}) {source}", rows)


def quoted(name: str) -> str:
    """The name as the server reads it back; its colons are kept from being taken for parameters."""
    return escaped(ticked(name))


def table(relation: Relation) -> str:
    return f"{quoted(relation.schema)}.{quoted(relation.name)}"


def literal(text: str) -> str:
    return escaped(string(text))


def escaped(sql: str) -> str:
    return sql.replace(":", "\\:")


def text_in(column: Column, alias: str) -> str:
    return text_of(f"{alias}.{quoted(column.name)}", column.type)


def value_of(text: str, column: Column) -> str:
    return written(text, column.type)


def drawn_value(how: str, column: str) -> str:
    return "utc_timestamp(6)" if how == "now" else f"DEFAULT({column})"


def same(one: str, other: str) -> str:
    """Two texts are the same, byte by byte."""
    return f"CAST({one} AS BINARY) = CAST({other} AS BINARY)"


def object_of(texts: Mapping[str, str]) -> str:
    """SQL of the canonical JSON object of the ``texts`` (SQL) by their names."""
    names = canonical.sorted_names(texts)
    parts = []
    for number, name in enumerate(names):
        lead = ("," if number else "{") + canonical.text(name) + ":"
        parts.append(f"{literal(lead)}, {_quoted_or_null(texts[name])}")
    return canonical_json(f"concat({', '.join([*parts, literal('}')])})") if parts else literal("{}")


def _quoted_or_null(text: str) -> str:
    return f"coalesce(json_quote({text}), 'null' COLLATE {PLAIN})"


def canonical_json(json_text: str) -> str:
    """SQL of JSON as the server writes it, with the few escapes rewritten that canonical JSON has in small letters.

    A backslash of a text itself comes doubled: such pairs are set aside meanwhile as a control character, which JSON never has.
    """
    sql = f"replace({json_text}, {literal(chr(92) * 2)}, {literal(chr(1))})"
    for capital in _CAPITALS:
        sql = f"replace({sql}, {literal(chr(92) + capital)}, {literal(chr(92) + capital.lower())})"
    return f"replace({sql}, {literal(chr(1))}, {literal(chr(92) * 2)})"


def given(width: int, last: str = "") -> str:
    """The parameter ``given``, rows of texts, as the table v: n from 1, k0, k1 ..., and ``last`` where there is one more."""
    columns = [f"k{i} LONGTEXT PATH '$[{i}]'" for i in range(width)]
    columns += [f"{last} LONGTEXT PATH '$[{width}]'"] if last else []
    return f"JSON_TABLE(:given, '$[*]' COLUMNS ({', '.join(['n FOR ORDINALITY', *columns])})) v"


def met(relation: Relation, columns: Sequence[str]) -> str:
    """The first of the given texts are the values of ``columns``, compared as the columns are, so that an index serves."""
    return " AND ".join(f"t.{quoted(name)} = {typed(f'v.k{i}', relation.columns[name])}" for i, name in enumerate(columns))


def in_order(parts: list[list[Any]]) -> list[list[Any]]:
    """Keys in one order for all: numbers by their size."""
    return sorted(parts, key=lambda part: [(len(text), text) if text.isdigit() else (0, text) for text in part])


def own_references(relation: Relation) -> list[str]:
    """The columns, if they may be NULL, by which rows of the table name other rows of it."""
    keys = [key.columns for key in relation.foreign_keys if key.target == relation.identity]
    return [names[0] for names in keys if len(names) == 1 and relation.columns[names[0]].nullable]


def statement(sql: str, rows: Sequence[Sequence[Any]] | None) -> TextClause:
    text = sa.text(sql)
    return text if rows is None else text.bindparams(sa.bindparam("given", told(rows), type_=sa.Text))


def one_image(sql: str, image: str) -> TextClause:
    return sa.text(sql).bindparams(sa.bindparam("image", image, type_=sa.Text))


def hypothetical(text: str, column: Column) -> str:
    """SQL of the value that a column would have for ``text`` (SQL); NULL where it cannot hold it."""
    kind, plain = base(column.type), typed(text, column)
    if column.whole is not None:
        return f"CASE WHEN {plain} BETWEEN {column.whole[0]} AND {column.whole[1]} THEN {plain} END"
    if kind in ("enum", "set"):
        members = column.type[column.type.index("(") :].replace(":", "\\:")
        return f"CASE WHEN {text} IN {members} THEN {text} END" if kind == "enum" else text
    if kind == "year":
        return text
    if kind in ("decimal", "datetime", "time", "timestamp"):
        size = column.type[len(kind) :].split(" ")[0]
        return plain.replace("DECIMAL(65, 30)", f"DECIMAL{size}").replace("(6)", size if size else "")
    if column.length is not None:
        cut = f"left({plain}, {column.length})"
        return f"trim(TRAILING ' ' FROM {cut})" if column.padded else cut
    return plain
