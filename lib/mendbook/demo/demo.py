"""The demo: four applications damaged by their own races, found, repaired, guarded, and raced when fixed.

Everything lives in outputs/demo: the databases (on a real PostgreSQL, or in SQLite's files), the applications' logs,
mendbook.toml and, beside it, a .env with the databases' URLs (local sockets, no password). It may be played again at any
time: the databases are made anew.
"""

from __future__ import annotations

import json
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mendbook.config import DEMO_CONFIG
from mendbook.demo.drill import prove
from mendbook.demo.guard import build
from mendbook.demo.home import (
    AUTHOR,
    PRACTICE,
    PRACTICE_OF,
    configure,
    copy_for_practice,
    fresh_database,
    key_of,
    make_keys,
    make_roles,
    open_place,
    set_checkpoints_aside,
)
from mendbook.demo.places import Place, place_of
from mendbook.demo.repair import Repairing, left_in_words
from mendbook.errors import OutputError
from mendbook.runs import run, write_index
from mendbook.workbook import Workbook

REGISTRATIONS, CONCURRENCY, SEED = 60, 8, 20261120
#: The people of the second traffic: others than those who are registered already.
NEXT_SEED = SEED + 1
#: How many systems are worked on at once.
SIDE_BY_SIDE = 2

Say = Callable[[str], None]


def play(outputs: Path, say: Say, repair: bool = True, sqlite: bool = False) -> dict[str, Any]:
    """Damage the four systems, audit and repair them, and race the fixed ones; what came of it, as JSON values.

    ``say`` hears of every step. With ``sqlite`` the databases are files, and no server is started. Without ``repair``
    they stay damaged, for whoever wants to repair them by hand.
    """
    import racelab

    started = time.monotonic()
    names, home = list(racelab.SYSTEMS), (outputs / DEMO_CONFIG).parent
    say(f"The demo lives in {home}.")
    make_keys(home)
    place = open_place(home, outputs, [*names, PRACTICE], sqlite)
    say(place.told)
    steps: dict[str, float] = {}

    def step(what: str, work: Callable[[str], Any]) -> list[Any]:
        begun = time.monotonic()
        results = _together(work, names)
        steps[what] = round(time.monotonic() - begun, 1)
        return results

    step("damage", lambda name: _damage(place, outputs, home, name, say))
    copy_for_practice(place, outputs)
    if place.roles:
        make_roles(home, place, outputs, [*names, PRACTICE])
        say(f"Roles: mendbook_audit looks and plans, mendbook_repair applies; their SQL stands in {home / 'roles'}.")
    config = configure(home, place)
    systems = step("audit", lambda name: _audit(name, config, outputs, say))
    if repair:
        repairs = step("repair", lambda name: _repair(name, config, outputs, say))
        races = step("fixed", lambda name: _race_fixed(place, home, name, config, outputs, say))
        systems = [
            {**audit, "repair": repaired, "fixed": fixed, "left": left_in_words(repaired, fixed["missing_constraint"])}
            for audit, repaired, fixed in zip(systems, repairs, races, strict=True)
        ]
    practice = _propose_practice(config, outputs, say)
    write_index(outputs)
    return {
        "systems": systems,
        "practice": practice,
        "config": str(config),
        "steps": steps,
        "seconds": round(time.monotonic() - started, 1),
        "next": f"All runs: {outputs / 'index.html'}\n"
        f"Your turn: a plan for the source {PRACTICE} waits for a reviewer: 'mendbook lab', notebook 04_review.\n"
        f"{place.stays}: 'mendbook audit attendance' audits again,\n"
        f"plans lie in {outputs / 'plans'}, and 'mendbook demo --clean' removes the demo.{_how_to_type()}",
    }


def _how_to_type() -> str:
    """Where 'mendbook' alone would not be found, as after `make demo`: what lets people type it."""
    activate = Path(sys.executable).with_name("activate")
    if shutil.which("mendbook") is not None or not activate.is_file():
        return ""
    return f"\nTo type mendbook as here: . {shlex.quote(str(activate))}"


def _together(work: Callable[[str], Any], names: Sequence[str]) -> list[Any]:
    """``work`` for each system, some side by side; the first failure ends it, and what has not begun is left out."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        futures = [pool.submit(work, name) for name in names]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def revive(outputs: Path) -> None:
    """Start the demo's server again where it was stopped (the machine was restarted, say), and write its new URLs."""
    home = (outputs / DEMO_CONFIG).parent
    place = place_of(home)
    if place:
        configure(home, place)


def clean(outputs: Path) -> None:
    """Remove outputs/demo, its server stopped where it has one; the runs and plans stay."""
    from racelab import SYSTEMS

    home = (outputs / DEMO_CONFIG).parent
    place = place_of(home)
    if place:
        place.end()
        for name in (*SYSTEMS, PRACTICE):
            set_checkpoints_aside(outputs, name)
    try:
        shutil.rmtree(home)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"{home} could not be removed: {error.strerror}.", "Close what uses it and try again.") from error


def _damage(place: Place, outputs: Path, home: Path, name: str, say: Say) -> None:
    """A fresh database for one system, its old damage, and traffic against the broken application."""
    import racelab

    owner = fresh_database(place, outputs, name)
    racelab.migrate(name, "broken", owner)
    for told in racelab.age(name, owner):
        say(told)
    shutil.rmtree(_logs(home, name), ignore_errors=True)
    _traffic(place, home, name, "broken", SEED, say)


def _logs(home: Path, name: str) -> Path:
    return home / "logs" / name


def _traffic(place: Place, home: Path, name: str, mode: str, seed: int, say: Say) -> dict[str, Any]:
    """People register at the application in ``mode``; how many requests there were, and how they were answered."""
    import racelab

    with racelab.running(name, mode, place.url(name), _logs(home, name)) as application:
        report = racelab.traffic(application.base_url, name, REGISTRATIONS, CONCURRENCY, seed)
    place.settle(name)
    statuses = ", ".join(f"{count} x {status}" for status, count in sorted(report.statuses.items()))
    say(f"{name}, {mode}: {len(report.registrations)} registrations at once by {CONCURRENCY}; answers: {statuses}.")
    return {"registrations": len(report.registrations), "statuses": {str(key): n for key, n in report.statuses.items()}}


def _audit(name: str, config: Path, outputs: Path, say: Say) -> dict[str, Any]:
    """The audit notebook over one system, run by papermill as the schedule would."""
    say(f"{name}: running the audit notebook ...")
    record = run("audit", name, {}, config, outputs)
    folder = Path(record.folder)
    result = folder / "result.json"
    if record.state != "finished" or not result.exists():
        why = record.error.message if record.error else "it wrote no result"
        raise OutputError(f"The audit of {name} {record.state}: {why}", f"Read {folder / 'report.html'}.")
    return {"system": name, "audit": json.loads(result.read_text()), "report": str(folder / "report.html")}


def _repair(name: str, config: Path, outputs: Path, say: Say) -> dict[str, Any]:
    book = Workbook.open(name, config, outputs)
    return Repairing(name, book, config.parent, say).run()


def _propose_practice(config: Path, outputs: Path, say: Say) -> dict[str, Any]:
    """A plan for the copy that was made before the repairs: it is left for the demo's visitor to review."""
    made = Workbook.open(PRACTICE, config, outputs).plan(AUTHOR, key_of(config.parent, AUTHOR))
    say(f"{PRACTICE}, a copy of {PRACTICE_OF} from before its repair: plan {made['plan']} waits for your review.")
    return {"source": PRACTICE, "of": PRACTICE_OF, "plan": made["plan"], "cases": made["cases"]}


def _race_fixed(place: Place, home: Path, name: str, config: Path, outputs: Path, say: Say) -> dict[str, Any]:
    """The fix's migrations, whose constraints build only where the damage is gone, and what guard prints besides; then traffic
    like the first one's."""
    import racelab

    racelab.migrate(name, "fixed", place.url(name))
    say(f"{name}: the fix's own constraints could be built.")
    book = Workbook.open(name, config, outputs)
    guarded = build(place, book, say)
    before = _findings(book)
    lacking = sum(kind == "missing_constraint" for kind, *_ in before)
    traffic = _traffic(place, home, name, "fixed", NEXT_SEED, say)
    after = _findings(book)
    new = sorted(after - before)
    say(f"{name}: {len(new)} new findings after that.")
    told = {"before": len(before), "after": len(after), "missing_constraint": lacking, "guard": guarded}
    with racelab.running(name, "fixed", place.url(name), _logs(home, name)) as application:
        drilled = prove(book, application.base_url, say)
    return {**traffic, **told, "new_findings": [list(finding) for finding in new], "drill": drilled}


def _findings(book: Workbook) -> set[tuple[str, str, str, str]]:
    """Every damaged row of an audit of now, by kind, profile, table and key."""
    import pyarrow.parquet as parquet

    columns = ["kind", "profile", "table", "row_key"]
    _, result = book.take_audit()
    rows = parquet.read_table(result["findings"], columns=columns).to_pylist()
    return {(row["kind"], row["profile"] or "", row["table"], row["row_key"] or "") for row in rows}
