"""The demo as `mendbook lab` finds it, made in a few seconds: two systems and the practice copy, a dozen people each.

The same steps as ``mendbook demo --no-repair`` takes, without its audits and its plan; the damage is that of real races.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import racelab
from mendbook.demo.home import PRACTICE, PRACTICE_OF, configure, copy_for_practice, fresh_database, make_keys, make_roles
from mendbook.demo.places import place_for

SYSTEMS = ("attendance", PRACTICE_OF)
REGISTRATIONS = 12


@contextlib.contextmanager
def small_demo(outputs: Path, sqlite: bool = False) -> Iterator[Path]:
    """The demo's home below ``outputs``, its server up (or its files there); stopped afterwards."""
    home = outputs / "demo"
    home.mkdir(parents=True)
    make_keys(home)
    place = place_for(home, sqlite)

    def damage(name: str) -> None:
        url = fresh_database(place, outputs, name)
        racelab.migrate(name, "broken", url)
        racelab.age(name, url)
        with racelab.running(name, "broken", url, home / "logs" / name) as application:
            racelab.traffic(application.base_url, name, REGISTRATIONS, 8, 1)

    try:
        with ThreadPoolExecutor(len(SYSTEMS)) as pool:
            list(pool.map(damage, SYSTEMS))
        copy_for_practice(place, outputs)
        if place.roles:
            make_roles(home, place, outputs, [*SYSTEMS, PRACTICE])
        configure(home, place)
        yield home
    finally:
        place.end()
