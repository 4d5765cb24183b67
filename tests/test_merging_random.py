"""Merges of random accounts with random rows around them: each can be made with every constraint on, and taken back.

Whatever the rows are, merging again and again must end with no two accounts of one person,
            and no row may be lost but losers,
rights, and rows that have a twin by a unique index.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from mendbook.model import Case
from support.databases import TestDatabase
from support.merges import CUSTOMER, CUSTOMERS, MAPPING, USERS, Merges
from support.proposing import source

DEFERRED = "DEFERRABLE INITIALLY DEFERRED"
TABLES = """
CREATE TABLE django_content_type (id int PRIMARY KEY, app_label text NOT NULL, model text NOT NULL);
INSERT INTO django_content_type VALUES (1, 'auth', 'user'), (2, 'club', 'member');
CREATE TABLE auth_user_groups (id int PRIMARY KEY, user_id int NOT NULL REFERENCES auth_user {a}, group_id int,
            UNIQUE (user_id, group_id));
CREATE TABLE club_member (id int PRIMARY KEY, user_id int REFERENCES auth_user {a},
            customer_id int REFERENCES customer {b},
    club int, nick text, main boolean);
CREATE UNIQUE INDEX ON club_member (user_id, club);
CREATE UNIQUE INDEX ON club_member (user_id) WHERE main;
CREATE UNIQUE INDEX ON club_member (customer_id, lower(nick));
CREATE TABLE dues (id int PRIMARY KEY, member_id int REFERENCES club_member {b}, year int, UNIQUE (member_id, year));
CREATE TABLE friend (a int REFERENCES auth_user {a}, b int REFERENCES auth_user {b}, PRIMARY KEY (a, b));
CREATE TABLE teacher (user_ptr_id int PRIMARY KEY REFERENCES auth_user {a}, room text);
CREATE TABLE lesson (id int PRIMARY KEY, by int REFERENCES teacher {b}, hour int);
CREATE TABLE tag (id int PRIMARY KEY, content_type_id int, object_id text, name text, UNIQUE (content_type_id,
            object_id, name));
CREATE TABLE mail (id int PRIMARY KEY, "to" text);
ALTER TABLE auth_user ADD referred_by int REFERENCES auth_user {b};
"""


def _rows(seed: int) -> str:
    """Rows for eight accounts of three people."""
    chance = random.Random(seed)

    def one(*values: object) -> str:
        return f"({', '.join('NULL' if v is None else repr(v) if isinstance(v, str) else str(v) for v in values)})"

    def some(table: str, number: int, *columns: object, keyed: bool = True) -> str:
        rows = []
        for n in range(1, number + 1):
            values = [chance.choice(each) if isinstance(each, list) else each for each in columns]
            rows.append(one(*([n] if keyed else []), *values))
        return "".join(f"INSERT INTO {table} VALUES {row} ON CONFLICT DO NOTHING;" for row in rows)

    users, maybe = [*range(1, 9)], [*range(1, 9), None]
    made = "".join(
        f"INSERT INTO auth_user (id, username, email, last_login, first_name) VALUES"
        f" ({n}, '{chance.choice(['ana', 'ANA', 'bo', 'Bo', 'cy'])}', {chance.choice(['NULL', repr(f'mail{n}')])},"
        f" {chance.choice(['NULL', repr(f'2026-01-0{n}Z')])}, '{chance.choice(['', 'x'])}');"
        for n in users
    )
    made += some("customer", 9, users, [None, "1"], ["", "2"], ["2026-01-01Z", None])
    made += some("auth_user_groups", 8, users, [1, 2])
    made += some("club_member", 14, maybe, [*range(1, 10), None], [1, 2, None], ["n", "N", "m"], ["true", "false"]).replace(
        "'true'", "true"
    )
    made += "".join(
        f"INSERT INTO dues SELECT {n}, id, {chance.choice([1, 2])} FROM club_member ORDER BY md5(id::text || {n}::text) LIMIT 1"
        " ON CONFLICT DO NOTHING;"
        for n in range(12)
    )
    made += some("friend", 10, users, users, keyed=False) + some("tag", 12, [1, 2], [str(n) for n in range(1, 12)], ["p", "q"])
    made += some("mail", 6, [f"mail{n}" for n in users])
    teachers = chance.sample(users, 4)
    made += "".join(f"INSERT INTO teacher VALUES ({n}, 'r');" for n in teachers) + some("lesson", 6, teachers, [1])
    return made + "".join(f"UPDATE auth_user SET referred_by = {chance.choice(users)} WHERE id = {n};" for n in users[::2])


@pytest.mark.parametrize("seed", [0, 1, 116, *(pytest.param(n, marks=pytest.mark.thorough) for n in (2, 3, 4, 5, 50, 55))])
def test_random_merges_can_be_made_and_taken_back(
    seed: int, database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [("", ""), (DEFERRED, DEFERRED), ("ON DELETE CASCADE", "ON DELETE SET NULL"), (f"ON DELETE CASCADE {DEFERRED}", "")][
        seed % 4
    ]
    database.execute(USERS + CUSTOMERS + TABLES.format(a=keys[0], b=keys[1]) + _rows(seed))
    mapping = MAPPING.format(source='references = ["mail.to -> auth_user.email"]') + CUSTOMER
    shop = Merges(database, source(database, mapping, tmp_path, monkeypatch))
    for kind in ("duplicate_user", "duplicate_profile"):
        for _ in range(10):
            answers = shop.source.propose(kind)
            cases = [answer for answer in answers if isinstance(answer, Case)]
            if not cases:
                break
            before = shop.dump()
            shop.check(cases[:1], kind)
            shop.source.make(cases[:1])
            _nothing_lost(before, shop, cases[0])
        assert not answers, answers
    assert shop.execute("SELECT count(DISTINCT lower(username)) = count(*) FROM auth_user") == [(True,)]


def _nothing_lost(before: dict[str, list[str]], shop: Merges, case: Case) -> None:
    """Tables without a unique index keep all their rows; the others lose no more than the case says."""
    after = shop.dump()
    for table, rows in before.items():
        gone = sum(change.op == "delete" for change in case.changes if change.table == table)
        came = sum(change.op == "insert" for change in case.changes if change.table == table)
        assert len(after[table]) == len(rows) - gone + came
        if table in ("lesson", "mail"):
            assert len(after[table]) == len(rows)
