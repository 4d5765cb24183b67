"""When a job is due: zones, clock changes, leap days, and what was missed."""

from datetime import UTC, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from mendbook.errors import ConfigError
from mendbook.scheduling.jobs import MOST_DUE, Task, due, in_window, next_time
from mendbook.settings.schedule import Job
from support.scheduling import Household, at


def task(cron: str, zone: str = "UTC", window: str | None = None) -> Task:
    job = Job(name="night", notebook="apply", source="shop", cron=cron, window=window, plans="approved")
    return Task(job, "shop", zone)


def times(cron: str, zone: str, since: str, until: str) -> list[str]:
    found = due(task(cron, zone), at(since), at(until))
    assert all(each.tzinfo is UTC for each in found)
    return [f"{each:%m-%d %H:%M}" for each in found]


DUE = {
    "after the first and up to the last, both of them minutes": (
        ("0 * * * *", "UTC", "2026-11-20 12:00", "2026-11-20 14:00"),
        ["11-20 13:00", "11-20 14:00"],
    ),
    "a night that loses 02:30 runs it once, right after the change": (
        ("30 2 * * *", "Europe/Berlin", "2026-03-28 00:00", "2026-03-30 12:00"),
        ["03-28 01:30", "03-29 01:00", "03-30 00:30"],
    ),
    "a night that has 02:30 twice runs it once": (
        ("30 2 * * *", "Europe/Berlin", "2026-10-24 12:00", "2026-10-26 12:00"),
        ["10-25 00:30", "10-26 01:30"],
    ),
    "asked between the two 02:30, it is not due again": (
        ("30 2 * * *", "Europe/Berlin", "2026-10-25 00:35", "2026-10-25 12:00"),
        [],
    ),
    "asked in the hour that comes twice, before the minute": (
        ("30 2 * * *", "Europe/Berlin", "2026-10-25 01:10", "2026-10-25 12:00"),
        [],
    ),
    "every hour follows the real time when an hour comes twice": (
        ("0 * * * *", "Europe/Berlin", "2026-10-24 23:30", "2026-10-25 02:30"),
        ["10-25 00:00", "10-25 01:00", "10-25 02:00"],
    ),
    "every hour follows the real time when an hour is left out": (
        ("0 * * * *", "Europe/Berlin", "2026-03-28 23:30", "2026-03-29 02:30"),
        ["03-29 00:00", "03-29 01:00", "03-29 02:00"],
    ),
    "half an hour of change": (
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-02 20:00", "2026-10-04 20:00"),
        ["10-03 15:30", "10-04 15:15"],
    ),
    "a leap day": (("0 0 29 2 *", "UTC", "2027-01-01 00:00", "2029-01-01 00:00"), ["02-29 00:00"]),
    "a day of the month or of the week, where both are named": (
        ("0 0 13 * 5", "UTC", "2026-11-01 00:00", "2026-11-15 00:00"),
        ["11-06 00:00", "11-13 00:00"],
    ),
}


@pytest.mark.parametrize("case", DUE)
def test_due(case: str) -> None:
    (cron, zone, since, until), expected = DUE[case]
    assert times(cron, zone, since, until) == expected


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "UTC"])
@pytest.mark.parametrize("cron", ["30 2 * * *", "*/20 * * * *", "0 0 * * *", "15 1,2,3 * * *", "30 */2 * * *"])
def test_however_often_one_asks_the_times_are_the_same(cron: str, zone: str) -> None:
    job, step = task(cron, zone), timedelta(minutes=37)
    for day in (at("2026-03-07 20:00"), at("2026-03-28 12:00"), at("2026-10-24 12:00"), at("2026-04-04 06:00")):
        moments = [day + number * step for number in range(58)]
        asked_often = [each for since, now in pairwise(moments) for each in due(job, since, now)]
        one_by_one, last = [], day
        while (last := next_time(job, last)) <= moments[-1]:
            one_by_one.append(last)
        assert asked_often == one_by_one[: len(asked_often)] == one_by_one
        assert due(job, day, moments[-1]) == asked_often[-MOST_DUE:]
        assert len(set(asked_often)) == len(asked_often)


def test_of_a_year_without_a_tick_the_newest_are_told() -> None:
    found = due(task("* * * * *"), at("2025-11-20 12:00"), at("2026-11-20 12:00"))
    assert len(found) == MOST_DUE
    assert (found[0], found[-1]) == (at("2026-11-20 10:21"), at("2026-11-20 12:00"))
    yearly = due(task("0 0 1 1 *"), at("1980-06-01 00:00"), at("2026-11-20 12:00"))
    assert (len(yearly), yearly[0], yearly[-1]) == (46, at("1981-01-01 00:00"), at("2026-01-01 00:00"))


def test_seconds_do_not_shift_anything() -> None:
    job = task("0 * * * *")
    assert due(job, at("2026-11-20 12:00") + timedelta(seconds=1), at("2026-11-20 12:59")) == []
    almost = at("2026-11-20 13:00") - timedelta(microseconds=1)
    assert due(job, at("2026-11-20 12:00"), almost) == []
    assert due(job, almost, at("2026-11-20 13:00")) == [at("2026-11-20 13:00")]


WINDOWS = {
    ("22:00-05:00", "2026-11-20 21:00"): True,  # 22:00 in Berlin
    ("22:00-05:00", "2026-11-20 20:59"): False,
    ("22:00-05:00", "2026-11-21 03:59"): True,
    ("22:00-05:00", "2026-11-21 04:00"): False,  # its last minute is not in it
    ("22:00-05:00", "2026-07-21 02:59"): True,  # summer time
    ("22:00-05:00", "2026-07-21 03:00"): False,
    ("09:00-17:00", "2026-11-20 08:00"): True,
    ("09:00-17:00", "2026-11-20 16:00"): False,
    (None, "2026-11-20 16:00"): True,
}


@pytest.mark.parametrize(("window", "now"), WINDOWS)
def test_windows(window: str | None, now: str) -> None:
    assert in_window(task("0 * * * *", "Europe/Berlin", window), at(now)) is WINDOWS[window, now]


def test_a_job_is_a_task_for_each_of_its_sources(tmp_path: Path) -> None:
    home = Household(tmp_path).schedule(
        """
        [schedule.jobs.every]
        notebook = "audit"
        source = "*"
        cron = "0  2 * * *"
        [schedule.jobs.some]
        notebook = "audit"
        source = ["club", "club"]
        cron = "0 3 * * *"
        zone = "Asia/Tokyo"
        """,
        'zone = "Europe/Berlin"',
    )
    assert [(each.name, each.rule) for each in home.tasks] == [
        ("every/shop", "0 2 * * * Europe/Berlin"),
        ("every/club", "0 2 * * * Europe/Berlin"),
        ("some/club", "0 3 * * * Asia/Tokyo"),
    ]


REFUSED = {
    'notebook = "audit"\nsource = "shp"\ncron = "0 2 * * *"': ("there is no source 'shp'", "Did you mean 'shop'?"),
    'notebook = "audit"\nsource = []\ncron = "0 2 * * *"': ("schedule.jobs.look.source", "at least one"),
    'notebook = "audit"\nsource = "shop"\ncron = "0 0 2 * * *"': ("five fields", "docs/schedule.md"),
    'notebook = "audit"\nsource = "shop"\ncron = "61 2 * * *"': ("'61 2 * * *' is not a cron expression", "minute"),
    'notebook = "audit"\nsource = "shop"\ncron = "0 0 30 2 *"': ("is not a cron expression", "docs/schedule.md"),
    'notebook = "audit"\nsource = "shop"\ncron = "0 2 * * *"\nzone = "Berlin"': ("no time zone 'Berlin'", "docs/schedule.md"),
    'notebook = "apply"\nsource = "shop"\ncron = "0 2 * * *"': ("which plans it may take", "docs/schedule.md"),
    'notebook = "x/05_apply.ipynb"\nsource = "shop"\ncron = "0 2 * * *"': ("which plans it may take", "docs/schedule.md"),
    'notebook = "apply"\nplans = "approved"\nretries = 1\nsource = "shop"\ncron = "0 2 * * *"': (
        "never tried again",
        "retries",
    ),
    'notebook = "apply"\nplans = "all"\nsource = "shop"\ncron = "0 2 * * *"': ("schedule.jobs.look.plans", "docs/schedule.md"),
    'notebook = "apply"\nplans = "approved"\nwindow = "22-05"\nsource = "shop"\ncron = "0 2 * * *"': ("22:00-05:00", "'22-05'"),
    'notebook = "audit"\nsource = "shop"\ncron = "0 2 * * *"\nretry = 1': (
        "retry is not a known name",
        "Did you mean 'retries'?",
    ),
    'notebook = "audit"\nsource = "shop"': ("schedule.jobs.look.cron is missing", "docs/schedule.md"),
}


@pytest.mark.parametrize("job", REFUSED)
def test_what_a_job_may_not_say(tmp_path: Path, job: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _ = Household(tmp_path).schedule(f"[schedule.jobs.look]\n{job}\n").settings
    for words in REFUSED[job]:
        assert words in str(caught.value)
    assert ".." not in str(caught.value).replace(str(tmp_path), "")
