"""Draws codes for profile rows: random ones, or the next number in the form that the mapping tells.

No code is drawn twice in one plan, whatever case it is for, and none that stands in the table: the largest number there is
asked for once a plan, and counted on from. A code that somebody else takes between planning and applying is noticed then:
the table is locked, and the case is stale.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

import sqlalchemy as sa

from mendbook.damage.changes import updated
from mendbook.damage.fitting import misfit
from mendbook.damage.proposals import Held, Told
from mendbook.dialects import Column
from mendbook.mapping.tables import ProfileTable, Tables
from mendbook.model import Change

#: Fewer hexadecimal digits than these, 64 bits, could be guessed, and could meet by accident.
FEWEST_DIGITS = 16
_FORM = re.compile(r"([^{}]*)\{n(?::(0?\d*d))?\}([^{}]*)")


@dataclass(frozen=True, slots=True)
class Drawn:
    """As many codes as were asked for and how they came about; or none, and why.

    A code of None is drawn by the column's own default when the row is written.
    """

    codes: tuple[str | None, ...]
    how: str = ""
    why: str = ""


def draw(tables: Tables, profile: ProfileTable, column: str, how: str, count: int) -> Told[Drawn]:
    """``count`` new codes for a column, drawn as ``how`` says: "uuid4", "sequence", or a form such as "ST-{n:06d}"."""
    kind = profile.kind(column)
    if count == 0:
        return Drawn(())
    if how == "uuid4":
        return _random(tables, profile, kind, count)
    if how == "sequence" and kind.draws:
        return Drawn((None,) * count, "drawn by the column's own default when the row is written")
    form = _FORM.fullmatch("{n}" if how == "sequence" else how)
    if form is None:
        return Drawn((), why=f"codes of the mapping draws {column} as {how!r}; write {{n}} in it once, and no other braces")
    before, spec, after = form.groups()
    first = 1 + (yield from _largest(tables, profile, column, before, after))
    codes = tuple(f"{before}{n:{spec or 'd'}}{after}" for n in range(first, first + count))
    # the longest and largest is the last one
    if misfit(kind, codes[-1]):
        why = f"column {column} is {kind.type}, which does not hold the next number ({how})"
        return Drawn((), why=f"no code can be drawn: {why}")
    _count_on(tables, profile, column, before, after, first + count - 1)
    own = " (the column's own default does not know of it)" if kind.default else ""
    return Drawn(codes, f"the next number after the largest that stands in {profile.name}{own}")


def coded(case_key: str, held: Held, new: Mapping[str, str | None]) -> Change:
    """The row with its new codes, by their columns."""
    known = {column: code for column, code in new.items() if code is not None}
    return updated(case_key, held.table, held.key, held.image, known, 6, drawn=[name for name in new if name not in known])


def told(column: str, code: str | None, drawn: Drawn) -> str:
    """Which code a column gets, and where it comes from."""
    return f"{column}: its code is {drawn.how}" if code is None else f"{column}: {code} is {drawn.how}"


def _random(tables: Tables, profile: ProfileTable, kind: Column, count: int) -> Drawn:
    most = kind.length
    if kind.family not in ("text", "uuid") or (most is not None and most < FEWEST_DIGITS):
        why = f"column {kind.name} is {kind.type}, too short for a uuid4: widen it, or tell another way in codes"
        return Drawn((), why=f"no code can be drawn: {why}")
    drawn: set[str] = tables.noted.setdefault(("codes", profile.name, kind.name), set())
    codes: list[str] = []
    while len(codes) < count:
        whole = uuid4()
        code = str(whole) if most is None or most >= 36 else whole.hex[:most]
        if code not in drawn:
            drawn.add(code)
            codes.append(code)
    return Drawn(tuple(codes), "drawn at random")


def _largest(tables: Tables, profile: ProfileTable, column: str, before: str, after: str) -> Told[int]:
    """The largest number in the table, or drawn in this plan, between ``before`` and ``after``, whatever their case."""
    memory = ("largest", profile.name, column, before.lower(), after.lower())
    if memory not in tables.noted:
        number = tables.text.numbered(profile.column(column), before, after)
        ((largest,),) = yield sa.select(sa.func.max(number)).select_from(profile.sql)
        tables.noted[memory] = largest or 0
    return int(tables.noted[memory])


def _count_on(tables: Tables, profile: ProfileTable, column: str, before: str, after: str, last: int) -> None:
    tables.noted["largest", profile.name, column, before.lower(), after.lower()] = last
