"""The words of mendbook as frozen values: what travels between finding, planning and repairing.

Standard library only, no behaviour beyond what the values themselves imply; nothing here knows a database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: The columns of findings.parquet, in order. All are text (None where there is nothing to say) but ``at``.
FINDING_COLUMNS = ("kind", "profile", "case_key", "table", "row_key", "user_key", "at")


@dataclass(frozen=True, slots=True)
class Finding:
    """One damaged row.

    kind      the kind of damage, e.g. "duplicate_profile"
    profile   the mapping's name of the profile table it is about; None for the users themselves
    case_key  rows of one group share it; within (kind, profile) it names the case
    table     the damaged row's table, as written in the mapping
    row_key   the damaged row's key, in the database's text form
    user_key  the user it belongs to; None where there is none
    at        when the damage came to be (UTC); None where the rows do not tell
    """

    kind: str
    profile: str | None
    case_key: str
    table: str
    row_key: str
    user_key: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Count:
    """How much of one kind there is: ``cases`` to decide on, ``rows`` that are damaged."""

    cases: int
    rows: int


@dataclass(frozen=True, slots=True)
class Damage:
    """One kind of damage and how it is found.

    name      what it is called everywhere
    title     the same for people, a few words
    find      takes the verified tables and returns disjoint SELECTs, one row a damaged row (see damage/shape.py); it never
              holds a connection
    needs     the roles of the mapping without whose columns it cannot look: "required_for", "filled", "codes", "flags"
    unable    takes the tables and says why the kind cannot be looked for at all; empty where it can
    pairs     whether a case is a double creation, whose two oldest rows tell of the race
    help      the docstring of the module that the kind stands in; the catalogue fills it in
    """

    name: str
    title: str
    find: Callable[[Any], Sequence[Any]]
    needs: tuple[str, ...] = ()
    unable: Callable[[Any], str] = lambda _: ""
    pairs: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One row's insert, update or delete.

    case_key  the case that it belongs to
    table     the row's table, as the mapping or the catalogue names it
    op        "insert", "update" or "delete"
    key       the row's key in the database's text form; None where it has none, and its image names it
    before    every column in the database's text form, or None (an insert has no row before)
    after     the same afterwards (a delete has no row after)
    """

    case_key: str
    table: str
    op: str
    key: str | None
    before: Mapping[str, str | None] | None
    after: Mapping[str, str | None] | None


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
