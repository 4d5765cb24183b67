"""mendbook doctor."""

from __future__ import annotations

from dataclasses import asdict

from rich.markup import escape

from mendbook.commands import app
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, SourceName, inert, people, print_json, resolve, say

_SIGNS = {"ok": "[green]ok[/]     ", "warning": "[yellow]warning[/]", "failed": "[red]failed[/] "}
_INDENT = " " * 10


@app.command()
def doctor(source: SourceName, config: Config = CONFIG, outputs: Outputs = OUTPUTS, as_json: AsJson = False) -> int:
    """Tell what works for SOURCE, and what to do about the rest. Exit code 2 where something does not work."""
    from mendbook.doctor.doctor import examine

    settings, folder = resolve(config, outputs)
    checks = examine(settings.source(source), settings, folder)
    for check in checks:
        people.print(f"{_SIGNS[check.state]} {escape(inert(check.name))}: {escape(inert(check.message))}")
        for line in (check.hint, *check.statements):
            if line:
                people.print(f"{_INDENT}{escape(inert(line.replace('SOURCE', source)))}")
    counts = {state: sum(check.state == state for check in checks) for state in _SIGNS}
    say(", ".join(f"{count} {state}" for state, count in counts.items()))
    if as_json:
        listed = [{**asdict(check), "statements": list(check.statements)} for check in checks]
        print_json({"source": source, "ok": not counts["failed"], "checks": listed})
    return 2 if counts["failed"] else 0
