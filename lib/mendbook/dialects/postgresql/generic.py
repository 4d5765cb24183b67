"""Finds Django's generic relations: which tables name a row by a content type and a key, and what each type stands for.

The catalogue tells of the columns, django_content_type of the types. A pair is a column for the type (a foreign key to
that table, or one that is called like it) and a sibling for the key. It reads no other row.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.dialects import Generic
from mendbook.dialects.generic_pairs import kinds, pairs
from mendbook.dialects.postgresql.relations import called

_CONTENT_TYPES = sa.text("""
    SELECT c.oid, has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = 'django_content_type' AND c.relkind IN ('r', 'p') AND n.nspname = :schema
      AND (SELECT count(*) FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attname IN ('id', 'app_label', 'model') AND NOT a.attisdropped) = 3
""")

#: Columns that may hold a content type, each with its table's other columns.
_HOLDERS = sa.text("""
    SELECT c.oid, a.attname::text AS kind,
           ARRAY(SELECT o.attname::text FROM pg_attribute o
                 WHERE o.attrelid = c.oid AND o.attnum > 0 AND NOT o.attisdropped AND o.attnum <> a.attnum) AS others
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.oid <> :types AND a.attnum > 0 AND NOT a.attisdropped
      AND (EXISTS (SELECT FROM pg_constraint k
                   WHERE k.contype = 'f' AND k.conrelid = c.oid AND k.confrelid = :types AND k.conkey = ARRAY[a.attnum])
           OR (n.nspname = :schema AND a.attname ~ '(^|_)content_?type(_id)?$'
               AND a.atttypid IN (SELECT t.atttypid FROM pg_attribute t WHERE t.attrelid = :types AND t.attname = 'id'
                                  UNION SELECT unnest(ARRAY['int2', 'int4', 'int8']::regtype[]))))
    ORDER BY c.oid, a.attnum
""")


def generic(connection: Connection, schema: str) -> Generic | None:
    """The generic relations of the Django that lives in ``schema``; None where it has no content types."""
    there = connection.execute(_CONTENT_TYPES, {"schema": schema}).one_or_none()
    if there is None:
        return None
    holders = connection.execute(_HOLDERS, {"types": there.oid, "schema": schema})
    found = pairs([(row.oid, row.kind, row.others) for row in holders])
    relations = called(connection, sorted({pair.identity for pair in found}))
    if not there.readable:
        return Generic({}, relations, found, readable=False)
    return Generic(kinds(connection, schema), relations, found)
