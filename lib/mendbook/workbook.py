"""The face of mendbook: one method a verb, used alike by notebooks, the command line and the schedule.

A Workbook is one source of one mendbook.toml. It holds no connection between calls, and it prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mendbook.audits.audit import Progress, take
from mendbook.errors import ConfigError, known
from mendbook.files.workplace import resolve
from mendbook.frames import Where, frames
from mendbook.mapping.tables import ProfileTable, Tables, UserTable
from mendbook.verbs.notebooks import NotebookVerbs

if TYPE_CHECKING:
    from pandas import DataFrame

    from mendbook.guards.guard import Guards
    from mendbook.views.incident_view import IncidentView
    from mendbook.views.views import AuditView

CHUNK_ROWS = 50_000

#: A time that a person gives: ISO text, or nothing.
Moment = str | datetime | None


class Workbook(NotebookVerbs):
    """One source, ready to be looked at. ``outputs`` is where runs and their files go."""

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

    def __repr__(self) -> str:
        return f"<Workbook {self.source.name} of {self.settings.path}>"

    def audit(self, kinds: Sequence[str] | None = None, progress: Progress | None = None) -> AuditView:
        """Look for damage of ``kinds`` (all where none are named) in one snapshot; the result with its files.

        Raises MappingError, Refused, ConnectionFailed, QueryStopped or OutputError; then no file is left.
        """
        from mendbook.views.views import AuditView

        folder, _ = self.take_audit(kinds, progress)
        return AuditView(folder, self.reveal, self._people)

    def take_audit(self, kinds: Sequence[str] | None = None, progress: Progress | None = None) -> tuple[Path, dict[str, Any]]:
        """The same without frames and figures: the folder of the files, and the result as JSON values."""
        logs = self._failures if self.source.logs else None
        with self._folder("audit") as folder:
            return folder, take(self._database, list(kinds or ()), folder, progress, logs, self.outputs / "runs")

    def incidents(
        self, since: Moment = None, until: Moment = None, deploys: Sequence[str | tuple[str, str]] = ()
    ) -> IncidentView:
        """What the logs and the rows' own times tell of registration races, over time; the result with its files.

        ``since`` (inclusive) and ``until`` (exclusive) are datetimes or ISO text; ``deploys`` are "TIME=NAME" or (time, name).
        Times without a zone are the source's. Raises ConfigError, MappingError, Refused, ConnectionFailed, QueryStopped or
        OutputError; then no file is left.
        """
        from mendbook.views.incident_view import IncidentView

        folder, _ = self.take_incidents(since, until, deploys)
        return IncidentView(folder, self.reveal, self._people)

    def take_incidents(
        self, since: Moment = None, until: Moment = None, deploys: Sequence[str | tuple[str, str]] = ()
    ) -> tuple[Path, dict[str, Any]]:
        """The same without frames and figures: the folder of the files, and the result as JSON values."""
        from mendbook.asked_times import Period, deployments, instant
        from mendbook.incidents.incidents import take as take_incidents

        zone = self.source.zone
        period = Period(instant(since, zone, "since"), instant(until, zone, "until"))
        known_deploys = deployments(deploys, zone)
        home = self.settings.path.parent
        with self._folder("incidents") as folder:
            return folder, take_incidents(self._database, self.source, home, folder, period, known_deploys)

    def guard(self, django: bool = False, app: str = "", after: str = "") -> Guards:
        """What the schema lacks, the statements that build it, and what they would meet today; nothing is run.

        With ``django`` also a migration for the project's app ``app``, to follow its migration ``after``; where they are not
        named, the database's own record of migrations tells. Raises ConfigError, MappingError, Refused, ConnectionFailed or
        QueryStopped.
        """
        from mendbook.guards.guard import take as take_guards

        return take_guards(self._database, self.reveal, django, app, after)

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
        return self._load(lambda tables: tables.users, columns, where, limit, chunks)

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
        return self._load(lambda tables: tables.profiles[names.index(chosen)], columns, where, limit, chunks)

    def _load(
        self,
        choose: TableChoice,
        columns: Sequence[str] | None,
        where: Where | None,
        limit: int | None,
        chunks: int | None,
    ) -> DataFrame | Iterator[DataFrame]:
        def chunked(rows: int) -> Iterator[DataFrame]:
            with self._database.snapshot() as snapshot:
                yield from frames(snapshot, choose(snapshot.tables), columns, where, limit, rows, self.reveal)

        if chunks is not None:
            return chunked(chunks)
        import pandas as pd

        return pd.concat(list(chunked(CHUNK_ROWS)), ignore_index=True)

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


if TYPE_CHECKING:
    TableChoice = Callable[[Tables], UserTable | ProfileTable]
