"""mendbook alerts test, mendbook alerts show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import typer

from mendbook.commands import app
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, end_when_terminated, inert, print_json, resolve, say
from mendbook.errors import MendbookError

alerts = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(alerts, name="alerts", help="Who is told of what happens: [alerts] of mendbook.toml.")


@alerts.command("test")
def alerts_test(config: Config = CONFIG, outputs: Outputs = OUTPUTS, as_json: AsJson = False) -> int:
    """Send every address of [alerts] a message that says that it is a test. Exit code 2 where one does not take it."""
    from mendbook.alerts.alerts import send_test

    end_when_terminated()
    settings, _ = resolve(config, outputs)
    outcomes = send_test(settings)
    for each in outcomes:
        say(f"{each.name}: taken" if each.ok else f"{each.name}: NOT taken: {each.why}")
    if as_json:
        print_json({"sinks": [{"name": each.name, "ok": each.ok, "why": each.why} for each in outcomes]})
    return 0 if all(each.ok for each in outcomes) else 2


@alerts.command("show")
def alerts_show(config: Config = CONFIG, outputs: Outputs = OUTPUTS, as_json: AsJson = False) -> int:
    """Tell what holds now, and what each address was told. Nothing is sent, and no database of a source is opened."""
    from mendbook.alerts.alerts import remembered
    from mendbook.alerts.watching import watch
    from mendbook.scheduling.history import History

    settings, folder = resolve(config, outputs)
    with History.open(settings, folder) as history:
        situation = watch(settings, folder, history, datetime.now(UTC))
        holding = [each for each in situation.happenings if each.lasts and each.topic in settings.alerts.about]
        told: list[dict[str, Any]] = []
        problem = ""
        try:
            told = [_told(sink.name, memory) for sink, memory in remembered(settings, history)]
        except MendbookError as error:
            problem = str(error)
    _say(holding, told, problem)
    if as_json:
        keys = ("topic", "key", "source", "title", "lines", "folder", "command")
        print_json({"holds": [{key: getattr(each, key) for key in keys} for each in holding], "sinks": told})
    return 0


def _told(name: str, memory: Any) -> dict[str, Any]:
    told = [{"key": key, "title": each.title, "first": each.first, "last": each.last} for key, each in memory.told.items()]
    return {"name": name, "told": told, "failing": memory.failing, "failing_since": memory.failing_since}


def _say(holding: list[Any], told: list[dict[str, Any]], problem: str) -> None:
    say("What holds now:" if holding else "There is nothing to tell: all is in order.")
    for each in holding:
        say(f"  {inert(each.title)}")
        for line in each.lines:
            say(f"      {inert(line)}")
        if each.command:
            say(f"      next: {each.command}")
    for sink in told:
        failing = f"; it could not be told since {_when(sink['failing_since'])}: {sink['failing']}" if sink["failing"] else ""
        say(f"{sink['name']} was told of {len(sink['told'])}{failing}")
        for entry in sink["told"]:
            say(f"  {inert(entry['title'])} ({_when(entry['last'])})")
    if problem:
        say(problem)
    elif not told:
        say("Nobody is told: [alerts] of mendbook.toml names no address; docs/schedule.md tells how.")


def _when(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"
