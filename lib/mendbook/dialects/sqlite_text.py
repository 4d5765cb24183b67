"""DAMAGE's comparisons in SQLite's words: blank, same person, exact, key and time, whatever a column's collation or class.

Only expressions; nothing here runs. Text that is plain ASCII, as nearly all is, takes a short way in SQL; everything else is
handed to the functions that mendbook teaches each connection (sqlite_functions.py). A moment is a whole number of
microseconds since 1970, UTC, for SQLite has no times of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement as Element

from mendbook.dialects import Column
from mendbook.dialects.sqlite_values import PREFIX

#: Text without anything beyond ASCII's printable letters; a NUL, at which GLOB stops reading, shows in the length.
_SHORT = "{0} NOT GLOB '*[^ -~]*' AND length({0}) = length(CAST({0} AS BLOB))"
_ARGUMENT = "CASE typeof({0}) WHEN 'text' THEN CAST({0} AS BLOB) WHEN 'blob' THEN quote({0}) ELSE {0} END"


def argument(sql: str) -> str:
    """The value of ``sql`` as mendbook's functions take it."""
    return _ARGUMENT.format(sql)


class _Worded(Element[Any]):
    """SQL around one expression, which ``words`` names {0}."""

    inherit_cache = True
    _traverse_internals = [("inner", sa.sql.visitors.InternalTraversal.dp_clauseelement), ("words", sa.sql.visitors.InternalTraversal.dp_string)]

    def __init__(self, inner: ColumnElement[Any], words: str, type_: Any) -> None:
        self.inner, self.words, self.type = inner, words, sa.types.to_instance(type_)

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002
        return self


@compiles(_Worded)
def _worded(element: _Worded, compiler: Any, **how: Any) -> str:
    how.pop("within_columns_clause", None)
    return f"({element.words.format(compiler.process(element.inner, **how))})"


class SQLiteText:
    """The comparisons. They give text without a collation of its own: it compares byte by byte."""

    def exact(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """The value as text that compares code point by code point."""
        short = f"typeof({{0}}) = 'text' AND {_SHORT} AND {{0}} NOT GLOB '{PREFIX}*'"
        whole = "typeof({0}) = 'integer' THEN CAST({0} AS TEXT)"
        return _Worded(column, f"CASE WHEN {short} THEN {{0}} WHEN {whole} ELSE mendbook_text({_ARGUMENT}) END", sa.Text)

    key = exact

    def digest(self, text: ColumnElement[str]) -> ColumnElement[Any]:
        """The text itself: SQLite has no number for it that would be cheaper to sort by."""
        return text

    def blank(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """NULL, or nothing but white space; most values begin with a letter or a digit, which is cheaper to see."""
        return _Worded(column, f"{{0}} IS NULL OR ({{0}} NOT GLOB '[!-~]*' AND mendbook_blank({_ARGUMENT}))", sa.Boolean)

    def fold(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """Trimmed and lowered letter by letter; NULL where blank, so that blanks match nothing."""
        short = f"typeof({{0}}) = 'text' AND {_SHORT}"
        return _Worded(
            column, f"CASE WHEN {short} THEN nullif(lower(trim({{0}})), '') ELSE mendbook_fold({_ARGUMENT}) END", sa.Text
        )

    def near(self, column: ColumnElement[Any]) -> tuple[ColumnElement[str], ColumnElement[str]]:
        """A name (or an e-mail) as a hasty person may write it again: (its letters, those without the digits at their end).

        Both are folded, without dots, hyphens, underscores, blanks and what follows a plus sign before the @; NULL where
        fewer than three characters are left, which prove nothing.
        """
        whole, stem = (_Worded(column, f"mendbook_near({_ARGUMENT}, {part})", sa.Text) for part in (0, 1))
        return whole, stem

    def listed(self, name: str, columns: Mapping[str, Sequence[Any]], numbers: Sequence[str]) -> FromClause:
        """Values as a table called ``name``, one column each of ``columns``: whole ``numbers``, all others text.

        Text that SQLite could not hand back as it is comes as two control characters, which are nobody's name.
        """
        shape = [sa.column(each, sa.BigInteger if each in numbers else sa.Text) for each in columns]
        lists = [values if each in numbers else [_holdable(value) for value in values] for each, values in columns.items()]
        rows = json.dumps(list(zip(*lists, strict=True)))
        every = sa.func.json_each(sa.literal(rows, sa.Text)).table_valued("value", name="each_row")
        # OFFSET 0: worked out once, and not again wherever one of them is compared
        parts = [
            sa.func.json_extract(every.c.value, sa.literal_column(f"'$[{place}]'"), type_=column.type).label(column.name)
            for place, column in enumerate(shape)
        ]
        return sa.select(*parts).offset(sa.literal_column("0")).subquery(name)

    def moment(self, column: ColumnElement[Any], kind: Column) -> ColumnElement[Any] | None:
        """The column as microseconds since 1970, NULL where a value is no time; None where the column is not one of times.

        Times are ISO text (naive ones and dates are UTC), and seconds or milliseconds since 1970. SQLite's own manual keeps
        them in columns of text, of integers or of reals.
        """
        if kind.family in ("boolean", "uuid"):
            return None
        return _Worded(column, f"mendbook_microseconds({_ARGUMENT})", sa.BigInteger)

    def microseconds(self, moment: ColumnElement[Any]) -> ColumnElement[int]:
        """A moment as microseconds since 1970, UTC: what it is already."""
        return moment


def _holdable(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return "\x01\x01"
    return "\x01\x01" if "\0" in text else text
