"""Draws frames as figures: counts by kind, damage over time, the gap between the rows of a double creation.

Pure: a frame in, a ``Chart`` out; pyplot and its global state are never touched, so charts work in threads,
notebooks and batch jobs alike. Text is inert and never read as mathematics. Colours are Okabe and Ito's, which stay
apart for colour-blind readers, and hatches or labels tell again what colour tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator
from matplotlib.transforms import blended_transform_factory

from mendbook.charts.drawing import Chart, save, styled_chart
from mendbook.charts.palette import BLUE, INK, ORANGE, PAPER, SIGNATURES
from mendbook.charts.timelines import blank, counted, empty, number, timeline_chart
from mendbook.display import inert

if TYPE_CHECKING:
    from pandas import DataFrame, Series

__all__ = ["Chart", "counts_chart", "gap_chart", "save", "timeline_chart"]

_GAP_TICKS = (
    (1e-6, "1 µs"), (1e-5, "10 µs"), (1e-4, "100 µs"), (1e-3, "1 ms"), (1e-2, "10 ms"), (1e-1, "100 ms"), (1, "1 s"),
    (10, "10 s"), (60, "1 min"), (600, "10 min"), (3600, "1 h"), (86400, "1 day"),
    (864000, "10 days"), (31557600, "1 year"), (315576000, "10 years"),
)  # fmt: skip


@styled_chart
def counts_chart(counts: DataFrame) -> Chart:
    """Cases and damaged rows of each kind as horizontal bars.

    ``counts`` has the columns kind, title, cases, rows. Kinds without damage are named below the chart, not drawn.
    """
    title = "Damage by kind"
    found = counts[counts["rows"] > 0].sort_values(["rows", "title"], ascending=[True, False])
    if found.empty:
        return empty(title, "No damage of any kind was found.")
    chart, (axes,) = blank(title, 1.15 + 0.52 * len(found))
    places = numpy.arange(len(found))
    widest = float(found["rows"].max())
    for column, offset, colour, hatch in (("rows", -0.19, BLUE, ""), ("cases", 0.19, ORANGE, "////")):
        bars = axes.barh(places + offset, found[column], 0.36, color=colour, hatch=hatch, edgecolor=PAPER, linewidth=0,
                         label={"rows": "damaged rows", "cases": "cases to decide"}[column])  # fmt: skip
        for bar, value in zip(bars, found[column], strict=True):
            axes.text(bar.get_width() + widest * 0.008, bar.get_y() + bar.get_height() / 2, number(value),
                      va="center", fontsize=9, color=INK, parse_math=False)  # fmt: skip
    axes.set_yticks(places, [inert(each, 48) for each in found["title"]], parse_math=False)
    axes.set_xlim(0, widest * 1.12)
    axes.xaxis.set_major_locator(NullLocator())
    axes.spines["bottom"].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    chart.legend(handles[::-1], labels[::-1], loc="outside lower left", ncols=2, frameon=False, labelcolor=INK)
    most = found.iloc[-1]
    chart.description = inert(
        f"{int(found['cases'].sum()):,} cases with {int(found['rows'].sum()):,} damaged rows, of {len(found)} kinds; "
        f"the most rows, {int(most['rows']):,}, are of the kind {most['title']!r}."
    )
    return chart


@styled_chart
def gap_chart(gaps: DataFrame) -> Chart:
    """The time between the first and the second row of each double creation, on a logarithmic scale, by signature.

    ``gaps`` has the columns gap_seconds (float) and signature. Gaps below a microsecond stand in the first bin.
    """
    title = "Gap between the two rows of a double creation"
    whole = len(gaps)
    timed = gaps[numpy.isfinite(gaps["gap_seconds"].astype("float64"))]
    untimed = whole - len(timed)
    left_out = f" {untimed:,} of {whole:,} have no times to compare and are not drawn." if untimed else ""
    if timed.empty:
        nothing = "No double creation has two known times: there is no gap to draw."
        return empty(title, f"No gap can be measured.{left_out}" if whole else nothing)
    seconds = timed["gap_seconds"].astype(float).abs().clip(lower=1e-6)
    low, high = numpy.floor(numpy.log10(seconds.min())), numpy.ceil(numpy.log10(seconds.max()) + 1e-9)
    low, high = min(low, -3.0), max(high, 1.0)
    edges = numpy.logspace(low, high, int((high - low) * 5) + 1)
    chart, (axes,) = blank(title, 4.2)
    names = [*SIGNATURES, *sorted(set(timed["signature"].dropna()) - set(SIGNATURES))]
    signatures = timed["signature"].fillna("unknown")
    bottom, parts = numpy.zeros(len(edges) - 1), []
    for name in names:
        chosen = seconds[signatures == name]
        if chosen.empty:
            continue
        heights, _ = numpy.histogram(chosen, edges)
        colour, hatch, meaning = SIGNATURES.get(name, SIGNATURES["unknown"])
        label = f"{inert(name)} – {meaning} ({len(chosen):,})"
        axes.bar(edges[:-1], heights, numpy.diff(edges) * 0.94, bottom, align="edge", color=colour, hatch=hatch,
                 edgecolor=PAPER, linewidth=0, label=label)  # fmt: skip
        bottom += heights
        parts.append(f"{name} {len(chosen):,}")
    _gap_axis(axes, edges, seconds)
    chart.legend(loc="outside lower left", ncols=1, frameon=False, labelcolor=INK)
    chart.description = inert(
        f"{len(timed):,} double creations; half of them within {_span(float(seconds.median()))}, the longest "
        f"{_span(float(seconds.max()))} apart. By signature: {', '.join(parts)}.{left_out}"
    )
    return chart


def _gap_axis(axes: Axes, edges: Any, seconds: Series[float]) -> None:
    axes.set_xscale("log")
    axes.set_xlim(edges[0], edges[-1])
    ticks = [(at, label) for at, label in _GAP_TICKS if edges[0] * 0.999 <= at <= edges[-1] * 1.001]
    axes.xaxis.set_major_locator(FixedLocator([at for at, _ in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([label for _, label in ticks], parse_math=False)
    counted(axes, "double creations")
    axes.set_xlabel("time from the first row to the second", parse_math=False)
    median = float(seconds.median())
    axes.axvline(median, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    place = blended_transform_factory(axes.transData, axes.transAxes)
    right = median < (edges[0] * edges[-1]) ** 0.5
    axes.text(median * (1.08 if right else 0.93), 1.015, f"half are within {_span(median)}", transform=place,
              ha="left" if right else "right", va="bottom", fontsize=9, parse_math=False)  # fmt: skip


def _span(seconds: float) -> str:
    for size, name in ((86400, "days"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms")):
        if seconds >= size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds * 1e6:.3g} µs"
