"""outputs/index.html: the page that a team leaves open. What needs somebody, each source with its trends, plans, runs.

A static page: no script, no network; it asks for itself anew now and then. It is made after each run from what lies in
outputs/, and tells when, because a page that nobody makes anew looks the same as one on which nothing happens. It is for
showing: no signature is verified for it. It asks no database but the history beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from mendbook.files.publish import publish
from mendbook.files.records import locked
from mendbook.reports import overview_parts
from mendbook.reports.pages import render
from mendbook.reports.run_lines import lines
from mendbook.reviews.standing_plans import standing

if TYPE_CHECKING:
    from mendbook.scheduling.history_schema import Entry

INDEX = "index.html"
#: Seconds after which the page asks for itself anew.
REFRESH = 300
#: The schedule's own file, and how much of it is looked at.
_HISTORY, _ENTRIES = "history.sqlite", 500

#: A job's name and when it is due next.
Upcoming = Sequence[tuple[str, datetime]]


def write_index(outputs: Path, entries: Sequence[Entry] | None = None, upcoming: Upcoming = ()) -> Path:
    """Write outputs/index.html, whole or not at all. Raises OutputError."""
    with locked(outputs / ".index.lock"):
        return publish(outputs / INDEX, render_index(outputs, entries, upcoming))


def render_index(
    outputs: Path, entries: Sequence[Entry] | None = None, upcoming: Upcoming = (), now: datetime | None = None
) -> str:
    """The page for ``outputs``. ``entries`` are the schedule's, the newest first; where they are not given, those of
    outputs/history.sqlite, if it is there. ``upcoming`` are the times that are due next. What is broken hides nothing else.
    """
    at = now or datetime.now(UTC)
    listed = lines(outputs)
    plans = standing(outputs, now=at)
    told = overview_parts.sources(listed)
    known = list(recorded(outputs) if entries is None else entries)
    page = {
        "made_at": at.isoformat(timespec="seconds"),
        "refresh": REFRESH,
        "needs": overview_parts.needs(listed, told, plans, known, at),
        "most_needs": overview_parts.SHOWN_NEEDS,
        "sources": told,
        "plans": overview_parts.plans(plans, at),
        "receipts": overview_parts.receipts(listed),
        "entries": overview_parts.entries_of(known),
        "upcoming": [{"name": name, "at": when.isoformat()} for name, when in sorted(upcoming, key=lambda each: each[1])],
        "days": overview_parts.days(listed),
        "runs": len(listed),
        "shown_runs": min(len(listed), overview_parts.SHOWN_RUNS),
    }
    return render("index.html.j2", page)


def recorded(outputs: Path) -> list[Entry]:
    """The newest entries of outputs/history.sqlite; none where there is no such file, or it cannot be read."""
    path = Path(outputs).absolute() / _HISTORY
    if not path.is_file():
        return []
    import sqlite3

    import sqlalchemy as sa

    from mendbook.scheduling.history_schema import RUNS, entry_of

    address = f"file:{quote(str(path))}?mode=ro"
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            rows = connection.execute(sa.select(RUNS).order_by(RUNS.c.scheduled.desc()).limit(_ENTRIES))
            return [entry_of(row) for row in rows]
    except (sa.exc.SQLAlchemyError, ValueError, TypeError):
        return []
    finally:
        engine.dispose()
