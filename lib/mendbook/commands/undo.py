"""mendbook undo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mendbook.commands import app
from mendbook.commands.plan import tell
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, inert, open_workbook, print_json, progress, say


@app.command()
def undo(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="an applied plan's id, or its folder")],
    author: Annotated[str, typer.Option("--author", metavar="NAME", help="who proposes it, as allowed_signers names them")],
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="the author's SSH key, or the public half of one in an agent")
    ],
    case: Annotated[list[str] | None, typer.Option("--case", metavar="CASE", help="this case alone; may be repeated")] = None,
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Propose to take back what PLAN did, as a plan that people review like any other. Changes nothing."""
    from mendbook.plans.places import source_of

    book = open_workbook(source_of(plan), config, outputs)
    made = book.undo(plan, author, key, case or (), progress())
    header = book.plan_file(made["plan"]).header
    tell(header)
    if made["blocked"]:
        say(f"Blocked: {made['blocked']:,}, each to be waived by name or left.")
    say(f"Plan {made['plan']}, until {made['expires']}: {made['path']}")
    if made["cases"]:
        say("Sequences stay where they are, and mails that were sent stay sent.")
        say(f"Nothing was changed. Next: mendbook show {inert(made['plan'])}")
    else:
        say("There is nothing to take back.")
    if as_json:
        print_json(made)
    return 0
