"""Finds Django's generic relations in MySQL and MariaDB: which tables name a row by a content type and a key.

The catalogue tells of the columns, django_content_type of the types. It reads no other row.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.dialects.described import Generic
from mendbook.dialects.generic_pairs import READ, TABLE, holders, kinds, named_so, pairs
from mendbook.dialects.mysql.relations import called, identity_of, read
from mendbook.dialects.mysql.types import BITS, base

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
    types = read(connection, [(schema, TABLE)], {}).get((schema, TABLE))
    if types is None or not {*READ} <= types.columns.keys():
        return None
    columns: dict[int, dict[str, bool]] = {}
    for row in connection.execute(_COLUMNS, {"schema": schema}):
        if row.table != TABLE:
            named = named_so(row.name) and base(row.type) in BITS
            columns.setdefault(identity_of(schema, row.table), {})[row.name] = row.target is not None or named
    found = pairs(holders(columns))
    relations = called(connection, sorted({pair.identity for pair in found}))
    if not all(types.columns[name].readable for name in READ):
        return Generic({}, relations, found, readable=False)
    return Generic(kinds(connection, schema), relations, found)
