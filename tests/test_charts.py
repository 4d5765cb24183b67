"""Charts tell the right numbers in words, hold hostile text as shapes, and are the same bytes each time."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import pandas
import pytest
from fake_audit import HOSTILE, write_audit
from mendbook.audits import results
from mendbook.charts.charts import counts_chart, gap_chart, save, timeline_chart
from mendbook.charts.palette import HATCHES, KIND_COLOURS, KINDS, look


def times(*at, kind="orphan_profile"):
    return pandas.DataFrame({"kind": kind, "at": pandas.to_datetime(list(at), utc=True).astype("datetime64[us, UTC]")})


def gaps(*pairs):
    return pandas.DataFrame({"gap_seconds": [gap for gap, _ in pairs], "signature": [name for _, name in pairs]})


@pytest.fixture
def audit(tmp_path):
    return write_audit(tmp_path, hostile=True), tmp_path


def test_counts_are_labelled_and_zeros_left_out(audit):
    result, _ = audit
    chart = counts_chart(results.counts_frame(result))
    labels = [text.get_text() for text in chart.axes[0].get_yticklabels()]
    assert "Flags that are NULL" not in labels
    assert "Users with two or more profiles" in labels
    numbers = {text.get_text() for text in chart.axes[0].texts}
    assert numbers == {"30", "60"}
    assert "150 damaged rows" in chart.description


@pytest.mark.parametrize(
    ("first", "last", "step"),
    [
        ("2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00.5Z", "second"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:50:00Z", "minute"),
        ("2026-01-01", "2026-01-02", "30 minutes"),
        ("2026-01-01", "2026-01-03", "hour"),
        ("2026-01-01", "2026-02-20", "day"),
        ("2026-01-01", "2026-11-20", "week"),
        ("2023-01-01", "2026-11-20", "month"),
        ("1990-01-01", "2026-11-20", "year"),
    ],
)
def test_bins_suit_the_span_and_lose_nothing(first, last, step):
    chart = timeline_chart(times(first, last, last))
    assert f"one bar for each {step};" in chart.description
    assert sum(bar.get_height() for bar in chart.axes[0].patches) == 3


def test_findings_without_a_time_are_told():
    chart = timeline_chart(times("2026-01-01", None, "9999-01-01"))
    assert "2 of 3 findings have no usable time" in chart.description


def test_every_gap_is_drawn_under_its_signature():
    chart = gap_chart(gaps((0.0, "signal first"), (3e-7, "signal first"), (4e8, "form first"), (None, "unknown"), (1, None)))
    assert sum(bar.get_height() for bar in chart.axes[0].patches) == 4
    assert "signal first 2, form first 1, unknown 1" in chart.description
    assert "1 of 5 have no times" in chart.description


@pytest.mark.parametrize(
    "chart",
    [
        counts_chart(pandas.DataFrame({"kind": ["a"], "title": ["A"], "cases": [0], "rows": [0]})),
        timeline_chart(times()),
        timeline_chart(times(None)),
        gap_chart(gaps()),
        gap_chart(gaps((None, "unknown"))),
    ],
)
def test_nothing_to_draw_says_so(chart, tmp_path):
    assert [text.get_text() for text in chart.axes[0].texts] == [chart.description]
    assert all(path.stat().st_size > 1000 for path in save(chart, tmp_path, "empty"))


def test_hostile_titles_are_shapes_and_not_mathematics(audit):
    result, folder = audit
    chart = counts_chart(results.counts_frame(result))
    chart.draw_without_rendering()  # $\frac{1}{2}$ as mathematics would raise for what is cut off
    path = save(chart, folder / "figures", "counts")[0]
    root = ElementTree.fromstring(path.read_text("utf-8"))
    assert not [each for each in root.iter() if each.tag.rpartition("}")[2] in ("script", "text", "image")]
    label = next(t.get_text() for t in chart.axes[0].get_yticklabels() if "script" in t.get_text())
    assert "⟨U+202E⟩" in label or "…" in label


def test_the_same_data_gives_the_same_files(audit, tmp_path):
    _, folder = audit
    charts = [timeline_chart(results.read_times(folder), {"orphan_profile": HOSTILE}) for _ in range(2)]
    one, two = (save(chart, tmp_path / str(number), "t") for number, chart in enumerate(charts))
    assert [path.suffix for path in one] == [".svg", ".png"]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert not re.search(r"<dc:date>|matplotlib\.org", one[0].read_text("utf-8"))


def test_pyplot_is_never_needed():
    code = "import mendbook.charts.charts, sys; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_kinds_look_different():
    looks = [look(kind, []) for kind in KINDS] + [look("newer", ["newer"])]
    assert len(set(looks)) == len(looks)
    assert len(KIND_COLOURS) * len(HATCHES) >= len(looks)


def test_findings_come_newest_first_with_cases_together(tmp_path):
    write_audit(tmp_path)
    frame = results.read_findings(tmp_path, "duplicate_profile", 4)
    assert frame["case_key"].tolist() == ["28", "28", "27", "27"]
    assert len(results.read_findings(tmp_path)) == 150
    assert results.read_findings(tmp_path, "duplicate_profile")["at"].isna().tolist()[-6:] == [True] * 6
    assert results.read_findings(tmp_path, limit=0).empty


def test_the_labels_of_the_two_axes_keep_apart():
    chart = gap_chart(gaps((0.001, "signal_first"), (9.0, "two_requests")))
    chart.draw_without_rendering()
    axes = chart.axes[0]
    below, beside = axes.get_xticklabels()[0], axes.get_yticklabels()[0]
    assert (below.get_text(), beside.get_text()) == ("1 ms", "0")
    assert not below.get_window_extent().overlaps(beside.get_window_extent())
