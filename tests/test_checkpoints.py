"""Checkpoints outlive crashes, full disks and each other; what was edited is told."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mendbook.errors import OutputError
from mendbook.ledger import checkpoints
from mendbook.ledger.checkpoints import Checkpoint

AT = "2026-06-01T12:00:00.000000Z"


def point(size: int) -> Checkpoint:
    return Checkpoint(size, f"{size:064x}", AT)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return checkpoints.file_of(tmp_path / "outputs", "shop")


def test_none(path: Path) -> None:
    assert checkpoints.read(path) == []
    assert not path.exists()


def test_added_one_behind_the_other(path: Path) -> None:
    for size in range(1, 4):
        checkpoints.add(path, point(size))
        assert checkpoints.read(path) == [point(each) for each in range(1, size + 1)]
    assert path.read_text().splitlines()[0] == f'{{"at":"{AT}","head":"{1:064x}","size":1}}'
    assert path.name == "shop.jsonl"


@pytest.mark.parametrize("torn", ['{"at":"2026', "x", '{"at":"x","head":"x","size":1}'])
def test_a_line_cut_short_by_a_crash(path: Path, torn: str) -> None:
    checkpoints.add(path, point(1))
    with path.open("a") as file:
        file.write(torn)
    assert checkpoints.read(path) == [point(1)]
    checkpoints.add(path, point(2))
    assert checkpoints.read(path) == [point(1), point(2)]


def test_a_first_line_cut_short(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text('{"at"')
    assert checkpoints.read(path) == []
    checkpoints.add(path, point(1))
    assert checkpoints.read(path) == [point(1)]


def test_many_at_once(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda size: checkpoints.add(path, point(size)), range(1, 101)))
    assert sorted(each.size for each in checkpoints.read(path)) == list(range(1, 101))


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "{}",
        "[]",
        '{"at":"x","head":"x","size":0}',
        '{"at":"x","head":"x","size":true}',
        '{"at":"x","head":1,"size":1}',
        '{"at":null,"head":"x","size":1}',
        '{"at":"x","head":"x","more":1,"size":1}',
        '{"at":"x", "head":"x","size":1}',
        '{"at":"x","head":"x","size":1.0}',
        "",
    ],
)
def test_an_edited_line_is_named(path: Path, line: str) -> None:
    checkpoints.add(path, point(1))
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(OutputError, match=r"shop.jsonl was edited or damaged. Line 2") as caught:
        checkpoints.read(path)
    assert "backup" in caught.value.hint


@pytest.mark.parametrize("failing", ["write", "fsync", "short"])
def test_a_full_disk_leaves_it_as_it_was(path: Path, monkeypatch: Any, failing: str) -> None:
    checkpoints.add(path, point(1))
    before = path.read_bytes()
    write = os.write

    def fail(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(
        os, "write" if failing != "fsync" else "fsync", fail if failing != "short" else lambda h, b: write(h, b[:9])
    )
    with pytest.raises(OutputError, match="No space left") as caught:
        checkpoints.add(path, point(2))
    assert "disk is full" in caught.value.hint
    monkeypatch.undo()
    assert path.read_bytes() == before
    checkpoints.add(path, point(2))
    assert checkpoints.read(path) == [point(1), point(2)]


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("a file")
    path = checkpoints.file_of(tmp_path / "outputs", "shop")
    with pytest.raises(OutputError, match="Cannot write"):
        checkpoints.add(path, point(1))
    with pytest.raises(OutputError, match="Cannot read"):
        checkpoints.read(path)
