"""report.html in a real browser: nothing is asked of any network, no script runs, nothing is wider than the page."""

import os
import shutil
from pathlib import Path

import pytest
from fake_audit import write_audit
from fake_incidents import write_incidents
from mendbook.files.publish import publish
from mendbook.files.records import RunError, RunRecord
from mendbook.incidents.charts import draw_all
from mendbook.reports.reports import render_report
from mendbook.views.views import AuditView

pytestmark = pytest.mark.browser
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("There is no chromium to look at the report with.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=["audit", "incidents"])
def report(request, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    if request.param == "audit":
        write_audit(folder, hostile=True)
        view = AuditView(folder)
        view.counts_chart(), view.timeline(), view.gap_chart()
    else:
        write_incidents(folder, hostile=True)
        draw_all(folder, "Europe/Berlin")
    error = RunError("ValueError", "<img src=x onerror=alert(1)>", 2)
    record = RunRecord(str(folder), request.param, "logistics", "failed", "2026-11-20T16:22:31+00:00", error=error)
    return publish(folder / "report.html", render_report(folder, record))


@pytest.fixture
def page(browser, report):
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.requests, page.dialogs, page.complaints = [], [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.goto(report.as_uri())
    yield page
    context.close()


def test_no_request_leaves_and_no_script_runs(page, report):
    page.wait_for_load_state("networkidle")
    assert page.requests == [report.as_uri()]
    assert (page.dialogs, page.complaints) == ([], [])
    assert page.locator("script, img, iframe, link, object, embed, foreignObject").count() == 0
    assert page.locator("figure svg").count() == len(list((report.parent / "figures").glob("*.svg"))) >= 3


def test_the_policy_would_stop_a_script(page):
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"https://example.com/x.png\">')")
    for _ in range(1000):
        if any("Content Security Policy" in text for text in page.complaints):
            return
        page.wait_for_timeout(100)
    pytest.fail("the browser complains of nothing")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_page(page, scheme):
    page.emulate_media(color_scheme=scheme)
    contrast = page.evaluate(
        """() => {
          const luminance = colour => {
            const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(
              part => (part /= 255) <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
          };
          const page = luminance(getComputedStyle(document.documentElement).backgroundColor);
          return ['h1', '.lead', 'td', 'a', '.state', 'figcaption', 'thead th'].map(name => {
            const ink = luminance(getComputedStyle(document.querySelector(name)).color);
            return (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05);
          });
        }"""
    )
    assert min(contrast) >= 4.5, contrast


def test_print_is_light_even_in_the_dark(page):
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("nav").is_hidden()


@pytest.mark.parametrize("width", [390, 1100])
def test_nothing_is_wider_than_the_page(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
