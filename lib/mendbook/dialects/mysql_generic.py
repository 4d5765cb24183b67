"""Finds Django's generic relations in MySQL and MariaDB: which tables name a row by a content type and a key.

The catalogue tells of the columns, django_content_type of the types. It reads no other row.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.dialects.described import Generic
from mendbook.dialects.generic_pairs import pairs
from mendbook.dialects.mysql_relations import called, identity_of, read
from mendbook.dialects.mysql_types import BITS, base

_TYPES = "django_content_type"
_HOLDS = re.compile(r"(^|_)content_?type(_id)?$", re.IGNORECASE)
#: Only the tables that have such a column at all; others are not opened one by one.
_COLUMNS = sa.text("""
    SELECT c.TABLE_NAME AS `table`, c.COLUMN_NAME AS name, c.COLUMN_TYPE AS type, k.REFERENCED_TABLE_NAME AS target
    FROM information_schema.COLUMNS c
    JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
    LEFT JOIN information_schema.KEY_COLUMN_USAGE k ON k.TABLE_SCHEMA = :schema AND k.TABLE_NAME = c.TABLE_NAME
        AND k.COLUMN_NAME = c.COLUMN_NAME AND k.REFERENCED_TABLE_SCHEMA = :schema
        AND k.REFERENCED_TABLE_NAME = 'django_content_type'
    WHERE c.TABLE_SCHEMA = :schema AND t.TABLE_TYPE = 'BASE TABLE' ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION
""")


def generic(connection: Connection, schema: str) -> Generic | None:
    """The generic relations of the Django that lives in ``schema``; None where it has no content types."""
    types = read(connection, [(schema, _TYPES)], {}).get((schema, _TYPES))
    if types is None or not {"id", "app_label", "model"} <= types.columns.keys():
        return None
    columns: dict[str, dict[str, bool]] = {}
    for row in connection.execute(_COLUMNS, {"schema": schema}):
        if row.table != _TYPES:
            named = _HOLDS.search(row.name) is not None and base(row.type) in BITS
            columns.setdefault(row.table, {})[row.name] = row.target is not None or named
    found = pairs(
        [
            (identity_of(schema, table), kind, [other for other in kinds if other != kind])
            for table, kinds in columns.items()
            for kind, holds in kinds.items()
            if holds
        ]
    )
    relations = called(connection, sorted({pair.identity for pair in found}))
    if not all(types.columns[name].readable for name in ("id", "app_label", "model")):
        return Generic({}, relations, found, readable=False)
    table = sa.table(_TYPES, sa.column("id"), sa.column("app_label"), sa.column("model"), schema=schema)
    text = sa.select(*(sa.cast(column, sa.Text) for column in (table.c.id, table.c.app_label, table.c.model)))
    return Generic({str(row[0]): f"{row[1]}_{row[2]}" for row in connection.execute(text)}, relations, found)
