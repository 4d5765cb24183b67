"""What makes a long run faster changes nothing of what it does: the same values in the same order, and Python as it was."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from mendbook.dialects.postgresql.arrays import array
from mendbook.repairs.throughput import COLLECTED_AT, TURN_SECONDS, ahead, quick_turns, seldom_collecting


@pytest.mark.parametrize("number", [1, 2, 5, 100])
def test_values_come_in_their_order_whoever_takes_them(number: int) -> None:
    assert list(ahead(iter(range(11)), number)) == list(range(11))
    assert list(ahead(iter(()), number)) == []


def test_no_more_is_taken_ahead_than_said_and_nothing_after_the_end() -> None:
    taken: list[str] = []

    def values() -> Iterator[int]:
        for value in range(100):
            taken.append(threading.current_thread().name)
            yield value

    given = ahead(values(), 5)
    assert [next(given) for _ in range(5)] == [0, 1, 2, 3, 4]
    given.close()  # type: ignore[attr-defined]
    assert 5 <= len(taken) <= 10
    assert all(name.startswith("ahead") for name in taken)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_what_the_values_raise_reaches_whoever_asks() -> None:
    def values() -> Iterator[int]:
        yield from range(4)
        raise OSError("the plan is gone")

    given = ahead(values(), 2)
    assert [next(given) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(OSError, match="the plan is gone"):
        next(given)


def test_cycles_are_looked_for_as_before_once_it_is_over() -> None:
    before = gc.get_threshold()
    during = []
    with suppress(OSError), seldom_collecting():
        during.append(gc.get_threshold())
        raise OSError
    assert during == [(COLLECTED_AT, *before[1:])]
    assert gc.get_threshold() == before


def test_threads_take_turns_as_before_once_it_is_over() -> None:
    before = sys.getswitchinterval()
    during = []
    with suppress(OSError), quick_turns():
        during.append(sys.getswitchinterval())
        raise OSError
    assert during == [pytest.approx(TURN_SECONDS)]
    assert sys.getswitchinterval() == before


@pytest.mark.parametrize(
    ("texts", "literal"),
    [
        ([], "{}"),
        ([""], '{""}'),
        (["1", "23", "NULL"], '{"1","23","NULL"}'),
        (["a,b", "{c}", "it's"], '{"a,b","{c}","it\'s"}'),
        (["1", None], '{"1",NULL}'),
        (['say "x"', "1"], '{"say \\"x\\"","1"}'),
        (["back\\slash"], '{"back\\\\slash"}'),
        (['["1","2"]', '["3","4"]'], '{"[\\"1\\",\\"2\\"]","[\\"3\\",\\"4\\"]"}'),
    ],
)
def test_texts_are_one_value_that_postgresql_takes_apart(texts: list[str | None], literal: str) -> None:
    assert array(texts) == literal
