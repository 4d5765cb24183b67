"""Logs of any stack in, one true incident each out. Reads files and nothing else; see docs/logs.md.

>>> from mendbook.logs import read
>>> reading = read(["/var/log/postgresql/*.log*", "access.log"], zone="Europe/Berlin")  # doctest: +SKIP
>>> for incident in reading: print(incident.kind, incident.key)  # doctest: +SKIP
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from mendbook.logs.observation import KINDS, Summary
from mendbook.logs.reading import Reading, read
from mendbook.model import Incident

__all__ = ["KINDS", "Incident", "Reading", "Summary", "incident_to_json", "read"]


def incident_to_json(incident: Incident) -> dict[str, Any]:
    """An incident as `mendbook logs` prints it; ``at`` is ISO 8601 in UTC or null."""
    return {
        "at": incident.at.astimezone(UTC).isoformat() if incident.at else None,
        "kind": incident.kind,
        "table": incident.table,
        "constraint": incident.constraint,
        "columns": list(incident.columns),
        "key": incident.key,
        "handled": incident.handled,
        "path": incident.path,
        "status": incident.status,
        "pid": incident.pid,
        "tiers": list(incident.tiers),
        "source": incident.source,
        "line": incident.line,
        "sample": incident.sample,
    }
