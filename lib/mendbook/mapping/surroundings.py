"""What lies around the mapped tables: every table that refers to them, step by step, and how. A repair must know it all.

References are foreign keys, the mapping's soft references, and Django's generic relations. Values only; database.py loads
them from the catalogue, and nothing here asks a database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mendbook.dialects import Column, Generic, Relation, Stored


@dataclass(frozen=True, slots=True)
class Reference:
    """A way in which rows of ``table`` name rows of ``target``: their ``columns`` hold its ``target_columns``.

    how        "foreign key", "soft" (told by the mapping), "mapped" (a profile's user, where no foreign key says so) or
               "generic" (a content type and an id)
    on_delete  for a foreign key, what the database does when the named row goes
    deferrable for a foreign key, whether it may wait for the end of the transaction
    only       for a generic relation, the content type's column and the value (text) by which it means ``target``
    """

    table: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    how: str
    on_delete: str = "no action"
    deferrable: bool = False
    only: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        return f"{self.table}.{', '.join(self.columns)}"

    @property
    def waits(self) -> bool:
        """The database lets it be broken until the end of the transaction, or does not look after it at all."""
        return self.how != "foreign key" or (self.deferrable and self.on_delete == "no action")


@dataclass(frozen=True)
class Surroundings:
    """The tables that repairs may have to do with, by the names that changes give them, and the references among them.

    ``rights`` are the tables whose rows grant rights; ``closed`` is why references may be there that cannot be seen.
    """

    tables: Mapping[str, Stored]
    references: tuple[Reference, ...]
    rights: frozenset[str] = frozenset()
    closed: str = ""

    def relation(self, table: str) -> Relation:
        return self.tables[table].relation

    def to(self, table: str) -> tuple[Reference, ...]:
        """The references to rows of ``table``."""
        return tuple(reference for reference in self.references if reference.target == table)


def distinct(references: Iterable[Reference]) -> tuple[Reference, ...]:
    """Each way of referring once, told as the first of ``references`` tells it: foreign keys stand there first."""
    first: dict[tuple[object, ...], Reference] = {}
    for each in references:
        first.setdefault((each.table, each.columns, each.target, each.target_columns, each.only), each)
    return tuple(first.values())


def generic_references(generic: Generic, tables: Mapping[str, Stored]) -> list[Reference]:
    """Django's generic relations to ``tables`` as references; columns that cannot hold a table's key are left out."""
    names = {stored.relation.identity: name for name, stored in tables.items()}
    behind: dict[str, list[str]] = {}
    for kind, table in generic.types.items():
        behind.setdefault(table, []).append(kind)
    return [
        Reference(names[pair.identity], (pair.key,), name, stored.key, "generic", only=(pair.kind, kind))
        for pair in generic.pairs
        if pair.identity in names
        for name, stored in tables.items()
        if len(stored.key) == 1
        for kind in behind.get(stored.relation.name, ())
        if _holds(tables[names[pair.identity]].relation.columns[pair.key], stored.relation.columns[stored.key[0]])
    ]


def _holds(column: Column, key: Column) -> bool:
    """The column can hold the key: as it is, or as text."""
    return column.family == "text" or (column.family == key.family and key.family in ("integer", "uuid", "number"))


def foreign_keys(relations: Mapping[str, Relation]) -> list[Reference]:
    """The foreign keys among ``relations`` as references."""
    names = {relation.identity: name for name, relation in relations.items()}
    return [
        Reference(name, key.columns, names[key.target], key.target_columns, "foreign key", key.on_delete, key.deferrable)
        for name, relation in relations.items()
        for key in relation.foreign_keys
        if key.target in names
    ]
