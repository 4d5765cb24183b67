"""Pairs that are known not to be the same person: recorded with a reason and a name, and heeded by the finder."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mendbook.cli import app
from mendbook.database import Database
from mendbook.errors import ConfigError, Refused
from mendbook.model import Case, Left
from support.proposing import Source
from support.shop import MAPPING, Shop, findings, role

#: Five accounts: 1, 2 and 3 share an e-mail, 3 and 4 a user name, 5 is alone.
PEOPLE = """
DROP INDEX auth_user_lower_idx, auth_user_lower_idx1;
UPDATE auth_user SET email = 'Home@example.com' WHERE id <= 3;
UPDATE auth_user SET username = 'Same' WHERE id IN (3, 4);
"""
#: And one person more, with two accounts.
SIX_AND_SEVEN = """
INSERT INTO auth_user (id, username, email) VALUES (6, 'six', 'six@example.com'), (7, 'SIX', 'seven@example.com');
"""


@pytest.fixture
def people(shop: Shop) -> Shop:
    shop.execute(PEOPLE)
    return shop


def cases(shop: Shop) -> dict[str, list[str]]:
    """The accounts of each case of duplicate_user."""
    found: dict[str, list[str]] = {}
    for row in findings(shop.audit("duplicate_user")):
        found.setdefault(row["case_key"], []).append(row["row_key"])
    return {key: sorted(rows) for key, rows in found.items()}


def apart(shop: Shop, *pairs: tuple[str, str]) -> None:
    for one, other in pairs:
        assert shop.book().tell_apart(one, other, "father and son", "ana")["state"] == "recorded"


def test_without_any(people: Shop) -> None:
    assert cases(people) == {"1": ["1", "2", "3", "4"]}
    people.execute("CREATE SCHEMA mendbook; CREATE TABLE mendbook.exceptions (other int)")
    assert cases(people) == {"1": ["1", "2", "3", "4"]}


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("1", "2")], {"1": ["1", "2", "3", "4"]}),  # 3 shares the e-mail with both
        ([("3", "4")], {"1": ["1", "2", "3"]}),
        ([("1", "2"), ("1", "3")], {"2": ["2", "3", "4"]}),
        ([("1", "2"), ("1", "3"), ("2", "3")], {"3": ["3", "4"]}),
        ([("2", "3")], {"1": ["1", "2", "3", "4"]}),
        ([("1", "2"), ("1", "3"), ("2", "3"), ("3", "4")], {}),
        ([("4", "5")], {"1": ["1", "2", "3", "4"]}),
    ],
)
def test_who_is_linked(people: Shop, pairs: list[tuple[str, str]], expected: dict[str, list[str]]) -> None:
    apart(people, *pairs)
    assert cases(people) == expected


@pytest.mark.parametrize("repair", ["merge", "deactivate"])
def test_a_case_of_accounts_that_are_told_apart_is_left(people: Shop, repair: str) -> None:
    people.map(MAPPING.replace('last_login = "last_login"', 'last_login = "last_login"\nactive = "active"'))
    people.execute("ALTER TABLE auth_user ADD active boolean NOT NULL DEFAULT true")
    people.execute(SIX_AND_SEVEN)
    book = people.book()
    source = Source(Database(book.source, book.settings))
    assert all(isinstance(each, Case) for each in source.propose("duplicate_user", repair))
    apart(people, ("1", "2"), ("5", "6"), ("4", "5"))  # 5 is in no case
    left, made = source.propose("duplicate_user", repair)
    assert isinstance(left, Left)
    assert left.why.startswith("accounts 1 and 2 are known not to be one person")
    assert isinstance(made, Case)
    assert made.case_key == "6"


def test_accounts_of_two_cases_that_are_told_apart_are_no_obstacle(people: Shop) -> None:
    people.execute(SIX_AND_SEVEN)
    apart(people, ("1", "6"), ("2", "7"))
    book = people.book()
    made = Source(Database(book.source, book.settings)).propose("duplicate_user")
    assert [each.case_key for each in made if isinstance(each, Case)] == ["1", "6"]


def test_a_pair_of_another_table_means_nothing(people: Shop) -> None:
    apart(people, ("3", "4"))
    people.execute("UPDATE mendbook.exceptions SET \"table\" = 'other.auth_user'")
    assert cases(people) == {"1": ["1", "2", "3", "4"]}
    people.execute("UPDATE mendbook.exceptions SET \"table\" = 'auth_user'")  # as the mapping calls it
    assert cases(people) == {"1": ["1", "2", "3"]}


def test_keys_are_kept_in_the_order_of_their_letters(people: Shop) -> None:
    people.execute("INSERT INTO auth_user (id, username, email) VALUES (10, 'ten', 'home@example.com')")
    assert people.book().tell_apart("2", "10", "two firms", "ana")["keys"] == ["10", "2"]
    apart(people, ("10", "1"), ("10", "3"))
    assert cases(people) == {"1": ["1", "2", "3", "4"]}


def test_the_first_reason_stays(people: Shop) -> None:
    apart(people, ("1", "2"))
    again = people.book().tell_apart("2", "1", "other", "bo")
    assert (again["state"], again["reason"], again["name"]) == ("there already", "father and son", "ana")
    assert people.book().forget_apart("2", "1")["state"] == "removed"
    assert people.book().forget_apart("2", "1")["state"] == "not there"


def test_what_cannot_be_recorded(people: Shop) -> None:
    book = people.book()
    assert book.forget_apart("1", "2")["state"] == "not there"  # nor is there a place for it
    for keys, reason, name in (
        (("1", "9"), "x", "ana"),
        (("1", "1"), "x", "ana"),
        (("1", "2"), " ", "ana"),
        (("1", "2"), "x", ""),
    ):
        with pytest.raises(ConfigError):
            book.tell_apart(*keys, reason, name)


def test_a_role_that_may_not(people: Shop) -> None:
    apart(people, ("3", "4"))
    with role(people.database) as (name, url):
        people.execute(f"GRANT SELECT ON auth_user, customer TO {name}")
        people.use_url(url)
        result = people.audit("duplicate_user")
        assert any("mendbook.exceptions may not be read" in warning for warning in result["warnings"])
        assert cases(people) == {"1": ["1", "2", "3", "4"]}
        people.execute(f"GRANT USAGE ON SCHEMA mendbook TO {name}; GRANT SELECT ON mendbook.exceptions TO {name}")
        assert cases(people) == {"1": ["1", "2", "3"]}
        with pytest.raises(Refused, match="not one person"):
            people.book().tell_apart("1", "2", "x", "ana")


def test_the_command(people: Shop, capsys: Any) -> None:
    where = ["--config", str(people.config), "--outputs", str(people.outputs), "--json"]
    command = ["except", "shop", "4", "3", "--reason", "twins", "--as", "ana"]
    assert app([*command, *where], standalone_mode=False) == 0
    expected = {"source": "shop", "table": "public.auth_user", "keys": ["3", "4"], "reason": "twins", "name": "ana"}
    assert json.loads(capsys.readouterr().out) == {**expected, "state": "recorded"}
    assert app([*command, *where], standalone_mode=False) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["state"] == "there already"
    assert "ana said so: twins" in printed.err
    assert app(["except", "shop", "3", "4", "--remove", *where], standalone_mode=False) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "removed"
