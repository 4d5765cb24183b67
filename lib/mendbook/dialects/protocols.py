"""What a dialect brings: the methods that everything above this floor relies on, and what each must give.

Interfaces alone. docs/architecture.md tells in which order to write them, and how one sees that they are right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Executable, FromClause, Select, TextClause
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from mendbook.dialects.described import (
    Catalogue,
    Column,
    Generic,
    Index,
    Moment,
    Pressure,
    Relation,
    Server,
    Standing,
    Stored,
    Writers,
)
from mendbook.dialects.health import Health
from mendbook.dialects.ledger_words import LedgerWords
from mendbook.dialects.role_needs import RoleNeeds

#: The statements of a change, run one after the other; the last one tells (most databases need no more than one).
Steps = TextClause | Sequence[TextClause]


class TextRules(Protocol):
    """DAMAGE's comparisons in the words of one database and encoding: expressions, never statements that are run.

    Moments are of whatever type the database keeps them in. What is above this floor gets them from ``moment``, ``now`` and
    ``no_moment`` alone, hands them on, coalesces and orders them, and reckons with their ``microseconds`` only.
    """

    def blank(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """NULL, or nothing but Unicode's white space."""

    def fold(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """Trimmed of that white space and lowered letter by letter, comparing by code point; NULL where blank."""

    def exact(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """The value as text that compares and sorts code point by code point."""

    def key(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """The value as the text by which findings, plans and the ledger name it; the same as in images."""

    def sorts_itself(self, kind: Column) -> bool:
        """Whether such a column's own order is that of keys: numbers by their size, texts and uuids by code point."""

    def digest(self, text: ColumnElement[str]) -> ColumnElement[Any]:
        """What equal texts share and others seldom do, cheap to sort by; the text itself where there is nothing cheaper."""

    def alike(self, rows: FromClause, own: ColumnElement[Any], text: ColumnElement[str]) -> Select[Any]:
        """(own, value): those of ``rows`` whose ``text``, by its digest, may stand on another of them too. ``own`` names
        each row once. NULL may be among the values."""

    def moment(self, column: ColumnElement[Any], kind: Column) -> ColumnElement[Any] | None:
        """The column as a moment (naive times are UTC, whole numbers seconds or milliseconds); None where it holds no time."""

    def truth(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """A column of booleans as what it says, whatever it keeps for true and false."""

    def no_moment(self) -> ColumnElement[Any]:
        """NULL, of the type of moments."""

    def now(self) -> ColumnElement[Any]:
        """The moment of the transaction, by the database's clock."""

    def microseconds(self, moment: ColumnElement[Any]) -> ColumnElement[int]:
        """A moment as microseconds since 1970, UTC."""

    def in_order(self, value: ColumnElement[Any], descending: bool = ..., nulls_first: bool = ...) -> list[ColumnElement[Any]]:
        """What to order by for the order of ``value``, NULLs at its end (or its beginning), whatever the database's habit."""

    def near(self, column: ColumnElement[Any]) -> tuple[ColumnElement[str], ColumnElement[str]]:
        """A name as a hasty person may write it again: (its letters, those without the digits at their end)."""

    def listed(self, name: str, columns: Mapping[str, Sequence[Any]], numbers: Sequence[str]) -> FromClause:
        """Values as a table called ``name``, one column each: whole ``numbers``, all others text; any value may be None."""

    def typed(self, text: ColumnElement[Any], kind: Column) -> ColumnElement[Any]:
        """A text as the value that it is in a column of that kind, so that an index on one serves."""

    def shown(self, value: ColumnElement[Any], kind: Column) -> ColumnElement[str]:
        """A value of that kind as images show it."""

    def among(self, column: ColumnElement[Any], kind: Column | None, name: str) -> ColumnElement[bool]:
        """The column is one of the texts that parameter ``name`` has when the statement is run (as ``sent`` gives them): as
        values of ``kind``, by an index where there is one; compared as ``key`` gives them where that is None."""

    def sent(self, texts: Sequence[str]) -> Any:
        """What the driver is handed for a parameter of ``among``."""

    def any_of(self, value: ColumnElement[Any], rows: Select[Any]) -> ColumnElement[bool]:
        """The value is one of the few that the one column of ``rows`` has, found once; an index on the value serves."""

    def nowhere(
        self, value: ColumnElement[Any], outer: FromClause, rows: FromClause, column: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """No one of ``rows`` has the ``value`` of ``outer``'s row in its ``column``; where that is NULL, none has. As fast for
        large tables without an index as with one."""

    def numbered(self, code: ColumnElement[Any], before: str, after: str) -> ColumnElement[int]:
        """The whole number (up to 18 digits, nothing else) that stands between ``before`` and ``after``, whatever their case,
        in a text; NULL where it is not of that form."""


class Rows(Protocol):
    """The statements that read and change rows as images; each takes texts and gives texts.

    Rows that are read come with ``key`` and ``image``; see ``Stored`` for keys. The same row has the same image, byte by
    byte, whenever it is read: canonical JSON of every column's text. What is changed is told by what is there afterwards.
    """

    def image(self, relation: Relation, alias: str = ...) -> str: ...
    def key(self, stored: Stored, alias: str = ...) -> str: ...
    def by_keys(self, stored: Stored, keys: Sequence[str], lock: bool = ...) -> TextClause:
        """The rows that ``keys`` name; with ``lock`` in the order of their keys, and nobody else can change them."""

    def held(self, stored: Stored, keys: Sequence[str]) -> TextClause:
        """(key): the rows that ``keys`` name, which cannot go away or change their keys any more."""

    def naming(self, stored: Stored, columns: Sequence[str], values: Sequence[Sequence[str | None]]) -> TextClause:
        """(n, key): the rows whose ``columns`` have the values at place ``n``."""

    def by_values(self, stored: Stored, columns: Sequence[str], values: Sequence[Sequence[str | None]]) -> TextClause:
        """(key, image, n): the same with images."""

    def by_images(self, stored: Stored, images: Sequence[str], lock: bool = ...) -> TextClause:
        """(key, image, place): the rows of a table without a key that look so; ``place`` names each until it changes."""

    def lock_table(self, relation: Relation, alone: bool) -> TextClause | None:
        """Nobody alters the table until the transaction ends; where ``alone``, nobody else writes it either. None where the
        transaction has seen to that already."""

    def delete(self, stored: Stored, keys: Sequence[str]) -> Steps:
        """(key): removes the rows that ``keys`` (or places) name and tells which were there."""

    def update(
        self,
        stored: Stored,
        columns: Sequence[str],
        keys: Sequence[str],
        afters: Sequence[str],
        drawn: Mapping[str, str] = ...,
    ) -> Steps:
        """(key, image): sets ``columns`` of the rows that ``keys`` (or places) name to what ``afters`` (images) say, or as
        ``drawn`` says (see ``insert``). Tells each by the key it was asked by; an image may be NULL where it is the one asked
        for."""

    def insert(self, stored: Stored, afters: Sequence[str], drawn: Mapping[str, str]) -> Steps:
        """(key, image): adds the rows in their order, told in that order. ``drawn`` are columns that the images do not hold:
        "default" leaves them to the table, "now" is the transaction's time."""

    def counted(self, stored: Stored, ways: Sequence[Sequence[str]], values: Sequence[Any]) -> TextClause:
        """(n, rows): how many rows name each of the values in one of ``ways`` (columns): values[way][n]."""

    def becoming(self, stored: Stored, afters: Sequence[str]) -> Executable:
        """(n, image, broken): what each image would be as a row, and which of the table's checks it would fail (a list).

        An image may leave columns out, which will be drawn when the row is made: NULL stands there for now.
        """

    def colliding(self, stored: Stored, index: Index, afters: Sequence[str]) -> TextClause:
        """(n, alike, key, image): those of ``afters`` that the unique index would hold, numbered alike where their keys there
        are equal, each once alone (key and image NULL) and once with each row of the table that has the same key now."""


class Dialect(Protocol):
    """One kind of database. It keeps nothing of a connection: one object serves them all."""

    name: str
    #: why ``mendbook roles`` has no script for such a database; empty where it has
    no_roles: str
    #: how many bytes the name of a role may have, and what a person does with the script
    longest_role: int
    after_roles: tuple[str, ...]

    def url(self, url: URL) -> URL: ...
    def engine_options(self, url: URL, writing: bool) -> dict[str, Any]:
        """What create_engine is told besides, for connections that only read, or for those that may write; errors must not
        carry the values that a statement was asked with."""

    def begin_snapshot(self, connection: Connection, timeout_seconds: int, snapshot: str | None) -> None:
        """Make the transaction that has just begun a reading one that sees a single moment, with its formats pinned."""

    def share_snapshot(self, connection: Connection) -> str:
        """The name of this transaction's moment, by which others can see the same; empty where none can."""

    def begin_repair(self, connection: Connection, lock_seconds: float, statement_seconds: float, idle_seconds: float) -> None:
        """Make the transaction that has just begun a writing one, whose statements see what is committed by then, with
        formats pinned as in a snapshot and with these limits (0: none). Refused on a replica."""

    def begin_writing(self, connection: Connection) -> None:
        """The same without limits and pins: for what writes the ledger's tables alone."""

    def begin_keeping(self, connection: Connection, lock_seconds: float) -> None:
        """Make the transaction that has just begun one that lasts as long as a repair, beside the connection that repairs:
        it must hold up nobody. ``keep_others_out`` is asked in it."""

    def keep_others_out(self, connection: Connection) -> bool:
        """Whether this transaction is now the only one that repairs this database; so it is until it ends."""

    def defer_constraints(self, connection: Connection) -> None:
        """Let the constraints that can wait do so, from here on."""

    def check_constraints(self, connection: Connection) -> None:
        """Raise the driver's error now where a constraint that waited is broken."""

    def moment(self, connection: Connection) -> Moment: ...
    def standing(self, connection: Connection, tables: Sequence[int]) -> Standing: ...
    def writers(self, connection: Connection) -> Writers:
        """Who writes besides this transaction; one who cannot tell says that others do."""

    def written_since(self, table: str, snapshot: str) -> ColumnElement[bool]:
        """The rows of ``table`` (its name in the statement) that somebody may have written since ``snapshot`` (as in
        ``Moment``; empty: since ever); cheap to tell, and never says no wrongly. True where nothing tells."""

    def identity(self, connection: Connection) -> dict[str, str]:
        """Which database this is, so that a plan for one is not applied to a copy of it."""

    def schema_digests(self, connection: Connection, tables: Mapping[str, int]) -> dict[str, str]: ...
    def cancel(self, connection: Connection) -> None: ...
    def server(self, connection: Connection) -> Server: ...
    def pressure(self, connection: Connection) -> Pressure:
        """How busy the database is; what this role may not see counts as nothing."""

    def text(self, server: Server) -> TextRules: ...
    def tables(self, connection: Connection) -> list[str]:
        """Every ordinary table that there is for this role, readable or not, as a mapping names it; without the system's own,
        mendbook's own, and partitions."""

    def catalogue(self, connection: Connection, tables: list[str]) -> Catalogue: ...
    def referring(self, connection: Connection, tables: Mapping[str, Relation]) -> dict[str, Relation]: ...
    def generic(self, connection: Connection, schema: str) -> Generic | None: ...
    def rows(self) -> Rows: ...
    def ledger(self) -> LedgerWords:
        """Where the ledger stands, and how it is written."""

    def exceptions(self, connection: Connection, tables: Sequence[str]) -> bool | None:
        """Whether pairs of users of ``tables`` (names for one) have been told apart; None where that may not be read."""

    def sequences(self, connection: Connection, tables: Sequence[int]) -> list[tuple[str, str]]: ...
    def health(self) -> Health:
        """How this database is examined: what doctor looks at, and which rights a role lacks."""

    def roles(self, needs: RoleNeeds, names: Mapping[str, str]) -> str:
        """The SQL of the roles called ``names`` (audit, repair, owner), for an administrator to read and run. Running it again
        gives what a later version, mapping or migration needs besides, and takes nothing. Not asked where ``no_roles``."""

    def hides_rows(self, connection: Connection, relation: Relation) -> str: ...
    def explain(self, error: Exception, url: URL) -> Exception: ...
    def fault(self, error: DBAPIError) -> str:
        """Whose fault an error of the driver is: "others" (a deadlock, a lock held too long: try again), "request" (what was
        asked for breaks a rule of the database: data, constraints, triggers), "rights", or "" (the connection, or unknown)."""

    def objection(self, error: DBAPIError) -> str:
        """What the database objected to, in its own words but without the row's values."""
