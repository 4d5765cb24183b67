"""Every repair that a case folder shows, from its plan to its undo; see tests/cases/README.md.

A plan by one person, signed by two others, rehearsed, applied, held against the rows that the folder says; then planned,
audited and verified again, and undone: every table as before, row for row.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from case_folders import FOLDERS, KINDS, log_files, mapping_text, prepare
from case_folders import expected as findings
from finding import Finding, find_all, read_findings
from mendbook.apply import apply
from support import repaired
from support.databases import TestDatabase, TestServer, fresh_database
from support.invariants import violations
from support.people import AUTHOR, REVIEWERS, People, remember_signatures
from support.repaired import Repaired
from support.row_texts import Dump, differences, dump

needs_keys = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
EVERY = repaired.every(FOLDERS)
#: The first case of each repair.
FIRST = {(case.kind, case.repair): case for case in reversed(EVERY)}
each_repair = pytest.mark.parametrize("case", EVERY, ids=lambda case: f"{case.kind}/{case.folder.name}/{case.repair}")

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


@dataclass
class Bench:
    """A case's database, the people, and the workbook that looks after it."""

    case: Repaired
    database: TestDatabase
    home: Path
    people: People
    #: What the audit found that followed the last plan that was applied.
    audited: Path | None = None

    @cached_property
    def book(self) -> Any:
        from mendbook.workbook import Workbook

        return Workbook.open("case", config=self.home / "mendbook.toml", outputs=self.home / "outputs")

    def rows(self) -> Dump:
        return dump(self.database.url)

    def plan(self) -> dict[str, Any]:
        made: dict[str, Any] = self.book.plan(
            author=AUTHOR,
            key=self.people.key(AUTHOR),
            repairs={self.case.kind: self.case.repair},
            kinds=[self.case.kind],
        )
        return made

    def rehearse(self, plan: str) -> dict[str, Any]:
        """As its users do, with an audit and a receipt, of the first case of each repair; the batches alone of the others."""
        if self.case in FIRST.values():
            told: dict[str, Any] = self.book.apply(plan)
            return told
        return apply(self.book._writable, self.book.settings, self.book.plan_file(plan), self.book.outputs)

    def undo(self, plan: str) -> dict[str, Any]:
        made: dict[str, Any] = self.book.undo(plan, author=AUTHOR, key=self.people.key(AUTHOR))
        return made

    def cases(self, plan: str) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = self.book.show(plan)["cases"]
        return shown

    def sign(self, plan: str, approve: list[str], **said: list[str]) -> None:
        """Both reviewers say the same: a repair of high risk may need two."""
        for person in REVIEWERS:
            self.book.sign(plan, person=person, key=self.people.key(person), approve=approve, **said)

    def approve(self, plan: str) -> None:
        """Everything, with what the folder's review says of single cases; a waived case is approved by its name."""
        said = self.case.said
        words = {
            word: [f"{each.name}={each.what}" for each in said if each.word == word] for word in ("waive", "accept", "decline")
        }
        waived = list(dict.fromkeys(each.name for each in said if each.word == "waive"))
        self.sign(plan, ["all", *waived], **{word: each for word, each in words.items() if each})

    def approve_with_blockers(self, plan: str) -> None:
        """Everything, whatever stands in its way: the undo of what was approved before."""
        shown = self.cases(plan)
        waive = [f"{case['case']}={blocker}" for case in shown for blocker in blockers(case)]
        blocked = [case["case"] for case in shown if case["blockers"]]
        self.sign(plan, ["all", *blocked], **({"waive": waive} if waive else {}))


def blockers(case: dict[str, Any]) -> list[str]:
    """The names of a shown case's blockers."""
    return [each["name"] if isinstance(each, dict) else each for each in case["blockers"]]


@pytest.fixture
def bench(case: Repaired, database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    prepare(database, case.folder).close()
    monkeypatch.setenv("CASE_URL", database.url)
    remember_signatures(monkeypatch)
    home = tmp_path / "home"
    home.mkdir()
    people = People(home)
    for person in (AUTHOR, *REVIEWERS):
        people.key(person)
    (home / "mendbook.toml").write_text(mapping_text(case.folder), encoding="utf-8")
    for log in log_files(case.folder):
        (home / log.name).write_bytes(log.read_bytes())
    return Bench(case, database, home, people)


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
    applied = [plan for _ in range(case.rounds) if (plan := plan_and_apply(bench))]
    assert case.differences(before, expected, bench.rows()) == []
    assert violations(bench.database.url, before) == []
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
        assert bench.book.apply(undone["plan"], commit=True)["stale"] == 0
    assert differences(before, bench.rows()) == []
    assert violations(bench.database.url, before) == []
    assert bench.book.verify_ledger().as_json()["ok"]


def plan_and_apply(bench: Bench) -> tuple[str, int] | None:
    """The plan and how many of its cases were applied; None where there was nothing to approve."""
    case, before, batches = bench.case, bench.rows(), bench.book.verify_ledger().batches
    plan = bench.plan()["plan"]
    planned = {each["case"]: each for each in bench.cases(plan)}
    check_blockers(case, planned, {each.name for each in case.said if each.word == "waive"})
    assert differences(before, bench.rows()) == [], "planning changes nothing"
    left = {each.name for each in case.left if each.why in ("blocked", "any")}
    approved = [name for name, each in planned.items() if name not in left and each["changes"]]
    if not approved:
        return None
    bench.approve(plan)
    told = bench.rehearse(plan)
    assert (told["mode"], told["applied"], told["stale"]) == ("rehearse", len(approved), 0), told["stale_cases"]
    assert differences(before, bench.rows()) == [], "a rehearsal leaves no trace"
    assert bench.book.verify_ledger().batches == batches
    done = bench.book.apply(plan, commit=True)
    assert (done["applied"], done["stale"]) == (len(approved), 0), done["stale_cases"]
    bench.audited = Path(done["audit"])
    return plan, len(approved)


def check_blockers(case: Repaired, planned: dict[str, dict[str, Any]], waived: set[str]) -> None:
    """The cases that are blocked are those that should be, by what they should be."""
    blocked = {each.name: list(each.blockers) for each in case.left if each.why == "blocked"}
    assert {name: blockers(planned[name]) for name in blocked if name in planned} == blocked
    anyhow = {each.name for each in case.left if each.why == "any"}
    assert {name for name, each in planned.items() if each["blockers"]} - anyhow == {*blocked, *waived}


def check_what_is_left(bench: Bench) -> None:
    """A second plan has no case but those that somebody still stands in the way of; the others it tells of."""
    case, again = bench.case, bench.plan()
    shown = {each["case"]: each for each in bench.cases(again["plan"]) if each["changes"]}
    check_blockers(case, shown, set())
    assert shown.keys() <= {each.name for each in case.left if each.why in ("blocked", "any")}
    # outreach makes cases without a change: lists of whom to ask
    lists = again["cases"] - len(shown)
    assert again["deferred"] + lists == len([each for each in case.left if each.name not in shown])


def found_after(bench: Bench, folder: Path) -> list[Finding]:
    """What the audit found that followed the last plan; another one's findings where no plan was applied."""
    if bench.audited:
        return read_findings(bench.audited)
    return audit(bench.case, bench.database.url, folder)


def audit(case: Repaired, url: str, folder: Path) -> list[Finding]:
    return find_all(url, mapping_text(case.folder), folder, log_files(case.folder))


def check_what_an_audit_finds(case: Repaired, found: list[Finding]) -> None:
    assert {name_of(each) for each in found if each.kind == case.kind} == {each.name for each in case.left}


def check_what_stays(case: Repaired, left: Sequence[Mapping[str, Any]]) -> None:
    """Every case that cannot be taken back is told, with the reason."""
    told = {
        "/".join(part for part in (each["kind"], each["profile"], key) if part): each["why"]
        for each in left
        for key in each["examples"]
    }
    assert told.keys() == case.stays.keys()
    assert all(case.stays[name] in why for name, why in told.items()), told


def name_of(finding: Finding) -> str:
    """The name of the finding's case."""
    return "/".join(part for part in (finding.kind, finding.profile, finding.case_key) if part)


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
        check_what_an_audit_finds(case, audit(case, url, tmp_path))


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
