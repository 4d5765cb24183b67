"""Run racelab's systems for tests: each on a database of its own, all four at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import racelab

from support.databases import TestServer


@dataclass(frozen=True)
class Lab:
    """What is left of a system after its traffic: the database, the logs, the report."""

    server: TestServer
    name: str
    url: str
    logs: Path
    report: racelab.TrafficReport
    old_damage: tuple[str, ...]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.server.execute(sql, self.name)

    def count(self, sql: str) -> int:
        """How many rows ``sql`` returns."""
        return int(self.rows(f"SELECT count(*) FROM ({sql}) AS counted")[0][0])

    def log(self, name: str) -> str:
        return (self.logs / name).read_text()


def run_all(server: TestServer, folder: Path, run: Callable[[TestServer, Path, str], Lab]) -> dict[str, Lab]:
    """Every system at once, in threads; they share the two cores with each other, as in production."""
    names: Iterable[str] = racelab.SYSTEMS
    with ThreadPoolExecutor(4) as pool:
        labs = pool.map(lambda name: run(server, folder, name), names)
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
    old_damage = racelab.age(system, url) if mode == "broken" else ()
    logs = folder / name
    with racelab.running(system, mode, url, logs) as app:
        report = racelab.traffic(app.base_url, system, registrations, concurrency=8, seed=seed)
    return Lab(server, name, url, logs, report, old_damage)
