"""A plan in a notebook: frames of cases, what is left, one case before and after; nothing that strangers typed acts."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from mendbook.desk.plan_view import COLUMNS, PlanView
from mendbook.errors import ConfigError
from mendbook.model import Blocker, Option
from support.people import AUTHOR, People
from support.planning import case, creating, leaving, removing, repairs, rows_of, setting
from support.shop import DAMAGE, Shop

HOSTILE = "<script>alert(1)</script>$x$\\u202e"
TWICE = f"""
ALTER TABLE customer DROP CONSTRAINT customer_user_id_key;
INSERT INTO customer VALUES (11, 1, E'{HOSTILE}', 'C-11', true, '2026-03-02 12:00Z');
"""


def doubled(tables: Any, founds: Any) -> Any:
    """Removes both rows, blocked, with an option and reasons that hold an address."""
    cases = yield from removing()(tables, founds)
    options = (Option("phone", "from 12 of ana@example.com", True, 0, "phone"), Option("right", "not moved", False, 1))
    because = ("kept none: ana@example.com <b>",)
    return [
        case(
            found, *made.changes, blockers=(Blocker("cascade", "x"),), options=options, because=because, leaves=("ghost_user",)
        )
        for found, made in zip(founds, cases, strict=True)
    ]


@pytest.fixture
def view(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> PlanView:
    """A plan of missing_profile, null_flag and a blocked duplicate_profile; a blank profile is left."""
    return planned(shop, monkeypatch)


def planned(shop: Shop, monkeypatch: pytest.MonkeyPatch, reveal: bool = False) -> PlanView:
    shop.execute(DAMAGE + TWICE)
    with repairs(
        monkeypatch,
        null_flag=setting(invited="f"),
        missing_profile=creating(phone=None),
        duplicate_profile=doubled,
        blank_profile=leaving("ask ana@example.com"),
    ):
        book = shop.book(reveal)
        return book.plan_view(book.plan(AUTHOR, People(shop.home).key(AUTHOR))["plan"])


def test_cases_as_a_frame(view: PlanView) -> None:
    frame = view.cases()
    assert tuple(frame.columns) == COLUMNS
    assert frame[["case", "repair", "risk", "state", "blockers", "rows"]].values.tolist() == [
        ["missing_profile/customer/6", "mend", "low", "undecided", "", 1],
        ["null_flag/customer/7", "mend", "low", "undecided", "", 1],
        ["duplicate_profile/customer/1", "mend", "low", "blocked", "cascade", 2],
    ]
    assert "ana@" not in "".join(frame["because"])


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ({"kind": "null_flag"}, ["7"]),
        ({"state": "blocked"}, ["1"]),
        ({"state": "approved"}, []),
        ({"risk": "low", "profile": "customer", "repair": "mend"}, ["6", "7", "1"]),
        ({"risk": "high"}, []),
        ({"limit": 2}, ["6", "7"]),
        ({"every": 2}, ["6", "1"]),
    ],
)
def test_filters(view: PlanView, asked: dict[str, Any], keys: list[str]) -> None:
    assert list(view.cases(**asked)["case_key"]) == keys


def test_counts_and_what_is_left(view: PlanView) -> None:
    counts = view.counts().frame
    assert counts[["kind", "cases", "blocked", "rows"]].values.tolist() == [
        ["duplicate_profile", 1, 1, 2],
        ["missing_profile", 1, 0, 1],
        ["null_flag", 1, 0, 1],
    ]
    left = view.left()
    assert left.frame[["kind", "cases"]].values.tolist() == [["blank_profile", 1]]
    assert "ana@" not in left._repr_html_()
    assert list(view.header().frame["what"])[:2] == ["plan", "digest (SHA-256)"]
    assert set(view.repairs().frame["kind"]) == {"null_flag", "missing_profile", "duplicate_profile", "blank_profile"}
    assert "3 cases, 1 left" in repr(view)


def test_a_case_before_and_after(view: PlanView) -> None:
    page = view.case("7")._repr_html_()
    assert "<td style='text-align:left;font-weight:700;border-left:4px solid #a63a00'>NULL</td>" in page
    assert page.count("≠") == 1
    created = view.case("missing_profile/customer/6")
    assert "(drawn when it is made)" in created._repr_html_()
    assert repr(created) == "missing_profile of customer 6: mend, low risk, undecided: customer added"


def test_hostile_text_is_inert_and_people_are_masked(view: PlanView) -> None:
    page = view.case("duplicate_profile/customer/1")._repr_html_()
    for hidden in ("<script>", "alert", "ana@example.com", "555-1", "<b>"):
        assert hidden not in page
    assert "mathjax_ignore" in page
    for shown in ("Blocked by cascade", "done unless declined", "not done unless accepted", "knowingly leaves: ghost_user"):
        assert shown in page


def test_revealed_text_is_inert_too(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    page = planned(shop, monkeypatch, reveal=True).case("duplicate_profile/customer/1")._repr_html_()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;$x$⟨U+202E⟩" in page
    assert "kept none: ana@example.com &lt;b&gt;" in page
    assert "<script>" not in page


def test_samples_of_large_groups(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute("INSERT INTO customer (id, user_id, phone) SELECT n, NULL, '5' FROM generate_series(20, 29) n")

    def remove(tables: Any, founds: Any) -> Any:
        yield from rows_of(tables, founds)
        return (yield from removing()(tables, founds))

    with repairs(monkeypatch, orphan_profile=remove):
        book = shop.book()
        view = book.plan_view(book.plan(AUTHOR, People(shop.home).key(AUTHOR))["plan"])
    every = [each.document["case_key"] for each in view.sample("orphan_profile", 100)]
    assert len(every) == 10
    assert [each.document["case_key"] for each in view.sample("orphan_profile", 2)] == [every[2], every[7]]
    assert view.sample("orphan_profile", 2, repair="other") == []
    with pytest.raises(ConfigError, match="no case of 'null_flag'"):
        view.sample("null_flag")


def test_browsing(view: PlanView, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "3 shown, 3 in the plan" in view.browse().caption
    monkeypatch.setenv("MENDBOOK_RUN", "x")
    table = view.browse(rows=1, risk="low")
    assert isinstance(table.frame, pd.DataFrame)
    assert "1 shown, 3 in the plan" in table.caption
