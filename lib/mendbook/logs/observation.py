"""The values that travel between the layers of the reader: a line, what a message says, what one record tells.

No behaviour beyond construction; nothing here reads a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

DATABASE = "database"
APPLICATION = "application"
WEB = "web"

#: Kinds that a database (or what an ORM found in it) reports, as against what a web server reports.
DATABASE_KINDS = frozenset(
    {
        "unique_violation",
        "deadlock",
        "serialization_failure",
        "aborted_transaction",
        "fk_violation",
        "not_null_violation",
    }
)
PROFILE_KINDS = frozenset({"missing_profile", "multiple_profiles"})
KINDS = DATABASE_KINDS | PROFILE_KINDS | {"http_5xx", "http_4xx_duplicate"}


@dataclass(slots=True)
class Moment:
    """A time as it was written: ``at`` where its zone is known, ``wall`` always (naive, as printed).

    ``step`` is the resolution in seconds: an access log's 15:53:05 may be anything up to 15:53:06.
    """

    wall: datetime
    at: datetime | None = None
    step: float = 0.001


@dataclass(slots=True)
class Line:
    """One logical line: the transport undone, its own time and process kept."""

    text: str
    number: int
    offset: int = 0
    stream: str = ""
    moment: Moment | None = None
    pid: int | None = None
    redelivered: bool = False
    #: a syslog chunk that goes on in the middle of a line, where the writer cut it
    wrapped: bool = False
    #: the JSON object, where the line is one
    data: dict[str, Any] | None = None


@dataclass(slots=True)
class Fault:
    """What one error message says."""

    kind: str
    table: str | None = None
    constraint: str | None = None
    columns: tuple[str, ...] = ()
    key: str | None = None
    #: text that two tiers share when there is neither constraint nor key (a deadlock's DETAIL)
    token: str | None = None


@dataclass(slots=True)
class Observation:
    """What one record of one log tells; the correlator merges observations into incidents.

    voice names who speaks (format and logger): one incident has at most one observation of each voice. order is a
    time to sort by (UTC where known, else an estimate from the place in the file).
    """

    tier: str
    voice: str
    source: str
    line: int
    sample: str
    fault: Fault | None = None
    moment: Moment | None = None
    path: str | None = None
    status: int | None = None
    pid: int | None = None
    handled: bool | None = None
    registration: bool = False
    redelivered: bool = False
    order: float = 0.0
    rank: int = 0
    #: how long the request took
    seconds: float | None = None
    #: an echo, if the session failed before the part of the file that was read
    unsure: bool = False

    @property
    def at(self) -> datetime | None:
        return self.moment.at if self.moment else None


@dataclass(slots=True)
class Summary:
    """What was read, and what was not: the reader never drops anything in silence."""

    files: int = 0
    bytes: int = 0
    lines: int = 0
    incidents: dict[str, int] = field(default_factory=dict)
    handled: dict[str, int] = field(default_factory=dict)
    not_understood: int = 0
    samples: list[str] = field(default_factory=list)
    caps: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    formats: dict[str, int] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None
    #: the first and the last time of any line, quiet ones too: the period that was observed
    begins: datetime | None = None
    ends: datetime | None = None
    #: how many errors of each database PostgreSQL's records name
    databases: dict[str, int] = field(default_factory=dict)

    def spans(self, begins: datetime | None, ends: datetime | None) -> None:
        """Take a file's period in."""
        self.begins = min(filter(None, (self.begins, begins)), default=None)
        self.ends = max(filter(None, (self.ends, ends)), default=None)


SAMPLES = 20


def joined(one: Summary, other: Summary) -> None:
    """Add ``other`` to ``one``."""
    one.files += other.files
    one.bytes += other.bytes
    one.lines += other.lines
    one.not_understood += other.not_understood
    one.samples.extend(other.samples[: SAMPLES - len(one.samples)])
    one.caps.extend(other.caps)
    one.skipped.extend(other.skipped)
    one.spans(other.begins, other.ends)
    for mine, theirs in ((one.formats, other.formats), (one.databases, other.databases)):
        for name, count in theirs.items():
            mine[name] = mine.get(name, 0) + count
