"""Reads samples of rows, never more than it says: a few hundred of a table, by its key or by an index, all of one moment.

It never reads a whole table that is larger, counts none, and reads no password. Text comes cut short; of times and other
types only whether they are there. What may not be read is remembered with the reason, and nothing else fails for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause, Select

from mendbook.database import Database
from mendbook.dialects import Column, Relation
from mendbook.errors import MendbookError
from mendbook.guessing import Belonging, Sample, SampledRow, alone_unique, readable
from mendbook.guessing.profile_rows import by_user
from mendbook.guessing.user_columns import is_secret
from mendbook.mapping.tables import sql_of

#: Rows of one table: half of them from its beginning, half from its end.
MOST_ROWS = 1000
#: Rows of a table that belong to sampled users.
MOST_BELONGING = 3000
#: Columns of one table; wider ones are cut, the keys' and the people's columns stand first.
MOST_COLUMNS = 80
TEXT_LENGTH = 200
#: How long one of these small questions may take.
SECONDS = 20


class Sampler:
    """Samples of the tables in ``relations``, by one connection in a reading snapshot. ``read`` counts the rows."""

    def __init__(self, database: Database, connection: Connection, relations: Mapping[str, Relation]) -> None:
        self._database, self._connection, self._relations = database, connection, relations
        self._samples: dict[str, Sample] = {}
        self.read: dict[str, int] = {}
        self.unread: dict[str, str] = {}

    def sample(self, table: str) -> Sample:
        """Rows from both ends of ``table``; none where it may not be read."""
        if table not in self._samples:
            self._samples[table] = self._sampled(table)
        return self._samples[table]

    def belonging(self, table: str, user: str, keys: Collection[Any]) -> Belonging:
        """The rows of ``table`` whose column ``user`` holds one of ``keys``.

        Where no index leads to them and the table is too large to be read whole, its sample stands in, and ``known`` is False.
        """
        relation = self._relations[table]
        if not (readable(relation) and relation.columns[user].readable):
            return Belonging((), {}, known=False)
        sample = self._samples.get(table)
        if (sample is None or not sample.complete) and keys and self._indexed(relation, user):
            source = sql_of(relation, "s")
            wanted = _fitting(relation.columns[user], keys)
            rows = self._rows(table, self._select(relation, source).where(source.c[user].in_(wanted)).limit(MOST_BELONGING))
            if rows is not None and len(rows) < MOST_BELONGING:
                return Belonging(tuple(rows), by_user(rows, user))
        sample = self.sample(table)
        return Belonging(sample.rows, by_user(sample.rows, user), known=sample.complete)

    def there(self, table: str, key: str, values: Collection[Any]) -> int:
        """How many of ``values`` the key of ``table`` has."""
        relation = self._relations[table]
        source = sql_of(relation, "s")
        wanted = _fitting(relation.columns[key], values)
        asked = sa.select(sa.func.count()).select_from(source).where(source.c[key].in_(wanted))
        found = self._asked(table, asked)
        return int(found[0][0]) if found else 0

    def _sampled(self, table: str) -> Sample:
        relation = self._relations[table]
        if not readable(relation):
            self.unread[table] = "this role may not read it"
            return Sample()
        source = sql_of(relation, "s")
        half = MOST_ROWS // 2
        keys = [source.c[name] for name in relation.primary_key if relation.columns[name].readable]
        first = self._rows(table, self._select(relation, source).order_by(*keys).limit(half))
        if first is None:
            return Sample()
        if len(first) < half:
            return Sample(tuple(first), complete=True)
        if not keys:
            return Sample(tuple(first))
        last = self._rows(table, self._select(relation, source).order_by(*(key.desc() for key in keys)).limit(half)) or []
        named = {tuple(row[name] for name in relation.primary_key): row for row in (*first, *last)}
        return Sample(tuple(named.values()), complete=len(named) < len(first) + len(last))

    def _select(self, relation: Relation, source: FromClause) -> Select[Any]:
        bound = {name for key in relation.foreign_keys for name in key.columns} | set(relation.primary_key)
        columns = [column for column in relation.columns.values() if column.readable and not is_secret(column)]
        columns.sort(key=lambda column: column.name not in bound)
        return sa.select(*(_value(source.c[each.name], each).label(each.name) for each in columns[:MOST_COLUMNS])).select_from(
            source
        )

    def _indexed(self, relation: Relation, column: str) -> bool:
        """An index leads to the rows by this column."""
        if alone_unique(relation, column):
            return True
        try:
            indexes = sa.inspect(self._connection).get_indexes(relation.name, schema=relation.schema)
        except sa.exc.SQLAlchemyError:
            return False
        return any(index["column_names"][:1] == [column] for index in indexes)

    def _rows(self, table: str, asked: Select[Any]) -> list[SampledRow] | None:
        found = self._asked(table, asked)
        if found is None:
            return None
        self.read[table] = self.read.get(table, 0) + len(found)
        return [dict(row._mapping) for row in found]

    def _asked(self, table: str, asked: Select[Any]) -> Sequence[Any] | None:
        """The answer; None where the database refuses it, and the reason is remembered."""
        try:
            with self._database.errors_in_plain_words(), self._connection.begin_nested():
                return self._connection.execute(asked).all()
        except MendbookError as error:
            self.unread[table] = error.message
            return None


def _fitting(column: Column, values: Collection[Any]) -> list[Any]:
    """Those of ``values`` that the column could hold, as it compares them by its own index."""
    texts = sorted(map(str, values))
    if column.family == "integer":
        return [int(text) for text in texts if re.fullmatch(r"-?[0-9]{1,18}", text)]
    if column.family == "uuid":
        return [text for text in texts if re.fullmatch(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}", text)]
    return texts


def _value(column: ColumnElement[Any], kind: Column) -> ColumnElement[Any]:
    """What is read of a column: text cut short, numbers and booleans whole, of all others whether they are there."""
    if kind.family == "text":
        return sa.func.substr(column, 1, TEXT_LENGTH, type_=sa.Text)
    if kind.family == "uuid":
        return sa.cast(column, sa.Text)
    if kind.family in ("integer", "boolean"):
        return column
    return sa.case((column.is_(None), sa.null()), else_=sa.literal_column("1"))
