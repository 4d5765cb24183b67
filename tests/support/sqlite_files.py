"""SQLite files of the tests' own, and mendbook's dialect on them: what a Database would do, without a mapping."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool


def made(file: Path, script: str) -> Path:
    """A new file in which ``script`` was run."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script)
    return file


@contextmanager
def reading(file: Path, seconds: int = 60) -> Iterator[sa.Connection]:
    """A connection in a snapshot."""
    with writing(file, writing=False) as connection, connection.begin() as transaction:
        dialect().begin_snapshot(connection, seconds, None)
        yield connection
        transaction.rollback()


@contextmanager
def repairing(file: Path, lock_seconds: float = 5) -> Iterator[sa.Connection]:
    """A connection in the transaction of a repair; committed where nothing is raised."""
    with writing(file, writing=True) as connection, connection.begin():
        dialect().begin_repair(connection, lock_seconds, 60, 60)
        yield connection


def dialect():
    from mendbook.dialects.sqlite.dialect import SQLite

    return SQLite()


@contextmanager
def writing(file: Path, writing: bool = True) -> Iterator[sa.Connection]:
    """A connection outside of any transaction."""
    url = dialect().url(sa.make_url(f"sqlite:///{file}"))
    engine = sa.create_engine(url, poolclass=NullPool, **dialect().engine_options(url, writing))
    with engine.connect() as connection:
        yield connection


def stored_as(connection: sa.Connection, table: str):
    """The table as plans know it."""
    from mendbook.dialects import Stored

    relation = dialect().catalogue(connection, [table]).relations[table]
    return Stored(table, relation, relation.primary_key)
