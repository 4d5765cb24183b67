"""An independent reading of ghost_user: every account beside every failure of the logs, one pair at a time.

The incidents come from the reader, which has cases of its own; who matches whom is worked out here anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from finding import Finding
from mendbook.logs import Incident, read
from oracle_tables import Row, Table

REGISTERING = re.compile("register|signup|sign-up|enrol", re.IGNORECASE)
Fold = Callable[[str | None], str | None]


def ghost_users(mapping: dict[str, Any], users: Table, folder: Path, fold: Fold) -> Iterator[Finding]:
    """The ghosts among ``users``; none where logs, last_login or created are not mapped or not there."""
    mapped = mapping["users"]
    files = [file for pattern in mapping.get("logs", []) for file in sorted(folder.glob(pattern))]
    if not files or mapped.get("last_login") not in users.types or mapped.get("created") not in users.types:
        return
    overrides = {entry["glob"]: entry for entry in mapping.get("log_formats", [])}
    incidents = list(read(files, zone=mapping.get("zone"), overrides=overrides, database=mapping.get("log_database")))
    for user in users.rows:
        if user.values[mapped["last_login"]] is None and user.created is not None:
            made = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=user.created)
            if any(told_of(incident, user, made, mapping, fold) for incident in incidents):
                yield Finding("ghost_user", None, user.key, mapped["table"], user.key, user.key, user.created)


def told_of(incident: Incident, user: Row, made: datetime, mapping: dict[str, Any], fold: Fold) -> bool:
    """Whether this incident is the failure of this user's registration."""
    if incident.handled is True or incident.at is None or abs(made - incident.at) > timedelta(seconds=2):
        return False
    profiles = mapping.get("profiles", [])
    ours = {table.rpartition(".")[2] for table in (mapping["users"]["table"], *(each["table"] for each in profiles))}
    if incident.path is None:
        if incident.table is not None and incident.table not in ours:
            return False
    elif not REGISTERING.search(incident.path) and incident.table not in ours:
        return False
    values = [incident.key] if len(incident.columns) == 1 else (incident.key or "").split(", ")
    if incident.key is None or len(values) != len(incident.columns):
        return True
    return all(fits(column, value or "", user, mapping, fold) for column, value in zip(incident.columns, values, strict=True))


def fits(column: str, value: str, user: Row, mapping: dict[str, Any], fold: Fold) -> bool:
    """Whether one column of a key speaks for the user, or says nothing of users."""
    mapped = mapping["users"]
    for role in ("username", "email"):
        if role in mapped and re.search(rf"(?<!\w){re.escape(mapped[role])}(?!\w)", column):
            return fold(value) is not None and fold(value) == fold(user.values[mapped[role]])
    if column in {profile["user"] for profile in mapping.get("profiles", [])}:
        return value == user.key
    return True
