"""What works for a source and what does not: one check after another, each with what to do about it.

Reads only, and goes on after a failure as far as it can, so that a person sees everything that is wrong at once.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mendbook.audit import LAG_SECONDS, check_keys, left_out
from mendbook.config import Settings, Source
from mendbook.damage import chosen
from mendbook.damage.missing_constraint import weaknesses
from mendbook.database import Database, Snapshot
from mendbook.dialects import Relation
from mendbook.errors import MendbookError
from mendbook.source_logs import check_logs

ENOUGH_DISK_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. ``state`` is ok, warning or failed; ``hint`` says what to do about the last two."""

    name: str
    state: str
    message: str
    hint: str = ""


def examine(source: Source, settings: Settings, outputs: Path) -> list[Check]:
    """Every check that can be made of ``source``; none raises."""
    checks = [_configuration(settings), _outputs(outputs), *_logs(source, settings)]
    try:
        database = Database(source, settings)
        checks.append(Check("url", "ok", f"{source.url_env} is set and names a {database.dialect.name} database"))
        checks += _inside(database)
    except MendbookError as error:
        checks.append(Check("connection", "failed", error.message, error.hint))
    return checks


def _configuration(settings: Settings) -> Check:
    return Check("configuration", "ok", f"{settings.path} reads well: {len(settings.sources)} source(s)")


def _outputs(outputs: Path) -> Check:
    try:
        outputs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=outputs):
            free = shutil.disk_usage(outputs).free
    except OSError as error:
        return Check("outputs", "failed", f"{outputs} cannot be written: {error.strerror}", "Name another with --outputs.")
    if free < ENOUGH_DISK_BYTES:
        return Check(
            "outputs", "warning", f"{outputs} has {free / 1e6:.0f} MB left", "Free some space for findings and reports."
        )
    return Check("outputs", "ok", f"{outputs} can be written, {free / 1e9:.0f} GB free")


def _logs(source: Source, settings: Settings) -> Iterator[Check]:
    if not source.logs:
        yield Check(
            "logs",
            "warning",
            "no logs are named: ghost_user is left out, and incidents come from the rows alone",
            f'Name them: logs = ["/var/log/.."] in [sources.{source.name}].',
        )
        return
    wrong = check_logs(source, settings.path.parent)
    for each in wrong:
        yield Check(
            "logs", "warning", each, "Globs are relative to the folder of mendbook.toml; this user must be able to read."
        )
    if not wrong:
        yield Check("logs", "ok", f"every log file that {len(source.logs)} glob(s) name can be read")


def _inside(database: Database) -> list[Check]:
    with database.connection() as connection:
        server = database.dialect.server(connection)
        checks = [Check("connection", "ok", f"{server.name} {server.version}, database {server.database}, role {server.user}")]
    try:
        with database.snapshot() as snapshot:
            checks += [check for look in LOOKS for check in look(snapshot)]
    except MendbookError as error:
        checks.append(Check("mapping", "failed", error.message, error.hint))
    return checks


def _mapping(snapshot: Snapshot) -> Iterator[Check]:
    tables = snapshot.tables
    names = ", ".join([tables.users.name, *(profile.name for profile in tables.profiles)])
    yield Check("mapping", "ok", f"every mapped table exists: {names}")
    for gone in tables.absent:
        yield Check(
            "mapping",
            "warning",
            f"column {gone.table}.{gone.column} ({gone.role}) does not exist",
            "A migration has not run here, or the mapping is wrong. Reported as missing_constraint.",
        )
    with_logs = replace(tables, failures=())  # the logs are looked at on their own
    for left in left_out(with_logs, chosen(None)):
        of = f" of {left.profile}" if left.profile else ""
        yield Check("mapping", "warning", f"{left.kind}{of} is left out: {left.why}", "Map it, or add what is missing.")
    for note in tables.notes:
        yield Check("formats", "warning", note, "Map a column of a time type as created.")


def _keys(snapshot: Snapshot) -> Iterator[Check]:
    try:
        check_keys(snapshot)
        yield Check("keys", "ok", "every mapped key names one row")
    except MendbookError as error:
        yield Check("keys", "failed", error.message, error.hint)


def _relations(snapshot: Snapshot) -> list[Relation]:
    return list({t.relation.identity: t.relation for t in (snapshot.tables.users, *snapshot.tables.profiles)}.values())


def _rights(snapshot: Snapshot) -> Iterator[Check]:
    server, relations = snapshot.server, _relations(snapshot)
    unreadable = [relation.name for relation in relations if not relation.readable]
    if unreadable:
        yield Check("rights", "failed", f"role {server.user} may not read {', '.join(unreadable)}", "GRANT SELECT on it.")
    elif server.superuser or any(relation.writable for relation in relations):
        yield Check(
            "rights",
            "warning",
            f"role {server.user} may write",
            "An audit needs no more than SELECT on the mapped tables: give it a role of its own.",
        )
    else:
        yield Check("rights", "ok", f"role {server.user} may read the mapped tables and write none of them")


def _row_security(snapshot: Snapshot) -> Iterator[Check]:
    for relation in _relations(snapshot):
        hides = snapshot.dialect.hides_rows(snapshot.connection, relation)
        if hides:
            yield Check("row security", "failed", hides, "Use a role with BYPASSRLS, or one the policies leave alone.")


def _replica(snapshot: Snapshot) -> Iterator[Check]:
    server = snapshot.server
    if not server.replica:
        yield Check("primary", "ok", "this is the primary")
    elif server.lag_seconds is not None and server.lag_seconds > LAG_SECONDS:
        yield Check("primary", "warning", f"this is a replica, {server.lag_seconds:.0f} s behind", "Let it catch up first.")
    else:
        yield Check("primary", "warning", "this is a replica", "Good for audits; repairs need the primary.")


def _collations(snapshot: Snapshot) -> Iterator[Check]:
    for name in snapshot.dialect.changed_collations(snapshot.connection):
        yield Check(
            "collations",
            "warning",
            f"collation {name} sorts by other rules than when its indexes were built: a unique index may have let doubles in",
            "REINDEX what uses it, then ALTER DATABASE (or COLLATION) .. REFRESH COLLATION VERSION.",
        )


def _constraints(snapshot: Snapshot) -> Iterator[Check]:
    for weakness in weaknesses(snapshot.tables):
        yield Check(
            "constraints",
            "warning",
            f"{weakness.table}.{weakness.column}: {'; '.join(weakness.reasons)}",
            "The race can strike again until the schema forbids it.",
        )


LOOKS: tuple[Callable[[Snapshot], Iterator[Check]], ...] = (
    _mapping,
    _rights,
    _row_security,
    _keys,
    _replica,
    _collations,
    _constraints,
)
