"""What the notebook of a review shows and saves: the review table, how far it is, decisions, and the command that signs them.

Decisions are saved as they are made (reviews/review.py); signing is typed in a terminal, so the kernel never sees a key. It
changes no row of any database.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING, Any

from mendbook.config import Settings
from mendbook.desk.plan_view import Cases, PlanView
from mendbook.desk.signing_view import LiveTable, mark, sign_command, signatures, standing
from mendbook.display import inert
from mendbook.files.workplace import RUN_FOLDER
from mendbook.plans.files import PlanFile
from mendbook.reviews import review
from mendbook.reviews.decisions import VERBS, Choice, Details
from mendbook.reviews.plan_show import state_of, states_of
from mendbook.views.step_results import keep, section
from mendbook.views.views import Table

if TYPE_CHECKING:
    from mendbook.desk.table import ReviewTable

_SHOWN_CASES = 3


class ProposalView(PlanView):
    """A plan that was just made, as its author looks at it."""

    step = "plan"

    def __init__(
        self,
        plan: PlanFile,
        settings: Settings,
        reveal: bool = False,
        options: str = "",
        reviewer: str = "",
        key: str = "",
    ) -> None:
        """``options`` are those that commands need here; ``reviewer`` is who looks at it, ``key`` the name of their key."""
        super().__init__(plan, settings, reveal)
        self._options, self.reviewer, self._key = options, reviewer, key or "FILE"
        self.keep()

    def keep(self) -> None:
        """Leave what a report needs, masked, in a papermill run's folder; elsewhere nobody waits for it to be put together."""
        if not os.environ.get(RUN_FOLDER):
            return
        masked = PlanView(self.plan, self._settings, reveal=False)
        examples = masked.examples(_SHOWN_CASES)
        sections = [
            section("The plan", masked.header()),
            section("What would be repaired", masked.counts(), masked.repairs()),
            *self._own_sections(),
            section("What is left, and why", masked.left()),
            section("Cases, before and after", text=[examples.note]),
            *({**view.value(), "case": True} for view in examples.views),
            section("What to do next", self.next_steps()),
        ]
        keep(self.step, self.plan.header.source, self.plan.id, self._verdict(), sections)

    def _own_sections(self) -> list[dict[str, Any]]:
        return []

    def _verdict(self) -> str:
        header = self.plan.header
        return f"{sum(header.cases.values()):,} cases proposed by {inert(header.author)}, {header.deferred:,} left."

    def next_steps(self) -> Table:
        """What to do next, each with the command to type."""
        name = self.plan.id
        look = f"mendbook run review {quote(self.plan.header.source)} -p plan={name}{self._options}"
        if not sum(self.plan.header.cases.values()):
            again = f"mendbook audit {quote(self.plan.header.source)}{self._options}"
            return steps(("There is nothing to repair. Look again whenever you like.", again))
        why = "Somebody else reviews it: in notebook 04_review, as a report, or in a terminal. Nobody approves their own plan."
        return steps((why, look), ("The cases in a terminal, before and after.", f"mendbook show {name}{self._options}"))


class ReviewView(ProposalView):
    """A plan, as a reviewer looks at it and decides."""

    step = "review"

    def table(self) -> ReviewTable | Papers:
        """The review table: every case before and after, decided by a key, saved at once.

        In a papermill run, where nobody presses keys, the cases and some of each group on paper.
        """
        if os.environ.get(RUN_FOLDER):
            return Papers(self.progress(), self.browse(), self.examples(_SHOWN_CASES))
        from mendbook.desk.answers import Desk
        from mendbook.desk.table import ReviewTable

        desk = Desk(self.plan, self._settings, self.reviewer, self.reveal, key=self._key, options=self._options)
        return ReviewTable(desk, f"{self.plan.digest} {self.reviewer}")

    def progress(self) -> Table:
        """How far it is, kind by kind: what this reviewer has saved, and what has been signed and applied by now."""
        from pandas import DataFrame

        saved = review.saved(self.plan, self.reviewer) if self.reviewer else {}
        signed, notes = states_of(self.plan, self._settings)
        cases, states = Counter[str](), Counter[tuple[str, str]]()
        mine = Counter[tuple[str, str]]()
        for case in self.plan.cases():
            cases[case.kind] += 1
            states[case.kind, state_of(case, signed)] += 1
            if case.name in saved:
                mine[case.kind, saved[case.name].decision] += 1
        rows = []
        for kind in sorted(cases):
            told = [f"{count:,} {state}" for (of, state), count in sorted(states.items()) if of == kind]
            own = [mine[kind, verb] for verb in VERBS]
            rows.append([kind, cases[kind], *own, cases[kind] - sum(own), ", ".join(told)])
        frame = DataFrame(rows, columns=["kind", "cases", *VERBS, "open", "signed so far"])
        caption = f"Decisions of {inert(self.reviewer) or 'nobody'} (saved, not signed by that), and what is signed"
        return Table(frame, caption, " ".join(notes))

    def decide(
        self,
        decisions: Mapping[str, str] | None = None,
        approve: Sequence[str] = (),
        reject: Sequence[str] = (),
        defer: Sequence[str] = (),
        waive: Sequence[str] = (),
        accept: Sequence[str] = (),
        decline: Sequence[str] = (),
        comment: str = "",
    ) -> Table:
        """Save decisions, as ``Workbook.decide`` does: each word is "all", a kind or a case. What was decided, as a table.

        ``decisions`` says the same the other way round: {"all": "approve", "CASE": "reject"}. Raises ConfigError,
        SignatureError (one's own plan), Refused or OutputError.
        """
        from pandas import DataFrame

        words = zip(VERBS, (approve, reject, defer), strict=True)
        choices = [Choice(verb, of) for verb, each in words for of in each]
        choices += [Choice(verb, of) for of, verb in (decisions or {}).items()]
        passed: Sequence[str] = ()
        rows = []
        if choices or waive or accept or decline:
            details = Details(comment, waive, accept, decline)
            made = review.decide(self.plan, self.reviewer, choices, datetime.now(UTC), details)
            passed = made.passed_over
            rows = [[entry.decision, str(entry.of), len(entry.cases), entry.comment] for entry in made.entries]
            self.keep()
        frame = DataFrame(rows, columns=["decision", "of", "cases", "comment"])
        note = "" if rows else "Nothing was decided here in this run; what was decided before stands above."
        if passed:
            note = f"{len(passed):,} blocked cases were passed over: approve each by its name, and waive its blockers."
        return Table(frame, f"Decided by {inert(self.reviewer)}", note)

    def signing(self) -> Table:
        """The one command that signs what was decided, to be typed in a terminal. The key does not enter this kernel."""
        more = ""
        if self.reviewer and review.saved(self.plan, self.reviewer):
            why = "It signs the decisions that are saved. ssh-keygen asks for the passphrase or the touch, in the terminal."
        else:
            why = "Nothing is decided yet. Decide above and run this cell again; or decide and sign at once, such as:"
            more = " --approve all"
        command = sign_command(self.plan, self.reviewer, self._key, more + self._options)
        return steps((why, command), caption="To sign, in a terminal")

    def signatures(self) -> LiveTable:
        """Who has signed, and whether it holds. In JupyterLab it looks again by itself, for an hour."""
        return LiveTable(lambda: signatures(self.plan, self._settings), lambda: mark(self.plan, self._settings))

    def next_steps(self) -> Table:
        """What to do next, each with the command to type."""
        state, why, _ = standing(self.plan, self._settings)
        if not sum(self.plan.header.cases.values()):
            return super().next_steps()
        if state != "approved":
            return steps((why, self.signing().frame["command"].iloc[0]))
        rehearse = ("Rehearse it: everything is done and rolled back.", f"mendbook apply {self.plan.id}{self._options}")
        source = quote(self.plan.header.source)
        return steps(
            rehearse,
            ("Or rehearse it in notebook 05_apply.", f"mendbook run apply {source} -p plan={self.plan.id}{self._options}"),
        )

    def _own_sections(self) -> list[dict[str, Any]]:
        return [
            section("How far the review is", self.progress()),
            section("Signatures", signatures(self.plan, self._settings)),
        ]

    def _verdict(self) -> str:
        return standing(self.plan, self._settings)[1]


class Papers:
    """Several things to look at, one below the other."""

    def __init__(self, *papers: Table | Cases) -> None:
        self.papers = papers

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self.papers))

    def _repr_html_(self) -> str:
        return "".join(paper._repr_html_() for paper in self.papers)


def steps(*told: tuple[str, str], caption: str = "What to do next") -> Table:
    """Sentences, each with its command."""
    from pandas import DataFrame

    return Table(DataFrame(list(told), columns=["why", "command"]), caption)
