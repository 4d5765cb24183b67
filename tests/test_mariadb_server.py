"""The tests' own MariaDB: it answers, forgets what a test made, and does not outlive a session that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import mariadb as here
from support.mariadb import MariaDatabase, MariaServer, fresh_mariadb, needed

ONE_THAT_IS_KILLED = """
import os, signal
from support.mariadb import serving_mariadb
with serving_mariadb() as server:
    print(server.process, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_script_gives_the_rows_of_its_last_statement(mariadb: MariaDatabase) -> None:
    rows = mariadb.execute("CREATE TABLE t (a varchar(9)); INSERT INTO t VALUES ('é😀'), ('%s:x'); SELECT a FROM t ORDER BY 1")
    assert rows == [("%s:x",), ("é😀",)]
    with pytest.raises(Exception, match=r"nowhere"):
        mariadb.execute("SELECT 1; SELECT * FROM nowhere")


def test_a_database_is_gone_after_its_test(mariadb_server: MariaServer) -> None:
    with fresh_mariadb(mariadb_server) as fresh:
        assert [fresh.name] == [name for (name,) in mariadb_server.execute("SHOW DATABASES") if name == fresh.name]
    assert fresh.name not in {name for (name,) in mariadb_server.execute("SHOW DATABASES")}


def test_a_server_ends_with_a_session_that_is_killed_and_its_folder_with_the_next(tmp_path: Path) -> None:
    needed()
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(here.__file__).parent.parent)}
    ended = subprocess.run([sys.executable, "-c", ONE_THAT_IS_KILLED], env=environment, stdout=subprocess.PIPE, check=False)
    assert ended.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 180
    while _runs(int(ended.stdout)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(int(ended.stdout))
    (left,) = tmp_path.glob(f"{here.PREFIX}*")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(here.tempfile, "gettempdir", lambda: str(tmp_path))
        here._clear_leftovers()
    assert not left.exists()


def test_where_there_is_none_newcomers_are_told_and_a_machine_of_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(here, "_path", lambda: "/nowhere")
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match="mariadb-server-core"):
        needed()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="mariadb-server-core"):
        needed()


def _runs(process: int) -> bool:
    """Whether it still runs; in a container nobody may reap it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
