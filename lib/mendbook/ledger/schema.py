"""Whether the ledger's tables are there in the repaired database, and their making: what the owner may also do by hand.

Creates tables of its own and touches no other; dialects say where they stand, and what SQL makes them. Rows go into them by
ledger.py alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.dialects import of
from mendbook.dialects.ledger_words import SHAPE
from mendbook.errors import Refused


def missing(connection: Connection) -> list[str]:
    """The ledger's tables that are not there; Refused where something else stands under one of their names."""
    words = of(connection).ledger()
    found = words.found(connection)
    for name, columns in found.items():
        if columns != SHAPE[name]:
            raise Refused(
                f"{words.called(name)} stands in the database, but it is not the ledger that this version of mendbook writes.",
                "Another version made it, or another program. Nothing was changed; have its owner look at it.",
            )
    return [name for name in SHAPE if name not in found]


def ensure(connection: Connection) -> bool:
    """Create what is missing, inside the caller's transaction; whether anything was.

    Where the database ends a transaction that creates tables (``made_within`` of its ledger says so), the caller has begun
    one for this alone. Raises Refused where this role may not; its hint tells how the owner gets the SQL.
    """
    if not missing(connection):
        return False
    words = of(connection).ledger()
    words.hold(connection)
    with rights(connection, f"create the ledger's {words.place} in the database", words.granting("create")):
        words.create(connection)
    missing(connection)
    return True


@contextmanager
def rights(connection: Connection, what: str, hint: str) -> Iterator[None]:
    """Raises Refused with the ``hint`` where the database says that this role may not do ``what``."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if of(connection).fault(error) != "rights":
            raise
        raise Refused(f"This role may not {what}: {str(error.orig).strip()}.", hint) from None
