"""Who comes to a drill and how they behave: made-up people under a mark that no drill had before, drawn from a seed.

The seed decides what they do and when; their mark and passwords are random each time. Values only, and no network here.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mendbook.settings.drill import DrillForm, People, filled_in

#: What people do, with how often: "double_click" sends the same form twice at one moment, "spelling" two spellings of one
#: person at one moment, "again" another spelling after the answer has come.
BEHAVIOURS = {"once": 2, "double_click": 4, "spelling": 3, "again": 1}
#: Those that send two requests at one moment.
AT_ONCE = ("double_click", "spelling")


@dataclass(frozen=True, slots=True)
class Person:
    """What somebody types. ``number`` (from 1) is theirs within the drill; the password is nobody's business."""

    number: int
    username: str
    email: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Journey:
    """What one person does: ``other`` is how they write themselves the second time, ``gap`` the seconds in between."""

    behaviour: str
    person: Person
    other: Person
    gap: float


def new_mark() -> str:
    """Eight hexadecimal digits that no drill had before, and no person has in their name."""
    return secrets.token_hex(4)


def names(people: People, mark: str, count: int) -> tuple[list[str], list[str]]:
    """The user names and e-mails of a drill's people, by number: by these their rows are found, in any spelling."""
    words = [{"mark": mark, "n": _digits(number)} for number in range(1, count + 1)]
    return [filled_in(people.username, each) for each in words], [filled_in(people.email, each) for each in words]


def plan(form: DrillForm, mark: str, count: int, seed: int) -> list[Journey]:
    """``count`` journeys; the first ones take every behaviour in turn, so that small drills hold them all."""
    draw = random.Random(f"drill/{seed}")
    chosen = ["double_click", "spelling", "again", "once"][:count]
    chosen += draw.choices(list(BEHAVIOURS), list(BEHAVIOURS.values()), k=count - len(chosen))
    draw.shuffle(chosen)
    least, most = form.gap_ms
    journeys = []
    for number, (behaviour, username, email) in enumerate(zip(chosen, *names(form.people, mark, count), strict=True), start=1):
        # long, with all that rules of passwords ask for
        person = Person(number, username, email, f"Aa1-{secrets.token_urlsafe(18)}")
        other = respelled(person, draw) if behaviour in ("spelling", "again") else person
        journeys.append(Journey(behaviour, person, other, draw.uniform(least, most) / 1000))
    return journeys


def respelled(person: Person, draw: random.Random) -> Person:
    """The same person as they write themselves the next time: in capitals, or with a blank at the end."""
    way = draw.choice(("title", "upper", "blank"))
    if way == "blank":
        return replace(person, username=f"{person.username} ", email=f"{person.email} ")
    local, _, domain = person.email.partition("@")
    if way == "upper":
        return replace(person, username=person.username.upper(), email=f"{local.upper()}@{domain.upper()}")
    return replace(person, username=person.username.title(), email=f"{local.title()}@{domain}")


def words_for(person: Person, mark: str) -> dict[str, str]:
    """What the placeholders of a form stand for."""
    return {
        "username": person.username,
        "email": person.email,
        "password": person.password,
        "n": _digits(person.number),
        "mark": mark,
    }


def counted(journeys: Sequence[Journey]) -> dict[str, int]:
    """How many people behave in which way."""
    return {name: sum(journey.behaviour == name for journey in journeys) for name in BEHAVIOURS}


def _digits(number: int) -> str:
    return f"{number:04d}"
