"""What happened within two seconds of a moment, for many moments at once: a join on slices of time, not on every pair.

Expressions only; times are microseconds since 1970, as everywhere in the finders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

#: Two events this near belong together, the border included.
WITHIN = 2_000_000
#: The length of a slice: a moment's neighbours lie in two slices at most.
SLICE = 2 * WITHIN

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """``moment`` as microseconds since 1970, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def slice_of(moment: ColumnElement[int]) -> ColumnElement[int]:
    """The slice that ``moment`` lies in; whole numbers divide towards zero, as in `slices`."""
    return sa.cast(moment, sa.BigInteger) // sa.literal_column(str(SLICE), sa.BigInteger)


def slices(moment: int) -> Iterator[int]:
    """The slices in which a neighbour of ``moment`` may lie."""
    return iter(range(_slice(moment - WITHIN), _slice(moment + WITHIN) + 1))


def _slice(moment: int) -> int:
    return abs(moment) // SLICE * (1 if moment >= 0 else -1)


def near(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[bool]:
    """No further apart than `WITHIN`."""
    return sa.func.abs(one - other) <= sa.literal_column(str(WITHIN))


def span(moments: Iterable[int]) -> tuple[int, int]:
    """The earliest and the latest time that can be near one of ``moments``, of which there is one at least."""
    ordered = sorted(moments)
    return ordered[0] - WITHIN, ordered[-1] + WITHIN
