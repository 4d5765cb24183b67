"""One reviewer's decisions on a plan as they stand on the disk, what others have signed, and what both come to, case by case.

Held so that one more decision costs nothing, however many cases there are. It reads the files beside the plan and writes none;
no signature is verified here: what it tells is for showing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from mendbook.display import inert
from mendbook.errors import Refused
from mendbook.plans.case_index import CaseIndex, Codes, Numbers
from mendbook.reviews import decision_log
from mendbook.reviews.approvals import shown
from mendbook.reviews.decision_log import START
from mendbook.reviews.decisions import VERBS, Decision, Entry, check
from mendbook.reviews.verdicts import APPROVED, BLOCKED, DEFERRED, REJECTED, UNDECIDED, combine, needed

#: Every state that a case can have here, as cases are sorted by it.
STATES = (UNDECIDED, BLOCKED, DEFERRED, REJECTED, APPROVED)
_SAID = {"approve": "approves", "reject": "rejects", "defer": "defers"}

Votes = Mapping[str, Mapping[str, Decision]]


class ReviewVotes:
    """What ``reviewer`` has saved, and others have signed, of the cases of ``index``.

    mine    of each case the place of the reviewer's decision in VERBS, and one: 0 where there is none
    states  of each case the place of its state in STATES: by what others have signed, and the reviewer has saved
    """

    def __init__(self, index: CaseIndex, reviewer: str) -> None:
        """``reviewer`` "" is somebody who only looks. Raises as ``decision_log.read`` does."""
        self._index, self._reviewer = index, reviewer
        self._place = START
        self._decisions: dict[int, Decision] = {}
        self._signed: dict[int, Decision] = {}
        self._others: dict[int, list[tuple[str, Decision]]] = {}
        self._unsigned = 0
        self._counts = [len(index)] + [0] * len(VERBS)
        self.mine: Codes = np.zeros(len(index), dtype=np.int16)
        self.states: Codes = np.where(index.blocked, STATES.index(BLOCKED), STATES.index(UNDECIDED)).astype(np.int16)
        self.read()

    def read(self) -> set[int]:
        """Look for decisions that were saved since; the numbers of the cases that they are of."""
        if not self._reviewer:
            return set()
        entries, place, whole = decision_log.read_on(self._index.plan, self._reviewer, self._place)
        fresh = self._numbered(entries)
        gone = self._decisions.keys() - fresh.keys() if whole else set()
        self._place, nothing = place, not self._decisions
        for number in gone:
            self._set(number, None)
        changed = {number for number, decision in fresh.items() if self._set(number, decision)}
        if nothing != (not self._decisions):  # by now, or no longer, what was signed elsewhere stands in their place
            for number in self._signed:
                self.states[number] = self._state(number)
            changed |= self._signed.keys()
        return changed | gone

    def _numbered(self, entries: Iterable[Entry]) -> dict[int, Decision]:
        """The decisions by the numbers of their cases; Refused where one cannot stand, before any is believed."""
        fresh: dict[int, Decision] = {}
        for entry in entries:
            for decision in entry.decisions():
                number = self._index.numbers.get(decision.case)
                if number is None:
                    plan = self._index.plan
                    raise Refused(
                        f"There are decisions on {decision.case}, which is no case of plan {plan.id}.", "Decide again."
                    )
                fresh[number] = decision
        for number, decision in fresh.items():
            check(self._index.outlines[number], decision)
        return fresh

    def _set(self, number: int, decision: Decision | None) -> bool:
        """Let that be the reviewer's decision on the case; tells whether it is another."""
        before = self._decisions.get(number)
        if decision == before:
            return False
        self._unsigned -= self._is_unsigned(number)
        if decision is None:
            del self._decisions[number]
        else:
            self._decisions[number] = decision
        self._unsigned += self._is_unsigned(number)
        code = VERBS.index(decision.decision) + 1 if decision else 0
        self._counts[int(self.mine[number])] -= 1
        self._counts[code] += 1
        self.mine[number] = code
        self.states[number] = self._state(number)
        return True

    def _is_unsigned(self, number: int) -> bool:
        decision = self._decisions.get(number)
        return decision is not None and decision != self._signed.get(number)

    def next_undecided(self, order: Numbers, start: int) -> int | None:
        """The place in ``order``, from ``start`` on and then from its beginning, of a case without a decision of one's own."""
        places = np.flatnonzero(self.mine[order] == 0)
        return int(places[np.searchsorted(places, start) % len(places)]) if len(places) else None

    def take(self, votes: Votes) -> set[int]:
        """Believe what people have signed by now; the numbers of the cases of which something else is told than before."""
        numbers = self._index.numbers
        others: dict[int, list[tuple[str, Decision]]] = {}
        for person, decisions in votes.items():
            if person != self._reviewer:
                for case, decision in decisions.items():
                    others.setdefault(numbers[case], []).append((person, decision))
        touched = {number for number in others.keys() | self._others.keys() if others.get(number) != self._others.get(number)}
        signed = {numbers[case]: decision for case, decision in votes.get(self._reviewer, {}).items()}
        touched |= {number for number in signed.keys() | self._signed.keys() if signed.get(number) != self._signed.get(number)}
        self._others, self._signed = others, signed
        self._unsigned = sum(map(self._is_unsigned, self._decisions))
        for number in touched:
            self.states[number] = self._state(number)
        return touched

    def _state(self, number: int) -> int:
        outline = self._index.outlines[number]
        votes = list(self._others.get(number, ()))
        # one who signed elsewhere has saved nothing here, and has decided all the same
        mine = self._decisions.get(number) if self._decisions else self._signed.get(number)
        if mine is not None:
            votes.append((self._reviewer, mine))
        verdict = shown(outline, combine(outline, votes, needed(self._index.plan.header.policy, outline.risk)))
        return STATES.index(verdict.state)

    def decision(self, number: int) -> Decision | None:
        """The reviewer's own, saved or signed later."""
        return self._decisions.get(number)

    def state(self, number: int) -> dict[str, Any]:
        """What is told of the case where it stands in a list: {decision, comment, unsigned, state, others}."""
        decision = self._decisions.get(number)
        return {
            "decision": decision.decision if decision else None,
            "comment": bool(decision and decision.comment),
            "unsigned": self._is_unsigned(number),
            "state": STATES[self.states[number]],
            "others": "; ".join(f"{inert(who)} {_SAID[vote.decision]}" for who, vote in self._others.get(number, ())),
        }

    @property
    def progress(self) -> dict[str, int]:
        """How far the reviewer is: {decided, total, approve, reject, defer, unsigned}."""
        undecided, *counts = self._counts
        total = len(self._index)
        return {
            "decided": total - undecided,
            "total": total,
            **dict(zip(VERBS, counts, strict=True)),
            "unsigned": self._unsigned,
        }
