"""One batch: what it checks before, what it changes, what it checks after; every way in which a case can go stale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from mendbook.damage.changes import deleted, inserted, updated, values
from mendbook.errors import AlreadyApplied, Refused
from mendbook.ledger import ledger
from mendbook.model import Blocker, Case, Change, Row
from mendbook.repairs.batch_work import CasesFail, LooksLikeNew
from support.repairing import Bench
from support.shop import DAMAGE, MAPPING, Shop


@pytest.fixture
def bench(shop: Shop, tmp_path: Path) -> Bench:
    shop.database.execute(DAMAGE)
    return Bench(shop.config, tmp_path / "outputs")


def image_of(bench: Bench, table: str, key: str) -> str:
    with bench.tables() as (connection, tables):
        stored = tables.surroundings.tables[table]
        return str(connection.execute(tables.statements.by_keys(stored, [key])).one().image)


def flag_case(bench: Bench, key: str = "7", phase: int = 0) -> Case:
    before = image_of(bench, "customer", key)
    change = updated(key, "customer", key, before, {"invited": "false"}, phase)
    return Case("null_flag", "customer", key, "set", "low", (change,))


def create_case(user: str = "6", key: str | None = "60", **values: str | None) -> Case:
    row = {"user_id": user, "phone": "555-6", "barcode": f"C-{user}", "invited": "false", "created_at": None, **values}
    given = {"id": key, **row} if key else row
    change = inserted(user, "customer", key, given, 4, {} if key else {"id": "default"})
    return Case(
        "missing_profile", "customer", user, "create", "low", (change,), kept=(Row("auth_user", user),), locks=("customer",)
    )


def delete_case(bench: Bench, table: str, key: str, **more: Any) -> Case:
    change = deleted(key, table, key, image_of(bench, table, key), 5)
    return Case("orphan_profile", "customer", key, "delete", "medium", (change,), **more)


def test_the_changes_are_made_and_stand_in_the_ledger_with_the_rows_as_they_were_stored(bench: Bench, shop: Shop) -> None:
    made = bench.make([flag_case(bench), create_case()])
    assert [case.case_key for case in made.cases] == ["7", "6"]
    assert shop.database.execute("SELECT id, invited FROM customer WHERE id IN (7, 60) ORDER BY id") == [
        (7, False),
        (60, False),
    ]
    rows = shop.database.execute(
        "SELECT seq, case_key, \"table\", op, key, before IS NULL, after->>'id' FROM mendbook.change ORDER BY seq"
    )
    assert rows == [(1, "7", "customer", "update", "7", False, "7"), (2, "6", "customer", "insert", "60", True, "60")]
    [(details, act)] = shop.database.execute("SELECT details, act FROM mendbook.ledger")
    assert details["cases"] == [
        ["null_flag/customer/7", "null_flag", "customer", "7", 1, 1],
        ["missing_profile/customer/6", "missing_profile", "customer", "6", 2, 2],
    ]
    assert details["stale"] == []
    assert act == "apply"
    with bench.database.connection() as connection:
        assert ledger.verify(connection).ok


def test_a_batch_is_made_once(bench: Bench, shop: Shop) -> None:
    case = flag_case(bench)
    plan = bench.plan([case])
    bench.make([case], plan)
    with pytest.raises(AlreadyApplied):
        bench.make([case], plan)
    assert shop.database.execute("SELECT count(*) FROM mendbook.ledger") == [(1,)]


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        ("UPDATE customer SET phone = '1' WHERE id = 7", "row 7 of customer has changed since: phone"),
        ("UPDATE customer SET phone = NULL, barcode = 'X' WHERE id = 7", "row 7 of customer has changed since: barcode, phone"),
        ("DELETE FROM customer WHERE id = 7", "row 7 of customer is gone"),
        ("DELETE FROM auth_user WHERE id = 6", "row 6 of auth_user is gone"),
        ("INSERT INTO customer VALUES (60, 5)", "row 60 of customer is there already"),
    ],
)
def test_a_case_whose_rows_are_not_as_they_were_is_stale_and_the_others_go_on(
    bench: Bench, shop: Shop, meanwhile: str, why: str
) -> None:
    shop.database.execute(
        "UPDATE customer SET invited = NULL WHERE id = 3; ALTER TABLE customer DROP CONSTRAINT customer_user_id_key"
    )
    cases = [flag_case(bench), create_case(), flag_case(bench, "3")]
    made = bench.make(cases, before_batch=lambda: shop.database.execute(meanwhile))
    assert list(made.stale.values()) == [why]
    assert [case.case_key for case in made.cases] == [case.case_key for case in cases if case.name not in made.stale]
    assert shop.database.execute("SELECT invited FROM customer WHERE id = 3") == [(False,)]
    [(details,)] = shop.database.execute("SELECT details FROM mendbook.ledger")
    assert details["stale"] == [[name, why] for name in made.stale]


def test_a_row_that_only_has_to_stay_as_it_is_makes_its_case_stale_too(bench: Bench, shop: Shop) -> None:
    case = flag_case(bench)
    kept = Row("customer", "1", image_of(bench, "customer", "1"))
    case = Case(case.kind, case.profile, case.case_key, case.repair, case.risk, case.changes, kept=(kept,))
    made = bench.make([case], before_batch=lambda: shop.database.execute("UPDATE customer SET phone = 'x' WHERE id = 1"))
    assert made.cases == ()
    assert made.changes == ()
    assert "row 1 of customer has changed" in made.stale[case.name]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"identity": {"system": "1", "database": "x", "number": "1"}}, "another database"),
        ({"days": -1.0}, "expired"),
        ({"schema": {"customer": "0" * 64}}, "schema has changed"),
        ({"schema": {"gone": "0" * 64}}, "schema has changed"),
    ],
)
def test_a_plan_that_does_not_hold_here_and_now_is_refused(bench: Bench, shop: Shop, change: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        bench.make([flag_case(bench)], **change)
    assert shop.database.execute("SELECT invited FROM customer WHERE id = 7") == [(None,)]
    assert shop.database.execute("SELECT count(*) FROM mendbook.ledger") == [(0,)]


@pytest.mark.parametrize(
    "ddl",
    [
        "ALTER TABLE customer ADD COLUMN extra text",
        "ALTER TABLE customer ALTER COLUMN phone SET DEFAULT 'x'",
        "CREATE INDEX ON customer (phone)",
        "ALTER TABLE customer ADD CHECK (phone <> 'x')",
        "ALTER TABLE customer ENABLE ROW LEVEL SECURITY",
        """CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER t BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION f()""",
        "CREATE TABLE more (customer_id bigint REFERENCES customer ON DELETE CASCADE)",
        "CREATE RULE r AS ON DELETE TO customer DO INSTEAD NOTHING",
    ],
)
def test_any_change_of_the_schema_refuses_the_plan(bench: Bench, shop: Shop, ddl: str) -> None:
    case = flag_case(bench)
    with pytest.raises(Refused, match="schema has changed"):
        bench.make([case], before_batch=lambda: shop.database.execute(ddl))


def test_a_row_that_something_refers_to_does_not_go_and_nothing_cascades(bench: Bench, shop: Shop) -> None:
    shop.database.execute("CREATE TABLE parcel (id int PRIMARY KEY, customer_id bigint REFERENCES customer ON DELETE CASCADE)")
    case = delete_case(bench, "customer", "1")
    with pytest.raises(CasesFail) as failure:
        bench.make([case], before_batch=lambda: shop.database.execute("INSERT INTO parcel VALUES (9, 1)"))
    assert failure.value.reasons == {case.name: "row 9 of parcel refers to row 1 of customer, which is to go"}
    assert shop.database.execute("SELECT count(*) FROM parcel") == [(1,)]


def test_what_names_a_row_that_stays_as_well_lets_the_other_go(bench: Bench, shop: Shop) -> None:
    shop.database.execute(
        "CREATE TABLE call (phone text); INSERT INTO call VALUES ('same'), ('taken');"
        " UPDATE customer SET phone = 'same' WHERE id IN (1, 2); UPDATE customer SET phone = 'taken' WHERE id = 3"
    )
    shop.map(MAPPING.replace("[sources.shop.users]", 'references = ["call.phone -> customer.phone"]\n[sources.shop.users]', 1))
    softly = Bench(shop.config, bench.folder)
    assert softly.make([delete_case(softly, "customer", "1", leaves=("missing_profile",))]).stale == {}
    heir = updated("4", "customer", "4", image_of(softly, "customer", "4"), {"phone": "taken"}, 6)
    gone = delete_case(softly, "customer", "3", leaves=("missing_profile",))
    assert softly.make([replace(gone, changes=(*gone.changes, heir))]).stale == {}
    with pytest.raises(CasesFail):
        softly.make([delete_case(softly, "customer", "4", leaves=("missing_profile",))])


@pytest.mark.parametrize("phone", ["not a number", "99999999999999999999", " ", None])
def test_a_value_that_the_referring_column_cannot_hold_names_nothing(bench: Bench, shop: Shop, phone: str | None) -> None:
    shop.database.execute("CREATE TABLE call (id int PRIMARY KEY, phone int, said text); INSERT INTO call VALUES (1, 5, ' ')")
    soft = 'references = ["call.phone -> customer.phone", "call.said -> customer.phone"]'
    shop.map(MAPPING.replace("[sources.shop.users]", f"{soft}\n[sources.shop.users]", 1))
    softly = Bench(shop.config, bench.folder)
    shop.database.execute("UPDATE customer SET phone = " + ("NULL" if phone is None else f"'{phone}'") + " WHERE id = 2")
    shop.database.execute("UPDATE customer SET phone = '5' WHERE id = 1")
    gone, named = delete_case(softly, "customer", "2", leaves=("missing_profile",)), delete_case(softly, "customer", "1")
    assert softly.make([gone]).cases == (gone,)
    with pytest.raises(CasesFail) as failure:
        softly.make([named])
    assert failure.value.reasons == {named.name: "row 1 of call refers to row 1 of customer, which is to go"}


def test_damage_that_would_still_be_there_fails_the_case(bench: Bench) -> None:
    before = image_of(bench, "customer", "7")
    case = Case("null_flag", "customer", "7", "set", "low", (updated("7", "customer", "7", before, {"barcode": "new"}, 0),))
    with pytest.raises(CasesFail) as failure:
        bench.make([case])
    assert failure.value.reasons == {case.name: "the damage would still be there"}


def test_damage_that_was_there_before_is_not_new_but_other_damage_is(bench: Bench, shop: Shop) -> None:
    before = image_of(bench, "customer", "7")  # it is blank, too, and it stays so
    changed = updated("7", "customer", "7", before, {"phone": None, "invited": "false"}, 0)
    case = Case("null_flag", "customer", "7", "set", "low", (changed,))
    with pytest.raises(LooksLikeNew):
        bench.make([case], look_first=False)
    assert bench.make([case]).stale == {}
    shop.database.execute("UPDATE customer SET invited = NULL WHERE id = 7")
    before = image_of(bench, "customer", "1")
    changed = updated("1", "customer", "1", before, {"phone": None, "invited": "false"}, 0)
    harmful = Case("null_flag", "customer", "1", "set", "low", (changed,))
    with pytest.raises(CasesFail) as failure:
        bench.make([harmful])
    assert failure.value.reasons == {harmful.name: "it would make new damage: blank_profile in row 1 of customer"}
    declared = Case("null_flag", "customer", "1", "set", "low", (changed,), leaves=("blank_profile",))
    assert bench.make([declared]).stale == {}
    # another case of the same user is not blamed for a row that somebody else's case declares
    blank = replace(create_case(phone=None), leaves=("blank_profile",))
    before = image_of(bench, "auth_user", "6")
    other = Case("ghost_user", None, "6", "deactivate", "low", (updated("6", "auth_user", "6", before, {"password": "-"}, 0),))
    assert bench.make([blank, other]).stale == {}


def test_a_namesake_who_registered_meanwhile_fails_the_case(bench: Bench, shop: Shop) -> None:
    shop.database.execute(
        "DROP INDEX auth_user_lower_idx, auth_user_lower_idx1;"
        " INSERT INTO auth_user (id, username, email) VALUES (8, 'USER1', 'o@example.com')"
    )
    case = Case(
        "duplicate_user",
        None,
        "1",
        "merge",
        "high",
        delete_case(bench, "auth_user", "8").changes,
        kept=(Row("auth_user", "1"),),
        locks=("auth_user",),
    )
    join = "INSERT INTO auth_user (id, username, email) VALUES (9, ' User1', 'p@example.com')"
    with pytest.raises(CasesFail) as failure:
        bench.make([case], before_batch=lambda: shop.database.execute(join))
    assert failure.value.reasons == {case.name: "the damage would still be there"}
    shop.database.execute("DELETE FROM auth_user WHERE id = 9")
    assert bench.make([case]).stale == {}


def test_a_code_that_was_taken_meanwhile_fails_the_case(bench: Bench, shop: Shop) -> None:
    shop.database.execute("ALTER TABLE customer DROP CONSTRAINT customer_barcode_key")
    before = image_of(bench, "customer", "7")
    case = Case(
        "missing_code",
        "customer",
        "7",
        "draw",
        "low",
        (updated("7", "customer", "7", before, {"barcode": "C-77"}, 0),),
        locks=("customer",),
    )
    with pytest.raises(CasesFail, match="missing_code"):
        bench.make(
            [case],
            look_first=True,
            before_batch=lambda: shop.database.execute("UPDATE customer SET barcode = 'C-77' WHERE id = 2"),
        )


@pytest.mark.parametrize("returns", ["NULL", "NEW"])
def test_a_trigger_that_does_otherwise_fails_the_case_unless_it_was_waived(bench: Bench, shop: Shop, returns: str) -> None:
    shop.database.execute(
        f"CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.phone := ''t''; RETURN {returns}; END';"
        "CREATE TRIGGER other BEFORE UPDATE OR INSERT ON customer FOR EACH ROW EXECUTE FUNCTION other()"
    )
    case = flag_case(bench)
    with pytest.raises(CasesFail, match="null_flag"):
        bench.make([case])
    with pytest.raises(CasesFail, match="missing_profile"):
        bench.make([create_case()])
    waived = Case(
        case.kind, case.profile, case.case_key, case.repair, case.risk, case.changes, blockers=(Blocker("trigger", ""),)
    )
    if returns == "NULL":
        with pytest.raises(CasesFail, match="null_flag"):
            bench.make([waived])
    else:
        made = bench.make([waived])
        assert '"phone":"t"' in str(made.changes[0].after)


def test_what_is_left_to_the_database_is_drawn_when_the_row_is_made(bench: Bench, shop: Shop) -> None:
    shop.database.execute("ALTER TABLE customer ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (START 500)")
    case = create_case(key=None)
    change = case.changes[0]
    change = Change(
        change.case_key, change.table, change.op, None, None, change.after, 4, {"id": "default", "created_at": "now"}
    )
    made = bench.make([Case(case.kind, case.profile, case.case_key, case.repair, case.risk, (change,))])
    assert made.changes[0].key == "500"
    assert shop.database.execute("SELECT user_id, created_at > now() - interval '1 minute' FROM customer WHERE id = 500") == [
        (6, True)
    ]


def test_what_a_row_that_is_there_gets_is_drawn_when_it_is_changed(bench: Bench, shop: Shop) -> None:
    shop.database.execute(
        "CREATE SEQUENCE codes START 70; ALTER TABLE customer ALTER barcode SET DEFAULT 'S' || nextval('codes');"
        "UPDATE customer SET barcode = NULL WHERE id < 4"
    )
    one, two, three = (image_of(bench, "customer", key) for key in "123")
    changes = (
        updated("1", "customer", "1", one, {}, 6, drawn=["barcode"]),
        updated("1", "customer", "2", two, {"barcode": "C-2b"}, 6),
        replace(
            updated("1", "customer", "3", three, {}, 6, drawn=["barcode"]), drawn={"barcode": "default", "created_at": "now"}
        ),
    )
    made = bench.make([Case("missing_code", "customer", "1", "draw", "low", changes, leaves=("missing_code",))])
    assert [values(str(change.after))["barcode"] for change in made.changes] == ["S70", "C-2b", "S71"]
    assert [change.drawn for change in made.changes] == [{}, {}, {}]
    rows = shop.database.execute(
        "SELECT barcode, phone, created_at > now() - interval '1 h' FROM customer WHERE id < 4 ORDER BY id"
    )
    assert rows == [("S70", "555-1", False), ("C-2b", "555-2", False), ("S71", "555-3", True)]


def test_accounts_that_were_told_apart_meanwhile_are_not_merged(bench: Bench, shop: Shop) -> None:
    shop.database.execute(
        "DROP INDEX auth_user_lower_idx, auth_user_lower_idx1;"
        " INSERT INTO auth_user (id, username, email) VALUES (8, 'USER1', 'o@example.com'), (9, 'USER1', 'p@example.com')"
    )
    gone = (*delete_case(bench, "auth_user", "8").changes, *delete_case(bench, "auth_user", "9").changes)
    case = Case("duplicate_user", None, "1", "merge", "high", gone, kept=(Row("auth_user", "1"),))
    other = flag_case(bench)
    book = shop.book()
    book.tell_apart("3", "1", "twins", "ana")  # 3 is in no case
    made = bench.make([case, other], before_batch=lambda: book.tell_apart("9", "1", "twins", "ana"))
    assert made.stale == {case.name: "accounts 1 and 9 have been told apart since: they are not one person"}
    assert made.cases == (other,)
    # what is undone parts them: they need not be one person for that
    assert bench.make([case], act="undo").stale == {}


def test_a_text_that_no_key_can_hold_names_nobody(bench: Bench, shop: Shop) -> None:
    shop.database.execute(
        "ALTER TABLE customer DROP CONSTRAINT customer_user_id_fkey, ALTER user_id TYPE text;"
        "INSERT INTO customer VALUES (20, 'seven'), (21, '99999999999999999999999')"
    )
    cases = [delete_case(bench, "customer", "20"), delete_case(bench, "customer", "21")]
    assert bench.make(cases).stale == {}
    assert shop.database.execute("SELECT count(*) FROM customer WHERE id > 7") == [(0,)]


@pytest.mark.parametrize("deferrable", [True, False])
def test_rows_that_name_one_another_go_together_only_where_the_database_waits(
    bench: Bench, shop: Shop, deferrable: bool
) -> None:
    waits = "DEFERRABLE" if deferrable else ""
    shop.database.execute(
        f"CREATE TABLE parcel (id int PRIMARY KEY, customer_id bigint REFERENCES customer {waits});"
        "ALTER TABLE customer ADD parcel int;"
        f"INSERT INTO parcel VALUES (9, 1); ALTER TABLE customer ADD FOREIGN KEY (parcel) REFERENCES parcel {waits};"
        "UPDATE customer SET parcel = 9 WHERE id = 1"
    )
    parcel = deleted("1", "parcel", "9", image_of(bench, "parcel", "9"), 4)
    case = Case("orphan_profile", "customer", "1", "delete", "low", (*delete_case(bench, "customer", "1").changes, parcel))
    case = replace(case, leaves=("missing_profile",))
    if deferrable:
        assert bench.make([case]).stale == {}
        assert shop.database.execute("SELECT count(*) FROM parcel") == [(0,)]
    else:
        with pytest.raises(CasesFail, match="orphan_profile"):
            bench.make([case])


def test_rows_without_a_key_are_found_by_their_images(bench: Bench, shop: Shop) -> None:
    shop.database.execute(
        "CREATE TABLE note (customer_id bigint REFERENCES customer, text text);"
        " INSERT INTO note VALUES (1, 'a'), (1, 'a'), (2, 'b')"
    )
    image = '{"customer_id":"1","text":"a"}'
    changes = (
        Change("1", "note", "delete", None, image, None, 0),
        Change("1", "note", "update", None, image, '{"customer_id":"2","text":"a"}', 1),
    )
    case = Case("orphan_profile", "customer", "1", "delete", "low", changes)
    assert bench.make([case]).stale == {}
    assert shop.database.execute("SELECT * FROM note ORDER BY 1, 2") == [(2, "a"), (2, "b")]
    again = bench.make([case], number=1)
    assert again.stale == {case.name: "a row of note that has no key is gone or has changed since"}


def test_the_database_has_the_last_word_on_constraints_even_deferred_ones(bench: Bench, shop: Shop) -> None:
    shop.database.execute(
        "ALTER TABLE customer DROP CONSTRAINT customer_user_id_fkey,"
        " ADD FOREIGN KEY (user_id) REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED"
    )
    before = image_of(bench, "customer", "7")
    case = Case("null_flag", "customer", "7", "set", "low", (updated("7", "customer", "7", before, {"user_id": "99"}, 0),))
    with pytest.raises(sa.exc.IntegrityError):
        bench.make([case])
    assert shop.database.execute("SELECT user_id FROM customer WHERE id = 7") == [(7,)]


def test_keys_that_may_wait_are_looked_at_when_all_is_done(bench: Bench, shop: Shop) -> None:
    shop.database.execute(
        "CREATE TABLE parcel (id int PRIMARY KEY, customer_id bigint REFERENCES customer DEFERRABLE INITIALLY IMMEDIATE)"
    )
    parcel = inserted("6", "parcel", "1", {"id": "1", "customer_id": "60"}, 0, {})
    case = create_case()
    whole = Case(case.kind, case.profile, case.case_key, case.repair, case.risk, (parcel, *case.changes), locks=case.locks)
    assert bench.make([whole]).stale == {}
    assert shop.database.execute("SELECT customer_id FROM parcel") == [(60,)]


def test_phases_let_a_survivor_take_what_the_loser_held(bench: Bench, shop: Shop) -> None:
    loser, survivor = image_of(bench, "customer", "2"), image_of(bench, "customer", "7")
    changes: tuple[Change, ...] = (
        updated("2", "customer", "7", survivor, {"barcode": "C-2", "phone": "555-2", "invited": "true"}, 6),
        deleted("2", "customer", "2", loser, 5),
    )
    case = Case("duplicate_profile", "customer", "2", "merge", "medium", changes, leaves=("missing_profile",))
    made = bench.make([case])
    assert [(change.op, change.key) for change in made.changes] == [("delete", "2"), ("update", "7")]
    assert shop.database.execute("SELECT barcode FROM customer WHERE id = 7") == [("C-2",)]


def test_a_case_fails_by_name_whatever_its_columns_are_called(bench: Bench, shop: Shop) -> None:
    shop.database.execute("""ALTER TABLE customer ADD COLUMN "we:ird %s ""q"" 'x' \\ {}" text DEFAULT 'a:b %s'""")
    made = bench.make([flag_case(bench)])
    assert made.stale == {}
    assert "a:b %s" in str(made.changes[0].after)


def test_a_trigger_that_keeps_a_row_from_going_fails_the_case(bench: Bench, shop: Shop) -> None:
    shop.database.execute(
        "CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER stay BEFORE DELETE ON customer FOR EACH ROW EXECUTE FUNCTION stay()"
    )
    case = delete_case(bench, "customer", "1")
    with pytest.raises(CasesFail) as failure:
        bench.make([case])
    assert failure.value.reasons == {case.name: "the database did not let row 1 of customer go"}


def test_a_row_may_get_another_key_of_one_column_or_of_two(bench: Bench, shop: Shop) -> None:
    shop.database.execute(
        "CREATE TABLE child (customer_id bigint PRIMARY KEY REFERENCES customer, note text); INSERT INTO child VALUES (1, 'x');"
        "CREATE TABLE pair (a int REFERENCES auth_user, b text, PRIMARY KEY (a, b)); INSERT INTO pair VALUES (1, 'q\"')"
    )
    changes = (
        updated("1", "child", "1", '{"customer_id":"1","note":"x"}', {"customer_id": "2"}, 3),
        updated("1", "pair", '["1","q\\""]', '{"a":"1","b":"q\\""}', {"a": "2"}, 3),
    )
    assert bench.make([Case("duplicate_profile", "customer", "1", "merge", "medium", changes)]).stale == {}
    assert shop.database.execute("SELECT customer_id, note, a, b FROM child, pair") == [(2, "x", 2, 'q"')]


def test_a_table_that_is_gone_refuses_the_plan(bench: Bench, shop: Shop) -> None:
    shop.database.execute("CREATE TABLE note (id int PRIMARY KEY, customer_id bigint REFERENCES customer)")
    shop.database.execute("INSERT INTO note VALUES (1, 1)")
    case = Case("orphan_profile", "customer", "1", "delete", "low", delete_case(bench, "note", "1").changes)
    with pytest.raises(Refused, match="'note', which is not there any more"):
        bench.make([case], before_batch=lambda: shop.database.execute("DROP TABLE note"))


def test_a_session_in_which_foreign_keys_are_not_heeded_is_refused(bench: Bench, shop: Shop) -> None:
    case = flag_case(bench)
    setting = f'ALTER DATABASE "{shop.database.name}" SET session_replication_role = replica'
    with pytest.raises(Refused, match="session_replication_role is 'replica'"):
        bench.make([case], before_batch=lambda: shop.database.execute(setting))
