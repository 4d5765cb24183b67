"""Django's generic relations by their names: which columns hold a content type, which sibling holds the key of the row that is
meant, and what each content type is.

Dialects find the columns. Of rows it reads those of django_content_type alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.dialects.described import Pair

#: The table of content types, what of it is read, and what a column that names one is called where no foreign key tells.
TABLE, READ = "django_content_type", ("id", "app_label", "model")
_HOLDS = re.compile(r"(^|_)content_?type(_id)?$", re.IGNORECASE)
#: What a content type's column is called, beside what it shares with its sibling.
_KIND = re.compile(r"(content_?type|ctype|ct|type|kind)?(_id)?$")


def named_so(column: str) -> bool:
    """Whether a column of whole numbers may hold a content type, by its name."""
    return _HOLDS.search(column) is not None


def holders(tables: Mapping[int, Mapping[str, bool]]) -> list[tuple[int, str, list[str]]]:
    """What ``pairs`` takes, of every table's columns (by its identity) and whether each may hold a content type."""
    return [
        (identity, kind, [other for other in columns if other != kind])
        for identity, columns in tables.items()
        for kind, holds in columns.items()
        if holds
    ]


def pairs(holders: Sequence[tuple[int, str, Sequence[str]]]) -> tuple[Pair, ...]:
    """The pairs of (a table's identity, a column that may hold a content type, the table's other columns)."""
    holding: dict[int, list[str]] = {}
    for identity, kind, _ in holders:
        holding.setdefault(identity, []).append(kind)
    found = []
    for identity, kind, others in holders:
        prefix = _KIND.sub("", kind)
        wanted = [f"{prefix}object_id", f"{prefix}object_pk"]
        if len(holding[identity]) == 1:
            wanted += ["object_id", "object_pk"]
        if prefix and not set(wanted) & set(others):
            wanted = [f"{prefix}id"]
        found += [Pair(identity, kind, key) for key in dict.fromkeys(wanted) if key in others]
    return tuple(found)


def kinds(connection: Connection, schema: str | None) -> dict[str, str]:
    """The name that Django gives by itself to the table behind each content type (by its key, as text)."""
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in READ]
    rows = sa.select(*(sa.cast(column, sa.Text) for column in columns)).select_from(sa.table(TABLE, *columns, schema=schema))
    return {str(row[0]): f"{row[1]}_{row[2]}" for row in connection.execute(rows)}
