"""Who has signed a plan, and whether it holds: a table that looks again by itself while a person signs in a terminal.

Nothing is signed here, and no key is ever read: a signature is made by ``mendbook sign``, typed where the key is. It verifies
by this computer's clock, for showing only; ``apply`` verifies everything anew by the database's.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING, Any

from mendbook.config import Settings
from mendbook.errors import MendbookError, Refused, SignatureError
from mendbook.files.workplace import RUN_FOLDER
from mendbook.plans.files import PlanFile
from mendbook.reviews import review
from mendbook.reviews.approvals import verify_author
from mendbook.reviews.statements import AUTHOR, read_author, read_paper, read_review
from mendbook.views.views import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

WATCHED_SECONDS = 3600.0
_GLANCE = 2.0


class LiveTable:
    """A table that is drawn anew in JupyterLab when what it tells of has changed; in a papermill run, once.

    ``make`` draws it, ``mark`` is cheap and tells whether anything has changed.
    """

    def __init__(self, make: Callable[[], Table], mark: Callable[[], object], glance: float = _GLANCE) -> None:
        self._make, self._mark, self._glance = make, mark, glance

    @property
    def table(self) -> Table:
        return self._make()

    def __repr__(self) -> str:
        return repr(self._make())

    def _repr_html_(self) -> str:
        return self._make()._repr_html_()

    def _ipython_display_(self) -> None:
        from IPython.display import display

        seen = self._mark()
        handle = display(self._make(), display_id=True)
        if handle is not None and not os.environ.get(RUN_FOLDER):
            threading.Thread(target=self.watch, args=(handle, seen), daemon=True).start()

    def watch(self, handle: Any, seen: object, seconds: float = WATCHED_SECONDS) -> None:
        """Look every ``glance`` seconds, and draw anew what has changed, until the time is over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(self._glance)
            now = self._mark()
            if now != seen:
                handle.update(self._make())
                seen = now


def mark(plan: PlanFile, settings: Settings) -> str:
    """Another text as soon as anything that was signed of ``plan`` is another."""
    try:
        return review.fingerprint(plan, settings)
    except (MendbookError, OSError) as error:
        return str(error)


def signatures(plan: PlanFile, settings: Settings) -> Table:
    """Who signed what and when, and whether all of it holds by now; what is missing, and what to do about it."""
    from pandas import DataFrame

    state, why, hint = standing(plan, settings)
    rows = _rows(plan, settings, state)
    frame = DataFrame(rows, columns=["who", "signed", "as", "what", "signature"])
    return Table(frame, f"Signatures of plan {plan.id}, looked at {datetime.now(UTC):%H:%M:%S} UTC", f"{why} {hint}".strip())


def sign_command(plan: PlanFile, reviewer: str, key: str, options: str = "") -> str:
    """The one command that signs what ``reviewer`` decided, to be typed where the key is; empty words stay to be filled in."""
    return f"mendbook sign {plan.id} --as {quote(reviewer or 'NAME')} --key {quote(key or 'FILE')}{options}"


def panel(plan: PlanFile, settings: Settings, at: datetime) -> dict[str, Any]:
    """``signatures`` as values, as of ``at``: {state, why, hint, signed: [{who, signed, as, what, signature}]}."""
    state, why, hint = standing(plan, settings, at)
    signed = _rows(plan, settings, state)
    if all(row["as"] == "author" for row in signed):
        hint = ""  # it tells how anybody could sign: whoever looks at this has their own command below it
    return {"state": state, "why": why, "hint": hint, "signed": signed}


def _rows(plan: PlanFile, settings: Settings, state: str) -> list[dict[str, str]]:
    held = "verified" if state != "refused" else "not verified"
    try:
        return list(_signed(plan, held if state != "refused" else _author_held(plan, settings), held))
    except (MendbookError, OSError) as error:
        return [{"who": plan.header.author, "signed": "", "as": "author", "what": "", "signature": f"cannot be read: {error}"}]


def _author_held(plan: PlanFile, settings: Settings) -> str:
    """Whether the author's signature holds, where the others do not, or are not there."""
    try:
        verify_author(plan, settings, datetime.now(UTC))
    except MendbookError:
        return "not verified"
    return "verified"


def _signed(plan: PlanFile, of_author: str, held: str) -> Iterator[dict[str, str]]:
    paper = read_paper(plan.folder)
    at = read_author(plan, paper.of(AUTHOR)) if AUTHOR in paper.files else ""
    of_author = of_author if at else "missing"
    yield {"who": plan.header.author, "signed": at, "as": "author", "what": "the plan", "signature": of_author}
    for name in paper.reviews:
        told = read_review(plan, name, paper.of(name))
        counts = ", ".join(f"{verb} {told.counts.get(verb, 0):,}" for verb in ("approve", "reject", "defer"))
        yield {"who": told.reviewer, "signed": told.at, "as": "reviewer", "what": counts, "signature": held}


def standing(plan: PlanFile, settings: Settings, at: datetime | None = None) -> tuple[str, str, str]:
    """Whether there is anything that may be applied now: "approved", "waiting" or "refused"; why; and what to do about it."""
    try:
        approvals = review.approvals(plan, settings, at or datetime.now(UTC))
    except (Refused, SignatureError) as error:
        return "refused", f"Nothing can be applied yet: {error.message}", error.hint or ""
    counts = approvals.counts
    told = ", ".join(f"{cases:,} {state}" for state, cases in sorted(counts.items())) or "it has no cases"
    if not counts.get("approved"):
        return "waiting", f"All signatures hold, and no case is approved: {told}.", ""
    return "approved", f"All signatures hold: {told}. What is approved may be applied.", ""
