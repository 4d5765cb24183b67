"""The statements in which SQLite's rows are read and changed as images: text in, the very value out, storage class and all.

Statements only; whoever executes them decides what they are for, and repairs/repair.py alone executes those that change rows. A
row's image is made of canonical JSON by a function that mendbook teaches the connection; keys and images come as one JSON
array, whose texts SQLite hands back to such a function. Whoever changes rows is alone in the file, so nothing is locked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import TextClause

from mendbook.dialects import Column, Relation, Stored
from mendbook.dialects.row_texts import key_parts
from mendbook.dialects.sqlite.relations import quoted as plainly_quoted
from mendbook.dialects.sqlite.text import argument, value_words
from mendbook.dialects.sqlite.values import form_of
from mendbook.digests import canonical

#: Columns that one call of a function is given: SQLite takes no more than 127 arguments.
_AT_ONCE = 100
#: The names by which SQLite knows a row's number, unless a column is called so.
_ROW_NUMBER = ("rowid", "_rowid_", "oid")


class SQLiteRows:
    """Statements over a stored table. Results have ``key`` and ``image`` columns; keys are texts (see ``Stored``)."""

    def image(self, relation: Relation, alias: str = "t") -> str:
        """SQL of the row's image: every column, by name in the order of canonical JSON, as text or null."""
        names = canonical.sorted_names(relation.columns)
        parts = []
        for first in range(0, len(names), _AT_ONCE):
            some = [relation.columns[name] for name in names[first : first + _AT_ONCE]]
            spec = json.dumps([[column.name, form_of(column)] for column in some])
            values = ", ".join(argument_of(column, alias) for column in some)
            parts.append(f"mendbook_members({literal(spec)}, {values})")
        return "('{' || " + " || ',' || ".join(parts) + " || '}')" if parts else "'{}'"

    def key(self, stored: Stored, alias: str = "t") -> str:
        """SQL of the text that names a row; of NULL where nothing does."""
        if not stored.key:
            return "NULL"
        return self._named_by([stored.relation.columns[name] for name in stored.key], alias)

    def by_keys(self, stored: Stored, keys: Sequence[str], lock: bool = False) -> TextClause:
        """The rows that ``keys`` name, in the order of their keys."""
        order = f" ORDER BY {', '.join(f't.{quoted(name)}' for name in stored.key)}" if lock else ""
        return statement(
            f"SELECT {self.key(stored)} AS key, {self.image(stored.relation)} AS image"
            f" FROM {self._given(stored)} CROSS JOIN {table(stored.relation)} t ON {self._met(stored)}{order}",
            key_parts(stored, keys),
        )

    def held(self, stored: Stored, keys: Sequence[str]) -> TextClause:
        """Which of the rows that ``keys`` name are there."""
        return statement(
            f"SELECT {self.key(stored)} AS key FROM {self._given(stored)}"
            f" CROSS JOIN {table(stored.relation)} t ON {self._met(stored)}",
            key_parts(stored, keys),
        )

    def naming(self, stored: Stored, columns: Sequence[str], values: Sequence[Sequence[str | None]]) -> TextClause:
        """The rows whose ``columns`` have one of ``values``, as (n, key): whether anything still refers there."""
        return self._by_values(stored, columns, values, f"v.n AS n, {self.key(stored)} AS key")

    def by_values(self, stored: Stored, columns: Sequence[str], values: Sequence[Sequence[str | None]]) -> TextClause:
        """The rows whose ``columns`` have one of ``values`` (texts), with ``n``, the place (from 0) of the values they have."""
        what = f"{self.key(stored)} AS key, {self.image(stored.relation)} AS image, v.n AS n"
        return self._by_values(stored, columns, values, what)

    def by_images(self, stored: Stored, images: Sequence[str], lock: bool = False) -> TextClause:
        """The rows of a table without a key that look like one of ``images``, with ``place``, their number as text."""
        image = self.image(stored.relation)
        return statement(
            f"SELECT NULL AS key, {image} AS image, CAST(t.{row_number(stored.relation)} AS TEXT) AS place"
            f" FROM {table(stored.relation)} t WHERE {image} IN (SELECT value FROM json_each(:rows))",
            list(images),
        )

    def lock_table(self, relation: Relation, alone: bool) -> TextClause | None:
        """None: nobody else alters or writes any table while a transaction writes."""
        return None

    def delete(self, stored: Stored, keys: Sequence[str]) -> TextClause:
        """Removes the rows that ``keys`` name (their places, in a table without a key) and tells which were there."""
        key = (
            self.key(stored, plain_table(stored.relation))
            if stored.key
            else _place(stored.relation, plain_table(stored.relation))
        )
        told = f"mendbook_wrote({literal(stored.relation.name)}, {key}, '[]', NULL)"
        return statement(
            f"DELETE FROM {table(stored.relation)} WHERE {self._asked_for(stored)} RETURNING {told} AS key",
            key_parts(stored, keys),
        )

    def update(
        self,
        stored: Stored,
        columns: Sequence[str],
        keys: Sequence[str],
        afters: Sequence[str],
        drawn: Mapping[str, str] = MappingProxyType({}),
    ) -> TextClause:
        """Sets ``columns`` of the rows that ``keys`` (or places) name to what ``afters`` (images) say.

        Those in ``drawn``, which the images do not hold, get what ``insert`` gives such columns. Tells each row by the key
        that it was asked by, and its image.
        """
        relation, own = stored.relation, plain_table(stored.relation)
        given = [relation.columns[name] for name in columns if name not in drawn]
        parts = key_parts(stored, keys)
        values = [json.loads(after) for after in afters]
        rows = [[*part, *(value[column.name] for column in given)] for part, value in zip(parts, values, strict=True)]
        first = max(1, len(stored.key))
        sets = [f"{quoted(column.name)} = {value_of(f'v.k{first + i}', column)}" for i, column in enumerate(given)]
        sets += [f"{quoted(name)} = {_drawn(relation.columns[name], how)}" for name, how in drawn.items()]
        key = self._asked_by(stored, own, keys, values) if {*stored.key} & {*columns} else self.key(stored, own)
        key = key if stored.key else _place(relation, own)
        told = f"mendbook_wrote({literal(relation.name)}, {key}, {_naming(relation, columns)}, {self.image(relation, own)})"
        return statement(
            f"UPDATE {table(relation)} SET {', '.join(sets)} FROM {given_rows(first + len(given))}"
            f" WHERE {self._met(stored, own)} RETURNING {told} AS key, {self.image(relation, own)} AS image",
            rows,
        )

    def insert(self, stored: Stored, afters: Sequence[str], drawn: Mapping[str, str]) -> TextClause:
        """Adds a row for each of ``afters`` (images), in their order, and tells the rows as they are, in that order too.

        ``drawn`` names the columns whose values the images do not hold: "default" leaves them to the table, "now" is the
        transaction's time.
        """
        relation, own = stored.relation, plain_table(stored.relation)
        columns = relation.columns.values()
        given = [column for column in columns if not column.generated and column.name not in drawn]
        now = [relation.columns[name] for name, how in drawn.items() if how == "now"]
        values = [*(value_of(f"v.k{i}", column) for i, column in enumerate(given)), *(_drawn(column, "now") for column in now)]
        names = [quoted(column.name) for column in (*given, *now)]
        if not values:  # a row of defaults alone: the row's own number, or any column's default, has to stand for it
            first = next(iter(relation.columns.values()))
            names, values = [quoted(first.name)], [_drawn(first, "default")]
        read = [json.loads(after) for after in afters]
        image = self.image(relation, own)
        told = f"mendbook_wrote({literal(relation.name)}, {self.key(stored, own)}, {_naming(relation)}, {image})"
        return statement(
            f"INSERT INTO {table(relation)} ({', '.join(names)}) SELECT {', '.join(values)}"
            f" FROM {given_rows(len(given))} WHERE true ORDER BY v.n"
            f" RETURNING {told} AS key, {image} AS image",
            [[row[column.name] for column in given] for row in read],
        )

    def _by_values(
        self, stored: Stored, columns: Sequence[str], values: Sequence[Sequence[str | None]], what: str
    ) -> TextClause:
        types = [stored.relation.columns[name] for name in columns]
        met = [f"t.{quoted(column.name)} = {value_of(f'v.k{i}', column)}" for i, column in enumerate(types)]
        return statement(
            f"SELECT {what} FROM {given_rows(len(columns))} CROSS JOIN {table(stored.relation)} t ON {' AND '.join(met)}",
            [list(value) for value in values],
        )

    def _given(self, stored: Stored) -> str:
        return given_rows(max(1, len(stored.key)))

    def _asked_for(self, stored: Stored) -> str:
        """The rows that are asked for, by their numbers or, where they have none, by their keys."""
        own = plain_table(stored.relation)
        if not stored.key:
            return f"{own}.{row_number(stored.relation)} IN (SELECT CAST(v.k0 AS INTEGER) FROM {given_rows(1)})"
        columns = [stored.relation.columns[name] for name in stored.key]
        names = ", ".join(f"{own}.{quoted(column.name)}" for column in columns)
        values = ", ".join(value_of(f"v.k{i}", column) for i, column in enumerate(columns))
        return f"({names}) IN (SELECT {values} FROM {given_rows(len(columns))})"

    def _met(self, stored: Stored, alias: str = "t") -> str:
        if not stored.key:
            return f"{alias}.{row_number(stored.relation)} = CAST(v.k0 AS INTEGER)"
        columns = [stored.relation.columns[name] for name in stored.key]
        return " AND ".join(
            f"{alias}.{quoted(column.name)} = {value_of(f'v.k{i}', column)}" for i, column in enumerate(columns)
        )

    def _named_by(self, columns: Sequence[Column], alias: str) -> str:
        texts = [f"mendbook_written({argument_of(column, alias)}, '{form_of(column)}')" for column in columns]
        if len(texts) == 1:
            return texts[0]
        return "('[' || " + " || ',' || ".join(f"mendbook_json({text})" for text in texts) + " || ']')"

    def _asked_by(self, stored: Stored, own: str, keys: Sequence[str], afters: Sequence[Mapping[str, Any]]) -> str:
        """The key that a row was asked by, where the change gives it another one."""
        texts = [[after[name] for name in stored.key] for after in afters]
        new = [each[0] if len(each) == 1 else canonical.text(each) for each in texts]
        told = json.dumps(list(zip(new, keys, strict=True)))
        return (
            f"(SELECT json_extract(each_key.value, '$[1]') FROM json_each({literal(told)}) AS each_key"
            f" WHERE json_extract(each_key.value, '$[0]') = {self.key(stored, own)})"
        )


def quoted(name: str) -> str:
    """The name as SQLite reads it back; its colons are kept from being taken for parameters."""
    return escaped(plainly_quoted(name))


def table(relation: Relation) -> str:
    return f"{quoted(relation.schema)}.{quoted(relation.name)}"


def plain_table(relation: Relation) -> str:
    """What a row that was changed is called by in RETURNING."""
    return quoted(relation.name)


def literal(text: str) -> str:
    return escaped("'" + text.replace("'", "''") + "'")


def escaped(sql: str) -> str:
    return sql.replace(":", "\\:")


def row_number(relation: Relation) -> str:
    """The name by which a row's number is known in ``relation``."""
    taken = {name.lower() for name in relation.columns}
    return next((name for name in _ROW_NUMBER if name not in taken), _ROW_NUMBER[0])


def argument_of(column: Column, alias: str) -> str:
    return argument(f"{alias}.{quoted(column.name)}")


def value_of(text: str, column: Column) -> str:
    """SQL of the value that a text stands for in ``column``."""
    return escaped(value_words(column).format(text))


def given_rows(width: int) -> str:
    """The rows of parameter ``rows`` (lists of texts) as v: n (from 0), and k0, k1 and so on."""
    parts = "".join(f", json_extract(value, '$[{i}]') AS k{i}" for i in range(width))
    return f"(SELECT key AS n{parts} FROM json_each(:rows)) AS v"


def _naming(relation: Relation, written: Sequence[str] | None = None) -> str:
    """The columns (JSON) by which a row names others, of those that are ``written`` (None: all of them)."""
    columns = dict.fromkeys(name for key in relation.foreign_keys for name in key.columns)
    return literal(json.dumps([name for name in columns if written is None or name in written]))


def _place(relation: Relation, alias: str) -> str:
    return f"CAST({alias}.{row_number(relation)} AS TEXT)"


def _drawn(column: Column, how: str) -> str:
    if how == "now":
        form = "'%Y-%m-%d'" if column.type.upper() == "DATE" else "'%Y-%m-%d %H\\:%M\\:%f000'"
        return f"strftime({form}, 'now')"
    return f"({escaped(column.expression)})" if column.expression else "NULL"


def statement(sql: str, rows: Sequence[Any]) -> TextClause:
    return sa.text(sql).bindparams(sa.bindparam("rows", json.dumps(rows), type_=sa.Text))
