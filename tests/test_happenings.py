"""What is told of runs, plans and ledgers, as values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from mendbook.alerts.happenings import Happening, Situation, of_ledger, of_plans
from mendbook.alerts.run_happenings import of_history, of_run
from mendbook.ledger.verification import FirstBad, LedgerState
from support.alerting import DAY, HOUR, NOW, PERSON, Watch, watching


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Watch]:
    with watching(tmp_path) as made:
        yield made


def history_of(house: Watch, now: datetime = NOW, name: str = "nightly/shop") -> Situation:
    task = house.task(name)
    return of_history(house.history.entries(task.job.name, task.source), now)


def run_of(house: Watch, now: datetime = NOW, name: str = "nightly/shop") -> Situation:
    last = house.history.last(house.task(name))
    assert last is not None
    return of_run(last, now)


def only(situation: Situation) -> Happening:
    (happening,) = situation.happenings
    return happening


def test_new_damage_is_told_in_numbers(house: Watch) -> None:
    first = house.audit(NOW - 2 * HOUR, {})
    second = house.audit(NOW - HOUR, {"null_flag": 2, "duplicate_profile": 12, "missing_code": 0}, first)
    found = only(run_of(house))
    assert (found.topic, found.source, found.fingerprint, found.lasts) == ("new_damage", "shop", second.name, True)
    assert found.title == "shop: 14 new cases of damage"
    assert found.lines[0] == "duplicate_profile: 12 new, 1 gone, 40 there before"
    assert found.lines[2] == "found by the audit of 2026-11-20 11:00 UTC, since that of 2026-11-20 10:00 UTC"
    assert len(found.lines) == 3
    assert found.folder == f"runs/{second.name}"
    assert found.command == "mendbook plan shop --author NAME --key FILE"


def test_a_first_audit_and_one_without_new_cases_tell_nothing(house: Watch) -> None:
    first = house.audit(NOW - 2 * HOUR, {})
    assert not run_of(house).happenings
    house.audit(NOW - HOUR, {"null_flag": 0}, first)
    situation = run_of(house)
    assert not situation.happenings
    said = situation.endings["new_damage/nightly/shop"]
    assert said == "shop: no new damage in the audit of 2026-11-20 11:00 UTC; 9 cases of damage are still there"


def test_a_persons_audit_in_between_hides_nothing(house: Watch) -> None:
    first = house.audit(NOW - 3 * HOUR, {})
    between = house.audit(NOW - 2 * HOUR, {"null_flag": 3}, first, scheduled=False)
    house.audit(NOW - HOUR, {"null_flag": 0}, between)
    found = only(run_of(house))
    assert (found.fingerprint, found.lasts) == (between.name, False)
    assert not run_of(house, NOW + 4 * DAY).happenings, "old news"


def test_a_folder_that_is_gone_ends_nothing(house: Watch) -> None:
    folder = house.audit(NOW - HOUR, {})
    (folder / "result.json").write_text("{", "utf-8")
    situation = run_of(house)
    assert "new_damage/nightly/shop" in situation.unknown
    assert not situation.endings


def test_incidents_after_the_fix(house: Watch) -> None:
    house.incidents(NOW - HOUR, 3, name=f"closes it for {PERSON}")
    found = only(run_of(house, name="races/shop"))
    assert (found.topic, found.count) == ("incident_after_fix", 3)
    assert found.title == "shop: 3 incidents after the deploy that was to end them"
    assert "3 incidents in the 4 days since the deploy" in found.lines[0]
    assert "80 in 4 days" in found.lines[1]
    assert PERSON not in repr(found)


@pytest.mark.parametrize(("after", "bleeding"), [(0, False), (0, None), (2, False)])
def test_no_incident_or_none_lately_is_none(house: Watch, after: int, bleeding: bool | None) -> None:
    house.incidents(NOW - HOUR, after, bleeding=bleeding)
    situation = run_of(house, name="races/shop")
    assert not situation.happenings
    assert "since the deploy the fix" in situation.endings["incident_after_fix/races/shop"]


@pytest.mark.parametrize(
    ("state", "verb"), [("failed", "failed"), ("timed out", "ran out of time"), ("refused", "was refused")]
)
def test_a_failed_run(house: Watch, state: str, verb: str) -> None:
    house.ran(NOW - 3 * HOUR)
    house.ran(NOW - 2 * HOUR, state, error="ConnectionFailed: shop cannot be reached for 3 seconds")
    house.ran(NOW - HOUR, state, error=f"ConnectionFailed: shop cannot be reached for 7 seconds, says {PERSON}")
    found = only(history_of(house))
    assert (found.topic, found.title) == ("run_failed", f"nightly/shop: the run {verb}")
    assert found.lines[0].startswith(f"the run of 2026-11-20 11:00 UTC {verb} on ")
    assert found.lines[2] == "2 runs in a row, the first of 2026-11-20 10:00 UTC"
    assert PERSON not in repr(found)
    assert found.command == "mendbook doctor shop"


def test_the_same_failure_has_the_same_fingerprint_over_time_and_the_same_reason_over_sources(house: Watch) -> None:
    told = []
    for name, source in (("nightly/shop", "shop"), ("nightly/crm", "crm")):
        for hours in (3, 2):
            why = f"ConnectionFailed: {source} cannot be reached after {hours}.1 s (0x7f{hours}a)"
            house.ran(NOW - hours * HOUR, "failed", name, error=why)
            told.append(only(history_of(house, name=name)))
    assert told[0].fingerprint == told[1].fingerprint
    assert len({each.reason for each in told}) == 1
    house.ran(NOW - HOUR, "failed", error="MappingError: shop has no table customer")
    assert only(history_of(house)).fingerprint != told[0].fingerprint


def test_a_run_that_finished_or_was_stopped_is_no_failure(house: Watch) -> None:
    house.ran(NOW - 3 * HOUR, "failed", error="x")
    house.ran(NOW - 2 * HOUR)
    house.ran(NOW - HOUR, "stopped")
    situation = history_of(house)
    assert not situation.happenings
    assert situation.endings["run_failed/nightly/shop"] == "nightly of shop: the run of 2026-11-20 10:00 UTC finished"


def test_missed_runs_are_told_until_a_day_after_the_last(house: Watch) -> None:
    house.missed(NOW - 5 * HOUR, NOW - 4 * HOUR, NOW - 3 * HOUR)
    found = only(history_of(house))
    assert found.title == "nightly/shop: 3 runs missed"
    assert found.lines[0] == "3 runs missed: 2026-11-20 07:00 UTC to 2026-11-20 09:00 UTC"
    assert found.lines[1:] == ("the machine was off", "no run took place after that")
    house.ran(NOW - 2 * HOUR)
    assert only(history_of(house)).lines[-1] == "the run of 2026-11-20 10:00 UTC took place after that"
    assert (
        history_of(house, NOW + DAY).endings["run_missed/nightly/shop"].startswith("nightly of shop: no run was missed since")
    )


def test_a_job_that_is_always_late_is_told_again_only_when_twice_as_many_were_missed(house: Watch) -> None:
    counts = []
    for number in range(8):
        house.missed(NOW - (20 - 2 * number) * HOUR, why="the run before it was still going on")
        house.ran(NOW - (19 - 2 * number) * HOUR)
        counts.append(only(history_of(house)).count)
    assert counts == [1, 2, 2, 3, 3, 3, 3, 4]


@dataclass
class Plan:
    """How a plan stands, as standing_plans.py tells it."""

    expires: Any
    state: str = "waiting"
    plan: str = "20261118T100000Z-shop-0123456789ab"
    source: str = "shop"
    cases: int = 12
    changes: int = 1300
    undecided: int = 7


def test_plans_that_wait_and_plans_that_expire() -> None:
    soon, late = NOW + 5 * HOUR, (NOW + 3 * DAY).isoformat()
    topics = {
        (state, str(expires)[:10]): sorted(each.topic for each in of_plans([Plan(expires, state)], NOW, DAY).happenings)
        for state in ("waiting", "approved", "applied", "expired", "broken")
        for expires in (soon, late)
    }
    assert topics.pop(("waiting", "2026-11-20")) == ["plan_expiring", "plan_waiting"]
    assert topics.pop(("waiting", "2026-11-23")) == ["plan_waiting"]
    assert topics.pop(("approved", "2026-11-20")) == ["plan_expiring"]
    assert not any(topics.values())
    waiting = of_plans([Plan(late)], NOW, DAY).happenings[0]
    assert waiting.lines[0] == "12 cases, 1,300 changes; 7 without a decision that counts"
    assert waiting.command == f"mendbook show {Plan(late).plan}"
    assert of_plans([Plan(soon, "approved")], NOW, DAY).happenings[0].command == f"mendbook apply {Plan(soon).plan}"
    assert "expired on" in of_plans([Plan(NOW - HOUR, "approved")], NOW, DAY).endings[f"plan_expiring/{Plan(soon).plan}"]


def test_a_ledger_that_does_not_verify() -> None:
    state = LedgerState(40, "ab" * 32, 5, FirstBad(f"it was edited by {PERSON}", 12, "plan-1", 3, None))
    found = only(of_ledger("shop", state))
    assert found.title == "shop: the ledger does not verify"
    assert found.lines[0].startswith("row 12, plan plan-1, batch 3: it was edited")
    assert PERSON not in repr(found)
    assert not of_ledger("shop", LedgerState(40, "ab" * 32, 5)).happenings
