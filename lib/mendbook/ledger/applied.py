"""What a database's ledger says of one plan: which of its cases were applied, which were stale, in how many batches.

The ledger alone tells; a file in outputs/ may be missing, and a process that was killed wrote nothing. It only reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.dialects import of
from mendbook.ledger.checkpoints import Checkpoint
from mendbook.ledger.schema import missing


@dataclass(frozen=True, slots=True)
class Applied:
    """Of one plan: its batches (as rows of the ledger), the applied cases by name, and the stale ones with their reasons."""

    batches: tuple[dict[str, Any], ...] = ()
    cases: frozenset[str] = frozenset()
    stale: dict[str, str] = field(default_factory=dict)
    changes: int = 0

    @property
    def next_batch(self) -> int:
        return max((each["batch"] for each in self.batches), default=0) + 1

    @property
    def last(self) -> Checkpoint | None:
        """What to put down outside the database of the last of its batches."""
        if not self.batches:
            return None
        row = max(self.batches, key=lambda each: int(each["position"]))
        return Checkpoint(row["position"], row["hash"], row["at"])

    def state(self, case: str) -> str | None:
        """ "applied", "stale", or None where the ledger says nothing of the case."""
        return "applied" if case in self.cases else "stale" if case in self.stale else None


def applied(connection: Connection, plan: str) -> Applied:
    """What the ledger says of the plan; nothing where there is no ledger. Refused where something else stands in its place."""
    if "ledger" in missing(connection):
        return Applied()
    words = of(connection).ledger()
    ledger = words.tables["ledger"].c
    told = [ledger[name] for name in ("position", "batch", "act", "count", "role", "hash")]
    texts = words.text(ledger.details).label("details"), words.moment(ledger["at"]).label("at")
    rows = connection.execute(sa.select(*told, *texts).where(ledger.plan == plan).order_by(ledger.batch)).all()
    batches: list[dict[str, Any]] = []
    cases: set[str] = set()
    stale: dict[str, str] = {}
    for row in rows:
        details = orjson.loads(row.details)
        cases.update([each[0] for each in details.get("cases", ())])
        stale.update((name, why) for name, why in details.get("stale", ()))
        batches.append(
            {
                "position": row.position,
                "batch": row.batch,
                "at": row.at,
                "role": row.role,
                "hash": row.hash,
                "changes": row.count,
                "cases": len(details.get("cases", ())),
                "statements": details.get("statements", []),
            }
        )
    return Applied(tuple(batches), frozenset(cases), stale, sum(each["changes"] for each in batches))
