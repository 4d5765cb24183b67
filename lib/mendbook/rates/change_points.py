"""Guesses when the rate of incidents changed, without being told of any deploy.

Two steps, because a search always finds something. PELT (Killick, Fearnhead and Eckley, Optimal detection of changepoints
with a linear computational cost, JASA 107, 2012; by ruptures) proposes the cuts that describe counts in equal bins best by
constant Poisson rates, at a price for every cut. Then each proposal must stand an exact comparison of the two rates beside it
(Przyborowski and Wilenski), at a threshold divided by the number of places it could have been; the weakest goes first.
At constant rates that raises a false alarm about once in a hundred times, which a simulated test holds.

Day and night are no change: where two weeks or more were read, bins are whole days and a stretch at least a week;
where two days or more were read, a stretch is at least a day. Shorter times are told with that reserve.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

_FALSE_ALARM = 0.01
_PRICE = 3.0  # times the logarithm of the number of bins: a cut has a place and a rate
_MOST_BINS = 400
_BINS = 120
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A change: around ``at``, give or take ``within``, from ``before`` to ``after`` a day, by chance ``chance``."""

    at: datetime
    within: timedelta
    before: float
    after: float
    chance: float


def guesses(times: Sequence[datetime], span: tuple[datetime, datetime]) -> list[Segment]:
    """Where the rate of the events at the sorted ``times`` changed; [] where nothing shows that it did."""
    start, end = span
    whole = (end - start).total_seconds()
    if len(times) < 5 or whole <= 0:
        return []
    width, shortest = _binning(whole)
    number = int(whole // width)  # a last bin that is not whole would look like a change
    if number < 2 * shortest:
        return []
    counts = [0] * number
    for moment in times:
        place = int((moment - start).total_seconds() // width)
        if place < number:
            counts[place] += 1
    cuts = _convincing(_proposed(counts, shortest), counts)
    edges = [0, *(cut for cut, _ in cuts), number]
    rates = [sum(counts[low:high]) / ((high - low) * width) * _DAY for low, high in pairwise(edges)]
    return [
        Segment(start + timedelta(seconds=cut * width), timedelta(seconds=width), rates[place], rates[place + 1], likely)
        for place, (cut, likely) in enumerate(cuts)
    ]


def _binning(whole: float) -> tuple[float, int]:
    """The width of a bin in seconds, and how many bins a stretch has at least."""
    days = whole / _DAY
    if days >= 14:
        width = _DAY * math.ceil(days / _MOST_BINS)
        return width, max(2, math.ceil(7 * _DAY / width))
    width = whole / _BINS
    return width, max(3, math.ceil(_DAY / width)) if days >= 2 else 3


def _proposed(counts: Sequence[int], shortest: int) -> list[int]:
    """PELT's cuts: bins at which a new rate begins."""
    import numpy
    import ruptures

    signal = numpy.asarray(counts, dtype=float).reshape(-1, 1)
    search = ruptures.Pelt(custom_cost=_poisson_cost(), min_size=shortest, jump=1).fit(signal)
    cuts: list[int] = [int(cut) for cut in search.predict(pen=_PRICE * math.log(len(counts)))]
    return cuts[:-1]


def _poisson_cost() -> Any:
    """Twice the negative log-likelihood of counts at their mean rate, without the parts that no cut changes."""
    import numpy
    from ruptures.base import BaseCost

    class PoissonCost(BaseCost):  # type: ignore[misc]
        model = "poisson counts"
        min_size = 1

        def fit(self, signal: Any) -> Any:
            self.signal = signal
            self.sums = numpy.concatenate([[0.0], numpy.cumsum(signal[:, 0])])
            return self

        def error(self, start: int, end: int) -> float:
            total = self.sums[end] - self.sums[start]
            return float(-2 * total * math.log(total / (end - start))) if total else 0.0

    return PoissonCost()


def _convincing(cuts: list[int], counts: Sequence[int]) -> list[tuple[int, float]]:
    """The cuts, each with its chance, after dropping the weakest one by one until all convince."""
    from scipy.stats import binomtest

    places = len(counts)
    while cuts:
        edges = [0, *cuts, len(counts)]
        chances = []
        for left, cut, right in zip(edges, edges[1:], edges[2:], strict=False):
            before, after = sum(counts[left:cut]), sum(counts[cut:right])
            chances.append(
                float(binomtest(after, before + after, (right - cut) / (right - left)).pvalue) if before + after else 1.0
            )
        weakest = max(range(len(cuts)), key=chances.__getitem__)
        if chances[weakest] * places < _FALSE_ALARM:
            return [(cut, min(1.0, likely * places)) for cut, likely in zip(cuts, chances, strict=True)]
        cuts = cuts[:weakest] + cuts[weakest + 1 :]
    return []
