"""The face of mendbook: one method a verb, used alike by notebooks, the command line and the schedule.

A Workbook is one source of one mendbook.toml. It holds no connection between calls, and it prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mendbook import checkpoints, plan_files
from mendbook.audit import Progress, take
from mendbook.config import Settings, Source
from mendbook.database import Database
from mendbook.errors import ConfigError, Refused, known
from mendbook.frames import Where, load
from mendbook.ledger import LedgerState, verify
from mendbook.model import LogsRead
from mendbook.plan_files import PlanFile
from mendbook.workplace import beside, command_options, resolve, run_folder

if TYPE_CHECKING:
    from pandas import DataFrame

    from mendbook.apply_view import ApplyView, NoPlan
    from mendbook.incident_view import IncidentView
    from mendbook.plan_view import PlanView
    from mendbook.review_view import ProposalView, ReviewView
    from mendbook.views import AuditView

#: A time that a person gives: ISO text, or nothing.
Moment = str | datetime | None


class Workbook:
    """One source, ready to be looked at. ``outputs`` is where runs and their files go."""

    def __init__(self, source: Source, settings: Settings, outputs: Path, reveal: bool = False) -> None:
        self.source = source
        self.settings = settings
        self.outputs = outputs
        self.reveal = reveal

    @classmethod
    def open(
        cls, source: str, config: str | Path | None = None, outputs: str | Path | None = None, reveal: bool = False
    ) -> Workbook:
        """The workbook of ``source``. Without ``config``: mendbook.toml here or above, else the demo's.

        ``reveal`` shows personal data that is masked otherwise. Raises ConfigError where the file, the source or the
        environment variable with the URL is missing or wrong; it does not connect yet.
        """
        settings, folder = resolve(config, outputs)
        return cls(settings.source(source), settings, folder, reveal).check_url()

    def check_url(self) -> Workbook:
        """This workbook, where the environment says how its database is reached; ConfigError where it does not."""
        _ = self._database
        return self

    @cached_property
    def _database(self) -> Database:
        """Made when it is first needed: who only reviews a plan need not be able to reach the database."""
        return Database(self.source, self.settings)

    def __repr__(self) -> str:
        return f"<Workbook {self.source.name} of {self.settings.path}>"

    def audit(self, kinds: Sequence[str] | None = None, progress: Progress | None = None) -> AuditView:
        """Look for damage of ``kinds`` (all where none are named) in one snapshot; the result with its files.

        Raises MappingError, Refused, ConnectionFailed, QueryStopped or OutputError; then no file is left.
        """
        from mendbook.views import AuditView

        folder, _ = self.take_audit(kinds, progress)
        return AuditView(folder, self.reveal, self._people)

    def take_audit(self, kinds: Sequence[str] | None = None, progress: Progress | None = None) -> tuple[Path, dict[str, Any]]:
        """The same without frames and figures: the folder of the files, and the result as JSON values."""
        with run_folder(self.outputs, self.source.name, "audit") as folder:
            return folder, take(
                self._database, list(kinds or ()), folder, progress, self._failures if self.source.logs else None
            )

    def incidents(
        self, since: Moment = None, until: Moment = None, deploys: Sequence[str | tuple[str, str]] = ()
    ) -> IncidentView:
        """What the logs and the rows' own times tell of registration races, over time; the result with its files.

        ``since`` (inclusive) and ``until`` (exclusive) are datetimes or ISO text; ``deploys`` are "TIME=NAME" or (time, name).
        Times without a zone are the source's. Raises ConfigError, MappingError, Refused, ConnectionFailed, QueryStopped or
        OutputError; then no file is left.
        """
        from mendbook.incident_view import IncidentView

        folder, _ = self.take_incidents(since, until, deploys)
        return IncidentView(folder, self.reveal, self._people)

    def take_incidents(
        self, since: Moment = None, until: Moment = None, deploys: Sequence[str | tuple[str, str]] = ()
    ) -> tuple[Path, dict[str, Any]]:
        """The same without frames and figures: the folder of the files, and the result as JSON values."""
        from mendbook.asked_times import Period, deployments, instant
        from mendbook.incidents import take as take_incidents

        zone = self.source.zone
        period = Period(instant(since, zone, "since"), instant(until, zone, "until"))
        known_deploys = deployments(deploys, zone)
        home = self.settings.path.parent
        with run_folder(self.outputs, self.source.name, "incidents") as folder:
            return folder, take_incidents(self._database, self.source, home, folder, period, known_deploys)

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
        from mendbook import review
        from mendbook.plan import make

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
        from mendbook import review
        from mendbook.undo import make

        file = beside(self.settings, key)
        review.check_can_sign(author, file, self.settings)

        def sign(made: PlanFile, at: datetime) -> None:
            review.sign_as_author(made, author, file, self.settings, at)

        made = make(self._database, self.settings, self.outputs, plan_files.plan_id(str(plan)), author, sign, cases, progress)
        return made.as_json()

    def show(self, plan: str | Path, case: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """What a plan would change, before and after, as JSON values: {header, cases, shown, ...}; of one case, or of all."""
        from mendbook.plan_show import document

        return document(self.plan_file(plan), self.settings, case, limit)

    def plan_view(self, plan: str | Path) -> PlanView:
        """A plan to look at in a notebook: frames of its cases, and each case before and after."""
        from mendbook.plan_view import PlanView

        return PlanView(self.plan_file(plan), self.settings, self.reveal)

    def propose(
        self,
        author: str,
        key: str | Path,
        repairs: Mapping[str, str] | None = None,
        kinds: Sequence[str] | None = None,
    ) -> ProposalView:
        """``plan``, to look at in a notebook."""
        from mendbook.review_view import ProposalView

        made = self.plan_file(self.plan(author, key, repairs, kinds)["plan"])
        return ProposalView(made, self.settings, self.reveal, self._options)

    def review(self, plan: str | Path = "", reviewer: str = "", key: str = "") -> ReviewView | NoPlan:
        """A plan (the newest of the source where none is named) to look at and decide on; where there is none, it says so.

        ``key`` is only named in the command that signs, and never read.
        """
        from mendbook.apply_view import NoPlan, names_of
        from mendbook.review_view import ReviewView

        found = self._named_or_newest(plan)
        if found is None:
            return NoPlan(self.source.name, names_of(ReviewView), ReviewView.step, self._options)
        return ReviewView(found, self.settings, self.reveal, self._options, reviewer, key)

    def repair(self, plan: str | Path = "") -> ApplyView | NoPlan:
        """A plan (the newest of the source where none is named) to rehearse and apply; where there is none, it says so."""
        from mendbook.apply_view import ApplyView, NoPlan, names_of

        found = self._named_or_newest(plan)
        if found is None:
            return NoPlan(self.source.name, names_of(ApplyView), "apply", self._options)
        return ApplyView(found, self.settings, lambda commit: self.apply(found.folder, commit), self._options)

    def _named_or_newest(self, plan: str | Path) -> PlanFile | None:
        folder = plan or plan_files.newest(self.source.name, self.outputs)
        return None if folder is None else self.plan_file(folder)

    @property
    def _options(self) -> str:
        return command_options(self.settings, self.outputs)

    def users(
        self,
        columns: Sequence[str] | None = None,
        where: Where | None = None,
        limit: int | None = None,
        chunks: int | None = None,
    ) -> DataFrame | Iterator[DataFrame]:
        """Users as a frame: ``columns`` (all but the password), rows that have the values in ``where``, at most ``limit``.

        With ``chunks`` an iterator of frames of that many rows, for tables that do not fit into memory. Names and e-mails
        are masked unless the workbook reveals. Raises MappingError for a column that the table does not have.
        """
        return load(self._database, lambda tables: tables.users, columns, where, limit, chunks, self.reveal)

    def profiles(
        self,
        name: str | None = None,
        columns: Sequence[str] | None = None,
        where: Where | None = None,
        limit: int | None = None,
        chunks: int | None = None,
    ) -> DataFrame | Iterator[DataFrame]:
        """Rows of the profile table called ``name`` (the first of the mapping where none is named), as ``users`` does."""
        names = [profile.name for profile in self.source.profiles]
        chosen = name or (names[0] if names else "")
        if chosen not in names:
            raise ConfigError(f"Source {self.source.name!r} maps no profile {chosen!r}.", known(chosen, names, "profile"))
        place = names.index(chosen)
        return load(self._database, lambda tables: tables.profiles[place], columns, where, limit, chunks, self.reveal)

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
        from mendbook.ledger_upkeep import purge

        moment = instant(before, self.source.zone, "before")
        if moment is None:
            raise ConfigError("before: a time is missing.", "Write it as 2026-11-20T15:30+01:00, or as a date: 2026-11-20.")
        return purge(self._writable(), self.outputs, moment)

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
        from mendbook.ledger_upkeep import tell_apart

        return tell_apart(self._writable(), (one, other), reason, person)

    def forget_apart(self, one: str, other: str) -> dict[str, Any]:
        """Take such a record away again: {source, table, keys, state}."""
        from mendbook.ledger_upkeep import forget_apart

        return forget_apart(self._writable(), (one, other))

    def _writable(self) -> Database:
        return Database(self.source, self.settings, role="repair")

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
        from mendbook import review
        from mendbook.decisions import Choice, Details

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
        from mendbook import review
        from mendbook.decisions import Choice, Details

        found, at = self.plan_file(plan), datetime.now(UTC)
        asked = {"approve": approve, "reject": reject, "defer": defer}
        choices = [Choice(decision, of) for decision, words in asked.items() for of in words]
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
        from mendbook.applying import apply_and_audit

        found = self.plan_file(plan)
        with run_folder(self.outputs, self.source.name, "apply") as folder:
            whole = (found, self.outputs, folder, commit, progress, stopped, self._failures if self.source.logs else None)
            return apply_and_audit(self._writable(), self.settings, *whole)

    def plan_file(self, plan: str | Path) -> PlanFile:
        """A plan of this source, by its id or its folder. Raises ConfigError, Refused where it was changed."""
        found = plan_files.read(plan_files.locate(str(plan), self.outputs))
        if found.header.source != self.source.name:
            raise Refused(
                f"Plan {found.id} is for source {found.header.source!r}, not for {self.source.name!r}.",
                "Name a plan of this source, or open the other.",
            )
        return found

    def _failures(self) -> LogsRead:
        from mendbook.source_logs import read_failures

        return read_failures(self.source, self.settings.path.parent)

    def _people(self, keys: list[str]) -> DataFrame:
        """The users with ``keys`` (text) as user_key, username, email; masked unless the workbook reveals."""
        mapping = self.source.users
        roles = {"user_key": mapping.key, "username": mapping.username, "email": mapping.email}
        known_roles = {role: column for role, column in roles.items() if column}
        wanted = list(dict.fromkeys(known_roles.values()))
        frame = self.users(columns=wanted, where={mapping.key: [str(key) for key in keys]})
        import pandas as pd

        assert isinstance(frame, pd.DataFrame)
        return pd.DataFrame({role: frame[column].astype("str") for role, column in known_roles.items()})
