"""The cases of a plan by their numbers: what lists, filters and sorting need, read in one pass; the rest when it is looked at.

Small facts are held as arrays, so that a plan of a hundred thousand cases is filtered and sorted in milliseconds; rows of the
database are never held. It decides nothing, and writes no file.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from mendbook.errors import OutputError, Refused
from mendbook.plans.files import PlanFile
from mendbook.plans.outlines import Outline, outlined

Numbers = npt.NDArray[np.int32]
Codes = npt.NDArray[np.int16]
Flags = npt.NDArray[np.bool_]

RISKS = ("low", "medium", "high")
#: What cases may be filtered by of what the plan itself says.
COLUMNS = ("kind", "profile", "risk", "repair")


@dataclass(frozen=True, slots=True)
class Column:
    """One word a case. ``words`` in the order in which the plan first says them (risks: from low to high); ``codes`` of each
    case the place of its own among them."""

    words: tuple[str, ...]
    codes: Codes

    def having(self, word: str) -> Flags:
        """Whether each case has that word; none has one that the plan does not know."""
        having: Flags = self.codes == (self.words.index(word) if word in self.words else -1)
        return having


class CaseIndex:
    """The cases of ``plan``, numbered from 0 in its order.

    outlines  of each case what deciding needs; ``numbers`` gives the number for a case's name
    columns   kind, profile ("" where there is none), risk and repair of each case
    changes   how many rows of the database each case changes; ``blocked`` whether it has blockers
    """

    def __init__(self, plan: PlanFile) -> None:
        """Reads the whole plan once. Refused where its bytes are not its digest's, OutputError where it is unreadable."""
        self.plan = plan
        with _file_errors(plan), _without_collecting():
            self._mark = _mark(plan)
            self._read()
        self.numbers = {outline.name: number for number, outline in enumerate(self.outlines)}

    def _read(self) -> None:
        self.outlines: list[Outline] = []
        changes: list[int] = []
        lengths: list[int] = []
        for outline, line, value in outlined(self.plan):
            self.outlines.append(outline)
            lengths.append(len(line))
            changes.append(len(value["changes"]))
        self.changes: Numbers = np.array(changes, dtype=np.int32)
        self.blocked: Flags = np.array([bool(outline.blockers) for outline in self.outlines], dtype=np.bool_)
        whole = self.plan.path.stat().st_size
        ends = np.cumsum(np.array(lengths, dtype=np.int64))
        first = whole - (int(ends[-1]) if lengths else 0)  # the header's line is before it
        self._starts = np.concatenate([[0], ends]).astype(np.int64) + first
        self.columns = {name: self._column(name) for name in COLUMNS}

    def _column(self, name: str) -> Column:
        every = [getattr(outline, name) or "" for outline in self.outlines]
        words = list(dict.fromkeys(every))
        if name == "risk":
            words.sort(key=lambda word: RISKS.index(word) if word in RISKS else len(RISKS))
        place = {word: number for number, word in enumerate(words)}
        return Column(tuple(words), np.array([place[word] for word in every], dtype=np.int16))

    def __len__(self) -> int:
        return len(self.outlines)

    def values(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """These cases as JSON values, read now; Refused where the file is not the one any more that was read before."""
        with _file_errors(self.plan), self.plan.path.open("rb") as file:
            self._check(file.fileno())
            return [orjson.loads(self._line(file.fileno(), number)) for number in numbers]

    def every(self) -> Iterator[tuple[Outline, bytes]]:
        """Each case with its line, in order; Refused as above."""
        with _file_errors(self.plan), self.plan.path.open("rb") as file:
            self._check(file.fileno())
            file.seek(int(self._starts[0]))
            yield from zip(self.outlines, file, strict=True)

    def _line(self, handle: int, number: int) -> bytes:
        start, end = self._starts[number : number + 2].tolist()
        return os.pread(handle, end - start, start)

    def _check(self, handle: int) -> None:
        if _marked(os.fstat(handle)) != self._mark:
            raise Refused(
                f"The file of plan {self.plan.id} is not the one any more that was read when its review was opened.",
                "Nothing was decided. Open the review again; where that is refused too, fetch the plan from where it was made.",
            )


def _mark(plan: PlanFile) -> tuple[int, ...]:
    return _marked(plan.path.stat())


def _marked(file: os.stat_result) -> tuple[int, ...]:
    return file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns


@contextmanager
def _file_errors(plan: PlanFile) -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        raise OutputError(
            f"Cannot read {plan.path}: {failure.strerror}.", "Check that it is there, and its rights."
        ) from failure


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Hundreds of thousands of values are made and kept: looking among them for circles takes a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
