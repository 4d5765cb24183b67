"""A reviewer's signed decisions, given out case by case as the plan is read, and held against what the statement says of them.

It reads no file and knows no signature: whose the statement is, is found out by approvals.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from mendbook import canonical
from mendbook.decisions import VERBS, Decision, check, decision_in
from mendbook.errors import Refused
from mendbook.outlines import Outline
from mendbook.statements import Statement, decisions_file, refusal


class Ballot:
    """A reviewer's signed decisions, held against the plan case by case, in its order."""

    def __init__(self, statement: Statement, lines: bytes) -> None:
        if canonical.digest(lines) != statement.decisions:
            raise refusal(decisions_file(statement.file), "these are not the decisions that were signed")
        self.statement = statement
        self._lines = self._read(lines)
        self._next = next(self._lines, None)
        self._shown = sha256()
        self._counts = dict.fromkeys(VERBS, 0)

    def _read(self, lines: bytes) -> Iterator[Decision]:
        try:
            for line in lines.splitlines(keepends=True):
                yield decision_in(line)
        except Refused as error:
            raise refusal(decisions_file(self.statement.file), error.message) from None

    def vote(self, outline: Outline, line: bytes) -> Decision | None:
        """What the reviewer decided on the case; None where nothing."""
        decision = self._next
        if decision is None or decision.case != outline.name:
            return None
        try:
            check(outline, decision)
        except Refused as error:
            raise refusal(decisions_file(self.statement.file), error.message) from None
        self._shown.update(line)
        self._counts[decision.decision] += 1
        self._next = next(self._lines, None)
        return decision

    def finish(self) -> None:
        """SignatureError where decisions are left over, or the statement does not say what they come to."""
        if self._next is not None:
            raise refusal(
                decisions_file(self.statement.file), f"{self._next.case} is no case of the plan, or stands out of its order"
            )
        if self._shown.hexdigest() != self.statement.shown or self.statement.counts != self._counts:
            raise refusal(self.statement.file, "it does not say what its decisions are, or what was shown")
