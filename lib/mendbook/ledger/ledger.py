"""The ledger: what was done to a database, kept in that database, each row chained to the one before by its hash.

``append`` adds a batch inside the transaction that makes its changes, so that both are there or neither. ``verify`` reads
it all again and names the first row that does not fit. ``purge`` removes images whose time is over and leaves the chain
whole. Writes to the ledger's own tables alone (dialects say where they stand), never to a table of the application: that is
repairs/repair.py's, and nobody else's.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.dialects import LedgerWords, of
from mendbook.digests import canonical
from mendbook.digests import chain as ledger_chain
from mendbook.errors import AlreadyApplied
from mendbook.ledger.checkpoints import Checkpoint
from mendbook.ledger.schema import ensure, rights
from mendbook.ledger.verification import FirstBad, LedgerState, verify
from mendbook.model import Change

__all__ = ["Entry", "FirstBad", "LedgerState", "append", "claim", "ensure", "purge", "verify"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A batch to record. ``details`` are canonical JSON values that stay for good: digests and counts, no personal data."""

    plan: str
    batch: int
    act: str = "apply"
    details: Mapping[str, Any] = field(default_factory=dict)


def claim(connection: Connection, plan: str, batch: int) -> None:
    """Keep everybody else from adding to the ledger until this transaction ends; AlreadyApplied where it has the batch.

    Called before a batch's changes are made, so that what was done is not tried again; ``append`` checks once more.
    """
    words = of(connection).ledger()
    words.hold(connection)
    ledger = words.tables["ledger"].c
    there = connection.execute(sa.select(ledger.position).where(ledger.plan == plan, ledger.batch == batch)).scalar()
    if there is not None:
        raise _already(plan, batch, f" (row {there})")


def append(connection: Connection, entry: Entry, changes: Sequence[Change], claimed: bool = False) -> Checkpoint:
    """Add a batch and its changes, in order, inside the caller's transaction; what to put down outside once it is committed.

    ``claimed``: the caller has called ``claim`` in this transaction and need not be asked again.
    The time is the database's, the role the session's. Raises AlreadyApplied where the ledger has this batch of this plan,
    Refused where the role may not add to it or the transaction cannot see its end, NotCanonical for images that are not text.
    After an error, the caller rolls back.
    """
    words = of(connection).ledger()
    with rights(connection, "add to the ledger", words.granting("add")):
        if not claimed:
            claim(connection, entry.plan, entry.batch)
        return _add(
            connection,
            words,
            {
                "act": entry.act,
                "plan": entry.plan,
                "batch": entry.batch,
                "details": entry.details,
                "count": len(changes),
                "changes": _add_changes(connection, words, entry, changes),
            },
        )


def purge(connection: Connection, before: datetime) -> Checkpoint | None:
    """Remove the images of all batches older than ``before`` (aware), inside the caller's transaction, and record it.

    None where there was nothing to remove. Digests stay, so the chain stays whole; what was purged cannot be undone any
    more. The database's own copies (dead rows until VACUUM, WAL, backups) have their own ends. Raises Refused.
    """
    if before.tzinfo is None:
        raise ValueError("the time before which to purge needs a time zone")
    words = of(connection).ledger()
    with rights(connection, "purge images", words.granting("purge")):
        words.hold(connection)
        through = words.through(connection, before)
        removed = words.purge(connection, through)
        if not removed:
            return None
        moment = before.astimezone(UTC).isoformat()
        return _add(
            connection,
            words,
            {
                "act": "purge",
                "plan": None,
                "batch": None,
                "details": {"before": moment, "changes": removed, "through": through},
                "count": 0,
                "changes": ledger_chain.changes_digest(()),
            },
        )


def _add_changes(connection: Connection, words: LedgerWords, entry: Entry, changes: Sequence[Change]) -> str:
    """Store the changes, each with a salt of its own; the digest of them all."""
    if not changes:
        return ledger_chain.changes_digest(())
    salts = secrets.token_bytes(16 * len(changes)).hex(" ", 16).split(" ")
    texts = [ledger_chain.as_texts(change) for change in changes]
    return words.add_changes(connection, entry.plan, entry.batch, texts, salts)


def _add(connection: Connection, words: LedgerWords, values: dict[str, Any]) -> Checkpoint:
    """Put a row behind the last one; the caller holds the lock."""
    tail = words.tail(connection)
    row = {**values, "position": tail.position + 1, "previous": tail.hash, "role": tail.role, "at": tail.at}
    row["details"] = canonical.text(row["details"])
    row["hash"] = ledger_chain.row_hash(row, row["details"])
    try:
        words.add(connection, row)
    except sa.exc.IntegrityError as error:
        if not words.twice(error):
            raise
        raise _already(row["plan"], row["batch"]) from None
    return Checkpoint(row["position"], row["hash"], row["at"])


def _already(plan: str, batch: int, where: str = "") -> AlreadyApplied:
    return AlreadyApplied(
        f"The ledger has batch {batch} of plan {plan} already{where}.", "It was done once; nothing was done again."
    )
