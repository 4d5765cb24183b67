"""What doctor tells of a database: each thing that is wrong, and what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa
from mendbook.dialects.health import is_older
from mendbook.dialects.postgresql import health as postgresql_health
from mendbook.dialects.postgresql.health import PostgreSQLHealth
from mendbook.dialects.postgresql.ledger import PostgreSQLLedger
from mendbook.doctor.doctor import Check, examine
from mendbook.doctor.machine import clock
from sqlalchemy.engine import make_url
from support.databases import TestServer, fresh_database
from support.shop import MAPPING, ROWS, TABLES, Shop, role

ROOT = Path(__file__).parent.parent


def every(shop: Shop, **options: Any) -> list[Check]:
    book = shop.book()
    return examine(book.source, book.settings, book.outputs, **options)


def checks(shop: Shop, name: str, **options: Any) -> list[Check]:
    return [check for check in every(shop, **options) if check.name == name]


def only(shop: Shop, name: str, **options: Any) -> Check:
    (found,) = checks(shop, name, **options)
    return found


# -- the server ----------------------------------------------------------------------------------------------------------


def test_a_healthy_collation_is_not_mentioned(shop: Shop) -> None:
    assert checks(shop, "collations") == []


def test_a_collation_whose_rules_changed_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    # the embedded servers know no collation that has versions: what the catalogue would answer is put in its place
    monkeypatch.setattr(postgresql_health, "changed", lambda *_: ["the database's own"])
    told = checks(shop, "collations")
    assert [check.state for check in told] == ["warning"]
    assert "the database's own" in told[0].message
    assert "REFRESH COLLATION VERSION" in told[0].hint


def test_the_encoding_and_the_collations_of_mapped_columns_are_told(shop: Shop) -> None:
    shop.execute('ALTER TABLE customer ALTER barcode TYPE text COLLATE "C", ADD note text COLLATE "POSIX"')
    told = only(shop, "encoding")
    assert told.state == "ok"
    assert told.message.startswith("UTF8, sorted by ")
    assert "customer.barcode by C (libc)" in told.message
    assert "note" not in told.message, "nobody compares a column that is not mapped"


def test_a_database_that_checks_no_letter(server: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fresh_database(server, encoding="SQL_ASCII", locale="C") as database:
        database.execute(TABLES + ROWS)
        shop = Shop(database, tmp_path, lambda url: monkeypatch.setenv("SHOP_URL", url)).map(MAPPING)
        shop.use_url(database.url)
        assert only(shop, "encoding").state == "warning"


@pytest.mark.parametrize(
    ("zone", "state"), [("UTC", "ok"), ("Etc/UTC", "ok"), ("Europe/Berlin", "warning"), ("America/New_York", "warning")]
)
def test_times_without_a_zone_are_told(shop: Shop, zone: str, state: str) -> None:
    assert "times name their zone" in only(shop, "time zone").message
    shop.execute("ALTER TABLE customer ALTER created_at TYPE timestamp(3)")
    shop.execute(f"ALTER DATABASE {shop.database.name} SET timezone = '{zone}'")
    try:
        told = only(shop, "time zone")
    finally:
        shop.execute(f"ALTER DATABASE {shop.database.name} RESET timezone")
    assert told.state == state
    assert "customer.created_at" in told.message
    assert "date_joined" not in told.message


@pytest.mark.parametrize(
    ("version", "oldest", "older"),
    [
        ("13.14 (Debian 13.14-1)", "14", True),
        ("14.0", "14", False),
        ("9.6.24", "14", True),
        ("18beta1", "14", False),
        ("10.5.23-MariaDB", "10.6", True),
        ("10.11.6-MariaDB-0+deb12u1", "10.6", False),
        ("11.4.2-MariaDB", "10.6", False),
        ("3.37.0", "3.37", False),
        ("3.9.0", "3.37", True),
        ("unheard of", "14", False),
    ],
)
def test_which_versions_are_too_old(version: str, oldest: str, older: bool) -> None:
    assert is_older(version, oldest) is older


def test_a_server_that_is_too_old(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(shop, "server version").state == "ok"
    monkeypatch.setattr(PostgreSQLHealth, "oldest", "99")
    told = only(shop, "server version")
    assert told.state == "failed"
    assert "older than 99" in told.message
    assert checks(shop, "mapping"), "it goes on"


# -- indexes -------------------------------------------------------------------------------------------------------------


def test_an_index_that_was_never_finished(shop: Shop) -> None:
    assert only(shop, "indexes").message.startswith("6 of 6 indexes")
    shop.execute("UPDATE customer SET phone = 'same'")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        shop.execute('CREATE UNIQUE INDEX CONCURRENTLY "Once :only" ON customer (phone)')
    broken, rest = checks(shop, "indexes")
    assert broken.state == "warning"
    assert "Once :only of customer is not valid" in broken.message
    assert rest.message.startswith("6 of 7 indexes")
    (statement,) = broken.statements
    shop.execute(statement)
    assert len(checks(shop, "indexes")) == 1


@pytest.fixture
def amcheck(shop: Shop) -> Iterator[Shop]:
    """An extension of that name, since the embedded servers have none: it finds the index of codes broken, and takes very long
    with that of e-mails."""
    if int(shop.execute("SHOW server_version_num")[0][0]) < 180000:
        pytest.skip("a server takes extensions from another folder from PostgreSQL 18 on")
    folder = Path("/tmp") / f"mendbook-amcheck-{os.getpid()}" / "extension"
    folder.mkdir(parents=True)
    try:
        (folder / "amcheck.control").write_text("default_version = '1'\n")
        (folder / "amcheck--1.sql").write_text("""
            CREATE FUNCTION bt_index_check(index regclass) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
                IF index::text ~ 'barcode' THEN RAISE 'item order invariant violated for index "%"', index
                    USING ERRCODE = 'index_corrupted', DETAIL = 'Lower index tid=(1,5)'; END IF;
                IF index::text ~ 'lower_idx1' THEN PERFORM pg_sleep(60); END IF;
            END $$;
        """)
        for each in (folder.parent, folder, *folder.iterdir()):  # the server may be another user's
            each.chmod(0o755)
        shop.execute(f"SET extension_control_path = '{folder.parent}'; CREATE EXTENSION amcheck")
        yield shop
    finally:
        shop.execute("DROP EXTENSION IF EXISTS amcheck")
        shutil.rmtree(folder.parent)


def test_what_amcheck_says(amcheck: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql_health, "INDEX_SECONDS", 1)
    told = checks(amcheck, "indexes")
    assert [check.state for check in told] == ["failed", "ok"]
    assert told[0].message.startswith("index customer_barcode_key is broken: item order invariant violated")
    assert "REINDEX INDEX CONCURRENTLY" in told[0].hint
    assert "it would take longer than 1 s with auth_user_lower_idx1" in told[1].message
    assert told[1].message.startswith("4 of 6 unique indexes")
    assert only(amcheck, "mapping").state == "ok"


def test_amcheck_that_this_role_may_not_call(amcheck: Shop) -> None:
    amcheck.execute("REVOKE EXECUTE ON FUNCTION bt_index_check FROM PUBLIC")
    with role(amcheck.database) as (name, url):
        amcheck.execute(f"GRANT SELECT ON auth_user, customer TO {name}")
        amcheck.use_url(url)
        told = only(amcheck, "indexes")
        assert (told.state, "may not call amcheck" in told.message) == ("ok", True)
        amcheck.use_url(amcheck.database.url)


# -- rights --------------------------------------------------------------------------------------------------------------

HALF = """
CREATE TABLE "it's ""odd"" :x" (id int PRIMARY KEY, "Owner; --" bigint REFERENCES auth_user);
CREATE SEQUENCE codes; ALTER TABLE customer ALTER barcode SET DEFAULT nextval('codes')::text;
"""


def test_rights_on_half_of_the_tables(shop: Shop) -> None:
    shop.execute(HALF)
    with role(shop.database) as (name, url):
        shop.use_url(url)
        shop.execute(f"GRANT SELECT ON auth_user TO {name}; GRANT SELECT (id, user_id) ON customer TO {name}")
        closed = only(shop, "rights")
        assert closed.state == "failed"
        assert "may not read customer.created_at, customer.phone, customer.barcode, customer.invited" in closed.message
        assert closed.statements == (
            f'GRANT SELECT ("created_at", "phone", "barcode", "invited") ON "public"."customer" TO "{name}";',
        )
        shop.execute("".join(closed.statements))
        assert only(shop, "rights").state == "ok"
        plan = only(shop, "plan rights")
        assert plan.state == "warning"
        assert """lacks SELECT of it's "odd" :x:""" in plan.message
        shop.execute("".join(plan.statements))
        assert checks(shop, "plan rights") == []


def test_a_schema_that_the_role_may_not_look_into(shop: Shop) -> None:
    """By its bare name, a table of such a schema is not there; nobody should be sent to look for another name."""
    shop.execute("CREATE SCHEMA closed; ALTER TABLE customer SET SCHEMA closed")
    shop.execute(f"ALTER DATABASE {shop.database.name} SET search_path = public, closed")
    try:
        with role(shop.database) as (name, url):
            shop.use_url(url)
            shop.execute(f"GRANT SELECT ON auth_user, closed.customer TO {name}")
            closed = only(shop, "rights")
            assert (closed.state, "USAGE of schema closed" in closed.message) == ("failed", True)
            shop.execute("".join(closed.statements))
            assert only(shop, "rights").state == only(shop, "mapping").state == "ok"
            shop.use_url(shop.database.url)
    finally:
        shop.execute(f"ALTER DATABASE {shop.database.name} RESET search_path")


@pytest.mark.parametrize("there", [False, True], ids=["no ledger yet", "a ledger"])
def test_a_repair_role_that_lacks_rights(shop: Shop, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    shop.execute(HALF + (PostgreSQLLedger().sql() if there else ""))
    shop.map(MAPPING.replace('url_env = "SHOP_URL"', 'url_env = "SHOP_URL"\nrepair_url_env = "SHOP_REPAIR_URL"'))
    with role(shop.database) as (name, url):
        shop.execute(f"GRANT SELECT ON auth_user, customer TO {name}")
        monkeypatch.setenv("SHOP_REPAIR_URL", url)
        closed = only(shop, "repair role")
        assert closed.state == "failed"
        for lacking in (
            """GRANT SELECT ON "public"."it's ""odd"" :x" TO""",
            'GRANT UPDATE ("email") ON "public"."auth_user" TO',
            'GRANT DELETE ON "public"."customer" TO',
            'GRANT USAGE ON SEQUENCE "public"."codes" TO',
            'GRANT USAGE ON SCHEMA "mendbook" TO' if there else f'GRANT CREATE ON DATABASE "{shop.database.name}" TO',
        ):
            assert [each for each in closed.statements if each.startswith(lacking)], lacking
        shop.execute("".join(closed.statements))
        assert only(shop, "repair role").state == "ok"
        shop.execute(f"REVOKE INSERT (phone) ON customer FROM {name}")
        again = only(shop, "repair role")
        assert again.statements == (f'GRANT INSERT ("phone") ON "public"."customer" TO "{name}";',)


def test_a_ledger_that_the_auditor_cannot_read(shop: Shop) -> None:
    shop.execute(PostgreSQLLedger().sql())
    with role(shop.database) as (name, url):
        shop.execute(f"GRANT SELECT ON auth_user, customer TO {name}")
        shop.use_url(url)
        told = only(shop, "ledger rights")
        assert told.state == "warning"
        shop.execute("".join(told.statements))
        assert checks(shop, "ledger rights") == []
        assert "takes 0.1 MB" in only(shop, "ledger").message


def test_a_repair_role_elsewhere(shop: Shop, server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no role of its own" in only(shop, "repair role").message
    shop.map(MAPPING.replace('url_env = "SHOP_URL"', 'url_env = "SHOP_URL"\nrepair_url_env = "SHOP_REPAIR_URL"'))
    monkeypatch.delenv("SHOP_REPAIR_URL", raising=False)
    assert "is not set here" in only(shop, "repair role").message
    with fresh_database(server) as other:
        other.execute(TABLES)
        monkeypatch.setenv("SHOP_REPAIR_URL", other.url)
        told = only(shop, "repair role")
        assert (told.state, "another database" in told.message) == ("failed", True)
    gone = make_url(shop.database.url).set(database="gone", password="s3cret").render_as_string(hide_password=False)
    monkeypatch.setenv("SHOP_REPAIR_URL", gone)
    told = only(shop, "repair role")
    assert told.state == "failed"
    assert "s3cret" not in told.message + told.hint
    monkeypatch.setenv("SHOP_REPAIR_URL", shop.database.url)
    assert "superuser" in only(shop, "repair role").message


# -- this machine --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [
        (86400, "failed", "24 hours ahead of"),
        (-86400, "failed", "24 hours behind"),
        (-400 * 86400, "failed", "400 days behind"),
        (600, "failed", "10 minutes ahead of"),
        (-60, "warning", "60 s behind"),
        (0, "ok", "agree"),
    ],
)
def test_a_clock_that_is_wrong(shop: Shop, seconds: int, state: str, words: str) -> None:
    told = only(shop, "clock", now=lambda: datetime.now(UTC) + timedelta(seconds=seconds))
    assert told.state == state
    assert words in told.message
    assert bool(told.hint) is (state != "ok")


def test_a_slow_answer_is_no_wrong_clock() -> None:
    before = datetime(2026, 1, 1, tzinfo=UTC)
    assert clock(before, before, before + timedelta(seconds=20)).state == "ok"
    assert clock(before, before + timedelta(seconds=31), before + timedelta(seconds=20)).state == "warning"


def test_outputs_on_a_full_disk(shop: Shop) -> None:
    """A file may be made there, but nothing written into it, as on a disk that is full."""
    command = f"ulimit -f 0; exec {sys.executable} -B -m mendbook doctor shop --json"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "lib"), "SHOP_URL": shop.database.url}
    done = subprocess.run(["bash", "-c", command], cwd=shop.home, env=env, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    failed = [check for check in json.loads(done.stdout)["checks"] if check["state"] == "failed"]
    assert "outputs" in {check["name"] for check in failed}
    assert "--outputs" in next(check["hint"] for check in failed if check["name"] == "outputs")
    assert "mapping: every mapped table exists" in done.stderr, "it goes on"


def test_a_disk_that_is_nearly_full(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(shop, "outputs").state == "ok"
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12, 5 * 10**6))  # type: ignore[attr-defined]
    told = only(shop, "outputs")
    assert (told.state, "5 MB left" in told.message) == ("warning", True)


def test_files_that_others_may_read_or_write(shop: Shop) -> None:
    env = shop.home / ".env"
    env.write_text("OTHER=1\n")
    env.chmod(0o600)
    shop.config.chmod(0o644)
    assert [check.state for check in checks(shop, "configuration")] == ["ok"]
    env.chmod(0o644)
    shop.config.chmod(0o666)
    told = checks(shop, "configuration")
    assert [check.state for check in told] == ["ok", "warning", "warning"]
    assert str(env) in told[2].hint


def test_versions_are_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    told = only(shop, "versions")
    assert told.state == "ok"
    assert told.message.startswith("mendbook ")
    monkeypatch.setattr(sa, "__version__", "2.0.36")
    assert only(shop, "versions").state == "failed"


# -- logs ----------------------------------------------------------------------------------------------------------------

VIOLATION = 'ERROR:  duplicate key value violates unique constraint "customer_user_id_key"\n'
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def with_logs(shop: Shop, text: str, more: str = "", name: str = "postgresql.log") -> Shop:
    (shop.home / name).write_text(text)
    return shop.map(MAPPING.replace('url_env = "SHOP_URL"', f'url_env = "SHOP_URL"\nlogs = ["*.log"]\n{more}'))


def test_logs_that_are_well(shop: Shop) -> None:
    with_logs(shop, f"2026-11-21 11:30:00.000 UTC [1] x@shop {VIOLATION}")
    assert only(shop, "logs").state == "ok"
    times = only(shop, "log times", now=lambda: NOW)
    assert (times.state, "2026-11-21 11:30:00" in times.message) == ("ok", True)
    content = only(shop, "log content")
    assert (content.state, "1 registration incidents" in content.message) == ("ok", True)


def test_logs_whose_times_nobody_can_place(shop: Shop) -> None:
    line = f"2026-11-21 11:30:00.000 [1] x@shop {VIOLATION}"
    with_logs(shop, line)
    told = only(shop, "log times", now=lambda: NOW)
    assert (told.state, "postgresql.log name no zone" in told.message) == ("warning", True)
    with_logs(shop, line, 'zone = "Europe/Berlin"\n')
    told = only(shop, "log times", now=lambda: NOW)
    assert (told.state, "2026-11-21 10:30:00 UTC" in told.message) == ("ok", True)


def test_logs_that_nobody_writes_any_more(shop: Shop) -> None:
    with_logs(shop, f"2026-09-21 11:30:00.000 UTC [1] x@shop {VIOLATION}")
    told = only(shop, "log times", now=lambda: NOW)
    assert (told.state, "61 days ago" in told.message) == ("warning", True)


def test_logs_of_several_databases(shop: Shop) -> None:
    lines = "".join(f"2026-11-21 11:30:0{n}.000 UTC [{n}] x@{name} {VIOLATION}" for n, name in enumerate(["shop", "other"]))
    with_logs(shop, lines)
    told = only(shop, "log content")
    assert (told.state, "log_database" in told.message) == ("warning", True)
    with_logs(shop, lines, 'log_database = "shop"\n')
    assert only(shop, "log content").state == "ok"


def test_logs_that_are_not_there(shop: Shop) -> None:
    with_logs(shop, "", name="other.txt")
    assert "no file fits '*.log'" in only(shop, "logs").message
    assert checks(shop, "log times") == checks(shop, "log content") == []


# -- the schedule --------------------------------------------------------------------------------------------------------

JOB = '\n[schedule.jobs.night]\nnotebook = "audit"\nsource = "shop"\ncron = "30 2 * * *"\n'


def test_a_schedule_that_nobody_calls(shop: Shop) -> None:
    assert "nothing is scheduled" in only(shop, "schedule").message
    shop.map(MAPPING + JOB)
    told = only(shop, "schedule")
    assert (told.state, "mendbook tick" in told.hint) == ("warning", True)
    assert not (shop.outputs / "history.sqlite").exists(), "looking makes no history"


def test_times_that_passed_without_a_run(shop: Shop) -> None:
    from mendbook.ticking.ticking import tick

    shop.map(MAPPING + JOB)
    begun = datetime(2026, 11, 18, 12, tzinfo=UTC)
    tick(shop.book().settings, shop.outputs, begun)
    assert [check.state for check in checks(shop, "schedule", now=lambda: begun + timedelta(hours=1))] == ["ok"]
    late, _ = checks(shop, "schedule", now=lambda: NOW)
    assert (late.state, late.message) == ("warning", "a time of night passed without a run")


def test_a_history_that_cannot_be_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.map(MAPPING + JOB)
    shop.outputs.mkdir()
    (shop.outputs / "history.sqlite").write_bytes(b"no database at all" * 100)
    assert only(shop, "schedule").state == "failed"
    shop.map(MAPPING + '\n[schedule]\nhistory_url_env = "HISTORY_URL"\n' + JOB)
    monkeypatch.delenv("HISTORY_URL", raising=False)
    assert "HISTORY_URL is not set" in only(shop, "schedule").message
    monkeypatch.setenv("HISTORY_URL", "postgresql://x:s3cret@127.0.0.1:1/none")
    told = only(shop, "schedule")
    assert (told.state, "Connection refused" in told.message) == ("failed", True)
    assert "s3cret" not in told.message + told.hint
    monkeypatch.setenv("HISTORY_URL", shop.database.url)
    assert "nothing stands in it yet" in only(shop, "schedule").message
    assert shop.execute("SELECT to_regclass('mendbook_runs')") == [(None,)], "looking makes no tables"


def test_alerts_that_cannot_be_sent(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.map(MAPPING + JOB + '\n[alerts]\nurl_envs = ["ALERT_URL"]\n')
    monkeypatch.delenv("ALERT_URL", raising=False)
    assert only(shop, "alerts").state == "failed"
    monkeypatch.setenv("ALERT_URL", "json://localhost/x")
    assert only(shop, "alerts").message.startswith("1 address(es)")


# -- whatever happens ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", ["SELECT 1/0", "no such statement", None])
def test_what_fails_hides_nothing_else(shop: Shop, monkeypatch: pytest.MonkeyPatch, failure: str | None) -> None:
    def broken(connection: Any, _: Any) -> Iterator[Check]:
        yield Check("time zone", "ok", "so far, so good")
        if failure is None:
            raise RuntimeError("of ours")
        connection.exec_driver_sql(failure)

    looks = PostgreSQLHealth().looks()
    monkeypatch.setattr(PostgreSQLHealth, "looks", lambda _: {**looks, "time zone": broken})
    told = every(shop)
    assert [check.state for check in told if check.name == "time zone"] == ["ok", "failed"]
    assert {"indexes", "mapping", "rights", "repair role"} <= {check.name for check in told}


def test_a_connection_that_is_cut_half_way(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(connection: Any, _: Any) -> Iterator[Check]:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        shop.execute(f"SELECT pg_terminate_backend({pid}, 1000)")
        connection.exec_driver_sql("SELECT 1")
        yield Check("time zone", "ok", "never")

    looks = PostgreSQLHealth().looks()
    monkeypatch.setattr(PostgreSQLHealth, "looks", lambda _: {**looks, "time zone": cut})
    told = every(shop)
    assert [check.state for check in told if check.name == "time zone"] == ["failed"]
    assert "mapping" in {check.name for check in told}, "which has a connection of its own"


def test_hostile_names_are_shown_as_they_are(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    from mendbook.cli import app

    shop.map(MAPPING.replace('codes = { barcode = "uuid4" }', 'codes = { "x\\u001b[2J[red]" = "uuid4" }'))
    shop.execute('ALTER TABLE customer ADD "x\x1b[2J[red]" text')
    where = ["--config", str(shop.config), "--outputs", str(shop.outputs)]
    app(["doctor", "shop", *where], standalone_mode=False)
    said = capsys.readouterr().err
    assert "\x1b[2J" not in said
    assert "x⟨U+001B⟩[2J[red]" in said
