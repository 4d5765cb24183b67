"""Databases for the tests of merges: a Django-like schema, and a merge made and taken back again to the last byte.

``Merges.check`` is an examination of its own: it carries the proposed changes out phase by phase with all constraints on,
asserts that nothing names a row that went, that the finder finds nothing more, and that the exchanged changes give every
table back as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from mendbook.damage.changes import values
from mendbook.dialects.postgresql.rows import quoted, table
from mendbook.mapping.surroundings import Surroundings
from mendbook.model import Case, Change, Left

from support.databases import TestDatabase
from support.proposing import Source
from support.shop import SOURCE
from support.shop import USERS as MAPPED_USERS

USERS = """
CREATE TABLE auth_user (
    id int PRIMARY KEY, username varchar(150) NOT NULL, email varchar(254), first_name varchar(150) NOT NULL DEFAULT '',
    is_active boolean NOT NULL DEFAULT true, is_staff boolean NOT NULL DEFAULT false, last_login timestamptz,
    date_joined timestamptz NOT NULL DEFAULT '2026-01-01Z', password text NOT NULL DEFAULT '!');
"""
CUSTOMERS = """
CREATE TABLE customer (
    id int PRIMARY KEY, user_id int NOT NULL REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED,
    phone text, address text, created_at timestamptz);
"""
MAPPING = SOURCE + "{source}" + MAPPED_USERS + 'active = "is_active"\nprivileged = ["is_staff"]\n'
CUSTOMER = """
[[sources.shop.profiles]]
name = "customer"
table = "customer"
created = "created_at"
filled = ["phone", "address"]
"""

#: (table, op, key): what a change does, without its images.
Told = tuple[str, str, str | None]


def changes(case: Case) -> set[Told]:
    """What the case does."""
    return {(change.table, change.op, change.key) for change in case.changes}


def new(case: Case, table: str, key: str | None) -> dict[str, str | None]:
    """The columns that the case sets in a row, and to what."""
    (change,) = (each for each in case.changes if (each.table, each.key, each.op) == (table, key, "update"))
    assert isinstance(change.before, str)
    assert isinstance(change.after, str)
    before, after = values(change.before), values(change.after)
    return {name: value for name, value in after.items() if value != before[name]}


def blockers(case: Case) -> list[str]:
    return [blocker.name for blocker in case.blockers]


@dataclass(frozen=True)
class Merges:
    """A database, its mapping, and the merges proposed for it."""

    database: TestDatabase
    source: Source

    def execute(self, sql: str) -> list[tuple[object, ...]]:
        return self.database.execute(sql)

    def case(self, kind: str = "duplicate_user", repair: str | None = None) -> Case:
        return self.source.case(kind, repair)

    def left(self, kind: str = "duplicate_user", repair: str | None = None) -> str:
        return self.source.left(kind, repair).why

    def check(self, cases: Sequence[Case | Left], kind: str = "duplicate_user") -> None:
        """Make ``cases``, look, take them back, look again."""
        before = self.dump()
        made = [case for case in cases if isinstance(case, Case)]
        self.source.make(made)
        around = self._around()
        self._nothing_names_what_went(around, made)
        again = {(found.profile, found.case_key) for found in self.source.found(kind)}
        assert not again & {(case.profile, case.case_key) for case in made}
        self.source.make([replace(case, changes=exchanged(around, case)) for case in reversed(made)])
        assert self.dump() == before

    def dump(self) -> dict[str, list[str]]:
        """Every row of every table, as text."""
        tables = [
            str(name)
            for (name,) in self.execute(
                "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r'"
                " AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_|^information') ORDER BY 1"
            )
        ]
        return {name: [str(row) for (row,) in self.execute(f"SELECT t::text FROM {name} t ORDER BY 1")] for name in tables}

    def _around(self) -> Surroundings:
        with self.source.snapshot() as snapshot:
            return snapshot.tables.surroundings

    def _nothing_names_what_went(self, around: Surroundings, cases: Sequence[Case]) -> None:
        with self.source.snapshot() as snapshot:
            for case in cases:
                for change in case.changes:
                    if change.op != "delete":
                        continue
                    assert isinstance(change.before, str)
                    row = values(change.before)
                    for reference in around.to(change.table):
                        where = [f"{quoted(name)}\\:\\:text = :v{n}" for n, name in enumerate(reference.columns)] + (
                            [f"{quoted(reference.only[0])}\\:\\:text = :kind"] if reference.only else []
                        )
                        named = {f"v{n}": row[name] for n, name in enumerate(reference.target_columns)}
                        if any(not value or not value.strip() for value in named.values()) or self._stands(
                            around, snapshot, change, named, reference
                        ):
                            continue
                        only = {"kind": reference.only[1]} if reference.only else {}
                        sql = f"SELECT count(*) FROM {_table(around, reference.table)} WHERE {' AND '.join(where)}"
                        assert snapshot.connection.execute(sa.text(sql), named | only).scalar_one() == 0, (change, reference)

    def _stands(
        self, around: Surroundings, snapshot: object, change: Change, named: dict[str, str | None], reference: object
    ) -> bool:
        """Another row of the table has these values now, so that naming them is no mistake."""
        columns = reference.target_columns  # type: ignore[attr-defined]
        where = " AND ".join(f"{quoted(name)}\\:\\:text = :v{n}" for n, name in enumerate(columns))
        sql = f"SELECT count(*) FROM {_table(around, change.table)} WHERE {where}"
        return bool(snapshot.connection.execute(sa.text(sql), named).scalar_one())  # type: ignore[attr-defined]


def _table(around: Surroundings, name: str) -> str:
    return table(around.relation(name))


def exchanged(around: Surroundings, case: Case) -> tuple[Change, ...]:
    """The changes that take the case back: images exchanged, phases reversed."""
    undo = []
    for change in case.changes:
        op = {"insert": "delete", "delete": "insert", "update": "update"}[change.op]
        key = change.key
        if change.op == "update" and key is not None:
            assert isinstance(change.after, str)
            after, columns = values(change.after), around.tables[change.table].key
            parts = [after[name] for name in columns]
            key = parts[0] if len(parts) == 1 else "[" + ",".join(f'"{part}"' for part in parts) + "]"
        undo.append(replace(change, op=op, key=key, before=change.after, after=change.before, phase=99 - change.phase))
    return tuple(undo)
