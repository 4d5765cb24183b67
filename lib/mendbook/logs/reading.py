"""Reading logs: the layers put together, one stream of incidents out.

Pure but for reading the files: no database, no output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mendbook.errors import ConfigError, known
from mendbook.logs import parallel, parts
from mendbook.logs.clock import Clock
from mendbook.logs.correlate import Correlator
from mendbook.logs.feeding import Options, merged
from mendbook.logs.formats import formats
from mendbook.logs.observation import WEB, Observation, Summary
from mendbook.logs.sources import STDIN, Source, expand, series
from mendbook.model import Incident

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
        #: is told of every request that an access log has of a registration path, as it is read
        self.requests: Callable[[Observation], None] | None = None

    def __iter__(self) -> Iterator[Incident]:
        correlator = Correlator()
        for observation in self._observations():
            if self.requests is not None and observation.tier == WEB and observation.registration:
                self.requests(observation)
            for incident in correlator.add(observation):
                yield self._counted(incident)
        for incident in correlator.finish():
            yield self._counted(incident)

    def _observations(self) -> Iterator[Observation]:
        """In this process, or in several where the files are large enough for that to pay."""
        options, sources, sets = self.options, self.sources, series(self.sources)
        if options.jobs > 1 and sum(source.size for source in sources) >= PARALLEL_FROM:
            piped = any(source.name == STDIN for source in sources)
            if len(sets) > 1 and not piped and parallel.can_fork():
                return parallel.observations(sets, options, self.summary)
            whole = len(sources) == 1 and sources[0].size <= options.max_bytes
            places = parts.bounds(sources[0]) if whole and options.fast and not options.max_seconds else None
            if places is not None:
                return parts.observations(sources[0], options, self.summary, places)
        return merged(sets, options, self.summary)

    def _counted(self, incident: Incident) -> Incident:
        summary = self.summary
        summary.incidents[incident.kind] = summary.incidents.get(incident.kind, 0) + 1
        seen = {True: "handled", False: "seen", None: "unknown"}[incident.handled]
        summary.handled[seen] = summary.handled.get(seen, 0) + 1
        if incident.at is not None:
            summary.first = min(summary.first or incident.at, incident.at)
            summary.last = max(summary.last or incident.at, incident.at)
        return incident


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
    every: bool | None = None,
    database: str | None = None,
) -> Reading:
    """Read logs: names, globs, folders or '-'.

    zone                 what naive times and ambiguous abbreviations mean, e.g. "Europe/Berlin"; without it, unknown
    format               read with this format alone (see `mendbook.logs.formats`); transports are still undone
    overrides            {glob: {"zone": .., "format": ..}} for single files; the last that fits wins
    jobs                 processes for several files (two at most by default)
    max_bytes            unpacked bytes read of one file; max_seconds the time given to all; both tell when they bite
    registration_paths   paths that register people, as plain text; in place of the built-in words
    fast                 False reads every line one by one: slow, and the same incidents
    every                whether registrations that went well are read too; by default where there are several files
    database             of logs that several databases share, the one whose records count (where the records name it)
    """
    wanted = {form for form in [format, *((o.get("format")) for o in (overrides or {}).values())] if form}
    names = [form.name for form in formats()]
    for unknown in wanted - set(names):
        raise ConfigError(f"No log format {unknown!r}.", known(str(unknown), names, "format"))
    for name in [zone, *((o.get("zone")) for o in (overrides or {}).values())]:
        _check_zone(name)
    sources = expand(paths, zone, format, overrides)
    options = Options(
        max_bytes, max_seconds, registration_paths, jobs or 2, fast, len(sources) > 1 if every is None else every, database
    )
    return Reading(sources, options)


def _check_zone(name: str | None) -> None:
    try:
        Clock(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(f"No time zone {name!r}.", "Name it as the tz database does, e.g. Europe/Berlin.") from error
