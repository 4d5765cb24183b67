"""A tick from what is due to whom is told: real addresses on this machine, runs that are only pretended."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from mendbook.ticking.task_children import Ending
from support import alerting
from support.scheduling import HOURLY, START, Household, at

ONE, TWO, THREE = at("2026-11-20 13:00"), at("2026-11-20 14:00"), at("2026-11-20 15:00")
ALERTS = '[alerts]\nurl_envs = ["ALERT_URL"]\n'
BROKEN = Ending("failed", 2, "runs/last", "ConnectionFailed: no answer")


@pytest.fixture
def home(tmp_path: Path) -> Household:
    return Household(tmp_path).schedule(HOURLY + ALERTS, 'dead_man_url_env = "DEAD_MAN_URL"\n')


def test_a_failed_run_is_told_once_and_when_it_is_over(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = [BROKEN, BROKEN, Ending("finished", 0, "runs/last")]
    with alerting.hook() as web:
        monkeypatch.setenv("ALERT_URL", web.url())
        monkeypatch.setenv("DEAD_MAN_URL", web.url("/alive", "http"))
        said: list[str] = []
        home.tick(START, warn=said.append)
        home.pretend(monkeypatch, lambda _: ends.pop(0))
        for time in (ONE, TWO, THREE):
            home.tick(time, warn=said.append)
        titles = [message["title"] for message in web.got]
        assert len(titles) == 2, titles
        assert "look/shop" in str(web.got[0])
        assert "in order again" in str(web.got[1]).lower()
        assert web.asked.count("/alive") == 4, "after the tick with nothing due, too"
        assert said == []


def test_who_cannot_be_told_is_said_once_and_told_later(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    with alerting.hook() as web:
        monkeypatch.setenv("ALERT_URL", web.url("/refuse"))
        monkeypatch.setenv("DEAD_MAN_URL", web.url("/refuse", "http"))
        said: list[str] = []
        home.tick(START, warn=said.append)
        home.pretend(monkeypatch, lambda _: BROKEN)
        home.tick(ONE, warn=said.append)
        home.tick(ONE + timedelta(minutes=1), warn=said.append)
        assert len(said) == 2, said
        assert "DEAD_MAN_URL" in said[0]
        assert "ALERT_URL" in said[1]
        assert not any(str(web.port) in line for line in said), "addresses hold secrets"
        monkeypatch.setenv("ALERT_URL", web.url())
        home.tick(ONE + timedelta(minutes=2), warn=said.append)
        assert len(web.got) == 1, "nothing ran, and what was missed is told all the same"


def test_plans_are_told_of_where_nothing_is_scheduled(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    home.schedule(ALERTS)
    with alerting.hook() as web:
        monkeypatch.setenv("ALERT_URL", web.url())
        for minute in range(3):
            assert home.tick(START + timedelta(minutes=minute)) == []
        assert web.got == []
    assert (home.outputs / "history.sqlite").exists()
