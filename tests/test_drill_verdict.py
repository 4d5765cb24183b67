"""What answers and rows say of a race, in numbers and in a verdict that is never better than what was looked at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas
import pytest
from mendbook.drills.accounts import Aftermath
from mendbook.drills.browser import Exchange
from mendbook.drills.charts import half_within
from mendbook.drills.people import Journey, Person
from mendbook.drills.verdict import CLOSED, OPEN, UNKNOWN, fingerprint, outcome, percentiles, verdict
from mendbook.settings.drill import DrillForm

FORM = DrillForm(path="/", fields={"email": "{email}"}, ok=[201], refused=[400, 503])
NOW = datetime(2026, 11, 21, tzinfo=UTC)
SOUND = {"duplicate_user": {"cases": 0, "rows": 0}}


def journey(number: int, behaviour: str = "double_click") -> Journey:
    person = Person(number, f"p{number}", f"p{number}@example.com", "pw")
    return Journey(behaviour, person, person, 0.0)


def answered(*statuses: tuple[int, ...]) -> list[Exchange]:
    """For each person the statuses of their registrations."""
    return [
        Exchange(NOW, number, attempt, "register", status, 0.1)
        for number, each in enumerate(statuses, start=1)
        for attempt, status in enumerate(each, start=1)
    ]


def told(
    *statuses: tuple[int, ...], left: Aftermath | None = None, complete: bool = True
) -> tuple[dict[str, Any], dict[str, Any]]:
    journeys = [journey(number) for number in range(1, len(statuses) + 1)]
    marks = fingerprint(FORM, journeys, answered(*statuses), left)
    return marks, verdict(marks, left, complete, len(journeys))


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (201, "ok"),
        (400, "refused"),
        (503, "refused"),
        (500, "error"),
        (0, "no answer"),
        (302, "unexpected"),
        (404, "unexpected"),
    ],
)
def test_what_an_answer_means(status: int, means: str) -> None:
    assert outcome(FORM, status) == means


def test_closed_says_how_much_was_tried() -> None:
    _, said = told((201, 400), (400, 201), left=Aftermath({1: ["1"], 2: ["2"]}, dict(SOUND)))
    assert said["state"] == CLOSED
    assert said["sentence"] == "The race is closed, as far as 2 double registrations can tell."
    assert "2 people sent 4 registrations, 2 of them two at one moment" in said["reasons"][0]
    _, said = told(
        (201, 400), left=Aftermath({1: ["1"]}, dict(SOUND), weak=["auth_user.email"], left_out=["null_flag: no column"])
    )
    assert "still lacks 1 constraint (auth_user.email)" in said["reasons"][2]
    assert "Not looked for: null_flag" in said["reasons"][3]


OPENED = {
    "a server error": ([(201, 500)], Aftermath({1: ["1"]}), "1 of 2 registrations ended in a server error; 1 of them although"),
    "an error that made nothing": ([(500, 500)], Aftermath({}), "2 of 2 registrations ended in a server error."),
    "nobody looked": ([(500, 201)], None, "1 of 2 registrations ended in a server error."),
    "a ghost": (
        [(400, 400), (201, 400)],
        Aftermath({1: ["1"], 2: ["2"]}),
        "1 person never read that it worked, though the account is there",
    ),
    "two accounts": ([(201, 201)], Aftermath({1: ["1", "2"]}), "1 person has two accounts"),
    "told yes for nothing": (
        [(201, 400), (201, 400)],
        Aftermath({1: ["1"]}),
        "1 person read that it worked, though no account is there",
    ),
    "damage": (
        [(201, 400)],
        Aftermath({1: ["1"]}, {"duplicate_profile": {"cases": 1, "rows": 2}}),
        "duplicate_profile: 2 rows in 1 case.",
    ),
}


@pytest.mark.parametrize("what", OPENED)
def test_open(what: str) -> None:
    statuses, left, words = OPENED[what]
    _, said = told(*statuses, left=left)
    assert said["state"] == OPEN
    assert any(words in reason for reason in said["reasons"]), said["reasons"]


DOUBTS: dict[str, tuple[list[tuple[int, ...]], Aftermath | None, bool, str]] = {
    "nobody looked at the rows": ([(201, 400)], None, True, "--source"),
    "it was cut short": ([(201, 400)], Aftermath({1: ["1"]}), False, "Not everybody came"),
    "an answer that nobody expects": (
        [(201, 400), (201, 429)],
        Aftermath({1: ["1"], 2: ["2"]}),
        True,
        "the description knows nothing of",
    ),
    "a yes that the description knows nothing of": ([(202, 400)], Aftermath({1: ["1"]}), True, "put each into ok or refused"),
    "everybody refused": ([(400, 400)], Aftermath({}), True, "Nobody was told that it worked"),
    "another database": ([(201, 400)], Aftermath({}), True, "write to another database"),
    "no answer": ([(201, 400), (201, 0)], Aftermath({1: ["1"], 2: ["2"]}), True, "1 registration got no answer"),
    "nothing raced": ([(201,)], Aftermath({1: ["1"]}), True, "nothing raced"),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_what_proves_nothing_is_not_called_closed(doubt: str) -> None:
    statuses, left, complete, words = DOUBTS[doubt]
    _, said = told(*statuses, left=left, complete=complete)
    assert said["state"] == UNKNOWN
    assert any(words in reason for reason in said["reasons"]), said["reasons"]


def test_the_fingerprint() -> None:
    left = Aftermath(
        {1: ["1"], 2: ["2", "3"], 3: ["4"]},
        {"duplicate_profile": {"cases": 2, "rows": 4}, "duplicate_code": {"cases": 1, "rows": 2}},
        {"duplicate_profile": [1, 3], "missing_profile": [2]},
        [(0.005, "signal first"), (0.105, "signal first"), (0.02, "two requests")],
    )
    marks, _ = told((500, 500), (201, 201), (201, 500), (0, 500), left=left)
    assert marks == {
        "registrations": 8,
        "outcomes": {"ok": 3, "refused": 0, "error": 4, "unexpected": 0, "no answer": 1},
        "at_once": 3,
        "both_ok": 1,
        "error_share": 0.5,
        "error_though_made": 3,
        "error_though_made_share": 0.375,
        "ghosts": 1,
        "nothing_made": 0,
        "two_accounts": 1,
        "two_rows": 2,
        "no_row": 1,
        "codes_twice": 1,
        "gap_ms": {"least": 5.0, "median": 20.0, "most": 105.0, "count": 3},
        "signatures": {"signal first": 2, "two requests": 1},
    }


def test_percentiles_are_waits_that_somebody_had() -> None:
    assert percentiles([]) is None
    assert percentiles([0.5]) == {"p50": 500.0, "p95": 500.0, "p99": 500.0, "max": 500.0}
    assert percentiles([n / 1000 for n in range(1, 101)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}


@pytest.mark.parametrize("many", [1, 2, 7, 8])
def test_the_chart_and_the_table_of_answers_tell_one_time(many: int) -> None:
    waited = [3.0 ** (n / 4) for n in range(many)]
    table = percentiles(waited)
    assert table
    assert round(half_within(pandas.Series(waited)) * 1000, 1) == table["p50"]
