"""Runs the finders again over the rows that a batch has touched, inside its transaction: is the damage gone, is any new?

The very finders of an audit, over tables narrowed to the touched users and rows and to whatever else could be damaged
together with them. Rows that nobody has written since the plan's own moment need not be looked at again for a namesake or
the same code: the plan was made of all of them. It reads, and never changes a row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select
from sqlalchemy.sql.compiler import SQLCompiler as Compiled

from mendbook.damage import catalogue
from mendbook.damage.references import fits
from mendbook.dialects import Dialect
from mendbook.dialects.expressions import once
from mendbook.mapping.tables import MappedTable, ProfileTable, Tables, UserTable
from mendbook.repairs.newcomers import Newcomers

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


#: A kind of damage, and the profile that it is looked for in (None for the users).
Asked = tuple[str | None, str]


@dataclass(frozen=True)
class Touched:
    """What a batch has to do with: users and profile rows (by the profile's name) by their keys, and what to look for."""

    users: frozenset[str]
    rows: Mapping[str, frozenset[str]]
    asked: frozenset[Asked]


class Recheck:
    """The finders over whatever a batch touched. One statement for each set of kinds to look for, made once."""

    def __init__(self, tables: Tables, since: str, dialect: Dialect) -> None:
        """``since`` is the moment of the plan, as the database names it; empty where every row is to be looked at."""
        self._tables, self._since, self._dialect = tables, since, dialect
        self._numbers = count()
        self._newcomers = Newcomers(dialect.writers, lambda table: tables.text.key(table.column(table.mapping.key)))
        self._shares: dict[tuple[str, str, tuple[str, ...]], bool] = {}
        self._statements: dict[tuple[frozenset[Asked], bool], Compiled | None] = {}

    def find(self, connection: Connection, touched: Touched) -> list[Harm]:
        """Every damaged row, of the kinds asked for, among the touched ones or together with them."""
        shared = self._shared(touched.asked)
        newcomers = self._newcomers.look(connection, list(shared.values()), self._written_since)
        asked = (touched.asked, newcomers is not None)
        if asked not in self._statements:
            self._statements[asked] = self._compiled(connection, *asked)
        statement = self._statements[asked]
        if statement is None:
            return []
        parameters, text = dict(statement.params), self._tables.text
        keys: dict[str, Sequence[str]] = {
            name: (newcomers or {})[table.name] for name, table in shared.items() if name in parameters
        }
        keys |= {name: sorted(self._keys_of(name, touched)) for name in parameters if name == "users" or name[:5] == "rows_"}
        parameters |= {name: text.sent(each) for name, each in keys.items()}
        rows = connection.exec_driver_sql(str(statement), _in_order(statement, parameters)).all()
        return [Harm(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]

    def wrote(self, table: str, op: str, columns: Collection[str], keys: Iterable[str | None]) -> None:
        """This run has written rows of ``table`` itself; later batches look at them as at anybody's."""
        done = (table, op, tuple(columns))
        if done not in self._shares:
            self._shares[done] = any(kind in ("duplicate_user", "duplicate_code") for _, kind in self.affected(*done))
        if self._shares[done]:
            for key in keys:
                if key is not None:
                    self._newcomers.wrote(table, key)

    def _shared(self, asked: frozenset[Asked]) -> dict[str, UserTable | ProfileTable]:
        """The tables in which touched rows may be damaged together with others, by the parameter for those others' keys."""
        tables: dict[str, UserTable | ProfileTable] = {}
        if (None, "duplicate_user") in asked:
            tables["new"] = self._tables.users
        for number, profile in enumerate(self._tables.profiles):
            if (profile.profile, "duplicate_code") in asked and any(profile.has(name) for name in profile.mapping.codes):
                tables[f"new_{number}"] = profile
        return tables

    def every(self) -> frozenset[Asked]:
        """All that can be looked for in rows."""
        kinds = [name for name in catalogue() if name not in (*NOT_OF_ROWS, "duplicate_user")]
        return frozenset({(None, "duplicate_user"), *((p.profile, kind) for p in self._tables.profiles for kind in kinds)})

    def affected(self, table: str, op: str, columns: Collection[str]) -> set[Asked]:
        """What a change of a row of ``table`` may do harm to: the kinds that read ``columns``, or that count such rows."""
        asked: set[Asked] = set()
        users = self._tables.users
        if table == users.name:
            if op == "insert" or {users.mapping.email, users.mapping.username, users.mapping.key} & {*columns}:
                asked.add((None, "duplicate_user"))
            for profile in self._tables.profiles:
                if op == "delete" or users.mapping.key in columns:
                    asked.add((profile.profile, "orphan_profile"))
                if op == "insert" or {*(profile.mapping.required_for or ())} & {*columns}:
                    asked |= {(profile.profile, "missing_profile"), (profile.profile, "wrong_profile")}
        for profile in self._tables.profiles:
            if profile.name == table:
                asked |= {(profile.profile, kind) for kind in self._of_profile(profile, op, {*columns})}
        return asked

    def _of_profile(self, profile: ProfileTable, op: str, columns: set[str]) -> set[str]:
        mapping = profile.mapping
        if op == "delete":
            return {"missing_profile"}
        if op == "insert" or {mapping.user, mapping.key} & columns:
            return {name for name in catalogue() if name not in (*NOT_OF_ROWS, "duplicate_user")}
        kinds = {"blank_profile"} if {*mapping.filled} & columns else set()
        kinds |= {"missing_code", "duplicate_code"} if {*mapping.codes} & columns else set()
        return kinds | ({"null_flag"} if {*mapping.flags} & columns else set())

    def _keys_of(self, parameter: str, touched: Touched) -> frozenset[str]:
        if parameter == "users":
            users = self._tables.users
            # a text that the key cannot hold names nobody
            return frozenset(key for key in touched.users if fits(users.kind(users.mapping.key), key))
        return touched.rows.get(self._tables.profiles[int(parameter[5:])].profile, frozenset())

    def _compiled(self, connection: Connection, asked: frozenset[Asked], known: bool) -> Compiled | None:
        """The statement in the database's words; with ``known`` it is told the newcomers' keys, else it looks for them."""
        selects: list[Select[Any]] = []
        if (None, "duplicate_user") in asked:
            selects += self._of_users(known)
        users = self._narrowed(self._tables.users, self._keys(self._tables.users, self._tables.users.mapping.key, "users"))
        for number, profile in enumerate(self._tables.profiles):
            kinds = sorted(kind for name, kind in asked if name == profile.profile)
            selects += self._of_rows(number, profile, users, kinds, known) if kinds else []
        if not selects:
            return None
        return sa.union_all(*selects).compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})

    def _of_users(self, known: bool) -> list[Select[Any]]:
        """Namesakes of the touched users, who may have been written since the plan."""
        tables, mapping = self._tables, self._tables.users.mapping
        users, text = tables.users, tables.text
        own = self._keys(users, mapping.key, "users")
        ways = []
        for name in (mapping.email, mapping.username):
            if name is not None:
                folded = text.fold(users.column(name))
                ways.append(text.any_of(folded, sa.select(folded).select_from(users.sql).where(own)))
        if not ways:
            return []
        since = self._keys(users, mapping.key, "new") if known else self._written_since(users)
        narrowed = replace(tables, users=self._narrowed(users, own, sa.and_(since, sa.or_(*ways))))
        return self._found(narrowed, ["duplicate_user"])

    def _of_rows(
        self, number: int, profile: ProfileTable, users: UserTable, kinds: Sequence[str], known: bool
    ) -> list[Select[Any]]:
        own = sa.or_(
            self._keys(profile, profile.mapping.key, f"rows_{number}"),
            self._keys(profile, profile.mapping.user, "users"),
        )
        narrow = self._narrowed(profile, own)
        of_users = replace(self._tables, users=users, profiles=(narrow,))
        selects = self._found(of_users, [kind for kind in kinds if kind != "duplicate_code"])
        codes = [name for name in profile.mapping.codes if profile.has(name)]
        if codes and "duplicate_code" in kinds:
            same = [self._same_code(profile, own, name) for name in codes]
            new = self._keys(profile, profile.mapping.key, f"new_{number}") if known else self._written_since(profile)
            shared = self._narrowed(profile, own, sa.and_(new, sa.or_(*same)))
            selects += self._found(replace(self._tables, profiles=(shared,)), ["duplicate_code"])
        return selects

    def _same_code(self, profile: ProfileTable, own: ColumnElement[bool], name: str) -> ColumnElement[bool]:
        exact = self._tables.text.exact(profile.column(name))
        return self._tables.text.any_of(exact, sa.select(exact).select_from(profile.sql).where(own))

    def _found(self, tables: Tables, kinds: Sequence[str]) -> list[Select[Any]]:
        selects = []
        for name in kinds:
            for select in catalogue()[name].find(tables):
                found = select.order_by(None).subquery()
                columns = (found.c[each] for each in ("profile", "case_key", "table", "row_key", "user_key"))
                selects.append(sa.select(sa.literal(name, sa.Text).label("kind"), *columns))
        return selects

    def _narrowed(self, table: Any, own: ColumnElement[bool], others: ColumnElement[bool] | None = None) -> Any:
        """``table`` with its ``own`` rows alone, and those of the ``others`` that were written since; under the same name."""
        name, number = table.sql.name, next(self._numbers)
        rows: Any = sa.select(table.sql).where(own)
        if others is not None:  # apart, so that an index serves the first and the second is told by a cheap test first
            rows = sa.union_all(rows, sa.select(table.sql).where(others, sa.not_(own)))
        # once, and by their keys: as a part of the finder it would be walked from the other end
        narrow = once(rows.cte(f"narrow_{number}"))
        return replace(table, sql=sa.select(narrow).subquery(name))

    def _keys(self, table: MappedTable, column: str, parameter: str) -> ColumnElement[bool]:
        """The rows whose ``column`` is among the texts of ``parameter``, by their index where the types allow."""
        users = self._tables.users
        kind, key = table.kind(column), users.kind(users.mapping.key)
        foreign = parameter == "users" and kind.type != key.type and {kind.family, key.family} != {"integer"}
        return self._tables.text.among(table.column(column), None if foreign else kind, parameter)

    def _written_since(self, table: MappedTable) -> ColumnElement[bool]:
        """The rows that somebody may have written since the plan; cheap to tell, and never says no wrongly."""
        return self._dialect.written_since(table.sql.name, self._since)  # type: ignore[attr-defined]


def _in_order(statement: Compiled, parameters: dict[str, Any]) -> Any:
    """The parameters as the driver takes them: by name, or in the order in which the statement has them."""
    order = getattr(statement, "positiontup", None)
    return parameters if order is None else tuple(parameters[name] for name in order)
