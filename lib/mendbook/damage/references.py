"""Asks for the rows that refer to given rows: by foreign keys, soft references and generic relations.

A conversation (see ``model.Asking``): it yields statements and is sent their rows; somebody else holds the connection.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mendbook.damage.changes import Values, values
from mendbook.model import Image
from mendbook.surroundings import Reference
from mendbook.tables import Tables


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
    around, statements = tables.surroundings, tables.statements
    found: dict[str, list[Referring]] = {key: [] for key in rows}
    keys = list(rows)
    for reference in around.to(table):
        wanted = [[rows[key][column] for column in reference.target_columns] for key in keys]
        answer = yield statements.by_values(around.tables[reference.table], reference.columns, wanted)
        for row in sorted(answer, key=lambda row: (row.key or "", row.image)):
            if reference.only is None or values(row.image)[reference.only[0]] == reference.only[1]:
                found[keys[row.n]].append(Referring(reference, row.key, row.image))
    return found
