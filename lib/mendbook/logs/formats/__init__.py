"""The records of logs: each module here reads one format and ends in one constant, FORMAT.

A reader is made for each stream (a file, a container, a process behind syslog). It takes the lines that are its own,
keeps what it needs of them, and emits observations. Readers are asked in order; the last takes what is left. A new
format is one file here and one folder of cases.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from mendbook.logs.context import Context
from mendbook.logs.observation import Line


class Reader(Protocol):
    """Reads one stream in one format."""

    def take(self, line: Line) -> bool:
        """Whether the line was this format's; if so it has been dealt with."""

    def close(self) -> None:
        """The stream has ended: emit what is still open."""


@dataclass(frozen=True)
class Format:
    """name, the order of asking, and how to make a reader for a stream."""

    name: str
    order: int
    reader: Callable[[Context], Reader]


@cache
def formats() -> tuple[Format, ...]:
    """Every FORMAT of this package, in order."""
    found = [importlib.import_module(f"{__name__}.{module.name}").FORMAT for module in pkgutil.iter_modules(__path__)]
    return tuple(sorted(found, key=lambda form: form.order))
