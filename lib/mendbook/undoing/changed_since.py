"""What has become of the rows that an undo would put back: changed, gone, taken, or referred to since.

Conversations (see ``model.Asking``): they yield statements and are sent their rows; somebody else holds the connection, and
nothing here changes a row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mendbook.damage.changes import values
from mendbook.damage.references import fits, named_by, referring, unreadable
from mendbook.mapping.surroundings import Reference
from mendbook.mapping.tables import Tables
from mendbook.model import Change, Row


@dataclass
class Draft:
    """A case in the making.

    changes  exchanged already, each ``before`` the row as it should be now
    against  why it cannot be; nothing more is asked of a case with any
    kept     rows that it relies on, by table and key
    """

    changes: list[Change] = field(default_factory=list)
    against: dict[str, None] = field(default_factory=dict)
    kept: dict[tuple[str, str], Row] = field(default_factory=dict)

    def refuse(self, why: str) -> None:
        self.against[why] = None


#: A change of a draft.
_Place = tuple[Draft, Change]


def look(tables: Tables, drafts: Sequence[Draft]) -> Generator[Any, Sequence[Any], None]:
    """Find all that speaks against ``drafts``, and the rows that they rely on."""
    yield from _compare(tables, drafts)
    yield from _find_taken(tables, drafts)
    yield from _find_named(tables, drafts)
    yield from _find_naming(tables, drafts)


def _places(drafts: Sequence[Draft], *ops: str) -> dict[str, list[_Place]]:
    """The changes of drafts that nothing speaks against yet, by table; of ``ops`` where any are named."""
    found: dict[str, list[_Place]] = defaultdict(list)
    for draft in drafts:
        for change in () if draft.against else draft.changes:
            if not ops or change.op in ops:
                found[change.table].append((draft, change))
    return found


def _compare(tables: Tables, drafts: Sequence[Draft]) -> Generator[Any, Sequence[Any], None]:
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


def _differing(one: str, other: str) -> list[str]:
    left, right = values(one), values(other)
    return sorted(name for name in left if left[name] != right[name])


def _find_taken(tables: Tables, drafts: Sequence[Draft]) -> Generator[Any, Sequence[Any], None]:
    """Nobody has taken a value that must be unique, be it in columns, in expressions of them, or in some rows alone."""
    around, statements = tables.surroundings, tables.statements
    for table, places in _places(drafts, "insert", "update").items():
        stored = around.tables[table]
        for index in stored.relation.unique_indexes:
            if not index.valid or index.columns == stored.key:
                continue
            columns = [name for name in index.columns if name is not None]
            plain = index.predicate is None and len(columns) == len(index.columns)
            wanted = [place for place in places if not plain or _claims(place[1], columns)]
            if not wanted:
                continue
            afters = [str(change.after) for _, change in wanted]
            asked = [[values(after)[name] for name in columns] for after in afters]
            found = statements.by_values(stored, columns, asked) if plain else statements.colliding(stored, index, afters)
            for row in (yield found):
                draft, _ = wanted[row.n]
                own = {(change.key, change.before) for change in draft.changes if change.table == table}
                if row.image is not None and (row.key, row.image) not in own:
                    draft.refuse(f"taken since by another row of {table}: {', '.join(index.expressions)}")


def _claims(change: Change, columns: Sequence[str]) -> bool:
    """Whether the row gets values in these columns that it does not have now."""
    after = values(str(change.after))
    before: Mapping[str, str | None] = values(change.before) if isinstance(change.before, str) else {}
    return all(after[name] is not None for name in columns) and any(after[name] != before.get(name) for name in columns)


def _find_named(tables: Tables, drafts: Sequence[Draft]) -> Generator[Any, Sequence[Any], None]:
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
            kinds = [target.relation.columns[name] for name in reference.target_columns]
            able = [
                n for n, each in enumerate(asked) if all(fits(kind, value) for kind, value in zip(kinds, each, strict=True))
            ]
            found: dict[int, str | None] = {}
            for row in (yield statements.by_values(target, reference.target_columns, [asked[n] for n in able])):
                found[able[row.n]] = row.key
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


def _comes_back(draft: Draft, table: str, columns: Sequence[str], wanted: Sequence[str | None]) -> bool:
    rows = (values(str(change.after)) for change in draft.changes if change.table == table and change.after is not None)
    return any([row[name] for name in columns] == list(wanted) for row in rows)


def _find_naming(tables: Tables, drafts: Sequence[Draft]) -> Generator[Any, Sequence[Any], None]:
    """Nothing has come to refer to a row that is to go."""
    around = tables.surroundings
    for table, places in _places(drafts, "delete").items():
        if not around.tables[table].key:
            continue
        unseen = [around.closed, *(unreadable(tables, reference) for reference in around.to(table))]
        if any(unseen):
            for draft, _ in places:
                draft.refuse(f"rows may refer to it that cannot be seen: {next(filter(None, unseen))}")
            continue
        rows = {str(change.key): values(str(change.before)) for _, change in places}
        found = yield from referring(tables, table, rows)
        for draft, change in places:
            own = {(each.table, each.key) for each in draft.changes}
            for row in found[str(change.key)]:
                if (row.reference.table, row.key) in own:
                    continue
                if not (yield from _named_otherwise(tables, draft, row.reference, rows[str(change.key)])):
                    draft.refuse(
                        f"referred to since: a row of {row.reference.table} refers to the row of {table} that was made"
                    )


def _named_otherwise(
    tables: Tables, draft: Draft, reference: Reference, row: Mapping[str, str | None]
) -> Generator[Any, Sequence[Any], bool]:
    """What names ``row`` by something that is not its key (an e-mail, say) names a row that stays, or comes, as well."""
    stored, wanted = tables.surroundings.tables[reference.target], named_by(reference, row)
    if not reference.waits or reference.target_columns == stored.key:
        return False
    if _comes_back(draft, reference.target, reference.target_columns, wanted):
        return True
    touched = {each.key for each in draft.changes if each.table == reference.target}
    same = yield tables.statements.by_values(stored, reference.target_columns, [wanted])
    return any(each.key not in touched for each in same)
