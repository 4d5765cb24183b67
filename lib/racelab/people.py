"""Who will register and how they will behave, drawn from a seed: the same seed makes the same plan. No network here."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

FIRST = (
    "Anna",
    "Björn",
    "Chloé",
    "Dmitri",
    "Elif",
    "Farah",
    "Grace",
    "Hugo",
    "İpek",
    "Jürgen",
    "Leila",
    "Nils",
    "Priya",
)
LAST = ("Abel", "Berg", "Castro", "Dubois", "Eriksen", "Fuchs", "Groß", "Hansen", "Ito", "Kovács", "Nowak", "Öztürk")
DEPARTMENTS = ("Warehouse", "Reception", "Maintenance", "Transport", "Accounts")
ROLES = ("student", "teacher", "guide")

#: How people behave, per system, with weights; ``journeys.py`` knows what each of them does.
BEHAVIOURS: dict[str, dict[str, int]] = {
    "attendance": {"once": 4, "double_click": 4, "retry": 2},
    "logistics": {"give_up": 3, "same_again": 2, "retry": 4, "log_in": 4, "staff": 4, "staff_double_click": 1},
    "academy": {
        "once": 3,
        "double_click": 4,
        "invited": 2,
        "shared_link": 2,
        "guide": 2,
        "same_again": 1,
        "retry": 1,
    },
    "website": {"once": 3, "double_click": 3, "two_spellings": 4, "retry": 3},
}

#: Seconds between two clicks on the button; people are that slow, and the registrations' slow calls leave the time.
GAPS = {"attendance": (0.10, 0.13), "logistics": (0.01, 0.06), "academy": (0.05, 0.09), "website": (0.01, 0.06)}


@dataclass(frozen=True)
class Person:
    """What somebody types into a registration form."""

    username: str
    email: str
    password: str
    phone: str
    department: str
    address: str
    company: str
    role: str
    bio: str


@dataclass(frozen=True)
class Journey:
    """What one person does; ``gap``: seconds between two clicks, ``spelling``: how she writes herself next time."""

    behaviour: str
    person: Person
    gap: float
    spelling: Person
    friend: Person


def respell(person: Person, draw: random.Random, ways: tuple[str, ...] = ("case", "blank", "other_name")) -> Person:
    """The same person as she writes herself the next time: upper case, a blank at the end, or another name."""
    way = draw.choice(ways)
    local, _, domain = person.email.partition("@")
    other = f"{local.split('.')[0]}{draw.randrange(10_000):04d}"
    if way == "case":
        return replace(person, username=person.username.title(), email=f"{local.title()}@{domain}")
    if way == "blank":
        return replace(person, username=f"{person.username} ", email=f"{person.email} ")
    return replace(person, username=other, email=f"{local}@{domain.upper()}")


def plan(system: str, registrations: int, seed: int) -> list[Journey]:
    """``registrations`` journeys. The first ones take every behaviour in turn, so that small plans hold them all."""
    draw = random.Random(f"{system}/{seed}")
    behaviours = BEHAVIOURS[system]
    chosen = [behaviour for behaviour in behaviours for _ in range(2)]
    while len(chosen) < registrations:
        chosen.append(draw.choices(list(behaviours), list(behaviours.values()))[0])
    journeys = []
    for number, behaviour in enumerate(chosen[:registrations]):
        person, friend = (_person(draw, f"{seed}{mark}{number:03d}") for mark in ("n", "f"))
        ways = ("case",) if behaviour == "two_spellings" else ("case", "blank") if system == "website" else None
        spelling = respell(person, draw, ways) if ways else respell(person, draw)
        journeys.append(Journey(behaviour, person, round(draw.uniform(*GAPS[system]), 3), spelling, friend))
    return journeys


def _person(draw: random.Random, mark: str) -> Person:
    choose: Callable[[tuple[str, ...]], str] = draw.choice
    first, last = choose(FIRST), choose(LAST)
    local = f"{first}.{last}.{mark}".lower()
    return Person(
        username=local,
        email=f"{local}@example.com",
        password=f"pw-{draw.getrandbits(48):012x}",
        phone=f"+44 1632 {draw.randrange(960_000, 961_000)}",
        department=choose(DEPARTMENTS),
        address=f"{draw.randrange(1, 200)} Example Street",
        company=choose(("Example Freight", "Example Stores", "")),
        role=choose(ROLES),
        bio=f"{first} teaches and learns; {draw.randrange(2, 30)} years of it.",
    )
