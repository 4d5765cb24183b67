"""What becomes of a case when several people have decided on it, and what is then done of it.

Pure: who may decide, and whether they signed, is found out before. The careful word wins: one who rejects rejects it for all,
one who defers makes all wait, and reviewers who want different things have not approved the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from mendbook.digests import canonical
from mendbook.model import Case, Change, Option
from mendbook.plans.outlines import Outline
from mendbook.reviews.decisions import Decision

APPROVED, REJECTED, DEFERRED, UNDECIDED = "approved", "rejected", "deferred", "undecided"
#: Of a case that nobody has decided on, where it is only shown.
BLOCKED = "blocked"
STATES = {"approve": APPROVED, "reject": REJECTED, "defer": DEFERRED}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the reviewers together say of a case.

    state    "approved", "rejected", "deferred" or "undecided"
    why      where it is not approved, why
    by       the people whose word that is
    waived   the blockers that all of them waived
    chosen   options for which not the case's own word holds: (name, whether it is done)
    missing  how many more people must approve it, where nothing but that stands against it
    """

    state: str
    why: str = ""
    by: tuple[str, ...] = ()
    waived: tuple[str, ...] = ()
    chosen: tuple[tuple[str, bool], ...] = ()
    missing: int = 0


def needed(policy: Mapping[str, Any], risk: str) -> int:
    """How many people must approve a case of that risk; the risk may ask for more than the rest, never for fewer."""
    return int(max(policy["approvals"], policy.get("approvals_by_risk", {}).get(risk, 0)))


def combine(outline: Outline, votes: Sequence[tuple[str, Decision]], need: int) -> Verdict:
    """The verdict on a case of the decisions of different people (name, decision), ``need`` of whom must approve."""
    if not outline.options and len(votes) == 1 == need and votes[0][1].decision == "approve":
        return _said(APPROVED, "", (votes[0][0],), outline.blockers)  # what most cases of most plans are
    for verb in ("reject", "defer"):
        if by := tuple(person for person, vote in votes if vote.decision == verb):
            comment = next((vote.comment for _, vote in votes if vote.decision == verb and vote.comment), "")
            return _said(STATES[verb], f"{STATES[verb]} by {', '.join(by)}" + (f": {comment}" if comment else ""), by)
    by = tuple(person for person, _ in votes)
    if not by:
        blocked = f"it is blocked ({', '.join(outline.blockers)}), and " if outline.blockers else ""
        return _said(UNDECIDED, f"{blocked}nobody has decided on it", (), (), (), need)
    wanted = [_choices(outline, vote) for _, vote in votes]
    if odd := next((each for each in wanted if each != wanted[0]), None):
        name = next(name for (name, one), (_, other) in zip(wanted[0], odd, strict=True) if one != other)
        return _said(UNDECIDED, f"its reviewers choose differently of {name}", by)
    chosen = tuple((name, done) for (name, done), (_, taken) in zip(wanted[0], outline.options, strict=True) if done != taken)
    if len(by) < need:
        return _said(UNDECIDED, f"{len(by)} of {need} people have approved it", by, outline.blockers, chosen, need - len(by))
    return _said(APPROVED, "", by, outline.blockers, chosen)


@cache
def _said(
    state: str,
    why: str,
    by: tuple[str, ...],
    waived: tuple[str, ...] = (),
    chosen: tuple[tuple[str, bool], ...] = (),
    missing: int = 0,
) -> Verdict:
    """One value for all cases of which the same is said: a plan may have a hundred thousand."""
    return Verdict(state, why, by, waived, chosen, missing)


def _choices(outline: Outline, vote: Decision) -> list[tuple[str, bool]]:
    return [(name, name in vote.accepted or (taken and name not in vote.declined)) for name, taken in outline.options]


def effective(case: Case, verdict: Verdict) -> Case:
    """The case as it is to be done: each option as it was chosen, else as the case itself has it.

    A column that is declined keeps what it has; a change that then changes nothing drops out. The options are gone.
    """
    if not case.options:
        return case
    chosen = dict(verdict.chosen)
    changes: list[Change | None] = list(case.changes)
    touched = set()
    for option in case.options:
        if option.column is None and chosen.get(option.name, option.taken) != option.taken:
            changes[option.change] = option.other
    for option in case.options:
        change = changes[option.change]
        if option.column is not None and change is not None and not chosen.get(option.name, option.taken):
            changes[option.change] = _declined(change, option)
            touched.add(option.change)
    kept = [change for place, change in enumerate(changes) if change and not (place in touched and _is_nothing(change))]
    return replace(case, changes=tuple(kept), options=())


def _declined(change: Change, option: Option) -> Change:
    """The change with the option's column left as it is; in a new row, with nothing there."""
    before, after = _values(change.before), _values(change.after)
    return replace(change, after=canonical.text({**after, option.column: before.get(option.column)}))


def _values(image: Any) -> dict[str | None, str | None]:
    return dict(json.loads(image) if isinstance(image, str) else image or {})


def _is_nothing(change: Change) -> bool:
    return change.op == "update" and not change.drawn and _values(change.before) == _values(change.after)
