"""What doctor says of a source's logs: whether they can be read, until when they tell, whether their times can be placed.

It looks at the newest files, and at little of each; what is read is not kept. Incidents are incidents/incidents.py's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mendbook.config import Settings, Source
from mendbook.dialects.health import Check
from mendbook.errors import MendbookError
from mendbook.incidents.source_logs import check_logs, read_logs, remarks
from mendbook.logs import Reading
from mendbook.logs.clock import Clock
from mendbook.logs.sources import Source as LogFile
from mendbook.logs.span import EDGE, last_time

#: How many files are looked at, how much of each, and for how long altogether.
FILES, BYTES, SECONDS = 20, 4 << 20, 5.0
#: Where the newest line of all logs is older, they are probably not the ones that are written now.
STALE = timedelta(days=7)
_PACKED = (".gz", ".bz2", ".zst", ".xz")


def logs(source: Source, settings: Settings, now: datetime) -> Iterator[Check]:
    """Everything that ``mendbook incidents`` and ghost_user need of the logs."""
    if not source.logs:
        yield Check(
            "logs",
            "warning",
            "no logs are named: ghost_user is left out, and incidents come from the rows alone",
            f'Name them: logs = ["/var/log/.."] in [sources.{source.name}].',
        )
        return
    folder = settings.path.parent
    wrong = check_logs(source, folder)
    for each in wrong:
        yield Check(
            "logs", "warning", each, "Globs are relative to the folder of mendbook.toml; this user must be able to read."
        )
    try:
        reading, _ = read_logs(source, folder)
    except MendbookError:  # check_logs has told of it
        return
    if not wrong:
        yield Check("logs", "ok", f"every log file that {len(source.logs)} glob(s) name can be read")
    if reading is not None:
        yield from _times(reading, source, now)
        yield from _content(reading, source)


def _times(reading: Reading, source: Source, now: datetime) -> Iterator[Check]:
    """Until when the newest files tell, and which of them have times that nobody can place."""
    newest: list[datetime] = []
    placeless: list[str] = []
    for file in _newest(reading):
        tail = _tail(file)
        at = last_time(tail, Clock(file.zone, file.modified))
        if at is not None:
            newest.append(at)
        elif last_time(tail, Clock(UTC, file.modified)) is not None:
            placeless.append(Path(file.name).name)
    if placeless:
        yield Check(
            "log times",
            "warning",
            f"the times in {', '.join(placeless)} name no zone: nobody can tell when that was",
            f'Say what they mean: zone = "Europe/Berlin" in [sources.{source.name}]; for single files, in its log_formats.',
        )
    if newest and now - max(newest) > STALE:
        told = f"the newest line of all logs is of {max(newest):%Y-%m-%d %H:%M} UTC, {(now - max(newest)).days} days ago"
        yield Check("log times", "warning", told, "Are these the files that are written now? 'ls -lt' tells.")
    elif newest:
        yield Check("log times", "ok", f"the newest line is of {max(newest):%Y-%m-%d %H:%M:%S} UTC")


def _newest(reading: Reading) -> list[LogFile]:
    return sorted(reading.sources, key=lambda file: file.modified, reverse=True)[:FILES]


def _tail(file: LogFile) -> bytes:
    """A file's last lines; nothing of packed ones, which are older than the file that they were rotated from."""
    if file.name.endswith(_PACKED):
        return b""
    try:
        with Path(file.name).open("rb") as opened:
            opened.seek(max(0, file.size - EDGE))
            return opened.read(EDGE)
    except OSError:
        return b""


def _content(reading: Reading, source: Source) -> Iterator[Check]:
    """What a short reading of the newest files understands, and what ought to be set."""
    reading.sources = _newest(reading)
    options = reading.options
    options.max_bytes, options.max_seconds, options.jobs = BYTES, SECONDS, 1
    count = sum(1 for _ in reading)
    reading.summary.caps.clear()  # that it was short is its purpose
    told = list(remarks(reading, source))
    for each in told:
        yield Check("log content", "warning", each, "'mendbook incidents SOURCE' reads all of them, and says more.")
    if not told:
        formats = ", ".join(sorted(reading.summary.formats)) or "no format in particular"
        said = f"{reading.summary.lines:,} lines of the newest files read ({formats}): {count} registration incidents"
        yield Check("log content", "ok", said)
