"""Fresh databases for the tests, on the embedded server or on the one that MENDBOOK_TEST_URL names."""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg2
from mendbook.embedded import embedded
from sqlalchemy.engine import URL, make_url

from support.emptied import Emptied


class TestServer(Protocol):
    """What a test may ask of a server, embedded or not."""

    __test__ = False

    def url(self, database: str = ...) -> str: ...
    def create_database(
        self, name: str, template: str | None = None, encoding: str | None = None, locale: str | None = None
    ) -> str: ...
    def drop_database(self, name: str) -> None: ...
    def execute(self, sql: str, database: str = ...) -> list[tuple[Any, ...]]: ...


@dataclass(frozen=True)
class GivenServer:
    """The server of MENDBOOK_TEST_URL; its user must be allowed to create databases."""

    base: URL

    def url(self, database: str = "postgres") -> str:
        return self.base.set(drivername="postgresql+psycopg2", database=database).render_as_string(hide_password=False)

    def execute(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        return run_script(self.url(database), sql)

    def create_database(
        self, name: str, template: str | None = None, encoding: str | None = None, locale: str | None = None
    ) -> str:
        options = (f" ENCODING '{encoding}'" if encoding else "") + (f" LOCALE '{locale}'" if locale else "")
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}"{options}', self._home)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', self._home)

    @property
    def _home(self) -> str:
        return self.base.database or "postgres"


@dataclass(frozen=True)
class TestDatabase:
    """An empty database that is dropped after the test."""

    __test__ = False

    name: str
    url: str

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a script of any number of statements; the rows of the last."""
        return run_script(self.url, sql)


def run_script(url: str, sql: str) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        connection.autocommit = True
        connection.set_client_encoding("UTF8")
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


#: Of each server that serves a whole session: its databases that are as new.
EMPTIED: dict[str, Emptied] = {}
#: Of the server that all workers share: several tests at once hold locks there, those of thousands of tables among them.
#: A replica of it needs as many.
SHARED_SETTINGS = {**embedded.THROWAWAY_SETTINGS, "max_locks_per_transaction": "512"}


@contextlib.contextmanager
def serving(parallel_run: str | None) -> Iterator[TestServer]:
    """The server of a test session; the workers of one parallel run of pytest-xdist share one.

    Its folder is not under pytest's own, which pytest closes to the database's user; the last worker to end stops the
    server, and the next run removes the folder.
    """
    given = os.environ.get("MENDBOOK_TEST_URL")
    version = int(os.environ.get("PG", "18"))
    with contextlib.ExitStack() as until_the_end:
        server: TestServer
        if given:
            server = GivenServer(make_url(given))
        elif parallel_run:
            folder = Path(tempfile.gettempdir()) / f"{embedded.TEMPORARY}{parallel_run}"
            server = embedded.start(folder, version, SHARED_SETTINGS)
        else:
            server = until_the_end.enter_context(embedded.temporary(version))
        emptied = EMPTIED[server.url()] = Emptied()
        yield server
        for name in emptied.free if given else ():
            server.drop_database(name)
        del EMPTIED[server.url()]


@contextlib.contextmanager
def fresh_database(server: TestServer, encoding: str | None = None, locale: str | None = None) -> Iterator[TestDatabase]:
    """A database with nothing in it: a new one, or one that another test has left as new."""
    emptied = EMPTIED.get(server.url()) if encoding is None and locale is None else None
    if emptied and emptied.free:
        name = emptied.free.pop()
        url = server.url(name)
    else:
        name = f"test_{uuid.uuid4().hex[:12]}"
        url = server.create_database(name, encoding=encoding, locale=locale)
        if emptied:
            emptied.note(url)
    try:
        yield TestDatabase(name, url)
    finally:
        if emptied and emptied.emptied(url):
            emptied.free.append(name)
        else:
            server.drop_database(name)
