"""Checkpoints: how long a ledger was and how it ended, kept outside its database, so that a cut tail or a restore shows.

One file a source, ``outputs/ledger/<source>.jsonl``: canonical JSON lines {"at", "head", "size"}, only ever added to, and on
the disk before ``add`` returns. A line that was cut short by a crash was never promised to anybody; it is passed over, and the
next one takes its place. It talks to no database.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mendbook.digests import canonical
from mendbook.errors import NotCanonical, OutputError
from mendbook.files.publish import append, output_error


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A ledger of ``size`` rows, the last of which has the hash ``head``, seen at ``at`` (ISO, UTC, the database's clock)."""

    size: int
    head: str
    at: str


def file_of(outputs: Path, source: str) -> Path:
    """Where the checkpoints of ``source`` are kept."""
    return outputs / "ledger" / f"{source}.jsonl"


def add(path: Path, checkpoint: Checkpoint) -> None:
    """Put ``checkpoint`` behind the others; OutputError where that cannot be done, and then they are as they were."""
    line = canonical.line({"at": checkpoint.at, "head": checkpoint.head, "size": checkpoint.size})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise output_error(path, failure) from failure
    append(path, line)


def read(path: Path) -> list[Checkpoint]:
    """All checkpoints in ``path``, the oldest first; none where there is no file. OutputError names a line that is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as failure:
        raise OutputError(f"Cannot read {path}: {failure.strerror}.", "Check its rights.") from failure
    found = []
    try:
        for number, value in enumerate(canonical.read_lines(data[: data.rfind(b"\n") + 1]), 1):
            if not _is_checkpoint(value):
                raise NotCanonical(f"Line {number}: it is no checkpoint.")
            found.append(Checkpoint(value["size"], value["head"], value["at"]))
    except NotCanonical as error:
        raise OutputError(
            f"{path} was edited or damaged. {error.message}",
            "Fetch the file from a backup. Without it, a ledger whose end was cut off looks whole.",
        ) from None
    return found


def _is_checkpoint(value: object) -> bool:
    if not isinstance(value, dict) or set(value) != {"at", "head", "size"}:
        return False
    return type(value["size"]) is int and value["size"] > 0 and type(value["head"]) is str and type(value["at"]) is str
