"""What tests of guard share: a schema as its catalogue tells it, and statements run one by one as an owner would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg2
from mendbook.guards.guard import Guards
from mendbook.guards.making import Guard
from mendbook.workbook import Workbook

#: Everything of a schema that statements of guard touch, by definition.
SCHEMA = """
SELECT 'column', attrelid::regclass::text, attname::text, format_type(atttypid, atttypmod), attnotnull::text
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema') AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT 'index', indrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid::text, ''
FROM pg_index JOIN pg_class c ON c.oid = indrelid JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg_toast%'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), convalidated::text
FROM pg_constraint WHERE conrelid <> 0 AND contype <> 'n' AND connamespace <> 'pg_catalog'::regnamespace
ORDER BY 1, 2, 3, 4, 5
"""


def schema(connection: Any) -> list[tuple[Any, ...]]:
    """The schema, sorted."""
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        return list(cursor.fetchall())


def builds(connection: Any, guard: Guard) -> bool:
    """Whether the statements of a guard do what they are for; what a failed one has left is taken back."""
    with connection.cursor() as cursor:
        try:
            for statement in guard.built.statements:
                cursor.execute(statement)
        except psycopg2.Error:
            for statement in guard.built.rollback:
                cursor.execute(statement)
            return False
    return True


def run_all(connection: Any, statements: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def guards_of(mapping: str, home: Path, **options: Any) -> Guards:
    """The guards of the source that is called ``case``."""
    (home / "mendbook.toml").write_text(mapping, encoding="utf-8")
    reveal = options.pop("reveal", False)
    return Workbook.open("case", home / "mendbook.toml", home / "outputs", reveal=reveal).guard(**options)
