"""What people do to a ledger between repairs: remove images whose time is over, and say which pairs are not one person.

Each is one transaction in the schema ``mendbook`` alone; no table of the application is written. A checkpoint follows what
adds a row to the ledger.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook import checkpoints, ledger
from mendbook.database import Database
from mendbook.errors import ConfigError
from mendbook.ledger_schema import missing

_CLOCK = sa.text("SELECT clock_timestamp()")
_DETAILS = sa.text("SELECT details::text FROM mendbook.ledger WHERE position = :position")


def purge(database: Database, outputs: Path, before: datetime) -> dict[str, Any]:
    """Remove the images of all batches older than ``before`` (aware): {source, before, removed, through, position}.

    ``removed`` is how many changes lost theirs, ``through`` the last row of the ledger that they belong to; 0 and None where
    there was nothing to remove, and that is no error. What was purged cannot be undone any more, so a time in the future,
    by the database's clock, is a ConfigError. Raises Refused, ConnectionFailed, OutputError.
    """
    result: dict[str, Any] = {"source": database.source.name, "before": before.astimezone(UTC).isoformat()}
    nothing = {"removed": 0, "through": None, "position": None}
    with database.writing() as connection:
        with connection.begin():
            read_committed(connection)
            if "ledger" in missing(connection):
                return result | nothing
            now = connection.execute(_CLOCK).scalar_one()
            if before > now:
                raise ConfigError(
                    f"before: {before.isoformat()} lies in the future; the database's clock says {now.isoformat()}.",
                    "It would take the images of everything, and with them every undo. Name a time that has passed.",
                )
            checkpoint = ledger.purge(connection, before)
            if checkpoint is None:
                return result | nothing
            details = json.loads(connection.execute(_DETAILS, {"position": checkpoint.size}).scalar_one())
        checkpoints.add(checkpoints.file_of(outputs, database.source.name), checkpoint)
    return result | {"removed": details["changes"], "through": details["through"], "position": checkpoint.size}


def read_committed(connection: Connection) -> None:
    """Each statement of the transaction that has just begun sees what is committed by then, whatever the role's default is."""
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE")
