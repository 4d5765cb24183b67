"""A ledger in a test's database: transactions on it, changes to record, and ways to tamper with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mendbook.dialects.postgresql.dialect  # noqa: F401  as whoever opens a Database does: it knows the databases in SQL_ASCII
import sqlalchemy as sa
from mendbook.ledger import ledger
from mendbook.ledger.checkpoints import Checkpoint
from mendbook.ledger.ledger import Entry, LedgerState
from mendbook.model import Change
from sqlalchemy.pool import NullPool

from support.databases import TestDatabase

#: What a row's image may hold: quotes, newlines, control characters, letters outside the BMP, nothing at all.
NASTY = 'O\'Brien "quoted" \\ \n\r\t\x01\x7f\x85\u2028 é ſ \U0001f600 </script> {"a": 1}'


def changes(number: int = 3) -> list[Change]:
    """``number`` changes: an insert, an update and a delete, over and over."""
    made = []
    for n in range(1, number + 1):
        row = {"id": str(n), "email": f"user{n}@example.com", "note": NASTY, "empty": "", "null": None}
        op = ("delete", "insert", "update")[n % 3]
        before = None if op == "insert" else row
        after = None if op == "delete" else {**row, "email": f"other{n}@example.com"}
        made.append(Change(f"case-{n // 2}", "public.auth_user", op, str(n) if n % 5 else None, before, after))
    return made


@dataclass(frozen=True)
class LedgerDatabase:
    """A database, with or without a ledger."""

    database: TestDatabase

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        return self.database.execute(sql)

    @contextmanager
    def transaction(self, url: str | None = None) -> Iterator[sa.Connection]:
        """A connection in a transaction that commits at the end, unless an error ends it."""
        engine = sa.create_engine(
            sa.make_url(url or self.database.url).set(drivername="postgresql+psycopg2"), poolclass=NullPool
        )
        with engine.begin() as connection:
            yield connection

    def ensure(self) -> bool:
        with self.transaction() as connection:
            return ledger.ensure(connection)

    def append(self, plan: str = "plan", batch: int = 1, number: int = 3, **details: Any) -> Checkpoint:
        with self.transaction() as connection:
            return ledger.append(connection, Entry(plan, batch, details=details), changes(number))

    def fill(self, batches: int = 4) -> list[Checkpoint]:
        """A ledger of that many batches; a checkpoint for each."""
        self.ensure()
        return [self.append(batch=batch, statement="5891b5b5", stale=["a", "b"]) for batch in range(1, batches + 1)]

    def verify(self, checkpoints: list[Checkpoint] | None = None) -> LedgerState:
        with self.transaction() as connection:
            return ledger.verify(connection, checkpoints or [])
