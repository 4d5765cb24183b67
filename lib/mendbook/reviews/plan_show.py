"""What a plan would do, and how far it is, as JSON values: its header, its cases with their states, a digest of what was shown.

It reads the plan, the decisions beside it and the ledger, and believes them: whether signatures hold is review.py's to say,
before anything is applied.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from mendbook.config import Settings
from mendbook.database import Database
from mendbook.dialects import of
from mendbook.errors import MendbookError
from mendbook.ledger.schema import missing
from mendbook.model import Case
from mendbook.plans.files import PlanFile, case_of, case_value
from mendbook.reviews import review

UNDECIDED, BLOCKED, APPLIED, STALE = "undecided", "blocked", "applied", "stale"
#: What a case is about but for its decision; told where a case is asked for by its name.
_WHOLE = ("leaves", "kept", "owns", "locks")


def document(plan: PlanFile, settings: Settings, case: str | None = None, limit: int | None = None) -> dict[str, Any]:
    """The plan as JSON values: {plan, digest, path, header, cases, matched, shown, notes}.

    case     a case's name or case_key; then it is told whole, and no other one
    limit    how many cases at most; ``matched`` tells how many there are
    shown    the SHA-256 of the shown cases' lines in the plan

    Raises ConfigError where there is no such case.
    """
    states, notes = states_of(plan, settings)
    wanted = None if case is None else set(plan.find(case))
    shown, matched = sha256(), 0
    cases: list[dict[str, Any]] = []
    for line, each in lines(plan):
        if wanted is not None and each.name not in wanted:
            continue
        matched += 1
        if limit is None or len(cases) < limit:
            shown.update(line)
            cases.append(case_document(each, states, whole=wanted is not None))
    return {
        "plan": plan.id,
        "digest": plan.digest,
        "path": str(plan.path),
        "header": plan.header.value(),
        "cases": cases,
        "matched": matched,
        "shown": shown.hexdigest(),
        "notes": notes,
    }


def lines(plan: PlanFile) -> Iterator[tuple[bytes, Case]]:
    """The cases, each with the line that it stands in."""
    with plan.path.open("rb") as file:
        next(file, None)
        for line in file:
            yield line, case_of(json.loads(line))


def case_document(case: Case, states: Mapping[str, str], whole: bool = False) -> dict[str, Any]:
    """A case as JSON values: its name as ``case``, its blockers by their names, what each means as ``blocked_by``."""
    value = case_value(case)
    value = {name: each for name, each in value.items() if whole or name not in _WHOLE}
    return {
        "case": case.name,
        **value,
        "blockers": [blocker.name for blocker in case.blockers],
        "blocked_by": {blocker.name: blocker.why for blocker in case.blockers},
        "state": state_of(case, states),
    }


def state_of(case: Case, states: Mapping[str, str]) -> str:
    """undecided, approved, rejected, deferred, blocked, applied or stale."""
    return states.get(case.name, BLOCKED if case.blockers else UNDECIDED)


def states_of(plan: PlanFile, settings: Settings) -> tuple[dict[str, str], list[str]]:
    """The state of each case that has been decided on or tried, and what could not be looked up."""
    states: dict[str, str] = {}
    notes = []
    try:
        states |= {name: state for name, state in review.states(plan).items() if state != UNDECIDED}
    except MendbookError as error:
        notes.append(f"What was decided is not told: {error.message}")
    try:
        states |= done(Database(settings.source(plan.header.source), settings), plan)
    except MendbookError as error:
        notes.append(f"Whether cases were applied is not told, for the ledger was not read: {error.message}")
    return states, notes


def done(database: Database, plan: PlanFile) -> dict[str, str]:
    """What the ledger tells of the plan's cases: applied, or stale where a row was no longer as it had been reviewed."""
    states: dict[str, str] = {}
    with database.connection() as connection:
        if "ledger" in missing(connection):
            return states
        words = of(connection).ledger()
        ledger = words.tables["ledger"].c
        batches = sa.select(words.text(ledger.details)).where(ledger.plan == plan.id).order_by(ledger.position)
        for text in connection.execute(batches).scalars():
            details = json.loads(text)
            states |= {case[0]: APPLIED for case in details.get("cases", ())}
            states |= {case[0]: STALE for case in details.get("stale", ())}
    return states
