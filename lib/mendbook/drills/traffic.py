"""Sends a drill's people to the application, many at a time, within a budget of requests and of time that nothing exceeds.

Whatever happens on the way, every request that was sent is told. Who may be sent where is decided before (drill_target).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from mendbook.drills.browser import Browser, BudgetSpent, Exchange, Line
from mendbook.drills.people import Journey, Person, words_for
from mendbook.drills.target import Target
from mendbook.errors import ConfigError
from mendbook.settings.drill import DrillForm

#: What one drill may come to at most, whatever it is asked for.
MOST_PEOPLE, MOST_AT_ONCE, MOST_SECONDS, MOST_REQUESTS = 500, 64, 600.0, 4_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many people come, how many of them at a time, and for how many seconds at most; ConfigError beyond the caps."""

    people: int = 40
    concurrency: int = 8
    seconds: float = 60.0

    def __post_init__(self) -> None:
        caps = (("people", 1, MOST_PEOPLE), ("concurrency", 1, MOST_AT_ONCE), ("seconds", 1, MOST_SECONDS))
        for name, least, most in caps:
            value = getattr(self, name)
            if not least <= value <= most:  # NaN is none of them
                raise ConfigError(f"{name} is {value:g}; a drill takes {least} to {most:g}.", f"--{name} {most:g} is the most.")

    def check(self, form: DrillForm) -> int:
        """How many requests it takes at most; ConfigError where that is more than any drill may make."""
        requests = self.people * form.requests
        if requests > MOST_REQUESTS:
            raise ConfigError(
                f"{self.people} people would make up to {requests:,} requests; a drill makes {MOST_REQUESTS:,} at most.",
                f"--people {MOST_REQUESTS // form.requests} is the most with this description.",
            )
        return requests


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went over the line, in the order of the answers, how long it took, whether everybody came to their end,
    how many pages held no token where one was looked for, and why requests got no answer."""

    exchanges: tuple[Exchange, ...]
    seconds: float
    complete: bool
    tokenless: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)


def send(
    target: Target, form: DrillForm, mark: str, journeys: Sequence[Journey], bounds: Bounds, told: Callable[[Traffic], None]
) -> Traffic:
    """Let everybody come. ``told`` is given what happened, even where this is interrupted."""
    line = Line(target, bounds.check(form))
    started = time.monotonic()
    complete = False
    try:
        complete = _run(_everybody(line, form, mark, journeys, bounds))
    finally:
        took = round(time.monotonic() - started, 3)
        traffic = Traffic(tuple(line.exchanges), took, complete, line.tokenless, dict(line.failures))
        told(traffic)
    return traffic


def _run(work: Coroutine[Any, Any, bool]) -> bool:
    """Run ``work`` to its end in a thread of its own: a notebook's kernel has a loop already, and whoever stops this one is
    heard here, not in the middle of a request."""
    begun: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any] | None]] = []

    async def told() -> bool:
        begun.append((asyncio.get_running_loop(), asyncio.current_task()))
        return await work

    with ThreadPoolExecutor(1) as apart:
        running = apart.submit(asyncio.run, told())
        try:
            return running.result()
        except BaseException:  # somebody wants an end of it: nobody sets out any more
            for loop, task in begun:
                if task is not None and not running.done():
                    loop.call_soon_threadsafe(task.cancel)
            raise


async def _everybody(line: Line, form: DrillForm, mark: str, journeys: Sequence[Journey], bounds: Bounds) -> bool:
    """Whether everybody came to the end of what they do."""
    places = asyncio.Semaphore(bounds.concurrency)

    async def one(journey: Journey) -> None:
        async with places:
            await _Walk(line, form, mark, journey).go()

    complete = True
    async with line.transport:
        try:
            async with asyncio.timeout(bounds.seconds), asyncio.TaskGroup() as group:
                for journey in journeys:
                    group.create_task(one(journey))
        except* (TimeoutError, BudgetSpent):
            complete = False
    return complete


class _Walk:
    """One person on their way."""

    def __init__(self, line: Line, form: DrillForm, mark: str, journey: Journey) -> None:
        self._line, self._form, self._mark, self._journey = line, form, mark, journey

    async def go(self) -> None:
        journey = self._journey
        first, second = self._browser(1), self._browser(2)
        if journey.behaviour == "double_click":  # in one window: the same cookies, the same token
            await self._arrive(first, journey.person)
            await asyncio.gather(self._register(first, journey.person), self._register(first, journey.other, 2, journey.gap))
        elif journey.behaviour == "spelling":  # in two windows
            await asyncio.gather(self._arrive(first, journey.person), self._arrive(second, journey.other))
            await asyncio.gather(self._register(first, journey.person), self._register(second, journey.other, 2, journey.gap))
        else:
            await self._arrive(first, journey.person)
            await self._register(first, journey.person)
            if journey.behaviour == "again":
                await asyncio.sleep(journey.gap)
                await self._arrive(second, journey.other)
                await self._register(second, journey.other)
        for step in self._form.after:
            await first.send("after", step, words_for(journey.person, self._mark))

    def _browser(self, attempt: int) -> Browser:
        return Browser(self._line, self._journey.person.number, attempt)

    async def _arrive(self, browser: Browser, person: Person) -> None:
        if self._form.csrf is not None:
            await browser.open(self._form.csrf)
        for step in self._form.before:
            await browser.send("before", step, words_for(person, self._mark))

    async def _register(self, browser: Browser, person: Person, attempt: int = 0, after: float = 0.0) -> None:
        await asyncio.sleep(after)
        await browser.send("register", self._form, words_for(person, self._mark), self._form.csrf, attempt)
