"""Plans: what goes into them, in what order, what waits and why; and that no unsigned or half-made plan ever stays behind."""

from __future__ import annotations

import errno
import hashlib
import json
import re
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from mendbook.database import Database
from mendbook.dialects.postgresql import schema as postgresql_schema
from mendbook.digests import canonical
from mendbook.errors import ConfigError, MappingError, OutputError, Refused, SignatureError
from mendbook.model import Blocker, Case, Change, Found, Left, LogsRead, Option, Repair, Row
from mendbook.plans import files as plan_files
from mendbook.plans.files import PlanFile
from mendbook.plans.plan import Made, choose, make
from support.databases import TestServer, fresh_database
from support.planning import Propose, case, creating, leaving, removing, repairs, rows_of, setting
from support.shop import DAMAGE, MAPPING, ROWS, TABLES, Shop, role

#: Two customers of user 1 (the second one blank, without a code and a flag) and of user 2.
TWICE = """
ALTER TABLE customer DROP CONSTRAINT customer_user_id_key;
INSERT INTO customer VALUES (11, 1, '', '', NULL, '2026-03-02 12:00Z'), (12, 2, '555', 'C-12', true, '2026-03-02 12:00Z');
"""
Planner = Callable[..., Made]


@pytest.fixture
def planned(shop: Shop) -> Planner:
    """Makes a plan of the shop, signed by nobody."""

    def plan(sign: Any = lambda *_: None, **asked: Any) -> Made:
        book = shop.book()
        logs = asked.pop("logs", None)
        return make(
            Database(book.source, book.settings), book.settings, shop.outputs, "author@example.com", sign, logs=logs, **asked
        )

    return plan


def told(made: Made) -> list[str]:
    return [each.name for each in made.plan.cases()]


def left(made: Made) -> dict[tuple[str, str], int]:
    return {(each["kind"], each["why"]): each["cases"] for each in made.plan.header.left}


def plans(shop: Shop) -> list[str]:
    return sorted(path.name for path in (shop.outputs / "plans").iterdir())


# -- what stands in a plan -------------------------------------------------------------------------------------------------


def test_a_plan_of_nothing(planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    with repairs(monkeypatch, null_flag=setting(invited="f"), missing_profile=creating()):
        made = planned()
    assert told(made) == []
    assert made.as_json() | {"plan": "", "digest": "", "path": "", "expires": ""} == {
        "plan": "",
        "digest": "",
        "path": "",
        "expires": "",
        "cases": 0,
        "changes": 0,
        "by_kind": {},
        "blocked": 0,
        "deferred": 0,
        "left": [],
        "left_out": [],
        "warnings": [],
        "outreach": None,
    }
    assert made.plan.header.repairs == {"missing_profile": "mend", "null_flag": "mend"}
    assert made.plan.header.schema == {}


def test_the_file_is_the_plan(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute(DAMAGE)
    with repairs(monkeypatch, null_flag=setting(invited="f"), missing_profile=creating(phone=None)):
        made = planned()
    path = Path(made.as_json()["path"])
    assert path == shop.outputs / "plans" / made.plan.id / "plan.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    data = path.read_bytes()
    assert made.plan.digest == hashlib.sha256(data).hexdigest() == made.as_json()["digest"]
    assert made.plan.id.endswith(f"-shop-{made.plan.digest[:12]}")
    first, create, flag = canonical.read_lines(data)
    assert (create["kind"], create["profile"], create["case_key"], create["repair"]) == (
        "missing_profile",
        "customer",
        "6",
        "mend",
    )
    assert create["changes"] == [
        {
            "phase": 4,
            "table": "customer",
            "op": "insert",
            "key": None,
            "before": None,
            "after": {"phone": None, "user_id": "6"},
            "drawn": {"created_at": "now", "id": "default"},
        }
    ]
    assert create["kept"] == [{"table": "auth_user", "key": "6", "image": None}]
    (change,) = flag["changes"]
    assert (change["table"], change["op"], change["key"]) == ("customer", "update", "7")
    before = {
        "id": "7",
        "user_id": "7",
        "phone": " ",
        "barcode": "",
        "invited": None,
        "created_at": "2026-03-02 12:00:00+00",
    }
    assert (change["before"], change["after"]) == (before, {**before, "invited": "false"} | {"invited": "f"})
    assert first == {"format": "mendbook-plan@1", **made.plan.header.value()} | {"left": []}
    assert plan_files.read(made.plan.folder) == made.plan


def test_the_header_binds_the_plan(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.map(MAPPING + "[review]\napprovals = 2\napprovals_by_risk = { high = 3 }\nexpires_days = 2\n")
    shop.execute(DAMAGE)
    with repairs(monkeypatch, null_flag=setting(invited="f"), missing_profile=creating()):
        header = planned().plan.header
    assert (header.act, header.source, header.author, header.parent) == ("apply", "shop", "author@example.com", None)
    assert header.policy == {"approvals": 2, "approvals_by_risk": {"high": 3}}
    assert header.cases == {"missing_profile": 1, "null_flag": 1}
    assert header.changes == {"customer": {"insert": 1, "update": 1, "delete": 0}}
    system, database = shop.execute("SELECT system_identifier::text, current_database()::text FROM pg_control_system()")[0]
    ((number,),) = shop.execute("SELECT oid::text FROM pg_database WHERE datname = current_database()")
    assert header.identity == {"system": system, "database": database, "number": number}
    assert set(header.schema) == {"auth_user", "customer"}, "the one that it changes, and the one that it keeps rows of"
    ((span, ago),) = shop.execute(
        f"SELECT timestamptz '{header.expires}' - timestamptz '{header.made_at}' = interval '2 days',"
        f" now() - timestamptz '{header.made_at}' BETWEEN interval '0' AND interval '1 min'"
    )
    assert (span, ago) == (True, True)
    assert header.snapshot.count(":") == 2
    assert header.made_at.endswith("+00:00")


def test_the_schema_of_what_refers_to_removed_rows_is_bound_too(
    shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.execute(
        TWICE + "CREATE TABLE parcel (id int PRIMARY KEY, customer bigint REFERENCES customer); CREATE TABLE other (a int);"
    )
    with repairs(monkeypatch, duplicate_profile=removing()):
        schema = planned().plan.header.schema
    assert set(schema) == {"customer", "parcel"}
    with repairs(monkeypatch, null_flag=setting(invited="f")):
        assert set(planned().plan.header.schema) == {"customer"}, "nothing is removed"
    oids = {name: int(shop.execute(f"SELECT '{name}'::regclass::oid::bigint")[0][0]) for name in schema}
    book = shop.book()
    with Database(book.source, book.settings).connection() as connection:
        assert postgresql_schema.schema_digests(connection, oids) == schema
    shop.execute("ALTER TABLE parcel ADD COLUMN more int")
    with repairs(monkeypatch, duplicate_profile=removing()):
        again = planned().plan.header.schema
    assert {name for name in schema if schema[name] != again[name]} == {"parcel"}


def test_two_plans_of_one_moment_are_alike_but_for_it(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute(TWICE + DAMAGE.replace("(7, 7, ' ', ''", "(7, 7, ' ', ' '"))
    with repairs(monkeypatch, null_flag=setting(invited="f"), duplicate_profile=removing(), missing_profile=creating()):
        one, other = planned(), planned()
    assert one.plan.path.read_bytes().splitlines()[1:] == other.plan.path.read_bytes().splitlines()[1:]
    assert one.plan.digest != other.plan.digest


# -- what is left ----------------------------------------------------------------------------------------------------------


def test_what_is_left_is_told_by_reason(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute("UPDATE customer SET phone = '' WHERE id <= 4; ALTER TABLE customer DROP CONSTRAINT customer_barcode_key;")
    shop.execute("INSERT INTO auth_user (id, username, email) SELECT n, 'x' || n, 'x' || n FROM generate_series(20, 25) n")
    with repairs(monkeypatch, blank_profile=leaving("ask the person"), missing_profile=leaving("too late")):
        made = planned()
    assert (told(made), made.as_json()["cases"], made.as_json()["deferred"]) == ([], 0, 10)
    assert made.as_json()["left"] == [
        {
            "kind": "missing_profile",
            "profile": "customer",
            "why": "too late",
            "cases": 6,
            "examples": ["20", "21", "22", "23", "24"],
        },
        {"kind": "blank_profile", "profile": "customer", "why": "ask the person", "cases": 4, "examples": ["1", "2", "3", "4"]},
    ]


def test_reasons_without_end_do_not_fill_the_header(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute("UPDATE customer SET phone = ''")
    monkeypatch.setattr("mendbook.plans.making.REASONS", 2)

    def propose(_: Any, founds: Any) -> Any:
        return [Left(each.kind, each.profile, each.case_key, f"because of {each.case_key}") for each in founds]
        yield

    with repairs(monkeypatch, blank_profile=propose):
        counts = list(left(planned()).values())
    assert counts == [1, 1, 3]


def test_kinds_that_cannot_be_looked_for_are_told(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.map(MAPPING.replace('filled = ["phone"]', 'filled = ["fax"]'))
    with repairs(monkeypatch, blank_profile=setting(phone="1"), ghost_user=removing()):
        document = planned().as_json()
    assert document["left_out"] == [
        {"kind": "ghost_user", "profile": None, "why": "the source names no logs"},
        {"kind": "blank_profile", "profile": "customer", "why": "column fax does not exist"},
    ]
    assert document["left"] == []


# -- conflicts -------------------------------------------------------------------------------------------------------------


def test_a_row_is_in_one_case_at_most(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute(TWICE)
    with repairs(
        monkeypatch,
        duplicate_profile=removing(),
        blank_profile=setting(phone="1"),
        null_flag=setting(invited="f"),
        missing_code=setting(barcode="x"),
    ):
        made = planned()
    assert told(made) == ["duplicate_profile/customer/1", "duplicate_profile/customer/2"]
    why = "waits for the next plan: a case of duplicate_profile changes the same row"
    assert left(made) == {("blank_profile", why): 1, ("missing_code", why): 1, ("null_flag", why): 1}
    assert {tuple(each["after"]) for each in made.plan.header.left} == {("duplicate_profile/customer/1",)}


def test_the_dearer_kind_comes_first_whatever_it_is_called(
    shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.execute(DAMAGE)
    mend = {"null_flag": setting(invited="f"), "missing_code": setting(barcode="x"), "blank_profile": setting(phone="1")}
    with repairs(monkeypatch, **mend):
        made = planned()
    assert told(made) == ["blank_profile/customer/7"]
    with repairs(monkeypatch, **mend):
        assert told(planned(kinds=["null_flag", "missing_code"])) == ["missing_code/customer/7"]


def keeping(*kept: Row, **more: Any) -> Propose:
    """Sets the flag of the case's row, and relies on the rows of ``kept``."""

    def propose(tables: Any, founds: Any) -> Any:
        images: Any = yield from rows_of(tables, founds)
        plain = yield from setting(invited="f")(tables, founds)
        del images
        return [Case(c.kind, c.profile, c.case_key, c.repair, c.risk, c.changes, kept=kept, **more) for c in plain]

    return propose


def test_no_case_changes_what_another_relies_on(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    """User 1's first row is removed with its double; the flags of rows 3 and 4 rely on that row, on 5, or on nothing."""
    shop.execute(TWICE + "UPDATE customer SET invited = NULL WHERE id IN (3, 4)")
    with repairs(monkeypatch, duplicate_profile=removing(), null_flag=keeping(Row("customer", "1"))):
        made = planned()
    assert told(made) == ["duplicate_profile/customer/1", "duplicate_profile/customer/2"]
    relied = "waits for the next plan: a case of duplicate_profile changes a row that this one relies on"
    same = "waits for the next plan: a case of duplicate_profile changes the same row"
    assert left(made) == {("null_flag", relied): 2, ("null_flag", same): 1}


def test_what_an_earlier_case_relies_on_is_not_changed(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute("UPDATE customer SET phone = '' WHERE id = 2; UPDATE customer SET invited = NULL WHERE id IN (1, 3)")

    def fill(tables: Any, founds: Any) -> Any:
        cases = yield from setting(phone="1")(tables, founds)
        return [Case(c.kind, c.profile, c.case_key, c.repair, c.risk, c.changes, kept=(Row("customer", "1"),)) for c in cases]

    with repairs(monkeypatch, blank_profile=fill, null_flag=setting(invited="f")):
        made = planned()
    assert told(made) == ["blank_profile/customer/2", "null_flag/customer/3"]
    assert left(made) == {
        ("null_flag", "waits for the next plan: a case of blank_profile relies on a row that this one changes"): 1
    }


def test_cases_may_rely_on_the_same_row(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute("UPDATE customer SET invited = NULL WHERE id IN (3, 4)")
    with repairs(monkeypatch, null_flag=keeping(Row("auth_user", "1"))):
        assert told(planned()) == ["null_flag/customer/3", "null_flag/customer/4"]


def test_names_are_owned_once(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute("UPDATE customer SET invited = NULL WHERE id IN (3, 4)")
    with repairs(monkeypatch, null_flag=keeping(owns=("code/customer/barcode/7",))):
        made = planned()
    assert told(made) == ["null_flag/customer/3"]
    why = "waits for the next plan: a case of null_flag is about the same profile or code"
    assert left(made) == {("null_flag", why): 1}


def test_the_place_that_a_row_moves_to_is_taken_too(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A case that gives its row another key, and one that changes the row of that key."""
    shop.execute("UPDATE customer SET phone = '' WHERE id = 1; UPDATE customer SET invited = NULL WHERE id = 4")
    with repairs(monkeypatch, blank_profile=setting(id="4"), null_flag=setting(invited="f")):
        assert told(planned()) == ["blank_profile/customer/1"]


def test_what_a_reviewer_may_choose_is_taken_too(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute("UPDATE customer SET phone = '' WHERE id = 1; UPDATE customer SET invited = NULL WHERE id IN (4, 5)")

    def fill(tables: Any, founds: Any) -> Any:
        (plain,) = yield from setting(phone="1")(tables, founds)
        other = Change("1", "customer", "delete", "4", '{"id":"4"}', None)
        options = (Option("other", "instead", False, 0, None, other),)
        return [Case(plain.kind, plain.profile, "1", "mend", "low", plain.changes, options=options)]

    with repairs(monkeypatch, blank_profile=fill, null_flag=setting(invited="f")):
        made = planned()
    assert told(made) == ["blank_profile/customer/1", "null_flag/customer/5"]
    assert made.plan.header.changes == {"customer": {"insert": 0, "update": 2, "delete": 0}}


def test_rows_without_a_key_are_told_apart_by_all_that_they_hold(
    shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.execute("UPDATE customer SET invited = NULL WHERE id IN (1, 2, 3); CREATE TABLE note (a bigint REFERENCES auth_user);")

    def propose(tables: Any, founds: Any) -> Any:
        yield from rows_of(tables, founds)
        names = {"1": "x", "2": "y", "3": "x"}
        return [
            case(each, Change(each.case_key, "note", "delete", None, f'{{"a":"{names[each.case_key]}"}}', None))
            for each in founds
        ]

    with repairs(monkeypatch, null_flag=propose):
        assert told(planned()) == ["null_flag/customer/1", "null_flag/customer/2"]


def test_a_blocked_case_never_keeps_another_waiting(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute(TWICE + "UPDATE customer SET invited = NULL WHERE id = 12")
    with repairs(
        monkeypatch, duplicate_profile=removing(lambda _: True), blank_profile=setting(phone="1"), null_flag=leaving("no")
    ):
        made = planned()
    assert told(made) == ["blank_profile/customer/11", "duplicate_profile/customer/2"], "though its kind comes first"
    assert (made.blocked, made.as_json()["blocked"]) == (1, 1)
    assert left(made)["duplicate_profile", "waits for the next plan: a case of blank_profile changes the same row"] == 1
    assert [b.name for c in made.plan.cases() for b in c.blockers] == ["cascade"]


def test_of_two_blocked_cases_the_second_waits_and_says_for_what(
    shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.execute(TWICE)
    everything = removing(lambda _: True)
    with repairs(monkeypatch, duplicate_profile=everything, blank_profile=everything):
        made = planned()
    assert told(made) == ["duplicate_profile/customer/1", "duplicate_profile/customer/2"]
    assert left(made) == {
        ("blank_profile", "waits for the next plan: a blocked case of duplicate_profile changes the same row"): 1
    }


# -- asking repairs --------------------------------------------------------------------------------------------------------


def test_repairs_are_asked_about_some_hundred_cases_of_one_profile_at_a_time(
    shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.execute(
        "INSERT INTO auth_user (id, username, email) SELECT n, 'x' || n, 'x' || n FROM generate_series(1001, 2100) n;"
        "CREATE TABLE driver (id bigint, user_id bigint);"
    )
    more = '[[sources.shop.profiles]]\nname = "driver"\ntable = "driver"\n'
    shop.map(MAPPING + more)
    asked: list[tuple[str | None, int]] = []

    def propose(tables: Any, founds: Any) -> Any:
        asked.append((founds[0].profile, len(founds)))
        assert {each.profile for each in founds} == {founds[0].profile}
        return (yield from leaving("no")(tables, founds))

    with repairs(monkeypatch, missing_profile=propose):
        planned()
    assert asked == [("customer", 500), ("customer", 500), ("customer", 100), ("driver", 500), ("driver", 500), ("driver", 105)]


def test_the_rows_of_a_group_come_together_oldest_first(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute(TWICE + "INSERT INTO customer VALUES (13, 2, '5', 'C-13', true, '2026-01-02 12:00Z')")
    seen: list[Found] = []

    def propose(tables: Any, founds: Any) -> Any:
        seen.extend(founds)
        return (yield from leaving("no")(tables, founds))

    with repairs(monkeypatch, duplicate_profile=propose):
        planned()
    assert [(f.case_key, [r.row_key for r in f.rows], {r.user_key for r in f.rows}) for f in seen] == [
        ("1", ["1", "11"], {"1"}),
        ("2", ["13", "2", "12"], {"2"}),
    ]


def test_an_answer_about_another_case_is_a_defect(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute(DAMAGE)

    def propose(_: Any, founds: Any) -> Any:
        return [Left(each.kind, each.profile, "another", "no") for each in founds]
        yield

    with repairs(monkeypatch, null_flag=propose), pytest.raises(RuntimeError, match="did not answer"):
        planned()
    assert plans(shop) == []


def test_whom_to_ask_is_listed_beside_the_plan(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute("ALTER TABLE customer DROP CONSTRAINT customer_user_id_key; UPDATE customer SET phone = '';")
    shop.execute("UPDATE auth_user SET username = '=cmd()' || id WHERE id = 2")

    def contacts(tables: Any, founds: Any) -> Any:
        users = tables.surroundings.tables["auth_user"]
        rows = yield tables.statements.by_keys(users, [each.rows[0].user_key for each in founds])
        told = [json.loads(row.image) for row in rows]
        return [type("Contact", (), {"user_key": r["id"], "username": r["username"], "email": None}) for r in told]

    asking = Repair("outreach", "Ask them", "low", leaving("to be asked"), contacts)
    shop.execute("INSERT INTO customer SELECT 11, 1, '', 'C-11', true; DELETE FROM customer WHERE id = 5;")
    with repairs(monkeypatch, blank_profile=[asking]):
        made = planned()
    file = Path(made.as_json()["outreach"])
    assert file == made.plan.folder / "outreach.csv"
    assert file.stat().st_mode & 0o777 == 0o600
    lines = file.read_text().splitlines()
    assert lines[0] == "user_key,username,email"
    assert sorted(lines[1:]) == ["1,user1,", "2,'=cmd()2,", "3,user3,", "4,user4,"], "each person once"


# -- refused ---------------------------------------------------------------------------------------------------------------


def test_an_unsigned_plan_never_stays_behind(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute(DAMAGE)

    def refuse(plan: PlanFile, _: Any) -> None:
        assert plan.path.exists()
        assert not [name for name in plans(shop) if not name.startswith(".")], "nobody sees it before it is signed"
        raise SignatureError("no")

    with repairs(monkeypatch, null_flag=setting(invited="f")), pytest.raises(SignatureError):
        planned(refuse)
    assert plans(shop) == []


def test_outputs_that_cannot_be_written(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.outputs.mkdir()
    (shop.outputs / "plans").write_text("a file")
    with repairs(monkeypatch, null_flag=setting(invited="f")), pytest.raises(OutputError, match="Cannot write"):
        planned()


def test_a_disk_that_is_full_while_cases_are_spooled(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute(DAMAGE)

    def full(_: Case) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("mendbook.plans.plan.case_line", full)
    with repairs(monkeypatch, null_flag=setting(invited="f")), pytest.raises(OutputError, match="No space left") as refused:
        planned()
    assert "free some space" in refused.value.hint
    assert plans(shop) == []


def test_this_mendbook_is_named_even_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.fullmatch(r"mendbook( \S+)?", plan_files.tool())

    def unknown(_: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr(plan_files, "version", unknown)
    assert plan_files.tool() == "mendbook"


def test_databases_that_do_not_say_what_their_letters_are(
    server: TestServer, shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fresh_database(server, "SQL_ASCII", "C") as unchecked, repairs(monkeypatch, null_flag=setting(invited="f")):
        unchecked.execute(TABLES + ROWS)
        shop.use_url(unchecked.url)
        with pytest.raises(Refused, match="SQL_ASCII"):
            planned()
    assert plans(shop) == []


def test_hidden_rows(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute("ALTER TABLE customer ENABLE ROW LEVEL SECURITY")
    with role(shop.database) as (name, url), repairs(monkeypatch, null_flag=setting(invited="f")):
        shop.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
        shop.use_url(url)
        with pytest.raises(Refused, match="row security hides rows of customer"):
            planned()
    assert plans(shop) == []


def test_a_key_that_names_two_rows(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.map(MAPPING.replace('table = "customer"', 'table = "customer"\nkey = "phone"'))
    shop.execute("UPDATE customer SET phone = 'same'")
    with repairs(monkeypatch, null_flag=setting(invited="f")), pytest.raises(MappingError, match="not unique"):
        planned()


def test_a_role_that_may_only_read_is_enough(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute(DAMAGE)
    with role(shop.database) as (name, url), repairs(monkeypatch, null_flag=setting(invited="f")):
        shop.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
        shop.use_url(url)
        assert told(planned()) == ["null_flag/customer/7"]


@pytest.mark.usefixtures("shop")
def test_failures_in_the_logs_are_read_where_they_are_needed(planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def logs() -> LogsRead:
        read.append(1)
        return LogsRead((), "", ("Read in part",))

    with repairs(monkeypatch, null_flag=setting(invited="f")):
        assert planned(logs=logs).warnings == ()
    with repairs(monkeypatch, ghost_user=removing()):
        assert planned(logs=logs).warnings == ("Read in part",)
    assert read == [1]


# -- choosing --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> Any:
    """null_flag with two repairs, duplicate_user and missing_profile with one."""
    two = [Repair("mend", "", "low", leaving("")), Repair("other", "", "low", leaving(""))]
    with repairs(monkeypatch, null_flag=two, duplicate_user=leaving(""), missing_profile=leaving("")):
        yield


@pytest.mark.usefixtures("three")
def test_kinds_in_the_order_in_which_they_take_rows() -> None:
    assert [kind.name for kind, _ in choose(None, {})] == ["duplicate_user", "missing_profile", "null_flag"]
    assert [kind.name for kind, _ in choose(["null_flag", "duplicate_user"], {})] == ["duplicate_user", "null_flag"]


@pytest.mark.usefixtures("three")
def test_the_first_repair_unless_another_is_named() -> None:
    assert [repair.name for _, repair in choose(["null_flag"], {})] == ["mend"]
    assert [repair.name for _, repair in choose(["null_flag"], {"null_flag": "other"})] == ["other"]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("kinds", "named", "message", "hint"),
    [
        ((), {"nul_flag": "mend"}, "no kind of damage called 'nul_flag'", "Did you mean 'null_flag'?"),
        ((), {"null_flag": "othr"}, "null_flag has no repair called 'othr'", "Known repairs: other, mend"),
        ((), {"missing_constraint": "build"}, "missing_constraint has no repair", "mendbook audit"),
        (("missing_constraint",), {}, "missing_constraint has no repair", "mendbook audit"),
        (("nobody",), {}, "no kind of damage called 'nobody'", "Known kinds"),
        (("duplicate_user",), {"null_flag": "mend"}, "--kind leaves that kind out", "Add --kind null_flag"),
    ],
)
def test_names_that_mean_nothing(kinds: Any, named: Any, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        choose(kinds, named)
    assert message in refused.value.message
    assert hint in refused.value.hint


def test_blockers_are_counted(shop: Shop, planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute("UPDATE customer SET invited = NULL")

    def propose(tables: Any, founds: Any) -> Any:
        cases = yield from setting(invited="f")(tables, founds)
        blockers = (Blocker("privileged", "x"), Blocker("cascade", "y"))
        return [Case(c.kind, c.profile, c.case_key, "mend", "low", c.changes, blockers=blockers) for c in cases]

    with repairs(monkeypatch, null_flag=propose):
        assert planned().blocked == 5
