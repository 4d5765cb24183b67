"""Which tables may hold profiles: those that name a user, by a foreign key or by a column that is called so, once for each.

Values only, and the shape alone: what the rows show is asked in profile_rows.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mendbook.dialects import Relation
from mendbook.guessing import alone_unique, readable
from mendbook.guessing.names import (
    ACTOR_WORDS,
    CODE_WORDS,
    EVENT_WORDS,
    GROUP_WORDS,
    NEVER_PEOPLE,
    ONCE_EACH,
    PROFILE_WORDS,
    asked_for,
    head,
    plain,
    words,
)

#: From here on a table is taken for one of profiles, provided that its rows do not speak against it.
ENOUGH = 4.0
#: The same where there are no rows that could, and where the rows speak for it.
ENOUGH_UNSEEN, ENOUGH_SEEN = 5.0, 2.0
#: What is one-to-one and has no more than that: neither a name nor columns that tell of profiles.
SAID = 6.0


#: Accounts that somebody has with others.
ELSEWHERE = frozenset({"login", "linked", "connected", "external", "federated"})
#: What users' rows may name that holds more of them.
NAMED = frozenset(
    {"profile", "detail", "info", "information", "person", "people", "contact", "partner", "customer", "employee"}
)


@dataclass(frozen=True, slots=True)
class ProfileCandidate:
    """A table that may hold profiles. ``how``: "unique" (one-to-one), "foreign key", or "name" (no foreign key declares it).

    ``beside`` is a column that must name a row of another table, too, where nothing makes the user unique.
    """

    table: str
    relation: Relation
    user: str
    how: str
    score: float
    through: str = ""
    beside: str = ""

    @property
    def doubtful(self) -> bool:
        """By its name its rows are rather events, but there is one for each user at most."""
        return self.how == "unique" and head(self.relation.name) in EVENT_WORDS & ONCE_EACH


@dataclass(frozen=True, slots=True)
class Child:
    """A table whose rows are users themselves: Django's multi-table inheritance, keyed by the parent's key."""

    table: str
    relation: Relation
    key: str


def children(relations: Mapping[str, Relation], users: Relation) -> list[Child]:
    """The tables that inherit from the users' table, step by step."""
    found: list[Child] = []
    parents = {users.identity}
    while True:
        known = {child.relation.identity for child in found}
        fresh = [
            Child(table, relation, relation.primary_key[0])
            for table, relation in relations.items()
            if relation.identity not in known and _inherits(relation, parents)
        ]
        if not fresh:
            return found
        found += fresh
        parents |= {child.relation.identity for child in fresh}


def _inherits(relation: Relation, parents: set[int]) -> bool:
    key = relation.primary_key
    named = len(key) == 1 and plain(key[0]).endswith(("ptr", "ptrid"))
    return named and any(each.columns == key and each.target in parents for each in relation.foreign_keys)


def reversed_references(relations: Mapping[str, Relation], users: Relation) -> list[str]:
    """Notes on tables of profiles that the users' rows name, rather than the other way round."""
    names = {relation.identity: table for table, relation in relations.items()}
    return [
        f"{users.name}.{key.columns[0]} refers to {names[key.target]}: mendbook reads profiles that name their user, and"
        " this one is named by its user, so it cannot be mapped."
        for key in users.foreign_keys
        if len(key.columns) == 1 and key.target in names and head(names[key.target]) in NAMED
    ]


def candidates(
    relations: Mapping[str, Relation], users: Relation, user_key: str, inherited: Sequence[Child]
) -> list[ProfileCandidate]:
    """Every table that may hold profiles of ``users``, the likeliest first."""
    targets = {users.identity: "", **{child.relation.identity: child.table for child in inherited}}
    others = {head(relation.name) for relation in relations.values() if len(words(relation.name)) == 1} - {head(users.name)}
    found = []
    for table, relation in relations.items():
        if relation.kind != "table" or relation.identity in targets or not relation.columns:
            continue
        named = _user_column(relation, users, user_key, targets, others)
        if named is not None and (user := named[0]) is not None:
            how = "unique" if alone_unique(relation, user) else named[1]
            score = _score(relation, users, user, how, targets)
            if score >= ENOUGH_SEEN:
                beside = "" if how == "unique" else next(iter(_beside(relation, targets)), "")
                found.append(ProfileCandidate(table, relation, user, how, score, named[2], beside))
    return sorted(found, key=lambda each: (-each.score, each.table))


def _user_column(
    relation: Relation, users: Relation, user_key: str, targets: Mapping[int, str], others: set[str]
) -> tuple[str, str, str] | None:
    """(column, how, through which child) by which a row names its user; None where there is none, or none of several.

    ``others`` are what other tables are called: a column of that name means their rows.
    """
    ways: list[tuple[float, str, str, str]] = []
    for key in relation.foreign_keys:
        if len(key.columns) == 1 and key.target in targets:
            alone = alone_unique(relation, key.columns[0])
            likely = _likeness(key.columns[0], users)
            if alone:  # the one thing that somebody owns is that person's
                likely = (1 if "owner" in words(key.columns[0]) else likely) + 4
            ways.append((likely, key.columns[0], "foreign key", targets[key.target]))
    if not ways:
        bound = {name for key in relation.foreign_keys for name in key.columns}
        own = users.columns[user_key].family
        for name, column in relation.columns.items():
            if (
                name not in bound
                and column.family in (own, "text")
                and _likeness(name, users) >= 2
                and "id" in plain(name)[-4:]
                and not set(_own(name)) & others
            ):
                ways.append((_likeness(name, users), name, "name", ""))
    if not ways:
        return None
    best = max(ways, key=lambda way: way[0])
    return best[1:] if best[0] > 0 else None


def _likeness(column: str, users: Relation) -> float:
    """How much the column's name says "the user whose row this is"."""
    own = _own(column)
    if own in (["user"], [head(users.name)]) or plain(column) in ("userid", "uid", plain(head(users.name)) + "id"):
        return 3
    if set(own) & ACTOR_WORDS:
        return -5
    return 1


def _own(column: str) -> list[str]:
    """Whose key it is, by its name."""
    return [word for word in words(column) if word not in ("id", "ptr", "fk", "uuid", "key")]


def _score(relation: Relation, users: Relation, user: str, how: str, targets: Mapping[int, str]) -> float:
    noun, said = head(relation.name), set(words(relation.name))
    score = {"unique": 4.0, "foreign key": 0.0, "name": -0.5}[how]
    if noun in PROFILE_WORDS and noun not in EVENT_WORDS:
        score += 4 if noun == "profile" else 3
    elif noun in EVENT_WORDS and not (how == "unique" and noun in ONCE_EACH):
        score -= 6
    if said & (NEVER_PEOPLE | ELSEWHERE):
        score -= 6
    if relation.primary_key == (user,) and how == "unique" and noun in ("user", head(users.name)):
        score -= 6  # users, once more: what names them, beside what is known of them
    if len([key for key in relation.foreign_keys if key.target in targets]) <= 1:
        score += 1
    others = [name for name in relation.columns if name not in (user, *relation.primary_key)]
    form = [name for name in others if asked_for(name)]
    score += min(2.0, 1.0 * len(form))
    score += 0.5 if any(set(words(name)) & CODE_WORDS for name in others) else 0
    if how != "unique" and _joins(relation, others):
        score -= 5
    if how != "unique" and any({"provider", "token"} & set(words(name)) for name in others):
        score -= 4  # how somebody logs in elsewhere
    if how != "unique":
        score -= _several(relation, user, noun, form, targets)
    if (
        how != "unique"
        and {"value"} & {plain(name) for name in others}
        and {"name", "key", "attribute"} & set(map(plain, others))
    ):
        score -= 5  # a name and a value in each row: many rows of everybody
    return score if readable(relation) or how == "unique" or score >= ENOUGH else -1.0


def _several(relation: Relation, user: str, noun: str, form: Sequence[str], targets: Mapping[int, str]) -> float:
    """How much it looks as if several rows of everybody were meant: one for each of something else."""
    elsewhere = [key.columns[0] for key in relation.foreign_keys if len(key.columns) == 1 and key.target not in targets]
    if noun == "member" and elsewhere and set(words(relation.name)) & GROUP_WORDS:
        return 6  # a member of one team is a member of another
    if any(user in index.columns and len(index.columns) > 1 for index in relation.unique_indexes):
        return 3 if form and noun in PROFILE_WORDS else 5
    return 2 if _beside(relation, targets) else 0


def _beside(relation: Relation, targets: Mapping[int, str]) -> list[str]:
    """The columns that must name a row of a table other than the users'."""
    elsewhere = [key.columns[0] for key in relation.foreign_keys if len(key.columns) == 1 and key.target not in targets]
    return [name for name in elsewhere if not relation.columns[name].nullable]


def _joins(relation: Relation, others: Sequence[str]) -> bool:
    """It has little but foreign keys: a table of many-to-many."""
    bound = {name for key in relation.foreign_keys for name in key.columns}
    return len(relation.foreign_keys) > 1 and len([name for name in others if name not in bound]) <= 1
