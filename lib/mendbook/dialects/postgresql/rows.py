"""The statements in which PostgreSQL's rows are read and changed as images: text in, text out, exact for every type.

Statements only; whoever executes them decides what they are for, and repairs/repair.py alone executes those that change rows.
A row's image is made by the server as canonical JSON (digests/canonical.py), so that equal rows have equal bytes. Values travel
as text and are cast by the server to the column's own type; sessions are pinned (dialect.py) so that this is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import TextClause

from mendbook.dialects import Column, Relation, Stored
from mendbook.dialects.postgresql.arrays import array
from mendbook.digests import canonical

#: Families of types whose texts JSON has as they are; to_json takes several times as long as it takes to put them together.
UNESCAPED = ("integer", "number", "boolean", "time", "uuid")


class PostgreSQLRows:
    """Statements over a stored table. Results have ``key`` and ``image`` columns; keys are texts (see ``Stored``)."""

    def image(self, relation: Relation, alias: str = "t") -> str:
        """SQL of the row's image: every column, by name in the order of canonical JSON, as text or null."""
        names = canonical.sorted_names(relation.columns)
        parts = []
        for number, name in enumerate(names):
            lead = ("," if number else "{") + canonical.text(name) + ":"
            text = f"{alias}.{quoted(name)}::text"
            value = f"""'"' || {text} || '"'""" if relation.columns[name].family in UNESCAPED else f"to_json({text})::text"
            parts.append(f"{literal(lead)} || coalesce({value}, 'null')")
        return "(" + " || ".join([*parts, "'}'"]) + ")" if parts else "'{}'"

    def key(self, stored: Stored, alias: str = "t") -> str:
        """SQL of the text that names a row; of NULL where nothing does."""
        if not stored.key:
            return "NULL::text"
        texts = [f"{alias}.{quoted(name)}::text" for name in stored.key]
        if len(texts) == 1:
            return texts[0]
        return "('[' || " + " || ',' || ".join(f"to_json({text})::text" for text in texts) + " || ']')"

    def by_keys(self, stored: Stored, keys: Sequence[str], lock: bool = False) -> TextClause:
        """The rows that ``keys`` name, in the order of their keys; locked against everybody else where ``lock`` says so."""
        tail = f" ORDER BY {', '.join(f't.{quoted(name)}' for name in stored.key)} FOR UPDATE OF t" if lock else ""
        return statement(
            f"SELECT {self.key(stored)} AS key, {self.image(stored.relation)} AS image"
            f" FROM {table(stored.relation)} t {self._named(stored)}{tail}",
            self._parts(stored, keys),
        )

    def held(self, stored: Stored, keys: Sequence[str]) -> TextClause:
        """Keeps the rows that ``keys`` name from going away or changing their keys, and tells which there are."""
        return statement(
            f"SELECT {self.key(stored)} AS key FROM {table(stored.relation)} t {self._named(stored)}"
            f" ORDER BY {', '.join(f't.{quoted(name)}' for name in stored.key)} FOR KEY SHARE OF t",
            self._parts(stored, keys),
        )

    def naming(self, stored: Stored, columns: Sequence[str], values: Sequence[Sequence[str | None]]) -> TextClause:
        """The rows whose ``columns`` have one of ``values``, as (n, key): whether anything still refers there."""
        source, parts = _having(stored, columns, values)
        return statement(f"SELECT (v.n - 1)::integer AS n, {self.key(stored)} AS key FROM {source}", parts)

    def by_values(self, stored: Stored, columns: Sequence[str], values: Sequence[Sequence[str | None]]) -> TextClause:
        """The rows whose ``columns`` have one of ``values`` (texts), with ``n``, the place (from 0) of the values they have."""
        source, parts = _having(stored, columns, values)
        told = f"{self.key(stored)} AS key, {self.image(stored.relation)} AS image, (v.n - 1)::integer AS n"
        return statement(f"SELECT {told} FROM {source}", parts)

    def by_images(self, stored: Stored, images: Sequence[str], lock: bool = False) -> TextClause:
        """The rows of a table without a key that look like one of ``images``, with ``place``, their physical place."""
        tail = " FOR UPDATE OF t" if lock else ""
        image = self.image(stored.relation)
        return statement(
            f"SELECT NULL::text AS key, {image} AS image, t.ctid::text AS place"
            f" FROM {table(stored.relation)} t WHERE {image} = ANY (cast(:images AS text[])){tail}",
            {"images": list(images)},
        )

    def lock_table(self, relation: Relation, alone: bool) -> TextClause:
        """Nobody alters the table meanwhile; where ``alone``, nobody writes it either."""
        mode = "SHARE ROW EXCLUSIVE" if alone else "ROW EXCLUSIVE"
        return sa.text(f"LOCK TABLE ONLY {_called(relation)} IN {mode} MODE")

    def delete(self, stored: Stored, keys: Sequence[str]) -> TextClause:
        """Removes the rows that ``keys`` name (their places, in a table without a key) and tells which were there."""
        return statement(
            f"DELETE FROM {table(stored.relation)} t USING {self._source(stored)} RETURNING {self._asked(stored)} AS key",
            self._parts(stored, keys),
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

        Those in ``drawn``, which the images do not hold, get what ``insert`` gives such columns.
        Tells each row by the key that it was asked by, and its image where that is not the one asked for.
        """
        given = {name: _value("v", stored.relation.columns[name]) for name in columns if name not in drawn}
        given |= {name: "transaction_timestamp()" if how == "now" else "DEFAULT" for name, how in drawn.items()}
        values = ", ".join(f"{quoted(name)} = {value}" for name, value in given.items())
        return statement(
            f"UPDATE {table(stored.relation)} t SET {values} FROM {self._source(stored, 'after')}"
            f" RETURNING {self._asked(stored)} AS key, nullif({self.image(stored.relation)}, v.after) AS image",
            self._parts(stored, keys),
            after=afters,
        )

    def insert(self, stored: Stored, afters: Sequence[str], drawn: Mapping[str, str]) -> TextClause:
        """Adds a row for each of ``afters`` (images), in their order, and tells the rows as they are, in that order too.

        ``drawn`` names the columns whose values the images do not hold: "default" leaves them to the table, "now" is the
        transaction's time.
        """
        columns = stored.relation.columns.values()
        given = [column for column in columns if not column.generated and column.name not in drawn]
        now = [name for name, how in drawn.items() if how == "now"]
        names = ", ".join([*(quoted(column.name) for column in given), *(quoted(name) for name in now)])
        values = [*(f"r.{quoted(column.name)}::{column.type}" for column in given), *("transaction_timestamp()" for _ in now)]
        what = f"({names}) OVERRIDING SYSTEM VALUE SELECT {', '.join(values)}" if values else "SELECT"
        row = ", ".join(f"{quoted(column.name)} text" for column in given) or '"" text'
        parsed = f" CROSS JOIN LATERAL json_to_record(v.after::json) AS r({row})" if given else ""
        return statement(
            f"INSERT INTO {_called(stored.relation)} AS t {what} FROM {unnest({'after': ()}, True, True)}{parsed} ORDER BY v.n"
            f" RETURNING {self.key(stored)} AS key, {self.image(stored.relation)} AS image",
            {},
            after=afters,
        )

    def _named(self, stored: Stored) -> str:
        """A join with the keys asked for, in the columns' own types, so that their index serves."""
        return f"JOIN {unnest(self._parts(stored, ()))} ON {self._met(stored)}"

    def _source(self, stored: Stored, *more: str) -> str:
        names = dict.fromkeys([*self._parts(stored, ()), *more], ())
        return f"{unnest(names, joined=True)} WHERE {self._met(stored)}"

    def _met(self, stored: Stored) -> str:
        if not stored.key:
            return "t.ctid = v.k0::tid"
        columns = [stored.relation.columns[name] for name in stored.key]
        return _all([f"t.{quoted(column.name)} = v.k{i}::{column.type}" for i, column in enumerate(columns)])

    def _asked(self, stored: Stored) -> str:
        """The key that a changed row was asked by."""
        texts = [f"v.k{i}" for i in range(max(1, len(stored.key)))]
        return (
            texts[0] if len(texts) == 1 else "('[' || " + " || ',' || ".join(f"to_json({t})::text" for t in texts) + " || ']')"
        )

    def _parts(self, stored: Stored, keys: Sequence[str]) -> dict[str, list[str]]:
        if len(stored.key) < 2:
            return {"k0": list(keys)}
        split = [canonical.read(f"{key}\n".encode()) for key in keys]
        return {f"k{i}": [parts[i] for parts in split] for i in range(len(stored.key))}


def quoted(name: str) -> str:
    """The name as PostgreSQL reads it back; its colons are kept from being taken for parameters."""
    return escaped('"' + name.replace('"', '""') + '"')


def table(relation: Relation) -> str:
    return f"ONLY {_called(relation)}" if relation.alone else _called(relation)


def _called(relation: Relation) -> str:
    return f"{quoted(relation.schema)}.{quoted(relation.name)}"


def literal(text: str) -> str:
    # E'' strings, where a backslash is doubled, mean the same whatever standard_conforming_strings is set to
    return escaped("E'" + text.replace("\\", "\\\\").replace("'", "''") + "'")


def escaped(sql: str) -> str:
    return sql.replace(":", "\\:")


def _value(alias: str, column: Column) -> str:
    return f"({alias}.after::json ->> {literal(column.name)})::{column.type}"


def _all(conditions: Sequence[str]) -> str:
    return " AND ".join(conditions)


def _having(
    stored: Stored, columns: Sequence[str], values: Sequence[Sequence[str | None]]
) -> tuple[str, dict[str, list[str | None]]]:
    """The source of the rows t whose ``columns`` have one of ``values``, in which v.n (from 1) is its place; its parameters."""
    parts = {f"v{i}": [value[i] for value in values] for i in range(len(columns))}
    types = [stored.relation.columns[name].type for name in columns]
    met = [f"t.{quoted(name)} = v.v{i}::{kind}" for i, (name, kind) in enumerate(zip(columns, types, strict=True))]
    return f"{unnest(parts, True)} JOIN {table(stored.relation)} t ON {_all(met)}", parts


def unnest(parts: Mapping[str, Any], numbered: bool = False, joined: bool = False) -> str:
    """The parameters ``parts`` as columns of v; where ``joined``, the images in "after" come as one text (``together``)."""
    one = "string_to_array(:after, chr(31))"
    arrays = ", ".join(one if joined and name == "after" else f"cast(:{name} AS text[])" for name in parts)
    names = ", ".join([*parts, *(["n"] if numbered else [])])
    return f"unnest({arrays}){' WITH ORDINALITY' if numbered else ''} AS v({names})"


def statement(sql: str, parts: Mapping[str, Sequence[str | None]], after: Sequence[str] | None = None) -> TextClause:
    given = [sa.bindparam(name, array(values), type_=sa.Text) for name, values in parts.items()]
    if after is not None:
        given.append(sa.bindparam("after", together(after), type_=sa.Text))
    return sa.text(sql).bindparams(*given)


def together(images: Sequence[str]) -> str:
    """Images as one text, which is faster sent than many: a control character, which none can hold, stands between them."""
    return "\x1f".join(images)
