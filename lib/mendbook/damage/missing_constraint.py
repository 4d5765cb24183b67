"""The schema does not forbid what the application believes impossible.

What it looks like: nothing, until two requests arrive together.

What causes it: a legacy table made without the constraint, a constraint added NOT VALID and never validated, a CREATE
UNIQUE INDEX CONCURRENTLY that failed and left an invalid index, a migration that ran half-way. Looked at are: the user
column of a profile (unique index and foreign key), e-mail and user name (unique index that does not tell case apart), codes
(unique index), and mapped columns that do not exist.

Repairs: none here; ``mendbook guard`` prints the statements that build what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.damage.shape import literal_text
from mendbook.dialects import Index
from mendbook.model import Damage
from mendbook.tables import MappedTable, ProfileTable, Tables


@dataclass(frozen=True, slots=True)
class Weakness:
    """A column that the schema does not protect, and every reason why."""

    table: str
    column: str
    profile: str | None
    reasons: tuple[str, ...]


def find(tables: Tables) -> list[Select[Any]]:
    return [_finding(weakness) for weakness in weaknesses(tables)]


def _finding(weakness: Weakness) -> Select[Any]:
    name = literal_text(f"{weakness.table}.{weakness.column}")
    return sa.select(
        name.label("case_key"),
        literal_text(weakness.profile).label("profile"),
        literal_text(weakness.table).label("table"),
        name.label("row_key"),
        literal_text(None).label("user_key"),
        sa.cast(sa.null(), sa.BigInteger).label("at"),
    )


def weaknesses(tables: Tables) -> list[Weakness]:
    """Every unprotected column of the mapping, from the catalogue alone; one weakness a column."""
    found: dict[tuple[str, str, str | None], list[str]] = {}

    def add(table: str, column: str, profile: str | None, reasons: list[str]) -> None:
        if reasons:
            found.setdefault((table, column, profile), []).extend(reasons)

    users = tables.users
    for column in (users.mapping.email, users.mapping.username):
        if column is not None:
            add(users.name, column, None, _caseless_unique(users, column))
    for profile in tables.profiles:
        name, user = profile.profile, profile.mapping.user
        # here even an invalid index beside a valid one counts: somebody tried to build what is missing, and failed
        broken = _invalid(index for index in profile.relation.unique_indexes if index.columns == (user,))
        add(profile.name, user, name, broken + _unique(profile, user) + _foreign_key(profile, tables))
        for code in profile.mapping.codes:
            if profile.has(code):
                add(profile.name, code, name, _unique(profile, code))
    for gone in tables.absent:
        add(gone.table, gone.column, gone.profile, [f"the mapped column does not exist ({gone.role})"])
    return [Weakness(table, column, profile, tuple(dict.fromkeys(why))) for (table, column, profile), why in found.items()]


def _unique(table: MappedTable, column: str) -> list[str]:
    on_it = [i for i in table.relation.unique_indexes if i.columns == (column,) and _covers_all(i, column)]
    return _lacking(on_it, "no unique index")


def _caseless_unique(table: MappedTable, column: str) -> list[str]:
    on_it = [i for i in table.relation.unique_indexes if _folds(i, column) and _covers_all(i, column)]
    return _lacking(on_it, "no unique index that ignores case")


def _lacking(indexes: list[Index], none: str) -> list[str]:
    if any(index.valid for index in indexes):
        return []
    return _invalid(indexes) or [none]


def _invalid(indexes: Iterable[Index]) -> list[str]:
    return [f"index {index.name} is invalid" for index in indexes if not index.valid]


def _foreign_key(profile: ProfileTable, tables: Tables) -> list[str]:
    users, user = tables.users, profile.mapping.user
    keys = [
        key
        for key in profile.relation.foreign_keys
        if key.columns == (user,) and key.target == users.relation.identity and key.target_columns == (users.mapping.key,)
    ]
    loose = [f"foreign key {key.name} is not validated" for key in keys if not key.validated]
    return loose if keys else ["no foreign key to the users"]


def _folds(index: Index, column: str) -> bool:
    """The index has one key: the column itself where that ignores case, or lower() or upper() of it, trimmed or not."""
    if len(index.columns) != 1:
        return False
    if index.columns[0] is not None:
        return index.columns[0] == column and index.caseless[0]
    return index.folds == (column,)


def _covers_all(index: Index, column: str) -> bool:
    """The index has no predicate, or one that only leaves out blanks of its own column, which match nothing anyway."""
    return index.leaves_out is not None and {*index.leaves_out} <= {column}


DAMAGE = Damage("missing_constraint", "Constraints that the schema lacks", find)
