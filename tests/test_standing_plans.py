"""Where each plan stands, told from the files beside it; verified where there are settings to verify by."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mendbook.digests import canonical
from mendbook.plans.files import PlanFile
from mendbook.reviews import review
from mendbook.reviews.decisions import Choice, Details
from mendbook.reviews.standing_plans import PlanStanding, standing
from mendbook.reviews.statements import review_file
from mendbook.workbook import Workbook
from support.people import People
from support.plans import AUTHOR, BLOCKED, CASES, MADE, NOW, REVIEWER, SECOND, TWICE, House
from support.plans import house as make_house
from support.shop import Shop

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
#: The plan has six cases, two of them blocked.
WAIVED = {"waive": [f"{BLOCKED}=privileged", f"{TWICE}=both_used", f"{TWICE}=trigger"]}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return make_house(tmp_path)


@pytest.fixture
def plan(house: House) -> PlanFile:
    made = house.plan()
    review.sign_as_author(made, AUTHOR, house.key(AUTHOR), house.settings, MADE)
    return made


def sign(house: House, plan: PlanFile, *choices: tuple[str, Any], who: str = REVIEWER, **details: Any) -> None:
    review.decide(plan, who, [Choice(verb, of) for verb, of in choices], NOW, Details(**details))
    review.sign(plan, who, house.key(who), house.settings, NOW)


def receipt(plan: PlanFile, cases: int, not_done: Any = (), name: str = "20260601T140000Z") -> None:
    reviewers = [{"digest": canonical.digest(path.read_bytes())} for path in plan.folder.glob("review-*.json")]
    made = {"done": {"cases": cases}, "not_done": list(not_done), "people": {"reviewers": reviewers}}
    (plan.folder / f"receipt-{name}.json").write_text(json.dumps(made))
    (plan.folder / f"receipt-{name}.html").write_text("")


def stands(house: House, now: Any = NOW, verified: bool = True) -> PlanStanding:
    [plan] = standing(house.outputs, house.settings if verified else None, now)
    return plan


def told(house: House, **how: Any) -> tuple[str, int, int, int]:
    plan = stands(house, **how)
    return plan.state, plan.undecided, plan.approved, plan.applied


def test_there_may_be_none(tmp_path: Path) -> None:
    assert standing(tmp_path) == []


@pytest.mark.parametrize("verified", [True, False])
def test_a_plan_that_nobody_reviewed_waits(house: House, plan: PlanFile, verified: bool) -> None:
    assert told(house, verified=verified) == ("waiting", 6, 0, 0)
    made = stands(house)
    assert (made.plan, made.source, made.author, made.cases) == (plan.id, "shop", AUTHOR, 6)
    assert (made.made_at, made.expires) == (MADE, MADE + timedelta(days=7))


@pytest.mark.parametrize("verified", [True, False])
def test_what_is_signed_is_approved_and_the_rest_waits(house: House, plan: PlanFile, verified: bool) -> None:
    review.decide(plan, REVIEWER, [Choice("approve", "all")], NOW, Details())
    assert told(house, verified=verified)[0] == "waiting", "decisions that are not signed are nobody's word"
    sign(house, plan, ("approve", "all"))
    assert told(house, verified=verified) == ("approved", 2, 4, 0)
    sign(house, plan, ("approve", BLOCKED), ("approve", TWICE), **WAIVED)
    assert told(house, verified=verified) == ("approved", 0, 6, 0)


def test_all_rejected_waits_for_nobody(house: House, plan: PlanFile) -> None:
    sign(house, plan, ("reject", "all"))
    assert told(house) == ("rejected", 0, 0, 0)


def test_a_second_reviewer_may_be_missing(house: House) -> None:
    house.configure("approvals = 2")
    plan = house.plan(policy={"approvals": 2, "approvals_by_risk": {}})
    review.sign_as_author(plan, AUTHOR, house.key(AUTHOR), house.settings, MADE)
    sign(house, plan, ("approve", "all"))
    assert told(house) == ("waiting", 6, 0, 0)
    sign(house, plan, ("approve", "all"), who=SECOND)
    assert told(house) == ("approved", 2, 4, 0)


def test_expired_is_expired_and_what_was_done_of_it_stays_told(house: House, plan: PlanFile) -> None:
    sign(house, plan, ("approve", "all"))
    late = MADE + timedelta(days=7)
    assert told(house, now=late - timedelta(seconds=1))[0] == "approved"
    assert told(house, now=late)[0] == "expired"
    receipt(plan, 1, [{"state": "not reached", "cases": 3}])
    assert told(house, now=late) == ("applied", 0, 0, 1)


def test_applied_where_the_receipt_is_of_all_that_is_approved(house: House, plan: PlanFile) -> None:
    sign(house, plan, ("approve", "all"))
    receipt(plan, 3, [{"state": "stale", "cases": 1}, {"state": "undecided", "cases": 1}, {"state": "undecided", "cases": 1}])
    assert told(house) == ("applied", 2, 4, 3)
    made = stands(house)
    assert made.receipt == plan.folder / "receipt-20260601T140000Z.html"
    sign(house, plan, ("approve", BLOCKED), waive=[f"{BLOCKED}=privileged"])
    assert told(house) == ("approved", 1, 5, 3), "somebody approved more since"
    receipt(plan, 4, name="20260601T150000Z")
    assert told(house)[0] == "applied"


def test_an_apply_that_broke_off_leaves_it_approved(house: House, plan: PlanFile) -> None:
    sign(house, plan, ("approve", "all"))
    receipt(plan, 1, [{"state": "not reached", "cases": 3}])
    assert told(house) == ("approved", 2, 4, 1)


def test_a_plan_without_cases_was_not_applied_and_waits_for_nobody(house: House) -> None:
    plan = house.plan([])
    review.sign_as_author(plan, AUTHOR, house.key(AUTHOR), house.settings, MADE)
    assert told(house) == ("empty", 0, 0, 0)


def _author_gone(plan: PlanFile) -> None:
    (plan.folder / "author.json").unlink()


def _signature_of_another(plan: PlanFile) -> None:
    path = plan.folder / f"{review_file(REVIEWER)}.sig"
    path.write_bytes((plan.folder / "author.json.sig").read_bytes())


def _bytes_changed(plan: PlanFile) -> None:
    plan.path.write_bytes(plan.path.read_bytes().replace(b'"key":"1"', b'"key":"8"'))


def _receipt_cut(plan: PlanFile) -> None:
    (plan.folder / "receipt-20260601T140000Z.json").write_text("{")


def _receipt_of_another_shape(plan: PlanFile) -> None:
    (plan.folder / "receipt-20260601T140000Z.json").write_text("[]")


def _no_plan_at_all(plan: PlanFile) -> None:
    plan.path.write_text("hello\n")


BREAKING = (_author_gone, _signature_of_another, _bytes_changed, _receipt_cut, _receipt_of_another_shape, _no_plan_at_all)


@pytest.mark.parametrize("wreck", BREAKING, ids=lambda each: each.__name__)
def test_what_cannot_be_relied_on_is_broken_and_hides_no_other(house: House, plan: PlanFile, wreck: Any) -> None:
    sign(house, plan, ("approve", "all"))
    other = house.plan(CASES[:1])
    wreck(plan)
    by_id = {each.plan: each for each in standing(house.outputs, house.settings, NOW)}
    assert by_id[plan.id].state == "broken"
    assert by_id[plan.id].why
    assert by_id[plan.id].source == "shop"
    assert by_id[other.id].why == f"Plan {other.id} is not signed by its author."


def test_another_policy_by_now_breaks_it(house: House, plan: PlanFile) -> None:
    sign(house, plan, ("approve", "all"))
    house.configure("approvals = 2")
    assert stands(house).state == "broken"
    assert "policy" in stands(house).why or "approvals" in stands(house).why


def test_a_real_plan_from_start_to_end(shop: Shop) -> None:
    people = People(shop.home)
    shop.execute("UPDATE customer SET barcode = NULL WHERE id < 3")
    book = Workbook.open("shop", shop.config, shop.outputs)
    made = book.plan("author@example.com", people.key("author@example.com"))["plan"]

    def state() -> tuple[str, int, int]:
        [plan] = standing(shop.outputs, book.settings)
        return plan.state, plan.approved, plan.applied

    people.key(REVIEWER)
    assert state() == ("waiting", 0, 0)
    book.sign(made, REVIEWER, people.key(REVIEWER), approve=["all"])
    assert state() == ("approved", 2, 0)
    book.apply(made)
    assert state() == ("approved", 2, 0), "a rehearsal is nothing"
    book.apply(made, commit=True)
    assert state() == ("applied", 2, 2)
