"""Breaks repairs a thousand times and asks after each fault whether harm was done: ``make faults``.

A round is a fresh house: its plan is applied through faults until nothing is left to do, then it is taken back through
faults. In between, each end is held against the same end without any fault. In some rounds an application writes meanwhile.
Each round has a seed of its own; a violation names it, and ``--seed`` repeats that round (as far as chance lets it).
"""

from __future__ import annotations

import argparse
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from mendbook.embedded import embedded
from support.row_texts import Dump, dump

from faults.application import Application
from faults.children import Children
from faults.house import build, other_end
from faults.kinds import KINDS, Scene, finished
from faults.proxy import Proxy

#: A crash of the server must cost nothing that was committed, so this much of it is as in production.
SETTINGS = {"synchronous_commit": "on"}
VERSION = 18
#: Every so many rounds has an application that writes to the same rows.
WITH_APPLICATION = 4
_TRIES = 6


@dataclass
class Tally:
    """What was done, and what was found."""

    faults: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    checks: int = 0
    rounds: int = 0
    batches: int = 0
    writes: int = 0

    def add(self, other: Tally) -> None:
        self.faults += other.faults
        self.violations += other.violations
        self.checks += other.checks
        self.rounds += other.rounds
        self.batches += other.batches
        self.writes += other.writes

    def table(self) -> str:
        width = max(map(len, KINDS))
        lines = [f"{name:<{width}}  {self.faults[name]:>5}" for name in KINDS]
        total = f"{'faults':<{width}}  {self.faults.total():>5}"
        rest = (
            f"{self.rounds} databases repaired, in {self.batches} batches; {self.checks} checks;"
            f" {self.writes} writes of an application meanwhile"
        )
        return "\n".join([*lines, "-" * len(total), total, rest, f"{len(self.violations)} violations"])


class Harness:
    """One server, one template process, round after round."""

    def __init__(self, server: embedded.Server, folder: Path, users: int = 150) -> None:
        self._server, self._folder, self._users = server, folder, users
        self._children = Children(folder)
        self._proxy = Proxy(("127.0.0.1", server.port))
        self._expected: Dump | None = None
        self.tally = Tally()

    def close(self) -> None:
        self._children.close()
        self._proxy.close()

    def run(self, faults: int, seed: int) -> Tally:
        """Rounds from ``seed`` on, until so many faults have happened."""
        while self.tally.faults.total() < faults and not self.tally.violations:
            self.round(seed, faults)
            seed += 1
        return self.tally

    @contextmanager
    def scene(self, seed: int) -> Iterator[Scene]:
        """A new house, where nothing has been planned yet."""
        house = build(self._server, self._folder, self._users)
        try:
            yield Scene(house, self._server, self._children, self._proxy, random.Random(seed))
        finally:
            house.drop()

    def round(self, seed: int, enough: int = 1 << 30) -> None:
        """A house, its plan and its undo, through faults; no more faults are made once there are ``enough`` in all."""
        if self._expected is None:
            self._expected = self._without_faults()
        with self.scene(seed) as scene:
            scene.house.propose()
            if seed % WITH_APPLICATION == WITH_APPLICATION - 1:
                self._beside_an_application(scene, seed, enough)
            else:
                self._there_and_back(scene, seed, enough)
            self.tally.rounds += 1
            self.tally.batches += scene.house.execute("SELECT count(*) FROM mendbook.ledger")[0][0]

    def _without_faults(self) -> Dump:
        with self.scene(0) as scene:
            scene.house.propose()
            code = scene.apply().end()
            assert code == 0, code
            return dump(scene.house.url)

    def _there_and_back(self, scene: Scene, seed: int, enough: int) -> None:
        house = scene.house
        assert self._expected is not None
        for end in (self._expected, house.before):
            self._through_faults(scene, seed, enough)
            self._complete(scene, seed)
            self._tell(seed, "the end", other_end(end, dump(house.url)))
            if self.tally.violations:
                return
            if end is self._expected:
                house.take_back()

    def _beside_an_application(self, scene: Scene, seed: int, enough: int) -> None:
        scene.house.theirs = frozenset({"public.customer", "public.parcel", "public.auth_user"})
        with Application(scene.house.url, seed, self._users) as application:
            self._through_faults(scene, seed, enough, beside=True)
            self._complete(scene, seed, stale=True)
        self.tally.writes += application.hits
        self._tell(seed, "the application", application.lost())
        self._tell(seed, "the end beside an application", scene.house.harm())

    def _through_faults(self, scene: Scene, seed: int, enough: int, beside: bool = False) -> None:
        names, weights = list(KINDS), [weight for _, weight in KINDS.values()]
        while scene.house.left() and self.tally.faults.total() < enough and not self.tally.violations:
            name = scene.chance.choices(names, weights)[0]
            if beside and name in ("server crash and restart", "the application holds locks"):
                continue  # there the application would be broken, or has locks of its own
            happened = KINDS[name][0](scene)
            finished(scene)
            self.tally.faults[name] += happened
            self._tell(seed, name, [*scene.told, *(scene.house.harm() if not beside else [])])
            scene.told.clear()

    def _complete(self, scene: Scene, seed: int, stale: bool = False) -> None:
        """Apply again until it says that all is done."""
        for _ in range(_TRIES):
            child = scene.apply()
            code = child.end()
            if code == 0 or (stale and code == 1):
                break
        else:
            self._tell(seed, "completing the plan", [f"it ended with {code}: {child.said}"])
            return
        finished(scene)
        done = child.document
        if done["stale"] and not stale:
            self._tell(seed, "completing the plan", [f"stale: {done['stale_cases']}"])
        missing = scene.house.left()
        if missing:
            self._tell(seed, "completing the plan", [f"{missing} cases were passed over"])
        if not stale:
            self._tell(seed, "completing the plan", scene.house.harm())

    def _tell(self, seed: int, where: str, what: list[str]) -> None:
        self.tally.checks += 1
        self.tally.violations += [f"seed {seed}, {where}: {each}" for each in what]


@contextmanager
def harness(users: int = 150) -> Iterator[Harness]:
    """A harness on a server of its own, which may be crashed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with embedded.temporary(VERSION, SETTINGS, port) as server, tempfile.TemporaryDirectory(prefix="mendbook-faults-") as name:
        made = Harness(server, Path(name), users)
        try:
            yield made
        finally:
            made.close()


def _some(faults: int, seed: int) -> Tally:
    with harness() as made:
        return made.run(faults, seed)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=1000, help="how many faults")
    parser.add_argument("--seed", type=int, default=None, help="the seed of the first round; a random one otherwise")
    parser.add_argument("--workers", type=int, default=2, help="how many servers at once")
    parser.add_argument("--one-round", action="store_true", help="one round only, to repeat a violation")
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) * 4 if asked.seed is None else asked.seed
    started, whole = time.monotonic(), Tally()
    if asked.one_round:
        with harness() as made:
            made.round(seed)
            whole = made.tally
    else:
        share = -(-asked.faults // asked.workers)
        pool = ProcessPoolExecutor(asked.workers) if asked.workers > 1 else nullcontext()
        with pool as running:
            apart = [seed + 100_000 * n for n in range(asked.workers)]
            tallies = running.map(_some, [share] * asked.workers, apart) if running else [_some(share, seed)]
            for tally in tallies:
                whole.add(tally)
    print(whole.table())
    print(f"{time.monotonic() - started:.0f} s, first seed {seed}")
    for violation in whole.violations:
        again = violation.split(",")[0].removeprefix("seed ")
        print(f"VIOLATION {violation}\n  repeat: make faults FAULTS='--one-round --seed {again}'", file=sys.stderr)
    return 1 if whole.violations else 0


if __name__ == "__main__":
    sys.exit(main())
