"""plan.jsonl: an immutable set of cases as canonical JSON lines, a header first; the SHA-256 of its bytes is the plan.

Writes and reads the file, case by case, so that a plan of any size fits into memory. What goes into a plan is decided in
plan.py and undoing/undo.py; who approved it in reviews/review.py. It talks to no database.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import orjson

from mendbook.digests import canonical
from mendbook.errors import ConfigError, NotCanonical, Refused, known
from mendbook.files.publish import output_error
from mendbook.model import Blocker, Case, Change, Image, Option, Row

FORMAT = "mendbook-plan@1"
PLAN_FILE = "plan.jsonl"


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a plan.

    tool         the mendbook that made it
    act          "apply", or "undo" for a plan of exchanged images
    source       its name in mendbook.toml
    identity     which database: {"system", "database", "number"}
    schema       the digest of each table that it touches or looks at, as it was
    snapshot     the moment that it was made of, as the database names it
    made_at      that moment (ISO, UTC, the database's clock); expires, when it may no longer be applied
    author       who proposes it
    policy       what approving takes: {"approvals": 1, "approvals_by_risk": {"high": 2}, ...} as in mendbook.toml
    repairs      the repair chosen for each kind
    cases        how many cases of each kind; changes, how many of each table: {table: {"insert", "update", "delete"}}
    left         what no case was made of: [{"kind", "profile", "why", "cases", "examples"}]
    parent       the plan that it undoes
    """

    tool: str
    act: str
    source: str
    identity: Mapping[str, str]
    schema: Mapping[str, str]
    snapshot: str
    made_at: str
    expires: str
    author: str
    policy: Mapping[str, Any]
    repairs: Mapping[str, str] = field(default_factory=dict)
    cases: Mapping[str, int] = field(default_factory=dict)
    changes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    left: tuple[Mapping[str, Any], ...] = ()
    parent: str | None = None

    def value(self) -> dict[str, Any]:
        """The header as JSON values."""
        return {"format": FORMAT, **asdict(self)}

    @property
    def deferred(self) -> int:
        """How many cases wait for another plan, or for people."""
        return sum(each["cases"] for each in self.left)


@dataclass(frozen=True)
class PlanFile:
    """A plan on the disk, its bytes hashed; cases are read when they are asked for."""

    folder: Path
    digest: str
    header: Header

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def path(self) -> Path:
        return self.folder / PLAN_FILE

    def cases(self) -> Iterator[Case]:
        """The cases, in the plan's order."""
        with self.path.open("rb") as file:
            next(file, None)
            for line in file:
                yield case_of(orjson.loads(line))

    def find(self, wanted: str) -> list[str]:
        """The names of the cases that ``wanted`` may mean: a case's name, else its case_key. ConfigError where none."""
        named = [case.name for case in self.cases() if wanted in (case.name, case.case_key)]
        if wanted in named:  # somebody's code may look like another case's name
            return [wanted]
        if not named:
            raise ConfigError(f"Plan {self.id} has no case {wanted!r}.", f"'mendbook show {self.id}' lists its cases.")
        return named

    def one(self, wanted: str) -> str:
        """The name of the one case that ``wanted`` means; ConfigError where several have that case_key."""
        named = self.find(wanted)
        if len(named) > 1:
            raise ConfigError(f"Several cases of plan {self.id} are about {wanted!r}.", known(wanted, named, "case"))
        return named[0]


def read(folder: Path) -> PlanFile:
    """The plan in ``folder``, its digest taken of the bytes that are there and held against the folder's name.

    ConfigError where there is none, Refused where its bytes are not those that it was made with.
    """
    path, digest = folder / PLAN_FILE, sha256()
    try:
        with path.open("rb") as file:
            first = file.readline()
            digest.update(first)
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as failure:
        raise ConfigError(f"There is no plan in {folder}: {failure.strerror}.", "'mendbook plan SOURCE' makes one.") from None
    if folder.name.rpartition("-")[2] != digest.hexdigest()[:12]:
        raise Refused(
            f"{path} is not the plan that its folder is named for: its bytes were changed, or its folder was renamed.",
            "Nothing was done. Fetch it from where it was made, or make a new plan.",
        )
    return PlanFile(folder, digest.hexdigest(), _header(path, first))


def read_header(folder: Path) -> Header:
    """The first line of the plan in ``folder`` alone, for lists: no digest is taken. Raises as ``read``."""
    path = folder / PLAN_FILE
    try:
        with path.open("rb") as file:
            return _header(path, file.readline())
    except OSError as failure:
        raise ConfigError(f"There is no plan in {folder}: {failure.strerror}.", "'mendbook plan SOURCE' makes one.") from None


def _header(path: Path, first: bytes) -> Header:
    try:
        value = canonical.read(first)
        if value.pop("format", None) != FORMAT:
            raise NotCanonical(f"its format is not {FORMAT}")
        return Header(**{**value, "left": tuple(value["left"])})
    except (NotCanonical, TypeError, KeyError, AttributeError) as error:
        raise Refused(
            f"{path} is not a plan that this mendbook reads: {error}", "Make a new one with 'mendbook plan'."
        ) from None


def tool() -> str:
    """This mendbook, as plans name it."""
    try:
        return f"mendbook {version('mendbook')}"
    except PackageNotFoundError:
        return "mendbook"


def case_line(case: Case) -> bytes:
    """The case as a line of the file."""
    return canonical.line(case_value(case))


def case_value(case: Case) -> dict[str, Any]:
    """The case as JSON values; images are objects."""
    return {
        "kind": case.kind,
        "profile": case.profile,
        "case_key": case.case_key,
        "repair": case.repair,
        "risk": case.risk,
        "changes": [change_value(change) for change in case.changes],
        "because": list(case.because),
        "blockers": [asdict(blocker) for blocker in case.blockers],
        "options": [
            {**asdict(option), "other": None if option.other is None else change_value(option.other)} for option in case.options
        ],
        "leaves": list(case.leaves),
        "kept": [{"table": row.table, "key": row.key, "image": _object(row.image)} for row in case.kept],
        "owns": list(case.owns),
        "locks": list(case.locks),
    }


def change_value(change: Change) -> dict[str, Any]:
    return {
        "phase": change.phase,
        "table": change.table,
        "op": change.op,
        "key": change.key,
        "before": _object(change.before),
        "after": _object(change.after),
        "drawn": dict(change.drawn),
    }


def case_of(value: dict[str, Any]) -> Case:
    """The case that ``case_value`` made the value of."""
    key, options = value["case_key"], value["options"]
    blockers, kept = value["blockers"], value["kept"]  # most cases have few of these
    return Case(
        value["kind"],
        value["profile"],
        key,
        value["repair"],
        value["risk"],
        tuple([_change(key, each) for each in value["changes"]]),
        tuple(value["because"]),
        tuple([Blocker(**each) for each in blockers]) if blockers else (),
        tuple([_option(key, each) for each in options]) if options else (),
        tuple(value["leaves"]),
        tuple([Row(each["table"], each["key"], _text(each["image"])) for each in kept]) if kept else (),
        tuple(value["owns"]),
        tuple(value["locks"]),
    )


def _option(case_key: str, value: dict[str, Any]) -> Option:
    return Option(**{**value, "other": None if value["other"] is None else _change(case_key, value["other"])})


def _change(case_key: str, value: dict[str, Any]) -> Change:
    return Change(
        case_key,
        value["table"],
        value["op"],
        value["key"],
        _text(value["before"]),
        _text(value["after"]),
        value["phase"],
        value["drawn"],
    )


def _object(image: Image | Mapping[str, str | None] | None) -> Any:
    return orjson.loads(image) if isinstance(image, str) else image


def _text(image: Any) -> Image | None:
    return None if image is None else canonical.again(image)


def publish(plans: Path, name: str, header: Header, spooled: Path) -> PlanFile:
    """Make the plan's folder, ``plans/<name>-<twelve digits of its digest>``, of ``header`` and the spooled lines of its cases.

    The file is its owner's alone (mode 0600): it holds people's data. OutputError where it cannot be written; then
    nothing is left.
    """
    try:
        plans.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".making-", dir=plans))
        try:
            digest, first = sha256(), canonical.line(header.value())
            with os.fdopen(os.open(aside / PLAN_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                digest.update(first)
                file.write(first)
                with spooled.open("rb") as lines:
                    while block := lines.read(1 << 20):
                        digest.update(block)
                        file.write(block)
                file.flush()
                os.fsync(file.fileno())
            folder = plans / f"{name}-{digest.hexdigest()[:12]}"
            aside.rename(folder)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
    except OSError as failure:
        raise output_error(plans, failure) from failure
    return PlanFile(folder.resolve(), digest.hexdigest(), header)
