"""Finds Django's generic relations in SQLite: which tables name a row by a content type and a key, and what each type is.

The schema tells of the columns, django_content_type of the types. It reads no other row.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.dialects import Generic
from mendbook.dialects.generic_pairs import pairs
from mendbook.dialects.sqlite_relations import called, listed, lower, relation
from mendbook.dialects.sqlite_values import affinity

_TYPES = "django_content_type"
_HOLDS = re.compile(r"(^|_)content_?type(_id)?$", re.IGNORECASE)
_COLUMNS = (
    'SELECT m.rowid AS identity, m.name AS name, c.name AS "column", c.type AS type, k."table" AS target'
    " FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c"
    ' LEFT JOIN pragma_foreign_key_list(m.name) AS k ON k."from" = c.name COLLATE NOCASE'
    " WHERE m.type = 'table' AND m.sql NOT LIKE 'create virtual%' ORDER BY m.rowid, c.cid"
)


def generic(connection: Connection) -> Generic | None:
    """The generic relations of a Django; None where there are no content types."""
    every = listed(connection)
    types = every.get(_TYPES)
    if types is None or not {"id", "app_label", "model"} <= relation(connection, types, every).columns.keys():
        return None
    columns: dict[tuple[int, str], dict[str, bool]] = {}
    for row in connection.exec_driver_sql(_COLUMNS):
        if lower(row.name) in every and lower(row.name) != _TYPES:
            refers = lower(row.target or "") == _TYPES
            named = _HOLDS.search(row.column) is not None and affinity(row.type) == "INTEGER"
            kinds = columns.setdefault((row.identity, lower(row.name)), {})
            kinds[row.column] = kinds.get(row.column, False) or refers or named
    found = pairs(
        [
            (identity, kind, [other for other in kinds if other != kind])
            for (identity, _), kinds in columns.items()
            for kind, holds in kinds.items()
            if holds
        ]
    )
    having = {pair.identity for pair in found}
    tables = [every[name] for identity, name in columns if identity in having]
    table = sa.table(_TYPES, sa.column("id"), sa.column("app_label"), sa.column("model"))
    text = sa.select(*(sa.cast(column, sa.Text) for column in (table.c.id, table.c.app_label, table.c.model)))
    kinds_of = {str(row[0]): f"{row[1]}_{row[2]}" for row in connection.execute(text)}
    return Generic(kinds_of, {called(each.name): relation(connection, each, every) for each in tables}, found)
