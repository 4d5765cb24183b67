"""Every repair that a case folder shows, from its plan to its undo; see tests/cases/README.md.

A plan by one person, signed by two others, rehearsed, applied, held against the rows that the folder says; then planned,
audited and verified again, and undone: every table as before, row for row.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from case_folders import FOLDERS, KINDS, log_files, mapping_text, prepare
from case_folders import expected as findings
from finding import find_all
from support import repaired
from support.case_bench import (
    Bench,
    bench_of,
    check_what_an_audit_finds,
    check_what_is_left,
    check_what_stays,
    found_after,
    name_of,
    plan_and_apply,
)
from support.databases import TestDatabase, TestServer, fresh_database
from support.invariants import violations
from support.people import People
from support.pretended_keys import PretendedPeople, pretend_signatures
from support.repaired import Repaired
from support.row_texts import Dump, differences, dump

needs_keys = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
EVERY = repaired.every(FOLDERS)
#: The first case of each repair.
FIRST = {(case.kind, case.repair): case for case in reversed(EVERY)}
#: Every third case of a repair; the others are for make thorough.
THIRD = [
    case
    for repair in FIRST
    for place, case in enumerate(each for each in EVERY if (each.kind, each.repair) == repair)
    if place % 3 == 0 or "type" in case.folder.name
]
each_repair = pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=[] if case in THIRD else [pytest.mark.thorough]) for case in EVERY],
    ids=[f"{case.kind}/{case.folder.name}/{case.repair}" for case in EVERY],
)

#: DAMAGE's repairs.
REPAIRS = {
    "missing_profile": ("create", "delete_user"),
    "orphan_profile": ("delete", "reattach"),
    "duplicate_profile": ("merge",),
    "duplicate_user": ("merge", "deactivate"),
    "blank_profile": ("fill", "outreach"),
    "wrong_profile": ("remove",),
    "missing_code": ("draw",),
    "duplicate_code": ("draw",),
    "null_flag": ("set",),
    "ghost_user": ("deactivate", "delete"),
    "missing_constraint": (),
}


@pytest.fixture
def bench(case: Repaired, database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The first case of each repair as its users go: signed by ssh-keygen, rehearsed, and audited after its undo."""
    prepare(database, case.folder).close()
    whole = case in FIRST.values()
    if not whole:
        pretend_signatures(monkeypatch)
    people = People if whole else PretendedPeople
    return bench_of(case, database.url, lambda: dump(database.url), tmp_path, monkeypatch, whole=whole, people_of=people)


@contextmanager
def typed(server: TestServer, case: Repaired) -> Iterator[str]:
    """The URL of a database of before.sql in which the folder's own statements were typed."""
    with fresh_database(server) as other:
        connection = prepare(other, case.folder)
        try:
            if any(line and not line.startswith("--") for line in case.script.splitlines()):
                with connection.cursor() as cursor:
                    cursor.execute(case.script)
        finally:
            connection.close()
        yield other.url


def by_hand(server: TestServer, case: Repaired) -> Dump:
    with typed(server, case) as url:
        return dump(url)


# -- plan, sign, rehearse, apply, plan again, undo -----------------------------------------------------------------------


@needs_keys
@each_repair
def test_a_repair_does_what_its_case_says_and_its_undo_takes_it_back(
    case: Repaired, bench: Bench, server: TestServer, tmp_path: Path
) -> None:
    before, expected = bench.rows(), by_hand(server, case)
    check_what_was_typed(case, before, expected)
    applied = [plan for _ in range(case.rounds) if (plan := plan_and_apply(bench, rehearsed=bench.whole))]
    assert case.differences(before, expected, bench.rows()) == []
    assert violations(bench.url, before) == []
    check_what_is_left(bench)
    check_what_an_audit_finds(case, found_after(bench, tmp_path))
    assert bench.book.verify_ledger().as_json()["ok"]

    for plan, number in reversed(applied):
        undone = bench.undo(plan)
        if case.stays:
            assert (undone["cases"], len(case.stays)) == (0, number)
            check_what_stays(case, bench.book.plan_file(undone["plan"]).header.left)
            return
        assert undone["cases"] == number
        bench.approve_with_blockers(undone["plan"])
        undo = bench.book.apply if bench.whole else bench.apply_alone
        assert undo(undone["plan"], commit=True)["stale"] == 0
    assert differences(before, bench.rows()) == []
    assert violations(bench.url, before) == []
    assert bench.book.verify_ledger().as_json()["ok"]


# -- the folders themselves ----------------------------------------------------------------------------------------------


def check_what_was_typed(case: Repaired, before: Dump, after: Dump) -> None:
    """The script's drawn columns exist, and it changes something unless every case is left."""
    assert before.keys() == after.keys()
    for drawn in case.drawn:
        known = {row[drawn.column] for row in before[drawn.table]}
        new = [row[drawn.column] for row in after[drawn.table] if row[drawn.column] not in known]
        assert new, "nothing new stands there"
        assert all(drawn.fits(value) for value in new), new
    found = {name_of(finding) for finding in findings(case.folder)}
    assert before != after or {each.name for each in case.left} == found
    assert case.differences(before, after, after) == []


@pytest.mark.parametrize("case", FIRST.values(), ids=lambda case: f"{case.kind}/{case.folder.name}/{case.repair}")
def test_an_audit_is_content_with_what_is_typed_by_hand(case: Repaired, server: TestServer, tmp_path: Path) -> None:
    """One case of each repair: of all of them, the rows are held against those that mendbook leaves, which are audited."""
    with typed(server, case) as url:
        check_what_an_audit_finds(case, find_all(url, mapping_text(case.folder), tmp_path, log_files(case.folder)))


@pytest.mark.parametrize(("kind", "repair"), [(kind, repair) for kind, repairs in REPAIRS.items() for repair in repairs])
def test_a_repair_has_at_least_three_cases(kind: str, repair: str) -> None:
    assert len([case for case in EVERY if (case.kind, case.repair) == (kind, repair)]) >= 3


def test_merging_has_many_cases() -> None:
    assert len([case for case in EVERY if case.repair == "merge"]) >= 30


def test_no_case_shows_a_repair_that_there_is_not() -> None:
    assert {(case.kind, case.repair) for case in EVERY} <= {(kind, name) for kind, names in REPAIRS.items() for name in names}
    assert sorted(REPAIRS) == KINDS


def test_the_catalogue_has_the_repairs_that_the_cases_show() -> None:
    from mendbook.damage import catalogue

    assert {kind: tuple(repair.name for repair in damage.repairs) for kind, damage in catalogue().items()} == REPAIRS


# -- the comparison can fail ---------------------------------------------------------------------------------------------

ROW: dict[str, str | None] = {"id": "1", "code": "A"}


def compare(expected: list[dict[str, str | None]], actual: list[dict[str, str | None]], folder: Path) -> list[str]:
    (folder / "after_draw.sql").write_text("-- drawn: t.code uuid4\n")
    return Repaired(folder, "draw").differences({"public.t": [ROW]}, {"public.t": expected}, {"public.t": actual})


def test_a_drawn_value_is_any_of_its_pattern(tmp_path: Path) -> None:
    stand_in, drawn = "00000000-0000-4000-8000-000000000001", "7b1c2a50-6f0e-4d3b-9c55-0f6c2f1d2a77"
    assert compare([{**ROW, "code": stand_in}], [{**ROW, "code": drawn}], tmp_path) == []


@pytest.mark.parametrize(
    "actual",
    [
        [{"id": "1", "code": "no-uuid"}],
        [{"id": "1", "code": "A"}],
        [{"id": "2", "code": "7b1c2a50-6f0e-4d3b-9c55-0f6c2f1d2a77"}],
        [{"id": "1", "code": None}],
        [],
    ],
)
def test_another_value_or_row_is_told(tmp_path: Path, actual: list[dict[str, str | None]]) -> None:
    assert compare([{**ROW, "code": "00000000-0000-4000-8000-000000000001"}], actual, tmp_path)


def test_a_value_drawn_twice_is_told(tmp_path: Path) -> None:
    expected = [{"id": str(n), "code": f"00000000-0000-4000-8000-00000000000{n}"} for n in (1, 2)]
    actual = [{"id": str(n), "code": "7b1c2a50-6f0e-4d3b-9c55-0f6c2f1d2a77"} for n in (1, 2)]
    assert "drawn twice" in " ".join(compare(expected, actual, tmp_path))


def test_a_row_that_stands_there_twice_is_two_rows() -> None:
    assert differences({"t": [ROW, ROW]}, {"t": [ROW]}) == [f"- t {ROW}"]
    assert differences({"t": [ROW]}, {"t": [ROW], "u": []}) == ["+ table u"]
