"""The schedule of mendbook.toml as other schedulers read it: cron lines, systemd units, Kubernetes manifests, an Airflow DAG.

Texts alone: nothing is written, installed or asked of any of them. No text holds a secret, only the names of the environment
variables that do.
"""

from __future__ import annotations

import json
import math
import re
import shlex
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mendbook.config import Settings, url_variable
from mendbook.errors import ConfigError, known
from mendbook.schedule_settings import EVERY, Job

_TEMPLATES = Path(__file__).parent / "templates" / "schedule"
#: What each scheduler is given, by default and (after the bar) instead of it.
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
class Place:
    """Where the schedule will run, and how it is called there. Paths are absolute.

    folder       the current folder of its runs: what a relative notebook is looked for in
    environment  a file of NAME=VALUE lines that only its owner reads, with the URLs
    """

    python: str
    user: str
    folder: Path
    outputs: Path
    environment: Path
    name: str = "mendbook"
    image: str = "mendbook:latest"
    kernel: str = "mendbook"
    grace: int = 60


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
    values = _values(settings, place)
    parts = {part: _templates().get_template(_FILES[part]).render(values) for part in chosen}
    steps: dict[str, Callable[[Settings, Place], list[str]]] = {
        "cron": _cron_steps, "systemd": _systemd_steps, "kubernetes": _kubernetes_steps, "airflow": _airflow_steps,
    }  # fmt: skip
    return Units(parts, steps[target](settings, place), _warnings(target, settings, place))


def _refuse_unwritable(target: str, settings: Settings, place: Place) -> None:
    """A path that a file of ``target`` cannot hold, whatever its quoting: a line break, or for Airflow a template's brackets."""
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


def variables(settings: Settings) -> list[str]:
    """The environment variables that the schedule reads; those of the repairing roles only where a job applies."""
    schedule, named = settings.schedule, {}
    for job in schedule.jobs.values():
        for source in sources_of(settings, job):
            named[url_variable(settings.sources[source])] = None
            if job.applies:
                named[url_variable(settings.sources[source], "repair")] = None
    also = (schedule.history_url_env, schedule.dead_man_url_env, *settings.alerts.url_envs)
    return list(dict.fromkeys([*named, *(name for name in also if name)]))


def sources_of(settings: Settings, job: Job) -> list[str]:
    """The sources that ``job`` is for, one after the other."""
    return [*settings.sources] if job.source == EVERY else [job.source] if isinstance(job.source, str) else job.source


def _values(settings: Settings, place: Place) -> dict[str, Any]:
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
        "dags": _dags(settings, place),
    }


def _dags(settings: Settings, place: Place) -> list[dict[str, Any]]:
    """What an Airflow DAG needs to know of each job; an apply is not among them."""
    from mendbook.notebook_files import find_notebook, short_name

    made = []
    for job in settings.schedule.jobs.values():
        if job.applies:
            continue
        path = find_notebook(job.notebook)
        given = {"config": str(settings.path), "outputs": str(place.outputs), **job.parameters}
        made.append(
            {
                "dag_id": f"{place.name}-{job.name}",
                "notebook": str(path),
                "short": short_name(path),
                "cron": job.cron,
                "zone": job.zone or settings.schedule.zone,
                "retries": job.retries,
                "timeout": job.timeout,
                "parameters": given,
                "sources": sources_of(settings, job),
            }
        )
    return made


def _cron_steps(settings: Settings, place: Place) -> list[str]:
    return [
        "Add these lines with 'crontab -e', as the user who owns the outputs. They print nothing unless something ran or went",
        "wrong; cron mails that to MAILTO.",
        *_secrets_step(settings, place),
        "Then: mendbook schedule show",
    ]


def _systemd_steps(settings: Settings, place: Place) -> list[str]:
    again = "mendbook schedule install systemd" + _again(settings, place)
    folder = "/etc/systemd/system"
    return [
        f"{again} --only service | sudo tee {folder}/{place.name}.service",
        f"{again} --only timer | sudo tee {folder}/{place.name}.timer",
        *_secrets_step(settings, place),
        f"sudo systemctl daemon-reload && sudo systemctl enable --now {place.name}.timer",
        f"systemctl list-timers {place.name}.timer; journalctl -u {place.name}.service",
        f"Or one process for good, in place of both: --only serve, as {folder}/{place.name}-serve.service.",
    ]


def _kubernetes_steps(settings: Settings, place: Place) -> list[str]:
    beside = [file for file in (settings.review.allowed_signers, settings.review.revoked) if file]
    files = "".join(f" --from-file={shlex.quote(file)}" for file in beside if (settings.path.parent / file).exists())
    return [
        f"kubectl create configmap {place.name}-config --from-file=mendbook.toml={shlex.quote(str(settings.path))}{files}",
        f"kubectl create secret generic {place.name}-urls --from-env-file={shlex.quote(str(place.environment))}",
        f"mendbook schedule install kubernetes{_again(settings, place)} --image {shlex.quote(place.image)} | kubectl apply -f -",
        f"The secret holds {', '.join(variables(settings))}.",
        "Or one process for good, in place of the CronJob: --only volume, then --only deployment.",
    ]


def _airflow_steps(settings: Settings, place: Place) -> list[str]:
    del settings
    return [
        f"Save this as {place.name}.py in Airflow's folder of DAGs, on workers that see the same paths.",
        "Its notebooks run in mendbook's own environment (the two need different SQLAlchemys), as a kernel that Airflow knows:",
        f"{place.python} -m ipykernel install --user --name {place.kernel}",
        "The workers' environment, or .env beside mendbook.toml, holds the URLs.",
    ]


def _secrets_step(settings: Settings, place: Place) -> list[str]:
    file = shlex.quote(str(place.environment))
    return [f"{file} sets {', '.join(variables(settings))}, one NAME=VALUE a line without quotes: chmod 600 {file}"]


def _again(settings: Settings, place: Place) -> str:
    name = "" if place.name == "mendbook" else f" --name {place.name}"
    return f" --config {shlex.quote(str(settings.path))} --outputs {shlex.quote(str(place.outputs))}{name}"


def _warnings(target: str, settings: Settings, place: Place) -> list[str]:
    found = []
    jobs = settings.schedule.jobs.values()
    if target == "systemd" and not place.outputs.is_dir():
        found.append(f"There is no {place.outputs} yet, and the service may make none: mkdir it.")
    if target in ("cron", "systemd") and not place.environment.exists():
        found.append(f"There is no {place.environment} yet.")
    elif target in ("cron", "systemd") and place.environment.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        found.append(f"Others than its owner can read {place.environment}: chmod 600 {shlex.quote(str(place.environment))}")
    if target == "kubernetes" and settings.schedule.history_url_env is None:
        found.append("The run history is a SQLite file on the volume, which no network file system holds: set history_url_env.")
    if target == "kubernetes" and any(source.logs for source in settings.sources.values()):
        found.append("Logs that mendbook.toml names are not in the container: mount them where it says.")
    applying = [job.name for job in jobs if job.applies]
    if target == "airflow" and applying:
        found.append(f"Left out: {', '.join(applying)}. Which plans an apply may take is found out by 'mendbook tick' alone.")
    return found


def _templates() -> Environment:
    # nothing is escaped by default: each file has a quoting of its own, and a template says which
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    made.filters |= {"cron": cron_words, "unit": unit_words, "unit_path": unit_path, "unit_value": unit_value, "yaml": _json, "python": repr}
    return made


def cron_words(words: list[str]) -> str:
    """A command for a line of crontab: quoted for the shell, and % for cron, which would end the command there."""
    return shlex.join(words).replace("%", r"\%")


def unit_words(words: list[str]) -> str:
    """A command for ExecStart=: each word quoted where it needs it, specifiers and variables left as they are written."""
    return " ".join(_unit_word(word).replace("$", "$$") for word in words)


def _unit_word(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return escaped if re.fullmatch(r"[\w@%+=:,./$-]+", word) else f'"{escaped}"'


def unit_path(path: object) -> str:
    """A path in a list of paths, where $ means nothing."""
    return _unit_word(str(path))


def unit_value(text: object) -> str:
    """A path for a line of a unit that is not a command."""
    return str(text).replace("%", "%%")


def _json(value: Any) -> str:
    """A text, number or list as YAML reads it: JSON is YAML."""
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
