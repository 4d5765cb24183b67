"""Reading log files: the layers put together, several files at once, one stream of incidents out.

Pure but for reading the files: no database, no output. Nothing is ever raised because of what a file holds.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

from mendbook.errors import ConfigError, known
from mendbook.logs.clock import Clock
from mendbook.logs.context import Context
from mendbook.logs.correlate import Correlator, time_of
from mendbook.logs.decompress import blocks
from mendbook.logs.formats import formats
from mendbook.logs.gather import Gatherer
from mendbook.logs.lines import Blocks, decode
from mendbook.logs.observation import Line, Observation, Summary, joined
from mendbook.logs.requests import Registration
from mendbook.logs.select import SMALL, Selector
from mendbook.logs.sources import STDIN, Source, expand, series
from mendbook.model import Incident

BLOCK = 4 << 20
#: Reading may be bounded; by default a file may unpack to this much.
MAX_BYTES = 1 << 40
#: Several files are worth several processes from this size on.
PARALLEL_FROM = 24 << 20


class Reading:
    """The incidents of some logs, once, in time's order; ``summary`` is whole when they have all been taken."""

    def __init__(self, sources: list[Source], options: Options) -> None:
        self.sources = sources
        self.options = options
        self.summary = Summary()

    def __iter__(self) -> Iterator[Incident]:
        correlator = Correlator()
        for observation in self._observations():
            for incident in correlator.add(observation):
                yield self._counted(incident)
        for incident in correlator.finish():
            yield self._counted(incident)

    def _observations(self) -> Iterator[Observation]:
        sets = series(self.sources)
        if (
            self.options.jobs > 1
            and len(sets) > 1
            and sum(s.size for s in self.sources) >= PARALLEL_FROM
            and STDIN not in {s.name for s in self.sources}
        ):
            from mendbook.logs import parallel

            if parallel.can_fork():
                return parallel.observations(sets, self.options, self.summary)
        if (
            self.options.jobs > 1
            and self.options.fast
            and len(self.sources) == 1
            and self.sources[0].size >= PARALLEL_FROM
            and not self.options.max_seconds
        ):
            from mendbook.logs import parts

            places = parts.bounds(self.sources[0]) if self.sources[0].size <= self.options.max_bytes else None
            if places is not None:
                return parts.observations(self.sources[0], self.options, self.summary, places)
        return merged(sets, self.options, self.summary)

    def _counted(self, incident: Incident) -> Incident:
        summary = self.summary
        summary.incidents[incident.kind] = summary.incidents.get(incident.kind, 0) + 1
        seen = {True: "handled", False: "seen", None: "unknown"}[incident.handled]
        summary.handled[seen] = summary.handled.get(seen, 0) + 1
        if incident.at is not None:
            summary.first = min(summary.first or incident.at, incident.at)
            summary.last = max(summary.last or incident.at, incident.at)
        return incident


class Options:
    """How to read: the same for every file."""

    def __init__(
        self,
        max_bytes: int,
        max_seconds: float | None,
        registration_paths: Sequence[str] | None,
        jobs: int,
        fast: bool,
        every: bool,
    ) -> None:
        self.max_bytes = max_bytes
        self.max_seconds = max_seconds
        self.registration_paths = registration_paths
        self.jobs = jobs
        self.fast = fast
        self.every = every
        self.block = BLOCK
        self.small = SMALL


def read(
    paths: str | Path | Sequence[str | Path],
    zone: str | None = None,
    format: str | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    jobs: int | None = None,
    max_bytes: int = MAX_BYTES,
    max_seconds: float | None = None,
    registration_paths: Sequence[str] | None = None,
    fast: bool = True,
) -> Reading:
    """Read logs: names, globs, folders or '-'.

    zone                 what naive times and ambiguous abbreviations mean, e.g. "Europe/Berlin"; without it they are
    unknown
    format               read with this format alone (see `mendbook.logs.formats`); transports are still undone
    overrides            {glob: {"zone": .., "format": ..}} for single files; the last that fits wins
    jobs                 processes for several files (two at most by default)
    max_bytes            unpacked bytes read of one file; max_seconds the time given to all; both are told when they
    bite
    registration_paths   paths that register people, as plain text; in place of the built-in words
    fast                 False reads every line one by one: slow, and the same incidents
    """
    wanted = {form for form in [format, *((o.get("format")) for o in (overrides or {}).values())] if form}
    names = [form.name for form in formats()]
    for unknown in wanted - set(names):
        raise ConfigError(f"No log format {unknown!r}.", known(str(unknown), names, "format"))
    for name in [zone, *((o.get("zone")) for o in (overrides or {}).values())]:
        _check_zone(name)
    sources = expand(paths, zone, format, overrides)
    options = Options(max_bytes, max_seconds, registration_paths, jobs or 2, fast, every=len(sources) > 1)
    return Reading(sources, options)


def _check_zone(name: str | None) -> None:
    try:
        Clock(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(f"No time zone {name!r}.", "Name it as the tz database does, e.g. Europe/Berlin.") from error


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
    for chunk in chunks:
        feeder.feed(chunk)
        yield from gatherer.taken()
        if deadline is not None and monotonic() > deadline:
            told("stopped: the time given is over")
            break
    gatherer.close()
    chunks.finish()
    context.summary.bytes = chunks.size
    context.summary.lines = feeder.number
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
