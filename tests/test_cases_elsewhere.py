"""The cases of tests/cases on SQLite and on MariaDB: the same findings, the same rows after a repair, and an undo.

PostgreSQL makes each case from its script, in a transaction that is rolled back, and support/made_in_*.py make the same
tables and rows elsewhere. A case that a database cannot have is skipped, in words.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from case_folders import CASES, FOLDERS, connect, expected, log_files, mapping, mapping_text, of_kind
from finding import Finding, find_all, in_order
from support import repaired
from support.case_bench import (
    bench_of,
    check_what_an_audit_finds,
    check_what_is_left,
    check_what_stays,
    found_after,
    plan_and_apply,
)
from support.databases import TestServer, fresh_database
from support.described import Table, Untranslatable, describe, undone
from support.made_in_mariadb import make_mariadb, mariadb_rows
from support.made_in_sqlite import make_sqlite, sqlite_rows
from support.mariadb import fresh_mariadb
from support.pretended_keys import PretendedPeople, pretend_signatures
from support.repaired import Repaired
from support.row_texts import Dump, differences

DATABASES = ("sqlite", "mariadb")
#: The cases that a database cannot have, and why; whatever else cannot be translated is an error.
ABSENT = {
    (row["case"], database): row["why"]
    for row in csv.DictReader((CASES / "elsewhere.csv").read_text(encoding="utf-8").splitlines())
    for database in row["on"].split()
}
EVERY = repaired.every(FOLDERS)
#: The first case of each repair, which is rehearsed as well.
FIRST = {(case.kind, case.repair): case for case in reversed(EVERY)}.values()


def often(case: Repaired, database: str) -> bool:
    """Whether every run of the tests repairs it there: every third case of each repair, on MariaDB every fourth."""
    alike = [each for each in EVERY if (each.kind, each.repair) == (case.kind, case.repair)]
    return alike.index(case) % {"mariadb": 4, "sqlite": 3}[database] == 0


def elsewhere(names: str, folders: Iterable[tuple[Path, Any]]) -> pytest.MarkDecorator:
    """Each of them on each database that can have its folder."""
    each = [
        (database, folder, value)
        for folder, value in folders
        for database in DATABASES
        if (named(folder), database) not in ABSENT
    ]
    return pytest.mark.parametrize(
        f"make, {names}",
        [
            pytest.param(
                database,
                value,
                id="/".join(filter(None, (database, named(folder), getattr(value, "repair", "")))),
                marks=[pytest.mark.thorough] if value != folder and not often(value, database) else [],
            )
            for database, folder, value in each
        ],
        indirect=["make"],
    )


def named(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


class Unmet(Exception):
    """The PostgreSQL of these tests lacks what a case requires."""


class Scripts:
    """What the cases' scripts make, asked of one PostgreSQL database in which nothing stays."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._known: dict[tuple[Path, str], tuple[Table, ...] | Untranslatable] = {}

    def tables(self, folder: Path, then: str = "") -> tuple[Table, ...]:
        """The tables of before.sql, after the statements ``then``; Untranslatable where only PostgreSQL has them."""
        if (folder, then) not in self._known:
            try:
                self._known[folder, then] = self._asked(folder, then)
            except Untranslatable as reason:
                self._known[folder, then] = reason
        known = self._known[folder, then]
        if isinstance(known, Untranslatable):
            raise known
        return known

    def _asked(self, folder: Path, then: str) -> tuple[Table, ...]:
        with undone(self._connection) as cursor:
            requires = folder / "requires.sql"
            if requires.exists():
                cursor.execute(requires.read_text(encoding="utf-8"))
                if not cursor.fetchone()[0]:
                    raise Unmet(f"this PostgreSQL does not meet {requires.relative_to(CASES)}")
            cursor.execute((folder / "before.sql").read_text(encoding="utf-8"))
            if any(line and not line.startswith("--") for line in then.splitlines()):
                cursor.execute(then)
            return describe(cursor, schema_of(folder))


@dataclass(frozen=True)
class Elsewhere:
    """A database with the tables of a case: its URL, its rows, and what its only schema is called."""

    url: str
    rows: Callable[[], Dump]
    schema: str


@dataclass(frozen=True)
class Maker:
    """Makes a case's tables on one kind of database: those of its script, or ``then`` of more statements."""

    kind: str
    scripts: Scripts
    put: Callable[[str, tuple[Table, ...]], Elsewhere]

    def __call__(self, folder: Path, then: str = "") -> tuple[tuple[Table, ...], Elsewhere]:
        try:
            tables = self.scripts.tables(folder, then)
        except Unmet as reason:
            pytest.skip(str(reason))
        return tables, self.put("after" if then else "before", tables)


@pytest.fixture(scope="session")
def scripts(server: TestServer) -> Iterator[Scripts]:
    with fresh_database(server) as database, closing(connect(database)) as connection:
        yield Scripts(connection)


@pytest.fixture
def make(request: pytest.FixtureRequest, scripts: Scripts, tmp_path: Path) -> Iterator[Maker]:
    if request.param == "sqlite":
        yield Maker("sqlite", scripts, lambda name, tables: on_sqlite(tmp_path / f"{name}.sqlite3", tables))
        return
    with fresh_mariadb(request.getfixturevalue("mariadb_server")) as one, fresh_mariadb(one.server) as two:
        places = {"before": one, "after": two}

        def on_mariadb(name: str, tables: tuple[Table, ...]) -> Elsewhere:
            place = places[name]
            return Elsewhere(make_mariadb(tables, place), lambda: mariadb_rows(place), place.name)

        yield Maker("mariadb", scripts, on_mariadb)


def on_sqlite(file: Path, tables: tuple[Table, ...]) -> Elsewhere:
    return Elsewhere(make_sqlite(tables, file), lambda: sqlite_rows(file), "main")


# -- a schema by another name --------------------------------------------------------------------------------------------


def schema_of(folder: Path) -> str:
    """The schema that the case's mapping names; that of the users, for there is never more than one."""
    schema, dot, _ = str(mapping(folder)["users"]["table"]).partition(".")
    return schema if dot else "public"


def renamed(folder: Path, tables: tuple[Table, ...], schema: str) -> list[tuple[str, str]]:
    """What the case's tables are called in the mapping, and what they are called elsewhere: without their schema, but
    where their own name has a dot."""
    before = schema_of(folder)
    return [(f"{before}.{table.name}", f"{schema}.{table.name}" if "." in table.name else table.name) for table in tables]


def mapped(folder: Path, tables: tuple[Table, ...], schema: str) -> str:
    text = mapping_text(folder)
    for old, new in renamed(folder, tables, schema):
        text = text.replace(old, new).replace(old.replace('"', '\\"'), new.replace('"', '\\"'))
    return text


def told(folder: Path, tables: tuple[Table, ...], schema: str) -> list[Finding]:
    """found.csv by the names that the tables have elsewhere."""

    def here(text: str) -> str:
        return next((new + text[len(old) :] for old, new in names if text == old or text.startswith(f"{old}.")), text)

    names = renamed(folder, tables, schema)
    return in_order(
        each._replace(case_key=here(each.case_key), table=here(each.table), row_key=here(each.row_key))
        for each in expected(folder)
    )


# -- detection -----------------------------------------------------------------------------------------------------------


@elsewhere("folder", [(folder, folder) for folder in FOLDERS])
def test_mendbook_finds_the_same_elsewhere(folder: Path, make: Maker, tmp_path: Path) -> None:
    tables, there = make(folder)
    found = find_all(there.url, mapped(folder, tables, there.schema), tmp_path, log_files(folder))
    assert of_kind(found, folder.parent.name) == told(folder, tables, there.schema)


@pytest.mark.parametrize(("make", "case"), [(database, case) for case, database in ABSENT], indirect=["make"])
def test_a_case_that_a_database_cannot_have_is_refused_for_the_reason_that_elsewhere_csv_gives(make: Maker, case: str) -> None:
    with pytest.raises(Untranslatable) as reason:
        make(CASES / case)
    assert str(reason.value) == ABSENT[case, make.kind]


# -- repairs -------------------------------------------------------------------------------------------------------------


@elsewhere("case", [(case.folder, case) for case in EVERY])
def test_a_repair_and_its_undo_do_the_same_elsewhere(
    case: Repaired, make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables, there = make(case.folder)
    _, typed = make(case.folder, case.script)
    wanted = typed.rows()
    pretend_signatures(monkeypatch)
    own = mapped(case.folder, tables, there.schema)
    bench = bench_of(case, there.url, there.rows, tmp_path, monkeypatch, own, people_of=PretendedPeople)
    before = there.rows()
    applied = [plan for _ in range(case.rounds) if (plan := plan_and_apply(bench, rehearsed=case in FIRST))]
    assert case.differences(before, wanted, there.rows()) == []
    check_what_is_left(bench)
    check_what_an_audit_finds(case, found_after(bench, tmp_path))
    for plan, number in reversed(applied):
        undo = bench.undo(plan)
        if case.stays:
            assert (undo["cases"], len(case.stays)) == (0, number)
            check_what_stays(case, bench.book.plan_file(undo["plan"]).header.left)
            return
        assert undo["cases"] == number
        bench.approve_with_blockers(undo["plan"])
        assert bench.apply_alone(undo["plan"], commit=True)["stale"] == 0
    assert differences(before, there.rows()) == []
    assert bench.book.verify_ledger().as_json()["ok"]
