"""A page of ours in a real browser: what it asks for, what it complains of, and how its words stand out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser; skipped without one, but not where CI says that there is one."""
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("There is no chromium to look at the page with.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def watched(context: Any) -> Any:
    """A new page that keeps its ``requests``, ``dialogs`` and ``complaints``."""
    page = context.new_page()
    page.requests, page.dialogs, page.complaints = [], [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: page.complaints.append(message.text))
    return page


def contrasts(page: Any, selectors: list[str]) -> dict[str, float]:
    """How the first element of each selector stands out from the ground behind it, as WCAG counts."""
    found: dict[str, float] = page.evaluate(
        """selectors => {
          const luminance = colour => {
            const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(
              part => (part /= 255) <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
          };
          const ground = element => {
            for (; element; element = element.parentElement) {
              const colour = getComputedStyle(element).backgroundColor;
              if (colour !== 'rgba(0, 0, 0, 0)') return luminance(colour);
            }
            return 1;
          };
          return Object.fromEntries(selectors.map(selector => {
            const element = document.querySelector(selector), style = getComputedStyle(element);
            const ink = luminance(element.tagName === 'polyline' ? style.stroke : style.color), behind = ground(element);
            return [selector, (Math.max(ink, behind) + 0.05) / (Math.min(ink, behind) + 0.05)];
          }));
        }""",
        selectors,
    )
    return found
