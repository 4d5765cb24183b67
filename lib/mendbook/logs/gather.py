"""Lines -> observations: undo the transports, then give each line to the first reader of its stream that takes it."""

from __future__ import annotations

import json
import re
from typing import Any

from mendbook.logs.context import Context
from mendbook.logs.formats import Reader, formats
from mendbook.logs.lines import broken
from mendbook.logs.observation import Line, Observation
from mendbook.logs.transports import transports

DEPTH = 4
ANSI = re.compile(r"\x1b\[[0-9;:?]{0,30}[A-Za-z]|\x1b\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|\x1b[()][0-9A-B]")
RAW = frozenset({"postgres_csv", "postgres_json", "postgres_stderr"})
STREAMS = 1_000


class Gatherer:
    """One file's lines, in order, to its observations."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.text_transports = [t for t in transports() if t.unwrap is not None]
        self.data_transports = [t for t in transports() if t.unwrap_data is not None]
        self.streams: dict[str, list[tuple[str, Reader]]] = {}
        #: the reader that a pure block of PostgreSQL's lines goes to first
        self.taker: Reader | None = None

    def feed(self, line: Line) -> None:
        for inner in self._unwrapped(line, 0):
            self._read(inner)

    def _unwrapped(self, line: Line, depth: int) -> list[Line]:
        if (line.data is None and line.text[:1] == "{") or (line.data is None and line.text[:2] == " {"):
            line.data = parsed(line.text)
        if depth >= DEPTH:
            return [line]
        carriers = self.data_transports if line.data is not None else self.text_transports
        for transport in carriers:
            unwrap = transport.unwrap_data if line.data is not None else transport.unwrap
            made = unwrap(line, self.context) if unwrap else None
            if made is not None:
                return [inner for part in made for inner in self._unwrapped(part, depth + 1)]
        return [line]

    def _read(self, line: Line) -> None:
        readers = self.streams.get(line.stream)
        if readers is None:
            readers = self._open(line.stream)
        if broken(line.text):
            line.text = self.context.fallback.healed(line.text)
        coloured = "\x1b" in line.text
        for name, reader in readers:
            if coloured and name not in RAW:
                # colours belong to a terminal; a database's own words may hold them in a value
                coloured, line.text = False, ANSI.sub("", line.text)
                if any(other.take(line) for named, other in readers if named in RAW):
                    return
            if reader.take(line):
                counts = self.context.summary.formats
                counts[name] = counts.get(name, 0) + 1
                return
        self.context.puzzled(line)

    def plain(self, line: Line) -> None:
        """A line that no transport carries: straight to its reader."""
        text = line.text
        if text[:1] == "{":
            line.data = parsed(text)
        else:
            readers = self.streams.get("") or self._open("")
            first = self.taker
            if first is not None and "\x1b" not in text and not broken(text) and first.take(line):
                return
            if first is None:
                self.taker = next((reader for name, reader in readers if name == "postgres_stderr"), None)
        self._read(line)

    def _open(self, stream: str) -> list[tuple[str, Reader]]:
        if len(self.streams) >= STREAMS:
            oldest = next(iter(self.streams))
            for _, reader in self.streams.pop(oldest):
                reader.close()
        wanted = self.context.forced
        readers = [(form.name, form.reader(self.context)) for form in formats() if wanted is None or wanted == form.name]
        self.streams[stream] = readers
        return readers

    def carried(self, line: Line) -> bool:
        """Whether some transport carries lines inside this object. Asked without undoing it."""
        held = self.context.held.copy()
        found = any(t.unwrap_data and t.unwrap_data(line, self.context) is not None for t in self.data_transports)
        self.context.held.clear()
        self.context.held.update(held)
        return found

    def settle(self, offset: int) -> None:
        """Let readers close what no later line can belong to."""
        for readers in self.streams.values():
            for _, reader in readers:
                settle = getattr(reader, "settle", None)
                if settle is not None:
                    settle(offset)

    def taken(self) -> list[Observation]:
        """The observations made since the last call."""
        out, self.context.out = self.context.out, []
        return out

    def close(self) -> None:
        for key in [key for key in self.context.held if key[0] in {"docker", "cri"}]:
            line = self.context.held.pop(key)
            line.text = line.text.rstrip("\r\n")
            for inner in self._unwrapped(line, 1):
                self._read(inner)
        for readers in self.streams.values():
            for _, reader in readers:
                reader.close()


def parsed(text: str) -> dict[str, Any] | None:
    """The JSON object that a line is; None where it is none (or nests too deep)."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
