"""Reads PostgreSQL's catalogue into relations: those that a mapping names, and those that refer to them.

A handful of queries however many tables there are. It reads pg_catalog alone, and no row of any table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from mendbook.dialects import Catalogue, Column, ForeignKey, Index, Relation, Trigger
from mendbook.dialects.postgresql.catalogue import (
    CALLED,
    CHECKS,
    COLLATIONS,
    COLUMNS,
    FOREIGN_KEYS,
    INDEXES,
    INHERITED,
    NAMES,
    PRIMARY_KEYS,
    REFERRING,
    RELATIONS,
    TABLES,
    TRIGGERS,
)
from mendbook.dialects.postgresql.expressions import folded_column, left_out

FAMILIES = {
    "integer": {"int2", "int4", "int8", "oid"},
    "number": {"numeric", "float4", "float8"},
    "text": {"text", "varchar", "bpchar", "name", "citext"},
    "uuid": {"uuid"},
    "boolean": {"bool"},
    "time": {"timestamptz", "timestamp", "date"},
}
#: The least and the largest of whole numbers, by the names of their types.
WHOLE = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
    "oid": (0, 2**32 - 1),
}
_LENGTH = re.compile(r"(?:character varying|character)\((\d+)\)")
#: Text without rules of its own; a domain over text may refuse what text would take.
_PLAIN = ("text", "character varying", "citext", "bpchar")
KINDS = {
    "r": "table",
    "p": "table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
}
ON_DELETE = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}


def catalogue(connection: Connection, tables: list[str]) -> Catalogue:
    """What the catalogue says of ``tables`` (names as in the mapping); those that it does not know are left out."""
    split = [(name, *name.partition(".")[::2]) for name in tables]
    found = connection.execute(
        RELATIONS,
        {
            "asked": [name for name, _, _ in split],
            "schemas": [first if rest else None for _, first, rest in split],
            "names": [rest or first for _, first, rest in split],
        },
    ).all()
    every = connection.execute(NAMES).all()
    elsewhere: dict[str, tuple[str, ...]] = {}
    for row in every:
        elsewhere[row.name] = (*elsewhere.get(row.name, ()), f"{row.schema}.{row.name}")
    # as the mapping must write them: what stands before a name's first dot would be read as its schema
    names = tuple(row.name if row.visible and "." not in row.name else f"{row.schema}.{row.name}" for row in every)
    return Catalogue(_relations(connection, found), names, elsewhere)


def tables(connection: Connection) -> list[str]:
    """Every table of somebody's own, as the mapping names it."""
    return [str(name) for name in connection.execute(TABLES).scalars()]


def referring(connection: Connection, tables: Mapping[str, Relation]) -> dict[str, Relation]:
    """``tables`` and every table that refers to one of them by foreign keys, step by step, with their triggers.

    A table that is in ``tables`` keeps its name there; others are called by their bare name where that is visible and has
    no dot, else with their schema. Those of ``tables`` are read with the rows of what inherits from them, the others each
    alone: a key, and an index, of such a table knows its own rows only, and a key of two rows in two tables would name both.
    """
    names = {relation.identity: name for name, relation in tables.items()}
    known: set[int] = set(names)
    fresh = sorted(known)
    while fresh:
        asked = {"oids": fresh, "whole": sorted(names)}
        fresh = sorted(set(connection.execute(REFERRING, asked).scalars()) - known)
        known.update(fresh)
    oids = sorted(known)
    heirs = [(row.parent, row.child) for row in connection.execute(INHERITED, {"oids": oids}) if row.parent not in names]
    triggers: dict[int, list[Trigger]] = {}
    for row in connection.execute(TRIGGERS, {"oids": oids}):
        triggers.setdefault(row.oid, []).append(Trigger(row.name, row.timing, tuple(row.events)))
    found = connection.execute(CALLED, {"oids": oids}).all()
    checks: dict[int, list[tuple[str, str]]] = {}
    for row in connection.execute(CHECKS, {"oids": oids}):
        checks.setdefault(row.oid, []).append((row.name, row.condition))
    relations = _relations(connection, found, names, triggers, frozenset(parent for parent, _ in heirs))
    return {
        name: replace(relation, checks=tuple(checks.get(relation.identity, ())), foreign_keys=keys)
        for (name, relation), keys in zip(relations.items(), _with_inherited(relations, heirs), strict=True)
    }


def _with_inherited(relations: Mapping[str, Relation], heirs: Sequence[tuple[int, int]]) -> list[tuple[ForeignKey, ...]]:
    """The foreign keys of each: its own, and those that hold for a table whose columns it inherits, though no database
    checks them for its own rows. Those name people all the same."""
    keys = {relation.identity: list(relation.foreign_keys) for relation in relations.values()}
    for _ in heirs:  # as often as the longest line of heirs could be
        for parent, child in heirs:
            own = {(key.columns, key.target, key.target_columns) for key in keys.get(child, ())}
            keys.setdefault(child, []).extend(
                replace(key, validated=False, on_delete="no action", deferrable=False)
                for key in keys[parent]
                if (key.columns, key.target, key.target_columns) not in own
            )
    return [tuple(keys[relation.identity]) for relation in relations.values()]


def called(connection: Connection, oids: Sequence[int]) -> dict[str, Relation]:
    """The tables with these identities, by the names that changes give them."""
    return _relations(connection, connection.execute(CALLED, {"oids": list(oids)}).all())


def _relations(
    connection: Connection,
    found: Sequence[Any],
    names: Mapping[int, str] | None = None,
    triggers: Mapping[int, list[Trigger]] | None = None,
    alone: frozenset[int] = frozenset(),
) -> dict[str, Relation]:
    oids = [row.oid for row in found]
    caseless = _caseless_collations(connection)
    columns = _columns(connection, oids, caseless)
    indexes = _indexes(connection, oids, caseless, alone)
    keys = _foreign_keys(connection, oids, alone)
    primary = {row.oid: tuple(row.columns) for row in connection.execute(PRIMARY_KEYS, {"oids": oids})}
    return {
        (names or {}).get(row.oid, row.asked): Relation(
            identity=row.oid,
            schema=row.schema,
            name=row.name,
            kind=KINDS.get(row.kind, "relation"),
            rows_estimate=max(int(row.estimate), 0),
            columns=columns.get(row.oid, {}),
            unique_indexes=tuple(indexes.get(row.oid, ())),
            foreign_keys=tuple(keys.get(row.oid, ())),
            readable=row.readable,
            writable=row.writable,
            primary_key=primary.get(row.oid, ()),
            triggers=tuple((triggers or {}).get(row.oid, ())),
            alone=row.oid in alone,
        )
        for row in found
    }


def _columns(connection: Connection, oids: list[int], caseless: set[int]) -> dict[int, dict[str, Column]]:
    columns: dict[int, dict[str, Column]] = {}
    for row in connection.execute(COLUMNS, {"oids": oids}):
        family = next((name for name, types in FAMILIES.items() if row.base in types), "other")
        limit = _LENGTH.fullmatch(row.type)
        columns.setdefault(row.oid, {})[row.name] = Column(
            row.name,
            row.type,
            family,
            row.nullable,
            str(row.collation_oid),
            caseless=row.base == "citext" or row.collation_oid in caseless,
            readable=row.readable,
            default=row.has_default,
            draws=row.draws,
            generated=row.generated,
            expression=row.expression,
            collate=row.collate or "",
            length=int(limit[1]) if limit else None,
            whole=WHOLE.get(row.type),
            plain=family == "text" and (row.type in _PLAIN or row.type.endswith(".citext") or limit is not None),
            padded=row.type.startswith("character("),
        )
    return columns


def _indexes(connection: Connection, oids: list[int], caseless: set[int], alone: frozenset[int]) -> dict[int, list[Index]]:
    indexes: dict[int, list[Index]] = {}
    for row in connection.execute(INDEXES, {"oids": oids, "alone": sorted(alone)}):
        blind = tuple(
            kind == "citext" or collation in caseless for kind, collation in zip(row.types, row.collations, strict=True)
        )
        columns, expressions = tuple(row.columns), tuple(row.expressions)
        collate = tuple(each or "" for each in row.collate)
        index = Index(
            row.name,
            columns,
            expressions,
            blind,
            row.predicate,
            row.valid,
            row.nulls_equal,
            collate,
            tuple(folded_column(each) if name is None else None for name, each in zip(columns, expressions, strict=True)),
            left_out(row.predicate),
        )
        indexes.setdefault(row.oid, []).append(index)
    return indexes


def _foreign_keys(connection: Connection, oids: list[int], alone: frozenset[int]) -> dict[int, list[ForeignKey]]:
    keys: dict[int, list[ForeignKey]] = {}
    for row in connection.execute(FOREIGN_KEYS, {"oids": oids, "alone": sorted(alone)}):
        own, theirs = tuple(row.columns), tuple(row.target_columns)
        deleting = ON_DELETE.get(row.on_delete, "no action")
        keys.setdefault(row.oid, []).append(
            ForeignKey(row.name, own, row.target, theirs, row.validated, deleting, row.deferrable)
        )
    return keys


def _caseless_collations(connection: Connection) -> set[int]:
    """The nondeterministic collations under which "a" equals "A", found by asking: few databases have any."""
    caseless = set()
    for row in connection.execute(COLLATIONS):
        collation = ".".join('"' + part.replace('"', '""') + '"' for part in (row.schema, row.name))
        if connection.exec_driver_sql(f"SELECT 'a' = 'A' COLLATE {collation}").scalar():
            caseless.add(row.oid)
    return caseless
