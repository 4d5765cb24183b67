"""From an applied case to the case that takes it back: exchanged images, in the opposite order, held against the rows of now.

A conversation (see ``model.Asking``): it yields statements and is sent their rows; somebody else holds the connection, and
nothing here changes a row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mendbook import canonical
from mendbook.applied_cases import AppliedCase
from mendbook.damage.changes import Values, privileged, stopped_by_triggers, values, without_key
from mendbook.damage.references import referring
from mendbook.dialects import Stored
from mendbook.model import Asking, Case, Change, Left, Row
from mendbook.plan_making import every_change
from mendbook.returning import returning
from mendbook.surroundings import Surroundings
from mendbook.tables import Tables

#: What takes each back.
_EXCHANGED = {"insert": "delete", "delete": "insert", "update": "update"}
_STAYS = "Sequences stay where they are; mails, messages and anything else that went out is not called back."


@dataclass(frozen=True)
class Original:
    """An applied case, the plan that it was in, and how it stood there (None where that file is gone)."""

    applied: AppliedCase
    plan: str
    planned: Case | None


@dataclass
class _Draft:
    """A case in the making: ``against`` are the reasons why it cannot be."""

    original: Original
    changes: list[Change] = field(default_factory=list)
    against: dict[str, None] = field(default_factory=dict)
    kept: dict[tuple[str, str], Row] = field(default_factory=dict)

    def refuse(self, why: str) -> None:
        self.against[why] = None


#: A change of a draft.
_Place = tuple[_Draft, Change]


def take_back(tables: Tables, originals: Sequence[Original]) -> Asking:
    """A Case or a Left for each of ``originals``, in their order."""
    around = tables.surroundings
    drafts = [_exchanged(around, original) for original in originals]
    yield from _compare(tables, drafts)
    yield from _find_taken(tables, drafts)
    yield from _find_named(tables, drafts)
    yield from _find_naming(tables, drafts)
    return [_case(tables, draft) for draft in drafts]


def _exchanged(around: Surroundings, original: Original) -> _Draft:
    """The changes of an applied case with before and after exchanged; none where they cannot be told any more."""
    draft, applied = _Draft(original), original.applied
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


def _places(drafts: Sequence[_Draft], *ops: str) -> dict[str, list[_Place]]:
    """The changes of drafts that nothing speaks against yet, by table; of ``ops`` where any are named."""
    found: dict[str, list[_Place]] = defaultdict(list)
    for draft in drafts:
        for change in () if draft.against else draft.changes:
            if not ops or change.op in ops:
                found[change.table].append((draft, change))
    return found


def _compare(tables: Tables, drafts: Sequence[_Draft]) -> Generator[Any, Sequence[Any], None]:
    """Every row is as it was left; where one is to come back, nobody has taken its key."""
    around, statements = tables.surroundings, tables.statements
    for table, places in _places(drafts).items():
        stored = around.tables[table]
        if not stored.key:
            images = sorted({str(change.before) for _, change in places if change.op != "insert"})
            rows = (yield statements.by_images(stored, images)) if images else ()
            there = [row.image for row in rows]
            for draft, change in places:
                if change.op == "insert":
                    continue
                if change.before in there:
                    there.remove(str(change.before))
                else:
                    draft.refuse(f"changed since: a row of {table}, which no key names")
            continue
        keys = list({str(change.key): None for _, change in places})
        now = {row.key: row.image for row in (yield statements.by_keys(stored, keys))}
        for draft, change in places:
            image = now.get(change.key)
            if change.op == "insert" and image is not None:
                draft.refuse(f"key taken since: another row of {table} has it")
            elif change.op != "insert" and image is None:
                draft.refuse(f"gone since: a row of {table}")
            elif change.op != "insert" and image != change.before:
                other = _differing(str(change.before), str(image))
                draft.refuse(f"changed since: {', '.join(f'{table}.{name}' for name in other)}")


def _key(stored: Stored, image: str) -> str | None:
    """What names the row of an image; None where nothing else does."""
    row = values(image)
    if len(stored.key) == 1:
        return row[stored.key[0]]
    return canonical.text([row[name] for name in stored.key]) if stored.key else None


def _differing(one: str, other: str) -> list[str]:
    left, right = values(one), values(other)
    return sorted(name for name in left if left[name] != right[name])


def _find_taken(tables: Tables, drafts: Sequence[_Draft]) -> Generator[Any, Sequence[Any], None]:
    """Nobody has taken a value that must be unique; indexes on expressions or parts are left for the database to heed."""
    around, statements = tables.surroundings, tables.statements
    for table, places in _places(drafts, "insert", "update").items():
        stored = around.tables[table]
        for index in stored.relation.unique_indexes:
            columns = tuple(name for name in index.columns if name is not None)
            if not (index.valid and index.predicate is None and len(columns) == len(index.columns)) or columns == stored.key:
                continue
            wanted = [place for place in places if _claims(place[1], columns)]
            if not wanted:
                continue
            asked = [[values(str(change.after))[name] for name in columns] for _, change in wanted]
            for row in (yield statements.by_values(stored, columns, asked)):
                draft, _ = wanted[row.n]
                own = {(change.key, change.before) for change in draft.changes if change.table == table}
                if (row.key, row.image) not in own:
                    draft.refuse(f"taken since by another row of {table}: {', '.join(columns)}")


def _claims(change: Change, columns: Sequence[str]) -> bool:
    """Whether the row gets values in these columns that it does not have now."""
    after = values(str(change.after))
    before: Mapping[str, str | None] = values(change.before) if isinstance(change.before, str) else {}
    return all(after[name] is not None for name in columns) and any(after[name] != before.get(name) for name in columns)


def _find_named(tables: Tables, drafts: Sequence[_Draft]) -> Generator[Any, Sequence[Any], None]:
    """The rows that what comes back refers to: they must be there, and stay."""
    around, statements = tables.surroundings, tables.statements
    for table, places in _places(drafts, "insert", "update").items():
        for reference in around.references:
            wanted = [place for place in places if reference.table == table and _claims(place[1], reference.columns)]
            if reference.only is not None:
                name, value = reference.only
                wanted = [place for place in wanted if values(str(place[1].after))[name] == value]
            if not wanted:
                continue
            target = around.tables[reference.target]
            asked = [[values(str(change.after))[name] for name in reference.columns] for _, change in wanted]
            found: dict[int, str | None] = {}
            for row in (yield statements.by_values(target, reference.target_columns, asked)):
                found[row.n] = row.key
            for number, (draft, _) in enumerate(wanted):
                if number in found:
                    key = found[number]
                    # a row that the case changes itself is compared by its image
                    own = {(change.table, change.key) for change in draft.changes}
                    if key is not None and (reference.target, key) not in own:
                        draft.kept[reference.target, key] = Row(reference.target, key)
                elif reference.how == "foreign key" and not _comes_back(
                    draft, reference.target, reference.target_columns, asked[number]
                ):
                    draft.refuse(f"gone since: the row of {reference.target} that a row of {table} refers to")


def _comes_back(draft: _Draft, table: str, columns: Sequence[str], wanted: Sequence[str | None]) -> bool:
    rows = (values(str(change.after)) for change in draft.changes if change.table == table and change.after is not None)
    return any([row[name] for name in columns] == list(wanted) for row in rows)


def _find_naming(tables: Tables, drafts: Sequence[_Draft]) -> Generator[Any, Sequence[Any], None]:
    """Nothing has come to refer to a row that is to go."""
    for table, places in _places(drafts, "delete").items():
        if not tables.surroundings.tables[table].key:
            continue
        rows = {str(change.key): values(str(change.before)) for _, change in places}
        found = yield from referring(tables, table, rows)
        for draft, change in places:
            own = {(each.table, each.key) for each in draft.changes}
            for row in found[str(change.key)]:
                if (row.reference.table, row.key) not in own:
                    draft.refuse(
                        f"referred to since: a row of {row.reference.table} refers to the row of {table} that was made"
                    )


def _case(tables: Tables, draft: _Draft) -> Case | Left:
    original, around = draft.original, tables.surroundings
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
        locks=tuple(sorted(_unguarded(around, changes))),
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


def _unguarded(around: Surroundings, changes: Sequence[Change]) -> set[str]:
    """The tables in which nothing but a lock keeps somebody from naming a row that goes: no foreign key looks."""
    gone = {change.table for change in changes if change.op == "delete"}
    return {reference.table for table in gone for reference in around.to(table) if reference.how != "foreign key"}
