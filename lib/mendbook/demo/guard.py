"""How the demo closes the race in one system: it runs what ``mendbook guard`` prints, as the database's owner would.

The demo alone does that, on databases of its own: everywhere else a person reads the statements and runs them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mendbook.demo.places import Place
from mendbook.workbook import Workbook

Say = Callable[[str], None]


def build(place: Place, book: Workbook, say: Say) -> dict[str, Any]:
    """Build what the schema of the book's source lacks, and would take: {missing, built, statements, left}."""
    name = book.source.name
    guards = book.guard().guards
    built = [guard for guard in guards if guard.would_build]
    statements = [statement for guard in built for statement in guard.built.statements]
    for statement in statements:
        place.execute(statement, name)
    left = [guard.weakness for guard in book.guard().guards] if guards else []
    done = f"{len(built)} built as mendbook guard says ({len(statements)} statements)"
    say(f"{name}: {len(guards)} constraints were still missing; {done}, {len(left)} left.")
    return {
        "missing": len(guards),
        "built": len(built),
        "statements": statements,
        "left": [f"{weakness.table}.{weakness.column}" for weakness in left],
    }
