"""A reviewer's decisions as they are made, one file a reviewer in the plan's folder: only ever added to, on the disk at once.

The later line wins. Two reviewers write to two files; two processes of one reviewer wait for each other. Nothing here is
signed: what is signed is made of it by review.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from mendbook import canonical
from mendbook.decisions import VERBS, Decision, Entry
from mendbook.errors import NotCanonical, OutputError, Refused
from mendbook.plan_files import PlanFile
from mendbook.publish import append

MOST_LETTERS = 40


def slug(person: str) -> str:
    """A person's name as a part of file names: its plain letters, and enough of its digest to tell two people apart."""
    plain = re.sub(r"[^a-z0-9]+", "-", person.lower()).strip("-")[:MOST_LETTERS]
    return f"{plain or 'x'}-{sha256(person.encode()).hexdigest()[:8]}"


def file_of(plan: PlanFile, reviewer: str) -> Path:
    return plan.folder / f"decisions-{slug(reviewer)}.jsonl"


def add(plan: PlanFile, reviewer: str, entries: tuple[Entry, ...], at: str) -> None:
    """Put ``entries`` behind those that ``reviewer`` made before; all of them or none. OutputError where it cannot be done."""
    lines = [
        canonical.line(
            {
                "plan": plan.digest,
                "reviewer": reviewer,
                "at": at,
                "decision": entry.decision,
                "of": entry.of,
                "comment": entry.comment,
                "cases": entry.cases,
                "waived": entry.waived,
                "accepted": entry.accepted,
                "declined": entry.declined,
            }
        )
        for entry in entries
    ]
    append(file_of(plan, reviewer), b"".join(lines), 0o600)


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
    path = file_of(plan, reviewer)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as failure:
        raise OutputError(f"Cannot read {path}: {failure.strerror}.", "Check its rights.") from failure
    try:
        for number, value in enumerate(canonical.read_lines(data[: data.rfind(b"\n") + 1]), 1):
            yield _entry(path, number, value, plan, reviewer)
    except NotCanonical as error:
        raise _refusal(path, f"it was edited or damaged. {error.message}") from None


def _entry(path: Path, number: int, value: Any, plan: PlanFile, reviewer: str) -> Entry:
    try:
        if (value["plan"], value["reviewer"]) != (plan.digest, reviewer):
            raise _refusal(path, f"line {number} is of another plan, or of another reviewer.")
        lists = {name: {case: tuple(each) for case, each in value[name].items()} for name in ("waived", "accepted", "declined")}
        said = [text for each in lists.values() for texts in each.values() for text in texts]
        texts = [value["comment"], *value["cases"], *said]
        if value["decision"] in VERBS and all(isinstance(each, str) for each in texts):
            return Entry(value["decision"], value["of"], value["comment"], tuple(value["cases"]), **lists)
    except (TypeError, KeyError, AttributeError):
        pass
    raise _refusal(path, f"line {number} is no decision.")


def _refusal(path: Path, why: str) -> Refused:
    return Refused(f"The decisions saved in {path} cannot be used: {why}", "Move that file aside and decide again.")
