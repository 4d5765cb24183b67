"""A source's own logs: the globs of mendbook.toml made into a reading, and the failed registrations that it tells of.

Globs are relative to the folder of mendbook.toml. Reads files, no database.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path

from mendbook.config import Source
from mendbook.errors import MendbookError
from mendbook.incidents.naming import Names
from mendbook.logs import Reading, read
from mendbook.model import LogsRead


def log_files(source: Source, folder: Path) -> tuple[list[str], list[str]]:
    """(the files and folders that the source's globs name, the globs that name none); ``folder`` is mendbook.toml's."""
    found: list[str] = []
    empty: list[str] = []
    for pattern in source.logs:
        # a file whose own name holds [ or * is meant as it stands
        matched = _matches(pattern, folder) or _matches(glob.escape(pattern), folder)
        found += [str(folder / name) for name in matched]
        if not matched:
            empty.append(pattern)
    return list(dict.fromkeys(found)), empty


def _matches(pattern: str, folder: Path) -> list[str]:
    return sorted(glob.glob(pattern, root_dir=folder, recursive=True))  # noqa: PTH207 - pathlib refuses absolute patterns


def read_logs(source: Source, folder: Path) -> tuple[Reading | None, list[str]]:
    """The reading of the source's logs (None where it names no file that exists), and what ought to be said of it."""
    files, empty = log_files(source, folder)
    warnings = [f"No log file fits {pattern!r} (looked for in {folder})." for pattern in empty]
    if not files:
        return None, warnings
    overrides = {
        str(Path(glob.escape(str(folder))) / each.glob) if "/" in each.glob else each.glob: {
            name: value for name, value in (("zone", each.zone), ("format", each.format)) if value is not None
        }
        for each in source.log_formats
    }
    reading = read(
        files,
        zone=source.zone,
        overrides=overrides,
        registration_paths=source.registration_paths,
        every=True,
        database=source.log_database,
    )
    return reading, warnings


def remarks(reading: Reading, source: Source) -> Iterator[str]:
    """What a reader of the result ought to know of the logs; whole when every incident has been taken."""
    summary = reading.summary
    yield from (f"Not read: {skipped}." for skipped in summary.skipped)
    yield from (f"Read in part: {cap}." for cap in summary.caps)
    if len(summary.databases) > 1 and source.log_database is None:
        names = ", ".join(sorted(summary.databases))
        yield (
            f"The logs hold errors of several databases ({names}): say which one this source is with "
            'log_database = "NAME" in mendbook.toml.'
        )


def read_failures(source: Source, folder: Path) -> LogsRead:
    """The failed registrations that the source's logs tell of; ConfigError where its settings for logs are wrong."""
    if not source.logs:
        return LogsRead()
    reading, warnings = read_logs(source, folder)
    if reading is None:
        return LogsRead(None, "none of the source's logs exists", tuple(warnings))
    names, failures = Names(source), []
    for incident in reading:
        failure = names.failure(incident)
        if failure is not None:
            failures.append(failure)
    warnings += remarks(reading, source)
    if not reading.summary.files:
        return LogsRead(None, "none of the source's logs can be read", tuple(warnings))
    return LogsRead(tuple(failures), "", tuple(warnings))


def check_logs(source: Source, folder: Path) -> list[str]:
    """What is wrong with the logs that the source names: globs without files, files that may not be read."""
    files, empty = log_files(source, folder)
    wrong = [f"no file fits {pattern!r}" for pattern in empty]
    for name in files:
        try:
            if Path(name).is_file():
                Path(name).open("rb").close()
        except OSError as error:
            wrong.append(f"{name}: {error.strerror}")
    try:
        read_logs(source, folder)
    except MendbookError as error:
        wrong.append(error.message)
    return wrong
