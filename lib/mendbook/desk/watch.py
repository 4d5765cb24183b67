"""Watches what is signed beside a plan, for the review table: who signed, whether it holds, and what they decided.

A glance costs little and is taken often; everything is read and verified again only where a file, or the plan's being expired,
has changed. By this computer's clock, for showing only. It signs nothing and reads no key.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from mendbook.config import Settings
from mendbook.desk.signing_view import panel, sign_command
from mendbook.desk.votes import Votes
from mendbook.display import inert
from mendbook.errors import MendbookError
from mendbook.plans.case_index import CaseIndex
from mendbook.reviews.approvals import revoked_file, signed_votes, signers_file
from mendbook.reviews.statements import moment

#: Signed decisions up to so many bytes are read when a review is opened; more of them, and signatures, a moment later.
_AT_ONCE = 1 << 20


class ReviewWatch:
    """What people have signed of the plan of ``index``; ``signing`` tells of it: {state, why, hint, signed, command}."""

    def __init__(
        self, index: CaseIndex, settings: Settings, reviewer: str, clock: Callable[[], datetime], key: str, options: str
    ) -> None:
        self._index, self._settings, self._clock = index, settings, clock
        self._command = sign_command(index.plan, reviewer, key, options)
        self._seen: object = None
        self._votes: Votes = {}
        if sum(path.stat().st_size for path in index.plan.folder.glob("review-*.jsonl")) <= _AT_ONCE:
            self._votes = self._read()
        self.signing = self._told({"state": "looking", "why": "Looking at who has signed.", "hint": "", "signed": []})

    def votes(self) -> Votes:
        """What each reviewer signed of each case, as it was last read."""
        return self._votes

    def look(self) -> bool:
        """Whether anything has changed since the last look; then all of it has been read again."""
        glance = self._glance()
        if glance == self._seen:
            return False
        self._seen = glance
        self._votes = self._read()
        try:
            told = panel(self._index.plan, self._settings, self._clock())
        except MendbookError as error:
            told = {"state": "refused", "why": error.message, "hint": error.hint, "signed": []}
        except OSError as failure:
            why = f"What is signed cannot be read: {failure.strerror}."
            told = {"state": "refused", "why": why, "hint": "", "signed": []}
        self.signing = self._told(told)
        return True

    def _told(self, told: dict[str, Any]) -> dict[str, Any]:
        signed = [{name: inert(text) for name, text in each.items()} for each in told["signed"]]
        why, hint = inert(told["why"]), inert(told["hint"])
        return {"state": told["state"], "why": why, "hint": hint, "signed": signed, "command": inert(self._command)}

    def _read(self) -> Votes:
        """Nothing where something does not hold: ``panel`` tells what."""
        try:
            return signed_votes(self._index.plan, self._index.every())
        except (MendbookError, OSError):
            return {}

    def _glance(self) -> object:
        plan = self._index.plan
        files = [path for path in plan.folder.glob("*") if path.name.lower().startswith(("review-", "author.json"))]
        files += [each for each in (signers_file(self._settings), revoked_file(self._settings)) if each]
        expires = moment(plan.header.expires)
        return expires is None or self._clock() >= expires, sorted(map(_mark, files))


def _mark(path: Path) -> tuple[str, tuple[int, ...]]:
    try:
        file = path.stat()
    except OSError:
        return str(path), ()
    return str(path), (file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns)
