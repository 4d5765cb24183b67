"""From an applied case to the case that takes it back: exchanged images, in the opposite order, held against the rows of now.

A conversation (see ``model.Asking``): it yields statements and is sent their rows; somebody else holds the connection, and
nothing here changes a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mendbook.damage.changes import Values, privileged, stopped_by_triggers, values, without_key
from mendbook.damage.deletions import unguarded
from mendbook.dialects import Stored
from mendbook.digests import canonical
from mendbook.mapping.surroundings import Surroundings
from mendbook.mapping.tables import Tables
from mendbook.model import Asking, Case, Change, Left
from mendbook.plans.making import every_change
from mendbook.undoing.applied_cases import AppliedCase
from mendbook.undoing.changed_since import Draft, look
from mendbook.undoing.returning import returning

#: What takes each back.
_EXCHANGED = {"insert": "delete", "delete": "insert", "update": "update"}
_STAYS = "Sequences stay where they are; mails, messages and anything else that went out is not called back."


@dataclass(frozen=True)
class Original:
    """An applied case, the plan that it was in, and how it stood there (None where that file is gone)."""

    applied: AppliedCase
    plan: str
    planned: Case | None


def take_back(tables: Tables, originals: Sequence[Original]) -> Asking:
    """A Case or a Left for each of ``originals``, in their order."""
    around = tables.surroundings
    drafts = [_exchanged(around, original) for original in originals]
    yield from look(tables, drafts)
    return [_case(tables, original, draft) for original, draft in zip(originals, drafts, strict=True)]


def _exchanged(around: Surroundings, original: Original) -> Draft:
    """The changes of an applied case with before and after exchanged; none where they cannot be told any more."""
    draft, applied = Draft(), original.applied
    if applied.purged:
        draft.refuse("its images were purged")
        return draft
    for change in applied.changes:
        if change.table not in around.tables:
            draft.refuse(f"table {change.table} is not there any more, or refers to no mapped one")
            continue
        columns = around.relation(change.table).columns
        for image in (change.before, change.after):
            other = set(columns) ^ set(values(image)) if isinstance(image, str) else ()
            if other:
                draft.refuse(f"the columns of {change.table} are others since: {', '.join(sorted(other))}")
    if draft.against:
        return draft
    phases = _phases(original)
    last = max(phases, default=0)
    for change, phase in reversed(list(zip(applied.changes, phases, strict=True))):
        key = _key(around.tables[change.table], str(change.before if change.op == "delete" else change.after))
        op = _EXCHANGED[change.op]
        draft.changes.append(Change(applied.case_key, change.table, op, key, change.after, change.before, last - phase))
    draft.changes.sort(key=lambda change: change.phase)
    return draft


def _key(stored: Stored, image: str) -> str | None:
    """What names the row of an image; None where nothing else does."""
    row = values(image)
    if len(stored.key) == 1:
        return row[stored.key[0]]
    return canonical.text([row[name] for name in stored.key]) if stored.key else None


def _phases(original: Original) -> list[int]:
    """The phase in which each change was made: as planned, else as the order in the ledger tells."""
    changes, planned = original.applied.changes, original.planned
    known = {} if planned is None else {_what(change): change.phase for change in every_change(planned)}
    drawn = {} if planned is None else {(c.table, c.op): c.phase for c in every_change(planned) if c.key is None}
    found = [known.get(_what(change), drawn.get((change.table, change.op))) for change in changes]
    told = [phase for phase in found if phase is not None]
    if len(told) == len(changes):
        return told
    phases: list[int] = []
    for number, change in enumerate(changes):
        before = changes[number - 1] if number else change
        alike = (before.table, before.op) == (change.table, change.op)
        phases.append(phases[-1] + (not alike) if phases else 0)
    return phases


def _what(change: Change) -> tuple[str, str, str | None]:
    return change.table, change.op, change.key


def _case(tables: Tables, original: Original, draft: Draft) -> Case | Left:
    around = tables.surroundings
    applied, planned, changes = original.applied, original.planned, draft.changes
    if draft.against:
        return Left(applied.kind, applied.profile, applied.case_key, "; ".join(draft.against))
    users: dict[str, Values] = {
        str(change.key): values(str(change.after or change.before))
        for change in changes
        if change.table == tables.users.name and change.op != "update"
    }
    blockers = [*privileged(tables, users), *stopped_by_triggers(around, changes), *without_key(around, changes)]
    what = "what" if planned is None else f"what {planned.repair!r}"
    return Case(
        applied.kind,
        applied.profile,
        applied.case_key,
        "undo",
        "high" if planned is None else planned.risk,
        tuple(changes),
        because=(
            f"Takes back {what} did in batch {applied.batch} of plan {original.plan}, at {applied.at}.",
            *_after_triggers(around, changes),
            _STAYS,
        ),
        blockers=tuple(blockers),
        leaves=returning(tables, applied.kind, changes),
        kept=tuple(draft.kept.values()),
        owns=() if planned is None else planned.owns,
        locks=tuple(dict.fromkeys(table for gone in _gone(changes) for table in unguarded(tables, gone))),
    )


def _after_triggers(around: Surroundings, changes: Sequence[Change]) -> Iterator[str]:
    """What triggers did beside the rows is theirs, then and now."""
    found = {
        f"{change.table}: {trigger.name}"
        for change in changes
        for trigger in around.relation(change.table).triggers
        if trigger.timing == "after" and {change.op, _EXCHANGED[change.op]} & set(trigger.events)
    }
    if found:
        yield f"What triggers did elsewhere is not taken back, and they may do it again: {', '.join(sorted(found))}."


def _gone(changes: Sequence[Change]) -> list[str]:
    return sorted({change.table for change in changes if change.op == "delete"})
