"""How long a request took, as access logs write it. A bare whole number has no unit and tells nothing."""

from __future__ import annotations

import re
from typing import Any

_QUOTED = re.compile(r"\"(?!\d{1,6}\.\d{1,6}\")[^\"]*\"")
_NAMED = re.compile(
    r"\b(?:rt|request_time|reqtime|duration|took|elapsed|service)[=:] ?\"?(\d{1,9}(?:\.\d{1,9})?) ?(ms|us|µs|s)?(?![\w.])"
)
_BARE = re.compile(r"(?<![\w./:-])(\d{1,6}\.\d{1,6})(ms|us|µs|s)?(?![\w.])")
_WITH_UNIT = re.compile(r"\s*(\d{1,12}(?:\.\d{1,9})?) ?(ms|us|µs|ns|s)?\s*$")
_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "": 1.0}
#: field names of JSON logs whose numbers are seconds, and those of milliseconds
_SECONDS = ("request_time", "duration_s", "duration_seconds", "elapsed_seconds", "response_time_s", "upstream_response_time")
_MILLISECONDS = ("duration_ms", "request_time_ms", "response_time_ms", "elapsed_ms", "latency_ms", "responseTime", "took_ms")
_TEXTS = ("duration", "latency", "elapsed", "response_time", "took")


def in_text(tail: str) -> float | None:
    """Seconds, from what stands behind status and size: rt=0.123, 0.123, "0.123", service=12ms."""
    plain = _QUOTED.sub(" ", tail[:2000])
    match = _NAMED.search(plain)
    if match and (match[2] or "." in match[1]):
        return float(match[1]) * _UNITS[match[2] or ""]
    match = _BARE.search(plain)
    return float(match[1]) * _UNITS[match[2] or ""] if match else None


def in_fields(flat: dict[str, Any]) -> float | None:
    """Seconds, from the fields of a JSON object."""
    for names, unit in ((_SECONDS, 1.0), (_MILLISECONDS, 1e-3)):
        for name in names:
            value = flat.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9:
                return float(value) * unit
            match = _WITH_UNIT.match(value) if isinstance(value, str) else None
            if match:
                return float(match[1]) * (_UNITS[match[2]] if match[2] else unit)
    for name in _TEXTS:
        value = flat.get(name)
        match = _WITH_UNIT.match(value) if isinstance(value, str) and len(value) < 40 else None
        if match and match[2]:
            return float(match[1]) * _UNITS[match[2]]
    return None
