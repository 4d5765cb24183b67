"""mendbook init at the command line: what it writes and says, what it never does, and what it makes of difficult databases."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from mendbook.config import load
from mendbook.dialects import dialect_of
from mendbook.starting import starting
from support.commands import Command, command_in
from support.databases import TestDatabase
from support.shop import ROWS, TABLES, role

MANY = 5000


@pytest.fixture
def mendbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.delenv("SHOP_URL", raising=False)
    return command_in(tmp_path, monkeypatch, capsys)


@pytest.fixture
def shop(database: TestDatabase) -> TestDatabase:
    database.execute(TABLES + ROWS)
    return database


def written(home: Path) -> dict[str, Any]:
    return tomllib.loads((home / "mendbook.toml").read_text("utf-8"))


def test_what_it_writes_is_audited_at_once(
    shop: TestDatabase, mendbook: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = mendbook("init", shop.url, "--source", "shop", "--json")
    assert answer.code == 0, answer.err
    source = written(tmp_path)["sources"]["shop"]
    assert source["url_env"] == "SHOP_URL"
    assert source["users"]["table"] == "auth_user"
    assert [profile["table"] for profile in source["profiles"]] == ["customer"]
    assert source["profiles"][0]["codes"] == {"barcode": "C-{n}"}
    assert source["profiles"][0]["flags"] == {"invited": False}
    assert answer.document["config"] == str(tmp_path / "mendbook.toml")
    assert answer.document["users"] == source["users"]
    assert answer.document["profiles"] == source["profiles"]
    assert answer.document["rows_read"] == {"auth_user": 5, "customer": 10}
    assert all(guess["reason"] for guess in answer.document["guesses"])
    assert "export SHOP_URL=" in answer.err

    assert mendbook("audit", "shop").code == 2  # the URL is in the environment only, and is not there yet
    monkeypatch.setenv("SHOP_URL", shop.url)
    assert mendbook("doctor", "shop").code == 0
    assert mendbook("audit", "shop").code == 0


def test_the_readers_own_file_stays_as_it_is(shop: TestDatabase, mendbook: Command, tmp_path: Path) -> None:
    assert mendbook("init", shop.url, "--source", "shop").code == 0
    before = (tmp_path / "mendbook.toml").read_bytes()
    again = mendbook("init", shop.url, "--source", "shop")
    assert (again.code, (tmp_path / "mendbook.toml").read_bytes()) == (2, before)
    assert "has a source 'shop' already" in again.words
    other = mendbook("init", shop.url, "--source", "club")
    assert (other.code, (tmp_path / "mendbook.toml").read_bytes()) == (2, before)
    assert "--print" in other.words
    # what it tells to type loses nothing and gives a file of both
    printed = mendbook("init", shop.url, "--source", "club", "--print")
    assert printed.code == 0
    (tmp_path / "mendbook.toml").write_bytes(before + printed.out.encode())
    assert sorted(load(tmp_path / "mendbook.toml").sources) == ["club", "shop"]


def test_a_file_that_cannot_be_read_is_not_written_over(shop: TestDatabase, mendbook: Command, tmp_path: Path) -> None:
    (tmp_path / "mendbook.toml").write_text("[sources.")
    assert mendbook("init", shop.url, "--source", "shop").code == 2
    assert (tmp_path / "mendbook.toml").read_text() == "[sources."


def test_print_writes_no_file(shop: TestDatabase, mendbook: Command, tmp_path: Path) -> None:
    answer = mendbook("init", shop.url, "--source", "shop", "--print")
    assert tomllib.loads(answer.out)["sources"]["shop"]["users"]["table"] == "auth_user"
    assert list(tmp_path.iterdir()) == []


def test_a_password_on_the_command_line_is_taken_and_never_kept(shop: TestDatabase, mendbook: Command, tmp_path: Path) -> None:
    with role(shop) as (name, url):
        shop.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
        answer = mendbook("init", url, "--source", "shop", "--json")
        assert answer.code == 0, answer.err
        said = answer.out + answer.err + (tmp_path / "mendbook.toml").read_text("utf-8")
        assert f"pw-{name}" not in said
        assert "holds a password" in answer.err
        assert f"{name}:PASSWORD@" in answer.document["export"]
        assert any("holds a password" in warning for warning in answer.document["warnings"])


def test_a_password_among_the_options_of_the_url(shop: TestDatabase, mendbook: Command) -> None:
    url = shop.url + ("&" if "?" in shop.url else "?") + "password=quite-secret"
    answer = mendbook("init", url, "--source", "shop", "--json")
    assert "quite-secret" not in answer.out + answer.err
    assert "holds a password" in answer.err


def test_the_url_of_an_environment_variable(
    shop: TestDatabase, mendbook: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_SHOP", shop.url)
    for form in ("env:THE_SHOP", "$THE_SHOP"):
        answer = mendbook("init", form, "--source", "shop")
        assert answer.code == 0
        assert written(tmp_path)["sources"]["shop"]["url_env"] == "THE_SHOP"
        assert "export" not in answer.err
        (tmp_path / "mendbook.toml").unlink()
    assert mendbook("init", "env:NOT_THERE", "--source", "shop").code == 2


@pytest.mark.parametrize("url", ["shop", "postgresql://somebody:quite-secret@[", "mysterious://a:quite-secret@b/c"])
def test_what_is_no_url_of_ours_is_refused_and_not_told(mendbook: Command, tmp_path: Path, url: str) -> None:
    answer = mendbook("init", url, "--source", "shop")
    assert answer.code == 2, answer.err
    assert "quite-secret" not in answer.err
    assert "value of SHOP_URL" not in answer.err
    assert "SHOP_URL names" not in answer.err
    assert not (tmp_path / "mendbook.toml").exists()


def test_which_tables_there_are(database: TestDatabase) -> None:
    database.execute("""
        CREATE TABLE plain (id int); CREATE TABLE "with.dot" (id int);
        CREATE SCHEMA "My App"; CREATE TABLE "My App"."T" (id int);
        CREATE TABLE parted (id int) PARTITION BY RANGE (id); CREATE TABLE part PARTITION OF parted FOR VALUES FROM (1) TO (9);
        CREATE VIEW seen AS SELECT 1; CREATE SCHEMA mendbook; CREATE TABLE mendbook.ledger (id int);
        CREATE SCHEMA pgxyz; CREATE TABLE pgxyz.own (id int);""")
    dialect, url = dialect_of(database.url, "X")
    with sa.create_engine(url).connect() as connection:
        assert dialect.tables(connection) == ["My App.T", "pgxyz.own", "parted", "plain", "public.with.dot"]


def test_a_server_that_is_not_there(mendbook: Command, tmp_path: Path) -> None:
    answer = mendbook("init", "postgresql://somebody:quite-secret@127.0.0.1:9/shop", "--source", "shop")
    assert answer.code == 2
    assert "quite-secret" not in answer.err
    assert not (tmp_path / "mendbook.toml").exists()


def test_logs_are_named_from_the_files_folder(shop: TestDatabase, mendbook: Command, tmp_path: Path) -> None:
    answer = mendbook("init", shop.url, "--source", "shop", "--log", "logs/*.log", "--config", "deep/mendbook.toml")
    assert answer.code == 0, answer.err
    document = tomllib.loads((tmp_path / "deep" / "mendbook.toml").read_text("utf-8"))
    assert document["sources"]["shop"]["logs"] == ["../logs/*.log"]


def test_no_users_at_all(database: TestDatabase, mendbook: Command, tmp_path: Path) -> None:
    database.execute("CREATE TABLE stock (id int PRIMARY KEY, amount int); CREATE TABLE mail (id int PRIMARY KEY, email text)")
    answer = mendbook("init", database.url, "--source", "shop", "--json")
    assert answer.code == 2
    assert "None of the 2 tables" in answer.words
    assert "mail (it has email" in answer.words
    assert "--users TABLE" in answer.words
    assert "docs/mapping.md" in answer.document["hint"]
    assert not (tmp_path / "mendbook.toml").exists()
    assert mendbook("init", database.url, "--source", "shop", "--users", "mail").code == 0
    assert written(tmp_path)["sources"]["shop"]["users"] == {"table": "mail", "key": "id", "email": "email"}


def test_an_empty_database(database: TestDatabase, mendbook: Command) -> None:
    answer = mendbook("init", database.url, "--source", "shop")
    assert answer.code == 2
    assert "no table at all" in answer.words


TWO = """
CREATE TABLE members (id int PRIMARY KEY, email text, password text, last_login timestamptz);
CREATE TABLE accounts (id int PRIMARY KEY, email text, password text, last_login timestamptz);
CREATE TABLE notes (id int PRIMARY KEY, account_id int REFERENCES accounts, text text);
"""


def test_two_candidates(database: TestDatabase, mendbook: Command, tmp_path: Path) -> None:
    database.execute(TWO)
    answer = mendbook("init", database.url, "--source", "shop")
    assert answer.code == 0
    assert written(tmp_path)["sources"]["shop"]["users"]["table"] == "accounts"
    assert "members" in answer.words
    assert "--users TABLE" in answer.words
    assert "Also considered: members" in (tmp_path / "mendbook.toml").read_text("utf-8")
    (tmp_path / "mendbook.toml").unlink()
    assert mendbook("init", database.url, "--source", "shop", "--users", "members").code == 0
    assert written(tmp_path)["sources"]["shop"]["users"]["table"] == "members"
    (tmp_path / "mendbook.toml").unlink()
    unknown = mendbook("init", database.url, "--source", "shop", "--users", "member")
    assert (unknown.code, "Did you mean 'members'?" in unknown.words) == (2, True)


def test_it_asks_where_it_is_unsure_and_only_when_told_to(
    database: TestDatabase, mendbook: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute(TWO)
    asked: list[str] = []

    def prompt(question: str, **_: Any) -> str:
        asked.append(question)
        return "members"

    monkeypatch.setattr("typer.prompt", prompt)
    assert mendbook("init", database.url, "--source", "shop", "--interactive").code == 0
    assert written(tmp_path)["sources"]["shop"]["users"]["table"] == "members"
    assert asked == ["Which table holds the users? (accounts, members)"]


def test_a_profile_that_few_have_is_left_out_and_asked_about(
    shop: TestDatabase, mendbook: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.execute(
        "CREATE TABLE vip (id int PRIMARY KEY, user_id bigint UNIQUE REFERENCES auth_user); INSERT INTO vip VALUES (1, 1)"
    )
    answer = mendbook("init", shop.url, "--source", "shop", "--json")
    assert [profile["table"] for profile in answer.document["profiles"]] == ["customer"]
    assert [each["table"] for each in answer.document["left_out"]] == ["vip"]
    assert "# [[sources.shop.profiles]]" in (tmp_path / "mendbook.toml").read_text("utf-8")
    assert any("1 of 5 users read have a row" in warning for warning in answer.document["warnings"])
    (tmp_path / "mendbook.toml").unlink()
    monkeypatch.setattr("typer.prompt", lambda *_, **__: "yes")
    mendbook("init", shop.url, "--source", "shop", "--interactive")
    assert [profile["table"] for profile in written(tmp_path)["sources"]["shop"]["profiles"]] == ["customer", "vip"]


def test_rights_on_half_of_the_tables(shop: TestDatabase, mendbook: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.execute(
        "CREATE SCHEMA hidden; "
        "CREATE TABLE hidden.staff (id int PRIMARY KEY, user_id bigint UNIQUE REFERENCES auth_user, phone text);"
        "CREATE TABLE ledger_of_old (id int, user_id bigint)"
    )
    with role(shop) as (name, url):
        shop.execute(f"GRANT SELECT ON auth_user, customer TO {name}")
        answer = mendbook("init", url, "--source", "shop", "--json")
        assert answer.code == 0, answer.err
        assert any("may not read 2 of 4 tables" in warning for warning in answer.document["warnings"])
        assert any("hidden.staff" in warning and "GRANT SELECT" in warning for warning in answer.document["warnings"])
        assert [profile["table"] for profile in answer.document["profiles"]] == ["customer"]
        monkeypatch.setenv("SHOP_URL", url)
        assert mendbook("doctor", "shop").code == 0
        assert mendbook("audit", "shop").code == 0


def test_what_to_do_next_where_the_users_cannot_be_read(shop: TestDatabase, mendbook: Command) -> None:
    with role(shop) as (_, url):
        answer = mendbook("init", url, "--source", "shop")
    assert answer.code == 0, answer.err
    assert "USAGE of their schemas" in answer.words
    assert "Next: have an administrator grant what is missing, then take shop out of mendbook.toml again" in answer.words
    assert "Next: mendbook doctor" not in answer.words


@pytest.mark.parametrize("columns", ["id, username, email, date_joined", "username, email"])
def test_rights_on_some_columns(shop: TestDatabase, mendbook: Command, columns: str) -> None:
    with role(shop) as (name, url):
        shop.execute(f"GRANT SELECT ({columns}) ON auth_user TO {name}; GRANT SELECT (id, phone) ON customer TO {name}")
        answer = mendbook("init", url, "--source", "shop", "--json")
        assert answer.code == 0, answer.err
        assert answer.document["users"]["table"] == "auth_user"
        assert answer.document["profiles"] == []
        assert any("customer is left out" in warning for warning in answer.document["warnings"])


def test_a_file_that_somebody_else_makes_meanwhile(
    shop: TestDatabase, mendbook: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = starting.look

    def slowly(*arguments: Any) -> Any:
        (tmp_path / "mendbook.toml").write_text("# mine")
        return look(*arguments)

    monkeypatch.setattr(starting, "look", slowly)
    assert mendbook("init", shop.url, "--source", "shop").code == 2
    assert (tmp_path / "mendbook.toml").read_text() == "# mine"


def test_a_table_whose_rows_are_hidden_is_told(shop: TestDatabase, mendbook: Command) -> None:
    shop.execute("ALTER TABLE customer ENABLE ROW LEVEL SECURITY")
    with role(shop) as (name, url):
        shop.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
        answer = mendbook("init", url, "--source", "shop", "--json")
        assert answer.code == 0, answer.err
        assert any("customer could not be sampled" in warning for warning in answer.document["warnings"])


def test_names_of_strangers_are_written_to_the_letter_and_shown_inert(
    database: TestDatabase, mendbook: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = 'Us"er\\s\u202e\n[evil]'.replace('"', '""')
    database.execute(f'''
        CREATE SCHEMA "My App";
        CREATE TABLE "My App"."{odd}" (id int PRIMARY KEY, "user name" text, email text, password text, last_login timestamptz);
        INSERT INTO "My App"."{odd}" SELECT n, 'u' || n, 'u' || n || '@example.com', '!', now() FROM generate_series(1, 9) n;
        CREATE TABLE "My App"."profile.of" (id int PRIMARY KEY, user_id int UNIQUE REFERENCES "My App"."{odd}",
            "Phone ""no""" text, "city\u202e" text, "bar code" text);
        INSERT INTO "My App"."profile.of"
        SELECT n, n, CASE WHEN n > 2 THEN '5' END, CASE WHEN n > 2 THEN 'Town' END, E'"]\\n' || n FROM generate_series(1, 9) n;
    ''')
    answer = mendbook("init", database.url, "--source", "shop.two", "--json")
    assert answer.code == 0, answer.err
    text = (tmp_path / "mendbook.toml").read_text("utf-8")
    assert "\u202e" not in text + answer.err
    source = tomllib.loads(text)["sources"]["shop.two"]
    assert source["users"]["table"] == 'My App.Us"er\\s\u202e\n[evil]'
    [profile] = source["profiles"]
    assert profile["table"] == "My App.profile.of"
    assert profile["filled"] == ['Phone "no"', "city\u202e"]
    assert profile["codes"] == {"bar code": '"]\n{n}'}
    monkeypatch.setenv("SHOP_TWO_URL", database.url)
    assert mendbook("audit", "shop.two").code == 1


def test_no_person_and_no_secret_is_in_the_file(shop: TestDatabase, mendbook: Command, tmp_path: Path) -> None:
    shop.execute("UPDATE customer SET phone = 'very private'; UPDATE auth_user SET password = 'hash-of-one'")
    answer = mendbook("init", shop.url, "--source", "shop", "--json")
    everything = answer.out + answer.err + (tmp_path / "mendbook.toml").read_text("utf-8")
    for each in ("user1", "example.com", "very private", "hash-of-one"):
        assert each not in everything


def test_it_reads_no_more_than_it_says(shop: TestDatabase, mendbook: Command) -> None:
    shop.execute("""
        INSERT INTO auth_user (id, username, email)
        SELECT n, 'u' || n, 'u' || n || '@example.com' FROM generate_series(6, 4000) n;
        INSERT INTO customer (id, user_id, phone, barcode) SELECT n, n, '5', 'C-' || n FROM generate_series(6, 4000) n;
        CREATE TABLE event (id int PRIMARY KEY, user_ref bigint); INSERT INTO event SELECT n, n FROM generate_series(1, 5000) n;
        ANALYZE;""")
    answer = mendbook("init", shop.url, "--source", "shop", "--json")
    assert answer.document["rows_read"] == {"auth_user": 1000, "customer": 2000, "event": 1000}
    assert "event.user_ref -> auth_user.id" in answer.document["text"]


def test_five_thousand_tables(database: TestDatabase, mendbook: Command) -> None:
    """A catalogue of this size is read in a few queries, and only what may matter is looked into."""
    database.execute(TABLES + ROWS)
    for first in range(0, MANY, 500):  # one transaction has not the locks for all of them
        database.execute(
            "".join(
                f"CREATE TABLE t{n} (id int PRIMARY KEY, user_id bigint {'' if n % 10 else 'REFERENCES auth_user'});"
                for n in range(first, first + 500)
            )
        )
    answer = mendbook("init", database.url, "--source", "shop", "--json")
    assert answer.code == 0, answer.err
    assert answer.document["tables"] == MANY + 2
    assert [profile["table"] for profile in answer.document["profiles"]] == ["customer"]
    assert len(answer.document["rows_read"]) < 100
    # 4,500 of them have a column user_id that no foreign key declares
    assert "4,490 more columns, 4,460 of them not looked into" in " ".join(answer.document["text"].split()).replace("# ", "")


def test_json_is_one_document_even_when_it_fails(mendbook: Command) -> None:
    answer = mendbook("init", "shop", "--source", "shop", "--json")
    assert json.loads(answer.out)["error"]
    assert mendbook("init", "postgresql://x/y", "--source", "../up", "--json").code == 2
