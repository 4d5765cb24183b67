"""plan.jsonl: what was put in comes out, byte for byte; a changed, renamed or foreign file is refused."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from mendbook.digests import canonical
from mendbook.errors import ConfigError, OutputError, Refused
from mendbook.model import Blocker, Case, Change, Option, Row
from mendbook.plans import files as plan_files
from mendbook.plans import places as plan_places
from mendbook.plans.files import Header, PlanFile
from mendbook.plans.making import spooling

HEADER = Header("mendbook", "apply", "shop", {"system": "1"}, {"t": "0"}, "1:1:", "2026-01-01", "2026-01-08", "ana", {})
IMAGE = canonical.text({"id": "1", "note": 'é "\n \U0001f600', "nothing": None})
EVERYTHING = Case(
    "duplicate_user",
    None,
    "1",
    "merge",
    "high",
    (Change("1", "t", "delete", "1", IMAGE, None, 2), Change("1", "t", "insert", None, None, "{}", 4, {"id": "default"})),
    ("the older one",),
    (Blocker("privileged", "is_staff"),),
    (
        Option("email", "from 2", True, 0, "email"),
        Option("right", "of 3", False, 1, None, Change("1", "t", "update", "1", IMAGE, IMAGE)),
    ),
    ("blank_profile",),
    (Row("t", "2"), Row("t", "3", IMAGE)),
    ("profile/customer/1",),
    ("t",),
)


def case(key: str, kind: str = "null_flag") -> Case:
    return Case(kind, "customer", key, "set", "low", ())


def published(folder: Path, *cases: Case) -> PlanFile:
    spooled = folder / "spooled"
    spooled.write_bytes(b"".join(map(plan_files.case_line, cases)))
    return plan_files.publish(folder / "plans", "20260101T000000Z-shop", HEADER, spooled)


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    plan = published(tmp_path, EVERYTHING, case("2"))
    assert plan_files.read(plan.folder) == plan
    assert list(plan.cases()) == [EVERYTHING, case("2")]
    assert b"".join(map(plan_files.case_line, plan.cases())) == plan.path.read_bytes().split(b"\n", 1)[1]
    assert plan.digest == hashlib.sha256(plan.path.read_bytes()).hexdigest()
    assert plan.id == f"20260101T000000Z-shop-{plan.digest[:12]}"
    assert plan.path.stat().st_mode & 0o777 == 0o600
    assert plan.header.deferred == 0


def test_cases_by_name_and_by_key(tmp_path: Path) -> None:
    plan = published(tmp_path, case("7"), case("7", "missing_code"), case("8"), case("null_flag/customer/8", "duplicate_code"))
    assert plan.find("7") == ["null_flag/customer/7", "missing_code/customer/7"]
    assert plan.one("8") == plan.one("null_flag/customer/8") == "null_flag/customer/8", "its name, and nobody's code"
    with pytest.raises(ConfigError, match="Several cases") as several:
        plan.one("7")
    assert "missing_code/customer/7" in several.value.hint
    with pytest.raises(ConfigError, match="has no case '9'"):
        plan.one("9")


def test_plans_are_found_by_id_and_by_folder(tmp_path: Path) -> None:
    plan = published(tmp_path)
    assert plan_places.locate(plan.id, tmp_path) == plan_places.locate(str(plan.folder), tmp_path) == plan.folder
    for wrong in ("", "..", "nothing", str(tmp_path)):
        with pytest.raises(ConfigError, match="There is no plan") as refused:
            plan_places.locate(wrong, tmp_path)
        assert plan.id in refused.value.hint


def test_any_byte_changed(tmp_path: Path) -> None:
    plan = published(tmp_path, EVERYTHING)
    data = plan.path.read_bytes()
    for place in range(0, len(data), 37):
        plan.path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(Refused, match="is not the plan"):
            plan_files.read(plan.folder)
    plan.path.write_bytes(data)
    renamed = plan.folder.rename(plan.folder.with_name("plan"))
    with pytest.raises(Refused, match="renamed"):
        plan_files.read(renamed)


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"no\n",
        b"[]\n",
        b"{}\n",
        b'{"format":"mendbook-plan@2","left":[]}\n',
        b'{"format":"mendbook-plan@1"}\n',
        b'{"format":"mendbook-plan@1","left":[]}\n',
        b'{"format":"mendbook-plan@1","left":[],"more":1}\n',
        b'{"format": "mendbook-plan@1"}\n',
    ],
)
def test_files_that_are_no_plan(tmp_path: Path, first: bytes) -> None:
    folder = tmp_path / f"x-{hashlib.sha256(first).hexdigest()[:12]}"
    folder.mkdir()
    (folder / "plan.jsonl").write_bytes(first)
    with pytest.raises(Refused, match="is not a plan that this mendbook reads"):
        plan_files.read(folder)


def test_a_folder_without_a_plan(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no plan"):
        plan_files.read(tmp_path)


def test_nothing_is_left_where_it_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Cannot write"):
        plan_files.publish(tmp_path / "plans", "x", HEADER, tmp_path / "nothing")
    assert list((tmp_path / "plans").iterdir()) == []


def test_what_a_killed_maker_left_goes_when_the_next_plan_is_made(tmp_path: Path) -> None:
    dead, newborn = (tmp_path / "plans" / f".planning-{name}" for name in ("dead", "newborn"))
    for folder in (dead, newborn):
        folder.mkdir(parents=True)
        (folder / "cases").write_text("a person's row")
    os.utime(dead, (0, 0))
    with spooling(tmp_path) as first:
        os.utime(first, (0, 0))  # as old as that, but its maker lives
        with spooling(tmp_path):
            assert (dead.exists(), newborn.exists(), first.exists()) == (False, True, True)
    assert not first.exists()
