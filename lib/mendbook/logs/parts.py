"""One large plain file in several processes: each reads a part, with a little before and after it to see whole
records.

What a part cannot know (which session had failed long before it) is settled by the parent, part after part, so that
the incidents are those of reading from front to back.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mendbook.logs.clock import Clock
from mendbook.logs.context import WINDOW, Context
from mendbook.logs.decompress import MAGIC
from mendbook.logs.feeding import Feeder, Options
from mendbook.logs.gather import Gatherer
from mendbook.logs.lines import CAP, Blocks
from mendbook.logs.observation import Observation, Summary, joined
from mendbook.logs.reports import Reports
from mendbook.logs.requests import Registration
from mendbook.logs.sources import Source
from mendbook.logs.span import EDGE, first_time, last_time

PART = 16 << 20
OVERLAP = 4 * WINDOW


class Part(NamedTuple):
    observations: list[Observation]
    summary: Summary
    failed: dict[object, bool]


def bounds(source: Source, size: int = PART) -> list[int] | None:
    """Where the parts of a file begin and end, at lines' ends; None where it cannot be cut."""
    places = [0]
    try:
        with Path(source.name).open("rb") as file:
            head = file.read(8)
            if any(head.startswith(magic) for magic in MAGIC) or head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
                return None
            for place in range(size, source.size - size // 2, size):
                file.seek(place)
                tail = file.readline(CAP)
                if not tail.endswith(b"\n"):
                    return None
                places.append(place + len(tail))
    except OSError:
        return None
    return [*places, source.size] if len(places) > 1 else None


def observations(source: Source, options: Options, summary: Summary, places: list[int]) -> Iterator[Observation]:
    """What the file tells, part after part; at most a few parts are held at once."""
    failed: dict[object, bool] = {}
    lines = 0
    method = "fork" if threading.active_count() == 1 and "fork" in multiprocessing.get_all_start_methods() else "spawn"
    waiting: deque[tuple[Future[Part], tuple[int, int]]] = deque()
    with ProcessPoolExecutor(options.jobs, mp_context=multiprocessing.get_context(method)) as pool:
        cuts = iter(list(pairwise(places)))
        for start, end in cuts:
            waiting.append((pool.submit(read_part, source, options, start, end), (start, end)))
            if len(waiting) > options.jobs:
                break
        while waiting:
            future, cut = waiting.popleft()
            following = next(cuts, None)
            try:
                if following is not None:
                    waiting.append((pool.submit(read_part, source, options, *following), following))
                part = future.result()
            except BrokenProcessPool:
                # no processes to be had here (or one was killed): go on alone, nothing is lost
                part = read_part(source, options, *cut)
                if following is not None and (not waiting or waiting[-1][1] != following):
                    waiting.append((future, following))
            for one in part.observations:
                if one.unsure and failed.get((one.voice, one.pid)):
                    continue
                one.line += lines
                yield one
            failed.update(part.failed)
            lines += part.summary.lines
            joined(summary, part.summary)
    summary.files += 1
    summary.spans(*_period(source))


def _period(source: Source) -> tuple[datetime | None, datetime | None]:
    clock = Clock(source.zone, source.modified)
    try:
        with Path(source.name).open("rb") as file:
            head = file.read(EDGE)
            file.seek(max(0, source.size - EDGE))
            return first_time(head, clock), last_time(file.read(EDGE), clock)
    except OSError:
        return None, None


def read_part(source: Source, options: Options, start: int, end: int) -> Part:
    """The observations of the records that begin in ``start:end``, lines counted from the part's own first."""

    context = Context(
        source.name, Clock(source.zone, source.modified), Registration(options.registration_paths), forced=source.format
    )
    context.database = options.database
    context.partial = start > 0
    gatherer = Gatherer(context)
    feeder = Feeder(gatherer, options)
    with Path(source.name).open("rb", buffering=0) as file:
        before = _line_start(file, max(0, start - OVERLAP))
        feeder.offset = before
        _feed(feeder, file, before, start, options)
        first, context.summary = feeder.number, Summary()
        _feed(feeder, file, start, end, options)
        last, told, context.summary = feeder.number, context.summary, Summary()
        found = gatherer.taken()
        _feed(feeder, file, end, _line_start(file, min(end + OVERLAP, source.size)), options)
    gatherer.close()
    found += gatherer.taken()
    found = [one for one in found if first < one.line <= last]
    for one in found:
        one.line -= first
    told.bytes, told.lines = end - start, last - first
    return Part(found, told, _failed(gatherer))


def _failed(gatherer: Gatherer) -> dict[object, bool]:
    readers = [reader for every in gatherer.streams.values() for _, reader in every]
    reports = [held for reader in readers if isinstance(held := getattr(reader, "reports", None), Reports)]
    return {(one.voice, session): failed for one in reports for session, failed in one.failed.items()}


def _line_start(file: BinaryIO, place: int) -> int:
    if place == 0:
        return 0
    file.seek(place)
    return place + len(file.readline(CAP))


def _feed(feeder: object, file: BinaryIO, start: int, end: int, options: Options) -> None:
    file.seek(start)

    def ranged() -> Iterator[bytes]:
        left = end - start
        while left > 0 and (block := file.read(min(options.block, left))):
            left -= len(block)
            yield block

    blocks = Blocks(ranged(), _quiet)
    for chunk in blocks:
        feeder.feed(chunk)  # type: ignore[attr-defined]


def _quiet(_what: str) -> None:
    """What was cut is told once, by the part that the line begins in."""
