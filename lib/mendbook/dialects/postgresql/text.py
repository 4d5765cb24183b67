"""DAMAGE's comparisons in PostgreSQL's words: blank, same person, exact, key and time, whatever the locale.

Only expressions; nothing here runs. The letters come from Unicode's simple lowercase mapping, one code point to one, so
that neither the server's locale nor its version decides who is the same person. Values in plain ASCII, which nearly all
are, take a short way: lower() under the C collation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, Select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import UserDefinedType

from mendbook.blanks import WHITE_SPACE
from mendbook.dialects import Column
from mendbook.dialects.expressions import in_order, nowhere, numbered
from mendbook.dialects.joins import alike
from mendbook.dialects.letters import holdable, holds, simple_lowercase
from mendbook.dialects.postgresql.arrays import array

ASCII_WHITE_SPACE = WHITE_SPACE[:6]

#: PostgreSQL's calendar goes from 4713 BC to 294276; a bigint of microseconds ends a little earlier.
FIRST_MILLISECOND, LAST_MILLISECOND = -210_866_803_200_000, 9_224_318_015_999_999
END_OF_MICROSECONDS: ColumnElement[Any] = sa.literal_column("timestamptz '294247-01-01 00:00:00+00'")

#: PostgreSQL's names of server encodings, as Python's codecs know them, where the two names differ.
CODECS = {"UTF8": "utf-8", "SQL_ASCII": "ascii", "EUC_JP": "euc_jp", "EUC_KR": "euc_kr", "EUC_CN": "gb2312"}
SINGLE_BYTE = ("LATIN", "ISO_8859", "WIN", "KOI8")


def _codec(encoding: str) -> str:
    if encoding in CODECS:
        return CODECS[encoding]
    return encoding.replace("WIN", "cp").replace("KOI8R", "koi8_r").replace("KOI8U", "koi8_u").lower()


class NamedType(UserDefinedType[Any]):
    """A type by the name that the catalogue gives it."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        # the driver reads a percent sign as the beginning of a parameter
        return self.name.replace("%", "%%")


class PostgreSQLText:
    """The comparisons for one server encoding; letters that the encoding cannot hold are not asked for."""

    def __init__(self, encoding: str) -> None:
        codec = self._codec = _codec(encoding)
        pairs = {u: lo for u, lo in simple_lowercase().items() if holds(codec, u + lo)}
        self._upper = sa.literal("".join(pairs), sa.Text)
        self._lower = sa.literal("".join(pairs.values()), sa.Text)
        self._spaces = sa.literal("".join(c for c in WHITE_SPACE if holds(codec, c)), sa.Text)
        self._ascii_spaces = sa.literal(ASCII_WHITE_SPACE, sa.Text)
        self._ascii_tells = not encoding.startswith(SINGLE_BYTE)
        self._beyond_ascii = bool(pairs)
        self._first_tells = encoding == "UTF8"

    def exact(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """The value as text that compares code point by code point."""
        return sa.cast(column, sa.Text).collate("C")

    key = exact

    def sorts_itself(self, kind: Column) -> bool:
        """Text does not: it has a collation."""
        return kind.family in ("integer", "number", "uuid", "time")

    def digest(self, text: ColumnElement[str]) -> ColumnElement[int]:
        """A number that equal texts share, cheap to sort by; different ones may share it too, once in 2^64."""
        return sa.func.hashtextextended(text, sa.literal_column("0"), type_=sa.BigInteger)

    def alike(self, rows: FromClause, own: ColumnElement[Any], text: ColumnElement[str]) -> Select[Any]:
        """Those whose digest stands on several."""
        return alike(rows, own, text, self.digest)

    def blank(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """NULL, or nothing but white space."""
        text = sa.cast(column, sa.Text)
        empty = sa.func.btrim(text, self._spaces, type_=sa.Text).collate("C") == sa.literal_column("''")
        if self._first_tells:
            # most values begin with a letter or a digit, which is cheaper to see than to trim
            empty = sa.and_(sa.not_(sa.func.ascii(text).between(33, 126)), empty)
        return sa.or_(column.is_(None), empty)

    def fold(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """Trimmed and lowered letter by letter; NULL where blank, so that blanks match nothing."""
        text = sa.cast(column, sa.Text)
        short = sa.func.lower(sa.func.btrim(text, self._ascii_spaces, type_=sa.Text).collate("C"), type_=sa.Text)
        if not self._beyond_ascii:
            return sa.func.nullif(short, sa.literal_column("''"), type_=sa.Text).collate("C")
        trimmed = sa.func.btrim(text, self._spaces, type_=sa.Text).collate("C")
        full = sa.func.translate(sa.func.lower(trimmed, type_=sa.Text), self._upper, self._lower, type_=sa.Text)
        is_ascii = sa.func.octet_length(text) == sa.func.char_length(text)
        folded = sa.case((is_ascii, short), else_=full) if self._ascii_tells else full
        return sa.func.nullif(folded, sa.literal_column("''"), type_=sa.Text).collate("C")

    def near(self, column: ColumnElement[Any]) -> tuple[ColumnElement[str], ColumnElement[str]]:
        """A name (or an e-mail) as a hasty person may write it again: (its letters, those without the digits at their end).

        Both are folded, without dots, hyphens, underscores, blanks and what follows a plus sign before the @; NULL where
        fewer than three characters are left, which prove nothing.
        """
        folded = self.fold(column)
        local = sa.func.split_part(sa.func.split_part(folded, "@", 1), "+", 1, type_=sa.Text)
        letters = sa.func.translate(local, "._- ", "", type_=sa.Text)
        stem = sa.func.rtrim(letters, "0123456789", type_=sa.Text)
        domain = sa.func.split_part(folded, "@", 2, type_=sa.Text)
        long_enough = sa.func.char_length(stem) >= 3
        whole, short = (sa.case((long_enough, part + sa.literal("@", sa.Text) + domain)) for part in (letters, stem))
        return whole.collate("C"), short.collate("C")

    def listed(self, name: str, columns: Mapping[str, Sequence[Any]], numbers: Sequence[str]) -> FromClause:
        """Values as a table called ``name``, one column each of ``columns``: whole ``numbers``, all others text.

        Text that the server's encoding cannot hold comes as two control characters, which are nobody's name.
        """
        types: dict[str, Any] = {each: sa.BigInteger if each in numbers else sa.Text for each in columns}
        arrays = []
        for each, values in columns.items():
            held = list(values) if each in numbers else [holdable(value, self._codec) for value in values]
            arrays.append(sa.cast(sa.bindparam(None, held, type_=ARRAY(types[each])), ARRAY(types[each])))
        shape = [sa.column(each, types[each]) for each in columns]
        return sa.func.unnest(*arrays).table_valued(*shape, name=name).render_derived()

    def moment(self, column: ColumnElement[Any], kind: Column) -> ColumnElement[Any] | None:
        """The column as a time with zone (naive ones and dates are UTC), or None where it holds no time.

        Infinity, which some write for "always" and "never", is no time either: it comes as NULL.
        """
        if kind.family == "time":
            return sa.case((sa.func.isfinite(column), sa.cast(column, sa.TIMESTAMP(timezone=True))))
        if kind.family == "integer":
            # Seconds since 1970, or milliseconds as Keycloak and others keep them; NULL where no calendar goes that far.
            seconds = sa.case(
                (column.between(-(10**11), 10**11), column),
                (column.between(FIRST_MILLISECOND, LAST_MILLISECOND), column / sa.literal_column("1000.0")),
            )
            return sa.func.to_timestamp(seconds, type_=sa.TIMESTAMP(timezone=True))
        return None

    def microseconds(self, moment: ColumnElement[Any]) -> ColumnElement[int]:
        """A finite time as microseconds since 1970, UTC; NULL in the last years of PostgreSQL's calendar, which do not fit."""
        return sa.case((moment < END_OF_MICROSECONDS, sa.cast(sa.extract("epoch", moment) * 1000000, sa.BigInteger)))

    def truth(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """The column itself."""
        return column

    def no_moment(self) -> ColumnElement[Any]:
        """NULL as a time with zone."""
        return sa.cast(sa.null(), sa.TIMESTAMP(timezone=True))

    def now(self) -> ColumnElement[Any]:
        """The transaction's time."""
        return sa.func.now()

    in_order = staticmethod(in_order)

    def typed(self, text: ColumnElement[Any], kind: Column) -> ColumnElement[Any]:
        """The text cast to the column's own type."""
        return sa.cast(text, NamedType(kind.type))

    def shown(self, value: ColumnElement[Any], kind: Column) -> ColumnElement[str]:
        """The value's own text form, which every type has."""
        del kind
        return sa.cast(value, sa.Text)

    def among(self, column: ColumnElement[Any], kind: Column | None, name: str) -> ColumnElement[bool]:
        """The column is one of an array of texts, cast to its type."""
        given = sa.bindparam(name, [], type_=ARRAY(sa.Text))
        if kind is None:
            return self.key(column) == sa.any_(given)
        return column == sa.any_(sa.cast(given, NamedType(f"{kind.type}[]")))

    def sent(self, texts: Sequence[str]) -> str:
        return array(texts)

    def any_of(self, value: ColumnElement[Any], rows: Select[Any]) -> ColumnElement[bool]:
        """The value is in the array of what the rows have: an index on the value serves, which no join on it would use."""
        return value == sa.any_(sa.func.array(rows.scalar_subquery()))

    def nowhere(
        self, value: ColumnElement[Any], outer: FromClause, rows: FromClause, column: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """The server makes an anti-join of it."""
        return nowhere(value, outer, rows, column)

    def numbered(self, code: ColumnElement[Any], before: str, after: str) -> ColumnElement[int]:
        """The number between ``before`` and ``after``."""
        return numbered(self.exact(code), before, after, matches="~")


@cache
def text_of(encoding: str) -> PostgreSQLText:
    """The comparisons for ``encoding``; to ask every letter whether it can be held takes longer than a small audit."""
    return PostgreSQLText(encoding)
