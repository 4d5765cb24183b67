"""What to do with the units that units.py writes, and what would keep them from working, in words.

It does none of it: it looks at the files beside mendbook.toml and names environment variables, never what they hold.
"""

from __future__ import annotations

import shlex
import stat
from dataclasses import dataclass
from pathlib import Path

from mendbook.config import Settings, url_variable
from mendbook.scheduling.jobs import tasks


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


def variables(settings: Settings) -> list[str]:
    """The environment variables that the schedule reads; those of the repairing roles only where a job applies."""
    schedule, named = settings.schedule, []
    for task in tasks(settings):
        roles = ("audit", "repair") if task.job.applies else ("audit",)
        named += [url_variable(settings.sources[task.source], role) for role in roles]
    also = (schedule.history_url_env, schedule.dead_man_url_env, *settings.alerts.url_envs)
    return list(dict.fromkeys([*named, *(name for name in also if name)]))


def steps(target: str, settings: Settings, place: Place) -> list[str]:
    """What to type, or to see to, line by line."""
    every = {"cron": _cron_steps, "systemd": _systemd_steps, "kubernetes": _kubernetes_steps, "airflow": _airflow_steps}
    return every[target](settings, place)


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
    again = "mendbook schedule install kubernetes" + _again(settings, place)
    beside = [file for file in (settings.review.allowed_signers, settings.review.revoked) if file]
    files = "".join(f" --from-file={shlex.quote(file)}" for file in beside if (settings.path.parent / file).exists())
    return [
        f"kubectl create configmap {place.name}-config --from-file=mendbook.toml={shlex.quote(str(settings.path))}{files}",
        f"kubectl create secret generic {place.name}-urls --from-env-file={shlex.quote(str(place.environment))}",
        f"{again} --image {shlex.quote(place.image)} | kubectl apply -f -",
        f"The secret holds {', '.join(variables(settings))}; kubectl takes quotes in that file for part of a value.",
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
    return [f"{file} sets {', '.join(variables(settings))}, one NAME=VALUE a line: chmod 600 {file}"]


def _again(settings: Settings, place: Place) -> str:
    name = "" if place.name == "mendbook" else f" --name {place.name}"
    return f" --config {shlex.quote(str(settings.path))} --outputs {shlex.quote(str(place.outputs))}{name}"


def warnings(target: str, settings: Settings, place: Place) -> list[str]:
    """What is not as it must be, or is left out."""
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
