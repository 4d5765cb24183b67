"""Finds Django's generic relations in SQLite: which tables name a row by a content type and a key, and what each type is.

The schema tells of the columns, django_content_type of the types. It reads no other row.
"""

from __future__ import annotations

from sqlalchemy import Connection

from mendbook.dialects import Generic
from mendbook.dialects.generic_pairs import READ, TABLE, holders, kinds, named_so, pairs
from mendbook.dialects.sqlite.relations import called, listed, lower, relation
from mendbook.dialects.sqlite.values import affinity

_COLUMNS = (
    'SELECT m.rowid AS identity, m.name AS name, c.name AS "column", c.type AS type, k."table" AS target'
    " FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c"
    ' LEFT JOIN pragma_foreign_key_list(m.name) AS k ON k."from" = c.name COLLATE NOCASE'
    " WHERE m.type = 'table' AND m.sql NOT LIKE 'create virtual%' ORDER BY m.rowid, c.cid"
)


def generic(connection: Connection) -> Generic | None:
    """The generic relations of a Django; None where there are no content types."""
    every = listed(connection)
    types = every.get(TABLE)
    if types is None or not {*READ} <= relation(connection, types, every).columns.keys():
        return None
    columns: dict[int, dict[str, bool]] = {}
    named: dict[int, str] = {}
    for row in connection.exec_driver_sql(_COLUMNS):
        if lower(row.name) in every and lower(row.name) != TABLE:
            holds = lower(row.target or "") == TABLE or (named_so(row.column) and affinity(row.type) == "INTEGER")
            own = columns.setdefault(row.identity, {})
            own[row.column] = own.get(row.column, False) or holds
            named[row.identity] = lower(row.name)
    found = pairs(holders(columns))
    having = {pair.identity for pair in found}
    tables = [every[name] for identity, name in named.items() if identity in having]
    relations = {called(each.name): relation(connection, each, every) for each in tables}
    return Generic(kinds(connection, None), relations, found)
