"""Which table is the users': by its columns, its name, what refers to it, and, between two, by what stands in them.

A table whose rows are named by another candidate's rows (its profiles, or the children of Django's multi-table inheritance) is
none itself. Values only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mendbook.dialects import Relation
from mendbook.errors import MappingError, known
from mendbook.guessing import Ask, Sample, readable
from mendbook.guessing.names import ACTOR_WORDS, EVENT_WORDS, NEVER_PEOPLE, PERSON_WORDS, head, words
from mendbook.guessing.user_columns import Roles, key_of, part_key, roles

#: What a table needs to be taken for the users' without a word from a person.
ENOUGH = 7.0
#: Two candidates that are nearer to one another than this are told as two.
NEAR = 3.0
MOST_CANDIDATES = 6
#: What speaks against a table whose rows no single column names.
KEYLESS = 5.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A table that may be the users', how much speaks for it, and what."""

    table: str
    relation: Relation
    roles: Roles
    score: float
    reasons: tuple[str, ...]


def candidates(relations: Mapping[str, Relation]) -> list[Candidate]:
    """The likeliest tables by their shape, the best first; those that hold neither user name nor e-mail are none."""
    references = _references(relations)
    found = {}
    for table, relation in relations.items():
        own = roles(relation)
        if relation.kind == "table" and (own.first("username") or own.first("email")):
            found[relation.identity] = _scored(table, relation, own, len(references.get(relation.identity, ())))
    judged = [_judged(each, found) for each in found.values()]
    return sorted(judged, key=lambda each: (-each.score, each.table))[:MOST_CANDIDATES]


def _references(relations: Mapping[str, Relation]) -> dict[int, set[str]]:
    """The tables that refer to each, by its identity; not itself."""
    found: dict[int, set[str]] = {}
    for table, relation in relations.items():
        for key in relation.foreign_keys:
            if key.target != relation.identity:
                found.setdefault(key.target, set()).add(table)
    return found


def _scored(table: str, relation: Relation, own: Roles, referring: int) -> Candidate:
    score, reasons = 0.0, []
    for role, weight in (("username", 3), ("email", 3), ("password", 4), ("last_login", 2), ("active", 1), ("created", 1)):
        column = own.first(role)
        if column:
            score += weight
            reasons.append(column)
    score += 1 if own.privileged else 0
    said = [f"it has {', '.join(reasons)}"]
    noun = head(table)
    weight = {"user": 4, "account": 3, "member": 3}.get(noun, 2 if noun in PERSON_WORDS else 0)
    if weight:
        score += weight
        said.append(f"is called after {noun}s")
    if referring:
        score += min(4.0, math.log2(1 + referring))
        said.append(f"{referring} table{'s' if referring > 1 else ''} refer{'' if referring > 1 else 's'} to it")
    if set(words(table)) & NEVER_PEOPLE:
        score -= 6
        said.append("its name tells of something that only looks like users")
    elif noun in EVENT_WORDS and not weight:
        score -= 5
        said.append(f"a {noun} is no person")
    if "admin" in words(table)[:-1]:
        score -= 2
        said.append("it seems to hold administrators alone")
    if key_of(relation) is None:
        score -= KEYLESS
        said.append("no single column names its rows")
    return Candidate(table, relation, own, score, tuple(said))


def _judged(each: Candidate, found: Mapping[int, Candidate]) -> Candidate:
    """Less speaks for a table whose rows belong to another candidate's."""
    for key in each.relation.foreign_keys:
        other = found.get(key.target)
        if other is None or other is each or len(key.columns) != 1 or set(words(key.columns[0])) & ACTOR_WORDS:
            continue
        logs_in = each.roles.first("password") and not other.roles.first("password")
        if (logs_in or other.score + 4 < each.score) and key.columns != each.relation.primary_key:
            continue  # a user of some account or tenant: the other is what it belongs to, not who it is
        why = f"its rows belong to those of {other.table}"
        return Candidate(each.table, each.relation, each.roles, each.score - 6, (*each.reasons, why))
    return each


def choose(
    found: list[Candidate],
    samples: Mapping[str, Sample],
    relations: Mapping[str, Relation],
    forced: str | None,
    ask: Ask,
) -> tuple[Candidate, list[Candidate]]:
    """The users' table, and those that it might have been instead; MappingError where none looks like it."""
    if forced is not None:
        return _forced(forced, found, relations, samples), [
            each for each in found if each.table != forced and each.score >= ENOUGH
        ]
    filled = any(samples[each.table].rows for each in found if each.table in samples)
    ordered = sorted(found, key=lambda each: (-_with_rows(each, samples, filled), each.table))
    good = [each for each in ordered if each.score + _named(each, samples) >= ENOUGH and user_key(each, samples)]
    if not good:
        raise _none(ordered, relations)
    near = [each for each in good[1:] if _with_rows(good[0], samples, filled) - _with_rows(each, samples, filled) < NEAR]
    if near:
        taken = ask("Which table holds the users?", [each.table for each in (good[0], *near)], good[0].table)
        good.sort(key=lambda each: each.table != taken)
    return good[0], good[1:]


def user_key(each: Candidate, samples: Mapping[str, Sample]) -> str | None:
    """The one column that names its rows: by its indexes, or by the rows read of a key of several columns."""
    return key_of(each.relation) or part_key(each.relation, samples.get(each.table, Sample()))


def _named(each: Candidate, samples: Mapping[str, Sample]) -> float:
    """What was taken off for a key of several columns, where one of them will do."""
    return KEYLESS if key_of(each.relation) is None and user_key(each, samples) else 0.0


def _with_rows(each: Candidate, samples: Mapping[str, Sample], filled: bool) -> float:
    """A table without rows beside one that has some is hardly the users'; nor is one that may not be read."""
    empty = filled and each.table in samples and not samples[each.table].rows
    return each.score + _named(each, samples) - (3 if empty else 0) - (0 if readable(each.relation) else 2)


def _forced(
    table: str, found: Iterable[Candidate], relations: Mapping[str, Relation], samples: Mapping[str, Sample]
) -> Candidate:
    relation = relations.get(table)
    if relation is None:
        raise MappingError(f"There is no table {table!r} to hold the users.", known(table, relations, "table"))
    if (key_of(relation) or part_key(relation, samples.get(table, Sample()))) is None:
        raise MappingError(
            f"No single column of {table!r} names each of its rows once.",
            "mendbook needs one: a primary key of one column, or a unique column that may not be NULL.",
        )
    at_hand = next((each for each in found if each.table == table), None)
    reasons = ("--users names it",)
    return Candidate(table, relation, at_hand.roles if at_hand else roles(relation), 99.0, reasons)


def _none(ordered: list[Candidate], relations: Mapping[str, Relation]) -> MappingError:
    nearest = "; ".join(f"{each.table} ({', '.join(each.reasons)})" for each in ordered[:3])
    looked = f"None of the {len(relations)} tables that this role can see looks like the users'"
    near = f": the nearest were {nearest}" if nearest else ": none has a user name or an e-mail"
    called = [table for table, relation in relations.items() if set(words(table)) <= {"user", head(table)} and key_of(relation)]
    bare = next((table for table in called if head(table) in ("user", "account", "member")), None)
    if bare is not None and bare not in {each.table for each in ordered[:3]}:
        near += (
            f"; {bare} is called after users, but has neither user name nor e-mail that mendbook knows: --users {bare} takes it"
        )
    return MappingError(
        f"{looked}{near}.",
        "Name it: --users TABLE. Or write [sources.NAME.users] by hand; docs/mapping.md shows every line. "
        "A role that may see more tables may help, too.",
    )
