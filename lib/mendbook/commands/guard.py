"""mendbook guard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mendbook.commands import app as commands
from mendbook.console import (
    CONFIG,
    OUTPUTS,
    AsJson,
    Config,
    Outputs,
    SourceName,
    inert,
    open_workbook,
    print_json,
    print_text,
    say,
)
from mendbook.errors import OutputError

if TYPE_CHECKING:
    from mendbook.guards.advice import Advice
    from mendbook.guards.guard import Guards
    from mendbook.guards.making import Guard


@commands.command()
def guard(
    source: SourceName,
    django: Annotated[bool, typer.Option("--django", help="print a migration of a Django project instead of SQL")] = False,
    app: Annotated[str, typer.Option("--app", metavar="LABEL", help="the app that shall hold the migration")] = "",
    after: Annotated[str, typer.Option("--after", metavar="NAME", help="the migration of that app that it follows")] = "",
    file: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="a new file for it, instead of stdout")] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="show the values that are in the way, unmasked")] = False,
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Print what builds the constraints that SOURCE lacks, what would break it today, and what takes it back. Runs nothing."""
    book = open_workbook(source, config, outputs)
    book.reveal = reveal
    told = book.guard(django or bool(app or after), app, after)
    for number, each in enumerate(told.guards, 1):
        _tell(each, number, len(told.guards))
    notes = [note for each in told.guards for note in each.built.notes]
    for line in dict.fromkeys((*told.running, *notes)):
        say(f"- {inert(line)}")
    if not told.guards:
        say("Nothing is missing: the schema forbids what the application believes impossible.")
    for advice in told.advice:
        _advise(advice)
    text = told.django.text if told.django else told.text()
    if file is not None:
        _write(file, text)
    if as_json:
        print_json(told.as_json())
    elif file is None and (told.guards or told.django):
        print_text(text)
    _say_next(told, file)
    return 0


def _tell(guard: Guard, number: int, of: int) -> None:
    """One thing that is missing, and whether it would be built."""
    weakness, breaks = guard.weakness, guard.breaks
    say(f"{number} of {of}: {inert(weakness.table)}.{inert(weakness.column)}: {inert('; '.join(weakness.reasons))}")
    if guard.built.cannot:
        say(f"  No statement builds {guard.part}: {inert(guard.built.cannot)}.")
    if breaks.any:
        say(f"  It would fail today: {breaks.words()}.")
    elif breaks.unknown:
        say(f"  Whether it would be built cannot be told: {inert(breaks.unknown)}.")
    elif guard.built.statements:
        say("  It would be built today.")
    elif not guard.built.cannot:
        say("  It is built with one of the others.")
    for example in breaks.examples:
        cases = f" ({', '.join(example.cases)})" if example.cases else " (no case tells of it)"
        say(f"    {example.value or repr('')}: rows {', '.join(example.row_keys)}{cases}")


def _advise(advice: Advice) -> None:
    """What the code that writes one table should do, in short."""
    say(f"\nCode that writes {inert(advice.about)}: {inert(advice.writers)}")
    for step in advice.steps:
        say(f"  - {inert(step)}")
    for line in (*advice.django.splitlines(), *([advice.sql] if not advice.django else ())):
        say(f"    {inert(line)}")


def _write(file: Path, text: str) -> None:
    """A new file, never one in another's place."""
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise OutputError(f"{file} is there already, and stays as it is.", "Name another file with -o.") from None
    except OSError as error:
        raise OutputError(f"{file} cannot be written: {error.strerror}.", "Name another file with -o.") from error


def _say_next(told: Guards, file: Path | None) -> None:
    if not told.guards and told.django is None:
        return
    failing = sum(guard.breaks.any for guard in told.guards)
    say("")
    if failing:
        say(f"{failing} of {len(told.guards)} would fail today. Repair first: mendbook plan {told.source} ..")
    if told.django is not None:
        migration = told.django
        for name in migration.left_out:
            say(f"left out, for no statement builds it: {inert(name)}")
        place = f"migrations/{migration.name}.py of the app {migration.app}"
        say(inert(f"It stands in {file}: put it into {place}." if file else f"Save it as {place}: -o FILE writes it there."))
        say(inert(f"It follows {migration.after}. Where the app's folder has a later one: --after NAME."))
        say("Then: python manage.py makemigrations --check, and python manage.py migrate.")
    else:
        say("Nothing was run. Read it, then run it as said above; 'mendbook audit' tells when all is there.")
