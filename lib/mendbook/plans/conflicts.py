"""Which case may touch which row: a row is in one case of a plan at most, and no case changes what another relies on.

Two cases that merely rely on the same row do not disturb one another. A million rows are remembered in a few dozen
megabytes: rows are kept as hashes, and two that meet by chance (once in a hundred thousand plans of that size) merely make
a case wait for the next plan. It knows no database and no file.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from mendbook.damage.changes import values
from mendbook.digests import canonical
from mendbook.model import Case, Change
from mendbook.plans.making import every_change

#: The columns that name a row, by table.
Keys = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Conflict:
    """The earlier case (by its number) that another one has to wait for, and why, to be read after its kind."""

    case: int
    why: str


class Places:
    """Numbers by 64-bit hashes: an open-addressing table of 12 bytes a place, at most half full."""

    def __init__(self, size: int = 1 << 12) -> None:
        self._clear(size)

    def __len__(self) -> int:
        return self._used

    def get(self, key: int) -> int | None:
        place = self._place(key)
        return self._numbers[place] if self._keys[place] else None

    def add(self, key: int, number: int) -> None:
        """Keep ``number`` under ``key``, unless there is one already."""
        place = self._place(key)
        if self._keys[place]:
            return
        self._keys[place], self._numbers[place] = key, number
        self._used += 1
        if self._used * 2 > len(self._keys):
            keys, numbers = self._keys, self._numbers
            self._clear(len(keys) * 2)
            for old, kept in zip(keys, numbers, strict=True):
                if old:
                    self.add(old, kept)

    def _clear(self, size: int) -> None:
        self._keys, self._numbers = array("Q", bytes(8 * size)), array("I", bytes(4 * size))
        self._used = 0

    def _place(self, key: int) -> int:
        last = len(self._keys) - 1
        place = key & last
        while self._keys[place] not in (0, key):
            place = (place + 1) & last
        return place


@dataclass(frozen=True, slots=True)
class _Touched:
    """What a case touches, as hashes: rows that it changes, rows that it relies on, names that no other case may own."""

    case: Case
    changed: tuple[int, ...]
    kept: tuple[int, ...]
    owned: tuple[int, ...]


def _touched(case: Case, keys: Keys) -> _Touched:
    """What ``case`` touches, in tables whose rows are named by ``keys``."""
    changed = (_hash("row", change.table, key) for change in every_change(case) for key in _named(change, keys[change.table]))
    kept = (_hash("row", row.table, row.key) for row in case.kept)
    # its own name too: within a plan it stands for one case
    owned = [_hash("case", case.name), *(_hash("owned", name) for name in case.owns)]
    return _Touched(case, tuple(changed), tuple(kept), tuple(owned))


class Claims:
    """The rows and names that the cases of a plan have taken so far. ``keys`` name the rows of each table."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._changed, self._kept = Places(), Places()
        self._last: _Touched | None = None

    def conflict(self, case: Case) -> Conflict | None:
        """The earlier case that ``case`` has to wait for; None where it disturbs none and none disturbs it."""
        touched = self._touched(case)
        for row in touched.changed:
            if (earlier := self._changed.get(row)) is not None:
                return Conflict(earlier, "changes the same row")
            if (earlier := self._kept.get(row)) is not None:
                return Conflict(earlier, "relies on a row that this one changes")
        for row in touched.kept:
            if (earlier := self._changed.get(row)) is not None:
                return Conflict(earlier, "changes a row that this one relies on")
        for name in touched.owned:
            if (earlier := self._changed.get(name)) is not None:
                return Conflict(earlier, "is about the same profile or code")
        return None

    def take(self, case: Case, number: int) -> None:
        """From now on all that ``case`` touches is its own; ``number`` is what later conflicts call it."""
        touched = self._touched(case)
        for each in (*touched.changed, *touched.owned):
            self._changed.add(each, number)
        for row in touched.kept:
            self._kept.add(row, number)

    def _touched(self, case: Case) -> _Touched:
        """What ``case`` touches; worked out once for whoever asks first and takes then."""
        if self._last is None or self._last.case is not case:
            self._last = _touched(case, self._keys)
        return self._last


def _named(change: Change, columns: tuple[str, ...]) -> tuple[str, ...]:
    """What names the row before the change and after it; nothing names one whose key is still to be drawn."""
    if change.key is None:
        return () if change.before is None else (str(change.before),)
    if change.op != "update" or not columns:
        return (change.key,)
    after = _key_after(change, columns)
    return (change.key,) if after == change.key else (change.key, after)


def _key_after(change: Change, columns: tuple[str, ...]) -> str:
    """The key of an updated row as it is afterwards."""
    # a quote inside a text is escaped, so what is looked for stands there for the column itself, or not at all
    same = f"{canonical.text(columns[0])}:{canonical.text(change.key)}" if len(columns) == 1 else None
    if same is not None and isinstance(change.after, str) and same in change.after:
        return str(change.key)
    after = values(change.after) if isinstance(change.after, str) else change.after or {}
    return str(after[columns[0]]) if len(columns) == 1 else canonical.text([after[name] for name in columns])


def _hash(*parts: str) -> int:
    digest = blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") or 1
