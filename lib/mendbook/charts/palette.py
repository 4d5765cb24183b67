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


#: Kinds of incidents in the order of charts, each with its colour, its hatch and its title.
INCIDENTS: Mapping[str, tuple[str, str, str]] = {
    "unique_violation": (BLUE, "", "a second row refused by a unique constraint"),
    "missing_profile": (VERMILION, "", "a user without a profile was met"),
    "multiple_profiles": (ORANGE, "////", "two profiles of one user were met"),
    "ghost_user": (PURPLE, "", "a registration failed and left its user behind"),
    "fk_violation": (GREEN, "", "a row pointed to one that is gone"),
    "not_null_violation": (YELLOW, "", "a row without a value it needs"),
    "deadlock": (SKY, "xxxx", "two transactions waited for each other"),
    "serialization_failure": (BLUE, "////", "a transaction had to be done again"),
    "aborted_transaction": (SKY, "", "a transaction went on after its error"),
    "http_5xx": (VERMILION, "////", "a registration answered by a server error"),
    "http_4xx_duplicate": (GREEN, "////", "a registration refused as a duplicate"),
}

#: What the rows' own times tell of, when no log does.
EVIDENCE: Mapping[str, tuple[str, str, str]] = {
    "double creation": (VERMILION, "", "two profiles of one user made within a second"),
    "late profile": (BLUE, "////", "a profile made long after its user"),
    "retry": (ORANGE, "...", "the same person again within half an hour, spelled otherwise"),
}

#: Whether a person saw the error: True, False, or not known.
HANDLED: Mapping[str, tuple[str, str, str]] = {
    "seen": (VERMILION, "", "a person saw an error"),
    "unknown": ("#8a949e", "\\\\\\\\", "cannot be told"),
    "handled": (BLUE, "////", "the application lost the race politely"),
}


def incident_look(kind: str, strangers: Sequence[str]) -> tuple[str, str]:
    """Colour and hatch of a kind of incident, or of the rows' evidence; ``strangers`` are kinds newer than these lists."""
    if kind in INCIDENTS or kind in EVIDENCE:
        return ({**INCIDENTS, **EVIDENCE})[kind][:2]
    return KIND_COLOURS[strangers.index(kind) % len(KIND_COLOURS)], "..."
