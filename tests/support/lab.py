"""Run racelab's systems for tests: each on a database of its own, all four at once.

Tests that only look share what they look at: the races of one mode are run once in a run of the tests, on a server of
their own, whose log holds nothing else.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import racelab
from filelock import FileLock
from mendbook.embedded import embedded

from support.databases import TestServer, run_script
from support.race_damage import DAMAGE

#: How often a race is run at most.
ATTEMPTS = 5


@dataclass(frozen=True)
class Lab:
    """What is left of a system after its traffic: the database, the logs, the report."""

    name: str
    url: str
    logs: Path
    report: racelab.TrafficReport
    old_damage: tuple[str, ...]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        file = self.url.removeprefix("sqlite:///")
        return run_script(self.url, sql) if file == self.url else asked_of(Path(file), sql)

    def count(self, sql: str) -> int:
        """How many rows ``sql`` returns."""
        return int(self.rows(f"SELECT count(*) FROM ({sql}) AS counted")[0][0])

    def log(self, name: str) -> str:
        return (self.logs / name).read_text()


@dataclass(frozen=True)
class Races:
    """The labs of one run of the tests: whoever asks first makes them, whichever worker asks next finds them."""

    server: embedded.Server
    folder: Path

    def labs(self, mode: str, schema: str | None = None) -> dict[str, Lab]:
        """Every system after its traffic in one mode, on the tables of ``schema``."""
        home = self.folder / f"{mode}-{schema or mode}"
        home.mkdir(parents=True, exist_ok=True)
        kept = home / "labs.pickle"
        with FileLock(home / "lock"):
            if not kept.exists():
                labs = run_all(self.server, home, partial(run, mode=mode, schema=schema))
                kept.write_bytes(pickle.dumps(labs))
        made: dict[str, Lab] = pickle.loads(kept.read_bytes())
        return made


@contextmanager
def racing(parallel_run: str | None) -> Iterator[Races]:
    """Races on a server of theirs; the workers of one parallel run share it, and the last one stops it."""
    version = int(os.environ.get("PG", "18"))
    if parallel_run:
        folder = Path(tempfile.gettempdir()) / f"{embedded.TEMPORARY}{parallel_run}-races"
        server = embedded.start(folder, version, embedded.THROWAWAY_SETTINGS)
        yield Races(server, folder / "races")
    else:
        with embedded.temporary(version) as server:
            yield Races(server, server.folder / "races")


def run_all(place: Any, folder: Path, run: Callable[[Any, Path, str], Lab]) -> dict[str, Lab]:
    """Every system at once, in threads; they share the two cores with each other, as in production."""
    names: Iterable[str] = racelab.SYSTEMS
    with ThreadPoolExecutor(4) as pool:
        labs = pool.map(lambda name: run(place, folder, name), names)
        return dict(zip(names, labs, strict=True))


def run(
    server: TestServer,
    folder: Path,
    system: str,
    *,
    mode: str,
    schema: str | None = None,
    registrations: int = 30,
    seed: int = 1,
) -> Lab:
    """Migrate (to ``schema``'s tables, else the mode's), age where broken, serve, send the traffic, stop.

    When two requests meet is a matter of chance, and seldom on a machine that is busy: where a broken system has not shown
    all that its race is known for, others come to another of it.
    """
    for attempt in range(ATTEMPTS):
        name = f"lab_{system}_{mode}_{schema or 'own'}_{seed}_{attempt}"
        server.drop_database(name)
        url = server.create_database(name)
        racelab.migrate(system, schema or mode, url)
        lab = _raced(system, mode, name, url, folder / name, registrations, seed)
        if mode == "fixed" or all(map(lab.count, DAMAGE[system].values())):
            break
    return lab


def run_on_sqlite(templates: Path, folder: Path, system: str, *, mode: str, registrations: int = 16, seed: int = 1) -> Lab:
    """The same on a file of SQLite's: a copy of the one in ``templates`` that has the mode's tables, made where missing."""
    template = templates / f"{system}_{mode}.sqlite3"
    if not template.exists():
        racelab.migrate(system, mode, f"sqlite:///{template}")
    file = folder / template.name
    shutil.copy(template, file)
    return _raced(system, mode, file.stem, f"sqlite:///{file}", folder / file.stem, registrations, seed)


def _raced(
    system: str,
    mode: str,
    name: str,
    url: str,
    logs: Path,
    registrations: int,
    seed: int,
) -> Lab:
    old_damage = racelab.age(system, url) if mode == "broken" else ()
    with racelab.running(system, mode, url, logs) as app:
        report = racelab.traffic(app.base_url, system, registrations, concurrency=8, seed=seed)
    return Lab(name, url, logs, report, old_damage)


def asked_of(file: Path, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a question to a file; letters beyond ASCII have lower ones here, which SQLite does not know of itself."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        connection.create_function("lower", 1, lambda text: text and text.lower(), deterministic=True)
        return list(connection.execute(sql))
