"""One audit: every kind of damage asked for in one snapshot, streamed into findings.parquet.

Python never holds a table or a list of findings: rows pass through server-side cursors into Parquet batch by batch, so
memory stays flat however large the tables are. Two connections share the snapshot, so that two cores can work. Nothing
here writes to the database, and nothing half-done is left in the folder: files get their names when they are whole.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mendbook.audits.comparison import since_last
from mendbook.audits.gaps import gap
from mendbook.audits.parquet_files import BATCH_ROWS, FINDINGS, GAPS, ParquetFile
from mendbook.audits.results import RESULT
from mendbook.damage import chosen
from mendbook.damage.missing_constraint import weaknesses
from mendbook.database import Database, Snapshot
from mendbook.errors import MappingError
from mendbook.files.publish import publish
from mendbook.mapping.tables import MappedTable, ProfileTable, Tables, UserTable
from mendbook.model import CHANGE_FILE, FINDINGS_FILE, GAPS_FILE, Count, Damage, LogsRead

SMALL_TABLE = 100_000
LAG_SECONDS = 60

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A kind that could not be looked for in a profile, or not in all of it, and why."""

    kind: str
    profile: str | None
    why: str


def take(
    database: Database,
    kinds: list[str] | None,
    folder: Path,
    progress: Progress | None = None,
    logs: Callable[[], LogsRead] | None = None,
    runs: Path | None = None,
) -> dict[str, Any]:
    """Audit ``database`` for ``kinds`` (all where none are named) into ``folder`` and return the result as JSON values.

    ``logs`` reads the source's logs, where the kinds asked for need them. ``runs`` holds earlier audits: with the last of
    them this one is compared. Leaves findings.parquet, gaps.parquet, result.json and, where it was compared, change.parquet.
    Raises MappingError where the mapping does not fit, Refused where rows are hidden or unreadable, ConnectionFailed,
    QueryStopped, OutputError; then ``folder`` is as it was.
    """
    try:
        looked_for, tell = chosen(kinds), progress or (lambda *_: None)
        read = LogsRead()
        if logs is not None and any("logs" in kind.needs for kind in looked_for):
            tell("reading the logs", 0, len(looked_for))
            read = logs()
        result = _take(database, looked_for, folder, tell, read)
        if runs is not None:
            result["change"], warnings = since_last(runs, folder, result)
            result["warnings"] += warnings
        publish(folder / RESULT, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
        return result
    except BaseException:
        for name in (FINDINGS_FILE, GAPS_FILE, CHANGE_FILE):
            with contextlib.suppress(OSError):
                (folder / name).unlink(missing_ok=True)
        raise


def _take(database: Database, looked_for: list[Damage], folder: Path, progress: Progress, read: LogsRead) -> dict[str, Any]:
    taken_at, started = datetime.now(UTC), time.monotonic()
    with database.snapshots() as open_snapshots:
        snapshots = [with_logs(snapshot, read) for snapshot in open_snapshots]
        snapshot = snapshots[0]
        check_keys(snapshot)
        counts = _stream(snapshots, looked_for, folder, progress)
        return {
            "source": database.source.name,
            "taken_at": taken_at.isoformat(timespec="milliseconds"),
            "seconds": round(time.monotonic() - started, 3),
            "counts": {kind.name: asdict(counts[kind.name]) for kind in looked_for},
            "findings": str(folder / FINDINGS_FILE),
            "gaps": str(folder / GAPS_FILE),
            "titles": {kind.name: kind.title for kind in looked_for},
            "help": {kind.name: kind.help.partition("\n\n")[0].replace("\n", " ").replace("``", "") for kind in looked_for},
            "database": _database(snapshot),
            "scope": _scope(snapshot),
            "constraints": [weakness.as_json() for weakness in weaknesses(snapshot.tables)],
            "left_out": [asdict(each) for each in left_out(snapshot.tables, looked_for)],
            "warnings": [*_warnings(snapshot), *read.warnings],
            "change": None,
        }


def with_logs(snapshot: Snapshot, read: LogsRead) -> Snapshot:
    """The same moment, with what the logs tell of failed registrations."""
    return replace(snapshot, tables=replace(snapshot.tables, failures=read.failures, no_failures=read.why))


class _Files:
    """The two files that findings go to; several connections may write at once."""

    def __init__(self, folder: Path) -> None:
        self._findings = ParquetFile(folder / FINDINGS_FILE, FINDINGS)
        self._gaps = ParquetFile(folder / GAPS_FILE, GAPS)
        self._writing = threading.Lock()

    def __enter__(self) -> _Files:
        with contextlib.ExitStack() as opened:
            opened.enter_context(self._findings)
            opened.enter_context(self._gaps)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._opened.__exit__(*error)

    def add(self, kind: Damage, rows: Sequence[sa.Row[Any]], gaps: list[tuple[Any, ...]]) -> None:
        with self._writing:
            for row in rows:
                self._findings.add((kind.name, row.profile, row.case_key, row.table, row.row_key, row.user_key, row.at))
            for gap in gaps:
                self._gaps.add(gap)


def _stream(snapshots: list[Snapshot], kinds: list[Damage], folder: Path, progress: Progress) -> dict[str, Count]:
    """Every finding of every kind into the files; the connections take the kinds from one queue, the dearest first."""
    waiting: queue.SimpleQueue[Damage] = queue.SimpleQueue()
    for kind in sorted(kinds, key=lambda kind: (not kind.pairs, kind.needs != ("codes",))):
        waiting.put(kind)
    counts: dict[str, Count] = {}
    over = threading.Event()

    def work(snapshot: Snapshot, files: _Files) -> None:
        with contextlib.suppress(queue.Empty):
            while not over.is_set():
                kind = waiting.get_nowait()
                progress(kind.name, len(counts), len(kinds))
                counts[kind.name] = _find(snapshot, kind, files)

    with _Files(folder) as files, ThreadPoolExecutor(len(snapshots)) as workers:
        working = [workers.submit(work, snapshot, files) for snapshot in snapshots]
        try:
            wait(working, return_when=FIRST_EXCEPTION)
        except BaseException:  # a person has stopped it: they do not wait for what is being asked
            over.set()
            for snapshot in snapshots:
                snapshot.dialect.cancel(snapshot.connection)
            raise
        finally:
            over.set()  # one has failed, or a person has stopped it: nobody begins another kind
        for done in working:
            done.result()
    progress("", len(kinds), len(kinds))
    return counts


def _find(snapshot: Snapshot, kind: Damage, files: _Files) -> Count:
    """Stream the findings of one kind into ``files`` through a server-side cursor, and count them."""
    cases = rows = 0
    options = {"stream_results": True, "yield_per": BATCH_ROWS}
    for statement in kind.find(snapshot.tables):
        oldest: sa.Row[Any] | None = None
        with snapshot.connection.execute(statement, execution_options=options) as result:
            grouped = "rank" in result.keys()  # noqa: SIM118
            for batch in result.partitions():
                gaps = []
                if not grouped:
                    cases += len(batch)
                for row in batch if grouped else ():
                    cases += row.rank == 1
                    if kind.pairs and row.rank == 2 and oldest is not None and None not in (row.moment, oldest.moment):
                        gaps.append(gap(oldest, row))
                    oldest = row if row.rank == 1 else None
                rows += len(batch)
                files.add(kind, batch, gaps)
    return Count(cases, rows)


def check_keys(snapshot: Snapshot) -> None:
    """Every mapped key names one row. Where no index promises it, the rows are asked."""
    mapped: list[UserTable | ProfileTable] = [snapshot.tables.users, *snapshot.tables.profiles]
    for table in mapped:
        key = table.mapping.key
        promised = not table.kind(key).nullable and any(
            index.valid and index.columns == (key,) and index.predicate is None for index in table.relation.unique_indexes
        )
        if promised:
            continue
        column = table.column(key)
        twice = sa.select(snapshot.tables.text.key(column), sa.func.count()).select_from(table.sql).group_by(column)
        row = snapshot.connection.execute(twice.having(sa.or_(sa.func.count() > 1, column.is_(None))).limit(1)).first()
        if row is not None:
            what = "NULL" if row[0] is None else repr(row[0])
            raise MappingError(
                f"{table.name}.{key} is mapped as a key, but it is not unique: {what} stands in {row[1]} row(s).",
                "Map a column that names each row once; usually that is the primary key.",
            )


def left_out(tables: Tables, kinds: list[Damage]) -> list[LeftOut]:
    """The kinds that miss a column of theirs, with the reason; sorted as the kinds are."""
    missing = []
    for kind in kinds:
        why = kind.unable(tables)
        if why:
            missing.append(LeftOut(kind.name, None, why))
        for profile in tables.profiles:
            lacks = tables.lacks(profile.profile, *kind.needs)
            if "required_for" in kind.needs:
                lacks = tables.lacks_requirement(profile)
            if lacks:
                missing.append(LeftOut(kind.name, profile.profile, f"column {', '.join(lacks)} does not exist"))
    return missing


def _scope(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The tables looked at, with what their columns are mapped to and about how many rows they hold."""

    def entry(table: UserTable | ProfileTable, role: str, profile: str | None) -> dict[str, Any]:
        mapped = {
            name: {column: "''" if given == "" else given for column, given in value.items()}
            if isinstance(value, dict)
            else value
            for name, value in table.mapping.model_dump(exclude={"name", "table"}).items()
            if value not in (None, [], {})
        }
        rows = _size(snapshot, table)
        return {"role": role, "profile": profile, "table": table.name, "rows_estimate": rows, "mapped": mapped}

    tables = snapshot.tables
    return [entry(tables.users, "users", None), *(entry(each, "profile", each.profile) for each in tables.profiles)]


def _database(snapshot: Snapshot) -> dict[str, Any]:
    server = snapshot.server
    named = {"name": server.database, "server": server.name, "version": server.version, "user": server.user}
    return {**named, "replica": server.replica, "identity": _identity(snapshot)}


def _identity(snapshot: Snapshot) -> dict[str, str] | None:
    """Which database it is, whatever its name; None where the role may not ask that, and an audit need not know."""
    try:
        with snapshot.connection.begin_nested():
            return snapshot.dialect.identity(snapshot.connection)
    except sa.exc.SQLAlchemyError:
        return None


def _size(snapshot: Snapshot, table: MappedTable) -> int:
    """The planner's estimate, or the count where there is none or the table is small."""
    if table.relation.rows_estimate >= SMALL_TABLE:
        return table.relation.rows_estimate
    return int(snapshot.connection.execute(sa.select(sa.func.count()).select_from(table.sql)).scalar_one())


def _warnings(snapshot: Snapshot) -> list[str]:
    """What a reader of the result ought to know; doctor tells how to mend each."""
    server, tables = snapshot.server, snapshot.tables
    warnings = list(tables.notes)
    if server.lag_seconds is not None and server.lag_seconds > LAG_SECONDS:
        warnings.append(f"This is a replica and {server.lag_seconds:.0f} s behind: newer damage is not seen.")
    elif server.replica:
        warnings.append("This is a replica: what has not reached it yet is not seen, and repairs need the primary.")
    if server.superuser or tables.users.relation.writable or any(p.relation.writable for p in tables.profiles):
        warnings.append(f"Role {server.user!r} may write. The audit does not, but a role with SELECT alone is safer.")
    if server.encoding == "SQL_ASCII":
        warnings.append("The database's encoding is SQL_ASCII: letters beyond ASCII are compared as they stand.")
    return warnings
