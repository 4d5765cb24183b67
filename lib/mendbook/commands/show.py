"""mendbook show."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from mendbook.commands import app
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, inert, people, print_json, resolve, say

CASES = 20


@app.command()
def show(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="a plan's id, or its folder")],
    case: Annotated[str | None, typer.Option("--case", metavar="CASE", help="this case alone, with every column")] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=0, help=f"how many cases at most [{CASES}; with --json all of them]"),
    ] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="show personal data as it is (--json always does)")] = False,
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Show what PLAN would change, row by row, before and after, and how far each case is."""
    from mendbook.plans.files import read
    from mendbook.plans.places import locate
    from mendbook.reviews.plan_show import document
    from mendbook.side_by_side import concealing
    from mendbook.terminal.plan import case_parts, changes_words, left_words

    settings, folder = resolve(config, outputs)
    file = read(locate(plan, folder))
    if limit is None and not as_json and case is None:
        limit = CASES
    shown = document(file, settings, case, limit)
    header = file.header
    for note in shown["notes"]:
        say(f"note: {inert(note)}")
    say(f"Plan {file.id} of {inert(header.source)}, by {inert(header.author)}, made {header.made_at}, until {header.expires}.")
    say(f"Rows: {changes_words(header)}.")
    if case is None:
        for line in left_words(header):
            say(line)
    concealed = concealing(settings.sources.get(header.source), reveal)
    for each in shown["cases"][: CASES if as_json and case is None else None]:
        for part in case_parts(each, concealed, whole=case is not None):
            people.print(part)
        people.print(Text(""))
    if shown["matched"] > len(shown["cases"]):
        say(f"{len(shown['cases']):,} of {shown['matched']:,} cases; --limit shows more of them, --case CASE one alone.")
    say(f"shown: {shown['shown']} (sha256 of these cases' lines in {file.path})")
    if as_json:
        print_json(shown)
    return 0
