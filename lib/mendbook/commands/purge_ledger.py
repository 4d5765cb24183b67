"""mendbook ledger purge."""

from __future__ import annotations

from typing import Annotated

import typer

from mendbook.commands import ledger
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, SourceName, open_workbook, print_json, say


@ledger.command("purge")
def ledger_purge(
    source: SourceName,
    before: Annotated[
        str, typer.Option("--before", metavar="TIME", help="such as 2026-11-20T15:30+01:00, or a date of the source's zone")
    ],
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Remove the rows before and after of all that was done in SOURCE before a time. It cannot be undone any more then."""
    result = open_workbook(source, config, outputs).purge_ledger(before)
    if result["removed"]:
        say(f"The images of {result['removed']} changes are gone, up to row {result['through']} of the ledger.")
        say("  What was done stays recorded, and the chain whole. Dead rows, WAL and backups end on their own terms.")
    else:
        say(f"Nothing of {source} is older than {result['before']} and still has images.")
    if as_json:
        print_json(result)
    return 0
