"""mendbook plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mendbook.commands import app
from mendbook.console import (
    CONFIG,
    OUTPUTS,
    AsJson,
    Config,
    Outputs,
    SourceName,
    end_when_terminated,
    inert,
    open_workbook,
    people,
    print_json,
    progress,
    say,
)
from mendbook.errors import ConfigError

if TYPE_CHECKING:
    from mendbook.plans.files import Header


@app.command()
def plan(
    source: SourceName,
    author: Annotated[str, typer.Option("--author", metavar="NAME", help="who proposes it, as allowed_signers names them")],
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="the author's SSH key, or the public half of one in an agent")
    ],
    repair: Annotated[
        list[str] | None, typer.Option("--repair", metavar="KIND=REPAIR", help="another repair than the kind's default")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="KIND", help="plan for this kind only; may be repeated")
    ] = None,
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Propose a repair for every damaged row of SOURCE, as a plan that people review. Changes nothing."""
    end_when_terminated()
    repairs = named_repairs(repair or ())
    book = open_workbook(source, config, outputs)
    made = book.plan(author, key, repairs, kind or (), progress())
    header = book.plan_file(made["plan"]).header
    for warning in made["warnings"]:
        say(f"warning: {inert(warning)}")
    for each in made["left_out"]:
        of = f" of {each['profile']}" if each["profile"] else ""
        say(f"left out: {each['kind']}{inert(of)}: {inert(each['why'])}")
    tell(header)
    if made["blocked"]:
        say(f"Blocked: {made['blocked']:,} of {made['cases']:,} cases; each is approved only by its name, its blockers waived.")
    say(f"Plan {made['plan']}, until {made['expires']}: {made['path']}")
    if made["outreach"]:
        say(f"Whom to ask: {made['outreach']}")
    if made["cases"]:
        say(f"Nothing was changed. Next: mendbook show {made['plan']}")
    else:
        say("There is nothing to repair.")
    if as_json:
        print_json(made)
    return 0


def tell(header: Header) -> None:
    """What a plan is made of: its cases by kind, what is left and why, the rows that change."""
    from mendbook.damage import titles
    from mendbook.terminal.plan import changes_words, left_words, plan_table

    people.print(plan_table(header, titles()))
    for line in left_words(header):
        say(line)
    say(f"Rows: {changes_words(header)}.")


def named_repairs(texts: list[str] | tuple[str, ...]) -> dict[str, str]:
    """KIND=REPAIR, each kind once."""
    repairs: dict[str, str] = {}
    for text in texts:
        kind, equals, name = text.partition("=")
        if not (kind and equals and name):
            raise ConfigError(f"A repair is named KIND=REPAIR, not {text!r}.", "For example: --repair orphan_profile=reattach")
        if repairs.setdefault(kind, name) != name:
            raise ConfigError(f"Two repairs are named for {kind}: {repairs[kind]} and {name}.", "Name one of them.")
    return repairs
