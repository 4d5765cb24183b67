"""A tick runs what is due, once, and says what became of the rest. No notebook runs here but in the last tests."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mendbook.errors import ConnectionFailed
from mendbook.files import records
from mendbook.files.records import RunError, RunRecord, is_alive, read_record, write_record
from mendbook.reviews import review
from mendbook.reviews.decisions import Choice, Details
from mendbook.reviews.scheduled_plans import approved_plans
from mendbook.scheduling import task_locks
from mendbook.scheduling.history import SILENT, Entry, History
from mendbook.ticking import task_children, task_runs
from mendbook.ticking.task_children import Ending, ending_of, run_child, words
from mendbook.ticking.ticking import tick
from support.commands import command_in
from support.people import People
from support.plans import AUTHOR, CASES, MADE, NOW, REVIEWER, House, house
from support.scheduling import HOURLY, START, Household, at, far_from_now, states
from support.shop import MAPPING, Shop
from test_runs import descendants, wait_for

ONE, TWO, THREE = at("2026-11-20 13:00"), at("2026-11-20 14:00"), at("2026-11-20 15:00")
BOTH = HOURLY.replace('"shop"', '"*"')
RETRYING = HOURLY + "retries = 2\n"


@pytest.fixture
def home(tmp_path: Path) -> Household:
    """The audit of one source every hour, first seen at START."""
    made = Household(tmp_path).schedule()
    made.tick(START)
    return made


def failing(*ends: Ending) -> Callable[[dict[str, Any]], Ending]:
    """Runs that end so one after the other, and then well."""
    left = list(ends)
    return lambda _: left.pop(0) if left else Ending("finished", 0, "runs/last")


# -- what is due -------------------------------------------------------------------------------------------------------


def test_a_job_begins_when_it_is_first_seen(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.pretend(monkeypatch)
    assert home.entries() == []
    assert home.tick(ONE - timedelta(seconds=1)) == []
    [entry] = home.tick(ONE + timedelta(seconds=5))
    assert (entry.name, entry.scheduled, entry.state, entry.exit_code) == ("look/shop", ONE, "finished", 0)
    assert home.entries()[0].folder == entry.folder
    assert home.tick(ONE + timedelta(minutes=1)) == []
    assert len(home.jobs) == 1


def test_what_a_run_is_given(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.schedule(HOURLY + 'timeout = 90\nparameters = { code = "007", rows = 5 }\n')
    home.notebook()
    home.pretend(monkeypatch)
    home.tick(ONE)
    [job] = home.jobs
    assert job == {
        "notebook": str(home.folder / "tiny.ipynb"),
        "source": "shop",
        "parameters": {"code": "007", "rows": 5},
        "config": str(home.folder / "mendbook.toml"),
        "outputs": str(home.outputs),
        "timeout": 90.0,
    }


def test_missed_times_are_told_and_the_latest_is_caught_up(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.pretend(monkeypatch)
    told = home.tick(THREE + timedelta(minutes=40))
    assert states(told) == [("13:00", "missed"), ("14:00", "missed"), ("15:00", "finished")]
    assert "not started in time" in (told[0].error or "")
    assert states(home.entries()) == states(told)
    assert len(home.jobs) == 1


def test_after_a_long_time_off_the_newest_misses_are_told_and_that_there_are_more(
    home: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.pretend(monkeypatch)
    told = home.tick(ONE + timedelta(days=40))
    assert len(told) == 100
    assert told[0].extra == {"earlier": "There were more before this one."}
    assert told[1].extra == {}
    assert home.tick(ONE + timedelta(days=40, minutes=1)) == []


def test_another_rule_has_no_past(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.pretend(monkeypatch)
    home.schedule(HOURLY.replace("0 * * * *", "*/10 * * * *"))
    assert home.tick(THREE) == []
    assert states(home.tick(THREE + timedelta(minutes=10))) == [("15:10", "finished")]


def test_schedulers_side_by_side_run_it_once(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.schedule(BOTH, "at_once = 4")
    home.tick(START)
    home.pretend(monkeypatch)
    threads = [threading.Thread(target=home.tick, args=(ONE,)) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(job["source"] for job in home.jobs) == ["club", "shop"]
    assert states(home.entries()) == [("13:00", "finished")] * 2


def test_only_so_many_runs_go_on_at_once_whoever_ticks(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.schedule(BOTH, "at_once = 1")
    home.tick(START)
    together: list[int] = []
    inner: list[list[Entry]] = []

    def run(_: dict[str, Any]) -> Ending:
        together.append(len(home.jobs))
        inner.append(home.tick(ONE + timedelta(minutes=1)))  # cron does not wait for the tick before
        return Ending("finished", 0)

    home.pretend(monkeypatch, run)
    told = home.tick(ONE)
    assert (together, inner) == ([1, 2], [[], []])
    assert sorted(entry.source for entry in told) == ["club", "shop"]


# -- overlap -----------------------------------------------------------------------------------------------------------


def test_a_run_of_another_machine_that_goes_on_is_not_started_again(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.pretend(monkeypatch)
    claimed(home, "another machine")
    [missed] = home.tick(TWO)
    assert (missed.scheduled, missed.state) == (TWO, "missed")
    assert missed.error is not None
    assert missed.error.startswith("The run of 2026-11-20 13:00 UTC (begun at 13:00 on ")
    assert home.jobs == []


def test_who_has_the_lock_is_about_to_claim_and_nothing_is_missed_yet(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.pretend(monkeypatch)
    with task_locks.task_lock(home.outputs, "look", "shop"):
        assert home.tick(ONE) == []
    assert states(home.tick(ONE)) == [("13:00", "finished")]


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_run_on_this_machine_that_goes_on(home: Household, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """Also where its own slot is the only one."""
    home.schedule(HOURLY, f"at_once = {at_once}")
    inner: list[Entry] = []

    def run(_: dict[str, Any]) -> Ending:
        inner.extend(home.tick(TWO))
        return Ending("finished", 0)

    home.pretend(monkeypatch, run)
    assert states(home.tick(ONE)) == [("13:00", "finished")]
    assert states(inner) == [("14:00", "missed")]
    assert "was still going on" in (inner[0].error or "")


# -- the dead ----------------------------------------------------------------------------------------------------------


def record(home: Household, state: str, error: RunError | None = None, code: int | None = None) -> str:
    folder = home.outputs / "runs" / "one"
    folder.mkdir(parents=True)
    write_record(RunRecord(str(folder), "tiny", "shop", state, "2026-11-20T13:00:00+00:00", error=error, exit_code=code))
    return str(folder)


def claimed(home: Household, holder: str, clock: datetime | None = None, **known: Any) -> None:
    """A run of 13:00 whose scheduler is gone."""
    with History.open(home.settings, home.outputs, (lambda: clock) if clock else None) as history:
        history.claim(home.tasks[0], ONE, ONE, holder)
        history.beat(history.going_on()[0], **known)


def test_a_scheduler_of_this_machine_that_was_killed_is_found_at_once(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.pretend(monkeypatch)
    claimed(home, task_locks.holder(home.outputs), folder=record(home, "started"))
    [entry] = home.tick(ONE + timedelta(minutes=1))
    assert (entry.state, entry.exit_code) == ("failed", 3)
    assert entry.error is not None
    assert "was killed while the run went on; it was last heard of: 20" in entry.error
    assert "Died: The process that ran it ended without saying so" in entry.error
    assert entry.folder == str(home.outputs / "runs" / "one")
    assert home.jobs == [], "it is not run again: it has had its time"
    assert states(home.tick(TWO)) == [("14:00", "finished")]


def test_what_the_run_itself_has_said_counts(home: Household) -> None:
    claimed(home, task_locks.holder(home.outputs), folder=record(home, "finished", code=0))
    [entry] = home.tick(ONE + timedelta(minutes=1))
    assert (entry.state, entry.exit_code, entry.error) == ("finished", 0, None)


def test_where_a_run_was_when_it_ended_is_told(home: Household) -> None:
    error = RunError("ValueError", "jo@example.com", 7)
    claimed(home, task_locks.holder(home.outputs), folder=record(home, "failed", error, 3))
    [entry] = home.tick(ONE + timedelta(minutes=1))
    assert entry.error is not None
    assert entry.error.endswith("ValueError in cell 7.")


def test_one_of_another_machine_is_dead_when_it_is_silent(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.pretend(monkeypatch)
    claimed(home, "another machine")
    assert home.tick(ONE + timedelta(minutes=1)) == []
    long_ago = datetime.now(UTC) - SILENT - timedelta(seconds=1)
    with History.open(home.settings, home.outputs, lambda: long_ago) as history:
        history.beat(history.going_on()[0])
    told = home.tick(TWO)
    assert states(told) == [("13:00", "failed"), ("14:00", "finished")]


def test_the_dead_run_of_a_job_that_is_no_more_is_told(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.pretend(monkeypatch)
    claimed(home, task_locks.holder(home.outputs))
    home.schedule(HOURLY.replace("jobs.look", "jobs.other"))
    [entry] = home.tick(ONE)
    assert (entry.name, entry.state) == ("look/shop", "failed")


# -- failures and retries ----------------------------------------------------------------------------------------------


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[timedelta]:
    """The pauses between attempts, which nobody waits for."""
    made: list[timedelta] = []

    def wait(_self: Any, pause: timedelta) -> bool:
        made.append(pause)
        return False

    monkeypatch.setattr(task_runs._Run, "_wait", wait)
    return made


def test_an_audit_is_tried_again_with_growing_pauses(
    home: Household, monkeypatch: pytest.MonkeyPatch, pauses: list[timedelta]
) -> None:
    home.schedule(RETRYING)
    home.pretend(monkeypatch, failing(Ending("failed", 2, "runs/a", "ConnectionFailed"), Ending("timed out", 2, "runs/b")))
    [entry] = home.tick(ONE)
    assert (entry.state, entry.attempt, entry.folder, entry.error) == ("finished", 3, "runs/last", None)
    assert pauses == [timedelta(seconds=30), timedelta(seconds=60)]
    attempts = [{"state": "failed", "folder": "runs/a", "error": "ConnectionFailed"}]
    attempts += [{"state": "timed out", "folder": "runs/b", "error": None}]
    assert entry.extra == {"attempts": attempts}
    [kept] = home.entries()
    assert (kept.attempt, kept.extra) == (3, entry.extra)


@pytest.mark.usefixtures("pauses")
def test_retries_have_an_end(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.schedule(RETRYING)
    home.pretend(monkeypatch, failing(*[Ending("failed", 3, None, "why")] * 5))
    [entry] = home.tick(ONE)
    assert (entry.state, entry.attempt, entry.exit_code, entry.error) == ("failed", 3, 3, "why")
    assert len(home.jobs) == 3


@pytest.mark.parametrize("state", ["refused", "stopped"])
def test_what_no_attempt_mends_is_not_tried_again(
    home: Household, monkeypatch: pytest.MonkeyPatch, pauses: list[timedelta], state: str
) -> None:
    home.schedule(RETRYING)
    home.pretend(monkeypatch, failing(Ending(state, 2)))
    assert [(entry.state, entry.attempt) for entry in home.tick(ONE)] == [(state, 1)]
    assert pauses == []


def test_a_stop_ends_the_pause(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.schedule(RETRYING)
    stop = threading.Event()

    def run(_: dict[str, Any]) -> Ending:
        stop.set()
        return Ending("failed", 3)

    home.pretend(monkeypatch, run)
    assert [(entry.state, entry.attempt) for entry in home.tick(ONE, stop=stop)] == [("failed", 1)]


def test_no_run_begins_after_a_stop(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.schedule(BOTH, "at_once = 1")
    home.tick(START)
    stop = threading.Event()

    def run(_: dict[str, Any]) -> Ending:
        stop.set()
        return Ending("stopped", 2)

    home.pretend(monkeypatch, run)
    assert states(home.tick(ONE, stop=stop)) == [("13:00", "stopped")]
    assert states(home.entries()) == [("13:00", "stopped")]
    home.tick(ONE)
    assert [job["source"] for job in home.jobs] == ["shop", "club"], "the other had not had its time"


def test_a_history_that_does_not_answer_ends_no_run_and_is_told(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise ConnectionFailed("The history is gone.", "Look there.")

    home.pretend(monkeypatch)
    monkeypatch.setattr(History, "beat", gone)
    assert states(home.tick(ONE)) == [("13:00", "finished")]
    monkeypatch.setattr(History, "claim", gone)
    with pytest.raises(ConnectionFailed, match="The history is gone"):
        home.tick(TWO)


def test_errors_hold_no_personal_data() -> None:
    assert words(RunError("IntegrityError", "Key (email)=(jo@example.com) exists", 3)) == "IntegrityError in cell 3."
    assert words(RunError("ConnectionFailed", "jo@example.com cannot log in.\n  hint", None)) == (
        "ConnectionFailed: j•••@e•••.com cannot log in."
    )
    refused = RunRecord("f", "tiny", "shop", "failed", "", error=RunError("MappingError", "no table", 2), exit_code=2)
    assert ending_of(refused) == Ending("refused", 2, "f", "MappingError in cell 2: no table")


# -- a scheduled apply -------------------------------------------------------------------------------------------------

APPLY = """
[schedule.jobs.mend]
notebook = "apply"
source = "shop"
cron = "0 * * * *"
plans = "approved"
"""


NIGHT = at("2026-06-01 14:00")  # an hour after the reviewer signed


@pytest.fixture
def firm(tmp_path: Path) -> House:
    """People who sign plans of the shop, and a job that applies them."""
    if not shutil.which("ssh-keygen"):
        pytest.skip("needs ssh-keygen")
    made = house(tmp_path)
    Household(tmp_path).schedule(APPLY).tick(NIGHT - timedelta(minutes=30))
    return made


def plan_of(firm: House, number: int, *, approved: bool = True, **header: Any) -> str:
    """The id of a plan of one case, signed by its author and, where it is ``approved``, by a reviewer."""
    made = firm.plan(CASES[number : number + 1], **header)
    review.sign_as_author(made, AUTHOR, firm.key(AUTHOR), firm.settings, MADE)
    if approved:
        review.decide(made, REVIEWER, [Choice("approve", "all")], NOW, Details())
        review.sign(made, REVIEWER, firm.key(REVIEWER), firm.settings, NOW)
    return made.id


def receipt(firm: House, plan: str, cases: int, *states: str) -> None:
    """What an apply leaves beside the plan; ``states`` of cases that were not done."""
    made = {"approved": [{"cases": cases}], "not_done": [{"state": state} for state in states]}
    (firm.outputs / "plans" / plan / "receipt-20260601T133000Z.json").write_text(json.dumps(made))


def test_an_apply_takes_approved_plans_alone_the_oldest_first(firm: House, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = plan_of(firm, 0)
    older = plan_of(firm, 1, made_at=(MADE - timedelta(minutes=5)).isoformat())
    plan_of(firm, 2, approved=False)
    plan_of(firm, 3, expires=(NIGHT - timedelta(minutes=1)).isoformat())
    forged = plan_of(firm, 4)
    (firm.outputs / "plans" / forged / f"review-{REVIEWER}.json.sig").write_text("nothing")
    home = Household(firm.folder)
    home.pretend(monkeypatch)
    [entry] = home.tick(NIGHT)
    assert [job["parameters"] for job in home.jobs] == [{"plan": older, "commit": True}, {"plan": newer, "commit": True}]
    assert {job["notebook"] for job in home.jobs} == {"apply"}
    assert entry.state == "finished"
    assert [(each["plan"], each["state"]) for each in entry.extra["plans"]] == [(older, "finished"), (newer, "finished")]


def test_what_was_applied_is_not_taken_again_but_what_was_left_is(firm: House) -> None:
    def takes() -> bool:
        return approved_plans(firm.settings, firm.outputs, "shop", "approved", NIGHT) == [plan]

    plan = plan_of(firm, 0)
    assert takes()
    receipt(firm, plan, 1, "stale", "rejected")
    assert not takes()
    receipt(firm, plan, 1, "not reached")
    assert takes()
    receipt(firm, plan, 0)
    assert takes(), "more was approved since"


def test_plans_that_the_job_names_and_plans_of_another_source(firm: House) -> None:
    one, two = plan_of(firm, 0), plan_of(firm, 1)
    assert approved_plans(firm.settings, firm.outputs, "shop", [two, "unheard-of"], NIGHT) == [two]
    assert approved_plans(firm.settings, firm.outputs, "club", "approved", NIGHT) == []
    assert sorted(approved_plans(firm.settings, firm.outputs, "shop", "approved", NIGHT)) == sorted([one, two])


def test_with_nothing_to_apply_it_says_so(firm: House, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Household(firm.folder)
    home.pretend(monkeypatch)
    [entry] = home.tick(NIGHT)
    assert (entry.state, entry.exit_code, entry.extra, home.jobs) == ("finished", 0, {"word": "nothing to apply"}, [])
    assert "finished (nothing to apply)." in task_runs.line(entry)


def test_an_apply_that_fails_is_not_tried_again_and_ends_the_turn(firm: House, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = sorted([plan_of(firm, 0), plan_of(firm, 1)])
    home = Household(firm.folder)
    home.pretend(monkeypatch, failing(Ending("failed", 3, "runs/a", "why")))
    [entry] = home.tick(NIGHT)
    assert (entry.state, entry.attempt, entry.error, entry.folder) == ("failed", 1, "why", "runs/a")
    assert entry.extra == {"plans": [{"plan": first, "state": "failed", "folder": "runs/a"}], "left": [second]}
    assert len(home.jobs) == 1


def test_outside_its_window_an_apply_is_not_started(firm: House, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_of(firm, 0)
    home = Household(firm.folder).schedule(APPLY + 'window = "14:00-14:30"\n')
    home.pretend(monkeypatch)
    told = home.tick(NIGHT + timedelta(minutes=31))
    assert [(entry.state, entry.error) for entry in told] == [("missed", "It was outside its window, 14:00-14:30 UTC.")]
    assert home.jobs == []


def test_once_the_window_has_closed_no_further_plan_is_begun(firm: House, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = sorted([plan_of(firm, 0), plan_of(firm, 1)])
    home = Household(firm.folder).schedule(APPLY + 'window = "14:00-14:30"\n')
    home.pretend(monkeypatch)
    open_yet = iter([True, True, False])
    monkeypatch.setattr(task_runs, "in_window", lambda *_: next(open_yet))
    [entry] = home.tick(NIGHT)
    assert [job["parameters"]["plan"] for job in home.jobs] == [first]
    assert (entry.state, entry.extra["left"]) == ("finished", [second])


def test_a_catch_up_comes_while_the_window_is_open(firm: House, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_of(firm, 0)
    home = Household(firm.folder).schedule(APPLY + 'window = "14:00-14:30"\n')
    home.pretend(monkeypatch)
    assert states(home.tick(NIGHT + timedelta(minutes=29))) == [("14:00", "finished")]


def test_two_applies_of_one_source_take_turns(firm: House, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_of(firm, 0)
    home = Household(firm.folder).schedule(APPLY + APPLY.replace("jobs.mend", "jobs.again"), "at_once = 2")
    home.tick(NIGHT - timedelta(minutes=20))
    running: list[int] = []

    def run(_: dict[str, Any]) -> Ending:
        running.append(1)
        assert len(running) == 1, "the other apply goes on"
        threading.Event().wait(0.2)
        running.pop()
        return Ending("finished", 0)

    home.pretend(monkeypatch, run)
    assert states(home.tick(NIGHT)) == [("14:00", "finished")] * 2
    assert len(home.jobs) == 2


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
def test_a_real_apply_at_night(shop: Shop) -> None:
    """What was approved is in the database in the morning, with its receipt; the night after, nothing is left to apply."""
    people = People(shop.home)
    shop.map(MAPPING.replace('filled = ["phone"]\n', "") + APPLY)
    shop.database.execute("UPDATE customer SET barcode = NULL WHERE id < 3")
    book = shop.book()
    plan = book.plan(AUTHOR, people.key(AUTHOR))["plan"]
    book.sign(plan, REVIEWER, people.key(REVIEWER), approve=["all"])
    now = datetime.now(UTC).replace(minute=10)
    tick(book.settings, shop.outputs, now)
    [entry] = tick(book.settings, shop.outputs, now + timedelta(hours=1))
    assert (entry.state, entry.error) == ("finished", None)
    assert [(each["plan"], each["state"]) for each in entry.extra["plans"]] == [(plan, "finished")]
    assert shop.database.execute("SELECT count(*) FROM customer WHERE barcode IS NULL") == [(0,)]
    assert (Path(entry.folder or "") / "receipt.html").exists()
    [following] = tick(book.settings, shop.outputs, now + timedelta(hours=2))
    assert (following.state, following.extra) == ("finished", {"word": "nothing to apply"})


# -- real runs ---------------------------------------------------------------------------------------------------------

BY_SOURCE = """
import os, pathlib
if source == "club":
    raise ValueError("jo@example.com")
(pathlib.Path(os.environ["MENDBOOK_RUN"]) / "result.json").write_text(repr((code, rows, sizes)))
"""
SLEEP = """
import os, pathlib, time
pathlib.Path(outputs, "kernel").write_text(str(os.getpid()))
time.sleep(600)
"""


@pytest.mark.thorough
def test_a_real_tick(home: Household, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Two sources side by side: one run ends well, the other does not; the command tells the other alone."""
    home.schedule(far_from_now(BOTH) + 'parameters = { code = "007", rows = 5, sizes = [1, 2] }\n')
    home.notebook(BY_SOURCE)
    home.tick(datetime.now(UTC) - timedelta(hours=1))
    answer = command_in(home.folder, monkeypatch, capsys)("tick", "--json")
    ran = {entry["source"]: entry for entry in answer.document["ran"]}
    assert [(ran[source]["state"], ran[source]["exit_code"]) for source in ("shop", "club")] == [("finished", 0), ("failed", 3)]
    assert answer.document["missed"] == []
    assert datetime.fromisoformat(answer.document["next"]) > datetime.now(UTC) - timedelta(minutes=1)
    assert answer.code == 3
    assert "look/club" in answer.words
    assert "ValueError in cell 2." in answer.words
    assert "look/shop" not in answer.words
    assert "jo@example.com" not in answer.words + answer.out
    assert (Path(ran["shop"]["folder"]) / "result.json").read_text() == "('007', 5, [1, 2])"
    assert (home.outputs / "index.html").exists()


def tick_elsewhere(home: Household) -> subprocess.Popen[str]:
    """`mendbook tick` in a process of its own, when its run has begun."""
    home.schedule(HOURLY.replace("0 * * * *", "* * * * *"))
    home.notebook(SLEEP)
    home.tick(datetime.now(UTC) - timedelta(minutes=1))
    child = subprocess.Popen(
        [sys.executable, "-m", "mendbook", "tick", "--json"],
        cwd=home.folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: (home.outputs / "kernel").exists() and (home.outputs / "kernel").read_text())
    wait_for(lambda: under_way(home).folder)
    return child


def under_way(home: Household) -> Entry:
    """The run that goes on; where a minute ended meanwhile, the one before it is missed."""
    [entry] = [entry for entry in home.entries() if entry.state == "started"]
    return entry


def kernel_lives(home: Household) -> bool:
    return bool(descendants(home.outputs / "kernel"))


def test_a_scheduler_that_is_killed_takes_its_run_along_and_the_next_tick_tells(home: Household) -> None:
    child = tick_elsewhere(home)
    entry = under_way(home)
    [missed] = home.tick(datetime.now(UTC) + timedelta(minutes=1))[:1]
    assert missed.state == "missed"
    assert "was still going on" in (missed.error or "")
    assert is_alive(Path(entry.folder or ""))
    child.kill()
    child.communicate()
    wait_for(lambda: not records.is_held(task_locks.task_file(home.outputs, "look", "shop")))
    wait_for(lambda: not kernel_lives(home))
    assert read_record(Path(entry.folder or "")).state == "stopped"
    home.schedule(HOURLY)  # due in an hour again: this tick only finds what is dead
    [found] = home.tick(datetime.now(UTC) + timedelta(minutes=2))
    assert (found.scheduled, found.state, found.exit_code) == (entry.scheduled, "failed", 3)
    assert "was killed while the run went on" in (found.error or "")
    assert found.folder == entry.folder


#: A child that tells a folder; then asks its scheduler to end where it is told to; and ends as it is asked, or never.
CHILD = """
import json, os, signal, sys, time
folder, asks, ends = sys.argv[1], sys.argv[2] == "asks", sys.argv[3] == "ends"
def end(*_):
    if ends:
        error = {"name": "Stopped", "message": "The run was stopped by SIGTERM."}
        record = {"folder": folder, "notebook": "tiny", "source": "shop", "state": "stopped", "started": "", "exit_code": 2}
        with open(os.path.join(folder, "run.json"), "w") as file:
            json.dump({**record, "error": error}, file)
        sys.exit()
signal.signal(signal.SIGTERM, end)
print(json.dumps({"folder": folder}), flush=True)
if asks:
    os.kill(os.getppid(), signal.SIGTERM)
while True:
    time.sleep(60)
"""


def child(home: Household, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """The folder of a run whose child is CHILD."""
    folder = home.outputs / "runs" / "one"
    folder.mkdir(parents=True)
    monkeypatch.setattr(task_children, "_CHILD", (sys.executable, "-c", CHILD, str(folder), *words))
    return str(folder)


@pytest.fixture
def signals() -> Iterator[None]:
    """What catches signals is put back after the test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_a_scheduler_that_is_asked_to_end_stops_its_run(
    home: Household, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home.schedule(far_from_now(HOURLY))
    home.tick(datetime.now(UTC) - timedelta(hours=1))
    folder = child(home, monkeypatch, "asks", "ends")
    answer = command_in(home.folder, monkeypatch, capsys)("tick", "--json")
    assert answer.code == 143
    [entry] = answer.document["ran"]
    assert (entry["state"], entry["folder"]) == ("stopped", folder)
    assert entry["error"] == "Stopped: The run was stopped by SIGTERM."
    assert [each.state for each in home.entries()] == ["stopped"]


@pytest.mark.parametrize(("timeout", "asked"), [(0.5, False), (None, True)])
def test_a_run_that_hangs_is_killed(
    home: Household, monkeypatch: pytest.MonkeyPatch, timeout: float | None, asked: bool
) -> None:
    """Beyond the timeout, which the run should have kept itself, and beyond the time to end after being asked."""
    folder = child(home, monkeypatch, "waits", "never")
    told: list[str | None] = []

    def stopped() -> bool:
        return asked and told[-1:] == [folder]

    if timeout:  # the time is over when the child has told its folder, however long the machine takes to come to it
        clock = SimpleNamespace(monotonic=lambda: 600.0 if told[-1:] == [folder] else 0.0)
        monkeypatch.setattr(task_children, "time", clock)
    with task_locks.task_lock(home.outputs, "look", "shop") as lock:
        ending = run_child({"timeout": timeout}, lock or 0, stopped, told.append, grace=0.5)
    assert ending == Ending("timed out", 2, folder, "The run hung, did not end when it was told to, and was killed.")
    assert not records.is_held(task_locks.task_file(home.outputs, "look", "shop")), "the child held it as well"


def test_a_run_that_cannot_begin_is_refused(home: Household) -> None:
    with task_locks.task_lock(home.outputs, "look", "shop") as lock:
        job = {"notebook": "nothing", "source": "shop", "outputs": str(home.outputs)}
        ending = run_child(job, lock or 0, lambda: False, lambda _: None)
    assert (ending.state, ending.exit_code, ending.folder) == ("refused", 2, None)
    assert ending.error == "ConfigError: There is no notebook 'nothing'."


# -- the command -------------------------------------------------------------------------------------------------------

LOOK = """
import sys
sys.argv = ["mendbook", "tick"]
from mendbook import cli
try:
    cli.main()
except SystemExit as ended:
    heavy = {"sqlalchemy", "pandas", "papermill", "matplotlib", "numpy", "pyarrow", "nbformat", "psycopg2", "jinja2"}
    print(ended.code, sorted(heavy & set(sys.modules)))
"""


def test_with_nothing_due_nothing_is_said_and_nothing_heavy_is_imported(home: Household) -> None:
    home.schedule(HOURLY.replace("0 * * * *", "0 0 1 1 *"))
    home.tick(datetime.now(UTC))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=home.folder, env=environment, capture_output=True, text=True, check=True
    )
    assert (ended.stdout, ended.stderr) == ("0 []\n", "")


def test_without_a_job_it_is_refused(home: Household, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    home.schedule("")
    answer = command_in(home.folder, monkeypatch, capsys)("tick")
    assert answer.code == 2
    assert "schedules no job. Add [schedule.jobs.NAME]; docs/schedule.md shows one." in answer.words


def test_the_word_of_a_child_that_says_nothing() -> None:
    assert task_children._ending({}, "") == Ending("failed", 3, None, "The process that ran it was killed or broke down.")
    assert task_children._ending({}, "asked").state == "stopped"


def test_times_missed_in_a_row_are_told_in_one_line() -> None:
    late = Entry("look", "shop", ONE, "tiny.ipynb", "missed", error="Nobody was there.")
    other = replace(late, scheduled=THREE, error="All were busy.")
    ran = replace(late, scheduled=THREE, state="finished", error=None)
    assert task_runs.lines([late, replace(late, scheduled=TWO), other, ran]) == [
        "look/shop missed 2 times, 2026-11-20T13:00Z to 2026-11-20T14:00Z. Nobody was there.",
        "look/shop of 2026-11-20T15:00Z missed. All were busy.",
        "look/shop of 2026-11-20T15:00Z finished.",
    ]
