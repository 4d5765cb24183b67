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
from mendbook.mapping.tables import MappedTable, ProfileTable, Tables
from mendbook.model import Damage


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that a column lacks: ``what`` is one of the constants below, ``name`` the index, key or role it is about."""

    what: str
    name: str = ""

    @property
    def words(self) -> str:
        """The same as a person reads it."""
        return _WORDS[self.what].format(self.name)


UNIQUE, CASELESS, INVALID = "unique", "caseless", "invalid"
FOREIGN_KEY, LOOSE, COLUMN = "foreign key", "loose", "column"
_WORDS = {
    UNIQUE: "no unique index",
    CASELESS: "no unique index that ignores case",
    INVALID: "index {} is invalid",
    FOREIGN_KEY: "no foreign key to the users",
    LOOSE: "foreign key {} is not validated",
    COLUMN: "the mapped column does not exist ({})",
}


@dataclass(frozen=True, slots=True)
class Weakness:
    """A column that the schema does not protect, and everything that it lacks; ``reasons`` are the same in words."""

    table: str
    column: str
    profile: str | None
    reasons: tuple[str, ...]
    lacks: tuple[Lack, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"table": self.table, "column": self.column, "profile": self.profile, "reasons": self.reasons}


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
    found: dict[tuple[str, str, str | None], list[Lack]] = {}

    def add(table: str, column: str, profile: str | None, lacks: list[Lack]) -> None:
        if lacks:
            found.setdefault((table, column, profile), []).extend(lacks)

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
        add(gone.table, gone.column, gone.profile, [Lack(COLUMN, gone.role)])
    return [_weakness(table, column, profile, lacks) for (table, column, profile), lacks in found.items()]


def _weakness(table: str, column: str, profile: str | None, lacks: list[Lack]) -> Weakness:
    once = tuple(dict.fromkeys(lacks))
    return Weakness(table, column, profile, tuple(lack.words for lack in once), once)


def is_unique(table: MappedTable, column: str, caseless: bool = False) -> bool:
    """Whether a sound index keeps two rows from having the same value there (in whatever spelling, if ``caseless``)."""
    return not (_caseless_unique if caseless else _unique)(table, column)


def _unique(table: MappedTable, column: str) -> list[Lack]:
    on_it = [i for i in table.relation.unique_indexes if i.columns == (column,) and _covers_all(i, column)]
    return _lacking(on_it, Lack(UNIQUE))


def _caseless_unique(table: MappedTable, column: str) -> list[Lack]:
    on_it = [i for i in table.relation.unique_indexes if _folds(i, column) and _covers_all(i, column)]
    return _lacking(on_it, Lack(CASELESS))


def _lacking(indexes: list[Index], none: Lack) -> list[Lack]:
    if any(index.valid for index in indexes):
        return []
    return _invalid(indexes) or [none]


def _invalid(indexes: Iterable[Index]) -> list[Lack]:
    return [Lack(INVALID, index.name) for index in indexes if not index.valid]


def _foreign_key(profile: ProfileTable, tables: Tables) -> list[Lack]:
    users, user = tables.users, profile.mapping.user
    keys = [
        key
        for key in profile.relation.foreign_keys
        if key.columns == (user,) and key.target == users.relation.identity and key.target_columns == (users.mapping.key,)
    ]
    loose = [Lack(LOOSE, key.name) for key in keys if not key.validated]
    return loose if keys else [Lack(FOREIGN_KEY)]


def _folds(index: Index, column: str) -> bool:
    """The index has one key: the column itself where that ignores case, or lower() or upper() of it, trimmed or not (which
    may stand in a column of its own)."""
    if len(index.columns) != 1:
        return False
    return (index.columns[0] == column and index.caseless[0]) or index.folds == (column,)


def _covers_all(index: Index, column: str) -> bool:
    """The index has no predicate, or one that only leaves out blanks of its own column, which match nothing anyway."""
    return index.leaves_out is not None and {*index.leaves_out} <= {column}


DAMAGE = Damage("missing_constraint", "Constraints that the schema lacks", find)
