"""The whole way of a repair on every database: from plan to undo; killed, raced, and edited on the way."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas
import pytest
from faults.children import Children
from mendbook import failpoints
from mendbook.workbook import Workbook
from support.mariadb import fresh_mariadb
from support.people import AUTHOR, REVIEWERS, People
from support.places import DAMAGED, DATABASES, FOUND, LOG, MAPPING, Place, Rows, ask_sqlite, customer, user

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
SMALL_BATCHES = "[apply]\nbatch_rows = 5\n"
#: Users without a row, and rows without a code; forty cases, of one change each.
MANY: Rows = {
    "auth_user": [user(key) for key in range(1, 41)],
    "customer": [customer(key, key, barcode=None) for key in range(21, 41)],
}
#: New rows have no phone: without this column nothing is blank.
WITHOUT_FILLED = MAPPING.replace('filled = ["phone"]\n', "")


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "postgresql":
        database = request.getfixturevalue("database")
        yield Place(request.param, database.url, database.execute)
    elif request.param == "sqlite":
        file = tmp_path / "shop.sqlite3"
        yield Place(request.param, f"sqlite:///{file}", ask_sqlite(file))
    else:
        with fresh_mariadb(request.getfixturevalue("mariadb_server")) as fresh:
            yield Place(request.param, fresh.url, fresh.execute)


@pytest.fixture
def people(tmp_path: Path) -> People:
    home = tmp_path / "home"
    home.mkdir()
    made = People(home)
    for person in (AUTHOR, *REVIEWERS):
        made.key(person)
    return made


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
    made = Children(tmp_path_factory.mktemp("children"))
    yield made
    made.close()


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
        made = book.plan(AUTHOR, people.key(AUTHOR))
        if not made["cases"]:
            break
        plan = signed(book, people, made["plan"])
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


def test_a_repair_that_is_killed_anywhere_is_completed_each_row_once(
    place: Place, people: People, book: Workbook, children: Children
) -> None:
    place.fill(MANY)
    plan, command = planned(book, people), ["apply", "--commit", "--json"]
    places = ["--config", str(people.home / "mendbook.toml"), "--outputs", str(people.home / "outputs")]
    environment = {"SHOP_URL": place.url}
    for point in failpoints.POINTS:
        # with each of these one batch is committed at most, and there are eight at least
        child = children.run(people.home, [*command, plan, *places], MENDBOOK_FAILPOINT=f"{point}:kill", **environment)
        assert child.wait() in (-9, 0), child.said
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
    monkeypatch.setattr("mendbook.ledger_verification.PAGE", 3)
    place.fill(MANY)
    book.apply(planned(book, people), commit=True)
    state = book.verify_ledger()
    assert (state.ok, state.batches) == (True, 8)
    place.ask(f"UPDATE {place.called('change')} SET case_key = 'another' WHERE batch = 7 AND seq = 3")
    bad = book.verify_ledger().first_bad
    assert bad is not None
    assert (bad.position, bad.batch, bad.seq) == (7, 7, 3)
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

    monkeypatch.setattr("mendbook.apply.reach", write)
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
