"""Fixtures that every test may use: one PostgreSQL for the session, one empty database for a test.

``PG=16`` chooses the embedded version (18 by default); ``MENDBOOK_TEST_URL`` names another server to use instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from support.databases import TestDatabase, TestServer, fresh_database, serving


@pytest.fixture(scope="session")
def server() -> Iterator[TestServer]:
    """The session's server: ``url(database)``, ``create_database(name)``, ``drop_database(name)``, ``execute(sql)``."""
    with serving(os.environ.get("PYTEST_XDIST_TESTRUNUID")) as started:
        yield started


@pytest.fixture
def database(server: TestServer) -> Iterator[TestDatabase]:
    """A fresh, empty database with ``name``, ``url`` and ``execute(script)``; dropped after the test."""
    with fresh_database(server) as fresh:
        yield fresh
