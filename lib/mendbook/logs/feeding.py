"""Files into observations: each read block by block, several merged by time.

Nothing is ever raised because of what a file holds; what could not be read is told in the summary.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import BinaryIO

from mendbook.logs.clock import Clock
from mendbook.logs.context import Context
from mendbook.logs.correlate import time_of
from mendbook.logs.decompress import blocks
from mendbook.logs.gather import Gatherer
from mendbook.logs.lines import Blocks, decode
from mendbook.logs.observation import Line, Observation, Summary, joined
from mendbook.logs.requests import Registration
from mendbook.logs.select import SMALL, Selector
from mendbook.logs.sources import STDIN, Source
from mendbook.logs.span import EDGE, first_time, last_time

BLOCK = 4 << 20


@dataclass(slots=True)
class Options:
    """How to read: the same for every file. ``block`` bytes are searched at once; ``small`` ones are read line by line."""

    max_bytes: int
    max_seconds: float | None
    registration_paths: Sequence[str] | None
    jobs: int
    fast: bool
    every: bool
    database: str | None = None
    block: int = BLOCK
    small: int = field(default_factory=lambda: SMALL)


def merged(sets: list[list[Source]], options: Options, summary: Summary) -> Iterator[Observation]:
    """The observations of several rotated sets, merged by time."""
    options.block = max(BLOCK // max(len(sets), 1), 256 << 10)
    deadline = monotonic() + options.max_seconds if options.max_seconds else None
    streams = [_set(members, options, summary, deadline) for members in sets]
    if len(streams) == 1:
        return iter(streams[0])
    return (
        pair[2] for pair in heapq.merge(*(_ordered(stream, n) for n, stream in enumerate(streams)), key=lambda pair: pair[:2])
    )


def _ordered(stream: Iterator[Observation], number: int) -> Iterator[tuple[float, int, Observation]]:
    latest = 0.0
    for observation in stream:
        latest = max(latest, time_of(observation))
        yield latest, number, observation


def _set(members: list[Source], options: Options, summary: Summary, deadline: float | None) -> Iterator[Observation]:
    for source in members:
        yield from observations(source, options, summary, deadline)


def observations(source: Source, options: Options, summary: Summary, deadline: float | None = None) -> Iterator[Observation]:
    """What one file tells. A file that cannot be opened is told, and the others go on."""
    try:
        file: BinaryIO = sys.stdin.buffer if source.name == STDIN else Path(source.name).open("rb", buffering=0)  # noqa: SIM115
    except OSError as error:
        summary.skipped.append(f"{source.name}: {error.strerror}")
        return
    context = Context(
        source.name, Clock(source.zone, source.modified), Registration(options.registration_paths), forced=source.format
    )
    context.database = options.database
    try:
        yield from _read(file, context, options, deadline)
    except OSError as error:
        context.summary.skipped.append(f"{source.name}: {error.strerror}")
    finally:
        if file is not sys.stdin.buffer:
            file.close()
        context.summary.files = 1
        joined(summary, context.summary)


def _read(file: BinaryIO, context: Context, options: Options, deadline: float | None) -> Iterator[Observation]:
    def told(what: str) -> None:
        context.summary.caps.append(f"{context.source}: {what}")

    gatherer = Gatherer(context)
    chunks = Blocks(blocks(file, options.block, options.max_bytes, told), told)
    feeder = Feeder(gatherer, options)
    head = tail = b""
    for chunk in chunks:
        head, tail = head or chunk[:EDGE], chunk[-EDGE:]
        feeder.feed(chunk)
        yield from gatherer.taken()
        if deadline is not None and monotonic() > deadline:
            told("stopped: the time given is over")
            break
    gatherer.close()
    chunks.finish()
    context.summary.bytes = chunks.size
    context.summary.lines = feeder.number
    context.summary.spans(first_time(head, context.clock), last_time(tail, context.clock))
    yield from gatherer.taken()


class Feeder:
    """Gives a file's lines to its gatherer: all of them, or those that a quick search of the block picks."""

    def __init__(self, gatherer: Gatherer, options: Options) -> None:
        self.gatherer = gatherer
        self.number = 0
        self.offset = 0
        self.selector: Selector | None = None
        if options.fast and gatherer.context.forced is None:
            self.selector = Selector(gatherer, options.every, options.registration_paths, options.small)

    def feed(self, chunk: bytes) -> None:
        lines = self.selector.lines(chunk) if self.selector else None
        if lines is None:
            self._every(chunk)
        else:
            base, begin = self.number + 1, self.offset
            read = self.gatherer.plain
            for number, offset, raw in lines:
                read(Line(decode(raw.removesuffix(b"\r")), base + number, begin + offset))
            self.number += self.selector.total if self.selector else 0
        self.offset += len(chunk)
        self.gatherer.settle(self.offset)

    def _every(self, chunk: bytes) -> None:
        place = 0
        feed = self.gatherer.feed
        offset = self.offset
        for raw in chunk.removesuffix(b"\n").split(b"\n"):
            self.number += 1
            feed(Line(decode(raw.removesuffix(b"\r")), self.number, offset + place))
            place += len(raw) + 1
