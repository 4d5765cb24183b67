"""Plans to review without a database, and people with throw-away keys who may sign them."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mendbook import config
from mendbook.model import Blocker, Case, Change, Option
from mendbook.plans import files as plan_files
from mendbook.plans.files import Header, PlanFile

#: The database's clock when the plans here are made.
MADE = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOW = MADE + timedelta(hours=1)
AUTHOR, REVIEWER, SECOND = "author@example.com", "reviewer@example.com", "second@example.com"
SOURCE = """
[sources.shop]
url_env = "SHOP_URL"
users = { table = "auth_user" }
"""


def image(**columns: str | None) -> str:
    return json.dumps(dict(sorted(columns.items())), separators=(",", ":"))


def update(key: str, before: str, after: str, case: str = "") -> Change:
    return Change(case or key, "customer", "update", key, before, after, 6)


def case(key: str, kind: str = "null_flag", risk: str = "low", blockers: Sequence[str] = (), **more: Any) -> Case:
    """A case that sets a flag of customer ``key``."""
    changes = more.pop("changes", (update(key, image(id=key, invited=None), image(id=key, invited="f")),))
    named = tuple(Blocker(name, f"because of {name}") for name in blockers)
    return Case(kind, more.pop("profile", "customer"), key, more.pop("repair", "set"), risk, changes, blockers=named, **more)


PHONE = Option("phone", "from the row 8", True, 0, "phone")
RIGHT = Option("auth_group:5", "the loser's right", False, 0, None, update("9", image(id="9"), image(id="9", right="5")))
#: One case of each sort: plain, of another kind, with options, blocked once, blocked twice and dangerous.
CASES = (
    case("1"),
    case("2"),
    case("1", "missing_code", "medium", repair="draw"),
    case("9", "blank_profile", options=(PHONE, RIGHT), repair="fill"),
    case("4", "duplicate_user", "high", ("privileged",), profile=None, repair="merge"),
    case("5=a/b", "duplicate_user", "high", ("both_used", "trigger"), profile=None, repair="merge"),
)
NAMES = tuple(each.name for each in CASES)
PLAIN, OTHER, CODE, FILL, BLOCKED, TWICE = NAMES


def header(cases: Sequence[Case] = CASES, **other: Any) -> Header:
    given: dict[str, Any] = {
        "tool": "mendbook test",
        "act": "apply",
        "source": "shop",
        "identity": {"system": "741", "database": "shop", "number": "5"},
        "schema": {"customer": "ab" * 32, "auth_user": "cd" * 32},
        "snapshot": "10:20:",
        "made_at": MADE.isoformat(),
        "expires": (MADE + timedelta(days=7)).isoformat(),
        "author": AUTHOR,
        "policy": {"approvals": 1, "approvals_by_risk": {}},
        "repairs": {"null_flag": "set", "orphan_profile": "delete"},
        "cases": dict(Counter(each.kind for each in cases)),
        "changes": {},
    }
    return Header(**{**given, **other})


@dataclass(frozen=True)
class House:
    """A folder with mendbook.toml, allowed_signers, keys and plans."""

    folder: Path

    @property
    def settings(self) -> config.Settings:
        return config.load(self.folder / "mendbook.toml")

    @property
    def outputs(self) -> Path:
        return self.folder / "outputs"

    def configure(self, review: str = "") -> None:
        (self.folder / "mendbook.toml").write_text(f"{SOURCE}\n[review]\n{review}\n")

    def key(self, person: str) -> Path:
        """The file of a private key, made where there is none."""
        path = self.folder / f"key-{person}"
        if not path.exists():
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
            subprocess.run(command, check=True, capture_output=True, input=b"")
        return path

    def public(self, person: str) -> str:
        self.key(person)
        return (self.folder / f"key-{person}.pub").read_text().strip()

    def allow(self, *lines: str) -> None:
        (self.folder / "allowed_signers").write_text("".join(f"{line}\n" for line in lines))

    def allow_people(self, *people: str) -> None:
        self.allow(*(f"{person} {self.public(person)}" for person in people))

    def plan(self, cases: Sequence[Case] = CASES, **other: Any) -> PlanFile:
        """A plan that nobody has signed."""
        spooled = self.folder / "spooled"
        spooled.write_bytes(b"".join(plan_files.case_line(each) for each in cases))
        name = "20260601T120000Z-shop"
        return plan_files.read(plan_files.publish(self.outputs / "plans", name, header(cases, **other), spooled).folder)


def house(folder: Path) -> House:
    made = House(folder)
    made.configure()
    made.allow_people(AUTHOR, REVIEWER, SECOND)
    return made
