"""mendbook sign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mendbook.commands import app
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, inert, print_json, resolve, say

Words = list[str] | None
OF = "all, a kind or a case; may be repeated"


@app.command()
def sign(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="a plan's id or its folder")],
    person: Annotated[str, typer.Option("--as", metavar="NAME", help="who reviews, as allowed_signers names them")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="their SSH key; or its .pub, where an agent has it")],
    approve: Annotated[Words, typer.Option("--approve", metavar="all|KIND|CASE", help=OF)] = None,
    reject: Annotated[Words, typer.Option("--reject", metavar="all|KIND|CASE", help=OF)] = None,
    defer: Annotated[Words, typer.Option("--defer", metavar="all|KIND|CASE", help=OF)] = None,
    waive: Annotated[Words, typer.Option("--waive", metavar="CASE=BLOCKER", help="approve it all the same")] = None,
    accept: Annotated[Words, typer.Option("--accept", metavar="CASE=OPTION", help="do this part of the case")] = None,
    decline: Annotated[Words, typer.Option("--decline", metavar="CASE=OPTION", help="leave this part of it")] = None,
    comment: Annotated[str, typer.Option("--comment", metavar="TEXT", help="kept with these decisions")] = "",
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Decide on the cases of PLAN, and sign all that was decided by one's own SSH key. Nobody signs their own plan.

    A blocked case is passed over by all and KIND, unless each of its blockers is waived.
    """
    from mendbook.plans import files as plan_files
    from mendbook.plans import places as plan_places
    from mendbook.workbook import Workbook

    settings, folder = resolve(config, outputs)
    found = plan_files.read(plan_places.locate(plan, folder))
    book = Workbook(settings.source(found.header.source), settings, folder)
    approve, reject, defer = approve or [], reject or [], defer or []
    waive, accept, decline = waive or [], accept or [], decline or []
    signed = book.sign(found.folder, person, key, approve, reject, defer, waive, accept, decline, comment)
    for warning in signed["warnings"]:
        say(f"warning: {inert(warning)}")
    if signed["passed_over"]:
        say(f"{signed['passed_over']:,} blocked cases are passed over; approve each by --waive CASE=BLOCKER:")
        for case in signed["blocked"][:10]:
            say(f"  {inert(case)}")
    told = ", ".join(f"{signed[state]:,} {state}" for state in ("approved", "rejected", "deferred", "undecided"))
    say(f"signed by {inert(signed['reviewer'])} ({signed['key']}): {told}.")
    if signed["missing_approvals"]:
        say(f"{signed['missing_approvals']:,} approved cases wait for somebody else's approval, too.")
    say(f"Statement: {signed['statement']}")
    say(f"Next: mendbook apply {signed['plan']}")
    if as_json:
        print_json(signed)
    return 0
