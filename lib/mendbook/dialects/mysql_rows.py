"""The statements in which rows of MySQL and MariaDB are read and changed as images: text in, text out, exact for every type.

Statements only; whoever executes them decides what they are for, and repair.py alone executes those that change rows. Values
travel as one JSON text, which the server reads as a table. Neither system tells what it has changed, so a change is several
statements, of which the last one tells what is there afterwards.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import TextClause

from mendbook import canonical
from mendbook.dialects.described import Column, Relation, Stored
from mendbook.dialects.mysql_text import told
from mendbook.dialects.mysql_types import base, string, text_of, typed, written
from mendbook.dialects.mysql_types import quoted as ticked
from mendbook.dialects.protocols import Steps

#: The control characters that the server's JSON writes in capital hexadecimal digits, and canonical JSON does not.
_CAPITALS = ["u000B", "u000E", "u000F", *(f"u001{digit}" for digit in "ABCDEF")]
#: What JSON is put together under: of two collations one must be meant, or they would not go together.
PLAIN = "utf8mb4_bin"
#: Where keys that a table draws are remembered between the statements of a change.
_DRAWN, _DRAWING = "@mendbook_drawn", "@mendbook_drawing"


class MySQLRows:
    """Statements over a stored table. Results have ``key`` and ``image`` columns; keys are texts (see ``Stored``)."""

    def image(self, relation: Relation, alias: str = "t") -> str:
        """SQL of the row's image: every column, by name in the order of canonical JSON, as text or null."""
        return object_of({name: _text(column, alias) for name, column in relation.columns.items()})

    def key(self, stored: Stored, alias: str = "t") -> str:
        """SQL of the text that names a row; of NULL where nothing does."""
        texts = [_text(stored.relation.columns[name], alias) for name in stored.key]
        if len(texts) < 2:
            return texts[0] if texts else "NULL"
        return canonical_json(
            f"concat('[' COLLATE {PLAIN}, " + ", ',', ".join(f"json_quote({text})" for text in texts) + ", ']')"
        )

    def by_keys(self, stored: Stored, keys: Sequence[str], lock: bool = False) -> TextClause:
        """The rows that ``keys`` name; locked in the order of their keys against everybody else where ``lock`` says so."""
        parts = _in_order(key_parts(stored, keys))
        return statement(
            f"SELECT {self.key(stored)} AS `key`, {self.image(stored.relation)} AS image FROM {self._named(stored)}"
            f"{' FOR UPDATE' if lock else ''}",
            parts,
        )

    def held(self, stored: Stored, keys: Sequence[str]) -> TextClause:
        """Keeps the rows that ``keys`` name from changing, and tells which there are."""
        parts = _in_order(key_parts(stored, keys))
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
        own = _own_references(stored.relation)
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
        sets = [f"t.{quoted(name)} = {_written(f'v.k{width + i}', relation.columns[name])}" for i, name in enumerate(names)]
        sets += [f"t.{quoted(name)} = {_drawn(how, f't.{quoted(name)}')}" for name, how in drawn.items()]
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
        later = [name for name in _own_references(relation) if name in names and name not in stored.key]
        into = {name: _written(f"v.k{i}", relation.columns[name]) for i, name in enumerate(names)}
        into |= dict.fromkeys(later, "NULL")
        into |= {name: "utc_timestamp(6)" for name, how in drawn.items() if how == "now"}
        values = [[row[name] for name in names] for row in rows]
        if any(name in drawn for name in stored.key):
            return self._insert_drawn(stored, into, values)
        steps = [_adding(relation, into, values)]
        if not stored.key:
            image = self.image(relation)
            shown = f"SELECT NULL AS `key`, v.k0 AS image FROM {given(1)} WHERE EXISTS (SELECT 1 FROM {table(relation)} t WHERE"
            return [*steps, statement(f"{shown} {same(image, 'v.k0')}) ORDER BY v.n", [[after] for after in afters])]
        keys = [[row[name] for name in stored.key] for row in rows]
        if later:
            width = len(stored.key)
            sets = [f"t.{quoted(name)} = {_written(f'v.k{width + i}', relation.columns[name])}" for i, name in enumerate(later)]
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
            steps.append(_adding(stored.relation, into, [row]))
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
            steps += [_one(sql, image), statement(f"SET @mendbook_{number} = row_count()", None)]
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
            own = [
                f"{quoted(name)} = {_written('NULL' if row[name] is None else literal(row[name]), stored.relation.columns[name])}"
                for name in names
            ]
            own += [each.replace("t.", "", 1) for each in sets[len(names) :]]
            steps.append(_one(f"UPDATE {whole} SET {', '.join(own)} WHERE {alone} LIMIT 1", image))
        telling = (
            f"SELECT v.k0 AS `key`, v.k1 AS image FROM {given(2)} WHERE EXISTS"
            f" (SELECT 1 FROM {whole} t WHERE {same(self.image(stored.relation), 'v.k1')})"
        )
        return [*steps, statement(telling, [list(pair) for pair in zip(images, afters, strict=True)])]

    def _named(self, stored: Stored, width: int = 0, last: str = "") -> str:
        """The rows that the given keys name, by their index."""
        rows = given(max(width, len(stored.key)), last)
        return f"{rows} STRAIGHT_JOIN {table(stored.relation)} t ON {met(stored.relation, stored.key)}"


def _adding(relation: Relation, into: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> TextClause:
    """Adds ``rows``, of whose texts ``into`` (column: SQL) is made."""
    if not into:
        return sa.text(f"INSERT INTO {table(relation)} () VALUES {', '.join('()' for _ in rows)}")
    names, width = ", ".join(map(quoted, into)), max(map(len, rows))
    source = f"SELECT {', '.join(into.values())} FROM {given(width)} ORDER BY v.n"
    return statement(f"INSERT INTO {table(relation)} ({names}) {source}", rows)


def quoted(name: str) -> str:
    """The name as the server reads it back; its colons are kept from being taken for parameters."""
    return escaped(ticked(name))


def table(relation: Relation) -> str:
    return f"{quoted(relation.schema)}.{quoted(relation.name)}"


def literal(text: str) -> str:
    return escaped(string(text))


def escaped(sql: str) -> str:
    return sql.replace(":", "\\:")


def _text(column: Column, alias: str) -> str:
    return text_of(f"{alias}.{quoted(column.name)}", column.type)


def _written(text: str, column: Column) -> str:
    return written(text, column.type)


def _drawn(how: str, column: str) -> str:
    return "utc_timestamp(6)" if how == "now" else f"DEFAULT({column})"


def same(one: str, other: str) -> str:
    """Two texts are the same, byte by byte."""
    return f"CAST({one} AS BINARY) = CAST({other} AS BINARY)"


def object_of(texts: Mapping[str, str]) -> str:
    """SQL of the canonical JSON object of the ``texts`` (SQL) by their names."""
    names = sorted(texts, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    parts = []
    for number, name in enumerate(names):
        lead = ("," if number else "{") + canonical.text(name) + ":"
        parts.append(f"{literal(lead)}, {_quoted_or_null(texts[name])}")
    return canonical_json(f"concat({', '.join([*parts, literal('}')])})") if parts else literal("{}")


def _quoted_or_null(text: str) -> str:
    return f"coalesce(json_quote({text}), 'null' COLLATE {PLAIN})"


def canonical_json(json_text: str) -> str:
    """SQL of JSON as the server writes it, with the few escapes rewritten that canonical JSON has in small letters.

    A backslash of a text itself comes doubled: such pairs are set aside meanwhile as a control character, which JSON never has.
    """
    sql = f"replace({json_text}, {literal(chr(92) * 2)}, {literal(chr(1))})"
    for capital in _CAPITALS:
        sql = f"replace({sql}, {literal(chr(92) + capital)}, {literal(chr(92) + capital.lower())})"
    return f"replace({sql}, {literal(chr(1))}, {literal(chr(92) * 2)})"


def given(width: int, last: str = "") -> str:
    """The parameter ``given``, rows of texts, as the table v: n from 1, k0, k1 ..., and ``last`` where there is one more."""
    columns = [f"k{i} LONGTEXT PATH '$[{i}]'" for i in range(width)]
    columns += [f"{last} LONGTEXT PATH '$[{width}]'"] if last else []
    return f"JSON_TABLE(:given, '$[*]' COLUMNS ({', '.join(['n FOR ORDINALITY', *columns])})) v"


def met(relation: Relation, columns: Sequence[str]) -> str:
    """The first of the given texts are the values of ``columns``, compared as the columns are, so that an index serves."""
    return " AND ".join(f"t.{quoted(name)} = {typed(f'v.k{i}', relation.columns[name])}" for i, name in enumerate(columns))


def key_parts(stored: Stored, keys: Sequence[str]) -> list[list[Any]]:
    """The texts of each key, column by column."""
    if len(stored.key) < 2:
        return [[key] for key in keys]
    return [list(canonical.read(f"{key}\n".encode())) for key in keys]


def _in_order(parts: list[list[Any]]) -> list[list[Any]]:
    """Keys in one order for all: numbers by their size."""
    return sorted(parts, key=lambda part: [(len(text), text) if text.isdigit() else (0, text) for text in part])


def _own_references(relation: Relation) -> list[str]:
    """The columns, if they may be NULL, by which rows of the table name other rows of it."""
    keys = [key.columns for key in relation.foreign_keys if key.target == relation.identity]
    return [names[0] for names in keys if len(names) == 1 and relation.columns[names[0]].nullable]


def statement(sql: str, rows: Sequence[Sequence[Any]] | None) -> TextClause:
    text = sa.text(sql)
    return text if rows is None else text.bindparams(sa.bindparam("given", told(rows), type_=sa.Text))


def _one(sql: str, image: str) -> TextClause:
    return sa.text(sql).bindparams(sa.bindparam("image", image, type_=sa.Text))


def hypothetical(text: str, column: Column) -> str:
    """SQL of the value that a column would have for ``text`` (SQL); NULL where it cannot hold it."""
    kind, plain = base(column.type), typed(text, column)
    if column.whole is not None:
        return f"CASE WHEN {plain} BETWEEN {column.whole[0]} AND {column.whole[1]} THEN {plain} END"
    if kind in ("enum", "set"):
        members = column.type[column.type.index("(") :].replace(":", "\\:")
        return f"CASE WHEN {text} IN {members} THEN {text} END" if kind == "enum" else text
    if kind in ("decimal", "datetime", "time", "timestamp"):
        size = column.type[len(kind) :].split(" ")[0]
        return plain.replace("DECIMAL(65, 30)", f"DECIMAL{size}").replace("(6)", size if size else "")
    if column.length is not None:
        cut = f"left({plain}, {column.length})"
        return f"trim(TRAILING ' ' FROM {cut})" if column.padded else cut
    return plain
