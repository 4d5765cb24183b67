"""The health of a SQLite file, as far as mendbook depends on it: the file and its folder, foreign keys, what is inside.

Reads the file alone, and only so much of it as its size allows in a moment. It mends nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection

from mendbook.dialects.described import Relation
from mendbook.dialects.health import Check, Lack, Look, Right
from mendbook.dialects.sqlite.opening import OLDEST
from mendbook.dialects.sqlite.schema import path_of

#: Larger files are not read through, which takes about a second for as many bytes.
READ_THROUGH = 200_000_000
#: How many things that are wrong with a file are told.
TOLD = 5


class SQLiteHealth:
    """What doctor asks a SQLite file."""

    oldest = ".".join(map(str, OLDEST))
    grants = False

    def looks(self) -> Mapping[str, Look]:
        """Each matter with what looks at it."""
        return {"file": file, "encoding": encoding, "foreign keys": foreign_keys, "time zone": time_zone, "indexes": inside}

    def lacking(self, connection: Connection, rights: Sequence[Right]) -> list[Lack]:
        """Nothing: the file system alone decides, and ``file`` tells of that."""
        return []


def file(connection: Connection, _: Sequence[Relation]) -> Iterator[Check]:
    """Whether this user may write the file and its folder, where its journal goes; and how it is kept."""
    path = Path(path_of(connection))
    mode = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()).upper()
    closed = [str(each) for each in (path, path.parent) if not os.access(each, os.W_OK)]
    told = f"{path}: {path.stat().st_size / 1e6:,.1f} MB, journal mode {mode}"
    if closed:
        yield Check("file", "ok", f"{told}; this user may not write {' nor '.join(closed)}: good for audits, not for repairs")
    else:
        yield Check("file", "ok", f"{told}; this user may write it, and so repair it")


def encoding(connection: Connection, relations: Sequence[Relation]) -> Iterator[Check]:
    """The file's encoding, and the mapped columns that do not tell case apart."""
    caseless = [f"{own.name}.{column.name}" for own in relations for column in own.columns.values() if column.caseless]
    told = str(connection.exec_driver_sql("PRAGMA encoding").scalar_one())
    more = f"; {', '.join(caseless)} by NOCASE, which knows the case of A to Z alone" if caseless else ""
    yield Check("encoding", "ok", told + more)


def foreign_keys(connection: Connection, relations: Sequence[Relation]) -> Iterator[Check]:
    """Whether rows of the mapped tables break a foreign key: SQLite heeds them only where a connection asks it to."""
    broken = []
    for relation in relations:
        if relation.foreign_keys and Path(path_of(connection)).stat().st_size <= READ_THROUGH:
            name = relation.name.replace('"', '""')
            found = connection.exec_driver_sql(f'PRAGMA foreign_key_check("{name}")').fetchmany(1000)
            broken += [f"{len(found)}{'+' if len(found) == 1000 else ''} rows of {relation.name}"] if found else []
    if broken:
        yield Check(
            "foreign keys",
            "warning",
            f"{', '.join(broken)} name rows that are not there",
            "An audit tells which (orphan_profile). Every connection of the application has to say PRAGMA foreign_keys = ON, as"
            " Django's do. What writes without it makes new ones.",
        )
    else:
        yield Check(
            "foreign keys", "ok", "no row of the mapped tables breaks one (they hold only where a connection asks for it)"
        )


def time_zone(_: Connection, relations: Sequence[Relation]) -> Iterator[Check]:
    """The mapped columns whose times name no zone unless they are written with one."""
    times = [f"{own.name}.{column.name}" for own in relations for column in own.columns.values() if column.family == "time"]
    if times:
        yield Check("time zone", "ok", f"{', '.join(times)}: read as UTC wherever no zone stands there, as Django writes them")


def inside(connection: Connection, _: Sequence[Relation]) -> Iterator[Check]:
    """What SQLite finds wrong with tables and indexes, where the file is small enough to be read through."""
    size = Path(path_of(connection)).stat().st_size
    if size > READ_THROUGH:
        hint = "sqlite3 FILE 'PRAGMA integrity_check' takes the time it needs; a broken index lets doubles in without a word."
        yield Check("indexes", "ok", f"the file is too large ({size / 1e6:,.0f} MB) to be read through here", hint)
        return
    wrong = [str(each) for each in connection.exec_driver_sql(f"PRAGMA integrity_check({TOLD})").scalars() if each != "ok"]
    for each in wrong:
        hint = "Copy the file away first. REINDEX mends indexes; for all else, '.recover' of sqlite3, or a backup."
        yield Check("indexes", "failed", f"the file is broken: {each}", hint)
    if not wrong:
        yield Check("indexes", "ok", "every table and index of the file was read through, and is whole")
