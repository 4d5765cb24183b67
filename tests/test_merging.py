"""Merges of profiles and of accounts: what is proposed, reasoned from DAMAGE by hand, and that it can be made and undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from mendbook.model import Row
from support.databases import TestDatabase
from support.merges import CUSTOMER, CUSTOMERS, MAPPING, USERS, Merges, blockers, changes, new
from support.proposing import source

#: Two accounts of one person: 1 is the older one, 2 logged in.
TWO = """
INSERT INTO auth_user (id, username, email, date_joined, last_login) VALUES
    (1, 'ana', 'ana@example.com', '2026-01-01Z', NULL), (2, 'Ana', 'ANA@example.com', '2026-02-01Z', '2026-03-01Z'),
    (3, 'bo', 'bo@example.com', '2026-01-01Z', NULL);
"""

Book = Callable[..., Merges]


@pytest.fixture
def book(database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    """A database of the script given, mapped."""

    def made(script: str, profiles: str = CUSTOMER, settings: str = "") -> Merges:
        database.execute(script)
        return Merges(database, source(database, MAPPING.format(source=settings) + profiles, tmp_path, monkeypatch))

    return made


# -- profiles


def test_the_row_with_most_filled_columns_survives_and_takes_what_it_lacks(book: Book) -> None:
    shop = book(
        USERS
        + CUSTOMERS
        + TWO
        + """
        INSERT INTO customer VALUES (10, 3, NULL, ' ', '2026-01-01Z'), (11, 3, '555-1', '', '2026-01-02Z')"""
    )
    case = shop.case("duplicate_profile")
    assert changes(case) == {("customer", "delete", "10")}
    assert case.because[0] == "kept 11 of customer rather than 10: 1 filled column against 0"
    assert case.owns == ("profile/customer/3",)
    assert Row("auth_user", "3") in case.kept
    assert [row.key for row in case.kept] == ["3", "11"]
    assert case.locks == ("customer",)
    assert (case.repair, case.risk, case.blockers, case.leaves) == ("merge", "medium", (), ())
    shop.check([case], "duplicate_profile")


def test_blank_columns_are_filled_from_the_newest_loser_that_has_one(book: Book) -> None:
    shop = book(
        USERS
        + CUSTOMERS
        + TWO
        + """
        ALTER TABLE customer ADD fax text, ADD town text;
        INSERT INTO customer VALUES (10, 3, '1', '2', '2026-01-09Z', '', NULL), (11, 3, NULL, '4', '2026-01-01Z', 'old', 'old'),
            (12, 3, NULL, '5', '2026-01-03Z', 'new', ' ')""",
        CUSTOMER.replace('"address"', '"address", "fax", "town"'),
    )
    case = shop.case("duplicate_profile")
    # 10 and 11 fill 2 and 3 columns, 12 fills 2
    assert changes(case) == {("customer", "delete", "10"), ("customer", "delete", "12"), ("customer", "update", "11")}
    assert new(case, "customer", "11") == {"phone": "1"}
    shop.execute(
        "UPDATE customer SET address = '' WHERE id = 11; UPDATE customer SET phone = NULL, address = '' WHERE id = 10;"
        "UPDATE customer SET created_at = NULL, address = '6', phone = '7' WHERE id = 12;"
        "UPDATE customer SET town = NULL WHERE id = 11"
    )
    case = shop.case("duplicate_profile")
    assert ("customer", "update", "12") not in changes(case)
    shop.check([case], "duplicate_profile")


def test_the_newest_loser_is_asked_first(book: Book) -> None:
    shop = book(
        USERS
        + CUSTOMERS
        + TWO
        + """
        INSERT INTO customer VALUES (10, 3, '1', NULL, '2026-01-01Z'), (11, 3, NULL, 'older', '2026-01-02Z'),
            (12, 3, NULL, 'newer', '2026-01-03Z')"""
    )
    case = shop.case("duplicate_profile")
    assert new(case, "customer", "10") == {"address": "newer"}
    assert "address of customer 10 comes from 12" in case.because
    shop.check([case], "duplicate_profile")


def test_references_decide_between_rows_that_are_filled_alike_and_then_age(book: Book) -> None:
    shop = book(
        USERS
        + CUSTOMERS
        + TWO
        + """
        CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customer, sold_to int REFERENCES customer);
        INSERT INTO customer VALUES (10, 3, '1', NULL, '2026-01-01Z'), (11, 3, '2', NULL, '2026-01-02Z'),
            (12, 3, '2', NULL, '2026-01-03Z');
        INSERT INTO orders VALUES (1, 10, 10), (2, 11, NULL), (3, NULL, 11), (4, 12, 12), (5, 12, NULL)"""
    )
    case = shop.case("duplicate_profile")
    # one row names 10 (twice), two name 11 and two name 12; 11 is the older of these
    assert case.because[:2] == (
        "kept 11 of customer rather than 10: 2 rows that refer to it against 1",
        "kept 11 of customer rather than 12: the older one",
    )
    assert changes(case) == {
        ("customer", "delete", "10"),
        ("customer", "delete", "12"),
        ("orders", "update", "1"),
        ("orders", "update", "4"),
        ("orders", "update", "5"),
    }
    assert new(case, "orders", "1") == {"customer_id": "11", "sold_to": "11"}
    assert case.locks == ("customer", "orders")
    shop.check([case], "duplicate_profile")


def test_without_filled_columns_all_but_key_user_and_codes_count(book: Book) -> None:
    shop = book(
        USERS
        + CUSTOMERS
        + TWO
        + """
        ALTER TABLE customer ADD code text;
        INSERT INTO customer VALUES (10, 3, NULL, NULL, NULL, 'a'), (11, 3, NULL, 'x', NULL, NULL)""",
        CUSTOMER.replace('filled = ["phone", "address"]', 'codes = { code = "uuid4" }'),
    )
    case = shop.case("duplicate_profile")
    assert changes(case) == {("customer", "delete", "10")}
    assert case.leaves == ("missing_code",)


# -- accounts


def test_accounts_merge_with_their_references_and_profiles(book: Book) -> None:
    shop = book(
        USERS
        + CUSTOMERS
        + TWO
        + """
        CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL REFERENCES auth_user);
        CREATE TABLE wish (user_id int REFERENCES auth_user, thing text, PRIMARY KEY (user_id, thing));
        INSERT INTO customer VALUES (10, 1, '1', NULL, '2026-01-01Z'), (11, 2, NULL, 'x', '2026-02-01Z'), (12, 3, '', '', NULL);
        INSERT INTO orders VALUES (5, 1), (6, 2), (7, 3);
        INSERT INTO wish VALUES (1, 'bike'), (1, 'book'), (2, 'book'), (3, 'book')"""
    )
    case = shop.case()
    assert changes(case) == {
        ("auth_user", "delete", "1"),
        ("customer", "update", "10"),
        ("customer", "delete", "11"),
        ("orders", "update", "5"),
        ("wish", "update", '["1","bike"]'),
        ("wish", "delete", '["1","book"]'),
    }
    assert new(case, "customer", "10") == {"user_id": "2", "address": "x"}
    assert case.because[0] == "kept 2 of auth_user rather than 1: the only one of the two that ever logged in"
    assert any(said.startswith('wish ["1","book"] goes: in its place stays wish ["2","book"]') for said in case.because)
    assert {(row.table, row.key) for row in case.kept} == {("auth_user", "2"), ("wish", '["2","book"]')}
    assert all(row.image is not None for row in case.kept)
    assert set(case.owns) == {"profile/customer/1", "profile/customer/2"}
    assert case.locks == ("auth_user", "customer", "orders", "wish")
    assert (case.risk, case.blockers) == ("high", ())
    shop.check([case])


@pytest.mark.parametrize(
    ("update", "survivor", "rule"),
    [
        ("is_active = (id = 1), last_login = CASE id WHEN 2 THEN timestamptz '2026-03-01Z' END", 1, "active, the other is not"),
        ("last_login = timestamptz '2026-03-01Z' - id * interval '1 day'", 1, "the later login"),
        ("last_login = CASE id WHEN 2 THEN timestamptz '2020-03-01Z' END", 2, "the only one of the two that ever logged in"),
        ("last_login = NULL", 2, "1 row that refers to it against 0"),
        ("last_login = NULL, first_name = 'unreferred'", 1, "the older one"),
    ],
)
def test_accounts_survive_by_these_rules(book: Book, update: str, survivor: int, rule: str) -> None:
    shop = book(
        USERS
        + TWO
        + f"""
        CREATE TABLE note (id int PRIMARY KEY, by int REFERENCES auth_user);
        UPDATE auth_user SET {update} WHERE id < 3;
        INSERT INTO note SELECT 1, 2 FROM auth_user WHERE id = 2 AND first_name = ''""",
        "",
    )
    case = shop.case()
    loser = 3 - survivor
    assert ("auth_user", "delete", str(loser)) in changes(case)
    assert case.because[0] == f"kept {survivor} of auth_user rather than {loser}: {rule}"
    shop.check([case])


def test_the_mail_and_unmapped_columns_are_filled_and_mapped_ones_are_not(book: Book) -> None:
    shop = book(
        USERS
        + """
        ALTER TABLE auth_user ADD town text, ADD title text;
        CREATE UNIQUE INDEX ON auth_user (lower(email)) WHERE email <> '';
        INSERT INTO auth_user (id, username, email, is_staff, last_login, town, title) VALUES
            (1, 'ana', '', false, '2026-03-01Z', NULL, 'Dr'), (2, 'ANA', 'ana@example.com', true, NULL, 'Ulm', 'Mx')""",
        "",
    )
    case = shop.case()
    assert new(case, "auth_user", "1") == {"email": "ana@example.com", "town": "Ulm"}
    assert blockers(case) == ["privileged"]
    assert "account 2 has is_staff" in case.blockers[0].why
    shop.check([case])  # the loser goes before the survivor takes its e-mail over


def test_accounts_in_use_block(book: Book) -> None:
    shop = book(USERS + TWO + "UPDATE auth_user SET last_login = now() - id * interval '20 days'", "")
    assert blockers(shop.case()) == ["both_used"]
    shop.execute("UPDATE auth_user SET last_login = now() - interval '91 days' WHERE id = 1")
    assert blockers(shop.case()) == []


def test_profiles_of_one_survivor_only_move_and_what_they_lack_is_declared(book: Book) -> None:
    shop = book(
        USERS + CUSTOMERS + TWO + "INSERT INTO customer VALUES (10, 1, '', NULL, NULL)",
        CUSTOMER.replace("filled", "required_for = { is_staff = true }\nfilled"),
    )
    case = shop.case()
    assert changes(case) == {("auth_user", "delete", "1"), ("customer", "update", "10")}
    assert case.leaves == ("blank_profile", "wrong_profile")
    shop.check([case])


def test_profile_tables_without_a_foreign_key_are_no_less_followed(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + """
        CREATE TABLE customer (id int PRIMARY KEY, user_id text, phone text, address text, created_at timestamptz);
        INSERT INTO customer VALUES (10, '1', '1', '', NULL), (11, '2', '', 'x', NULL), (12, 'nobody', '', '', NULL)"""
    )
    case = shop.case()
    assert changes(case) == {("auth_user", "delete", "1"), ("customer", "update", "10"), ("customer", "delete", "11")}
    shop.check([case])


# -- rights

RIGHTS = """
CREATE TABLE auth_user_groups (id int PRIMARY KEY, user_id int NOT NULL REFERENCES auth_user, group_id int NOT NULL {unique});
INSERT INTO auth_user_groups VALUES (1, 1, 7), (2, 1, 8), (3, 2, 8), (4, 3, 9);
"""


@pytest.mark.parametrize("unique", [", UNIQUE (user_id, group_id)", ""])
def test_rights_do_not_move_unless_a_reviewer_says_so(book: Book, unique: str) -> None:
    shop = book(USERS + TWO + RIGHTS.format(unique=unique), "")
    case = shop.case()
    assert changes(case) == {
        ("auth_user", "delete", "1"),
        ("auth_user_groups", "delete", "1"),
        ("auth_user_groups", "delete", "2"),
    }
    (option,) = case.options
    assert (option.name, option.taken, option.column) == ("auth_user_groups:1", False, None)
    assert case.changes[option.change].key == "1"
    assert case.changes[option.change].table == "auth_user_groups"
    assert option.other is not None
    assert '"user_id":"2"' in str(option.other.after)
    shop.check([case])
    taken = list(case.changes)
    taken[option.change] = option.other
    shop.source.make([replace(case, changes=tuple(taken))])
    assert shop.execute("SELECT user_id, group_id FROM auth_user_groups ORDER BY id") == [(2, 7), (2, 8), (3, 9)]


def test_a_right_that_rows_refer_to_blocks(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + RIGHTS.format(unique="")
        + """
        CREATE TABLE audit (id int PRIMARY KEY, grant_id int REFERENCES auth_user_groups); INSERT INTO audit VALUES (1, 1)""",
        "",
    )
    assert blockers(shop.case()) == ["cascade"]


def test_two_losers_with_the_same_right_offer_it_once(book: Book) -> None:
    shop = book(
        USERS
        + TWO
        + RIGHTS.format(unique=", UNIQUE (user_id, group_id)")
        + """
        INSERT INTO auth_user (id, username) VALUES (4, 'ANA'); INSERT INTO auth_user_groups VALUES (5, 4, 7)""",
        "",
    )
    case = shop.case()
    assert [option.name for option in case.options] == ["auth_user_groups:1"]
    assert ("auth_user_groups", "delete", "5") in changes(case)
    shop.check([case])
