"""Reads a whole ledger again and names the first row that does not fit: edited, removed, reordered, cut off, restored.

The chain tells of every change that leaves later hashes as they were; the checkpoints, kept outside the database, tell of
those that a database's owner makes by writing the ledger anew, by cutting off its end, or by restoring a backup. It only reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from mendbook.dialects import LedgerWords, of
from mendbook.digests import canonical
from mendbook.digests import chain as ledger_chain
from mendbook.digests.chain import NOTHING
from mendbook.errors import NotCanonical
from mendbook.ledger.checkpoints import Checkpoint
from mendbook.ledger.schema import missing

#: Rows of a ledger that are read at once.
PAGE = 1000


@dataclass(frozen=True, slots=True)
class FirstBad:
    """The first row of a ledger that does not fit, and why. ``seq`` is set where it is one change of its batch;
    ``position`` is None where the change belongs to no row at all."""

    why: str
    position: int | None = None
    plan: str | None = None
    batch: int | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What a ledger says of itself: how many batches, the hash of its last row (None where there is none), what is wrong.

    checkpoints   how many it was held against; without any, an end that was cut off does not show
    """

    batches: int
    head: str | None
    checkpoints: int = 0
    first_bad: FirstBad | None = None

    @property
    def ok(self) -> bool:
        return self.first_bad is None

    def as_json(self) -> dict[str, Any]:
        """The document of ``mendbook ledger verify --json``."""
        bad = None if self.first_bad is None else asdict(self.first_bad)
        return {"batches": self.batches, "head": self.head, "ok": self.ok, "first_bad": bad, "checkpoints": self.checkpoints}


def verify(connection: Connection, checkpoints: Sequence[Checkpoint] = ()) -> LedgerState:
    """Read the whole ledger again and hold it against itself and the ``checkpoints``; memory stays flat.

    Wants a transaction that sees one moment. A database without a ledger is in order unless a checkpoint has seen one.
    Raises Refused where something else stands in the ledger's place.
    """
    absent = missing(connection)
    if "ledger" in absent:
        return LedgerState(0, None, len(checkpoints), _cut_off(checkpoints, 0))
    words = of(connection).ledger()
    ledger = words.tables["ledger"].c
    head = sa.select(ledger.hash).order_by(ledger.position.desc()).limit(1).scalar_subquery()
    extent = connection.execute(sa.select(sa.func.count(ledger.plan).label("batches"), head.label("head"))).one()
    if "change" in absent:
        bad: FirstBad | None = FirstBad(f"the table {words.called('change')} is missing")
    else:
        bad = _first_bad(connection, words, checkpoints)
    return LedgerState(extent.batches, extent.head, len(checkpoints), bad)


def _first_bad(connection: Connection, words: LedgerWords, checkpoints: Sequence[Checkpoint]) -> FirstBad | None:
    purged = _purged_through(connection, words)
    seen: dict[int, list[Checkpoint]] = {}
    for checkpoint in checkpoints:
        seen.setdefault(checkpoint.size, []).append(checkpoint)
    previous, position = NOTHING, 0
    changes = _changes(words)
    for row in _rows(connection, words):
        if row.position != position + 1:
            return FirstBad(f"row {position + 1} is missing: the row after row {position} is row {row.position}", position + 1)
        position, wrong = row.position, _wrong_row(row, previous)
        if wrong:
            return FirstBad(wrong, position, row.plan, row.batch)
        other = next((each for each in seen.get(position, ()) if each.head != row.hash), None)
        if other:
            why = f"the checkpoint of {other.at} saw another row here: the ledger was rewritten, or restored and continued"
            return FirstBad(why, position, row.plan, row.batch)
        wrong, seq = _wrong_changes(connection, changes, row, position <= purged)
        if wrong:
            return FirstBad(wrong, position, row.plan, row.batch, seq)
        previous = row.hash
    cut = _cut_off(checkpoints, position)
    if cut:
        return cut
    stray = connection.execute(_stray(words)).first()
    if stray:
        return FirstBad("the change belongs to no row of the ledger", None, stray.plan, stray.batch, stray.seq)
    return None


def _rows(connection: Connection, words: LedgerWords) -> Iterator[Any]:
    """Every row of the ledger, in order; ``text`` are its details as they are stored. Page by page, for other questions are
    asked in between, and not every database lets that be while it streams an answer."""
    ledger = words.tables["ledger"].c
    told = [ledger[name] for name in ("position", "act", "plan", "batch", "role", "count", "changes", "previous", "hash")]
    moment, text = words.moment(ledger["at"]).label("at"), words.text(ledger.details).label("text")
    page = sa.select(*told, moment, text).order_by(ledger.position).limit(PAGE)
    rows = connection.execute(page).all()
    yield from rows
    while len(rows) == PAGE:
        rows = connection.execute(page.where(ledger.position > rows[-1].position)).all()
        yield from rows


def _changes(words: LedgerWords) -> Select[Any]:
    """The changes of one batch (parameters of_plan, of_batch), in order."""
    change = words.tables["change"].c
    told = [change[name] for name in ("seq", "case_key", "table", "op", "key", "salt", "images", "digest")]
    images = [words.text(change[name]).label(name) for name in ("before", "after")]
    of_batch = change.plan == sa.bindparam("of_plan"), change.batch == sa.bindparam("of_batch")
    return sa.select(*told, *images).where(*of_batch).order_by(change.seq)


def _stray(words: LedgerWords) -> Select[Any]:
    """The first change whose batch has no row."""
    ledger, change = words.tables["ledger"].c, words.tables["change"].c
    of_row = sa.exists().where(ledger.plan == change.plan, ledger.batch == change.batch)
    named = change.plan, change.batch, change.seq
    return sa.select(*named).where(~of_row).order_by(*named).limit(1)


def _wrong_row(row: Any, previous: str) -> str:
    """Why a row does not follow the one whose hash is ``previous``; empty where it does."""
    if row.previous != previous:
        return "it does not follow the row before it: a row was removed, exchanged or put elsewhere"
    try:
        canonical.read(f"{row.text}\n".encode())
        if ledger_chain.row_hash(row._mapping, row.text) == row.hash:
            return ""
    except NotCanonical:
        pass
    return "its columns do not give its hash: it was edited"


def _wrong_changes(connection: Connection, changes: Select[Any], row: Any, purged: bool) -> tuple[str, int | None]:
    """Why the changes of a row are not those that it was written with, and which; empty where they are."""
    digests: list[str] = []
    for change in connection.execute(changes, {"of_plan": row.plan, "of_batch": row.batch}):
        seq = len(digests) + 1
        if change.seq != seq:
            return f"change {seq} is missing", seq
        if change.salt is None and not purged:
            return "its images were removed, and no purge is recorded that did it", seq
        if change.salt is not None and not _images_fit(change):
            return "its images do not give their digest: a row before or after was edited", seq
        if ledger_chain.change_digest(row.plan, row.batch, seq, change, change.images) != change.digest:
            return "its columns do not give its digest: it was edited", seq
        digests.append(change.digest)
    if len(digests) < row.count:
        return f"change {len(digests) + 1} is missing", len(digests) + 1
    if ledger_chain.changes_digest(digests) != row.changes:
        return "its changes are not those that it was written with", None
    return "", None


def _images_fit(change: Any) -> bool:
    if "null" in (change.before, change.after):  # JSON's null, which no image is, has the text that stands for no row
        return False
    fresh = ledger_chain.images_digest(change.before, change.after, change.salt)
    return bool(fresh == change.images)


def _cut_off(checkpoints: Sequence[Checkpoint], rows: int) -> FirstBad | None:
    longest = max(checkpoints, key=lambda each: each.size, default=None)
    if longest is None or longest.size <= rows:
        return None
    cause = "its end was cut off, or the database was restored from an older backup"
    return FirstBad(f"the ledger has {rows} rows, but the checkpoint of {longest.at} saw {longest.size}: {cause}", rows + 1)


def _purged_through(connection: Connection, words: LedgerWords) -> int:
    """The last position whose images a recorded purge has removed; that the records are sound is for the chain to tell."""
    through, ledger = 0, words.tables["ledger"].c
    for text in connection.execute(sa.select(words.text(ledger.details)).where(ledger.act == "purge")).scalars():
        try:
            through = max(through, int(canonical.read(f"{text}\n".encode())["through"]))
        except (NotCanonical, KeyError, TypeError, ValueError):
            continue
    return through
