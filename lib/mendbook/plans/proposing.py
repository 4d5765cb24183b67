"""From findings to proposals: streams the cases of a kind out of a snapshot and asks a repair what to do about each.

It holds the connection that a repair never holds, reads through it, and keeps no more than one chunk of cases.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.database import Snapshot
from mendbook.model import Case, Damage, Found, FoundRow, Left, Repair

#: How many cases a repair is asked about at once.
CHUNK = 500
BATCH_ROWS = 5_000

Answer = TypeVar("Answer")


def answered(connection: Connection, asking: Generator[Any, Sequence[Any], Answer]) -> Answer:
    """What a conversation returns; each statement that it yields is asked of ``connection``, and its rows are sent back."""
    try:
        statement = next(asking)
        while True:
            statement = asking.send(connection.execute(statement).all())
    except StopIteration as ended:
        answer: Answer = ended.value
        return answer


def proposals(
    snapshot: Snapshot, kind: Damage, repair: Repair, contact: Callable[[Any], None], size: int = CHUNK
) -> Iterator[Case | Left]:
    """What ``repair`` makes of each case of ``kind``, in the order in which they are found; ``contact`` is told whom to ask."""
    for chunk in chunks(snapshot, kind, size):
        if repair.contacts is not None:
            for row in answered(snapshot.connection, repair.contacts(snapshot.tables, chunk)):
                contact(row)
        answers = answered(snapshot.connection, repair.propose(snapshot.tables, chunk))
        asked = [(each.kind, each.profile, each.case_key) for each in chunk]
        if [(each.kind, each.profile, each.case_key) for each in answers] != asked:
            raise RuntimeError(f"repair {repair.name!r} of {kind.name} did not answer for the cases that it was asked about")
        yield from answers


def chunks(snapshot: Snapshot, kind: Damage, size: int = CHUNK) -> Iterator[list[Found]]:
    """The cases of ``kind``, up to ``size`` of one profile at a time, through a server-side cursor."""
    for statement in kind.find(snapshot.tables):
        chunk: list[Found] = []
        for found in _cases(snapshot.connection, kind.name, statement):
            if chunk and (len(chunk) >= size or found.profile != chunk[0].profile):
                yield chunk
                chunk = []
            chunk.append(found)
        if chunk:
            yield chunk


def _cases(connection: Connection, kind: str, statement: Any) -> Iterator[Found]:
    """The findings of one statement, the rows of each group together."""
    options = {"stream_results": True, "yield_per": BATCH_ROWS}
    with connection.execute(statement, execution_options=options) as result:
        grouped = "rank" in result.keys()  # noqa: SIM118
        rows: list[sa.Row[Any]] = []
        for row in result:
            if rows and not (grouped and row.rank > 1):
                yield _found(kind, rows)
                rows = []
            rows.append(row)
        if rows:
            yield _found(kind, rows)


def _found(kind: str, rows: list[sa.Row[Any]]) -> Found:
    told = tuple(FoundRow(row.table, row.row_key, row.user_key, row.at) for row in rows)
    return Found(kind, rows[0].profile, rows[0].case_key, told)
