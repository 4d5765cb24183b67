"""The log reader must survive anything in bounded time: no exception, no endless loop, nothing quadratic, memory flat.

Work is counted in function calls, not in seconds, so that a busy machine does not fail the test.
"""

from __future__ import annotations

import bz2
import gzip
import random
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mendbook.logs import feeding, incident_to_json, read
from mendbook.logs import reading as reading_module

CASES = Path(__file__).parent / "cases" / "logs"
PLAIN = sorted(p for p in CASES.glob("*/*") if p.is_file() and p.suffix in {".log", ".csv", ".json"})
SEEDS = [p.read_bytes()[:4000] for p in PLAIN]
PIECES = [line for seed in SEEDS for line in seed.split(b"\n")[:6]]
NASTY = [
    b"\x00",
    b"\xff",
    b"\xe2\x80\xa8",
    b"\r",
    b"\t",
    b"\x1b[31m",
    b'"',
    b"{",
    b"}",
    b"(",
    b")=(",
    b"  ",
    b":  ",
    b"[7-2] ",
    b"'",
    b"\\",
]


def _incidents(data: bytes, fast: bool = True, **options: Any) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.log"
        file.write_bytes(data)
        found = [incident_to_json(incident) for incident in read(file, fast=fast, jobs=1, **options)]
    for incident in found:
        incident["source"] = ""
    return found


@contextmanager
def _counted() -> Iterator[list[int]]:
    """Counts calls of Python functions and of built-in ones."""
    calls = [0]

    def note(_frame: object, event: str, _argument: object) -> None:
        if event.endswith("call"):
            calls[0] += 1

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


lines = st.one_of(st.sampled_from(PIECES), st.binary(max_size=80), st.sampled_from(NASTY))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(lines, st.sampled_from([b"\n", b"\n", b"\n", b"", b"\r\n"])), max_size=40))
def test_anything_is_read(parts: list[tuple[bytes, bytes]]) -> None:
    for incident in _incidents(b"".join(a + b for a, b in parts)):
        assert incident["line"] >= 1


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 4000), st.sampled_from(NASTY)), max_size=8), st.booleans())
def test_damaged_logs_are_read(seed: bytes, hits: list[tuple[int, bytes]], packed: bool) -> None:
    data = bytearray(seed)
    for place, nasty in hits:
        place = min(place, len(data))
        data[place : place + 1] = nasty
    whole = bytes(data)
    _incidents(gzip.compress(whole)[: max(10, len(whole) // 3)] if packed else whole)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(SEEDS), min_size=1, max_size=5), st.randoms(use_true_random=False), st.booleans())
def test_quick_and_slow_reading_agree(seeds: list[bytes], chance: random.Random, shuffled: bool) -> None:
    rows = [row for seed in seeds for row in seed.split(b"\n")]
    if shuffled:
        chance.shuffle(rows)
    data = b"\n".join(rows)
    small, feeding.SMALL = feeding.SMALL, 1
    try:
        quick = _incidents(data)
    finally:
        feeding.SMALL = small
    assert quick == _incidents(data, fast=False)


@pytest.mark.parametrize(
    "unit",
    [b"(", b"Key (a)=(", b'"', b"[SQL: ", b'{"a":', b"Duplicate entry '", b"DETAIL:  (", b":  ", b"[1] ", b"\x1b[", b"a.b.", b'x" 500 "', b"#011", b"at=info method=POST ",  # noqa: E501
     b"Traceback (most recent call last):", b"ERROR:  duplicate key value violates unique constraint \"", "»(".encode(), b"\xff", b"INSERT INTO \"a\".", b"$1 = 'a', "],  # noqa: E501
)  # fmt: skip
def test_long_lines_cost_what_they_weigh(unit: bytes) -> None:
    head = b"2026-11-20 15:47:53.782 CET [1] ERROR:  "
    costs = []
    for size in (20_000, 80_000):
        data = (head + unit * (size // len(unit)) + b"\n") * 2 + unit * (size // len(unit)) + b"\n"
        with _counted() as calls:
            _incidents(data)
        costs.append(calls[0])
    assert costs[1] < costs[0] * 6 + 5_000


@pytest.mark.parametrize(
    "name",
    [
        "application/chain_of_three_blocks_is_one.log",
        "postgres_stderr/interleaved_processes.log",
        pytest.param("access/gunicorn.log", marks=pytest.mark.thorough),
        "json_lines/python_json_logger.log",
    ],
)
def test_many_records_cost_what_they_weigh(name: str) -> None:
    record = (CASES / name).read_bytes()
    costs = []
    for times in (50, 200):
        with _counted() as calls:
            _incidents(record * times)
        costs.append(calls[0])
    assert costs[1] < costs[0] * 6  # looking back is bounded, but not at once


def test_an_endless_line_is_cut_and_told(tmp_path: Path) -> None:
    file = tmp_path / "long.log"
    with file.open("wb") as out:
        for _ in range(100):
            out.write(b"x" * 1_000_000)
        out.write(b"\n" + (CASES / "postgres_stderr/interleaved_processes.log").read_bytes())
    tracemalloc.start()
    reading = read(file, jobs=1)
    found = list(reading)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 2
    assert "were cut" in reading.summary.caps[0]
    assert peak < 60_000_000


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress], ids=["gzip", "bzip2"])
def test_a_bomb_is_stopped_and_told(tmp_path: Path, pack: Any) -> None:
    file = tmp_path / "bomb.log.gz"
    file.write_bytes(pack(b"\0" * (150 << 20)))
    reading = read(file)
    assert list(reading) == []
    assert "400 to 1" in reading.summary.caps[0]
    assert reading.summary.bytes < 80 << 20


def test_bytes_and_time_can_be_capped(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(b"hello\n" * 100_000)
    reading = read(file, max_bytes=1000)
    assert list(reading) == []
    assert reading.summary.caps == [f"{file}: stopped after 1000 bytes"]
    reading = read(file, max_seconds=1e-9)
    assert list(reading) == []
    assert "time" in reading.summary.caps[0]


def test_what_was_not_understood_is_counted_and_shown(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_text("completely unknown words\nmore of them\n")
    reading = read(file)
    assert list(reading) == []
    assert reading.summary.not_understood == 2
    assert reading.summary.samples[0].endswith("a.log:1: completely unknown words")


def test_parts_of_one_file_give_what_the_whole_gives(tmp_path: Path) -> None:
    from mendbook.logs import parts

    chance = random.Random(7)
    file = tmp_path / "a.log"
    rows = []
    for n in range(30_000):
        head = f"2026-11-20 15:{n // 600 % 60:02d}:{n // 10 % 60:02d}.{n % 10}00 CET [{chance.randrange(90, 120)}] "
        if chance.random() < 0.05:
            rows += [
                f'{head}ERROR:  duplicate key value violates unique constraint "u"',
                f"{head}DETAIL:  Key (a)=({n}) already exists.",
                f"{head}ERROR:  current transaction is aborted, commands ignored until end of transaction block",
            ]
        else:
            rows.append(f"{head}LOG:  checkpoint starting: time {n}")
    file.write_text("\n".join(rows) + "\n")
    whole = read(file, jobs=1)
    told = [incident_to_json(incident) for incident in whole]
    small, parts.PART = parts.PART, 300_000
    limit, reading_module.PARALLEL_FROM = reading_module.PARALLEL_FROM, 1
    bounds, parts.bounds = parts.bounds, lambda source: bounds(source, 300_000)
    try:
        cut = read(file, jobs=2)
        again = [incident_to_json(incident) for incident in cut]
    finally:
        parts.PART, reading_module.PARALLEL_FROM, parts.bounds = small, limit, bounds
    assert again == told
    assert cut.summary.lines == whole.summary.lines
    assert cut.summary.bytes == whole.summary.bytes
