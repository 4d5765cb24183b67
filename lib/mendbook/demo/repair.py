"""How the demo repairs one system: plan, sign, rehearse, apply, until nothing is left that a repair can mend; undo, and again.

Its two people stand in for those who would decide: the author proposes, the reviewer waives what a person who knows the
applications would waive, with the reason. It works through the workbook alone, as a notebook does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mendbook.demo.home import AUTHOR, REVIEWER, key_of
from mendbook.errors import OutputError
from mendbook.workbook import Workbook

#: What the demo's reviewer waives, and why. A case with any other blocker is left to people.
WAIVED = {"both_used": "the traffic's people came back within a minute, under another spelling: one person, two accounts"}
#: Plans in a row; each settles what the one before made room for.
MOST_ROUNDS = 8

Say = Callable[[str], None]


@dataclass
class Repairing:
    """One system under repair, and what has come of it so far.

    plans   each plan that was applied, in order: {plan, act, cases, waived, applied, stale, seconds}
    left    of the last plan, what no case could be made of: {kind, profile, why, cases}
    remaining  cases of each kind that the audit after the last repair found
    """

    name: str
    book: Workbook
    home: Path
    say: Say
    plans: list[dict[str, Any]] = field(default_factory=list)
    left: list[dict[str, Any]] = field(default_factory=list)
    remaining: dict[str, int] = field(default_factory=dict)
    outreach: str | None = None

    def run(self) -> dict[str, Any]:
        """All of it; what was done, as JSON values."""
        repaired = self._until_nothing_is_left()
        self._ask_people()
        undone = self._undo_last()
        again = self._until_nothing_is_left() if undone else 0
        found = ", ".join(f"{cases} {kind}" for kind, cases in self.remaining.items()) or "nothing"
        self._tell(f"the audit after the last repair finds {found}.")
        state = self.book.verify_ledger()
        if not state.ok:
            raise OutputError(f"The ledger of {self.name} does not fit.", f"mendbook ledger verify {self.name}")
        self._tell(f"the ledger holds {state.batches} batches, and fits.")
        return {
            "plans": self.plans,
            "repaired": repaired,
            "undone": undone,
            "again": again,
            "left": self.left,
            "remaining": self.remaining,
            "outreach": self.outreach,
        }

    def _until_nothing_is_left(self) -> int:
        """Plan, sign and apply again and again; how many cases were repaired."""
        repaired = 0
        for number in range(MOST_ROUNDS):
            made = self.book.plan(AUTHOR, key_of(self.home, AUTHOR))
            self.left = [{name: each[name] for name in ("kind", "profile", "why", "cases")} for each in made["left"]]
            if not made["cases"]:
                break
            applied = self._sign_and_apply(made, "plan", rehearse=number == 0 and not self.plans)
            repaired += applied
            if not applied:
                blocked = "blocked by more than a demo's reviewer may waive"
                self.left += [
                    {"kind": kind, "profile": None, "why": blocked, "cases": cases} for kind, cases in made["by_kind"].items()
                ]
                break
        return repaired

    def _sign_and_apply(self, made: dict[str, Any], act: str, rehearse: bool = False) -> int:
        """The reviewer signs, then what is approved is applied; how many cases it came to."""
        plan = str(made["plan"])
        waived = self._waive(plan)
        signed = self.book.sign(plan, REVIEWER, key_of(self.home, REVIEWER), approve=["all"], comment="as the demo goes")
        if rehearse:
            tried = self.book.apply(plan)
            self._tell(f"rehearsed: {_cases(tried['applied'])}, {tried['changes']} rows; all of it rolled back.")
        done = self.book.apply(plan, commit=True)
        self.remaining = {kind: cases for kind, cases in done["remaining"].items() if cases}
        self.plans.append(
            {
                "plan": plan,
                "act": act,
                "cases": made["cases"],
                "approved": signed["approved"],
                "waived": waived,
                "applied": done["applied"],
                "stale": done["stale"],
                "seconds": done["seconds"],
            }
        )
        blockers = f", {waived} with a blocker waived" if waived else ""
        kinds = ", ".join(f"{count} {kind}" for kind, count in made["by_kind"].items())
        self._tell(f"{act} of {_cases(made['cases'])} ({kinds}) signed{blockers}; {done['applied']} applied.")
        return int(done["applied"])

    def _waive(self, plan: str) -> int:
        """Approve the blocked cases whose blockers the reviewer waives, with the reason; how many those are."""
        count = 0
        by_kind: dict[str, list[str]] = {}
        for case in self.book.plan_file(plan).cases():
            if case.blockers and all(blocker.name in WAIVED for blocker in case.blockers):
                by_kind.setdefault(case.kind, []).extend(f"{case.name}={blocker.name}" for blocker in case.blockers)
                count += 1
        why = "; ".join(WAIVED.values())
        for kind, pairs in by_kind.items():
            self.book.decide(plan, REVIEWER, "approve", {"kind": kind}, comment=why, waive=pairs)
        return count

    def _ask_people(self) -> None:
        """A list of the people to ask for what no row tells."""
        asked = {"blank_profile": "outreach"}
        made = self.book.plan(AUTHOR, key_of(self.home, AUTHOR), repairs=asked, kinds=list(asked))
        self.outreach = made["outreach"]
        if self.outreach:
            self._tell(f"whom to ask for what was lost stands in {self.outreach}.")

    def _undo_last(self) -> int:
        """Take the last plan back as a whole, and see its damage again; how many cases that is."""
        if not self.plans:
            return 0
        made = self.book.undo(self.plans[-1]["plan"], AUTHOR, key_of(self.home, AUTHOR))
        undone = self._sign_and_apply(made, "undo") if made["cases"] else 0
        back = ", ".join(f"{cases} {kind}" for kind, cases in self.remaining.items())
        self._tell(f"{_cases(undone)} undone; the audit finds again: {back}.")
        return undone

    def _tell(self, words: str) -> None:
        self.say(f"{self.name}: {words}")


def _cases(count: int) -> str:
    return f"{count} case{'s' * (count != 1)}"


def left_in_words(repair: Mapping[str, Any], lacking: int) -> list[str]:
    """What is left of a system, and why, a line a reason; ``lacking`` constraints are missing after the fix."""
    reasons: Counter[tuple[str, str]] = Counter()
    for each in repair["left"]:
        reasons[each["kind"], each["why"]] += each["cases"]
    lines = [f"{cases} {kind}: {why}" for (kind, why), cases in reasons.items()]
    if lacking:
        lines.append(f"{lacking} missing_constraint: mendbook guard tells why they cannot be built yet")
    return lines
