"""Who had personal data of which case shown, and when: one file a person in the plan's folder, only ever added to.

A line is on the disk before anything is shown; where it cannot be written, nothing is. It never tells what was shown.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from mendbook.digests import canonical
from mendbook.files.publish import append
from mendbook.plans.files import PlanFile
from mendbook.reviews.decision_log import slug
from mendbook.reviews.statements import instant
from mendbook.signing.allowed_signers import check_person


def file_of(plan: PlanFile, person: str) -> Path:
    return plan.folder / f"reveals-{slug(person)}.jsonl"


def record(plan: PlanFile, person: str, case: str, at: datetime) -> None:
    """Put down that ``person`` is about to see the data of ``case`` as it is. SignatureError where that names no person,
    OutputError where it cannot be put down: then it must not be shown."""
    check_person(person)
    line = canonical.line({"plan": plan.digest, "reviewer": person, "at": instant(at), "case": case})
    append(file_of(plan, person), line, 0o600)
