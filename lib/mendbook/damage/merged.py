"""Tells merges as cases: changes in their phases, reasons, options, what the case relies on, and what blocks it.

The database is asked once a table what the changed rows will be, and whether they would meet the table's checks; where a
merge could not be made the finding is left, with the reason. A conversation; it decides nothing of who is merged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from mendbook.blanks import blank
from mendbook.damage.changes import deleted, image, stopped_by_triggers, values, without_key
from mendbook.damage.held import Group, Held, Merging
from mendbook.damage.ordering import phases
from mendbook.damage.reasons import goes
from mendbook.damage.survivors import Facts, measured
from mendbook.digests import canonical
from mendbook.mapping.tables import ProfileTable, Tables
from mendbook.model import Case, Change, Image, Left, Option, Row

_ORDER = {"delete": 0, "update": 1, "insert": 2}
#: The blockers in the order in which they are told.
_BLOCKERS = ("privileged", "both_used", "cascade", "trigger", "no_key")


def told(
    tables: Tables, mergings: Sequence[Merging], repair: str, risk: str, known: Mapping[str, Facts]
) -> Generator[Any, Sequence[Any], list[Case | Left]]:
    """A case, or what is left and why, for each of ``mergings``, in their order."""
    order: dict[int, dict[Held, int]] = {}
    for merging in mergings:
        if not merging.problem:
            merging.settle()
            order[id(merging)] = _in_order(tables, merging)
            _check_keys(tables, merging)
    yield from _become(tables, mergings)
    made: list[Case | Left] = []
    for merging in mergings:
        found = merging.found
        if merging.problem:
            made.append(Left(found.kind, found.profile, found.case_key, merging.problem))
        else:
            made.append(_case(tables, merging, order[id(merging)], (repair, risk), known))
    return made


def _in_order(tables: Tables, merging: Merging) -> dict[Held, int]:
    found = phases(merging)
    if found is None:
        # a survivor that names its own loser cannot take over what that holds: it would have to change twice
        for group in merging.groups:
            if group.survivor.fills and group.survivor.follows:
                merging.because.append(
                    f"{', '.join(group.survivor.fills)} of {group.survivor.name} stays blank: the rows name one another"
                )
                group.survivor.fills.clear()
                merging.settle()
        found = phases(merging)
    if found is None:
        merging.leave("its rows name one another in a circle, and those references cannot wait: make them deferrable")
        return {}
    for held in merging.copies:
        relation, new = tables.surroundings.relation(held.table), held.changes()
        if any(not set(new) & {*index.columns} for index in relation.unique_indexes):
            merging.leave(
                f"the key of {held.name} changes while rows name it, and it is unique in other columns too: make the references"
                " to it deferrable"
            )
    return found


def _check_keys(tables: Tables, merging: Merging) -> None:
    """A foreign key that shares a column with one that moves must still name a row."""
    for held in merging.changed():
        new = held.changes()
        moved = {reference.columns for reference, _ in held.refers}
        for key in tables.surroundings.relation(held.table).foreign_keys:
            touched = set(key.columns) & new.keys() - held.fills.keys()
            if touched and key.columns not in moved and all(held.value(column) is not None for column in key.columns):
                merging.leave(
                    f"{held.name} would change {', '.join(sorted(touched))}, by which it names another row too ({key.name})"
                )


def _become(tables: Tables, mergings: Sequence[Merging]) -> Generator[Any, Sequence[Any], None]:
    """Ask what changed rows will be: computed columns, and the text that the database gives each value."""
    wanted: dict[str, list[tuple[Merging, Held, Image]]] = {}
    for merging in mergings:
        if not merging.problem:
            for held in merging.rows.values():
                new = merging.rights.get(held) or held.changes()
                if new:
                    wanted.setdefault(held.table, []).append((merging, held, image({**held.row, **new})))
    for table, rows in wanted.items():
        stored = tables.surroundings.tables[table]
        for row in (yield tables.statements.becoming(stored, [after for _, _, after in rows])):
            merging, held, after = rows[row.n]
            merging.images[held] = row.image
            if row.broken:
                merging.leave(f"{held.name} would then break the table's check {row.broken[0]}")
            lost = _lost(tables, held, values(after), values(row.image))
            if lost:
                merging.leave(f"{held.table}.{lost} cannot hold what {held.name} would have to name")


def _lost(tables: Tables, held: Held, wanted: Mapping[str, str | None], got: Mapping[str, str | None]) -> str:
    """The text column that would hold another text than it was given; empty where there is none."""
    columns = tables.surroundings.relation(held.table).columns
    texts = [name for name in held.moves if columns[name].family in ("text", "uuid", "integer") and not columns[name].generated]
    return next((name for name in texts if wanted[name] != got[name]), "")


def _case(
    tables: Tables, merging: Merging, order: Mapping[Held, int], how: tuple[str, str], known: Mapping[str, Facts]
) -> Case:
    found, around = merging.found, tables.surroundings
    made = [(change, held) for held in order for change in _changes(tables, merging, held, order)]
    made.sort(key=lambda each: (each[0].phase, _ORDER[each[0].op], each[0].table, len(each[1].named), each[1].named))
    changes = tuple(change for change, _ in made)
    places = {held: n for n, (change, held) in enumerate(made) if change.op == "delete"}
    blockers = [*merging.blockers, *stopped_by_triggers(around, changes), *without_key(around, changes)]
    return Case(
        kind=found.kind,
        profile=found.profile,
        case_key=found.case_key,
        repair=how[0],
        risk=how[1],
        changes=changes,
        because=tuple(_because(merging)),
        blockers=tuple(sorted(blockers, key=lambda blocker: _BLOCKERS.index(blocker.name))),
        options=tuple(_option(merging, held, places[held], changes[places[held]].phase) for held in merging.rights),
        leaves=tuple(_leaves(tables, merging, known)),
        kept=tuple(_kept(tables, merging)),
        owns=tuple(merging.owns),
        locks=tuple(_locks(tables, merging)),
    )


def _changes(tables: Tables, merging: Merging, held: Held, order: Mapping[Held, int]) -> list[Change]:
    key = merging.found.case_key
    if held.gone:
        return [deleted(key, held.table, held.key, held.image, order[held])]
    if held not in merging.images:
        return []  # a copy: told with the row that it is made of
    after = merging.images[held]
    if held not in merging.copies:
        return [Change(key, held.table, "update", held.key, held.image, after, order[held])]
    row, stored = values(after), tables.surroundings.tables[held.table]
    texts = [row[name] for name in stored.key]
    named = texts[0] if len(texts) == 1 else canonical.text(texts) if texts else None
    return [
        Change(key, held.table, "insert", named, None, after, order[merging.copies[held]]),
        deleted(key, held.table, held.key, held.image, order[held]),
    ]


def _option(merging: Merging, held: Held, place: int, phase: int) -> Option:
    key = merging.found.case_key
    other = Change(key, held.table, "update", held.key, held.image, merging.images[held], phase)
    loser = next(target for _, target in held.refers if target.loser)
    why = f"{loser.key} has it and {loser.stays().key} has not: " + ", ".join(
        f"{name} {value}" for name, value in held.row.items() if name not in merging.rights[held] and value != held.key
    )
    return Option(f"{held.table}:{held.key}", why, False, place, other=other)


def _because(merging: Merging) -> list[str]:
    said = []
    for group in merging.groups:
        said += [*group.rule, *_fills(group)]
    moved: Counter[str] = Counter()
    for held in merging.changed():
        moved.update({reference.name for reference, _ in held.refers if set(reference.columns) & held.changes().keys()})
    said += [f"{number} row{'s' * (number > 1)} moved by {name}" for name, number in sorted(moved.items())]
    said += [f"{goes(held.name)}{held.why}" for held in merging.rows.values() if held.gone and not held.loser]
    said += [f"{held.name} moves by way of a copy: rows name it by its key" for held in merging.copies]
    return [*said, *merging.because]


def _fills(group: Group) -> list[str]:
    survivor = group.survivor
    return [
        f"{column} of {survivor.name} comes from {loser.key}"
        for column, loser in survivor.fills.items()
        if column in survivor.changes()
    ]


def _leaves(tables: Tables, merging: Merging, known: Mapping[str, Facts]) -> list[str]:
    """Damage of other kinds that the rows of profiles have afterwards: they had it before, or now belong to another user."""
    kinds: set[str] = set()
    user = next((group.survivor for group in merging.groups if group.table == tables.users.name), None)
    for number, profile in enumerate(tables.profiles):
        for held in merging.rows.values():
            if held.table != profile.name or held.gone:
                continue
            kinds |= _damage(profile, held)
            if user is not None and held.moves and not known[user.named].fits[number]:
                kinds.add("wrong_profile")
    return sorted(kinds)


def _damage(profile: ProfileTable, held: Held) -> set[str]:
    mapping = profile.mapping
    filled = measured(profile) if mapping.filled else []
    found = {
        "blank_profile": bool(filled) and all(blank(held.value(name)) for name in filled),
        "null_flag": any(profile.has(name) and held.value(name) is None for name in mapping.flags),
        "missing_code": any(profile.has(name) and blank(held.value(name)) for name in mapping.codes),
    }
    return {name for name, there in found.items() if there}


def _kept(tables: Tables, merging: Merging) -> list[Row]:
    """The rows that stay as they are and that the case relies on: survivors, rows in a victim's place, a profile's user."""
    found = merging.found
    kept = [Row(tables.users.name, found.case_key)] if found.profile is not None else []
    stay = [group.survivor for group in merging.groups] + [held.stays() for held in merging.rows.values() if held.place]
    for held in dict.fromkeys(stay):
        if not held.gone and held.key is not None and not held.changes():
            kept.append(Row(held.table, held.key, held.image))
    return kept


def _locks(tables: Tables, merging: Merging) -> list[str]:
    """The merged tables and those that refer to them; of other rows that go, the tables whose references nobody looks after."""
    merged = {group.table for group in merging.groups}
    locked = merged | {reference.table for table in merged for reference in tables.surroundings.to(table)}
    for table in {held.table for held in merging.rows.values() if held.gone}:
        locked |= {each.table for each in tables.surroundings.to(table) if each.how != "foreign key"}
    return sorted(locked)
