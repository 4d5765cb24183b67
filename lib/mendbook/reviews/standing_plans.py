"""Where each plan in outputs/ stands: waiting for people, approved, applied, expired, or not to be relied on.

Told from what lies beside the plan: statements, signatures, receipts. With settings every signature is verified; without them
nothing is, and what it tells is for showing only. Whether a plan may be applied is decided by approvals.py, by the database's
clock. It opens no database, so a plan that was applied elsewhere, and has no receipt here, still looks approved.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mendbook.config import Settings
from mendbook.digests import canonical
from mendbook.errors import MendbookError, OutputError
from mendbook.plans import files as plan_files
from mendbook.plans import places as plan_places
from mendbook.plans.files import PLAN_FILE, PlanFile
from mendbook.reviews.approvals import approvals, states, verify_author
from mendbook.reviews.statements import moment, read_paper
from mendbook.reviews.verdicts import APPROVED, BLOCKED, UNDECIDED

#: "rejected": everything is decided, and nothing of it is to be done. "broken": it cannot be applied as it lies there.
#: "empty": it has no case at all.
WAITING, APPROVED_PLAN, APPLIED, EXPIRED, REJECTED, BROKEN = "waiting", "approved", "applied", "expired", "rejected", "broken"
EMPTY = "empty"
STATES = (WAITING, APPROVED_PLAN, APPLIED, EXPIRED, REJECTED, BROKEN, EMPTY)


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """One plan as it stands.

    state      one of STATES. "approved": something is approved that was not done yet, though other cases may wait
    made_at    when it was made, and expires, until when it may be applied: aware, None where it cannot be read
    author     who proposes it; act, "apply" or "undo"
    cases      how many it has, and changes, how many rows these change
    undecided  cases that wait for people's decisions or signatures, the blocked ones too
    approved   cases that are approved, those that are done included; applied, those that are done
    why        what is wrong with a broken one
    receipt    the page of its last receipt
    """

    plan: str
    folder: Path
    source: str
    state: str
    made_at: datetime | None = None
    expires: datetime | None = None
    author: str = ""
    act: str = "apply"
    cases: int = 0
    changes: int = 0
    undecided: int = 0
    approved: int = 0
    applied: int = 0
    why: str = ""
    receipt: Path | None = None


def standing(outputs: Path, settings: Settings | None = None, now: datetime | None = None) -> list[PlanStanding]:
    """Every plan in ``outputs``, the newest first. ``now`` is aware; this computer's clock where it is not given.

    A plan that cannot be read is told as broken, and hides no other.
    """
    at = now or datetime.now(UTC)
    folders = [path.parent for path in (outputs / "plans").glob(f"*/{PLAN_FILE}")]
    return [_standing(folder, settings, at) for folder in sorted(folders, key=lambda each: each.name, reverse=True)]


def _standing(folder: Path, settings: Settings | None, now: datetime) -> PlanStanding:
    plan = PlanStanding(folder.name, folder, _source(folder), BROKEN)
    try:
        header = plan_files.read_header(folder)
        plan = replace(
            plan,
            source=header.source,
            made_at=moment(header.made_at),
            expires=moment(header.expires),
            author=header.author,
            act=header.act,
            cases=sum(header.cases.values()),
            changes=sum(count for ops in header.changes.values() for count in ops.values()),
        )
        return _judged(_with_receipt(plan), settings, now)
    except MendbookError as error:
        return replace(plan, why=error.message)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as failure:
        return replace(plan, why=f"{type(failure).__name__}: {failure}")


def _source(folder: Path) -> str:
    try:
        return plan_places.source_of(folder.name)
    except MendbookError:
        return ""


def _with_receipt(plan: PlanStanding) -> PlanStanding:
    """The plan with what its last receipt says was done."""
    made = _receipt(plan.folder)
    if made is None:
        return plan
    pages = sorted(plan.folder.glob("receipt-*.html"))
    return replace(plan, applied=int(made["done"]["cases"]), receipt=pages[-1] if pages else None)


def _receipt(folder: Path) -> dict[str, Any] | None:
    """The last receipt beside the plan. Raises OutputError."""
    for path in sorted(folder.glob("receipt-*.json"), reverse=True):
        try:
            made: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as failure:
            raise OutputError(f"{path} cannot be read: {failure}.", "Apply the plan again: it is made anew.") from None
        return made
    return None


def _judged(plan: PlanStanding, settings: Settings | None, now: datetime) -> PlanStanding:
    """The plan with its state. Cases are read only where something may yet come of them."""
    if not plan.cases:
        return replace(plan, state=EMPTY)
    made = _receipt(plan.folder)
    if made is not None and _is_over(plan, made):
        left = Counter({each["state"]: 0 for each in made["not_done"]})
        for each in made["not_done"]:
            left[each["state"]] += int(each["cases"])
        approved = plan.applied + left["stale"] + left["not reached"]
        return replace(plan, state=APPLIED, approved=approved, undecided=left[UNDECIDED])
    if plan.expires is None or now >= plan.expires:
        return replace(plan, state=APPLIED if plan.applied else EXPIRED)
    counts = _counts(plan_files.read(plan.folder), settings, now)
    undecided = counts.get(UNDECIDED, 0) + counts.get(BLOCKED, 0)
    approved = counts.get(APPROVED, 0)
    if approved > plan.applied:
        state = APPROVED_PLAN
    elif undecided:
        state = WAITING
    else:
        state = APPLIED if plan.applied else REJECTED
    return replace(plan, state=state, undecided=undecided, approved=approved)


def _is_over(plan: PlanStanding, made: Mapping[str, Any]) -> bool:
    """Whether the receipt is of all that is approved: nobody has signed since, and the run reached every case."""
    paper = read_paper(plan.folder)
    signed = {canonical.digest(paper.of(name)) for name in paper.reviews}
    known = {each["digest"] for each in made["people"]["reviewers"]}
    return signed <= known and not any(each["state"] == "not reached" for each in made["not_done"])


def _counts(plan: PlanFile, settings: Settings | None, now: datetime) -> Mapping[str, int]:
    """How many cases have each state. With ``settings`` all that was signed is verified. Raises MendbookError."""
    cases = sum(plan.header.cases.values())
    reviewed = bool(read_paper(plan.folder).reviews)
    if not reviewed or not cases:
        if settings is not None:
            verify_author(plan, settings, now)
        return {UNDECIDED: cases}
    if settings is not None:
        return approvals(plan, settings, now).counts
    return Counter(states(plan).values())
