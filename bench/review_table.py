"""The review table with very many cases: first paint, and from a key to its paint and to the disk, by the browser's own clock.

    python bench/review_table.py --cases 100000 [--keys 60]

A plan is made without a database. The table stands in a page of headless Chromium, and a real desk in this process answers it,
through Playwright's bridge. First paint is counted from the moment the table's script starts to the first picture with rows in
it, in a page opened for the first time and again; key to paint is the browser's own event timing (in steps of 8 ms, 16 at
least). Saved is from the key to the moment the kernel's word that it is on the disk has come back.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from mendbook.damage import catalogue
from mendbook.desk.answers import Desk

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.many_cases import many_cases
from support.plans import REVIEWER, house
from support.review_page import Review, chromium, opened

CLOCKS = """
window.firstPaint = null; window.events = []; window.saved = [];
new MutationObserver(() => {
  if (window.firstPaint !== null || !document.querySelector('.row .mark')) return;
  window.firstPaint = 0;
  requestAnimationFrame(() => {
    const channel = new MessageChannel(); // its message comes after the picture was drawn
    channel.port1.onmessage = () => { window.firstPaint = performance.now() - window.began; };
    channel.port2.postMessage(null);
  });
}).observe(document, { subtree: true, childList: true });
new PerformanceObserver(list => list.getEntries().forEach(each => {
  if (each.name === 'keydown') window.events.push(each.duration);
})).observe({ type: 'event', durationThreshold: 16 });
let pressed = null;
document.addEventListener('keydown', event => { pressed = event.timeStamp; }, true);
new MutationObserver(() => {
  const state = document.querySelector('.saved');
  if (pressed === null || !state || state.textContent !== 'all saved') return;
  window.saved.push(performance.now() - pressed);
  pressed = null;
}).observe(document, { subtree: true, childList: true, characterData: true });
"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--cases", type=int, default=100_000)
    arguments.add_argument("--keys", type=int, default=60, help="how often each key is pressed")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = house(Path(scratch))
        catalogue()  # the notebook has asked for it by then
        plan = many_cases(home.outputs, options.cases)
        started = time.perf_counter()
        desk = Desk(plan, home.settings, REVIEWER)
        loaded = time.perf_counter() - started
        with chromium() as browser, opened(browser, desk, viewport={"width": 1280, "height": 1000}) as table:
            measured = measure(table, options.keys)
    print(f"{options.cases:,} cases; the kernel reads the plan once in {loaded:.1f} s.\n")
    print("| milliseconds | median | slowest | n |\n| --- | ---: | ---: | ---: |")
    for what, values in measured.items():
        print(f"| {what} | {median(values):.0f} | {max(values):.0f} | {len(values)} |")


def measure(table: Review, keys: int) -> dict[str, list[float]]:
    page = table.page
    page.add_init_script(CLOCKS)
    first: list[float] = []
    for _ in range(6):
        table.open()
        page.wait_for_function("window.firstPaint > 0")
        first.append(page.evaluate("window.firstPaint"))
    measured = {"first paint, page opened for the first time": first[:1], "first paint, page opened again": first[1:]}
    page.wait_for_selector(".details .values")
    for what in ("j (next case)", "a (approve, and on to the next)", "d (defer)", "x (select)"):
        key = what[0]
        measured[f"key to paint, {what}"] = pressed(page, key, keys)
        if key in "ad":
            measured[f"key to saved, {what.split()[0]}"] = page.evaluate("window.saved.splice(0)")
    table.press("Escape")
    measured["key to paint, G and g (last and first case)"] = pressed(page, "G", keys // 4) + pressed(page, "g", keys // 4)
    return measured


def pressed(page: Any, key: str, times: int) -> list[float]:
    """Durations of the key's events; one that was not slower than 16 ms is not told by every browser, and counts as 16."""
    page.evaluate("window.events.splice(0), window.saved.splice(0)")
    for _ in range(times):
        page.keyboard.press(key)
        page.wait_for_timeout(60)
    page.wait_for_timeout(300)
    told: list[float] = page.evaluate("window.events.splice(0)")
    return told + [16.0] * (times - len(told))


if __name__ == "__main__":
    main()
