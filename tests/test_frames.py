"""book.users and book.profiles: the columns and rows that were asked for as a frame, masked, and never the password."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mendbook.errors import ConfigError, MappingError
from mendbook.workbook import Workbook
from support.shop import CUSTOMER, DAMAGE, MAPPING, SOURCE, USERS, Shop

MIXED = """
DROP TABLE customer;
CREATE TABLE customer (
    id uuid PRIMARY KEY, user_id bigint, n smallint, amount numeric(8,2), ratio float8, vip boolean, seen timestamptz,
    plain timestamp, born date, tags text[], data jsonb, phone varchar(20));
INSERT INTO customer VALUES
    ('6f0e6c1e-0000-4000-8000-000000000001', 1, 7, 1.50, 0.1, true, '2026-03-01 12:00:00.000001+02', '2026-03-01 12:00',
     '2000-02-29', '{a,b}', '{"b": 1, "a": [null]}', '555-1'),
    ('6f0e6c1e-0000-4000-8000-000000000002', 2, -7, 200, 1e300, false, 'infinity', '0044-03-15 BC', '9999-12-31',
     '{}', '[]', ''),
    ('6f0e6c1e-0000-4000-8000-000000000003', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
"""
MIXED_MAPPING = SOURCE + USERS + '[[sources.shop.profiles]]\nname = "customer"\ntable = "customer"\nfilled = ["phone"]\n'
ONE, TWO, THREE = (f"6f0e6c1e-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))


@pytest.fixture
def mixed(shop: Shop) -> Shop:
    """A profile table with a column of every family: three rows, the last of them NULL all over."""
    shop.execute(MIXED)
    return shop.map(MIXED_MAPPING)


def frame(loaded: pd.DataFrame | Iterator[pd.DataFrame]) -> pd.DataFrame:
    assert isinstance(loaded, pd.DataFrame)
    return loaded


def keys(loaded: Any, key: str = "id") -> list[Any]:
    return sorted(frame(loaded)[key].tolist())


def test_every_column_but_the_password(shop: Shop) -> None:
    users = frame(shop.book().users())
    assert list(users.columns) == ["id", "username", "email", "is_staff", "last_login", "date_joined"]
    assert len(users) == 5


def test_chosen_columns_in_the_order_asked_for(shop: Shop) -> None:
    users = frame(shop.book().users(columns=["date_joined", "id", "date_joined"]))
    assert list(users.columns) == ["date_joined", "id"]


def test_the_password_is_never_shown(shop: Shop) -> None:
    shop.execute("ALTER TABLE customer ADD password text; UPDATE customer SET password = 'hash-c'")
    book = shop.book(reveal=True)
    assert "password" not in frame(book.profiles()).columns
    for asked in (book.users(columns=["id", "password"]), book.profiles(columns=["password"])):
        assert set(frame(asked)["password"]) == {"•••"}
    shop.execute("ALTER TABLE auth_user RENAME password TO secret")
    book = shop.map(MAPPING.replace('password = "password"', 'password = "secret"')).book(reveal=True)
    assert "secret" not in frame(book.users()).columns
    assert "hash" not in frame(book.users(columns=["secret"])).to_csv()


def test_masked_unless_revealed(shop: Shop) -> None:
    masked = frame(shop.book().users())
    assert masked["email"].tolist() == ["u•••@e•••.com"] * 5
    assert masked["username"].tolist() == ["u•••"] * 5
    assert frame(shop.book().profiles())["phone"].tolist() == ["5•••"] * 5
    shown = shop.book(reveal=True)
    assert keys(shown.users(), "email") == [f"user{n}@example.com" for n in range(1, 6)]
    assert keys(shown.profiles(), "phone") == [f"555-{n}" for n in range(1, 6)]


def test_what_a_person_typed_is_masked_though_it_is_not_mapped(
    database: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    database.execute("CREATE TABLE person (id text PRIMARY KEY, first_name text, notes jsonb, is_staff boolean)")
    database.execute("""INSERT INTO person VALUES ('k1', 'Quill', '{"phone": "5550100"}', false)""")
    monkeypatch.setenv("CASE_URL", database.url)
    config = tmp_path / "mendbook.toml"
    config.write_text('[sources.case]\nurl_env = "CASE_URL"\n[sources.case.users]\ntable = "person"\n')
    row = frame(Workbook.open("case", config, tmp_path).users()).iloc[0]
    assert (row["id"], row["first_name"], bool(row["is_staff"])) == ("k1", "Q•••", False)
    assert "5550100" not in str(row["notes"])


def test_a_blank_stays_blank_under_the_mask(shop: Shop) -> None:
    shop.execute(DAMAGE)
    assert frame(shop.book().profiles(where={"id": 7}))["phone"].tolist() == [" "]


def test_the_type_of_each_family(mixed: Shop) -> None:
    row = frame(mixed.book(reveal=True).profiles())
    types = {name: str(dtype) for name, dtype in row.dtypes.items()}
    times = dict.fromkeys(("seen", "plain", "born"), "datetime64[us, UTC]")
    text = dict.fromkeys(("id", "tags", "data", "phone"), "str")
    numbers = {"user_id": "Int64", "n": "Int64", "amount": "float64", "ratio": "float64", "vip": "boolean"}
    assert types == {**numbers, **times, **text}


def test_the_values_of_each_family(mixed: Shop) -> None:
    rows = frame(mixed.book(reveal=True).profiles()).set_index("id")
    one = rows.loc[ONE]
    assert (one["n"], one["amount"], one["ratio"], one["vip"]) == (7, 1.5, 0.1, True)
    assert one["seen"] == datetime(2026, 3, 1, 10, 0, 0, 1, tzinfo=UTC)
    assert (one["plain"], one["born"]) == (datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2000, 2, 29, tzinfo=UTC))
    assert (one["tags"], one["data"]) == ("{a,b}", '{"a": [null], "b": 1}')
    assert pd.isna(rows.loc[TWO]["seen"]), "infinity is no time"
    assert rows.loc[TWO]["plain"].year == -43
    assert rows.loc[TWO]["ratio"] == 1e300
    assert rows.loc[THREE].isna().all()


def test_no_rows_have_the_same_types(mixed: Shop) -> None:
    book = mixed.book()
    empty = frame(book.profiles(where={"n": 99}))
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == frame(book.profiles()).dtypes.to_dict()


WHERE = {
    "a number": ({"n": 7}, [ONE]),
    "a number as text": ({"n": "7"}, [ONE]),
    "NULL": ({"n": None}, [THREE]),
    "a list": ({"n": [7, -7, 8]}, [ONE, TWO]),
    "a list with NULL": ({"n": [7, None]}, [ONE, THREE]),
    "an empty list": ({"n": []}, []),
    "a tuple of truths": ({"vip": (True,)}, [ONE]),
    "a truth": ({"vip": False}, [TWO]),
    "both truths": ({"vip": [True, False]}, [ONE, TWO]),
    "a decimal": ({"amount": Decimal("1.5")}, [ONE]),
    "decimals": ({"amount": [1.5, 200]}, [ONE, TWO]),
    "a float": ({"ratio": 0.1}, [ONE]),
    "a key": ({"id": uuid.UUID(ONE)}, [ONE]),
    "keys as text": ({"id": [ONE, TWO]}, [ONE, TWO]),
    "a time": ({"seen": datetime(2026, 3, 1, 10, 0, 0, 1, tzinfo=UTC)}, [ONE]),
    "times": ({"seen": [datetime(2026, 3, 1, 10, 0, 0, 1, tzinfo=UTC)]}, [ONE]),
    "a naive time": ({"plain": datetime(2026, 3, 1, 12)}, [ONE]),  # noqa: DTZ001
    "a day": ({"born": date(2000, 2, 29)}, [ONE]),
    "a time as text": ({"born": "9999-12-31"}, [TWO]),
    "empty text": ({"phone": ""}, [TWO]),
    "two columns": ({"vip": [True, False], "n": 7}, [ONE]),
    "two columns that never meet": ({"vip": False, "n": 7}, []),
    "a hostile value": ({"phone": "' OR 1=1 --"}, []),
}


@pytest.mark.parametrize(("where", "expected"), WHERE.values(), ids=WHERE)
def test_rows_that_have_the_values(mixed: Shop, where: dict[str, Any], expected: list[str]) -> None:
    assert keys(mixed.book().profiles(columns=["id"], where=where)) == expected


def test_a_value_that_the_column_cannot_hold_matches_nothing(mixed: Shop) -> None:
    book = mixed.book()
    for where in ({"n": "seven"}, {"id": "none"}, {"n": 10**30}):
        assert keys(book.profiles(columns=["id"], where=where)) == []


def test_at_most_so_many(shop: Shop) -> None:
    assert len(frame(shop.book().users(limit=2))) == 2
    assert len(frame(shop.book().users(limit=0))) == 0


def test_in_chunks(shop: Shop) -> None:
    loaded = shop.book(reveal=True).users(columns=["id"], chunks=2)
    assert not isinstance(loaded, pd.DataFrame)
    sizes = [chunk["id"].tolist() for chunk in loaded]
    assert sizes == [[1, 2], [3, 4], [5]]
    (only,) = shop.book().users(columns=["id"], where={"id": 99}, chunks=2)
    assert (list(only.columns), len(only)) == (["id"], 0)


def test_chunks_are_of_one_moment(shop: Shop) -> None:
    chunks = iter(shop.book().users(columns=["id"], chunks=2))
    first = next(chunks)
    shop.execute("INSERT INTO auth_user (id, username, email) VALUES (9, 'nine', 'nine@example.com')")
    assert len(first) + sum(len(chunk) for chunk in chunks) == 5


@pytest.mark.parametrize("asked", [{"columns": ["emial"]}, {"where": {"emial": "x"}}])
def test_an_unknown_column_lists_the_known(shop: Shop, asked: dict[str, Any]) -> None:
    with pytest.raises(MappingError, match="Table 'auth_user' has no column 'emial'") as caught:
        shop.book().users(**asked)
    assert "Did you mean 'email'?" in caught.value.hint


def test_profiles_by_name(shop: Shop) -> None:
    second = CUSTOMER.replace('name = "customer"', 'name = "second"').replace('"phone"', '"barcode"')
    book = shop.map(MAPPING + second).book()
    assert frame(book.profiles())["phone"].tolist() == ["5•••"] * 5, "the first of the mapping where none is named"
    assert frame(book.profiles("second"))["barcode"].tolist() == ["C•••"] * 5
    with pytest.raises(ConfigError, match="maps no profile 'custmer'") as caught:
        book.profiles("custmer")
    assert "Did you mean 'customer'?" in caught.value.hint


def test_a_source_without_profiles(shop: Shop) -> None:
    with pytest.raises(ConfigError) as caught:
        shop.map(SOURCE + USERS).book().profiles()
    assert "There is no profile at all" in caught.value.hint


def test_the_people_of_findings(shop: Shop) -> None:
    shop.execute(DAMAGE)
    people = shop.book()._people(["1", "7", "99"])
    assert sorted(people["user_key"]) == ["1", "7"]
    assert set(people.columns) == {"user_key", "username", "email"}
    assert "example.com" not in people.to_csv()
