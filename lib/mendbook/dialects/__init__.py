"""What differs between databases, and the words in which every one of them describes its catalogue.

A dialect says how its text is compared, how a snapshot is taken and pinned, and reads its catalogue into the values
below; nothing above this floor knows which database it talks to. PostgreSQL is the first; docs/architecture.md tells
what another one has to bring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import ColumnElement, Connection, FromClause, TextClause
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from mendbook.errors import ConfigError

if TYPE_CHECKING:
    from mendbook.dialects.health import Health


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the catalogue tells it. ``family`` is one of integer, number, text, uuid, boolean, time, other.

    default    whether the database gives a value of its own where none is written (a default, a sequence, an identity)
    draws      whether that is another value each time: an identity, or a default that asks a sequence or a function
    generated  whether it is computed from the row's other columns, and never written
    expression the SQL that computes it
    collate    the SQL name of a collation of its own; empty where it has its type's
    """

    name: str
    type: str
    family: str
    nullable: bool
    collation: str = ""
    caseless: bool = False
    readable: bool = True
    default: bool = False
    draws: bool = False
    generated: bool = False
    expression: str | None = None
    collate: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """A unique index: its keys as columns (None for an expression) or as expressions, its predicate, its health.

    nulls_equal  whether two NULLs are the same to it (NULLS NOT DISTINCT)
    collate      the SQL name of the collation by which each key is compared; empty where its type has none
    """

    name: str
    columns: tuple[str | None, ...]
    expressions: tuple[str, ...]
    caseless: tuple[bool, ...]
    predicate: str | None
    valid: bool
    nulls_equal: bool = False
    collate: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key; ``validated`` is False for NOT VALID and NOT ENFORCED ones.

    on_delete   what becomes of the row when the one it names goes: "no action", "restrict", "cascade", "set null",
                "set default"
    deferrable  whether it can wait for the end of the transaction
    """

    name: str
    columns: tuple[str, ...]
    target: int
    target_columns: tuple[str, ...]
    validated: bool
    on_delete: str = "no action"
    deferrable: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger or rule of somebody's own that is switched on: when ("before", "after", "instead"), and on which changes
    ("insert", "update", "delete")."""

    name: str
    timing: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, or what stands where a table was expected (``kind`` says: table, view, foreign table, ...).

    ``readable`` tells of its schema: without USAGE on that, rights on columns are worth nothing. ``triggers`` and
    ``checks`` (name and SQL of conditions that every row must meet) are told only where ``referring`` asked.
    """

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
    primary_key: tuple[str, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    checks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """A table whose rows are read and changed as images: what plans call it, and the columns that name a row there.

    A row's key is its text in the one column of ``key``, a canonical JSON array of texts where there are several, and
    nothing (its whole image names it) where there are none.
    """

    name: str
    relation: Relation
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a database says of the tables that were asked for; the ones that it does not know are left out."""

    relations: dict[str, Relation]
    names: tuple[str, ...]
    elsewhere: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns of a table (by its identity) that together name a row of any table: its content type, and its key."""

    identity: int
    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Generic:
    """Django's generic relations: the name of the table behind each content type (by its key, as text), the pairs of columns
    by which tables refer to them, and those tables by the names that changes give them."""

    types: dict[str, str]
    relations: dict[str, Relation]
    pairs: tuple[Pair, ...]
    readable: bool = True


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


@dataclass(frozen=True, slots=True)
class Moment:
    """The time (aware) by the database's clock, whether the server is a replica, how far triggers and foreign keys are
    switched on ("origin": as they should be), and the snapshot as the database names it."""

    now: datetime
    replica: bool
    replication_role: str
    snapshot: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a session stands: the moment, which database it is, and a mark that changes when its tables' schema does."""

    moment: Moment
    identity: dict[str, str]
    mark: str


@dataclass(frozen=True, slots=True)
class Writers:
    """Who writes the database besides this transaction: its own number, the next one that nobody has finished under, and
    whether others are under way. Numbers are given out one after the other, to whoever writes."""

    own: int
    next: int
    others: bool


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


class Rows(Protocol):
    """The statements that read and change rows as images; each takes texts and gives texts."""

    def image(self, relation: Relation, alias: str = ...) -> str: ...
    def key(self, stored: Stored, alias: str = ...) -> str: ...
    def by_keys(self, stored: Stored, keys: Sequence[str], lock: bool = ...) -> TextClause: ...
    def held(self, stored: Stored, keys: Sequence[str]) -> TextClause: ...
    def naming(self, stored: Stored, columns: Sequence[str], values: Sequence[Sequence[str | None]]) -> TextClause: ...
    def by_values(self, stored: Stored, columns: Sequence[str], values: Sequence[Sequence[str | None]]) -> TextClause: ...
    def by_images(self, stored: Stored, images: Sequence[str], lock: bool = ...) -> TextClause: ...
    def lock_table(self, relation: Relation, mode: str) -> TextClause: ...
    def delete(self, stored: Stored, keys: Sequence[str]) -> TextClause: ...
    def update(
        self,
        stored: Stored,
        columns: Sequence[str],
        keys: Sequence[str],
        afters: Sequence[str],
        drawn: Mapping[str, str] = ...,
    ) -> TextClause: ...
    def insert(self, stored: Stored, afters: Sequence[str], drawn: Mapping[str, str]) -> TextClause: ...
    def counted(self, stored: Stored, ways: Sequence[Sequence[str]], values: Sequence[Any]) -> TextClause: ...
    def becoming(self, stored: Stored, afters: Sequence[str]) -> TextClause: ...
    def colliding(self, stored: Stored, index: Index, afters: Sequence[str]) -> TextClause: ...


class Dialect(Protocol):
    """One kind of database."""

    name: str

    def url(self, url: URL) -> URL: ...
    def engine_options(self) -> dict[str, Any]: ...
    def begin_snapshot(self, connection: Connection, timeout_seconds: int, snapshot: str | None) -> None: ...
    def share_snapshot(self, connection: Connection) -> str: ...
    def begin_repair(
        self, connection: Connection, lock_seconds: float, statement_seconds: float, idle_seconds: float
    ) -> None: ...
    def keep_others_out(self, connection: Connection) -> bool: ...
    def moment(self, connection: Connection) -> Moment: ...
    def standing(self, connection: Connection, tables: Sequence[int]) -> Standing: ...
    def writers(self, connection: Connection) -> Writers: ...
    def identity(self, connection: Connection) -> dict[str, str]: ...
    def schema_digests(self, connection: Connection, tables: Mapping[str, int]) -> dict[str, str]: ...
    def cancel(self, connection: Connection) -> None: ...
    def server(self, connection: Connection) -> Server: ...
    def text(self, server: Server) -> TextRules: ...
    def catalogue(self, connection: Connection, tables: list[str]) -> Catalogue: ...
    def referring(self, connection: Connection, tables: Mapping[str, Relation]) -> dict[str, Relation]: ...
    def generic(self, connection: Connection, schema: str) -> Generic | None: ...
    def rows(self) -> Rows: ...
    def exceptions(self, connection: Connection, tables: Sequence[str]) -> bool | None: ...
    def sequences(self, connection: Connection, tables: Sequence[int]) -> list[tuple[str, str]]: ...
    def health(self) -> Health: ...
    def hides_rows(self, connection: Connection, relation: Relation) -> str: ...
    def explain(self, error: Exception, url: URL) -> Exception: ...


def dialect_of(url: str, variable: str) -> tuple[Dialect, URL]:
    """The dialect for a URL, and the URL normalized for its driver; ConfigError where it is none of ours."""
    from mendbook.dialects.postgresql import PostgreSQL

    try:
        if url.partition("?")[0].count("@") > 1:  # a raw one in the password: what follows it would be told as the host
            raise ValueError
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
