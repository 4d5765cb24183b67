"""What reviewers' words come to, and the log that keeps it."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
from mendbook.digests import canonical
from mendbook.errors import ConfigError, OutputError, Refused, SignatureError
from mendbook.plans.files import PlanFile
from mendbook.plans.outlines import Outline, outlines
from mendbook.reviews import decision_log, review
from mendbook.reviews.ballots import approval
from mendbook.reviews.decisions import Choice, Decision, Details, Resolved, check, decision_of, resolve, resolved_lines
from support.plans import AUTHOR, BLOCKED, CASES, CODE, FILL, NAMES, NOW, OTHER, PLAIN, REVIEWER, SECOND, TWICE, House, case


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def plan(house: House) -> PlanFile:
    return house.plan()


def came_to(resolved: Resolved) -> dict[str, str]:
    return {case: entry.decision for entry in resolved.entries for case in entry.cases}


def decided(plan: PlanFile, *choices: tuple[str, Any], **details: Any) -> dict[str, str]:
    return came_to(resolve(plan, [Choice(*each) for each in choices], Details(**details)))


# -- words ---------------------------------------------------------------------------------------------------------------


def test_all_passes_over_the_blocked(plan: PlanFile) -> None:
    resolved = resolve(plan, [Choice("approve", "all")])
    assert came_to(resolved) == dict.fromkeys((PLAIN, OTHER, CODE, FILL), "approve")
    assert resolved.passed_over == (BLOCKED, TWICE)


def test_rejecting_and_deferring_takes_the_blocked_too(plan: PlanFile) -> None:
    assert decided(plan, ("reject", "all")) == dict.fromkeys(NAMES, "reject")
    assert decided(plan, ("defer", "duplicate_user")) == dict.fromkeys((BLOCKED, TWICE), "defer")


@pytest.mark.parametrize(
    ("of", "cases"),
    [
        ("null_flag", (PLAIN, OTHER)),
        ("orphan_profile", ()),
        (PLAIN, (PLAIN,)),
        ("2", (OTHER,)),
        ({"risk": "low"}, (PLAIN, OTHER, FILL)),
        ({"risk": "medium", "profile": "customer"}, (CODE,)),
        ({"repair": "set", "kind": "null_flag"}, (PLAIN, OTHER)),
        ({"repair": "set", "kind": "missing_code"}, ()),
        ({}, (PLAIN, OTHER, CODE, FILL)),
    ],
)
def test_by_kind_by_case_and_by_filter(plan: PlanFile, of: Any, cases: tuple[str, ...]) -> None:
    assert decided(plan, ("approve", of)) == dict.fromkeys(cases, "approve")


@pytest.mark.parametrize("turned", [False, True])
def test_the_narrower_word_goes_first_whatever_the_order(plan: PlanFile, turned: bool) -> None:
    choices = [("approve", "all"), ("reject", "null_flag"), ("defer", "2")]
    found = decided(plan, *(reversed(choices) if turned else choices))
    assert found == {PLAIN: "reject", OTHER: "defer", CODE: "approve", FILL: "approve"}


def test_the_same_twice_is_once(plan: PlanFile) -> None:
    resolved = resolve(plan, [Choice("approve", "2"), Choice("approve", OTHER)])
    assert [entry.cases for entry in resolved.entries].count((OTHER,)) == 1
    assert sum(len(entry.cases) for entry in resolved.entries) == 1


@pytest.mark.parametrize(
    ("choices", "message", "hint"),
    [
        ([("approve", "2"), ("reject", OTHER)], "both", "Say one"),
        ([("approve", "all"), ("defer", {})], "both approve and defer", "Say one"),
        ([("approve", "nulll_flag")], "no case 'nulll_flag'", "Did you mean 'null_flag'?"),
        ([("approve", "1")], "Several cases", "missing_code/customer/1, null_flag/customer/1"),
        ([("aprove", "all")], "'aprove' is no decision", "approve"),
        ([("approve", {"tabel": "x"})], "filtered by 'tabel'", "kind, profile"),
        ([("approve", BLOCKED)], "blocked by privileged", f"--waive '{BLOCKED}=privileged'"),
    ],
)
def test_words_that_cannot_be_meant(plan: PlanFile, choices: list[tuple[str, Any]], message: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        decided(plan, *choices)
    assert hint in caught.value.hint


# -- blockers and options ------------------------------------------------------------------------------------------------


def test_a_blocked_case_is_approved_by_name_and_waiving(plan: PlanFile) -> None:
    resolved = resolve(plan, [Choice("approve", "4")], Details("seen", waive=["4=privileged"]))
    assert list(resolved.entries[0].decisions()) == [Decision(BLOCKED, "approve", "seen", ("privileged",))]
    assert resolved.passed_over == ()


def test_what_is_waived_by_name_is_not_passed_over(plan: PlanFile) -> None:
    found = resolve(plan, [Choice("approve", "all")], Details(waive=["4=privileged"]))
    assert came_to(found)[BLOCKED] == "approve"
    assert found.passed_over == (TWICE,)


def test_a_key_with_an_equals_sign(plan: PlanFile) -> None:
    pairs = ["5=a/b=both_used", f"{TWICE}=trigger", "5=a/b=trigger"]
    (entry,) = resolve(plan, [Choice("approve", "5=a/b")], Details(waive=pairs)).entries
    assert entry.waived == {TWICE: ("both_used", "trigger")}


def test_options(plan: PlanFile) -> None:
    details = Details(accept=["9=auth_group:5"], decline=[f"{FILL}=phone"])
    (entry,) = resolve(plan, [Choice("approve", "blank_profile")], details).entries
    assert list(entry.decisions()) == [Decision(FILL, "approve", "", (), ("auth_group:5",), ("phone",))]


@pytest.mark.parametrize(
    ("details", "message", "hint"),
    [
        ({"waive": ["5=a/b=both_used"]}, "blocked by trigger", "--waive"),
        ({"accept": ["9=phone"], "decline": ["9=phone"]}, "both accept and decline", "Say one"),
        ({"accept": ["9=telephone"]}, "no option 'telephone'", "phone"),
        ({"waive": ["4=privilege"]}, "no blocker 'privilege'", "Did you mean 'privileged'?"),
        ({"waive": ["77=privileged"]}, "names no case", "CASE=BLOCKER"),
        ({"decline": ["phone"]}, "names no case", "CASE=OPTION"),
    ],
)
def test_details_that_cannot_be_meant(plan: PlanFile, details: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        decided(plan, ("approve", "all"), **details)
    assert hint in caught.value.hint


def test_details_on_a_case_that_is_not_approved(plan: PlanFile) -> None:
    with pytest.raises(ConfigError, match=f"--waive speaks of {BLOCKED}"):
        decided(plan, ("reject", "all"), waive=["4=privileged"])
    with pytest.raises(ConfigError, match=f"--accept speaks of {FILL}"):
        decided(plan, ("approve", "null_flag"), accept=["9=phone"])


def test_a_pair_of_several_cases(house: House) -> None:
    plan = house.plan([case("7", kind, blockers=["trigger"]) for kind in ("null_flag", "missing_code")])
    with pytest.raises(ConfigError, match="several cases") as caught:
        decided(plan, ("approve", "all"), waive=["7=trigger"])
    assert "missing_code/customer/7=trigger" in caught.value.hint


# -- decisions read from a file ------------------------------------------------------------------------------------------

OUTLINE = Outline("k/1", "k", None, "1", "set", "low", ("trigger",), (("phone", True),))
GOOD = Decision("k/1", "approve", "", ("trigger",), (), ("phone",))


def test_a_decision_there_and_back() -> None:
    check(OUTLINE, GOOD)
    assert decision_of(GOOD.value()) == GOOD
    check(OUTLINE, Decision("k/1", "reject", "no"))


@pytest.mark.parametrize(
    "decision",
    [
        Decision("k/1", "approve"),
        Decision("k/1", "approve", "", ("trigger", "cascade")),
        Decision("k/1", "approve", "", ("trigger",), ("fax",)),
        Decision("k/1", "approve", "", ("trigger",), ("phone",), ("phone",)),
        Decision("k/1", "reject", "", ("trigger",)),
        Decision("k/1", "defer", "", (), ("phone",)),
    ],
)
def test_decisions_that_could_not_be_made(decision: Decision) -> None:
    with pytest.raises(Refused, match="k/1 cannot stand"):
        check(OUTLINE, decision)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {**GOOD.value(), "more": 1},
        {**GOOD.value(), "decision": "approved"},
        {**GOOD.value(), "comment": None},
        {**GOOD.value(), "case": 1},
        {**GOOD.value(), "waived": [1]},
        {**GOOD.value(), "waived": "trigger"},
        {**GOOD.value(), "accepted": {"phone": 1}},
    ],
)
def test_what_is_no_decision(value: Any) -> None:
    with pytest.raises(Refused, match="no decision"):
        decision_of(value)


# -- the log -------------------------------------------------------------------------------------------------------------


def decide(plan: PlanFile, *choices: tuple[str, Any], who: str = REVIEWER, **details: Any) -> Resolved:
    return review.decide(plan, who, [Choice(*each) for each in choices], NOW, Details(**details))


def test_saved_as_they_are_made_and_the_later_wins(plan: PlanFile) -> None:
    assert review.saved(plan, REVIEWER) == {}
    decide(plan, ("approve", "null_flag"), comment="seen")
    decide(plan, ("defer", "2"))
    decide(plan, ("approve", "4"), waive=["4=privileged"])
    assert review.saved(plan, REVIEWER) == {
        PLAIN: Decision(PLAIN, "approve", "seen"),
        OTHER: Decision(OTHER, "defer"),
        BLOCKED: Decision(BLOCKED, "approve", "", ("privileged",)),
    }
    decide(plan, ("reject", "4"))
    assert review.saved(plan, REVIEWER)[BLOCKED] == Decision(BLOCKED, "reject")


def test_the_list_that_a_filter_came_to_is_kept(plan: PlanFile) -> None:
    decide(plan, ("approve", {"kind": "null_flag"}))
    path = decision_log.file_of(plan, REVIEWER)
    assert path.stat().st_mode & 0o777 == 0o600
    (entry,) = canonical.read_lines(path.read_bytes())
    assert (entry["of"], entry["cases"]) == ({"kind": "null_flag"}, [PLAIN, OTHER])
    assert (entry["plan"], entry["reviewer"], entry["at"]) == (plan.digest, REVIEWER, "2026-06-01T13:00:00Z")


def test_deciding_nothing_saves_nothing(plan: PlanFile) -> None:
    decide(plan)
    assert not decision_log.file_of(plan, REVIEWER).exists()


def test_two_reviewers_have_two_files(plan: PlanFile) -> None:
    decide(plan, ("approve", "all"))
    decide(plan, ("reject", "all"), who=SECOND)
    assert {each.decision for each in review.saved(plan, REVIEWER).values()} == {"approve"}
    names = [decision_log.slug(name) for name in ("Re viewer", "re-viewer", "Re.viewer", "审核", "../../etc", "a" * 200)]
    assert len(set(names)) == len(names)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and len(name) < 60 for name in names)


def test_nobody_decides_on_their_own_plan(plan: PlanFile) -> None:
    with pytest.raises(SignatureError, match="their own plan"):
        decide(plan, ("approve", "all"), who=AUTHOR.upper())
    with pytest.raises(SignatureError, match="cannot name a person"):
        decide(plan, ("approve", "all"), who="*")
    assert list(plan.folder.glob("decisions-*")) == []


@pytest.mark.parametrize("cut", [1, 30, 65_600 * 2])
def test_a_line_that_was_cut_short_is_passed_over(plan: PlanFile, cut: int) -> None:
    decide(plan, ("approve", "2"))
    path = decision_log.file_of(plan, REVIEWER)
    whole = path.read_bytes()
    path.write_bytes(whole + (whole * (cut // len(whole) + 1)).replace(b"\n", b" ")[:cut])
    assert list(review.saved(plan, REVIEWER)) == [OTHER]
    decide(plan, ("reject", "2"))
    assert path.read_bytes().startswith(whole)
    assert len(path.read_bytes().splitlines()) == 2
    path.write_bytes(b"x" * cut)
    assert review.saved(plan, REVIEWER) == {}
    decide(plan, ("reject", "2"))
    assert review.saved(plan, REVIEWER) == {OTHER: Decision(OTHER, "reject")}


def test_a_full_disk_saves_nothing(plan: PlanFile, monkeypatch: Any) -> None:
    decide(plan, ("approve", "2"))
    before = decision_log.file_of(plan, REVIEWER).read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:20]))
    with pytest.raises(OutputError, match="No space left"):
        decide(plan, ("reject", "all"))
    monkeypatch.undo()
    assert decision_log.file_of(plan, REVIEWER).read_bytes() == before


LINE = {"plan": "", "reviewer": REVIEWER, "at": "", "decision": "approve", "of": "2", "comment": "", "cases": [OTHER]}
LINE |= {"waived": {}, "accepted": {}, "declined": {}}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"plan": "ab" * 32}, "another plan"),
        ({"reviewer": SECOND}, "another reviewer"),
        ({"decision": "approved"}, "line 1 is no decision"),
        ({"cases": [1]}, "line 1 is no decision"),
        ({"cases": None}, "line 1 is no decision"),
        ({"waived": {OTHER: [1]}}, "line 1 is no decision"),
        ({"waived": []}, "line 1 is no decision"),
        ({"comment": None}, "line 1 is no decision"),
        ({"seen": OTHER}, "line 1 is no decision"),
        ({"seen": [1]}, "line 1 is no decision"),
        (None, "line 1 is no decision"),
    ],
)
def test_a_log_of_something_else(plan: PlanFile, wrong: Any, why: str) -> None:
    value = {**LINE, "plan": plan.digest, **wrong} if wrong is not None else []
    decision_log.file_of(plan, REVIEWER).write_bytes(canonical.line(value))
    with pytest.raises(Refused, match=why):
        review.saved(plan, REVIEWER)


def test_an_edited_log(plan: PlanFile) -> None:
    decide(plan, ("approve", "2"))
    path = decision_log.file_of(plan, REVIEWER)
    path.write_bytes(path.read_bytes().replace(b":", b": ", 1))
    with pytest.raises(Refused, match=r"edited or damaged\. Line 1"):
        review.saved(plan, REVIEWER)


def test_a_log_that_cannot_be_read(plan: PlanFile) -> None:
    decision_log.file_of(plan, REVIEWER).mkdir()
    with pytest.raises(OutputError, match="Cannot read"):
        review.saved(plan, REVIEWER)


def _decide_often(plan: PlanFile, verb: str) -> None:
    for _ in range(20):
        decide(plan, (verb, "all"))


def test_two_processes_of_one_reviewer(plan: PlanFile) -> None:
    context = multiprocessing.get_context("fork")
    running = [context.Process(target=_decide_often, args=(plan, verb)) for verb in ("approve", "reject", "defer")]
    for each in running:
        each.start()
    for each in running:
        each.join()
        assert each.exitcode == 0
    assert len(list(canonical.read_lines(decision_log.file_of(plan, REVIEWER).read_bytes()))) == 60


# -- the plan as it is read ----------------------------------------------------------------------------------------------


def test_a_plan_that_changes_while_it_is_read(plan: PlanFile) -> None:
    plan.path.write_bytes(plan.path.read_bytes().replace(b'"f"', b'"t"', 1))
    with pytest.raises(Refused, match="changed while it was read"):
        list(outlines(plan))


def test_two_cases_of_one_name(house: House) -> None:
    with pytest.raises(Refused, match="two of its cases are called null_flag/customer/1"):
        list(outlines(house.plan([*CASES, CASES[0]])))


def test_decisions_on_no_case_of_the_plan(plan: PlanFile) -> None:
    with pytest.raises(Refused, match="decisions on k/1, which is no case"):
        list(resolved_lines(plan, {"k/1": GOOD}))


@pytest.mark.parametrize("name", ["null_flag/customer/7", 'odd/a "b" \\ \n \x7f é \U0001f600'])
def test_the_line_of_a_plain_approval_is_the_canonical_one(name: str) -> None:
    assert approval(name) == canonical.line(Decision(name, "approve").value())
