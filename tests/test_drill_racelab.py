"""Drills against the four systems under gunicorn: the broken ones show damage, the fixed ones answer only what they may."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import racelab
from mendbook.workbook import Workbook
from support.databases import TestDatabase, TestServer, fresh_database
from support.people import AUTHOR, REVIEWER, People, remember_signatures

pytestmark = pytest.mark.race
PEOPLE = 12
#: Two of the four stand for them; make thorough drills the others.
EACH = [
    pytest.param(name, marks=[] if name in ("website", "logistics") else [pytest.mark.thorough]) for name in racelab.SYSTEMS
]
#: What SYSTEMS allows: a new account, and a polite no.
ALLOWED = {"attendance": {"302", "200"}, "logistics": {"302", "200"}, "academy": {"201", "400"}, "website": {"201", "200"}}
#: What a broken one leaves of each person, or of some; (kind, at least).
DAMAGE = {
    "attendance": {"duplicate_profile": PEOPLE // 2},  # of a double click the loser's clean-up takes rows away
    "logistics": {"blank_profile": PEOPLE},
    "academy": {"duplicate_user": 1, "null_flag": 1},
    "website": {"duplicate_user": 1},
}


@dataclass(frozen=True)
class Drilled:
    """A system after a drill: its workbook, its database, and the result."""

    system: str
    book: Workbook
    database: TestDatabase
    result: dict[str, Any]

    @property
    def marks(self) -> dict[str, Any]:
        marks: dict[str, Any] = self.result["fingerprint"]
        return marks


def played(server: TestServer, home: Path, system: str, mode: str) -> Iterator[Drilled]:
    (home / "mendbook.toml").write_text(racelab.MAPPINGS.read_text())
    with pytest.MonkeyPatch.context() as patch, fresh_database(server) as database:
        patch.setenv(racelab.system_named(system).url_env, database.url)
        racelab.migrate(system, mode, database.url)
        book = Workbook.open(system, home / "mendbook.toml", home / "outputs")
        with racelab.running(system, mode, database.url, home / "logs") as application:
            made = book.prepare_drill(application.base_url, people=PEOPLE, concurrency=10, seconds=90)
            _, result = book.run_drill(made)
        yield Drilled(system, book, database, result)


@pytest.fixture(scope="module", params=EACH)
def broken(server: TestServer, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Drilled]:
    yield from played(server, tmp_path_factory.mktemp("broken"), request.param, "broken")


@pytest.fixture(scope="module", params=EACH)
def fixed(server: TestServer, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Drilled]:
    yield from played(server, tmp_path_factory.mktemp("fixed"), request.param, "fixed")


def test_a_broken_system_shows_its_damage(broken: Drilled) -> None:
    result, marks = broken.result, broken.marks
    assert result["complete"]
    assert result["state"] == "open", result["reasons"]
    for kind, least in DAMAGE[broken.system].items():
        assert result["counts"][kind]["cases"] >= least, (kind, result["counts"])
    if broken.system == "logistics":
        assert result["statuses"]["500"] >= PEOPLE
        assert marks["error_though_made"] == result["statuses"]["500"]
        assert marks["ghosts"] == PEOPLE
    if broken.system == "attendance":
        assert marks["two_rows"] >= PEOPLE // 2
        assert marks["signatures"]["signal first"] >= PEOPLE // 2
        assert marks["gap_ms"]["least"] < 1000


def test_what_a_broken_system_was_left_with_goes_again(broken: Drilled, monkeypatch: pytest.MonkeyPatch) -> None:
    remember_signatures(monkeypatch)
    book, people = broken.book, People(broken.book.settings.path.parent)
    author, reviewer = people.key(AUTHOR), people.key(REVIEWER)
    table = book.source.users.table
    assert broken.database.execute(f"SELECT count(*) FROM {table}") == [(broken.result["accounts"],)]
    made = book.remove_drill(broken.result["mark"], AUTHOR, author)
    assert (made["cases"], made["blocked"]) == (broken.result["accounts"], 0)
    book.sign(made["plan"], REVIEWER, reviewer, approve=["all"])
    done = book.apply(made["plan"], commit=True)
    assert (done["applied"], done["stale"]) == (made["cases"], 0)
    assert {kind: cases for kind, cases in done["remaining"].items() if cases and kind != "missing_constraint"} == {}
    for name in (table, *(profile.table for profile in book.source.profiles)):
        assert broken.database.execute(f"SELECT count(*) FROM {name}") == [(0,)]


def test_a_fixed_system_answers_only_what_it_may(fixed: Drilled) -> None:
    result, marks = fixed.result, fixed.marks
    assert result["complete"]
    assert set(result["statuses"]) == ALLOWED[fixed.system]
    assert result["state"] == "closed", result["reasons"]
    assert marks["outcomes"]["ok"] == result["accounts"] == PEOPLE
    assert (marks["both_ok"], marks["ghosts"], marks["nothing_made"]) == (0, 0, 0)
    assert marks["at_once"] >= 2
    assert {count["rows"] for count in result["counts"].values()} == {0}
    assert {each["status"] for each in result["other_statuses"]} <= {200}
