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
from mendbook import embedded
from sqlalchemy.engine import URL, make_url


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


@contextlib.contextmanager
def serving(parallel_run: str | None) -> Iterator[TestServer]:
    """The server of a test session; the workers of one parallel run of pytest-xdist share one.

    Its folder is not under pytest's own, which pytest closes to the database's user; the last worker to end stops the
    server, and the next run removes the folder.
    """
    given = os.environ.get("MENDBOOK_TEST_URL")
    version = int(os.environ.get("PG", "18"))
    if given:
        yield GivenServer(make_url(given))
    elif parallel_run:
        folder = Path(tempfile.gettempdir()) / f"{embedded.TEMPORARY}{parallel_run}"
        yield embedded.start(folder, version, embedded.THROWAWAY_SETTINGS)
    else:
        with embedded.temporary(version) as server:
            yield server


@contextlib.contextmanager
def fresh_database(server: TestServer, encoding: str | None = None, locale: str | None = None) -> Iterator[TestDatabase]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    url = server.create_database(name, encoding=encoding, locale=locale)
    try:
        yield TestDatabase(name, url)
    finally:
        server.drop_database(name)
