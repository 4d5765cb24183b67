"""What lets a long run over many small values go faster, and changes nothing of what it does.

It knows nothing of what the values are, and holds no connection.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

Value = TypeVar("Value")
#: Python looks for cycles when there are so many more values than before; its own figure is 700.
COLLECTED_AT = 100_000
#: Seconds after which a thread that has something to do gets its turn; Python's own figure is 0.005.
TURN_SECONDS = 0.0005


def ahead(values: Iterator[Value], number: int) -> Iterator[Value]:
    """The same values in the same order, taken in a thread of its own: while one waits for the database, the next are read.

    Up to twice ``number`` of them are taken before they are asked for. What ``values`` raises is raised where its value would
    have stood, or up to ``number`` values before that.
    """
    with ThreadPoolExecutor(1, "ahead") as reader:
        coming = reader.submit(lambda: list(islice(values, number)))
        while taken := coming.result():
            coming = reader.submit(lambda: list(islice(values, number)))
            yield from taken


@contextmanager
def quick_turns() -> Iterator[None]:
    """Let a thread go on soon after the database's answer is there, however busy the one is that reads ahead: with each of a
    batch's statements the database would wait for it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Look for cycles less often meanwhile: a batch makes thousands of values that live until it ends, and cycles are few."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECTED_AT, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
