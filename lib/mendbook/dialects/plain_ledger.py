"""The ledger of databases without schemas: tables whose names begin with mendbook_, times and JSON kept as plain text.

What such databases share; a dialect adds its tables' SQL, its lock and its words. Digests are made here, by ledger_chain,
and not in the database. Times are the texts that hashes are of, which sort as the times do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.exc import IntegrityError

from mendbook.dialects.described import Tail
from mendbook.dialects.ledger_words import tables
from mendbook.digests import chain as ledger_chain
from mendbook.digests.chain import NOTHING
from mendbook.model import Change

PREFIX = "mendbook_"
#: The tables that are mendbook's own (SQLite needs no lock); any other whose name begins so is somebody else's.
OWN_TABLES = frozenset(PREFIX + table for table in ("ledger", "change", "exceptions", "lock"))
#: How times are written down; as wide for each of them, so that text sorts as time does.
MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"


class PlainLedger(ABC):
    """``LedgerWords`` but for what each database says in its own way."""

    made_within = True
    place = "tables mendbook_*"

    def __init__(self) -> None:
        self.tables = tables(prefix=PREFIX)

    def called(self, table: str) -> str:
        return PREFIX + table

    @abstractmethod
    def sql(self) -> str: ...

    @abstractmethod
    def granting(self, doing: str) -> str: ...

    @abstractmethod
    def found(self, connection: Connection) -> dict[str, tuple[str, ...] | None]: ...

    @abstractmethod
    def create(self, connection: Connection) -> None: ...

    @abstractmethod
    def hold(self, connection: Connection) -> None: ...

    @abstractmethod
    def twice(self, error: IntegrityError) -> bool: ...

    @abstractmethod
    def by_hand(self, variable: str, plan: str) -> str: ...

    @abstractmethod
    def who_and_when(self, connection: Connection) -> tuple[str, datetime]:
        """Who is connected, and the time (aware) by the database's clock."""

    def moment(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        return column

    def text(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        return column

    def tail(self, connection: Connection) -> Tail:
        ledger = self.tables["ledger"].c
        last = connection.execute(sa.select(ledger.position, ledger.hash).order_by(ledger.position.desc()).limit(1)).first()
        role, now = self.who_and_when(connection)
        return Tail(last.position if last else 0, last.hash if last else NOTHING, role, text_of(now))

    def add(self, connection: Connection, row: Mapping[str, Any]) -> None:
        connection.execute(sa.insert(self.tables["ledger"]), dict(row))

    def add_changes(
        self, connection: Connection, plan: str, batch: int, changes: Sequence[Change], salts: Sequence[str]
    ) -> str:
        rows: list[dict[str, Any]] = []
        digests = ledger_chain.digests_of(plan, batch, changes, salts)
        for seq, (change, salt, (images, digest)) in enumerate(zip(changes, salts, digests, strict=True), 1):
            named = {"case_key": change.case_key, "table": change.table, "op": change.op, "key": change.key}
            told = {"before": change.before, "after": change.after, "salt": salt, "images": images}
            rows.append({"plan": plan, "batch": batch, "seq": seq, **named, **told, "digest": digest})
        connection.execute(sa.insert(self.tables["change"]), rows)
        return ledger_chain.changes_digest(row["digest"] for row in rows)

    def through(self, connection: Connection, before: datetime) -> int:
        ledger = self.tables["ledger"].c
        later = connection.execute(sa.select(sa.func.min(ledger.position)).where(ledger["at"] >= text_of(before))).scalar()
        if later is not None:
            return int(later) - 1
        return int(connection.execute(sa.select(sa.func.max(ledger.position))).scalar() or 0)

    def purge(self, connection: Connection, through: int) -> int:
        ledger, change = self.tables["ledger"], self.tables["change"]
        early = sa.exists().where(
            ledger.c.plan == change.c.plan, ledger.c.batch == change.c.batch, ledger.c.position <= through
        )
        emptied = sa.update(change).where(change.c.salt.is_not(None), early)
        return connection.execute(emptied.values(before=None, after=None, salt=None)).rowcount

    def tell_apart(self, connection: Connection, pair: Mapping[str, str]) -> bool:
        """Under the ledger's lock, so that nobody adds the same pair in between."""
        self.hold(connection)
        kept = self.tables["exceptions"]
        named = [kept.c[name] == pair[name] for name in ("table", "first_key", "second_key")]
        if connection.execute(sa.select(kept.c.name).where(*named)).first():
            return False
        _, now = self.who_and_when(connection)
        connection.execute(sa.insert(kept), {**pair, "at": text_of(now)})
        return True


def text_of(moment: datetime) -> str:
    """A time (aware) as it is written down."""
    return moment.astimezone(UTC).strftime(MOMENT)
