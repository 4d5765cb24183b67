"""What differs between databases, and the words in which every one of them describes its catalogue.

A dialect says how its text is compared, how a snapshot is taken and pinned, and reads its catalogue into the values
below; nothing above this floor knows which database it talks to. PostgreSQL is the first; docs/architecture.md tells
what another one has to bring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, FromClause
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from mendbook.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the catalogue tells it. ``family`` is one of integer, number, text, uuid, boolean, time, other."""

    name: str
    type: str
    family: str
    nullable: bool
    collation: str = ""
    caseless: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """A unique index: its keys as columns (None for an expression) or as expressions, its predicate, its health."""

    name: str
    columns: tuple[str | None, ...]
    expressions: tuple[str, ...]
    caseless: tuple[bool, ...]
    predicate: str | None
    valid: bool


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key; ``validated`` is False for NOT VALID and NOT ENFORCED ones."""

    name: str
    columns: tuple[str, ...]
    target: int
    target_columns: tuple[str, ...]
    validated: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, or what stands where a table was expected (``kind`` says: table, view, foreign table, ...)."""

    identity: int
    schema: str
    name: str
    kind: str
    rows_estimate: int
    columns: dict[str, Column]
    unique_indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    readable: bool = True
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a database says of the tables that were asked for; the ones that it does not know are left out."""

    relations: dict[str, Relation]
    names: tuple[str, ...]
    elsewhere: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Server:
    """The server and session at the other end: no secret, safe to show."""

    database: str
    name: str
    version: str
    user: str
    replica: bool
    lag_seconds: float | None
    superuser: bool
    encoding: str


class TextRules(Protocol):
    """DAMAGE's comparisons in the words of one database and encoding."""

    def blank(self, column: ColumnElement[Any]) -> ColumnElement[bool]: ...
    def fold(self, column: ColumnElement[Any]) -> ColumnElement[str]: ...
    def exact(self, column: ColumnElement[Any]) -> ColumnElement[str]: ...
    def key(self, column: ColumnElement[Any]) -> ColumnElement[str]: ...
    def digest(self, text: ColumnElement[str]) -> ColumnElement[Any]: ...
    def microseconds(self, moment: ColumnElement[Any]) -> ColumnElement[int]: ...
    def near(self, column: ColumnElement[Any]) -> tuple[ColumnElement[str], ColumnElement[str]]: ...
    def listed(self, name: str, columns: Mapping[str, Sequence[Any]], numbers: Sequence[str]) -> FromClause: ...
    def moment(self, column: ColumnElement[Any], kind: Column) -> ColumnElement[Any] | None: ...


class Dialect(Protocol):
    """One kind of database."""

    name: str

    def url(self, url: URL) -> URL: ...
    def engine_options(self) -> dict[str, Any]: ...
    def begin_snapshot(self, connection: Connection, timeout_seconds: int, snapshot: str | None) -> None: ...
    def share_snapshot(self, connection: Connection) -> str: ...
    def server(self, connection: Connection) -> Server: ...
    def text(self, server: Server) -> TextRules: ...
    def catalogue(self, connection: Connection, tables: list[str]) -> Catalogue: ...
    def changed_collations(self, connection: Connection) -> list[str]: ...
    def hides_rows(self, connection: Connection, relation: Relation) -> str: ...
    def explain(self, error: Exception, url: URL) -> Exception: ...


def dialect_of(url: str, variable: str) -> tuple[Dialect, URL]:
    """The dialect for a URL, and the URL normalized for its driver; ConfigError where it is none of ours."""
    from mendbook.dialects.postgresql import PostgreSQL

    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        raise ConfigError(
            f"The value of {variable} is not a database URL.",
            f"export {variable}='postgresql://USER:PASSWORD@HOST/DATABASE' (percent-encode special letters).",
        ) from None
    if backend not in ("postgresql", "postgres"):
        raise ConfigError(
            f"{variable} names a {backend!r} database; mendbook reads PostgreSQL.",
            f"export {variable}='postgresql://USER:PASSWORD@HOST/DATABASE'",
        )
    dialect = PostgreSQL()
    return dialect, dialect.url(parsed)
