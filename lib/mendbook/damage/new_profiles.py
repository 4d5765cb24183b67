"""The row that a profile table gets for a user who has none there: missing_profile makes one, wrong_profile does so too.

Each column takes, in this order: what is known of the user already, a drawn code, the mapping's default, the mapping's flag,
the time for the created column, the column's own default, NULL, or empty text. Where none of these can be, there is no row,
and the reason is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from mendbook.blanks import blank
from mendbook.damage.changes import Values
from mendbook.damage.codes import Drawn, draw, told
from mendbook.damage.fitting import mapped_values
from mendbook.damage.proposals import Told, place_of_code
from mendbook.dialects import Column
from mendbook.mapping.tables import ProfileTable, Tables


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to be made: its key (None where it is drawn), its values, what draws the others, and what is to be told."""

    key: str | None
    row: Values
    drawn: Mapping[str, str]
    because: tuple[str, ...]
    owns: tuple[str, ...]
    blank: bool


@dataclass(frozen=True, slots=True)
class _Way:
    """How a column gets its value: "value" (the text), "default", "now", "code" (how), "uuid4", or "none" (why)."""

    name: str
    text: str | None = None


def new_rows(
    tables: Tables, profile: ProfileTable, users: Sequence[str], given: Sequence[Values] | None = None
) -> Told[list[NewRow | str]]:
    """A row of ``profile`` for each of ``users`` (keys), with what is ``given`` of each; or why there can be none."""
    mapping, stored = profile.mapping, tables.surroundings.tables[profile.name]
    known = list(given) if given is not None else [{} for _ in users]
    values = yield from mapped_values(tables, profile, {**mapping.flags, **mapping.defaults})
    ways = {
        column.name: _way(profile, column, values)
        for column in profile.relation.columns.values()
        if column.name != mapping.user
    }
    drawing = {name: way for name, way in ways.items() if way.name == "code"}
    drawn: dict[str, Drawn] = {}
    for name, way in drawing.items():
        count = sum(name not in each for each in known)
        drawn[name] = yield from draw(tables, profile, name, str(way.text), count)
    taken = dict.fromkeys(drawing, 0)
    made: list[NewRow | str] = []
    for user, own in zip(users, known, strict=True):
        codes = {name: (codes, taken[name]) for name, codes in drawn.items() if name not in own}
        taken = {name: number + (name in codes) for name, number in taken.items()}
        made.append(_row(profile, stored.key, user, own, ways, codes))
    return made


def _way(profile: ProfileTable, column: Column, values: Mapping[str, tuple[str, str]]) -> _Way:
    """How ``column`` gets its value where nothing is known of the user."""
    mapping, name = profile.mapping, column.name
    if column.generated:
        return _Way("default")  # nobody writes it, and nobody here knows what it will be
    if name in mapping.codes:
        return _Way("code", mapping.codes[name])
    if name in values and name not in mapping.codes:
        text, why = values[name]
        if not why and _alone_unique(profile, name):
            why = f"column {name} is unique, and defaults would give every row the same value: tell in codes how it is drawn"
        return _Way("none", why) if why else _Way("value", text)
    refers = any(name in key.columns for key in profile.relation.foreign_keys)
    if name == mapping.key and not column.default and not refers:
        return _key(column)
    if name == mapping.created and column.family == "time":
        return _Way("now")
    if column.default:
        return _Way("default")
    if column.nullable:
        return _Way("value", None)
    if column.plain and not refers and not _alone_unique(profile, name):
        return _Way("value", "")
    return _Way("none", f"column {name} of {profile.name} must not be NULL and has no default: name its value in defaults")


def _key(column: Column) -> _Way:
    if column.family == "uuid":
        return _Way("uuid4")
    if column.family == "integer":
        return _Way("code", "sequence")
    return _Way("none", f"nothing draws the key {column.name} ({column.type}): name it in codes")


def _alone_unique(profile: ProfileTable, name: str) -> bool:
    """No two rows can have the same value in the column."""
    return any(index.columns == (name,) and index.predicate is None for index in profile.relation.unique_indexes)


def _row(
    profile: ProfileTable,
    key: Sequence[str],
    user: str,
    known: Values,
    ways: Mapping[str, _Way],
    codes: Mapping[str, tuple[Drawn, int]],
) -> NewRow | str:
    mapping = profile.mapping
    row: Values = {mapping.user: user}
    drawn: dict[str, str] = {}
    because, owns = [], []
    for name, way in ways.items():
        if name in known:
            row[name] = known[name]
        elif way.name == "value":
            row[name] = way.text
        elif way.name in ("default", "now"):
            drawn[name] = way.name
        elif way.name == "uuid4":
            row[name] = str(uuid4())
        elif way.name == "code":
            source, number = codes[name]
            if source.why:
                return source.why
            code = source.codes[number]
            because.append(told(name, code, source))
            if code is None:
                drawn[name] = "default"
            else:
                row[name] = code
                owns.append(place_of_code(mapping.name, name, code))
        else:
            return str(way.text)
    unknown = any(name in drawn for name in key)
    named = None if unknown else str(row[key[0]])
    # what a column's own default is, nobody here knows: mostly it is blank too
    filled = [name for name in mapping.filled if profile.has(name)]
    empty = bool(filled) and all(name in drawn or blank(row.get(name)) for name in filled)
    return NewRow(named, row, drawn, tuple(because), tuple(owns), empty)
