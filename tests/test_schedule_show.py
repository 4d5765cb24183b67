"""What `mendbook schedule show` tells: next and last runs, what was missed, and nothing begun by looking."""

import json
from datetime import timedelta

import pytest
from mendbook.scheduling import history as history_module
from mendbook.scheduling.serve_health import HEALTH, write_health
from mendbook.scheduling.view import not_found, overview
from support.commands import command_in
from support.scheduling import Household, at

JOBS = """
[schedule.jobs.nightly]
notebook = "tiny.ipynb"
source = "shop"
cron = "30 2 * * *"
zone = "Europe/Berlin"
[schedule.jobs.hourly]
notebook = "tiny.ipynb"
source = "*"
cron = "0 * * * *"
"""
NOW = at("2026-11-20 12:30")


@pytest.fixture
def household(tmp_path):
    return Household(tmp_path).schedule(JOBS)


def row(household, name, now=NOW):
    [found] = [
        each for each in overview(household.settings, household.outputs, now) if f"{each['job']}/{each['source']}" == name
    ]
    return found


def test_a_schedule_that_never_ran(household):
    rows = overview(household.settings, household.outputs, NOW)
    assert [f"{each['job']}/{each['source']}" for each in rows] == ["nightly/shop", "hourly/shop", "hourly/club"]
    assert rows[0] == {
        "job": "nightly",
        "source": "shop",
        "notebook": "tiny.ipynb",
        "cron": "30 2 * * *",
        "zone": "Europe/Berlin",
        "next": "2026-11-21T01:30:00+00:00",
        "next_here": "2026-11-21T02:30:00+01:00",
        "last": None,
        "missed": 0,
        "due": 0,
    }
    assert not household.outputs.exists()  # looking is no beginning


def test_a_notebook_that_is_not_there_is_told_before_its_time_comes(household):
    household.schedule(JOBS.replace("tiny.ipynb", "audti", 1))
    household.notebook()
    [told] = not_found(household.settings)  # the other job's notebook stands beside mendbook.toml
    assert told.startswith("nightly: There is no notebook 'audti'. Did you mean 'audit'? ")


def test_the_next_time_goes_by_the_zones_own_clock(household):
    before, after = (row(household, "nightly/shop", at(day))["next"] for day in ("2026-10-24 00:00", "2026-10-25 12:00"))
    assert (before, after) == ("2026-10-24T00:30:00+00:00", "2026-10-26T01:30:00+00:00")


def test_the_last_run_and_what_was_missed_since(household):
    [_, task, other] = household.tasks
    with household.history() as history:
        assert history.claim(task, at("2026-11-20 08:00"), at("2026-11-20 08:01"))
        [entry] = history.going_on(task)
        history.end(entry, "failed", at("2026-11-20 08:02"), 3, "KernelDied.", folder="/outputs/runs/one")
        history.miss(task, [at("2026-11-20 09:00"), at("2026-11-20 10:00")], "off")
        history.miss(other, [at("2026-11-20 11:00")], "off")
    found = row(household, "hourly/shop")
    assert (found["missed"], found["due"]) == (2, 2)  # those of 11 and 12 nobody has taken
    last = found["last"]
    assert (last["state"], last["seconds"], last["folder"], last["error"]) == (
        "failed",
        60.0,
        "/outputs/runs/one",
        "KernelDied.",
    )
    assert last["scheduled"].startswith("2026-11-20T08:00:00")
    assert (row(household, "hourly/club")["last"], row(household, "hourly/club")["missed"]) == (None, 1)


def test_a_run_that_goes_on_tells_for_how_long(household):
    task = household.tasks[1]
    with household.history() as history:
        history.claim(task, at("2026-11-20 12:00"), NOW - timedelta(seconds=90))
    assert (row(household, "hourly/shop")["last"]["state"], row(household, "hourly/shop")["last"]["seconds"]) == (
        "started",
        90.0,
    )


def test_looking_notes_nothing(household):
    with household.history() as history:
        history.miss(household.tasks[1], [at("2026-11-20 11:00")], "off")
    overview(household.settings, household.outputs, NOW)
    with household.history() as history, history._begin() as connection:
        assert connection.execute(history_module.TASKS.select()).all() == []


def test_the_command(household, monkeypatch, capsys):
    command = command_in(household.folder, monkeypatch, capsys)
    task = household.tasks[0]
    with household.history() as history:
        history.claim(task, at("2026-11-20 01:30"), at("2026-11-20 01:30"))
        [entry] = history.going_on(task)
        history.end(entry, "failed", at("2026-11-20 01:31"), 3, "RunFailed in cell 2.", folder="/outputs/runs/\x1b[31mone")
    answer = command("schedule", "show")
    assert (answer.code, answer.out) == (0, "")
    assert "nightly/shop" in answer.words
    assert "RunFailed in cell 2." in answer.words
    assert "\x1b" not in answer.err
    document = command("schedule", "show", "--json").document
    assert [each["job"] for each in document["tasks"]] == ["nightly", "hourly", "hourly"]
    write_health(household.outputs, {"pid": 7, "host": "here", "beat": "2026-11-20T12:00:00+00:00", "state": "serving"})
    assert "'mendbook serve' (pid 7 on here) was last heard of 2026-11-20T12:00:00 UTC." in command("schedule", "show").words
    write_health(household.outputs, {"pid": 7, "host": "here", "beat": "2026-11-20T12:00:00+00:00", "state": "ended"})
    assert "serve" not in command("schedule", "show").words
    (household.outputs / HEALTH).unlink()
    household.schedule("")
    nothing = command("schedule", "show", "--json")
    assert (nothing.code, json.loads(nothing.out)) == (0, {"tasks": [], "serve": None})
    assert "schedules nothing" in nothing.words
