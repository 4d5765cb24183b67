"""mendbook tick: what is due by [schedule] of mendbook.toml is run, for cron, systemd or Kubernetes to call every minute."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Any

from mendbook.commands import app
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, inert, people, print_json, resolve, say, say_at_once
from mendbook.errors import ConfigError

if TYPE_CHECKING:
    from mendbook.scheduling.history_schema import Entry

_SIGNALLED = 128


@app.command()
def tick(config: Config = CONFIG, outputs: Outputs = OUTPUTS, as_json: AsJson = False) -> int:
    """Run what is due, once, and end. Says nothing where all is well. Exit code 2 or 3 where a run did not end well."""
    from mendbook.ticking.ticking import next_due
    from mendbook.ticking.ticking import tick as run_due

    settings, folder = resolve(config, outputs)
    if not settings.schedule.jobs and not settings.alerts.url_envs:
        raise ConfigError(f"{settings.path} schedules no job.", "Add [schedule.jobs.NAME]; docs/schedule.md shows one.")
    stop, received = _stop_when_asked()
    entries = run_due(settings, folder, say=_say if people.is_terminal else None, stop=stop, warn=_say)
    if not people.is_terminal:
        _tell_what_went_wrong(entries)
    if as_json:
        print_json(_document(entries, next_due(settings, datetime.now(UTC))))
    if received:
        return _SIGNALLED + received[0]
    return max((entry.exit_code or 0 for entry in entries), default=0)


def _stop_when_asked() -> tuple[Event, list[int]]:
    """SIGTERM and Ctrl-C end the runs that go on in an orderly way; their records say that they were stopped."""
    stop, received = Event(), list[int]()

    def ask(number: int, _: Any) -> None:
        if not received:
            say_at_once("stopping the runs that go on.")
        received.append(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return stop, received


def _say(line: str) -> None:
    say(inert(line))


def _tell_what_went_wrong(entries: list[Entry]) -> None:
    """cron mails what a command says: nothing where all went well."""
    if not entries:
        return
    from mendbook.scheduling.history_schema import FINISHED
    from mendbook.ticking.task_runs import lines

    for told in lines([entry for entry in entries if entry.state != FINISHED]):
        _say(told)


def _document(entries: list[Entry], following: datetime | None) -> dict[str, Any]:
    ran = [entry.as_json() for entry in entries if entry.state != "missed"]
    missed = [entry.as_json() for entry in entries if entry.state == "missed"]
    return {"ran": ran, "missed": missed, "next": following.isoformat() if following else None}
