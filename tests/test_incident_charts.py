"""Charts of incidents count right, follow the local calendar where clocks change, and keep hostile and personal text out."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pandas
import pytest
from fake_audit import HOSTILE
from fake_incidents import PERSON, write_incidents
from mendbook.charts.calendar_bins import bins
from mendbook.charts.charts import timeline_chart
from mendbook.charts.palette import EVIDENCE, INCIDENTS, incident_look
from mendbook.charts.timelines import Setting, marks_told, stacked_chart
from mendbook.incidents import results
from mendbook.incidents.charts import bars_chart, charts, concurrency_chart, draw_all, rates_chart, under_way, week_chart

BERLIN = "Europe/Berlin"
NAMES = [
    "1-timeline", "2-deploys", "3-week", "4-concurrency", "5-constraints", "6-paths", "7-workers", "8-gaps", "9-rows",
]  # fmt: skip


def moment(text):
    return pandas.Timestamp(text, tz="UTC")


def incidents(*at, **columns):
    """A frame of incidents of logs at these times; ``columns`` are lists or single values."""
    frame = pandas.DataFrame({"at": pandas.to_datetime(list(at), utc=True).astype("datetime64[us, UTC]")})
    return frame.reindex(columns=list(results.INCIDENT_COLUMNS)).assign(kind="deadlock", source="logs", **columns)


def heights(axes):
    return sum(bar.get_height() for bar in axes.patches)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_incidents(folder, hostile=True)
    return folder


def test_days_have_23_and_25_hours_where_the_clocks_change():
    edges, step = bins(moment("2026-10-01"), moment("2026-11-10"), BERLIN)
    assert step == "day"
    assert {edge.hour for edge in edges} == {0}
    lengths = {edge.date().isoformat(): after - edge for edge, after in pairwise(edges)}
    assert lengths["2026-10-25"] == timedelta(hours=25)
    assert lengths["2026-10-24"] == timedelta(hours=24)
    edges, _ = bins(moment("2026-03-10"), moment("2026-04-10"), BERLIN)
    assert timedelta(hours=23) in {after - before for before, after in pairwise(edges)}


def test_an_hour_that_comes_twice_is_two_bars():
    edges, step = bins(moment("2026-10-24T22:00"), moment("2026-10-25T06:00"), BERLIN, most=10)
    assert step == "hour"
    assert [edge.hour for edge in edges][:5] == [0, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("zone", "day"),
    [("America/Sao_Paulo", "2018-11-04"), ("Asia/Beirut", "2026-03-29"), ("Nowhere/At_All", "2026-01-01")],
)
def test_a_midnight_that_never_was_does_not_stop_the_calendar(zone, day):
    first = moment(day) - timedelta(days=20)
    edges, _ = bins(first, first + timedelta(days=40), zone)
    assert edges.is_monotonic_increasing
    assert edges.is_unique
    assert edges[0] <= first
    assert edges[-1] > first + timedelta(days=40)


def test_the_day_of_an_incident_is_the_local_one():
    # 23:30 UTC on the 24th is 01:30 on the 25th in Berlin, the day of 25 hours.
    frame = incidents("2026-10-24T23:30", "2026-10-25T22:30", "2026-10-25T23:30", "2026-12-10T00:00")
    chart = stacked_chart(frame, Setting("t", "incidents", BERLIN, tuple(INCIDENTS), incident_look))
    drawn = [bar for bar in chart.axes[0].patches if bar.get_height()]
    assert [bar.get_height() for bar in drawn] == [2, 1, 1]
    assert drawn[0].get_width() == pytest.approx(25 / 24 * 0.94)
    assert "2026-10-25 01:30:00" in chart.description


def test_the_week_is_that_of_the_zone():
    chart = week_chart(incidents("2026-10-25T00:30", "2026-10-25T01:30", "2026-11-08T23:30"), BERLIN)
    assert "the most, 2, on Sundays between 02:00 and 03:00" in chart.description
    assert "Mondays" not in chart.description
    assert sorted(text.get_text() for text in chart.axes[0].texts) == ["1", "2"]


def test_silence_that_was_read_is_drawn():
    span = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC))
    frame = incidents("2026-10-02", "2026-10-03")
    chart = stacked_chart(frame, Setting("t", "incidents", "UTC", tuple(INCIDENTS), incident_look, span=span))
    left, right = chart.axes[0].get_xlim()
    assert right - left >= 30


def test_nearly_all_in_one_bar_is_shown_closer():
    crowd = [moment("2026-11-20T17:19:04") + timedelta(milliseconds=13 * each) for each in range(300)]
    frame = pandas.DataFrame({"kind": "null_flag", "at": [moment("2023-03-02"), *crowd]})
    chart = timeline_chart(frame)
    whole, closer = chart.axes
    assert (heights(whole), heights(closer)) == (301, 300)
    assert "The second panel shows 300 of 301 from 2026-11-20 17:19:04 to 17:19:07" in chart.description
    evenly = [moment("2026-01-01") + timedelta(days=each) for each in range(300)]
    assert len(timeline_chart(pandas.DataFrame({"kind": "null_flag", "at": evenly})).axes) == 1


def test_rates_are_drawn_for_the_deploys_that_can_be_compared():
    stretch = {"incidents": 2, "bursts": 2, "days": 4.0, "per_day": 0.5, "low": 0.06, "high": 1.8}
    nothing = dict.fromkeys(stretch, None) | {"incidents": 0}
    deploys = [{"at": "2026-10-28T10:00:00+00:00", "name": HOSTILE, "before": stretch, "after": nothing}]
    chart = rates_chart(deploys, BERLIN)
    assert [label.get_text().split("\n")[1] for label in chart.axes[0].get_yticklabels()] == ["2026-10-28 11:00"]
    assert "3.5 a week (1.8 a month to 1.8 a day); 2 in 4 days" in chart.description
    assert "No deploy was named" in rates_chart([], BERLIN).description


def test_who_was_under_way_is_counted_by_hand():
    ends = pandas.to_datetime(["2026-01-01T00:00:10", "2026-01-01T00:00:12", "2026-01-01T00:01:00", None], utc=True)
    frame = pandas.DataFrame({"at": ends, "seconds": [10.0, 5.0, 1.0, 3.0]})
    # The first runs from 0 to 10, the second from 7 to 12, the third alone.
    assert sorted(under_way(frame)) == [1, 1, 2]


def test_concurrency_needs_durations():
    frame = incidents("2026-01-01", in_flight=3)
    empty = pandas.DataFrame({"at": pandas.to_datetime(["2026-01-01"], utc=True), "seconds": [None]})
    assert "how long it took" in concurrency_chart(frame, empty).description


def test_bars_hold_every_incident_and_name_the_rest():
    frame = incidents(*["2026-01-01"] * 40, constraint=[f"c{each}" for each in range(40)], handled=[True, False] * 20)
    chart = bars_chart(frame, "constraint")
    assert heights(chart.axes[0]) > 0
    assert sum(bar.get_width() for bar in chart.axes[0].patches) == 40
    assert "28 others" in [label.get_text() for label in chart.axes[0].get_yticklabels()]


@pytest.mark.thorough
def test_draw_all_saves_every_figure(run):
    drawn = draw_all(run, BERLIN)
    assert list(drawn) == NAMES
    for name, paths in drawn.items():
        assert [path.rpartition("/")[2] for path in paths] == [f"{name}.svg", f"{name}.png"]


def test_nothing_personal_or_hostile_is_drawn(run):
    for name, chart in charts(run, BERLIN).items():
        words = [
            text.get_text() for axes in chart.axes for text in (*axes.texts, *axes.get_yticklabels(), *axes.get_xticklabels())
        ]
        words += [chart.description, *(text.get_text() for legend in chart.legends for text in legend.get_texts())]
        assert not [each for each in words if PERSON in each], name
        assert not [each for each in words if "\u202e" in each or "\x1b" in each], name
    for paths in draw_all(run, BERLIN).values():
        root = ElementTree.parse(paths[0]).getroot()
        assert not [each for each in root.iter() if each.tag.rpartition("}")[2] in ("script", "text", "image")]


@pytest.mark.parametrize("rows", [True, False])
def test_a_run_without_incidents_has_tidy_figures(tmp_path, rows):
    write_incidents(tmp_path, number=0)
    if not rows:
        for name in ("incidents.parquet", "registrations.parquet", "gaps.parquet"):
            (tmp_path / name).unlink()
    for name, chart in charts(tmp_path, BERLIN).items():
        assert chart.description, name
        assert chart.get_figheight() < 6.5, name


def test_without_logs_the_rows_stand_in(tmp_path):
    write_incidents(tmp_path)
    frame = results.read_incidents(tmp_path)
    frame[frame["source"] == "rows"].to_parquet(tmp_path / "incidents.parquet")
    drawn = charts(tmp_path, BERLIN)
    assert "as the rows tell" in drawn["1-timeline"].title
    assert heights(drawn["1-timeline"].axes[0]) == 46
    assert "No log told" in drawn["6-paths"].description


def test_kinds_of_incidents_look_different():
    looks = [incident_look(kind, []) for kind in INCIDENTS]
    assert len(set(looks)) == len(looks)
    assert len({incident_look(name, []) for name in EVIDENCE}) == len(EVIDENCE)
    assert incident_look("newer", ["newer"])


def test_statistics_and_pyplot_are_not_loaded_for_charts():
    heavy = {"matplotlib.pyplot", "ruptures", "scipy.stats"}
    code = f"import mendbook.incidents.charts, mendbook.rates.rates, sys; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_guesses_within_one_minute_are_told_to_the_second():
    first = datetime(2026, 11, 21, 21, 31, 23, tzinfo=UTC)
    assert marks_told(Setting("title", "what", guesses=(first,))).endswith("at 2026-11-21 21:31.")
    both = marks_told(Setting("title", "what", guesses=(first, first + timedelta(seconds=17))))
    assert both.endswith("at 2026-11-21 21:31:23, 2026-11-21 21:31:40.")
