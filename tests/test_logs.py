"""The log reader against cases that are data: tests/cases/logs/<format>/<case>.* with <case>.expected.jsonl.

A case is a file or a folder of files (several tiers). The expected lines hold every field but the sample; <case>.toml
may name zone, format, registration_paths and the file's own time (modified). Both ways of reading must give the same.
"""

from __future__ import annotations

import json
import os
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from mendbook.logs import KINDS, incident_to_json, read
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
    monkeypatch.setattr(reading_module, "SMALL", 1)
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
