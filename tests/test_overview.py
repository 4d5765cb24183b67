"""The page that a team leaves open: what needs somebody, the trends, the plans, the schedule and the runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from mendbook.audits.comparison import since_last
from mendbook.charts.sparkline import in_words, sparkline
from mendbook.files.records import RunError, RunRecord, write_record
from mendbook.reports import run_lines
from mendbook.reports.overview import render_index, write_index
from mendbook.reports.overview_parts import needs, plans, sources
from mendbook.reports.run_lines import KEPT, lines
from mendbook.reviews.standing_plans import PlanStanding
from mendbook.scheduling.history_schema import METADATA, RUNS, Entry, row_of
from support.audits import DATABASE, at, audit_folder, write_audit
from support.plans import AUTHOR, house

NOW = at(20, 12)
HOSTILE = "<script>alert(1)</script>\u202e'\"><img src=x>"
TITLES = {"missing_profile": "Users without a profile", "null_flag": "Unset flags"}


def audit(outputs: Path, when: datetime, missing: Iterable[str] = (), source: str = "shop", **other: Any) -> Path:
    """An audit of two kinds, compared with the last."""
    cases = other.pop("cases", {"missing_profile": {"customer": [*missing]}, "null_flag": {}})
    folder = write_audit(outputs, when, cases, source=source, titles=TITLES, **other)
    result = json.loads((folder / "result.json").read_text("utf-8"))
    result["change"], _ = since_last(outputs / "runs", folder, result)
    (folder / "result.json").write_text(json.dumps(result), "utf-8")
    return folder


def run(
    outputs: Path, when: datetime, notebook: str, state: str, result: Mapping[str, Any] | None = None, **other: Any
) -> Path:
    source = other.pop("source", "shop")
    folder = outputs / "runs" / f"{when:%Y%m%dT%H%M%SZ}-{notebook}-{source}"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("")
    if result:
        (folder / "result.json").write_text(json.dumps(result))
    write_record(RunRecord(str(folder), notebook, source, state, when.isoformat(), seconds=2.0, **other))
    return folder


def bleeding(answer: bool | None, source: str = "shop") -> dict[str, Any]:
    verdict = "3 incidents a day since 'v2'."
    return {"verdict": verdict, "still_bleeding": answer, "counts": {}, "deploys": [], "source": source, "seconds": 1.0}


class Text(HTMLParser):
    """What a reader sees of a page, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words, self.links, self.tags = "", [], []
        self._hidden = 0
        self.feed(html)
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        self._hidden += tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += data if data.startswith((".", ",", ":", ";")) else f" {data}"


def shown(outputs: Path, entries: Iterable[Entry] | None = None, **other: Any) -> Text:
    return Text(render_index(outputs, None if entries is None else list(entries), now=NOW, **other))


def told(outputs: Path, entries: Iterable[Entry] = (), standing: Iterable[PlanStanding] = ()) -> list[str]:
    listed = lines(outputs)
    found = needs(listed, sources(listed), list(standing), list(entries), NOW)
    return [f"{each['about']}: {each['text']}" for each in found]


def entry(hour: int, state: str, job: str = "nightly", **other: Any) -> Entry:
    return Entry(job, "shop", at(20, hour), "audit", state, **other)


# -- the whole page --------------------------------------------------------------------------------------------------------


def test_a_page_of_nothing_says_how_to_begin(tmp_path: Path) -> None:
    page = shown(tmp_path)
    assert "There are no runs yet. To make one: mendbook run audit SOURCE" in page.words
    assert "somebody" not in page.words


def test_a_quiet_page_says_so_and_when_it_was_made(tmp_path: Path) -> None:
    audit(tmp_path, at(19), ["1"])
    audit(tmp_path, at(20), ["1"])
    page = shown(tmp_path)
    assert "Nothing needs anybody" in page.words
    assert "Made at 2026-11-20 12:00:00 UTC" in page.words
    assert (
        "1 case of damage in the audit of 2026-11-20 03:00; 1 kind more was looked for and not found in any of the last 2"
        in (page.words)
    )
    assert "no change" in page.words


def test_it_asks_for_itself_and_for_nothing_else(tmp_path: Path) -> None:
    html = render_index(tmp_path, now=NOW)
    assert '<meta http-equiv="refresh" content="300">' in html
    assert "default-src 'none'" in html
    assert not {"script", "iframe", "img", "link"} & {*Text(html).tags}


def test_what_needs_somebody_is_counted_in_the_title_and_linked(tmp_path: Path) -> None:
    audit(tmp_path, at(19), ["1"])
    folder = audit(tmp_path, at(20), ["1", "2", "3"])
    run(tmp_path, at(20, 4), "incidents", "finished", bleeding(True))
    html = render_index(tmp_path, now=NOW)
    assert "<title>(2) mendbook overview</title>" in html
    page = Text(html)
    assert "2 things need somebody" in page.words
    assert "shop has 2 new cases since the audit before." in page.words
    assert "Users without a profile: 2" in page.words
    assert f"runs/{folder.name}/" in page.links
    assert "runs/20261120T040000Z-incidents-shop/report.html" in page.links


def test_hostile_text_is_inert_and_addresses_are_masked(tmp_path: Path) -> None:
    name = "someone.secret@example.com"
    audit(tmp_path, at(19), source=f"{HOSTILE[:8]}-x", cases={HOSTILE: {None: ["1"]}})
    wrong = RunError("ValueError", f"{HOSTILE} of {name}", 1)
    run(tmp_path, at(20, 5), "audit", "failed", error=wrong, source="billing")
    run(tmp_path, at(20, 6), "incidents", "finished", {**bleeding(True), "verdict": HOSTILE})
    (tmp_path / "house").mkdir()
    made = house(tmp_path / "house")
    made.plan(source=HOSTILE, made_at=at(19).isoformat(), expires=at(25).isoformat(), author=name)
    (tmp_path / "plans").symlink_to(made.outputs / "plans")
    entries = [entry(5, "failed", job=HOSTILE, error=HOSTILE, folder=f"/x/{HOSTILE}")]
    html = render_index(tmp_path, entries, [(HOSTILE, NOW)], NOW)
    assert "<script" not in html
    assert "<img" not in html
    assert "\u202e" not in html
    assert name not in html
    assert "s•••@e•••" in html
    assert not any(link.startswith(("javascript", "http", "/")) for link in Text(html).links)


def test_a_hundred_sources_fold_and_the_older_runs_are_counted(tmp_path: Path) -> None:
    for number in range(13):
        for day in range(1, 11):
            audit(tmp_path, at(day), source=f"s{number:02}x")
    page = shown(tmp_path)
    assert page.tags.count("details") == 13
    assert "The last 100 of 130 runs" in page.words
    assert "And 30 older runs" in page.words
    folders = [link for link in page.links if link.startswith("runs/") and link.endswith("-audit-s03x/")]
    assert f"runs/{at(1):%Y%m%dT%H%M%SZ}-audit-s03x/" not in folders


# -- what needs somebody ---------------------------------------------------------------------------------------------------


def test_a_failure_that_was_followed_by_a_better_run_needs_nobody(tmp_path: Path) -> None:
    error = RunError("ConnectionFailed", "No answer.", 2)
    run(tmp_path, at(18), "audit", "failed", error=error)
    assert told(tmp_path) == ["run: Audit of shop failed."]
    run(tmp_path, at(19), "audit", "started")  # dead, for nobody holds its lock
    assert told(tmp_path) == ["run: Audit of shop was killed while it ran."]
    run(tmp_path, at(19, 4), "audit", "finished")
    assert told(tmp_path) == []
    run(tmp_path, at(19, 5), "audit", "timed out")
    run(tmp_path, at(19, 6), "my_own", "failed", error=error)
    assert told(tmp_path) == ["run: My own of shop failed.", "run: Audit of shop ran out of time."]


def test_what_a_person_stopped_and_what_is_long_ago_needs_nobody(tmp_path: Path) -> None:
    run(tmp_path, at(19), "audit", "stopped")
    run(tmp_path, at(5), "old", "failed")
    assert told(tmp_path) == []


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["finished", "missed"], []),
        (["missed", "finished"], ["run: The job nightly of shop was missed, last at 2026-11-20 09:00 UTC."]),
        (
            ["missed", "missed", "x"],
            ["run: The job nightly of shop was missed 2 times in a row, last at 2026-11-20 09:00 UTC."],
        ),
        (["refused"], ["run: The job nightly of shop was refused, last at 2026-11-20 09:00 UTC."]),
        (["started", "failed"], []),
    ],
)
def test_the_schedule_s_last_word_counts(tmp_path: Path, states: list[str], expected: list[str]) -> None:
    assert told(tmp_path, [entry(9 - place, state) for place, state in enumerate(states)]) == expected


def test_a_failure_is_told_once_by_its_run(tmp_path: Path) -> None:
    folder = run(tmp_path, at(20, 9), "audit", "failed")
    assert told(tmp_path, [entry(9, "failed", folder=str(folder))]) == ["run: Audit of shop failed."]


def test_the_last_incidents_decide_who_is_bleeding(tmp_path: Path) -> None:
    run(tmp_path, at(18), "incidents", "finished", bleeding(True))
    assert told(tmp_path) == ["bleeding: shop is still bleeding."]
    run(tmp_path, at(19), "incidents", "finished", bleeding(None))
    assert told(tmp_path) == []


def test_plans_that_end_first_come_first(tmp_path: Path) -> None:
    base = PlanStanding("p", tmp_path, "shop", "waiting", at(1), at(28), cases=5, undecided=4)
    standing = [
        base,
        replace(base, state="approved", expires=at(21), approved=5, applied=2, undecided=0),
        replace(base, state="applied"),
        replace(base, state="expired"),
        replace(base, state="rejected"),
        replace(base, state="broken", why="its bytes were changed", expires=None),
    ]
    assert told(tmp_path, standing=standing) == [
        "plan: A plan of shop cannot be relied on.",
        "plan: A plan of shop is approved and not applied: 3 of 5 cases.",
        "plan: A plan of shop waits for review: 4 of 5 cases to decide.",
    ]
    shown = plans(standing, NOW)["shown"]
    assert [(plan["state"], plan["soon"]) for plan in shown] == [
        ("waiting", False),
        ("approved", True),
        ("broken", False),
        ("applied", False),
        ("expired", False),
        ("rejected", False),
    ]


def test_the_plans_of_outputs_stand_on_the_page(tmp_path: Path) -> None:
    made = house(tmp_path)
    plan = made.plan(made_at=at(19).isoformat(), expires=at(21).isoformat())
    page = shown(made.outputs)
    assert f"mendbook show {plan.id}" in page.words
    assert "A plan of shop waits for review: 6 of 6 cases to decide." in page.words
    assert "It expires in 15 hours." in page.words
    assert f"plans/{plan.id}/" in page.links
    assert AUTHOR not in page.words


# -- trends ----------------------------------------------------------------------------------------------------------------


def test_trends_are_of_the_database_that_the_source_has_now(tmp_path: Path) -> None:
    moved = {**DATABASE, "identity": {**DATABASE["identity"], "number": "9"}}
    audit(tmp_path, at(1), map(str, range(90)))
    for day, count in ((2, 7), (3, 9), (4, 0)):
        audit(tmp_path, at(day), map(str, range(count)), database=moved)
    [source] = sources(lines(tmp_path))
    [kind] = source["kinds"]
    assert (kind["title"], kind["last"], kind["new"], kind["gone"]) == ("Users without a profile", 0, 0, 9)
    words = "Users without a profile, 3 audits from 2026-11-02 to 2026-11-04: first 7, lowest 0, highest 9, last 0"
    assert f'aria-label="{words}"' in kind["trend"]
    assert (source["cases"], source["new"], source["gone"], source["clean"]) == (0, 0, 9, 1)


def test_an_audit_of_one_kind_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    whole = {"missing_profile": {"customer": ["1", "2"]}, "null_flag": {"customer": ["5"]}}
    audit(tmp_path, at(1), cases=whole)
    audit(tmp_path, at(2), cases={"missing_profile": {"customer": ["1", "2", "3"]}})
    [source] = sources(lines(tmp_path))
    kinds = {kind["kind"]: kind for kind in source["kinds"]}
    assert (source["cases"], source["new"]) == (4, 1)
    assert (kinds["null_flag"]["last"], kinds["null_flag"]["old"], kinds["missing_profile"]["old"]) == (1, True, False)
    assert "1 in one audit" in source["trend"] or "3 in one audit" in source["trend"], "sums are of whole audits alone"
    assert "looked for last at 2026-11-01 03:00" in shown(tmp_path).words


def test_a_first_audit_is_compared_with_nothing(tmp_path: Path) -> None:
    audit(tmp_path, at(1), ["1"])
    assert "not compared" in shown(tmp_path).words
    assert told(tmp_path) == []


def test_the_source_with_the_most_cases_stands_first(tmp_path: Path) -> None:
    audit(tmp_path, at(1), ["1"], source="one")
    audit(tmp_path, at(1), ["1", "2"], source="two")
    run(tmp_path, at(1), "audit", "failed", source="none")
    assert [source["name"] for source in sources(lines(tmp_path))] == ["two", "one", "none"]
    assert "No audit of it came to an end yet: mendbook run audit none" in shown(tmp_path).words


@pytest.mark.parametrize("counts", [[0], [5], [0, 0], [3, 3, 3], [1, 1_000_000, 0]])
def test_a_line_stays_in_its_box(counts: list[int]) -> None:
    points = [(at(1 + day), count) for day, count in enumerate(counts)]
    markup = str(sparkline(points, "cases"))
    drawn = markup.split('points="')[1].split('"')[0]
    places = [tuple(map(float, place.split(","))) for place in drawn.split()]
    assert len(places) == len(counts)
    assert all(3 <= x <= 157 and 3 <= y <= 29 for x, y in places)
    assert places[-1][0] == 157
    assert f"last {counts[-1]:,}" in markup or f"{counts[-1]:,} in one audit" in markup


def test_a_line_is_drawn_in_its_time_and_told_safely() -> None:
    points = [(at(1), 0), (at(2), 10), (at(5), 5)]
    assert 'points="3,29 41.5,3 157,16"' in sparkline(points, "cases")
    assert "<b>" not in sparkline(points, "<b>\u202e")
    assert in_words(points, "x\u202e").startswith("x⟨U+202E⟩, 3 audits")
    assert sparkline([], "cases") == ""
    assert 'points="157,3 157,3"' in sparkline([(at(1), 4), (at(1), 4)], "two of one moment")


# -- the schedule ----------------------------------------------------------------------------------------------------------


def test_the_schedule_is_shown_where_it_is_given(tmp_path: Path) -> None:
    entries = [
        entry(9, "finished", attempt=2, folder="/elsewhere/outputs/runs/20261120T090000Z-audit-shop"),
        entry(8, "missed"),
    ]
    upcoming = [(f"job{n}/shop", NOW + timedelta(hours=9 - n)) for n in range(7)]
    page = shown(tmp_path, entries, upcoming=upcoming)
    assert "Next: job6/shop at 2026-11-20 15:00; job5/shop" in page.words
    assert "and 2 more." in page.words
    assert "finished at attempt 2" in page.words
    assert "runs/20261120T090000Z-audit-shop/" in page.links
    assert "Schedule" not in shown(tmp_path, []).words


def test_the_history_in_outputs_is_read_where_none_is_given(tmp_path: Path) -> None:
    import sqlalchemy as sa

    tmp_path = tmp_path / "a ?name#of %41"
    tmp_path.mkdir()
    engine = sa.create_engine(sa.URL.create("sqlite", database=f"{tmp_path}/history.sqlite"))
    METADATA.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(RUNS), [row_of(entry(hour, "missed", error="it was late")) for hour in (7, 8)])
    engine.dispose()
    page = shown(tmp_path)
    assert "was missed 2 times in a row, last at 2026-11-20 08:00 UTC." in page.words
    assert "it was late" in page.words
    (tmp_path / "history.sqlite").write_bytes(b"broken" * 1000)
    assert "was missed" not in shown(tmp_path).words


# -- what is kept of lines -------------------------------------------------------------------------------------------------


def test_lines_of_runs_that_are_over_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = audit(tmp_path, at(1), ["1"]), run(tmp_path, at(2), "audit", "failed")
    broken = audit_folder(tmp_path, at(3))
    before = lines(tmp_path)
    read: list[str] = []
    real = run_lines._line
    monkeypatch.setattr(run_lines, "_line", lambda folder: (read.append(folder.name), real(folder))[1])
    assert lines(tmp_path) == before
    assert read == [broken.name], "what has no result may still get one"
    (first / "report.html").write_text("")
    write_record(RunRecord(str(second), "audit", "shop", "finished", at(2).isoformat()))
    again = lines(tmp_path)
    assert sorted(read[1:]) == [first.name, second.name, broken.name]
    assert [line["state"] for line in again] == ["unreadable", "finished", "finished"]
    assert again[2]["report"] is True


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"format": "other@1", "lines": {"x": 1}}', '{"format": "mendbook-trend@1", "lines": {"x": 1}}']
)
def test_a_broken_cache_is_made_anew(tmp_path: Path, text: str) -> None:
    audit(tmp_path, at(1), ["1"])
    before = lines(tmp_path)
    (tmp_path / KEPT).write_text(text)
    assert lines(tmp_path) == before
    assert json.loads((tmp_path / KEPT).read_text())["lines"]


def test_a_removed_run_is_forgotten_and_a_full_disk_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    from mendbook.errors import OutputError

    folder = audit(tmp_path, at(1), ["1"])
    audit(tmp_path, at(2), ["1"])
    lines(tmp_path)
    shutil.rmtree(folder)

    def full(*_: Any) -> None:
        raise OutputError("full")

    with monkeypatch.context() as patched:
        patched.setattr(run_lines, "publish", full)
        assert len(lines(tmp_path)) == 1
    assert len(lines(tmp_path)) == 1
    assert len(json.loads((tmp_path / KEPT).read_text())["lines"]) == 1


def test_a_broken_audit_hides_nothing(tmp_path: Path) -> None:
    good, bad = audit(tmp_path, at(1), ["1"]), audit(tmp_path, at(2), ["1"])
    for change in (
        {"taken_at": "yesterday"},
        {"taken_at": "2026-11-02T03:00:00"},
        {"counts": {"x": 3}},
        {"change": {"kinds": 5}},
    ):
        result = {**json.loads((good / "result.json").read_text()), **change}
        (bad / "result.json").write_text(json.dumps(result))
        assert [line["state"] for line in lines(tmp_path)] == ["unreadable", "finished"], change
        assert "1 case of damage in the audit of 2026-11-01 03:00" in shown(tmp_path).words


def test_receipts_are_linked(tmp_path: Path) -> None:
    result = {"receipt": {}, "remaining": {"null_flag": 2}, "mode": "commit", "applied": 7, "source": "shop", "seconds": 1.0}
    folder = run(tmp_path, at(3), "apply", "finished", result)
    (folder / "receipt.html").write_text("")
    tried = run(tmp_path, at(4), "apply", "finished", {**result, "mode": "rehearse"})
    (tried / "rehearsal.html").write_text("")
    page = shown(tmp_path)
    assert "shop, 2026-11-03 03:00: 7 cases applied; 2 still found." in page.words
    assert f"runs/{folder.name}/receipt.html" in page.links
    assert f"runs/{tried.name}/rehearsal.html" in page.links


def test_it_is_written_whole(tmp_path: Path) -> None:
    path = write_index(tmp_path)
    assert path == tmp_path / "index.html"
    assert path.read_text("utf-8").rstrip().endswith("</html>")
