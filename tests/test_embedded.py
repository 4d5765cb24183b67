"""The embedded PostgreSQL: starts, is shared, and outlives whatever kills it or its owners."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
from mendbook.embedded import embedded, postmaster
from mendbook.errors import ServerError

LIB = Path(embedded.__file__).parents[2]
QUICK = embedded.THROWAWAY_SETTINGS


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder for a server, gone with the server after the test."""
    folder = Path(tempfile.mkdtemp(prefix="mendbook-test-"))
    yield folder / "server"
    if (folder / "server" / "server.json").exists():
        postmaster.stop(folder / "server", 18, "immediate")
        shutil.rmtree(postmaster.read_state(folder / "server")["socket_dir"], ignore_errors=True)
    shutil.rmtree(folder)


def script(code: str, *arguments: object, user: str | None = None) -> subprocess.Popen[str]:
    """Another Python process that runs ``code``; as another system user where one is named."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    if user:
        command = ["setpriv", f"--reuid={user}", "--regid=nogroup", "--clear-groups", *command]
    environment = {**os.environ, "PYTHONPATH": str(LIB)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


START_AND_SLEEP = """
    import sys, time
    from mendbook.embedded import embedded
    server = embedded.start(sys.argv[1], settings=embedded.THROWAWAY_SETTINGS)
    server.execute("CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES (1)")
    print("up", flush=True)
    time.sleep(60)
"""


def kill_parent_of(home: Path) -> None:
    parent = script(START_AND_SLEEP, home)
    assert parent.stdout
    assert parent.stdout.readline() == "up\n", parent.communicate()[1]
    parent.kill()
    parent.communicate()


@pytest.mark.parametrize("version", [18, 16])
def test_a_temporary_server_of_each_version_leaves_nothing(version: int) -> None:
    with embedded.temporary(version) as server:
        assert server.execute("SHOW server_version")[0][0].startswith(str(version))
        assert server.execute("SHOW listen_addresses") == [("",)]
        assert len(str(server.socket_dir)) < 80
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700
        assert server.psql.exists()
        url = server.create_database("Ünïque name")
        assert url.startswith("postgresql+psycopg2://postgres@/")
        assert server.execute("SELECT current_database()", "Ünïque name") == [("Ünïque name",)]
        server.drop_database("Ünïque name")
    assert not server.folder.exists()
    assert not server.socket_dir.exists()
    with pytest.raises(psycopg2.OperationalError):
        server.execute("SELECT 1")


def test_the_three_logs_tell_of_an_error_and_can_be_read() -> None:
    with embedded.temporary() as server:
        with pytest.raises(psycopg2.errors.UniqueViolation):
            server.execute("CREATE TABLE t (n int UNIQUE); INSERT INTO t VALUES (7); INSERT INTO t VALUES (7)")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:  # the collector writes a moment later
            texts = {ending: (server.log_folder / f"postgresql.{ending}").read_text() for ending in ("log", "csv", "json")}
            if all("(n)=(7)" in text for text in texts.values()):
                break
            time.sleep(0.05)
    assert " postgres@postgres ERROR:  duplicate key value violates unique constraint" in texts["log"]
    assert any(json.loads(line).get("state_code") == "23505" for line in texts["json"].splitlines())
    assert "23505" in texts["csv"]


def test_starts_in_one_folder_share_a_server_until_the_last_owner_ends(home: Path) -> None:
    mine = embedded.start(home, settings=QUICK)
    other = script(START_AND_SLEEP, home)
    assert other.stdout
    assert other.stdout.readline() == "up\n"
    assert embedded.start(home) == mine
    other.kill()
    other.communicate()
    assert mine.execute("SELECT n FROM kept") == [(1,)]
    embedded._leave(mine, os.getpid())
    assert postmaster.find(home) is None


@pytest.mark.thorough
def test_two_starts_at_the_same_moment_make_one_server(home: Path) -> None:
    both = [script(START_AND_SLEEP, home) for _ in range(2)]
    for process in both:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
    server = embedded.start(home)
    assert server.execute("SELECT count(*) FROM kept") == [(2,)]
    for process in both:
        process.kill()
        process.communicate()


def test_after_the_parent_was_killed_the_next_start_has_the_data(home: Path) -> None:
    kill_parent_of(home)
    abandoned = postmaster.find(home)
    assert abandoned
    server = embedded.start(home, settings=QUICK)
    assert postmaster.wait_until_gone(abandoned)
    assert server.execute("SELECT n FROM kept") == [(1,)]


@pytest.mark.thorough
def test_the_server_of_a_killed_temporary_owner_is_removed_by_the_next() -> None:
    parent = script("""
        import time
        from mendbook.embedded import embedded
        with embedded.temporary() as server:
            print(server.folder, server.socket_dir, flush=True)
            time.sleep(60)
    """)
    assert parent.stdout
    folder, socket_dir = map(Path, parent.stdout.readline().split())
    parent.kill()
    parent.communicate()
    assert postmaster.find(folder)
    with embedded.temporary():
        assert not folder.exists()
        assert not socket_dir.exists()


def test_a_server_that_ends_with_its_parent(home: Path) -> None:
    parent = script(START_AND_SLEEP.replace("time.sleep(60)", ""), home)
    assert parent.communicate(timeout=180)[0] == "up\n"
    assert postmaster.find(home) is None


def test_a_kept_server_outlives_its_parent_and_is_found_again(home: Path) -> None:
    parent = script(START_AND_SLEEP.replace("settings=", "keep=True, settings=").replace("time.sleep(60)", ""), home)
    assert parent.communicate(timeout=180)[0] == "up\n"
    running = postmaster.find(home)
    assert running
    server = embedded.start(home)
    embedded._leave(server, os.getpid())
    assert postmaster.find(home) == running
    server.stop()
    assert postmaster.wait_until_gone(running)
    server.stop()


@pytest.mark.thorough
def test_a_crashed_server_restarts_with_its_data_and_its_url(home: Path) -> None:
    server = embedded.start(home, settings={**QUICK, "fsync": "on", "synchronous_commit": "on"})
    server.execute("CREATE TABLE kept AS SELECT 5 AS n")
    server.crash()
    with pytest.raises(psycopg2.OperationalError):
        server.execute("SELECT 1")
    server.restart()
    assert server.execute("SELECT n FROM kept") == [(5,)]
    server.crash()
    assert embedded.start(home) == server
    assert server.execute("SELECT n FROM kept") == [(5,)]


@pytest.mark.thorough
@pytest.mark.parametrize("content", ["{stranger}\n/elsewhere\n1700000000\n5432\n/nowhere\n\n 1 99999999\nready\n", "", "x"])
def test_a_pid_file_that_names_a_stranger_is_no_obstacle(home: Path, content: str) -> None:
    embedded.start(home, settings=QUICK).stop()
    stranger = subprocess.Popen(["sleep", "60"])
    (home / "data" / "postmaster.pid").write_text(content.format(stranger=stranger.pid))
    try:
        assert embedded.start(home, settings=QUICK).execute("SELECT 1") == [(1,)]
        assert stranger.poll() is None, "another's process was ended"
    finally:
        stranger.send_signal(signal.SIGTERM)
        stranger.wait()


def test_on_tcp_it_listens_on_loopback_with_a_password() -> None:
    with embedded.temporary(port=free_port()) as server:
        with psycopg2.connect(server.tcp_url().replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT host(inet_server_addr())")
            assert cursor.fetchone() == ("127.0.0.1",)
        connection.close()
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(host="127.0.0.1", port=server.port, user="postgres", password="guessed")


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.thorough
def test_wrong_settings_and_versions_are_told_in_one_message(home: Path) -> None:
    with pytest.raises(ServerError, match="no_such_setting"):
        embedded.start(home, settings={"no_such_setting": "1"})
    with pytest.raises(ServerError, match="holds PostgreSQL 18, not 16"):
        embedded.start(home, version=16)
    with pytest.raises(ServerError, match="no embedded PostgreSQL 9"):
        embedded.start(home, version=9)
    embedded.start(home, settings=QUICK)
    with pytest.raises(ServerError, match="Another server runs"):
        embedded.start(home, version=16)


def test_a_folder_that_cannot_be_made_is_told() -> None:
    with pytest.raises(ServerError, match="cannot hold a server"):
        embedded.start("/dev/null/here")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can become another user")
@pytest.mark.thorough
def test_as_an_ordinary_user() -> None:
    other = script(
        """
        import os
        from mendbook.embedded import embedded
        with embedded.temporary() as server:
            print(os.geteuid(), server.execute("SELECT 1"), embedded.postmaster.find(server.folder).uids().real)
    """,
        user="nobody",
    )
    output, errors = other.communicate(timeout=180)
    assert output == "65534 [(1,)] 65534\n", errors


def test_as_root_it_runs_as_another_user() -> None:
    with embedded.temporary() as server:
        process = postmaster.find(server.folder)
        assert isinstance(process, psutil.Process)
        assert process.uids().effective != 0
