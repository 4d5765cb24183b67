"""A profile row without the code that every person must have.

What it looks like: no barcode on the page, a scan that finds nobody.

What causes it: the signal made the row, and the view that draws the code died before it did, or drew it for the other
row of the pair.

Repairs: draw (a new code, in the way that the mapping says).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.blanks import blank
from mendbook.damage.codes import Drawn, coded, draw, told
from mendbook.damage.proposals import Held, left, made, place_of_code, profile_of, rows_of
from mendbook.damage.settling import settled
from mendbook.damage.shape import damaged_rows
from mendbook.mapping.tables import ProfileTable, Tables
from mendbook.model import Asking, Case, Damage, Found, Left, Repair


def find(tables: Tables) -> list[Select[Any]]:
    codes = [(profile, profile.present(profile.mapping.codes)) for profile in tables.profiles]
    return [
        damaged_rows(tables, profile, sa.or_(*(tables.text.blank(code) for code in columns)))
        for profile, columns in codes
        if columns
    ]


def draw_codes(tables: Tables, found: Sequence[Found]) -> Asking:
    """Every blank code of the row gets a new one."""
    profile = profile_of(tables, found)
    held = yield from rows_of(tables, profile, found)
    rows = [held.get(each.rows[0].row_key) for each in found]
    drawn: dict[str, Drawn] = {}
    for column, how in profile.mapping.codes.items():
        if profile.has(column):
            count = sum(row is not None and blank(row.row[column]) for row in rows)
            drawn[column] = yield from draw(tables, profile, column, how, count)
    places = {column: iter(codes.codes) for column, codes in drawn.items()}
    results: list[Case | Left] = []
    for each, row in zip(found, rows, strict=True):
        lacking = [] if row is None else [column for column in drawn if blank(row.row[column])]
        unable = [drawn[column].why for column in lacking if drawn[column].why]
        if row is None or not lacking:
            results.append(left(each, "no code of the row is blank any more"))
        elif unable:
            results.append(left(each, unable[0]))
        else:
            new = {column: next(places[column]) for column in lacking}
            results.append(_drawn(tables, profile, each, row, new, drawn))
    return results


def _drawn(
    tables: Tables, profile: ProfileTable, found: Found, held: Held, new: Mapping[str, str | None], drawn: Mapping[str, Drawn]
) -> Case:
    return made(
        tables,
        found,
        "draw",
        "low",
        [coded(found.case_key, held, new)],
        because=[told(f"{column} is blank", code, drawn[column]) for column, code in new.items()],
        owns=[place_of_code(profile.profile, column, code) for column, code in new.items() if code is not None],
        locks=[profile.name],
    )


DAMAGE = Damage(
    "missing_code",
    "Profiles without their code",
    find,
    needs=("codes",),
    repairs=(Repair("draw", "Draw a new code", "low", settled(draw_codes)),),
)
