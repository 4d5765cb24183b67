"""mendbook.toml is checked before any database is touched, and says what is wrong, where, and what to type."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest
from mendbook.config import find_config, load, split_reference, split_table, url_of
from mendbook.database import Database
from mendbook.errors import ConfigError
from mendbook.workbook import Workbook

LEAST = """
[sources.shop]
url_env = "SHOP_URL"

[sources.shop.users]
table = "auth_user"
"""
PROFILE = """
[[sources.shop.profiles]]
name = "customer"
table = "customer"
"""
PASSWORD = "s3cr3t-pw"


def write(folder: Path, text: str) -> Path:
    path = folder / "mendbook.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(write(folder, text))
    assert str(folder / "mendbook.toml") in caught.value.message
    assert caught.value.hint
    return caught.value


def database(folder: Path, monkeypatch: Any, url: str) -> Database:
    monkeypatch.setenv("SHOP_URL", url)
    settings = load(write(folder, LEAST))
    return Database(settings.source("shop"), settings)


def test_the_least_that_a_source_needs(tmp_path: Path) -> None:
    settings = load(write(tmp_path, LEAST))
    source = settings.source("shop")
    assert (source.name, source.users.table, source.users.key, source.profiles) == ("shop", "auth_user", "id", [])
    assert settings.path == tmp_path / "mendbook.toml"
    assert settings.review.policy == {"approvals": 1, "approvals_by_risk": {}}
    assert (settings.review.expires_days, settings.review.revoked) == (7, None)


def test_what_approving_takes(tmp_path: Path) -> None:
    settings = load(write(tmp_path, LEAST + "[review]\napprovals = 2\napprovals_by_risk = { high = 3 }\n"))
    assert settings.review.policy == {"approvals": 2, "approvals_by_risk": {"high": 3}}


def test_the_shipped_mappings_are_read() -> None:
    import racelab

    settings = load(Path(racelab.__file__).parent / "mendbook.toml")
    assert set(settings.sources) == set(racelab.SYSTEMS)


def test_a_missing_file_names_the_ways_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "mendbook.toml")
    assert caught.value.message == f"There is no {tmp_path / 'mendbook.toml'}."
    assert "mendbook demo" in caught.value.hint
    assert "--config" in caught.value.hint


@pytest.mark.parametrize(("content", "said"), [(None, "is a folder"), (b"\xff\xfe[sources]", "is not text in UTF-8")])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "mendbook.toml"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        load(path)


def test_what_is_not_toml_is_told_with_its_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, "[sources.shop\nurl_env = 1")
    assert "is not TOML" in error.message
    assert "line 1" in error.message


@pytest.mark.parametrize("text", ["", "sources = 3", "[sources]", "[review]\napprovals = 2"])
def test_a_file_without_a_source(tmp_path: Path, text: str) -> None:
    error = refusal(tmp_path, text)
    assert "names no source" in error.message
    assert "[sources.NAME]" in error.hint


UNKNOWN = {
    "in the file": ("revew = 1\n" + LEAST, "revew", "review"),
    "in a source": (LEAST.replace("url_env", "urlenv"), "sources.shop.urlenv", "url_env"),
    "in users": (LEAST + 'user_name = "name"\n', "sources.shop.users.user_name", "username"),
    "in a profile": (LEAST + PROFILE + "requiredfor = {}\n", "sources.shop.profiles.0.requiredfor", "required_for"),
    "in the review": (LEAST + "[review]\naproval = 2\n", "review.aproval", "approvals"),
}


@pytest.mark.parametrize(("text", "where", "meant"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_name_is_told_with_the_nearest_known_one(tmp_path: Path, text: str, where: str, meant: str) -> None:
    error = refusal(tmp_path, text)
    assert f"{where} is not a known name" in error.message
    assert f"Did you mean {meant!r}?" in error.hint


OURS = {
    "path": ('path = "elsewhere"\n' + LEAST, "path"),
    "name": (LEAST.replace("url_env", 'name = "other"\nurl_env'), "sources.shop.name"),
}


@pytest.mark.parametrize(("text", "where"), OURS.values(), ids=OURS)
def test_a_name_that_only_mendbook_sets_is_unknown_in_the_file(tmp_path: Path, text: str, where: str) -> None:
    assert f"{where} is not a known name" in refusal(tmp_path, text).message


MISSING = {
    "url_env": (LEAST.replace('url_env = "SHOP_URL"', ""), "sources.shop.url_env"),
    "users": ('[sources.shop]\nurl_env = "SHOP_URL"\n', "sources.shop.users"),
    "the users' table": (LEAST.replace("table", "key"), "sources.shop.users.table"),
    "a profile's name": (LEAST + PROFILE.replace('name = "customer"', ""), "sources.shop.profiles.0.name"),
}


@pytest.mark.parametrize(("text", "where"), MISSING.values(), ids=MISSING)
def test_what_is_missing_is_told_with_its_place(tmp_path: Path, text: str, where: str) -> None:
    assert f"{where} is missing" in refusal(tmp_path, text).message


WRONG = {
    "a number for a table": (LEAST.replace('"auth_user"', "7"), "sources.shop.users.table"),
    "an empty name": (LEAST.replace('"auth_user"', '" "'), "sources.shop.users.table: a name cannot be empty"),
    "a name with NUL": (LEAST.replace('"auth_user"', r'"a\u0000b"'), "sources.shop.users.table"),
    "text for a list": (LEAST + 'privileged = "is_staff"\n', "sources.shop.users.privileged"),
    "a source that is no table": ("sources.shop = 3", "sources.shop"),
    "text for a number": (LEAST + '[review]\napprovals = "2"\n', "review.approvals"),
    "no approval": (LEAST + "[review]\napprovals = 0\n", "review.approvals"),
    "no approval of a risk": (LEAST + "[review]\napprovals_by_risk = { high = 0 }\n", "review.approvals_by_risk.high"),
    "an unknown risk": (LEAST + "[review]\napprovals_by_risk = { hihg = 2 }\n", "review.approvals_by_risk.hihg"),
    "a plan that never expires": (LEAST + "[review]\nexpires_days = 0\n", "review.expires_days"),
    "a file without a name": (LEAST + '[review]\nrevoked = ""\n', "review.revoked"),
    "no time at all": (LEAST.replace("url_env", "statement_timeout = 0\nurl_env"), "sources.shop.statement_timeout"),
    "too many connections": (LEAST.replace("url_env", "connections = 9\nurl_env"), "sources.shop.connections"),
    "a float": (LEAST + PROFILE + "flags = { vip = 0.5 }\n", "sources.shop.profiles.0.flags.vip"),
    "a way to draw codes": (LEAST + PROFILE + 'codes = { barcode = "random" }\n', "how a code is drawn is 'uuid4'"),
    "a way upwards": (LEAST.replace("sources.shop", 'sources."../shop"'), "the name of a source or a job is"),
    "a folder": (LEAST.replace("sources.shop", 'sources."a/b"'), "the name of a source or a job is"),
    "two profiles of one name": (LEAST + PROFILE + PROFILE, "two profiles have the name 'customer'"),
}


@pytest.mark.parametrize(("text", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_value_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    assert told in refusal(tmp_path, text).message


@pytest.mark.parametrize("reference", ["invoice.user", "invoice -> users.id", "a.b -> c.d -> e.f", "-> users.id", ".b -> c.d"])
def test_a_reference_that_does_not_read(tmp_path: Path, reference: str) -> None:
    error = refusal(tmp_path, LEAST.replace("url_env", f'references = ["{reference}"]\nurl_env'))
    assert f"a reference reads 'table.column -> table.column', not {reference!r}" in error.message


def test_the_last_dot_of_a_reference_parts_the_column_and_the_first_of_a_table_the_schema() -> None:
    assert split_reference("billing.in.voice.ref -> users.id") == ("billing.in.voice", "ref", "users", "id")
    assert split_table("billing.in.voice") == ("billing", "in.voice")
    assert split_table("users") == (None, "users")


@pytest.mark.parametrize("draw", ["uuid4", "sequence", "ST-{n:06d}", "{n}"])
def test_the_ways_to_draw_a_code(tmp_path: Path, draw: str) -> None:
    settings = load(write(tmp_path, LEAST + PROFILE + f'codes = {{ barcode = "{draw}" }}\n'))
    assert settings.source("shop").profiles[0].codes == {"barcode": draw}


def test_several_faults_are_counted(tmp_path: Path) -> None:
    error = refusal(tmp_path, LEAST.replace('"auth_user"', "7").replace('"SHOP_URL"', "8"))
    assert "(1 more after it)" in error.message


def test_an_unknown_source_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, LEAST)).source("shpo")
    assert "has no source 'shpo'" in caught.value.message
    assert "Did you mean 'shop'? Known sources: shop." in caught.value.hint


def test_the_demo_stands_in_where_there_is_no_file_of_ones_own(tmp_path: Path) -> None:
    outputs, own = tmp_path / "outputs", tmp_path / "mendbook.toml"
    (outputs / "demo").mkdir(parents=True)
    assert find_config(own, tmp_path, outputs) == own
    demo = write(outputs / "demo", LEAST)
    assert find_config(own, tmp_path, outputs) == demo
    other = tmp_path / "other.toml"
    assert find_config(other, tmp_path, outputs) == other, "a file that was asked for by name is not replaced"
    write(tmp_path, LEAST)
    assert find_config(own, tmp_path, outputs) == own


# -- the URL -----------------------------------------------------------------------------------------------------------


def test_without_a_url_the_variable_to_set_is_told(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv("SHOP_URL", raising=False)
    settings = load(write(tmp_path, LEAST))
    with pytest.raises(ConfigError) as caught:
        url_of(settings.source("shop"), settings.path)
    assert "The environment variable SHOP_URL is not set; source 'shop'" in caught.value.message
    assert caught.value.hint.startswith("export SHOP_URL='postgresql://")


def test_a_file_beside_the_configuration_may_hold_it_but_the_environment_wins(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv("SHOP_URL", raising=False)
    (tmp_path / ".env").write_text("SHOP_URL='postgresql://beside.example.com/shop'\n")
    settings = load(write(tmp_path, LEAST))
    source = settings.source("shop")
    assert url_of(source, settings.path) == "postgresql://beside.example.com/shop"
    monkeypatch.setenv("SHOP_URL", "")
    assert url_of(source, settings.path) == "postgresql://beside.example.com/shop"
    monkeypatch.setenv("SHOP_URL", "postgresql://environment.example.com/shop")
    assert url_of(source, settings.path) == "postgresql://environment.example.com/shop"


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg", "postgresql+asyncpg"]
)
def test_every_way_to_write_postgresql_is_read_by_psycopg2(tmp_path: Path, monkeypatch: Any, scheme: str) -> None:
    url = database(tmp_path, monkeypatch, f"{scheme}://auditor:{PASSWORD}@db.example.com:5433/shop?sslmode=require").url
    assert url.drivername == "postgresql+psycopg2"
    assert (url.username, url.password, url.host, url.port, url.database) == (
        "auditor",
        PASSWORD,
        "db.example.com",
        5433,
        "shop",
    )
    assert dict(url.query) == {"sslmode": "require"}


@pytest.mark.parametrize("scheme", ["oracle", "mssql", "mssql+pyodbc", "http"])
def test_another_database_is_refused_by_its_name(tmp_path: Path, monkeypatch: Any, scheme: str) -> None:
    with pytest.raises(ConfigError) as caught:
        database(tmp_path, monkeypatch, f"{scheme}://auditor:{PASSWORD}@db.example.com/shop")
    assert f"SHOP_URL names a '{scheme.partition('+')[0]}' database; mendbook reads PostgreSQL, MySQL," in caught.value.message
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "url", [PASSWORD, f"://{PASSWORD}", f"postgresql://a:{PASSWORD}@host:port/shop", f"postgresql:a:{PASSWORD}@host"]
)
def test_what_is_no_url_is_refused_without_being_repeated(tmp_path: Path, monkeypatch: Any, url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        database(tmp_path, monkeypatch, url)
    assert "The value of SHOP_URL is not a database URL" in caught.value.message
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_the_password_shows_in_no_representation(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("SHOP_URL", f"postgresql://auditor:{PASSWORD}@db.example.com/shop")
    book = Workbook.open("shop", config=write(tmp_path, LEAST), outputs=tmp_path / "outputs")
    shown = [repr(book), str(book), repr(book._database), repr(book.settings), repr(book.source), repr(vars(book))]
    shown += [str(book._database.url), repr(book._database.url), repr(vars(book._database))]
    assert [text for text in shown if PASSWORD in text] == []


def test_a_url_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    for line in (f'url = "postgresql://a:{PASSWORD}@host/shop"', f'url_env = "postgresql://a:{PASSWORD}@host/shop"'):
        error = refusal(tmp_path, LEAST.replace('url_env = "SHOP_URL"', line))
        assert PASSWORD not in "".join(traceback.format_exception(error))
