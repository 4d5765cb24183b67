"""A reviewer's signed decisions, given out case by case as the plan is read, and held against what the statement says of them.

It reads no file and knows no signature: whose the statement is, is found out by approvals.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from mendbook.digests import canonical
from mendbook.errors import Refused
from mendbook.plans.outlines import Outline
from mendbook.reviews.decisions import VERBS, Decision, check, decision_in
from mendbook.reviews.statements import Statement, decisions_file, refusal


class Ballot:
    """A reviewer's signed decisions, held against the plan case by case, in its order."""

    def __init__(self, statement: Statement, lines: bytes) -> None:
        if canonical.digest(lines) != statement.decisions:
            raise refusal(decisions_file(statement.file), "these are not the decisions that were signed")
        self.statement = statement
        self._lines: Iterator[bytes] = iter(lines.splitlines(keepends=True))
        self._line = next(self._lines, None)
        #: what ``_line`` says, once somebody had to know
        self._next: Decision | None = None
        self._shown = sha256()
        self._counts = dict.fromkeys(VERBS, 0)

    def vote(self, outline: Outline, line: bytes) -> Decision | None:
        """What the reviewer decided on the case; None where nothing."""
        if not outline.blockers and self._line == approval(outline.name):  # what most lines are: it need not be read
            decision = Decision(outline.name, "approve")
        else:
            read = self._decision()
            if read is None or read.case != outline.name:
                return None
            decision = self._checked(outline, read)
        self._shown.update(line)
        self._counts[decision.decision] += 1
        self._line, self._next = next(self._lines, None), None
        return decision

    def _decision(self) -> Decision | None:
        """The next decision, read no more than once; None behind the last one."""
        if self._next is None and self._line is not None:
            try:
                self._next = decision_in(self._line)
            except Refused as error:
                raise refusal(decisions_file(self.statement.file), error.message) from None
        return self._next

    def _checked(self, outline: Outline, decision: Decision) -> Decision:
        try:
            check(outline, decision)
        except Refused as error:
            raise refusal(decisions_file(self.statement.file), error.message) from None
        return decision

    def finish(self) -> None:
        """SignatureError where decisions are left over, or the statement does not say what they come to."""
        if left := self._decision():
            raise refusal(
                decisions_file(self.statement.file), f"{left.case} is no case of the plan, or stands out of its order"
            )
        if self._shown.hexdigest() != self.statement.shown or self.statement.counts != self._counts:
            raise refusal(self.statement.file, "it does not say what its decisions are, or what was shown")


def approval(case: str) -> bytes:
    """The line of a decision that approves ``case`` and says no more."""
    name = canonical.again(case).encode()
    return b'{"accepted":[],"case":' + name + b',"comment":"","decision":"approve","declined":[],"waived":[]}\n'
