"""Rows before and after: what is masked, what is never shown, what is marked."""

from __future__ import annotations

from typing import Any

import pytest
from mendbook.config import Profile, Source, Users
from mendbook.side_by_side import Beside, beside, concealing

USERS = Users(table="auth_user", username="username", email="email", active="is_active", password="hash", privileged=["staff"])
PROFILE = Profile(name="c", table="customer", filled=["phone"], codes={"barcode": "uuid4"}, flags={"invited": False})
SOURCE = Source(name="shop", url_env="URL", users=USERS, profiles=[PROFILE])


@pytest.mark.parametrize(
    ("table", "column", "value", "shown"),
    [
        ("auth_user", "email", "ana@example.com", "a•••@e•••.com"),
        ("auth_user", "id", "12", "12"),
        ("auth_user", "staff", "yes", "yes"),
        ("auth_user", "hash", "secret", "•••"),
        ("auth_user", "password", "secret", "•••"),
        ("auth_user", "first_name", "Ana", "A•••"),
        ("auth_user", "first_name", None, "NULL"),
        ("auth_user", "first_name", " ", "' '"),
        ("auth_user", "joined", "2026-03-02 12:00:00.25+00", "2026-03-02 12:00:00.25+00"),
        ("auth_user", "joined", "infinity", "infinity"),
        ("auth_user", "note", "2026-03-02 is my birthday", "2•••"),
        ("customer", "barcode", "C-1", "C-1"),
        ("customer", "user_id", "1", "1"),
        ("customer", "phone", "5", "5•••"),
        ("customer", "invited", "t", "t"),
        ("invoice", "id", "9", "9"),
        ("invoice", "user_id", "9", "9"),
        ("invoice", "line", "Street 5", "S•••"),
        ("invoice", "password", "secret", "•••"),
    ],
)
def test_what_is_masked(table: str, column: str, value: str | None, shown: str) -> None:
    assert concealing(SOURCE).shown(table, column, value) == shown


def test_what_is_revealed() -> None:
    told = concealing(SOURCE, reveal=True)
    assert told.shown("auth_user", "email", "ana@example.com\x1b") == "ana@example.com⟨U+001B⟩"
    assert told.shown("auth_user", "hash", "secret") == "•••", "never"
    assert told.key("ana@example.com") == told.words("ana@example.com") == "ana@example.com"


def test_without_a_mapping() -> None:
    told = concealing(None)
    assert (told.shown("t", "id", "1"), told.shown("t", "name", "Ana"), told.shown("t", "password", "x")) == (
        "1",
        "A•••",
        "•••",
    )


def test_keys_and_words() -> None:
    told = concealing(SOURCE)
    assert (told.key("12"), told.key("ana@example.com"), told.key(None)) == ("12", "a•••@e•••.com", "(its whole row)")
    assert told.words("from 'ana@example.com', (b@example.com)") == "from 'a•••@e•••.com', (b•••@e•••.com)"
    assert told.words("x" * 400).startswith("x" * 300 + "…")


def change(before: Any, after: Any, drawn: Any = None) -> dict[str, Any]:
    return {"table": "invoice", "before": before, "after": after, "drawn": drawn or {}}


def test_side_by_side() -> None:
    told = concealing(SOURCE, reveal=True)
    assert beside(change({"id": "1", "a": None}, {"id": "1", "a": "x"}), told) == [
        Beside("a", "NULL", "x", True),
        Beside("id", "1", "1", False),
    ]
    assert beside(change(None, {"a": None}, {"id": "default"}), told) == [
        Beside("a", None, "NULL", True),
        Beside("id", None, "(drawn when it is made)", True),
    ]
    assert beside(change({"a": "x"}, None), told) == [Beside("a", "x", None, True)]
