"""The repairs of single rows: what they propose for real tables, reasoned by hand from docs/damage.md, and that it holds.

``made`` carries out what was proposed and looks again, so that a proposal which only looks right fails too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mendbook.damage.contacts import Contact, contacts
from mendbook.model import Case, Found, Left
from support.databases import TestDatabase
from support.proposing import Source, row, row_before, source

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

USERS = """
CREATE TABLE auth_user (id int PRIMARY KEY, username text, email text, is_staff bool, is_active bool DEFAULT true,
    is_superuser bool DEFAULT false, last_login timestamptz, date_joined timestamptz DEFAULT '2026-03-01 12:00Z');
"""
MAPPING = """
[sources.shop]
url_env = "SHOP_URL"
%s
[sources.shop.users]
table = "auth_user"
username = "username"
email = "email"
created = "date_joined"
last_login = "last_login"
active = "is_active"
privileged = ["is_superuser"]
"""

Mapped = Callable[..., Source]


@pytest.fixture
def mapped(database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapped:
    """A source of the tables that a script makes, mapped as the profiles (and the top of the source) say."""

    def make(script: str, profiles: str = "", top: str = "", users: str = USERS, mapping: str = MAPPING) -> Source:
        database.execute(users + script)
        return source(database, (mapping % top) + profiles, tmp_path, monkeypatch)

    return make


def profile(name: str, table: str | None = None, **lines: str) -> str:
    body = "".join(f"{key} = {value}\n" for key, value in lines.items())
    return f'[[sources.shop.profiles]]\nname = "{name}"\ntable = "{table or name}"\n{body}'


def because(answer: Case | Left) -> str:
    assert isinstance(answer, Case)
    return "\n".join(answer.because)


def blockers(case: Case) -> dict[str, str]:
    return {blocker.name: blocker.why for blocker in case.blockers}


def made(shop: Source, kind: str, repair: str | None = None) -> list[Case | Left]:
    """What was proposed, carried out; no case is left of the kind but what was left."""
    answers = shop.propose(kind, repair)
    shop.make(answers)
    left = {(each.profile, each.case_key) for each in answers if isinstance(each, Left)}
    assert {(each.profile, each.case_key) for each in shop.found(kind)} == left
    return answers


# -- missing_profile: create -----------------------------------------------------------------------------------------


def test_create_makes_the_row_of_defaults_flags_codes_and_times(mapped: Mapped, database: TestDatabase) -> None:
    shop = mapped(
        """
        CREATE TABLE customer (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id int UNIQUE NOT NULL, company text,
            phone varchar(30) NOT NULL, tier int NOT NULL DEFAULT 3, barcode varchar(20) UNIQUE, invited bool, note text,
            shout text GENERATED ALWAYS AS (upper(company)) STORED, created_at timestamptz NOT NULL);
        INSERT INTO auth_user VALUES (7, 'ana', 'ana@example.com');
        """,
        profile(
            "customer",
            created='"created_at"',
            filled='["phone"]',
            defaults='{ company = "none" }',
            codes='{ barcode = "ST-{n:06d}" }',
            flags="{ invited = false }",
        ),
    )
    (case,) = made(shop, "missing_profile")
    assert isinstance(case, Case)
    (change,) = case.changes
    assert (change.op, change.table, change.key, change.before, change.phase) == ("insert", "customer", None, None, 4)
    assert row(change) == {
        "user_id": "7",
        "company": "none",
        "phone": "",
        "barcode": "ST-000001",
        "invited": "false",
        "note": None,
    }
    assert change.drawn == {"id": "default", "tier": "default", "shout": "default", "created_at": "now"}
    assert case.leaves == ("blank_profile",)
    assert [(kept.table, kept.key, kept.image) for kept in case.kept] == [("auth_user", "7", None)]
    assert set(case.owns) == {"profile/customer/7", "code/customer/barcode/ST-000001"}
    assert case.locks == ("customer",)
    assert (case.repair, case.risk, case.blockers) == ("create", "low", ())
    assert database.execute("SELECT id, user_id, company, tier, invited, shout FROM customer") == [
        (1, 7, "none", 3, False, "NONE")
    ]
    assert database.execute("SELECT created_at > now() - interval '1 h' FROM customer") == [(True,)]
