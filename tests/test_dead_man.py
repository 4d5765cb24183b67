"""The address that is asked for after every tick that went well."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mendbook.alerts.dead_man import ping
from support import alerting
from support.alerting import Watch

FAILED = "The dead man's address (DEAD_MAN_URL) could not be told: "


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watch]:
    with alerting.watching(tmp_path, '[schedule]\ndead_man_url_env = "DEAD_MAN_URL"\n') as made:
        yield made


def test_it_is_asked_for(watched: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    with alerting.hook() as web:
        monkeypatch.setenv("DEAD_MAN_URL", web.url("/ping/secret", "http"))
        assert ping(watched.settings, watched.outputs) == ""
        assert web.asked == ["/ping/secret"]


def test_a_failure_is_said_once(watched: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    with alerting.hook() as web:
        said = []
        for path in ("/refuse", "/refuse", "/", "/away", "/refuse"):
            monkeypatch.setenv("DEAD_MAN_URL", web.url(path, "http"))
            said.append(ping(watched.settings, watched.outputs))
        away = f"{FAILED}it answered 302; give the address that it sends to."
        assert said == [f"{FAILED}it answered 503.", "", "", away, ""]
        assert "/elsewhere" not in web.asked


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "the environment variable is not set"),
        ("file:///etc/hostname", "it is not an http or https URL"),
        ("topsecret", "it is not an http or https URL"),
        ("http://", "no connection"),
        ("http://127.0.0.1:nothing/topsecret", "no connection"),
        ("http://[topsecret", "no connection"),
        ("http://a b/topsecret", "no connection"),
        ("http://127.0.0.1:1/topsecret", "no connection"),
    ],
)
def test_what_is_said_holds_nothing_of_the_url(watched: Watch, value: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAD_MAN_URL", value)
    assert ping(watched.settings, watched.outputs) == f"{FAILED}{why}."


def test_one_that_keeps_us_waiting_is_left(watched: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    with alerting.mute() as silent:
        monkeypatch.setenv("DEAD_MAN_URL", f"http://127.0.0.1:{silent}/")
        assert ping(watched.settings, watched.outputs, 0.2) == f"{FAILED}it did not answer within 0.2 seconds."


def test_a_tick_with_nothing_due_stays_light() -> None:
    asked = (
        "import sys, mendbook.alerts.dead_man, mendbook.alerts.times; "
        "print([name for name in ('sqlalchemy', 'pandas', 'apprise') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
