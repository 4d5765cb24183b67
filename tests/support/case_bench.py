"""One repair of a case, from its plan to what is left: gone through in the same way on any database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from case_folders import log_files, mapping_text
from finding import Finding, find_all, read_findings
from mendbook.repairs.apply import apply

from support.people import AUTHOR, REVIEWERS, People, remember_signatures
from support.repaired import Repaired
from support.row_texts import Dump, differences


@dataclass
class Bench:
    """A case's database, the people, and the workbook that looks after it."""

    case: Repaired
    url: str
    rows: Callable[[], Dump]
    mapping: str
    home: Path
    people: People
    #: Whether a rehearsal is looked at as its users see it.
    whole: bool = False
    #: What the audit found that followed the last plan that was applied.
    audited: Path | None = None

    @cached_property
    def book(self) -> Any:
        from mendbook.workbook import Workbook

        return Workbook.open("case", config=self.home / "mendbook.toml", outputs=self.home / "outputs")

    def plan(self) -> dict[str, Any]:
        made: dict[str, Any] = self.book.plan(
            author=AUTHOR,
            key=self.people.key(AUTHOR),
            repairs={self.case.kind: self.case.repair},
            kinds=[self.case.kind],
        )
        return made

    def rehearse(self, plan: str) -> dict[str, Any]:
        """The batches alone, or all that its users get: an audit and a receipt, too."""
        if self.whole:
            told: dict[str, Any] = self.book.apply(plan)
            return told
        return self.apply_alone(plan, commit=False)

    def apply_alone(self, plan: str, commit: bool) -> dict[str, Any]:
        """The batches, without the audit and the receipt that follow them."""
        return apply(self.book._writable, self.book.settings, self.book.plan_file(plan), self.book.outputs, commit)

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


def bench_of(
    case: Repaired,
    url: str,
    rows: Callable[[], Dump],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    mapping: str = "",
    whole: bool = False,
    people_of: Callable[[Path], People] = People,
) -> Bench:
    """The case's mendbook.toml, logs and people in a new folder, and its database at ``url``."""
    monkeypatch.setenv("CASE_URL", url)
    if people_of is People:
        remember_signatures(monkeypatch)
    home = folder / "home"
    home.mkdir()
    people = people_of(home)
    for person in (AUTHOR, *REVIEWERS):
        people.key(person)
    made = Bench(case, url, rows, mapping or mapping_text(case.folder), home, people, whole)
    (home / "mendbook.toml").write_text(made.mapping, encoding="utf-8")
    for log in log_files(case.folder):
        (home / log.name).write_bytes(log.read_bytes())
    return made


def plan_and_apply(bench: Bench, rehearsed: bool = True) -> tuple[str, int] | None:
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
    if rehearsed:
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
    return find_all(bench.url, bench.mapping, folder, log_files(bench.case.folder))


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
