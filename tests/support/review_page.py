"""The review table in a page of its own, its messages bridged to a desk in this process: what JupyterLab does, without it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

STATIC = Path(__file__).parents[2] / "lib" / "mendbook" / "desk" / "static"
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
ADDRESS = "http://localhost:1/"  # nothing is asked there: every request is answered by this process
#: Milliseconds until the kernel counts as silent: nobody is called so for being slow.
WAIT = 180_000
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Review</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<link rel="stylesheet" href="review_table.css">
<style>body { margin: 0 }</style>
<body><div id="place"></div><script type="module">
import table from "./review_table.js";
const hearers = new Set(), changes = new Set();
window.tell = (messages) => messages.forEach((message) => hearers.forEach((hear) => hear(message)));
window.outside = []; // keys that come out of the table
document.body.addEventListener("keydown", (event) => window.outside.push(event.key));
const model = {
  get: (name) => ({ wait_ms: WAIT })[name],
  on: (name, hear) => (name === "msg:custom" ? hearers : changes).add(hear),
  off: (name, hear) => (name === "msg:custom" ? hearers : changes).delete(hear),
  send: (message) => { window.toKernel(JSON.stringify(message)).then((text) => window.tell(JSON.parse(text))); },
};
window.began = performance.now();
window.end = table.render({ model, el: document.getElementById("place") });
</script></body></html>"""


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser; where there is none, the test is skipped, and fails in CI."""
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("There is no chromium to look at the table with.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Bridge:
    """The kernel's side. ``heard`` are all messages of the browser; ``refuse`` names types to refuse, ``silent`` ones to leave
    without an answer; ``held`` answers wait until they are let go."""

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.heard: list[dict[str, Any]] = []
        self.refuse: set[str] = set()
        self.silent: set[str] = set()
        self.hold: set[str] = set()
        self.held: list[Callable[[], list[dict[str, Any]]]] = []

    def __call__(self, text: str) -> str:
        message = json.loads(text)
        self.heard.append(message)
        answers: list[dict[str, Any]] = []
        if message["type"] in self.refuse:
            answers = [{"type": "refused", "re": message["id"], "message": "The disk is full.", "hint": "Free some space."}]
        elif message["type"] in self.hold:
            self.held.append(lambda: self.desk.answer(message))
        elif message["type"] not in self.silent:
            answers = self.desk.answer(message)
        return json.dumps(answers)

    def asked(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.heard if message["type"] == kind]


class Review:
    """A page with the table on it."""

    def __init__(self, page: Any, bridge: Bridge) -> None:
        self.page, self.bridge = page, bridge
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        page.expose_function("toKernel", bridge)
        page.set_default_timeout(180_000)
        page.route("**/*", _serve)

    def open(self) -> Review:
        self.page.goto(ADDRESS)
        self.page.wait_for_selector(".mendbook-review .row.current .mark")
        self.list.focus()
        return self

    @property
    def list(self) -> Any:
        return self.page.locator(".mendbook-review .list")

    @property
    def current(self) -> Any:
        return self.page.locator(".mendbook-review .row.current")

    @property
    def alarm(self) -> Any:
        return self.page.locator(".mendbook-review .alarm")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def wait_in_vain(self, kind: str) -> None:
        """Let the time pass in which the kernel should have answered a question of that kind; the clock is the page's own."""
        while not self.bridge.asked(kind):
            self.page.wait_for_timeout(5)
        self.page.clock.fast_forward(WAIT)

    def tell(self, messages: list[dict[str, Any]]) -> None:
        """Send what the kernel says without being asked."""
        self.page.evaluate("messages => window.tell(messages)", messages)

    def let_go(self) -> None:
        """Send the answers that were held back."""
        held, self.bridge.held = self.bridge.held, []
        for answer in held:
            self.tell(answer())


def _serve(route: Any) -> None:
    name = route.request.url.removeprefix(ADDRESS)
    if name == "":
        route.fulfill(body=PAGE.replace("WAIT", str(WAIT)), content_type="text/html")
    elif name in ("review_table.js", "review_table.css"):
        kind = "text/javascript" if name.endswith("js") else "text/css"
        route.fulfill(body=(STATIC / name).read_text("utf-8"), content_type=kind)
    else:
        route.abort()


@contextmanager
def opened(browser: Any, desk: Any, clock: bool = False, **context: Any) -> Iterator[Review]:
    """The table of ``desk`` in a page of its own, on a ``clock`` of its own; ``context`` is for the browser: color_scheme."""
    made = browser.new_context(permissions=["clipboard-read", "clipboard-write"], **context)
    try:
        page = made.new_page()
        if clock:
            page.clock.install()
        yield Review(page, Bridge(desk))
    finally:
        made.close()
