"""What refers to users without saying so to the database, and which tables grant rights. Values only.

A soft reference is proposed by its name and accepted where the values that were sampled name rows that are there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mendbook.dialects import Relation
from mendbook.guessing import Block, readable
from mendbook.guessing.names import ACTOR_WORDS, PERSON_WORDS, head, plain, words

_ENDINGS = ("id", "ref", "uid", "uuid", "pk", "fk", "key")
#: What joins users with roles has no more columns than these.
MOST_JOINED = 6
_GRANTING = {"group", "permission", "role", "right", "privilege", "authority"}


@dataclass(frozen=True, slots=True)
class Soft:
    """A column that may name rows of ``targets`` (table, key), the likeliest first."""

    table: str
    column: str
    targets: tuple[tuple[str, str], ...]

    def reference(self, target: tuple[str, str]) -> str:
        return f"{self.table}.{self.column} -> {target[0]}.{target[1]}"


def soft(relations: Mapping[str, Relation], users: Block, profiles: Sequence[Block]) -> list[Soft]:
    """Columns without a foreign key that are called after users or one of the profiles."""
    mapped = {users.table: users.value("key"), **{block.table: block.value("key") for block in profiles}}
    own = {(block.table, block.value("user")) for block in profiles}
    found = []
    for table, relation in relations.items():
        if relation.kind != "table" or not readable(relation):
            continue
        bound = {name for key in relation.foreign_keys for name in key.columns} | set(relation.primary_key)
        for name, column in relation.columns.items():
            if name in bound or (table, name) in own or column.family not in ("integer", "uuid", "text") or not column.readable:
                continue
            targets = _targets(relation, name, relations, mapped, users.table)
            if targets:
                found.append(Soft(table, name, targets))
    return found


def _targets(
    relation: Relation, name: str, relations: Mapping[str, Relation], mapped: Mapping[str, str], users: str
) -> tuple[tuple[str, str], ...]:
    said = words(name)
    if len(said) == 1 and said[0][:-2] in PERSON_WORDS:  # userid, in one word
        said = (said[0][:-2], said[0][-2:])
    stem, ending = said[:-1], said[-1] if said else ""
    if ending not in _ENDINGS or not stem or f"{plain(name[: -len(ending)])}type" in {plain(each) for each in relation.columns}:
        return ()
    noun = stem[-1]
    named = [table for table in mapped if table != users and noun in words(table)[-2:]]
    # a customer may be the row in the table of customers, or the user who is one
    means = named + ([users] if noun in {"user", head(users), "account", "member", *_nouns(mapped)} else [])
    column = relation.columns[name]
    fits = [
        (table, key)
        for table in dict.fromkeys([users, *means] if users in means else means)
        if (key := mapped[table]) and column.family in (relations[table].columns[key].family, "text")
    ]
    return tuple(fits) if not set(stem) & ACTOR_WORDS - {"owner", "author"} else ()


def soft_rights(relations: Mapping[str, Relation], references: Sequence[str], users: Block) -> list[str]:
    """The same of tables whose references to users no foreign key declares: ``references`` as the file has them."""
    found = set()
    for reference in references:
        column, _, target = reference.partition(" -> ")
        table, _, _ = column.rpartition(".")
        few = len(relations[table].columns) <= MOST_JOINED
        if few and target == f"{users.table}.{users.value('key')}" and set(words(table)) & _GRANTING:
            found.add(table)
    return sorted(found)


def _nouns(tables: Mapping[str, str]) -> set[str]:
    return {word for table in tables for word in words(table)[-2:]} - {"profile", "user", "detail"}


def rights(relations: Mapping[str, Relation], users: Relation) -> list[str]:
    """The tables that join users with groups, roles or permissions."""
    granting = {
        relation.identity
        for table, relation in relations.items()
        if set(words(table)) & _GRANTING and relation.identity != users.identity
    }
    found = []
    for table, relation in relations.items():
        theirs = {key.target for key in relation.foreign_keys}
        holders = [
            key.columns[0]
            for key in relation.foreign_keys
            if key.target == users.identity and not set(words(key.columns[0])) & ACTOR_WORDS
        ]
        alone = head(table) in _GRANTING and len(relation.columns) <= 4
        if relation.kind == "table" and holders and (theirs & granting or alone):
            found.append(table)
    return sorted(found)
