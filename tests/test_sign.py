"""mendbook sign, as a person types it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mendbook.errors import Refused
from mendbook.plans.files import PlanFile
from mendbook.reviews import review
from mendbook.workbook import Workbook
from support.commands import Answer, command_in
from support.plans import AUTHOR, BLOCKED, CASES, FILL, NAMES, OTHER, REVIEWER, SECOND, TWICE, House, case
from support.plans import house as make_house

DAY = timedelta(days=1)

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return make_house(tmp_path)


def book(house: House) -> Workbook:
    """As a reviewer has it: without the URL of the database."""
    return Workbook(house.settings.source("shop"), house.settings, house.outputs)


def make(house: House, *cases: Any, **other: Any) -> PlanFile:
    """A plan of today, signed by its author."""
    now = datetime.now(UTC)
    given = {"made_at": now.isoformat(), "expires": (now + DAY).isoformat(), "policy": house.settings.review.policy, **other}
    plan = house.plan(cases, **given)
    review.sign_as_author(plan, AUTHOR, house.key(AUTHOR), house.settings, now)
    return plan


@pytest.fixture
def plan(house: House) -> PlanFile:
    return make(house, *CASES)


@pytest.fixture
def sign(house: House, plan: PlanFile, monkeypatch: Any, capsys: Any) -> Any:
    mendbook = command_in(house.folder, monkeypatch, capsys)

    def run(*words: str, who: str = REVIEWER, of: str = "") -> Answer:
        return mendbook("sign", of or plan.id, "--as", who, "--key", str(house.key(who)), *words, "--json")

    return run


def test_approving_all(plan: PlanFile, sign: Any) -> None:
    answer = sign("--approve", "all", "--comment", "as agreed")
    assert answer.code == 0, answer.err
    statement = answer.document["statement"]
    assert Path(statement).is_absolute()
    assert Path(statement).is_file()
    expected = {"plan": plan.id, "digest": plan.digest, "reviewer": REVIEWER, "approved": 4, "rejected": 0, "deferred": 0}
    expected |= {"undecided": 2, "passed_over": 2, "blocked": [BLOCKED, TWICE], "missing_approvals": 0, "warnings": []}
    assert {name: answer.document[name] for name in expected} == expected
    assert "2 blocked cases are passed over" in answer.err
    assert f"mendbook apply {plan.id}" in answer.err
    assert review.states(plan)[FILL] == "approved"


def test_without_json_stdout_is_left_alone(house: House, plan: PlanFile, monkeypatch: Any, capsys: Any) -> None:
    mendbook = command_in(house.folder, monkeypatch, capsys)
    answer = mendbook("sign", plan.id, "--as", REVIEWER, "--key", str(house.key(REVIEWER)), "--defer", "all")
    assert (answer.code, answer.out) == (0, "")
    assert "0 approved, 0 rejected, 6 deferred, 0 undecided" in answer.err


def test_every_word(plan: PlanFile, sign: Any) -> None:
    words = ["--approve", "all", "--reject", "null_flag", "--defer", "2", "--approve", "4", "--waive", "4=privileged"]
    answer = sign(*words, "--accept", "9=auth_group:5", "--decline", f"{FILL}=phone", of=str(plan.folder))
    assert answer.code == 0, answer.err
    assert {name: answer.document[name] for name in ("approved", "rejected", "deferred", "undecided", "passed_over")} == {
        "approved": 3,
        "rejected": 1,
        "deferred": 1,
        "undecided": 1,
        "passed_over": 1,
    }
    saved = review.saved(plan, REVIEWER)
    assert (saved[FILL].accepted, saved[FILL].declined) == (("auth_group:5",), ("phone",))


def test_decisions_of_before_are_signed_too(house: House, plan: PlanFile, sign: Any) -> None:
    made = book(house).decide(plan.id, REVIEWER, "reject", {"kind": "null_flag"}, "not now")
    assert made == {"plan": plan.id, "decision": "reject", "cases": [NAMES[0], OTHER], "passed_over": []}
    assert book(house).decide(plan.folder, REVIEWER, "approve", "duplicate_user")["passed_over"] == [BLOCKED, TWICE]
    assert sign().document["rejected"] == 2


def test_more_than_one_approval(house: House, sign: Any) -> None:
    house.configure("approvals = 2")
    two = make(house, *CASES[:2])
    first = sign("--approve", "all", of=two.id)
    assert first.document["missing_approvals"] == 2
    assert "2 approved cases wait for somebody else's approval" in first.err
    second = sign("--approve", "all", of=two.id, who=SECOND)
    assert second.document["missing_approvals"] == 0


def test_an_empty_plan_is_no_error(house: House, sign: Any) -> None:
    answer = sign("--approve", "all", of=make(house).id)
    assert (answer.code, answer.document["approved"], answer.document["undecided"]) == (0, 0, 0)


def test_only_blocked_cases(house: House, sign: Any) -> None:
    answer = sign("--approve", "all", of=make(house, *CASES[4:]).id)
    assert (answer.code, answer.document["approved"], answer.document["passed_over"]) == (0, 0, 2)


def test_hostile_names_are_inert(house: House, sign: Any) -> None:
    hostile = "\x1b[31m[red]\n5"
    answer = sign("--approve", "all", of=make(house, case(hostile, blockers=["trigger"])).id)
    assert answer.code == 0
    assert "\x1b" not in answer.err
    assert "[red]" in answer.err


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ([], "has decided nothing", "--approve all"),
        (["--approve", "4"], "is blocked by privileged", "--waive"),
        (["--approve", "17"], "no case '17'", "mendbook show"),
        (["--approve", "2", "--reject", "2"], "both approve and reject", "Say one"),
    ],
)
def test_refused(plan: PlanFile, sign: Any, words: list[str], message: str, hint: str) -> None:
    answer = sign(*words)
    assert answer.code == 2
    assert message in answer.document["error"]
    assert hint in answer.document["hint"]
    assert list(plan.folder.glob("decisions-*")) + list(plan.folder.glob("review-*")) == []


def test_of_somebody_unknown_nothing_is_saved(plan: PlanFile, sign: Any) -> None:
    answer = sign("--approve", "all", who="stranger@example.com")
    assert answer.code == 2
    assert "names nobody called 'stranger@example.com'" in answer.document["error"]
    assert list(plan.folder.glob("decisions-*")) == []


def test_ones_own_plan(sign: Any) -> None:
    answer = sign("--approve", "all", who=AUTHOR)
    assert answer.code == 2
    assert "nobody approves their own plan" in answer.document["error"]


def test_somebody_elses_files_that_do_not_hold(plan: PlanFile, sign: Any) -> None:
    (plan.folder / "review-x.json").write_text("{}")
    answer = sign("--approve", "all")
    assert answer.code == 0
    assert "warning: review-x.json" in answer.err
    assert len(answer.document["warnings"]) == 1


def test_an_unknown_plan(plan: PlanFile, sign: Any) -> None:
    answer = sign("--approve", "all", of="20260601T120000Z-shop-000000000000")
    assert answer.code == 2
    assert plan.id in answer.document["hint"]


def test_a_plan_of_another_source(house: House, sign: Any) -> None:
    other = make(house, *CASES, source="school")
    answer = sign("--approve", "all", of=other.id)
    assert "has no source 'school'" in answer.document["error"]
    with pytest.raises(Refused, match="is for source 'school'"):
        book(house).decide(other.id, REVIEWER, "approve")
