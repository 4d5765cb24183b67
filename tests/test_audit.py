"""An audit sees one moment, writes nothing to the database, and leaves either the whole result or nothing at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from mendbook.damage import catalogue
from mendbook.dialects.postgresql.dialect import PostgreSQL
from mendbook.doctor.doctor import examine
from mendbook.errors import ConfigError, MappingError, OutputError, QueryStopped, Refused
from mendbook.model import FINDING_COLUMNS, Damage
from pyarrow import parquet
from support.databases import TestServer, fresh_database
from support.shop import DAMAGE, DAMAGED, MAPPING, ROWS, TABLES, Shop, findings, role, rows

EVERY_KIND = sorted(catalogue())
#: All kinds of damage at once, among rows that were whole.
RUIN = """
ALTER TABLE customer DROP CONSTRAINT customer_user_id_fkey, DROP CONSTRAINT customer_user_id_key,
    DROP CONSTRAINT customer_barcode_key;
DROP INDEX auth_user_lower_idx;
INSERT INTO auth_user (id, username, email) VALUES (20, 'lone', 'lone@example.com'), (21, 'USER1', 'other@example.com');
INSERT INTO customer (id, user_id, phone, barcode, invited)
VALUES (20, 99, '1', 'C-99', true), (21, 2, '1', 'C-2', true), (22, 3, ' ', '', NULL);
UPDATE auth_user SET is_staff = true WHERE id = 4;
"""


def from_every_side(shop: Shop, *kinds: str, progress: Any = None) -> dict[str, Any]:
    """An audit through as many connections as there are kinds, so that each is asked by another."""
    shop.map(MAPPING.replace('url_env = "SHOP_URL"', 'url_env = "SHOP_URL"\nconnections = 8'))
    return shop.audit(*kinds, progress=progress)


def writing(monkeypatch: Any, name: str, statement: Any) -> None:
    """Let the audit look for a kind of damage of the test's own."""
    kind = Damage(name, "a kind of the test", lambda _: [statement])
    monkeypatch.setattr("mendbook.audits.audit.chosen", lambda _: [kind])


# -- what it says --------------------------------------------------------------------------------------------------------


def test_a_sound_shop(shop: Shop) -> None:
    result = shop.audit()
    assert rows(result) == {}
    assert sorted(result["counts"]) == EVERY_KIND, "a kind of which there is none is told too"
    assert findings(result) == []
    assert result["left_out"] == [{"kind": "ghost_user", "profile": None, "why": "the source names no logs"}]


def test_counts_agree_with_the_file(shop: Shop) -> None:
    shop.execute(RUIN)
    result = shop.audit()
    found = findings(result)
    assert set(rows(result)) == {*EVERY_KIND} - {"ghost_user"}, "which needs logs"
    assert Counter(f["kind"] for f in found) == rows(result)
    cases = Counter(kind for kind, _, _ in {(f["kind"], f["profile"], f["case_key"]) for f in found})
    assert cases == {kind: count["cases"] for kind, count in result["counts"].items() if count["cases"]}


def test_the_file_has_the_columns_of_the_contract(shop: Shop) -> None:
    shop.execute(DAMAGE)
    result = shop.audit()
    schema = parquet.read_schema(result["findings"])
    assert tuple(schema.names) == FINDING_COLUMNS
    assert {str(schema.field(name).type) for name in schema.names if name != "at"} == {"string"}
    assert str(schema.field("at").type) == "timestamp[us, tz=UTC]"
    (blank,) = [f for f in findings(result) if f["kind"] == "blank_profile"]
    assert blank == {
        "kind": "blank_profile",
        "profile": "customer",
        "case_key": "7",
        "table": "customer",
        "row_key": "7",
        "user_key": "7",
        "at": datetime(2026, 3, 2, 12, tzinfo=UTC),
    }


def test_a_time_that_is_the_users_is_no_gap_between_two_rows(shop: Shop) -> None:
    doubled = "INSERT INTO customer SELECT id + 10, user_id, '', 'D-' || id, true, {} FROM customer WHERE id IN ({})"
    shop.execute("ALTER TABLE customer DROP CONSTRAINT customer_user_id_key")
    shop.execute(doubled.format("NULL", "1, 2") + ";" + doubled.format("created_at + interval '8 ms'", "3"))

    def gaps(result: dict[str, Any]) -> list[tuple[str, float]]:
        return [(row["case_key"], row["gap_seconds"]) for row in parquet.read_table(result["gaps"]).to_pylist()]

    assert gaps(shop.audit("duplicate_profile")) == [("3", 0.008)]
    shop.map(MAPPING.replace('created = "created_at"\n', ""))
    result = shop.audit("duplicate_profile")
    assert gaps(result) == []
    assert [found["at"] is None for found in findings(result)] == [False] * 6, "a finding has a time all the same"


def test_chosen_kinds_alone(shop: Shop) -> None:
    shop.execute(DAMAGE)
    result = shop.audit("null_flag", "missing_code")
    assert list(result["counts"]) == ["missing_code", "null_flag"]
    assert {f["kind"] for f in findings(result)} == {"missing_code", "null_flag"}


def test_an_unknown_kind_lists_the_known(shop: Shop) -> None:
    with pytest.raises(ConfigError, match="There is no kind of damage called 'nul_flag'") as caught:
        shop.audit("nul_flag")
    assert "Did you mean 'null_flag'?" in caught.value.hint
    assert shop.runs() == []


def test_empty_tables(shop: Shop) -> None:
    shop.execute("TRUNCATE auth_user, customer")
    assert rows(shop.audit()) == {}


# -- one moment ----------------------------------------------------------------------------------------------------------


#: The rows of the ruin, and what must go first: dropping constraints would wait for the audit's own locks.
RUINED_SCHEMA, RUINED_ROWS = RUIN[: RUIN.index("INSERT")], RUIN[RUIN.index("INSERT") :]
OF_ROWS = [kind for kind in EVERY_KIND if kind != "missing_constraint"]


def test_what_is_committed_in_the_middle_is_seen_by_none_of_the_connections(shop: Shop) -> None:
    """Eight workers wait until each has a kind in its hands; then the rows are ruined, and all go on."""
    together = threading.Barrier(8, action=lambda: shop.execute(RUINED_ROWS), timeout=180)
    workers: set[str] = set()
    one_at_a_time = threading.local()

    def progress(kind: str, *_: int) -> None:
        if kind and not hasattr(one_at_a_time, "waited"):
            one_at_a_time.waited = True
            workers.add(threading.current_thread().name)
            together.wait()

    shop.execute(RUINED_SCHEMA)
    result = from_every_side(shop, *OF_ROWS, progress=progress)
    assert len(workers) == 8
    assert rows(result) == {}
    assert set(rows(shop.audit(*OF_ROWS))) == {*OF_ROWS} - {"ghost_user"}, "the next audit sees it all"


def test_connections_that_come_later_see_the_moment_of_the_first(shop: Shop, monkeypatch: Any) -> None:
    """The rows are ruined when the first connection has its snapshot and the others have none yet."""
    share = PostgreSQL.share_snapshot

    def ruin(self: PostgreSQL, connection: Any) -> str:
        moment = share(self, connection)
        shop.execute(RUINED_ROWS)
        return moment

    together = threading.Barrier(8, timeout=180)
    one_at_a_time = threading.local()

    def progress(kind: str, *_: int) -> None:
        if kind and not hasattr(one_at_a_time, "waited"):
            one_at_a_time.waited = True
            together.wait()

    shop.execute(RUINED_SCHEMA)
    monkeypatch.setattr(PostgreSQL, "share_snapshot", ruin)
    assert rows(from_every_side(shop, *OF_ROWS, progress=progress)) == {}


def test_two_audits_of_one_source_at_the_same_moment(shop: Shop) -> None:
    shop.execute(DAMAGE)
    both = threading.Barrier(2, timeout=180)

    def audit(_: int) -> dict[str, Any]:
        waited = []

        def progress(*_: Any) -> None:
            if not waited:
                waited.append(True)
                both.wait()

        return shop.audit(progress=progress)

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(audit, range(2)))
    assert [rows(result) for result in results] == [DAMAGED, DAMAGED]
    assert results[0]["findings"] != results[1]["findings"]
    assert [len(findings(result)) for result in results] == [4, 4]


# -- it reads ------------------------------------------------------------------------------------------------------------


def test_a_finder_that_writes_fails(shop: Shop, monkeypatch: Any) -> None:
    shop.execute("CREATE FUNCTION ruin() RETURNS text LANGUAGE sql AS $$ UPDATE auth_user SET email = 'x' RETURNING email $$")
    writing(monkeypatch, "writer", sa.select(sa.func.ruin()))
    with pytest.raises(sa.exc.DBAPIError, match="cannot execute UPDATE in a read-only transaction"):
        shop.audit()
    assert shop.execute("SELECT count(*) FROM auth_user WHERE email = 'x'") == [(0,)]
    assert shop.runs() == []


def test_nothing_of_an_audit_stays_in_the_session(shop: Shop) -> None:
    """A pooler hands the connection to somebody else next: only settings of the transaction may have changed."""
    kept = "SELECT name, setting FROM pg_settings WHERE source = 'session' ORDER BY 1"
    engine = sa.create_engine(shop.database.url)
    dialect = shop.book()._database.dialect
    with engine.connect() as connection:
        before = connection.execute(sa.text(kept)).all()
        connection.rollback()
        with connection.begin() as transaction:
            dialect.begin_snapshot(connection, 900, None)
            assert connection.execute(sa.text("SHOW TimeZone")).scalar_one() == "UTC"
            assert connection.execute(sa.text("SHOW transaction_read_only")).scalar_one() == "on"
            transaction.rollback()
        assert connection.execute(sa.text(kept)).all() == before
    engine.dispose()


# -- what stops it -------------------------------------------------------------------------------------------------------


def test_a_statement_that_takes_too_long_is_stopped(shop: Shop) -> None:
    """The application holds a lock on a table that the audit wants to read."""
    shop.map(MAPPING.replace('url_env = "SHOP_URL"', 'url_env = "SHOP_URL"\nstatement_timeout = 1'))
    engine = sa.create_engine(shop.database.url)
    with engine.connect() as application:
        application.execute(sa.text("LOCK TABLE customer IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(QueryStopped, match="statement timeout") as caught:
            shop.audit()
    engine.dispose()
    assert "statement_timeout" in caught.value.hint
    assert "--kind" in caught.value.hint
    assert shop.runs() == []


@pytest.mark.parametrize("policy", ["USING (id < 3)", "USING (true)"], ids=["hides rows", "hides nothing today"])
def test_row_security_is_refused_and_never_read_as_no_damage(shop: Shop, policy: str) -> None:
    shop.execute(DAMAGE)
    with role(shop.database) as (name, url):
        shop.execute(f"GRANT SELECT ON auth_user, customer TO {name}; ALTER TABLE customer ENABLE ROW LEVEL SECURITY")
        shop.execute(f"CREATE POLICY few ON customer FOR SELECT TO {name} {policy}")
        shop.use_url(url)
        with pytest.raises(Refused, match="Row security hides rows") as caught:
            shop.audit()
        assert "BYPASSRLS" in caught.value.hint
        assert shop.runs() == []
        shop.execute(f"ALTER ROLE {name} BYPASSRLS")
        assert rows(shop.audit()) == DAMAGED


def test_a_role_that_may_not_read_is_refused(shop: Shop) -> None:
    with role(shop.database) as (name, url):
        shop.use_url(url)
        shop.execute(f"GRANT SELECT ON auth_user TO {name}")
        with pytest.raises(Refused, match="permission denied for table customer") as caught:
            shop.audit()
        assert "GRANT SELECT" in caught.value.hint
        assert shop.runs() == []
        shop.execute(f"GRANT SELECT ON customer TO {name}")
        result = shop.audit()
        assert (rows(result), result["warnings"]) == ({}, []), "SELECT alone is enough, and warns of nothing"


def test_rights_on_the_mapped_columns_are_enough(shop: Shop) -> None:
    shop.execute(DAMAGE)
    with role(shop.database) as (name, url):
        shop.use_url(url)
        shop.execute(
            f"GRANT SELECT (id, username, email, date_joined, is_staff) ON auth_user TO {name};"
            f"GRANT SELECT (id, user_id, phone, barcode, invited, created_at) ON customer TO {name};"
            "ALTER TABLE customer ADD secret text"
        )
        assert rows(shop.audit()) == DAMAGED
        book = shop.book()
        troubled = {check.name for check in examine(book.source, book.settings, shop.outputs) if check.state != "ok"}
        assert troubled == {"logs", "signers", "plan rights"}, "no logs and no signers here, and a plan would need more"


@pytest.mark.parametrize("taken", ["SELECT (email) ON auth_user", "SELECT (user_id) ON customer", "USAGE ON SCHEMA public"])
def test_doctor_tells_of_rights_that_an_audit_would_miss(shop: Shop, taken: str) -> None:
    with role(shop.database) as (name, url):
        shop.use_url(url)
        shop.map(
            MAPPING.replace('"auth_user"', '"public.auth_user"').replace('table = "customer"', 'table = "public.customer"')
        )
        shop.execute(
            f"GRANT SELECT (id, username, email, date_joined, is_staff) ON auth_user TO {name};"
            f"GRANT SELECT (id, user_id, phone, barcode, invited, created_at) ON customer TO {name};"
            f"REVOKE {taken} FROM {name}, PUBLIC"
        )
        with pytest.raises(Refused, match="permission denied") as caught:
            shop.audit()
        assert "mendbook doctor" in caught.value.hint
        book = shop.book()
        (failed,) = (check for check in examine(book.source, book.settings, shop.outputs) if check.state == "failed")
        assert failed.name == "rights"
        assert "GRANT" in failed.hint


@pytest.mark.parametrize(
    "setting",
    [
        "client_encoding = LATIN1",
        "idle_in_transaction_session_timeout = '500ms'",
        "quote_all_identifiers = on",
        "standard_conforming_strings = off",
        "default_transaction_isolation = serializable",
        "statement_timeout = '500ms'",
    ],
)
def test_what_a_role_is_set_to_changes_no_finding(shop: Shop, setting: str) -> None:
    shop.execute(DAMAGE + "UPDATE customer SET phone = '\u2003' WHERE id = 7")
    with role(shop.database) as (name, url):
        shop.use_url(url)
        shop.execute(f"GRANT SELECT ON auth_user, customer TO {name}; ALTER ROLE {name} SET {setting}")
        with held_up(shop) if "timeout" in setting else nullcontext() as dawdle:
            assert rows(shop.audit(progress=dawdle)) == DAMAGED


@pytest.mark.skipif(os.environ.get("PG", "18") < "17", reason="came with PostgreSQL 17")
def test_a_roles_transaction_timeout_stops_no_audit(shop: Shop) -> None:
    with role(shop.database) as (name, url):
        shop.use_url(url)
        shop.execute(f"GRANT SELECT ON auth_user, customer TO {name}; ALTER ROLE {name} SET transaction_timeout = '500ms'")
        with held_up(shop) as dawdle:
            assert rows(shop.audit(progress=dawdle)) == {}


@contextmanager
def held_up(shop: Shop) -> Iterator[Any]:
    """An audit in here waits 0.7 s for a lock; and for as long it does nothing in a transaction, where it calls what is given.

    So what stops it is longer than any machine takes to begin, and shorter than it lasts.
    """
    waited = threading.Event()

    def dawdle(kind: str, *_: int) -> None:
        if kind and not waited.is_set():
            waited.set()
            time.sleep(0.7)

    with sa.create_engine(shop.database.url).connect() as other:
        other.execute(sa.text("LOCK TABLE customer"))
        over = threading.Timer(0.7, other.rollback)
        over.start()
        try:
            yield dawdle
        finally:
            over.join()


def test_a_lock_that_a_role_does_not_wait_for(shop: Shop) -> None:
    with role(shop.database) as (name, url), sa.create_engine(shop.database.url).begin() as other:
        shop.use_url(url)
        shop.execute(f"GRANT SELECT ON auth_user, customer TO {name}; ALTER ROLE {name} SET lock_timeout = '20ms'")
        other.execute(sa.text("LOCK TABLE customer"))
        with pytest.raises(QueryStopped, match="lock timeout"):
            shop.audit()


def test_a_key_of_a_type_that_cannot_be_compared(shop: Shop) -> None:
    shop.execute("ALTER TABLE customer ADD paper json")
    shop.map(MAPPING.replace('table = "customer"', 'table = "customer"\nkey = "paper"'))
    with pytest.raises(MappingError, match="cannot be compared"):
        shop.audit()


def test_a_role_that_may_write_is_warned_of(shop: Shop) -> None:
    with role(shop.database) as (name, url):
        shop.use_url(url)
        shop.execute(f"GRANT SELECT ON auth_user, customer TO {name}; GRANT DELETE ON customer TO {name}")
        (warning,) = shop.audit()["warnings"]
        assert f"Role {name!r} may write" in warning


@pytest.mark.parametrize(("limit", "sides"), [(1, 1), (2, 2), (-1, 8)])
def test_fewer_connections_where_the_server_has_none_to_spare(shop: Shop, limit: int, sides: int) -> None:
    shop.execute(DAMAGE)
    with role(shop.database, f"CONNECTION LIMIT {limit}") as (name, url):
        shop.execute(f"GRANT SELECT ON auth_user, customer TO {name}")
        shop.use_url(url)
        shop.map(MAPPING.replace('url_env = "SHOP_URL"', 'url_env = "SHOP_URL"\nconnections = 8'))
        with shop.book()._database.snapshots() as snapshots:
            assert len(snapshots) == sides
        assert rows(shop.audit()) == DAMAGED


# -- the whole result or nothing -----------------------------------------------------------------------------------------


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("at", ["missing_constraint", ""], ids=["while it looks", "when all is found"])
def test_a_failure_leaves_nothing(shop: Shop, tmp_path: Path, monkeypatch: Any, at: str) -> None:
    def progress(kind: str, *_: int) -> None:
        if kind == at:
            raise RuntimeError("the test stops it")

    shop.execute(DAMAGE)
    with pytest.raises(RuntimeError):
        shop.audit(progress=progress)
    assert shop.runs() == []
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.json").write_text("{}")
    monkeypatch.setenv("MENDBOOK_RUN", str(run))
    with pytest.raises(RuntimeError):
        shop.audit(progress=progress)
    assert left_behind(run) == ["run.json"], "the folder of a notebook's run stays as it was"


def test_a_second_file_that_cannot_be_written_takes_the_first_with_it(shop: Shop, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "run" / ".gaps.parquet.aside").mkdir(parents=True)
    monkeypatch.setenv("MENDBOOK_RUN", str(tmp_path / "run"))
    with pytest.raises(OutputError, match="Cannot write"):
        shop.audit()
    assert left_behind(tmp_path / "run") == [".gaps.parquet.aside"]


def test_a_person_who_stops_it_waits_for_no_other_kind(shop: Shop, monkeypatch: Any) -> None:
    """Ctrl-C reaches the thread that waits for the workers; the worker is held until that has happened."""
    stopped, begun = threading.Event(), []

    class Workers(ThreadPoolExecutor):
        def __exit__(self, *error: Any) -> Any:
            stopped.set()
            return super().__exit__(*error)

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    def progress(kind: str, *_: int) -> None:
        begun.append(kind)
        assert stopped.wait(180)

    shop.map(MAPPING.replace('url_env = "SHOP_URL"', 'url_env = "SHOP_URL"\nconnections = 1'))
    monkeypatch.setattr("mendbook.audits.audit.ThreadPoolExecutor", Workers)
    monkeypatch.setattr("mendbook.audits.audit.wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        shop.audit(progress=progress)
    assert len(begun) == 1
    assert shop.runs() == []


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_person_who_stops_it_does_not_wait_for_the_statement_either(shop: Shop, sent: int, code: int) -> None:
    """A chain of many accounts takes the database minutes; a signal ends it at once, and nothing half-written stays."""
    shop.execute(
        "DROP INDEX auth_user_lower_idx, auth_user_lower_idx1; INSERT INTO auth_user (id, username, email)"
        " SELECT n, 'u' || n / 2, 'e' || (n + 1) / 2 FROM generate_series(100, 20000) n"
    )
    command = [sys.executable, "-m", "mendbook", "audit", "shop", "--config", shop.config, "--outputs", shop.outputs]
    walking = (  # through a cursor
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'FETCH%'"
        " AND application_name = 'mendbook' AND state = 'active' AND clock_timestamp() - query_start > interval '0.5 s'"
    )
    with subprocess.Popen(command, env={**os.environ, "SHOP_URL": shop.database.url}, stderr=subprocess.PIPE) as audit:
        try:
            until = time.monotonic() + 180
            while not shop.execute(walking)[0][0] and time.monotonic() < until:
                time.sleep(0.05)
            audit.send_signal(sent)
            audit.communicate(timeout=180)
        finally:
            audit.kill()
    assert audit.returncode == code
    assert shop.runs() == []


def test_outputs_that_is_a_file(shop: Shop) -> None:
    shop.outputs.write_text("")
    with pytest.raises(OutputError, match="Cannot write"):
        shop.audit()


def test_a_run_folder_that_is_gone(shop: Shop, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("MENDBOOK_RUN", str(tmp_path / "gone"))
    with pytest.raises(OutputError, match="Cannot write"):
        shop.audit()


# -- what databases hold -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "UTF8"])
def test_encodings(server: TestServer, shop: Shop, encoding: str) -> None:
    with fresh_database(server, encoding=encoding, locale="C") as other:
        other.execute(TABLES + ROWS)
        other.execute("DROP INDEX auth_user_lower_idx; ALTER TABLE customer DROP CONSTRAINT customer_barcode_key")
        other.execute("UPDATE auth_user SET username = ' J\u00fcrgen' WHERE id = 1;")
        other.execute("UPDATE auth_user SET username = 'j\u00fcrgen' WHERE id = 2;")
        other.execute("UPDATE customer SET barcode = 'C\u00f6de' WHERE id IN (3, 4)")
        shop.use_url(other.url)
        result = shop.audit()
        expected = {"missing_constraint": 2, "duplicate_code": 2, "duplicate_user": 2}
        assert rows(result) == expected
        assert {f["case_key"] for f in findings(result) if f["kind"] == "duplicate_code"} == {"C\u00f6de"}
        frame: Any = shop.book(reveal=True).users(columns=["username"], where={"username": "j\u00fcrgen"})
        assert frame["username"].tolist() == ["j\u00fcrgen"]
        assert any("SQL_ASCII" in warning for warning in result["warnings"]) == (encoding == "SQL_ASCII")


def test_bytes_that_are_no_text_in_a_database_that_checks_none(server: TestServer, shop: Shop) -> None:
    with fresh_database(server, encoding="SQL_ASCII", locale="C") as other:
        other.execute(TABLES + ROWS + "ALTER TABLE customer DROP CONSTRAINT customer_barcode_key;")
        other.execute(r"UPDATE customer SET barcode = E'\xff\xfe' WHERE id IN (3, 4)")
        shop.use_url(other.url)
        result = shop.audit()
        assert rows(result) == {"missing_constraint": 1, "duplicate_code": 2}
        (code,) = {f["case_key"] for f in findings(result) if f["kind"] == "duplicate_code"}
        assert code == r"\xff\xfe"


def test_a_letter_that_the_encoding_lacks(server: TestServer, shop: Shop) -> None:
    with fresh_database(server, encoding="LATIN1", locale="C") as other:
        other.execute(TABLES + ROWS)
        shop.use_url(other.url)
        with pytest.raises(MappingError, match="has no '\u0141'"):
            shop.book().users(where={"username": "\u0141ucja"})


#: What stands in the database, and what a finding says of it: microseconds since 1970.
MOMENTS = {
    "infinity": None,
    "-infinity": None,
    "0001-01-01 00:00:00+00": -62_135_596_800_000_000,
    "0044-03-15 12:00:00+00 BC": -63_517_780_800_000_000,
    "4713-01-01 00:00:00+00 BC": -210_863_520_000_000_000,
    "294246-12-31 00:00:00+00": 9_223_371_158_400_000_000,
    "294276-12-31 23:59:59.999999+00": None,
}


@pytest.mark.parametrize(("moment", "micros"), MOMENTS.items(), ids=MOMENTS)
def test_times_beyond_the_calendar(shop: Shop, moment: str, micros: int | None) -> None:
    shop.execute(DAMAGE + "ALTER TABLE customer DROP CONSTRAINT customer_user_id_key; INSERT INTO customer VALUES (9, 7)")
    shop.execute(f"UPDATE auth_user SET date_joined = '{moment}'; UPDATE customer SET created_at = '{moment}'")
    result = shop.audit("missing_code", "missing_profile", "duplicate_profile")
    assert rows(result) == {"missing_code": 2, "missing_profile": 1, "duplicate_profile": 2}
    at = parquet.read_table(result["findings"]).column("at").cast("int64")
    assert set(at.to_pylist()) == {micros}


@pytest.mark.parametrize("number", ["0", "1767225600", "1767225600000", "1767225600000000000", "-9223372036854775808"])
def test_times_kept_as_numbers(shop: Shop, number: str) -> None:
    """Seconds and milliseconds since 1970 are times; what no calendar holds is none, and stops nothing."""
    shop.execute(DAMAGE + "ALTER TABLE customer DROP created_at; ALTER TABLE customer ADD created_at bigint")
    shop.execute(f"UPDATE customer SET created_at = {number}; UPDATE auth_user SET date_joined = 'infinity'")
    result = shop.audit("null_flag")
    (found,) = findings(result)
    at = {"0": datetime(1970, 1, 1, tzinfo=UTC)}.get(number, datetime(2026, 1, 1, tzinfo=UTC))
    assert found["at"] == (None if len(number) > 13 else at)


def test_a_time_that_is_text_is_told(shop: Shop) -> None:
    shop.execute(DAMAGE + "ALTER TABLE customer ALTER created_at TYPE text")
    result = shop.audit()
    assert rows(result) == DAMAGED
    assert any("customer.created_at is text, not a time" in warning for warning in result["warnings"])


# -- memory --------------------------------------------------------------------------------------------------------------

MEASURE = """
import resource
from mendbook.workbook import Workbook
book = Workbook.open("shop")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
result = book.take_audit(["missing_profile"])[1]
print(result["counts"]["missing_profile"]["rows"], (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_memory_stays_flat(shop: Shop) -> None:
    """200,000 findings would take more than 100 MB as a list of Python's."""
    shop.execute(
        "INSERT INTO auth_user (id, username, email) SELECT n, 'u' || n, 'u' || n || '@example.com'"
        " FROM generate_series(100, 200099) n"
    )
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        cwd=shop.home,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    found, megabytes = map(int, done.stdout.split())
    assert found == 200_000
    assert megabytes < 80
