"""Undo on a real PostgreSQL: what a plan did is taken back row for row, unless somebody has changed it since."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from mendbook.cli import app
from mendbook.damage.changes import inserted, values
from mendbook.errors import ConfigError, NotCanonical, Refused
from mendbook.mapping.surroundings import Surroundings
from mendbook.model import Blocker, Case, Change
from mendbook.plans.files import PlanFile
from mendbook.plans.places import source_of
from mendbook.plans.proposing import answered
from mendbook.undoing.applied_cases import applied_cases
from mendbook.undoing.taking_back import Original, take_back
from support.shop import CUSTOMER, MAPPING, SOURCE, USERS, Shop, role
from support.undoing import Undoing, only_case, reasons

AROUND = """
CREATE TABLE ticket (id bigint PRIMARY KEY, owner bigint REFERENCES auth_user, title text, place int UNIQUE,
    size int GENERATED ALWAYS AS (length(title)) STORED);
CREATE TABLE note (ticket bigint REFERENCES ticket, line int, body text, PRIMARY KEY (ticket, line));
CREATE TABLE visit (owner bigint REFERENCES auth_user, at timestamptz);
INSERT INTO ticket VALUES (1, 1, 'late', 1), (2, 2, 'lost', 2), (3, 2, 'found', NULL);
INSERT INTO note VALUES (1, 1, 'call back'), (2, 1, 'wrote'), (2, 2, 'wrote again');
INSERT INTO visit VALUES (2, '2026-03-01 12:00Z'), (2, '2026-03-01 12:00Z'), (1, '2026-03-02 12:00Z');
"""
ALL = ("auth_user", "customer", "ticket", "note", "visit")


@pytest.fixture
def undoing(shop: Shop) -> Undoing:
    shop.execute(AROUND)
    return Undoing(shop)


def merge(undoing: Undoing) -> Case:
    """User 2 into user 1: a note and a customer go, tickets and visits move, the survivor takes the loser's e-mail."""
    visit = json.dumps({"at": "2026-03-01 12:00:00+00", "owner": "2"}, separators=(",", ":"))
    moved = visit.replace('"2"', '"1"')
    return undoing.case(
        "duplicate_user/1",
        undoing.delete("note", '["2","1"]', 0),
        undoing.delete("customer", "2", 0),
        undoing.update("ticket", "2", 3, owner="1"),
        undoing.update("ticket", "3", 3, owner="1"),
        undoing.update("note", '["2","2"]', 3, line="7"),
        Change("", "visit", "update", None, visit, moved, 3),
        Change("", "visit", "update", None, visit, moved, 3),
        undoing.delete("auth_user", "2", 5),
        undoing.update("auth_user", "1", 6, email="user2@example.com"),
        owns=("profile/customer/2",),
    )


def create(undoing: Undoing, user: int = 6) -> Case:
    undoing.shop.execute(f"INSERT INTO auth_user (id, username, email) VALUES ({user}, 'new{user}', 'new{user}@example.com')")
    row = {"user_id": str(user), "phone": "", "barcode": f"C-{user}", "invited": "f"}
    undoing.shop.execute("ALTER TABLE customer ALTER id SET DEFAULT (random() * 1e9)::bigint + 100")
    change = inserted("", "customer", None, row, 4, {"id": "default", "created_at": "now"})
    return undoing.case(f"missing_profile/customer/{user}", change)


def applied(undoing: Undoing, *cases: Case) -> PlanFile:
    plan = undoing.plan(*cases)
    undoing.apply(plan)
    return plan


# -- taken back ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [False, True], ids=["the plan is there", "the plan's folder is lost"])
def test_a_merge_is_taken_back_row_for_row(undoing: Undoing, lost: bool) -> None:
    before = undoing.state(*ALL)
    plan = applied(undoing, merge(undoing))
    after = undoing.state(*ALL)
    assert after != before
    if lost:
        undoing.forget(plan)
    made = undoing.undo(plan)
    case = only_case(made)
    assert (case.name, case.repair, case.risk) == ("duplicate_user/1", "undo", "high" if lost else "medium")
    assert case.owns == (() if lost else ("profile/customer/2",))
    assert [blocker.name for blocker in case.blockers] == ["no_key"]
    assert (made.plan.header.act, made.plan.header.parent) == ("undo", plan.id)
    undoing.apply(made.plan)
    assert undoing.state(*ALL) == before
    again = undoing.undo(made.plan)
    undoing.apply(again.plan)
    assert undoing.state(*ALL) == after
    assert undoing.shop.book().verify_ledger().ok


def test_parents_come_back_before_children(undoing: Undoing) -> None:
    plan = applied(undoing, merge(undoing))
    case = only_case(undoing.undo(plan))
    phases = {(change.table, change.op): change.phase for change in case.changes}
    assert phases["auth_user", "update"] < phases["auth_user", "insert"] < phases["ticket", "update"] < phases["note", "insert"]
    assert [change.phase for change in case.changes] == sorted(change.phase for change in case.changes)


def test_what_was_made_goes(undoing: Undoing) -> None:
    case = create(undoing)
    before = undoing.state(*ALL)
    plan = applied(undoing, case)
    made = undoing.undo(plan)
    (change,) = only_case(made).changes
    assert (change.op, change.key is not None, change.after) == ("delete", True, None)
    assert values(str(change.before))["created_at"] is not None
    undoing.apply(made.plan)
    assert undoing.state(*ALL) == before


def test_a_key_that_was_changed(undoing: Undoing) -> None:
    before = undoing.state(*ALL)
    plan = applied(undoing, undoing.case("orphan_profile/customer/5", undoing.update("customer", "5", id="50", phone="1")))
    made = undoing.undo(plan)
    assert [change.key for change in only_case(made).changes] == ["50"]
    undoing.apply(made.plan)
    assert undoing.state(*ALL) == before


def test_every_batch(undoing: Undoing) -> None:
    before = undoing.state(*ALL)
    plan = undoing.plan(
        *(undoing.case(f"null_flag/customer/{n}", undoing.update("customer", str(n), invited="f")) for n in range(1, 6))
    )
    undoing.apply(plan, batch_cases=2)
    made = undoing.undo(plan)
    assert made.plan.header.cases == {"null_flag": 5}
    undoing.apply(made.plan)
    assert undoing.state(*ALL) == before


def test_order_of_rows_in_one_phase(undoing: Undoing) -> None:
    """A code given to a row as another lets it go, in one phase: the ledger's order alone would not tell."""
    case = undoing.case(
        "duplicate_profile/customer/1",
        undoing.delete("customer", "1", 2),
        inserted("", "customer", "11", {**values(undoing.image("customer", "1")), "id": "11"}, 2, {}),
        undoing.delete("customer", "2", 2),
    )
    before = undoing.state(*ALL)
    plan = applied(undoing, case)
    made = undoing.undo(plan)
    undoing.apply(made.plan)
    assert undoing.state(*ALL) == before


def test_a_row_that_was_made_where_no_key_names_it(undoing: Undoing) -> None:
    before = undoing.state(*ALL)
    row = {"owner": "1", "at": "2026-03-05 12:00:00+00"}
    plan = applied(undoing, undoing.case("ghost_user/1", inserted("", "visit", None, row, 0, {})))
    made = undoing.undo(plan)
    undoing.apply(made.plan)
    assert undoing.state(*ALL) == before


@pytest.mark.parametrize("keyed", [True, False])
def test_a_table_that_got_or_lost_its_key_since(undoing: Undoing, keyed: bool) -> None:
    """What names a row is decided by the table as it is now."""
    drop, add = "ALTER TABLE note DROP CONSTRAINT note_pkey", "ALTER TABLE note ADD PRIMARY KEY (ticket, line)"
    if keyed:
        undoing.shop.execute(drop)
    image = '{"body":"wrote","line":"1","ticket":"2"}'
    change = Change("", "note", "delete", None if keyed else '["2","1"]', image, None)
    before = undoing.state(*ALL)
    plan = applied(undoing, undoing.case("ghost_user/1", change))
    undoing.shop.execute(add if keyed else drop)
    made = undoing.undo(plan)
    assert [each.key for each in only_case(made).changes] == ['["2","1"]' if keyed else None]
    undoing.apply(made.plan)
    assert undoing.state(*ALL) == before


def test_generic_relations(undoing: Undoing) -> None:
    """A row that names another by a content type and an id names it only where the type is meant."""
    shop = undoing.shop
    shop.execute("CREATE TABLE tag (id int PRIMARY KEY, type int, object bigint); INSERT INTO tag VALUES (1, 7, 1), (2, 8, 2);")
    shop.map(MAPPING.replace('url_env = "SHOP_URL"', 'url_env = "SHOP_URL"\nreferences = ["tag.object -> customer.id"]'))
    plan = applied(undoing, undoing.case("ghost_user/1", undoing.delete("tag", "1"), undoing.delete("tag", "2")))
    database = undoing.database
    with database.snapshot() as bare:
        snapshot = database.with_surroundings(bare)
        around = snapshot.tables.surroundings
        generic = [
            replace(each, how="generic", only=("type", "7")) if each.table == "tag" else each for each in around.references
        ]
        tables = replace(snapshot.tables, around=Surroundings(around.tables, tuple(generic)))
        (batch,) = applied_cases(snapshot.connection, plan.id, lambda _: True)
        (case,) = answered(snapshot.connection, take_back(tables, [Original(each, plan.id, None) for each in batch]))
    assert [(row.table, row.key) for row in case.kept] == [("customer", "1")]


# -- chosen cases --------------------------------------------------------------------------------------------------------


def two_flags(undoing: Undoing) -> PlanFile:
    return applied(
        undoing,
        *(undoing.case(f"null_flag/customer/{n}", undoing.update("customer", str(n), invited="f")) for n in (1, 2)),
        undoing.case("duplicate_user/2", undoing.update("auth_user", "3", email="x@example.com")),
    )


@pytest.mark.parametrize("named", ["null_flag/customer/1", "1"])
def test_one_case(undoing: Undoing, named: str) -> None:
    plan = two_flags(undoing)
    made = undoing.undo(plan, named)
    assert only_case(made).name == "null_flag/customer/1"
    undoing.apply(made.plan)
    assert undoing.shop.execute("SELECT id FROM customer WHERE invited ORDER BY id") == [(1,), (3,), (4,), (5,)]


def test_cases_that_cannot_be_meant(undoing: Undoing) -> None:
    plan = two_flags(undoing)
    with pytest.raises(ConfigError, match="no applied case 'x'"):
        undoing.undo(plan, "x")
    with pytest.raises(ConfigError, match="Several applied cases"):
        undoing.undo(plan, "2")
    assert len(list((undoing.shop.outputs / "plans").iterdir())) == 1


def test_a_case_that_was_not_applied(undoing: Undoing) -> None:
    plan = undoing.plan(
        *(undoing.case(f"null_flag/customer/{n}", undoing.update("customer", str(n), invited="f")) for n in (1, 2))
    )
    undoing.apply(plan, only=["null_flag/customer/2"])
    assert only_case(undoing.undo(plan)).case_key == "2"
    with pytest.raises(ConfigError, match="no applied case '1'"):
        undoing.undo(plan, "1")


def test_a_plan_that_was_not_applied(undoing: Undoing) -> None:
    plan = undoing.plan(undoing.case("null_flag/customer/1", undoing.update("customer", "1", invited="f")))
    with pytest.raises(ConfigError, match="nothing was ever applied"):
        undoing.undo(plan)
    two_flags(undoing)
    with pytest.raises(ConfigError, match="no applied case of plan"):
        undoing.undo(plan)


@pytest.mark.parametrize("recorded", [True, False], ids=["in the ledger", "in the plan's file"])
def test_nothing_is_taken_back_twice(undoing: Undoing, recorded: bool) -> None:
    plan = two_flags(undoing)
    first = undoing.undo(plan, "1")
    apply(undoing, first.plan, recorded)
    rest = undoing.undo(plan)
    assert {case.name for case in rest.plan.cases()} == {"null_flag/customer/2", "duplicate_user/2"}
    assert [each["why"] for each in rest.plan.header.left] == [f"taken back already, by plan {first.plan.id}"]
    again = undoing.undo(first.plan)
    apply(undoing, again.plan, recorded)
    assert only_case(undoing.undo(plan, "1")).name == "null_flag/customer/1"
    assert reasons(undoing.undo(first.plan)) == [f"taken back already, by plan {again.plan.id}"]


def apply(undoing: Undoing, plan: PlanFile, recorded: bool) -> None:
    """Apply an undo; where ``recorded`` says no, by a mendbook that did not put the parent into the ledger."""
    if recorded:
        undoing.apply(plan)
        return
    undoing.apply(replace(plan, header=replace(plan.header, parent=None)))


def test_a_plan_whose_folder_is_lost_and_that_the_ledger_does_not_name(undoing: Undoing) -> None:
    plan = two_flags(undoing)
    first = undoing.undo(plan, "1")
    apply(undoing, first.plan, recorded=False)
    undoing.forget(first.plan)
    assert reasons(undoing.undo(plan, "1")) == ["changed since: customer.invited"]  # still one effect


def test_a_batch_without_a_chosen_case_is_passed_over(undoing: Undoing) -> None:
    cases = (undoing.case(f"null_flag/customer/{n}", undoing.update("customer", str(n), invited="f")) for n in (1, 2))
    plan = undoing.plan(*cases)
    undoing.apply(plan, batch_cases=1)
    assert only_case(undoing.undo(plan, "2")).because[0].startswith("Takes back what 'merge' did in batch 2 of plan")


# -- conflicts -----------------------------------------------------------------------------------------------------------

CONFLICTS = {
    "a surviving row was edited": ("UPDATE auth_user SET password = 'x' WHERE id = 1", "changed since: auth_user.password"),
    "edited back": ("UPDATE auth_user SET email = 'user1@example.com' WHERE id = 1", "changed since: auth_user.email"),
    "a moved row was edited": ("UPDATE ticket SET title = 'x' WHERE id = 2", "changed since: ticket.size, ticket.title"),
    "a moved row is gone": ("DELETE FROM ticket WHERE id = 3", "gone since: a row of ticket"),
    "a row without key changed": (
        "UPDATE visit SET at = now() WHERE ctid = (SELECT max(ctid) FROM visit WHERE at < '2026-03-02Z')",
        "changed since: a row of visit, which no key names",
    ),
    "the key is taken": (
        "INSERT INTO auth_user (id, username, email) VALUES (2, 'other', 'other@example.com')",
        "key taken since: another row of auth_user has it",
    ),
    "a code is taken": ("UPDATE customer SET barcode = 'C-2' WHERE id = 3", "taken since by another row of customer: barcode"),
    "an e-mail is taken, but for case": (
        "INSERT INTO auth_user (id, username, email) VALUES (8, 'USER2', 'eight@example.com')",
        "taken since by another row of auth_user: lower(username)",
    ),
    "a column came": ("ALTER TABLE note ADD more text", "the columns of note are others since: more"),
    "a column went": ("ALTER TABLE note DROP body", "the columns of note are others since: body"),
    "a table went": ("DROP TABLE visit", "table visit is not there any more, or refers to no mapped one"),
}


@pytest.mark.parametrize(("since", "why"), CONFLICTS.values(), ids=CONFLICTS)
def test_conflicts_are_told_and_left(undoing: Undoing, since: str, why: str) -> None:
    plan = applied(undoing, merge(undoing), undoing.case("null_flag/customer/4", undoing.update("customer", "4", invited="f")))
    undoing.shop.execute(since)
    made = undoing.undo(plan)
    assert [case.name for case in made.plan.cases()] == ["null_flag/customer/4"]
    (left,) = made.plan.header.left
    assert (left["kind"], left["examples"], left["why"]) == ("duplicate_user", ["1"], why)
    assert made.as_json()["deferred"] == 1


def test_a_row_that_others_refer_to_by_now(undoing: Undoing) -> None:
    undoing.shop.execute("CREATE TABLE card (id int PRIMARY KEY, customer bigint REFERENCES customer)")
    plan = applied(undoing, create(undoing))
    undoing.shop.execute("INSERT INTO card SELECT 1, id FROM customer WHERE user_id = 6")
    assert reasons(undoing.undo(plan)) == ["referred to since: a row of card refers to the row of customer that was made"]


def test_a_row_whose_user_is_gone_by_now(undoing: Undoing) -> None:
    plan = applied(undoing, undoing.case("duplicate_profile/customer/5", undoing.delete("customer", "5")))
    kept = only_case(undoing.undo(plan)).kept
    assert [(row.table, row.key, row.image) for row in kept] == [("auth_user", "5", None)]
    undoing.shop.execute("DELETE FROM auth_user WHERE id = 5")
    assert reasons(undoing.undo(plan)) == ["gone since: the row of auth_user that a row of customer refers to"]


def test_soft_references(undoing: Undoing) -> None:
    """Nothing but a lock keeps a soft reference from coming to name a row that goes; a missing target hinders nothing."""
    shop = undoing.shop
    shop.execute(
        "CREATE TABLE invoice (id int PRIMARY KEY, ref bigint, code text); INSERT INTO invoice VALUES (1, 1), (2, 99);"
        " ALTER TABLE customer DROP CONSTRAINT customer_barcode_key"
    )
    soft = 'references = ["invoice.ref -> customer.id", "invoice.code -> customer.barcode"]'
    shop.map(MAPPING.replace('url_env = "SHOP_URL"', f'url_env = "SHOP_URL"\n{soft}'))
    plan = applied(
        undoing,
        create(undoing),
        undoing.case("duplicate_profile/customer/1", undoing.delete("invoice", "1"), undoing.delete("invoice", "2")),
    )
    created, back = undoing.undo(plan).plan.cases()
    assert created.locks == ("invoice",)
    assert [(row.table, row.key) for row in back.kept] == [("customer", "1")]
    shop.execute("INSERT INTO invoice SELECT 5, id FROM customer WHERE user_id = 6")
    left = undoing.undo(plan).plan.header.left
    assert [each["why"] for each in left] == ["referred to since: a row of invoice refers to the row of customer that was made"]
    shop.execute("UPDATE invoice SET ref = NULL, code = c.barcode FROM customer c WHERE c.user_id = 6 AND invoice.id = 5")
    assert undoing.undo(plan).plan.header.left == left
    shop.execute("UPDATE customer SET barcode = (SELECT barcode FROM customer WHERE user_id = 6) WHERE id = 3")
    assert undoing.undo(plan).plan.header.left == ()  # what names another row as well hinders nothing


def test_soft_references_that_name_nothing(undoing: Undoing) -> None:
    """A text that could be no key is asked of nobody."""
    shop = undoing.shop
    shop.execute("CREATE TABLE invoice (id int PRIMARY KEY, ref text); INSERT INTO invoice VALUES (1, 'x'), (2, '3')")
    shop.map(MAPPING.replace('url_env = "SHOP_URL"', 'url_env = "SHOP_URL"\nreferences = ["invoice.ref -> customer.id"]'))
    plan = applied(undoing, undoing.case("ghost_user/1", undoing.delete("invoice", "1"), undoing.delete("invoice", "2")))
    assert [(row.table, row.key) for row in only_case(undoing.undo(plan)).kept] == [("customer", "3")]


def test_references_that_cannot_be_seen(undoing: Undoing) -> None:
    shop = undoing.shop
    shop.execute("CREATE TABLE card (id int PRIMARY KEY, customer bigint REFERENCES customer)")
    plan = applied(undoing, create(undoing))
    with role(shop.database) as (name, url):
        shop.execute(
            f"GRANT USAGE ON SCHEMA mendbook TO {name}; GRANT SELECT ON ALL TABLES IN SCHEMA public, mendbook TO {name}"
        )
        shop.execute(f"REVOKE SELECT ON card FROM {name}")
        shop.use_url(url)
        (why,) = reasons(undoing.undo(plan))
    assert why.startswith("rows may refer to it that cannot be seen: ")
    assert "card" in why


def test_a_case_that_keeps_what_another_changes_waits(undoing: Undoing) -> None:
    """As when the plan that is undone was made before its mapping knew of a reference."""
    first = undoing.case("duplicate_profile/customer/5", undoing.delete("customer", "5"))
    second = undoing.case("duplicate_user/5", undoing.update("auth_user", "5", email="x@example.com"))
    plan = applied(undoing, first, second)
    made = undoing.undo(plan)
    assert [case.name for case in made.plan.cases()] == ["duplicate_profile/customer/5"]
    assert [each["why"] for each in made.plan.header.left] == [
        "waits for the next plan: another case relies on a row that this one changes"
    ]


def test_purged_images(undoing: Undoing) -> None:
    plan = two_flags(undoing)
    result = undoing.shop.book().purge_ledger(datetime.now(UTC))
    assert result["removed"] == 3
    assert set(reasons(undoing.undo(plan))) == {"its images were purged"}
    assert undoing.shop.book().verify_ledger().ok


def test_a_ledger_that_was_edited_is_not_believed(undoing: Undoing) -> None:
    plan = two_flags(undoing)
    undoing.shop.execute("""UPDATE mendbook.change SET before = replace(before::text, 'true', 'false')::json WHERE seq = 1""")
    with pytest.raises(Refused, match="does not fit"):
        undoing.undo(plan)
    assert len(list((undoing.shop.outputs / "plans").iterdir())) == 1


# -- what a case says ----------------------------------------------------------------------------------------------------


def test_blockers(undoing: Undoing) -> None:
    shop = undoing.shop
    shop.map(SOURCE + USERS + 'privileged = ["is_staff"]\n' + CUSTOMER)
    shop.execute(
        "UPDATE auth_user SET is_staff = true WHERE id = 5; DELETE FROM customer WHERE id = 5;"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER stamps BEFORE INSERT ON auth_user FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE TRIGGER mails AFTER DELETE ON auth_user FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE TRIGGER unasked AFTER UPDATE ON auth_user FOR EACH ROW EXECUTE FUNCTION f();"
    )
    plan = applied(undoing, undoing.case("missing_profile/5", undoing.delete("auth_user", "5")))
    made = undoing.undo(plan)
    case = only_case(made)
    assert [blocker.name for blocker in case.blockers] == ["privileged", "trigger"]
    assert isinstance(case.blockers[0], Blocker)
    assert "account 5 has is_staff" in case.blockers[0].why
    assert made.as_json()["blocked"] == 1
    assert f"plan {plan.id}" in case.because[0]
    assert case.because[1].endswith("auth_user: mails.")
    assert "Sequences" in case.because[2]


RETURNING = {
    "a profile comes back": (
        lambda u: u.delete("customer", "5"),
        {
            "blank_profile",
            "duplicate_code",
            "duplicate_profile",
            "missing_code",
            "null_flag",
            "orphan_profile",
            "wrong_profile",
        },
    ),
    "a profile's user": (
        lambda u: u.update("customer", "5", user_id=None),
        {"duplicate_profile", "missing_profile", "orphan_profile", "wrong_profile"},
    ),
    "a profile's code": (lambda u: u.update("customer", "5", barcode="x"), {"duplicate_code", "missing_code"}),
    "a profile's flag": (lambda u: u.update("customer", "5", invited="f"), {"null_flag"}),
    "a profile's field": (lambda u: u.update("customer", "5", phone="x"), {"blank_profile"}),
    "a user's e-mail": (lambda u: u.update("auth_user", "5", email="x"), {"duplicate_user"}),
    "a user's requirement": (lambda u: u.update("auth_user", "5", is_staff="t"), {"missing_profile", "wrong_profile"}),
    "a user's password": (lambda u: u.update("auth_user", "5", password="x"), set()),
    "another table": (lambda u: u.update("ticket", "1", title="x"), set()),
}


@pytest.mark.parametrize(("change", "kinds"), RETURNING.values(), ids=RETURNING)
def test_the_damage_that_comes_back_is_declared(undoing: Undoing, change: Any, kinds: set[str]) -> None:
    plan = applied(undoing, undoing.case("ghost_user/5", change(undoing)))
    assert only_case(undoing.undo(plan)).leaves == tuple(sorted(kinds | {"ghost_user"}))


def test_what_goes_again_leaves_its_damage(undoing: Undoing) -> None:
    user = inserted(
        "", "auth_user", "9", {**values(undoing.image("auth_user", "5")), "id": "9", "username": "n", "email": "n"}, 0, {}
    )
    plan = applied(undoing, create(undoing), undoing.case("ghost_user/9", user))
    assert [case.leaves for case in undoing.undo(plan).plan.cases()] == [("missing_profile",), ("ghost_user", "orphan_profile")]


# -- the command ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "x", "a-b", "20261120T153000Z-shop", "20261120T153000Z-0123456789ab"])
def test_what_is_no_plan(text: str) -> None:
    with pytest.raises(ConfigError, match="not the id of a plan"):
        source_of(text)


def test_a_source_with_dashes() -> None:
    assert source_of("/somewhere/20261120T153000Z-web-shop-0123456789ab") == "web-shop"


def test_an_image_that_is_no_text_is_no_plan(undoing: Undoing) -> None:
    with pytest.raises(NotCanonical):
        undoing.plan(undoing.case("null_flag/1", undoing.update("customer", "1", invited=1.5)))  # type: ignore[arg-type]


def test_purging_on_the_command_line(undoing: Undoing, capsys: Any) -> None:
    shop = undoing.shop
    where = ["--config", str(shop.config), "--outputs", str(shop.outputs), "--json"]
    purge = ["ledger", "purge", "shop", "--before"]
    assert app([*purge, "2026-01-01T00:00Z", *where], standalone_mode=False) == 0
    assert json.loads(capsys.readouterr().out)["removed"] == 0  # there is no ledger
    two_flags(undoing)
    assert app([*purge, "2026-01-01T00:00Z", *where], standalone_mode=False) == 0
    assert json.loads(capsys.readouterr().out)["through"] is None  # nothing is that old
    now = datetime.now(UTC).isoformat()
    assert app([*purge, now, *where], standalone_mode=False) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["source"], document["removed"], document["through"], document["position"]) == ("shop", 3, 1, 2)
    assert shop.book().verify_ledger().checkpoints == 2
    for given, why in (("", "missing"), ("soon", "not a time"), ("2026-01-01", "no zone"), ("2999-01-01T00:00Z", "future")):
        with pytest.raises(ConfigError, match=why):
            shop.book().purge_ledger(given)
    assert shop.map(MAPPING.replace('url_env = "SHOP_URL"', 'url_env = "SHOP_URL"\nzone = "Europe/Berlin"'))
    assert shop.book().purge_ledger("2026-01-01")["before"] == "2025-12-31T23:00:00+00:00"
