"""The whole way of a repair on every database: from plan to undo; killed, raced, and edited on the way."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas
import pymysql
import pytest
from faults.children import Children
from mendbook.errors import Refused
from mendbook.repairs import failpoints
from mendbook.workbook import Workbook
from sqlalchemy.engine import make_url
from support.databases import fresh_database
from support.mariadb import MariaDatabase, MariaServer, fresh_mariadb
from support.people import AUTHOR, REVIEWERS, People
from support.places import DAMAGED, DATABASES, FOUND, LOG, MAPPING, Place, Rows, ask_sqlite, customer, user

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
SMALL_BATCHES = "[apply]\nbatch_rows = 5\nbatch_seconds = 5.0\n"
#: Users without a row, and rows without a code; forty cases, of one change each.
MANY: Rows = {
    "auth_user": [user(key) for key in range(1, 41)],
    "customer": [customer(key, key, barcode=None) for key in range(21, 41)],
}
#: New rows have no phone: without this column nothing is blank.
WITHOUT_FILLED = MAPPING.replace('filled = ["phone"]\n', "")


@pytest.fixture(params=DATABASES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(kind: str, request: pytest.FixtureRequest, file: Path) -> Iterator[Place]:
    """An empty database."""
    if kind == "sqlite":
        yield Place(kind, f"sqlite:///{file}", ask_sqlite(file))
        return
    fresh, server = (fresh_database, "server") if kind == "postgresql" else (fresh_mariadb, "mariadb_server")
    with fresh(request.getfixturevalue(server)) as database:
        yield Place(kind, database.url, database.execute)


@pytest.fixture
def place(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from made(kind, request, tmp_path / "shop.sqlite3")


@pytest.fixture
def another(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from made(kind, request, tmp_path / "another.sqlite3")


@pytest.fixture
def people(tmp_path: Path) -> People:
    home = tmp_path / "home"
    home.mkdir()
    everybody = People(home)
    for person in (AUTHOR, *REVIEWERS):
        everybody.key(person)
    return everybody


@pytest.fixture
def book(place: Place, people: People, monkeypatch: pytest.MonkeyPatch) -> Workbook:
    """The workbook of a shop that has no rows yet."""
    monkeypatch.setenv("SHOP_URL", place.url)
    (people.home / "mendbook.toml").write_text(WITHOUT_FILLED + SMALL_BATCHES)
    (people.home / "postgresql.log").write_text(LOG)
    return opened(people)


def opened(people: People) -> Workbook:
    return Workbook.open("shop", people.home / "mendbook.toml", people.home / "outputs")


@pytest.fixture(scope="module")
def children(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Children]:
    template = Children(tmp_path_factory.mktemp("children"))
    yield template
    template.close()


def signed(book: Workbook, people: People, plan: str) -> str:
    """``plan`` with everything in it approved, whatever is said against it."""
    shown = book.show(plan)["cases"]
    waive = [f"{case['case']}={blocker}" for case in shown for blocker in case["blockers"]]
    blocked = [case["case"] for case in shown if case["blockers"]]
    for person in REVIEWERS:
        book.sign(plan, person, people.key(person), approve=["all", *blocked], **({"waive": waive} if waive else {}))
    return plan


def planned(book: Workbook, people: People) -> str:
    plan: str = book.plan(AUTHOR, people.key(AUTHOR))["plan"]
    return signed(book, people, plan)


def found(book: Workbook) -> dict[str, int]:
    counts = book.take_audit(())[1]["counts"]
    return {kind: each["rows"] for kind, each in counts.items() if each["rows"] and kind != "missing_constraint"}


def test_all_damage_is_found_repaired_and_brought_back(place: Place, people: People, book: Workbook) -> None:
    (people.home / "mendbook.toml").write_text(MAPPING + SMALL_BATCHES)
    place.fill(DAMAGED)
    book = opened(people)
    assert found(book) == FOUND
    states, plans = [place.rows()], []
    for _ in range(4):  # what waits for other cases is in a later plan
        proposed = book.plan(AUTHOR, people.key(AUTHOR))
        if not proposed["cases"]:
            break
        plan = signed(book, people, proposed["plan"])
        rehearsed = book.apply(plan)
        assert place.rows() == states[-1], "a rehearsal changes nothing"
        done = book.apply(plan, commit=True)
        told = ("applied", "stale", "rejected", "changes", "remaining")
        assert {name: rehearsed[name] for name in told} == {name: done[name] for name in told}
        assert not done["stale"], done["stale_cases"]
        states.append(place.rows())
        plans.append(plan)
    left = found(book)
    assert left.keys() <= {"blank_profile", "ghost_user"}, left
    assert book.verify_ledger().ok
    for plan, before in zip(reversed(plans), reversed(states[:-1]), strict=True):
        undoing = signed(book, people, book.undo(plan, AUTHOR, people.key(AUTHOR))["plan"])
        assert not book.apply(undoing, commit=True)["stale"]
        assert place.rows() == before
    assert found(book) == FOUND
    assert book.verify_ledger().ok


@pytest.mark.parametrize("kind", ["sqlite", "mariadb"])  # on PostgreSQL it is tests/faults that kills
def test_a_repair_that_is_killed_anywhere_is_completed_each_row_once(
    place: Place, people: People, book: Workbook, children: Children
) -> None:
    place.fill(MANY)
    plan, command = planned(book, people), ["apply", "--commit", "--json"]
    places = ["--config", str(people.home / "mendbook.toml"), "--outputs", str(people.home / "outputs")]
    environment = {"SHOP_URL": place.url}
    for point in failpoints.POINTS:
        # not one of these runs comes to its end: rows that are locked are in the later batches, and a commit is told after it
        child = children.run(people.home, [*command, plan, *places], MENDBOOK_FAILPOINT=f"{point}:kill", **environment)
        assert child.wait() == -9, child.said
        assert book.verify_ledger().ok
    done = children.run(people.home, [*command, plan, *places], **environment)
    assert done.wait() == 0, done.said
    check_once(place, book)


def check_once(place: Place, book: Workbook) -> None:
    """Everything of MANY was repaired, once."""
    change = place.called("change")
    assert [tuple(map(int, row)) for row in place.ask(f"SELECT count(*), count(DISTINCT case_key) FROM {change}")] == [(40, 40)]
    assert [int(row[0]) for row in place.ask("SELECT count(*) FROM customer WHERE barcode IS NOT NULL")] == [40]
    state = book.verify_ledger()
    assert state.ok
    assert state.checkpoints == state.batches
    assert found(book) == {}


def test_four_that_apply_the_same_plan_at_once_do_it_once(
    place: Place, people: People, book: Workbook, children: Children
) -> None:
    place.fill(MANY)
    plan = planned(book, people)
    places = ["--config", str(people.home / "mendbook.toml"), "--outputs", str(people.home / "outputs")]
    running = [children.run(people.home, ["apply", plan, "--commit", "--json", *places], SHOP_URL=place.url) for _ in range(4)]
    codes = [child.wait() for child in running]
    told = [child.said for child in running]
    assert codes.count(0) >= 1, told
    # who comes while another is at it is told so, and has changed nothing
    assert all(code == 0 or (code == 2 and "Another repair" in said) for code, said in zip(codes, told, strict=True)), told
    check_once(place, book)


def test_a_ledger_whose_row_was_edited_names_that_row(
    place: Place, people: People, book: Workbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mendbook.ledger.verification.PAGE", 3)
    place.fill(MANY)
    book.apply(planned(book, people), commit=True)
    state = book.verify_ledger()
    assert state.ok
    assert state.batches >= 8
    place.ask(f"UPDATE {place.called('change')} SET case_key = 'another' WHERE batch = 5 AND seq = 1")
    bad = book.verify_ledger().first_bad
    assert bad is not None
    assert (bad.position, bad.batch, bad.seq) == (5, 5, 1)
    place.ask(f"DELETE FROM {place.called('ledger')} WHERE position = 3")
    bad = book.verify_ledger().first_bad
    assert bad is not None
    assert bad.position == 3


def test_a_row_that_was_edited_since_is_stale_and_stays_as_it_is(place: Place, people: People, book: Workbook) -> None:
    place.fill(MANY)
    plan = planned(book, people)
    place.ask("UPDATE customer SET phone = 'edited' WHERE id = 30")
    done: dict[str, Any] = book.apply(plan, commit=True)
    assert (done["applied"], done["stale"]) == (39, 1)
    assert "changed since: phone" in done["stale_cases"][0]["why"]
    assert place.ask("SELECT phone, barcode FROM customer WHERE id = 30") == [("edited", None)]


def test_an_application_that_writes_meanwhile_loses_nothing(
    place: Place, people: People, book: Workbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two batches, as seen from the database: a new namesake's row and an edit stay, and the rest goes on."""
    place.fill(MANY)
    plan = planned(book, people)
    seen: list[str] = []

    def write(name: str) -> None:
        if name == "committed" and not seen:
            seen.append(name)
            place.ask("UPDATE auth_user SET email = 'other@example.com' WHERE id = 40")
            place.ask("UPDATE customer SET barcode = 'their own' WHERE id = 40")

    monkeypatch.setattr("mendbook.repairs.apply.reach", write)
    done = book.apply(plan, commit=True)
    assert seen
    assert done["applied"] == 39
    assert place.ask("SELECT barcode FROM customer WHERE id = 40") == [("their own",)]
    assert place.ask("SELECT email FROM auth_user WHERE id = 40") == [("other@example.com",)]
    assert book.verify_ledger().ok


def test_two_accounts_that_are_told_apart_are_no_damage_until_that_is_taken_away(place: Place, book: Workbook) -> None:
    place.fill({"auth_user": [user(1), user(2, username="USER1")], "customer": [customer(1, 1), customer(2, 2)]})
    assert found(book) == {"duplicate_user": 2}
    told = book.tell_apart("2", "1", "father and son", "reviewer@example.com")
    assert (told["keys"], told["state"]) == (["1", "2"], "recorded")
    again = book.tell_apart("1", "2", "another reason", "second.reviewer@example.com")
    assert (again["reason"], again["name"], again["state"]) == ("father and son", "reviewer@example.com", "there already")
    assert found(book) == {}
    assert book.forget_apart("1", "2")["state"] == "removed"
    assert book.forget_apart("1", "2")["state"] == "not there"
    assert found(book) == {"duplicate_user": 2}


def test_images_that_are_purged_leave_the_chain_whole(place: Place, people: People, book: Workbook) -> None:
    place.fill(MANY)
    book.apply(planned(book, people), commit=True)
    batches = book.verify_ledger().batches
    nothing = book.purge_ledger(datetime(2020, 1, 1, tzinfo=UTC))
    assert (nothing["removed"], nothing["through"]) == (0, None)
    purged = book.purge_ledger(datetime.now(UTC))
    assert (purged["removed"], purged["through"], purged["position"]) == (40, batches, batches + 1)
    state = book.verify_ledger()
    assert (state.ok, state.batches) == (True, batches)
    place.ask(f"UPDATE {place.called('ledger')} SET role = 'another' WHERE position = 1")
    bad = book.verify_ledger().first_bad
    assert bad is not None
    assert bad.position == 1


def test_frames_show_the_same_people_everywhere(place: Place, book: Workbook) -> None:
    place.fill(DAMAGED)
    wanted = ["id", "username", "is_staff", "date_joined"]
    book.reveal = True
    frame = book.users(columns=wanted, where={"id": [11, 3]}).sort_values("id")
    assert [str(dtype) for dtype in frame.dtypes] == ["Int64", "str", "boolean", "datetime64[us, UTC]"]
    assert frame.iloc[1].tolist() == [11, "user11", True, pandas.Timestamp("2026-03-01T12:11Z")]
    made_at = {"date_joined": datetime(2026, 11, 20, 10, 0, 1, 500_000, tzinfo=UTC)}
    assert book.users(columns=["id"], where=made_at)["id"].tolist() == [16]
    assert book.users(columns=["id"], where={"is_staff": True})["id"].tolist() == [11]
    nobodys = book.profiles("customer", columns=["id", "user_id"], where={"user_id": None})
    assert nobodys["id"].tolist() == [170]
    assert nobodys["user_id"].isna().all()


def test_nothing_that_an_application_writes_meanwhile_is_overwritten(place: Place, people: People, book: Workbook) -> None:
    """It writes the very rows as fast as it can, in turns with the repair; what the database refuses it did not write."""
    place.fill(MANY)
    plan = planned(book, people)
    wrote: dict[int, int] = {}
    over = threading.Event()

    def write() -> None:
        turn = 0
        while not over.is_set():
            key = 21 + turn * 7 % 20
            with contextlib.suppress(Exception):  # a deadlock, a lock that it waited for too long: it did not write
                place.ask(f"UPDATE customer SET phone = 'w-{turn}' WHERE id = {key}")
                wrote[key] = turn
            turn += 1
            time.sleep(0.002)

    application = threading.Thread(target=write)
    application.start()
    try:
        done = book.apply(plan, commit=True)
    finally:
        over.set()
        application.join()
    assert wrote
    phones = dict(place.ask("SELECT id, phone FROM customer"))
    assert {key: phones[key] for key in wrote} == {key: f"w-{turn}" for key, turn in wrote.items()}
    assert done["applied"] + done["stale"] == 40
    assert done["applied"] >= 20, "users who lack a row are nobody else's business"
    blank = place.ask("SELECT count(*) FROM customer WHERE barcode IS NULL")
    assert [int(row[0]) for row in blank] == [done["stale"]]
    assert book.verify_ledger().ok


@pytest.mark.parametrize("kind", ["sqlite"])
def test_one_who_writes_for_longer_than_a_lock_is_waited_for_is_waited_for_again(
    place: Place, people: People, book: Workbook
) -> None:
    """Before the first batch and after the last one just as between them."""
    place.fill(MANY)
    plan = planned(book, people)
    (people.home / "mendbook.toml").write_text(WITHOUT_FILLED + SMALL_BATCHES + "lock_seconds = 0.1\n")
    file = place.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as application:
        application.execute("BEGIN IMMEDIATE")
        done = threading.Timer(0.4, application.execute, ["COMMIT"])
        done.start()
        assert opened(people).apply(plan, commit=True)["applied"] == 40
        done.join()


def test_a_plan_is_for_the_very_database_that_it_was_made_of(
    place: Place, another: Place, people: People, book: Workbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.fill(MANY)
    plan = planned(book, people)
    another.fill(MANY)
    before = another.rows()
    monkeypatch.setenv("SHOP_URL", another.url)
    for commit in (False, True):
        with pytest.raises(Refused, match="was made for another database"):
            opened(people).apply(plan, commit=commit)
    assert another.rows() == before


def test_a_plan_is_not_applied_where_the_schema_has_changed(place: Place, people: People, book: Workbook) -> None:
    place.fill(MANY)
    plan = planned(book, people)
    place.ask("CREATE UNIQUE INDEX one_profile ON customer (user_id)")
    before = place.rows()
    with pytest.raises(Refused, match=r"schema has changed since .*: customer"):
        book.apply(plan, commit=True)
    assert place.rows() == before


def test_a_ledger_whose_end_was_cut_off_is_noticed_by_what_is_kept_outside(
    place: Place, people: People, book: Workbook
) -> None:
    place.fill(MANY)
    book.apply(planned(book, people), commit=True)
    for table, column in (("change", "batch"), ("ledger", "position")):
        place.ask(f"DELETE FROM {place.called(table)} WHERE {column} > 6")
    bad = book.verify_ledger().first_bad
    assert bad is not None
    assert (bad.position, "its end was cut off" in bad.why) == (7, True)


def test_accounts_of_mariadb_may_do_what_their_work_needs_and_no_more(
    mariadb_server: MariaServer, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = f"o'{uuid.uuid4().hex[:8]}`\""
    with fresh_mariadb(mariadb_server) as database:
        place = Place("mariadb", database.url, database.execute)
        place.fill(DAMAGED)
        kind = place.ask("SHOW COLUMNS FROM auth_user LIKE 'id'")[0][1]
        odd = f"`it's ``odd``` (id int PRIMARY KEY, `a``b` {kind}, FOREIGN KEY (`a``b`) REFERENCES auth_user (id))"
        database.execute(f"CREATE TABLE {odd}; CREATE TABLE secret (id int)")
        database.execute(
            "ALTER TABLE customer ADD CHECK (user_id <> 0); CREATE TRIGGER q BEFORE INSERT ON note FOR EACH ROW SET @q = 1"
        )
        monkeypatch.setenv("SHOP_URL", database.url)
        lines = (MAPPING + SMALL_BATCHES).replace('url_env = "SHOP_URL"', 'url_env = "SHOP_URL"\nrepair_url_env = "REPAIR_URL"')
        (people.home / "mendbook.toml").write_text(lines)
        (people.home / "postgresql.log").write_text(LOG)
        printed = opened(people).roles(prefix)
        database.execute(printed["sql"])
        database.execute(printed["sql"])
        urls = {}
        for part, name in printed["roles"].items():
            account = "'" + name.replace("'", "''") + "'@'%'"
            with pytest.raises(pymysql.err.OperationalError, match="locked"):
                logged_in(database, name, "")
            database.execute(f"ALTER USER {account} IDENTIFIED BY 'pw' ACCOUNT UNLOCK")
            urls[part] = make_url(database.url).set(username=name, password="pw").render_as_string(hide_password=False)
        monkeypatch.setenv("SHOP_URL", urls["audit"])
        monkeypatch.setenv("REPAIR_URL", urls["repair"])
        book = opened(people)
        assert found(book) == FOUND
        before = place.rows()
        plan = planned(book, people)
        assert not book.apply(plan, commit=True)["stale"]
        undoing = signed(book, people, book.undo(plan, AUTHOR, people.key(AUTHOR))["plan"])
        assert not book.apply(undoing, commit=True)["stale"]
        assert place.rows() == before
        assert book.verify_ledger().ok
        for part, statement in (
            ("audit", "UPDATE customer SET phone = ''"),
            ("audit", "SELECT * FROM secret"),
            ("repair", "UPDATE auth_user SET username = 'x'"),
            ("repair", "SELECT * FROM secret"),
            ("repair", "DELETE FROM mendbook_ledger"),
            ("repair", "UPDATE mendbook_change SET salt = NULL"),
            ("owner", "SELECT * FROM customer"),
        ):
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                logged_in(database, printed["roles"][part], "pw", statement)


def logged_in(database: MariaDatabase, name: str, password: str, statement: str = "SELECT 1") -> None:
    """Run ``statement`` as that account."""
    socket, account = str(database.server.socket), {"user": name, "password": password, "database": database.name}
    with pymysql.connect(unix_socket=socket, ssl_disabled=True, **account) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
