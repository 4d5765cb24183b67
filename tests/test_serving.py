"""`mendbook serve`: a real process that catches up, is the only one, and ends as it is asked to; and what it does inside."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from mendbook.errors import OutputError, Refused
from mendbook.files.records import read_record
from mendbook.scheduling.serve_health import HEALTH, SILENT, check_health, read_health, write_health
from mendbook.scheduling.task_locks import slots
from mendbook.ticking import serving
from mendbook.ticking.serving import Cron, Serving
from support.commands import command_in
from support.scheduling import HOURLY, SOURCES, Household, at, far_from_now

#: Two jobs that are not due while a test runs, but for what it seeds; both over both sources.
TWICE = "".join(
    f'[schedule.jobs.{name}]\nnotebook = "tiny.ipynb"\nsource = "*"\ncron = "0 0 1 1 *"\n' for name in ("look", "read")
)
#: Tells that it runs, then goes on until it is let go.
HELD = 'import pathlib, time\npathlib.Path("{0}/begun").touch()\nwhile not pathlib.Path("{0}/go").exists(): time.sleep(0.05)'


@pytest.fixture
def household(tmp_path):
    made = Household(tmp_path).schedule(HOURLY)
    made.outputs.mkdir()
    return made


def wait_for(condition, patience=180.0):
    until = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < until, "what was waited for did not happen"
        time.sleep(0.05)


# -- a real process --------------------------------------------------------------------------------------------------------


@pytest.fixture
def serve(household):
    """Starts `mendbook serve` as a process, and ends those that a failed test leaves."""
    begun = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "mendbook", "serve", *arguments]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen(command, cwd=household.folder, env=environment, stderr=subprocess.PIPE, text=True)
        begun.append(process)
        return process

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def overdue(household: Household, hours: int = 3) -> None:
    """The hourly job was seen long ago, and nothing has run since."""
    household.schedule(far_from_now(HOURLY))
    household.notebook(HELD.format(household.folder))
    [task] = household.tasks
    with household.history() as history:
        history.first_seen(task, datetime.now(UTC) - timedelta(hours=hours))


def begun(household: Household) -> bool:
    return (household.folder / "begun").exists()


def test_it_catches_up_and_lets_what_runs_end(household, serve, monkeypatch, capsys):
    overdue(household)
    first = serve("--grace", "600")
    wait_for(lambda: begun(household))
    command = command_in(household.folder, monkeypatch, capsys)
    healthy = command("serve", "--check", "--json")
    assert (healthy.code, healthy.document["pid"], healthy.document["state"]) == (0, first.pid, "serving")
    assert healthy.document["next"]["task"] == "look/shop"
    second = command("serve")
    assert second.code == 2
    assert f"already runs in {household.outputs} (pid {first.pid}" in second.words
    first.send_signal(signal.SIGTERM)
    wait_for(lambda: (read_health(household.outputs) or {}).get("state") == "ending")
    assert first.poll() is None  # it waits for the run
    (household.folder / "go").touch()
    _, said = first.communicate(timeout=180)
    assert first.returncode == 0, said
    *missed, ran = household.entries()
    assert [entry.state for entry in missed] == ["missed"] * 2  # the last of three hours' times is run
    assert (ran.state, ran.exit_code, read_record(Path(str(ran.folder))).state) == ("finished", 0, "finished")
    ended = command("serve", "--check")
    assert (ended.code, "has ended" in ended.words) == (2, True)


@pytest.mark.thorough
def test_asked_a_second_time_it_stops_what_runs_and_records_it(household, serve):
    overdue(household)
    process = serve("--grace", "600")
    wait_for(lambda: begun(household))
    process.send_signal(signal.SIGINT)
    wait_for(lambda: (read_health(household.outputs) or {}).get("state") == "ending")
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=180)
    assert process.returncode == 0, said
    ran = household.entries()[-1]
    assert (ran.state, read_record(Path(str(ran.folder))).state) == ("stopped", "stopped")
    assert (read_health(household.outputs) or {})["state"] == "ended"


# -- inside ----------------------------------------------------------------------------------------------------------------


class Turns:
    """Stands in for take_turn: each turn waits until it is let go, and all that happened is kept."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.only_told: list[str] = []
        self.side_by_side = self.most = 0
        self.go = threading.Event()
        self.failing: list[Exception] = []
        self.stop: threading.Event | None = None
        self._lock = threading.Lock()

    def __call__(self, task, turn, may_run=True):
        if not may_run:
            self.only_told.append(task.name)
            return []
        with self._lock:
            self.taken.append(task.name)
            self.stop = turn.stop
            self.side_by_side += 1
            self.most = max(self.most, self.side_by_side)
            failure = self.failing.pop() if self.failing else None
        if failure:
            raise failure
        self.go.wait(180)
        with self._lock:
            self.side_by_side -= 1
        return []


@pytest.fixture
def turns(monkeypatch):
    made = Turns()
    monkeypatch.setattr(serving, "take_turn", made)
    return made


@pytest.fixture
def serving_in(household):
    """A Serving that runs in a thread of the test; ``said`` collects what it says."""
    threads = []

    def start(jobs: str, schedule: str = "", grace: float = 0.0) -> SimpleNamespace:
        household.schedule(jobs, schedule)
        said: list[str] = []
        history = household.history()
        made = Serving(household.settings, household.outputs, history, said.append)
        thread = threading.Thread(target=made.run, args=(grace,))
        thread.start()
        threads.append((made, thread, history))
        return SimpleNamespace(serving=made, said=said, thread=thread)

    yield start
    for made, thread, history in threads:
        made.end()
        thread.join(180)
        history.close()


def test_so_many_at_once_and_no_more(turns, serving_in):
    started = serving_in(TWICE, "at_once = 2")
    wait_for(lambda: turns.side_by_side == 2)
    started.serving.beat()
    assert len(read_health(started.serving._outputs)["running"]) == 2
    turns.go.set()
    wait_for(lambda: len(turns.taken) == 4)
    assert turns.most == 2
    assert sorted(turns.taken) == ["look/club", "look/shop", "read/club", "read/shop"]


def test_nothing_begins_once_it_is_asked_to_end(turns, serving_in):
    started = serving_in(TWICE, "at_once = 1")
    wait_for(lambda: turns.taken)
    started.serving.end()
    turns.go.set()
    started.thread.join(180)
    assert not started.thread.is_alive()
    assert len(turns.taken) == 1


def test_applies_of_one_source_take_turns_and_none_begins_after_the_end(turns, serving_in):
    applies = "".join(
        f'[schedule.jobs.{name}]\nnotebook = "apply"\nsource = "shop"\ncron = "0 0 1 1 *"\nplans = "approved"\n'
        for name in ("one", "two")
    )
    started = serving_in(applies, "at_once = 2", 600.0)
    wait_for(lambda: turns.taken)
    started.serving.end()
    turns.go.set()
    started.thread.join(180)
    assert (len(turns.taken), turns.most) == (1, 1)


@pytest.mark.parametrize(("grace", "stopped"), [(0.0, True), (600.0, False)])
def test_what_runs_is_stopped_when_the_grace_is_over_and_not_before(turns, serving_in, grace, stopped):
    started = serving_in(TWICE, "at_once = 1", grace)
    wait_for(lambda: turns.taken)
    assert not turns.stop.is_set()
    started.serving.end()
    wait_for(lambda: (read_health(started.serving._outputs) or {}).get("state") == "ending")
    if stopped:
        wait_for(turns.stop.is_set)
    assert turns.stop.is_set() == stopped
    turns.go.set()


def test_a_task_that_is_due_while_its_last_run_goes_on_is_told_so_at_once(turns, serving_in):
    started = serving_in(far_from_now(HOURLY), "at_once = 1")
    wait_for(lambda: turns.taken)
    started.serving._overlap(SimpleNamespace(job_id="look/shop"))
    wait_for(lambda: turns.only_told == ["look/shop"])  # though the only slot is taken
    assert turns.taken == ["look/shop"]
    turns.go.set()


def test_while_ticks_have_all_slots_it_comes_again(turns, serving_in, household, monkeypatch):
    monkeypatch.setattr(serving, "AGAIN", timedelta(seconds=0.1))
    turns.go.set()
    with slots(household.outputs, 1, 1) as taken:
        assert taken == 1
        serving_in(far_from_now(HOURLY), "at_once = 1")
        wait_for(lambda: len(turns.only_told) > 1)
        assert turns.taken == []
    wait_for(lambda: turns.taken == ["look/shop"])


def test_a_turn_that_breaks_off_is_told_and_taken_again(turns, serving_in, monkeypatch):
    monkeypatch.setattr(serving, "AGAIN", timedelta(seconds=0.1))
    turns.failing = [OutputError("The disk is full.", "Free some space.")]
    turns.go.set()
    started = serving_in(far_from_now(HOURLY))
    wait_for(lambda: len(turns.taken) == 2)
    assert any("look/shop: The disk is full." in line for line in started.said)


def test_the_first_sight_of_a_task_does_not_wait_for_its_turn(turns, serving_in, household):
    serving_in(TWICE, "at_once = 1")
    wait_for(lambda: turns.taken)
    later = datetime.now(UTC) + timedelta(days=1)
    with household.history() as history:
        assert all(history.first_seen(task, later) < later for task in household.tasks)
    turns.go.set()


def test_cron_means_what_it_means_to_a_tick(tmp_path):
    household = Household(tmp_path)
    (tmp_path / "mendbook.toml").write_text(
        SOURCES + '[schedule.jobs.n]\nnotebook = "audit"\nsource = "shop"\ncron = "30 2 * * *"\nzone = "Europe/Berlin"\n'
    )
    [task] = household.tasks
    trigger = Cron(task)
    # 02:30 is skipped that night: due once, right after the change
    assert trigger.get_next_fire_time(None, at("2026-03-28 12:00")) == at("2026-03-29 01:00")
    # one firing for what was slept through
    assert trigger.get_next_fire_time(at("2026-03-29 01:00"), at("2026-04-10 12:00")) == at("2026-04-11 00:30")


# -- health ----------------------------------------------------------------------------------------------------------------


def health(**more):
    return {"pid": 7, "host": "here", "started": "x", "beat": at("2026-11-20 12:00").isoformat(), "state": "serving", **more}


def test_health_goes_by_its_age(tmp_path):
    with pytest.raises(Refused, match="No 'mendbook serve' has run"):
        check_health(tmp_path, at("2026-11-20 12:00"))
    write_health(tmp_path, health())
    assert check_health(tmp_path, at("2026-11-20 12:00") + timedelta(seconds=SILENT))["pid"] == 7
    with pytest.raises(Refused, match="last heard of 61 s ago"):
        check_health(tmp_path, at("2026-11-20 12:00") + timedelta(seconds=SILENT + 1))
    write_health(tmp_path, health(state="ended"))
    with pytest.raises(Refused, match="has ended"):
        check_health(tmp_path, at("2026-11-20 12:00"))
    (tmp_path / HEALTH).write_text(json.dumps({"pid": 7}))
    with pytest.raises(OutputError, match="not a health file"):
        check_health(tmp_path, at("2026-11-20 12:00"))


def test_without_apscheduler_it_says_what_to_install(household, monkeypatch, capsys):
    for name in [each for each in sys.modules if each == "mendbook.ticking.serving" or each.split(".")[0] == "apscheduler"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "apscheduler", None)
    answer = command_in(household.folder, monkeypatch, capsys)("serve")
    assert answer.code == 2
    assert "pip install 'mendbook[schedule]'" in answer.words


def test_without_a_job_there_is_nothing_to_serve(household, monkeypatch, capsys):
    household.schedule("")
    answer = command_in(household.folder, monkeypatch, capsys)("serve")
    assert answer.code == 2
    assert "schedules nothing" in answer.words
