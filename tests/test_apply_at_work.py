"""A plan applied while people register: nothing that the application did is lost or overwritten, and nobody waits for long.

What the driver saw and what was written beside it is held against the tables by SQL of its own.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import racelab
from mendbook.workbook import Workbook
from support.databases import TestDatabase
from support.people import AUTHOR, REVIEWER, People

pytestmark = pytest.mark.race

REGISTRATIONS, CONCURRENCY = 30, 8
#: Each batch locks a table that the application writes; small ones, so that there are many while people register.
APPLY = "[apply]\nbatch_rows = 20\nbatch_seconds = 0.5\nlock_seconds = 2.0\n"
BATCH_BOUND = 0.5 + 2.0
#: A request makes several statements, each of which may meet a batch, on a machine that has more to do.
FACTOR = 24

#: Three hundred people with two rows, two hundred without one, two hundred without a barcode.
MANY = """
INSERT INTO auth_user (username, email, password, first_name, last_name, is_staff, is_superuser, is_active, date_joined)
SELECT 'old.' || n, 'old.' || n || '@example.com', '!', '', '', false, false, true, now() - interval '1 year'
FROM generate_series(1, 700) n;
CREATE TEMP TABLE old AS SELECT id, substr(username, 5)::int AS n FROM auth_user WHERE username LIKE 'old.%';
INSERT INTO attendance_staff (user_id, department, phone, barcode, created_at)
SELECT id, '', '', '', now() - interval '1 year' FROM old WHERE n <= 300;
INSERT INTO attendance_staff (user_id, department, phone, barcode, created_at)
SELECT id, 'Reception', '+44 1632 960000', 'ST-' || to_char(500000 + n, 'FM000000'), now() - interval '1 year'
FROM old WHERE n <= 300;
INSERT INTO attendance_staff (user_id, department, phone, barcode, created_at)
SELECT id, 'Transport', '+44 1632 960001', '', now() - interval '1 year' FROM old WHERE n > 500;
"""


@dataclass
class Touching:
    """An application that edits rows which the plan is about, each in a transaction of its own, as a web page would."""

    url: str
    rows: list[int]
    written: dict[int, str] = field(default_factory=dict)
    longest: float = 0.0

    def until(self, done: threading.Event) -> None:
        connection = psycopg2.connect(self.url)
        try:
            for row in self.rows:
                if done.is_set():
                    return
                value, started = f"edited {row}", time.monotonic()
                with connection, connection.cursor() as cursor:
                    cursor.execute("UPDATE attendance_staff SET department = %s WHERE id = %s", (value, row))
                    changed = cursor.rowcount
                self.longest = max(self.longest, time.monotonic() - started)
                if changed:
                    self.written[row] = value
                time.sleep(0.02)
        finally:
            connection.close()


@dataclass
class Work:
    """What the application did while the plan was applied."""

    report: Any = None
    touching: Any = None
    batches: int = 0
    #: The first batch is made: however long that took, the rest is made beside people who register.
    begun: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def book(database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbook:
    racelab.migrate("attendance", "broken", database.url)
    database.execute(MANY)
    people = People(tmp_path)
    people.key(AUTHOR)
    people.key(REVIEWER)
    config = tmp_path / "mendbook.toml"
    config.write_text(racelab.SYSTEMS["attendance"].mapping_text + APPLY)
    monkeypatch.setenv("ATTENDANCE_URL", database.url)
    return Workbook.open("attendance", config, tmp_path / "outputs")


def signed_plan(book: Workbook, people: People) -> str:
    plan = str(book.plan(AUTHOR, people.key(AUTHOR))["plan"])
    book.sign(plan, REVIEWER, people.key(REVIEWER), approve=["all"])
    return plan


@contextmanager
def at_work(application: Any, url: str, rows: list[int], seed: int) -> Iterator[tuple[Work, threading.Event]]:
    """People register, and rows are edited; the event says that the people have gone home."""
    work, gone = Work(), threading.Event()
    work.touching = Touching(url.replace("+psycopg2", ""), rows)

    def register() -> None:
        work.begun.wait()
        try:
            work.report = racelab.traffic(application.base_url, "attendance", REGISTRATIONS, CONCURRENCY, seed)
        finally:
            gone.set()

    def touch() -> None:
        work.begun.wait()
        work.touching.until(gone)

    threads = [threading.Thread(target=each) for each in (register, touch)]
    for thread in threads:
        thread.start()
    try:
        yield work, gone
    finally:
        work.begun.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("mode", ["broken", "fixed"])
def test_nothing_is_lost_or_overwritten_and_nobody_waits_for_long(
    book: Workbook, database: TestDatabase, tmp_path: Path, mode: str
) -> None:
    with racelab.running("attendance", mode, database.url, tmp_path / "logs") as application:
        quiet = racelab.traffic(application.base_url, "attendance", REGISTRATIONS, CONCURRENCY, seed=1)
        plan = signed_plan(book, People(tmp_path))
        rows = [row for (row,) in database.execute("SELECT id FROM attendance_staff ORDER BY id")]
        random.Random(7).shuffle(rows)
        with at_work(application, database.url, rows, seed=2) as (work, gone):

            def pace(_: str, done: int, total: int) -> None:
                if total and done and not gone.is_set():
                    work.begun.set()
                    work.batches += 1
                    gone.wait(0.05)

            result = book.apply(plan, commit=True, progress=pace)
    log = (tmp_path / "logs" / "django.log").read_text() if (tmp_path / "logs" / "django.log").exists() else ""

    assert work.batches >= 10, "the application was at work between the batches"
    assert result["applied"] > 300
    assert work.report.complete
    _nothing_lost(work.report, database, mode)
    _nothing_overwritten(work.touching.written, database)
    assert all(why for why in (stale["why"] for stale in result["stale_cases"]))
    assert "deadlock" not in log
    if mode == "fixed":
        assert all(0 < status < 500 for status in work.report.statuses), work.report.statuses
    slowest = max(each.seconds for each in quiet.exchanges)
    assert max(each.seconds for each in work.report.exchanges) <= slowest + FACTOR * BATCH_BOUND
    assert work.touching.longest <= FACTOR * BATCH_BOUND
    assert book.verify_ledger().ok


def _nothing_lost(report: Any, database: TestDatabase, mode: str) -> None:
    """Who was told that the registration had worked has an account; where the code is sound, with one row and a barcode."""
    succeeded = {each.username.strip().lower() for each in report.registrations if each.status == 302}
    assert len(succeeded) >= 10
    kept = dict(
        database.execute("""
            SELECT lower(btrim(username)), count(s.id) FILTER (WHERE s.barcode <> '') FROM auth_user u
            LEFT JOIN attendance_staff s ON s.user_id = u.id GROUP BY u.id, username""")
    )
    assert succeeded <= set(kept)
    if mode == "fixed":
        assert {name: kept[name] for name in succeeded if kept[name] != 1} == {}


def _nothing_overwritten(written: dict[int, str], database: TestDatabase) -> None:
    """An edited row is there, with what was written into it: a repair that came later left it alone."""
    assert len(written) >= 20
    kept = dict(database.execute("SELECT id, department FROM attendance_staff"))
    assert {row: kept.get(row) for row, value in written.items() if kept.get(row) != value} == {}
    [(stale,)] = database.execute("SELECT sum(jsonb_array_length(details::jsonb -> 'stale')) FROM mendbook.ledger")
    assert stale > 0, "some rows were edited before the plan came to them"
