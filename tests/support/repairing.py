"""Batches made on a real database from cases written by hand: what repair.py does is tried without plans and signatures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mendbook.config import Settings, Source, load
from mendbook.database import Database
from mendbook.ledger import schema as ledger_schema
from mendbook.mapping.binding import bind, table_names
from mendbook.mapping.tables import Tables
from mendbook.model import Case
from mendbook.plans.files import Header, PlanFile, case_line, publish
from mendbook.repairs.batch_work import Ground, Wanted
from mendbook.repairs.recheck import Recheck
from mendbook.repairs.repair import Made, make_batch


class Bench:
    """A source, its database, and plans made of the cases that a test writes."""

    def __init__(self, config: Path, folder: Path) -> None:
        self.settings: Settings = load(config)
        self.source: Source = next(iter(self.settings.sources.values()))
        self.database = Database(self.source, self.settings)
        self.folder = folder

    @contextmanager
    def tables(self) -> Iterator[tuple[Any, Tables]]:
        with self.database.snapshot() as snapshot:
            surrounded = self.database.with_surroundings(snapshot)
            yield surrounded.connection, surrounded.tables

    def plan(self, cases: Sequence[Case], act: str = "apply", days: float = 7, **changed: Any) -> PlanFile:
        """A plan of ``cases`` as of now, without anybody's signature."""
        with self.tables() as (connection, tables):
            dialect = self.database.dialect
            moment = dialect.moment(connection)
            around = tables.surroundings
            names = {change.table for case in cases for change in case.changes}
            digests = dialect.schema_digests(connection, {name: around.relation(name).identity for name in names})
            values: dict[str, Any] = {
                "tool": "test",
                "act": act,
                "source": self.source.name,
                "identity": dialect.identity(connection),
                "schema": digests,
                "snapshot": moment.snapshot,
                "made_at": moment.now.astimezone(UTC).isoformat(),
                "expires": (moment.now + timedelta(days=days)).astimezone(UTC).isoformat(),
                "author": "ana",
                "policy": {},
            }
        spooled = self.folder / "spool"
        self.folder.mkdir(parents=True, exist_ok=True)
        spooled.write_bytes(b"".join(case_line(case) for case in cases))
        return publish(self.folder / "plans", "test", Header(**{**values, **changed}), spooled)

    def make(
        self,
        cases: Sequence[Case],
        plan: PlanFile | None = None,
        number: int = 1,
        look_first: bool = True,
        before_batch: Any = None,
        tally: bool = False,
        **changed: Any,
    ) -> Made:
        """One batch of ``cases``, committed; ``before_batch`` is called between planning and the batch."""
        made_of = plan or self.plan(cases, **changed)
        if before_batch:
            before_batch()
        with self.database.writing() as connection:
            with connection.begin():
                ledger_schema.ensure(connection)
            with connection.begin():
                self.database.dialect.begin_repair(connection, 2, 30, 30)
                dialect = self.database.dialect
                catalogue = dialect.catalogue(connection, table_names(self.source))
                tables = bind(self.source, catalogue, dialect.text(dialect.server(connection)))
                surrounded = self.database.surrounded(connection, tables)
                recheck = Recheck(surrounded, made_of.header.snapshot, dialect)
                ground = Ground(made_of, surrounded, dialect, self._verify, recheck, tally)
                return make_batch(connection, Wanted(ground, cases), number, {}, look_first)

    def _verify(self, at: datetime) -> Sequence[str]:
        assert at.tzinfo is not None
        return ["a" * 64]
