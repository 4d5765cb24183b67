"""Applies cases as repair.py records them, with nothing of plan, review or checks: what undo reads is then in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from mendbook.damage.changes import values
from mendbook.database import Database
from mendbook.dialects.postgresql.dialect import PIN, PINS
from mendbook.ledger import checkpoints, ledger
from mendbook.ledger.ledger import Entry
from mendbook.mapping.tables import Tables
from mendbook.model import Case, Change
from mendbook.plans import files as plan_files
from mendbook.plans.conflicts import Claims
from mendbook.plans.files import PlanFile, case_line
from mendbook.plans.making import Contents, header, plans_folder, publish_signed
from mendbook.plans.plan import Made
from mendbook.undoing import undo

from support.proposing import in_phases
from support.shop import Shop


def unsigned(_: PlanFile, __: datetime) -> None:
    """In the place of an author's signature."""


@dataclass(frozen=True)
class Undoing:
    """A shop whose plans are applied by ``apply`` and taken back by ``undo``."""

    shop: Shop

    @property
    def database(self) -> Database:
        book = self.shop.book()
        return Database(book.source, book.settings)

    @contextmanager
    def tables(self) -> Iterator[Tables]:
        database = self.database
        with database.snapshot() as bare:
            yield database.with_surroundings(bare).tables

    def image(self, table: str, key: str) -> str:
        """The row as it is now."""
        database = self.database
        with database.snapshot() as bare:
            snapshot = database.with_surroundings(bare)
            stored = snapshot.tables.surroundings.tables[table]
            return str(snapshot.connection.execute(snapshot.tables.statements.by_keys(stored, [key])).one().image)

    def delete(self, table: str, key: str, phase: int = 0) -> Change:
        return Change("", table, "delete", key, self.image(table, key), None, phase)

    def update(self, table: str, key: str, phase: int = 0, **new: str | None) -> Change:
        from mendbook.damage.changes import updated

        return updated("", table, key, self.image(table, key), new, phase)

    def case(self, name: str, *changes: Change, **other: Any) -> Case:
        """A case called "kind/profile/key", or "kind/key" for users."""
        kind, *profile, case_key = name.split("/")
        own = tuple(replace(change, case_key=case_key) for change in changes)
        return Case(kind, profile[0] if profile else None, case_key, "merge", "medium", own, **other)

    def plan(self, *cases: Case, act: str = "apply", parent: str | None = None) -> PlanFile:
        """A published plan of these cases."""
        database, book, contents = self.database, self.shop.book(), Contents()
        with database.snapshot() as bare:
            moment = bare.dialect.moment(bare.connection)
            snapshot = database.with_surroundings(bare)
            claims = Claims({name: stored.key for name, stored in snapshot.tables.surroundings.tables.items()})
            for number, case in enumerate(cases):
                assert claims.conflict(case) is None
                claims.take(case, number)
                contents.add(case)
            first = header(snapshot, book.settings, "shop", "ana", contents, {}, moment, act, parent)
        spooled = self.shop.home / "spooled"
        spooled.write_bytes(b"".join(map(case_line, cases)))
        return publish_signed(self.shop.outputs, first, spooled, unsigned)

    def apply(self, plan: PlanFile, only: Sequence[str] | None = None, batch_cases: int = 500) -> None:
        """Carry out the plan's cases (``only`` some), ``batch_cases`` in a batch, each recorded as repair.py does."""
        database = self.database
        cases = [case for case in plan.cases() if only is None or case.name in only]
        with self.tables() as tables:
            pass
        for start in range(0, len(cases), batch_cases):
            with database.writing() as connection, connection.begin():
                connection.execute(PIN, {"names": list(PINS), "values": list(PINS.values())})
                ledger.ensure(connection)
                listed, made = [], []
                done = {
                    (case.name, place): _make(connection, tables, change)
                    for case, place, change in _in_order(cases[start : start + batch_cases])
                }
                for case in cases[start : start + batch_cases]:
                    first = len(made) + 1
                    places = sorted(enumerate(case.changes), key=lambda each: each[1].phase)
                    made += [done[case.name, place] for place, _ in places]
                    listed.append([case.name, case.kind, case.profile, case.case_key, first, len(made)])
                connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
                details = {"plan": plan.digest, "statements": [], "cases": listed, "stale": []}
                if plan.header.parent:
                    details["parent"] = plan.header.parent
                number = start // batch_cases + 1
                checkpoint = ledger.append(connection, Entry(plan.id, number, plan.header.act, details), made)
            checkpoints.add(checkpoints.file_of(self.shop.outputs, "shop"), checkpoint)

    def undo(self, plan: PlanFile | str, *cases: str) -> Made:
        name = plan if isinstance(plan, str) else plan.id
        settings = self.shop.book().settings
        return undo.make(self.database, settings, self.shop.outputs, name, "ana", unsigned, cases)

    def state(self, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the tables, as text."""
        return {table: self.shop.execute(f"SELECT t::text FROM {table} t ORDER BY 1") for table in tables}

    def forget(self, plan: PlanFile) -> None:
        """As if the plan's folder had been lost."""
        (plans_folder(self.shop.outputs) / plan.id).rename(Path(self.shop.home) / plan.id)


def only_case(made: Made) -> Case:
    (case,) = made.plan.cases()
    assert made.plan.header.left == ()
    return case


def reasons(made: Made) -> list[str]:
    """Why cases were left; none was made."""
    assert list(made.plan.cases()) == []
    return [each["why"] for each in made.plan.header.left]


def _in_order(cases: Sequence[Case]) -> Iterator[tuple[Case, int, Change]]:
    """Phase by phase over all cases, as a batch does."""
    every = [(case, place, change) for case in cases for place, change in enumerate(case.changes)]
    order = {id(change): number for number, change in enumerate(in_phases([change for _, _, change in every]))}
    return iter(sorted(every, key=lambda each: order[id(each[2])]))


def _make(connection: sa.Connection, tables: Tables, change: Change) -> Change:
    """Make the change, and return it as it is recorded; fails where the rows are not as it says."""
    stored, statements = tables.surroundings.tables[change.table], tables.statements
    if change.op == "insert":
        told = connection.execute(statements.insert(stored, [str(change.after)], change.drawn)).one()
        return replace(change, key=told.key, after=told.image, drawn={})
    place = change.key
    if place is None:
        place = connection.execute(statements.by_images(stored, [str(change.before)])).first().place  # type: ignore[union-attr]
    else:
        assert connection.execute(statements.by_keys(stored, [place])).one().image == change.before
    if change.op == "delete":
        assert connection.execute(statements.delete(stored, [place])).one().key == place
        return change
    before, after = values(str(change.before)), values(str(change.after))
    generated = {name for name, column in stored.relation.columns.items() if column.generated}
    columns = [name for name in after if after[name] != before[name] and name not in generated]
    told = connection.execute(statements.update(stored, columns, [place], [str(change.after)], change.drawn)).one()
    return replace(change, after=told.image or change.after, drawn={})


def written(plan: PlanFile) -> bytes:
    return (plan.folder / plan_files.PLAN_FILE).read_bytes()
