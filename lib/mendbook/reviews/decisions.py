"""What a reviewer decides: approve, reject or defer, by case, by kind or by filter, resolved to the very cases.

Values only: it reads no file but the plan, and writes none. A blocked case is approved only where each of its blockers is
waived by name; whatever chooses many cases at once passes over the others that are blocked, and says which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

import orjson

from mendbook.digests import canonical
from mendbook.errors import ConfigError, Refused, known
from mendbook.plans.files import PlanFile
from mendbook.plans.outlines import Outline, outlines

VERBS = ("approve", "reject", "defer")
EVERYTHING = "all"
#: What a filter may ask of a case.
FILTERS = ("kind", "profile", "risk", "repair")


class Decision(NamedTuple):
    """One reviewer's decision on one case: a line of what is signed. A tuple, for as many are made as there are cases.

    waived    the case's blockers, each waived by name
    accepted  options that are to be done, declined those that are not; of the others, what the case says of itself holds
    """

    case: str
    decision: str
    comment: str = ""
    waived: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()

    def value(self) -> dict[str, Any]:
        return {
            "case": self.case,
            "decision": self.decision,
            "comment": self.comment,
            "waived": list(self.waived),
            "accepted": list(self.accepted),
            "declined": list(self.declined),
        }


def decision_of(value: Any) -> Decision:
    """The decision that ``Decision.value`` wrote; Refused for anything else."""
    names = ("waived", "accepted", "declined")
    if not isinstance(value, dict) or set(value) != set(Decision._fields):
        raise Refused("it is no decision")
    lists = [value[name] for name in names]
    if value["decision"] not in VERBS or not all(type(each) is list for each in lists):
        raise Refused("it is no decision")
    if not all(isinstance(each, str) for each in (value["case"], value["comment"], *chain.from_iterable(lists))):
        raise Refused("it is no decision")
    return Decision(value["case"], value["decision"], value["comment"], *map(tuple, lists))


def decision_in(line: bytes) -> Decision:
    """The decision in a line of a signed file; Refused for any bytes that the canonical line of a decision would not have."""
    try:
        decision = decision_of(orjson.loads(line))
        again = canonical.again(dict(sorted(decision.value().items()))).encode() + b"\n"
    except (ValueError, RecursionError):
        raise Refused("it is no decision") from None
    if again != line:
        raise Refused("it is written in another way than the canonical one")
    return decision


def check(outline: Outline, decision: Decision) -> None:
    """Refused where ``decision`` is none that could be made on the case: decisions are read from files, too."""
    options = {name for name, _ in outline.options}
    accepted, declined = set(decision.accepted), set(decision.declined)
    if decision.decision != "approve":
        wrong = "it waives or chooses without approving" if decision.waived or accepted or declined else ""
    elif set(decision.waived) != set(outline.blockers):
        wrong = f"it is blocked ({', '.join(outline.blockers) or 'by nothing'}), and waived is {', '.join(decision.waived)}"
    else:
        wrong = "it has no such options" if not accepted | declined <= options or accepted & declined else ""
    if wrong:
        raise Refused(f"The decision on {outline.name} cannot stand: {wrong}.", "Decide on it again, and sign again.")


@dataclass(frozen=True, slots=True)
class Choice:
    """A verb, and whom it is for: ``all``, a kind, a case by its name or case_key; or a filter, all of which must fit."""

    decision: str
    of: str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A choice with the cases it came to, and what was said of them: a line of the log. ``seen``: those shown as a sample."""

    decision: str
    of: str | Mapping[str, str | bool]
    comment: str
    cases: tuple[str, ...]
    waived: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accepted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    declined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seen: tuple[str, ...] = ()

    def decisions(self) -> Iterable[Decision]:
        for case in self.cases:
            yield Decision(
                case,
                self.decision,
                self.comment,
                self.waived.get(case, ()),
                self.accepted.get(case, ()),
                self.declined.get(case, ()),
            )


@dataclass(frozen=True, slots=True)
class Resolved:
    """What choices came to. ``passed_over``: cases that were chosen with others, but are blocked."""

    entries: tuple[Entry, ...]
    passed_over: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Details:
    """What is said beside the choices: CASE=BLOCKER to waive, CASE=OPTION to accept or decline, and a comment for all."""

    comment: str = ""
    waive: Sequence[str] = ()
    accept: Sequence[str] = ()
    decline: Sequence[str] = ()


def resolve(plan: PlanFile, choices: Sequence[Choice], details: Details | None = None) -> Resolved:
    """What ``choices`` mean in ``plan``. A case's own name goes before its kind, and that before ``all``.

    Raises ConfigError: for a word that is no case, for a case that is chosen twice and differently, for a blocked one that is
    named without waiving, and for details on a case that is not approved.
    """
    index, details = Index(plan), details or Details()
    chosen: dict[str, tuple[int, int]] = {}
    ranked = sorted(enumerate(choices), key=lambda each: -index.breadth(each[1].of))
    for place, choice in ranked:
        _known_verb(choice.decision)
        breadth = index.breadth(choice.of)
        for name in index.cases(choice.of):
            before = chosen.setdefault(name, (breadth, place))
            if before[0] == breadth and choices[before[1]].decision != choice.decision:
                raise _twice(name, choices[before[1]].decision, choice.decision)
    said = {what: index.pairs(what, getattr(details, what)) for what in ("waive", "accept", "decline")}
    passed_over = _approvable(index, chosen, choices, said)
    cases: dict[int, list[str]] = {}
    for name in index.by_name:  # the plan's order
        if name in chosen and name not in passed_over:
            cases.setdefault(chosen[name][1], []).append(name)
    entries = []
    for place, choice in reversed(ranked):
        mine = tuple(cases.get(place, ()))
        waived, accepted, declined = ({name: tuple(each[name]) for name in mine if name in each} for each in said.values())
        entries.append(Entry(choice.decision, choice.of, details.comment, mine, waived, accepted, declined))
    return Resolved(tuple(entries), tuple(passed_over))


def _approvable(
    index: Index, chosen: Mapping[str, tuple[int, int]], choices: Sequence[Choice], said: Mapping[str, Mapping[str, list[str]]]
) -> dict[str, None]:
    """The chosen cases to be passed over because they are blocked; ConfigError for what cannot be meant."""
    passed_over: dict[str, None] = {}
    approved = {name for name, (_, place) in chosen.items() if choices[place].decision == "approve"}
    for what, pairs in said.items():
        if stray := next((name for name in pairs if name not in approved), None):
            raise ConfigError(
                f"--{what} speaks of {stray}, which this does not approve.", f"Add --approve '{stray}', or leave that out."
            )
    for name, outline in index.by_name.items():
        still = [each for each in outline.blockers if each not in said["waive"].get(name, ())] if name in approved else []
        named = chosen[name][0] == _CASE if still else False
        if still and (named or name in said["waive"] or name in said["accept"] or name in said["decline"]):
            raise ConfigError(
                f"{name} is blocked by {', '.join(still)}.",
                f"'mendbook show' tells why. To approve it all the same: --approve '{name}' "
                + " ".join(f"--waive '{name}={each}'" for each in still),
            )
        if still:
            passed_over[name] = None
        if twice := set(said["accept"].get(name, ())) & set(said["decline"].get(name, ())):
            raise _twice(f"{name}={min(twice)}", "accept", "decline")
    return passed_over


_ALL, _KIND, _CASE = range(3)


class Index:
    """The cases of a plan by their names, in its order; read once."""

    def __init__(self, plan: PlanFile) -> None:
        self._plan = plan
        self.by_name = {outline.name: outline for outline, _ in outlines(plan)}
        self._kinds = {outline.kind for outline in self.by_name.values()} | set(plan.header.cases) | set(plan.header.repairs)
        self._by_key: dict[str, list[str]] = {}
        for name, outline in self.by_name.items():
            self._by_key.setdefault(outline.case_key, []).append(name)

    def breadth(self, of: str | Mapping[str, str]) -> int:
        if isinstance(of, str):
            return _ALL if of == EVERYTHING else _KIND if of in self._kinds else _CASE
        return _KIND if of else _ALL

    def cases(self, of: str | Mapping[str, str]) -> list[str]:
        """The names that ``of`` means; ConfigError where it means none that could be."""
        if isinstance(of, str) and self.breadth(of) == _CASE:
            return [self._one(of)]
        if isinstance(of, str):
            return [name for name, outline in self.by_name.items() if of in (EVERYTHING, outline.kind)]
        if unknown := next((name for name in of if name not in FILTERS), None):
            raise ConfigError(f"Cases are not filtered by {unknown!r}.", known(unknown, FILTERS, "filter"))
        return [
            name for name, outline in self.by_name.items() if all(getattr(outline, each) == value for each, value in of.items())
        ]

    def pairs(self, what: str, pairs: Sequence[str]) -> dict[str, list[str]]:
        """CASE=NAME pairs as case to names: of blockers for ``waive``, else of options."""
        found: dict[str, list[str]] = {}
        for pair in pairs:
            case, name = self._pair(what, pair)
            if name not in found.setdefault(case, []):
                found[case].append(name)
        return found

    def _pair(self, what: str, pair: str) -> tuple[str, str]:
        """Keys and names may hold a '=' themselves: of all ways to part them, the one that there is."""
        parts = pair.split("=")
        halves = [("=".join(parts[:at]), "=".join(parts[at:])) for at in range(1, len(parts))]
        meant = [(case, name) for word, name in halves for case in self._named(word)]
        fits = [(case, name) for case, name in meant if name in self._names(what, case)]
        if len(fits) == 1:
            return fits[0]
        noun = "blocker" if what == "waive" else "option"
        if len(fits) > 1:
            raise ConfigError(
                f"--{what} {pair!r} may mean several cases.", known(pair, [f"{case}={name}" for case, name in fits], "pair")
            )
        if meant:
            case, name = meant[0]
            raise ConfigError(f"{case} has no {noun} {name!r}.", known(name, self._names(what, case), noun))
        raise ConfigError(
            f"--{what} {pair!r} names no case of plan {self._plan.id}.",
            f"It is written CASE={noun.upper()}; 'mendbook show {self._plan.id}' lists the cases.",
        )

    def _names(self, what: str, case: str) -> list[str]:
        outline = self.by_name[case]
        return list(outline.blockers) if what == "waive" else [name for name, _ in outline.options]

    def _named(self, word: str) -> list[str]:
        return [word] if word in self.by_name else self._by_key.get(word, [])

    def _one(self, word: str) -> str:
        named = self._named(word)
        if len(named) > 1:
            raise ConfigError(f"Several cases of plan {self._plan.id} are about {word!r}.", known(word, named, "case"))
        if not named:
            raise ConfigError(
                f"Plan {self._plan.id} has no case {word!r}, and no kind of that name.",
                f"'mendbook show {self._plan.id}' lists its cases. {known(word, self._kinds, 'kind')}",
            )
        return named[0]


def resolved_lines(plan: PlanFile, saved: Mapping[str, Decision]) -> Iterable[tuple[Outline, bytes, bytes | None]]:
    """Each case with its line in the plan, and the line that decides on it (None where nothing does), checked."""
    left = set(saved)
    for outline, line in outlines(plan):
        decision = saved.get(outline.name)
        if decision is not None:
            check(outline, decision)
            left.discard(outline.name)
        yield outline, line, canonical.line(decision.value()) if decision else None
    if left:
        raise Refused(f"There are decisions on {min(left)}, which is no case of plan {plan.id}.", "Decide again.")


def _known_verb(verb: str) -> None:
    if verb not in VERBS:
        raise ConfigError(f"{verb!r} is no decision.", known(verb, VERBS, "decision"))


def _twice(name: str, one: str, other: str) -> ConfigError:
    return ConfigError(f"{name}: both {one} and {other} are asked for.", "Say one of them; the other can follow later.")
