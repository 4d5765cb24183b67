"""DAMAGE's comparisons in the words of MySQL and MariaDB: blank, same person, exact, key and time, whatever the collations.

Only expressions; nothing here runs. What needs the server's own collations is a function that the driver (driver.py)
puts into words. Moments are whole microseconds since 1970, UTC: no type of theirs compares, counts and stores better.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, Select

from mendbook.dialects.described import Column
from mendbook.dialects.expressions import nowhere, numbered
from mendbook.dialects.joins import first_then
from mendbook.dialects.letters import holdable
from mendbook.dialects.mysql.types import BYTES, base

_EPOCH: ColumnElement[Any] = sa.literal_column("'1970-01-01'")
_MICROSECOND: ColumnElement[Any] = sa.literal_column("MICROSECOND")
#: What counts as milliseconds, where whole numbers are moments: PostgreSQL's calendar, so that all tell the same.
FIRST_MILLISECOND, LAST_MILLISECOND, MOST_SECONDS = -210_866_803_200_000, 9_223_371_244_799_999, 10**11


class MySQLText:
    """The comparisons; the same for every server, for the driver knows which collations it has."""

    def exact(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """The value as text that compares code point by code point."""
        kind = _kind(column)
        return sa.func.mendbook_text(column, sa.literal_column(kind), type_=sa.Text)

    key = exact

    def sorts_itself(self, kind: Column) -> bool:
        """MariaDB's uuids do not: it sorts them by their last digits first."""
        return kind.family in ("integer", "number", "time")

    def digest(self, text: ColumnElement[str]) -> ColumnElement[int]:
        """A number that equal texts share; different ones may share it too, once in 2^32."""
        return sa.func.crc32(text, type_=sa.BigInteger)

    def alike(self, rows: FromClause, own: ColumnElement[Any], text: ColumnElement[str]) -> Select[Any]:
        """Those whose digest stands on several: keys and digests are sorted, in one pass, and the texts of a few read again."""
        digests = sa.select(own.label("own"), self.digest(text).label("digest")).select_from(rows).subquery("digests")
        several = sa.func.count().over(partition_by=digests.c.digest)
        counted = sa.select(digests, several.label("several")).subquery("counted_digests")
        twice = sa.select(counted.c.own).where(counted.c.several > 1, counted.c.digest.is_not(None)).subquery("twice")
        few = first_then(twice, rows, twice.c.own == own)
        return sa.select(own.label("own"), text.label("value")).select_from(few)

    def blank(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """NULL, or nothing but white space."""
        return sa.func.mendbook_blank(column, type_=sa.Boolean)

    def fold(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """Trimmed and lowered letter by letter; NULL where blank, so that blanks match nothing."""
        return sa.func.mendbook_fold(column, type_=sa.Text)

    def near(self, column: ColumnElement[Any]) -> tuple[ColumnElement[str], ColumnElement[str]]:
        """A name (or an e-mail) as a hasty person may write it again: (its letters, those without the digits at their end).

        Both are folded, without dots, hyphens, underscores, blanks and what follows a plus sign before the @; NULL where
        fewer than three characters are left, which prove nothing.
        """
        folded = self.fold(column)
        letters = sa.func.substring_index(sa.func.substring_index(folded, "@", 1), "+", 1)
        for mark in "._- ":
            letters = sa.func.replace(letters, mark, "")
        stem = sa.func.regexp_replace(letters, "[0-9]+$", "")
        rest = sa.func.substring_index(sa.func.substring_index(folded, "@", 2), "@", -1)
        domain = sa.case((sa.func.locate("@", folded) > 0, rest), else_="")
        long_enough = sa.func.char_length(stem) >= 3
        whole, short = (self.exact(sa.case((long_enough, sa.func.concat(part, "@", domain)))) for part in (letters, stem))
        return whole, short

    def listed(self, name: str, columns: Mapping[str, Sequence[Any]], numbers: Sequence[str]) -> FromClause:
        """Values as a table called ``name``, one column each of ``columns``: whole ``numbers``, all others text."""
        rows = list(zip(*columns.values(), strict=True))
        parts = [
            f"`{each}` {'BIGINT' if each in numbers else 'LONGTEXT'} PATH '$[{place}]'" for place, each in enumerate(columns)
        ]
        given = sa.bindparam("listed", told(rows), type_=sa.Text, unique=True)
        sql = f"SELECT * FROM JSON_TABLE(\\:listed, '$[*]' COLUMNS ({', '.join(parts)})) AS told".replace("\\:", ":")
        types: dict[str, Any] = {each: sa.BigInteger if each in numbers else sa.Text for each in columns}
        shape = [sa.column(each, types[each]) for each in columns]
        return sa.text(sql).bindparams(given).columns(*shape).subquery(name)

    def moment(self, column: ColumnElement[Any], kind: Column) -> ColumnElement[Any] | None:
        """The column as microseconds since 1970 (naive times and dates are UTC), or None where it holds no time.

        Zeros, which some write for "never", are no time either: they come as NULL.
        """
        if kind.family == "time":
            return sa.func.timestampdiff(_MICROSECOND, _EPOCH, column, type_=sa.BigInteger)
        if kind.family == "integer":
            number = sa.cast(column, sa.Numeric(20, 0))
            moment = sa.case(
                (number.between(-MOST_SECONDS, MOST_SECONDS), number * 1_000_000),
                (number.between(FIRST_MILLISECOND, LAST_MILLISECOND), number * 1000),
            )
            return sa.cast(moment, sa.BigInteger)
        return None

    def truth(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """The column itself."""
        return column

    def no_moment(self) -> ColumnElement[Any]:
        """NULL, as a whole number."""
        return sa.cast(sa.null(), sa.BigInteger)

    def now(self) -> ColumnElement[Any]:
        """When the statement began; nothing tells when the transaction did."""
        return sa.func.timestampdiff(_MICROSECOND, _EPOCH, sa.literal_column("utc_timestamp(6)"), type_=sa.BigInteger)

    def microseconds(self, moment: ColumnElement[Any]) -> ColumnElement[int]:
        """A moment is that already."""
        return sa.type_coerce(moment, sa.BigInteger)

    def in_order(
        self, value: ColumnElement[Any], descending: bool = False, nulls_first: bool = False
    ) -> list[ColumnElement[Any]]:
        """Whether it is NULL comes first, for there is no NULLS LAST."""
        unknown = value.is_(None)
        return [unknown.desc() if nulls_first else unknown.asc(), value.desc() if descending else value.asc()]

    def typed(self, text: ColumnElement[Any], kind: Column) -> ColumnElement[Any]:
        """The text as the column's own type and collation have it."""
        return sa.func.mendbook_typed(text, sa.literal_column(kind.type), sa.literal_column(kind.collation or "''"))

    def shown(self, value: ColumnElement[Any], kind: Column) -> ColumnElement[str]:
        """The value's text, by its type."""
        return sa.func.mendbook_text(value, sa.literal_column(kind.type), type_=sa.Text)

    def among(self, column: ColumnElement[Any], kind: Column | None, name: str) -> ColumnElement[bool]:
        """The column is one of a list that the driver writes out, which an index serves."""
        value = self.key(column) if kind is None or base(kind.type) in BYTES else column
        return value.op("IN", is_comparison=True)(sa.bindparam(name, None))

    def sent(self, texts: Sequence[str]) -> Any:
        """A tuple; an empty one would be no SQL, and nothing is equal to NULL."""
        return tuple(holdable(text, nul=True) for text in texts) or (None,)

    def any_of(self, value: ColumnElement[Any], rows: Select[Any]) -> ColumnElement[bool]:
        """The value is in what the rows have."""
        return value.in_(rows)

    def nowhere(
        self, value: ColumnElement[Any], outer: FromClause, rows: FromClause, column: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """The server makes an anti-join of it."""
        return nowhere(value, outer, rows, column)

    def numbered(self, code: ColumnElement[Any], before: str, after: str) -> ColumnElement[int]:
        """The number between ``before`` and ``after``."""
        return numbered(self.exact(code), before, after, matches="REGEXP")


def _kind(column: ColumnElement[Any]) -> str:
    """The type by whose rules a column is told as text, where the tables know it; else text's."""
    for origin in column.base_columns:
        kind = getattr(origin, "info", {}).get("kind")
        if kind is not None:
            return str(kind.type)
    return "varchar"


def told(rows: Sequence[Sequence[Any]]) -> str:
    """Rows of numbers and texts as one JSON text."""
    safe = [[holdable(each, nul=True) if isinstance(each, str) else each for each in row] for row in rows]
    return json.dumps(safe, ensure_ascii=False, separators=(",", ":"))
