"""The independent checker, tried by breaking things: each break must be told, and nothing else may be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.databases import TestDatabase
from support.invariants import violations
from support.row_texts import Dump, dump

TABLES = """
CREATE TABLE person (id int PRIMARY KEY, email text);
CREATE TABLE purchase (id int PRIMARY KEY, person_id int, what text);
CREATE TABLE invoice (id int PRIMARY KEY, customer text);
CREATE TABLE note (said text);
INSERT INTO person SELECT n, 'user' || n || '@example.com' FROM generate_series(1, 4) n;
INSERT INTO purchase VALUES (1, 1, 'tea'), (2, 2, 'té "ﬁne"\n'), (3, 3, NULL);
INSERT INTO invoice VALUES (1, '2');
INSERT INTO note VALUES ('a'), ('a');
"""
#: The repair that the ledger tells of: purchase 2 goes over to person 1, person 2 goes; a note appears.
REPAIR = """
UPDATE purchase SET person_id = 1 WHERE id = 2; UPDATE invoice SET customer = '1'; DELETE FROM person WHERE id = 2;
INSERT INTO note VALUES ('b');
"""
FOREIGN_KEY = "ALTER TABLE purchase ADD FOREIGN KEY (person_id) REFERENCES person"
SOFT = [
    ("public.invoice", ("customer",), "public.person", ("id",)),
    ("public.purchase", ("person_id",), "public.person", ("id",)),
]
PLAN = "20260601T120000Z-shop-0123456789ab"


def line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha(value: Any) -> str:
    return hashlib.sha256((line(value) + "\n").encode()).hexdigest()


@dataclass
class House:
    """A database, the rows as they were, and a ledger written here by the page that describes it."""

    database: TestDatabase
    folder: Path
    before: Dump

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        return self.database.execute(sql)

    def told(self, **more: Any) -> list[str]:
        return violations(self.database.url, self.before, soft=SOFT, **more)

    def append(self, cases: list[tuple[str, list[tuple[str, str, str | None, Any, Any]]]], batch: int = 1) -> None:
        """A batch of cases: (name, changes), a change being (table, op, key, before, after)."""
        from psycopg2.extensions import adapt

        def quoted(value: Any) -> str:
            if value is None:
                return "NULL"
            adapted = adapt(value)
            if hasattr(adapted, "encoding"):
                adapted.encoding = "utf-8"
            return adapted.getquoted().decode()

        digests, stored, told, seq = [], [], [], 0
        for name, changes in cases:
            first = seq + 1
            for table, op, key, before, after in changes:
                seq += 1
                salt = f"{seq:032x}"
                images = sha({"after": after, "before": before, "salt": salt})
                key_part = name.rpartition("/")[2]
                own = {"batch": batch, "case_key": key_part, "images": images, "key": key, "op": op, "plan": PLAN, "seq": seq}
                digests.append(sha({**own, "table": table}))
                before_text, after_text = (None if row is None else line(row) for row in (before, after))
                row = (PLAN, batch, seq, key_part, table, op, key, before_text, after_text, salt, images, digests[-1])
                stored.append(f"({', '.join(map(quoted, row))})")
            told.append([name, *name.split("/"), first, seq])
        changes_digest = hashlib.sha256("".join(f"{each}\n" for each in digests).encode()).hexdigest()
        last = self.execute("SELECT position, hash FROM mendbook.ledger ORDER BY position DESC LIMIT 1")
        position, previous = (last[0][0] + 1, last[0][1]) if last else (1, "0" * 64)
        row = {"act": "apply", "at": "2026-06-01T12:00:00.000000Z", "batch": batch, "changes": changes_digest, "count": seq}
        row |= {
            "details": {"cases": told, "stale": []},
            "plan": PLAN,
            "position": position,
            "previous": previous,
            "role": "app",
        }
        columns = ", ".join(row)
        values = ", ".join(quoted(line(value) if name == "details" else value) for name, value in row.items())
        self.execute(f"INSERT INTO mendbook.ledger ({columns}, hash) VALUES ({values}, '{sha(row)}')")
        self.execute(f"INSERT INTO mendbook.change VALUES {', '.join(stored)}")


PERSON = {"id": "2", "email": "user2@example.com"}
PURCHASE = {"id": "2", "person_id": "2", "what": 'té "ﬁne"\n'}
CASES = [
    (
        "duplicate_user/users/1",
        [
            ("purchase", "update", "2", PURCHASE, {**PURCHASE, "person_id": "1"}),
            ("public.invoice", "update", "1", {"customer": "2", "id": "1"}, {"customer": "1", "id": "1"}),
            ("person", "delete", "2", PERSON, None),
        ],
    ),
    ("null_flag/note/7", [("note", "insert", None, None, {"said": "b"})]),
]


@pytest.fixture
def house(database: TestDatabase, tmp_path: Path) -> House:
    from mendbook.dialects.postgresql.ledger import PostgreSQLLedger

    database.execute(TABLES.replace("\\n", "' || chr(10) || '") + PostgreSQLLedger().sql())
    return House(database, tmp_path, dump(database.url))


@pytest.fixture
def repaired(house: House) -> House:
    house.append(CASES)
    house.execute(REPAIR)
    return house


def test_a_database_that_nobody_touched(house: House) -> None:
    assert house.told() == []
    house.execute("DROP SCHEMA mendbook CASCADE")
    assert house.told() == []


def test_what_the_ledger_says_was_done_and_nothing_else(repaired: House) -> None:
    assert repaired.told() == []


def test_a_later_batch_on_the_same_row(repaired: House) -> None:
    moved = {**PURCHASE, "person_id": "1"}
    repaired.append([("missing_code/member/3", [("purchase", "update", "3", {"id": "3", "person_id": "3", "what": None},
        {"id": "3", "person_id": "3", "what": "x"})])], batch=2)  # fmt: skip
    repaired.execute("UPDATE purchase SET what = 'x' WHERE id = 3")
    assert repaired.told() == []
    assert moved in [dict(row) for row in dump(repaired.database.url)["public.purchase"]]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE purchase SET what = 'other' WHERE id = 3", "not by the ledger"),
        ("UPDATE purchase SET person_id = 2 WHERE id = 2", "refers to public.person"),
        ("UPDATE invoice SET customer = '2'", "refers to public.person"),
        ("INSERT INTO person VALUES (2, 'user2@example.com')", "not by the ledger"),
        ("DELETE FROM person WHERE id = 3", "lost: public.person"),
        ("INSERT INTO note VALUES ('b')", "not by the ledger"),
        ("DELETE FROM note WHERE said = 'b'", "lost: public.note"),
        ("DELETE FROM note WHERE ctid = (SELECT min(ctid) FROM note)", "lost: public.note"),
        ("DELETE FROM mendbook.ledger", "belongs to no row"),
        ("DELETE FROM mendbook.change WHERE seq = 4", "other changes than the 4"),
        ("UPDATE mendbook.change SET after = replace(after::text, 'b', 'c')::json WHERE seq = 4", "its images"),
        ("UPDATE mendbook.change SET case_key = '8' WHERE seq = 4", "its columns do not give its digest"),
        ("UPDATE mendbook.change SET before = NULL, after = NULL, salt = NULL WHERE seq = 4", "has lost its images"),
        ("UPDATE mendbook.ledger SET role = 'ana'", "do not give its hash"),
        ("UPDATE mendbook.ledger SET previous = repeat('1', 64)", "does not follow"),
        ("UPDATE mendbook.ledger SET position = 2", "row 1 is missing"),
        ("UPDATE mendbook.ledger SET changes = repeat('1', 64)", "its changes do not give their digest"),
        ("DROP TABLE note", "there is no such table"),
    ],
)
def test_what_is_broken_is_told(repaired: House, damage: str, says: str) -> None:
    repaired.execute(damage)
    assert says in "\n".join(repaired.told())


def test_a_batch_in_the_ledger_that_did_not_happen(house: House) -> None:
    house.append(CASES)
    assert len(house.told()) == 6, "three rows as they were, and three that are not as they should be"


def test_a_batch_that_happened_without_the_ledger(house: House) -> None:
    house.execute(REPAIR)
    assert len(house.told()) == 6


def test_a_batch_that_happened_twice(repaired: House) -> None:
    repaired.append(CASES, batch=2)
    told = "\n".join(repaired.told())
    assert "case duplicate_user/users/1 of plan" in told
    assert "was tried 2 times" in told
    assert f"2 cases of plan {PLAN} changed person 2" in told
    assert "was not there" in told


def test_cases_that_do_not_share_out_the_changes(house: House) -> None:
    house.append([(CASES[0][0], []), CASES[1]])
    house.execute("INSERT INTO note VALUES ('b')")
    assert house.told() == []
    house.execute("UPDATE mendbook.ledger SET details = replace(details::text, ',1,1]', ',1,2]')::json")
    assert "do not share out" in "\n".join(house.told())


def test_a_foreign_key_is_a_reference_too(repaired: House) -> None:
    repaired.execute(FOREIGN_KEY)
    assert violations(repaired.database.url, repaired.before) == []
    repaired.execute("ALTER TABLE purchase DROP CONSTRAINT purchase_person_id_fkey; " + FOREIGN_KEY + " NOT VALID")
    repaired.execute("ALTER TABLE purchase DISABLE TRIGGER ALL; UPDATE purchase SET person_id = 2 WHERE id = 1")
    assert "public.purchase" in "\n".join(
        each for each in violations(repaired.database.url, repaired.before) if "refers to" in each
    )


def test_tables_that_the_application_wrote_meanwhile(repaired: House) -> None:
    repaired.execute("INSERT INTO purchase VALUES (9, 1, 'coffee')")
    assert repaired.told()
    assert repaired.told(theirs={"public.purchase"}) == []
    repaired.execute("UPDATE purchase SET person_id = 2 WHERE id = 9")
    assert "refers to" in "\n".join(repaired.told(theirs={"public.purchase"}))


def planned(house: House, change: Callable[[list[Any]], Any] = len) -> Path:
    """The plan of CASES as a file, its first case's changes passed through ``change``."""
    lines = [{"format": "mendbook-plan@1"}]
    for name, changes in CASES:
        kind, profile, case_key = name.split("/")
        listed = [{"table": t, "op": op, "key": key, "before": old, "after": new} for t, op, key, old, new in changes]
        if kind == "duplicate_user":
            change(listed)
        lines.append({"kind": kind, "profile": profile, "case_key": case_key, "changes": listed})
    path = house.folder / PLAN / "plan.jsonl"
    path.parent.mkdir()
    path.write_text("".join(line(each) + "\n" for each in lines), encoding="utf-8")
    return path


def test_cases_are_applied_wholly(repaired: House) -> None:
    assert repaired.told(plans=[planned(repaired)]) == []


def test_a_case_that_was_applied_in_part(repaired: House) -> None:
    more = {"table": "note", "op": "delete", "key": None, "before": {"said": "a"}, "after": None}
    told = repaired.told(plans=[planned(repaired, lambda changes: changes.append(more))])
    assert ["applied in part" in each for each in told] == [True]


def test_checkpoints(repaired: House) -> None:
    head = repaired.execute("SELECT hash FROM mendbook.ledger")[0][0]
    file = repaired.folder / "shop.jsonl"
    good = line({"at": "2026-06-01T12:00:00.000000Z", "head": head, "size": 1})
    file.write_text(good + '\n{"at":"2026')
    assert repaired.told(checkpoints=file) == []
    for other in (good.replace('"size":1', '"size":2'), good.replace(head, "1" * 64)):
        file.write_text(other + "\n")
        assert "saw another ledger" in "\n".join(repaired.told(checkpoints=file))
