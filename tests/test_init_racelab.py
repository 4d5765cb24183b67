"""mendbook init on the four systems after their race: its mapping finds the same rows as the one that racelab ships."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import racelab
from mendbook.starting import starter_file, starting
from mendbook.workbook import Workbook
from pyarrow import parquet
from support.lab import Lab, Races

pytestmark = pytest.mark.race

SHIPPED = Path(racelab.__file__).with_name("mendbook.toml")
KEYS = ("kind", "profile", "case_key", "table", "row_key", "user_key")


@pytest.fixture(scope="module")
def broken(races: Races) -> dict[str, Lab]:
    return races.labs("broken")


def found(config: Path, system: str, outputs: Path) -> set[tuple[Any, ...]]:
    result = Workbook.open(system, config, outputs).take_audit()[1]
    return {tuple(row[key] for key in KEYS) for row in parquet.read_table(result["findings"]).to_pylist()}


@pytest.mark.parametrize("system", racelab.SYSTEMS)
def test_the_same_damage(system: str, broken: dict[str, Lab], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = broken[system]
    monkeypatch.setenv(f"{system.upper()}_URL", lab.url)
    logs = f'logs = ["{lab.logs}/*"]'
    shipped = tmp_path / "shipped.toml"
    shipped.write_text(re.sub(r"^logs = .*$", logs, SHIPPED.read_text("utf-8"), flags=re.MULTILINE), "utf-8")

    start = starting.look(starting.given_url(lab.url, system), system, [f"{lab.logs}/*"])
    guessed = tmp_path / "guessed.toml"
    guessed.write_text(starter_file.text(start), "utf-8")
    wanted = found(shipped, system, tmp_path / "one")
    assert wanted
    assert found(guessed, system, tmp_path / "other") == wanted
