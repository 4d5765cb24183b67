"""Every request that registered somebody, once, however many access logs tell of it; and how many were under way at a time.

Pure: observations of the log reader in, rows out. Memory grows by three numbers a request.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime

from mendbook.logs.correlate import time_of
from mendbook.logs.observation import Observation

#: Lines of two servers that tell of one request are this many seconds apart at most.
WITHIN = 2.0
#: A request waits this long for another server's line about it.
SETTLED = 5.0

Row = tuple[datetime | None, str | None, int | None, float | None, str | None]


class _Request:
    __slots__ = ("at", "path", "pid", "seconds", "status", "step", "time", "voices")

    def __init__(self, one: Observation, time: float) -> None:
        self.at, self.path, self.status, self.seconds, self.pid = one.at, one.path, one.status, one.seconds, one.pid
        self.step = one.moment.step if one.moment else 1.0
        self.time = time
        self.voices = {one.voice}

    def fits(self, one: Observation, time: float) -> bool:
        step = max(self.step, one.moment.step if one.moment else 1.0)
        apart = self.pid is not None and one.pid is not None and self.pid != one.pid
        return one.voice not in self.voices and not apart and abs(time - self.time) <= WITHIN + (step if step >= 1 else 0.0)

    def add(self, one: Observation, time: float) -> None:
        """Take another server's line in: the finer clock wins, what only one of them knows is kept."""
        self.voices.add(one.voice)
        step = one.moment.step if one.moment else 1.0
        if one.at is not None and (self.at is None or step < self.step):
            self.at, self.step, self.time = one.at, step, time
        self.seconds = self.seconds if self.seconds is not None else one.seconds
        self.pid = self.pid if self.pid is not None else one.pid


class Registrations:
    """Takes the reader's observations, gives each request to ``write``, and keeps when it was under way."""

    def __init__(self, write: Callable[[Row], None]) -> None:
        self.count = 0
        self._write = write
        self._waiting: deque[_Request] = deque()
        self._by_answer: dict[tuple[str, int | None], deque[_Request]] = defaultdict(deque)
        self._starts, self._ends, self._times = array("d"), array("d"), array("d")
        self._sorted = True

    def add(self, one: Observation) -> None:
        time = time_of(one)
        self._settle(time - SETTLED)
        answer = ((one.path or "").rstrip("/"), one.status)
        known = next((each for each in self._by_answer[answer] if each.fits(one, time)), None)
        if known is not None:
            known.add(one, time)
            return
        request = _Request(one, time)
        self._waiting.append(request)
        self._by_answer[answer].append(request)

    def finish(self) -> None:
        self._settle(float("inf"))

    def _settle(self, before: float) -> None:
        while self._waiting and (self._waiting[0].time < before or len(self._waiting) > 10_000):
            request = self._waiting.popleft()
            answer = ((request.path or "").rstrip("/"), request.status)
            self._by_answer[answer].remove(request)
            if not self._by_answer[answer]:
                del self._by_answer[answer]
            self._note(request)

    def _note(self, request: _Request) -> None:
        self.count += 1
        pid = None if request.pid is None else str(request.pid)
        self._write((request.at, request.path, request.status, request.seconds, pid))
        if request.at is not None:
            self._times.append(request.at.timestamp())
            self._sorted = False
        if request.at is not None and request.seconds is not None:
            # a clock of whole seconds has ticked half a second before, on average
            end = request.at.timestamp() + (request.step / 2 if request.step >= 1 else 0.0)
            self._starts.append(end - request.seconds)
            self._ends.append(end)

    def in_flight(self, at: datetime | None) -> int | None:
        """How many registrations were under way; None where no access log tells how long they took."""
        if at is None or not self._starts:
            return None
        self._sort()
        moment = at.timestamp()
        return bisect_right(self._starts, moment) - bisect_left(self._ends, moment)

    def between(self, since: datetime, until: datetime) -> int:
        """How many are known to have come at ``since`` or later, and before ``until``."""
        self._sort()
        return bisect_left(self._times, until.timestamp()) - bisect_left(self._times, since.timestamp())

    def _sort(self) -> None:
        if not self._sorted:
            self._starts, self._ends, self._times = (array("d", sorted(x)) for x in (self._starts, self._ends, self._times))
            self._sorted = True
