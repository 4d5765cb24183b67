"""Draws events over time, stacked by kind, with the deploys among them; a second panel where nearly all stand together.

Pure: a frame in, a ``Chart`` out. Bins follow the calendar of the zone that is asked for; the axis is in that zone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import blended_transform_factory

from mendbook.charts.calendar_bins import bins, zone_of
from mendbook.charts.drawing import Chart, styled_chart
from mendbook.charts.palette import FAINT, INK, KINDS, PAPER, look
from mendbook.display import inert

if TYPE_CHECKING:
    from pandas import DataFrame, DatetimeIndex, Series, Timestamp

#: A second panel is drawn where this share of the events lies within this many bins of the first.
_DENSE_SHARE = 0.8
_DENSE_BINS = 2
_FEWEST_TO_ZOOM = 12

_NAME_LENGTH = 28
_SHORT_LABEL = 48
#: What the labels leave out, beside the axis: a date as it stands everywhere else on the page.
_BEYOND = ["", "%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%d %H:%M"]


def blank(title: str, height: float, panels: int = 1) -> tuple[Chart, list[Axes]]:
    """A chart with its title and ``panels`` empty axes, one above the other."""
    chart = Chart(figsize=(8.4, height), layout="constrained")
    chart.title = inert(title)
    chart.suptitle(chart.title, x=0.012, ha="left", fontsize=12, fontweight="bold", parse_math=False)
    every = [chart.add_subplot(panels, 1, place + 1) for place in range(panels)]
    for axes in every:
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.tick_params(length=0)
        axes.set_axisbelow(True)
    return chart, every


def empty(title: str, says: str) -> Chart:
    """A small figure that says why there is nothing to see."""
    chart, (axes,) = blank(title, 1.6)
    axes.set_axis_off()
    lines = textwrap.fill(inert(says), 92)
    axes.text(0.5, 0.5, lines, ha="center", va="center", fontsize=11, parse_math=False, transform=axes.transAxes)
    chart.description = inert(says)
    return chart


def number(value: float, _: object = None) -> str:
    """A count as axes and labels show it."""
    return f"{value:,.0f}"


def counted(axes: Axes, label: str) -> None:
    """Make the vertical axis one of counts."""
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(number))
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_ylabel(label, parse_math=False)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a timeline shows beside the events themselves.

    ``look`` gives a kind's colour and hatch, ``known`` the order of kinds; ``span`` is the time that was looked at, which
    may reach farther than the events; ``deploys`` are moments with names; ``guesses`` are moments at which the rate may
    have changed.
    """

    title: str
    what: str
    zone: str = "UTC"
    known: Sequence[str] = KINDS
    look: Callable[[str, Sequence[str]], tuple[str, str]] = look
    titles: Mapping[str, str] = field(default_factory=dict)
    span: tuple[datetime, datetime] | None = None
    deploys: Sequence[tuple[datetime, str]] = ()
    guesses: Sequence[datetime] = ()


def timeline_chart(times: DataFrame, titles: Mapping[str, str] | None = None) -> Chart:
    """Findings over time, stacked by kind, in bins that suit the span (a second to a year).

    ``times`` has the columns kind and at (UTC). Findings without a time, or far outside the years people live in, are
    counted in the description and not drawn.
    """
    return stacked_chart(times, Setting("When the damage came to be", "findings", titles=titles or {}))


@styled_chart
def stacked_chart(times: DataFrame, setting: Setting) -> Chart:
    """The events of ``times`` (columns kind and at) over time; see ``Setting``."""
    whole, what = len(times), setting.what
    dated = times[times["at"].notna()]
    dated = dated[dated["at"].dt.year.between(1970, 2200)]
    undated = whole - len(dated)
    left_out = f" {undated:,} of {whole:,} {what} have no usable time and are not drawn." if undated else ""
    if dated.empty:
        nothing = f"No {what.removesuffix('s')} has a time to draw.{left_out}"
        return empty(setting.title, nothing if whole else f"There is nothing to draw: no {what}.")
    first, last = dated["at"].min(), dated["at"].max()
    edges, step = bins(*_drawn(first, last, setting), setting.zone)
    stretch = _densest(dated["at"], edges)
    kinds = _kinds(dated, setting)
    height = (3.9 if stretch is None else 6.6) + 0.22 * len(kinds)
    chart, panels = blank(setting.title, height, 1 if stretch is None else 2)
    highest, _ = _panel(panels[0], dated, edges, setting, f"{what} in each {step}")
    zoomed = ""
    if stretch is not None:
        zoomed = _zoom(panels, dated, stretch, setting)
    handles, labels = panels[0].get_legend_handles_labels()
    columns = 2 if max(map(len, labels)) <= _SHORT_LABEL else 1
    chart.legend(handles, labels, loc="outside lower left", ncols=columns, frameon=False, labelcolor=INK)
    zone = zone_of(setting.zone)
    begins, ends = (f"{moment.tz_convert(zone):%Y-%m-%d %H:%M:%S}" for moment in (first, last))
    chart.description = inert(
        f"{len(dated):,} {what} from {begins} to {ends} {zone.key}, one bar for each {step}; the highest holds {highest:,}."
        f"{zoomed}{marks_told(setting)}{left_out}"
    )
    return chart


def _drawn(first: Timestamp, last: Timestamp, setting: Setting) -> tuple[Timestamp, Timestamp]:
    """The time to draw: that of the events, and of what was looked at."""
    import pandas

    if setting.span is None:
        return first, last
    since, until = (pandas.Timestamp(moment).tz_convert("UTC") for moment in setting.span)
    return min(first, since), max(last, until)


def _kinds(dated: DataFrame, setting: Setting) -> list[str]:
    present = set(dated["kind"].dropna())
    return [kind for kind in (*setting.known, *sorted(present - set(setting.known))) if kind in present]


def days(moments: Any) -> Any:
    """Aware moments as matplotlib's days (UTC)."""
    import pandas

    return date2num(pandas.DatetimeIndex(moments).tz_convert("UTC").tz_localize(None).to_numpy())


def _panel(axes: Axes, dated: DataFrame, edges: DatetimeIndex, setting: Setting, label: str) -> tuple[int, int]:
    """One stacked histogram with its marks; the count of the highest bar, and how many rows the deploys' names take."""
    places = days(edges)
    bottom = numpy.zeros(len(places) - 1)
    kinds = _kinds(dated, setting)
    strangers = [kind for kind in kinds if kind not in setting.known]
    for kind in kinds:
        heights, _ = numpy.histogram(days(dated.loc[dated["kind"] == kind, "at"]), places)
        colour, hatch = setting.look(kind, strangers)
        title = inert(setting.titles.get(kind) or kind.replace("_", " "), 80)
        axes.bar(places[:-1], heights, numpy.diff(places) * 0.94, bottom, align="edge", color=colour, hatch=hatch,
                 edgecolor=PAPER, linewidth=0, label=title)  # fmt: skip
        bottom += heights
    time_axis(axes, setting.zone)
    axes.set_xlim(places[0], places[-1])
    counted(axes, label)
    return int(bottom.max()), mark(axes, setting.deploys, setting.guesses)


def time_axis(axes: Axes, zone: str) -> None:
    """Ticks where the clocks of ``zone`` show round times."""
    known = zone_of(zone)
    locator = AutoDateLocator(tz=known, minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=known, offset_formats=_BEYOND))
    axes.set_xlabel(known.key, parse_math=False)


def mark(axes: Axes, deploys: Sequence[tuple[datetime, str]], guesses: Sequence[datetime]) -> int:
    """Lines at deploys, with their names above, and dotted ones at guessed changes; how many rows the names take."""
    left, right = axes.get_xlim()
    above = blended_transform_factory(axes.transData, axes.transAxes)
    within = [(place, name) for at, name in sorted(deploys) if left <= (place := float(days([at])[0])) <= right]
    last_end, row, rows = -1.0, 0, 0
    for place, name in within:
        axes.axvline(place, color=INK, linewidth=1.2, zorder=3)
        label, share = short(name) or "deploy", (place - left) / (right - left)
        row = row + 1 if share < last_end and row < 2 else 0
        rows = max(rows, row + 1)
        rightwards = share < 0.72
        axes.text(place, 1.015 + 0.065 * row, f"▾ {label}" if rightwards else f"{label} ▾", transform=above,
                  ha="left" if rightwards else "right", va="bottom", fontsize=9, parse_math=False)  # fmt: skip
        last_end = share + 0.02 + 0.0125 * len(label)
    for number, place in enumerate(place for at in guesses if left <= (place := float(days([at])[0])) <= right):
        axes.axvline(place, color=INK, linewidth=1.1, linestyle=(0, (1, 2)), zorder=3)
        side = "left" if (place - left) < 0.75 * (right - left) else "right"
        # in turn at three heights, so that guesses close to each other can be read
        axes.text(place, 0.985 - 0.07 * (number % 3), " changed? (a guess) ", transform=above, ha=side, va="top",
                  fontsize=8.5, style="italic", parse_math=False)  # fmt: skip
    return rows


def short(name: str) -> str:
    """A name as it fits into a chart."""
    shown = inert(name)
    return shown if len(shown) <= _NAME_LENGTH else f"{shown[: _NAME_LENGTH - 1]}…"


def marks_told(setting: Setting) -> str:
    """The deploys and guesses of a chart in words; guesses of one minute with their seconds."""
    zone, told = zone_of(setting.zone), ""
    if setting.deploys:
        named = [f"{short(name)} at {at.astimezone(zone):%Y-%m-%d %H:%M}" for at, name in setting.deploys]
        told = f" Deploys: {', '.join(named)}."
    if setting.guesses:
        minutes = {f"{at:%Y-%m-%d %H:%M}" for at in setting.guesses}
        form = "%Y-%m-%d %H:%M" if len(minutes) == len(setting.guesses) else "%Y-%m-%d %H:%M:%S"
        times = ", ".join(f"{at.astimezone(zone):{form}}" for at in setting.guesses)
        told += f" The rate may have changed, as a guess, at {times}."
    return told


def _densest(at: Series[Timestamp], edges: DatetimeIndex) -> tuple[Timestamp, Timestamp] | None:
    """The shortest stretch that holds most of the events, where it is too short to be seen among ``edges``."""
    if len(at) < _FEWEST_TO_ZOOM or len(edges) < 3:
        return None
    ordered = at.sort_values().reset_index(drop=True)
    held = int(numpy.ceil(len(ordered) * _DENSE_SHARE))
    lengths = ordered.iloc[held - 1 :].reset_index(drop=True) - ordered.iloc[: len(ordered) - held + 1].reset_index(drop=True)
    place = int(lengths.argmin())
    width = (edges[-1] - edges[0]) / (len(edges) - 1)
    if lengths[place] > _DENSE_BINS * width or len(edges) - 1 <= 4 * _DENSE_BINS:
        return None
    since, until = ordered[place], ordered[place + held - 1]
    # What stands just beside it belongs to the picture.
    margin = max((until - since) / 2, width / 200)
    near = ordered[(ordered >= since - margin) & (ordered <= until + margin)]
    return near.min(), near.max()


def _zoom(panels: Sequence[Axes], dated: DataFrame, stretch: tuple[Timestamp, Timestamp], setting: Setting) -> str:
    """The densest stretch in the second panel, and where it stands in the first; a sentence about it."""
    whole, panel = panels
    since, until = stretch
    edges, step = bins(since, until, setting.zone)
    near = dated[(dated["at"] >= edges[0]) & (dated["at"] < edges[-1])]
    _, named = _panel(panel, near, edges, setting, f"in each {step}")
    zone = zone_of(setting.zone)
    begins, ends = since.tz_convert(zone), until.tz_convert(zone)
    ends_form = "%H:%M:%S" if begins.date() == ends.date() else "%Y-%m-%d %H:%M"
    says = f"{len(near):,} of {len(dated):,} from {begins:%Y-%m-%d %H:%M:%S} to {ends:{ends_form}}"
    panel.set_title(f"Closer: {says}", loc="left", fontsize=10, fontweight="bold", parse_math=False, pad=6 + 15 * named)
    middle, above = float(days([since + (until - since) / 2])[0]), blended_transform_factory(whole.transData, whole.transAxes)
    left, right = whole.get_xlim()
    side = "right" if middle > (left + right) / 2 else "left"
    whole.annotate(
        "closer below", (middle, 0.62), (-16 if side == "right" else 16, 0), xycoords=above, textcoords="offset points",
        ha=side, va="center", fontsize=9, parse_math=False,
        arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1},
    )  # fmt: skip
    return f" The second panel shows {says}, one bar for each {step}."
