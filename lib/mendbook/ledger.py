"""The ledger: what was done to a database, kept in that database, each row chained to the one before by its hash.

``append`` adds a batch inside the transaction that makes its changes, so that both are there or neither. ``verify`` reads
it all again and names the first row that does not fit. ``purge`` removes images whose time is over and leaves the chain
whole. Writes to the schema ``mendbook`` alone, never to a table of the application: that is repair.py's, and nobody else's.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook import canonical, ledger_chain
from mendbook.checkpoints import Checkpoint
from mendbook.errors import AlreadyApplied, Refused
from mendbook.ledger_chain import NOTHING
from mendbook.ledger_schema import LOCK, ensure, rights, schema_sql
from mendbook.ledger_verification import MOMENT, FirstBad, LedgerState, verify
from mendbook.model import Change

__all__ = ["Entry", "FirstBad", "LedgerState", "append", "claim", "ensure", "purge", "schema_sql", "verify"]

_HOLD = sa.select(sa.func.current_setting("transaction_isolation"), sa.func.pg_advisory_xact_lock(LOCK))
_EXISTS = sa.text("SELECT position FROM mendbook.ledger WHERE plan = :plan AND batch = :batch")
_TAIL = sa.text(f"""
    SELECT coalesce(tail.position, 0) AS position, coalesce(tail.hash, '{NOTHING}') AS hash, session_user::text AS role,
        to_char(clock_timestamp() AT TIME ZONE 'UTC', {MOMENT}) AS at
    FROM (VALUES (1)) one LEFT JOIN (SELECT position, hash FROM mendbook.ledger ORDER BY position DESC LIMIT 1) tail ON true
""")
_ADD = sa.text("""
    INSERT INTO mendbook.ledger (position, act, plan, batch, at, role, details, count, changes, previous, hash) VALUES
    (:position, :act, :plan, :batch, CAST(:at AS timestamptz), :role, CAST(:text AS json), :count, :changes, :previous, :hash)
""")
#: The digests are ledger_chain's, worked out where the rows are: a hundred thousand of them go through here.
_ADD_CHANGES = sa.text(r"""
    WITH given AS (
        SELECT t.seq, case_key, tab, op, key, nullif(before, '') AS before, nullif(after, '') AS after,
            salt
        FROM unnest(CAST(:case_key AS text[]), CAST(:table AS text[]), CAST(:op AS text[]), CAST(:key AS text[]),
            string_to_array(:before, chr(31)), string_to_array(:after, chr(31)), string_to_array(:salts, ' '))
            WITH ORDINALITY AS t (case_key, tab, op, key, before, after, salt, seq)
    ), imaged AS MATERIALIZED (
        SELECT given.*, encode(sha256(convert_to(
            '{"after"\:' || coalesce(after, 'null') || ',"before"\:' || coalesce(before, 'null')
            || ',"salt"\:"' || salt || E'"}\n', 'UTF8')), 'hex') AS images
        FROM given
    ), added AS (
        INSERT INTO mendbook.change (plan, batch, seq, case_key, "table", op, key, before, after, salt, images, digest)
        SELECT :plan, :batch, seq, case_key, tab, op, key, before\:\:json, after\:\:json, salt, images,
            encode(sha256(convert_to(
                '{"batch"\:' || :batch || ',"case_key"\:' || to_json(case_key)\:\:text || ',"images"\:"' || images
                || '","key"\:' || coalesce(to_json(key)\:\:text, 'null') || ',"op"\:' || to_json(op)\:\:text
                || ',"plan"\:' || to_json(CAST(:plan AS text))\:\:text || ',"seq"\:' || seq
                || ',"table"\:' || to_json(tab)\:\:text || E'}\n', 'UTF8')), 'hex')
        FROM imaged
        RETURNING seq, digest
    )
    SELECT encode(sha256(convert_to(string_agg(digest || E'\n', '' ORDER BY seq), 'UTF8')), 'hex') FROM added
""")
_THROUGH = sa.text("""
    SELECT coalesce(min(position) FILTER (WHERE at >= :before) - 1, max(position), 0) FROM mendbook.ledger
""")
_PURGE = sa.text("""
    UPDATE mendbook.change c SET before = NULL, after = NULL, salt = NULL
    FROM mendbook.ledger l
    WHERE l.plan = c.plan AND l.batch = c.batch AND l.position <= :through AND c.salt IS NOT NULL
""")


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
    _hold(connection)
    there = connection.execute(_EXISTS, {"plan": plan, "batch": batch}).scalar()
    if there is not None:
        raise _already(plan, batch, f" (row {there})")


def append(connection: Connection, entry: Entry, changes: Sequence[Change], claimed: bool = False) -> Checkpoint:
    """Add a batch and its changes, in order, inside the caller's transaction; what to put down outside once it is committed.

    ``claimed``: the caller has called ``claim`` in this transaction and need not be asked again.
    The time is the database's, the role the session's. Raises AlreadyApplied where the ledger has this batch of this plan,
    Refused where the role may not add to it or the transaction cannot see its end, NotCanonical for images that are not text.
    After an error, the caller rolls back.
    """
    with rights("add to the ledger", _granting("GRANT SELECT, INSERT ON mendbook.ledger, mendbook.change")):
        if not claimed:
            claim(connection, entry.plan, entry.batch)
        return _add(
            connection,
            {
                "act": entry.act,
                "plan": entry.plan,
                "batch": entry.batch,
                "details": entry.details,
                "count": len(changes),
                "changes": _add_changes(connection, entry, changes),
            },
        )


def purge(connection: Connection, before: datetime) -> Checkpoint | None:
    """Remove the images of all batches older than ``before`` (aware), inside the caller's transaction, and record it.

    None where there was nothing to remove. Digests stay, so the chain stays whole; what was purged cannot be undone any
    more. The database's own copies (dead rows until VACUUM, WAL, backups) have their own ends. Raises Refused.
    """
    if before.tzinfo is None:
        raise ValueError("the time before which to purge needs a time zone")
    grants = "GRANT SELECT, INSERT ON mendbook.ledger; GRANT SELECT, UPDATE ON mendbook.change"
    with rights("purge images", _granting(grants)):
        _hold(connection)
        through = connection.execute(_THROUGH, {"before": before}).scalar_one()
        removed = connection.execute(_PURGE, {"through": through}).rowcount
        if not removed:
            return None
        moment = before.astimezone(UTC).isoformat()
        return _add(
            connection,
            {
                "act": "purge",
                "plan": None,
                "batch": None,
                "details": {"before": moment, "changes": removed, "through": through},
                "count": 0,
                "changes": ledger_chain.changes_digest(()),
            },
        )


def _hold(connection: Connection) -> None:
    """Take the lock; what is read after it is the ledger's end, as long as each statement sees what is committed by then."""
    isolation = connection.execute(_HOLD).scalar_one()
    if isolation != "read committed":
        raise Refused(
            f"The ledger cannot be written in a transaction that is {isolation}: it would not see what others have just added.",
            "Begin it with SET TRANSACTION ISOLATION LEVEL READ COMMITTED.",
        )


def _add_changes(connection: Connection, entry: Entry, changes: Sequence[Change]) -> str:
    """Store the changes, each with a salt of its own; the digest of them all."""
    if not changes:
        return ledger_chain.changes_digest(())
    given = {
        "salts": secrets.token_bytes(16 * len(changes)).hex(" ", 16),
        "case_key": [change.case_key for change in changes],
        "table": [change.table for change in changes],
        "op": [change.op for change in changes],
        "key": [change.key for change in changes],
        "before": "\x1f".join(ledger_chain.image_text(change.before) or "" for change in changes),
        "after": "\x1f".join(ledger_chain.image_text(change.after) or "" for change in changes),
    }
    return str(connection.execute(_ADD_CHANGES, {"plan": entry.plan, "batch": entry.batch, **given}).scalar_one())


def _add(connection: Connection, values: dict[str, Any]) -> Checkpoint:
    """Put a row behind the last one; the caller holds the lock."""
    tail = connection.execute(_TAIL).one()
    row = {**values, "position": tail.position + 1, "previous": tail.hash, "role": tail.role, "at": tail.at}
    row["text"] = canonical.text(row.pop("details"))
    row["hash"] = ledger_chain.row_hash(row, row["text"])
    try:
        connection.execute(_ADD, row)
    except sa.exc.IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", None) != "ledger_once":
            raise
        raise _already(row["plan"], row["batch"]) from None
    return Checkpoint(row["position"], row["hash"], row["at"])


def _already(plan: str, batch: int, where: str = "") -> AlreadyApplied:
    return AlreadyApplied(
        f"The ledger has batch {batch} of plan {plan} already{where}.", "It was done once; nothing was done again."
    )


def _granting(grants: str) -> str:
    return f"GRANT USAGE ON SCHEMA mendbook; {grants} TO it, then try again."
