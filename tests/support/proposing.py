"""Drives the proposals of repairs on a real snapshot, and makes what they propose, with nothing of plan, review or ledger.

A test asks for the cases of a kind and reads their changes; ``make`` carries them out by the statements that repair.py
uses too, and fails where the database's rows then differ from what the case said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from mendbook.config import load
from mendbook.damage import catalogue
from mendbook.damage.changes import image, values
from mendbook.database import Database, Snapshot
from mendbook.dialects.postgresql.dialect import PIN, PINS
from mendbook.mapping.tables import Tables
from mendbook.model import Case, Change, Failure, Found, FoundRow, Left, Repair

from support.databases import TestDatabase

CHUNK = 500


def talk(connection: sa.Connection, asking: Any) -> Any:
    """What a conversation returns; its statements are asked of ``connection``."""
    try:
        statement = next(asking)
        while True:
            statement = asking.send(connection.execute(statement).all())
    except StopIteration as ended:
        return ended.value


def row(change: Change) -> dict[str, str | None]:
    """What a change leaves behind, as values."""
    assert isinstance(change.after, str)
    return values(change.after)


def row_before(change: Change) -> dict[str, str | None]:
    """What a change met, as values."""
    assert isinstance(change.before, str)
    return values(change.before)


@dataclass(frozen=True)
class Source:
    """A database and the mapping of it; every call looks at a snapshot of its own."""

    database: Database
    failures: tuple[Failure, ...] | None = None

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        with self.database.snapshot() as bare:
            whole = self.database.with_surroundings(bare)
            yield replace(whole, tables=replace(whole.tables, failures=self.failures))

    def found(self, kind: str) -> list[Found]:
        """The cases of a kind, in the order in which its finder tells them."""
        with self.snapshot() as snapshot:
            return found_in(snapshot, kind)

    def propose(self, kind: str, repair: str | None = None, chunk: int = CHUNK) -> list[Case | Left]:
        """What ``repair`` (the default one) makes of every case of a kind, ``chunk`` at a time as in a plan."""
        with self.snapshot() as snapshot:
            every = found_in(snapshot, kind)
            chosen = repair_of(kind, repair)
            made: list[Case | Left] = []
            for _, group in groupby(every, key=lambda each: each.profile):
                cases = list(group)
                for start in range(0, len(cases), chunk):
                    asked = cases[start : start + chunk]
                    answers = talk(snapshot.connection, chosen.propose(snapshot.tables, asked))
                    named = [(each.kind, each.profile, each.case_key) for each in answers]
                    assert named == [(each.kind, each.profile, each.case_key) for each in asked], "in the order of the cases"
                    made += answers
            return made

    def case(self, kind: str, repair: str | None = None) -> Case:
        """The one case of a kind; it must not be left."""
        (only,) = self.propose(kind, repair)
        assert isinstance(only, Case), only
        return only

    def left(self, kind: str, repair: str | None = None) -> Left:
        """The one finding of a kind; there must be no case of it."""
        (only,) = self.propose(kind, repair)
        assert isinstance(only, Left), only
        return only

    def asked(self, conversation: Callable[[Tables], Any]) -> Any:
        """What a conversation about the tables returns."""
        with self.snapshot() as snapshot:
            return talk(snapshot.connection, conversation(snapshot.tables))

    def make(self, cases: Sequence[Case | Left]) -> None:
        """Carry out the changes of ``cases``, case by case and phase by phase, and commit; rows must be as the cases say."""
        with self.database.writing() as connection, connection.begin():
            connection.execute(PIN, {"names": list(PINS), "values": list(PINS.values())})
            with self.snapshot() as snapshot:
                tables = snapshot.tables
            for case in cases:
                if isinstance(case, Case):
                    for _, some in groupby(in_phases(case.changes), key=lambda each: (each.phase, each.op, each.table)):
                        _make_some(connection, tables, list(some))
            connection.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))


def without(row: Mapping[str, str | None], columns: Sequence[str]) -> dict[str, str | None]:
    return {name: value for name, value in row.items() if name not in columns}


def in_phases(changes: Sequence[Change]) -> list[Change]:
    """In the order in which they are made: by phase, deletes before updates before inserts, by table."""
    order = {"delete": 0, "update": 1, "insert": 2}
    return sorted(changes, key=lambda change: (change.phase, order[change.op], change.table))


def source(database: TestDatabase, mapping: str, folder: Path, monkeypatch: Any, name: str = "shop") -> Source:
    """The database mapped as ``mapping`` says ([sources.shop], url_env = "SHOP_URL")."""
    monkeypatch.setenv("SHOP_URL", database.url)
    file = folder / "mendbook.toml"
    file.write_text(mapping, encoding="utf-8")
    settings = load(file)
    return Source(Database(settings.source(name), settings))


def repair_of(kind: str, name: str | None = None) -> Repair:
    """The repair called ``name`` of a kind, or its default."""
    repairs = catalogue()[kind].repairs
    return repairs[0] if name is None else next(repair for repair in repairs if repair.name == name)


def found_in(snapshot: Snapshot, kind: str) -> list[Found]:
    damage, cases = catalogue()[kind], {}
    for select in damage.find(snapshot.tables):
        for each in snapshot.connection.execute(select):
            found = FoundRow(each.table, each.row_key, each.user_key, each.at)
            cases.setdefault((each.profile, each.case_key), []).append(found)
    return [Found(kind, profile, case_key, tuple(rows)) for (profile, case_key), rows in cases.items()]


def _make_some(connection: sa.Connection, tables: Tables, changes: Sequence[Change]) -> None:
    """Changes of one phase, kind and table: rows that come or go, and may name one another, do so in one statement."""
    stored = tables.surroundings.tables[changes[0].table]
    if changes[0].op == "insert" and not any(change.drawn for change in changes):
        afters = [str(change.after) for change in changes]
        assert [told.image for told in connection.execute(tables.statements.insert(stored, afters, {}))] == afters
        return
    if changes[0].op != "delete" or not stored.key:
        for change in changes:
            _make(connection, tables, change)
        return
    wanted = {str(change.key): change.before for change in changes}
    there = connection.execute(tables.statements.by_keys(stored, list(wanted))).all()
    assert {row.key: row.image for row in there} == wanted, "the rows are not as the case says"
    assert {told.key for told in connection.execute(tables.statements.delete(stored, list(wanted)))} == set(wanted)


def _make(connection: sa.Connection, tables: Tables, change: Change) -> None:
    stored, statements = tables.surroundings.tables[change.table], tables.statements
    if change.op == "insert":
        assert isinstance(change.after, str)
        (told,) = connection.execute(statements.insert(stored, [change.after], change.drawn)).all()
        known = {name: value for name, value in values(told.image).items() if name not in change.drawn}
        assert image(known) == change.after
        assert change.key in (None, told.key)
        return
    if stored.key:
        assert change.key is not None
        place, (now,) = change.key, connection.execute(statements.by_keys(stored, [change.key])).all()
    else:
        assert isinstance(change.before, str)
        now = connection.execute(statements.by_images(stored, [change.before])).all()[0]
        place = now.place
    assert now.image == change.before, f"{change.table} {change.key} is not as the case says"
    if change.op == "delete":
        assert [told.key for told in connection.execute(statements.delete(stored, [place]))] == [place]
        return
    assert isinstance(change.after, str)
    before, after = values(now.image), values(change.after)
    columns = [name for name, value in after.items() if value != before[name] and not stored.relation.columns[name].generated]
    told = connection.execute(statements.update(stored, columns, [place], [change.after], change.drawn)).all()
    computed = [*change.drawn, *(column.name for column in stored.relation.columns.values() if column.generated)]
    # no image is told where the row is as it was asked for
    assert [without(values(each.image or change.after), computed) for each in told] == [without(after, computed)]
