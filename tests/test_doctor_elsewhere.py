"""What doctor tells of databases that are no PostgreSQL: the same checks, and what only they have."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from mendbook.config import load
from mendbook.dialects.mysql import health as mysql_health
from mendbook.dialects.sqlite import health as sqlite_health
from mendbook.doctor.doctor import Check, examine
from support.mariadb import MariaDatabase

TOML = """
[sources.shop]
url_env = "ELSEWHERE_URL"
[sources.shop.users]
table = "person"
username = "login"
email = "email"
created = "joined"
[[sources.shop.profiles]]
name = "customer"
table = "customer"
user = "person_id"
filled = ["phone"]
"""
ROWS = """
INSERT INTO person VALUES (1, 'ana', 'ana@example.com', '2026-03-01 12:00:00');
INSERT INTO person VALUES (2, 'ben', 'ben@example.com', '2026-03-02 12:00:00');
INSERT INTO customer VALUES (1, 1, '555-1'), (2, 2, '555-2');
"""


def every(home: Path) -> list[Check]:
    (home / "mendbook.toml").write_text(TOML)
    settings = load(home / "mendbook.toml")
    return examine(settings.source("shop"), settings, home / "outputs")


def named(home: Path, name: str) -> list[Check]:
    return [check for check in every(home) if check.name == name]


def only(home: Path, name: str) -> Check:
    (found,) = named(home, name)
    return found


# -- SQLite --------------------------------------------------------------------------------------------------------------

SQLITE = """
CREATE TABLE person (
    id integer PRIMARY KEY, login varchar(80) UNIQUE, email varchar(80) UNIQUE COLLATE NOCASE, joined datetime);
CREATE TABLE customer (id integer PRIMARY KEY, person_id integer UNIQUE REFERENCES person, phone varchar(40));
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "shop.sqlite3"
    run(path, SQLITE + ROWS)
    monkeypatch.setenv("ELSEWHERE_URL", f"sqlite:///{path}")
    return path


def run(path: Path, script: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()


def test_a_sound_file(file: Path) -> None:
    told = every(file.parent)
    assert {check.name for check in told if check.state == "failed"} == set()
    assert {"file", "encoding", "foreign keys", "time zone", "indexes", "mapping", "rights", "clock"} <= {c.name for c in told}
    assert "knows no roles" in only(file.parent, "rights").message
    assert "GRANT" not in " ".join(check.hint for check in told)
    assert "person.email by NOCASE" in only(file.parent, "encoding").message
    assert "person.joined" in only(file.parent, "time zone").message
    assert not list(file.parent.glob("shop.sqlite3-*")), "nothing is left beside the file"


def test_a_foreign_key_that_was_not_heeded(file: Path) -> None:
    assert only(file.parent, "foreign keys").state == "ok"
    run(file, "INSERT INTO customer VALUES (3, 99, '555-3')")
    told = only(file.parent, "foreign keys")
    assert (told.state, "1 rows of customer" in told.message) == ("warning", True)


def test_a_file_that_is_broken_inside(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA writable_schema = ON")  # the index knows nothing of the row that comes next
    connection.execute("UPDATE sqlite_master SET sql = 'CREATE INDEX hidden ON customer (phone)' WHERE 1 = 0")
    connection.executescript("CREATE INDEX by_phone ON customer (phone)")
    (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'by_phone'").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    data = bytearray(file.read_bytes())
    at = data.index(b"555-1", (page - 1) * size)
    data[at : at + 5] = b"999-9"
    file.write_bytes(data)
    told = named(file.parent, "indexes")
    assert [check.state for check in told] == ["failed"] * len(told)
    assert "by_phone" in " ".join(check.message for check in told)
    monkeypatch.setattr(sqlite_health, "READ_THROUGH", 100)
    assert "too large" in only(file.parent, "indexes").message


def test_a_file_of_which_only_half_is_mapped_rightly(file: Path) -> None:
    run(file, "DROP TABLE customer")
    told = only(file.parent, "mapping")
    assert (told.state, "customer" in told.message) == ("failed", True)
    assert only(file.parent, "file").state == "ok", "it goes on"


# -- MariaDB -------------------------------------------------------------------------------------------------------------

MARIADB = """
CREATE TABLE person (
    id bigint PRIMARY KEY, login varchar(80) UNIQUE, email varchar(80) CHARACTER SET latin1 UNIQUE, joined datetime(6)
) ENGINE=InnoDB;
CREATE TABLE customer (id bigint PRIMARY KEY, person_id bigint UNIQUE REFERENCES person (id), phone varchar(40)) ENGINE=InnoDB;
"""


@pytest.fixture
def shop(mariadb: MariaDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    mariadb.execute(MARIADB + ROWS)
    monkeypatch.setenv("ELSEWHERE_URL", mariadb.url)
    yield tmp_path
    mariadb.execute("SET GLOBAL time_zone = 'SYSTEM', sql_mode = DEFAULT")


def test_a_sound_database(shop: Path) -> None:
    told = every(shop)
    odd = {check.name: check.message for check in told if check.state == "failed"}
    assert odd == {}
    assert only(shop, "engines").state == only(shop, "sql mode").state == "ok"
    assert only(shop, "server version").message.startswith("MariaDB")
    assert "'mendbook roles SOURCE' prints" in " ".join(check.hint for check in told)


def test_letters_that_a_column_cannot_hold(shop: Path, mariadb: MariaDatabase) -> None:
    told = only(shop, "encoding")
    assert (told.state, "person.email cannot hold every letter" in told.message) == ("warning", True)
    mariadb.execute("ALTER TABLE person MODIFY email varchar(80) CHARACTER SET utf8mb4")
    assert only(shop, "encoding").state == "ok"


def test_tables_without_transactions(shop: Path, mariadb: MariaDatabase) -> None:
    mariadb.execute("DROP TABLE customer; CREATE TABLE customer (id int, person_id int, phone text) ENGINE=MyISAM")
    told = only(shop, "engines")
    assert (told.state, "kept by MyISAM" in told.message) == ("warning", True)
    assert only(shop, "plan rights").state == "warning", "an audit can be made all the same"
    mariadb.execute(told.statements[0])
    assert only(shop, "engines").state == "ok"


def test_a_server_that_is_set_otherwise(shop: Path, mariadb: MariaDatabase) -> None:
    mariadb.execute("SET GLOBAL time_zone = '+02:00', sql_mode = ''")
    zone, mode = only(shop, "time zone"), only(shop, "sql mode")
    assert (zone.state, "person.joined" in zone.message) == ("warning", True)
    assert (mode.state, "cuts off" in mode.message) == ("warning", True)


def test_a_mariadb_that_is_too_old(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mysql_health, "OLDEST_MARIADB", "99")
    assert [check.state for check in named(shop, "server version")] == ["ok", "failed"]


def test_rights_on_half_of_the_columns(shop: Path, mariadb: MariaDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    user = f"half_{mariadb.name[-8:]}"
    mariadb.execute(
        f"CREATE USER `{user}`@localhost IDENTIFIED BY 'pw'; GRANT SELECT ON `{mariadb.name}`.customer TO `{user}`@localhost;"
        f"GRANT SELECT (id, login, joined), INSERT (email) ON `{mariadb.name}`.person TO `{user}`@localhost"
    )
    try:
        monkeypatch.setenv("ELSEWHERE_URL", mariadb.url.replace("//root@", f"//{user}:pw@"))
        told = only(shop, "rights")
        assert told.state == "failed"
        assert "may not read person.email" in told.message
        assert told.statements == (f"GRANT SELECT (`email`) ON `{mariadb.name}`.`person` TO '{user}'@'localhost';",)
        mariadb.execute("".join(told.statements))
        assert only(shop, "rights").state == "warning", "it may insert an e-mail"
        mariadb.execute(f"REVOKE INSERT (email) ON `{mariadb.name}`.person FROM `{user}`@localhost")
        assert only(shop, "rights").state == "ok"
    finally:
        mariadb.execute(f"DROP USER `{user}`@localhost")
