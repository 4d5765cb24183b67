"""The two oldest rows of a double creation as one row of gaps.parquet: how far apart they are, and who made which.

Pure: from the rows that a finder of pairs gives (see damage/shape.py) to values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

#: What the blankness of the older and the newer row of a pair tells about who made which.
SIGNATURES = {(1, 0): "signal first", (0, 1): "form first", (1, 1): "both blank", (0, 0): "both filled"}


def gap(first: Any, second: Any) -> tuple[Any, ...]:
    """The two oldest rows of a case as a row of gaps.parquet. Accounts have no blank rows: two requests made them."""
    signature = "two requests" if first.profile is None else SIGNATURES.get((first.blank, second.blank), "unknown")
    seconds = (second.moment - first.moment) / 1_000_000
    keys = (first.case_key, first.user_key, first.row_key, second.row_key)
    return (first.profile, *keys, seconds, signature, second.moment)


def pairs(rows: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """The gap of each case of ``rows``, which come case by case, the oldest row first."""
    oldest: Any = None
    for row in rows:
        if row.rank == 2 and oldest is not None and None not in (row.moment, oldest.moment):
            yield gap(oldest, row)
        oldest = row if row.rank == 1 else None
