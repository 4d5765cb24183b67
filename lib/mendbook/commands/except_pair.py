"""mendbook except."""

from __future__ import annotations

from typing import Annotated

import typer

from mendbook.commands import app
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, SourceName, inert, open_workbook, print_json, say


@app.command("except")
def except_pair(
    source: SourceName,
    one: Annotated[str, typer.Argument(metavar="KEY", help="the key of an account")],
    other: Annotated[str, typer.Argument(metavar="KEY", help="the key of another")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="how that is known")] = "",
    person: Annotated[str, typer.Option("--as", metavar="NAME", help="who says so")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="take the record away again")] = False,
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Record that two accounts of SOURCE are not the same person, whatever their names and e-mails; audits heed it."""
    book = open_workbook(source, config, outputs)
    result = book.forget_apart(one, other) if remove else book.tell_apart(one, other, reason, person)
    first, second = (inert(key) for key in result["keys"])
    say(f"{first} and {second} of {inert(result['table'])} are not the same person: {result['state']}.")
    if result["state"] == "there already":
        say(f"  {inert(result['name'])} said so: {inert(result['reason'])}")
    if as_json:
        print_json(result)
    return 0
