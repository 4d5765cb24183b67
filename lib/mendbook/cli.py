"""The command line: arguments -> workbook. This module, console.py and commands/ are all that prints and exits.

People are talked to on stderr; with --json exactly one JSON document goes to stdout. Exit codes: 0 done or nothing wrong,
1 damage found, 2 refused or misused, 3 unexpected. Heavy imports wait until a command needs them.
"""

from __future__ import annotations

import os
import pkgutil
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from mendbook import commands
from mendbook.commands import app, arrange
from mendbook.console import (
    CONFIG,
    OUTPUTS,
    AsJson,
    Config,
    Outputs,
    SourceName,
    drop_stdout,
    end_when_terminated,
    inert,
    open_workbook,
    people,
    print_json,
    print_text,
    progress,
    resolve,
    say,
)
from mendbook.errors import MendbookError, OutputError
from mendbook.execution.execution import leave_out_iris
from mendbook.terminal.terminal import counts_table, demo_table, incidents_table

NAME = "mendbook"
STOPPED = 130
DEPLOY = "when something was deployed; rates are compared before and after it; may be repeated"
NOTEBOOKS = "audit, incidents, plan, review, apply or drill; or a notebook's path"
USAGE = "'mendbook --help' lists the commands, 'mendbook COMMAND --help' tells of one."


def main() -> None:
    """Run the command line; a mendbook error is told with its hint, never with a traceback."""
    leave_out_iris()
    try:
        code = app(standalone_mode=False, prog_name=NAME)
        if code == STOPPED:  # Ctrl-C, which typer has caught
            say("stopped.")
        sys.exit(code if isinstance(code, int) else 0)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        say("stopped.")
        sys.exit(STOPPED)
    except BrokenPipeError:
        drop_stdout()  # whoever read it wants no more (`| head`)
        sys.exit(0)
    except MendbookError as error:
        _fail(error.message, error.hint)
        sys.exit(error.exit_code)
    except Exception as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()  # type: ignore[attr-defined]
            _fail_json("No command was named.", USAGE)
            sys.exit(2)
        if hasattr(error, "exit_code") and hasattr(error, "show"):
            _fail(error.format_message() if hasattr(error, "format_message") else str(error), _usage(error))
            sys.exit(error.exit_code)
        _fail(
            f"Unexpected {type(error).__name__}: {error}",
            "This is a defect of mendbook. MENDBOOK_DEBUG=1 shows where; please report it.",
        )
        if os.environ.get("MENDBOOK_DEBUG"):
            traceback.print_exc()
        sys.exit(3)


def _usage(error: Exception) -> str:
    """Where it is told how the command is written that was written otherwise."""
    context = getattr(error, "ctx", None)
    if context is None or context.parent is None:
        return USAGE
    return f"'{context.command_path} --help' tells how it is written."


def _fail(message: str, hint: str) -> None:
    people.print(f"[bold red]error:[/] {escape(inert(message))}")
    if hint:
        people.print(f"  {escape(inert(hint))}")
    _fail_json(message, hint)


def _fail_json(message: str, hint: str) -> None:
    """The document that stands in for the one asked for; asked of the arguments, which may not even have been read."""
    if "--json" in sys.argv:
        with suppress(OutputError):  # where stdout takes nothing, stderr has said so
            print_json({"error": message, "hint": hint})


@app.command()
def audit(
    source: SourceName,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="KIND", help="look for this kind only; may be repeated")
    ] = None,
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Find every damaged row of SOURCE, all kinds in one snapshot. Exit code 1 where there is damage."""
    from mendbook.audits.results import change_sentences

    end_when_terminated()
    book = open_workbook(source, config, outputs)
    folder, result = book.take_audit(kind or (), progress())
    for warning in result["warnings"]:
        say(f"warning: {warning}")
    for left in result["left_out"]:
        of = f" of {left['profile']}" if left["profile"] else ""
        say(f"left out: {left['kind']}{of}: {left['why']}")
    people.print(counts_table(result, people.width))
    for sentence in change_sentences(result):
        say(sentence)
    say(f"{result['seconds']} s. Findings: {folder / 'findings.parquet'}")
    if as_json:
        keys = ("source", "taken_at", "seconds", "counts", "change", "findings", "gaps", "left_out", "warnings")
        print_json({key: result[key] for key in keys})
    return 1 if any(count["rows"] for count in result["counts"].values()) else 0


@app.command()
def logs(
    files: Annotated[list[str], typer.Argument(metavar="FILE..", help="files, folders, globs, or - for standard input")],
    zone: Annotated[
        str | None, typer.Option("--zone", metavar="ZONE", help="what times without a zone mean, e.g. Europe/Berlin")
    ] = None,
    form: Annotated[str | None, typer.Option("--format", metavar="FORMAT", help="read as this format alone")] = None,
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON lines on stdout: one incident a line")] = False,
) -> int:
    """Tell the registration incidents in log files of any kind, one a line. Needs no mendbook.toml."""
    del config, outputs  # every command takes them; this one needs neither
    from mendbook.terminal import log_lines

    written = log_lines.write(files, zone, form, as_json, sys.stdout)
    for line in log_lines.summary(written):
        say(line)
    return 0


@app.command()
def incidents(
    source: SourceName,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="from when on, such as 2026-11-20T15:30+01:00")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="until before when")] = None,
    deploy: Annotated[list[str] | None, typer.Option("--deploy", metavar="TIME=NAME", help=DEPLOY)] = None,
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Tell SOURCE's registration incidents over time, and whether it is still bleeding since each deployment."""
    from mendbook.incidents.charts import draw_all
    from mendbook.incidents.incidents import write_result

    book = open_workbook(source, config, outputs)
    folder, result = book.take_incidents(since, until, deploy or ())
    drawn = draw_all(folder, result["zone"])
    result["figures"] = {name: [str(path) for path in paths] for name, paths in drawn.items()}
    write_result(folder, result)
    for warning in result["warnings"]:
        say(f"warning: {warning}")
    people.print(incidents_table(result))
    for each in result["deploys"]:
        say(f"{each['at']} {each['name']}: {each['verdict']}")
    say(" ".join(filter(None, (result["verdict"], result["doubt"]))))
    say(f"{result['seconds']} s. Incidents: {result['incidents_file']}")
    if as_json:
        print_json(result)
    return 0


@app.command()
def run(
    notebook: Annotated[str, typer.Argument(metavar="NOTEBOOK", help=NOTEBOOKS)],
    source: SourceName,
    parameter: Annotated[
        list[str] | None, typer.Option("-p", metavar="NAME=VALUE", help="a parameter of it; may be repeated")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="S", min=1, help="seconds for the whole run [none]")
    ] = None,
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Run a notebook over SOURCE by papermill, into a folder of its own under outputs/runs/."""
    from mendbook.runs import run as run_notebook

    settings, folder = resolve(config, outputs)
    settings.source(source)
    given = dict(_named_value(text) for text in parameter or ())
    record = run_notebook(notebook, source, given, settings.path, folder, timeout)
    say(f"{record.state}: {record.folder}")
    if record.error:
        say(f"  {record.error.name}: {record.error.message}")
    report = Path(record.folder) / "report.html"
    if report.exists():
        say(f"  report: {report}")
    if as_json:
        print_json(record.as_json())
    return record.exit_code or 0


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print_text(f"{NAME} {version(NAME)}\n")
        raise typer.Exit


def _named_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise MendbookError(f"A parameter is written NAME=VALUE, not {text!r}.", "For example: -p rows=50")
    return name, value


@app.command()
def demo(
    clean: Annotated[bool, typer.Option("--clean", help="stop the demo's server and remove its files")] = False,
    sqlite: Annotated[bool, typer.Option("--sqlite", help="on files of SQLite's, without any server")] = False,
    repair: Annotated[bool, typer.Option("--repair/--no-repair", help="repair what was found, or leave it damaged")] = True,
    _config: Annotated[Path, typer.Option("--config", help="of no use here: the demo writes its own")] = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Damage four applications by their own races on an embedded PostgreSQL (or SQLite); audit, repair, race the fixed ones."""
    from mendbook.demo import demo as show

    if clean:
        show.clean(outputs.absolute())
        say("The demo is removed.")
        if as_json:
            print_json({"removed": str(outputs.absolute() / "demo")})
        return 0
    results = show.play(outputs.absolute(), say, repair, sqlite)
    for result in results["systems"]:
        people.print(counts_table(result["audit"], people.width))
        say(f"  report: {result['report']}\n")
    if repair:
        people.print(demo_table(results))
    for result in results["systems"]:
        for words in result.get("left", ()):
            say(f"  left in {result['system']}: {words}")
    say(results["next"])
    if as_json:
        print_json(results)
    return 0


@app.callback()
def mendbook(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="print the version and exit", callback=_version)
    ] = False,
) -> None:
    """Find what registration races did to user and profile tables, chart it, and repair it as reviewed and signed.

    Begin with 'mendbook demo', or with your own database: 'mendbook init env:NAME --source shop'.
    """
    del version


for command in pkgutil.iter_modules(commands.__path__):
    import_module(f"{commands.__name__}.{command.name}")
arrange(app)
