"""mendbook apply: what was approved of a plan, rehearsed or done."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

import typer
from rich.markup import escape

from mendbook.commands import app
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, inert, open_plan, people, print_json, say, say_at_once
from mendbook.errors import OutputError

PlanName = Annotated[str, typer.Argument(metavar="PLAN", help="a plan's id, or its folder")]


@app.command("apply")
def apply_plan(
    plan: PlanName,
    commit: Annotated[bool, typer.Option("--commit", help="do it; without this everything is rolled back")] = False,
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Rehearse what was approved of PLAN, or do it with --commit. Exit code 1 where some cases were stale."""
    from mendbook.runs import write_index

    book = open_plan(plan, config, outputs)
    result = book.apply(plan, commit, _telling(), _stop_when_asked())
    with suppress(OutputError):  # what was applied is applied, listed or not
        write_index(book.outputs)
    _tell(result)
    if as_json:
        print_json(result)
    return 1 if result["stale"] else 0


def _stop_when_asked() -> Callable[[], bool]:
    """Ctrl-C once stops after the batch under way; twice, at once, and that batch is rolled back."""
    asked: list[int] = []

    def ask(number: int, _: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        say_at_once("stopping after this batch; once more stops at once, and rolls the batch back.")

    signal.signal(signal.SIGINT, ask)
    signal.signal(signal.SIGTERM, ask)
    return lambda: bool(asked)


def _telling() -> Callable[[str, int, int], None]:
    """How far it has come, on a terminal; why it waits, everywhere."""

    def tell(what: str, done: int, total: int) -> None:
        if not total:
            say(f"waiting: {what}" if what else "")
        elif people.is_terminal:
            people.print(f"\r\x1b[2K  [{done:,}/{total:,}] {escape(what)}", end="\r")

    return tell


def _tell(result: dict[str, Any]) -> None:
    done = "applied" if result["mode"] == "commit" else "rehearsed, and rolled back"
    rows = f"{counted(result['changes'], 'row')} in {counted(result['batches'], 'batch', 'batches')}, {result['seconds']} s"
    say(f"{counted(result['applied'], 'case')} {done}: {rows}.")
    if result["already"]:
        say(f"{counted(result['already'], 'case')} had been applied before.")
    for stale in result["stale_cases"][:20]:
        people.print(f"[yellow]stale[/]: {escape(inert(stale['case']))}: {escape(inert(stale['why']))}")
    if result["stale"] > 20:
        say(f"... and {result['stale'] - 20:,} more stale cases.")
    for state, count in {"rejected": result["rejected"], **result["not_approved"]}.items():
        if count:
            say(f"{counted(count, 'case')} {state}: left alone.")
    left = {kind: cases for kind, cases in result["remaining"].items() if cases}
    say("An audit finds no damage any more." if not left else "An audit still finds: " + told(left))
    say(f"Result: {result['folder']}/result.json")
    say(f"{'Receipt' if result['mode'] == 'commit' else 'Rehearsal'}: {result['receipt']['html']}")
    if result["mode"] == "rehearse" and result["applied"]:
        say(f"Nothing was changed. To do it: mendbook apply {result['plan']} --commit")


def counted(number: int, one: str, several: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def told(counts: dict[str, int]) -> str:
    return ", ".join(f"{kind} {cases:,}" for kind, cases in counts.items()) + "."
