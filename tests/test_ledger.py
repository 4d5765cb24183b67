"""The ledger on a real PostgreSQL: what it records, and that nobody can touch it unnoticed."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from mendbook.dialects.postgresql.ledger import PostgreSQLLedger
from mendbook.digests import chain as ledger_chain
from mendbook.errors import AlreadyApplied, NotCanonical, Refused
from mendbook.ledger import ledger
from mendbook.ledger.checkpoints import Checkpoint
from mendbook.ledger.ledger import Entry, FirstBad, LedgerState
from mendbook.model import Change
from support.databases import TestDatabase, TestServer, fresh_database
from support.ledgers import NASTY, LedgerDatabase, changes
from support.shop import role


@pytest.fixture
def book(database: TestDatabase) -> LedgerDatabase:
    return LedgerDatabase(database)


# -- the schema ----------------------------------------------------------------------------------------------------------


def test_a_database_without_a_ledger_is_in_order(book: LedgerDatabase) -> None:
    assert book.verify() == LedgerState(0, None)
    assert book.verify().as_json() == {"batches": 0, "head": None, "ok": True, "first_bad": None, "checkpoints": 0}


def test_the_schema_is_created_once(book: LedgerDatabase) -> None:
    assert book.ensure()
    assert not book.ensure()
    assert book.verify() == LedgerState(0, None)
    book.execute(PostgreSQLLedger().sql())


def test_only_what_is_missing_is_created(book: LedgerDatabase) -> None:
    book.fill(1)
    book.execute("DROP TABLE mendbook.exceptions")
    assert book.ensure()
    assert book.verify().batches == 1


def test_the_schema_touches_nothing_else(book: LedgerDatabase) -> None:
    count = "SELECT count(*) FROM pg_class WHERE relnamespace <> 'mendbook'::regnamespace AND relkind = 'r'"
    book.execute("CREATE SCHEMA mendbook; CREATE TABLE ledger (mine int)")
    before = book.execute(count)
    assert book.ensure()
    assert book.execute(count) == before


def test_four_create_it_at_once(book: LedgerDatabase) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert any(pool.map(lambda _: book.ensure(), range(4)))
    assert not book.ensure()


@pytest.mark.parametrize(
    "other",
    [
        "CREATE TABLE mendbook.ledger (entry text)",
        "CREATE VIEW mendbook.ledger AS SELECT 1 AS position",
        "CREATE TABLE mendbook.exceptions (note text)",
    ],
)
def test_what_somebody_else_has_put_there(book: LedgerDatabase, other: str) -> None:
    book.execute(f"CREATE SCHEMA mendbook; {other}")
    for attempt in (book.ensure, book.verify):
        with pytest.raises(Refused, match="not the ledger that this version"):
            attempt()


def test_a_role_that_may_not_create_it_says_in_one_line_what_prints_the_owners_sql(book: LedgerDatabase) -> None:
    with role(book.database) as (_, url):
        with pytest.raises(Refused, match="may not create") as caught, book.transaction(url) as connection:
            ledger.ensure(connection)
        assert "'mendbook roles SOURCE' prints" in caught.value.hint
        assert caught.value.hint.isprintable()
    book.execute(PostgreSQLLedger().sql())
    assert not book.ensure()


def test_another_failure_is_not_taken_for_missing_rights(book: LedgerDatabase, monkeypatch: Any) -> None:
    monkeypatch.setattr("mendbook.dialects.postgresql.ledger._SQL", "CREATE NONSENSE")
    with pytest.raises(sa.exc.ProgrammingError):
        book.ensure()


def test_pairs_that_are_not_the_same_person(book: LedgerDatabase) -> None:
    book.ensure()
    insert = "INSERT INTO mendbook.exceptions VALUES ('auth_user', '{}', '{}', '{}', 'reviewer')"
    book.execute(insert.format("10", "9", "twins"))
    for first, second, reason in (("9", "10", "twins"), ("1", "1", "same"), ("1", "2", " \t"), ("10", "9", "again")):
        with pytest.raises(Exception, match="violates"):
            book.execute(insert.format(first, second, reason))
    assert book.execute("SELECT at <= clock_timestamp() FROM mendbook.exceptions") == [(True,)]


# -- append --------------------------------------------------------------------------------------------------------------


def test_a_batch_and_its_changes(book: LedgerDatabase) -> None:
    book.ensure()
    before = book.execute("SELECT clock_timestamp()")[0][0]
    with book.transaction() as connection:
        checkpoint = ledger.append(connection, Entry("plan", 7, "undo", {"b": NASTY, "a": [1, None, True]}), changes(5))
    after = book.execute("SELECT clock_timestamp()")[0][0]
    rows = book.execute(
        "SELECT position, act, plan, batch, role = session_user, details, count, previous, hash, at FROM mendbook.ledger"
    )
    at = rows[0][9]
    assert rows == [(1, "undo", "plan", 7, True, {"a": [1, None, True], "b": NASTY}, 5, "0" * 64, checkpoint.head, at)]
    assert before <= at <= after
    assert checkpoint == Checkpoint(1, rows[0][8], at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    stored = book.execute(
        'SELECT plan, batch, seq, case_key, "table", op, key, before, after FROM mendbook.change ORDER BY seq'
    )
    assert stored == [
        ("plan", 7, seq, each.case_key, each.table, each.op, each.key, each.before, each.after)
        for seq, each in enumerate(changes(5), 1)
    ]
    assert len(set(book.execute("SELECT salt FROM mendbook.change"))) == 5
    assert book.verify([checkpoint]) == LedgerState(1, checkpoint.head, 1)


def test_names_that_a_copy_could_take_for_something_else(book: LedgerDatabase) -> None:
    book.ensure()
    odd = ["\\N", "\\.", "", "a\tb", "a\\tb", "two\nlines\r", NASTY]
    with book.transaction() as connection:
        ledger.append(connection, Entry(NASTY, 1), [Change(text, text, "delete", text, {text: text}, None) for text in odd])
    rows = book.execute('SELECT plan, case_key, "table", key, before FROM mendbook.change ORDER BY seq')
    assert rows == [(NASTY, text, text, text, {text: text}) for text in odd]
    assert book.verify().ok


@pytest.mark.parametrize(
    ("does", "broken"), [("PERFORM pg_terminate_backend(pg_backend_pid())", True), ("RAISE 'not today'", False)]
)
def test_what_goes_wrong_while_changes_are_copied_comes_as_any_error(book: LedgerDatabase, does: str, broken: bool) -> None:
    book.ensure()
    book.execute(f"CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does}; RETURN new; END $$")
    book.execute("CREATE TRIGGER spoil BEFORE INSERT ON mendbook.change FOR EACH ROW EXECUTE FUNCTION spoil()")
    with pytest.raises(sa.exc.DBAPIError) as caught:
        book.append()
    assert caught.value.connection_invalidated == broken
    assert book.execute("SELECT count(*) FROM mendbook.ledger") == [(0,)]


def test_a_chain(book: LedgerDatabase) -> None:
    checkpoints = book.fill(5)
    assert [each.size for each in checkpoints] == [1, 2, 3, 4, 5]
    heads = [each.head for each in checkpoints]
    assert book.execute("SELECT hash FROM mendbook.ledger ORDER BY position") == [(head,) for head in heads]
    assert book.execute("SELECT previous FROM mendbook.ledger ORDER BY position OFFSET 1") == [(head,) for head in heads[:-1]]
    assert book.verify(checkpoints) == LedgerState(5, heads[-1], 5)


def test_a_batch_without_changes(book: LedgerDatabase) -> None:
    book.ensure()
    checkpoint = book.append(number=0, stale=["every", "case"])
    assert book.verify([checkpoint]).ok


def test_a_large_batch_and_many(book: LedgerDatabase) -> None:
    book.ensure()
    book.append(number=2500)
    with book.transaction() as connection:
        for batch in range(2, 200):
            checkpoint = ledger.append(connection, Entry("plan", batch), changes(1))
    assert book.verify([checkpoint]) == LedgerState(199, checkpoint.head, 1)


def test_the_pins_of_another_session_change_nothing(book: LedgerDatabase) -> None:
    checkpoints = book.fill(2)
    with book.transaction() as connection:
        connection.exec_driver_sql("SET TimeZone = 'Pacific/Auckland'; SET DateStyle = 'German'; SET bytea_output = 'escape'")
        checkpoints.append(ledger.append(connection, Entry("other", 1), changes()))
        assert ledger.verify(connection, checkpoints).ok
    assert book.verify(checkpoints).ok


def test_what_is_rolled_back_was_never_there(book: LedgerDatabase) -> None:
    book.fill(1)
    with book.transaction() as connection:
        ledger.append(connection, Entry("plan", 2), changes())
        connection.rollback()
    assert book.append(batch=2).size == 2
    assert book.verify().ok


@pytest.mark.parametrize(
    "act",
    [
        lambda connection: ledger.claim(connection, "plan", 2),
        lambda connection: ledger.append(connection, Entry("plan", 2), changes()),
    ],
)
def test_the_same_batch_twice(book: LedgerDatabase, act: Callable[[sa.Connection], Any]) -> None:
    book.fill(2)
    with pytest.raises(AlreadyApplied, match=r"has batch 2 of plan plan already \(row 2\)"), book.transaction() as connection:
        act(connection)
    assert book.verify().batches == 2


def test_a_batch_that_was_not_done_can_be_claimed(book: LedgerDatabase) -> None:
    book.fill(2)
    with book.transaction() as connection:
        ledger.claim(connection, "plan", 3)
        ledger.append(connection, Entry("plan", 3), changes())
    assert book.verify().batches == 3


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (Change("c", "t", "insert", "1", None, {"id": 1}), NotCanonical),  # type: ignore[dict-item]
        (Change("c", "t", "insert", "1", None, {1: "1"}), NotCanonical),  # type: ignore[dict-item]
        (Change("c", "t", "insert", "1", None, {"id": "\ud800"}), NotCanonical),
        (Change("c", "t", "insert", "1", {"id": "1"}, {"id": "1"}), sa.exc.IntegrityError),
        (Change("c", "t", "delete", "1", None, {"id": "1"}), sa.exc.IntegrityError),
        (Change("c", "t", "update", "1", None, {"id": "1"}), sa.exc.IntegrityError),
        (Change("c", "t", "truncate", "1", None, {"id": "1"}), sa.exc.IntegrityError),
    ],
)
def test_changes_that_are_none(book: LedgerDatabase, change: Change, error: type[Exception]) -> None:
    book.fill(1)
    with pytest.raises(error), book.transaction() as connection:
        ledger.append(connection, Entry("plan", 2), [change])
    assert book.verify().batches == 1


def test_details_are_canonical_values(book: LedgerDatabase) -> None:
    book.fill(1)
    with pytest.raises(NotCanonical), book.transaction() as connection:
        ledger.append(connection, Entry("plan", 2, details={"seconds": 0.5}), [])
    with pytest.raises(sa.exc.IntegrityError), book.transaction() as connection:
        ledger.append(connection, Entry("plan", 2, "repair"), [])


# -- at once -------------------------------------------------------------------------------------------------------------


def waits_for_a_lock(book: LedgerDatabase) -> None:
    for _ in range(9000):
        if book.execute("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"):
            return
        time.sleep(0.02)
    pytest.fail("nobody waits")


def while_waiting(book: LedgerDatabase, first: Callable[[sa.Connection], Any], second: Callable[[], Any]) -> Any:
    """``first`` in a transaction that commits only when ``second`` waits for it; what ``second`` returns or raises."""
    with ThreadPoolExecutor(1) as pool:
        with book.transaction() as connection:
            first(connection)
            running = pool.submit(second)
            waits_for_a_lock(book)
        return running.result(180)


def test_two_add_at_once(book: LedgerDatabase) -> None:
    book.fill(1)
    last = while_waiting(
        book, lambda connection: ledger.append(connection, Entry("plan", 2), changes()), lambda: book.append(batch=3)
    )
    assert last.size == 3
    assert book.verify([last]) == LedgerState(3, last.head, 1)


def test_two_add_the_same_batch_at_once(book: LedgerDatabase) -> None:
    book.fill(1)
    with pytest.raises(AlreadyApplied):
        while_waiting(
            book, lambda connection: ledger.append(connection, Entry("plan", 2), changes()), lambda: book.append(batch=2)
        )
    assert book.verify().batches == 2


def test_many_add_at_once(book: LedgerDatabase) -> None:
    book.ensure()
    tries = [(plan, batch) for batch in range(1, 9) for plan in ("one", "two")] * 2
    refused = threading.Semaphore(0)

    def attempt(each: tuple[str, int]) -> None:
        try:
            book.append(*each)
        except AlreadyApplied:
            refused.release()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(attempt, tries))
    assert book.verify().batches == 16
    assert sum(refused.acquire(blocking=False) for _ in range(20)) == 16


# the same batch at a position of its own, put there past the lock
PAST_THE_LOCK = """
INSERT INTO mendbook.ledger SELECT {position}, act, plan, {batch}, at, role, details, count, changes, 'other', 'other'
FROM mendbook.ledger WHERE position = 1
"""


def test_the_constraint_decides_where_the_lock_was_passed_by(book: LedgerDatabase) -> None:
    book.fill(1)
    script = PAST_THE_LOCK.format(position=99, batch=2)
    with pytest.raises(AlreadyApplied, match="has batch 2 of plan plan already"):
        while_waiting(book, lambda connection: connection.exec_driver_sql(script), lambda: book.append(batch=2))


def test_another_conflict_is_not_taken_for_an_applied_batch(book: LedgerDatabase) -> None:
    book.fill(1)
    script = PAST_THE_LOCK.format(position=2, batch=5)
    with pytest.raises(sa.exc.IntegrityError, match="ledger_pkey"):
        while_waiting(book, lambda connection: connection.exec_driver_sql(script), lambda: book.append(batch=2))


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_that_cannot_see_the_end_is_refused(book: LedgerDatabase, isolation: str) -> None:
    book.fill(1)
    with book.transaction() as connection:
        connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
        with pytest.raises(Refused, match=f"is {isolation.lower()}") as caught:
            ledger.append(connection, Entry("plan", 2), [])
        with pytest.raises(Refused, match=f"is {isolation.lower()}"):
            ledger.purge(connection, datetime.now(UTC))
    assert "READ COMMITTED" in caught.value.hint


# -- rights --------------------------------------------------------------------------------------------------------------


def test_a_role_that_may_add_and_nothing_else(book: LedgerDatabase) -> None:
    book.fill(2)
    with role(book.database) as (name, url):
        with pytest.raises(Refused, match="may not add to the ledger") as caught, book.transaction(url) as connection:
            ledger.append(connection, Entry("plan", 3), changes())
        assert "GRANT SELECT, INSERT ON mendbook.ledger, mendbook.change" in caught.value.hint
        book.execute(f"GRANT USAGE ON SCHEMA mendbook TO {name}")
        book.execute(f"GRANT SELECT, INSERT ON mendbook.ledger, mendbook.change TO {name}")
        with book.transaction(url) as connection:
            assert not ledger.ensure(connection)
            checkpoint = ledger.append(connection, Entry("plan", 3), changes())
        assert book.execute("SELECT role FROM mendbook.ledger WHERE position = 3") == [(name,)]
        with book.transaction(url) as connection:
            assert ledger.verify(connection, [checkpoint]).ok
        for forbidden in ("DELETE FROM mendbook.ledger", "UPDATE mendbook.change SET seq = 9", "TRUNCATE mendbook.change"):
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), book.transaction(url) as connection:
                connection.exec_driver_sql(forbidden)
        with pytest.raises(Refused, match="may not purge images"), book.transaction(url) as connection:
            ledger.purge(connection, datetime.now(UTC) + timedelta(days=1))
    assert book.verify().batches == 3


def test_a_ledger_that_is_not_there_cannot_be_added_to(book: LedgerDatabase) -> None:
    with pytest.raises(sa.exc.ProgrammingError, match="does not exist"):
        book.append()


# -- tampering -----------------------------------------------------------------------------------------------------------


def set_row(column: str, value: str, position: int = 2) -> str:
    return f"UPDATE mendbook.ledger SET {column} = {value} WHERE position = {position}"


def set_change(column: str, value: str) -> str:
    return f'UPDATE mendbook.change SET "{column}" = {value} WHERE batch = 2 AND seq = 2'


EDITED = "its columns do not give its hash: it was edited"
REMOVED = "it does not follow the row before it"
TAMPERED = {
    # one row of the ledger
    "act": (set_row("act", "'undo'"), 2, None, EDITED),
    "plan": (set_row("plan", "'another'"), 2, None, EDITED),
    "batch": (set_row("batch", "9"), 2, None, EDITED),
    "at": (set_row("at", "at + interval '1 microsecond'"), 2, None, EDITED),
    "at infinity": (set_row("at", "'infinity'"), 2, None, EDITED),
    "role": (set_row("role", "'somebody'"), 2, None, EDITED),
    "details": (set_row("details", """'{"stale":[],"statement":"5891b5b5"}'"""), 2, None, EDITED),
    "details' spacing": (set_row("details", "(details::text || ' ')::json"), 2, None, EDITED),
    "details twice": (set_row("details", """'{"a":1,"a":2}'"""), 2, None, EDITED),
    "details with a float": (set_row("details", "'0.5'"), 2, None, EDITED),
    "count": (set_row("count", "2"), 2, None, EDITED),
    "changes": (set_row("changes", "repeat('0', 64)"), 2, None, EDITED),
    "hash": (set_row("hash", "repeat('1', 64)"), 2, None, EDITED),
    "previous": (set_row("previous", "repeat('1', 64)"), 2, None, REMOVED),
    "previous of the first": (set_row("previous", "repeat('1', 64)", 1), 1, None, REMOVED),
    "position": (set_row("position", "50"), 2, None, "row 2 is missing"),
    "position of the first": (set_row("position", "50", 1), 1, None, "row 1 is missing"),
    "a purge of nothing": (
        "ALTER TABLE mendbook.ledger DROP CONSTRAINT ledger_check; " + set_row("act", "'purge'"), 2, None, EDITED,
    ),
    # rows
    "removed": ("DELETE FROM mendbook.ledger WHERE position = 2", 2, None, "row 2 is missing"),
    "first removed": ("DELETE FROM mendbook.ledger WHERE position = 1", 1, None, "row 1 is missing"),
    "removed and closed up": (
        """DELETE FROM mendbook.ledger WHERE position = 2;
        UPDATE mendbook.ledger SET position = position - 1 WHERE position = 3;
        UPDATE mendbook.ledger SET position = position - 1 WHERE position = 4""",
        2, None, REMOVED,
    ),
    "all removed but one": ("DELETE FROM mendbook.ledger WHERE position <> 3", 1, None, "row 1 is missing"),
    "reordered": (
        set_row("position", "50", 2) + ";" + set_row("position", "2", 3) + ";" + set_row("position", "3", 50),
        2, None, REMOVED,
    ),
    "moved and linked up": (
        """DELETE FROM mendbook.ledger WHERE position = 1;
        UPDATE mendbook.ledger SET position = 1, previous = repeat('0', 64) WHERE position = 2""",
        1, None, EDITED,
    ),
    "added": (PAST_THE_LOCK.format(position=5, batch=5), 5, None, REMOVED),
    # one change
    "before": (set_change("before", """'{"id":"2"}'"""), 2, 2, "its images do not give their digest"),
    "after": (set_change("after", "(after::text || ' ')::json"), 2, 2, "its images do not give their digest"),
    "images exchanged": (
        "UPDATE mendbook.change SET before = after, after = before WHERE batch = 2 AND op = 'update'",
        2, 2, "its images do not give their digest",
    ),
    "no row exchanged for JSON's null": (
        """ALTER TABLE mendbook.change DROP CONSTRAINT change_check;
        UPDATE mendbook.change SET after = 'null' WHERE batch = 2 AND op = 'delete'""",
        2, 3, "its images do not give their digest",
    ),
    "salt": (set_change("salt", "'00'"), 2, 2, "its images do not give their digest"),
    "images": (set_change("images", "repeat('0', 64)"), 2, 2, "its images do not give their digest"),
    "digest": (set_change("digest", "repeat('0', 64)"), 2, 2, "its columns do not give its digest"),
    "case_key": (set_change("case_key", "'x'"), 2, 2, "its columns do not give its digest"),
    "table": (set_change("table", "'x'"), 2, 2, "its columns do not give its digest"),
    "key": (set_change("key", "NULL"), 2, 2, "its columns do not give its digest"),
    "op": (
        "ALTER TABLE mendbook.change DROP CONSTRAINT change_check;" + set_change("op", "'delete'"),
        2, 2, "its columns do not give its digest",
    ),
    "change moved to another batch": (
        "UPDATE mendbook.change SET batch = 1, seq = 4 WHERE batch = 2 AND seq = 3", 1, 4, "do not give its digest",
    ),
    "images removed": (
        "UPDATE mendbook.change SET before = NULL, after = NULL, salt = NULL WHERE batch = 2 AND seq = 2",
        2, 2, "no purge is recorded",
    ),
    "change removed": ("DELETE FROM mendbook.change WHERE batch = 2 AND seq = 2", 2, 2, "change 2 is missing"),
    "last change removed": ("DELETE FROM mendbook.change WHERE batch = 2 AND seq = 3", 2, 3, "change 3 is missing"),
    "changes removed": ("TRUNCATE mendbook.change", 1, 1, "change 1 is missing"),
    "the table of changes removed": ("DROP TABLE mendbook.change", None, None, "mendbook.change is missing"),
    "changes exchanged for those of another batch": (
        "DELETE FROM mendbook.change WHERE batch = 2; UPDATE mendbook.change SET batch = 2 WHERE batch = 3",
        2, 1, "its columns do not give its digest",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_tampering_is_named(book: LedgerDatabase, what: str) -> None:
    script, position, seq, why = TAMPERED[what]
    checkpoints = book.fill(4)
    assert book.verify(checkpoints).ok
    book.execute(script)
    bad = book.verify().first_bad
    assert bad is not None
    assert why in bad.why
    assert (bad.position, bad.seq) == (position, seq)
    assert not book.verify(checkpoints).ok


def test_a_change_that_belongs_to_nothing(book: LedgerDatabase) -> None:
    book.fill(2)
    book.execute("""INSERT INTO mendbook.change
        SELECT 'ghost', 1, 1, case_key, "table", op, key, before, after, salt, images, digest
        FROM mendbook.change WHERE batch = 1 AND seq = 1""")
    assert book.verify().first_bad == FirstBad("the change belongs to no row of the ledger", None, "ghost", 1, 1)


REHASHED = """
UPDATE mendbook.change SET digest = '{digest}', key = 'forged' WHERE batch = 2 AND seq = 2
"""


def test_a_change_edited_with_its_digest(book: LedgerDatabase) -> None:
    """Then the batch no longer has the digests that it was written with."""
    book.fill(3)
    (images,) = book.execute("SELECT images FROM mendbook.change WHERE batch = 2 AND seq = 2")[0]
    forged = changes()[1]
    forged = Change(forged.case_key, forged.table, forged.op, "forged", None, None)
    book.execute(REHASHED.format(digest=ledger_chain.change_digest("plan", 2, 2, forged, images)))
    bad = book.verify().first_bad
    assert bad == FirstBad("its changes are not those that it was written with", 2, "plan", 2)


def test_a_change_added_to_a_batch(book: LedgerDatabase) -> None:
    book.fill(3)
    (images,) = book.execute("SELECT images FROM mendbook.change WHERE batch = 2 AND seq = 3")[0]
    digest = ledger_chain.change_digest("plan", 2, 4, changes()[2], images)
    book.execute(f"""INSERT INTO mendbook.change SELECT plan, batch, 4, case_key, "table", op, key, before, after, salt,
        images, '{digest}' FROM mendbook.change WHERE batch = 2 AND seq = 3""")
    assert book.verify().first_bad == FirstBad("its changes are not those that it was written with", 2, "plan", 2)


# -- checkpoints ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [0, 1, 3])
def test_a_cut_tail_shows_against_a_checkpoint(book: LedgerDatabase, left: int) -> None:
    checkpoints = book.fill(4)
    book.execute(f"DELETE FROM mendbook.change WHERE batch > {left}; DELETE FROM mendbook.ledger WHERE position > {left}")
    assert book.verify().ok, "without checkpoints nobody can tell"
    state = book.verify(checkpoints)
    assert state.first_bad is not None
    assert state.first_bad.position == left + 1
    assert f"has {left} rows, but the checkpoint of {checkpoints[3].at} saw 4" in state.first_bad.why
    assert state.batches == left


@pytest.mark.parametrize("drop", ["DROP SCHEMA mendbook CASCADE", "DROP TABLE mendbook.ledger"])
def test_a_ledger_that_is_gone_shows_against_a_checkpoint(book: LedgerDatabase, drop: str) -> None:
    checkpoints = book.fill(2)
    book.execute(drop)
    state = book.verify(checkpoints)
    assert state.first_bad is not None
    assert state.first_bad.position == 1
    assert (state.batches, state.head) == (0, None)


def test_a_cut_tail_whose_changes_were_left(book: LedgerDatabase) -> None:
    checkpoints = book.fill(3)
    book.execute("DELETE FROM mendbook.ledger WHERE position = 3")
    assert book.verify().first_bad == FirstBad("the change belongs to no row of the ledger", None, "plan", 3, 1)
    bad = book.verify(checkpoints).first_bad
    assert bad is not None
    assert bad.position == 3


def test_a_restored_backup_that_went_on(book: LedgerDatabase) -> None:
    """Rows 3 and 4 were lost by the restore, and others were written in their place."""
    checkpoints = book.fill(4)
    book.execute("DELETE FROM mendbook.change WHERE batch > 2; DELETE FROM mendbook.ledger WHERE position > 2")
    for batch in range(3, 8):
        book.append("later", batch)
    assert book.verify().ok, "it is a sound chain, but not the one that was seen"
    bad = book.verify(checkpoints).first_bad
    assert bad is not None
    assert (bad.position, bad.plan, bad.batch) == (3, "later", 3)
    assert checkpoints[2].at in bad.why
    assert book.verify([*checkpoints[:2], book.append("later", 8)]).ok


def test_a_ledger_written_anew_from_the_start(book: LedgerDatabase) -> None:
    checkpoints = book.fill(3)
    book.execute("TRUNCATE mendbook.ledger, mendbook.change")
    book.fill(3)
    bad = book.verify(checkpoints).first_bad
    assert bad is not None
    assert (bad.position, bad.seq) == (1, None)


def test_two_checkpoints_that_contradict(book: LedgerDatabase) -> None:
    checkpoints = book.fill(2)
    bad = book.verify([*checkpoints, Checkpoint(2, "0" * 64, "2026-01-01T00:00:00.000000Z")]).first_bad
    assert bad is not None
    assert bad.position == 2


# -- purge ---------------------------------------------------------------------------------------------------------------


def purge(book: LedgerDatabase, before: datetime) -> Checkpoint | None:
    with book.transaction() as connection:
        return ledger.purge(connection, before)


def images_left(book: LedgerDatabase) -> list[int]:
    sql = "SELECT DISTINCT batch FROM mendbook.change WHERE coalesce(before::text, after::text, salt) IS NOT NULL ORDER BY 1"
    return [batch for (batch,) in book.execute(sql)]


def test_purged_images_leave_the_chain_whole(book: LedgerDatabase) -> None:
    checkpoints = book.fill(4)
    (third,) = book.execute("SELECT at FROM mendbook.ledger WHERE position = 3")[0]
    last = purge(book, third)
    assert last is not None
    assert last.size == 5
    assert images_left(book) == [3, 4]
    assert book.execute("SELECT act, plan, batch, count, details FROM mendbook.ledger WHERE position = 5") == [
        ("purge", None, None, 0, {"before": third.astimezone(UTC).isoformat(), "changes": 6, "through": 2})
    ]
    assert book.verify([*checkpoints, last]) == LedgerState(4, last.head, 5)
    after = book.append(batch=5)
    assert book.verify([*checkpoints, last, after]) == LedgerState(5, after.head, 6)


def test_what_was_purged_stays_guarded(book: LedgerDatabase) -> None:
    book.fill(2)
    purge(book, datetime.now(UTC) + timedelta(days=1))
    assert images_left(book) == []
    assert book.verify().ok
    book.execute(set_change("case_key", "'x'"))
    assert book.verify().first_bad == FirstBad("its columns do not give its digest: it was edited", 2, "plan", 2, 2)


def test_images_that_go_behind_a_purge(book: LedgerDatabase) -> None:
    book.fill(2)
    purge(book, datetime.now(UTC) + timedelta(days=1))
    book.append(batch=3)
    book.execute("UPDATE mendbook.change SET before = NULL, after = NULL, salt = NULL WHERE batch = 3 AND seq = 1")
    bad = book.verify().first_bad
    assert bad is not None
    assert (bad.position, bad.seq) == (4, 1)
    assert "no purge is recorded" in bad.why


def test_a_second_purge_takes_what_is_new(book: LedgerDatabase) -> None:
    book.fill(2)
    assert purge(book, datetime.now(UTC) + timedelta(days=1))
    assert purge(book, datetime.now(UTC) + timedelta(days=1)) is None
    book.append(batch=3)
    assert purge(book, datetime.now(UTC) + timedelta(days=1))
    assert images_left(book) == []
    assert book.verify().ok


def test_a_purge_of_nothing_is_not_recorded(book: LedgerDatabase) -> None:
    book.ensure()
    assert purge(book, datetime.now(UTC)) is None
    book.fill(2)
    assert purge(book, datetime(2000, 1, 1, tzinfo=UTC)) is None
    assert images_left(book) == [1, 2]
    with pytest.raises(ValueError, match="time zone"):
        purge(book, datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("details", ["'7'", "'{}'", """'{"through":"x"}'""", """'{"through":null}'""", "'{ }'"])
def test_a_forged_purge(book: LedgerDatabase, details: str) -> None:
    book.fill(2)
    book.execute(f"""INSERT INTO mendbook.ledger VALUES (3, 'purge', NULL, NULL, now(), 'x', {details}, 0, 'x', 'x', 'x');
        UPDATE mendbook.change SET before = NULL, after = NULL, salt = NULL WHERE batch = 1""")
    bad = book.verify().first_bad
    assert bad is not None
    assert (bad.position, bad.seq) == (1, 1)


# -- by hand -------------------------------------------------------------------------------------------------------------


def test_the_digests_can_be_had_without_mendbook(book: LedgerDatabase) -> None:
    """The queries of docs/ledger.md, run on PostgreSQL itself, give the same."""
    from test_project import ROOT

    book.fill(3)
    book.append(batch=4, number=0)
    assert purge(book, book.execute("SELECT at FROM mendbook.ledger WHERE position = 2")[0][0])
    blocks = (ROOT / "docs" / "ledger.md").read_text().split("```sql\n")[1:]
    queries = [block.partition("```")[0] for block in blocks]
    assert len(queries) == 3
    for query in queries:
        assert book.execute(query) == [], "it lists what does not fit"
    book.execute(set_change("before", """'{"id":"2"}'"""))
    assert book.execute(queries[0]) == [("plan", 2, 2)]
    book.execute(set_change("digest", "repeat('0', 64)"))
    assert book.execute(queries[1]) == [(2,)]
    book.execute(set_row("role", "'x'", 3))
    assert book.execute(queries[2]) == [(3,)]


def test_the_hash_of_a_row_is_a_plain_sha256(book: LedgerDatabase) -> None:
    book.ensure()
    checkpoint = book.append(number=0, note=NASTY)
    (role_name,) = book.execute("SELECT session_user::text")[0]
    nothing = hashlib.sha256(b"").hexdigest()
    note = 'O\'Brien \\"quoted\\" \\\\ \\n\\r\\t\\u0001\x7f\x85\u2028 é ſ \U0001f600 </script> {\\"a\\": 1}'
    line = (
        f'{{"act":"apply","at":"{checkpoint.at}","batch":1,"changes":"{nothing}","count":0,"details":{{"note":"{note}"}},'
        f'"plan":"plan","position":1,"previous":"{"0" * 64}","role":"{role_name}"}}\n'
    )
    assert hashlib.sha256(line.encode()).hexdigest() == checkpoint.head


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_JP"])
def test_a_database_in_another_encoding(server: TestServer, encoding: str) -> None:
    letters = {"LATIN1": "r\u00e9viseur", "SQL_ASCII": "r\u00e9viseur", "EUC_JP": "審査"}[encoding]
    with fresh_database(server, encoding, "C") as other:
        book = LedgerDatabase(other)
        book.ensure()
        image = {letters: letters, "id": "1"}
        with book.transaction() as connection:
            checkpoint = ledger.append(
                connection,
                Entry("plan", 1, details={letters: letters}),
                [Change(letters, letters, "insert", letters, None, image)],
            )
        assert book.verify([checkpoint]) == LedgerState(1, checkpoint.head, 1)


def test_letters_that_the_database_cannot_hold_are_not_recorded_as_others(server: TestServer) -> None:
    with fresh_database(server, "LATIN1", "C") as other:
        book = LedgerDatabase(other)
        book.ensure()
        with pytest.raises(UnicodeEncodeError), book.transaction() as connection:
            ledger.append(connection, Entry("plan", 1), changes())
        assert book.verify().batches == 0
