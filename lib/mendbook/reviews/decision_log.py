"""A reviewer's decisions as they are made, one file a reviewer in the plan's folder: only ever added to, on the disk at once.

The later line wins. Two reviewers write to two files; two processes of one reviewer wait for each other. Nothing here is
signed: what is signed is made of it by review.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from mendbook.digests import canonical
from mendbook.errors import NotCanonical, OutputError, Refused
from mendbook.files.publish import append
from mendbook.plans.files import PlanFile
from mendbook.reviews.decisions import VERBS, Decision, Entry

MOST_LETTERS = 40
_REMEMBERED = 400


def slug(person: str) -> str:
    """A person's name as a part of file names: its plain letters, and enough of its digest to tell two people apart."""
    plain = re.sub(r"[^a-z0-9]+", "-", person.lower()).strip("-")[:MOST_LETTERS]
    return f"{plain or 'x'}-{sha256(person.encode()).hexdigest()[:8]}"


def file_of(plan: PlanFile, reviewer: str) -> Path:
    return plan.folder / f"decisions-{slug(reviewer)}.jsonl"


def add(plan: PlanFile, reviewer: str, entries: tuple[Entry, ...], at: str) -> None:
    """Put ``entries`` behind those that ``reviewer`` made before; all of them or none. OutputError where it cannot be done."""
    lines = [canonical.line({"plan": plan.digest, "reviewer": reviewer, "at": at, **_value(entry)}) for entry in entries]
    append(file_of(plan, reviewer), b"".join(lines), 0o600)


def _value(entry: Entry) -> dict[str, Any]:
    value: dict[str, Any] = {
        "decision": entry.decision,
        "of": entry.of,
        "comment": entry.comment,
        "cases": entry.cases,
        "waived": entry.waived,
        "accepted": entry.accepted,
        "declined": entry.declined,
    }
    return {**value, "seen": entry.seen} if entry.seen else value


def read(plan: PlanFile, reviewer: str) -> dict[str, Decision] | None:
    """The decision that holds for each case that ``reviewer`` decided on; None where they never decided anything.

    Raises Refused for a file that was edited, or belongs to another plan; OutputError where it cannot be read.
    """
    found: dict[str, Decision] | None = None
    for entry in _entries(plan, reviewer):
        found = {} if found is None else found
        found.update((decision.case, decision) for decision in entry.decisions())
    return found


def _entries(plan: PlanFile, reviewer: str) -> Iterator[Entry]:
    return iter(read_on(plan, reviewer)[0])


@dataclass(frozen=True, slots=True)
class Place:
    """How far a reviewer's file was read: up to the end of a line of that very file, which ends in ``last``."""

    file: int = 0
    upto: int = 0
    lines: int = 0
    last: bytes = b""


START = Place()


def read_on(plan: PlanFile, reviewer: str, place: Place = START) -> tuple[list[Entry], Place, bool]:
    """What was saved behind ``place``, where that is now, and whether it is all that there is: the file was not there before,
    or it is another one by now, and what was read before does not hold any more.

    Raises as ``read`` does.
    """
    path = file_of(plan, reviewer)
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno()).st_ino
            file.seek(place.upto - len(place.last))
            whole = place.file != found or file.read(len(place.last)) != place.last  # a new file may get an old one's number
            place = Place(found) if whole else place
            file.seek(place.upto)
            data = file.read()
    except FileNotFoundError:
        return [], START, True
    except OSError as failure:
        raise OutputError(f"Cannot read {path}: {failure.strerror}.", "Check its rights.") from failure
    data = data[: data.rfind(b"\n") + 1]
    try:
        values = enumerate(canonical.read_lines(data), place.lines + 1)
        entries = [_entry(path, number, value, plan, reviewer) for number, value in values]
    except NotCanonical as error:
        raise _refusal(path, f"it was edited or damaged. {error.message}") from None
    last = data[-_REMEMBERED:] or place.last
    return entries, Place(place.file, place.upto + len(data), place.lines + len(entries), last), whole


def _entry(path: Path, number: int, value: Any, plan: PlanFile, reviewer: str) -> Entry:
    try:
        if (value["plan"], value["reviewer"]) != (plan.digest, reviewer):
            raise _refusal(path, f"line {number} is of another plan, or of another reviewer.")
        lists = {name: {case: tuple(each) for case, each in value[name].items()} for name in ("waived", "accepted", "declined")}
        seen = value.get("seen", [])
        said = [text for each in lists.values() for texts in each.values() for text in texts]
        texts = [value["comment"], *value["cases"], *said, *seen]
        if value["decision"] in VERBS and isinstance(seen, list) and all(isinstance(each, str) for each in texts):
            return Entry(value["decision"], value["of"], value["comment"], tuple(value["cases"]), **lists, seen=tuple(seen))
    except (TypeError, KeyError, AttributeError):
        pass
    raise _refusal(path, f"line {number} is no decision.")


def _refusal(path: Path, why: str) -> Refused:
    return Refused(f"The decisions saved in {path} cannot be used: {why}", "Move that file aside and decide again.")
