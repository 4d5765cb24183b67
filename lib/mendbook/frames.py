"""Chosen columns and rows of a mapped table as pandas frames, for the analyst who wants to look for themselves.

Reads inside a snapshot and never more than was asked for; personal data comes masked unless revealed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mendbook.config import Users
from mendbook.damage.moments import microseconds
from mendbook.database import Snapshot
from mendbook.display import mask_frame
from mendbook.errors import MappingError, known
from mendbook.mapping.tables import ProfileTable, UserTable

if TYPE_CHECKING:
    from pandas import DataFrame

Where = Mapping[str, Any]
HIDDEN = "•••"
DTYPES = {"integer": "Int64", "boolean": "boolean", "number": "float64"}
#: The Python values that compare as what they are; all others, and what a person wrote as text, by the text form.
NATIVE: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int, float, Decimal),
    "number": (int, float, Decimal),
    "time": (date,),
}


def frames(
    snapshot: Snapshot,
    table: UserTable | ProfileTable,
    columns: Sequence[str] | None,
    where: Where | None,
    limit: int | None,
    chunk_rows: int,
    reveal: bool,
) -> Iterator[DataFrame]:
    """The rows of ``table`` that have every value in ``where`` (a list means any of them; None means NULL), in chunks.

    Whole numbers come as Int64, times as datetime64[us, UTC], true and false as boolean, the rest as text in the
    database's own form. At least one frame comes, empty where nothing matches. Raises MappingError for unknown columns.
    """
    wanted = (
        list(dict.fromkeys(columns)) if columns else [name for name in table.relation.columns if name not in _secret(table)]
    )
    statement = _statement(snapshot, table, wanted, where, limit)
    options = {"stream_results": True, "yield_per": chunk_rows}
    with snapshot.connection.execute(statement, execution_options=options) as result:
        empty = True
        for rows in result.partitions():
            empty = False
            yield _frame(table, wanted, list(rows), reveal)
        if empty:
            yield _frame(table, wanted, [], reveal)


def personal(table: UserTable | ProfileTable) -> list[str]:
    """The columns that may tell who a person is: every text that is not a key, a code, a flag or a kind of user."""
    mapping = table.mapping
    if isinstance(mapping, Users):
        plain = {mapping.key, *mapping.privileged}
    else:
        plain = {mapping.key, mapping.user, *mapping.codes, *mapping.flags} - {*mapping.filled}
    return [c.name for c in table.relation.columns.values() if c.family in ("text", "other") and c.name not in plain]


def _secret(table: UserTable | ProfileTable) -> set[str]:
    """Columns that are never shown: the mapped password, and what is called so."""
    mapped = table.mapping.password if isinstance(table, UserTable) else None
    return {"password", mapped or "password"}


def _statement(
    snapshot: Snapshot, table: UserTable | ProfileTable, columns: list[str], where: Where | None, limit: int | None
) -> sa.Select[Any]:
    for name in (*columns, *(where or ())):
        if not table.has(name):
            raise MappingError(f"Table {table.name!r} has no column {name!r}.", known(name, table.relation.columns, "column"))
    statement = sa.select(*(_read(snapshot, table, name).label(f"c{n}") for n, name in enumerate(columns)))
    for name, value in (where or {}).items():
        statement = statement.where(_condition(snapshot, table, name, value))
    return statement.select_from(table.sql).limit(limit)


def _read(snapshot: Snapshot, table: UserTable | ProfileTable, name: str) -> sa.ColumnElement[Any]:
    column, family = table.column(name), table.kind(name).family
    if family == "time":
        moment = snapshot.tables.text.moment(column, table.kind(name))
        assert moment is not None
        return snapshot.tables.text.microseconds(moment)
    if family in ("boolean", "integer"):
        return column
    return sa.cast(column, sa.Double) if family == "number" else snapshot.tables.text.shown(column, table.kind(name))


def _condition(snapshot: Snapshot, table: UserTable | ProfileTable, name: str, value: Any) -> sa.ColumnElement[bool]:
    column, family = table.column(name), table.kind(name).family
    wanted = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
    given = [each for each in wanted if each is not None]
    if family in NATIVE and all(isinstance(each, NATIVE[family]) for each in given):
        found = _read(snapshot, table, name).in_([_instant(each) if family == "time" else each for each in given])
    else:
        found = snapshot.tables.text.exact(column).in_([str(each) for each in given])
    return found if len(given) == len(wanted) else sa.or_(found, column.is_(None))


def _instant(day: date) -> int:
    """A time, or the beginning of a day, as microseconds since 1970; one without a zone is UTC, as the database reads it."""
    moment = day if isinstance(day, datetime) else datetime.combine(day, time.min)
    return microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _frame(table: UserTable | ProfileTable, columns: list[str], rows: list[Any], reveal: bool) -> DataFrame:
    import pandas as pd

    frame = pd.DataFrame.from_records([tuple(row) for row in rows], columns=pd.Index(columns))
    for name in columns:
        family = table.kind(name).family
        if family == "time":
            frame[name] = pd.to_datetime(frame[name].astype("Int64"), unit="us", utc=True).astype("datetime64[us, UTC]")
        else:
            frame[name] = frame[name].astype(pd.api.types.pandas_dtype(DTYPES.get(family, "str")))
    if not reveal and rows:
        frame = mask_frame(frame, [name for name in personal(table) if name in columns])
    for secret in _secret(table) & set(columns):
        frame[secret] = HIDDEN
    return frame
