"""Which cases a person looks at, and in what order: filters, search, sorting and groups over a plan's index.

Pure but for the search text, which is read from the plan when it is first asked for. What is masked is never searched for: only
what may be shown is in that text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import orjson

from mendbook.display import inert
from mendbook.errors import ConfigError, known
from mendbook.plans.case_index import COLUMNS, CaseIndex, Codes, Flags, Numbers
from mendbook.side_by_side import Concealing

SORTS = ("plan", "kind", "risk", "state", "rows", "case_key")
MINE = ("decided", "undecided")


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at; None leaves a filter out. ``search``: words, all of which must stand in what is shown.

    ``profile`` "" are the cases of the users themselves.
    """

    kind: str | None = None
    profile: str | None = None
    risk: str | None = None
    repair: str | None = None
    state: str | None = None
    blocked: bool | None = None
    mine: str | None = None
    search: str = ""
    sort: str = "plan"
    descending: bool = False
    grouped: bool = False

    def filter(self) -> dict[str, str | bool]:
        """What it filters by, without what it leaves out."""
        asked = {name: value for name, value in asdict(self).items() if name not in ("sort", "descending", "grouped")}
        return {name: value for name, value in asked.items() if value is not None and (value != "" or name != "search")}


def view_of(value: Any) -> View:
    """The view that a message tells; ConfigError for what is none."""
    if not isinstance(value, Mapping) or not set(value) <= set(View.__slots__):
        raise ConfigError("That is no view of cases.", f"It is an object of {', '.join(View.__slots__)}.")
    view = View(**{name: each for name, each in value.items() if each is not None})
    texts = (view.kind, view.profile, view.risk, view.repair, view.state)
    flags = (view.blocked, view.descending, view.grouped)
    if {*map(type, texts)} - {str, type(None)} or {*map(type, flags)} - {bool, type(None)} or type(view.search) is not str:
        raise ConfigError("That is no view of cases.", "Filters are texts; blocked, descending and grouped are true or false.")
    if view.sort not in SORTS:
        raise ConfigError(f"Cases are not sorted by {view.sort!r}.", known(str(view.sort), SORTS, "order"))
    if view.mine not in (None, *MINE):
        raise ConfigError(f"{view.mine!r} is none of decided and undecided.", "Leave it out to see both.")
    return view


@dataclass(frozen=True, slots=True)
class Ordered:
    """The numbers of the cases of a view in its order; ``groups`` as the protocol has them."""

    numbers: Numbers
    groups: list[dict[str, Any]]


class CaseOrder:
    """Answers views over ``index``; what changes with decisions is given along."""

    def __init__(self, index: CaseIndex, concealed: Concealing) -> None:
        self._index, self._concealed = index, concealed
        self._keys: Numbers | None = None
        self._text: SearchText | None = None

    def prepare(self) -> None:
        """Read what searching and sorting need, so that the first to ask for it need not wait."""
        self._text = self._text or SearchText(self._index, self._concealed)
        self._by_key()

    def ordered(self, view: View, mine: Codes, states: Codes, state_words: tuple[str, ...]) -> Ordered:
        """The cases of ``view``. ``mine``: 0 where one has not decided on a case; ``states``: its place in ``state_words``."""
        numbers = np.flatnonzero(self._fitting(view, mine, states, state_words)).astype(np.int32)
        keys: list[Any] = [numbers]
        kinds, risks = (self._index.columns[name] for name in ("kind", "risk"))
        if view.sort != "plan" and not (view.grouped and view.sort in ("kind", "risk")):
            keys.append(_turned(self._sorted_by(view.sort, states)[numbers], view.descending))
        elif view.sort == "plan" and view.descending:
            keys.append(-numbers)
        if view.grouped:
            groups = [
                risks.codes[numbers],
                _ranks(kinds.words)[kinds.codes[numbers]] if view.sort == "kind" else kinds.codes[numbers],
            ]
            if view.sort == "risk":
                groups = [_turned(groups[0], view.descending), groups[1]][::-1]
            elif view.sort == "kind":
                groups[1] = _turned(groups[1], view.descending)
            keys += groups
        order = numbers[np.lexsort(keys)]
        return Ordered(order, self._groups(order, mine) if view.grouped else [])

    def _fitting(self, view: View, mine: Codes, states: Codes, state_words: tuple[str, ...]) -> Flags:
        fits: Flags = np.ones(len(self._index), dtype=np.bool_)
        for name in COLUMNS:
            word = getattr(view, name)
            if word is not None:
                fits &= self._index.columns[name].having(word)
        if view.state is not None:
            fits &= states == (state_words.index(view.state) if view.state in state_words else -1)
        if view.blocked is not None:
            fits &= self._index.blocked == view.blocked
        if view.mine is not None:
            fits &= (mine > 0) == (view.mine == "decided")
        for word in view.search.split():
            self._text = self._text or SearchText(self._index, self._concealed)
            fits &= self._text.having(word)
        return fits

    def _sorted_by(self, sort: str, states: Codes) -> Any:
        """Numbers by which the cases are put in order."""
        if sort == "kind":
            column = self._index.columns["kind"]
            return _ranks(column.words)[column.codes]
        if sort == "risk":
            return self._index.columns["risk"].codes
        if sort == "state":
            return states
        return self._index.changes if sort == "rows" else self._by_key()

    def _by_key(self) -> Numbers:
        """The place of each case by its key as it is shown: numbers by their size, then the others as texts."""
        if self._keys is None:
            shown = [_natural(self._concealed.key(outline.case_key)) for outline in self._index.outlines]
            places = sorted(range(len(shown)), key=shown.__getitem__)
            ranks, last = np.zeros(len(shown), dtype=np.int32), -1
            for rank, number in enumerate(places):
                same = last >= 0 and shown[number] == shown[last]
                ranks[number] = ranks[last] if same else rank
                last = number
            self._keys = ranks
        return self._keys

    def _groups(self, order: Numbers, mine: Codes) -> list[dict[str, Any]]:
        kinds, risks = (self._index.columns[name] for name in ("kind", "risk"))
        both = kinds.codes[order].astype(np.int32) * len(risks.words) + risks.codes[order]
        starts = [0, *(np.flatnonzero(np.diff(both)) + 1).tolist()] if len(order) else []
        return [
            {
                "kind": kinds.words[kinds.codes[order[start]]],
                "risk": risks.words[risks.codes[order[start]]],
                "from": start,
                "count": end - start,
                "decided": int(np.count_nonzero(mine[order[start:end]])),
            }
            for start, end in pairwise([*starts, len(order)])
        ]


def _turned(numbers: Any, descending: bool) -> Any:
    return -numbers.astype(np.int64) if descending else numbers


def _ranks(words: Iterable[str]) -> Codes:
    """The alphabetical place of each of ``words``."""
    every = list(words)
    ranks = np.zeros(len(every), dtype=np.int16)
    ranks[sorted(range(len(every)), key=every.__getitem__)] = np.arange(len(every), dtype=np.int16)
    return ranks


def _natural(key: str) -> tuple[bool, int, str]:
    number = key.isascii() and key.isdecimal() and len(key) < 40
    return not number, int(key) if number else 0, key


def shown_name(kind: str, profile: str | None, key: str, concealed: Concealing) -> str:
    """What the case is called where it is shown: its name, as far as that may be."""
    return "/".join([inert(kind), *([inert(profile)] if profile else []), concealed.key(key)])


class SearchText:
    """All that may be shown of the cases in a list, one line a case, in small letters: searched at the speed of memory."""

    def __init__(self, index: CaseIndex, concealed: Concealing) -> None:
        lines = [_searched(orjson.loads(line), concealed) for _, line in index.every()]
        starts = np.zeros(len(lines) + 1, dtype=np.int64)
        np.cumsum([len(line) + 1 for line in lines], out=starts[1:])
        self._starts: list[int] = starts.tolist()
        self._text = b"\n".join(lines)

    def having(self, word: str) -> Flags:
        """Whether ``word``, in large or small letters, stands in what is shown of each case."""
        wanted = inert(word).casefold().encode("utf-8", "surrogatepass")
        found: Flags = np.zeros(len(self._starts) - 1, dtype=np.bool_)
        at = self._text.find(wanted)
        while at >= 0:
            number = bisect_right(self._starts, at) - 1
            found[number] = True
            at = self._text.find(wanted, self._starts[number + 1])
        return found


def _searched(value: Mapping[str, Any], concealed: Concealing) -> bytes:
    told = [shown_name(value["kind"], value["profile"], value["case_key"], concealed), inert(value["repair"])]
    told += [concealed.words(each, None) for each in value["because"]]
    if concealed.reveal:
        images = [image for change in value["changes"] for image in (change["before"], change["after"]) if image]
        told += [inert(each) for image in images for name, each in image.items() if each and name not in concealed.secret]
    return "\0".join(told).casefold().encode("utf-8", "surrogatepass")
