"""What differs between databases, and the words in which every one of them describes its catalogue.

A dialect says how its text is compared, how a snapshot is taken and pinned, how rows and the ledger are written, and reads
its catalogue into values (described.py); protocols.py tells what each has to bring. Nothing above this floor knows which
database it talks to: it asks ``of`` a connection, or the Database that it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import cast

from sqlalchemy import Connection
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from mendbook.dialects.building import Building
from mendbook.dialects.described import (
    Catalogue,
    Column,
    ForeignKey,
    Generic,
    Index,
    Moment,
    Pair,
    Pressure,
    Relation,
    Server,
    Standing,
    Stored,
    Tail,
    Trigger,
    Writers,
)
from mendbook.dialects.ledger_words import LedgerWords
from mendbook.dialects.protocols import Dialect, Rows, Steps, TextRules
from mendbook.errors import ConfigError

__all__ = [
    "Catalogue",
    "Column",
    "Dialect",
    "ForeignKey",
    "Generic",
    "Index",
    "LedgerWords",
    "Moment",
    "Pair",
    "Pressure",
    "Relation",
    "Rows",
    "Server",
    "Standing",
    "Steps",
    "Stored",
    "Tail",
    "TextRules",
    "Trigger",
    "Writers",
    "building_of",
    "dialect_of",
    "of",
]

#: The module and class of each dialect, by the name that SQLAlchemy has for its URLs; imported when one is met.
DIALECTS = {
    "postgresql": ("mendbook.dialects.postgresql.dialect", "PostgreSQL"),
    "sqlite": ("mendbook.dialects.sqlite.dialect", "SQLite"),
    "mysql": ("mendbook.dialects.mysql.dialect", "MySQL"),
}
#: Other names that people write.
ALIASES = {"postgres": "postgresql", "mariadb": "mysql"}

#: The module and class that write the statements by which a constraint is built there, by the same names.
BUILDINGS = {
    "postgresql": ("mendbook.dialects.postgresql.building", "PostgreSQLBuilding"),
    "sqlite": ("mendbook.dialects.sqlite.building", "SQLiteBuilding"),
    "mysql": ("mendbook.dialects.mysql.building", "MySQLBuilding"),
    "mariadb": ("mendbook.dialects.mysql.building", "MySQLBuilding"),
}


@cache
def _dialect(backend: str) -> Dialect:
    module, name = DIALECTS[backend]
    return cast(Dialect, getattr(import_module(module), name)())


def of(connection: Connection) -> Dialect:
    """The dialect of the database that ``connection`` is open to."""
    return _dialect(connection.dialect.name)


def building_of(connection: Connection, tables: Sequence[Relation]) -> Building:
    """The statements, as text, that build what ``tables`` lack in the database that ``connection`` is open to."""
    module, name = BUILDINGS[connection.dialect.name]
    return cast(Building, getattr(import_module(module), name)(connection, tables))


def dialect_of(url: str, variable: str) -> tuple[Dialect, URL]:
    """The dialect for a URL, and the URL normalized for its driver; ConfigError where it is none of ours."""
    try:
        if url.partition("?")[0].count("@") > 1 and not url.startswith(
            "sqlite"
        ):  # a raw one in the password: what follows it would be told as the host
            raise ValueError
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        raise ConfigError(
            f"The value of {variable} is not a database URL.",
            f"export {variable}='postgresql://USER:PASSWORD@HOST/DATABASE' (percent-encode special letters).",
        ) from None
    backend = ALIASES.get(backend, backend)
    if backend not in DIALECTS:
        raise ConfigError(
            f"{variable} names a {backend!r} database; mendbook reads PostgreSQL, MySQL, MariaDB and SQLite.",
            f"export {variable}='postgresql://USER:PASSWORD@HOST/DATABASE' (or mysql://.., mariadb://.., sqlite:////PATH).",
        )
    dialect = _dialect(backend)
    return dialect, dialect.url(parsed)
