"""The schedule of mendbook.toml as other schedulers read it: cron lines, systemd units, Kubernetes manifests, an Airflow DAG.

Texts alone: nothing is written, installed or asked of any of them. No text holds a secret, only the names of the environment
variables that do.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim

from mendbook.config import Settings
from mendbook.errors import ConfigError, known
from mendbook.execution.notebook_files import find_notebook, read_notebook, seen_from, short_name
from mendbook.execution.parameters import declared, typed
from mendbook.scheduling.jobs import tasks
from mendbook.scheduling.unit_quoting import templates
from mendbook.scheduling.unit_steps import Place, steps, variables, warnings
from mendbook.settings.schedule import Job

#: What each scheduler is given, part by part; those of _INSTEAD take the place of the others.
PARTS = {
    "cron": ("lines",),
    "systemd": ("service", "timer", "serve"),
    "kubernetes": ("volume", "cronjob", "deployment"),
    "airflow": ("dag",),
}
_INSTEAD = ("serve", "deployment")
_FILES = {
    "lines": "cron.j2",
    "service": "systemd.service.j2",
    "timer": "systemd.timer.j2",
    "serve": "systemd-serve.service.j2",
    "volume": "kubernetes-volume.yaml.j2",
    "cronjob": "kubernetes-cronjob.yaml.j2",
    "deployment": "kubernetes-deployment.yaml.j2",
    "dag": "airflow.py.j2",
}


@dataclass(frozen=True, slots=True)
class Units:
    """What to install: text by part, what to do with it line by line, and what would keep it from working."""

    parts: dict[str, str]
    steps: list[str]
    warnings: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.parts.values())


def units(target: str, settings: Settings, place: Place, only: str | None = None) -> Units:
    """The texts for ``target``, or the one called ``only``. Raises ConfigError where it is unknown or no job is scheduled."""
    if target not in PARTS:
        raise ConfigError(f"mendbook writes nothing for {target!r}.", known(target, PARTS, "scheduler"))
    if only is not None and only not in PARTS[target]:
        raise ConfigError(f"{target} has no part {only!r}.", known(only, PARTS[target], "part"))
    if not settings.schedule.jobs:
        raise ConfigError(f"{settings.path} schedules nothing.", "Add a [schedule.jobs.NAME]; docs/schedule.md shows one.")
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?", place.name):
        raise ConfigError(f"Units cannot be called {place.name!r}.", "Use small letters, digits and '-': --name mendbook-shop")
    _refuse_unwritable(target, settings, place)
    chosen = [only] if only else [part for part in PARTS[target] if part not in _INSTEAD]
    values = _values(target, settings, place)
    parts = {part: templates().get_template(_FILES[part]).render(values) for part in chosen}
    return Units(parts, steps(target, settings, place), warnings(target, settings, place))


def _refuse_unwritable(target: str, settings: Settings, place: Place) -> None:
    """A path that a file of ``target`` cannot hold, however it is quoted: a line break, or Airflow's own brackets."""
    paths = [place.python, place.folder, place.outputs, place.environment, settings.path, place.image]
    for path in map(str, paths):
        if not path.isprintable() or (target == "airflow" and re.search(r"[{}]", path)):
            raise ConfigError(f"{path!r} cannot be written into a file of {target}.", "Choose a path of plain letters.")


def step_minutes(settings: Settings, now: datetime | None = None, local: bool = False) -> int:
    """How many minutes may lie between two ticks so that each job still begins in its own minute: a divisor of 60.

    Jobs count minutes in their zone and the scheduler in UTC, or with ``local`` in the machine's: zones that are off by
    half an hour or a quarter make it finer.
    """
    step, around = 60, now or datetime.now().astimezone()
    # half a year on, the other half of daylight saving holds
    moments = (around, around + timedelta(days=182))
    for job in settings.schedule.jobs.values():
        step = math.gcd(step, *CronSim(job.cron, around.replace(tzinfo=None)).minutes)
        zone = ZoneInfo(job.zone or settings.schedule.zone)
        step = math.gcd(step, *(_offset(moment, zone) for moment in moments))
    return math.gcd(step, *(_offset(moment, None) for moment in moments)) if local else step


def _offset(moment: datetime, zone: ZoneInfo | None) -> int:
    """Minutes between ``zone`` (the machine's where it is None) and UTC, less whole hours."""
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    return int(offset.total_seconds() // 60) % 60


def _values(target: str, settings: Settings, place: Place) -> dict[str, Any]:
    options = ["--config", str(settings.path), "--outputs", str(place.outputs)]
    within = ["--config", "/etc/mendbook/mendbook.toml", "--outputs", "/var/lib/mendbook/outputs"]
    return {
        "place": place,
        "settings": settings,
        "command": [place.python, "-m", "mendbook"],
        "options": options,
        "within": within,
        "minutes": step_minutes(settings),
        "local_minutes": step_minutes(settings, local=True),
        "variables": variables(settings),
        "own_environment": place.environment != settings.path.parent / ".env",
        "memory": 512 + 768 * settings.schedule.at_once,
        "dags": _dags(settings, place) if target == "airflow" else [],
    }


def _dags(settings: Settings, place: Place) -> list[dict[str, Any]]:
    """What an Airflow DAG needs to know of each job; an apply is not among them."""
    made, every = [], tasks(settings)
    for job in settings.schedule.jobs.values():
        if job.applies:
            continue
        path = find_notebook(seen_from(settings.path.parent, job.notebook))
        made.append(
            {
                "dag_id": f"{place.name}-{job.name}",
                "notebook": str(path),
                "short": short_name(path),
                "cron": job.cron,
                "zone": job.zone or settings.schedule.zone,
                "retries": job.retries,
                "timeout": job.timeout,
                "parameters": _parameters(job, path, settings, place),
                "sources": [task.source for task in every if task.job == job],
            }
        )
    return made


def _parameters(job: Job, path: Path, settings: Settings, place: Place) -> dict[str, Any]:
    """What the notebook is given but its source, checked against its parameters cell as a run checks it."""
    import nbformat

    names = declared(nbformat.reads(read_notebook(path).decode("utf-8"), as_version=4))
    given = {"config": str(settings.path), "outputs": str(place.outputs)}
    own = typed(job.parameters, names, path.stem)
    if re.search(r"\{[{%#]", json.dumps(own, default=str)):
        raise ConfigError(
            f"schedule.jobs.{job.name}: Airflow would read {{{{ in a parameter as a template.",
            "Write the parameter without it.",
        )
    return {**{name: value for name, value in given.items() if name in names}, **own}
