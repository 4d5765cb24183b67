"""The run history: a scheduled time is had once, by whoever comes first, in SQLite and in PostgreSQL alike."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mendbook.errors import ConfigError, ConnectionFailed, OutputError
from mendbook.scheduling import history_glance
from mendbook.scheduling.history import FILE, SILENT, STARTED, History
from mendbook.scheduling.history_glance import glance
from mendbook.scheduling.history_schema import Entry
from mendbook.scheduling.jobs import Task
from mendbook.scheduling.task_locks import holder
from support.databases import TestDatabase, fresh_database
from support.scheduling import HOURLY, START, Household, at

ONE, TWO, THREE = at("2026-11-20 13:00"), at("2026-11-20 14:00"), at("2026-11-20 15:00")
HOUR = timedelta(hours=1)
KINDS = ["sqlite", "postgresql"]


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest) -> Iterator[TestDatabase | None]:
    """Where histories go: a fresh one a test, in the one kind of database and in the other."""
    if request.param == "sqlite":
        yield None
        return
    with fresh_database(request.getfixturevalue("server")) as database:
        yield database


@pytest.fixture
def home(place: TestDatabase | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Household:
    made = Household(tmp_path)
    if place is None:
        return made.schedule()
    place.execute("DROP TABLE IF EXISTS mendbook_tasks, mendbook_runs, mendbook_notes")
    monkeypatch.setenv("HISTORY_URL", place.url)
    return made.schedule(schedule='history_url_env = "HISTORY_URL"')


@pytest.fixture
def task(home: Household) -> Task:
    return home.tasks[0]


def going_on(history: History, task: Task) -> Entry:
    [entry] = history.going_on(task)
    return entry


def test_a_job_seen_for_the_first_time_has_no_past(home: Household, task: Task) -> None:
    with home.history() as history:
        assert history.first_seen(task, START) == START
        assert history.first_seen(task, THREE) == START
        assert history.since(task, THREE) == START
        other_rule = Task(task.job.model_copy(update={"cron": "*/5 * * * *"}), task.source, task.zone)
        assert history.since(other_rule, TWO) == TWO
        assert history.since(task, THREE) == START


def test_a_time_is_claimed_once(home: Household, task: Task) -> None:
    with home.history() as history, home.history() as another:
        history.first_seen(task, START)
        assert history.claim(task, ONE, ONE + HOUR / 60)
        assert not another.claim(task, ONE, ONE)
        assert history.end(going_on(history, task), "finished", ONE + HOUR, 0, folder="f")
        assert not another.claim(task, ONE, ONE)
        [entry] = history.entries()
        assert (entry.scheduled, entry.started, entry.ended) == (ONE, ONE + HOUR / 60, ONE + HOUR)
        assert (entry.name, entry.state, entry.exit_code, entry.folder) == ("look/shop", "finished", 0, "f")
        assert history.last(task) == entry
        assert another.since(task, THREE) == ONE


def test_none_is_claimed_while_a_run_goes_on(home: Household, task: Task) -> None:
    with home.history() as history:
        other = Task(task.job, "club", task.zone)
        assert history.claim(task, ONE, ONE)
        assert not history.claim(task, TWO, TWO)
        assert history.claim(other, TWO, TWO), "another source is another matter"
        history.end(going_on(history, task), "failed", TWO, 3, "why")
        assert history.claim(task, TWO, TWO)


def test_misses_are_written_once_and_never_over_a_run(home: Household, task: Task) -> None:
    with home.history() as history:
        history.claim(task, TWO, TWO)
        assert [entry.scheduled for entry in history.miss(task, [ONE, TWO, THREE], "off", {"more": 7})] == [ONE, THREE]
        assert history.miss(task, [ONE, TWO, THREE], "again") == []
        told = [(entry.scheduled, entry.state, entry.error, entry.extra) for entry in history.entries("look", "shop")]
        assert told == [(THREE, "missed", "off", {}), (TWO, STARTED, None, {}), (ONE, "missed", "off", {"more": 7})]
        assert history.entries(source="club") == []
        assert len(history.entries(limit=2)) == 2


def test_a_clock_that_was_wrong_does_not_keep_a_job_still(home: Household, task: Task) -> None:
    with home.history() as history:
        history.first_seen(task, START)
        history.miss(task, [at("2031-01-01 00:00")])
        assert history.since(task, TWO) == START
    assert glance(home.settings, home.outputs, [task], TWO, "").waiting == (task,)


def test_signs_of_life_and_what_is_known_meanwhile(home: Household, task: Task) -> None:
    clock = [ONE]
    with History.open(home.settings, home.outputs, lambda: clock[0]) as history:
        history.claim(task, ONE, ONE, "here")
        clock[0] = TWO
        history.beat(going_on(history, task), folder="runs/one", attempt=2, extra={"plans": ["ä"]})
        entry = going_on(history, task)
        assert (entry.seen, entry.folder, entry.attempt, entry.holder) == (TWO, "runs/one", 2, "here")
        assert entry.extra == {"plans": ["ä"]}


def test_one_finds_the_dead_and_the_dead_may_answer(home: Household, task: Task) -> None:
    with home.history() as history:
        history.claim(task, ONE, ONE)
        entry = going_on(history, task)
        assert history.bury(entry, "failed", TWO, 3, "it was killed")
        assert not history.bury(entry, "failed", TWO, 3, "by another")
        assert history.entries()[0].error == "it was killed"
        history.beat(entry, folder="late")
        assert history.entries()[0].folder is None
        assert history.end(entry, "finished", THREE, 0), "it lived after all: its own word counts"
        assert history.entries()[0].state == "finished"


def test_old_entries_go_but_never_the_newest_of_a_task(home: Household, task: Task) -> None:
    with home.history() as history:
        history.miss(task, [ONE, TWO])
        history.miss(Task(task.job, "club", task.zone), [ONE])
        history.claim(Task(task.job, "third", task.zone), ONE, ONE)
        assert history.forget(THREE) == 1
        assert {(entry.source, entry.scheduled) for entry in history.entries()} == {
            ("shop", TWO),
            ("club", ONE),
            ("third", ONE),
        }


def test_notes(home: Household) -> None:
    with home.history() as history:
        assert history.note("told") is None
        assert not history.replace_note("told", "nothing", "x")
        assert history.replace_note("told", None, "1")
        assert not history.replace_note("told", None, "2")
        assert history.replace_note("told", "1", "2")
        history.set_note("told", "3")
        history.set_note("new", "ü")
        assert (history.note("told"), history.note("new")) == ("3", "ü")


CLAIMING = """
import json, sys
from datetime import datetime, timedelta
from pathlib import Path
from mendbook import config
from mendbook.scheduling.history import History
from mendbook.scheduling.jobs import tasks
settings = config.load(sys.argv[1])
task = tasks(settings)[0]
start = datetime.fromisoformat(sys.argv[3])
won = []
sys.stdin.readline()
with History.open(settings, Path(sys.argv[2])) as history:
    for number in range(12):
        at = start + timedelta(hours=number)
        if history.claim(task, at, at):
            won.append(number)
            assert len(history.going_on(task)) == 1
            history.end(history.going_on(task)[0], "finished", at, 0)
print(json.dumps(won))
"""


def test_of_many_processes_one_alone_wins_each_time(home: Household) -> None:
    arguments = [str(home.folder / "mendbook.toml"), str(home.outputs), ONE.isoformat()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIMING, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        for _ in range(4)
    ]
    for each in racers:  # all imported what they need, and none has made the tables yet
        each.stdin.write("\n")
        each.stdin.flush()
    won = [number for each in racers for number in json.loads(each.communicate()[0])]
    assert [each.returncode for each in racers] == [0] * 4
    assert len(won) == len(set(won)), "two had the same time"
    with home.history() as history:
        found = history.entries()
    assert sorted(won) == sorted((entry.scheduled - ONE) // HOUR for entry in found)
    assert {entry.state for entry in found} == {"finished"}
    assert (found[0].scheduled - ONE) // HOUR == 11, "the last time was taken by somebody"


def test_threads_share_a_history(home: Household, task: Task) -> None:
    with home.history() as history, ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: history.claim(task, ONE, ONE), range(16))) == 1
        assert sum(pool.map(lambda number: history.replace_note("n", None, str(number)), range(16))) == 1


# -- the cheap look ----------------------------------------------------------------------------------------------------


def test_the_glance_agrees_with_the_history(home: Household, task: Task) -> None:
    def waits(now: datetime) -> bool:
        seen = glance(home.settings, home.outputs, [task], now, "looked")
        return seen is None or bool(seen.waiting)

    with home.history() as history:
        assert waits(START), "it was never seen"
        history.first_seen(task, START)
        history.set_note("looked", "then")
        assert not waits(START)
        assert not waits(ONE - HOUR / 60)
        assert waits(ONE)
        history.claim(task, ONE, ONE, holder(home.outputs))
        assert waits(ONE), "nobody holds its lock: it is dead"
        history.end(going_on(history, task), "finished", ONE, 0)
        assert not waits(ONE)
        assert waits(TWO)
        changed = Task(task.job.model_copy(update={"cron": "1 * * * *"}), task.source, task.zone)
        assert glance(home.settings, home.outputs, [changed], ONE, "looked").waiting == (changed,)
        assert glance(home.settings, home.outputs, [task], ONE, "looked").note == "then"


def test_the_glance_sees_the_dead_by_their_silence(home: Household, task: Task) -> None:
    def look(tasks: list[Task]) -> tuple[bool, bool]:
        seen = glance(home.settings, home.outputs, tasks, ONE, "")
        return bool(seen.waiting), seen.forgotten

    clock = [datetime.now(UTC) - SILENT / 2]
    with History.open(home.settings, home.outputs, lambda: clock[0]) as history:
        history.first_seen(task, START)
        history.claim(task, ONE, ONE, "another machine")
        assert look([task]) == (False, False)
        assert look([]) == (False, False)
        clock[0] -= SILENT
        history.beat(going_on(history, task))
        assert look([task]) == (True, False)
        assert look([]) == (False, True), "its job is no more, and still somebody should be told"


def test_the_glance_and_the_history_use_the_same_words() -> None:
    assert (history_glance.FILE, history_glance.STARTED, history_glance.SILENT) == (FILE, STARTED, SILENT)
    assert f"state = '{STARTED}'" in history_glance._STARTED


# -- what does not work ------------------------------------------------------------------------------------------------


def test_a_variable_that_is_not_set_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HISTORY_URL", raising=False)
    home = Household(tmp_path).schedule(HOURLY, 'history_url_env = "HISTORY_URL"')
    assert glance(home.settings, home.outputs, home.tasks, ONE, "") is None
    with pytest.raises(ConfigError, match=r"HISTORY_URL is not set; schedule\.history_url_env"):
        home.history()
    monkeypatch.setenv("HISTORY_URL", "sqlite:///there")
    with pytest.raises(ConfigError, match="HISTORY_URL names a 'sqlite' database"):
        home.history()


def test_a_server_that_is_not_there_is_told_without_its_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Household(tmp_path).schedule(HOURLY, 'history_url_env = "HISTORY_URL"')
    monkeypatch.setenv("HISTORY_URL", "postgresql://somebody:s3cr3t-word@127.0.0.1:1/history")
    assert glance(home.settings, home.outputs, home.tasks, ONE, "") is None
    with pytest.raises(ConnectionFailed) as caught:
        home.history()
    assert "s3cr3t-word" not in str(caught.value)


def test_a_file_that_is_none_of_ours_is_told(tmp_path: Path) -> None:
    home = Household(tmp_path).schedule()
    home.outputs.mkdir()
    (home.outputs / FILE).write_text("not a database, and more than a few bytes of it" * 20)
    assert glance(home.settings, home.outputs, home.tasks, ONE, "") is None
    with pytest.raises(OutputError, match=r"history\.sqlite cannot be used: file is not a database"):
        home.history()
