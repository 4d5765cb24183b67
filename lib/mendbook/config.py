"""mendbook.toml -> settings: what to look after and how, checked before any database is touched.

A URL never stands in the file: ``url_env`` names the environment variable that holds it. Where that variable is not set, a
file ``.env`` beside mendbook.toml may set it (the environment wins). Reading settings opens no connection.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from mendbook.errors import ConfigError, known
from mendbook.settings.drill import DrillForm, Drills
from mendbook.settings.explained import explain, unknown
from mendbook.settings.schedule import Alerts, Job, Schedule, check_sources
from mendbook.settings.types import EnvironmentName, Name, PlainName, Strict, Value, ZoneName

DEFAULT_CONFIG = Path("mendbook.toml")
DEMO_CONFIG = Path("demo") / "mendbook.toml"
CODE_DRAWS = ("uuid4", "sequence")


def _code_draw(value: str) -> str:
    if value in CODE_DRAWS or re.search(r"\{n(:0?\d*d)?\}", value):
        return value
    raise ValueError("how a code is drawn is 'uuid4', 'sequence' or a form such as 'ST-{n:06d}'")


class Users(Strict):
    """Which table and columns play the user."""

    table: Name
    key: Name = "id"
    username: Name | None = None
    email: Name | None = None
    created: Name | None = None
    last_login: Name | None = None
    active: Name | None = None
    password: Name | None = None
    privileged: list[Name] = []


class Profile(Strict):
    """Which table and columns play one profile of the user."""

    name: Name
    table: Name
    key: Name = "id"
    user: Name = "user_id"
    created: Name | None = None
    required_for: dict[Name, Value] | None = None
    filled: list[Name] = []
    defaults: dict[Name, Value] = {}
    codes: dict[Name, Annotated[str, AfterValidator(_code_draw)]] = {}
    flags: dict[Name, Value] = {}


class LogFormat(Strict):
    """What the log files that ``glob`` names are read as, where that cannot be seen in them."""

    glob: Name
    zone: ZoneName | None = None
    format: Name | None = None


class Source(Strict):
    """A database to look after: where its URL comes from, its logs, and the mapping of its tables."""

    name: PlainName
    url_env: EnvironmentName
    repair_url_env: Annotated[EnvironmentName | None, Field(description="the role that applies repairs")] = None
    logs: list[str] = []
    log_formats: list[LogFormat] = []
    log_database: Annotated[Name | None, Field(description="of shared PostgreSQL logs, the database whose records count")] = (
        None
    )
    registration_paths: Annotated[list[Name] | None, Field(description="request paths that register people")] = None
    references: list[str] = []
    rights: list[Name] | None = None
    zone: ZoneName | None = None
    statement_timeout: Annotated[int, Field(gt=0, description="seconds for one statement of an audit")] = 900
    connections: Annotated[int, Field(ge=1, le=8, description="how many an audit uses at once")] = 2
    users: Users
    profiles: list[Profile] = []
    drill: Annotated[DrillForm | None, Field(description="how its application registers people")] = None

    @model_validator(mode="after")
    def _profiles_differ(self) -> Source:
        names = [profile.name for profile in self.profiles]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two profiles have the name {twice[0]!r}; give each its own")
        return self

    @model_validator(mode="after")
    def _references_read(self) -> Source:
        for reference in self.references:
            split_reference(reference)
        return self


class Review(Strict):
    """Who may approve, how many must, and for how long a plan is good. Files stand beside mendbook.toml."""

    allowed_signers: str = "allowed_signers"
    approvals: Annotated[int, Field(ge=1, description="how many people must approve a case")] = 1
    approvals_by_risk: Annotated[
        dict[Literal["low", "medium", "high"], Annotated[int, Field(ge=1)]], Field(description="more of them, by risk")
    ] = {}
    expires_days: Annotated[int, Field(ge=1, le=365, description="how long a plan may be applied")] = 7
    revoked: Annotated[Name | None, Field(description="a file of keys that hold no longer")] = None

    @property
    def policy(self) -> dict[str, Any]:
        """What approving takes, as a plan's header holds it: it may not change between plan, review and apply."""
        return {"approvals": self.approvals, "approvals_by_risk": dict(self.approvals_by_risk)}


class Apply(Strict):
    """How much of a busy database's time a repair may take."""

    batch_rows: Annotated[int, Field(ge=1, le=2000, description="changes in one transaction, at most")] = 2000
    batch_seconds: Annotated[float, Field(gt=0, le=5, description="longer ones are followed by smaller ones")] = 0.5
    lock_seconds: Annotated[float, Field(gt=0, description="how long a batch waits for a lock")] = 2.0
    statement_seconds: Annotated[float, Field(gt=0)] = 30.0
    most_waiting: Annotated[int, Field(ge=0, description="sessions waiting for locks, above which it waits")] = 5
    most_active: Annotated[int, Field(ge=1, description="active sessions, above which it waits")] = 100
    most_lag_seconds: Annotated[float, Field(gt=0, description="replicas' lag, above which it waits")] = 30.0
    patience_seconds: Annotated[float, Field(gt=0, description="how long it waits for a busy database")] = 600.0


class Settings(Strict):
    """The whole of mendbook.toml; ``path`` is where it stands (absolute)."""

    path: Path
    sources: dict[str, Source]
    review: Review = Review()
    apply: Apply = Apply()
    schedule: Schedule = Schedule()
    alerts: Alerts = Alerts()
    drill: Drills = Drills()

    def source(self, name: str) -> Source:
        """The source called ``name``; a ConfigError lists those there are."""
        if name not in self.sources:
            raise ConfigError(
                f"{self.path} has no source {name!r}.",
                known(name, self.sources, "source") + f" Add [sources.{name}] or name one of these.",
            )
        return self.sources[name]

    def job(self, name: str) -> Job:
        """The job called ``name``; a ConfigError lists those there are."""
        if name not in self.schedule.jobs:
            raise ConfigError(
                f"{self.path} has no job {name!r}.",
                known(name, self.schedule.jobs, "job") + f" Add [schedule.jobs.{name}] or name one of these.",
            )
        return self.schedule.jobs[name]


#: What ``load`` fills in itself.
_FILLED_IN: dict[type[BaseModel], str] = {Settings: "path", Source: "name", Job: "name"}


def split_reference(reference: str) -> tuple[str, str, str, str]:
    """``"invoice.customer_ref -> auth_user.id"`` as (table, column, table, column); the last dot parts the column."""
    halves = [half.strip().rpartition(".") for half in reference.split("->")]
    if len(halves) != 2 or not all(table and column for table, _, column in halves):
        raise ValueError(f"a reference reads 'table.column -> table.column', not {reference!r}")
    (table, _, column), (target, _, target_column) = halves
    return table, column, target, target_column


def split_table(name: str) -> tuple[str | None, str]:
    """(schema or None, table): what stands before the first dot is the schema."""
    schema, dot, table = name.partition(".")
    return (schema, table) if dot else (None, name)


def find_config(config: Path, root: Path, outputs: Path) -> Path:
    """The file to read: ``config``, or the demo's under ``outputs`` where ``root`` has no mendbook.toml of its own."""
    demo = outputs / DEMO_CONFIG
    return demo if config == root / DEFAULT_CONFIG and not config.exists() and demo.exists() else config


def _document(file: Path, missing: str) -> dict[str, Any]:
    """The TOML of ``file``; where there is none, ``missing`` says what to do."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no {file}.", missing) from None
    except IsADirectoryError:
        raise ConfigError(f"{file} is a folder.", f"Name the file in it: --config {file / DEFAULT_CONFIG}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not text in UTF-8, as TOML has to be.", "Save it as UTF-8 and try again.") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.", "Check the path and its rights.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not TOML: {error}.", "Mend that line and try again.") from None


def load(path: str | Path) -> Settings:
    """Read and check ``path``; ConfigError says what is wrong, where, and what to type."""
    file = Path(path).absolute()
    document = _document(
        file, "'mendbook init env:NAME --source shop' writes one, --config names another, 'mendbook demo' shows it all at work."
    )
    sources = document.get("sources")
    if not isinstance(sources, dict) or not sources:
        raise ConfigError(f"{file} names no source.", "It needs at least one [sources.NAME]; docs/mapping.md shows one.")
    _refuse_set_here(file, document, sources)
    try:
        settings = Settings.model_validate({**document, "sources": _named(sources), **_scheduled(document), "path": file})
    except ValidationError as error:
        raise explain(file, Settings, error, _page, _FILLED_IN) from None
    check_sources(settings.schedule, settings.sources, file)
    return settings


def _named(tables: dict[str, Any]) -> dict[str, Any]:
    """Each table with its own name in it."""
    return {name: {**body, "name": name} if isinstance(body, dict) else body for name, body in tables.items()}


def _jobs(document: dict[str, Any]) -> dict[str, Any]:
    schedule = document.get("schedule")
    jobs = schedule.get("jobs") if isinstance(schedule, dict) else None
    return {name: body for name, body in jobs.items() if isinstance(body, dict)} if isinstance(jobs, dict) else {}


def _scheduled(document: dict[str, Any]) -> dict[str, Any]:
    """[schedule] with each job's name in it; nothing where it cannot be read so, for pydantic to complain of."""
    jobs = _jobs(document)
    return {"schedule": {**document["schedule"], "jobs": {**document["schedule"]["jobs"], **_named(jobs)}}} if jobs else {}


def _refuse_set_here(file: Path, document: dict[str, Any], sources: dict[str, Any]) -> None:
    """What ``load`` itself fills in may not stand in the file: it would be passed over without a word."""
    where: list[tuple[Any, ...]] = [("path",)] if "path" in document else []
    where += [("sources", name, "name") for name, body in sources.items() if isinstance(body, dict) and "name" in body]
    where += [("schedule", "jobs", name, "name") for name, body in _jobs(document).items() if "name" in body]
    if where:
        raise unknown(file, Settings, where[0], "", _FILLED_IN)


def _page(location: tuple[Any, ...]) -> str:
    """Where that part of the file is explained."""
    if location and location[0] in ("schedule", "alerts"):
        return "docs/schedule.md"
    return "docs/drill.md" if "drill" in location[:3] else "docs/mapping.md"


def load_form(path: str | Path) -> DrillForm:
    """Read and check the description of an application's registration in ``path``; ConfigError says what is wrong."""
    file = Path(path).absolute()
    try:
        return DrillForm.model_validate(_document(file, "'mendbook drill --example' prints one"))
    except ValidationError as error:
        raise explain(file, DrillForm, error, lambda _: "docs/drill.md", {}) from None


def url_variable(source: Source, role: str = "audit") -> str:
    """The environment variable that holds the URL of ``role``: "audit", or "repair" where that has one of its own."""
    return (source.repair_url_env if role == "repair" else None) or source.url_env


def url_of(source: Source, settings_path: Path, role: str = "audit") -> str:
    """The URL that the environment (or .env beside mendbook.toml) holds for ``role`` of ``source``; never logged or shown."""
    variable = url_variable(source, role)
    value = value_of(variable, settings_path)
    if not value:
        raise ConfigError(
            f"The environment variable {variable} is not set; source {source.name!r} takes its URL from it.",
            f"export {variable}='postgresql://USER:PASSWORD@HOST/DATABASE'",
        )
    return value


def value_of(variable: str, settings_path: Path) -> str | None:
    """What the environment, or .env beside mendbook.toml, holds for ``variable``; None where that is nothing."""
    value = os.environ.get(variable) or dotenv_values(settings_path.parent / ".env").get(variable) or ""
    return value.strip() or None
