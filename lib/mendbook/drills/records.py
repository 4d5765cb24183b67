"""outputs/drills/: which drills there were, and what their people were called, so that their rows are found again for good.

Written before the first request is sent, and not with a run's files, which are removed when they are old. No personal data:
these people are made up.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mendbook.drills.people import names
from mendbook.errors import ConfigError, OutputError, known
from mendbook.files.publish import output_error, publish
from mendbook.settings.drill import People


@dataclass(frozen=True, slots=True)
class Record:
    """One drill: its ``mark``, how many people came to which URL, what they were called, when, and which source is the
    application's (None where nobody said)."""

    mark: str
    source: str | None
    base_url: str
    people: int
    username: str
    email: str
    started_at: str

    @property
    def names(self) -> tuple[list[str], list[str]]:
        """The user names and e-mails of its people, by number."""
        return names(People(username=self.username, email=self.email), self.mark, self.people)


def keep(record: Record, outputs: Path) -> Path:
    """Put the record down. Raises OutputError; then nothing may be sent."""
    folder = outputs / "drills"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise output_error(folder, failure) from failure
    return publish(folder / f"{record.mark}.json", json.dumps(asdict(record), indent=2) + "\n")


def find(mark: str, outputs: Path) -> Record:
    """The drill of that mark; a ConfigError lists those there were, OutputError where the record is none."""
    there = {path.stem: path for path in sorted((outputs / "drills").glob("*.json"))}
    if mark not in there or not re.fullmatch(r"[0-9a-f]{8}", mark):
        raise ConfigError(f"There was no drill {mark!r} here.", known(mark, there, "drill"))
    try:
        record = Record(**_checked(json.loads(there[mark].read_text("utf-8"))))
        People(username=record.username, email=record.email)
        if record.mark != mark or not 1 <= record.people <= 9999:
            raise ValueError("it is that of another drill")
    except (OSError, ValueError, TypeError, ValidationError) as failure:
        raise OutputError(f"{there[mark]} is not the record of a drill: {failure}.", "Was it edited?") from failure
    return record


def _checked(values: Any) -> dict[str, Any]:
    kinds = {
        "mark": str,
        "source": (str, type(None)),
        "base_url": str,
        "people": int,
        "username": str,
        "email": str,
        "started_at": str,
    }
    if not isinstance(values, dict) or {*values} != {*kinds}:
        raise ValueError("it has other fields")
    wrong = [name for name, kind in kinds.items() if not isinstance(values[name], kind)]  # type: ignore[arg-type]
    if wrong:
        raise ValueError(f"{wrong[0]} is {values[wrong[0]]!r}")
    return values
