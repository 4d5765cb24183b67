"""The log reader against cases that are data: tests/cases/logs/<format>/<case>.* with <case>.expected.jsonl.

A case is a file or a folder of files (several tiers). The expected lines hold every field but the sample; <case>.toml
may name zone, format, registration_paths and the file's own time (modified). Both ways of reading must give the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from mendbook.errors import ConfigError
from mendbook.logs import KINDS, feeding, incident_to_json, read
from mendbook.logs import reading as reading_module

CASES = Path(__file__).parent / "cases" / "logs"
EXPECTED = sorted(CASES.glob("*/*.expected.jsonl"))


def _given(expected: Path) -> Path:
    name = expected.name.removesuffix(".expected.jsonl")
    return next(
        p
        for p in sorted(expected.parent.iterdir())
        if p.name == name or (p.name.startswith(name + ".") and p.suffix not in {".jsonl", ".toml"})
    )


def _settings(expected: Path) -> dict[str, Any]:
    file = expected.with_name(expected.name.removesuffix(".expected.jsonl") + ".toml")
    return tomllib.loads(file.read_text("utf-8")) if file.exists() else {}


def _read(given: Path, fast: bool = True, **settings: Any) -> list[dict[str, Any]]:
    found = [incident_to_json(incident) for incident in read(given, fast=fast, **settings)]
    for incident in found:
        incident["source"] = Path(incident["source"]).name
    return found


@pytest.mark.parametrize("fast", [True, False], ids=["quick", "every-line"])
@pytest.mark.parametrize(
    "expected", EXPECTED, ids=[f"{p.parent.name}-{p.name.removesuffix('.expected.jsonl')}" for p in EXPECTED]
)
def test_case(expected: Path, fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    given, settings = _given(expected), _settings(expected)
    modified = settings.pop("modified", None)
    if modified:
        os.utime(given, (datetime.fromisoformat(modified).timestamp(),) * 2)
    monkeypatch.setattr(feeding, "SMALL", 1)
    wanted = [json.loads(line) for line in expected.read_text("utf-8").split("\n") if line]
    found = _read(given, fast, **settings)
    assert [{key: one.get(key) for key in want} for want, one in zip(wanted, found, strict=False)] == wanted
    assert len(found) == len(wanted)


def test_there_are_enough_cases_and_a_third_only_look_like_incidents() -> None:
    empty = [path for path in EXPECTED if not path.read_text("utf-8").strip()]
    assert len(EXPECTED) >= 80
    assert len(empty) * 3 >= len(EXPECTED)


def test_every_kind_has_a_case() -> None:
    told = {json.loads(line)["kind"] for path in EXPECTED for line in path.read_text("utf-8").split("\n") if line}
    assert told == set(KINDS)


PIECE = CASES / "postgres_stderr" / "interleaved_processes.log"


def test_names_globs_folders_and_standard_input(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(PIECE.read_bytes())
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "b.log").write_bytes(PIECE.read_bytes().replace(b"mia", b"eva").replace(b"tom", b"ida"))
    (tmp_path / ".hidden.log").write_bytes(PIECE.read_bytes())
    assert len(list(read(tmp_path / "a.log"))) == 2
    assert len(list(read(str(tmp_path / "*.log")))) == 2
    assert len(list(read(tmp_path))) == 4
    assert len(list(read([tmp_path, tmp_path / "a.log"]))) == 4
    code = "from mendbook.logs import read; import sys; print(len(list(read('-'))), 'pandas' in sys.modules)"
    with PIECE.open("rb") as file:
        told = subprocess.run([sys.executable, "-c", code], stdin=file, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["2", "False"]


def test_misuse_is_named_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text("")
    with pytest.raises(ConfigError, match="No log file") as missing:
        read(tmp_path / "acess.log")
    assert "access.log" in missing.value.hint
    with pytest.raises(ConfigError, match="No time zone") as zone:
        read(PIECE, zone="Berlin")
    assert "Europe/Berlin" in zone.value.hint
    with pytest.raises(ConfigError, match="No log format") as form:
        read(PIECE, format="postgres")
    assert "postgres_stderr" in form.value.hint


def test_format_and_zone_can_be_forced_for_single_files(tmp_path: Path) -> None:
    naive = PIECE.read_text().replace(" CET", "")
    (tmp_path / "db.log").write_text(naive)
    assert [incident.at for incident in read(tmp_path)] == [None, None]
    told = list(read(tmp_path, overrides={"db*.log": {"zone": "Europe/Berlin"}}))
    assert [incident.at.isoformat() if incident.at else None for incident in told] == ["2026-11-20T14:49:38.900000+00:00"] * 2
    assert list(read(tmp_path, format="access")) == []


def test_several_processes_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = []
    for given in sorted(CASES.glob("*/*.log"))[:60]:
        files.append(tmp_path / f"{given.parent.name}_{given.stem}.log")
        files[-1].write_bytes(given.read_bytes())
    alone = read(files, jobs=1)
    wanted = [incident_to_json(incident) for incident in alone]
    monkeypatch.setattr(reading_module, "PARALLEL_FROM", 0)
    shared = read(files, jobs=2)
    assert sorted(map(str, map(incident_to_json, shared))) == sorted(map(str, wanted))
    assert shared.summary.lines == alone.summary.lines
    assert shared.summary.incidents == alone.summary.incidents


def test_incidents_come_in_the_order_of_time() -> None:
    times = [incident.at for incident in read(CASES / "tiers" / "rotated_in_order")]
    assert times == sorted(time for time in times if time)
