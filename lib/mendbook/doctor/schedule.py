"""What doctor says of the schedule as far as it is about one source: the run history, times that nobody took, alerts.

It reads the run history and makes none; it sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from mendbook.alerts.sending import sinks
from mendbook.config import Settings, Source, value_of
from mendbook.dialects import dialect_of
from mendbook.dialects.health import Check
from mendbook.errors import ConfigError, MendbookError
from mendbook.scheduling.history_glance import FILE, glance
from mendbook.scheduling.jobs import tasks
from mendbook.scheduling.view import not_found, overview

#: A tick a minute takes what is due; after so long, none has come.
PATIENCE = timedelta(minutes=5)


def schedule(source: Source, settings: Settings, outputs: Path, now: datetime) -> Iterator[Check]:
    """Whether what is scheduled for ``source`` can run, and does."""
    own = [task for task in tasks(settings) if task.source == source.name]
    if not own:
        yield Check("schedule", "ok", f"nothing is scheduled for {source.name}; docs/schedule.md shows how")
        return
    for words in not_found(settings):
        yield Check("schedule", "failed", words, "Name a notebook that is there; docs/schedule.md explains each line.")
    variable = settings.schedule.history_url_env
    if variable is None and not (outputs / FILE).exists():
        hint = "Something has to call 'mendbook tick' every minute: 'mendbook schedule install cron' prints the line."
        yield Check("schedule", "warning", f"{len(own)} job(s) are scheduled, and no tick has seen them yet", hint)
        return
    seen = glance(settings, outputs, own, now - PATIENCE, "")
    if seen is None:
        yield _unreachable(settings, outputs, variable)
        return
    for task in seen.waiting:
        told = f"a time of {task.job.name} passed without a run"
        hint = "Is 'mendbook tick' called every minute, or 'mendbook serve' running? 'mendbook schedule show' tells more."
        yield Check("schedule", "warning", told, hint)
    yield from _taken(source, settings, outputs, now)


def _unreachable(settings: Settings, outputs: Path, variable: str | None) -> Check:
    """Why the run history cannot be read."""
    if variable is None:
        told = f"the run history {outputs / FILE} cannot be read"
        return Check("schedule", "failed", told, "Check its rights, and that the disk is sound; no job runs without it.")
    try:
        value = value_of(variable, settings.path)
        if not value:
            raise ConfigError(
                f"the environment variable {variable} is not set.",
                f"export {variable}='postgresql://USER:PASSWORD@HOST/DATABASE'",
            )
        dialect, url = dialect_of(value, variable)
        try:
            with sa.create_engine(url, poolclass=NullPool, **dialect.engine_options(url, writing=False)).connect():
                hint = "No tick has seen the jobs yet: 'mendbook schedule install cron' prints the line that calls it."
                return Check("schedule", "warning", "the run history can be reached, and nothing stands in it yet", hint)
        except sa.exc.SQLAlchemyError as error:
            raise dialect.explain(error, url) from None
    except MendbookError as error:
        return Check("schedule", "failed", f"the run history cannot be reached: {error.message}", error.hint)


def _taken(source: Source, settings: Settings, outputs: Path, now: datetime) -> Iterator[Check]:
    rows = [row for row in overview(settings, outputs, now) if row["source"] == source.name]
    for row in rows:
        if row["missed"]:
            hint = "The machine was off, or nothing called 'mendbook tick'; 'mendbook schedule show' tells more."
            yield Check("schedule", "warning", f"{row['missed']} time(s) of {row['job']} were missed since its last run", hint)
    following = min((row["next"] for row in rows if row["next"]), default=None)
    at = f"the next at {following[:16].replace('T', ' ')} UTC" if following else "none of them ever again"
    yield Check("schedule", "ok", f"the run history can be read; {len(rows)} job(s), {at}")


def alerts(settings: Settings) -> Iterator[Check]:
    """Whether those who are to be told of something can be."""
    try:
        found = sinks(settings)
    except ConfigError as error:
        yield Check("alerts", "failed", error.message, error.hint)
        return
    if found:
        hint = "'mendbook alerts test' sends each of them a message."
        yield Check("alerts", "ok", f"{len(found)} address(es) are told of what happens", hint)
    elif settings.schedule.jobs:
        hint = "[alerts] url_envs in mendbook.toml names who is told; docs/schedule.md."
        yield Check("alerts", "ok", "nobody is told when a job fails or finds something", hint)
