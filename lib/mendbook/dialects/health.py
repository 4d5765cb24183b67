"""What a database says of its own health and of a role's rights, in the same words for every kind of database.

Values and the Protocol that each dialect answers; doctor asks it. Nothing here asks a database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from mendbook.dialects.described import Relation


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. ``state`` is ok, warning or failed; ``hint`` says what to do about the last two, and
    ``statements`` are what somebody with the rights has to run in the database for it."""

    name: str
    state: str
    message: str
    hint: str = ""
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Right:
    """Something a role must be allowed to do: SELECT, INSERT, UPDATE or DELETE in a table (in ``columns`` of it; none for
    the table as a whole), USAGE of a sequence, or CREATE of tables in the database (``table`` is its name)."""

    privilege: str
    schema: str
    table: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lack:
    """A right that the role does not have: in words ("UPDATE of auth_user.email"), and the statement that gives it."""

    words: str
    statement: str


#: Tells of one matter, given the mapped tables with none but their mapped columns.
Look = Callable[[Connection, Sequence[Relation]], Iterable[Check]]


class Health(Protocol):
    """How one kind of database is examined.

    oldest    the oldest version that mendbook works with, as numbers and dots
    grants    whether rights are granted in the database at all; where not, the file system decides
    looks     what the dialect looks at, by name; each on its own, inside a reading transaction, so that one that fails
              hides no other; none may change anything
    lacking   those of ``rights`` that the connection's role does not have; what does not exist is passed over, and where
              the database knows no rights there is nothing to say
    """

    oldest: str
    grants: bool

    def looks(self) -> Mapping[str, Look]: ...
    def lacking(self, connection: Connection, rights: Sequence[Right]) -> list[Lack]: ...


def is_older(version: str, oldest: str) -> bool:
    """Whether a server's version ("16.4 (Debian ..)", "10.11.6-MariaDB") is before ``oldest`` ("14", "10.6")."""
    wanted = [int(part) for part in oldest.split(".")]
    told = []
    for part in version.split(".")[: len(wanted)]:
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        told.append(int(digits))
    return bool(told) and told < wanted[: len(told)]
