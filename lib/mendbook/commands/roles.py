"""mendbook roles."""

from __future__ import annotations

from typing import Annotated

import typer

from mendbook.commands import app
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, SourceName, open_workbook, print_json, print_text, say


@app.command()
def roles(
    source: SourceName,
    prefix: Annotated[str, typer.Option("--prefix", metavar="NAME", help="what their names begin with")] = "mendbook",
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Print the SQL of the three roles for SOURCE: audit, repair and owner, each with the least rights. Runs none of it."""
    result = open_workbook(source, config, outputs).roles(prefix)
    if as_json:
        print_json(result)
    else:
        print_text(result["sql"])
    say(f"Nothing was run in {result['database']}. Read it first.")
    for sentence in result["then"]:
        say(f"  {sentence}")
    return 0
