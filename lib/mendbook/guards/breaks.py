"""What would keep a constraint from being built today: rows that it forbids, counted, with the cases that tell of them.

Asks by SQL, in the snapshot that it is given, and holds no more than a few examples; those are masked unless revealed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, Subquery

from mendbook.audits.audit import left_out
from mendbook.damage import chosen
from mendbook.damage.shape import literal_text
from mendbook.database import Snapshot
from mendbook.display import inert, mask, mask_key
from mendbook.mapping.tables import ProfileTable, UserTable

EXAMPLES, ROWS_OF_ONE = 5, 5


@dataclass(frozen=True, slots=True)
class Example:
    """A value that several rows share (or a user that there is not), some of those rows, and the cases that they are in."""

    value: str
    row_keys: tuple[str, ...]
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Breaks:
    """What is in the way.

    values    how many values stand on several rows;  rows  how many rows those are
    orphans   rows that name a user who is not there
    too_long  rows whose value no index holds
    cases     by kind, how many cases tell of these rows;  without_case  rows that no case tells of
    unknown   why none of it could be looked at; empty where it was
    """

    values: int = 0
    rows: int = 0
    orphans: int = 0
    too_long: int = 0
    cases: dict[str, int] = field(default_factory=dict)
    without_case: int = 0
    examples: tuple[Example, ...] = ()
    unknown: str = ""

    @property
    def any(self) -> bool:
        return bool(self.values or self.orphans or self.too_long)

    def words(self) -> str:
        """The same as one sentence says it; empty where nothing is in the way."""
        parts = []
        if self.values:
            parts.append(f"{_counted(self.values, 'value stands', 'values stand')} on {self.rows:,} rows")
        if self.orphans:
            parts.append(_counted(self.orphans, "row names a user who is not there", "rows name users who are not there"))
        if self.too_long:
            parts.append(_counted(self.too_long, "value is too long for an index", "values are too long for an index"))
        cases = [f"{count:,} {kind}" for kind, count in self.cases.items()]
        told = f"; cases: {', '.join(cases)}" if cases else ""
        alone = f"; {_counted(self.without_case, 'row is', 'rows are')} of no case" if self.without_case else ""
        return f"{', '.join(parts)}{told}{alone}"

    def plus(self, other: Breaks) -> Breaks:
        """Both together."""
        cases = {kind: self.cases.get(kind, 0) + other.cases.get(kind, 0) for kind in (self.cases | other.cases)}
        return Breaks(
            self.values + other.values,
            self.rows + other.rows,
            self.orphans + other.orphans,
            self.too_long + other.too_long,
            cases,
            self.without_case + other.without_case,
            self.examples + other.examples,
            self.unknown or other.unknown,
        )


def _counted(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


@dataclass(frozen=True)
class Looking:
    """One snapshot in which breaks are looked for, and whether personal data is shown."""

    snapshot: Snapshot
    reveal: bool

    def doubled(
        self,
        table: UserTable | ProfileTable,
        column: str,
        kinds: Sequence[str],
        key: ColumnElement[Any] | None = None,
        covered: ColumnElement[bool] | None = None,
        too_long: ColumnElement[bool] | None = None,
    ) -> Breaks:
        """Rows that share what a unique index would tell them apart by: ``key`` (the column itself where none is given)."""
        if why := self._closed(table, column):
            return Breaks(unknown=why)
        value = table.column(column) if key is None else key
        among = value.is_not(None) if covered is None else covered
        several = sa.select(value.label("value"), sa.func.count().label("held")).where(among).group_by(value)
        several = several.having(sa.func.count() > 1)
        shared = several.subquery("shared")
        counted = self._one(sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(shared.c.held), 0)).select_from(shared))
        long = 0
        if too_long is not None:
            long = int(self._one(sa.select(sa.func.count()).select_from(table.sql).where(among, too_long))[0])
        found = Breaks(values=int(counted[0]), rows=int(counted[1]), too_long=long)
        if not found.values:
            return found

        def rows(few: Select[Any]) -> Select[Any]:
            held = few.subquery("held")
            return self._keyed(table, value).select_from(table.sql.join(held, held.c.value == value)).where(among)

        personal = table.mapping.key != column and not (isinstance(table, ProfileTable) and table.mapping.user == column)
        few = several.order_by(sa.func.count().desc(), value).limit(EXAMPLES)
        return self._told(found, rows(several), rows(few), kinds, table, mask if personal else mask_key)

    def strangers(self, profile: ProfileTable, kinds: Sequence[str]) -> Breaks:
        """Rows that name a user who is not there; NULL names nobody, and a foreign key lets it be."""
        tables = self.snapshot.tables
        user, users = profile.mapping.user, tables.users
        if why := self._closed(profile, user) or self._closed(users, users.mapping.key):
            return Breaks(unknown=why)
        named = sa.exists(sa.literal_column("1")).select_from(users.sql).where(tables.same_user(profile)).correlate(profile.sql)
        held = profile.column(user)
        rows = self._keyed(profile, held).select_from(profile.sql).where(held.is_not(None), ~named)
        found = Breaks(orphans=int(self._one(sa.select(sa.func.count()).select_from(rows.subquery("strangers")))[0]))
        return self._told(found, rows, rows.limit(EXAMPLES), kinds, profile, mask_key) if found.orphans else found

    def _told(
        self,
        found: Breaks,
        rows: Select[Any],
        few: Select[Any],
        kinds: Sequence[str],
        table: UserTable | ProfileTable,
        shown: Callable[[str], str],
    ) -> Breaks:
        """``found`` with the cases that its rows are in, and some of them."""
        profile = table.profile if isinstance(table, ProfileTable) else None
        findings = self._findings(kinds, profile)
        if findings is None:
            return replace(found, examples=self._examples(few, None, profile, shown))
        breaking = rows.subquery("breaking")
        counts = (
            findings.c.kind,
            sa.func.count(sa.distinct(findings.c.case_key)),
            sa.func.count(sa.distinct(breaking.c.row_key)),
        )
        joined = breaking.outerjoin(findings, findings.c.row_key == breaking.c.row_key)
        cases, alone = {}, 0
        for kind, of_kind, held in self.snapshot.connection.execute(
            sa.select(*counts).select_from(joined).group_by(findings.c.kind)
        ):
            if kind is None:
                alone = int(held)
            else:
                cases[str(kind)] = int(of_kind)
        return replace(found, cases=cases, without_case=alone, examples=self._examples(few, findings, profile, shown))

    def _findings(self, kinds: Sequence[str], profile: str | None) -> Subquery | None:
        """(kind, row_key, case_key) of every finding of ``kinds``; None where none of them can be looked for."""
        tables, wanted = self.snapshot.tables, chosen(list(kinds)) if kinds else []
        out = {(each.kind, each.profile) for each in left_out(tables, wanted)}
        found: list[Select[Any]] = []
        for kind in wanted:
            if (kind.name, None) in out or (kind.name, profile) in out:
                continue
            for number, select in enumerate(kind.find(tables)):
                every = select.subquery(f"{kind.name}_{number}")
                columns: list[ColumnElement[Any]] = [literal_text(kind.name).label("kind"), every.c.row_key, every.c.case_key]
                own = sa.select(*columns)
                found.append(own if profile is None else own.where(every.c.profile == profile))
        return sa.union_all(*found).subquery("findings") if found else None

    def _examples(
        self, few: Select[Any], findings: Subquery | None, profile: str | None, shown: Callable[[str], str]
    ) -> tuple[Example, ...]:
        some = few.limit(EXAMPLES * 100).subquery("some")
        columns: list[ColumnElement[Any]] = [some.c.value, some.c.row_key]
        asked = sa.select(*columns)
        if findings is not None:
            asked = sa.select(*columns, findings.c.kind, findings.c.case_key).select_from(
                some.outerjoin(findings, findings.c.row_key == some.c.row_key)
            )
        grouped: dict[str, dict[str, list[str]]] = {}
        for value, key, *case in self.snapshot.connection.execute(asked):
            told = grouped.setdefault(str(value), {}).setdefault(str(key), [])
            if case and case[0] is not None:
                told.append(self._case(str(case[0]), profile, str(case[1])))
        kept = {
            value: sorted(keys.items(), key=lambda each: (len(each[0]), each[0]))[:ROWS_OF_ONE]
            for value, keys in sorted(grouped.items())
        }
        return tuple(
            Example(
                inert(value) if self.reveal else shown(value),
                tuple(inert(key) if self.reveal else mask_key(key) for key, _ in rows),
                tuple(dict.fromkeys(case for _, cases in rows for case in cases)),
            )
            for value, rows in kept.items()
        )

    def _case(self, kind: str, profile: str | None, key: str) -> str:
        """A case's name; a code, which names a case of duplicate_code, is somebody's."""
        hidden = mask(key) if kind == "duplicate_code" else mask_key(key)
        return "/".join(filter(None, (kind, profile, inert(key) if self.reveal else hidden)))

    def _closed(self, table: UserTable | ProfileTable, column: str) -> str:
        """Why the column cannot be looked at as a whole; empty where it can."""
        snapshot = self.snapshot
        closed = table.closed([table.mapping.key, column])
        if closed:
            return f"role {snapshot.server.user} may not read {', '.join(f'{table.name}.{name}' for name in closed)}"
        return snapshot.dialect.hides_rows(snapshot.connection, table.relation)

    def _keyed(self, table: UserTable | ProfileTable, value: ColumnElement[Any]) -> Select[Any]:
        """(row_key, value), both text."""
        key = self.snapshot.tables.text.key(table.column(table.mapping.key))
        columns: list[ColumnElement[Any]] = [key.label("row_key"), sa.cast(value, sa.Text).label("value")]
        return sa.select(*columns)

    def _one(self, statement: Select[Any]) -> Any:
        return self.snapshot.connection.execute(statement).one()
