"""Which rights a role lacks in PostgreSQL, column by column, and the GRANT that gives each.

Asks the catalogue alone, in one question however many rights are wanted. It grants nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.dialects.health import Lack, Right

#: One row for each wanted right on something that exists: the whole (column NULL), or one column of a table.
_LACKING = sa.text("""
    SELECT asked.number, asked."column", has_schema_privilege(n.oid, 'USAGE') AS inside,
           CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, asked.privilege)
                WHEN a.attnum IS NOT NULL THEN has_column_privilege(c.oid, a.attnum, asked.privilege)
                ELSE has_table_privilege(c.oid, asked.privilege) END AS allowed
    FROM unnest(cast(:numbers AS int[]), cast(:privileges AS text[]), cast(:schemas AS text[]), cast(:tables AS text[]),
                cast(:columns AS text[])) AS asked(number, privilege, schema, "table", "column")
    JOIN pg_namespace n ON n.nspname = asked.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked."table" AND c.relkind IN ('r', 'p', 'S')
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = asked."column" AND a.attnum > 0 AND NOT a.attisdropped
    WHERE asked."column" IS NULL OR a.attnum IS NOT NULL
    UNION ALL
    SELECT asked.number, NULL, true, has_database_privilege(d.oid, asked.privilege)
    FROM unnest(cast(:numbers AS int[]), cast(:privileges AS text[]), cast(:schemas AS text[]), cast(:tables AS text[]))
         AS asked(number, privilege, schema, "table") JOIN pg_database d ON d.datname = asked."table"
    WHERE asked.privilege = 'CREATE' AND asked.schema = ''
    ORDER BY 1
""")


def lacking(connection: Connection, rights: Sequence[Right]) -> list[Lack]:
    """Those of ``rights`` that the current role does not have; schemas that are closed to it come first."""
    wanted = [(number, right, column) for number, right in enumerate(rights) for column in right.columns or (None,)]
    asked = {
        "numbers": [number for number, _, _ in wanted],
        "privileges": [right.privilege for _, right, _ in wanted],
        "schemas": [right.schema for _, right, _ in wanted],
        "tables": [right.table for _, right, _ in wanted],
        "columns": [column for _, _, column in wanted],
    }
    rows = connection.execute(_LACKING, asked).all()
    role = plain(str(connection.execute(sa.select(sa.literal_column("current_user"))).scalar_one()))
    closed = dict.fromkeys(rights[row.number].schema for row in rows if not row.inside)
    lacks = [Lack(f"USAGE of schema {schema}", f"GRANT USAGE ON SCHEMA {plain(schema)} TO {role};") for schema in closed]
    denied: dict[int, list[str | None]] = {}
    for row in rows:
        if not row.allowed:
            denied.setdefault(row.number, []).append(row.column)
    for number, columns in denied.items():
        lacks.append(_lack(rights[number], [column for column in columns if column is not None], role))
    return list(dict.fromkeys(lacks))


def _lack(right: Right, columns: Sequence[str], role: str) -> Lack:
    """A whole table is granted where no column of it is open yet; only reading is: writing stays as narrow as it is asked."""
    table = f"{plain(right.schema)}.{plain(right.table)}"
    if not columns:
        if right.privilege == "CREATE":
            words = "CREATE in the database, which the ledger's tables are made with where nobody has made them"
            return Lack(words, f"GRANT CREATE ON DATABASE {plain(right.table)} TO {role};")
        kind = "SEQUENCE " if right.privilege == "USAGE" else ""
        return Lack(f"{right.privilege} of {right.table}", f"GRANT {right.privilege} ON {kind}{table} TO {role};")
    whole = len(columns) == len(right.columns) and right.privilege != "UPDATE"
    named = right.table if whole else ", ".join(f"{right.table}.{column}" for column in columns)
    given = right.privilege if whole and right.privilege == "SELECT" else f"{right.privilege} ({_listed(columns)})"
    return Lack(f"{right.privilege} of {named}", f"GRANT {given} ON {table} TO {role};")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(plain(name) for name in names)


def plain(name: str) -> str:
    """An identifier in a statement that a person runs."""
    return '"' + name.replace('"', '""') + '"'
