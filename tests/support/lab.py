"""Run racelab's systems for tests: each on a database of its own, all four at once."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import racelab

from support.databases import TestServer


@dataclass(frozen=True)
class Lab:
    """What is left of a system after its traffic: the database, the logs, the report."""

    name: str
    url: str
    rows: Callable[[str], list[tuple[Any, ...]]]
    logs: Path
    report: racelab.TrafficReport
    old_damage: tuple[str, ...]

    def count(self, sql: str) -> int:
        """How many rows ``sql`` returns."""
        return int(self.rows(f"SELECT count(*) FROM ({sql}) AS counted")[0][0])

    def log(self, name: str) -> str:
        return (self.logs / name).read_text()


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
    """Migrate (to ``schema``'s tables, else the mode's), age where broken, serve, send the traffic, stop."""
    name = f"lab_{system}_{mode}_{schema or 'own'}_{seed}"
    server.drop_database(name)
    url = server.create_database(name)
    racelab.migrate(system, schema or mode, url)
    return _raced(system, mode, name, url, lambda sql: server.execute(sql, name), folder / name, registrations, seed)


def run_on_sqlite(templates: Path, folder: Path, system: str, *, mode: str, registrations: int = 16, seed: int = 1) -> Lab:
    """The same on a file of SQLite's: a copy of the one in ``templates`` that has the mode's tables, made where missing."""
    template = templates / f"{system}_{mode}.sqlite3"
    if not template.exists():
        racelab.migrate(system, mode, f"sqlite:///{template}")
    file = folder / template.name
    shutil.copy(template, file)
    return _raced(
        system, mode, file.stem, f"sqlite:///{file}", lambda sql: asked_of(file, sql), folder / file.stem, registrations, seed
    )


def _raced(
    system: str,
    mode: str,
    name: str,
    url: str,
    rows: Callable[[str], list[tuple[Any, ...]]],
    logs: Path,
    registrations: int,
    seed: int,
) -> Lab:
    old_damage = racelab.age(system, url) if mode == "broken" else ()
    with racelab.running(system, mode, url, logs) as app:
        report = racelab.traffic(app.base_url, system, registrations, concurrency=8, seed=seed)
    return Lab(name, url, rows, logs, report, old_damage)


def asked_of(file: Path, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a question to a file; letters beyond ASCII have lower ones here, which SQLite does not know of itself."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        connection.create_function("lower", 1, lambda text: text and text.lower(), deterministic=True)
        return list(connection.execute(sql))
