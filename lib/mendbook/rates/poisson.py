"""Counts of events in time, and the exact statistics of such counts.

Pure: moments in, numbers out. Exact ones, because after a good fix there are few incidents or none, and there the usual
approximations fail.

- Intervals of a rate: Garwood, Fiducial limits for the Poisson distribution, Biometrika 28 (1936), by the chi-square
  quantiles; 95 in 100, two-sided.
- Two rates compared: Przyborowski and Wilenski, Homogeneity of results in testing samples from Poisson series, Biometrika
  31 (1940): given their sum, the later count is binomial with the later share of the time. The interval of the ratio is
  Clopper and Pearson's (1934) for that share.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

CONFIDENCE = 0.95
DAY = 86400.0


def poisson_interval(events: int, exposure: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact (Garwood) interval of a rate: ``events`` seen in ``exposure``; per unit of the exposure."""
    from scipy.stats import chi2

    tail = (1 - confidence) / 2
    low = float(chi2.ppf(tail, 2 * events)) / 2 if events else 0.0
    return low / exposure, float(chi2.ppf(1 - tail, 2 * events + 2)) / 2 / exposure


def ratio_interval(before: int, after: int, exposures: tuple[float, float]) -> tuple[float, float]:
    """The exact interval of the rate after divided by the rate before; from 0 and to infinity where nothing bounds it."""
    from scipy.stats import beta

    tail, (early, late) = (1 - CONFIDENCE) / 2, exposures
    low = float(beta.ppf(tail, after, before + 1)) if after else 0.0
    high = float(beta.ppf(1 - tail, after + 1, before)) if before else 1.0
    return low / (1 - low) * early / late, (high / (1 - high) * early / late if high < 1 else math.inf)


def rate_chances(before: int, after: int, exposures: tuple[float, float]) -> tuple[float, float]:
    """The chances of ``after`` incidents or fewer, and of as many or more, were the rate the same in both exposures."""
    from scipy.stats import binom

    share = exposures[1] / sum(exposures)
    return float(binom.cdf(after, before + after, share)), float(binom.sf(after - 1, before + after, share))


@dataclass(frozen=True, slots=True)
class Counted:
    """The incidents of one stretch of time: how many, in how many bursts, within how many days."""

    incidents: int
    bursts: int
    days: float
    size: float

    @property
    def per_day(self) -> float | None:
        return self.incidents / self.days if self.days > 0 else None

    def to_json(self) -> dict[str, Any]:
        """Incidents, bursts, days, and the rate a day with its interval; None where no time was read."""
        low, high = poisson_interval(self.bursts, self.days) if self.days > 0 else (None, None)
        rates = {
            "per_day": self.per_day,
            "low": None if low is None else low * self.size,
            "high": None if high is None else high * self.size,
        }
        rounded = {name: None if value is None else float(f"{value:.6g}") for name, value in rates.items()}
        return {"incidents": self.incidents, "bursts": self.bursts, "days": float(f"{self.days:.6g}"), **rounded}


@dataclass(frozen=True, slots=True)
class Timeline:
    """The dated incidents and the first moments of their bursts, sorted, within the time that was read."""

    start: datetime
    end: datetime
    times: list[datetime]
    bursts: list[datetime]

    def counted(self, since: datetime, until: datetime) -> Counted:
        """What lies in [since, until); the end of the whole time belongs to it."""

        def within(moments: list[datetime]) -> int:
            last = bisect_right(moments, until) if until >= self.end else bisect_left(moments, until)
            return max(0, last - bisect_left(moments, since))

        incidents, bursts = within(self.times), within(self.bursts)
        mean = len(self.times) / len(self.bursts) if self.bursts else 1.0
        # A burst can begin before ``since``; what it brought then still counts as one.
        bursts = max(bursts, 1) if incidents else 0
        size = incidents / bursts if bursts else mean
        return Counted(incidents, bursts, max(0.0, (until - since).total_seconds()) / DAY, size)


def in_bursts(times: Sequence[datetime], length: timedelta) -> list[datetime]:
    """The first moment of each burst of the sorted ``times``: what follows within ``length`` of it belongs to it."""
    firsts: list[datetime] = []
    for moment in times:
        if not firsts or moment - firsts[-1] >= length:
            firsts.append(moment)
    return firsts
