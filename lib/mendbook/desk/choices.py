"""What a message of the review table decides, as an entry of the reviewer's log; and the sample before many are decided on.

Values only: it saves nothing. Whoever decides on many cases at once has looked at some of them, evenly spread, and decides on
exactly those that the sample was taken of.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mendbook.desk.case_detail import option_names
from mendbook.desk.case_order import View
from mendbook.display import inert
from mendbook.errors import ConfigError, Refused, known
from mendbook.plans.case_index import CaseIndex
from mendbook.reviews.decisions import VERBS, Entry
from mendbook.side_by_side import Concealing

#: What several cases that were picked one by one were asked for by.
PICKED = "selected"
_MOST_SAMPLES = 8


def chosen(index: CaseIndex, numbers: Sequence[int], asked: Mapping[str, Any], concealed: Sequence[Concealing]) -> Entry:
    """The entry of deciding on the cases ``numbers`` as ``asked`` says.

    ``concealed``: the ways in which the names of options may have been shown. Raises ConfigError for what cannot be meant,
    Refused for a blocked case whose blockers are not all waived.
    """
    verb, comment = _verb(asked), _comment(asked)
    if not numbers:
        raise ConfigError("No case is selected.", "Move to a case, or select some with x.")
    outlines = [index.outlines[number] for number in numbers]
    waive, accept, decline = (_names(asked, name) for name in ("waive", "accept", "decline"))
    if verb != "approve" and (waive or accept or decline):
        raise ConfigError(
            "Blockers are waived, and options chosen, only where a case is approved.", "Approve it, or leave them out."
        )
    if verb == "approve":
        _check_waived(index, numbers, waive, concealed[0])
    waived = {each.name: each.blockers for each in outlines if verb == "approve" and each.blockers}
    accepted, declined = ({}, {}) if not (accept or decline) else _options(index, numbers, accept, decline, concealed)
    names = tuple(each.name for each in outlines)
    return Entry(verb, names[0] if len(names) == 1 else PICKED, comment, names, waived, accepted, declined)


def _check_waived(index: CaseIndex, numbers: Sequence[int], waive: Sequence[str], concealed: Concealing) -> None:
    every = {name for number in numbers for name in index.outlines[number].blockers}
    if stray := next((name for name in waive if name not in every), None):
        raise ConfigError(f"Nothing here is blocked by {inert(stray, 80)!r}.", known(stray, every, "blocker"))
    for number in numbers:
        outline = index.outlines[number]
        if still := [name for name in outline.blockers if name not in waive]:
            raise Refused(
                f"{outline.kind} {concealed.key(outline.case_key)} is blocked by {', '.join(still)}.",
                "Nothing was decided. Open it, read why, and waive each blocker by its name; or reject or defer it.",
            )


Chosen = dict[str, tuple[str, ...]]


def _options(
    index: CaseIndex, numbers: Sequence[int], accept: Sequence[str], decline: Sequence[str], concealed: Sequence[Concealing]
) -> tuple[Chosen, Chosen]:
    """The options by case, under their own names: the table knows them by those that are shown."""
    if both := set(accept) & set(decline):
        raise ConfigError(f"{inert(min(both), 80)}: both accept and decline are asked for.", "Say one of them.")
    accepted: Chosen = {}
    declined: Chosen = {}
    every: set[str] = set()
    for value, number in zip(index.values(numbers), numbers, strict=True):
        names = [each["name"] for each in value["options"]]
        own = {shown: name for way in concealed for shown, name in zip(option_names(value, way), names, strict=True)}
        every |= own.keys()
        name = index.outlines[number].name
        for wanted, found in ((accept, accepted), (decline, declined)):
            if mine := tuple(own[each] for each in wanted if each in own):
                found[name] = mine
    if stray := next((name for name in (*accept, *decline) if name not in every), None):
        raise ConfigError(f"There is no option {inert(stray, 80)!r} here.", known(stray, every, "option"))
    return accepted, declined


def _verb(asked: Mapping[str, Any]) -> str:
    verb = asked["decision"]
    if verb not in VERBS:
        raise ConfigError(f"{inert(verb, 40)!r} is no decision.", known(str(verb), VERBS, "decision"))
    return str(verb)


def _comment(asked: Mapping[str, Any]) -> str:
    comment = asked.get("comment") or ""
    if not isinstance(comment, str):
        raise ConfigError("A comment is a text.", "Type it again.")
    return comment


def _names(asked: Mapping[str, Any], what: str) -> list[str]:
    names = asked.get(what) or []
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise ConfigError(f"{what} is a list of names.", "Reload the page.")
    return names


@dataclass(frozen=True)
class Sample:
    """Cases taken of a view: ``numbers`` all that were undecided and not blocked, ``cases`` those to be looked at, ``unseen``
    those of them that were not opened yet."""

    view: View
    numbers: tuple[int, ...]
    cases: tuple[int, ...]
    unseen: set[int]


class Samples:
    """The last few samples, by their tokens."""

    def __init__(self) -> None:
        self._samples: dict[str, Sample] = {}

    def take(self, view: View, numbers: Sequence[int], blocked: int, count: int) -> dict[str, Any]:
        """Some of ``numbers``, evenly spread: {cases, total, blocked, token}."""
        count = min(max(count, 1), 20, len(numbers))
        cases = tuple(numbers[(2 * place + 1) * len(numbers) // (2 * count)] for place in range(count))
        token = secrets.token_hex(8)
        self._samples[token] = Sample(view, tuple(numbers), cases, set(cases))
        while len(self._samples) > _MOST_SAMPLES:
            del self._samples[next(iter(self._samples))]
        return {"cases": list(cases), "total": len(numbers), "blocked": blocked, "token": token}

    def opened(self, number: int) -> None:
        """The details of that case were shown."""
        for sample in self._samples.values():
            sample.unseen.discard(number)

    def of(self, token: Any) -> Sample:
        """Refused where that sample is not known any more."""
        if token not in self._samples:
            raise _again("That sample is not known here any more")
        return self._samples[token]

    def entry(self, sample: Sample, numbers: Iterable[int], asked: Mapping[str, Any], index: CaseIndex) -> Entry:
        """The entry of deciding on all that ``sample`` was taken of.

        Refused where not all of it was seen, or where ``numbers``, what would be decided on by now, are others.
        """
        verb, comment = _verb(asked), _comment(asked)
        if sample.unseen or not set(sample.cases) <= set(asked["seen"]):
            raise Refused("The cases of the sample were not all looked at.", "Nothing was decided. Open each of them first.")
        if sorted(numbers) != sorted(sample.numbers):
            raise _again("Decisions were made meanwhile, and these are other cases by now")
        if not sample.numbers:
            raise ConfigError("No case is left to decide on here.", "Choose another filter.")
        names = tuple(index.outlines[number].name for number in sorted(sample.numbers))  # the plan's order
        seen = tuple(index.outlines[number].name for number in sample.cases)
        of = {**sample.view.filter(), "mine": "undecided", "blocked": False}
        return Entry(verb, of, comment, names, seen=seen)


def _again(why: str) -> Refused:
    return Refused(f"{why}.", "Nothing was decided. Look at a new sample.")
