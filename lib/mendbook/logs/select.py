"""The quick way through a block of lines: find by plain search the few lines that can matter, and read only those.

A block is searched only when it is pure: every line of PostgreSQL's stderr with one kind of prefix, of an access log,
or JSON. Anything else (a traceback in between, another language's bytes, a transport) is read line by line. What is
picked is always more than what matters, so that both ways give the same incidents; a test holds them together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from mendbook.logs.context import WINDOW
from mendbook.logs.gather import Gatherer, parsed
from mendbook.logs.labels import PRIMARY, error_labels, labels
from mendbook.logs.lines import decode
from mendbook.logs.observation import Line

#: Below this a block is read whole: nothing is won, and unknown languages are looked at more closely.
SMALL = 128 << 10
_PID = re.compile(rb"\[\d{1,9}\]")
_POSTGRES = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[^\n]{0,200}?\[\d{1,9}\][^\n]{0,200}?[^\W\d_]{2,20} ?:  \S")
_ACCESS = re.compile(rb"\S+ \S+ \S{1,100} \[\d\d/[A-Z][a-z]{2}/\d{4}:[^\]\n]{8,20}\] \"[A-Z]{3,10} ")
_LABEL = re.compile(rb"(?m)^\d[^\n\t]{10,200}?([^\s\[\]:>@<,()=|/-]{2,60}) ?:  (?=\S)")
_STATUSES = (re.compile(rb"status\"\s*:\s*\"?[45]\d\d"), re.compile(rb"code\"\s*:\s*\"?[45]\d\d"))
_ENGLISH_ERRORS = (b"ERR", b"FEHLER:", b"FEL:  ")
#: What a line must hold to tell of an error: the name of a field that carries one, or a word of the messages.
_JSON_WORDS = (
    b"exc", b"trac", b"err", b"uplicate", b"constraint", b"deadlock", b"serializ", b"aborted", b"already", b"null value",
    b"ora-0", b"e11000", b"violation of", b"bad request", b"conflict", b"unprocess",
)  # fmt: skip
#: What the request of a registration holds, whatever came of it (see `requests`): a word, or POST or PUT to a
#: collection.
_REGISTERING = (
    b"regist",
    b"sign",
    b"enrol",
    b"inscri",
    b"cadastro",
    b"creat",
    b"join",
    b"invit",
    b"new",
    b"/add",
    b'"post',
    b'"put',
)

Picked = list[tuple[int, int, bytes]]


class Selector:
    """Picks lines out of one file's blocks; keeps what a record at a block's end still waits for."""

    def __init__(self, gatherer: Gatherer, every: bool, paths: Iterable[str] | None, small: int = SMALL) -> None:
        self.gatherer = gatherer
        self.every = every
        self.small = small
        self.registering = (
            _REGISTERING if paths is None else tuple(path.strip().rstrip("/*").lower().encode() for path in paths)
        )
        #: processes whose report was not whole at the block's end, and how far it is still looked for
        self.waiting: dict[bytes, int] = {}
        self.last_picked = False
        self.slow = False
        #: blocks that looked pure and were not: after a few of them searching is given up
        self.impure = 0
        #: lines in the block; as many as a pure block would have by its shape
        self.total = 0
        self.expected = 0

    def lines(self, chunk: bytes) -> Picked | None:
        """The lines to read, as (number in the block, offset, bytes); None: read them all."""
        self.expected = -1
        ready = len(chunk) >= self.small and self.impure < 8 and b"\0" not in chunk and (not self.slow or self._resume())
        starts = self._starts(chunk) if ready else None
        if starts is not None:
            picked, self.total = _cut(chunk, starts)
            if self.expected == self.total:
                self.slow = False
                return picked
            self.impure += 1
        self.waiting.clear()
        self.last_picked = True
        self.slow = True
        return None

    def _resume(self) -> bool:
        """After a block that was read whole: what its last records wait for. False where that cannot be searched
        for."""
        for readers in self.gatherer.streams.values():
            for _, reader in readers:
                if getattr(reader, "first", None) is not None:
                    return False  # a csvlog record with an open quote
                for session in getattr(reader, "open", ()):
                    if not isinstance(session, int):
                        return False
                    self.waiting[b"[%d]" % session] = WINDOW
        return True

    def _starts(self, chunk: bytes) -> list[int] | None:
        """Where the picked lines start, in order."""
        if chunk[:1] == b"{":
            return self._json(chunk)
        if _POSTGRES.match(chunk):
            return self._postgres(chunk)
        if _ACCESS.match(chunk):
            return self._access(chunk)
        return None

    def _postgres(self, chunk: bytes) -> list[int] | None:
        tabs = chunk.count(b"\n\t")
        headed = chunk.count(b"\n" + chunk[:5]) + 1
        self.expected = headed + tabs
        if chunk.count(b":  ") < headed or b"Traceback (most" in chunk or b"HTTP/1." in chunk:
            return None
        if not self._known_language(chunk):
            return None
        words = _ENGLISH_ERRORS if chunk.isascii() else (*(label.encode() for label in error_labels()), b")=(")
        starts: set[int] = set()
        for token, far in self.waiting.items():
            self._follow(chunk, token, 0, far, starts)
        self.waiting.clear()
        if self.last_picked:
            _tabs(chunk, 0, starts)
        for word in words:
            place = chunk.find(word)
            while place != -1:
                start = chunk.rfind(b"\n", 0, place) + 1
                end = chunk.find(b"\n", place) + 1 or len(chunk)
                if start not in starts:
                    starts.add(start)
                    self._report(chunk, start, place, end, starts)
                place = chunk.find(word, end)
        self.last_picked = bool(starts) and chunk.find(b"\n", max(starts)) + 1 in {0, len(chunk)}
        return sorted(starts)

    @staticmethod
    def _known_language(chunk: bytes) -> bool:
        """Whether the labels of the first lines are known ones: a language that is not is read line by line."""
        known = labels()
        return all(word.decode("utf-8", "replace") in known for word in _LABEL.findall(chunk, 0, 16 << 10))

    def _report(self, chunk: bytes, start: int, place: int, end: int, starts: set[int]) -> None:
        """The rest of the report that starts here: the lines of its process up to its STATEMENT or its next report."""
        token = _PID.search(chunk, start, place)
        end = _tabs(chunk, end, starts)
        if token is not None:
            self._follow(chunk, token[0], end, end + WINDOW, starts)

    def _follow(self, chunk: bytes, token: bytes, begin: int, far: int, starts: set[int]) -> None:
        while True:
            place = chunk.find(token, begin, far)
            if place == -1:
                if far > len(chunk):
                    self.waiting[token] = far - len(chunk)
                return
            start = chunk.rfind(b"\n", 0, place) + 1
            end = chunk.find(b"\n", place) + 1 or len(chunk)
            if chunk[start : start + 1] == b"\t":
                begin = end
                continue
            known = start in starts
            starts.add(start)
            begin = _tabs(chunk, end, starts)
            tail = chunk[place : min(end, place + 200)]
            if known or _report_ends().search(tail):
                return
            far = max(far, begin + WINDOW)

    def _access(self, chunk: bytes) -> list[int] | None:
        self.expected = chunk.count(b'] "')
        starts: set[int] = set()
        _pick(chunk, chunk, (b'" 5',), starts)
        if self.every:
            _pick(chunk, chunk.lower(), self.registering, starts)
        return sorted(starts)

    def _json(self, chunk: bytes) -> list[int] | None:
        self.expected = chunk.count(b"\n{") + 1
        first = parsed(decode(chunk[: chunk.find(b"\n")]))
        if first is None or self.gatherer.carried(Line("", 0, data=first)):
            return None
        starts: set[int] = set()
        if "error_severity" in first:
            if chunk.count(b'"error_severity"') != self.expected:
                return None
            _pick(chunk, chunk, (b'"ERROR"',), starts)
            return sorted(starts)
        lower = chunk.lower()
        if b'"log"' in lower or b'"message":{' in lower:
            return None
        for pattern in _STATUSES:
            for match in pattern.finditer(lower):
                starts.add(chunk.rfind(b"\n", 0, match.start()) + 1)
        _pick(chunk, lower, _JSON_WORDS, starts)
        if self.every:
            _pick(chunk, lower, self.registering, starts)
        return sorted(starts)


@cache
def _report_ends() -> re.Pattern[bytes]:
    """Labels, in every known language, behind which a report has nothing more: its statement, or what begins
    another."""
    words = sorted(word for word, english in labels().items() if english in PRIMARY or english == "STATEMENT")
    return re.compile(b"(?:" + b"|".join(word.encode() for word in words) + b") ?:  ")


def _pick(chunk: bytes, searched: bytes, words: Iterable[bytes], starts: set[int]) -> None:
    """Add the start of every line that holds one of the words."""
    for word in words:
        place = searched.find(word)
        while place != -1:
            starts.add(chunk.rfind(b"\n", 0, place) + 1)
            end = chunk.find(b"\n", place)
            if end == -1:
                break
            place = searched.find(word, end)


def _tabs(chunk: bytes, begin: int, starts: set[int]) -> int:
    """Add the continuation lines that start at ``begin``; where they end."""
    while chunk[begin : begin + 1] == b"\t":
        starts.add(begin)
        begin = chunk.find(b"\n", begin) + 1 or len(chunk)
    return begin


def _cut(chunk: bytes, starts: list[int]) -> tuple[Picked, int]:
    """The lines that start there, numbered, and how many lines the block has."""
    picked: Picked = []
    number = place = 0
    for start in starts:
        number += chunk.count(b"\n", place, start)
        place = start
        end = chunk.find(b"\n", start)
        picked.append((number, start, chunk[start : end if end != -1 else len(chunk)]))
    return picked, number + chunk.count(b"\n", place) + (0 if chunk.endswith(b"\n") else 1)
