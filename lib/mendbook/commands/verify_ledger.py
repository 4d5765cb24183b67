"""mendbook ledger verify."""

from __future__ import annotations

from rich.markup import escape

from mendbook.commands import ledger
from mendbook.console import CONFIG, OUTPUTS, AsJson, Config, Outputs, SourceName, inert, open_workbook, people, print_json, say


@ledger.command("verify")
def ledger_verify(source: SourceName, config: Config = CONFIG, outputs: Outputs = OUTPUTS, as_json: AsJson = False) -> int:
    """Read the whole ledger of SOURCE again. Exit code 2 where a row does not fit."""
    state = open_workbook(source, config, outputs).verify_ledger()
    if state.first_bad:
        bad = state.first_bad
        where = {"row": bad.position, "plan": bad.plan, "batch": bad.batch, "change": bad.seq}
        named = ", ".join(f"{name} {value}" for name, value in where.items() if value is not None)
        people.print(f"[bold red]broken[/]: {escape(inert(f'{named}: {bad.why}' if named else bad.why))}")
        say("  Nothing was changed. docs/ledger.md tells how to look at it by hand, and what each of these means.")
    elif state.head is None:
        say(f"{source} has no ledger: nothing was ever repaired there.")
    else:
        batches = f"{state.batches} batch{'' if state.batches == 1 else 'es'}"
        checkpoints = f"{state.checkpoints} checkpoint{'' if state.checkpoints == 1 else 's'}"
        say(f"whole: {batches}, held against {checkpoints}. Head: {state.head}")
        if not state.checkpoints:
            say("  warning: without checkpoints (outputs/ledger/) an end that was cut off would not show.")
    if as_json:
        print_json(state.as_json())
    return 0 if state.ok else 2
