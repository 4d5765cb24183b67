"""DAMAGE's comparisons in SQLite's words: blank, same person, exact, key and time, whatever a column's collation or class.

Only expressions; nothing here runs. Text that is plain ASCII, as nearly all is, takes a short way in SQL; everything else is
handed to the functions that mendbook teaches each connection (functions.py). A moment is a whole number of
microseconds since 1970, UTC, for SQLite has no times of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal as Parts

from mendbook.dialects import Column
from mendbook.dialects.expressions import in_order
from mendbook.dialects.joins import alike
from mendbook.dialects.letters import holdable
from mendbook.dialects.sqlite.values import PREFIX, form_of

#: Text in ASCII alone; a NUL shows here too, for letters are counted up to it. Bytes that are no letters in UTF-8 may pass.
_SHORT = "typeof({0}) = 'text' AND length({0}) = length(CAST({0} AS BLOB))"
#: The white space that ASCII has.
_SPACES = "char(9, 10, 11, 12, 13, 32)"
_ARGUMENT = "CASE typeof({0}) WHEN 'text' THEN CAST({0} AS BLOB) WHEN 'blob' THEN quote({0}) ELSE {0} END"


def argument(sql: str) -> str:
    """The value of ``sql`` as mendbook's functions take it."""
    return _ARGUMENT.format(sql)


class Worded(ColumnElement[Any]):
    """SQL around one expression, which ``words`` names {0}."""

    inherit_cache = True
    _traverse_internals = [("inner", Parts.dp_clauseelement), ("words", Parts.dp_string)]

    def __init__(self, inner: ColumnElement[Any], words: str, type_: Any) -> None:
        self.inner, self.words, self.type = inner, words, sa.types.to_instance(type_)

    @property
    def _from_objects(self) -> list[FromClause]:
        return self.inner._from_objects

    def self_group(self, against: Any = None) -> Any:
        return self


@compiles(Worded)
def _worded(element: Worded, compiler: Any, **how: Any) -> str:
    how.pop("within_columns_clause", None)
    return f"({element.words.format(compiler.process(element.inner, **how))})"


class SQLiteText:
    """The comparisons. They give text without a collation of its own: it compares byte by byte."""

    def exact(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """The value as text that compares code point by code point; what is no text is told so where it is read."""
        short = f"typeof({{0}}) = 'text' AND {{0}} NOT GLOB '{PREFIX}*'"
        whole = "typeof({0}) = 'integer' THEN CAST({0} AS TEXT)"
        return Worded(column, f"CASE WHEN {short} THEN {{0}} WHEN {whole} ELSE mendbook_text({_ARGUMENT}) END", sa.Text)

    key = exact

    def sorts_itself(self, kind: Column) -> bool:
        """A column without a type (CREATE TABLE .. AS SELECT makes them) holds any value, and knows numbers from texts."""
        untyped = not kind.type and not kind.collate
        return untyped or kind.family in ("integer", "number", "uuid", "time")

    def digest(self, text: ColumnElement[str]) -> ColumnElement[Any]:
        """The text itself: SQLite has no number for it that would be cheaper to sort by.

        The plus sign keeps its planner from sorting a whole table by it where it is compared with a few others.
        """
        return Worded(text, "+{0}", sa.Text)

    def alike(self, rows: FromClause, own: ColumnElement[Any], text: ColumnElement[str]) -> Select[Any]:
        """Those whose digest stands on several."""
        return alike(rows, own, text, self.digest)

    def blank(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """NULL, or nothing but white space; most values begin with a letter or a digit, which is cheaper to see."""
        return Worded(column, f"{{0}} IS NULL OR ({{0}} NOT GLOB '[!-~]*' AND mendbook_blank({_ARGUMENT}))", sa.Boolean)

    def fold(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """Trimmed and lowered letter by letter; NULL where blank, so that blanks match nothing."""
        return Worded(
            column,
            f"CASE WHEN {_SHORT} THEN nullif(lower(trim({{0}}, {_SPACES})), '') ELSE mendbook_fold({_ARGUMENT}) END",
            sa.Text,
        )

    def near(self, column: ColumnElement[Any]) -> tuple[ColumnElement[str], ColumnElement[str]]:
        """A name (or an e-mail) as a hasty person may write it again: (its letters, those without the digits at their end).

        Both are folded, without dots, hyphens, underscores, blanks and what follows a plus sign before the @; NULL where
        fewer than three characters are left, which prove nothing.
        """
        whole, stem = (Worded(column, f"mendbook_near({_ARGUMENT}, {part})", sa.Text) for part in (0, 1))
        return whole, stem

    def listed(self, name: str, columns: Mapping[str, Sequence[Any]], numbers: Sequence[str]) -> FromClause:
        """Values as a table called ``name``, one column each of ``columns``: whole ``numbers``, all others text.

        Text that SQLite could not hand back as it is comes as two control characters, which are nobody's name.
        """
        shape = [sa.column(each, sa.BigInteger if each in numbers else sa.Text) for each in columns]
        lists = [values if each in numbers else [holdable(value) for value in values] for each, values in columns.items()]
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
        return Worded(column, f"mendbook_microseconds({_ARGUMENT})", sa.BigInteger)

    def microseconds(self, moment: ColumnElement[Any]) -> ColumnElement[int]:
        """A moment as microseconds since 1970, UTC: what it is already."""
        return moment

    def truth(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """The column, and words where it holds those: SQLite has no booleans, and some write t and f."""
        words = "CASE lower({0}) WHEN 'true' THEN 1 WHEN 't' THEN 1 WHEN 'false' THEN 0 WHEN 'f' THEN 0 ELSE {0} END"
        return Worded(column, f"CASE typeof({{0}}) WHEN 'text' THEN {words} ELSE {{0}} END", sa.Boolean)

    def no_moment(self) -> ColumnElement[Any]:
        """NULL, as a whole number."""
        return sa.cast(sa.null(), sa.BigInteger)

    def now(self) -> ColumnElement[Any]:
        """This machine's time, to the millisecond."""
        return sa.literal_column("CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000", sa.BigInteger)

    in_order = staticmethod(in_order)

    def typed(self, text: ColumnElement[Any], kind: Column) -> ColumnElement[Any]:
        """The value that the text stands for in such a column; words for true and false in one of booleans."""
        words = value_words(kind)
        if kind.family == "boolean":
            words = f"CASE lower({{0}}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE {words} END"
        return Worded(text, words, sa.types.NullType)

    def shown(self, value: ColumnElement[Any], kind: Column) -> ColumnElement[str]:
        """The value's text in the form of such a column."""
        return Worded(value, f"mendbook_written({_ARGUMENT}, '{form_of(kind)}')", sa.Text)

    def among(self, column: ColumnElement[Any], kind: Column | None, name: str) -> ColumnElement[bool]:
        """The column is one of a JSON array of texts, as values of its kind."""
        given = sa.bindparam(name, "[]", type_=sa.Text)
        each = sa.func.json_each(given).table_valued("value", name=f"each_{name}")
        if kind is None:
            return self.key(column).in_(sa.select(each.c.value))
        return column.in_(sa.select(Worded(each.c.value, value_words(kind), sa.types.NullType)).select_from(each))

    def sent(self, texts: Sequence[str]) -> str:
        return json.dumps(list(texts))

    def any_of(self, value: ColumnElement[Any], rows: Select[Any]) -> ColumnElement[bool]:
        """The value is among what the rows have, which are read once."""
        return value.in_(rows)

    def nowhere(
        self, value: ColumnElement[Any], outer: FromClause, rows: FromClause, column: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """Looked up in what the rows have, which is read once: SQLite would walk through them anew for each value."""
        del outer
        return sa.or_(value.is_(None), value.not_in(sa.select(column).select_from(rows).where(column.is_not(None))))

    def numbered(self, code: ColumnElement[Any], before: str, after: str) -> ColumnElement[int]:
        """The number between ``before`` and ``after``."""
        given = json.dumps([before.lower(), after.lower()]).replace("'", "''").replace("{", "{{").replace("}", "}}")
        return Worded(code, f"mendbook_number({_ARGUMENT}, '{given}')", sa.BigInteger)


def value_words(kind: Column) -> str:
    """SQL of the value that the text {0} stands for in ``kind``; bytes that are no text in the database's encoding are cast."""
    value = f"mendbook_value({{0}}, '{form_of(kind)}', NULL)"
    return f"CASE WHEN {{0}} GLOB 'sqlite:CAST(*' THEN CAST({value} AS TEXT) ELSE {value} END"
