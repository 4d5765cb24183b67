"""Servers that cannot be reached, do not let us in, or are a replica: each is told with what to do about it."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from mendbook.doctor.doctor import examine
from mendbook.embedded import embedded, postmaster
from mendbook.errors import ConfigError, ConnectionFailed, QueryStopped
from mendbook.model import Damage
from sqlalchemy.engine import URL, make_url
from support.databases import SHARED_SETTINGS, TestServer, run_script
from support.shop import DAMAGE, DAMAGED, ROWS, TABLES, Shop, rows

PASSWORD = "s3cr3t-pw"
embedded_only = pytest.mark.skipif("MENDBOOK_TEST_URL" in os.environ, reason="needs a server of its own")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def tcp() -> Iterator[URL]:
    """A database of a server that listens on TCP and asks for a password."""
    with embedded.temporary(int(os.environ.get("PG", "18")), port=free_port()) as server:
        yield make_url(server.tcp_url())


def refusal(shop: Shop, url: URL | str) -> ConnectionFailed:
    shop.use_url(url if isinstance(url, str) else url.render_as_string(hide_password=False))
    with pytest.raises(ConnectionFailed) as caught:
        shop.audit()
    assert PASSWORD not in str(caught.value)
    assert caught.value.hint
    assert shop.runs() == []
    return caught.value


@embedded_only
def test_through_tcp_with_the_right_password(shop: Shop, tcp: URL) -> None:
    url = tcp.render_as_string(hide_password=False)
    run_script(url, TABLES + ROWS + DAMAGE)
    shop.use_url(url)
    assert rows(shop.audit()) == DAMAGED


@embedded_only
def test_a_wrong_password(shop: Shop, tcp: URL) -> None:
    error = refusal(shop, tcp.set(password=PASSWORD))
    assert f"Cannot connect to 127.0.0.1:{tcp.port}/postgres" in error.message
    assert "Check the password for user 'postgres'" in error.hint


@embedded_only
def test_no_password(shop: Shop, tcp: URL) -> None:
    # URL.set() keeps what is None
    error = refusal(shop, URL.create(tcp.drivername, tcp.username, None, tcp.host, tcp.port, tcp.database))
    assert "The URL has no password" in error.hint


def test_no_such_database(shop: Shop) -> None:
    error = refusal(shop, make_url(shop.database.url).set(database="nowhere"))
    assert 'database "nowhere" does not exist' in error.message
    assert "Check the database and user name" in error.hint


def test_no_such_user(shop: Shop) -> None:
    error = refusal(shop, make_url(shop.database.url).set(username="nobody", password=PASSWORD))
    assert "nobody" in error.message


def test_a_raw_at_in_the_password_is_refused_and_nothing_of_it_told(shop: Shop) -> None:
    shop.use_url("postgresql://postgres:p@ss/word@localhost/shop")
    with pytest.raises(ConfigError, match="percent-encode") as caught:
        shop.audit()
    assert "ss/word" not in str(caught.value)


def test_white_space_around_the_url(shop: Shop) -> None:
    shop.use_url(f"  {shop.database.url}\n")
    assert rows(shop.audit()) == {}


def test_no_server_behind_the_port(shop: Shop) -> None:
    error = refusal(shop, f"postgresql://auditor:{PASSWORD}@127.0.0.1:{free_port()}/shop")
    assert "Connection refused" in error.message
    assert "Is the server running, and is the port right?" in error.hint


def test_no_server_behind_the_socket(shop: Shop, tmp_path: Path) -> None:
    error = refusal(shop, f"postgresql://auditor:{PASSWORD}@/shop?host={tmp_path}")
    assert "No server listens on that socket" in error.hint


def test_an_unknown_host(shop: Shop) -> None:
    error = refusal(shop, f"postgresql://auditor:{PASSWORD}@no-such-host.invalid/shop")
    assert "Cannot connect to no-such-host.invalid/shop" in error.message
    assert "Check the host name" in error.hint


@pytest.mark.parametrize("query", ["nonsense=1", "sslmode=nonsense"])
def test_an_option_that_no_server_knows(shop: Shop, query: str) -> None:
    error = refusal(shop, f"postgresql://auditor:{PASSWORD}@127.0.0.1:{free_port()}/shop?{query}")
    assert "nonsense" in error.message


@embedded_only
def test_the_password_is_told_in_no_way_that_it_may_be_written(shop: Shop, tcp: URL) -> None:
    """Percent-encoded in the URL, plain in libpq's words."""
    error = refusal(shop, tcp.set(password=f"%{PASSWORD}@/:"))
    assert "password authentication failed" in error.message


def test_a_server_that_ends_the_connection(shop: Shop, server: TestServer) -> None:
    def progress(*_: Any) -> None:
        server.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{shop.database.name}'"
            " AND application_name = 'mendbook'"
        )

    with pytest.raises(ConnectionFailed) as caught:
        shop.audit(progress=progress)
    assert "broke off" in caught.value.message
    assert "Nothing was changed" in caught.value.hint
    assert shop.runs() == []


# -- a replica -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def standby(server: embedded.Server) -> Iterator[embedded.Server]:
    """A streaming replica of the session's server, made by pg_basebackup."""
    home = Path(tempfile.mkdtemp(prefix=embedded.TEMPORARY))
    try:
        postmaster.make_folder(home)
        home.chmod(0o755)
        postmaster.own_folder(home / "logs")
        postmaster.own_folder(home / "data")
        backup = ["-D", str(home / "data"), "-R", "-X", "stream", "-c", "fast", "--no-sync", "-U", "postgres"]
        backup += ["-h", str(server.socket_dir), "-p", str(server.port)]
        made = postmaster.run(home, server.version, "pg_basebackup", *backup)
        assert made.returncode == 0, made.stdout
        replica = embedded.start(home, server.version, SHARED_SETTINGS)
        try:
            yield replica
        finally:
            replica.stop("immediate")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def reaches(server: TestServer, standby: embedded.Server, function: str) -> Callable[[], bool]:
    """Whether all that is written on the primary by now has reached the replica."""
    ((written,),) = server.execute("SELECT pg_current_wal_insert_lsn()::text")
    return lambda: bool(standby.execute(f"SELECT {function}() >= '{written}'")[0][0])


@embedded_only
def test_a_replica_is_audited_with_a_warning(
    shop: Shop, server: TestServer, standby: embedded.Server, monkeypatch: Any
) -> None:
    shop.execute(DAMAGE)
    wait_until(reaches(server, standby, "pg_last_wal_replay_lsn"))
    shop.use_url(standby.url(shop.database.name))
    result = shop.audit()
    assert rows(result) == DAMAGED
    assert result["database"]["replica"] is True
    assert any(warning.startswith("This is a replica: what has not reached it") for warning in result["warnings"])
    book = shop.book()
    assert "this is a replica" in [check.message for check in examine(book.source, book.settings, shop.outputs)]
    with book._database.snapshots() as snapshots:
        assert len(snapshots) == 2, "a replica can share its snapshot, too"

    standby.execute("SELECT pg_wal_replay_pause()")
    wait_until(lambda: standby.execute("SELECT pg_get_wal_replay_pause_state()") == [("paused",)])
    try:
        shop.execute("DELETE FROM customer")
        wait_until(reaches(server, standby, "pg_last_wal_receive_lsn"))
        monkeypatch.setattr("mendbook.audits.audit.LAG_SECONDS", 0)
        result = shop.audit()
        assert rows(result) == DAMAGED, "it tells of what the replica has, not of what is to come"
        (warning,) = [warning for warning in result["warnings"] if "replica" in warning]
        assert warning.startswith("This is a replica and ")
        assert warning.endswith(" s behind: newer damage is not seen.")
    finally:
        standby.execute("SELECT pg_wal_replay_resume()")


@embedded_only
def test_a_replica_that_must_go_on(shop: Shop, server: TestServer, standby: embedded.Server, monkeypatch: Any) -> None:
    """While a finder runs, the primary removes rows that the audit's snapshot still sees; replaying that ends the audit."""
    slow = Damage("slow", "a kind of the test", lambda _: [sa.select(sa.func.pg_sleep(600))])
    monkeypatch.setattr("mendbook.audits.audit.chosen", lambda _: [slow])
    wait_until(reaches(server, standby, "pg_last_wal_replay_lsn"))
    standby.execute("ALTER SYSTEM SET max_standby_streaming_delay = 0")
    standby.execute("SELECT pg_reload_conf()")

    def vacuum() -> None:
        running = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name = 'mendbook'"
        wait_until(lambda: bool(standby.execute(running)))
        run_script(shop.database.url, "DELETE FROM customer")
        run_script(shop.database.url, "VACUUM customer")

    shop.use_url(standby.url(shop.database.name))
    with ThreadPoolExecutor(1) as primary:
        vacuumed = primary.submit(vacuum)
        with pytest.raises(QueryStopped, match="conflict with recovery") as caught:
            shop.audit()
        vacuumed.result()
    assert "hot_standby_feedback" in caught.value.hint
    assert shop.runs() == []


@embedded_only
def test_what_went_wrong_first_is_told_where_the_connection_goes_too(shop: Shop, server: TestServer) -> None:
    def stopped_and_ended() -> None:
        with shop.book()._database.snapshots() as snapshots:
            for each in snapshots:
                pid = each.connection.execute(sa.select(sa.func.pg_backend_pid())).scalar_one()
                server.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
            raise QueryStopped("what came first")

    with pytest.raises(QueryStopped, match="what came first"):
        stopped_and_ended()


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < until, "what was waited for did not happen"
        time.sleep(0.02)
