"""mendbook serve."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from mendbook.commands import app
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, inert, print_json, resolve, say
from mendbook.errors import ConfigError


@app.command()
def serve(
    grace: Annotated[
        float, typer.Option("--grace", metavar="S", min=0, help="seconds that runs are given to end when it is asked to end")
    ] = 60.0,
    check: Annotated[bool, typer.Option("--check", help="only tell whether it runs and is well; exit code 2 if not")] = False,
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Run the schedule of mendbook.toml for good, until it is asked to end."""
    if check:
        return tell_health(config, outputs, as_json)
    try:
        from mendbook.ticking.serving import serve as run_schedule
    except ModuleNotFoundError as missing:
        if not str(missing.name).startswith("apscheduler"):
            raise
        raise ConfigError(
            "APScheduler is not installed, which 'mendbook serve' keeps time by.",
            "pip install 'mendbook[schedule]', or run 'mendbook tick' every minute: mendbook schedule install cron",
        ) from None
    settings, folder = resolve(config, outputs)
    run_schedule(settings, folder.absolute(), grace, lambda text: say(inert(text)))
    say("Ended.")
    if as_json:
        print_json({"ended": datetime.now(UTC).isoformat()})
    return 0


def tell_health(config: Config, outputs: Outputs, as_json: bool) -> int:
    from mendbook.files.workplace import project_folder
    from mendbook.scheduling.serve_health import check_health

    del config  # how a process is does not depend on it
    health = check_health(project_folder() / outputs, datetime.now(UTC))
    say(f"well: pid {health['pid']} on {health['host']} since {health['started']}, last heard of {health['beat']}")
    if as_json:
        print_json(health)
    return 0
