"""Times as logs write them: `datetime` and `zoneinfo`, and an explicit table of zone abbreviations.

The table holds the abbreviations that the tz database gave one single offset between 2015 and 2026; PostgreSQL's %m
and strftime's %Z print tz abbreviations, so nothing else can stand there. Those with several offsets (CST, CDT, IST,
PST) are left out: their times stay unknown unless the source names its zone. Never guesses.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from mendbook.logs.observation import Moment

#: abbreviation -> minutes east of Greenwich
ABBREVIATIONS = {
    "UTC": 0, "GMT": 0, "Z": 0, "UCT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "MET": 60, "MEST": 120,
    "EET": 120, "EEST": 180, "MSK": 180, "WAT": 60, "CAT": 120, "SAST": 120, "EAT": 180, "IDT": 180, "PKT": 300,
    "WIB": 420, "WITA": 480, "WIT": 540, "HKT": 480, "JST": 540, "KST": 540, "AWST": 480, "ACST": 570, "ACDT": 630,
    "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780, "SST": -660, "HST": -600, "HDT": -540, "AKST": -540, "AKDT": -480,
    "PDT": -420, "MST": -420, "MDT": -360, "EST": -300, "EDT": -240, "AST": -240, "ADT": -180, "NST": -210, "NDT": -150,
}  # fmt: skip
MONTHS = {name: number for number, name in enumerate(
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)}  # fmt: skip

#: A date and time anywhere in a line; the zone may be an offset, a Z or an abbreviation after a blank. In
#: "-03:10.0.0.7(51234)", as RDS writes it, an address begins behind the colon.
STAMP = re.compile(
    r"(?P<day>\d{4}[-/]\d\d[-/]\d\d)[T ](?P<clock>\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
    r"(?: ?(?P<zone>Z\b|[+-]\d\d(?::?\d\d(?!\.?\d))?\b|(?<= )[A-Z]{3,5}\b))?"
)
WEB_STAMP = re.compile(
    r"(\d\d)/([A-Z][a-z]{2})/(\d{4})[: ](\d\d):(\d\d):(\d\d)(?:[.,]\d+)?(?: ?([+-]\d{2}:?\d{2}|[A-Z]{3,5}))?"
)


class Clock:
    """Reads times for one file; ``zone`` is the one its source names, if any, ``year`` that of the file's own time."""

    def __init__(self, zone: str | tzinfo | None = None, modified: datetime | None = None) -> None:
        self.zone: tzinfo | None = ZoneInfo(zone) if isinstance(zone, str) else zone
        self.modified = modified or datetime.now(UTC)
        self._last: tuple[str, Moment] | None = None

    def moment(self, wall: datetime, zone: str | None, step: float) -> Moment:
        """``wall`` with its zone as written, or the source's own where the text leaves it open."""
        offset = offset_of(zone) if zone else None
        if offset is None and self.zone is not None:
            return Moment(wall, wall.replace(tzinfo=self.zone).astimezone(UTC), step)
        if offset is None:
            return Moment(wall, None, step)
        return Moment(wall, utc(wall - offset), step)

    def find(self, text: str, start: int = 0, end: int = 200) -> Moment | None:
        """The first time in ``text[start:end]``."""
        match = STAMP.search(text, start, end)
        return self.read(match) if match else None

    def read(self, match: re.Match[str]) -> Moment | None:
        """The time that STAMP matched. The records of a burst share theirs: the last one read is kept."""
        whole = match[0]
        last = self._last
        if last is not None and last[0] == whole:
            return last[1]
        fraction = match["fraction"] or ""
        try:
            wall = datetime.fromisoformat(f"{match['day'].replace('/', '-')}T{match['clock']}.{(fraction + '000000')[:6]}")
            moment = self.moment(wall, match["zone"], 10.0 ** -len(fraction))
        except (ValueError, OverflowError):
            return None
        self._last = (whole, moment)
        return moment

    def web(self, match: re.Match[str]) -> Moment | None:
        """The time that WEB_STAMP matched: 20/Nov/2026:15:47:31 +0100."""
        day, month, year, hour, minute, second, zone = match.groups()
        try:
            wall = datetime(int(year), MONTHS[month], int(day), int(hour), int(minute), int(second))  # noqa: DTZ001
            return self.moment(wall, zone, 1.0)
        except (ValueError, KeyError, OverflowError):
            return None

    def syslog(self, month: str, day: str, clock: str) -> Moment | None:
        """A time without a year: the last such day before the file was written (a day of grace for other zones)."""
        fraction = clock.partition(".")[2]
        for year in (
            self.modified.year,
            self.modified.year - 1,
            self.modified.year - 2,
            self.modified.year - 3,
            self.modified.year - 4,
        ):
            try:
                text = f"{year:04d}-{MONTHS[month]:02d}-{int(day):02d}T{clock.partition('.')[0]}.{(fraction + '000000')[:6]}"
                wall = datetime.fromisoformat(text)
                if wall.replace(tzinfo=UTC) <= self.modified + timedelta(days=1):
                    return self.moment(wall, None, 10.0 ** -len(fraction))
            except (ValueError, KeyError, OverflowError):
                continue
        return None

    def value(self, value: object) -> Moment | None:
        """A time out of a JSON field: ISO text, asctime with a comma, or a number since 1970 in s, ms, us or ns."""
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, int | float):
            return epoch(float(value))
        if not isinstance(value, str) or len(value) > 100:
            return None
        match = STAMP.search(value)
        if match:
            return self.read(match)
        web = WEB_STAMP.search(value)
        if web:
            return self.web(web)
        try:
            return epoch(float(value))
        except ValueError:
            return None


def epoch(number: float) -> Moment | None:
    """Seconds since 1970; larger numbers are milli-, micro- or nanoseconds."""
    if not 1e8 <= number < 1e20:
        return None
    step = 0.001
    while number >= 1e11:
        number /= 1000.0
    at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=round(number * 1e6))
    return Moment(at.replace(tzinfo=None), at, step)


def utc(wall: datetime) -> datetime:
    return wall.replace(tzinfo=UTC)


@lru_cache(maxsize=256)
def offset_of(zone: str) -> timedelta | None:
    """The offset that a written zone means; None where it is unknown or means several."""
    if zone in ABBREVIATIONS:
        return timedelta(minutes=ABBREVIATIONS[zone])
    match = re.fullmatch(r"([+-])(\d\d):?(\d\d)?", zone)
    if not match or int(match[2]) > 15:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return timedelta(minutes=-minutes if match[1] == "-" else minutes)


def written(moment: Moment | None) -> str | None:
    """ISO 8601 in UTC, as incidents print it."""
    if moment is None or moment.at is None:
        return None
    return moment.at.astimezone(timezone.utc).isoformat()  # noqa: UP017
