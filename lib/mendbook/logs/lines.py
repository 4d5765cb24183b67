r"""Lines out of blocks: split on \n alone (U+2028, \v, \f and a lone \r are not line ends), capped, decoded.

A line longer than the cap is cut, counted and told, and never held in memory whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

CAP = 1 << 20
_SURROGATE = re.compile("[\udc80-\udcff]")

#: Encodings that PostgreSQL servers write besides UTF-8, and words by which each shows itself.
_CANDIDATES = (
    ("cp1251", ("ОШИБКА:  ", "ПОДРОБНОСТИ:  ", "СООБЩЕНИЕ:  ", "ПОМИЛКА:  ", "ключ")),
    ("koi8-r", ("ОШИБКА:  ", "ПОДРОБНОСТИ:  ", "СООБЩЕНИЕ:  ", "ключ")),
    ("euc_jp", ("詳細:  ", "文:  ", "重複")),
    ("shift_jis", ("詳細:  ", "文:  ", "重複")),
    ("gb18030", ("错误:  ", "日志:  ", "语句:  ", "重复")),
    ("euc_kr", ("오류:  ", "로그:  ", "중복")),
    ("iso8859-2", ("BŁĄD:  ", "SZCZEGÓŁY:  ", "wartość")),
)


class Blocks:
    """Blocks that end at a line's end, so that they can be searched as they are; the tail is carried on."""

    def __init__(self, raw: Iterator[bytes], told: Callable[[str], None], cap: int = CAP) -> None:
        self._raw = raw
        self._told = told
        self._cap = cap
        self.size = 0
        self.cut = 0

    def __iter__(self) -> Iterator[bytes]:
        carried: list[bytes] = []
        held = 0
        for block in self._raw:
            self.size += len(block)
            end = block.rfind(b"\n") + 1
            if end:
                yield b"".join([*carried, block[:end]]) if carried else block[:end]
                carried, held = [], 0
                block = block[end:]
            if block:
                # Of a line without an end only as much is held as is going to be read.
                room = self._cap - held
                carried.append(block[: max(room, 0)])
                if len(block) > room >= 0:
                    self.cut += 1
                held += len(block)
        if any(carried):
            yield b"".join(carried)

    def finish(self) -> None:
        if self.cut:
            self._told(f"{self.cut} lines over {self._cap} bytes were cut")


def decode(raw: bytes) -> str:
    """UTF-8 where it is; other bytes are kept as lone surrogates, for `healed` to read once a split line is whole
    again."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "surrogateescape")
    return text.replace("\0", "") if "\0" in text else text


def broken(text: str) -> bool:
    return not text.isascii() and _SURROGATE.search(text) is not None


class Fallback:
    """The encoding of a file that is not UTF-8, guessed once from the first line that shows it."""

    def __init__(self) -> None:
        self.encoding: str | None = None

    def healed(self, text: str) -> str:
        """``text`` with its lone surrogates read: as UTF-8 if that is whole by now, else in the file's encoding."""
        raw = text.encode("utf-8", "surrogateescape") if not _high(text) else text.encode("utf-8", "replace")
        try:
            return raw.decode()
        except UnicodeDecodeError:
            pass
        encoding = self.encoding or _guess(raw)
        if encoding:
            self.encoding = encoding
            try:
                return raw.decode(encoding)
            except UnicodeDecodeError:
                pass
        try:
            return raw.decode("cp1252")
        except UnicodeDecodeError:
            return raw.decode("latin-1")


def _high(text: str) -> bool:
    return re.search("[\ud800-\udbff\udc00-\udc7f\udd00-\udfff]", text) is not None


def _guess(raw: bytes) -> str | None:
    for encoding, words in _CANDIDATES:
        if any(word.encode(encoding, "ignore") in raw for word in words):
            return encoding
    return None
