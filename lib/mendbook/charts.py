"""Draws frames as figures: counts by kind, damage over time, the gap between the rows of a double creation.

Pure: a frame in, a ``Chart`` out; pyplot and its global state are never touched, so charts work in threads,
notebooks and batch jobs alike. Text is inert and never read as mathematics. Colours are Okabe and Ito's, which stay
apart for colour-blind readers, and hatches or labels tell again what colour tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import blended_transform_factory

from mendbook.display import inert
from mendbook.drawing import Chart, save, styled_chart
from mendbook.palette import BLUE, FAINT, INK, KINDS, ORANGE, PAPER, SIGNATURES, look

if TYPE_CHECKING:
    from pandas import DataFrame, Series, Timestamp

__all__ = ["Chart", "counts_chart", "gap_chart", "save", "timeline_chart"]

_STEPS = (
    *(timedelta(seconds=each) for each in (1, 2, 5, 10, 30)),
    *(timedelta(minutes=each) for each in (1, 2, 5, 10, 30)),
    *(timedelta(hours=each) for each in (1, 3, 6, 12)),
    *(timedelta(days=each) for each in (1, 7)),
)
_MOST_BINS = 60
_GAP_TICKS = (
    (1e-6, "1 µs"), (1e-5, "10 µs"), (1e-4, "100 µs"), (1e-3, "1 ms"), (1e-2, "10 ms"), (1e-1, "100 ms"), (1, "1 s"),
    (10, "10 s"), (60, "1 min"), (600, "10 min"), (3600, "1 h"), (86400, "1 day"),
    (864000, "10 days"), (31557600, "1 year"), (315576000, "10 years"),
)  # fmt: skip


def _blank(title: str, height: float) -> tuple[Chart, Axes]:
    chart = Chart(figsize=(8.4, height), layout="constrained")
    chart.title = inert(title)
    chart.suptitle(chart.title, x=0.012, ha="left", fontsize=12, fontweight="bold", parse_math=False)
    axes = chart.add_subplot()
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    axes.set_axisbelow(True)
    return chart, axes


def _empty(title: str, says: str) -> Chart:
    chart, axes = _blank(title, 1.6)
    axes.set_axis_off()
    axes.text(0.5, 0.5, inert(says), ha="center", va="center", fontsize=11, parse_math=False, transform=axes.transAxes)
    chart.description = inert(says)
    return chart


def _number(value: float, _: object = None) -> str:
    return f"{value:,.0f}"


@styled_chart
def counts_chart(counts: DataFrame) -> Chart:
    """Cases and damaged rows of each kind as horizontal bars.

    ``counts`` has the columns kind, title, cases, rows. Kinds without damage are named below the chart, not drawn.
    """
    title = "Damage by kind"
    found = counts[counts["rows"] > 0].sort_values(["rows", "title"], ascending=[True, False])
    if found.empty:
        return _empty(title, "No damage of any kind was found.")
    chart, axes = _blank(title, 1.15 + 0.52 * len(found))
    places = numpy.arange(len(found))
    widest = float(found["rows"].max())
    for column, offset, colour, hatch in (("rows", -0.19, BLUE, ""), ("cases", 0.19, ORANGE, "////")):
        bars = axes.barh(places + offset, found[column], 0.36, color=colour, hatch=hatch, edgecolor=PAPER, linewidth=0,
                         label={"rows": "damaged rows", "cases": "cases to decide"}[column])  # fmt: skip
        for bar, value in zip(bars, found[column], strict=True):
            axes.text(bar.get_width() + widest * 0.008, bar.get_y() + bar.get_height() / 2, _number(value),
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
def timeline_chart(times: DataFrame, titles: Mapping[str, str] | None = None) -> Chart:
    """Findings over time, stacked by kind, in bins that suit the span (a second to a year).

    ``times`` has the columns kind and at (UTC). Findings without a time, or far outside the years people live in, are
    counted in the description and not drawn.
    """
    title = "When the damage came to be"
    whole, titles = len(times), titles or {}
    dated = times[times["at"].notna()]
    dated = dated[dated["at"].dt.year.between(1970, 2200)]
    undated = whole - len(dated)
    left_out = f" {undated:,} of {whole:,} findings have no usable time and are not drawn." if undated else ""
    if dated.empty:
        return _empty(title, f"No finding has a time to draw.{left_out}" if whole else "There is nothing to draw: no findings.")
    edges, step = _bins(dated["at"].min(), dated["at"].max())
    strangers = sorted(set(dated["kind"]) - set(KINDS))
    kinds = [kind for kind in (*KINDS, *strangers) if (dated["kind"] == kind).any()]
    chart, axes = _blank(title, 3.9 + 0.22 * ((len(kinds) + 1) // 2))
    starts = edges[:-1]
    bottom = numpy.zeros(len(starts))
    for kind in kinds:
        at = date2num(dated.loc[dated["kind"] == kind, "at"].dt.tz_localize(None).to_numpy())
        heights, _ = numpy.histogram(at, edges)
        colour, hatch = look(kind, strangers)
        axes.bar(starts, heights, numpy.diff(edges) * 0.94, bottom, align="edge", color=colour, hatch=hatch,
                 edgecolor=PAPER, linewidth=0, label=inert(titles.get(kind) or kind.replace("_", " "), 48))  # fmt: skip
        bottom += heights
    locator = AutoDateLocator(minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.set_xlim(edges[0], edges[-1])
    _counted(axes, f"findings in each {step}")
    axes.set_xlabel("UTC", parse_math=False)
    chart.legend(loc="outside lower left", ncols=2, frameon=False, labelcolor=INK)
    first, last = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (dated["at"].min(), dated["at"].max()))
    chart.description = (
        f"{len(dated):,} findings from {first} to {last} UTC, one bar for each {step}; "
        f"the highest holds {int(bottom.max()):,}.{left_out}"
    )
    return chart


def _counted(axes: Axes, label: str) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(_number))
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_ylabel(label, parse_math=False)


def _bins(first: Timestamp, last: Timestamp) -> tuple[Any, str]:
    """Bin edges as matplotlib's days, and what one bin is called."""
    import pandas

    span = last - first
    for step in _STEPS:
        if span <= _MOST_BINS * step:
            start = first.floor("D") if step.days else first.floor(step)
            edges = pandas.date_range(start, last + step, freq=step)
            return date2num(edges.tz_localize(None).to_numpy()), _step_name(step)
    months = "MS" if span.days / 30.4 <= _MOST_BINS else "YS"
    start = first.floor("D").replace(day=1, month=first.month if months == "MS" else 1)
    edges = pandas.date_range(start, last + timedelta(days=31 if months == "MS" else 366), freq=months)
    return date2num(edges.tz_localize(None).to_numpy()), "month" if months == "MS" else "year"


def _step_name(step: timedelta) -> str:
    seconds = int(step.total_seconds())
    for size, name in ((604800, "week"), (86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            return name if seconds == size else f"{seconds // size} {name}s"
    raise AssertionError(step)


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
        return _empty(
            title, f"No gap can be measured.{left_out}" if whole else "No user has two rows: there is no gap to draw."
        )
    seconds = timed["gap_seconds"].astype(float).abs().clip(lower=1e-6)
    low, high = numpy.floor(numpy.log10(seconds.min())), numpy.ceil(numpy.log10(seconds.max()) + 1e-9)
    low, high = min(low, -3.0), max(high, 1.0)
    edges = numpy.logspace(low, high, int((high - low) * 5) + 1)
    chart, axes = _blank(title, 4.2)
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
    _counted(axes, "double creations")
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
