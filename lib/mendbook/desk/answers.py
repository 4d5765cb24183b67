"""The kernel's side of the review table: answers the browser's messages, saves decisions, tells what others changed meanwhile.

Plain Python without widgets: messages are JSON values in and out (docs/architecture.md). Everything sent is masked, unless it
is revealed, and inert. It signs nothing, reads no key and changes no row of any database.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from mendbook.config import Settings
from mendbook.damage import titles
from mendbook.desk import reveal_log
from mendbook.desk.case_detail import detail, title
from mendbook.desk.case_order import CaseOrder, Ordered, View, shown_name, view_of
from mendbook.desk.choices import Samples, chosen
from mendbook.desk.votes import STATES, ReviewVotes
from mendbook.desk.watch import ReviewWatch
from mendbook.display import inert
from mendbook.errors import ConfigError, MendbookError
from mendbook.plans.case_index import CaseIndex
from mendbook.plans.files import PlanFile
from mendbook.reviews import review
from mendbook.reviews.approvals import check_reviewer
from mendbook.reviews.decisions import Entry
from mendbook.side_by_side import concealing
from mendbook.signing.allowed_signers import check_person

#: Rows at once, cases at once in a message of changes, and views whose order is remembered.
MOST_ROWS, MOST_TOLD, MOST_VIEWS = 500, 500, 8

#: What the browser may ask; each is a method here.
MESSAGES = ("open", "view", "rows", "next", "case", "decide", "sample", "decide_all")
Message = dict[str, Any]


class Desk:
    """A plan under review by one person. ``answer`` and ``news`` may be called from different threads."""

    def __init__(
        self,
        plan: PlanFile,
        settings: Settings,
        reviewer: str,
        reveal: bool = False,
        clock: Callable[[], datetime] | None = None,
        key: str = "",
        options: str = "",
    ) -> None:
        """``reviewer`` "" or the plan's author only look. ``key`` and ``options`` are named in the command that signs.

        Raises Refused or OutputError where the plan, or what the reviewer saved before, cannot be read.
        """
        self.plan, self.reviewer, self._reveal = plan, reviewer, reveal
        self._clock = clock or (lambda: datetime.now(UTC))
        self._lock = threading.RLock()
        source = settings.sources.get(plan.header.source)
        self._masked, self._plain = concealing(source, False), concealing(source, True)
        self._shown = self._plain if reveal else self._masked
        self._barred, self._named = _barred(plan, reviewer), _is_name(reviewer)
        self.index = CaseIndex(plan)
        self._votes = ReviewVotes(self.index, reviewer)
        self._order = CaseOrder(self.index, self._shown)
        self._views: dict[View, Ordered] = {}
        self._samples = Samples()
        self._watch = ReviewWatch(self.index, settings, reviewer, self._clock, key, options)
        self._recorded: set[int] = set()
        self._elsewhere: set[int] = set()
        self._trouble = ""
        self._answers: dict[str, Callable[[Mapping[str, Any]], Message]] = {
            name: getattr(self, f"_{name}") for name in MESSAGES
        }
        self._votes.take(self._watch.votes())

    def answer(self, message: Any) -> list[Message]:
        """The messages to send back for one of the browser's; what cannot be done is told in one, and never raised."""
        asked = message if isinstance(message, Mapping) else {}
        number = asked.get("id")
        try:
            answer = self._answers.get(str(asked.get("type")))
            if answer is None:
                raise ConfigError(f"The review table knows no message {inert(asked.get('type'), 40)!r}.", "Reload the page.")
            with self._lock:
                return [{**answer(asked), "re": number}, *self._of_elsewhere()]
        except MendbookError as error:
            return [{"type": "refused", "re": number, "message": inert(error.message), "hint": inert(error.hint)}]
        except Exception as error:  # the browser waits for an answer, whatever it sent
            message = f"That message cannot be answered ({type(error).__name__}). Nothing was decided by it."
            hint = "Reload the page; the notebook may run another mendbook than the browser."
            return [{"type": "refused", "re": number, "message": message, "hint": hint}]

    def news(self) -> list[Message]:
        """What others, or another kernel of the same reviewer, changed since it was last asked; takes long only where much is
        to be verified, and keeps no answer waiting meanwhile."""
        looked = self._watch.look()
        with self._lock:
            if looked:
                self._elsewhere |= self._votes.take(self._watch.votes())
            try:
                self._look()
            except MendbookError as error:
                return self._troubled(error)
            self._trouble = ""
            told = self._of_elsewhere() or ([self._changed(set())] if looked else [])
        with suppress(MendbookError):  # told to whoever searches
            self._order.prepare()
        return told

    def _look(self) -> None:
        """Read what this reviewer saved elsewhere meanwhile."""
        self._elsewhere |= self._votes.read()

    def _of_elsewhere(self) -> list[Message]:
        changed, self._elsewhere = self._elsewhere, set()
        return [self._changed(changed)] if changed else []

    def _troubled(self, error: MendbookError) -> list[Message]:
        """The message that tells of it, once."""
        before, self._trouble = self._trouble, error.message
        if before == error.message:
            return []
        return [{"type": "trouble", "message": inert(error.message), "hint": inert(error.hint)}]

    def _changed(self, numbers: set[int]) -> Message:
        few = len(numbers) <= MOST_TOLD
        return {
            "type": "changed",
            "cases": {str(number): self._votes.state(number) for number in sorted(numbers)} if few else None,
            "progress": self._votes.progress,
            "signing": self._watch.signing,
        }

    # -- looking ---------------------------------------------------------------------------------------------------------

    def _open(self, _: Mapping[str, Any]) -> Message:
        header = self.plan.header
        self._look()
        return {
            "type": "opened",
            "plan": self.plan.id,
            "source": inert(header.source),
            "author": inert(header.author),
            "act": header.act,
            "reviewer": inert(self.reviewer),
            "barred": self._barred and {"message": inert(self._barred.message), "hint": inert(self._barred.hint)},
            "expires": header.expires,
            "total": len(self.index),
            "kinds": self._kinds,
            "facets": {name: [inert(word) for word in column.words] for name, column in self.index.columns.items()},
            "progress": self._votes.progress,
            "reveal": self._reveal,
            "signing": self._watch.signing,
        }

    @cached_property
    def _kinds(self) -> list[Message]:
        named = titles()
        groups: dict[tuple[str, str, str], list[int]] = {}
        for outline in self.index.outlines:
            count = groups.setdefault((outline.kind, outline.repair, outline.risk), [0, 0])
            count[0] += 1
            count[1] += bool(outline.blockers)
        return [
            {
                "kind": inert(kind),
                "title": named.get(kind, ""),
                "repair": inert(repair),
                "risk": inert(risk),
                "cases": cases,
                "blocked": blocked,
            }
            for (kind, repair, risk), (cases, blocked) in groups.items()
        ]

    def _view(self, asked: Mapping[str, Any]) -> Message:
        ordered = self._ordered(view_of(asked["view"]), anew=True)
        return {"type": "viewed", "total": len(ordered.numbers), "groups": ordered.groups}

    def _ordered(self, view: View, anew: bool = False) -> Ordered:
        """The order stays as it was while it is looked at: decided rows do not run away under the reader's hands."""
        known = self._views.pop(view, None)
        if known is None or anew:
            known = self._order.ordered(view, self._votes.mine, self._votes.states, STATES)
        self._views[view] = known
        if len(self._views) > MOST_VIEWS:
            del self._views[next(iter(self._views))]
        return known

    def _rows(self, asked: Mapping[str, Any]) -> Message:
        first, last = max(int(asked["from"]), 0), int(asked["to"])
        numbers = self._ordered(view_of(asked["view"])).numbers[first : min(last, first + MOST_ROWS)].tolist()
        rows = [self._row(number, value) for number, value in zip(numbers, self.index.values(numbers), strict=True)]
        return {"type": "rows", "from": first, "rows": rows}

    def _next(self, asked: Mapping[str, Any]) -> Message:
        order = self._ordered(view_of(asked["view"])).numbers
        return {"type": "next", "at": self._votes.next_undecided(order, int(asked["from"]))}

    def _row(self, number: int, value: Mapping[str, Any]) -> Message:
        outline = self.index.outlines[number]
        return {
            "n": number,
            "case": shown_name(outline.kind, outline.profile, outline.case_key, self._shown),
            "kind": inert(outline.kind),
            "profile": inert(outline.profile),
            "key": self._shown.key(outline.case_key),
            "repair": inert(outline.repair),
            "risk": inert(outline.risk),
            "blockers": [inert(name) for name in outline.blockers],
            "rows": int(self.index.changes[number]),
            "because": self._shown.words(value["because"][0]) if value["because"] else "",
            **self._votes.state(number),
        }

    def _case(self, asked: Mapping[str, Any]) -> Message:
        number = self._number(asked["case"])
        (value,) = self.index.values([number])
        wanted = bool(asked.get("reveal"))
        revealed = wanted or (self._reveal and self._named)
        if wanted or (revealed and number not in self._recorded):
            reveal_log.record(self.plan, self.reviewer, self.index.outlines[number].name, self._clock())
            self._recorded.add(number)
        self._samples.opened(number)
        concealed = self._plain if revealed else self._masked
        told = detail(value, concealed, self._votes.decision(number), bool(asked.get("whole")))
        return {"type": "case", "case": number, **told, "title": title(value, self._plain if revealed else self._shown)}

    def _number(self, number: Any) -> int:
        if type(number) is not int or not 0 <= number < len(self.index):
            raise ConfigError(f"Plan {self.plan.id} has no case number {inert(number, 40)}.", "Reload the page.")
        return number

    # -- deciding --------------------------------------------------------------------------------------------------------

    def _decide(self, asked: Mapping[str, Any]) -> Message:
        self._check_may_decide()
        numbers = [*dict.fromkeys(map(self._number, asked["cases"]))]
        entry = chosen(self.index, numbers, asked, (self._shown, self._masked, self._plain))
        self._save(entry, numbers)
        return {
            "type": "decided",
            "cases": {str(number): self._votes.state(number) for number in numbers},
            "progress": self._votes.progress,
        }

    def _check_may_decide(self) -> None:
        if self._barred:
            raise self._barred

    def _save(self, entry: Entry, numbers: list[int]) -> None:
        self._look()  # a file that does not hold is told before anything is put behind it
        outlines = {self.index.outlines[number].name: self.index.outlines[number] for number in numbers}
        review.decide_on(self.plan, self.reviewer, [entry], outlines, self._clock())
        self._elsewhere |= self._votes.read() - set(numbers)

    def _sample(self, asked: Mapping[str, Any]) -> Message:
        self._look()
        view = view_of(asked["view"])
        numbers, blocked = self._open_of(view)
        return {"type": "sample", **self._samples.take(view, numbers, blocked, int(asked.get("count", 5)))}

    def _open_of(self, view: View) -> tuple[list[int], int]:
        """The cases of a view that are undecided and not blocked, in its order; and how many others are undecided."""
        numbers = self._order.ordered(view, self._votes.mine, self._votes.states, STATES).numbers
        undecided = numbers[self._votes.mine[numbers] == 0]
        blocked = self.index.blocked[undecided]
        return undecided[~blocked].tolist(), int(blocked.sum())

    def _decide_all(self, asked: Mapping[str, Any]) -> Message:
        self._check_may_decide()
        self._look()
        sample = self._samples.of(asked["token"])
        numbers, blocked = self._open_of(sample.view)
        entry = self._samples.entry(sample, numbers, asked, self.index)
        self._save(entry, numbers)
        return {"type": "decided", "count": len(numbers), "passed_over": blocked, "progress": self._votes.progress}


def _barred(plan: PlanFile, reviewer: str) -> MendbookError | None:
    """Why that person cannot decide on the plan; they may look all the same."""
    if not reviewer:
        return ConfigError("Nobody is named as the reviewer, so nothing can be decided.", "Set reviewer to your own name.")
    try:
        check_reviewer(plan, reviewer)
    except MendbookError as error:
        return error
    return None


def _is_name(reviewer: str) -> bool:
    try:
        check_person(reviewer)
    except MendbookError:
        return False
    return True
