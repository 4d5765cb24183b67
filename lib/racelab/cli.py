"""Four applications that damage their own data by racing: ``up`` runs one, ``traffic`` sends people to it."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from mendbook.embedded import embedded
from mendbook.errors import ConfigError, MendbookError

import racelab

application = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
SystemName = Annotated[str, typer.Argument(help="attendance, logistics, academy or website")]


@application.command()
def up(
    system: SystemName,
    mode: Annotated[str, typer.Option(help="broken (as it was) or fixed")] = "broken",
    database: Annotated[
        str, typer.Option(help="URL of an empty database (sqlite:////FOLDER/FILE is one); without it, an embedded server's")
    ] = "",
    port: Annotated[int, typer.Option(help="0: any free one")] = 0,
    workers: Annotated[int, typer.Option(min=1, max=32)] = 3,
    variant: Annotated[str, typer.Option(help="another database of the broken release: constrained, lacking")] = "",
    folder: Annotated[Path, typer.Option(help="where the embedded server and the logs live")] = Path("outputs/racelab"),
    migrate: Annotated[bool, typer.Option(help="make or change the tables to what the mode has")] = True,
    old_damage: Annotated[bool, typer.Option(help="also make the damage that is older than the race")] = False,
) -> None:
    """Run SYSTEM until Ctrl-C; its tables are made or migrated first."""
    racelab.system_named(system)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.ExitStack() as stack:
        if not database:
            server = embedded.start(folder / "server")
            name = f"{system}_{mode}" + (f"_{variant}" if variant else "")
            exists = server.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'")
            database = server.url(name) if exists else server.create_database(name)
        if migrate:
            racelab.migrate(system, mode, database, variant or None)
        for sentence in racelab.age(system, database) if old_damage else ():
            _say(f"older than the race: {sentence}")
        app = stack.enter_context(racelab.running(system, mode, database, folder / "logs" / system, workers=workers, port=port))
        stack.enter_context(_announced(app.base_url, folder / f"{system}.running"))
        _say(f"{system} ({mode}) at {app.base_url}\n  database  {database}\n  logs      {app.logs}\n  Ctrl-C ends it")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)


@application.command()
def traffic(
    system: SystemName,
    base_url: Annotated[str, typer.Option(help="this machine only; without it, where `racelab up` runs SYSTEM")] = "",
    registrations: Annotated[int, typer.Option(min=1, max=10_000)] = 60,
    concurrency: Annotated[int, typer.Option(min=1, max=64)] = 8,
    seed: Annotated[int, typer.Option(help="the same seed makes the same plan")] = 1,
    seconds: Annotated[float, typer.Option(help="nobody sets out later than this")] = 120,
    folder: Annotated[Path, typer.Option(help="as given to `racelab up`")] = Path("outputs/racelab"),
    as_json: Annotated[bool, typer.Option("--json", help="every request, as one JSON document on stdout")] = False,
) -> None:
    """Register people with SYSTEM, many at a time."""
    racelab.system_named(system)
    report = racelab.traffic(
        base_url or _announced_url(folder / f"{system}.running"), system, registrations, concurrency, seed, seconds
    )
    if as_json:
        print(json.dumps(report.as_json()))
        return
    counts = ", ".join(f"{count} x {status}" for status, count in report.statuses.items())
    _say(f"{len(report.journeys)} people, {len(report.exchanges)} requests in {report.seconds:.1f} s: {counts}")


@application.command()
def mapping(system: SystemName) -> None:
    """Print SYSTEM's part of mendbook.toml."""
    print(racelab.system_named(system).mapping_text, end="")


@contextlib.contextmanager
def _announced(base_url: str, file: Path) -> Iterator[None]:
    """While the system runs, ``file`` tells `racelab traffic` where."""
    file.write_text(base_url)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _announced_url(file: Path) -> str:
    try:
        return file.read_text()
    except FileNotFoundError as error:
        hint = f"Start it with `racelab up {file.stem}`, or name --base-url."
        raise ConfigError(f"{file.stem} does not run from {file.parent}.", hint) from error


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Exit codes: 0 done, 2 refused or misused, 3 unexpected."""
    try:
        application()
    except MendbookError as error:
        _say(str(error))
        raise SystemExit(error.exit_code) from error
    except Exception as error:
        traceback.print_exc()
        raise SystemExit(3) from error
