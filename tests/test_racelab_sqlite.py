"""The four systems on SQLite, as Django's projects begin: the same races make the same damage, and the fixed ones none.

Several workers write one file, with nothing set but Django's defaults. What the log says is SQLite's wording.
"""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
import racelab
from mendbook.errors import ServerError
from mendbook.logs import Incident, read
from support.databases import TestDatabase
from support.lab import Lab, asked_of, run_all, run_on_sqlite
from support.race_damage import DAMAGE, EACH, OLDER_DAMAGE, plain

#: The demo on SQLite races two of the four in every run of the tests.
pytestmark = [pytest.mark.race, pytest.mark.thorough]


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("templates")


@pytest.fixture(scope="module")
def broken(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lab]:
    return run_all(templates, tmp_path_factory.mktemp("broken"), partial(run_on_sqlite, mode="broken"))


@pytest.fixture(scope="module")
def fixed(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lab]:
    return run_all(templates, tmp_path_factory.mktemp("fixed"), partial(run_on_sqlite, mode="fixed"))


#: Damage that needs two transactions of one person in the very same moment. Where one has read already and the other is
#: about to write, SQLite refuses the first at once: "database is locked", and less is lost. One traffic may make none of it.
SOMETIMES = {
    ("academy", "orphaned users"),
    ("academy", "accepted invitations of an orphan"),
    ("attendance", "users without a staff row"),
}


@pytest.mark.parametrize(("system", "name"), [each for each in EACH if tuple(each) not in SOMETIMES])
def test_broken_mode_makes(broken: dict[str, Lab], system: str, name: str) -> None:
    lab = broken[system]
    assert lab.report.complete
    assert lab.count(DAMAGE[system][name]) >= 1


@pytest.mark.parametrize("system", OLDER_DAMAGE)
def test_damage_older_than_the_race_is_there_and_told(broken: dict[str, Lab], system: str) -> None:
    assert broken[system].count(OLDER_DAMAGE[system]) >= 1
    assert broken[system].old_damage


@pytest.mark.parametrize(("system", "name"), EACH)
def test_fixed_mode_under_the_same_traffic_makes_no(fixed: dict[str, Lab], system: str, name: str) -> None:
    assert fixed[system].count(DAMAGE[system][name]) == 0


@pytest.mark.parametrize("system", DAMAGE)
def test_fixed_mode_answers_without_errors_and_keeps_one_account_a_person(fixed: dict[str, Lab], system: str) -> None:
    lab = fixed[system]
    assert lab.report.complete
    assert all(0 < status < 500 for status in lab.report.statuses), lab.report.statuses
    assert not (lab.logs / "django.log").exists() or "Traceback" not in lab.log("django.log")
    users = "website_account" if system == "website" else "auth_user"
    assert lab.count(f"SELECT id FROM {users}") > 10
    for column in ("username", "email"):
        assert lab.count(f"SELECT {plain(column)} FROM {users} GROUP BY 1 HAVING count(*) > 1") == 0


def test_logistics_dies_on_the_constraint_in_sqlites_words(broken: dict[str, Lab]) -> None:
    lab = broken["logistics"]
    assert 500 in {each.status for each in lab.report.registrations}
    assert "sqlite3.IntegrityError: UNIQUE constraint failed: accounts_customerprofile.user_id" in lab.log("django.log")
    assert '"POST /accounts/customer/register/ HTTP/1.1" 500' in lab.log("access.log")


@pytest.mark.parametrize("system", list(racelab.SYSTEMS))
@pytest.mark.parametrize("access", ["access.log", "access.json"])
def test_every_500_is_one_unhandled_incident_in_the_logs_and_no_other_is(
    broken: dict[str, Lab], system: str, access: str
) -> None:
    lab = broken[system]
    errors = Counter((each.path, each.status) for each in lab.report.exchanges if each.status >= 500)
    assert Counter((each.path, each.status) for each in incidents(lab, access) if each.handled is False) == errors


def test_an_incident_of_sqlites_names_the_table_and_the_column_and_no_value(broken: dict[str, Lab]) -> None:
    died = [each for each in incidents(broken["logistics"], "access.log") if each.columns]
    assert ("unique_violation", "accounts_customerprofile", ("user_id",)) in {(e.kind, e.table, e.columns) for e in died}
    assert {each.key for each in died} == {None}


@pytest.mark.parametrize("system", list(racelab.SYSTEMS))
def test_the_fixed_systems_leave_nothing_unhandled_in_their_logs(fixed: dict[str, Lab], system: str) -> None:
    assert all(each.handled is True for each in incidents(fixed[system], "access.log"))


def incidents(lab: Lab, access: str) -> list[Incident]:
    names = [access, "django.log", "gunicorn.log", "console.log"]
    return list(read([lab.logs / name for name in names if (lab.logs / name).exists()], zone="UTC"))


@pytest.fixture
def aged(templates: Path, broken: dict[str, Lab], tmp_path: Path) -> Path:  # noqa: ARG001  it has made the templates
    """A file of logistics with its old damage, and no traffic."""
    file = tmp_path / "logistics.sqlite3"
    shutil.copy(templates / "logistics_broken.sqlite3", file)
    assert len(racelab.age("logistics", f"sqlite:///{file}")) == 2
    return file


def test_old_damage_is_made_once(aged: Path) -> None:
    """A second time is refused, and nothing of it stays."""
    before = aged.read_bytes()
    with pytest.raises(ServerError, match="old damage of logistics could not be made"):
        racelab.age("logistics", f"sqlite:///{aged}")
    assert aged.read_bytes() == before


def test_both_databases_have_the_same_old_damage(aged: Path, database: TestDatabase) -> None:
    users = "SELECT username, email, is_staff, is_active, date_joined FROM auth_user ORDER BY 1"
    profiles = "SELECT user_id, phone_number, created_at FROM accounts_customerprofile ORDER BY id"
    racelab.migrate("logistics", "broken", database.url)
    racelab.age("logistics", database.url)
    for asked in (users, profiles):
        there = [tuple(_as_stored(value) for value in row) for row in database.execute(asked)]
        assert asked_of(aged, asked) == there


def _as_stored(value: object) -> object:
    """A value of PostgreSQL's as Django stores it on SQLite."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    return int(value) if isinstance(value, bool) else value


def test_the_fix_of_logistics_removes_the_old_duplicates_and_builds_one_constraint(aged: Path) -> None:
    """The rows from before the constraint go, what the form wrote stays, and the index spares nobody any more."""
    racelab.migrate("logistics", "fixed", f"sqlite:///{aged}")
    assert asked_of(aged, OLDER_DAMAGE["logistics"]) == []
    kept = "SELECT count(*) FROM accounts_customerprofile WHERE phone_number = '+44 1632 960000'"
    assert asked_of(aged, kept) == [(4,)]
    ((built,),) = asked_of(aged, "SELECT sql FROM sqlite_schema WHERE name = 'accounts_customerprofile_user_id_key'")
    assert "WHERE" not in built


def test_a_fix_that_the_damage_is_in_the_way_of_is_told(broken: dict[str, Lab]) -> None:
    with pytest.raises(ServerError, match=r"could not be migrated to 0002_unique.*UNIQUE constraint failed: .*lower"):
        racelab.migrate("website", "fixed", broken["website"].url)
