"""What is kept of old runs: so many, so long, and some for good."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from mendbook.files.records import RunRecord, living, write_record
from mendbook.scheduling.retention import prune
from mendbook.settings.schedule import Schedule
from support.audits import DATABASE, at, audit_folder, write_audit

ALL = {"missing_profile": {"customer": ["1"]}, "blank_profile": {}}
FEW = Schedule(keep_runs=2, keep_days=90)
SHORT = Schedule(keep_runs=99, keep_days=3)
LATER = at(20)


def a_run(outputs: Path, when: datetime, notebook: str = "review", source: str = "shop", state: str = "finished") -> Path:
    folder = outputs / "runs" / f"{when:%Y%m%dT%H%M%SZ}-{notebook}-{source}"
    folder.mkdir(parents=True)
    write_record(RunRecord(str(folder), notebook, source, state, when.isoformat()))
    return folder


def left(outputs: Path) -> set[Path]:
    return {*(outputs / "runs").iterdir()}


def test_so_many_of_each_notebook_and_source(tmp_path: Path) -> None:
    runs = [a_run(tmp_path, at(day), notebook, source) for day in (1, 2, 3) for notebook in "ab" for source in ("s", "t")]
    gone = prune(tmp_path, FEW, LATER)
    assert sorted(gone) == sorted(runs[:4])
    assert left(tmp_path) == {*runs[4:]}
    assert prune(tmp_path, FEW, LATER) == []


def test_so_long(tmp_path: Path) -> None:
    old, young = a_run(tmp_path, LATER - timedelta(days=3, seconds=1)), a_run(tmp_path, LATER - timedelta(days=3))
    assert prune(tmp_path, SHORT, LATER) == [old]
    assert left(tmp_path) == {young}


def test_a_receipt_stays_and_a_rehearsal_goes(tmp_path: Path) -> None:
    done, tried = a_run(tmp_path, at(1), "apply"), a_run(tmp_path, at(2), "apply")
    (done / "receipt.json").write_text("{}")
    (tried / "rehearsal.json").write_text("{}")
    assert prune(tmp_path, SHORT, LATER) == [tried]


def test_a_living_run_stays_and_a_dead_one_goes(tmp_path: Path) -> None:
    alive, dead = a_run(tmp_path, at(1), state="started"), a_run(tmp_path, at(2), state="started")
    with living(alive):
        assert prune(tmp_path, SHORT, LATER) == [dead]
    assert prune(tmp_path, SHORT, LATER) == [alive]


def test_an_audit_at_work_without_a_record_stays(tmp_path: Path) -> None:
    working = audit_folder(tmp_path, at(1))
    (working / ".findings.parquet.aside").write_text("")
    assert prune(tmp_path, SHORT, LATER) == []
    import os

    for path in (working / ".findings.parquet.aside", working):
        os.utime(path, (0, 0))
    assert prune(tmp_path, SHORT, LATER) == [working]


def test_the_audits_to_compare_with_stay(tmp_path: Path) -> None:
    first, second = write_audit(tmp_path, at(1), ALL), write_audit(tmp_path, at(2), ALL)
    of_one_kind = write_audit(tmp_path, at(3), {"missing_profile": {}})
    other = write_audit(tmp_path, at(1, 5), ALL, source="other")
    assert prune(tmp_path, SHORT, LATER) == [first]
    assert left(tmp_path) == {second, of_one_kind, other}


def test_a_database_that_the_source_has_no_more_keeps_none(tmp_path: Path) -> None:
    moved = {**DATABASE, "identity": {**DATABASE["identity"], "number": "6"}}
    old, new = write_audit(tmp_path, at(1), ALL), write_audit(tmp_path, at(2), ALL, database=moved)
    assert prune(tmp_path, SHORT, LATER) == [old]
    assert left(tmp_path) == {new}


def test_a_broken_audit_is_not_the_newest(tmp_path: Path) -> None:
    good, broken = write_audit(tmp_path, at(1), ALL), write_audit(tmp_path, at(2), ALL)
    (broken / "result.json").write_text("{")
    assert prune(tmp_path, SHORT, LATER) == [broken]
    assert left(tmp_path) == {good}


def test_nothing_else_is_touched(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("")
    runs = tmp_path / "runs"
    runs.mkdir()
    (runs / "20200101T000000Z-audit-linked").symlink_to(elsewhere, target_is_directory=True)
    for name in ("notes", "20201399T000000Z-audit-shop", "backup-20200101T000000Z-audit-shop"):
        (runs / name).mkdir()
    (runs / "20200101T000000Z-audit-file").write_text("")
    plan = tmp_path / "plans" / "20200101T000000Z-shop-0123456789ab"
    plan.mkdir(parents=True)
    before = left(tmp_path)
    assert prune(tmp_path, SHORT, LATER) == []
    assert left(tmp_path) == before
    assert plan.exists()
    assert (elsewhere / "precious").exists()
    assert prune(tmp_path / "nothing", SHORT, LATER) == []


def test_what_a_killed_one_left_goes_and_what_cannot_go_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs" / ".removing-20200101T000000Z-audit-shop").mkdir(parents=True)
    old = a_run(tmp_path, at(1))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "no")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", refuse)
        assert prune(tmp_path, SHORT, LATER) == []
    assert left(tmp_path) == {old}
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", refuse)
        assert prune(tmp_path, SHORT, LATER) == [old]
    assert [path.name for path in left(tmp_path)] == [f".removing-{old.name}"]
    assert prune(tmp_path, SHORT, LATER) == []
    assert left(tmp_path) == set()


def test_records_name_the_notebook_where_the_folder_cannot(tmp_path: Path) -> None:
    folders = [a_run(tmp_path, at(day), "my-own") for day in (1, 2, 3)]
    assert json.loads((folders[0] / "run.json").read_text())["notebook"] == "my-own"
    assert prune(tmp_path, FEW, LATER) == folders[:1]
