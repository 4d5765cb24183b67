"""What a workbook does about damage: plan, show, decide, sign, apply, undo, and what the ledger tells of it afterwards.

The half of the workbook's face that is about changing rows; the work itself stands in the modules that it calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mendbook.audits.audit import Progress
from mendbook.errors import ConfigError, Refused
from mendbook.files.workplace import beside
from mendbook.ledger import checkpoints
from mendbook.ledger.ledger import LedgerState, verify
from mendbook.plans import files as plan_files
from mendbook.plans import places as plan_places
from mendbook.plans.files import PlanFile
from mendbook.verbs.opened_source import OpenedSource

if TYPE_CHECKING:
    from mendbook.desk.plan_view import PlanView


class RepairVerbs(OpenedSource):
    """The verbs of reviewed repair, of one source."""

    def plan(
        self,
        author: str,
        key: str | Path,
        repairs: Mapping[str, str] | None = None,
        kinds: Sequence[str] | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Propose a repair for every damaged row, as a plan signed by ``author`` with the SSH key in the file ``key``.

        ``repairs`` names another repair than the default of a kind; ``kinds`` are all where none are named. The result:
        {plan, digest, path, cases, changes, by_kind, blocked, deferred, left, left_out, warnings, expires, outreach}. Raises
        ConfigError, SignatureError, MappingError, Refused, ConnectionFailed, QueryStopped, OutputError; then no plan is left.
        """
        from mendbook.plans.plan import make
        from mendbook.reviews import review

        file = beside(self.settings, key)
        review.check_can_sign(author, file, self.settings)

        def sign(plan: PlanFile, at: datetime) -> None:
            review.sign_as_author(plan, author, file, self.settings, at)

        logs = self._failures if self.source.logs else None
        made = make(self._database, self.settings, self.outputs, author, sign, repairs, kinds, progress, logs)
        return made.as_json()

    def undo(
        self, plan: str | Path, author: str, key: str | Path, cases: Sequence[str] = (), progress: Progress | None = None
    ) -> dict[str, Any]:
        """Propose to take back ``cases`` (names or case_keys; all that are in force where none are named) of an applied plan.

        The result is a plan like any other, to be reviewed, signed and applied; the same values as ``plan``, and its errors.
        ConfigError where the plan, or one of the cases, was never applied.
        """
        from mendbook.reviews import review
        from mendbook.undoing.undo import make

        file = beside(self.settings, key)
        review.check_can_sign(author, file, self.settings)

        def sign(made: PlanFile, at: datetime) -> None:
            review.sign_as_author(made, author, file, self.settings, at)

        made = make(self._database, self.settings, self.outputs, plan_places.plan_id(str(plan)), author, sign, cases, progress)
        return made.as_json()

    def show(self, plan: str | Path, case: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """What a plan would change, before and after, as JSON values: {header, cases, shown, ...}; of one case, or of all."""
        from mendbook.reviews.plan_show import document

        return document(self.plan_file(plan), self.settings, case, limit)

    def plan_view(self, plan: str | Path) -> PlanView:
        """A plan to look at in a notebook: frames of its cases, and each case before and after."""
        from mendbook.desk.plan_view import PlanView

        return PlanView(self.plan_file(plan), self.settings, self.reveal)

    def decide(
        self,
        plan: str | Path,
        person: str,
        decision: str,
        of: str | Mapping[str, str] = "all",
        comment: str = "",
        waive: Sequence[str] = (),
        accept: Sequence[str] = (),
        decline: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Save ``person``'s decision ("approve", "reject", "defer") on cases of ``plan``, to be signed later.

        ``of`` is "all", a kind, a case by its name or case_key, or a filter of kind, profile, risk and repair. ``waive`` is
        CASE=BLOCKER, ``accept`` and ``decline`` CASE=OPTION. Returns how many cases it came to, and which were passed over
        because they are blocked. Raises ConfigError, SignatureError (one's own plan), Refused or OutputError.
        """
        from mendbook.reviews import review
        from mendbook.reviews.decisions import Choice, Details

        found = self.plan_file(plan)
        details = Details(comment, waive, accept, decline)
        made = review.decide(found, person, [Choice(decision, of)], datetime.now(UTC), details)
        cases = [case for entry in made.entries for case in entry.cases]
        return {"plan": found.id, "decision": decision, "cases": cases, "passed_over": list(made.passed_over)}

    def sign(
        self,
        plan: str | Path,
        person: str,
        key: str | Path,
        approve: Sequence[str] = (),
        reject: Sequence[str] = (),
        defer: Sequence[str] = (),
        waive: Sequence[str] = (),
        accept: Sequence[str] = (),
        decline: Sequence[str] = (),
        comment: str = "",
    ) -> dict[str, Any]:
        """Save these decisions behind those that ``person`` made before, and sign them all by ``key``, a file of theirs.

        Each of ``approve``, ``reject`` and ``defer`` is "all", a kind or a case; the narrower word goes before the wider. The
        key is never read here: ssh-keygen asks for it. Raises ConfigError, SignatureError, Refused or OutputError.
        """
        from mendbook.reviews import review
        from mendbook.reviews.approvals import read_signers
        from mendbook.reviews.decisions import Choice, Details

        found, at = self.plan_file(plan), datetime.now(UTC)
        asked = {"approve": approve, "reject": reject, "defer": defer}
        choices = [Choice(decision, of) for decision, words in asked.items() for of in words]
        read_signers(self.settings).check_known(person)  # before anything of theirs is saved
        made = review.decide(found, person, choices, at, Details(comment, waive, accept, decline))
        signed = review.sign(found, person, beside(self.settings, key), self.settings, at)
        return review.document(found, signed, made.passed_over)

    def apply(
        self,
        plan: str | Path,
        commit: bool = False,
        progress: Progress | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> dict[str, Any]:
        """Apply what is approved of ``plan``, or rehearse it, then audit again; what was done and what is left, as JSON values.

        A rehearsal does everything and rolls it back. ``stopped`` is asked between batches. Raises Refused, SignatureError,
        MappingError, ConnectionFailed, QueryStopped or OutputError; what was committed by then is in the ledger, and the same
        call goes on from there.
        """
        from mendbook.verbs.applying import apply_and_audit

        found = self.plan_file(plan)
        with self._folder("apply") as folder:
            whole = (found, self.outputs, folder, commit, progress, stopped, self._failures if self.source.logs else None)
            return apply_and_audit(self._writable, self.settings, *whole)

    def plan_file(self, plan: str | Path) -> PlanFile:
        """A plan of this source, by its id or its folder. Raises ConfigError, Refused where it was changed."""
        found = plan_files.read(plan_places.locate(str(plan), self.outputs))
        if found.header.source != self.source.name:
            raise Refused(
                f"Plan {found.id} is for source {found.header.source!r}, not for {self.source.name!r}.",
                "Name a plan of this source, or open the other.",
            )
        return found

    def verify_ledger(self) -> LedgerState:
        """Read the whole ledger again, against itself and outputs' checkpoints; it names the first row that does not fit.

        A database that was never repaired has none, and that is in order. Raises Refused, ConnectionFailed, OutputError.
        """
        seen = checkpoints.read(checkpoints.file_of(self.outputs, self.source.name))
        with self._database.connection() as connection:
            return verify(connection, seen)

    def purge_ledger(self, before: str | datetime) -> dict[str, Any]:
        """Remove the images of all that was done before a time (one without a zone is the source's), and record that.

        {source, before, removed, through, position}. Raises ConfigError, Refused, ConnectionFailed, OutputError.
        """
        from mendbook.asked_times import instant
        from mendbook.ledger.upkeep import purge

        moment = instant(before, self.source.zone, "before")
        if moment is None:
            raise ConfigError("before: a time is missing.", "Write it as 2026-11-20T15:30+01:00, or as a date: 2026-11-20.")
        return purge(self._writable, self.outputs, moment)

    def roles(self, prefix: str | None = None) -> dict[str, Any]:
        """The SQL that gives mendbook its three roles with the least rights: {source, database, roles, sql}; nothing is run.

        Raises ConfigError, MappingError, ConnectionFailed.
        """
        from mendbook import roles

        return roles.take(self._database, roles.PREFIX if prefix is None else prefix)

    def tell_apart(self, one: str, other: str, reason: str, person: str) -> dict[str, Any]:
        """Record that two users (by their keys) are not the same person, why, and who says so; audits link them no more.

        {source, table, keys, reason, name, state}. Raises ConfigError, Refused, ConnectionFailed.
        """
        from mendbook.ledger.upkeep import tell_apart

        return tell_apart(self._writable, (one, other), reason, person)

    def forget_apart(self, one: str, other: str) -> dict[str, Any]:
        """Take such a record away again: {source, table, keys, state}."""
        from mendbook.ledger.upkeep import forget_apart

        return forget_apart(self._writable, (one, other))
