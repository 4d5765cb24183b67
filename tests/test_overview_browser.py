"""The overview in a real browser: it asks no network and runs no script, and is legible in light and dark and when narrow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mendbook.files.publish import publish
from mendbook.files.records import RunError, RunRecord, write_record
from mendbook.reports.overview import render_index
from mendbook.scheduling.history_schema import Entry
from support.audits import at, write_audit
from support.pages import chromium, contrasts, watched
from support.plans import house

pytestmark = pytest.mark.browser
HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(1)>"
LONG = "a_source_with_a_name_that_is_longer_than_most_of_them"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A team's page, with something in each of its parts."""
    home = house(tmp_path_factory.mktemp("overview"))
    outputs = home.outputs
    for day in range(1, 9):
        cases = {"missing_profile": {"customer": [*map(str, range(90 - day * day))]}, HOSTILE: {None: ["1"] * (day % 3)}}
        change = {
            "kinds": {"missing_profile": {"new": 2, "gone": 9, "staying": 1}, HOSTILE: {"new": 0, "gone": 0, "staying": 1}}
        }
        write_audit(outputs, at(day), cases, titles={HOSTILE: HOSTILE}, change=change)
        write_audit(outputs, at(day, 4), cases, source=LONG, change=change)
    failed = outputs / "runs" / "20261108T050000Z-audit-billing"
    failed.mkdir()
    error = RunError("ConnectionFailed", f"{HOSTILE} {'word' * 60}", 2)
    write_record(RunRecord(str(failed), "audit", "billing", "failed", at(8, 5).isoformat(), error=error))
    told = outputs / "runs" / "20261108T060000Z-incidents-shop"
    told.mkdir()
    verdict = {"verdict": HOSTILE, "still_bleeding": True, "counts": {}, "deploys": [], "source": "shop"}
    (told / "result.json").write_text(json.dumps(verdict))
    home.plan(made_at=at(8).isoformat(), expires=at(9).isoformat())
    entries = [Entry("nightly", "shop", at(8, hour), "audit", state) for hour, state in ((7, "missed"), (6, "finished"))]
    return publish(outputs / "index.html", render_index(outputs, entries, [("nightly/shop", at(9))], at(8, 8)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Any, path: Path) -> Iterator[Any]:
    context = browser.new_context(offline=True)
    page = watched(context)
    page.goto(path.as_uri())
    yield page
    context.close()


def test_it_asks_for_nothing_and_runs_nothing(page: Any, path: Path) -> None:
    page.wait_for_load_state("networkidle")
    assert page.requests == [path.as_uri()]
    assert (page.dialogs, page.complaints) == ([], [])
    assert page.locator("script, img, iframe, link, object, embed, foreignObject").count() == 0


def test_it_works_without_script_and_says_what_is_up(browser: Any, path: Path) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.title() == "(6) mendbook overview"
    assert page.locator("#needs").inner_text() == "6 things need somebody"
    assert page.locator(".needs li").count() == 6
    context.close()


def test_every_line_has_words_and_fits_its_cell(page: Any) -> None:
    lines = page.get_by_role("img")
    assert lines.count() == page.locator("svg.spark").count() >= 6
    words = lines.nth(0).get_attribute("aria-label")
    assert "8 audits from 2026-11-01 to 2026-11-08: first " in words
    assert page.evaluate(
        "[...document.querySelectorAll('.spark')].every(e => e.getBBox().width <= 160 && e.getBBox().height <= 32)"
    )


def test_every_table_and_region_has_a_name(page: Any) -> None:
    for role in ("table", "region"):
        found = page.get_by_role(role)
        assert found.count() >= 3
        names = found.evaluate_all(
            "all => all.map(e => e.getAttribute('aria-label') || document.getElementById(e.getAttribute('aria-labelledby'))"
            "?.textContent || e.querySelector('caption')?.textContent || '')"
        )
        assert all(name.strip() for name in names), names


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_lines_stand_out(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    words = [
        "h1",
        ".lead",
        ".alert h2",
        ".tag",
        ".needs li.plan .tag",
        ".needs a",
        ".needs .help",
        ".needs code",
        ".more",
        ".less",
    ]
    words += [
        ".quiet",
        "thead th",
        "td.flagged",
        ".state.waiting",
        ".state.missed",
        ".state.finished",
        ".state.failed",
        "footer p",
    ]
    found = contrasts(page, words)
    assert min(found.values()) >= 4.5, found
    assert min(contrasts(page, [".spark polyline"]).values()) >= 3


@pytest.mark.parametrize("width", [320, 390, 1100])
def test_nothing_is_wider_than_the_page(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_comes_back_by_itself(browser: Any, path: Path) -> None:
    context = browser.new_context(offline=True)
    page = watched(context)
    soon = publish(path.with_name("soon.html"), path.read_text("utf-8").replace('content="300"', 'content="1"'))
    page.goto(soon.as_uri())
    publish(soon, soon.read_text("utf-8").replace("6 things need", "7 things need"))
    page.get_by_text("7 things need somebody").wait_for(timeout=180_000)
    context.close()
