"""[schedule] and [alerts] of mendbook.toml: what runs when, how long runs are kept, and who is told of what.

Values only. When a job is due is found out in scheduling/jobs.py; nothing here runs or sends anything.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, PlainValidator, model_validator

from mendbook.errors import ConfigError, known
from mendbook.settings.types import EnvironmentName, Name, PlainName, Strict, ZoneName, plain_name

#: A job's source, where it is for all of them.
EVERY = "*"
#: What a scheduled apply may take: every plan that is approved, or those that are named.
APPROVED = "approved"

#: What alerts can be about.
Topic = Literal[
    "new_damage", "incident_after_fix", "run_failed", "run_missed", "plan_waiting", "plan_expiring", "ledger_broken"
]
TOPICS: tuple[Topic, ...] = (
    "new_damage",
    "incident_after_fix",
    "run_failed",
    "run_missed",
    "plan_waiting",
    "plan_expiring",
    "ledger_broken",
)


def _cron(value: str) -> str:
    if len(value.split()) != 5:
        raise ValueError(f"{value!r} is not a cron expression of five fields, minute hour day month weekday, as '30 2 * * *'")
    try:
        next(CronSim(value, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValueError(
            f"{value!r} is not a cron expression ({error or 'no day fits it'}); "
            "write minute hour day month weekday, as '30 2 * * *'"
        ) from None
    return value


def _window(value: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", value) or value[:5] == value[6:]:
        raise ValueError(f"a window reads like '22:00-05:00', from when until when in the job's zone, not {value!r}")
    return value


def _sources(value: Any) -> str | list[str]:
    if value == EVERY:
        return EVERY
    if isinstance(value, str):
        return plain_name(value)
    if isinstance(value, list) and value and all(isinstance(name, str) for name in value):
        return [plain_name(name) for name in value]
    raise ValueError(f'name a source, a list of at least one, or "*" for all of them, not {value!r}')


def _plans(value: Any) -> str | list[str] | None:
    if value is None or value == APPROVED:
        return value  # type: ignore[no-any-return]
    if isinstance(value, list) and value and all(isinstance(name, str) and name.strip() for name in value):
        return list(value)
    raise ValueError(f'write "{APPROVED}" for each plan that is approved, or a list of plan ids, not {value!r}')


class Job(Strict):
    """One line of the schedule: a notebook, over one source, some or all ("*"), whenever ``cron`` says.

    cron        minute hour day month weekday, in ``zone``
    timeout     seconds for one run as a whole
    retries     how often an audit or the like is tried again after it failed; an apply never is
    window      of an apply: the hours, in ``zone``, in which it may begin, "22:00-05:00"
    plans       of an apply: the ids of plans, or "approved" for each that is approved and has not expired
    """

    name: PlainName
    notebook: Name
    source: Annotated[str | list[str], PlainValidator(_sources)]
    cron: Annotated[str, AfterValidator(_cron)]
    zone: ZoneName | None = None
    parameters: dict[Name, Any] = {}
    timeout: Annotated[float, Field(gt=0, le=86_400)] = 3_600.0
    retries: Annotated[int, Field(ge=0, le=10)] = 0
    window: Annotated[str, AfterValidator(_window)] | None = None
    plans: Annotated[str | list[str] | None, PlainValidator(_plans)] = None

    @property
    def sources(self) -> list[str]:
        """The names in ``source``; "*" stands for all."""
        return [self.source] if isinstance(self.source, str) else self.source

    @property
    def applies(self) -> bool:
        """Whether it changes rows."""
        return bool(re.fullmatch(r"(\d+_)?apply", PurePath(self.notebook).name.removesuffix(".ipynb")))

    @model_validator(mode="after")
    def _only_apply_has_plans(self) -> Job:
        if self.applies and self.plans is None:
            raise ValueError('an apply says which plans it may take: plans = "approved", or a list of their ids')
        if self.applies and self.retries:
            raise ValueError("an apply is never tried again by itself; remove retries")
        if self.applies and {"plan", "commit"} & {*self.parameters}:
            raise ValueError("an apply chooses its plans by 'plans'; remove plan and commit from its parameters")
        if not self.applies and (self.plans is not None or self.window is not None):
            raise ValueError("only an apply has plans and a window")
        return self


class Schedule(Strict):
    """What runs when, and how long runs are kept.

    history_url_env  the environment variable with the URL of a PostgreSQL that keeps the run history, where several machines
                     share one; without it, outputs/history.sqlite
    zone             of jobs that name none
    at_once          how many runs of this machine may go on at the same time
    keep_runs        how many runs of each job and source are kept, and keep_days, for how long; plans and receipts always
    dead_man_url_env the environment variable with a URL that is asked for after every tick: whoever watches it notices silence
    page             where outputs/index.html can be read by those who are alerted
    """

    history_url_env: EnvironmentName | None = None
    zone: ZoneName = "UTC"
    at_once: Annotated[int, Field(ge=1, le=64)] = 2
    keep_runs: Annotated[int, Field(ge=1)] = 500
    keep_days: Annotated[int, Field(ge=1)] = 90
    dead_man_url_env: EnvironmentName | None = None
    page: Name | None = None
    jobs: dict[PlainName, Job] = {}


class Alerts(Strict):
    """Who is told of what.

    url_envs        environment variables that hold apprise URLs (several in one are parted by white space)
    about           what they are told of
    expiring_hours  how long before its end an approved plan that was not applied is told of
    remind_days     after how many days an alert that still holds is told again; None: never
    """

    url_envs: list[EnvironmentName] = []
    about: list[Topic] = [*TOPICS]
    expiring_hours: Annotated[int, Field(ge=1)] = 24
    remind_days: Annotated[int, Field(ge=1)] | None = None


def check_sources(schedule: Schedule, sources: Collection[str], file: Path) -> None:
    """ConfigError where a job names a source that is none of ``sources``, those of ``file``."""
    for job in schedule.jobs.values():
        for name in job.sources:
            if name not in sources and name != EVERY:
                raise ConfigError(
                    f"{file}: schedule.jobs.{job.name}.source: there is no source {name!r}.",
                    known(name, sources, "source") + " docs/schedule.md explains each line.",
                )
