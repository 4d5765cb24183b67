"""Plans and cases for a terminal: built here, printed by the command line alone. Everything in them is inert and masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mendbook.display import inert, mask_key
from mendbook.plans.files import Header
from mendbook.side_by_side import Concealing, beside

_STATES = {"approved": "green", "applied": "green", "rejected": "red", "blocked": "yellow", "stale": "yellow"}
_WIDEST = 60
_OPS = {"insert": "added", "update": "changed", "delete": "removed"}


def plan_table(header: Header, titles: Mapping[str, str]) -> Table:
    """Cases by kind, with the repair that was chosen, zeros too."""
    undoes = header.act == "undo"
    title = f"{header.source}: what would be {'taken back' if undoes else 'repaired'}"
    table = Table(title=title, title_justify="left", show_edge=False)
    table.add_column("kind")
    table.add_column("cases", justify="right")
    table.add_column("left", justify="right")
    if not undoes:
        table.add_column("repair")
    table.add_column("what was repaired" if undoes else "what it is", style="dim")
    left: dict[str, int] = {}
    for each in header.left:
        left[each["kind"]] = left.get(each["kind"], 0) + each["cases"]
    for kind in sorted({*header.repairs, *header.cases, *left}):
        cases = header.cases.get(kind, 0)
        style = "bold" if cases else "dim"
        repair = () if undoes else (header.repairs.get(kind, ""),)
        table.add_row(kind, f"{cases:,}", f"{left.get(kind, 0):,}", *repair, titles.get(kind, ""), style=style)
    return table


def changes_words(header: Header) -> str:
    """How many rows of each table would be added, changed and removed."""
    told = []
    for table, counts in header.changes.items():
        parts = ", ".join(f"{counts[op]:,} {done}" for op, done in _OPS.items() if counts.get(op))
        told.append(f"{inert(table)}: {parts}")
    return "; ".join(told) or "no row"


def left_words(header: Header) -> Iterator[str]:
    """What no case was made of, and why, a line each."""
    for each in header.left:
        of = f" of {inert(each['profile'])}" if each["profile"] else ""
        examples = ", ".join(inert(mask_key(key), 40) for key in each["examples"])
        yield f"left: {each['cases']:,} {each['kind']}{of}: {inert(each['why'])} (for example {examples})"


def case_parts(case: Mapping[str, Any], concealed: Concealing, whole: bool = False) -> Iterator[RenderableType]:
    """A case: its name and state, why it is done so, and its rows before and after; the columns that differ, or all of them."""
    profile = f" of {inert(case['profile'])}" if case["profile"] else ""
    title = Text.assemble((f"{case['kind']}{profile} {concealed.key(case['case_key'])}", "bold"), f"  {case['repair']}")
    title.append(f", {case['risk']} risk, ")
    title.append(case["state"], style=_STATES.get(case["state"], ""))
    yield title
    for why in case["because"]:
        yield Text(f"  {concealed.words(why)}")
    for name, why in case["blocked_by"].items():
        yield Text(f"  blocked by {name}: {concealed.words(why)}", style="yellow")
    for option in case["options"]:
        done = "done unless declined" if option["taken"] else "not done unless accepted"
        yield Text(f"  option {inert(option['name'], 80)} ({done}): {concealed.words(option['why'])}")
    for change in case["changes"]:
        yield change_table(change, concealed, whole)


def change_table(change: Mapping[str, Any], concealed: Concealing, whole: bool = False) -> Table:
    """A row before and after, side by side; what differs is marked."""
    key = "" if change["key"] is None and change["op"] == "insert" else f" {concealed.key(change['key'])}"
    title = Text(f"{inert(change['table'])}{key}: {_OPS[change['op']]}")
    table = Table(title=title, title_justify="left", title_style="", show_edge=False, pad_edge=False)
    for heading in ("", "column", "before", "after"):
        table.add_column(heading, overflow="fold")
    for row in beside(change, concealed, None if whole else _WIDEST):
        if not whole and (not row.differs or row.before == row.after):
            continue
        cells = [Text(inert(row.column)), Text(row.before or ""), Text(row.after or "")]
        mark = "≠" if row.differs and change["op"] == "update" else {"insert": "+", "delete": "-"}.get(change["op"], "")
        table.add_row(Text(mark), *cells, style="bold" if mark == "≠" else "")
    return table
