"""What the three roles of ``mendbook roles`` need in one database, as values; each dialect writes its own SQL of them.

Values alone: roles.py works them out of the mapping, and nothing here grants anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mendbook.dialects.described import Relation


@dataclass(frozen=True, slots=True)
class Written:
    """What repairs write in one table: the columns they set in rows that stay, and those of rows that they make (``insert``).

    Undo of a delete brings a whole row back, so that is every column that is not computed, or none where no row ever goes.
    Where they set none, ``update`` holds the key: nobody may lock a row without the right to update a column of it.
    """

    relation: Relation
    update: tuple[str, ...]
    insert: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleNeeds:
    """What there is to be granted.

    read        the tables that audits and repairs read
    written     what repairs write in them
    shared      other tables (schema, name) that both read
    audited     other tables that the auditing role alone reads
    sequences   (schema, name) of those that repairs draw from
    no_ledger   the ledger's tables are not there yet
    """

    database: str
    read: tuple[Relation, ...]
    written: tuple[Written, ...]
    shared: tuple[tuple[str, str], ...]
    audited: tuple[tuple[str, str], ...]
    sequences: tuple[tuple[str, str], ...]
    no_ledger: bool


def trigger_remarks(relations: Iterable[Relation], role: str, unless: str) -> Iterable[str]:
    """Comments on what the administrator has to look at: whose rights a trigger runs with."""
    for relation in relations:
        for trigger in relation.triggers:
            what = f"trigger or rule {told(trigger.name)} ({trigger.timing} {', '.join(trigger.events)})"
            table = told(f"{relation.schema}.{relation.name}")
            yield f"-- {table} has the {what}: unless {unless}, {told(role)} needs its rights."


def told(name: str) -> str:
    """A name within a comment, which ends with its line."""
    return ascii(name)[1:-1]
