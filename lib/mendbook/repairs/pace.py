"""How many changes the next batch has: as many as are quick, never more than are allowed, and fewer after a slow one.

Figures alone: it measures nothing, and knows no database.
"""

from __future__ import annotations

from mendbook.config import Apply

#: Changes in the first batch: nobody knows yet how long one takes here.
FIRST_ROWS = 500
#: Letters of images that a batch is not made larger for: all of them are sent at once, and servers have limits.
MOST_LETTERS = 4_000_000


class Pace:
    """``size`` is the number of changes that the next batch may have."""

    def __init__(self, limits: Apply) -> None:
        self._limits = limits
        self.size = min(FIRST_ROWS, limits.batch_rows)
        #: the size of the last batch, and the seconds that it took
        self._took = (0, 0.0)

    def failed(self, changes: int) -> None:
        """A batch of so many changes was refused: which case it is shows when they are tried in parts."""
        self.size = max(1, changes // 2)

    def made(self, seconds: float, letters: int, all_of_it: bool) -> None:
        """A batch took ``seconds``, and its images had so many letters; ``all_of_it`` where no case of it is left over.

        Where half as many rows have taken as long, it was not the rows: smaller batches would only be more of them.
        """
        before, self._took = self._took, (self.size, seconds)
        if seconds > self._limits.batch_seconds:
            in_vain = self.size < before[0] and seconds > before[1] * 0.8
            self.size = before[0] if in_vain else max(1, self.size // 2)
        elif all_of_it and seconds < self._limits.batch_seconds / 2 and (self.size < FIRST_ROWS or 2 * letters <= MOST_LETTERS):
            self.size = min(self._limits.batch_rows, self.size * 2)
