"""The four systems' logs end to end: every 500 that the traffic saw is one unhandled incident, and no other is.

All four systems register people on one server at once, so PostgreSQL's log is shared: each source takes its own records.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import racelab
from mendbook.logs import Incident, read
from mendbook.workbook import Workbook
from pyarrow import parquet
from support.lab import Lab, Races

pytestmark = pytest.mark.race

MODES = ("broken", "fixed")
COMBINED, JSON = "access.log", "access.json"


@dataclass(frozen=True)
class Traffic:
    """One system after its traffic, with the log of the server that it shared."""

    name: str
    lab: Lab
    postgres: Path

    def incidents(self, postgres: str, access: str, zone: str | None = None) -> list[Incident]:
        names = [access, "django.log", "gunicorn.log", "console.log"]
        files = [self.lab.logs / name for name in names if (self.lab.logs / name).exists()]
        return list(read([self.postgres / postgres, *files], zone=zone, database=self.lab.name))

    @property
    def answers(self) -> Counter[tuple[str, int]]:
        """All that people met: (path, status)."""
        return Counter((each.path, each.status) for each in self.lab.report.exchanges)

    @property
    def errors(self) -> Counter[tuple[str, int]]:
        """The errors of the server that people met: (path, status)."""
        return Counter((each.path, each.status) for each in self.lab.report.exchanges if each.status >= 500)


@pytest.fixture(scope="module")
def traffic(races: Races) -> dict[tuple[str, str], Traffic]:
    """Every system in both modes."""
    return {
        (name, mode): Traffic(name, lab, races.server.log_folder) for mode in MODES for name, lab in races.labs(mode).items()
    }


every_log = pytest.mark.parametrize(
    ("postgres", "access"),
    [(pg, access) for pg in ("postgresql.log", "postgresql.csv", "postgresql.json") for access in (COMBINED, JSON)],
)
every_system = pytest.mark.parametrize("name", list(racelab.SYSTEMS))


@every_system
@every_log
@pytest.mark.parametrize("zone", [None, "UTC"])
def test_every_500_is_one_unhandled_incident_and_no_other_is(
    traffic: dict[tuple[str, str], Traffic], name: str, postgres: str, access: str, zone: str | None
) -> None:
    one = traffic[name, "broken"]
    unhandled = [each for each in one.incidents(postgres, access, zone) if each.handled is False]
    seen = Counter((each.path, each.status) for each in unhandled)
    assert Counter({answer: count for answer, count in seen.items() if answer[1] >= 500}) == one.errors
    # the website answers some of its races by 400: people saw an error then, too
    assert Counter({answer: count for answer, count in seen.items() if answer[1] < 500}) <= one.answers
    if zone is not None:
        assert all("web" in each.tiers and each.at is not None for each in unhandled)


@every_system
@every_log
def test_the_fixed_systems_leave_nothing_unhandled(
    traffic: dict[tuple[str, str], Traffic], name: str, postgres: str, access: str
) -> None:
    one = traffic[name, "fixed"]
    assert not one.errors
    assert all(each.handled is True for each in one.incidents(postgres, access))


def test_the_broken_systems_do_fail(traffic: dict[tuple[str, str], Traffic]) -> None:
    failing = {name for name in racelab.SYSTEMS if traffic[name, "broken"].errors}
    assert {"logistics", "academy"} <= failing


def book_of(one: Traffic, home: Path, monkeypatch: pytest.MonkeyPatch) -> Workbook:
    """A workbook of the system as somebody would set it up: its own logs, and the server's that it shares."""
    system = racelab.SYSTEMS[one.name]
    logs = home / "logs" / system.name
    shutil.copytree(one.lab.logs, logs)
    shutil.copy(one.postgres / "postgresql.log", logs)
    shared = f'log_database = "{system.name}"'
    assert shared in system.mapping_text
    text = system.mapping_text.replace(shared, f'log_database = "{one.lab.name}"').replace("server/logs/", "logs/*/")
    (home / "mendbook.toml").write_text(text)
    monkeypatch.setenv(system.url_env, one.lab.url)
    return Workbook.open(system.name, home / "mendbook.toml", home / "outputs")


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return parquet.read_table(folder / name).to_pylist()


def test_incidents_are_tied_to_the_accounts_they_left_behind(
    traffic: dict[tuple[str, str], Traffic], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = traffic["logistics", "broken"]
    book = book_of(one, tmp_path, monkeypatch)
    folder, result = book.take_incidents(deploys=["2099-01-01T00:00+00:00=the fix"])
    assert json.loads((folder / "result.json").read_text()) == result
    assert result["basis"] == "logs"
    assert result["incidents"] == sum(one.errors.values())
    assert sum(result["rows_evidence"].values()) > 0
    found = [row for row in rows(folder, "incidents.parquet") if row["source"] == "logs" and row["handled"] is False]
    died = [row for row in found if row["columns"] == "user_id"]
    assert died
    assert all(row["user_key"] == row["key"] and row["row_key"] for row in died), "the signal's blank row stands there"
    assert all(row["in_flight"] is not None and row["worker"] for row in found)
    told = {each.path for each in one.lab.report.registrations}
    registrations = [row for row in rows(folder, "registrations.parquet") if row["path"] in told]
    posted = [each for each in one.lab.report.exchanges if each.path in told]
    assert len(registrations) == len(posted), "each once, though two access logs tell of it"
    assert all(row["seconds"] is not None for row in registrations)


def test_ghosts_are_the_accounts_that_an_error_left_behind(
    traffic: dict[tuple[str, str], Traffic], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = traffic["logistics", "broken"]
    folder, result = book_of(one, tmp_path, monkeypatch).take_audit(["ghost_user"])
    failed = {row["user_key"] for row in rows(folder, "findings.parquet")}
    errors = [each for each in one.lab.report.registrations if each.status >= 500]
    names = {each.username.strip().lower() for each in errors if each.username}
    accounts = one.lab.rows("SELECT id::text, lower(btrim(username)) FROM auth_user WHERE last_login IS NULL")
    assert failed == {key for key, name in accounts if name in names}
    assert result["counts"]["ghost_user"]["rows"] == len(failed) > 0
