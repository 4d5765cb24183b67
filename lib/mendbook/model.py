"""The words of mendbook as frozen values: what travels between finding, planning and repairing.

Standard library only, no behaviour beyond what the values themselves imply; nothing here knows a database.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

#: The columns of findings.parquet, in order. All are text (None where there is nothing to say) but ``at``.
FINDING_COLUMNS = ("kind", "profile", "case_key", "table", "row_key", "user_key", "at")

#: The files that an audit leaves in its folder, beside result.json.
FINDINGS_FILE, GAPS_FILE = "findings.parquet", "gaps.parquet"
#: The findings of the cases that the last audit did not have.
CHANGE_FILE = "change.parquet"


@dataclass(frozen=True, slots=True)
class Count:
    """How much of one kind there is: ``cases`` to decide on, ``rows`` that are damaged."""

    cases: int
    rows: int


#: A row's image: a canonical JSON object of column to text or null, in the database's own text form.
Image = str


@dataclass(frozen=True, slots=True)
class Change:
    """One row's insert, update or delete.

    case_key  the case that it belongs to
    table     the row's table: as the mapping names it, else as ``Surroundings`` does
    op        "insert", "update" or "delete"
    key       the row's key in the database's text form (a JSON array of texts where it has several columns); None where it
              has none, and its image names it; None for an insert whose key the database draws. The key before an update
    before    the row's image, or None (an insert has no row before)
    after     the same afterwards (a delete has no row after); columns in ``drawn`` are left out of it
    phase     changes of a case are made in the order of their phases: children out, references over, inserts, parents last
    drawn     columns whose values are not known before the change is made, and what draws each: "default" (the column's own
              default or identity), "now" (the transaction's time)
    """

    case_key: str
    table: str
    op: str
    key: str | None
    before: Image | Mapping[str, str | None] | None
    after: Image | Mapping[str, str | None] | None
    phase: int = 0
    drawn: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that a case depends on without changing it. ``image`` None: that it stays there is enough."""

    table: str
    key: str
    image: Image | None = None


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why a case must not be approved with the others: its name (DAMAGE's), and what it means here."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Option:
    """A part of a case that a reviewer accepts or declines on its own.

    name     what it is called in the case, e.g. "phone_number" or "auth_user_groups:5"
    why      where it comes from and what it means
    taken    whether it is done where the reviewer says nothing of it
    change   the place (from 0) of the change in the case that it is about
    column   declined, this column keeps what it has before; None where ``other`` says what happens instead
    other    the change to make in that place where the option is chosen differently from ``taken``
    """

    name: str
    why: str
    taken: bool
    change: int
    column: str | None = None
    other: Change | None = None


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One damaged row of a case, as a finder told of it. ``at`` in microseconds since 1970, UTC."""

    table: str
    row_key: str
    user_key: str | None
    at: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """A damaged row, or a group of them, before a repair is chosen: what a case is made of."""

    kind: str
    profile: str | None
    case_key: str
    rows: tuple[FoundRow, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A finding with a chosen repair and its changes; the unit of review and of atomicity.

    because   why it is done so, a sentence each: the rule that decided, each loser's reason, the source of each field
    changes   in the order in which they are told; they are made by phase
    blockers  a case with any is approved only one by one, each blocker named and waived
    leaves    kinds of damage that it leaves behind, or makes, knowingly
    kept      rows that must still be as the reviewer saw them (``image``), or that it is about without changing them: the
              user of a profile, a survivor, the holder of a code. No other case of the plan changes them
    owns      names, beside the changed rows, that no other case of the plan may own: ("profile", "customer", user_key) as
              one text, where a case makes or takes away that user's profile
    locks     tables whose writers wait while it is applied, because it relies on what is not there
    """

    kind: str
    profile: str | None
    case_key: str
    repair: str
    risk: str
    changes: tuple[Change, ...]
    because: tuple[str, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    options: tuple[Option, ...] = ()
    leaves: tuple[str, ...] = ()
    kept: tuple[Row, ...] = ()
    owns: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()

    #: what names it within its plan, e.g. "duplicate_profile/customer/42"
    name: str = field(init=False, compare=False, default="")

    def __post_init__(self) -> None:
        parts = (self.kind, self.case_key) if self.profile is None else (self.kind, self.profile, self.case_key)
        object.__setattr__(self, "name", "/".join(parts))


@dataclass(frozen=True, slots=True)
class Left:
    """A finding that no case was made of, and why: it waits for the next plan, or for people."""

    kind: str
    profile: str | None
    case_key: str
    why: str


#: A conversation with a database, held by somebody else: yields statements, is sent the rows of each, returns what came of it.
Asking = Generator[Any, Sequence[Any], Sequence["Case | Left"]]


@dataclass(frozen=True, slots=True)
class Repair:
    """One way of repairing a kind of damage. It proposes changes, and never makes one.

    name     what it is called after --repair KIND=
    title    the same for people, a few words
    risk     "low", "medium" or "high"
    propose  takes the tables (with their surroundings) and some of the cases found, all of one profile, and asks for rows;
             returns a Case or a Left for each of them, in their order
    contacts for a repair that asks people: takes the same, and returns whom to ask as rows with user_key, username, email
             (None where the mapping has none); the planner writes the list
    """

    name: str
    title: str
    risk: str
    propose: Callable[[Any, Sequence[Found]], Asking]
    contacts: Callable[[Any, Sequence[Found]], Generator[Any, Sequence[Any], Sequence[Any]]] | None = None


@dataclass(frozen=True, slots=True)
class Damage:
    """One kind of damage and how it is found.

    name      what it is called everywhere
    title     the same for people, a few words
    find      takes the verified tables and returns disjoint SELECTs, one row a damaged row (see damage/shape.py); it never
              holds a connection
    needs     the roles of the mapping without whose columns it cannot look: "required_for", "filled", "codes", "flags"
    unable    takes the tables and says why the kind cannot be looked for at all; empty where it can
    repairs   ways of repairing it, the default first; none where there is nothing that rows could mend
    pairs     whether a case is a double creation, whose two oldest rows tell of the race
    help      the docstring of the module that the kind stands in; the catalogue fills it in
    """

    name: str
    title: str
    find: Callable[[Any], Sequence[Any]]
    needs: tuple[str, ...] = ()
    unable: Callable[[Any], str] = lambda _: ""
    pairs: bool = False
    repairs: tuple[Repair, ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """One event in time at which a registration race showed, however many log records told of it.

    at          when (UTC, aware); None where the text cannot tell
    kind        unique_violation, missing_profile, multiple_profiles, deadlock, serialization_failure,
                aborted_transaction, fk_violation, not_null_violation, http_5xx, http_4xx_duplicate
    table       the table, unquoted and without schema; None where the text does not name it
    constraint  the constraint or index, unquoted and without schema
    columns     the columns of the key, unquoted; expressions verbatim
    key         the raw text of the key's values, never split
    handled     True: the application lost the race politely; False: a person saw an error; None: cannot be told
    path        the request's path without its query; status the HTTP status that the person got
    pid         the process of the first tier that names one (database before application before web)
    tiers       which tiers told of it: "database", "application", "web"
    source      the file of the first record, line its first line there (from 1), sample its first words
    worker      the web worker's process, where an application's or a web server's record names it
    """

    at: datetime | None
    kind: str
    table: str | None = None
    constraint: str | None = None
    columns: tuple[str, ...] = ()
    key: str | None = None
    handled: bool | None = None
    path: str | None = None
    status: int | None = None
    pid: int | None = None
    tiers: tuple[str, ...] = ()
    source: str = ""
    line: int = 0
    sample: str = ""
    worker: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed registration as ghost_user looks for its account: when, and whom it names.

    at         when (UTC, aware)
    user_key   the key that the log gives; None where it gives none; so are the other two
    username   as the log spells it
    email      as the log spells it
    """

    at: datetime
    user_key: str | None = None
    username: str | None = None
    email: str | None = None

    @property
    def names_somebody(self) -> bool:
        return not (self.user_key is None and self.username is None and self.email is None)


@dataclass(frozen=True, slots=True)
class Deploy:
    """A change that went live: when (UTC, aware), and what it is called."""

    at: datetime
    name: str


@dataclass(frozen=True, slots=True)
class LogsRead:
    """What an audit learns from the logs: the failed registrations (None where nothing could be read, and ``why``)."""

    failures: tuple[Failure, ...] | None = None
    why: str = "the source names no logs"
    warnings: tuple[str, ...] = ()
