"""What mendbook init guesses of other frameworks' tables, by shape: users, profiles, and what only looks like them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from mendbook.starting import starter_file, starting
from support import shapes
from support.databases import TestDatabase

Look = Callable[..., tuple[dict[str, Any], starting.Start, str]]


@pytest.fixture
def look(database: TestDatabase) -> Look:
    """Makes tables, and tells the source that init writes, the guesses, and the file's text in one line."""

    def look(script: str, **given: Any) -> tuple[dict[str, Any], starting.Start, str]:
        database.execute(script + "\nANALYZE;")
        start = starting.look(starting.Given(database.url, "SHAPE_URL", typed=True), "shape", **given)
        text = starter_file.text(start)
        return tomllib.loads(text)["sources"]["shape"], start, " ".join(text.replace("\n# ", " ").split())

    return look


def tables(source: dict[str, Any]) -> list[str]:
    return sorted(profile["table"] for profile in source.get("profiles", []))


def test_rails(look: Look) -> None:
    source, start, text = look(shapes.RAILS)
    assert source["users"] == {
        "table": "users",
        "key": "id",
        "email": "email",
        "created": "created_at",
        "last_login": "current_sign_in_at",
        "password": "encrypted_password",
        "privileged": ["admin"],
    }
    [profile] = source["profiles"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", profile["defaults"].pop("updated_at"))
    assert profile == {
        "name": "profile",
        "table": "profiles",
        "key": "id",
        "user": "user_id",
        "created": "created_at",
        "filled": ["phone", "city"],
        "defaults": {},
        "flags": {"newsletter": False},
    }
    assert source["references"] == ["comments.user_id -> users.id"]
    assert any("admin_users" in warning for warning in start.warnings)
    assert "last_sign_in_at" in text


def test_laravel(look: Look) -> None:
    source, _, text = look(shapes.LARAVEL)
    assert source["users"] == {
        "table": "users",
        "key": "id",
        "email": "email",
        "created": "created_at",
        "password": "password",
    }
    by_name = {profile["name"]: profile for profile in source["profiles"]}
    assert sorted(by_name) == ["student", "teacher"]
    assert by_name["teacher"]["required_for"] == {"role": "teacher"}
    assert by_name["teacher"]["codes"] == {"staff_number": "T{n:04d}"}
    assert by_name["student"]["required_for"] == {"role": "student"}
    assert by_name["student"]["filled"] == ["address"]
    assert "7 of 8 users read with it have a row, and 0 of 32 others" in text


def test_keycloak(look: Look) -> None:
    source, start, text = look(shapes.KEYCLOAK)
    assert source["users"] == {
        "table": "user_entity",
        "key": "id",
        "username": "username",
        "email": "email",
        "created": "created_timestamp",
        "active": "enabled",
    }
    assert tables(source) == []
    assert source["rights"] == ["user_role_mapping"]
    assert any("realm_id" in warning and "two people" in warning for warning in start.warnings)
    assert "milliseconds since 1970" in text


def test_the_same_name_in_two_realms_is_left_out(look: Look) -> None:
    source, start, text = look(shapes.KEYCLOAK + shapes.SECOND_REALM)
    assert not {"username", "email"} & set(source["users"])
    assert "the same one stands in several realm_id, where it is another person's" in text
    assert any("left out" in warning for warning in start.warnings)


def test_flask_security(look: Look) -> None:
    source, _, _ = look(shapes.FLASK_SECURITY)
    assert source["users"] == {
        "table": "user",
        "key": "id",
        "username": "username",
        "email": "email",
        "created": "create_datetime",
        "last_login": "last_login_at",
        "active": "active",
        "password": "password",
    }
    assert tables(source) == []
    assert source["rights"] == ["roles_users"]


def test_inheritance_and_a_custom_user_model(look: Look) -> None:
    source, start, text = look(shapes.INHERITED)
    assert source["users"]["table"] == "people_person"
    assert [profile["table"] for profile in source["profiles"]] == ["people_details"]
    details = source["profiles"][0]
    assert (details["key"], details["user"]) == ("person_id", "person_id")
    assert "crm_customer inherits from the users' table by person_ptr_id" in text
    assert "14 of 20 read" in text or "6 of 20 read" in text
    assert "content types are here" in text
    assert [block.table for block in start.profiles] == ["people_details"]


def test_nothing_is_declared(look: Look) -> None:
    source, _, text = look(shapes.UNDECLARED)
    assert source["users"] == {
        "table": "members",
        "key": "id",
        "username": "login",
        "email": "mail",
        "created": "joined",
        "password": "pass_hash",
    }
    [details] = source["profiles"]
    assert (details["table"], details["user"], details["filled"]) == ("member_details", "member_id", ["phone", "address"])
    assert source["references"] == ["letters.account_ref -> members.id", "posts.member_id -> members.id"]
    assert "no foreign key says so" in text


def test_accounts_elsewhere_are_no_profiles(look: Look) -> None:
    source, _, _ = look(shapes.NEXT_AUTH)
    assert source["users"] == {"table": "User", "key": "id", "email": "email", "created": "createdAt"}
    assert tables(source) == []


def test_names_in_capitals_and_no_rows(look: Look) -> None:
    source, _, _ = look(shapes.ASP_NET)
    assert source["users"] == {
        "table": "AspNetUsers",
        "key": "Id",
        "username": "UserName",
        "email": "Email",
        "password": "PasswordHash",
    }
    [profile] = source["profiles"]
    assert (profile["table"], profile["user"], profile["filled"]) == ("UserProfiles", "UserId", ["PhoneNumber", "Address"])
    assert source["rights"] == ["AspNetUserRoles"]


def test_who_logs_in_is_the_user(look: Look) -> None:
    source, start, _ = look(shapes.FEDERATED)
    assert source["users"]["table"] == "users"
    assert tables(source) == ["user_stats"]
    assert source["rights"] == ["user_roles"]
    assert any("accounts" in warning for warning in start.warnings)


FORM = """
CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE, password text, last_login timestamptz);
CREATE TABLE customers (id int PRIMARY KEY, user_id int UNIQUE REFERENCES users, phone text, address text, company text,
    bio text, country text NOT NULL DEFAULT 'XX');
INSERT INTO users SELECT n, 'u' || n || '@example.com', '!' FROM generate_series(1, 30) n;
"""


def filled(look: Look, phone: str, address: str, company: str, bio: str) -> list[str] | None:
    rows = f"SELECT n, n, {phone}, {address}, {company}, {bio} FROM generate_series(1, 30) n"
    source, _, _ = look(f"{FORM} INSERT INTO customers (id, user_id, phone, address, company, bio) {rows};")
    return source["profiles"][0].get("filled")


PHONE_ADDRESS = ["phone", "address"]


@pytest.mark.parametrize(
    ("phone", "address", "company", "bio", "wanted"),
    [
        # both or none: the form's; the company of some: left open
        (
            "CASE WHEN n > 9 THEN '5' END",
            "CASE WHEN n > 9 THEN 'a' END",
            "CASE WHEN n > 20 THEN 'c' END",
            "''",
            PHONE_ADDRESS,
        ),
        # nothing is lost: what everybody has told is the form's, and not the company, which some have left open
        ("n", "n || ' Street'", "CASE WHEN n > 20 THEN 'c' END", "''", PHONE_ADDRESS),
        # one column alone, blank in a few rows
        ("CASE WHEN n > 9 THEN '5' END", "NULL", "NULL", "NULL", ["phone"]),
        # what people may leave open is left open by one here, by another there
        ("NULL", "NULL", "CASE WHEN n % 3 = 0 THEN 'c' END", "CASE WHEN n % 4 = 0 THEN 'b' END", None),
        # nobody fills in anything
        ("NULL", "NULL", "' '", "''", None),
    ],
)
def test_what_a_form_asks_for(look: Look, phone: str, address: str, company: str, bio: str, wanted: list[str] | None) -> None:
    assert filled(look, phone, address, company, bio) == wanted


def test_what_a_new_row_is_given(look: Look) -> None:
    source, _, text = look("""
        CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE, password text, last_login timestamptz);
        CREATE TABLE profiles (id int PRIMARY KEY, user_id int UNIQUE REFERENCES users, theme text NOT NULL, city text NOT NULL,
            nick text NOT NULL, points int NOT NULL, wants_mail boolean NOT NULL, kept text NOT NULL DEFAULT 'x', handle text
            NOT NULL UNIQUE, extra jsonb NOT NULL, born date NOT NULL, number uuid NOT NULL UNIQUE);
        INSERT INTO users SELECT n, 'u' || n || '@example.com', '!' FROM generate_series(1, 30) n;
        INSERT INTO profiles SELECT n, n, 'system', 'Town', 'nick' || n, n, true, 'x', 'h' || n, '{}', now(), gen_random_uuid()
        FROM generate_series(1, 30) n;
    """)
    [profile] = source["profiles"]
    assert profile["defaults"] == {
        "theme": "system",  # what everybody has
        "city": "",  # everybody has told it, and nobody may be told of another's
        "nick": "",
        "points": 0,
        "wants_mail": False,
        "extra": "{}",
    }
    assert profile["codes"] == {"number": "uuid4"}
    assert "handle (text) must not be NULL" in text
    assert "born (date) must not be NULL" in text


def test_nobody_has_logged_in(look: Look, database: TestDatabase) -> None:
    source, _, text = look(FORM)
    assert source["users"]["last_login"] == "last_login"
    assert "take the line out before you name logs" in text
    again = starting.look(starting.Given(database.url, "SHAPE_URL", typed=True), "shape", ["*.log"])
    assert again.users.value("last_login") is None
