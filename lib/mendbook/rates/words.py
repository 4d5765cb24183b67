"""Says durations, rates and chances as a person would: "9 days", "14 a day", "less than 1 in 10^50".

Pure text from numbers; it computes no statistics.
"""

from __future__ import annotations

import math
from datetime import timedelta

_UNITS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))
_RATES = ((1.0, "day"), (7.0, "week"), (30.0, "month"), (365.25, "year"))
#: Beyond this no chance is told: no model of a registration form is that exact.
_SMALLEST_EXPONENT = 50


def count(number: int, word: str) -> str:
    """ "1 incident", "3 incidents"."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _in_units(duration: timedelta) -> tuple[str, str]:
    """The number and the unit: at least two units make the larger one, but for one day and one hour."""
    seconds = duration.total_seconds()
    for size, name in _UNITS:
        amount = seconds / size
        if amount >= 1.95 or (amount >= 0.995 and abs(amount - 1) < 0.05):
            shown = f"{amount:,.0f}" if amount >= 9.5 or abs(amount - round(amount)) < 0.05 else f"{amount:.1f}"
            return shown, name
    return f"{seconds:.2g}", "second"


def an_amount(duration: timedelta) -> str:
    """ "9 days", "1 hour", "25 minutes"."""
    shown, unit = _in_units(duration)
    return f"{shown} {unit}{'' if shown == '1' else 's'}"


def quiet(duration: timedelta) -> str:
    """ "9 quiet days", "a quiet hour"."""
    shown, unit = _in_units(duration)
    return f"a quiet {unit}" if shown == "1" else f"{shown} quiet {unit}s"


def _figure(value: float) -> str:
    if value >= 9.95:
        return f"{value:,.0f}"
    return f"{value:.2g}" if value >= 0.1 else f"{value:.1g}"


def per(rate: float) -> str:
    """A rate a day in the unit that gives it a readable number: "14 a day", "2 a week", "3 an hour"."""
    if rate == 0:
        return "0 a day"
    if rate >= 86400:
        return f"{_figure(rate / 86400)} a second"
    if rate >= 2880:
        return f"{_figure(rate / 1440)} a minute"
    if rate >= 96:
        return f"{_figure(rate / 24)} an hour"
    for days, name in _RATES:
        if rate * days >= 0.95 or name == "year":
            return f"{_figure(rate * days)} a {name}"
    raise AssertionError(rate)


def chance(probability: float, log_probability: float | None = None) -> str:
    """ "92 in 100", "4 in 1,000", "1 in 30,000", "less than 1 in 10^9".

    ``log_probability`` (natural) is for those too small for a float.
    """
    if probability >= 0.995:
        return "nearly certain" if probability < 1 else "certain"
    if probability >= 0.0095:
        return f"{probability * 100:.0f} in 100"
    if probability >= 0.00095:
        return f"{probability * 1000:.0f} in 1,000"
    if probability >= 1e-6:
        size = 10 ** math.floor(math.log10(1 / probability))
        return f"1 in {math.floor(1 / probability / size) * size:,}"
    if log_probability is None:
        log_probability = math.log(probability) if probability > 0 else -math.inf
    exponent = min(float(_SMALLEST_EXPONENT), -log_probability / math.log(10) + 1e-9)
    return f"less than 1 in 10^{math.floor(exponent)}"
