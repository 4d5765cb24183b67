"""The words in which every database describes its catalogue, its server and itself to mendbook.

Frozen values that a dialect fills; nothing here asks a database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the catalogue tells it. ``family`` is one of integer, number, text, uuid, boolean, time, other.

    default    whether the database gives a value of its own where none is written (a default, a sequence, an identity)
    draws      whether that is another value each time: an identity, or a default that asks a sequence or a function
    generated  whether it is computed from the row's other columns, and never written
    expression the SQL that computes it
    collate    the SQL name of a collation of its own; empty where it has its type's
    length     how many characters fit into a text; None where there is no limit, or none that is known
    whole      the least and the largest whole number that fits; None where it is of no such type, or has rules of its own
    plain      whether it is text without rules of its own: it shows what was written, if that is not too long
    padded     whether it does not keep blanks at a text's end
    truth      how images show false and true there
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
    length: int | None = None
    whole: tuple[int, int] | None = None
    plain: bool = False
    padded: bool = False
    truth: tuple[str, str] = ("false", "true")


@dataclass(frozen=True, slots=True)
class Index:
    """A unique index: its keys as columns (None for an expression) or as expressions, its predicate, its health.

    nulls_equal  whether two NULLs are the same to it (NULLS NOT DISTINCT)
    collate      the SQL name of the collation by which each key is compared; empty where its type has none
    folds        the column inside each key that is an expression and lowers it (or raises it), trimmed or not; None in others
    leaves_out   the columns whose blanks (NULL, or empty) are all that the predicate leaves out; None where it leaves out more
    """

    name: str
    columns: tuple[str | None, ...]
    expressions: tuple[str, ...]
    caseless: tuple[bool, ...]
    predicate: str | None
    valid: bool
    nulls_equal: bool = False
    collate: tuple[str, ...] = ()
    folds: tuple[str | None, ...] = ()
    leaves_out: tuple[str, ...] | None = ()


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
    ``checks`` (name and SQL of conditions that every row must meet) are told only where ``referring`` asked. Where ``alone``
    is set, other tables inherit from this one, and its own rows are meant without theirs.
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
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A table whose rows are read and changed as images: what plans call it, and the columns that name a row there.

    A row's key is its text in the one column of ``key``, a canonical JSON array of texts where there are several, and
    nothing (its whole image names it) where there are none.
    """

    name: str
    relation: Relation
    key: tuple[str, ...]

    @property
    def computed(self) -> set[str]:
        """The columns that the database works out itself."""
        return {name for name, column in self.relation.columns.items() if column.generated}


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


@dataclass(frozen=True, slots=True)
class Pressure:
    """How busy a database is: sessions that wait for locks, active sessions besides this one, and by how many seconds its
    replicas lag (None where there are none, or none that can be seen)."""

    waiting: int = 0
    active: int = 0
    lag: float | None = None


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a ledger as a transaction that holds its lock sees it: the last row's position (0 where there is none) and
    hash, and who is adding to it and when, by the database's clock (ISO, UTC, microseconds, Z)."""

    position: int
    hash: str
    role: str
    at: str
