"""Migrations by SQL, in the words of the database that they run on: PostgreSQL, or SQLite as Django's projects begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import migrations

Statements = str | Sequence[str]


def sql(
    postgresql: Statements, sqlite: Statements, undo: Statements = (), undo_on_sqlite: Statements | None = None
) -> migrations.RunPython:
    """An operation that runs the statements of the database at hand; ``undo`` alone is what both understand."""
    return migrations.RunPython(
        _running(postgresql, sqlite), _running(undo, undo if undo_on_sqlite is None else undo_on_sqlite)
    )


def _running(postgresql: Statements, sqlite: Statements) -> Callable[[Any, Any], None]:
    def run(_: Any, schema_editor: Any) -> None:
        statements = sqlite if schema_editor.connection.vendor == "sqlite" else postgresql
        for statement in [statements] if isinstance(statements, str) else statements:
            schema_editor.execute(statement, params=None)

    return run
