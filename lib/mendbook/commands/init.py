"""mendbook init."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mendbook.commands import app
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, inert, print_json, print_text, say

if TYPE_CHECKING:
    from mendbook.guessing import Block, Line, Start
    from mendbook.starting.starting import Given


@app.command()
def init(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="of the database; or env:NAME, the environment variable that holds it")
    ],
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="what to call it")],
    interactive: Annotated[bool, typer.Option("--interactive", help="ask where a guess is unsure")] = False,
    logs: Annotated[list[str] | None, typer.Option("--log", metavar="GLOB", help="its log files; may be repeated")] = None,
    users: Annotated[str | None, typer.Option("--users", metavar="TABLE", help="the table that holds the users")] = None,
    to_stdout: Annotated[bool, typer.Option("--print", help="print the source's block on stdout and write no file")] = False,
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Look at a database and write mendbook.toml: what was guessed, and why. Never overwrites, and changes no row."""
    del outputs  # every command takes it; nothing is put there
    from mendbook.guessing import unasked
    from mendbook.starting import starter_file, starting

    given = starting.given_url(url, source)
    if not to_stdout:
        starting.refuse_overwriting(config, source)
    said = _warn_of_password(given)
    globs = starting.relative_logs(logs or (), config)
    start = starting.look(given, source, globs, users, _asked if interactive else unasked)
    block = starter_file.block_text(start)
    if to_stdout and not as_json:
        print_text(block)
    if not to_stdout:
        starting.write_new(config, starter_file.text(start))
    _tell(start)
    for warning in start.warnings:
        say(f"warning: {inert(warning)}")
    if not to_stdout:
        say(f"Written: {config.absolute()}. Each guess stands there with its reason.")
    export = _export(given, config)
    if export:
        say("The URL is not in that file. Let the environment hold it (or .env beside the file):")
        say(f"  {export}")
    if start.users.table in start.read:
        say(f"Next: mendbook doctor {source}, then mendbook audit {source}")
    else:
        again = "" if to_stdout else f"take {source} out of {config.name} again, and "
        say(f"Next: have an administrator grant what is missing, then {again}type this command once more.")
    if as_json:
        print_json(_document(start, None if to_stdout else config.absolute(), [*said, *start.warnings], block, export))
    return 0


def _warn_of_password(given: Given) -> list[str]:
    from mendbook.starting.starting import password_in

    if not (given.typed and password_in(given.url)):
        return []
    said = (
        "The URL on the command line holds a password: your shell's history has it now, and whoever lists processes saw it."
        f" It is stored nowhere here. Better: put the URL into {given.variable}, and type env:{given.variable} instead."
    )
    say(f"warning: {said}")
    return [said]


def _export(given: Given, config: Path) -> str:
    """What to type so that the next commands find the URL, without its password; nothing where they find it already."""
    from mendbook.config import value_of
    from mendbook.starting.starting import without_password

    if value_of(given.variable, config.absolute()) == given.url:
        return ""
    return f"export {given.variable}={shlex.quote(without_password(given.url))}"


def _asked(question: str, answers: Sequence[str], usual: str) -> str:
    """A person's answer: one of those there are."""
    said = inert(f"{question} ({', '.join(answers)})")
    while True:
        answer = str(typer.prompt(said, default=usual, err=True)).strip()
        if answer in answers:
            return answer
        say(f"Answer one of: {inert(', '.join(answers))}")


def _tell(start: Start) -> None:
    users = start.users
    say(f"Users: {inert(_words(users))}")
    for block in start.profiles:
        if block.active:
            say(f"Profile {inert(str(block.value('name')))}: {inert(_words(block))}. {inert(' '.join(block.notes))}")
    rows = sum(start.read.values())
    say(f"Looked at {start.tables:,} tables and {rows:,} rows of {len(start.read)} of them.")


def _words(block: Block) -> str:
    roles = [f"{line.key} {_short(line.value)}" for line in block.lines if line.active and line.value is not None]
    return f"{block.table} ({', '.join(each for each in roles if not each.startswith(('table ', 'name ')))})"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} = {each}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _document(start: Start, config: Path | None, warnings: list[str], block: str, export: str) -> dict[str, Any]:
    return {
        "config": None if config is None else str(config),
        "source": start.source,
        "url_env": start.url_env,
        "export": export or None,
        "users": _mapped(start.users),
        "profiles": [_mapped(each) for each in start.profiles if each.active],
        "left_out": [{"table": each.table, "why": list(each.notes)} for each in start.profiles if not each.active],
        "guesses": [
            *(_guess(None, each) for each in start.lines),
            *(_guess(block.table, each) for block in (start.users, *start.profiles) for each in block.lines if each.reason),
        ],
        "warnings": warnings,
        "tables": start.tables,
        "rows_read": dict(start.read),
        "text": block,
    }


def _mapped(block: Block) -> dict[str, Any]:
    return {line.key: line.value for line in block.lines if line.active and line.value is not None}


def _guess(table: str | None, line: Line) -> dict[str, Any]:
    taken = line.active and line.value is not None
    return {
        "table": table,
        "key": line.key,
        "value": line.value if taken else None,
        "reason": line.reason,
        "considered": list(line.considered) + ([line.value] if line.value is not None and not line.active else []),
    }
