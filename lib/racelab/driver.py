"""Register people concurrently over HTTP and report what happened: ``traffic(base_url, system, ...)``.

Bounded in requests and in time, and to the loopback interface. The plan comes from the seed; when two requests meet
does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from racelab.browser import Browser, BudgetSpent, Exchange, Traffic
from racelab.journeys import JOURNEYS
from racelab.people import Journey, plan
from racelab.systems import system_named

REQUESTS_A_PERSON = 16


@dataclass(frozen=True)
class TrafficReport:
    """What was planned, and every request that was made, in the order of their answers."""

    system: str
    seed: int
    journeys: tuple[Journey, ...]
    exchanges: tuple[Exchange, ...]
    seconds: float
    complete: bool

    @property
    def statuses(self) -> dict[int, int]:
        """How many answers had each status."""
        return dict(sorted(Counter(exchange.status for exchange in self.exchanges).items()))

    @property
    def registrations(self) -> tuple[Exchange, ...]:
        """The requests that tried to register somebody."""
        return tuple(each for each in self.exchanges if each.method == "POST" and "register" in each.path)

    def as_json(self) -> dict[str, Any]:
        """For the command line: counts, and the requests with times as ISO text."""
        return {
            "system": self.system,
            "seed": self.seed,
            "registrations": len(self.journeys),
            "seconds": self.seconds,
            "complete": self.complete,
            "statuses": self.statuses,
            "requests": [asdict(each) | {"at": each.at.isoformat()} for each in self.exchanges],
        }


def traffic(
    base_url: str, system: str, registrations: int = 60, concurrency: int = 8, seed: int = 1, seconds: float = 120
) -> TrafficReport:
    """Let ``registrations`` people come, ``concurrency`` of them at a time; the rest stays away after ``seconds``."""
    name = system_named(system).name
    shared = Traffic(base_url.rstrip("/"), budget=registrations * REQUESTS_A_PERSON)
    journeys = plan(name, registrations, seed)
    started = time.monotonic()
    complete = asyncio.run(_everybody(shared, name, journeys, concurrency, seconds))
    took = round(time.monotonic() - started, 3)
    return TrafficReport(name, seed, tuple(journeys), tuple(shared.exchanges), took, complete)


async def _everybody(shared: Traffic, system: str, journeys: list[Journey], concurrency: int, seconds: float) -> bool:
    """Whether everybody came to the end of their journey."""
    places = asyncio.Semaphore(concurrency)

    async def one(journey: Journey) -> None:
        async with places:
            await JOURNEYS[system](Browser(shared), journey)

    with contextlib.suppress(TimeoutError, BudgetSpent):
        async with shared.transport, asyncio.timeout(seconds):
            await asyncio.gather(*(one(journey) for journey in journeys))
            return True
    return False
