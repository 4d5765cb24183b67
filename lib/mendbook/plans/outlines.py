"""What deciding needs to know of each case of a plan, without its rows: read in one pass, the plan's digest held again.

Whoever reads to the end has read the very bytes that the plan is named for, whatever was done to the file meanwhile. It
decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from sys import intern
from typing import Any, NamedTuple

import orjson

from mendbook.errors import Refused
from mendbook.plans.files import PlanFile


class Outline(NamedTuple):
    """A case by its names. ``options``: each with whether it is done where nobody says anything of it.

    A tuple, for one is made of each case whenever a plan is read.
    """

    name: str
    kind: str
    profile: str | None
    case_key: str
    repair: str
    risk: str
    blockers: tuple[str, ...] = ()
    options: tuple[tuple[str, bool], ...] = ()


def outlines(plan: PlanFile) -> Iterator[tuple[Outline, bytes]]:
    """Each case of ``plan``, and the line that it stands in; raises as ``outlined`` does."""
    for outline, line, _ in outlined(plan):
        yield outline, line


def outlined(plan: PlanFile) -> Iterator[tuple[Outline, bytes, dict[str, Any]]]:
    """The same with the case as JSON values, for who needs more of it than its outline while it is read anyhow.

    Raises Refused behind the last one where the bytes are not those of the plan's digest, or two cases have one name: what
    was read until then must not be used.
    """
    digest, names = sha256(), set()
    with plan.path.open("rb") as file:
        digest.update(file.readline())
        for line in file:
            digest.update(line)
            value = orjson.loads(line)
            outline = _outline(value)
            if outline.name in names:
                raise _refusal(plan, f"two of its cases are called {outline.name}")
            names.add(outline.name)
            yield outline, line, value
    if digest.hexdigest() != plan.digest:
        raise _refusal(plan, "it was changed while it was read")


def _outline(value: dict[str, Any]) -> Outline:
    kind, profile, key = intern(value["kind"]), value["profile"], value["case_key"]
    blockers, options = value["blockers"], value["options"]  # most cases have neither
    return Outline(
        f"{kind}/{key}" if profile is None else f"{kind}/{profile}/{key}",
        kind,
        profile and intern(profile),
        key,
        intern(value["repair"]),
        intern(value["risk"]),
        tuple(intern(each["name"]) for each in blockers) if blockers else (),
        tuple((each["name"], each["taken"]) for each in options) if options else (),
    )


def _refusal(plan: PlanFile, why: str) -> Refused:
    return Refused(f"Plan {plan.id} cannot be read: {why}.", "Nothing was done. Make a new plan with 'mendbook plan'.")
