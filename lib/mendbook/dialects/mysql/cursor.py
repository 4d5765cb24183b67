"""A cursor that lets rows come as they are asked for, and lets something else be asked of its connection meanwhile.

PyMySQL has one answer under way on a connection. Where a second question comes before the first one's rows have all been
taken, the rest of them is kept here, in memory; so whoever streams a large answer asks nothing else until it is over.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from pymysql.cursors import SSCursor

#: The attribute of a connection that names the cursor whose rows are under way.
_UNDER_WAY = "mendbook_under_way"


class StreamingCursor(SSCursor):  # type: ignore[misc]
    """PyMySQL's unbuffered cursor, which can be told to take all that is left."""

    _kept: deque[Any] | None = None

    def take_the_rest(self) -> None:
        """Read what has not been read, so that the connection is free."""
        kept: deque[Any] = deque()
        while (row := super().read_next()) is not None:
            kept.append(row)
        self._kept = kept

    def read_next(self) -> Any:
        if self._kept is None:
            return super().read_next()
        return self._kept.popleft() if self._kept else None


def free(cursor: Any) -> None:
    """Make the connection of ``cursor``, which is about to ask something, free of the answer that is under way there."""
    connection = cursor.connection
    other = getattr(connection, _UNDER_WAY, None)
    if other is not None and other is not cursor and other.connection is not None:
        other.take_the_rest()
    setattr(connection, _UNDER_WAY, cursor if isinstance(cursor, StreamingCursor) else None)
