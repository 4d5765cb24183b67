"""How the demo proves that a fix holds: a drill against the fixed application of one system, as `mendbook drill` does it.

Its people stay in the demo's database, so that a visitor can look at them, and remove them by a plan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mendbook.workbook import Workbook

PEOPLE, AT_ONCE, SECONDS = 12, 8, 60.0


def prove(book: Workbook, base_url: str, say: Callable[[str], None]) -> dict[str, Any]:
    """Drill the application at ``base_url``: {state, verdict, mark, statuses, report}."""
    from mendbook.drills.view import write_report

    folder, result = book.run_drill(book.prepare_drill(base_url, people=PEOPLE, concurrency=AT_ONCE, seconds=SECONDS))
    statuses = ", ".join(f"{count} x {status}" for status, count in result["statuses"].items())
    say(f"{book.source.name}: a drill of {PEOPLE} people at once; answers: {statuses}. {result['verdict']}")
    told = {name: result[name] for name in ("state", "verdict", "mark", "statuses")}
    return {**told, "report": str(write_report(folder))}
