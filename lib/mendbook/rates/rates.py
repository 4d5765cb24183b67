"""Is it still bleeding? The rate of incidents before and after each deploy, and a verdict with its evidence and doubt.

Pure: moments in, JSON values out; it reads nothing and draws nothing. The statistics are those of ``poisson.py``, and one
more:

- Quiet for how long: at a constant rate, n incidents lie in the first part of a time with the chance (part / time) ** n.

**Bursts.** Incidents are not independent: a double click, a retry or a mailing brings several at once, and counting each
would make the evidence look stronger than it is. So whatever follows within a minute of the first belongs to one burst
(within a thousandth of the whole time where that is shorter, as in a load test), and chances are computed from bursts.
Rates are told in incidents; their intervals are those of the bursts, times the mean size of a burst.

**Registrations.** Where nobody registers, nothing fails. Where logs tell of registrations, a silence counts for as much as
there were of them in it, compared with the time before; never for more than its length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from mendbook.rates.change_points import Segment, guesses
from mendbook.rates.exposure import FEWER, Registered, rests_on, share_of
from mendbook.rates.poisson import DAY, Counted, Timeline, in_bursts, poisson_interval, rate_chances, ratio_interval
from mendbook.rates.words import an_amount, chance, count, per, quiet

#: A chance below this counts as evidence; all else is "cannot tell yet".
CONVINCING = 0.01
_DOUBTFUL = 0.1
_FEW = 3  # bursts; with fewer and no deploy there is no rate to speak of
BURST = timedelta(minutes=1)
_BURST_SHARE = 1000
_LONGEST_NAME = 80
_LONG_SILENCE = timedelta(days=1)


def assess(
    times: Sequence[datetime | None],
    span: tuple[datetime, datetime],
    deploys: Sequence[tuple[datetime, str]],
    now: datetime,
    registered: Registered | None = None,
) -> dict[str, Any]:
    """The rates, the verdict and its doubt for the incidents at ``times`` (aware; None where one has no time).

    ``span`` is the time that was read, from which silence can be told from ignorance. Give the incidents that count: not
    those that the application handled. ``registered`` counts registrations, where logs tell of them.

    Returns JSON values: deploys (each with at, name, before, after, ratio with its
    interval, chance, verdict), verdict, still_bleeding (None: cannot tell), doubt, changes (guesses), bursts.
    """
    start, end = span[0], max(span[0], min(span[1], now))
    dated = sorted(moment for moment in times if moment is not None)
    inside = [moment for moment in dated if start <= moment <= end]
    length = min(BURST, (end - start) / _BURST_SHARE)
    line = Timeline(start, end, inside, in_bursts(inside, length))
    marks = sorted((at, name[:_LONGEST_NAME]) for at, name in deploys)
    told = [_deploy(line, marks, place, registered) for place in range(len(marks))]
    past = [mark for mark in marks if mark[0] <= end]
    verdict, bleeding, doubts = _verdict(line, past, len(dated) < len(times), registered)
    undated, outside = len(times) - len(dated), len(dated) - len(inside)
    if undated:
        doubts.append(f"Left out of these numbers: {count(undated, 'incident')} without a time.")
    if outside:
        doubts.append(f"Left out of these numbers: {count(outside, 'incident')} outside of the time that was read.")
    if now - end > _LONG_SILENCE:
        doubts.append(f"What was read ends {an_amount(now - end)} ago; of the time since nothing is known.")
    if len(line.bursts) < len(inside):
        doubts.append(
            f"{len(inside):,} incidents came in {count(len(line.bursts), 'burst')} (double clicks, retries); "
            "chances are computed from bursts."
        )
    changes = guesses(line.bursts, (start, end))
    return {
        "deploys": told,
        "verdict": verdict,
        "still_bleeding": bleeding,
        "doubt": " ".join(doubts),
        "changes": [_change(each, marks) for each in changes],
        "bursts": len(line.bursts),
    }


def _deploy(line: Timeline, marks: Sequence[tuple[datetime, str]], place: int, registered: Registered | None) -> dict[str, Any]:
    """One deploy: since the one before it, until the one after it."""
    at, name = marks[place]
    since = max(line.start, marks[place - 1][0]) if place else line.start
    until = min(line.end, marks[place + 1][0]) if place + 1 < len(marks) else line.end
    before = line.counted(since, min(max(at, since), line.end))
    after = line.counted(max(at, line.start), max(until, at))
    if at > line.end:
        after = Counted(0, 0, 0.0, 1.0)
    share = share_of(registered, since, at, until)
    ratio, low, high, likely = None, None, None, None
    if before.days > 0 and after.days > 0:
        exposures = (before.days, after.days)
        if before.incidents:
            ratio = (after.per_day or 0.0) / (before.per_day or 1.0)
            low, high = ratio_interval(before.bursts, after.bursts, exposures)
        if before.bursts + after.bursts:
            if share and not after.incidents:
                exposures = (before.days, after.days * share)
            likely = min(rate_chances(before.bursts, after.bursts, exposures))
    return {
        "at": at.isoformat(),
        "name": name,
        "before": before.to_json(),
        "after": after.to_json(),
        "ratio": ratio,
        "ratio_low": low,
        "ratio_high": high if high is None or math.isfinite(high) else None,
        "chance": likely,
        "verdict": _deploy_verdict(line, at, before, after, likely, nobody=share == 0),
    }


def _deploy_verdict(line: Timeline, at: datetime, before: Counted, after: Counted, likely: float | None, nobody: bool) -> str:
    if at > line.end:
        return "after the time that was read: nothing can be said of it"
    if nobody and not after.incidents:
        return "nobody registered after it: nothing can be said of it"
    if before.days == 0:
        return f"before the time that was read: {count(after.incidents, 'incident')} since, and nothing to compare with"
    if after.days == 0 or likely is None:
        return "no incident before or after" if after.days else "no time was read after it"
    fewer = (after.per_day or 0.0) < (before.per_day or 0.0)
    words = f"by chance: {chance(likely)}"
    if likely > CONVINCING:
        return f"no difference shown ({words})"
    if not after.incidents:
        return f"stopped ({words})"
    return f"{'fewer' if fewer else 'more'} than before ({words})"


def _verdict(
    line: Timeline, marks: list[tuple[datetime, str]], undated: bool, registered: Registered | None
) -> tuple[str, bool | None, list[str]]:
    """The sentence, the answer, and the first of the doubts."""
    whole = line.end - line.start
    if not line.times:
        return _never(whole, undated)
    last = line.times[-1]
    later = [mark for mark in marks if mark[0] > last]
    if later:
        earlier = [at for at, _ in marks if at <= last]
        return _quiet_since(line, later[0], max([line.start, *earlier]), registered)
    since, name = marks[-1] if marks else (line.start, "")
    return _going_on(line, max(since, line.start), name, registered)


def _never(whole: timedelta, undated: bool) -> tuple[str, bool | None, list[str]]:
    if undated:
        return "Cannot tell: no incident has a time within what was read.", None, []
    if whole <= timedelta(0):
        return "Cannot tell: no incident, and no time was read in which there could have been one.", None, []
    _, high = poisson_interval(0, whole.total_seconds() / DAY)
    doubt = f"A rate of up to {per(high)} would not be ruled out by this (95 in 100)."
    if whole < timedelta(days=1):
        return f"Cannot tell yet: no incident, but only {an_amount(whole)} {_were(whole)} read.", None, [doubt]
    return f"No incident in the {an_amount(whole)} that {_were(whole)} read.", False, [doubt]


def _were(whole: timedelta) -> str:
    return "was" if an_amount(whole).startswith("1 ") else "were"


def _quiet_since(
    line: Timeline, deploy: tuple[datetime, str], since: datetime, registered: Registered | None
) -> tuple[str, bool | None, list[str]]:
    """No incident since ``deploy``: would the rate of before have brought one?"""
    at, name = deploy
    before = line.counted(since, at)
    silence = line.end - at
    share = share_of(registered, since, at, line.end)
    if share == 0:
        return f"Cannot tell: no registration was read since {name!r}, so that none could fail.", None, []
    days = silence.total_seconds() / DAY * (1.0 if share is None else share)
    rate = before.bursts / before.days if before.days else 0.0
    log_chance = -rate * days
    known = before.bursts * math.log(before.days / (before.days + days)) if before.days else 0.0
    if known > math.log(CONVINCING):
        verb = "is" if quiet(silence).startswith("a ") else "are"
        words = f"{quiet(silence)} {verb} {_no_surprise(log_chance)} ({chance(math.exp(log_chance))})"
        return f"Cannot tell yet: at {per(rate)} {words}.", None, [_known_rate(before, known, share)]
    verdict = (
        f"No incident in {an_amount(silence)}, since {name!r}; before it {per(before.per_day or 0.0)}; at that rate "
        f"{quiet(silence)} by chance: {chance(math.exp(log_chance), log_chance)}."
    )
    return verdict, False, [_known_rate(before, known, share)]


def _no_surprise(log_chance: float) -> str:
    """Whether the silence is to be expected, or merely no proof; in the plural where there are several units of it."""
    return "no surprise" if log_chance > math.log(0.05) else "not yet proof"


def _known_rate(before: Counted, known: float, share: float | None) -> str:
    number = count(before.bursts, "burst" if before.bursts < before.incidents else "incident")
    return (
        f"The rate of before is itself known only from {number} in {an_amount(timedelta(days=before.days))}; allowing for "
        f"that, the chance is {chance(math.exp(known), known)}. {rests_on(share)}"
    )


def _going_on(line: Timeline, since: datetime, name: str, registered: Registered | None) -> tuple[str, bool | None, list[str]]:
    """Incidents after the last deploy, or no deploy at all: do they go on, or are they over by themselves?"""
    counted, before = line.counted(since, line.end), line.counted(line.start, since)
    whole, silence = line.end - since, line.end - line.times[-1]
    if whole <= timedelta(0):
        return "Cannot tell: all incidents stand at one moment, and no other time was read.", None, []
    number = count(counted.incidents, "incident")
    known = _ended_by_chance(counted, before, whole, silence)
    ends = f"the last {_ago(silence)}"
    if known <= math.log(_DOUBTFUL):
        # the very request that failed last is not one that came after it
        share = share_of(registered, since, line.times[-1] + BURST, line.end)
        if share == 0:
            return f"Cannot tell: no registration was read since the last incident, {_ago(silence)}.", None, []
        heeded = [rests_on(share)] if share is not None else []
        if share is not None and share < FEWER:
            known = _ended_by_chance(counted, before, whole - silence * (1 - share), silence * share)
        came = f"{number} in the {an_amount(whole - silence)} before that"
        if name:
            came = f"of {number} since {name!r} the last came {_after(whole - silence)}"
        words = f"were the rate the same all the time, so long a silence by chance: {chance(math.exp(known), known)}"
        if known > math.log(CONVINCING) or silence < _LONG_SILENCE:
            doubt = "Less than a day of silence may be a night, or the end of the traffic." if silence < _LONG_SILENCE else ""
            doubts = [*([doubt] if doubt else []), *heeded]
            return f"Cannot tell yet: no incident in {an_amount(silence)}; {came}; {words}.", None, doubts
        why = "Incidents went on after the last deploy." if name else "No deploy is named for it."
        return (
            f"No incident in {an_amount(silence)}; {came}; {words}.",
            False,
            [f"{why} What ended them is not known.", *heeded],
        )
    if not name and counted.bursts < _FEW:
        return f"Cannot tell: {number} in {an_amount(whole)}, {ends}.", None, ["So few incidents tell no rate."]
    where = f", since {name!r}" if name else ""
    compared = f"; before it {per(before.per_day)}" if name and before.per_day is not None else ""
    low, high = poisson_interval(counted.bursts, counted.days)
    doubt = (
        f"That is {per(counted.per_day or 0.0)}, between {per(low * counted.size)} and {per(high * counted.size)} (95 in 100)."
    )
    return f"Still bleeding: {number} in the last {an_amount(whole)}{where}, {ends}{compared}.", True, [doubt]


def _ended_by_chance(counted: Counted, before: Counted, whole: timedelta, silence: timedelta) -> float:
    """The logarithm of the chance that all incidents came before the last ``silence`` though nothing ended them.

    The weaker of two kinds of evidence: against the incidents since the deploy alone, and against those before it too.
    """
    quiet_days = silence.total_seconds() / DAY
    known = counted.bursts * math.log(max(1e-12, 1 - silence / whole))
    if before.bursts:
        days = before.days + counted.days
        known = max(known, (before.bursts + counted.bursts) * math.log(1 - quiet_days / days))
    return known


def _after(time: timedelta) -> str:
    return f"{an_amount(time)} after it" if time >= timedelta(seconds=1) else "at once"


def _ago(silence: timedelta) -> str:
    return f"{an_amount(silence)} before the end" if silence >= timedelta(seconds=1) else "at the very end"


def _change(segment: Segment, marks: Sequence[tuple[datetime, str]]) -> dict[str, Any]:
    """A guessed change as JSON, with the name of a deploy that lies within its reach."""
    near = [name for at, name in marks if abs(at - segment.at) <= segment.within]
    return {
        "at": segment.at.isoformat(),
        "guess": True,
        "within_seconds": segment.within.total_seconds(),
        "before_per_day": float(f"{segment.before:.6g}"),
        "after_per_day": float(f"{segment.after:.6g}"),
        "chance": segment.chance,
        "near": near[0] if near else None,
        "says": (
            f"Around {segment.at:%Y-%m-%d %H:%M:%S} (UTC), give or take {an_amount(segment.within)}: from "
            f"{per(segment.before)} to {per(segment.after)}. This is a guess from the counts alone."
        ),
    }
