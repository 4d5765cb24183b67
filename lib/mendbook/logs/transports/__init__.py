"""What carries log lines: each module here undoes one carrier and ends in one constant, TRANSPORT.

A carrier takes a line and gives the lines inside (none while a part is still missing), or None where the line is not
its own. Text carriers look at the text, structured ones at a JSON object. A new carrier is one file here and one
folder of cases.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from mendbook.logs.context import Context
from mendbook.logs.observation import Line, Moment

Unwrap = Callable[[Line, Context], list[Line] | None]


@dataclass(frozen=True)
class Transport:
    """name; ``unwrap`` for text lines or ``unwrap_data`` for JSON objects; ``order`` in which they are asked."""

    name: str
    order: int
    unwrap: Unwrap | None = None
    unwrap_data: Unwrap | None = None


@cache
def transports() -> tuple[Transport, ...]:
    """Every TRANSPORT of this package, in order."""
    found = [importlib.import_module(f"{__name__}.{module.name}").TRANSPORT for module in pkgutil.iter_modules(__path__)]
    return tuple(sorted(found, key=lambda transport: transport.order))


def inner(line: Line, text: str, stream: str, moment: Moment | None, pid: int | None = None) -> Line:
    """The line inside ``line``. An inner zone beats an outer none; the time nearest to the text wins otherwise."""
    if moment is None or (moment.at is None and line.moment is not None and line.moment.at is not None):
        moment = line.moment
    return replace(
        line,
        text=text,
        stream=f"{line.stream}/{stream}" if line.stream else stream,
        moment=moment,
        pid=pid or line.pid,
        data=None,
    )
