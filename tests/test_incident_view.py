"""The notebook's view and the report of incidents tell everything, mask what is personal, and hold hostile text inert."""

import json
import re

import pandas
import pytest
from fake_audit import HOSTILE
from fake_incidents import PERSON, write_incidents
from mendbook.errors import ConfigError, OutputError
from mendbook.incidents import results
from mendbook.incidents.charts import draw_all
from mendbook.reports.overview import render_index
from mendbook.reports.reports import render_report
from mendbook.views.incident_view import IncidentView
from test_reports import ALLOWED, RAW, Page

FIGURES = (
    "timeline",
    "rates",
    "heat_map",
    "concurrency",
    "by_constraint",
    "by_path",
    "by_worker",
    "gap_chart",
    "evidence",
)
TABLES = ("verdict", "counts", "deploys", "changes", "browse", "read", "next_steps")


@pytest.fixture(scope="module")
def hostile_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outputs") / "runs" / "20261108T120000Z-incidents-logistics"
    write_incidents(folder, hostile=True)
    draw_all(folder, "Europe/Berlin")
    return folder


@pytest.fixture
def view(tmp_path):
    write_incidents(tmp_path)
    return IncidentView(tmp_path)


def test_the_verdict_stands_with_its_doubt(view):
    verdict = view.verdict()
    assert repr(verdict).splitlines()[0] == "Still bleeding?  No."
    assert "No incident in 9.1 days, since &#x27;v2.1 locks&#x27;" in verdict._repr_html_()
    assert "allowing for that" in verdict._repr_html_()


@pytest.mark.parametrize(("bleeding", "answer"), [(True, "Yes."), (False, "No."), (None, "Cannot be told.")])
def test_there_are_three_answers(tmp_path, bleeding, answer):
    result = write_incidents(tmp_path)
    (tmp_path / "result.json").write_text(json.dumps({**result, "still_bleeding": bleeding, "doubt": None}))
    assert answer in repr(IncidentView(tmp_path).verdict())
    assert f'class="verdict {({True: "yes", False: "no", None: "unknown"})[bleeding]}"' in render_report(tmp_path)


def test_what_is_personal_is_masked_unless_revealed(view):
    masked = view.incidents()
    assert not masked.map(lambda value: PERSON in str(value)).to_numpy().any()
    assert "j•••@e•••.com" in set(masked["key"])
    revealed = IncidentView(view.folder, reveal=True).incidents()
    assert PERSON in set(revealed["key"])
    assert revealed["what it says"].str.contains(PERSON).any()


def test_the_list_is_newest_first_in_the_zone_with_the_line_behind_each(view):
    listed = view.incidents()
    assert len(listed) == 186
    times = listed["at"].dropna().tolist()
    assert times == sorted(times, reverse=True)
    assert times[0] == "2026-10-28 10:55:00"
    assert re.fullmatch(r"app/postgresql\.log:\d+1", listed["log line"].dropna().iloc[0])
    assert listed.index[listed["at"].isna()].tolist() == [139]  # the last of those that logs tell of
    assert listed["log line"].isna().sum() == 46
    assert set(listed["what it says"].tail(46)) == {"double creation", "late profile", "retry"}


def test_a_status_is_a_whole_number_though_some_incidents_have_none(view):
    status = view.incidents()["status"]
    assert status.isna().any()
    assert {str(value) for value in status.dropna()} <= {str(number) for number in range(100, 600)}
    assert status.notna().any()


def test_one_kind_alone_and_unknown_ones_are_named(view):
    assert set(view.incidents("deadlock")["kind"]) == {"deadlock"}
    assert len(view.incidents("deadlock", 3)) == 3
    assert len(view.incidents("retry")) == 15
    with pytest.raises(ConfigError, match="deadlok") as raised:
        view.browse("deadlok")
    assert "Did you mean 'deadlock'?" in raised.value.hint


def test_people_are_looked_up_and_masked(view):
    def people(keys):
        return pandas.DataFrame({"user_key": keys, "username": "josmith", "email": PERSON})

    assert set(IncidentView(view.folder, people=people).incidents(limit=3)["email"]) == {"j•••@e•••.com"}
    assert set(IncidentView(view.folder, reveal=True, people=people).incidents(limit=3)["username"]) == {"josmith"}


@pytest.mark.parametrize(
    ("columns", "key", "shown"),
    [
        ("user_id", "1049", "1049"),
        ("id", "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"),
        ("phone", "4917112345", "4•••"),
        ("user_id,email", "7, jo@example.com", "7•••@e•••.com"),
        ("email", "", None),
        (None, "Jo", "J•••"),
    ],
)
def test_keys_are_masked_unless_they_only_number_a_row(columns, key, shown):
    assert results.masked_key(columns, key) == shown


def test_every_figure_is_saved_as_it_is_made(view):
    for name in FIGURES:
        chart = getattr(view, name)()
        assert chart.description
    assert len(list((view.folder / "figures").glob("*.svg"))) == len(FIGURES)


def test_what_was_read_and_not_understood_is_told(view):
    text = repr(view.read())
    assert "not understood" in text
    assert "garbled" in text
    assert "The application's log is missing." in text
    assert PERSON not in text


def test_next_steps_are_commands(view):
    commands = view.next_steps().frame["command"].tolist()
    assert commands[-1] == "mendbook run incidents logistics"
    assert all(command.startswith("mendbook ") for command in commands)
    assert not any("missing_constraint" in command for command in commands)


def test_hostile_text_is_inert_in_the_notebook(hostile_run):
    view = IncidentView(hostile_run)
    shown = [getattr(view, name)() for name in TABLES]
    html = "".join(each._repr_html_() for each in shown) + view.browse().interactive_html()
    assert "<script>alert" not in html
    assert not RAW.search(html)
    assert not RAW.search("".join(map(repr, [view, *shown])))
    assert not RAW.search(view.export_csv().read_text())


def test_an_empty_run_is_told_calmly(tmp_path):
    write_incidents(tmp_path, number=0, deploys=False)
    view = IncidentView(tmp_path)
    assert "No incident in the 19 days that were read." in repr(view.verdict())
    assert "".join(getattr(view, name)()._repr_html_() for name in TABLES)
    assert "No log told of any" in render_report(tmp_path)


def test_another_run_is_refused(tmp_path):
    (tmp_path / "result.json").write_text('{"source": "x", "counts": {}}')
    with pytest.raises(OutputError, match="no result of a run of incidents"):
        IncidentView(tmp_path)


def test_the_report_holds_hostile_text_inert_and_loads_nothing(hostile_run):
    html = render_report(hostile_run)
    page = Page(html)
    assert {tag for tag, _ in page.tags} <= set(ALLOWED.split())
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not RAW.search(html)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert PERSON not in html
    links = [a[name] for _, a in page.tags for name in ("href", "src", "xlink:href") if a.get(name)]
    assert not [link for link in links if "//" in link or ":" in link]
    assert len(page.ids) == len(set(page.ids))
    wanted = {a["href"][1:] for _, a in page.tags if (a.get("href") or "").startswith("#")}
    wanted |= {a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a}
    assert wanted <= set(page.ids)
    assert page.count("table") == page.count("caption") > 4


def test_the_report_begins_with_the_verdict_and_tells_everything(hostile_run):
    html = render_report(hostile_run)
    assert html.index("Still bleeding? No.") < html.index("No incident in 9.1 days") < html.index("Deploys</h2>")
    assert Page(html).count("figure") == 9
    for text in ("unique_violation", "app/postgresql.log:", "garbled", "mendbook run incidents", "incidents.parquet", "v2.2"):
        assert text in html
    assert "And 146 more in incidents.parquet." in html
    assert HOSTILE not in html


@pytest.mark.parametrize("broken", ["result.json", "incidents.parquet", "figures/1-timeline.svg"])
def test_a_broken_file_is_told_and_the_rest_is_shown(tmp_path, broken):
    write_incidents(tmp_path)
    IncidentView(tmp_path).timeline()
    (tmp_path / broken).write_text("{broken")
    html = render_report(tmp_path)
    assert "Could not be read" in html
    assert "Files of this run" in html


def test_the_index_shows_the_verdict(hostile_run):
    html = render_index(hostile_run.parent.parent)
    assert "No incident in 9.1 days" in html
    assert "<script" not in html
