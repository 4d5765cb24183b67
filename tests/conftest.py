"""Fixtures that every test may use: one PostgreSQL for the session, one empty database for a test;
and a MariaDB, where the machine has one.

``PG=16`` chooses the embedded version (18 by default); ``MENDBOOK_TEST_URL`` names another server to use instead.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from mendbook.execution.execution import leave_out_iris
from support.databases import TestDatabase, TestServer, fresh_database, serving
from support.lab import Races, racing
from support.mariadb import MariaDatabase, MariaServer, fresh_mariadb, serving_mariadb
from support.migrated import remember_migrations
from support.shop import MAPPING, ROWS, TABLES, Shop

leave_out_iris()  # before anything imports jsonschema: notebooks have none, and every worker would make a parser for them

#: An example that the machine was slow with, or had no time for, is as good as any other.
settings.register_profile("patient", settings(), deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("patient")


def pytest_collection_finish() -> None:
    """What stands in memory now stays there; to look through it for garbage again and again takes a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """A process that is killed loses nothing that it has written; only a machine that fails does, and none does here."""
    with pytest.MonkeyPatch.context() as patch:
        # a closed or wrong file still is an error
        patch.setattr(os, "fsync", lambda handle: void(os.fstat(handle if isinstance(handle, int) else handle.fileno())))
        yield


@pytest.fixture(scope="session", autouse=True)
def django_migrates_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Where the tests' server is the embedded one, whose programs know it."""
    folder = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        if "MENDBOOK_TEST_URL" not in os.environ:
            remember_migrations(patch, folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)
        yield


def void(_: object) -> None:
    """As os.fsync, which gives nothing."""


@pytest.fixture(scope="session")
def server() -> Iterator[TestServer]:
    """The session's server: ``url(database)``, ``create_database(name)``, ``drop_database(name)``, ``execute(sql)``."""
    with serving(os.environ.get("PYTEST_XDIST_TESTRUNUID")) as started:
        yield started


@pytest.fixture(scope="session")
def races() -> Iterator[Races]:
    """What racelab's systems leave after their traffic, made once in a run of the tests: ``labs(mode)``."""
    with racing(os.environ.get("PYTEST_XDIST_TESTRUNUID")) as made:
        yield made


@pytest.fixture
def database(server: TestServer) -> Iterator[TestDatabase]:
    """A fresh, empty database with ``name``, ``url`` and ``execute(script)``; dropped after the test."""
    with fresh_database(server) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaServer]:
    """The session's MariaDB; tests that ask for it are skipped where the machine has none."""
    with serving_mariadb() as started:
        yield started


@pytest.fixture
def mariadb(mariadb_server: MariaServer) -> Iterator[MariaDatabase]:
    """A fresh, empty MariaDB database with ``name``, ``url``, ``connect()`` and ``execute(script)``; dropped after the test."""
    with fresh_mariadb(mariadb_server) as fresh:
        yield fresh


@pytest.fixture
def shop(database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A small sound shop with its mendbook.toml (support/shop.py); SHOP_URL names its database."""
    database.execute(TABLES + ROWS)
    monkeypatch.setenv("SHOP_URL", database.url)
    return Shop(database, tmp_path, lambda url: monkeypatch.setenv("SHOP_URL", url)).map(MAPPING)
