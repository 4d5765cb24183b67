"""The kernel's side of the review table: its answers to messages, what they leave on the disk, and what is never told."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mendbook.desk import reveal_log
from mendbook.desk import watch as review_watch
from mendbook.desk.answers import MOST_TOLD, Desk
from mendbook.digests import canonical
from mendbook.errors import OutputError, Refused
from mendbook.model import Case, Change, Option, Row
from mendbook.plans import files as plan_files
from mendbook.plans.case_index import CaseIndex
from mendbook.plans.files import PlanFile
from mendbook.reviews import decision_log, review
from mendbook.reviews.decisions import Choice, Decision, Details
from mendbook.reviews.statements import read_paper
from support.databases import TestDatabase
from support.many_cases import BLOCKED_EVERY, many_cases
from support.merges import MAPPING, USERS, Merges
from support.plans import (
    AUTHOR,
    BLOCKED,
    CASES,
    CODE,
    FILL,
    NAMES,
    NOW,
    OTHER,
    PLAIN,
    REVIEWER,
    SECOND,
    TWICE,
    House,
    case,
    house,
    image,
    update,
)
from support.proposing import source

HOSTILE = "\u202e<img src=x onerror=alert(1)>\x1b[31m"


@pytest.fixture(scope="module")
def signed_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """People with keys; every plan made in it is of its own cases."""
    return house(tmp_path_factory.mktemp("house"))


@pytest.fixture
def home(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.configure()
    return made


@pytest.fixture
def plan(home: House) -> PlanFile:
    return home.plan()


@pytest.fixture
def desk(home: House, plan: PlanFile) -> Desk:
    return at(home, plan)


def at(home: House, plan: PlanFile, who: str = REVIEWER, **more: Any) -> Desk:
    return Desk(plan, home.settings, who, clock=lambda: NOW, **more)


def ask(desk: Desk, kind: str, **message: Any) -> dict[str, Any]:
    """The answer to a message; with it, it may be told what others changed."""
    answer, *others = desk.answer({"type": kind, "id": 7, **message})
    assert {each["type"] for each in others} <= {"changed"}
    assert answer["re"] == 7
    json.dumps(answer)
    return answer


def refused(desk: Desk, kind: str, **message: Any) -> str:
    answer = ask(desk, kind, **message)
    assert answer["type"] == "refused"
    return f"{answer['message']} {answer['hint']}"


def listed(desk: Desk, **view: Any) -> list[int]:
    return [row["n"] for row in ask(desk, "rows", view=view, **{"from": 0, "to": 99})["rows"]]


def decide(desk: Desk, decision: str, *cases: int, **more: Any) -> dict[str, Any]:
    answer = ask(desk, "decide", cases=list(cases), decision=decision, **more)
    assert answer["type"] == "decided", answer
    return answer


def log(plan: PlanFile, who: str = REVIEWER) -> list[Any]:
    return list(canonical.read_lines(decision_log.file_of(plan, who).read_bytes()))


# -- opening and looking -------------------------------------------------------------------------------------------------


def test_opened(desk: Desk, plan: PlanFile) -> None:
    opened = ask(desk, "open")
    assert (opened["type"], opened["plan"], opened["total"], opened["author"]) == ("opened", plan.id, 6, AUTHOR)
    assert opened["progress"] == {"decided": 0, "total": 6, "approve": 0, "reject": 0, "defer": 0, "unsigned": 0}
    assert opened["facets"] == {
        "kind": ["null_flag", "missing_code", "blank_profile", "duplicate_user"],
        "profile": ["customer", ""],
        "risk": ["low", "medium", "high"],
        "repair": ["set", "draw", "fill", "merge"],
    }
    merges = opened["kinds"][-1]
    assert (merges["kind"], merges["cases"], merges["blocked"], merges["risk"]) == ("duplicate_user", 2, 2, "high")
    assert merges["title"]
    assert opened["barred"] is None
    assert opened["signing"]["command"] == f"mendbook sign {plan.id} --as {REVIEWER} --key FILE"


def test_a_row(desk: Desk) -> None:
    rows = ask(desk, "rows", view={}, **{"from": 4, "to": 5})
    assert (rows["type"], rows["from"]) == ("rows", 4)
    assert rows["rows"] == [
        {
            "n": 4,
            "case": BLOCKED,
            "kind": "duplicate_user",
            "profile": "",
            "key": "4",
            "repair": "merge",
            "risk": "high",
            "blockers": ["privileged"],
            "rows": 1,
            "because": "",
            "decision": None,
            "comment": False,
            "unsigned": False,
            "state": "blocked",
            "others": "",
        }
    ]


@pytest.mark.parametrize(
    ("view", "numbers"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"kind": None, "profile": None, "mine": None, "search": "", "sort": "plan"}, [0, 1, 2, 3, 4, 5]),
        ({"kind": "null_flag"}, [0, 1]),
        ({"kind": "no_such_kind"}, []),
        ({"profile": "customer", "risk": "low"}, [0, 1, 3]),
        ({"profile": ""}, [4, 5]),
        ({"repair": "draw"}, [2]),
        ({"state": "blocked"}, [4, 5]),
        ({"state": "applied"}, []),
        ({"blocked": False}, [0, 1, 2, 3]),
        ({"blocked": True, "descending": True}, [5, 4]),
        ({"search": "MISSING"}, [2]),
        ({"search": "duplicate a/b"}, [5]),
        ({"search": "duplicate null_flag"}, []),
        ({"sort": "kind"}, [3, 4, 5, 2, 0, 1]),
        ({"sort": "kind", "descending": True}, [0, 1, 2, 4, 5, 3]),
        ({"sort": "risk", "descending": True}, [4, 5, 2, 0, 1, 3]),
        ({"sort": "state"}, [0, 1, 2, 3, 4, 5]),
        ({"sort": "case_key"}, [0, 2, 1, 4, 3, 5]),
        ({"sort": "rows", "kind": "duplicate_user"}, [4, 5]),
        ({"grouped": True}, [0, 1, 2, 3, 4, 5]),
        ({"grouped": True, "sort": "kind"}, [3, 4, 5, 2, 0, 1]),
        ({"grouped": True, "sort": "risk", "descending": True}, [4, 5, 2, 0, 1, 3]),
        ({"grouped": True, "sort": "kind", "descending": True}, [0, 1, 2, 4, 5, 3]),
        ({"grouped": True, "descending": True}, [1, 0, 2, 3, 5, 4]),
        ({"grouped": True, "sort": "case_key", "descending": True}, [1, 0, 2, 3, 5, 4]),
    ],
)
def test_filters_and_orders(desk: Desk, view: dict[str, Any], numbers: list[int]) -> None:
    assert listed(desk, **view) == numbers


def test_next_undecided(desk: Desk) -> None:
    decide(desk, "reject", 0, 1, 4)
    view = {"sort": "plan"}
    assert [ask(desk, "next", view=view, **{"from": start})["at"] for start in (0, 3, 4, 5, 6)] == [2, 3, 5, 5, 2]
    assert ask(desk, "next", view={"mine": "decided"}, **{"from": 0})["at"] is None


def test_groups(desk: Desk) -> None:
    decide(desk, "defer", 1)
    viewed = ask(desk, "view", view={"grouped": True})
    told = [(each["kind"], each["risk"], each["from"], each["count"], each["decided"]) for each in viewed["groups"]]
    assert told == [
        ("null_flag", "low", 0, 2, 1),
        ("missing_code", "medium", 2, 1, 0),
        ("blank_profile", "low", 3, 1, 0),
        ("duplicate_user", "high", 4, 2, 0),
    ]
    assert viewed["total"] == 6
    assert ask(desk, "view", view={"grouped": True, "kind": "none"})["groups"] == []
    assert ask(desk, "view", view={})["groups"] == []


def test_by_rows(home: House) -> None:
    many = case("3", changes=(update("3", image(a="1"), image(a="2")), update("4", image(a="1"), image(a="2"))))
    desk = at(home, home.plan([case("1"), many, case("2")]))
    assert listed(desk, sort="rows", descending=True) == [1, 0, 2]


def test_an_order_stays_while_it_is_looked_at(desk: Desk) -> None:
    open_cases = {"mine": "undecided"}
    assert listed(desk, **open_cases) == [0, 1, 2, 3, 4, 5]
    decide(desk, "approve", 0)
    assert listed(desk, **open_cases) == [0, 1, 2, 3, 4, 5], "rows do not run away under the reader's hands"
    assert ask(desk, "view", view=open_cases)["total"] == 5
    assert listed(desk, **open_cases) == [1, 2, 3, 4, 5]
    assert listed(desk, mine="decided") == [0]
    for number in range(20):
        listed(desk, search=f"nothing-{number}")
    assert listed(desk, state="approved") == [0]


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        {},
        {"type": "rows"},
        {"type": ["open"]},
        {"type": "explode"},
        {"type": "rows", "view": {}, "from": "x", "to": 1},
        {"type": "rows", "view": {}, "from": 0, "to": float("inf")},
        {"type": "view", "view": None},
        {"type": "view", "view": {"sort": "phone"}},
        {"type": "view", "view": {"order": "kind"}},
        {"type": "view", "view": {"kind": 3}},
        {"type": "view", "view": {"blocked": "yes"}},
        {"type": "view", "view": {"search": 3}},
        {"type": "view", "view": {"mine": "some"}},
        {"type": "case", "case": 6},
        {"type": "case", "case": -1},
        {"type": "case", "case": True},
        {"type": "case", "case": "1"},
        {"type": "decide", "cases": [0]},
        {"type": "decide", "cases": [0], "decision": "aprove"},
        {"type": "decide", "cases": [], "decision": "approve"},
        {"type": "decide", "cases": [0], "decision": "approve", "comment": 3},
        {"type": "decide", "cases": [0], "decision": "approve", "comment": "\ud800"},
        {"type": "decide", "cases": [0], "decision": "approve", "waive": "privileged"},
        {"type": "decide", "cases": [0], "decision": "approve", "accept": [3]},
        {"type": "decide_all", "token": [], "decision": "approve", "seen": []},
    ],
)
def test_messages_that_cannot_be_meant(desk: Desk, plan: PlanFile, message: Any) -> None:
    (answer,) = desk.answer({**message, "id": 3} if isinstance(message, dict) else message)
    assert answer["type"] == "refused"
    assert answer["re"] == (3 if isinstance(message, dict) else None)
    assert answer["message"]
    assert answer["hint"]
    json.dumps(answer)
    assert not decision_log.file_of(plan, REVIEWER).exists()


# -- deciding ------------------------------------------------------------------------------------------------------------


def test_a_decision_is_on_the_disk_as_the_command_line_writes_it(home: House, plan: PlanFile, desk: Desk) -> None:
    answer = decide(desk, "approve", 1, comment="seen")
    assert answer["cases"] == {
        "1": {"decision": "approve", "comment": True, "unsigned": True, "state": "approved", "others": ""}
    }
    assert answer["progress"] == {"decided": 1, "total": 6, "approve": 1, "reject": 0, "defer": 0, "unsigned": 1}
    decide(desk, "approve", 5, waive=["trigger", "both_used"])
    decide(desk, "approve", 3, accept=["auth_group:5"], decline=["phone"])
    decide(desk, "reject", 1)
    by_table = decision_log.file_of(plan, REVIEWER).read_bytes()
    assert decision_log.file_of(plan, REVIEWER).stat().st_mode & 0o777 == 0o600
    decision_log.file_of(plan, REVIEWER).unlink()
    for verb, of, details in (
        ("approve", OTHER, Details("seen")),
        ("approve", TWICE, Details(waive=[f"{TWICE}=both_used", f"{TWICE}=trigger"])),
        ("approve", FILL, Details(accept=[f"{FILL}=auth_group:5"], decline=[f"{FILL}=phone"])),
        ("reject", OTHER, None),
    ):
        review.decide(plan, REVIEWER, [Choice(verb, of)], NOW, details)
    assert decision_log.file_of(plan, REVIEWER).read_bytes() == by_table
    assert ask(at(home, plan), "open")["progress"]["reject"] == 1, "another kernel goes on where this one stopped"


def test_several_at_once(desk: Desk, plan: PlanFile) -> None:
    assert set(decide(desk, "defer", 2, 0, 0, 4)["cases"]) == {"0", "2", "4"}
    (entry,) = log(plan)
    assert (entry["of"], entry["cases"]) == ("selected", [CODE, PLAIN, BLOCKED])
    assert {name: each.decision for name, each in review.saved(plan, REVIEWER).items()} == dict.fromkeys(
        entry["cases"], "defer"
    )


def test_a_blocked_case_is_waived_by_name(desk: Desk, plan: PlanFile) -> None:
    assert "blocked by privileged" in refused(desk, "decide", cases=[4], decision="approve")
    assert "blocked by trigger" in refused(desk, "decide", cases=[5], decision="approve", waive=["both_used"])
    assert "blocked by" in refused(desk, "decide", cases=[0, 4], decision="approve"), "one of several refuses all"
    assert "Known blockers: privileged" in refused(desk, "decide", cases=[4], decision="approve", waive=["x", "privileged"])
    assert "only where a case is approved" in refused(desk, "decide", cases=[4], decision="reject", waive=["privileged"])
    assert not decision_log.file_of(plan, REVIEWER).exists()
    decide(desk, "approve", 0, 4, 5, waive=["privileged", "both_used", "trigger"])
    assert review.saved(plan, REVIEWER)[TWICE] == Decision(TWICE, "approve", "", ("both_used", "trigger"))
    assert ask(desk, "case", case=5)["decision"]["waived"] == ["both_used", "trigger"]


def test_options(desk: Desk) -> None:
    before = ask(desk, "case", case=3)["options"]
    assert [(each["name"], each["taken"], each["chosen"]) for each in before] == [
        ("phone", True, True),
        ("auth_group:5", False, False),
    ]
    assert "no option 'fax'" in refused(desk, "decide", cases=[3], decision="approve", accept=["fax"])
    assert "both accept" in refused(desk, "decide", cases=[3], decision="approve", accept=["phone"], decline=["phone"])
    decide(desk, "approve", 3, accept=["auth_group:5"], decline=["phone"])
    after = ask(desk, "case", case=3)
    assert [each["chosen"] for each in after["options"]] == [False, True]
    assert after["decision"] == {"decision": "approve", "waived": [], "accepted": ["auth_group:5"], "declined": ["phone"]}


def test_options_that_look_alike_when_masked(home: House) -> None:
    options = [Option(name, "from 8", True, 0, "phone") for name in ("ana@example.com", "andy@example.com", HOSTILE)]
    plan = home.plan([case("9", "blank_profile", options=options, repair="fill")])
    for reveal in (False, True):
        desk = at(home, plan, reveal=reveal)
        names = [each["name"] for each in ask(desk, "case", case=0)["options"]]
        assert len(set(names)) == 3
        decide(desk, "approve", 0, decline=names[1:])
        assert review.saved(plan, REVIEWER)[plan.one("9")].declined == ("andy@example.com", HOSTILE)


def test_who_may_not_decide_may_look(home: House, plan: PlanFile) -> None:
    for who, why in ((AUTHOR, "their own plan"), ("", "Nobody is named"), ("*", "cannot name a person")):
        desk = at(home, plan, who, reveal=True)
        assert why in ask(desk, "open")["barred"]["message"]
        assert why in refused(desk, "decide", cases=[0], decision="approve")
        assert why in refused(desk, "decide_all", token="", decision="approve", seen=[])
        assert listed(desk) == [0, 1, 2, 3, 4, 5]
        assert ask(desk, "case", case=0)["revealed"] is (who == AUTHOR)
        assert desk.news()
    assert not [*plan.folder.glob("decisions-*")]


def test_a_disk_that_is_full_saves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OutputError("Cannot write: No space left on device.", "Free some space.")

    monkeypatch.setattr(decision_log, "append", full)
    assert "No space left" in refused(desk, "decide", cases=[0], decision="approve")
    assert ask(desk, "open")["progress"]["decided"] == 0
    assert listed(desk, mine="decided") == []


# -- deciding on many ----------------------------------------------------------------------------------------------------


def seen(desk: Desk, **view: Any) -> dict[str, Any]:
    """A sample, looked at."""
    sample = ask(desk, "sample", view=view, count=2)
    for number in sample["cases"]:
        ask(desk, "case", case=number)
    return {"token": sample["token"], "seen": sample["cases"]}


def test_all_that_a_filter_shows(desk: Desk, plan: PlanFile) -> None:
    decide(desk, "reject", 0)
    sample = ask(desk, "sample", view={"profile": "customer", "search": "cust"}, count=2)
    assert (sample["total"], sample["cases"], sample["blocked"]) == (3, [1, 3], 0)
    asked = {"token": sample["token"], "decision": "approve", "comment": "alike"}
    assert "not all looked at" in refused(desk, "decide_all", **asked, seen=[1, 3])
    ask(desk, "case", case=1)
    ask(desk, "case", case=3)
    assert "not all looked at" in refused(desk, "decide_all", **asked, seen=[1])
    answer = ask(desk, "decide_all", **asked, seen=[3, 1])
    assert (answer["type"], answer["count"], answer["passed_over"], answer["progress"]["approve"]) == ("decided", 3, 0, 3)
    entry = log(plan)[-1]
    assert entry["of"] == {"profile": "customer", "search": "cust", "mine": "undecided", "blocked": False}
    assert (entry["cases"], entry["seen"], entry["comment"]) == ([OTHER, CODE, FILL], [OTHER, FILL], "alike")
    assert review.saved(plan, REVIEWER)[CODE] == Decision(CODE, "approve", "alike")


def test_what_was_decided_by_a_filter_is_signed_as_all_else(signed_house: House) -> None:
    signed_house.configure()
    plan = signed_plan(signed_house, snapshot="filter")
    desk = at(signed_house, plan)
    ask(desk, "decide_all", **seen(desk, risk="low"), decision="approve")
    decide(desk, "reject", 2, 4)
    signed = review.sign(plan, REVIEWER, signed_house.key(REVIEWER), signed_house.settings, NOW)
    assert signed.counts == {"approve": 3, "reject": 2, "defer": 0}
    assert sorted(review.approvals(plan, signed_house.settings, NOW).approved) == sorted([PLAIN, OTHER, FILL])


def test_all_passes_over_the_blocked(desk: Desk, plan: PlanFile) -> None:
    answer = ask(desk, "decide_all", **seen(desk), decision="reject")
    assert (answer["count"], answer["passed_over"]) == (4, 2)
    assert set(review.saved(plan, REVIEWER)) == set(NAMES) - {BLOCKED, TWICE}
    assert log(plan)[-1]["of"] == {"mine": "undecided", "blocked": False}
    sample = ask(desk, "sample", view={})
    assert (sample["cases"], sample["total"], sample["blocked"]) == ([], 0, 2)
    assert "No case is left" in refused(desk, "decide_all", token=sample["token"], decision="reject", seen=[])


def test_a_sample_of_another_list(desk: Desk, home: House, plan: PlanFile) -> None:
    sample = seen(desk)
    decide(at(home, plan), "defer", 2)
    answer = desk.answer({"type": "decide_all", "id": 1, **sample, "decision": "approve"})
    assert [each["type"] for each in answer] == ["refused"]
    assert "other cases by now" in answer[0]["message"]
    assert desk.news()[0]["cases"].keys() == {"2"}
    assert "not known here" in refused(desk, "decide_all", token="0" * 16, decision="approve", seen=[])
    for _ in range(9):
        seen(desk)
    assert "not known here" in refused(desk, "decide_all", **sample, decision="approve")
    assert ask(desk, "decide_all", **seen(desk), decision="approve")["count"] == 3


# -- the same plan elsewhere ---------------------------------------------------------------------------------------------


def test_another_kernel_of_the_same_reviewer(home: House, plan: PlanFile, desk: Desk) -> None:
    other = at(home, plan)
    for each in (desk, other):
        each.news()
    assert desk.news() == []
    decide(other, "approve", 0, comment="there")
    (news,) = desk.news()
    assert news["type"] == "changed"
    assert news["cases"] == {"0": {"decision": "approve", "comment": True, "unsigned": True, "state": "approved", "others": ""}}
    assert news["progress"]["approve"] == 1
    assert desk.news() == []
    decide(other, "reject", 1)
    told = desk.answer({"type": "decide", "id": 5, "cases": [2], "decision": "defer"})
    assert [(each["type"], [*each["cases"]]) for each in told] == [("decided", ["2"]), ("changed", ["1"])]
    assert told[0]["progress"] == told[1]["progress"] == ask(other, "open")["progress"]
    decide(other, "reject", 2)
    assert desk.news()[0]["cases"]["2"]["decision"] == "reject", "the later one holds"


def test_a_log_that_was_moved_aside_or_edited(home: House, plan: PlanFile, desk: Desk) -> None:
    decide(desk, "approve", 0, 1)
    desk.news()
    path = decision_log.file_of(plan, REVIEWER)
    path.rename(path.with_suffix(".aside"))
    (news,) = desk.news()
    assert (set(news["cases"]), news["progress"]["decided"]) == ({"0", "1"}, 0)
    decide(desk, "reject", 1)
    good = path.read_bytes()
    path.write_bytes(good + b"{}\n")
    (trouble,) = desk.news()
    assert trouble["type"] == "trouble"
    assert "line 2 is no decision" in trouble["message"]
    assert desk.news() == [], "told once"
    assert "line 2 is no decision" in refused(desk, "decide", cases=[0], decision="approve")
    assert path.read_bytes() == good + b"{}\n", "nothing is put behind it"
    with pytest.raises(Refused, match="line 2"):
        at(home, plan)
    path.write_bytes(good)
    assert desk.news() == []
    path.write_bytes(good.replace(b"null_flag/customer/2", b"null_flag/customer/3"))
    with pytest.raises(Refused, match="no case of plan"):
        at(home, plan)


def test_a_log_in_the_place_of_another(desk: Desk, home: House, plan: PlanFile) -> None:
    decide(desk, "approve", 0)
    path = decision_log.file_of(plan, REVIEWER)
    before = path.read_bytes()
    path.unlink()
    elsewhere = at(home, plan)
    decide(elsewhere, "reject", 1)
    decide(elsewhere, "defer", 2)
    path.write_bytes(path.read_bytes())
    desk.news()
    assert ask(desk, "open")["progress"] == ask(elsewhere, "open")["progress"]
    path.write_bytes(before)  # the very same file, with other lines
    (news,) = desk.news()
    assert {n: state["decision"] for n, state in news["cases"].items()} == {"0": "approve", "1": None, "2": None}
    path.write_bytes(before[:-1])
    assert desk.news()[0]["progress"]["decided"] == 0, "a line that was cut short does not count"


def _decide_often(folder: Path, plan: Path, verb: str) -> None:
    desk = at(House(folder), plan_files.read(plan))
    for number in range(4):
        for _ in range(5):
            assert desk.answer({"type": "decide", "id": 1, "cases": [number], "decision": verb})[0]["type"] == "decided"


def test_processes_at_once(home: House, plan: PlanFile, desk: Desk) -> None:
    context = multiprocessing.get_context("fork")
    running = [
        context.Process(target=_decide_often, args=(home.folder, plan.folder, verb)) for verb in ("approve", "reject", "defer")
    ]
    for each in running:
        each.start()
    for each in running:
        each.join()
        assert each.exitcode == 0
    assert len(log(plan)) == 60
    desk.news()
    last = {name: each.decision for name, each in review.saved(plan, REVIEWER).items()}
    rows = ask(desk, "rows", view={"mine": "decided"}, **{"from": 0, "to": 9})["rows"]
    assert {row["case"]: row["decision"] for row in rows} == last


def signed_plan(people: House, cases: Sequence[Case] = CASES, **other: Any) -> PlanFile:
    plan = people.plan(cases, **other)
    review.sign_as_author(plan, AUTHOR, people.key(AUTHOR), people.settings, NOW)
    return plan


def test_what_others_signed(signed_house: House) -> None:
    plan = signed_plan(signed_house, policy={"approvals": 2, "approvals_by_risk": {}}, snapshot="others")
    mine, theirs = at(signed_house, plan), at(signed_house, plan, SECOND)
    decide(mine, "approve", 0, 2)
    assert ask(mine, "rows", view={}, **{"from": 0, "to": 1})["rows"][0]["state"] == "undecided", "two people are needed"
    decide(theirs, "approve", 0, comment="fine")
    decide(theirs, "reject", 1)
    assert mine.news()[0]["cases"] == {}, "the first look; what others have not signed is nobody else's business"
    signed_house.configure("approvals = 2")
    review.sign(plan, SECOND, signed_house.key(SECOND), signed_house.settings, NOW)
    (news,) = mine.news()
    assert news["cases"]["0"]["state"] == "approved"
    assert news["cases"]["0"]["others"] == f"{SECOND} approves"
    assert (news["cases"]["1"]["state"], news["cases"]["1"]["others"]) == ("rejected", f"{SECOND} rejects")
    assert {each["who"] for each in news["signing"]["signed"]} == {AUTHOR, SECOND}
    assert mine.news() == []
    assert theirs.news()[0]["progress"]["unsigned"] == 0
    assert listed(mine, state="approved") == [0]
    assert listed(at(signed_house, plan), state="rejected") == [1], "told from the start"
    assert decide(theirs, "defer", 1)["progress"]["unsigned"] == 1
    decide(mine, "approve", 1)
    assert ask(mine, "rows", view={}, **{"from": 1, "to": 2})["rows"][0]["state"] == "rejected", "by what was signed"


def test_ones_own_signature_is_seen(signed_house: House) -> None:
    signed_house.configure()
    plan = signed_plan(signed_house, snapshot="own")
    desk = at(signed_house, plan, key="~/.ssh/id", options=" --config 'x'")
    assert ask(desk, "open")["signing"]["command"].endswith("--key '~/.ssh/id' --config 'x'")
    assert ask(desk, "open")["signing"]["state"] == "looking"
    (news,) = desk.news()
    assert news["signing"]["state"] == "refused"
    assert "Nobody has reviewed" in news["signing"]["why"]
    decide(desk, "approve", 0)
    assert ask(desk, "open")["progress"]["unsigned"] == 1
    review.sign(plan, REVIEWER, signed_house.key(REVIEWER), signed_house.settings, NOW)
    (news,) = desk.news()
    assert news["cases"]["0"]["unsigned"] is False
    assert news["progress"]["unsigned"] == 0
    assert news["signing"]["state"] == "approved"
    assert [(each["who"], each["as"]) for each in news["signing"]["signed"]] == [(AUTHOR, "author"), (REVIEWER, "reviewer")]
    decision_log.file_of(plan, REVIEWER).unlink()
    elsewhere = at(signed_house, plan)
    assert listed(elsewhere, state="approved") == [0], "signed on another computer, whose notes are not here"
    decide(elsewhere, "defer", 1)
    assert ask(elsewhere, "view", view={"state": "approved"})["total"] == 0, "the next signature is of what is saved here"
    statement = next(plan.folder.glob("review-*.json"))
    statement.write_bytes(statement.read_bytes().replace(b"approve", b"approvE"))
    (news,) = elsewhere.news()
    assert news["signing"]["state"] == "refused"
    assert listed(at(signed_house, plan), state="approved") == []


# -- details -------------------------------------------------------------------------------------------------------------


def merge(**more: Any) -> Case:
    """Account 12 goes into 3; a customer moves, a ticket collides, a right is an option."""
    user = {"id": "3", "email": "ana@example.com", "phone": None, "password": "hash"}
    loser = {"id": "12", "email": f"Ana@example.com{HOSTILE}", "phone": "555", "password": "other"}
    ticket = {"id": "7", "owner": "12", "title": "late"}
    changes = (
        Change("3", "ticket", "delete", "7", image(**ticket), None, 0),
        Change("3", "customer", "update", "8", image(id="8", owner="12", name="Ana"), image(id="8", owner="3", name="Ana"), 3),
        Change("3", "auth_user", "delete", "12", image(**loser), None, 5),
        Change("3", "auth_user", "update", "3", image(**user), image(**{**user, "phone": "555"}), 6),
        Change("3", "auth_user_groups", "delete", "9", image(id="9", group_id="1"), None, 0),
    )
    because = (
        "kept 3 of auth_user rather than 12: the later login of ana@example.com",
        "1 row moved by customer.owner",
        "ticket 7 goes: in its place stays ticket 6: both would have the same key in ticket_key",
        "auth_user_groups 9 goes: a right that 3 lacks; it moves only if a reviewer accepts it",
    )
    kept = (Row("ticket", "6", image(id="6", owner="3", title="late")), Row("auth_user", "1"))
    given = {"changes": changes, "because": because, "kept": kept, "leaves": ("null_flag",), "profile": None, "repair": "merge"}
    return case("3", "duplicate_user", "high", ("both_used",), **{**given, **more})


def test_a_merge_in_columns(home: House) -> None:
    desk = at(home, home.plan([merge()]))
    told = ask(desk, "case", case=0)
    assert told["title"] == "duplicate_user 3: merge, high risk"
    assert told["because"][0] == "kept 3 of auth_user rather than 12: the later login of a•••@e•••.com"
    assert told["blockers"] == [{"name": "both_used", "why": "because of both_used"}]
    assert (told["leaves"], told["decision"], told["comment"], told["revealed"]) == (["null_flag"], None, "", False)
    merged, right, ticket = told["tables"][0], told["tables"][2], told["tables"][1]
    assert merged["caption"] == "auth_user 3 stays, 12 goes into it"
    assert merged["columns"] == ["column", "survivor", "loser", "afterwards"]
    rows = {row["column"]: (row["cells"], row["differs"]) for row in merged["rows"]}
    assert rows["id"] == (["3", "12", "3"], [False, True, False])
    assert rows["phone"] == (["NULL", "5•••", "5•••"], [False, True, True])
    assert rows["password"] == (["•••"] * 3, [False, True, False])
    assert (ticket["role"], ticket["columns"]) == ("victim", ["column", "goes", "stays"])
    assert {row["column"]: row["differs"][0] for row in ticket["rows"]} == {"id": True, "owner": True, "title": False}
    assert (right["role"], right["columns"]) == ("victim", ["column", "before", "after"])
    assert told["moved"] == [{"table": "customer", "rows": 1, "examples": ["8: owner 12 → 3"]}]
    assert [(each["table"], each["key"]) for each in told["victims"]] == [("ticket", "7"), ("auth_user_groups", "9")]
    assert told["victims"][0]["why"].startswith("in its place stays ticket 6")
    whole = ask(desk, "case", case=0, whole=True)
    assert [each["role"] for each in whole["tables"]] == ["survivor", "victim", "victim", "moved"]


MET = """
CREATE TABLE ticket (id int PRIMARY KEY, owner int REFERENCES auth_user, title text, UNIQUE (owner, title));
CREATE TABLE visit (id int PRIMARY KEY, by int REFERENCES auth_user);
INSERT INTO auth_user (id, username, email, last_login) VALUES
    (1, 'ana', 'ana@example.com', NULL), (2, 'Ana', NULL, '2026-03-01Z');
INSERT INTO ticket VALUES (1, 1, 'late'), (2, 2, 'late'); INSERT INTO visit VALUES (5, 1), (6, 1), (7, 2);
"""


def test_a_merge_as_it_is_planned(home: House, database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database.execute(USERS + MET)
    planned = Merges(database, source(database, MAPPING.format(source=""), tmp_path, monkeypatch)).case()
    told = ask(at(home, home.plan([planned])), "case", case=0)
    assert [(each["caption"], each["role"]) for each in told["tables"]] == [
        ("auth_user 2 stays, 1 goes into it", "survivor"),
        ("ticket 1 goes, 2 stays in its place", "victim"),
    ]
    assert [(each["table"], each["rows"], each["examples"]) for each in told["moved"]] == [
        ("visit", 2, ["5: by 1 → 2", "6: by 1 → 2"])
    ]
    assert [each["key"] for each in told["victims"]] == ["1"]


def test_a_survivor_that_stays_as_it_is_and_two_losers(home: House) -> None:
    changes = tuple(Change("1", "customer", "delete", key, image(id=key, phone=None), None, 5) for key in ("5", "6"))
    because = tuple(f"kept 4 of customer rather than {key}: the older one" for key in ("5", "6"))
    kept = (Row("customer", "4", image(id="4", phone="555")),)
    told = ask(at(home, home.plan([merge(changes=changes, because=because, kept=kept)])), "case", case=0)
    (table,) = told["tables"]
    assert table["columns"] == ["column", "survivor", "loser 1", "loser 2", "afterwards"]
    assert table["caption"] == "customer 4 stays, 5, 6 goes into it"
    assert table["rows"][1] == {
        "column": "phone",
        "cells": ["5•••", "NULL", "NULL", "5•••"],
        "differs": [False, True, True, False],
    }


def test_rows_that_are_added_changed_and_removed(home: House) -> None:
    changes = (
        Change("1", "customer", "insert", None, None, image(user_id="1"), 4, {"id": "default"}),
        update("2", image(id="2", phone="1"), image(id="2", phone="2")),
        Change("1", "customer", "delete", "3", image(id="3"), None, 0),
        Change("1", "log", "update", None, image(x="1"), image(x="2"), 0),
    )
    told = ask(at(home, home.plan([case("1", changes=changes)])), "case", case=0)
    assert [each["caption"] for each in told["tables"]] == [
        "customer: added",
        "customer 2: changed",
        "customer 3: removed",
        "log (its whole row): changed",
    ]
    added, changed, removed, _ = (each["rows"] for each in told["tables"])
    assert added[0] == {"column": "id", "cells": ["", "(drawn when it is made)"], "differs": [False, False]}
    assert changed[1] == {"column": "phone", "cells": ["1•••", "2•••"], "differs": [False, True]}
    assert removed[0]["cells"] == ["3", ""]
    assert (told["moved"], told["victims"], told["more"]) == ([], [], 0)


def test_many_rows_are_counted(home: House) -> None:
    rows = [(image(id=str(n), owner="12", whose="12 a"), image(id=str(n), owner="3", whose="3 a")) for n in range(20, 60)]
    moved = tuple(update(str(n), *each) for n, each in enumerate(rows, 20))
    gone = tuple(Change("3", "note", "delete", str(n), image(id=str(n)), None, 0) for n in range(40))
    plan = home.plan([merge(changes=(*merge().changes, *moved, *gone))])
    told = ask(at(home, plan), "case", case=0)
    (customers,) = told["moved"]
    assert (customers["rows"], len(customers["examples"])) == (41, 5)
    assert customers["examples"][1] == "20: owner 12 → 3, whose 1••• → 3•••"
    assert (len(told["tables"]), told["more"]) == (33, 10)
    whole = ask(at(home, plan), "case", case=0, whole=True)
    assert (len(whole["tables"]), whole["more"]) == (84, 0)


# -- personal data and hostile text --------------------------------------------------------------------------------------


def people(home: House) -> PlanFile:
    """A case that is full of personal data and hostile text, and one that is not."""
    long = "x" * 1_000
    row = image(id="1", name="Ana", email="ana@example.com", text_id=long, note=HOSTILE, password="secret")
    after = image(id="1", name="Bo", email="ana@example.com", text_id=long, note=HOSTILE, password="secret")
    because = (f"ana@example.com said {HOSTILE}",)
    hostile = case("ana@example.com", changes=(update("1", row, after),), because=because, blockers=[HOSTILE])
    return home.plan([hostile, case("2")], author="author@example.com", source=f"shop{HOSTILE}")


def everything(desk: Desk) -> str:
    """All that is ever sent of a plan without revealing anything."""
    desk.answer({"type": "decide", "id": 1, "cases": [0], "decision": "reject", "comment": f"no\n{HOSTILE}"})
    view: dict[str, Any] = {"view": {"grouped": True}}
    told = [ask(desk, "open"), ask(desk, "view", **view), ask(desk, "rows", **view, **{"from": 0, "to": 9})]
    told += [ask(desk, "case", case=number, whole=True) for number in (0, 1)]
    told += [ask(desk, "decide", cases=[0], decision="approve"), ask(desk, "sample", **view), *desk.news()]
    return json.dumps(told, ensure_ascii=False)


def test_nothing_personal_or_hostile_is_sent(home: House) -> None:
    sent = everything(at(home, people(home)))
    for secret in ("ana@", "Ana", "Bo", "secret", "\u202e", "\x1b", "\\u001b"):
        assert secret not in sent
    assert "⟨U+202E⟩" in sent
    assert "a•••@e•••.com" in sent


def test_search_never_matches_what_is_masked(home: House) -> None:
    plan = people(home)
    masked, open_desk = at(home, plan), at(home, plan, reveal=True)
    for word in ("ana@example.com", "Ana", "nA@e", "secret", "xxxx"):
        assert listed(masked, search=word) == []
    assert listed(masked, search="A•••@E•••.COM") == [0]
    assert listed(masked, search="said ⟨u+202e⟩") == listed(masked, search="said \u202e") == [0]
    assert listed(open_desk, search="NA@E") == listed(open_desk, search="bo") == [0]
    assert listed(open_desk, search="secret") == [], "never, not even revealed"


def test_masked_keys_are_sorted_by_what_is_shown(home: House) -> None:
    plan = home.plan([case(f"{name}@example.com") for name in ("az", "ab", "b")] + [case("10"), case("9")])
    assert listed(at(home, plan), sort="case_key") == [4, 3, 0, 1, 2], "which of two that look alike is first is not told"
    assert listed(at(home, plan, reveal=True), sort="case_key") == [4, 3, 1, 0, 2]


def test_a_reveal_is_recorded_first(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = people(home)
    desk = at(home, plan)
    told = ask(desk, "case", case=0, reveal=True)
    assert told["revealed"]
    cells = {row["column"]: row["cells"][0] for row in told["tables"][0]["rows"]}
    assert (cells["email"], cells["name"], cells["password"]) == ("ana@example.com", "Ana", "•••")
    assert cells["text_id"] == "x" * 1_000, "whole"
    assert "ana@example.com" in told["title"]
    masked = {row["column"]: row["cells"][0] for row in ask(desk, "case", case=0)["tables"][0]["rows"]}
    assert masked["text_id"] == "x" * 200 + "… (800 more characters)"
    path = reveal_log.file_of(plan, REVIEWER)
    assert path.stat().st_mode & 0o777 == 0o600
    (line,) = canonical.read_lines(path.read_bytes())
    assert line == {
        "plan": plan.digest,
        "reviewer": REVIEWER,
        "at": "2026-06-01T13:00:00Z",
        "case": "null_flag/customer/ana@example.com",
    }
    ask(desk, "case", case=1, reveal=True)
    ask(desk, "case", case=1, reveal=True)
    assert len(path.read_bytes().splitlines()) == 3, "each time"

    def full(*_: Any) -> None:
        raise OutputError("Cannot write: No space left on device.")

    monkeypatch.setattr(reveal_log, "append", full)
    assert "No space left" in refused(desk, "case", case=0, reveal=True)
    monkeypatch.undo()
    assert not read_paper(plan.folder).files, "it says nothing of who approves"


def test_where_all_is_revealed_each_case_is_recorded_once(home: House) -> None:
    plan = people(home)
    desk = at(home, plan, reveal=True)
    for number in (0, 0, 1):
        assert ask(desk, "case", case=number)["revealed"]
    cases = [line["case"] for line in canonical.read_lines(reveal_log.file_of(plan, REVIEWER).read_bytes())]
    assert cases == ["null_flag/customer/ana@example.com", OTHER]
    nobody = at(home, plan, "")
    assert "cannot name a person" in refused(nobody, "case", case=0, reveal=True)


def test_a_comment_keeps_its_lines(desk: Desk, plan: PlanFile) -> None:
    decide(desk, "defer", 0, comment="one\ntwo\u202e")
    assert ask(desk, "case", case=0)["comment"] == "one\ntwo⟨U+202E⟩"
    assert log(plan)[0]["comment"] == "one\ntwo\u202e"


# -- the plan's file, and many cases -------------------------------------------------------------------------------------


def test_a_plan_that_changes_under_review(desk: Desk, plan: PlanFile) -> None:
    plan.path.write_bytes(plan.path.read_bytes().replace(b'"f"', b'"t"', 1))
    assert "not the one any more" in refused(desk, "case", case=0)
    assert "not the one any more" in refused(desk, "rows", view={}, **{"from": 0, "to": 5})
    assert "not the one any more" in refused(desk, "view", view={"search": "flag"})
    plan.path.unlink()
    assert "Cannot read" in refused(desk, "case", case=0)
    assert desk.news()[0]["signing"]["state"] == "refused"


def test_what_is_signed_cannot_be_looked_at(signed_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_house.configure()
    plan = signed_plan(signed_house, snapshot="unreadable")
    times = iter([NOW, NOW + timedelta(days=1), NOW + timedelta(days=9), NOW + timedelta(days=9)])
    monkeypatch.setattr(review_watch, "_AT_ONCE", -1)
    desk = Desk(plan, signed_house.settings, REVIEWER, clock=lambda: next(times, NOW + timedelta(days=10)))
    assert "Nobody has reviewed" in desk.news()[0]["signing"]["why"]
    assert "expired" in desk.news()[0]["signing"]["why"], "by the clock alone"
    for error, why in ((OutputError("Cannot read it.", "Look."), "Cannot read it."), (OSError(5, "I/O error"), "I/O error")):

        def panel(*_: Any, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(review_watch, "panel", panel)
        (plan.folder / "author.json").touch()
        (news,) = desk.news()
        assert (news["signing"]["state"], news["signing"]["signed"]) == ("refused", [])
        assert why in news["signing"]["why"]


def test_an_index_of_a_plan_that_is_another_by_now(plan: PlanFile) -> None:
    with pytest.raises(Refused, match="changed while it was read"):
        CaseIndex(replace(plan, digest="ab" * 32))


def test_a_plan_without_cases(home: House) -> None:
    desk = at(home, home.plan([]))
    assert (ask(desk, "open")["total"], listed(desk, grouped=True), listed(desk, search="x")) == (0, [], [])
    assert ask(desk, "sample", view={})["cases"] == []


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> PlanFile:
    return many_cases(tmp_path_factory.mktemp("crowd"), 100_000)


def test_a_hundred_thousand_cases(crowd: PlanFile, signed_house: House) -> None:
    signed_house.configure()
    desk = Desk(crowd, signed_house.settings, REVIEWER)
    opened = ask(desk, "open")
    assert (opened["total"], sum(each["cases"] for each in opened["kinds"])) == (100_000, 100_000)
    last = ask(desk, "rows", view={"grouped": True, "sort": "case_key", "descending": True}, **{"from": 99_940, "to": 100_000})
    assert len(last["rows"]) == 60
    assert last["rows"][-1]["n"] == 90_000
    assert listed(desk, search="MERGE duplicate_user/99998") == [99_998]
    value = desk.index.values([99_999])[0]
    assert plan_files.case_of(value).name == desk.index.outlines[99_999].name
    assert decide(desk, "approve", 5)["progress"]["decided"] == 1
    sample = ask(desk, "sample", view={"kind": "duplicate_user"}, count=5)
    assert (sample["total"], sample["blocked"]) == (10_000 - 10_000 // BLOCKED_EVERY, 10_000 // BLOCKED_EVERY)
    assert len({number // 2_000 for number in sample["cases"]}) == 5, "evenly spread"
    answer = ask(desk, "decide_all", **seen(desk, kind="null_flag"), decision="defer")
    assert (answer["count"], answer["progress"]["decided"]) == (39_999, 40_000)
    again = Desk(crowd, signed_house.settings, REVIEWER)
    assert ask(again, "open")["progress"] == answer["progress"]
    again.news()
    ask(desk, "decide_all", **seen(desk, kind="missing_code"), decision="reject")
    (news,) = again.news()
    assert news["cases"] is None, f"more than {MOST_TOLD}: ask again for what is shown"


def test_the_plan_of_many_cases_is_a_plan(tmp_path: Path) -> None:
    plan = many_cases(tmp_path, 300)
    cases = [*plan_files.read(plan.folder).cases()]
    assert len(cases) == 300
    assert plan.path.read_bytes().splitlines(keepends=True)[1:] == [plan_files.case_line(each) for each in cases]
    assert datetime.fromisoformat(plan.header.expires) > datetime.now().astimezone()
