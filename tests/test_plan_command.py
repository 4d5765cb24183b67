"""`mendbook plan` and `mendbook show`: the contract of their JSON, and what people read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mendbook.damage.changes import updated
from mendbook.damage.contacts import Contact
from mendbook.model import Option, Repair
from mendbook.reviews import review
from mendbook.reviews.decisions import Choice
from mendbook.terminal.plan import plan_table
from support.commands import Answer, Command, command_in
from support.ledgers import LedgerDatabase
from support.people import AUTHOR, REVIEWER, People
from support.planning import case, creating, leaving, removing, repairs, setting
from support.plans import header
from support.shop import DAMAGE, MAPPING, Shop

#: Two customers of user 1, told apart by what strangers typed.
HOSTILE = "[red]<script>=cmd\x1b[31m\u202e"
TWICE = f"""
ALTER TABLE customer DROP CONSTRAINT customer_user_id_key;
INSERT INTO customer VALUES (11, 1, E'{HOSTILE}', 'C-11', true, '2026-03-02 12:00Z');
"""


@pytest.fixture
def people(shop: Shop) -> People:
    return People(shop.home)


@pytest.fixture
def mendbook(shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return command_in(shop.home, monkeypatch, capsys)


@pytest.fixture
def plan(people: People, mendbook: Command) -> Callable[..., Answer]:
    """Plans by the command line, as the author."""
    people.key(REVIEWER)

    def command(*arguments: str, author: str = AUTHOR) -> Answer:
        return mendbook("plan", "shop", "--author", author, "--key", str(people.key(author)), *arguments)

    return command


@pytest.fixture
def mending(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Flags are set, missing customers made, doubles removed; blank ones are left."""
    with repairs(
        monkeypatch,
        null_flag=setting(invited="f"),
        missing_profile=creating(phone=None),
        duplicate_profile=removing(lambda key: key == "1", risk="high", because=("kept none",)),
        blank_profile=leaving("ask the person"),
    ):
        yield


# -- plan ------------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("mending")
def test_the_document(shop: Shop, plan: Any) -> None:
    shop.execute(DAMAGE + TWICE)
    answer = plan("--json")
    assert answer.code == 0
    document = answer.document
    assert {name: document[name] for name in ("cases", "changes", "by_kind", "blocked", "deferred")} == {
        "cases": 3,
        "changes": 4,
        "by_kind": {"missing_profile": 1, "null_flag": 1, "duplicate_profile": 1},
        "blocked": 1,
        "deferred": 1,
    }
    path = Path(document["path"])
    assert path == shop.outputs / "plans" / document["plan"] / "plan.jsonl"
    assert document["digest"] == hashlib.sha256(path.read_bytes()).hexdigest()
    why = {"kind": "blank_profile", "profile": "customer", "why": "ask the person", "cases": 1, "examples": ["7"]}
    assert document["left"] == [why]


@pytest.mark.usefixtures("mending")
def test_what_people_read(shop: Shop, plan: Any) -> None:
    shop.execute(DAMAGE + TWICE)
    answer = plan()
    assert (answer.code, answer.out) == (0, "")
    (folder,) = (shop.outputs / "plans").iterdir()
    for words in (
        "left: 1 blank_profile of customer: ask the person (for example 7)",
        "Rows: customer: 1 added, 1 changed, 2 removed.",
        "Blocked: 1 of 3 cases",
        f"Nothing was changed. Next: mendbook show {folder.name}",
        str(folder / "plan.jsonl"),
    ):
        assert words in answer.words


@pytest.mark.parametrize(
    ("act", "title", "columns"),
    [
        ("apply", "shop: what would be repaired", ["kind", "cases", "left", "repair", "what it is"]),
        ("undo", "shop: what would be taken back", ["kind", "cases", "left", "what was repaired"]),
    ],
)
def test_the_table_of_an_undo_does_not_say_that_it_repairs(act: str, title: str, columns: list[str]) -> None:
    table = plan_table(header(act=act, repairs={}), {})
    assert table.title == title
    assert [column.header for column in table.columns] == columns


@pytest.mark.usefixtures("mending")
def test_nothing_to_repair_is_no_error(plan: Any) -> None:
    answer = plan("--json")
    assert (answer.code, answer.document["cases"], answer.document["by_kind"]) == (0, 0, {})
    assert "There is nothing to repair." in answer.words


@pytest.mark.usefixtures("mending")
def test_the_author_has_signed_it(shop: Shop, plan: Any) -> None:
    shop.execute(DAMAGE)
    folder = Path(plan("--json").document["path"]).parent
    files = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert {"author.json", "author.json.sig", "plan.jsonl"} <= set(files)
    assert files["plan.jsonl"] == 0o600


@pytest.mark.usefixtures("mending")
def test_whoever_cannot_sign_plans_nothing(shop: Shop, people: People, plan: Any, mendbook: Command) -> None:
    shop.execute(DAMAGE)
    people.key(AUTHOR)
    for arguments in (
        ("--author", "nobody@example.com", "--key", str(people.key(AUTHOR))),
        ("--author", AUTHOR, "--key", "no"),
    ):
        answer = mendbook("plan", "shop", *arguments, "--json")
        assert answer.code == 2
        assert set(answer.document) == {"error", "hint"}
    assert plan("--json", author=REVIEWER).code == 0
    assert len(list((shop.outputs / "plans").iterdir())) == 1


@pytest.mark.usefixtures("mending")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--repair", "null_flag"), "KIND=REPAIR"),
        (("--repair", "null_flag=no"), "no repair called 'no'"),
        (("--repair", "null_flag=mend", "--repair", "null_flag=other"), "Two repairs"),
        (("--kind", "no"), "no kind of damage called 'no'"),
    ],
)
def test_arguments_that_mean_nothing(shop: Shop, plan: Any, arguments: tuple[str, ...], message: str) -> None:
    answer = plan(*arguments)
    assert answer.code == 2
    assert message in answer.words
    assert not list((shop.outputs / "plans").glob("*"))


@pytest.mark.usefixtures("mending")
def test_one_kind_with_a_named_repair(shop: Shop, plan: Any) -> None:
    shop.execute(DAMAGE)
    document = plan("--kind", "null_flag", "--repair", "null_flag=mend", "--json").document
    assert (document["by_kind"], document["left"]) == ({"null_flag": 1}, [])


def test_what_else_is_worth_knowing(shop: Shop, plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that could not be looked for, a log that is not there, and a list of people to ask."""
    shop.map(MAPPING.replace('url_env = "SHOP_URL"', 'url_env = "SHOP_URL"\nlogs = ["no.log"]').replace("invited =", "gone ="))
    shop.execute(DAMAGE)

    def contacts(tables: Any, founds: Any) -> Any:
        yield tables.statements.by_keys(tables.surroundings.tables["auth_user"], [])
        return [Contact(row.user_key, "=cmd", None) for found in founds for row in found.rows]

    asking = Repair("outreach", "ask", "low", leaving("to be asked"), contacts)
    with repairs(monkeypatch, blank_profile=[asking], null_flag=setting(gone="f"), ghost_user=removing()):
        answer = plan("--json")
    assert answer.code == 0
    assert "warning: No log file fits 'no.log'" in answer.words
    assert "left out: null_flag of customer: column gone does not exist" in answer.words
    assert f"Whom to ask: {answer.document['outreach']}" in answer.words
    assert Path(answer.document["outreach"]).read_text().splitlines()[1:] == ["7,'=cmd,"]


# -- show ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def planned(shop: Shop, plan: Any, mending: Any) -> dict[str, Any]:
    """A plan of three cases: missing_profile, null_flag, and a blocked duplicate_profile."""
    del mending
    shop.execute(DAMAGE + TWICE)
    made: dict[str, Any] = plan("--json").document
    return made


def states(mendbook: Command, plan: str) -> dict[str, str]:
    return {case["case"]: case["state"] for case in mendbook("show", plan, "--json").document["cases"]}


def test_every_case_is_shown(planned: dict[str, Any], mendbook: Command) -> None:
    answer = mendbook("show", planned["plan"], "--json")
    assert answer.code == 0
    shown = answer.document
    lines = Path(planned["path"]).read_bytes().splitlines(keepends=True)
    assert shown["header"] == json.loads(lines[0])
    assert [
        (c["case"], c["case_key"], c["kind"], c["profile"], c["repair"], c["risk"], c["state"]) for c in shown["cases"]
    ] == [
        ("missing_profile/customer/6", "6", "missing_profile", "customer", "mend", "low", "undecided"),
        ("null_flag/customer/7", "7", "null_flag", "customer", "mend", "low", "undecided"),
        ("duplicate_profile/customer/1", "1", "duplicate_profile", "customer", "mend", "high", "blocked"),
    ]
    assert [case["blockers"] for case in shown["cases"]] == [[], [], ["cascade"]]
    assert shown["cases"][2]["blocked_by"] == {"cascade": "something refers to it"}
    assert shown["cases"][2]["because"] == ["kept none"]
    assert [case["changes"] for case in shown["cases"]] == [json.loads(line)["changes"] for line in lines[1:]]
    assert shown["shown"] == hashlib.sha256(b"".join(lines[1:])).hexdigest()
    assert (shown["matched"], shown["notes"]) == (3, [])


def test_one_case_is_shown_whole(planned: dict[str, Any], mendbook: Command) -> None:
    lines = Path(planned["path"]).read_bytes().splitlines(keepends=True)
    for wanted in ("6", "missing_profile/customer/6"):
        shown = mendbook("show", planned["plan"], "--case", wanted, "--json").document
        (case,) = shown["cases"]
        assert (case["kept"], case["locks"]) == ([{"table": "auth_user", "key": "6", "image": None}], ["customer"])
        assert shown["shown"] == hashlib.sha256(lines[1]).hexdigest()
    assert mendbook("show", planned["plan"], "--case", "99").code == 2


def test_some_cases(planned: dict[str, Any], mendbook: Command) -> None:
    answer = mendbook("show", planned["plan"], "--limit", "1", "--json")
    assert (len(answer.document["cases"]), answer.document["matched"]) == (1, 3)
    assert "1 of 3 cases" in answer.words


def test_a_plan_by_its_folder_and_one_that_is_not_there(planned: dict[str, Any], mendbook: Command) -> None:
    assert mendbook("show", str(Path(planned["path"]).parent), "--json").document["plan"] == planned["plan"]
    answer = mendbook("show", "no-plan")
    assert answer.code == 2
    assert planned["plan"] in answer.words


def test_a_plan_that_was_changed(planned: dict[str, Any], mendbook: Command) -> None:
    path = Path(planned["path"])
    path.write_bytes(path.read_bytes().replace(b'"risk":"high"', b'"risk":"lowe"'))
    assert mendbook("show", planned["plan"]).code == 2


def test_people_see_what_differs_and_nobodys_data(planned: dict[str, Any], mendbook: Command) -> None:
    answer = mendbook("show", planned["plan"])
    assert (answer.code, answer.out) == (0, "")
    assert "≠ invited NULL f" in answer.words, "the column that differs, before and after"
    assert "user_id 7" not in answer.words, "the others are in --case"
    assert "+ created_at (drawn when it is made)" in answer.words
    assert "- barcode C-11" in answer.words
    assert "blocked by cascade: something refers to it" in answer.words
    assert "555-1" not in answer.err
    assert "5•••" in answer.err


def test_revealed_text_stays_inert(planned: dict[str, Any], mendbook: Command) -> None:
    for more in ((), ("--case", "duplicate_profile/customer/1")):
        revealed = mendbook("show", planned["plan"], "--reveal", *more)
        assert "555-1" in revealed.err
        assert "[red]<script>=cmd⟨U+001B⟩[31m⟨U+202E⟩" in revealed.err
        assert "\x1b[31m" not in revealed.err


def test_secrets_and_addresses_are_not_shown(shop: Shop, plan: Any, mendbook: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The users' table is changed, with their passwords, and the case's words name somebody."""
    shop.execute(DAMAGE)

    def propose(tables: Any, founds: Any) -> Any:
        answer = yield tables.statements.by_keys(tables.surroundings.tables["auth_user"], ["1"])
        change = updated("7", "auth_user", "1", answer[0].image, {"email": "other@example.com"}, 6)
        option = Option("email", "from user5@example.com", True, 0, "email")
        return [case(found, change, because=("as ana@example.com said",), options=(option,)) for found in founds]

    with repairs(monkeypatch, null_flag=propose):
        made = plan("--json").document["plan"]
        masked, revealed = (mendbook("show", made, "--case", "7", *more) for more in ((), ("--reveal",)))
    assert "≠ email u•••@e•••.com o•••@e•••.com" in masked.words
    assert "as a•••@e•••.com said" in masked.words
    assert "option email (done unless declined): from u•••@e•••.com" in masked.words
    assert "≠ email user1@example.com other@example.com" in revealed.words
    assert "hash-1" not in masked.err + revealed.err


def test_a_case_in_full(planned: dict[str, Any], mendbook: Command) -> None:
    answer = mendbook("show", planned["plan"], "--case", "7")
    assert "user_id 7 7" in answer.words
    assert "phone ' ' ' '" in answer.words, "blank is shown as it is"


def test_what_was_decided(shop: Shop, people: People, planned: dict[str, Any], mendbook: Command) -> None:
    book = shop.book()
    file, key = book.plan_file(planned["plan"]), people.key(REVIEWER)
    now = datetime.now(UTC)
    for decision, of in (("approve", "null_flag"), ("reject", "missing_profile")):
        review.decide(file, REVIEWER, [Choice(decision, of)], now)
    review.sign(file, REVIEWER, key, book.settings, now)
    assert states(mendbook, planned["plan"]) == {
        "missing_profile/customer/6": "rejected",
        "null_flag/customer/7": "approved",
        "duplicate_profile/customer/1": "blocked",
    }


def test_what_the_ledger_tells(shop: Shop, planned: dict[str, Any], mendbook: Command) -> None:
    ledger = LedgerDatabase(shop.database)
    ledger.ensure()
    applied = ["missing_profile/customer/6", "missing_profile", "customer", "6", 1, 1]
    ledger.append(planned["plan"], 1, 1, cases=[applied], stale=[["null_flag/customer/7", "changed since"]])
    ledger.append("another", 1, 1, cases=[["duplicate_profile/customer/1", "", "", "", 1, 1]])
    assert states(mendbook, planned["plan"]) == {
        "missing_profile/customer/6": "applied",
        "null_flag/customer/7": "stale",
        "duplicate_profile/customer/1": "blocked",
    }


def test_without_the_database_what_was_applied_is_not_told(
    planned: dict[str, Any], mendbook: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_URL")
    answer = mendbook("show", planned["plan"], "--json")
    assert (answer.code, len(answer.document["cases"])) == (0, 3)
    assert "ledger was not read" in answer.document["notes"][0]
    assert "ledger was not read" in answer.words


def test_without_the_mapping_everything_but_keys_is_masked(shop: Shop, planned: dict[str, Any], mendbook: Command) -> None:
    shop.map(MAPPING.replace("sources.shop", "sources.other"))
    answer = mendbook("show", planned["plan"])
    assert answer.code == 0
    assert "has no source 'shop'" in answer.words
    assert "C-11" not in answer.err


def test_decisions_that_cannot_be_read_are_told(planned: dict[str, Any], mendbook: Command) -> None:
    (Path(planned["path"]).parent / "review-x-00000000.json").write_text("no")
    answer = mendbook("show", planned["plan"], "--json")
    assert answer.code == 0
    assert "What was decided is not told" in answer.document["notes"][0]
