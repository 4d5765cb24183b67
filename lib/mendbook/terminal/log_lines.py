"""Incidents of log files as lines of text or of JSON, and what was read as a few sentences; for the command line.

Keeps to the standard library, so that it starts at once. Text that comes out of logs is shown inert: no control characters, no
colours of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TextIO

from mendbook.display import inert
from mendbook.logs import Reading, incident_to_json, read
from mendbook.model import Incident

_WORDS = {True: "handled", False: "seen", None: "-"}


def write(files: Sequence[str], zone: str | None, form: str | None, as_json: bool, out: TextIO) -> Reading:
    """Write every incident of ``files`` to ``out`` as it is found. Raises ConfigError where a file or a name is unknown."""
    reading = read(list(files), zone=zone, format=form)
    for incident in reading:
        out.write((json.dumps(incident_to_json(incident), ensure_ascii=True) if as_json else as_text(incident)) + "\n")
    out.flush()
    return reading


def as_text(incident: Incident) -> str:
    """An incident as one line: when, what, whether a person saw it, whom it names, the request, where it stands."""
    at = f"{incident.at:%Y-%m-%d %H:%M:%S}Z" if incident.at else "unknown time"
    columns = ", ".join(incident.columns)
    key = f"({columns})=({incident.key})" if incident.key is not None else columns
    request = " ".join(str(part) for part in (incident.path, incident.status) if part is not None)
    where = f"{incident.source}:{incident.line}"
    parts = (at, incident.kind, _WORDS[incident.handled], incident.constraint or incident.table, key, request, where)
    return inert("  ".join(part for part in parts if part))


def summary(reading: Reading) -> Iterator[str]:
    """What was read, what was found, and what was not understood; whole when every incident has been taken."""
    told = reading.summary
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(told.incidents.items())) or "none"
    yield f"{told.files} files, {told.lines:,} lines, {told.bytes:,} bytes. Incidents: {kinds}."
    if told.handled:
        yield ", ".join(f"{word}: {told.handled.get(word, 0)}" for word in ("seen", "handled", "unknown")) + "."
    if told.begins and told.ends:
        yield f"From {told.begins:%Y-%m-%d %H:%M:%S}Z to {told.ends:%Y-%m-%d %H:%M:%S}Z."
    if told.not_understood:
        lines = "line was" if told.not_understood == 1 else "lines were"
        yield f"{told.not_understood:,} {lines} not understood, for example:"
        yield from (f"  {inert(sample)}" for sample in told.samples[:5])
    yield from (f"read in part: {inert(cap)}" for cap in told.caps)
    yield from (f"not read: {inert(skipped)}" for skipped in told.skipped)
