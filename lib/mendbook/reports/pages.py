"""The templates of every page that mendbook writes, with what makes all text in them inert: escaping, by default, twice over.

A template cannot forget it: whatever it prints passes through ``display.shown`` and Jinja's escaping. It reads no run's files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mendbook.display import inert, shown

#: A dash, or a number as people read it: "1,279.3", "0%".
_NUMBER = re.compile(r"–|-?\d[\d,]*(\.\d+)?%?")
_TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, values: dict[str, Any]) -> str:
    """The page that ``template`` makes of ``values``."""
    return environment().get_template(template).render(values)


@cache
def environment() -> Environment:
    """Templates with everything escaped, and the filters prose, time, minute, clock, duration, numbers and words."""

    def finalize(value: Any) -> Any:
        return value if isinstance(value, Markup) else shown(value)

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["prose"] = lambda text: inert(" ".join(str(text).split()))
    made.filters["time"] = _time
    made.filters["minute"] = lambda text: _told(text, "%Y-%m-%d %H:%M")
    made.filters["clock"] = lambda text: _told(text, "%H:%M:%S")
    made.filters["duration"] = _duration
    made.filters["numbers"] = _numbers
    made.filters["words"] = lambda name: inert(str(name).replace("_", " "))
    return made


def _time(text: str | None) -> str:
    """An ISO time as people read it; any other text as it is."""
    try:
        return f"{datetime.fromisoformat(text or ''):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return inert(text)


def _told(text: str | None, form: str) -> str:
    """The same in short, where the page itself says that times are UTC."""
    try:
        return f"{datetime.fromisoformat(text or ''):{form}}"
    except ValueError:
        return inert(text)


def _numbers(rows: Sequence[Sequence[Any]]) -> list[int]:
    """Which columns hold counts, shares and durations alone, to be set at the right; a dash stands where there is none."""
    told = [{str(cell) for cell in column} for column in zip(*rows, strict=True)]
    return [place for place, cells in enumerate(told) if cells != {"–"} and all(_NUMBER.fullmatch(cell) for cell in cells)]


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
