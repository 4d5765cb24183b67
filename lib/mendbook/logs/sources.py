"""Which files to read, in which order: names, globs, folders, - for standard input; rotated sets oldest first.

Only names and sizes are looked at here, and whether a file is a regular one.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from mendbook.errors import ConfigError, known

STDIN = "-"
_ROTATED = re.compile(
    r"^(?P<base>.+?)(?:[.-](?P<number>\d{1,3})|[.-](?P<date>\d{4}-?\d\d-?\d\d(?:[T_-]?\d{2,6})?))?(?P<packed>\.(?:gz|bz2|zst|xz))?$"
)
_NEVER = frozenset(
    {".py", ".pyc", ".md", ".toml", ".sqlite3", ".db", ".png", ".svg", ".html", ".parquet", ".zip", ".tar", ".pid"}
)


@dataclass(frozen=True)
class Source:
    """One file and what its settings say of it."""

    name: str
    size: int
    modified: datetime
    zone: str | None = None
    format: str | None = None

    @property
    def series(self) -> str:
        """The name that a rotated set shares."""
        match = _ROTATED.match(self.name)
        return match["base"] if match else self.name

    @property
    def age(self) -> tuple[int, int, str]:
        """Sorts a rotated set oldest first: .3 before .2 before .1 before the file itself; dates as they are."""
        match = _ROTATED.match(self.name)
        if match and match["number"]:
            return 1, -int(match["number"]), self.name
        if match and match["date"]:
            return 0, 0, self.name
        return 2, 0, self.name


def expand(
    given: str | Path | Sequence[str | Path],
    zone: str | None,
    format: str | None,
    overrides: Mapping[str, Mapping[str, Any]] | None,
) -> list[Source]:
    """The files that names, globs and folders mean, each once. An unknown name is an error that says so."""
    names: list[str] = []
    for one in [given] if isinstance(given, str | Path) else given:
        text = str(one)
        if text == STDIN:
            names.append(text)
            continue
        path = Path(text)
        if path.is_dir():
            found = sorted(str(p) for p in path.rglob("*") if p.is_file() and not _hidden(p, path) and p.suffix not in _NEVER)
        elif path.exists():
            found = [text]
        else:
            found = sorted(
                name
                for name in glob.glob(text, recursive=True)  # noqa: PTH207 - absolute patterns too
                if Path(name).is_file()
            )
            if not found:
                near = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
                raise ConfigError(
                    f"No log file {text!r}.",
                    known(path.name, near, "file beside it", "files beside it") if near else "",
                )
        names.extend(found)
    return [_source(name, zone, format, overrides or {}) for name in dict.fromkeys(names)]


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _source(name: str, zone: str | None, form: str | None, overrides: Mapping[str, Mapping[str, Any]]) -> Source:
    for pattern, settings in overrides.items():
        if fnmatch(name, pattern) or fnmatch(Path(name).name, pattern):
            zone = settings.get("zone", zone)
            form = settings.get("format", form)
    if name == STDIN:
        return Source(name, 0, datetime.now(UTC), zone, form)
    told = Path(name).stat()
    return Source(name, told.st_size, datetime.fromtimestamp(told.st_mtime, UTC), zone, form)


def series(sources: Iterable[Source]) -> list[list[Source]]:
    """Rotated sets together, oldest file first; sets in the order in which they were named."""
    sets: dict[str, list[Source]] = {}
    for source in sources:
        sets.setdefault(source.series, []).append(source)
    return [sorted(members, key=lambda source: source.age) for members in sets.values()]
