"""The report tells everything, shows hostile text inert, and needs neither script nor network."""

import hashlib
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from fake_audit import FORMULA, HOSTILE, write_audit
from mendbook.charts.svg import inline
from mendbook.errors import ConfigError, OutputError
from mendbook.files import records
from mendbook.files.publish import publish
from mendbook.files.records import RunError, RunRecord, write_record
from mendbook.reports.overview import render_index
from mendbook.reports.pages import environment
from mendbook.reports.reports import render_report
from mendbook.views.views import AuditView

RAW = re.compile("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\x00-\x08\x1b]")

ALLOWED = """
html head meta title style body main header footer p h1 h2 h3 span section pre details summary div dl dt dd nav ul ol li
a table caption thead tbody tr th td em strong br code figure figcaption svg g path defs use pattern rect clippath
"""


class Page(HTMLParser):
    """What a browser would find: tags with their attributes, headings, and the text of every table's caption."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.ids, self.text = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_data(self, data):
        self.text.append(data)

    def count(self, tag):
        return sum(name == tag for name, _ in self.tags)


def a_record(folder, **changes):
    record = RunRecord(str(folder), "audit", "logistics", "finished", "2026-11-20T16:22:31+00:00")
    return replace(record, parameters={"source": "logistics"}, versions={"mendbook": "0.1.0"}, seconds=8.2, **changes)


@pytest.fixture(scope="module")
def drawn_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "runs" / "20261120T162231Z-audit-logistics"
    write_audit(folder, hostile=True)
    view = AuditView(folder)
    view.counts_chart(), view.timeline(), view.gap_chart()
    error = RunError(HOSTILE, HOSTILE, 3, f"x = 1 # {HOSTILE}", HOSTILE)
    write_record(a_record(folder, state="failed", error=error, notes=(HOSTILE,)))
    return folder


@pytest.fixture
def hostile_run(drawn_once, tmp_path):
    """Each test's own copy: drawing the figures is what takes time."""
    return shutil.copytree(drawn_once, tmp_path / "runs" / drawn_once.name)


def test_hostile_text_is_inert(hostile_run):
    html = render_report(hostile_run)
    page = Page(html)
    assert {tag for tag, _ in page.tags} <= set(ALLOWED.split())
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not RAW.search(html)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "⟨U+202E⟩" in html
    assert FORMULA.replace("'", "&#x27;") in html


def test_nothing_is_loaded_from_anywhere(hostile_run):
    html = render_report(hostile_run)
    page = Page(html)
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    links = [a[name] for tag, a in page.tags for name in ("href", "src", "xlink:href") if a.get(name)]
    assert links
    assert not [link for link in links if "//" in link or ":" in link]
    assert not re.search(r"url\((?!#)|@import|@font-face", html)


def test_ids_are_unique_and_every_reference_has_its_target(hostile_run):
    html = render_report(hostile_run)
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    wanted = {a["href"][1:] for _, a in page.tags if (a.get("href") or "").startswith("#")}
    wanted |= set(re.findall(r"url\(#([^)]+)\)", html))
    wanted |= {a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a}
    assert len(wanted) > 30
    assert wanted <= set(page.ids)


def test_the_error_stands_first(hostile_run):
    html = render_report(hostile_run)
    assert html.index('role="alert"') < html.index("cases to decide") < html.index("What was looked at</h2>")
    assert "in cell 3 of the notebook" in html


def test_it_tells_everything(tmp_path):
    result = write_audit(tmp_path)
    record = a_record(tmp_path)
    write_record(record)
    html = render_report(tmp_path)
    page = Page(html)
    for text in (
        "no unique index",
        "There are no logs.",
        "The replica is 12 s behind.",
        "mendbook doctor logistics",
        "0.1.0",
    ):
        assert text in html
    assert "And 40 more in findings.parquet." in html
    assert "What users without their profile looks like." in html
    assert hashlib.sha256((tmp_path / "findings.parquet").read_bytes()).hexdigest() in html
    assert page.count("table") == page.count("caption") > 5
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
    assert result["counts"]["null_flag"]["rows"] == 0
    assert "Flags that are NULL" in html
    assert 'role="alert"' not in html


def test_keys_that_are_addresses_are_masked(tmp_path):
    write_audit(tmp_path)
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(tmp_path / "findings.parquet")
    keys = pyarrow.array(["someone@example.com"] * len(table))
    pyarrow.parquet.write_table(table.set_column(5, "user_key", keys), tmp_path / "findings.parquet")
    html = render_report(tmp_path)
    assert "someone@example.com" not in html
    assert "s•••@e•••.com" in html


def test_a_result_of_another_notebook_is_shown(tmp_path):
    (tmp_path / "result.json").write_text('{"verdict": "<b>rising", "rates": [1, 2]}')
    html = render_report(tmp_path, a_record(tmp_path))
    assert "&lt;b&gt;rising" in html
    assert "[1, 2]" in html


@pytest.mark.parametrize("broken", ["result.json", "findings.parquet", "figures/1-counts.svg"])
def test_a_broken_file_is_told_and_the_rest_is_shown(tmp_path, broken):
    write_audit(tmp_path)
    AuditView(tmp_path).counts_chart()
    (tmp_path / broken).write_text("{broken")
    html = render_report(tmp_path, a_record(tmp_path))
    assert "Could not be read" in html
    assert "Files of this run" in html


def test_an_empty_folder_still_gives_a_report(tmp_path):
    assert "Where this comes from" in render_report(tmp_path)


def test_a_kind_that_nobody_looked_for_is_no_zero(tmp_path):
    write_audit(tmp_path, cases=0)
    result = json.loads((tmp_path / "result.json").read_text("utf-8"))
    result["counts"]["ghost_user"] = {"cases": 0, "rows": 0}
    (tmp_path / "result.json").write_text(json.dumps(result), "utf-8")
    html = render_report(tmp_path)
    assert "<dd>0 of 5</dd>" in html
    assert html.count(" (not looked for)") == 1
    assert html.count('<td class="number">–</td>') == 2


def test_no_damage_is_told_calmly(tmp_path):
    write_audit(tmp_path, cases=0)
    html = render_report(tmp_path)
    assert "<dd>0 of 5</dd>" in html
    assert "Findings</h2>" not in html


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1">{}</svg>'


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        '<path onload="alert(1)" d="M 0 0"/>',
        '<use xlink:href="https://example.com/x#y"/>',
        '<path style="fill: url(https://example.com/x)"/>',
        "<style>@import url(https://example.com)</style>",
        '<image xlink:href="https://example.com/x.png"/>',
        '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml" onclick="alert(1)">x</p></foreignObject>',
        '<a xlink:href="javascript:alert(1)"><path d="M 0 0"/></a>',
        "<!-- alert(1) -->",
    ],
)
def test_a_figure_brings_nothing_but_shapes(inner):
    markup = inline(SVG.format(inner), "f1").markup
    assert not re.search(r"alert|example\.com|import|javascript", markup)


def test_ids_of_a_figure_get_its_prefix():
    markup = inline(SVG.format('<path id="a" style="fill: url(#b)"/><use xlink:href="#a"/>'), "f1").markup
    assert 'id="f1-a"' in markup
    assert "url(#f1-b)" in markup
    assert 'href="#f1-a"' in markup


@pytest.mark.parametrize("text", ["", "<p/>", "<svg", '<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>'])
def test_what_is_no_figure_is_refused(text):
    with pytest.raises(ValueError, match=r"SVG|entities"):
        inline(text, "f1")


def test_index_lists_the_newest_first_and_survives_broken_folders(tmp_path):
    runs = tmp_path / "runs"
    for number, name in enumerate(("20261118T000000Z-audit-a", "20261120T000000Z-audit-b")):
        write_audit(runs / name, cases=number + 1)
        write_record(replace(a_record(runs / name), source=name[-1], started=f"{name[:4]}-11-{name[6:8]}T00:00:00+00:00"))
    (runs / "20261119T000000Z-audit-broken").mkdir()
    (runs / "20261119T000000Z-audit-broken" / "run.json").write_text("{")
    (runs / "20261117T000000Z-audit-<script>").mkdir()
    (runs / "20261116T000000Z-audit-died").mkdir()
    write_record(replace(a_record(runs / "20261116T000000Z-audit-died"), state="started", started="2026-11-16T00:00:00+00:00"))
    write_audit(runs / "20261115T000000Z-audit-byhand")
    html = render_index(tmp_path)
    order = [html.index(f'<th scope="rowgroup" colspan="8">2026-11-{day}</th>') for day in (20, 19, 18, 17, 16, 15)]
    assert order == sorted(order)
    assert html.count("unreadable</span>") == 2
    assert "failed (died)" in html
    assert "<script" not in html
    runs = html[html.index('<h2 id="runs">') :]
    assert Page(runs).count("tr") == 1 + 6 + 6, "a line for each run, behind its day"


def test_an_index_without_runs_says_what_to_do(tmp_path):
    assert "mendbook run audit SOURCE" in render_index(tmp_path)


def test_publish_leaves_the_old_file_when_the_disk_is_full(tmp_path, monkeypatch):
    target = publish(tmp_path / "report.html", "old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mendbook.files.publish.os.fsync", full)
    with pytest.raises(OutputError, match="No space left") as raised:
        publish(target, "new")
    assert "free some space" in raised.value.hint
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_record_survives_the_disk(tmp_path):
    record = a_record(tmp_path, error=RunError("A", "b", 2), notes=("n",))
    write_record(record)
    assert records.read_record(tmp_path) == replace(record, folder=str(tmp_path))


def test_view_masks_and_lists_kinds(tmp_path):
    import pandas

    write_audit(tmp_path)

    def people(keys):
        return pandas.DataFrame({"user_key": keys, "email": "someone@example.com"})

    masked, open_ = AuditView(tmp_path, people=people), AuditView(tmp_path, reveal=True, people=people)
    assert set(masked.findings("orphan_profile", 3)["email"]) == {"s•••@e•••.com"}
    assert set(open_.findings("orphan_profile", 3)["email"]) == {"someone@example.com"}
    with pytest.raises(ConfigError, match="orphan_profil") as raised:
        masked.browse("orphan_profil")
    assert "Did you mean 'orphan_profile'?" in raised.value.hint


def test_view_shows_hostile_text_inert(hostile_run):
    view = AuditView(hostile_run)
    shown = [view.scope(), view.limits(), view.counts(), view.browse(), view.constraints(), view.next_steps()]
    html = "".join(each._repr_html_() for each in shown) + view.browse("orphan_profile").interactive_html()
    assert "<script>alert" not in html
    assert not RAW.search(html)
    assert not RAW.search("".join(map(repr, [view, *shown])))
    csv = view.export_csv("orphan_profile").read_text()
    assert f"'{FORMULA}" in csv
    assert not RAW.search(csv)


def test_columns_of_numbers_alone_stand_at_the_right():
    rows = [["200 OK", "8", "1,279.3", "–", "2026-11-21"], ["302 Found", "12", "–", "–", "5%"], ["once", "4", "0%", "–", ""]]
    assert environment().filters["numbers"](rows) == [1, 2]
