"""A drill from start to end: people are sent to a running application, their rows are looked at, and a verdict is told.

What will be done is a value (``Drill``) before anything is sent. It changes no row itself, other than through the application;
what it left is removed by a plan (damage/drilled.py).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mendbook.audits.results import RESULT
from mendbook.database import Database
from mendbook.drills import records as drill_records
from mendbook.drills import result as drill_result
from mendbook.drills.accounts import Aftermath, look
from mendbook.drills.browser import secret
from mendbook.drills.people import Journey, counted, names, new_mark, plan
from mendbook.drills.target import Target, target
from mendbook.drills.traffic import Bounds, Traffic, send
from mendbook.drills.verdict import fingerprint, verdict
from mendbook.errors import MendbookError
from mendbook.files.publish import publish
from mendbook.files.records import create_run_folder
from mendbook.files.workplace import RUN_FOLDER
from mendbook.settings.drill import DrillForm

_MOST_WARNINGS = 20


@dataclass(frozen=True)
class Drill:
    """What will be done: who comes to where, and how. Nothing is sent until ``run``."""

    target: Target
    form: DrillForm
    bounds: Bounds
    seed: int
    mark: str
    journeys: tuple[Journey, ...]

    @property
    def requests(self) -> int:
        """How many requests it takes at most."""
        return self.bounds.check(self.form)

    @property
    def behaviours(self) -> dict[str, int]:
        return counted(self.journeys)

    def words(self) -> list[str]:
        """What will be done, in sentences, for whoever may still stop it."""
        bounds, how = self.bounds, self.behaviours
        here = "this machine" if self.target.loopback else f"{self.target.address}, which mendbook.toml says is yours"
        come = (
            f"{bounds.people:,} made-up people register at {self.target.base}{self.form.path} ({here}): "
            f"{how['double_click']:,} by a double click, {how['spelling']:,} in two spellings at once, "
            f"{how['again']:,} a second time, {how['once']:,} once."
        )
        return [
            come,
            f"At most {self.requests:,} requests, {bounds.concurrency:,} people at a time, within {bounds.seconds:g} seconds.",
            f"They are called {names(self.form.people, self.mark, 1)[1][0]} and so on: this drill's mark is {self.mark}.",
        ]


def prepare(url: str, form: DrillForm, owned: Sequence[str] | frozenset[str], bounds: Bounds, seed: int) -> Drill:
    """Everything that can be refused before anything is sent. Raises ConfigError, Refused, ConnectionFailed."""
    bounds.check(form)
    for step in (form, *form.before, *form.after):
        for variable in step.headers_env.values():
            secret(variable)
    aimed = target(url, owned)
    mark = new_mark()
    return Drill(aimed, form, bounds, seed, mark, tuple(plan(form, mark, bounds.people, seed)))


def run(drill: Drill, outputs: Path, source: str | None, database: Database | None) -> tuple[Path, dict[str, Any]]:
    """Send everybody, look at what they left, and tell: the run's folder, and the result as JSON values.

    However it ends, what was sent is in the folder. Raises OutputError, and what looking at the database raises.
    """
    form, started = drill.form, datetime.now(UTC)
    given = os.environ.get(RUN_FOLDER)
    folder = Path(given) if given else create_run_folder(outputs, "drill", source or "unnamed")
    people = form.people
    record = drill_records.Record(
        drill.mark, source, drill.target.base, len(drill.journeys), people.username, people.email, _text(started)
    )
    drill_records.keep(record, outputs)
    base: dict[str, Any] = {
        "step": "drill",
        "plan": None,
        "source": source,
        "mark": drill.mark,
        "base_url": drill.target.base,
        "address": drill.target.address,
        "started_at": _text(started),
        "seed": drill.seed,
        "bounds": asdict(drill.bounds),
        "behaviours": drill.behaviours,
    }

    def told(traffic: Traffic) -> None:
        _write(folder, drill, base, traffic, None, ["It was interrupted, and nobody looked at the rows."])

    traffic = send(drill.target, form, drill.mark, drill.journeys, drill.bounds, told)
    left, problems = _look(database, record)
    return folder, _write(folder, drill, base, traffic, left, problems)


def _look(database: Database | None, record: drill_records.Record) -> tuple[Aftermath | None, list[str]]:
    """What the database holds of these people. That it cannot be looked at costs nothing of what the answers told."""
    if database is None:
        return None, []
    try:
        return look(database, *record.names), []
    except MendbookError as error:
        return None, [f"The rows could not be looked at: {error.message} {error.hint}"]


def _write(
    folder: Path,
    drill: Drill,
    base: Mapping[str, Any],
    traffic: Traffic,
    left: Aftermath | None,
    problems: Sequence[str],
) -> dict[str, Any]:
    if traffic.tokenless:
        problems = [*problems, f"{traffic.tokenless:,} pages held no token where the description's csrf looks for one."]
    problems = [*problems, *(f"{count:,} x no answer: {why.rstrip('.')}." for why, count in traffic.failures.items())][
        :_MOST_WARNINGS
    ]
    marks = fingerprint(drill.form, drill.journeys, traffic.exchanges, left)
    said = verdict(marks, left, traffic.complete, len(drill.journeys))
    result = {
        **base,
        "seconds": traffic.seconds,
        "complete": traffic.complete,
        **drill_result.answers(drill.form, traffic.exchanges),
        "fingerprint": marks,
        "accounts": None if left is None else sum(map(len, left.accounts.values())),
        "counts": None if left is None else left.counts,
        "constraints": None if left is None else left.weak,
        "left_out": [] if left is None else left.left_out,
        "warnings": list(problems),
        "state": said["state"],
        "verdict": said["sentence"],
        "reasons": said["reasons"],
    }
    drill_result.write_requests(folder, drill.form, drill.journeys, traffic.exchanges)
    result["sections"] = drill_result.sections(result)
    publish(folder / RESULT, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return result


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
