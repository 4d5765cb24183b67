"""How large the next batch is, after quick and slow ones, refused ones, and wide rows."""

from __future__ import annotations

import pytest
from mendbook.config import Apply
from mendbook.repairs.pace import FIRST_ROWS, MOST_LETTERS, Pace


def sizes(batches: list[tuple[float, int, bool]], rows: int = 2000) -> list[int]:
    pace = Pace(Apply(batch_rows=rows, batch_seconds=0.5))
    told = [pace.size]
    for batch in batches:
        pace.made(*batch)
        told.append(pace.size)
    return told


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        ([(0.1, 1000, True)] * 4, [500, 1000, 2000, 2000, 2000]),
        ([(0.3, 1000, True)] * 2, [500, 500, 500]),  # twice as long would be too long
        ([(0.9, 1000, True), (0.45, 1000, True), (0.2, 1000, True)], [500, 250, 250, 500]),
        ([(0.9, 1000, True), (0.9, 1000, True), (0.9, 1000, True)], [500, 250, 500, 250]),  # it is not the rows
        ([(0.1, 1000, False)], [500, 500]),
        ([(0.1, MOST_LETTERS // 2, True), (0.1, MOST_LETTERS // 2 + 1, True)], [500, 1000, 1000]),
        ([(0.9, MOST_LETTERS, True), (0.1, MOST_LETTERS, True)], [500, 250, 500]),  # as wide as ever, and no more of them
    ],
)
def test_batches_grow_while_they_are_quick(batches: list[tuple[float, int, bool]], expected: list[int]) -> None:
    assert sizes(batches) == expected


def test_no_batch_is_larger_than_allowed() -> None:
    assert sizes([(0.01, 10, True)] * 3, rows=700) == [FIRST_ROWS, 700, 700, 700]
    assert sizes([(0.01, 10, True)] * 3, rows=40) == [40, 40, 40, 40]


def test_what_was_refused_is_tried_in_parts() -> None:
    pace = Pace(Apply())
    pace.failed(7)
    assert pace.size == 3
    pace.failed(1)
    assert pace.size == 1
