"""What lies around the mapped tables: every table that refers to them, step by step, and how. A repair must know it all.

References are foreign keys, the mapping's soft references, and Django's generic relations. Values only; database.py loads
them from the catalogue, and nothing here asks a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mendbook.dialects import Relation, Stored


@dataclass(frozen=True, slots=True)
class Reference:
    """A way in which rows of ``table`` name rows of ``target``: their ``columns`` hold its ``target_columns``.

    how        "foreign key", "soft" (told by the mapping) or "generic" (a content type and an id)
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


@dataclass(frozen=True)
class Surroundings:
    """The tables that repairs may have to do with, by the names that changes give them, and the references among them."""

    tables: Mapping[str, Stored]
    references: tuple[Reference, ...]

    def relation(self, table: str) -> Relation:
        return self.tables[table].relation

    def to(self, table: str) -> tuple[Reference, ...]:
        """The references to rows of ``table``."""
        return tuple(reference for reference in self.references if reference.target == table)


def foreign_keys(relations: Mapping[str, Relation]) -> list[Reference]:
    """The foreign keys among ``relations`` as references."""
    names = {relation.identity: name for name, relation in relations.items()}
    return [
        Reference(name, key.columns, names[key.target], key.target_columns, "foreign key", key.on_delete, key.deferrable)
        for name, relation in relations.items()
        for key in relation.foreign_keys
        if key.target in names
    ]
