"""Reads the catalogue of MySQL and MariaDB into relations: those that a mapping names, and those that refer to them.

A few queries a database, however many tables there are. It reads information_schema alone, and no row of any table. Tables
have no numbers there, so their identity is one that is made of their names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.dialects.described import Catalogue, Column, ForeignKey, Index, Relation, Trigger
from mendbook.dialects.mysql import catalogue as ask
from mendbook.dialects.mysql.types import BITS, base, family, quoted, whole
from mendbook.errors import Refused

#: A table: its database and its name.
Named = tuple[str, str]
KINDS = {"BASE TABLE": "table", "SYSTEM VERSIONED": "table", "VIEW": "view", "SEQUENCE": "sequence"}
#: lower() or upper() of a column, trimmed or cast to text or not, as either system prints it.
_FOLDING = re.compile(
    # nullif(.., '') leaves blanks out, as a partial index does elsewhere
    r"\(*(?:nullif\(+)?(?:lower|lcase|upper|ucase)\(+(?:trim\(+(?:both (?:(?:_utf8mb4)?' ' )?from )?)?"
    r"(?:cast\(+)?`((?:[^`]|``)+)`(?: as char(?:\(\d+\))?(?: charset \w+)?)?\)+(?:,\s*(?:_utf8mb4)?''\)+)?",
    re.IGNORECASE,
)
#: A default that is no literal; of the time of day there is no key.
_FUNCTION = re.compile(r"\(*(?!current_timestamp|now|curdate|curtime|nextval)[a-z_]+\(", re.IGNORECASE)

#: The tables behind the identities that were given out.
_named: dict[int, Named] = {}


def identity_of(schema: str, name: str) -> int:
    """The number that stands for a table: the same for the same names, wherever it is asked."""
    number = int.from_bytes(sha256(f"{schema}\0{name}".encode()).digest()[:7], "big")
    _named[number] = (schema, name)
    return number


def names_of(connection: Connection, identities: Iterable[int]) -> dict[int, Named]:
    """The tables behind ``identities``; those that are not there are left out."""
    wanted = set(identities)
    if not wanted <= _named.keys():
        for row in connection.execute(ask.NAMES):
            identity_of(row.schema, row.name)
    return {number: _named[number] for number in wanted if number in _named}


def catalogue(connection: Connection, tables: list[str]) -> Catalogue:
    """What the catalogue says of ``tables`` (names as in the mapping); those that it does not know are left out."""
    every = connection.execute(ask.NAMES).all()
    kinds = {(row.schema, row.name): KINDS.get(row.kind, row.kind.lower()) for row in every}
    own = connection.execute(sa.text("SELECT database()")).scalar()
    asked: dict[str, Named] = {}
    for name in tables:
        first, dot, rest = name.partition(".")
        named = (first, rest) if dot else (own, name)
        if named in kinds:
            asked[name] = named
    elsewhere: dict[str, tuple[str, ...]] = {}
    for row in every:
        elsewhere[row.name] = (*elsewhere.get(row.name, ()), f"{row.schema}.{row.name}")
    # the other databases of a server are mostly of other applications
    names = tuple(row.name if "." not in row.name else f"{row.schema}.{row.name}" for row in every if row.visible)
    relations = read(connection, sorted(set(asked.values())), kinds)
    return Catalogue({name: relations[named] for name, named in asked.items() if named in relations}, names, elsewhere)


def referring(connection: Connection, tables: Mapping[str, Relation]) -> dict[str, Relation]:
    """``tables`` and every table that refers to one of them by foreign keys, step by step, with triggers and checks.

    Refused where one of ``tables`` is kept by an engine that takes nothing back.
    """
    names = {(relation.schema, relation.name): name for name, relation in tables.items()}
    edges: dict[Named, set[Named]] = defaultdict(set)
    for row in connection.execute(ask.REFERRING):
        edges[row.target_schema, row.target].add((row.schema, row.name))
    known, fresh = set(names), set(names)
    while fresh:
        fresh = {source for target in fresh for source in edges[target]} - known
        known |= fresh
    own = connection.execute(sa.text("SELECT database()")).scalar()
    found = {}
    relations = read(connection, sorted(known), {}, whole=True)
    for named in sorted(relations):
        schema, name = named
        called = names.get(named) or (name if schema == own and "." not in name else f"{schema}.{name}")
        found[called] = relations[named]
    return found


def called(connection: Connection, identities: Sequence[int]) -> dict[str, Relation]:
    """The tables with these identities, by the names that changes give them."""
    own = connection.execute(sa.text("SELECT database()")).scalar()
    relations = read(connection, sorted(names_of(connection, identities).values()), {})
    return {
        relation.name if schema == own and "." not in name else f"{schema}.{name}": relation
        for (schema, name), relation in relations.items()
    }


def read(
    connection: Connection, tables: Sequence[Named], kinds: Mapping[Named, str], whole: bool = False
) -> dict[Named, Relation]:
    """The relations behind ``tables``, with triggers and checks where ``whole``; those that are not there are left out."""
    by_schema: dict[str, list[str]] = defaultdict(list)
    for schema, name in tables:
        by_schema[schema].append(name)
    relations = {}
    for schema, names in by_schema.items():
        given = {"schema": schema, "names": names}
        exact = set(names)  # names there are compared without regard to case
        columns: dict[str, dict[str, Column]] = defaultdict(dict)
        rights: dict[str, set[str]] = defaultdict(set)
        for row in connection.execute(ask.COLUMNS, given):
            columns[row.table][row.name] = _column(row)
            rights[row.table].update(row.rights.split(","))
        indexes = _indexes(connection, given, columns)
        keys = _foreign_keys(connection, given)
        triggers, checks = _triggers_and_checks(connection, given) if whole else ({}, {})
        for row in connection.execute(ask.TABLES, given):
            if row.name not in exact:
                continue
            if whole and (row.engine or "InnoDB").lower() != "innodb":
                raise Refused(
                    f"Table {row.name} is kept by the engine {row.engine}: nothing that is done there can be taken back.",
                    f"Repairs need InnoDB: ALTER TABLE {quoted(row.name)} ENGINE=InnoDB. Audits do not.",
                )
            mine = indexes.get(row.name, {})
            relations[schema, row.name] = Relation(
                identity=identity_of(schema, row.name),
                schema=schema,
                name=row.name,
                kind=kinds.get((schema, row.name), "table"),
                rows_estimate=int(row.estimate or 0),
                columns=columns[row.name],
                unique_indexes=tuple(mine.values()),
                foreign_keys=tuple(keys.get(row.name, ())),
                readable=True,
                writable=bool(rights[row.name] & {"insert", "update"}),
                primary_key=tuple(str(name) for name in mine["PRIMARY"].columns) if "PRIMARY" in mine else (),
                triggers=tuple(triggers.get(row.name, ())),
                checks=tuple(checks.get(row.name, ())),
            )
    return relations


def _column(row: Any) -> Column:
    default = None if row.default in (None, "NULL") else row.default
    collation = _collation(row)
    draws = "auto_increment" in row.extra or (default is not None and "nextval(" in default)
    kind = base(row.type)
    text = family(row.type) == "text"
    return Column(
        row.name,
        row.type,
        family(row.type),
        bool(row.nullable),
        collation,
        caseless=collation.endswith("_ci"),
        readable="select" in row.rights.split(","),
        default=draws or default is not None,
        draws=draws,
        generated="generated" in row.extra.replace("default_generated", "") or "persistent" in row.extra,
        # of a default, too, that is worked out anew each time: where it makes a key, somebody has to know which
        expression=row.expression or (default if default is not None and _FUNCTION.match(default) else None),
        collate=collation,
        length=int(row.length) if text and row.length is not None else None,
        whole=whole(row.type) if kind in BITS else None,
        plain=text,
        padded=kind == "char",
        truth=("0", "1"),
    )


def _collation(row: Any) -> str:
    name = str(row.collation or "")
    return name if not name or row.encoding is None or name.startswith(row.encoding) else f"{row.encoding}_{name}"


def _indexes(
    connection: Connection, given: Mapping[str, Any], columns: Mapping[str, Mapping[str, Column]]
) -> dict[str, dict[str, Index]]:
    on_expressions = not connection.dialect.is_mariadb  # type: ignore[attr-defined]
    keys: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for row in connection.execute(ask.INDEXES_ON_EXPRESSIONS if on_expressions else ask.INDEXES, given):
        keys[row.table][row.name].append(row)
    return {
        table: {name: _index(name, parts, columns[table]) for name, parts in own.items()}
        for table, own in keys.items()
        if table in columns
    }


def _index(name: str, parts: Sequence[Any], columns: Mapping[str, Column]) -> Index:
    plain: list[str | None] = []
    expressions, caseless, collate, folds = [], [], [], []
    for part in parts:
        column = columns.get(part.column or "")
        computed = column.expression if column is not None and column.generated else None
        expression = getattr(part, "expression", None)
        if expression:
            # MySQL prints the quotes of an expression with backslashes before them
            plain.append(None)
            expressions.append(expression.replace("\\'", "'"))
            computed = expressions[-1]
        elif part.part:
            plain.append(None)
            expressions.append(f"left({quoted(part.column)}, {int(part.part)})")
        else:
            # of a computed column nobody can say by which changes it changes: it is told as the expression that it is
            plain.append(None if column is not None and column.generated else part.column)
            expressions.append(computed or quoted(part.column or ""))
        caseless.append(column is not None and column.caseless)
        collate.append(column.collate if column is not None else "")
        folds.append(None if part.part else _folded(computed))
    return Index(name, tuple(plain), tuple(expressions), tuple(caseless), None, True, False, tuple(collate), tuple(folds))


def _folded(expression: str | None) -> str | None:
    """The column that an expression lowers or raises, trimmed or not."""
    found = _FOLDING.fullmatch(expression or "")
    return None if found is None else found[1].replace("``", "`")


def _foreign_keys(connection: Connection, given: Mapping[str, Any]) -> dict[str, list[ForeignKey]]:
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in connection.execute(ask.FOREIGN_KEYS, given):
        found[row.table, row.name].append(row)
    if not found:
        return {}
    deleting = {(row.table, row.name): row.on_delete for row in connection.execute(ask.ON_DELETE, given)}
    keys: dict[str, list[ForeignKey]] = defaultdict(list)
    for (table, name), parts in found.items():
        own, theirs = tuple(part.column for part in parts), tuple(part.target_column for part in parts)
        target = identity_of(parts[0].target_schema, parts[0].target)
        keys[table].append(ForeignKey(name, own, target, theirs, True, deleting.get((table, name), "no action")))
    return keys


def _triggers_and_checks(
    connection: Connection, given: Mapping[str, Any]
) -> tuple[dict[str, list[Trigger]], dict[str, list[tuple[str, str]]]]:
    triggers: dict[str, list[Trigger]] = defaultdict(list)
    for row in connection.execute(ask.TRIGGERS, given):
        triggers[row.table].append(Trigger(row.name, row.timing, (row.event,)))
    checks: dict[str, list[tuple[str, str]]] = defaultdict(list)
    mariadb = connection.dialect.is_mariadb  # type: ignore[attr-defined]
    for row in connection.execute(ask.CHECKS if mariadb else ask.CHECKS_OF_MYSQL, given):
        checks[row.table].append((row.name, row.clause))
    return triggers, checks
