"""One code stands on several profile rows.

What it looks like: a scan signs in somebody else.

What causes it: two workers read the highest number at the same moment and both add one. Codes compare exactly, letter
for letter, within their own column; blank ones are another kind (missing_code).

Repairs: draw (the oldest row keeps its code, the others get new ones: created, then the smallest key, tells the oldest).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.damage.codes import Drawn, coded, draw, told
from mendbook.damage.proposals import Held, Told, left, made, place_of_code, profile_of, rows_of
from mendbook.damage.settling import settled
from mendbook.damage.shape import damaged_groups, sharing
from mendbook.dialects.joins import first_then
from mendbook.mapping.tables import ProfileTable, Tables
from mendbook.model import Asking, Case, Damage, Found, Left, Repair, Row


def find(tables: Tables) -> list[Select[Any]]:
    return [
        damaged_groups(tables, _rows(tables, profile), profile.profile, profile.name)
        for profile in tables.profiles
        if profile.present(profile.mapping.codes)
    ]


def _rows(tables: Tables, profile: ProfileTable) -> Select[Any]:
    """Rows of every code column; UNION, for a row whose two columns share a code is damaged once."""
    columns = profile.present(profile.mapping.codes)
    every = sa.union(*(_sharing(tables, profile, column) for column in columns)).subquery("holders")
    text, own, users = tables.text, profile.column(profile.mapping.key), tables.users
    user_key = sa.func.coalesce(text.key(users.column(users.mapping.key)), text.key(profile.column(profile.mapping.user)))
    return sa.select(
        every.c.value.label("case_key"),
        text.key(own).label("row_key"),
        user_key.label("user_key"),
        text.microseconds(tables.created(profile)).label("moment"),
        tables.order_key(profile, profile.mapping.key).label("place"),
        sa.cast(sa.null(), sa.Integer).label("blank"),
    ).select_from(
        first_then(every, profile.sql, own == every.c.own).join(users.sql, tables.same_user(profile), isouter=True),
    )


def _sharing(tables: Tables, profile: ProfileTable, column: sa.ColumnElement[Any]) -> Select[Any]:
    shared = sharing(tables, tables.text.exact(column), profile, profile.mapping.key)
    return sa.select(shared.c.value, shared.c.own).where(~tables.text.blank(shared.c.value))


def draw_codes(tables: Tables, found: Sequence[Found]) -> Asking:
    """All holders of a code but the oldest get new ones, column by column."""
    profile = profile_of(tables, found)
    held = yield from rows_of(tables, profile, found)
    ages = yield from _ages(tables, profile, list(held))
    columns = [column for column in profile.mapping.codes if profile.has(column)]
    holders = [
        {column: _holders(each, column, held, ages) for column in columns if len(_holders(each, column, held, ages)) > 1}
        for each in found
    ]
    drawn: dict[str, Drawn] = {}
    for column in columns:
        count = sum(len(each[column]) - 1 for each in holders if column in each)
        drawn[column] = yield from draw(tables, profile, column, profile.mapping.codes[column], count)
    places = {column: iter(codes.codes) for column, codes in drawn.items()}
    results: list[Case | Left] = []
    for each, by_column in zip(found, holders, strict=True):
        unable = [drawn[column].why for column in by_column if drawn[column].why]
        if not by_column or unable:
            results.append(left(each, unable[0] if unable else "the code stands on one row alone by now"))
            continue
        new = {column: [(row, next(places[column])) for row in rows[1:]] for column, rows in by_column.items()}
        keepers = {column: rows[0] for column, rows in by_column.items()}
        results.append(_drawn(tables, profile, each, keepers, new, drawn))
    return results


def _ages(tables: Tables, profile: ProfileTable, keys: Sequence[str]) -> Told[dict[str, int]]:
    """The place of each row (by the key that findings tell) among all, the oldest first."""
    text, own, users = tables.text, profile.column(profile.mapping.key), tables.users
    listed = text.listed("asked_rows", {"key": keys}, numbers=())
    asked = own == tables.text.typed(listed.c.key, profile.kind(profile.mapping.key))
    rows = profile.sql.join(listed, asked).join(users.sql, tables.same_user(profile), isouter=True)
    order = (*tables.text.in_order(tables.created(profile)), tables.order_key(profile, profile.mapping.key).asc())
    answer = yield sa.select(text.key(own)).select_from(rows).order_by(*order)
    return {row[0]: place for place, row in enumerate(answer)}


def _holders(found: Found, column: str, held: Mapping[str, Held], ages: Mapping[str, int]) -> list[Held]:
    """The rows that hold the case's code in ``column``, the oldest first."""
    keys = [row.row_key for row in found.rows if row.row_key in held and held[row.row_key].row[column] == found.case_key]
    return [held[key] for key in sorted(dict.fromkeys(keys), key=lambda key: ages[key])]


def _drawn(
    tables: Tables,
    profile: ProfileTable,
    found: Found,
    keepers: Mapping[str, Held],
    new: Mapping[str, Sequence[tuple[Held, str | None]]],
    drawn: Mapping[str, Drawn],
) -> Case:
    """One change a row, whichever of its columns get a new code."""
    changed: dict[str, tuple[Held, dict[str, str | None]]] = {}
    because, owns = [], []
    for column, rows in new.items():
        because.append(f"{column}: the oldest row, {keepers[column].key}, keeps its code")
        owns.append(place_of_code(profile.profile, column, found.case_key))
        for row, code in rows:
            changed.setdefault(row.key, (row, {}))[1][column] = code
            because.append(told(f"{column} of row {row.key}", code, drawn[column]))
            if code is not None:
                owns.append(place_of_code(profile.profile, column, code))
    changes = [coded(found.case_key, row, codes) for row, codes in changed.values()]
    kept = {row.key: Row(row.table, row.key, row.image) for row in keepers.values() if row.key not in changed}
    return made(tables, found, "draw", "medium", changes, because=because, kept=kept.values(), owns=owns, locks=[profile.name])


DAMAGE = Damage(
    "duplicate_code",
    "Codes that stand on several profiles",
    find,
    needs=("codes",),
    repairs=(Repair("draw", "Draw new codes for all but the oldest row", "medium", settled(draw_codes)),),
)
