"""A small line of counts over time, as SVG to stand in a table's cell, with the same told in words.

Pure: numbers in, markup out. The line's colour is the page's. It draws no axis: the words and the numbers beside it tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup

from mendbook.display import inert

WIDTH, HEIGHT = 160, 32
_EDGE = 3  # so that a dot is never cut


def sparkline(points: Sequence[tuple[datetime, int]], of: str) -> Markup:
    """The line through ``points`` (time, count), the oldest first; ``of`` says what is counted. No points, no line."""
    if not points:
        return Markup()
    words = in_words(points, of)
    placed = [f"{x:g},{y:g}" for x, y in _places(points)]
    x, y = placed[-1].split(",")
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}"><title>{}</title>'
        '<line class="ground" x1="0" x2="{}" y1="{}" y2="{}"/><polyline points="{}"/><circle cx="{}" cy="{}" r="2.6"/></svg>'
    ).format(
        WIDTH, HEIGHT, WIDTH, HEIGHT, words, words, WIDTH, HEIGHT - _EDGE, HEIGHT - _EDGE, " ".join(placed), x, y
    )  # fmt: skip


def in_words(points: Sequence[tuple[datetime, int]], of: str) -> str:
    """What the line shows, for who cannot see it."""
    counts = [count for _, count in points]
    if len(points) == 1:
        return inert(f"{of}: {counts[0]:,} in one audit, {points[0][0]:%Y-%m-%d}")
    span = f"{len(points):,} audits from {points[0][0]:%Y-%m-%d} to {points[-1][0]:%Y-%m-%d}"
    return inert(f"{of}, {span}: first {counts[0]:,}, lowest {min(counts):,}, highest {max(counts):,}, last {counts[-1]:,}")


def _places(points: Sequence[tuple[datetime, int]]) -> list[tuple[float, float]]:
    """Where each point lies: time to the right, counts upwards from zero, the last one at the right edge."""
    first, last = points[0][0], points[-1][0]
    span = (last - first).total_seconds()
    most = max(count for _, count in points) or 1
    wide, high = WIDTH - 2 * _EDGE, HEIGHT - 2 * _EDGE
    return [
        (
            round(_EDGE + wide * ((at - first).total_seconds() / span if span else 1), 1),
            round(HEIGHT - _EDGE - high * count / most, 1),
        )
        for at, count in points
    ]
