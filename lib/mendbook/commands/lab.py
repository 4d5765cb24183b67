"""mendbook lab."""

from __future__ import annotations

from typing import Annotated

import typer

from mendbook.commands import app
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, print_json, resolve, say


@app.command()
def lab(
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=1, max=65535, help="where JupyterLab listens on localhost")
    ] = 8888,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open a browser on it")] = True,
    as_json: AsJson = False,
) -> int:
    """Open JupyterLab on copies of the notebooks, bound to localhost, with the demo or the given configuration."""
    from mendbook.execution.laboratory import prepare

    settings, folder = resolve(config, outputs)
    laboratory = prepare(settings, folder, port, browser)
    for copy in laboratory.aside:
        say(f"A notebook has changed since you did; yours is {copy.name} now.")
    say(f"JupyterLab opens on copies of the notebooks, which are yours to change: {laboratory.folder}")
    say("Ctrl-C ends it, and all that runs in it.")
    if as_json:
        print_json({"folder": str(laboratory.folder), "port": port, "config": str(settings.path), "outputs": str(folder)})
    laboratory.start()
