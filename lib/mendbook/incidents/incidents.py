"""The incidents of one source: its logs read, each incident tied to a user, beside what the rows' own times tell.

Streams: incidents pass through a Parquet file on the disk while the logs are read, and only then is the database asked, in one
short snapshot, a batch at a time. Leaves incidents.parquet, registrations.parquet, gaps.parquet and result.json in a
folder (docs/incidents.md tells what stands in them). Nothing here writes to the database, and nothing half-done is left behind.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mendbook.asked_times import Period
from mendbook.audits.gaps import pairs
from mendbook.audits.parquet_files import BATCH_ROWS, GAPS, INCIDENTS, REGISTRATIONS, ParquetFile
from mendbook.config import Source
from mendbook.damage import chosen
from mendbook.database import Database, Snapshot
from mendbook.files.publish import publish
from mendbook.incidents.evidence import KINDS as EVIDENCE_KINDS
from mendbook.incidents.evidence import Evidence, evidence
from mendbook.incidents.naming import Named, Names
from mendbook.incidents.registrations import Registrations
from mendbook.incidents.source_logs import read_logs, remarks
from mendbook.incidents.ties import Asked, tie
from mendbook.logs import Reading
from mendbook.model import Deploy, Incident
from mendbook.rates.exposure import Registered
from mendbook.rates.rates import assess

INCIDENTS_FILE, REGISTRATIONS_FILE, GAPS_FILE, RESULT_FILE = (
    "incidents.parquet",
    "registrations.parquet",
    "gaps.parquet",
    "result.json",
)
#: Incidents of the logs wait here, with whom they name, until the database is asked.
_ASIDE = ".incidents.read"
_NAMED = ("user_key", "username", "email")
_WAITING = pa.schema([*INCIDENTS, *(pa.field(f"named_{name}", pa.string()) for name in _NAMED)])

_WORDS = {True: "handled", False: "seen", None: "unknown"}


@dataclass
class _Told:
    """What the reading of the logs left behind for the result."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    times: list[datetime] = field(default_factory=list)
    undated: int = 0
    undated_seen: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def count(self, incident: Incident) -> None:
        self.counts.setdefault(incident.kind, Counter())[_WORDS[incident.handled]] += 1
        if incident.at is None:
            self.undated += 1
            self.undated_seen += incident.handled is not True
        elif incident.handled is not True:
            self.times.append(incident.at)

    def see(self, at: datetime | None) -> None:
        if at is not None:
            self.first = min(self.first or at, at)
            self.last = max(self.last or at, at)


def take(
    database: Database, source: Source, home: Path, folder: Path, period: Period, deploys: Sequence[Deploy] = ()
) -> dict[str, Any]:
    """The incidents of ``source`` in ``period`` into ``folder``; the result as JSON values, without figures.

    ``home`` is the folder of mendbook.toml, to which the globs of logs are relative. Raises ConfigError, MappingError,
    ConnectionFailed, QueryStopped, Refused or OutputError.
    """
    taken_at, started = datetime.now(UTC), time.monotonic()
    reading, warnings = read_logs(source, home)
    aside = folder / _ASIDE
    told, from_rows = _Told(), _Told()
    try:
        with ExitStack() as files:
            registrations = Registrations(files.enter_context(ParquetFile(folder / REGISTRATIONS_FILE, REGISTRATIONS)).add)
            if reading is not None:
                _read(reading, aside, Names(source), period, registrations, told)
                warnings += remarks(reading, source)
            incidents = files.enter_context(ParquetFile(folder / INCIDENTS_FILE, INCIDENTS))
            gaps = files.enter_context(ParquetFile(folder / GAPS_FILE, GAPS))
            with database.snapshot() as snapshot:
                if reading is not None:
                    _tie(snapshot, aside, registrations, incidents)
                found = _from_rows(snapshot, period, incidents, from_rows)
                _gaps(snapshot, gaps)
    finally:
        aside.unlink(missing_ok=True)
    has_logs = reading is not None and reading.summary.files > 0
    span, times = _basis(has_logs, told, from_rows, period, taken_at, warnings)
    result = {
        "source": source.name,
        "taken_at": taken_at.isoformat(timespec="milliseconds"),
        "seconds": round(time.monotonic() - started, 3),
        "zone": source.zone or "UTC",
        "since": _iso(period.since),
        "until": _iso(period.until),
        "span": {"first": _iso(span[0]) if span else None, "last": _iso(span[1]) if span else None},
        "basis": "logs" if has_logs else "rows",
        "incidents": sum(count["seen"] + count["unknown"] for count in told.counts.values()),
        "counts": {
            kind: {word: told.counts[kind][word] for word in ("seen", "handled", "unknown")} for kind in sorted(told.counts)
        },
        "rows_evidence": {name: found[name] for name in EVIDENCE_KINDS},
        "registrations": registrations.count,
        "undated": told.undated,
        **_assessment(times, span, deploys, taken_at, registrations.between if has_logs else None),
        "read": _summary(reading),
        "incidents_file": str(folder / INCIDENTS_FILE),
        "registrations_file": str(folder / REGISTRATIONS_FILE),
        "gaps": str(folder / GAPS_FILE),
        "figures": {},
        "warnings": warnings,
    }
    write_result(folder, result)
    return result


def write_result(folder: Path, result: dict[str, Any]) -> None:
    """Put ``result`` into ``folder``, whole or not at all. Raises OutputError."""
    publish(folder / RESULT_FILE, json.dumps(result, indent=2, ensure_ascii=False, default=str) + "\n")


def _read(reading: Reading, aside: Path, names: Names, period: Period, registrations: Registrations, told: _Told) -> None:
    """Every incident of the period into a file of its own; its ties and what was under way are not known yet."""
    reading.requests = registrations.add
    with ParquetFile(aside, _WAITING) as kept:
        for incident in reading:
            told.see(incident.at)
            if period.holds(incident.at):
                told.count(incident)
                kept.add(_row(incident, names.named(incident)))
    registrations.finish()
    told.see(reading.summary.begins)
    told.see(reading.summary.ends)


def _row(incident: Incident, named: Named) -> tuple[Any, ...]:
    """An incident of the logs as it waits for the database: untied, with whom it names."""
    return (
        incident.at,
        incident.kind,
        incident.table,
        incident.constraint,
        ",".join(incident.columns) or None,
        incident.key,
        incident.handled,
        incident.path,
        incident.status,
        None if incident.pid is None else str(incident.pid),
        "+".join(incident.tiers),
        "logs",
        incident.source,
        incident.line,
        incident.sample,
        *(None, None, named.profile, None, None),
        None if incident.worker is None else str(incident.worker),
        *(getattr(named, name) for name in _NAMED),
    )


def _tie(snapshot: Snapshot, aside: Path, registrations: Registrations, incidents: ParquetFile) -> None:
    with pq.ParquetFile(aside) as read:
        for batch in read.iter_batches(BATCH_ROWS):
            rows = batch.to_pylist()
            asked: list[Asked] = [
                (row["at"], Named(**{name: row[f"named_{name}"] for name in _NAMED}, profile=row["profile"])) for row in rows
            ]
            for row, (user, profile_row) in zip(rows, tie(snapshot, asked), strict=True):
                row |= {"user_key": user, "row_key": profile_row, "in_flight": registrations.in_flight(row["at"])}
                incidents.add(tuple(row[name] for name in INCIDENTS.names))


def _from_rows(snapshot: Snapshot, period: Period, incidents: ParquetFile, told: _Told) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in evidence(snapshot):
        told.see(one.at)
        if period.holds(one.at):
            found[one.evidence] += 1
            told.times.append(one.at)
            incidents.add(_evidence_row(one))
    told.times.sort()
    return found


def _evidence_row(one: Evidence) -> tuple[Any, ...]:
    values: dict[str, Any] = {
        "at": one.at,
        "kind": EVIDENCE_KINDS[one.evidence],
        "table": one.table,
        "columns": one.column,
        "key": one.user_key if one.column else None,
        "tiers": "database",
        "source": "rows",
        "sample": f"{one.evidence}: {one.gap:.3f} s apart",
        "user_key": one.user_key,
        "row_key": one.row_key,
        "profile": one.profile,
        "evidence": one.evidence,
    }
    return tuple(values.get(name) for name in INCIDENTS.names)


def _gaps(snapshot: Snapshot, gaps: ParquetFile) -> None:
    """The double creations, as an audit keeps them."""
    options = {"stream_results": True, "yield_per": BATCH_ROWS}
    for kind in chosen(None):
        for statement in kind.find(snapshot.tables) if kind.pairs else ():
            with snapshot.connection.execute(statement, execution_options=options) as rows:
                for gap in pairs(rows):
                    gaps.add(gap)


def _basis(
    has_logs: bool, told: _Told, from_rows: _Told, period: Period, now: datetime, warnings: list[str]
) -> tuple[tuple[datetime, datetime] | None, list[datetime | None]]:
    """The period that was observed and the times to judge by: the logs', or the rows' own where there are no logs."""
    if has_logs:
        if told.undated:
            warnings.append(
                f"{told.undated} incidents have no time that can be placed: their logs name no zone. "
                'Set zone = "Europe/Berlin", say, for the source in mendbook.toml.'
            )
        return period.within(told.first, told.last), [*sorted(told.times), *([None] * told.undated_seen)]
    warnings.append("There are no logs: the rates come from the rows' own times, which show no more than was left behind.")
    return period.within(from_rows.first, now), list(from_rows.times)


def _assessment(
    times: list[datetime | None],
    span: tuple[datetime, datetime] | None,
    deploys: Sequence[Deploy],
    now: datetime,
    registered: Registered | None,
) -> dict[str, Any]:
    if span is None:
        verdict = "Nothing that was read tells when it happened, so nothing can be said of rates."
        return {"deploys": [], "verdict": verdict, "still_bleeding": None, "doubt": None, "changes": []}
    return dict(assess(times, span, [(each.at, each.name) for each in deploys], now, registered))


def _summary(reading: Reading | None) -> dict[str, Any]:
    if reading is None:
        return {
            "files": 0,
            "bytes": 0,
            "lines": 0,
            "not_understood": 0,
            "samples": [],
            "caps": [],
            "skipped": [],
            "formats": {},
        }
    summary = reading.summary
    return {
        "files": summary.files,
        "bytes": summary.bytes,
        "lines": summary.lines,
        "not_understood": summary.not_understood,
        "samples": summary.samples,
        "caps": summary.caps,
        "skipped": summary.skipped,
        "formats": summary.formats,
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
