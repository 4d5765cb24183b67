"""mendbook drill."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from mendbook.commands import app
from mendbook.commands.plan import tell
from mendbook.console import (
    CONFIG,
    OUTPUTS,
    AsJson,
    Config,
    Outputs,
    end_when_terminated,
    inert,
    open_workbook,
    people,
    print_json,
    print_text,
    progress,
    say,
)
from mendbook.errors import ConfigError

_STYLES = {"open": "bold red", "closed": "bold green", "unknown": "bold yellow"}
_EXAMPLE = Path(__file__).with_name("drill.toml")


@app.command()
def drill(
    url: Annotated[str, typer.Argument(metavar="URL", help="where the application runs, as http://127.0.0.1:8000")] = "",
    form: Annotated[Path | None, typer.Option("--form", metavar="FILE", help="TOML that describes its registration")] = None,
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="its database, to look at the rows")] = "",
    count: Annotated[int, typer.Option("--people", metavar="N", help="how many register, at most 500")] = 40,
    concurrency: Annotated[int, typer.Option("--concurrency", metavar="N", help="how many of them at a time, at most 64")] = 8,
    seconds: Annotated[float, typer.Option("--seconds", metavar="S", help="for how long at most, up to 600")] = 60,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="the same seed makes people behave the same")] = 1,
    remove: Annotated[str, typer.Option("--remove", metavar="MARK", help="plan the removal of a drill's people")] = "",
    author: Annotated[
        str, typer.Option("--author", metavar="NAME", help="who proposes that plan, of an earlier drill or at once of this one")
    ] = "",
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help="the author's SSH key")] = None,
    example: Annotated[bool, typer.Option("--example", help="print a description to begin with")] = False,
    config: Config = CONFIG,
    outputs: Outputs = OUTPUTS,
    as_json: AsJson = False,
) -> int:
    """Register made-up people at a running application, many at once, and tell whether it races. Exit code 1 where it does."""
    end_when_terminated()
    if example:
        return _example(as_json)
    if remove:
        made = _remove(remove, source, author, key, config, outputs)
        if as_json:
            print_json(made)
        return 0
    if not url:
        raise ConfigError("No application is named.", "mendbook drill http://127.0.0.1:8000 --form drill.toml --source NAME")
    if bool(author) != (key is not None) or (author and not source):
        raise ConfigError(
            "To plan the removal at once takes an author, their key and the source.",
            "Name --author, --key and --source, or none of the first two.",
        )
    if key is not None:
        open_workbook(source, config, outputs).check_can_sign(author, key)
    folder, result = _drilled(url, form, source, (count, concurrency, seconds), seed, config, outputs)
    from mendbook.drills.view import write_report

    report = write_report(folder)
    _tell(result, not author)
    say(f"Files: {folder}")
    say(f"Report: {report}")
    planned = _remove(result["mark"], source, author, key, config, outputs) if author and result["accounts"] else None
    if as_json:
        shown = {name: value for name, value in result.items() if name not in ("sections", "step", "plan")}
        files = {"folder": str(folder), "requests_file": str(folder / "requests.parquet"), "report": str(report)}
        print_json({**shown, **files, "removal": planned})
    return 1 if result["state"] == "open" else 0


def _drilled(
    url: str, form: Path | None, source: str, bounds: tuple[int, int, float], seed: int, config: Path, outputs: Path
) -> tuple[Path, dict[str, Any]]:
    """Tell what will be done, and do it."""
    if source:
        book = open_workbook(source, config, outputs)
        made = book.prepare_drill(url, form or "", *bounds, seed)
        _announce(made.words())
        return book.run_drill(made)
    from mendbook.config import load, load_form
    from mendbook.drills.drill import prepare, run
    from mendbook.drills.traffic import Bounds

    if form is None:
        raise ConfigError(
            "Nobody has said how the application registers people.", "--form drill.toml; 'mendbook drill --example' prints one."
        )
    owned = load(config).drill.owned if config.exists() else frozenset[str]()
    made = prepare(url, load_form(form), owned, Bounds(*bounds), seed)
    _announce(made.words())
    return run(made, outputs.absolute(), None, None)


def _announce(words: list[str]) -> None:
    for line in words:
        say(line)


def _tell(result: dict[str, Any], how_to_remove: bool) -> None:
    """The answers, what of the fingerprint is there, and the verdict; the report has the zeros too."""
    from mendbook.drills.result import fingerprint_table

    for status, count in result["statuses"].items():
        times = result["latency_by_status"].get(status)
        waited = f", half within {times['p50']:,.0f} ms, 95 of 100 within {times['p95']:,.0f} ms" if times else ""
        say(f"  {count:>6,} x {status if int(status) else 'none'} ({result['expected'][status]}){waited}")
    for meaning, value in fingerprint_table(result).frame.itertuples(index=False):
        if value not in ("–", "0", "0%"):
            say(f"  {meaning}: {value}")
    people.print(f"[{_STYLES[result['state']]}]{escape(inert(result['verdict']))}[/]")
    for words in (*result["reasons"], *result["warnings"]):
        say(f"  {inert(words)}")
    if result["accounts"] != 0 and how_to_remove:
        named = result["source"] or "NAME"
        say(f"To remove what it made: mendbook drill --remove {result['mark']} --source {named} --author NAME --key FILE")


def _remove(mark: str, source: str, author: str, key: Path | None, config: Path, outputs: Path) -> dict[str, Any]:
    from mendbook.drills import records as drill_records

    if not author or key is None:
        raise ConfigError("A plan has an author, who signs it.", f"mendbook drill --remove {mark} --author NAME --key FILE")
    named = source or drill_records.find(mark, outputs.absolute()).source
    if not named:
        raise ConfigError(
            f"Nobody said in which source drill {mark} left its rows.", f"mendbook drill --remove {mark} --source NAME .."
        )
    book = open_workbook(named, config, outputs)
    made = book.remove_drill(mark, author, key, progress())
    tell(book.plan_file(made["plan"]).header)
    if made["blocked"]:
        say(f"Blocked: {made['blocked']:,} of {made['cases']:,} cases; each is approved only by its name, its blockers waived.")
    say(f"Plan {made['plan']}, until {made['expires']}: {made['path']}")
    say(f"Nothing was changed. Next: mendbook show {made['plan']}" if made["cases"] else "There is nothing to remove.")
    return made


def _example(as_json: bool) -> int:
    text = _EXAMPLE.read_text(encoding="utf-8")
    if as_json:
        print_json({"form": text})
    else:
        print_text(text)
    return 0
