"""mendbook init on the tables of real packages: what it maps, and that an audit takes it as it is."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from mendbook.config import load
from mendbook.doctor.doctor import examine
from mendbook.guessing import Start
from mendbook.starting import starter_file, starting
from mendbook.workbook import Workbook
from support.databases import TestDatabase
from support.real_schemas import LACKING, RealSchema, fill, packages
from support.shop import rows

EXPECTED = tomllib.loads((Path(__file__).parent / "schemas" / "expected.toml").read_text())


def expected(package: str) -> dict[str, Any]:
    own = EXPECTED[package]
    django = EXPECTED["django"] if "users" not in own else {"users": {}, "rows": {}}
    return {**own, "users": {**django["users"], **own.get("users", {})}, "rows": {**django["rows"], **own.get("rows", {})}}


def test_there_is_an_expectation_of_each() -> None:
    assert sorted({*EXPECTED} - {"django"}) == packages()


def look(database: TestDatabase) -> Start:
    return starting.look(starting.Given(database.url, "REAL_URL", typed=True), "real")


@pytest.fixture(params=packages())
def package(request: pytest.FixtureRequest, database: TestDatabase) -> str:
    RealSchema.of(request.param).make(database)
    return str(request.param)


def test_a_package_s_tables(package: str, database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = expected(package)
    profiles = {name: {**each["rows"], "only": each.get("only", "true")} for name, each in wanted.get("profiles", {}).items()}
    fill(RealSchema.of(package), database, wanted["users"]["table"], wanted["rows"], profiles)
    start = look(database)

    file = tmp_path / "mendbook.toml"
    file.write_text(starter_file.text(start), "utf-8")
    document = tomllib.loads(file.read_text("utf-8"))["sources"]["real"]
    assert document["users"] == wanted["users"]
    for profile in document.get("profiles", []):
        each = wanted.get("profiles", {}).get(profile["table"], {})
        assert profile["name"] == each.get("name"), profile["table"]
        assert profile.get("required_for") == each.get("required_for")
        assert sorted(profile.get("defaults", {})) == sorted(each["defaults"])
        assert not {"filled", "codes", "flags"} & set(profile)
    assert {each["table"] for each in document.get("profiles", [])} == set(wanted.get("profiles", {}))
    assert {block.table for block in start.profiles if not block.active} >= set(wanted.get("left_out", []))
    assert document.get("rights") == wanted.get("rights")
    assert wanted.get("says", "") in file.read_text("utf-8").replace("\n# ", " ")
    assert "references" not in document

    monkeypatch.setenv("REAL_URL", database.url)
    settings = load(file)
    assert [check for check in examine(settings.source("real"), settings, tmp_path) if check.state == "failed"] == []
    result = Workbook.open("real", file, tmp_path / "outputs").take_audit()[1]
    everybody = [each for each in wanted.get("profiles", {}).values() if "only" not in each]
    assert rows(result).get("missing_profile", 0) == len(LACKING) * len(everybody)
    assert set(rows(result)) <= {"missing_profile", "missing_constraint"}


def test_tables_without_a_row(package: str, database: TestDatabase, tmp_path: Path) -> None:
    """Fresh from its migrations: what is one-to-one is mapped by its shape, and nothing that only looks like it."""
    wanted, start = expected(package), look(database)
    users = {line.key: line.value for line in start.users.lines if line.active and line.value is not None}
    assert users == wanted["users"]
    assert {block.table for block in start.profiles} == {*wanted.get("profiles", {}), *wanted.get("left_out", [])}
    left_out = {block.table for block in start.profiles if not block.active}
    assert left_out == set(wanted.get("left_out", []))
    file = tmp_path / "mendbook.toml"
    file.write_text(starter_file.text(start), "utf-8")
    assert load(file).source("real").users.table == wanted["users"]["table"]
