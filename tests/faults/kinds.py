"""The faults: each starts ``mendbook apply --commit`` on a scene, breaks it, and tells whether the fault really happened.

What must be whole afterwards is not asked here (see harness.py); what a command must have said is.
"""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from mendbook.cli import STOPPED
from mendbook.embedded.embedded import Server
from mendbook.repairs.failpoints import POINTS
from sqlalchemy.engine import make_url

from faults.children import Child, Children
from faults.house import House
from faults.proxy import AFTER, BYTES, PLACES, Cuts, Proxy

#: Retries wait a tenth as long as they do for people.
HASTE = {"repairs.apply.BACK_OFF_SECONDS": 0.005, "repairs.apply.AGAIN_SECONDS": 0.02}
TERMINATE = """
SELECT pg_terminate_backend(pid) FROM (
    SELECT pid FROM pg_stat_activity WHERE application_name = 'mendbook' AND datname = current_database()
    ORDER BY backend_start {which}) AS theirs
"""

SESSIONS = """
SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'mendbook' AND datname = current_database()
"""


@dataclass
class Scene:
    """Where a fault happens: a house, its server, the proxy in front of it, and the chance that chooses."""

    house: House
    server: Server
    children: Children
    proxy: Proxy
    chance: random.Random
    told: list[str] = field(default_factory=list)
    running: list[Child] = field(default_factory=list)

    def apply(self, failpoint: str = "", through_proxy: bool = False, patch: Mapping[str, Any] | None = None) -> Child:
        """Start applying the plan."""
        arguments = ("apply", self.house.plan, "--commit", "--json")
        url = self.tcp if through_proxy else self.house.url
        settings = {"SHOP_URL": url, "MENDBOOK_FAILPOINT": failpoint, "MENDBOOK_DEBUG": "1"}
        child = self.children.run(self.house.home, arguments, {**HASTE, **(patch or {})}, **settings)
        self.running.append(child)
        return child

    @property
    def tcp(self) -> str:
        straight = make_url(self.server.tcp_url(self.house.name))
        return straight.set(port=self.proxy.port).render_as_string(hide_password=False)

    def soon(self, least: float = 0.0, most: float = 0.6) -> None:
        time.sleep(self.chance.uniform(least, most))

    def must(self, holds: bool, what: str) -> None:
        if not holds:
            self.told.append(what)

    def stale(self, child: Child) -> bool:
        """It ended with 1 because rows had changed, as they may where an application writes them meanwhile."""
        return bool(self.house.theirs) and child.code == 1 and "\nstale: " in child.said

    def terminate(self, which: str = "") -> int:
        return len(self.house.execute(TERMINATE.format(which=which)))


Fault = Callable[[Scene], bool]


def _ended_well(scene: Scene, child: Child) -> None:
    """It was done, stopped where it should, was killed on purpose, or said in one sentence why not."""
    code = child.end()
    well = code in (0, -signal.SIGKILL) or (code == 2 and "Traceback" not in child.said) or scene.stale(child)
    scene.must(well, f"ended with {code}: {child.said}")


def killed_at_a_point(scene: Scene) -> bool:
    point = scene.chance.choice(POINTS)
    number = scene.chance.randint(1, 9 if point in ("changing", "locked") else 3)
    child = scene.apply(f"{point}:kill:{number}")
    return child.end() == -signal.SIGKILL


def raised_at_a_point(scene: Scene) -> bool:
    child = scene.apply(f"{scene.chance.choice(POINTS)}:raise:{scene.chance.randint(1, 3)}")
    return child.end() == 3  # as any defect would: told as one, with a traceback for those who ask


def killed_at_any_time(scene: Scene) -> bool:
    child = scene.apply()
    scene.soon(0.05, 0.6)
    child.signal(signal.SIGKILL)
    return child.end() == -signal.SIGKILL


def suspended_and_resumed(scene: Scene) -> bool:
    """Stopped inside a batch; another run is refused; then it goes on, and is stopped between batches."""
    child = scene.apply(f"{scene.chance.choice(POINTS)}:stop:{scene.chance.randint(1, 3)}")
    if child.wait() is not None:
        return False
    other = scene.apply()
    scene.must(other.end() == 2 and "Another repair" in other.said, f"another ran beside a suspended one: {other.said}")
    _go_on(child)
    _end_between_batches(scene, child)
    return True


def overtaken_while_suspended(scene: Scene) -> bool:
    """Stopped inside a batch and taken for dead: its sessions end, another run goes on, and then it wakes up."""
    child = scene.apply(f"{scene.chance.choice(POINTS)}:stop:{scene.chance.randint(1, 3)}")
    if child.wait() is not None:
        return False
    scene.terminate()
    other = scene.apply(f"committed:kill:{scene.chance.randint(1, 3)}")
    scene.soon(0.0, 0.4) if scene.chance.random() < 0.5 else other.end()
    _go_on(child)
    _ended_well(scene, other)
    _end_between_batches(scene, child)
    return True


def idle_for_too_long(scene: Scene) -> bool:
    """Stopped inside a batch for so long that the server ends its transaction; then it goes on."""
    point = scene.chance.choice(POINTS[:9])
    child = scene.apply(f"{point}:stop:{scene.chance.randint(1, 3)}", patch={"repairs.apply.IDLE_SECONDS": 1.2})
    if child.wait() is not None:
        return False
    until = time.monotonic() + 60
    while scene.house.execute(SESSIONS)[0][0] > 1 and time.monotonic() < until:  # the one that keeps others out may be idle
        time.sleep(0.05)
    _go_on(child)
    _end_between_batches(scene, child)
    return True


def _go_on(child: Child) -> None:
    child.children.ask({"go on": child.pid})


def _end_between_batches(scene: Scene, child: Child) -> None:
    scene.soon(0.05, 0.2)
    child.signal(signal.SIGINT)
    _ended_well(scene, child)


def interrupted(scene: Scene) -> bool:
    """Ctrl-C, or a polite end: after the batch under way. Asked twice, at once."""
    child = scene.apply()
    scene.soon(0.2, 0.5)
    number = scene.chance.choice((signal.SIGINT, signal.SIGTERM))
    child.signal(number)
    if scene.chance.random() < 0.3:
        scene.soon(0.0, 0.02)
        child.signal(number)
        child.end()
    else:
        code = child.end()
        early = code == STOPPED and "stopping after this batch" not in child.said  # asked before it had begun to listen
        scene.must(code in (0, -number) or early or scene.stale(child), f"interrupted, it ended with {code}: {child.said}")
    return True


def cut_off(scene: Scene) -> bool:
    """The connection is lost: before, in, and after COMMIT, or after any byte; up to more often than anybody tries again."""
    place = scene.chance.choice(PLACES)
    most = scene.chance.choice((1, 1, 1, 2, 3, 7))
    at = scene.chance.randint(20_000, 120_000) if place == BYTES else scene.chance.randint(1, 3)
    scene.proxy.cuts = cuts = Cuts(place, at, most)
    # nobody hears of a COMMIT whose answer was lost: so the run ends a little later, wherever that is
    child = scene.apply(f"committed:kill:{at + 1 if place != BYTES else 4}", through_proxy=True)
    _ended_well(scene, child)
    scene.proxy.cuts = None
    if place == AFTER and cuts.done:
        scene.must("Nothing was changed" not in child.said, f"it says that nothing was changed: {child.said}")
    return cuts.done > 0


def terminated(scene: Scene) -> bool:
    """An administrator ends its sessions: the one that works, the one that keeps others out, or both, once or again."""
    child = scene.apply("committed:kill:5")
    ended = 0
    for _ in range(scene.chance.randint(1, 3)):
        scene.soon(0.1, 0.3)
        ended += scene.terminate(scene.chance.choice(("", "LIMIT 1", "OFFSET 1")))
    _ended_well(scene, child)
    return ended > 0


def two_at_once(scene: Scene) -> bool:
    """The session that keeps others out is lost: a second run begins beside the first, and the ledger alone parts them."""
    first = scene.apply(f"committed:kill:{scene.chance.randint(3, 8)}")
    ended = False
    for _ in range(100):
        # the keeper's is the older of two sessions, and the other works already
        if scene.house.execute(SESSIONS)[0][0] == 2:
            ended = scene.terminate("LIMIT 1") > 0
            break
        time.sleep(0.005)
    second = scene.apply(f"committed:kill:{scene.chance.randint(2, 4)}")
    _ended_well(scene, second)
    _ended_well(scene, first)
    return ended


def crashed(scene: Scene) -> bool:
    """The server is killed in the middle, and started again."""
    child = scene.apply("committed:kill:9")
    scene.soon(0.2, 0.5)
    scene.server.crash()
    scene.server.restart()
    _ended_well(scene, child)
    return True


def four_at_once(scene: Scene) -> bool:
    """One wins; the others change nothing, and say why. (One that comes when the winner has ended goes on from there.)"""
    four = [scene.apply(f"committed:kill:{scene.chance.randint(1, 3)}") for _ in range(4)]
    refused = 0
    for child in four:
        code = child.end()
        refused += code == 2
        told = code == 2 and "Another repair" in child.said
        scene.must(code in (0, -signal.SIGKILL) or told or scene.stale(child), f"one of four ended with {code}: {child.said}")
    return refused > 0


def locked_out(scene: Scene) -> bool:
    """The application holds rows, then a whole table, for a while; what waits for too long is tried again, or ends well."""
    holder = psycopg2.connect(scene.house.url.replace("+psycopg2", ""))
    try:
        table = scene.chance.choice(("customer", "parcel", "auth_user"))
        with holder.cursor() as cursor:
            mode = scene.chance.choice(("ACCESS EXCLUSIVE", "ROW EXCLUSIVE", "SHARE"))
            cursor.execute(f"LOCK TABLE {table} IN {mode} MODE")
            cursor.execute("SELECT FROM customer ORDER BY random() LIMIT 20 FOR UPDATE")
        child = scene.apply("committed:kill:3")
        scene.soon(0.3, 1.2)
    finally:
        holder.close()
    _ended_well(scene, child)
    return True


#: How often each is made, of a hundred.
KINDS: dict[str, tuple[Fault, int]] = {
    "killed (-9) at a failpoint": (killed_at_a_point, 32),
    "killed (-9) at any time": (killed_at_any_time, 14),
    "an exception at a failpoint": (raised_at_a_point, 4),
    "connection cut around COMMIT": (cut_off, 16),
    "backend terminated": (terminated, 10),
    "suspended, then resumed": (suspended_and_resumed, 4),
    "overtaken while suspended": (overtaken_while_suspended, 4),
    "idle transaction timed out": (idle_for_too_long, 3),
    "interrupted (INT, TERM)": (interrupted, 3),
    "four applies at once": (four_at_once, 3),
    "two side by side, their lock lost": (two_at_once, 4),
    "the application holds locks": (locked_out, 2),
    "server crash and restart": (crashed, 1),
}


def finished(scene: Scene) -> None:
    """Nothing of a fault is left running."""
    for child in scene.running:
        if child.code is None:
            with contextlib.suppress(ProcessLookupError):
                child.signal(signal.SIGKILL)
            child.end()
    scene.running.clear()
    scene.proxy.cuts = None
