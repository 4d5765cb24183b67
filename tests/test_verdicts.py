"""What becomes of a case when several people have decided on it."""

from __future__ import annotations

from typing import Any

import pytest
from mendbook.model import Case, Change, Option
from mendbook.plans.outlines import Outline
from mendbook.reviews.decisions import Decision
from mendbook.reviews.verdicts import APPROVED, DEFERRED, REJECTED, UNDECIDED, Verdict, combine, effective, needed
from support.plans import CASES, case, image, update

OUTLINE = Outline("k/1", "k", None, "1", "set", "low", (), (("phone", True), ("right", False)))


def vote(verb: str = "approve", **more: Any) -> Decision:
    return Decision("k/1", verb, **more)


def votes(*given: Decision) -> list[tuple[str, Decision]]:
    return [(f"person{number}", each) for number, each in enumerate(given)]


@pytest.mark.parametrize(
    ("given", "need", "state", "why"),
    [
        ([], 1, UNDECIDED, "nobody has decided on it"),
        ([vote()], 1, APPROVED, ""),
        ([vote()], 2, UNDECIDED, "1 of 2 people have approved it"),
        ([vote(), vote()], 2, APPROVED, ""),
        ([vote(), vote(), vote("reject", comment="wrong row")], 2, REJECTED, "rejected by person2: wrong row"),
        ([vote(), vote("defer")], 1, DEFERRED, "deferred by person1"),
        ([vote("defer"), vote("reject")], 1, REJECTED, "rejected by person1"),
        ([vote(accepted=("right",)), vote()], 2, UNDECIDED, "its reviewers choose differently of right"),
        ([vote(), vote(declined=("phone",))], 1, UNDECIDED, "its reviewers choose differently of phone"),
        ([vote(accepted=("phone",)), vote(declined=("right",))], 2, APPROVED, ""),
    ],
)
def test_the_careful_word_wins(given: list[Decision], need: int, state: str, why: str) -> None:
    verdict = combine(OUTLINE, votes(*given), need)
    assert (verdict.state, verdict.why) == (state, why)


def test_what_was_chosen_and_waived() -> None:
    outline = Outline("k/1", "k", None, "1", "set", "low", ("trigger",), OUTLINE.options)
    given = vote(waived=("trigger",), accepted=("right",), declined=("phone",))
    verdict = combine(outline, votes(given), 1)
    assert verdict == Verdict(APPROVED, "", ("person0",), ("trigger",), (("phone", False), ("right", True)))
    assert combine(outline, [], 1).why == "it is blocked (trigger), and nobody has decided on it"


def test_how_many_are_missing() -> None:
    assert [combine(OUTLINE, votes(*[vote()] * number), 3).missing for number in range(4)] == [3, 2, 1, 0]


def test_the_risk_may_ask_for_more_and_never_for_fewer() -> None:
    policy = {"approvals": 2, "approvals_by_risk": {"high": 3, "low": 1}}
    assert [needed(policy, risk) for risk in ("low", "medium", "high")] == [2, 2, 3]
    assert needed({"approvals": 1}, "high") == 1


# -- options -------------------------------------------------------------------------------------------------------------

FULL = update("9", image(id="9", phone=" ", email=" "), image(id="9", phone="555", email="a@example.com"))
MOVED = Change("9", "auth_group", "update", "5", image(id="5", user="8"), image(id="5", user="9"), 3)
GONE = Change("9", "auth_group", "delete", "5", image(id="5", user="8"), None, 1)
OPTIONS = (
    Option("phone", "", True, 0, "phone"),
    Option("email", "", True, 0, "email"),
    Option("right", "", False, 1, None, MOVED),
)
FILL = case("9", changes=(FULL, GONE), options=OPTIONS)


def done(of: Case, **chosen: bool) -> tuple[Change, ...]:
    made = effective(of, Verdict(APPROVED, chosen=tuple(chosen.items())))
    assert made.options == ()
    return made.changes


def test_without_options_it_is_the_case_itself() -> None:
    assert effective(CASES[0], Verdict(APPROVED)) is CASES[0]


def test_what_nobody_chose_is_as_the_case_has_it() -> None:
    assert done(FILL) == (FULL, GONE)


def test_a_declined_column_keeps_what_it_has() -> None:
    changed, _ = done(FILL, phone=False)
    assert changed.after == image(id="9", phone=" ", email="a@example.com")
    assert changed.before == FULL.before


def test_a_change_of_which_nothing_is_left_drops_out() -> None:
    assert done(FILL, phone=False, email=False) == (GONE,)


def test_a_change_that_only_draws_stays() -> None:
    drawing = Change("9", "customer", "update", "9", image(id="9", a="x"), image(id="9", a="y"), 6, {"at": "now"})
    (changed,) = done(case("9", changes=(drawing,), options=(Option("a", "", True, 0, "a"),)), a=False)
    assert changed.after == changed.before


def test_a_case_that_changes_nothing_from_the_start_stays_as_it_is() -> None:
    same = update("9", image(id="9"), image(id="9"))
    assert done(case("9", changes=(same, FULL), options=(Option("phone", "", True, 1, "phone"),)), phone=False)[0] is same


def test_an_accepted_option_takes_the_place_of_the_change() -> None:
    assert done(FILL, right=True) == (FULL, MOVED)
    assert done(case("9", changes=(FULL, GONE), options=(Option("gone", "", True, 1),)), gone=False) == (FULL,)


def test_an_option_that_is_not_taken_of_itself() -> None:
    cautious = case("9", changes=(FULL,), options=(Option("phone", "", False, 0, "phone"),))
    assert done(cautious)[0].after == image(id="9", phone=" ", email="a@example.com")
    assert done(cautious, phone=True) == (FULL,)


def test_a_declined_column_of_a_change_that_another_option_took_away() -> None:
    both = (Option("row", "", True, 0), Option("phone", "", True, 0, "phone"))
    assert done(case("9", changes=(FULL,), options=both), row=False, phone=False) == ()


def test_a_declined_column_of_a_new_row_is_empty() -> None:
    new = Change("9", "customer", "insert", "9", None, {"id": "9", "phone": "555"}, 4)
    (made,) = done(case("9", changes=(new,), options=(Option("phone", "", True, 0, "phone"),)), phone=False)
    assert made.after == image(id="9", phone=None)
