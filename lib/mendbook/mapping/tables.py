"""The verified tables of a mapping, with typed columns: what the finders and the repairs make their SQL of.

binding.py makes them. Nothing here queries rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, TableClause
from sqlalchemy.sql import quoted_name

from mendbook.config import Profile, Users
from mendbook.dialects import Column, Relation, Rows, TextRules
from mendbook.mapping.surroundings import Surroundings
from mendbook.model import Failure
from mendbook.settings.types import Value

_NUMERIC = {"integer", "number"}
_TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "boolean": sa.Boolean,
    "integer": sa.BigInteger,
    "number": sa.Numeric,
}


@dataclass(frozen=True, slots=True)
class Absent:
    """A mapped column that the database does not have: its table as written in the mapping, and its role there."""

    table: str
    column: str
    role: str
    profile: str | None


@dataclass(frozen=True)
class MappedTable:
    """A table of the mapping: its name as written there, its relation in the catalogue, and its SQL."""

    name: str
    relation: Relation
    sql: FromClause

    @property
    def names(self) -> tuple[str, str]:
        """What it may be called where people write of it: as in the mapping, and with its schema."""
        return self.name, f"{self.relation.schema}.{self.relation.name}"

    def column(self, name: str) -> ColumnElement[Any]:
        """The column's SQL; its name is quoted as it stands, whatever it holds."""
        column: ColumnElement[Any] = self.sql.c[name]
        return column

    def kind(self, name: str) -> Column:
        """What the catalogue says of the column."""
        return self.relation.columns[name]

    def has(self, name: str | None) -> bool:
        return name is not None and name in self.relation.columns

    def closed(self, columns: Iterable[str | None]) -> list[str]:
        """Those of ``columns`` that exist and that this role may not read."""
        every = dict.fromkeys(name for name in columns if name is not None and self.has(name))
        return [name for name in every if not (self.relation.readable and self.kind(name).readable)]


@dataclass(frozen=True)
class UserTable(MappedTable):
    """The table of users."""

    mapping: Users


@dataclass(frozen=True)
class ProfileTable(MappedTable):
    """One table of profiles."""

    mapping: Profile

    @property
    def profile(self) -> str:
        return self.mapping.name

    def present(self, columns: Iterable[str]) -> list[ColumnElement[Any]]:
        """The SQL of those of ``columns`` that exist."""
        return [self.column(name) for name in columns if self.has(name)]


@dataclass(frozen=True)
class Tables:
    """Everything a finder may know: users, profiles, how text compares, and which mapped columns are absent."""

    users: UserTable
    profiles: tuple[ProfileTable, ...]
    text: TextRules
    absent: tuple[Absent, ...] = ()
    notes: tuple[str, ...] = field(default=())
    #: the failed registrations that the logs tell of; None where no log was read, and why
    failures: tuple[Failure, ...] | None = None
    no_failures: str = "the source names no logs"
    #: where pairs of users are kept that are known not to be one person; None where there are none, or they may not be read
    exceptions: TableClause | None = None
    #: what repairs need to know besides; loaded only where one is planned or made
    around: Surroundings | None = None
    rows: Rows | None = None
    #: what the repairs of one plan have worked out and drawn so far: a code drawn for one case is never drawn for another
    noted: dict[tuple[str, ...], Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def surroundings(self) -> Surroundings:
        """The tables around these; they must have been loaded."""
        assert self.around is not None
        return self.around

    @property
    def statements(self) -> Rows:
        """The statements that read and change rows as images; they must have been loaded."""
        assert self.rows is not None
        return self.rows

    def lacks(self, profile: str, *roles: str) -> list[str]:
        """The absent columns that ``profile`` maps in one of ``roles``."""
        return [gone.column for gone in self.absent if gone.profile == profile and gone.role in roles]

    def unreadable(self) -> list[str]:
        """Every column, as table.column, that an audit reads and this role may not."""
        users, required = self.users.mapping, [name for p in self.profiles for name in p.mapping.required_for or ()]
        closed = {self.users.name: self.users.closed([users.key, users.username, users.email, users.created, *required])}
        for table in self.profiles:
            own = table.mapping
            read = table.closed([own.key, own.user, own.created, *own.filled, *own.codes, *own.flags])
            closed[table.name] = [*closed.get(table.name, ()), *read]
        return list(dict.fromkeys(f"{table}.{column}" for table, columns in closed.items() for column in columns))

    def lacks_requirement(self, profile: ProfileTable) -> list[str]:
        """The columns of ``required_for`` that the users' table does not have."""
        return [name for name in profile.mapping.required_for or () if not self.users.has(name)]

    def same_user(self, profile: ProfileTable) -> ColumnElement[bool]:
        """The profile's user column names the user's key: natively where the types allow, else as text."""
        own, named = self.user_sides(profile)
        return own == named

    def user_sides(self, profile: ProfileTable) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """The two sides of ``same_user``: the profile's user column, and the user's key."""
        users, user = self.users, profile.mapping.user
        own, named = profile.column(user), users.column(users.mapping.key)
        if _alike(profile.kind(user), users.kind(users.mapping.key)):
            return own, named
        return self.text.key(own), self.text.key(named)

    def user_named(self, profile: ProfileTable) -> ColumnElement[Any]:
        """The profile's user column in the form in which ``same_user`` compares it: rows of one user are equal in it."""
        return self.user_sides(profile)[0]

    def order_key(self, table: MappedTable, column: str) -> ColumnElement[Any]:
        """The column as it sorts for "the smallest key": text by code point, numbers by their size, times by time."""
        own, kind = table.column(column), table.kind(column)
        return own if self.text.sorts_itself(kind) else self.text.key(own)

    def matches(self, required_for: Mapping[str, Value] | None) -> ColumnElement[bool]:
        """The user has every one of these values; NULL does not match, and the result is never NULL."""
        return sa.and_(sa.true(), *(self._equals(name, value) for name, value in (required_for or {}).items()))

    def _equals(self, name: str, value: Value) -> ColumnElement[bool]:
        column, family = self.users.column(name), self.users.kind(name).family
        if family == "boolean":
            return self.text.truth(column).is_(sa.true() if value else sa.false())
        if family in _NUMERIC:
            return column.is_not_distinct_from(sa.literal(int(value), sa.BigInteger))
        return self.text.exact(column).is_not_distinct_from(sa.literal(str(value), sa.Text))

    def created(self, profile: ProfileTable | None) -> ColumnElement[Any]:
        """The profile's created time, else its user's, as a time with zone; NULL where neither is mapped."""
        own = [] if profile is None else self._moments(profile)
        return self._first_known(own + self._moments(self.users))

    def created_alone(self, profile: ProfileTable) -> ColumnElement[Any]:
        """The profile's created time where there is no user to ask."""
        return self._first_known(self._moments(profile))

    def _moments(self, table: UserTable | ProfileTable) -> list[ColumnElement[Any]]:
        name = table.mapping.created
        moment = self.text.moment(table.column(name), table.kind(name)) if name and table.has(name) else None
        return [] if moment is None else [moment]

    def _first_known(self, moments: list[ColumnElement[Any]]) -> ColumnElement[Any]:
        nothing = self.text.no_moment()
        return sa.func.coalesce(*moments, nothing) if moments else nothing


def _alike(left: Column, right: Column) -> bool:
    """The database compares the two as they stand."""
    return (left.type, left.collation) == (right.type, right.collation) or {left.family, right.family} <= _NUMERIC


def sql_of(relation: Relation, alias: str) -> FromClause:
    """The table of ``relation`` as SQL calls it; every name is quoted as it stands."""
    columns = [
        sa.Column(quoted_name(column.name, True), _TYPES.get(column.family, sa.types.NullType), info={"kind": column})
        for column in relation.columns.values()
    ]
    table = sa.Table(quoted_name(relation.name, True), sa.MetaData(), *columns, schema=quoted_name(relation.schema, True))
    return table.alias(quoted_name(alias, True))
