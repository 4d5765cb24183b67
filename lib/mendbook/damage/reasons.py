"""The sentences by which a merge tells what becomes of a row; whoever shows a case finds its rows again by them.

Values only: written by damage/, which decides; read by desk/case_detail.py, which shows.
"""

from __future__ import annotations

KEPT = "kept "


def kept(survivor: str | None, table: str, loser: str | None) -> str:
    """How the reason begins why one row of ``table`` survives and not the other."""
    return f"{KEPT}{survivor} of {table} rather than {loser}: "


def goes(row: str) -> str:
    """How the reason begins why a row goes that is none of those merged: it would collide, or grant a right."""
    return f"{row} goes: "


def row_name(table: str, key: str | None) -> str:
    return f"{table} {key}" if key is not None else f"a row of {table} without a key"


def in_its_place(row: str) -> str:
    """What a reason says of the row that stays where another would have collided with it."""
    return f"in its place stays {row}: "


def survivor(reason: str, table: str, loser: str | None) -> str | None:
    """The key of the row that ``reason`` says is kept rather than ``loser``; None where it says nothing of that."""
    before, after = kept("\0", table, loser).split("\0")
    at = reason.find(after, len(before))
    return reason[len(before) : at] if at >= 0 and reason.startswith(before) else None


def gone(reason: str) -> tuple[str, str] | None:
    """The row that ``reason`` says goes, and why; None where it speaks of none."""
    row, said, why = reason.partition(goes(""))
    return (row, why) if said else None
