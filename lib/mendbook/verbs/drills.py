"""What a workbook does about drills: send people to the source's application, and plan the removal of what they left.

The work stands in drills/drill.py and damage/drilled.py.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mendbook.audits.audit import Progress
from mendbook.config import load_form
from mendbook.drills import records as drill_records
from mendbook.errors import ConfigError, Refused
from mendbook.files.workplace import beside, command_options
from mendbook.plans.files import PlanFile
from mendbook.settings.drill import DrillForm
from mendbook.verbs.repairs import RepairVerbs

if TYPE_CHECKING:
    from mendbook.drills.drill import Drill
    from mendbook.drills.view import DrillView, NotDrilled


class DrillVerbs(RepairVerbs):
    """Prove that the race is closed, or see it open."""

    def drill(
        self,
        base_url: str = "",
        form: str | Path = "",
        people: int = 40,
        concurrency: int = 8,
        seconds: float = 60,
        seed: int = 1,
    ) -> DrillView | NotDrilled:
        """Let made-up ``people`` register at the application ``base_url``, and look at what that left.

        ``form`` is a file that describes the registration; without one, [sources.NAME.drill] does. Without ``base_url`` nothing
        is sent, and the last drill is shown. Raises ConfigError, Refused (a host that is not one's own), ConnectionFailed,
        OutputError, MappingError.
        """
        from mendbook.drills.view import DrillView, NotDrilled, last

        options = command_options(self.settings, self.outputs)
        if not base_url:
            before = last(self.outputs, self.source.name)
            return (
                NotDrilled(self.source.name, self.source.drill is not None, options)
                if before is None
                else DrillView(before, options, sent=False)
            )
        made = self.prepare_drill(base_url, form, people, concurrency, seconds, seed)
        return DrillView(self.run_drill(made)[0], options)

    def prepare_drill(
        self,
        base_url: str,
        form: str | Path = "",
        people: int = 40,
        concurrency: int = 8,
        seconds: float = 60,
        seed: int = 1,
    ) -> Drill:
        """The same as a value, before anything is sent: everything that can be refused is refused here."""
        from mendbook.drills.drill import prepare
        from mendbook.drills.traffic import Bounds

        return prepare(base_url, self.drill_form(form), self.settings.drill.owned, Bounds(people, concurrency, seconds), seed)

    def run_drill(self, drill: Drill) -> tuple[Path, dict[str, Any]]:
        """Send the people of ``drill``, and look at their rows: the run's folder, and the result as JSON values."""
        from mendbook.drills.drill import run

        return run(drill, self.outputs, self.source.name, self._database)

    def drill_form(self, form: str | Path = "") -> DrillForm:
        """How the source's application registers people: as the file ``form`` says, else as mendbook.toml does."""
        if form:
            return load_form(beside(self.settings, form))
        if self.source.drill is None:
            raise ConfigError(
                f"Nobody has said how the application of {self.source.name!r} registers people.",
                f"Name a file with --form, or add [sources.{self.source.name}.drill]; 'mendbook drill --example' prints one.",
            )
        return self.source.drill

    def check_can_sign(self, author: str, key: str | Path) -> Path:
        """The file of ``author``'s key, where they can sign by it. Raises ConfigError, SignatureError."""
        from mendbook.reviews import review

        file = beside(self.settings, key)
        review.check_can_sign(author, file, self.settings)
        return file

    def remove_drill(self, mark: str, author: str, key: str | Path, progress: Progress | None = None) -> dict[str, Any]:
        """Propose to remove the accounts of the drill ``mark``, and what was made with them, as a plan signed by ``author``.

        The same values as ``plan``, and its errors; ConfigError where there was no such drill, Refused where it was another
        source's.
        """
        from mendbook.damage.drilled import drilled
        from mendbook.plans.plan import make_for
        from mendbook.reviews import review

        record = drill_records.find(mark, self.outputs)
        if record.source not in (None, self.source.name):
            raise Refused(
                f"Drill {mark} was one of source {record.source!r}, not of {self.source.name!r}.", "Name that source."
            )
        file = self.check_can_sign(author, key)

        def sign(plan: PlanFile, at: datetime) -> None:
            review.sign_as_author(plan, author, file, self.settings, at)

        damage = drilled(mark, *record.names)
        chosen = [(damage, damage.repairs[0])]
        return make_for(self._database, self.settings, self.outputs, author, sign, chosen, progress).as_json()
