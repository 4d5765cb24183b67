"""Every error that mendbook raises on purpose: one base with a message and a hint.

The message says what happened and where; the hint says what to type next. The command line prints both and exits with the
class's ``exit_code``. The tree:

    MendbookError               2  refused or misused
    |-- ConfigError                mendbook.toml, the environment or a parameter is wrong
    |-- MappingError               a mapped table or column does not fit the database
    |-- ConnectionFailed           the server cannot be reached, or will not let us in
    |-- Refused                    it could be done, but must not be (rights, row security, a replica)
    |   `-- AlreadyApplied         the ledger has this batch of this plan
    |-- NotCanonical               a value or a text that should be canonical JSON is not
    |-- SignatureError             something could not be signed, or a signature does not hold
    |-- OutputError                outputs/ cannot be written or read
    |-- QueryStopped               the database stopped a statement (statement timeout, cancelled)
    `-- ServerError                the embedded PostgreSQL did not start or stop
    (anything else)             3  unexpected: a defect of ours
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable
from difflib import get_close_matches


class MendbookError(Exception):
    """What happened, where, and what to do about it."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it, by this name: what was typed is at fault, and lines of ours would hide what to type."""
        if os.environ.get("MENDBOOK_DEBUG"):
            return traceback.format_exception(self)
        return f"{type(self).__name__}: {self}".splitlines()


class ConfigError(MendbookError):
    """mendbook.toml, the environment or a parameter is wrong."""


class MappingError(MendbookError):
    """A mapped table or column does not fit the database."""


class ConnectionFailed(MendbookError):
    """The server cannot be reached, or will not let us in."""


class Refused(MendbookError):
    """It could be done, but must not be."""


class AlreadyApplied(Refused):
    """The ledger has this batch of this plan already: it was done once, and is not done again."""


class NotCanonical(MendbookError):
    """A value or a text that should be canonical JSON is not."""


class SignatureError(MendbookError):
    """Something could not be signed, or a signature does not hold."""


class OutputError(MendbookError):
    """outputs/ cannot be written or read."""


class QueryStopped(MendbookError):
    """The database stopped a statement before it was done."""


class ServerError(MendbookError):
    """The embedded PostgreSQL did not start or stop."""


def known(wanted: str, names: Iterable[str], noun: str, plural: str | None = None, most: int = 20) -> str:
    """A sentence listing the known ``names``, the nearest to ``wanted`` first, for the hint of an error."""
    every = sorted(names)
    near = get_close_matches(wanted, every, n=3, cutoff=0.6) or [name for name in every if name.lower() == wanted.lower()]
    shown = near + [name for name in every if name not in near]
    if not shown:
        return f"There is no {noun} at all."
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    meant = f"Did you mean {near[0]!r}? " if near else ""
    return f"{meant}Known {plural or noun + 's'}: {', '.join(shown[:most])}{more}."
