"""The words of mendbook as frozen values: what travels between finding, planning and repairing.

Standard library only, no behaviour beyond what the values themselves imply; nothing here knows a database.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    ``find`` takes the verified tables and returns disjoint SELECTs of case_key, profile, table, row_key, user_key and at
    (microseconds since 1970, UTC), one row a damaged row. ``gaps``, where the kind has double creations, returns SELECTs
    of the time between the two oldest rows of each case. Neither ever holds a connection. ``help`` is the docstring of
    the module that the kind stands in.
    """

    name: str
    title: str
    find: Callable[[Any], Sequence[Any]]
    gaps: Callable[[Any], Sequence[Any]] | None = None
    help: str = ""
