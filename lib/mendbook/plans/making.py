"""What every plan is made with, whether it repairs or undoes: its contents counted, its header, its publication.

A plan is signed by its author before anybody can see it, and published whole; where it cannot be signed, there is none. What
goes into a plan is decided in plan.py and undoing/undo.py. Nothing here writes to a database.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from mendbook.config import Settings
from mendbook.database import Snapshot
from mendbook.dialects import Moment
from mendbook.errors import Refused
from mendbook.files.publish import output_error, publish, sync_folder
from mendbook.mapping.surroundings import Surroundings
from mendbook.model import Case, Change, Left
from mendbook.plans import files as plan_files
from mendbook.plans.files import Header, PlanFile, tool

EXAMPLES = 5
#: How many different reasons for leaving findings a header tells one by one.
REASONS = 500
#: How folders begin in which plans are made, and after how many seconds one counts as left behind if nobody holds it.
_SPOOL, _SPOOL_SECONDS = ".planning-", 60

#: Signs a plan as its author, at a time of the database's clock.
Sign = Callable[[PlanFile, datetime], None]


@dataclass
class Contents:
    """What a plan holds, counted case by case; it keeps no case.

    cases    how many of each kind; blocked, how many of all have a blocker
    changes  how many of each table: {table: {"insert", "update", "delete"}}
    tables   every table that a case touches, keeps or locks; emptied, those that rows are deleted from
    """

    cases: dict[str, int] = field(default_factory=dict)
    changes: dict[str, dict[str, int]] = field(default_factory=dict)
    blocked: int = 0
    tables: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)
    _left: dict[tuple[str, str | None, str], dict[str, Any]] = field(default_factory=dict)

    def add(self, case: Case) -> None:
        self.cases[case.kind] = self.cases.get(case.kind, 0) + 1
        self.blocked += bool(case.blockers)
        for change in case.changes:
            counts = self.changes.setdefault(change.table, {"insert": 0, "update": 0, "delete": 0})
            counts[change.op] += 1
        for change in every_change(case):
            self.tables.add(change.table)
            if change.op == "delete":
                self.emptied.add(change.table)
        self.tables.update(row.table for row in case.kept)
        self.tables.update(case.locks)

    def leave(self, left: Left, after: Callable[[], str] | None = None) -> None:
        """Count a finding that no case is made of; ``after`` names the case it waits for, asked for examples only."""
        key = (left.kind, left.profile, left.why)
        if key not in self._left and len(self._left) >= REASONS:
            key = (left.kind, left.profile, "for other reasons, each its own")
        entry = self._left.setdefault(key, {"cases": 0, "examples": []})
        entry["cases"] += 1
        if len(entry["examples"]) < EXAMPLES:
            entry["examples"].append(left.case_key)
            if after is not None:
                entry.setdefault("after", []).append(after())

    @property
    def left(self) -> tuple[dict[str, Any], ...]:
        """What no case was made of, by kind, profile and reason."""
        return tuple(
            {"kind": kind, "profile": profile, "why": why, **entry} for (kind, profile, why), entry in self._left.items()
        )

    def schema(self, around: Surroundings) -> list[str]:
        """The tables whose shape the plan relies on: those that it is about, and those that refer to rows that it deletes."""
        referring = {reference.table for table in self.emptied for reference in around.to(table)}
        return sorted(self.tables | referring)


def every_change(case: Case) -> Iterator[Change]:
    """The changes of a case, and those that a reviewer may choose instead."""
    yield from case.changes
    yield from (option.other for option in case.options if option.other is not None)


def check_exact(snapshot: Snapshot) -> None:
    """Refused where rows cannot be seen whole or exactly: their images would not be what the database holds."""
    if snapshot.server.encoding == "SQL_ASCII":
        raise Refused(
            "The database's encoding is SQL_ASCII: it does not say what its letters are, so rows cannot be kept exactly.",
            "It can be audited, not repaired. Dump it and restore it into a database in UTF8.",
        )
    tables = snapshot.tables
    for relation in (tables.users.relation, *(profile.relation for profile in tables.profiles)):
        hidden = snapshot.dialect.hides_rows(snapshot.connection, relation)
        if hidden:
            raise Refused(
                f"A plan cannot be made: {hidden}.",
                "Use a role with BYPASSRLS, or one that the policies do not apply to.",
            )


def header(
    snapshot: Snapshot,
    settings: Settings,
    source: str,
    author: str,
    contents: Contents,
    repairs: Mapping[str, str],
    moment: Moment,
    act: str = "apply",
    parent: str | None = None,
) -> Header:
    """The first line of a plan made in ``snapshot``, whose tables come with their surroundings, at the ``moment`` it began."""
    dialect, connection, around = snapshot.dialect, snapshot.connection, snapshot.tables.surroundings
    made_at = moment.now.astimezone(UTC)
    identities = {name: around.relation(name).identity for name in contents.schema(around)}
    return Header(
        tool=tool(),
        act=act,
        source=source,
        identity=dialect.identity(connection),
        schema=dialect.schema_digests(connection, identities),
        snapshot=moment.snapshot,
        made_at=made_at.isoformat(timespec="milliseconds"),
        expires=(made_at + timedelta(days=settings.review.expires_days)).isoformat(timespec="milliseconds"),
        author=author,
        policy=settings.review.policy,
        repairs=dict(repairs),
        cases=contents.cases,
        changes=contents.changes,
        left=contents.left,
        parent=parent,
    )


@contextmanager
def spooling(outputs: Path) -> Iterator[Path]:
    """A folder of its owner's alone, beside the plans, for what is still being made; it goes at the end.

    What a process that was killed has left of its own goes as well: it holds people's data.
    """
    plans = plans_folder(outputs)
    try:
        plans.mkdir(parents=True, exist_ok=True)
        _sweep(plans)
        folder = Path(mkdtemp(prefix=_SPOOL, dir=plans))
        alive = os.open(folder, os.O_RDONLY)
    except OSError as failure:
        raise output_error(plans, failure) from failure
    try:
        with contextlib.suppress(OSError):  # where folders cannot be locked, its age tells
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    except OSError as failure:
        raise output_error(folder, failure) from failure
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(alive)


def _sweep(plans: Path) -> None:
    for folder in plans.glob(f"{_SPOOL}*"):
        with contextlib.suppress(OSError):  # gone meanwhile, or still at work
            handle = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - folder.stat().st_mtime > _SPOOL_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)


def publish_signed(outputs: Path, header: Header, spooled: Path, sign: Sign, beside: Sequence[Path] = ()) -> PlanFile:
    """Publish the plan of ``header`` and the spooled cases, the spooled files ``beside`` it, and its author's signature.

    All of it, or nothing, even if the process is killed: it is signed where it was spooled, and gets its place by one
    rename. Raises OutputError, and whatever ``sign`` raises.
    """
    made_at = datetime.fromisoformat(header.made_at)
    plan = plan_files.publish(spooled.parent, f"{made_at:%Y%m%dT%H%M%SZ}-{header.source}", header, spooled)
    place = plans_folder(outputs).resolve() / plan.id
    try:
        for file in beside:
            publish(plan.folder / file.name, file.read_bytes(), 0o600)
        sign(plan, made_at)
        place.parent.mkdir(parents=True, exist_ok=True)
        plan.folder.rename(place)
    except OSError as failure:
        raise output_error(place, failure) from failure
    finally:
        shutil.rmtree(plan.folder, ignore_errors=True)
    sync_folder(place.parent)
    return replace(plan, folder=place)


def plans_folder(outputs: Path) -> Path:
    return Path(outputs).absolute() / "plans"
