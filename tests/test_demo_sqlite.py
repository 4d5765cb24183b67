"""The demo without a server: two systems on SQLite's files, damaged, repaired and raced; and where a demo's databases are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import racelab
from mendbook.config import load
from mendbook.demo import demo
from mendbook.demo.home import PRACTICE, PRACTICE_OF, configure, fresh_database, open_place
from mendbook.demo.places import OnFiles, OnServer, place_of
from mendbook.errors import MendbookError
from mendbook.ledger import checkpoints
from support.commands import Command, command_in

TWO = ("website", PRACTICE_OF)


@pytest.fixture
def mendbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return command_in(tmp_path, monkeypatch, capsys)


@pytest.mark.race
def test_the_demo_on_sqlite_from_start_to_end(tmp_path: Path, mendbook: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "REGISTRATIONS", 8)
    monkeypatch.setattr(racelab, "SYSTEMS", {name: racelab.SYSTEMS[name] for name in TWO})
    outputs, home = tmp_path / "outputs", tmp_path / "outputs" / "demo"
    answer = mendbook("demo", "--sqlite", "--json")
    assert answer.code == 0, answer.err
    assert not (home / "server").exists()
    assert not (home / "roles").exists()
    assert [system["system"] for system in answer.document["systems"]] == list(TWO)
    for system in answer.document["systems"]:
        repair, fixed = system["repair"], system["fixed"]
        assert sum(count["rows"] for count in system["audit"]["counts"].values()) > 0
        assert set(repair["remaining"]) <= {"blank_profile", "ghost_user", "missing_constraint"}
        assert repair["repaired"] > 0
        assert repair["undone"] == repair["again"] > 0
        assert (fixed["new_findings"], fixed["before"], fixed["missing_constraint"]) == ([], fixed["after"], 0)
        assert all(0 < int(status) < 500 for status in fixed["statuses"])
        assert mendbook("ledger", "verify", system["system"], "--json").document["checkpoints"] > 1
    practice = answer.document["practice"]
    assert len(mendbook("show", practice["plan"], "--json").document["cases"]) == practice["cases"] > 0
    audited = mendbook("audit", "website", "--json")
    assert audited.code == 0, "nothing is left of the website's damage"
    assert "using the demo's" in audited.err
    assert mendbook("demo", "--clean", "--json").document == {"removed": str(home)}
    assert not home.exists()
    assert len(list((outputs / "ledger").glob("*-demo-of-*.jsonl"))) == len(TWO), "the ledgers' checkpoints are kept aside"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "outputs" / "demo").mkdir(parents=True)
    return tmp_path / "outputs" / "demo"


def _checkpoints(outputs: Path, name: str) -> Path:
    file = checkpoints.file_of(outputs, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return file


def test_a_file_a_database(home: Path) -> None:
    place = OnFiles(home)
    url = fresh_database(place, home.parent, "logistics")
    assert url == f"sqlite:///{home}/databases/logistics.sqlite3"
    place.execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)", "logistics")
    place.copy("logistics", PRACTICE)
    place.execute("DELETE FROM t", "logistics")
    with closing(sqlite3.connect(home / "databases" / f"{PRACTICE}.sqlite3")) as connection:
        assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]
    fresh_database(place, home.parent, "logistics")
    with closing(sqlite3.connect(home / "databases" / "logistics.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchall() == [(0,)], "an earlier play's is gone"


def test_the_mapping_of_files_tells_of_no_server_and_of_no_second_role(home: Path) -> None:
    place = OnFiles(home)
    config = configure(home, place)
    settings = load(config)
    assert sorted(settings.sources) == sorted([*racelab.SYSTEMS, PRACTICE])
    text = config.read_text()
    assert "postgresql" not in text
    assert "log_database" not in text
    assert "repair_url_env" not in text
    assert f"LOGISTICS_URL='{place.url('logistics')}'\n" in (home / ".env").read_text()
    assert (home / ".env").stat().st_mode & 0o777 == 0o600


def test_one_demo_takes_the_place_of_the_other_and_no_ledger_is_forgotten(home: Path) -> None:
    outputs = home.parent
    assert place_of(home) is None
    server = open_place(home, outputs, TWO, sqlite=False)
    assert isinstance(server, OnServer)
    try:
        fresh_database(server, outputs, "website")
        told, others = _checkpoints(outputs, "website"), _checkpoints(outputs, "logistics")
        files = open_place(home, outputs, TWO, sqlite=True)
        assert isinstance(files, OnFiles)
        assert isinstance(place_of(home), OnFiles)
        assert not (home / "server").exists()
        assert (told.exists(), others.exists()) == (False, True), "a source that the demo had no database of is somebody's own"
        fresh_database(files, outputs, "website")
        again = open_place(home, outputs, TWO, sqlite=False)
        assert isinstance(again, OnServer)
        assert not (home / "databases").exists()
        assert not again.has("website")
        again.end()
    finally:
        server.end()


def test_a_place_that_cannot_be_removed_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    OnFiles(home)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("mendbook.demo.places.shutil.rmtree", refuse)
    with pytest.raises(MendbookError, match=r"databases could not be removed: Permission denied"):
        open_place(home, home.parent, TWO, sqlite=False)
