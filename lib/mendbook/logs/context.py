"""What the layers of one file share: its clock and zone, partial lines, where observations go, what was not
understood."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mendbook.logs.clock import Clock
from mendbook.logs.lines import Fallback
from mendbook.logs.observation import Line, Observation, Summary
from mendbook.logs.requests import Registration

#: Parts of one record are looked for this many bytes on; beyond it a record is closed as it is. Both ways of reading
#: keep it.
WINDOW = 64 << 10
#: Text of one record that is kept.
RECORD = 256 << 10
MEMORY = 2_000


class Held(OrderedDict[Any, Any]):
    """Things half read, by key: bounded, the oldest go first (and are lost only where a file is broken on purpose)."""

    def keep(self, key: Any, value: Any) -> None:
        self[key] = value
        if len(self) > MEMORY:
            self.popitem(last=False)


@dataclass(slots=True)
class Context:
    """One file being read. ``every`` asks for requests that went well too, to tell handled incidents apart."""

    source: str
    clock: Clock
    registration: Registration
    every: bool = True
    forced: str | None = None
    fallback: Fallback = field(default_factory=Fallback)
    held: Held = field(default_factory=Held)
    summary: Summary = field(default_factory=Summary)
    out: list[Observation] = field(default_factory=list)
    #: the last time seen in the file: where an undated record stands among the others
    latest: datetime | None = None
    rank: int = 0
    #: of a log that several databases share, the one whose records count
    database: str | None = None
    #: reading began in the middle of the file: what a session did before is not known
    partial: bool = False

    def emit(self, observation: Observation) -> None:
        self.rank += 1
        observation.rank = self.rank
        observation.source = self.source
        if observation.tier == "web":
            # every server of a chain writes its own line for a request
            observation.voice = f"{observation.voice}:{self.source}"
        self.out.append(observation)

    def puzzled(self, line: Line) -> None:
        """Count a line that nothing understood, and keep the first few as samples."""
        self.summary.not_understood += 1
        if len(self.summary.samples) < 5:
            self.summary.samples.append(f"{self.source}:{line.number}: {line.text[:160]}")

    def seen(self, name: str) -> None:
        self.summary.formats[name] = self.summary.formats.get(name, 0) + 1


def sample(text: str) -> str:
    """The first line of a record, as incidents show it."""
    first = text.partition("\n")[0].strip()
    return first if len(first) <= 300 else first[:299] + "…"
