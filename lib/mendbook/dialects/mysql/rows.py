"""The statements in which rows of MySQL and MariaDB are read and changed as images: text in, text out, exact for every type.

Statements only; whoever executes them decides what they are for, and repairs/repair.py alone executes those that change rows.
Values travel as one JSON text, which the server reads as a table. Neither system tells what it has changed, so a change is
several statements, of which the last one tells what is there afterwards.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import TextClause

from mendbook.dialects.described import Relation, Stored
from mendbook.dialects.mysql.words import (
    PLAIN,
    adding,
    canonical_json,
    drawn_value,
    escaped,
    given,
    in_order,
    literal,
    met,
    object_of,
    one_image,
    own_references,
    quoted,
    same,
    statement,
    table,
    text_in,
    value_of,
)
from mendbook.dialects.protocols import Steps
from mendbook.dialects.row_texts import key_parts

#: Where keys that a table draws are remembered between the statements of a change.
_DRAWN, _DRAWING = "@mendbook_drawn", "@mendbook_drawing"


class MySQLRows:
    """Statements over a stored table. Results have ``key`` and ``image`` columns; keys are texts (see ``Stored``)."""

    def image(self, relation: Relation, alias: str = "t") -> str:
        """SQL of the row's image: every column, by name in the order of canonical JSON, as text or null."""
        return object_of({name: text_in(column, alias) for name, column in relation.columns.items()})

    def key(self, stored: Stored, alias: str = "t") -> str:
        """SQL of the text that names a row; of NULL where nothing does."""
        texts = [text_in(stored.relation.columns[name], alias) for name in stored.key]
        if len(texts) < 2:
            return texts[0] if texts else "NULL"
        return canonical_json(
            f"concat('[' COLLATE {PLAIN}, " + ", ',', ".join(f"json_quote({text})" for text in texts) + ", ']')"
        )

    def by_keys(self, stored: Stored, keys: Sequence[str], lock: bool = False) -> TextClause:
        """The rows that ``keys`` name; locked in the order of their keys against everybody else where ``lock`` says so."""
        parts = in_order(key_parts(stored, keys))
        return statement(
            f"SELECT {self.key(stored)} AS `key`, {self.image(stored.relation)} AS image FROM {self._named(stored)}"
            f"{' FOR UPDATE' if lock else ''}",
            parts,
        )

    def held(self, stored: Stored, keys: Sequence[str]) -> TextClause:
        """Keeps the rows that ``keys`` name from changing, and tells which there are."""
        parts = in_order(key_parts(stored, keys))
        return statement(f"SELECT {self.key(stored)} AS `key` FROM {self._named(stored)} LOCK IN SHARE MODE", parts)

    def naming(self, stored: Stored, columns: Sequence[str], values: Sequence[Sequence[str | None]]) -> TextClause:
        """The rows whose ``columns`` have one of ``values``, as (n, key): whether anything still refers there."""
        found = f"{given(len(columns))} STRAIGHT_JOIN {table(stored.relation)} t ON {met(stored.relation, columns)}"
        return statement(f"SELECT CAST(v.n - 1 AS SIGNED) AS n, {self.key(stored)} AS `key` FROM {found}", values)

    def by_values(self, stored: Stored, columns: Sequence[str], values: Sequence[Sequence[str | None]]) -> TextClause:
        """The rows whose ``columns`` have one of ``values`` (texts), with ``n``, the place (from 0) of the values they have."""
        found = f"{given(len(columns))} STRAIGHT_JOIN {table(stored.relation)} t ON {met(stored.relation, columns)}"
        return statement(
            f"SELECT {self.key(stored)} AS `key`, {self.image(stored.relation)} AS image, CAST(v.n - 1 AS SIGNED) AS n"
            f" FROM {found}",
            values,
        )

    def by_images(self, stored: Stored, images: Sequence[str], lock: bool = False) -> TextClause:
        """The rows of a table without a key that look like one of ``images``; what they look like is their ``place``."""
        image = self.image(stored.relation)
        return statement(
            f"SELECT NULL AS `key`, {image} AS image, {image} AS place FROM {given(1)}"
            f" STRAIGHT_JOIN {table(stored.relation)} t ON {same(image, 'v.k0')}{' FOR UPDATE' if lock else ''}",
            [[image] for image in images],
        )

    def lock_table(self, relation: Relation, alone: bool) -> TextClause:
        """Opens the table, so that nobody alters it until the transaction ends.

        Nobody else writes what is read: a repair's transaction locks what it reads, and the gaps in between (SERIALIZABLE).
        """
        del alone
        return sa.text(f"SELECT 1 FROM {table(relation)} WHERE false")

    def delete(self, stored: Stored, keys: Sequence[str]) -> Steps:
        """Removes the rows that ``keys`` name (their images, in a table without a key) and tells which were there."""
        if not stored.key:
            return self._delete_unnamed(stored, keys)
        parts = key_parts(stored, keys)
        own = own_references(stored.relation)
        # a row that goes may be named by one that goes after it: InnoDB would not wait for the end of the statement
        freed = ", ".join(f"t.{quoted(name)} = NULL" for name in own)
        freeing = [statement(f"UPDATE {self._named(stored)} SET {freed}", parts)] if own else []
        return [
            *freeing,
            statement(f"DELETE t FROM {self._named(stored)}", parts),
            statement(
                f"SELECT v.name AS `key` FROM {given(len(stored.key), 'name')} WHERE NOT EXISTS"
                f" (SELECT 1 FROM {table(stored.relation)} t WHERE {met(stored.relation, stored.key)})",
                [[*part, key] for part, key in zip(parts, keys, strict=True)],
            ),
        ]

    def update(
        self,
        stored: Stored,
        columns: Sequence[str],
        keys: Sequence[str],
        afters: Sequence[str],
        drawn: Mapping[str, str] = MappingProxyType({}),
    ) -> Steps:
        """Sets ``columns`` of the rows that ``keys`` (or images) name to what ``afters`` (images) say; tells them."""
        relation, rows = stored.relation, [json.loads(after) for after in afters]
        # a column that would be set to the time of the change by itself keeps what the image says
        times = [name for name, column in relation.columns.items() if column.family == "time" and not column.generated]
        names = [name for name in dict.fromkeys([*columns, *times]) if name not in drawn]
        width = max(len(stored.key), 1)
        sets = [f"t.{quoted(name)} = {value_of(f'v.k{width + i}', relation.columns[name])}" for i, name in enumerate(names)]
        sets += [f"t.{quoted(name)} = {drawn_value(how, f't.{quoted(name)}')}" for name, how in drawn.items()]
        if not stored.key:
            return self._update_unnamed(stored, names, sets, keys, afters)
        named = key_parts(stored, keys)
        moved = [
            [row[key] if key in columns else part for key, part in zip(stored.key, parts, strict=True)]
            for row, parts in zip(rows, named, strict=True)
        ]
        values = [[*parts, *(row[name] for name in names)] for parts, row in zip(named, rows, strict=True)]
        return [
            statement(f"UPDATE {self._named(stored, width + len(names))} SET {', '.join(sets)}", values),
            statement(
                f"SELECT v.name AS `key`, {self.image(relation)} AS image FROM {self._named(stored, width, 'name')}",
                [[*parts, key] for parts, key in zip(moved, keys, strict=True)],
            ),
        ]

    def insert(self, stored: Stored, afters: Sequence[str], drawn: Mapping[str, str]) -> Steps:
        """Adds a row for each of ``afters`` (images), in their order, and tells the rows as they are, in that order too."""
        relation, rows = stored.relation, [json.loads(after) for after in afters]
        names = [name for name, column in relation.columns.items() if not column.generated and name not in drawn]
        # a row may name one that comes after it: InnoDB would not wait for the end of the statement
        later = [name for name in own_references(relation) if name in names and name not in stored.key]
        into = {name: value_of(f"v.k{i}", relation.columns[name]) for i, name in enumerate(names)}
        into |= dict.fromkeys(later, "NULL")
        into |= {name: "utc_timestamp(6)" for name, how in drawn.items() if how == "now"}
        values = [[row[name] for name in names] for row in rows]
        if any(name in drawn for name in stored.key):
            return self._insert_drawn(stored, into, values)
        steps = [adding(relation, into, values)]
        if not stored.key:
            image = self.image(relation)
            shown = f"SELECT NULL AS `key`, v.k0 AS image FROM {given(1)} WHERE EXISTS (SELECT 1 FROM {table(relation)} t WHERE"
            return [*steps, statement(f"{shown} {same(image, 'v.k0')}) ORDER BY v.n", [[after] for after in afters])]
        keys = [[row[name] for name in stored.key] for row in rows]
        if later:
            width = len(stored.key)
            sets = [f"t.{quoted(name)} = {value_of(f'v.k{width + i}', relation.columns[name])}" for i, name in enumerate(later)]
            naming = [[*key, *(row[name] for name in later)] for key, row in zip(keys, rows, strict=True)]
            steps.append(statement(f"UPDATE {self._named(stored, width + len(later))} SET {', '.join(sets)}", naming))
        telling = f"SELECT {self.key(stored)} AS `key`, {self.image(relation)} AS image FROM {self._named(stored)} ORDER BY v.n"
        return [*steps, statement(telling, keys)]

    def _insert_drawn(self, stored: Stored, into: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> Steps:
        """Row by row, for nothing else tells the numbers that a table draws; other keys are worked out before they are used."""
        column = stored.relation.columns[stored.key[0]]
        own = "last_insert_id()" if column.expression is None else _DRAWING
        steps = [statement(f"SET {_DRAWN} = '[]'", None)]
        for row in rows:
            if column.expression is not None:
                steps.append(statement(f"SET {_DRAWING} = {escaped(column.expression)}", None))
                into = {**into, column.name: _DRAWING}
            steps.append(adding(stored.relation, into, [row]))
            steps.append(statement(f"SET {_DRAWN} = json_array_append({_DRAWN}, '$', convert({own} USING utf8mb4))", None))
        drawn = f"JSON_TABLE({_DRAWN}, '$[*]' COLUMNS (n FOR ORDINALITY, k0 LONGTEXT PATH '$')) v"
        found = f"{drawn} STRAIGHT_JOIN {table(stored.relation)} t ON {met(stored.relation, stored.key)}"
        telling = f"SELECT {self.key(stored)} AS `key`, {self.image(stored.relation)} AS image FROM {found} ORDER BY v.n"
        return [*steps, statement(telling, None)]

    def _delete_unnamed(self, stored: Stored, images: Sequence[str]) -> Steps:
        alone = same(self.image(stored.relation, table(stored.relation)), ":image")
        steps, telling = [], []
        for number, (image, count) in enumerate(Counter(images).items()):
            sql = f"DELETE FROM {table(stored.relation)} WHERE {alone} LIMIT {count}"
            steps += [one_image(sql, image), statement(f"SET @mendbook_{number} = row_count()", None)]
            telling.append(f"@mendbook_{number} = {count} AND v.n = {number + 1}")
        told_of = f"SELECT v.k0 AS `key` FROM {given(1)} WHERE {' OR '.join(telling)}"
        return [*steps, statement(told_of, [[image] for image in Counter(images)])]

    def _update_unnamed(
        self, stored: Stored, names: Sequence[str], sets: Sequence[str], images: Sequence[str], afters: Sequence[str]
    ) -> Steps:
        """One after the other, by what they look like; told where a row looks as asked afterwards."""
        whole = table(stored.relation)
        alone, steps = same(self.image(stored.relation, whole), ":image"), []
        for image, after in zip(images, afters, strict=True):
            row = json.loads(after)
            texts = {name: "NULL" if row[name] is None else literal(row[name]) for name in names}
            own = [f"{quoted(name)} = {value_of(text, stored.relation.columns[name])}" for name, text in texts.items()]
            own += [each.replace("t.", "", 1) for each in sets[len(names) :]]
            steps.append(one_image(f"UPDATE {whole} SET {', '.join(own)} WHERE {alone} LIMIT 1", image))
        telling = (
            f"SELECT v.k0 AS `key`, v.k1 AS image FROM {given(2)} WHERE EXISTS"
            f" (SELECT 1 FROM {whole} t WHERE {same(self.image(stored.relation), 'v.k1')})"
        )
        return [*steps, statement(telling, [list(pair) for pair in zip(images, afters, strict=True)])]

    def _named(self, stored: Stored, width: int = 0, last: str = "") -> str:
        """The rows that the given keys name, by their index."""
        rows = given(max(width, len(stored.key)), last)
        return f"{rows} STRAIGHT_JOIN {table(stored.relation)} t ON {met(stored.relation, stored.key)}"
