"""What mendbook init reads from names and from values alone: words, codes, and the strings of a TOML file."""

from __future__ import annotations

import tomllib

import pytest
from mendbook.dialects import Column, Relation
from mendbook.guessing import Block, Line, Sample, Start
from mendbook.guessing.code_forms import code_form, looks_like_code
from mendbook.guessing.names import asked_for, head, short_name, words
from mendbook.guessing.user_columns import lines, roles
from mendbook.starting.starter_file import text


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("accounts_customerprofile", ("account", "customer", "profile")),
        ("accounts_customerProfiles", ("account", "customer", "profile")),
        ("AspNetUserLogins", ("asp", "net", "user", "login")),
        ("sales.user_addresses", ("user", "address")),
        ("account_emailaddress", ("account", "email", "address")),
        ("categories", ("category",)),
        ("status", ("status",)),
        ("日本", ()),
    ],
)
def test_words(name: str, wanted: tuple[str, ...]) -> None:
    assert words(name) == wanted


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ("accounts_customerprofile", "customer"),
        ("attendance_staff", "staff"),
        ("users_profile", "profile"),
        ("user_profiles", "profile"),
        ("cms_usersettings", "settings"),
        ("crm.buyer_details", "buyer"),
        ("user_details", "details"),
        ("日本", "profile"),
    ],
)
def test_what_a_profile_is_called(table: str, wanted: str) -> None:
    assert short_name(table) == wanted


def test_what_a_row_is() -> None:
    assert head("user_entity") == "user"
    assert head("guardian_userobjectpermission") == "permission"
    assert head("t_1") == ""


def test_what_a_form_asks_for() -> None:
    asked = ["phone_number", "firstName", "last_name", "street", "employee_id", "emergencyContact"]
    assert [name for name in [*asked, "last_login_ip", "ip_address", "avatar", "bio"] if asked_for(name)] == asked


@pytest.mark.parametrize(
    ("current", "last", "wanted"),
    [
        ("2026-03-05", "2026-03-04", "current_sign_in_at"),
        (None, "2026-03-04", "last_sign_in_at"),
        (None, None, "current_sign_in_at"),
    ],
)
def test_a_login_is_told_by_the_column_that_is_written(current: str | None, last: str | None, wanted: str) -> None:
    columns = {name: Column(name, "timestamp", "time", True) for name in ("current_sign_in_at", "last_sign_in_at")}
    relation = Relation(1, "public", "users", "table", 40, columns)
    sample = Sample(({"current_sign_in_at": current, "last_sign_in_at": last},) * 40)
    [line] = [each for each in lines(relation, roles(relation), sample, None, False) if each.key == "last_login"]
    assert (line.value, line.considered) == (wanted, tuple(columns.keys() - {wanted}))


def text_column(name: str, kind: str = "character varying(40)") -> Column:
    return Column(name, kind, "text", True)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([f"ST-{n:06d}" for n in range(20)], "ST-{n:06d}"),
        (["ST-000001"] * 4 + ["ST-000002"] * 3, "ST-{n:06d}"),  # what the race has given out many times
        ([f"C-{n}" for n in range(7, 20)], "C-{n}"),
        ([f"{n}/26" for n in range(20)], ""),  # ends in digits, too: whose number is it?
        ([f"0b9d2f1e-0000-4000-8000-{n:012d}" for n in range(9)], "uuid4"),
        ([f"{n:05d}" for n in range(20)], "{n:05d}"),
        (["one", "two", "one", "two", "one", "two"], ""),
        (["A1"], ""),
        ([f"{{x}}{n}" for n in range(20)], ""),  # braces would be read as the number's place
    ],
)
def test_the_form_of_codes(values: list[str], wanted: str) -> None:
    form, why = code_form(text_column("barcode", "character varying(10)"), values, unique=False)
    assert why
    assert form == wanted


def test_what_is_called_like_a_code_and_is_none() -> None:
    assert looks_like_code(text_column("bar_code"), unique=False)
    for name in ("phone_number", "postal_code", "country_code", "house_number", "currency_code"):
        assert not looks_like_code(text_column(name), unique=False)


@pytest.mark.parametrize("value", ['"', "\\", "a\nb", "\x00\x1f\x7f", "\u202e\u2066", "é日本", "[x]", "\U000e0041", "'''"])
def test_any_name_is_written_to_the_letter(value: str) -> None:
    lines = (Line("table", value, value, (value,)), Line("defaults", {value: value, "flag": True, "n": 1}, ""))
    start = Start("a.b", "A_URL", (Line("logs", [value], value),), Block(value, lines, (value,)), (), (value,), (value,))
    written = text(start)
    source = tomllib.loads(written)["sources"]["a.b"]
    assert source["logs"] == [value]
    assert source["users"] == {"table": value, "defaults": {value: value, "flag": True, "n": 1}}
    assert not set(written) & set("\x00\x1f\x7f\u202e\u2066\U000e0041")
