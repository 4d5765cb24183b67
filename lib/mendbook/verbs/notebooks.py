"""The verbs of reviewed repair as notebooks use them: what each returns shows itself, or says what to do next.

The work is that of repairs.py and drills.py; nothing more is done here than to choose the plan
and to wrap it for looking at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mendbook.files.workplace import command_options
from mendbook.plans import places as plan_places
from mendbook.plans.files import PlanFile
from mendbook.verbs.drills import DrillVerbs

if TYPE_CHECKING:
    from mendbook.desk.apply_view import ApplyView, NoPlan
    from mendbook.desk.review_view import ProposalView, ReviewView


class NotebookVerbs(DrillVerbs):
    """Propose, review and repair, of one source, to look at."""

    def propose(
        self,
        author: str,
        key: str | Path,
        repairs: Mapping[str, str] | None = None,
        kinds: Sequence[str] | None = None,
    ) -> ProposalView:
        """``plan``, to look at in a notebook."""
        from mendbook.desk.review_view import ProposalView

        made = self.plan_file(self.plan(author, key, repairs, kinds)["plan"])
        return ProposalView(made, self.settings, self.reveal, self._options)

    def review(self, plan: str | Path = "", reviewer: str = "", key: str = "") -> ReviewView | NoPlan:
        """A plan (the newest of the source where none is named) to look at and decide on; where there is none, it says so.

        ``key`` is only named in the command that signs, and never read.
        """
        from mendbook.desk.apply_view import NoPlan, names_of
        from mendbook.desk.review_view import ReviewView

        found = self._named_or_newest(plan)
        if found is None:
            return NoPlan(self.source.name, names_of(ReviewView), ReviewView.step, self._options)
        return ReviewView(found, self.settings, self.reveal, self._options, reviewer, key)

    def repair(self, plan: str | Path = "") -> ApplyView | NoPlan:
        """A plan (the newest of the source where none is named) to rehearse and apply; where there is none, it says so."""
        from mendbook.desk.apply_view import ApplyView, NoPlan, names_of

        found = self._named_or_newest(plan)
        if found is None:
            return NoPlan(self.source.name, names_of(ApplyView), "apply", self._options)
        return ApplyView(found, self.settings, lambda commit: self.apply(found.folder, commit), self._options)

    def _named_or_newest(self, plan: str | Path) -> PlanFile | None:
        folder = plan or plan_places.newest(self.source.name, self.outputs)
        return None if folder is None else self.plan_file(folder)

    @property
    def _options(self) -> str:
        return command_options(self.settings, self.outputs)
