"""What every command shares: the console that people read, the options that they all take, JSON on stdout.

Part of the command line's floor: this module and the commands alone print.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from mendbook.errors import OutputError

if TYPE_CHECKING:
    from mendbook.config import Settings
    from mendbook.workbook import Workbook

#: Text stands as it is: no colours guessed, no emoji made of what somebody wrote between two colons.
people = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

#: The terminals of `mendbook lab` have these in their environment: a copied command means the same there.
Config = Annotated[
    Path, typer.Option("--config", metavar="FILE", envvar="MENDBOOK_CONFIG", help="the mendbook.toml to use", show_default=True)
]
Outputs = Annotated[
    Path,
    typer.Option(
        "--outputs",
        metavar="FOLDER",
        envvar="MENDBOOK_OUTPUTS",
        help="the folder for runs, plans and reports",
        show_default=True,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document on stdout")]
SourceName = Annotated[str, typer.Argument(metavar="SOURCE", help="a source of mendbook.toml")]
CONFIG = Path("mendbook.toml")
OUTPUTS = Path("outputs")

#: The exit code of a command that was asked to end.
TERMINATED = 143


def say(text: str) -> None:
    people.print(escape(text))


def say_at_once(text: str) -> None:
    """For a signal's handler, which may have come in the middle of anything, ``say`` itself among it: one plain write."""
    with suppress(OSError):
        os.write(2, f"{text}\n".encode())


def inert(text: str) -> str:
    from mendbook.display import inert

    return inert(text)


def print_json(document: Any) -> None:
    print_text(json.dumps(document, ensure_ascii=False, default=str) + "\n")


def print_text(text: str) -> None:
    """Text on stdout that another program reads, as it is, and all of it: a full disk is told. Raises OutputError."""
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_stdout()
        raise OutputError(f"stdout cannot be written: {error.strerror}.", "Send it elsewhere and try again.") from None


def drop_stdout() -> None:
    """Nobody reads stdout any more, or nothing takes it: what is still to be written goes nowhere, without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def resolve(config: Path, outputs: Path) -> tuple[Settings, Path]:
    """The settings and the folder for outputs; where the demo's stand in for a missing mendbook.toml, it says so."""
    from mendbook.config import DEMO_CONFIG
    from mendbook.files.workplace import resolve

    settings, folder = resolve(config, outputs)
    if settings.path == folder / DEMO_CONFIG:
        from mendbook.demo.demo import revive

        if config == CONFIG:
            say(f"There is no mendbook.toml here; using the demo's ({settings.path}).")
        revive(folder)
    return settings, folder


def open_workbook(source: str, config: Path, outputs: Path) -> Workbook:
    from mendbook.workbook import Workbook

    settings, folder = resolve(config, outputs)
    return Workbook(settings.source(source), settings, folder).check_url()


def open_plan(plan: str, config: Path, outputs: Path) -> Workbook:
    """The workbook of the source that the plan (its id or its folder) is for."""
    from mendbook.plans import files as plan_files
    from mendbook.plans import places as plan_places
    from mendbook.workbook import Workbook

    settings, folder = resolve(config, outputs)
    header = plan_files.read(plan_places.locate(plan, folder)).header
    return Workbook(settings.source(header.source), settings, folder)


def end_when_terminated() -> None:
    """SIGTERM ends the command in an orderly way: nothing half-written stays."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))


def progress() -> Callable[[str, int, int], None]:
    """Tells which kind is being looked for: a line that moves on a terminal, nothing where output goes to a log."""
    if not people.is_terminal:
        return lambda *_: None

    def tell(kind: str, done: int, total: int) -> None:
        people.print(f"\r\x1b[2K  [{done}/{total}] {kind}" if kind else "\r\x1b[2K", end="")

    return tell
