"""Draws how long an application took to answer a drill's registrations, and what it answered.

Pure: a frame in, a ``Chart`` out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy
from matplotlib.ticker import FixedLocator, NullLocator

from mendbook.charts.drawing import Chart, styled_chart
from mendbook.charts.palette import BLUE, INK, ORANGE, PAPER, PURPLE, VERMILION
from mendbook.charts.timelines import blank, counted, empty

if TYPE_CHECKING:
    from pandas import DataFrame, Series

#: What an answer means: its colour, hatch and words.
_LOOKS = {
    "ok": (BLUE, "", "yes"),
    "refused": (ORANGE, "////", "politely no"),
    "error": (VERMILION, "...", "a server error"),
    "unexpected": (PURPLE, "xxxx", "an answer that nobody expects"),
}
_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)


def half_within(times: Series[float]) -> float:
    """A time that somebody waited, as the table of answers has it: of an even number, the lower of the two in the middle."""
    return float(times.quantile(0.5, interpolation="lower"))


@styled_chart
def latency_chart(requests: DataFrame) -> Chart:
    """Registrations by the time that their answer took, stacked by what it meant, on a logarithmic scale.

    ``requests`` has the columns part, outcome and seconds.
    """
    title = "How long registrations took"
    answered = requests[(requests["part"] == "register") & requests["outcome"].isin(list(_LOOKS))]
    if answered.empty:
        return empty(title, "No registration was answered.")
    times = answered["seconds"].astype(float).clip(lower=1e-3) * 1000
    low, high = numpy.floor(numpy.log10(times.min()) * 3) / 3, numpy.ceil(numpy.log10(times.max()) * 3 + 1e-9) / 3
    edges = numpy.logspace(low, high, max(6, round((high - low) * 15)) + 1)
    chart, (axes,) = blank(title, 3.8)
    bottom, parts = numpy.zeros(len(edges) - 1), []
    for name, (colour, hatch, meaning) in _LOOKS.items():
        chosen = times[answered["outcome"] == name]
        if chosen.empty:
            continue
        heights, _ = numpy.histogram(chosen, edges)
        label = f"{meaning} ({len(chosen):,})"
        axes.bar(edges[:-1], heights, numpy.diff(edges) * 0.94, bottom, align="edge", color=colour, hatch=hatch,
                 edgecolor=PAPER, linewidth=0, label=label)  # fmt: skip
        bottom += heights
        parts.append(f"{len(chosen):,} {meaning}, half of them within {half_within(chosen):,.0f} ms")
    axes.set_xscale("log")
    axes.set_xlim(edges[0], edges[-1])
    ticks = [tick for tick in _TICKS if edges[0] * 0.999 <= tick <= edges[-1] * 1.001]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{tick:,} ms" if tick < 1000 else f"{tick // 1000} s" for tick in ticks], parse_math=False)
    counted(axes, "registrations")
    axes.set_xlabel("time to the answer", parse_math=False)
    middle = half_within(times)
    axes.axvline(middle, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    # above the bars, and towards the side where there is room for it
    left = middle > (edges[0] * edges[-1]) ** 0.5
    axes.annotate(f"half within {middle:,.0f} ms", (middle, 1), (-4 if left else 4, 3), xycoords=("data", "axes fraction"),
                  textcoords="offset points", ha="right" if left else "left", fontsize=9, color=INK,
                  parse_math=False)  # fmt: skip
    chart.legend(loc="outside lower left", ncols=2, frameon=False, labelcolor=INK)
    chart.description = (
        f"{len(times):,} registrations were answered: {'; '.join(parts)}. The slowest took {float(times.max()):,.0f} ms."
    )
    return chart
