"""Bins of time that people think in, from a second to a year, in the zone of those who look.

From three hours upwards a bin follows the local calendar: a day begins at local midnight and has 23 or 25 hours where the
clocks change. Below that a bin is so many seconds. Pure: two moments in, edges out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from pandas import DatetimeIndex, Timestamp

_STEPS = (
    *(timedelta(seconds=each) for each in (1, 2, 5, 10, 30)),
    *(timedelta(minutes=each) for each in (1, 2, 5, 10, 30)),
    *(timedelta(hours=each) for each in (1, 3, 6, 12)),
    *(timedelta(days=each) for each in (1, 7)),
)
_CALENDAR_FROM = timedelta(hours=3)
_MOST_BINS = 60


def zone_of(name: str | None) -> ZoneInfo:
    """The zone called ``name``; UTC where there is none or nobody knows it."""
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


def bins(first: Timestamp, last: Timestamp, zone: str = "UTC", most: int = _MOST_BINS) -> tuple[DatetimeIndex, str]:
    """Edges (aware, in ``zone``) of at most about ``most`` bins that hold both moments, and what one bin is called."""
    first, last = first.tz_convert(zone_of(zone)), last.tz_convert(zone_of(zone))
    span = last - first
    for step in _STEPS:
        if span <= most * step:
            edges = _calendar(first, last, step) if step >= _CALENDAR_FROM else _clock(first, last, step)
            return edges, _step_name(step)
    return _months(first, last, most)


def _clock(first: Timestamp, last: Timestamp, step: timedelta) -> DatetimeIndex:
    import pandas

    # In the hour that the clocks repeat, the earlier of both is never too late a start.
    start = first.floor(step, ambiguous=True, nonexistent="shift_backward")
    return pandas.date_range(start, last + step, freq=step)


def _calendar(first: Timestamp, last: Timestamp, step: timedelta) -> DatetimeIndex:
    import pandas

    midnight = first.tz_localize(None).normalize()
    return _local(pandas.date_range(midnight, last.tz_localize(None) + step, freq=step), first)


def _months(first: Timestamp, last: Timestamp, most: int) -> tuple[DatetimeIndex, str]:
    import pandas

    name, freq, longest = ("month", "MS", 31) if (last - first).days / 30.4 <= most else ("year", "YS", 366)
    midnight = first.tz_localize(None).normalize().replace(day=1)
    start = midnight if name == "month" else midnight.replace(month=1)
    return _local(pandas.date_range(start, last.tz_localize(None) + timedelta(days=longest), freq=freq), first), name


def _local(walls: DatetimeIndex, first: Timestamp) -> DatetimeIndex:
    """The moments at which the clocks of the zone of ``first`` show ``walls``; a time that they skip is the next."""
    import numpy

    placed: Any = walls.tz_localize(first.tzinfo, ambiguous=numpy.ones(len(walls), dtype=bool), nonexistent="shift_forward")
    edges: DatetimeIndex = placed.unique()
    return edges


def _step_name(step: timedelta) -> str:
    seconds = int(step.total_seconds())
    for size, name in ((604800, "week"), (86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            return name if seconds == size else f"{seconds // size} {name}s"
    raise AssertionError(step)
