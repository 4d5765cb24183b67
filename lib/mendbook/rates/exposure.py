"""How much of a silence counts: where nobody registers, nothing fails.

Pure: counts of registrations in, a share and its words out; it judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

#: Of the registrations of before: less than that is worth a word.
FEWER = 0.9

#: How many registrations came within [since, until), as far as logs tell.
Registered = Callable[[datetime, datetime], int]


def share_of(registered: Registered | None, since: datetime, at: datetime, end: datetime) -> float | None:
    """The registrations a day after ``at`` as a share of those before it, at most 1; None where they are not known."""
    were = registered(since, at) if registered is not None and since < at < end else 0
    if registered is None or not were:
        return None
    return min(1.0, registered(at, end + timedelta(seconds=1)) / were * ((at - since) / (end - at)))


def rests_on(share: float | None) -> str:
    """What a silence rests on."""
    if share is None:
        return "It supposes as many registrations as before."
    if share >= FEWER:
        return "Registrations went on as before."
    return f"There were fewer registrations ({max(1, round(share * 100))} in 100 of before's), and the chances heed that."
