"""Results as tables for a terminal: built here, printed by the command line alone."""

from __future__ import annotations

from typing import Any

from rich.table import Table

#: A narrower terminal has no room for what a kind is; one narrower still has none for what changed.
WIDE, NARROW = 60, 50


def counts_table(result: dict[str, Any], width: int = WIDE) -> Table:
    """Cases and damaged rows by kind, of an audit's result, and what is new or gone since the last audit. What a kind is
    stands beside it where ``width`` columns leave room."""
    changes = (result.get("change") or {}).get("kinds", {}) if width >= NARROW else {}
    table = Table(title=f"{result['source']}: damage found", title_justify="left", show_edge=False)
    table.add_column("kind", no_wrap=True)
    table.add_column("cases", justify="right", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    for name in ("new", "gone") if changes else ():
        table.add_column(name, justify="right", no_wrap=True)
    if width >= WIDE:
        table.add_column("what it is", style="dim")
    unseen = {each["kind"] for each in result.get("left_out", ()) if each["profile"] is None}
    for kind, count in result["counts"].items():
        style = "bold" if count["rows"] else "dim"
        cases, rows = ("–", "–") if kind in unseen else (f"{count['cases']:,}", f"{count['rows']:,}")  # what nobody looked for
        told = changes.get(kind, {"new": "", "gone": ""})  # one that was not compared says nothing
        change = [_signed(told["new"], "+"), _signed(told["gone"], "-")] if changes else []
        words = [result["titles"][kind]] if width >= WIDE else []
        table.add_row(kind, cases, rows, *change, *words, style=style)
    return table


def _signed(count: int | str, sign: str) -> str:
    """The count with its sign; 0 and nothing as they are."""
    return f"{sign}{count:,}" if isinstance(count, int) and count else str(count)


def incidents_table(result: dict[str, Any]) -> Table:
    table = Table(title=f"{result['source']}: incidents", title_justify="left", show_edge=False)
    table.add_column("kind")
    for name in ("seen", "handled", "unknown"):
        table.add_column(name, justify="right")
    for kind, count in result["counts"].items():
        table.add_row(kind, *(f"{count[name]:,}" for name in ("seen", "handled", "unknown")))
    for name, rows in result["rows_evidence"].items():
        table.add_row(f"rows: {name}", f"{rows:,}", style="bold" if rows else "dim")
    return table


def demo_table(results: dict[str, Any]) -> Table:
    """What the demo came to, in cases by system."""
    table = Table(title=f"The demo, in {results['seconds']} s", title_justify="left", show_edge=False)
    table.add_column("system")
    for name in ("found", "repaired", "undone", "redone", "left", "new after the fix"):
        table.add_column(name, justify="right")
    for each in results["systems"]:
        repair, fixed = each["repair"], each["fixed"]
        found = sum(count["cases"] for count in each["audit"]["counts"].values())
        left = sum(one["cases"] for one in repair["left"]) + fixed["missing_constraint"]
        counts = (found, repair["repaired"], repair["undone"], repair["again"], left, len(fixed["new_findings"]))
        table.add_row(each["system"], *(f"{count:,}" for count in counts))
    return table
