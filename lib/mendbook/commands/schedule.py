"""mendbook schedule: what runs next and what ran last, and the schedule as other schedulers read it."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mendbook.commands import app
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, inert, people, print_json, print_text, say

schedule = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(schedule, name="schedule", help="What runs when, by mendbook.toml.")


@schedule.command()
def show(config: Config = CONFIG, outputs: Outputs = OUTPUTS, as_json: AsJson = False) -> int:
    """Tell of each job and source when it runs next, how the last run went, and what was missed since."""
    from datetime import UTC, datetime

    from mendbook.files.workplace import resolve
    from mendbook.scheduling.serve_health import read_health
    from mendbook.scheduling.view import not_found, overview, schedule_table

    settings, folder = resolve(config, outputs)
    rows = overview(settings, folder, datetime.now(UTC))
    if rows:
        people.print(schedule_table(rows))
    else:
        say(f"{settings.path} schedules nothing; docs/schedule.md shows how.")
    for words in not_found(settings):
        say(f"warning: {inert(words)}")
    for row in rows:
        last = row["last"] or {}
        if last.get("error") or (last.get("folder") and last["state"] != "finished"):
            say(inert(f"{row['job']}/{row['source']}: {last.get('error') or last['state']} {last.get('folder') or ''}"))
    health = read_health(folder)
    if health and health["state"] != "ended":
        say(f"'mendbook serve' (pid {health['pid']} on {health['host']}) was last heard of {health['beat'][:19]} UTC.")
    if as_json:
        print_json({"tasks": rows, "serve": health})
    return 0


@schedule.command()
def install(
    target: Annotated[str, typer.Argument(metavar="cron|systemd|kubernetes|airflow", help="what is to run it")],
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="PART", help="systemd: service, timer, serve; kubernetes: volume, cronjob, deployment"),
    ] = None,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="what units, manifests and DAGs are called")] = "mendbook",
    image: Annotated[
        str, typer.Option("--image", metavar="IMAGE", help="of kubernetes: an image with mendbook in it")
    ] = "mendbook:latest",
    kernel: Annotated[
        str, typer.Option("--kernel", metavar="NAME", help="of airflow: the kernel of mendbook's environment")
    ] = "mendbook",
    environment: Annotated[
        Path | None, typer.Option("--environment", metavar="FILE", help="what sets the URLs; .env beside mendbook.toml")
    ] = None,
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Print the cron lines, units, manifest or DAG that run the schedule. Writes nothing and installs nothing."""
    from mendbook.files.workplace import project_folder, resolve
    from mendbook.scheduling.unit_steps import Place
    from mendbook.scheduling.units import units

    settings, folder = resolve(config, outputs)
    place = Place(
        python=os.path.abspath(sys.executable),  # noqa: PTH100 - resolving links would leave the virtual environment
        user=getpass.getuser(),
        folder=project_folder(),
        outputs=folder.absolute(),
        environment=(environment or settings.path.parent / ".env").absolute(),
        name=name,
        image=image,
        kernel=kernel,
    )
    made = units(target, settings, place, only)
    for warning in made.warnings:
        say(f"warning: {warning}")
    say("Nothing was installed. To do so:")
    for step in made.steps:
        say(f"  {step}")
    if as_json:
        print_json({"target": target, "parts": made.parts, "steps": made.steps, "warnings": made.warnings})
    else:
        print_text(made.text)
    return 0
