"""The colours of charts and what they stand for, kept apart from the drawing so that a report can use them without it.

Okabe and Ito's palette, which stays apart for colour-blind readers; hatches tell again what colours tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: Colours that a report may replace to suit a dark page; nothing else is drawn in them.
INK, FAINT, PAPER = "#1d2733", "#c9d1d9", "#fdfefe"
BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442",
)  # fmt: skip

#: Every kind has its own colour and hatch, the same in every chart and every run.
KINDS = (
    "missing_profile", "orphan_profile", "duplicate_profile", "duplicate_user", "blank_profile", "wrong_profile",
    "missing_code", "duplicate_code", "null_flag", "ghost_user", "missing_constraint",
)  # fmt: skip
KIND_COLOURS = (BLUE, ORANGE, VERMILION, GREEN, SKY, PURPLE, YELLOW)
HATCHES = ("", "////", "...", "xxxx")

#: Which row was written first and what that says: the race's signature, its colour and hatch.
SIGNATURES: Mapping[str, tuple[str, str, str]] = {
    "signal first": (BLUE, "", "the signal's blank row came first, the form's row second"),
    "form first": (ORANGE, "////", "the form's row came first, the signal's blank row second"),
    "both filled": (VERMILION, "...", "two filled rows: the form was processed twice"),
    "both blank": (SKY, "xxxx", "two blank rows: the form's data was lost"),
    "two requests": (GREEN, "--", "two accounts of one person: two requests made them"),
    "unknown": ("#8a949e", "\\\\\\\\", "the rows do not tell"),
}


def look(kind: str, strangers: Sequence[str]) -> tuple[str, str]:
    """Colour and hatch of a kind of damage; ``strangers`` are kinds newer than this list, which follow after it."""
    place = KINDS.index(kind) if kind in KINDS else len(KINDS) + strangers.index(kind)
    colours = len(KIND_COLOURS)
    return KIND_COLOURS[place % colours], HATCHES[(place // colours) % len(HATCHES)]
