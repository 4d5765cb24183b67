"""Asks for the rows that refer to given rows: by foreign keys, soft references and generic relations.

A conversation (see ``model.Asking``): it yields statements and is sent their rows; somebody else holds the connection.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mendbook.blanks import blank
from mendbook.damage.changes import Values
from mendbook.dialects import Column
from mendbook.mapping.surroundings import Reference
from mendbook.mapping.tables import Tables
from mendbook.model import Image

_WHOLE = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?([0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|Infinity)|NaN")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BIGINT = (-(2**63), 2**63 - 1)


@dataclass(frozen=True, slots=True)
class Referring:
    """A row that refers to another: by which reference, its own key (None where its table has none) and image."""

    reference: Reference
    key: str | None
    image: Image


def referring(
    tables: Tables, table: str, rows: Mapping[str, Values]
) -> Generator[Any, Sequence[Any], dict[str, list[Referring]]]:
    """For each of ``rows`` of ``table`` (by key) the rows that refer to it, reference by reference, in the order of keys."""
    found: dict[str, list[Referring]] = {key: [] for key in rows}
    keys = list(rows)
    for reference in tables.surroundings.to(table):
        wanted = [named_by(reference, rows[key]) for key in keys]
        for n, key, image in (yield from naming(tables, reference, wanted)):
            found[keys[n]].append(Referring(reference, key, image))
    return found


def naming(
    tables: Tables, reference: Reference, wanted: Sequence[Sequence[str | None]]
) -> Generator[Any, Sequence[Any], list[tuple[int, str | None, Image]]]:
    """The rows (place of the values in ``wanted``, key, image) that hold one of ``wanted`` in the reference's columns."""
    columns, values = ways(tables, reference, wanted)
    asked = [(n, each) for n, each in enumerate(values) if None not in each]
    if not asked:
        return []
    stored = tables.surroundings.tables[reference.table]
    answer = yield tables.statements.by_values(stored, columns, [each for _, each in asked])
    return sorted(((asked[row.n][0], row.key, row.image) for row in answer), key=lambda row: (row[1] or "", row[2], row[0]))


def named_by(reference: Reference, row: Mapping[str, str | None]) -> list[str | None]:
    """The values by which ``row`` is named; a blank names nothing, unless a foreign key says that it does."""
    values = [row[column] for column in reference.target_columns]
    return values if reference.how == "foreign key" else [None if blank(value) else value for value in values]


def ways(
    tables: Tables, reference: Reference, wanted: Sequence[Sequence[str | None]]
) -> tuple[tuple[str, ...], list[list[str | None]]]:
    """The columns by which rows are asked for, and the values there; a value that the column cannot hold is None."""
    columns, values = held_by(tables, reference, wanted)
    only = reference.only
    return (columns, values) if only is None else ((*columns, only[0]), [[*each, only[1]] for each in values])


def held_by(
    tables: Tables, reference: Reference, wanted: Sequence[Sequence[str | None]]
) -> tuple[tuple[str, ...], list[list[str | None]]]:
    """The same without the column that tells which table a generic relation means."""
    kinds = [tables.surroundings.relation(reference.table).columns[name] for name in reference.columns]
    sure = reference.how == "foreign key"
    values = [
        [value if sure or fits(kind, value) else None for kind, value in zip(kinds, each, strict=True)] for each in wanted
    ]
    return reference.columns, values


def fits(column: Column, value: str | None) -> bool:
    """The column can hold the text ``value`` as it is: a cast would neither fail nor cut it."""
    if value is None or column.family in ("boolean", "time", "other"):
        return True
    if column.family == "integer":
        least, most = column.whole or _BIGINT
        return bool(_WHOLE.fullmatch(value)) and least <= int(value) <= most
    if column.family == "number":
        return bool(_NUMBER.fullmatch(value))
    if column.family == "uuid":
        return bool(_UUID.fullmatch(value))
    return column.length is None or len(value) <= column.length


def unreadable(tables: Tables, reference: Reference) -> str:
    """Why the rows behind a reference cannot be seen; empty where they can."""
    relation = tables.surroundings.relation(reference.table)
    if relation.readable and all(column.readable for column in relation.columns.values()):
        return ""
    return f"this role may not read {reference.table}, which refers to {reference.target}: GRANT SELECT on it"
