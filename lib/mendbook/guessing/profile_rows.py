"""What rows tell of a table that may hold profiles: how many each user has, who has one, and whom it is required for.

Values only. A race makes one row too many or too few here and there; where most rows speak against it, it is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mendbook.dialects import Relation
from mendbook.guessing import FEW_ROWS, Belonging, Sample, SampledRow, share, text_blank
from mendbook.guessing.names import KIND_WORDS, words
from mendbook.guessing.user_columns import ACTIVE

#: A kind of user is told by at least so many who are of it, and so many who are not.
FEW_USERS = 3
MOST_KINDS = 8
#: Twice is what a race does; beyond that, rows are events.
MOST_ROWS = 3


@dataclass(frozen=True, slots=True)
class Requirement:
    """required_for of one profile: the users' column and its value, with the reason."""

    column: str
    value: Any
    reason: str


def repeated(belonging: Belonging) -> float:
    """The share of users with a row who have more of them than a race makes."""
    counts = [count for count in belonging.counts.values() if count]
    mean = share(sum(counts), len(counts))
    return 1.0 if mean > MOST_ROWS - 0.5 else share(sum(count > MOST_ROWS for count in counts), len(counts))


def for_each_of(relation: Relation, user: str, belonging: Belonging) -> str | None:
    """The column by whose rows elsewhere most users with several rows have one each, as one has a profile at each event."""
    own: dict[Any, list[SampledRow]] = {}
    for row in belonging.rows:
        own.setdefault(row.get(user), []).append(row)
    several = [rows for key, rows in own.items() if key is not None and len(rows) > 1]
    for key in relation.foreign_keys:
        (column, *more) = key.columns
        if more or column == user or relation.columns[column].nullable or len(several) < FEW_USERS:
            continue
        if share(sum(len({row.get(column) for row in rows}) == len(rows) for rows in several), len(several)) > 0.5:
            return column
    return None


def coverage(belonging: Belonging, users: Sample, key: str) -> float:
    """The share of the sampled users who have a row."""
    return share(sum(1 for row in users.rows if belonging.counts.get(row[key])), len(users.rows))


def telling_columns(relation: Relation, users: Sample, spare: Sequence[str]) -> list[str]:
    """The users' columns that may tell one kind of user from another: booleans, and few values under a name such as role.

    Those of most use first: what makes somebody staff is told by is_staff rather than by is_superuser.
    """
    found = []
    for name, column in relation.columns.items():
        if name in spare or name in relation.primary_key or not column.readable or name.lower().replace("_", "") in ACTIVE:
            continue
        values = {value for value in users.values(name) if value is not None}
        few = 2 <= len(values) <= MOST_KINDS
        if column.family == "boolean" or (column.family in ("text", "integer") and few and set(words(name)) & KIND_WORDS):
            found.append(name)
    return sorted(found, key=lambda name: ("super" in name.lower(), "staff" not in name.lower()))


def implied(belonging: Belonging, users: Sample, key: str, columns: Sequence[str], noun: str) -> Requirement | None:
    """The column and value by which nearly all have a row and nearly none of the others has one.

    One user is enough where the table's ``noun`` says the same: staff for is_staff, teacher for a role of that name.
    """
    best: tuple[float, Requirement] | None = None
    for column in columns:
        for value in sorted({each for each in users.values(column) if each is not None}, key=str):
            inside = [row for row in users.rows if row.get(column) == value]
            outside = [row for row in users.rows if row.get(column) != value]
            agrees = (noun in words(column) and value is True) or noun in words(str(value))
            few = 1 if agrees else FEW_USERS
            if len(inside) < few or len(outside) < FEW_USERS or (isinstance(value, str) and not value.strip()):
                continue
            having = [sum(1 for row in part if belonging.counts.get(row[key])) for part in (inside, outside)]
            one, other = share(having[0], len(inside)), share(having[1], len(outside))
            if one >= 0.6 and other <= 0.25 and (best is None or one - other > best[0] + 1e-9):
                reason = f"{having[0]} of {len(inside)} users read with it have a row, and {having[1]} of {len(outside)} others"
                best = one - other, Requirement(column, value, reason)
    return best[1] if best else None


def other_kind(
    belonging: Belonging,
    users: Sample,
    key: str,
    user: str,
    filled: Sequence[str],
    sibling: Requirement,
    sibling_name: str,
) -> Requirement | None:
    """The opposite of a sibling's requirement, where those of its kind have no row here or one that nobody filled."""
    values = {value for value in users.values(sibling.column) if value is not None}
    others = values - {sibling.value}
    if len(others) != 1:
        return None
    (value,) = others
    of_sibling = {row[key] for row in users.rows if row.get(sibling.column) == sibling.value}
    own = [row[key] for row in users.rows if row.get(sibling.column) == value]
    rows = [row for row in belonging.rows if row.get(user) in of_sibling]
    blank = [row for row in rows if filled and all(text_blank(row.get(name)) for name in filled)]
    mine = sum(1 for each in own if belonging.counts.get(each))
    if len(own) < FEW_USERS or share(mine, len(own)) < 0.5 or (rows and share(len(blank), len(rows)) < 0.6):
        return None
    how = f"{len(blank)} of the {len(rows)} rows of such users that were read hold nothing" if rows else "none of them has one"
    reason = f"{mine} of {len(own)} users read with it have a row; the others have {sibling_name}, and {how}"
    return Requirement(sibling.column, value, reason)


def told(belonging: Belonging, users: Sample, key: str) -> str:
    """Who has rows, in words."""
    if not belonging.known:
        return "no index leads to a user's rows, so it was not asked who has one"
    if not users.rows:
        return "there are no users yet"
    having = [count for row in users.rows if (count := belonging.counts.get(row[key], 0))]
    twice = sum(count > 1 for count in having)
    more = f", {twice} of them more than one" if twice else ""
    return f"{len(having)} of {len(users.rows)} users read have a row{more}"


def enough(users: Sample) -> bool:
    return len(users.rows) >= FEW_ROWS


def by_user(rows: Sequence[Mapping[str, Any]], user: str) -> dict[Any, int]:
    """How many of ``rows`` each user has."""
    counts: dict[Any, int] = {}
    for row in rows:
        if row.get(user) is not None:
            counts[row[user]] = counts.get(row[user], 0) + 1
    return counts
