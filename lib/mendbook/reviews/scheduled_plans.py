"""Which plans a scheduled apply may take: approved, unexpired, named by the job, and not done yet; the oldest first.

It verifies all that was signed, by this computer's time; whoever applies does so once more, by the database's. It opens no
database and applies nothing.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from mendbook.config import Settings
from mendbook.errors import MendbookError
from mendbook.plans import files as plan_files
from mendbook.plans import places as plan_places
from mendbook.plans.files import PLAN_FILE, PlanFile
from mendbook.reviews.approvals import approvals
from mendbook.settings.schedule import APPROVED


def approved_plans(settings: Settings, outputs: Path, source: str, plans: str | list[str] | None, now: datetime) -> list[str]:
    """The ids of the plans of ``source`` that may be applied at ``now``, oldest first. ``plans``: as the job names them."""
    found = []
    for folder in sorted(each.parent for each in (outputs / "plans").glob(f"*/{PLAN_FILE}")):
        if plans != APPROVED and folder.name not in (plans or ()):
            continue
        try:
            if plan_places.source_of(folder.name) != source:
                continue
            plan = plan_files.read(folder)
            approved = len(approvals(plan, settings, now).approved)
        except MendbookError:  # not reviewed, expired, or something of it does not hold: people are told elsewhere
            continue
        if plan.header.source == source and approved and not _done(plan, approved):
            found.append((plan.header.made_at, plan.id))
    return [name for _, name in sorted(found)]


def _done(plan: PlanFile, approved: int) -> bool:
    """Whether the newest receipt beside the plan tells of all that is approved: nothing was left to another run."""
    newest = max(plan.folder.glob("receipt-*.json"), key=lambda path: path.name, default=None)
    try:
        made = json.loads(newest.read_text("utf-8")) if newest else {}
        reached = all(each["state"] != "not reached" for each in made["not_done"])
        return reached and sum(each["cases"] for each in made["approved"]) == approved
    except (OSError, ValueError, KeyError, TypeError):
        return False
