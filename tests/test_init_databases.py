"""mendbook init on PostgreSQL, SQLite and MariaDB: the same tables and rows give the same guesses, and an audit takes them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from mendbook.starting import starter_file, starting
from mendbook.workbook import Workbook
from support.mariadb import fresh_mariadb
from support.places import DATABASES, Place, Rows, ask_sqlite, customer, user
from support.shop import rows

#: Customers, of whom one has no row, one has two and four have lost what they typed; and staff with their own table.
SHOP: Rows = {
    "auth_user": [user(key, is_staff=key > 24, last_login=f"2026-03-05 08:{key:02}:00") for key in range(1, 31)],
    "customer": [
        *(customer(key, key, phone="" if key < 5 else f"555-{key}") for key in range(1, 24)),
        customer(123, 23, barcode="C-123"),
    ],
    "worker": [
        {"id": key, "user_id": key, "desk": f"D{key}", "phone": "555", "created_at": "2026-04-01 00:00:00"}
        for key in range(25, 31)
    ],
    "note": [{"id": key, "author_id": key % 3 + 1, "words": "words"} for key in range(1, 20)],
}


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "postgresql":
        database = request.getfixturevalue("database")
        yield Place(request.param, database.url, database.execute)
    elif request.param == "sqlite":
        file = tmp_path / "shop.sqlite3"
        yield Place(request.param, f"sqlite:///{file}", ask_sqlite(file))
    else:
        with fresh_mariadb(request.getfixturevalue("mariadb_server")) as fresh:
            yield Place(request.param, fresh.url, fresh.execute)


def test_every_database_gives_the_same(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.fill(SHOP)
    start = starting.look(starting.given_url(place.url, "shop"), "shop")
    file = tmp_path / "mendbook.toml"
    file.write_text(starter_file.text(start), "utf-8")
    source = tomllib.loads(file.read_text("utf-8"))["sources"]["shop"]
    assert source["users"] == {
        "table": "auth_user",
        "key": "id",
        "username": "username",
        "email": "email",
        "created": "date_joined",
        "last_login": "last_login",
        "active": "is_active",
        "password": "password",
        "privileged": ["is_staff"],
    }
    assert sorted(source["profiles"], key=lambda profile: str(profile["name"])) == [
        {
            "name": "customer",
            "table": "customer",
            "key": "id",
            "user": "user_id",
            "required_for": {"is_staff": False},
            "created": "created_at",
            "filled": ["phone"],
            "codes": {"barcode": "C-{n}"},
            "flags": {"invited": False},
        },
        {
            "name": "worker",
            "table": "worker",
            "key": "id",
            "user": "user_id",
            "required_for": {"is_staff": True},
            "created": "created_at",
            "filled": ["phone"],
        },
    ]
    assert start.read["auth_user"] == 30
    monkeypatch.setenv("SHOP_URL", place.url)
    result = Workbook.open("shop", file, tmp_path / "outputs").take_audit()[1]
    found = {kind: count for kind, count in rows(result).items() if kind != "missing_constraint"}
    assert found == {"missing_profile": 1, "duplicate_profile": 2, "blank_profile": 4}
