"""The texts that statements over rows are given, as lists, whatever the database: keys taken apart, images, ways to name a row.

Pure: texts in, texts out. How a statement hands them to its server is the dialects' own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mendbook.dialects.described import Relation, Stored
from mendbook.digests import canonical


def key_parts(stored: Stored, keys: Sequence[str]) -> list[list[Any]]:
    """The texts of each key, column by column; of a place, where the table has no key, that alone."""
    if len(stored.key) < 2:
        return [[key] for key in keys]
    return [list(canonical.read(f"{key}\n".encode())) for key in keys]


def written_texts(relation: Relation, images: Iterable[Mapping[str, Any]]) -> list[list[str | None]]:
    """What each image has for the columns that are written: all but those that the table computes."""
    names = [name for name, column in relation.columns.items() if not column.generated]
    return [[image.get(name) for name in names] for image in images]


def ways_beside(ways: Sequence[Sequence[str]], values: Sequence[Any]) -> tuple[list[int], list[list[str | None]]]:
    """``values[way][n]`` as one row for each n, way after way, and where in a row the values of each way begin."""
    starts = [sum(map(len, ways[:way])) for way in range(len(ways))]
    return starts, [[text for value in beside for text in value] for beside in zip(*values, strict=True)]
