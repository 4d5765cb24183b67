"""Sends a message to the sinks of [alerts]: with dead_man.py the only doors out of mendbook.

A sink's URL holds secrets. It comes from the environment or from .env, goes to a child process through a pipe, and is never
written, logged or said: a sink is told of by its number and its variable. Sending takes bounded time, whatever a sink does;
that one does not answer is a result, not an error. What is said, and to whom, is decided in alerts.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from mendbook.alerts.text import Message
from mendbook.config import Settings, value_of
from mendbook.errors import ConfigError

#: Seconds for all sinks together; they are told side by side.
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Sink:
    """One address that is told: its number, counted over all variables, the variable, and its place there."""

    number: int
    variable: str
    place: int
    url: str

    def __repr__(self) -> str:
        return f"<{self.name}>"

    @property
    def name(self) -> str:
        return f"sink {self.number} ({self.variable})"

    @property
    def id(self) -> str:
        """What it is remembered by; a digest of its URL could be guessed at."""
        return f"{self.variable}#{self.place}"


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a message to one sink; ``why`` it did not get it, without anything of the URL."""

    sink: Sink
    ok: bool
    why: str = ""


def sinks(settings: Settings) -> list[Sink]:
    """The sinks that [alerts] names. Raises ConfigError where a variable is not set, or apprise is not installed."""
    found: list[Sink] = []
    for variable in settings.alerts.url_envs:
        value = value_of(variable, settings.path)
        if not value:
            raise ConfigError(f"The environment variable {variable} is not set.", f"export {variable}='json://HOST/PATH'")
        for place, url in enumerate(value.split(), start=1):
            if "://" not in url:
                raise ConfigError(
                    f"What {variable} holds at place {place} is not a URL.",
                    "Write apprise URLs, parted by blanks: docs/schedule.md tells of some.",
                )
            found.append(Sink(len(found) + 1, variable, place, url))
    if found and find_spec("apprise") is None:
        raise ConfigError("Alerts are sent by apprise, which is not installed.", "pip install 'mendbook[notify]'")
    return found


def send(deliveries: Sequence[tuple[Sink, Message]], patience: float = PATIENCE) -> list[Sent]:
    """Send each message to its sink, all at once, in at most ``patience`` seconds; what became of each, in order.

    A child process does it: what hangs in it ends with it, and delivers nothing after it was said to have failed.
    """
    if not deliveries:
        return []
    job = [{"url": sink.url, **asdict(message)} for sink, message in deliveries]
    child = subprocess.Popen(
        [sys.executable, "-m", "mendbook.alerts.sending_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": _import_path()},
    )
    try:
        told, _ = child.communicate(json.dumps({"patience": patience, "deliveries": job}).encode(), timeout=patience)
        missing = "the process that sends broke down"
    except subprocess.TimeoutExpired:
        child.kill()
        told, _ = child.communicate()
        missing = f"it did not answer within {patience:g} seconds"
    finally:
        child.kill()
    answers = _answers(told)
    return [Sent(sink, *answers.get(place, (False, missing))) for place, (sink, _) in enumerate(deliveries)]


def _answers(told: bytes) -> Mapping[int, tuple[bool, str]]:
    """What the child said: one line a delivery that is over; a line that was cut off is none."""
    answers = {}
    for line in told.splitlines():
        try:
            value = json.loads(line)
            answers[int(value["place"])] = (bool(value["ok"]), str(value["why"]))
        except (ValueError, TypeError, KeyError):
            continue
    return answers


def _import_path() -> str:
    """This package for the child, also where it is not installed but only on the path."""
    ours = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(dict.fromkeys([ours, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]))
