"""Draws what a run of incidents found: over time, by deploy, by hour of the week, by what was under way, by where.

Pure but for ``draw_all``, which reads a run's folder and saves every figure into it. Charts are passed around, so paths and
names are masked and inert in them always. All times are those of the source's zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.ticker import FuncFormatter, NullLocator

from mendbook.audits.results import read_result
from mendbook.charts.calendar_bins import zone_of
from mendbook.charts.charts import gap_chart
from mendbook.charts.drawing import Chart, save, styled_chart
from mendbook.charts.palette import BLUE, EVIDENCE, FAINT, HANDLED, INCIDENTS, INK, ORANGE, PAPER, VERMILION, incident_look
from mendbook.charts.timelines import Setting, blank, counted, empty, number, short, stacked_chart
from mendbook.display import inert, mask_text
from mendbook.incidents import results
from mendbook.rates.words import per

if TYPE_CHECKING:
    from pandas import DataFrame

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MOST_BARS = 12
#: How many of each unit make a day.
_UNITS = ((86400, "second"), (1440, "minute"), (24, "hour"), (1, "day"))
_LONGEST_LABEL = 44
_MOST_IN_FLIGHT = 9
_BARS = {
    "constraint": ("Incidents by constraint", "no constraint named"),
    "path": ("Incidents by path", "no path told"),
    "worker": ("Incidents by worker process", "no process told"),
}
# Text on the map's cells keeps its colour on a dark page, because the cells do.
_DARK, _LIGHT = "#0b1a29", "#fefefe"


def timeline(frame: DataFrame, result: Mapping[str, Any], zone: str) -> Chart:
    """Incidents that logs told of, over time, stacked by kind; deploys and guessed changes are marked.

    Where no log told of any, what the rows tell takes their place.
    """
    if not (frame["source"] != "rows").any() and len(frame):
        return evidence_chart(frame, result, zone, "Incidents over time, as the rows tell")
    titles = {kind: f"{kind.replace('_', ' ')} – {title}" for kind, (_, _, title) in INCIDENTS.items()}
    return stacked_chart(
        frame[frame["source"] != "rows"],
        Setting(
            "Incidents over time", "incidents", zone, tuple(INCIDENTS), incident_look, titles, results.span_of(result),
            results.deploys_of(result), results.changes_of(result),
        ),
    )  # fmt: skip


def evidence_chart(
    frame: DataFrame, result: Mapping[str, Any], zone: str, title: str = "What the rows tell by themselves"
) -> Chart:
    """What the rows' own times tell of, over time: it needs no log, and reaches back as far as the rows do."""
    rows = frame[frame["source"] == "rows"]
    times = rows[["at"]].assign(kind=rows["evidence"])
    titles = {name: f"{name} – {title}" for name, (_, _, title) in EVIDENCE.items()}
    setting = Setting(
        title, "traces", zone, tuple(EVIDENCE), incident_look, titles, None,
        results.deploys_of(result), results.changes_of(result) if result.get("basis") == "rows" else (),
    )  # fmt: skip
    return stacked_chart(times, setting)


@styled_chart
def rates_chart(deploys: Sequence[Mapping[str, Any]], zone: str) -> Chart:
    """Incidents a day before and after each deploy, each with the interval that holds the true rate 95 times in 100."""
    title, known = "Rate before and after each deploy", zone_of(zone)
    rows = []
    for each in deploys:
        name, at = short(each["name"]), results.local(each["at"], known).removesuffix(":00")
        for side, colour in (("before", ORANGE), ("after", BLUE)):
            if each[side].get("per_day") is not None:
                rows.append((f"{side} {name}\n{at}", each[side], colour, side))
    if not rows:
        named = "No deploy lies in the time that was read" if deploys else "No deploy was named"
        return empty(title, f"{named}, so there is no before and after to compare.")
    chart, (axes,) = blank(title, 1.3 + 0.62 * len(rows))
    highest = max(float(stretch["high"]) for _, stretch, _, _ in rows) or 1.0
    size, unit = next(((size, unit) for size, unit in _UNITS if highest / size >= 2), _UNITS[-1])
    top = highest / size
    for place, (_, stretch, colour, side) in enumerate(rows):
        low, rate, high = (float(stretch[name]) / size for name in ("low", "per_day", "high"))
        axes.plot([low, high], [place, place], color=colour, linewidth=5, alpha=0.45, solid_capstyle="butt")
        form: dict[str, Any] = {"marker": "D" if side == "before" else "o", "markersize": 8, "markeredgecolor": INK}
        axes.plot([rate], [place], color=colour, clip_on=False, **form)
        says = f"{per(float(stretch['per_day']))}; {results.seen_in(stretch)}"
        axes.text(top * 1.03, place, says, va="center", fontsize=9, parse_math=False)
    for place in range(2, len(rows)):
        if rows[place][3] == "before":
            axes.axhline(place - 0.5, color=FAINT, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [label for label, *_ in rows], parse_math=False)
    axes.tick_params(axis="y", pad=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, top * 1.62)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= top * 1.01])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    meaning = "the bar holds the true rate 95 times in 100"
    axes.set_xlabel(f"incidents a {unit} ({meaning}); times are {known.key}", parse_math=False)
    told = "; ".join(f"{label.replace(chr(10), ' at ')}: {results.rate_text(stretch)}" for label, stretch, *_ in rows)
    chart.description = inert(f"{told}; {meaning}.")
    return chart


@styled_chart
def week_chart(frame: DataFrame, zone: str) -> Chart:
    """How many incidents fell on each hour of the week, by the clocks of ``zone``."""
    title, known = "Incidents by hour of the week", zone_of(zone)
    logged = frame["source"] != "rows"
    at = frame.loc[logged if logged.any() else ~logged, "at"].dropna()
    if at.empty:
        return empty(title, "No incident has a time, so none has an hour of the week.")
    local = at.dt.tz_convert(known)
    cells = numpy.zeros((7, 24), dtype=int)
    numpy.add.at(cells, (local.dt.day_of_week.to_numpy(), local.dt.hour.to_numpy()), 1)
    chart, (axes,) = blank(title, 3.9)
    colours = LinearSegmentedColormap.from_list("incidents", ["#dbe9f4", "#6aaad2", "#08519c", "#042b58"])
    highest = int(cells.max())
    for day, hour in numpy.argwhere(cells > 0):
        value = int(cells[day, hour])
        shade = (value - 1) / (highest - 1) if highest > 1 else 0.5
        colour = colours(shade)
        axes.fill([hour, hour + 1, hour + 1, hour], [day, day, day + 1, day + 1], color=colour, edgecolor=PAPER, linewidth=1)
        bright = sum(part * weight for part, weight in zip(to_rgb(colour), (0.2126, 0.7152, 0.0722), strict=True))
        axes.text(hour + 0.5, day + 0.5, f"{value:,}", ha="center", va="center", fontsize=8 if highest < 1000 else 6,
                  color=_LIGHT if bright < 0.45 else _DARK, parse_math=False)  # fmt: skip
    axes.set_xlim(0, 24)
    axes.set_ylim(7, 0)
    axes.set_xticks(range(0, 25, 3), [f"{hour:02}:00" for hour in range(0, 25, 3)], parse_math=False)
    axes.set_yticks(numpy.arange(7) + 0.5, _DAYS, parse_math=False)
    for line in range(8):
        axes.axhline(line, color=FAINT, linewidth=0.6, zorder=0)
    axes.set_xlabel(f"{known.key}; a blank cell is an hour without an incident", parse_math=False)
    day, hour = numpy.unravel_index(int(cells.argmax()), cells.shape)
    chart.description = (
        f"{int(cells.sum()):,} incidents by weekday and hour ({known.key}); the most, {highest:,}, on {_DAYS[day]}s between "
        f"{hour:02}:00 and {(hour + 1) % 24:02}:00. Registrations have busy hours too: compare with those."
    )
    return chart


@styled_chart
def concurrency_chart(frame: DataFrame, registrations: DataFrame) -> Chart:
    """How many registrations were under way at each incident, against how many were at each registration."""
    title = "Registrations under way at the same moment"
    at_incidents = frame.loc[(frame["source"] != "rows") & frame["in_flight"].notna(), "in_flight"].astype(int).to_numpy()
    at_registrations = under_way(registrations)
    if not len(at_incidents) or not len(at_registrations):
        says = "The access log tells for no registration how long it took, so it cannot be counted how many were under way."
        return empty(title, says if not len(at_registrations) else "No incident could be set among the registrations.")
    most = min(_MOST_IN_FLIGHT, max(1, int(max(at_incidents.max(), at_registrations.max()))))
    places, chart_parts = numpy.arange(0 if at_incidents.min() < 1 else 1, most + 1), []
    chart, (axes,) = blank(title, 3.9)
    for values, offset, colour, hatch, label in (
        (at_registrations, -0.2, BLUE, "////", f"at each of {len(at_registrations):,} registrations"),
        (at_incidents, 0.2, VERMILION, "", f"at each of {len(at_incidents):,} incidents"),
    ):
        shares = [float((numpy.minimum(values, most) == place).mean()) * 100 for place in places]
        axes.bar(places + offset, shares, 0.38, color=colour, hatch=hatch, edgecolor=PAPER, linewidth=0, label=label)
        chart_parts.append((label, float((values >= 2).mean()) * 100, float(values.mean())))
        for place, share in zip(places, shares, strict=True):
            if share > 0:
                text = f"{share:.0f}" if share >= 1 else "<1"
                axes.text(place + offset, share + 0.8, text, ha="center", va="bottom", fontsize=8.5, parse_math=False)
    labels = [f"{place} or more" if place == most == _MOST_IN_FLIGHT else str(place) for place in places]
    axes.set_xticks(places, labels, parse_math=False)
    counted(axes, "of 100 each")
    axes.set_xlabel("registrations under way, itself included", parse_math=False)
    chart.legend(loc="outside lower left", ncols=2, frameon=False, labelcolor=INK)
    told = "; ".join(f"{label}: two or more in {share:.0f} of 100, {mean:.1f} on average" for label, share, mean in chart_parts)
    race = "A race needs two: incidents far to the right of registrations point to one."
    chart.description = f"Registrations under way {told}. {race}"
    return chart


def under_way(registrations: DataFrame) -> Any:
    """For each registration with a duration, how many were under way when it began, itself included.

    An access log is written when a request ends, so each lasts from ``at`` less ``seconds`` until ``at``.
    """
    timed = registrations[registrations["at"].notna() & registrations["seconds"].notna()]
    if timed.empty:
        return numpy.zeros(0, dtype=int)
    ends = timed["at"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype("int64")
    starts = ends - (timed["seconds"].astype(float).clip(lower=0) * 1_000_000).round().astype("int64").to_numpy()
    begun = numpy.searchsorted(numpy.sort(starts), starts, side="right")
    return begun - numpy.searchsorted(numpy.sort(ends), starts, side="left")


@styled_chart
def bars_chart(frame: DataFrame, column: str) -> Chart:
    """Incidents by ``column`` (constraint, path or worker), split by whether a person saw the error."""
    title, nothing = _BARS[column]
    told = frame[frame["source"] != "rows"]
    if told.empty:
        return empty(title, "No log told of an incident.")
    names = told[column].map(lambda value: value if results.present(value) else nothing)
    order = names.value_counts()
    shown = list(order.index[:_MOST_BARS])
    rest = f"{len(order) - len(shown):,} others"
    names = names.where(names.isin(shown), rest)
    shown += [rest] if len(order) > len(shown) else []
    shown.reverse()
    chart, (axes,) = blank(title, 1.35 + 0.36 * len(shown))
    states = told["handled"].map(lambda value: "unknown" if not results.present(value) else "handled" if value else "seen")
    left, widest = numpy.zeros(len(shown)), 1.0
    for state, (colour, hatch, meaning) in HANDLED.items():
        sizes = numpy.array([int(((names == name) & (states == state)).sum()) for name in shown])
        if sizes.any():
            axes.barh(range(len(shown)), sizes, 0.66, left, color=colour, hatch=hatch, edgecolor=PAPER, linewidth=0,
                      label=f"{meaning} ({int(sizes.sum()):,})")  # fmt: skip
        left = left + sizes
    widest = float(left.max()) or 1.0
    for place, size in enumerate(left):
        axes.text(size + widest * 0.008, place, number(size), va="center", fontsize=9, parse_math=False)
    labels = [_short(str(name)) for name in shown]
    axes.set_yticks(range(len(shown)), labels, parse_math=False)
    axes.set_xlim(0, widest * 1.1)
    axes.xaxis.set_major_locator(NullLocator())
    axes.spines["bottom"].set_visible(False)
    chart.legend(loc="outside lower left", ncols=2, frameon=False, labelcolor=INK)
    most = f"the most, {int(order.iloc[0]):,}, for {_short(str(order.index[0]))}"
    chart.description = f"{title}: {len(told):,} incidents, {len(order):,} different; {most}."
    return chart


def _short(name: str) -> str:
    """A label that fits beside a bar: masked, inert and cut."""
    text = inert(mask_text(name))
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"


def charts(folder: Path, zone: str) -> dict[str, Chart]:
    """Every figure of the run in ``folder``, by name, in the order of a report. Raises OutputError."""
    result, frame = read_result(folder), results.read_incidents(folder)
    return {
        "1-timeline": timeline(frame, result, zone),
        "2-deploys": rates_chart(result.get("deploys", ()), zone),
        "3-week": week_chart(frame, zone),
        "4-concurrency": concurrency_chart(frame, results.read_registrations(folder)),
        "5-constraints": bars_chart(frame, "constraint"),
        "6-paths": bars_chart(frame, "path"),
        "7-workers": bars_chart(frame, "worker"),
        "8-gaps": gap_chart(results.read_gaps(folder)),
        "9-rows": evidence_chart(frame, result, zone),
    }


def draw_all(folder: Path, zone: str) -> dict[str, list[str]]:
    """Save every figure as PNG and SVG into ``folder``/figures; their absolute paths by name. Raises OutputError."""
    figures = Path(folder).absolute() / "figures"
    return {name: [str(path) for path in save(chart, figures, name)] for name, chart in charts(folder, zone).items()}
