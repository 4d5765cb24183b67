"""Runs the finders again over the rows that a batch has touched, inside its transaction: is the damage gone, is any new?

The very finders of an audit, over tables narrowed to the touched users and rows and to whatever else could be damaged
together with them. Rows that nobody has written since the plan's own moment need not be looked at again for a namesake or
the same code: the plan was made of all of them. It reads, and never changes a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select
from sqlalchemy.dialects.postgresql import ARRAY

from mendbook.damage import catalogue
from mendbook.tables import MappedTable, ProfileTable, Tables

#: Kinds that rows alone do not decide: what the schema lacks, and what the logs tell.
NOT_OF_ROWS = ("missing_constraint", "ghost_user")


@dataclass(frozen=True, slots=True)
class Harm:
    """A damaged row as the finders tell of it."""

    kind: str
    profile: str | None
    case_key: str
    table: str
    row_key: str
    user_key: str | None


class _Named(sa.types.UserDefinedType[Any]):
    """A type by its name in the catalogue."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        return self.name


@dataclass(frozen=True)
class Touched:
    """The users and the profile rows (by the profile's name) that a batch has to do with, by their keys."""

    users: frozenset[str]
    rows: Mapping[str, frozenset[str]]


class Recheck:
    """The finders over whatever a batch touched. One statement each for a set of touched tables, made once."""

    def __init__(self, tables: Tables, since: str) -> None:
        """``since`` is the moment of the plan, as the database names it."""
        self._tables = tables
        self._since = since.partition(":")[0]
        self._numbers = count()
        self._statements: dict[frozenset[str], tuple[str, dict[str, Any]] | None] = {}

    def find(self, connection: Connection, touched: Touched) -> list[Harm]:
        """Every damaged row among the touched ones, or together with them."""
        asked = frozenset(touched.rows)
        if asked not in self._statements:
            self._statements[asked] = self._compiled(connection, asked)
        statement = self._statements[asked]
        if statement is None:
            return []
        sql, parameters = statement
        keys = {f"rows_{number}": sorted(touched.rows.get(name, ())) for number, name in self._numbered(asked)}
        rows = connection.exec_driver_sql(sql, {**parameters, **keys, "users": sorted(touched.users)}).all()
        return [Harm(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]

    def _numbered(self, asked: frozenset[str]) -> list[tuple[int, str]]:
        return [(number, p.profile) for number, p in enumerate(self._tables.profiles) if p.profile in asked]

    def _compiled(self, connection: Connection, asked: frozenset[str]) -> tuple[str, dict[str, Any]] | None:
        selects = [*self._of_users(), *self._of_profiles(asked)]
        if not selects:
            return None
        compiled = sa.union_all(*selects).compile(dialect=connection.dialect)
        return str(compiled), dict(compiled.params)

    def _of_users(self) -> Iterable[Select[Any]]:
        """Namesakes of the touched users, who may have been written since the plan."""
        tables, mapping = self._tables, self._tables.users.mapping
        names = [column for column in (mapping.email, mapping.username) if column is not None]
        if not names:
            return []
        users, text = tables.users, tables.text
        own = self._keys(users, mapping.key, "users")
        ways = []
        for name in names:
            named = sa.select(text.fold(users.column(name))).select_from(users.sql).where(own).scalar_subquery()
            ways.append(text.fold(users.column(name)) == sa.any_(sa.func.array(named)))
        namesakes = sa.and_(self._written_since(users), sa.or_(*ways))
        narrowed = replace(tables, users=self._narrowed(users, sa.or_(own, namesakes)))
        return self._asked(narrowed, ("duplicate_user",))

    def _of_profiles(self, asked: frozenset[str]) -> list[Select[Any]]:
        tables, selects = self._tables, []
        users = self._narrowed(tables.users, self._keys(tables.users, tables.users.mapping.key, "users"))
        kinds = [name for name in catalogue() if name not in (*NOT_OF_ROWS, "duplicate_user")]
        for number, profile in enumerate(tables.profiles):
            if profile.profile not in asked:
                continue
            own = sa.or_(
                self._keys(profile, profile.mapping.key, f"rows_{number}"),
                self._keys(profile, profile.mapping.user, "users"),
            )
            narrow = self._narrowed(profile, own)
            of_users = replace(tables, users=users, profiles=(narrow,))
            selects += self._asked(of_users, [kind for kind in kinds if kind != "duplicate_code"])
            codes = profile.present(profile.mapping.codes)
            if codes:
                same = [self._same_code(profile, own, name) for name in profile.mapping.codes if profile.has(name)]
                shared = self._narrowed(profile, sa.or_(own, sa.and_(self._written_since(profile), sa.or_(*same))))
                selects += self._asked(replace(tables, profiles=(shared,)), ["duplicate_code"])
        return selects

    def _same_code(self, profile: ProfileTable, own: ColumnElement[bool], name: str) -> ColumnElement[bool]:
        exact = self._tables.text.exact(profile.column(name))
        there = sa.select(exact).select_from(profile.sql).where(own).scalar_subquery()
        return exact == sa.any_(sa.func.array(there))

    def _asked(self, tables: Tables, kinds: Sequence[str]) -> list[Select[Any]]:
        selects = []
        for name in kinds:
            for select in catalogue()[name].find(tables):
                found = select.order_by(None).subquery()
                columns = (found.c[each] for each in ("profile", "case_key", "table", "row_key", "user_key"))
                selects.append(sa.select(sa.literal(name, sa.Text).label("kind"), *columns))
        return selects

    def _narrowed(self, table: Any, condition: ColumnElement[bool]) -> Any:
        """``table`` with the rows that meet ``condition`` alone, under the same name."""
        name, number = table.sql.name, next(self._numbers)
        rows = sa.select(table.sql).where(condition)
        # once, and by their keys: as a part of the finder it would be walked from the other end
        once = rows.cte(f"narrow_{number}").prefix_with("MATERIALIZED")
        return replace(table, sql=sa.select(once).subquery(name))

    def _keys(self, table: MappedTable, column: str, parameter: str) -> ColumnElement[bool]:
        """The rows whose ``column`` is among the texts of ``parameter``, by their index where the types allow."""
        users = self._tables.users
        kind, key = table.kind(column), users.kind(users.mapping.key)
        given = sa.bindparam(parameter, [], type_=ARRAY(sa.Text))
        if parameter == "users" and kind.type != key.type and {kind.family, key.family} != {"integer"}:
            return self._tables.text.key(table.column(column)) == sa.any_(given)
        return table.column(column) == sa.any_(sa.cast(given, _Named(f"{kind.type}[]")))

    def _written_since(self, table: MappedTable) -> ColumnElement[bool]:
        """The rows that somebody may have written since the plan; cheap to tell, and never says no wrongly."""
        name = table.sql.name  # type: ignore[attr-defined]
        return sa.text(f"age({name}.xmin) <= age(CAST('{int(self._since) % 2**32}' AS xid))")  # type: ignore[return-value]
