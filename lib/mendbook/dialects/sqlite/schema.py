"""Which SQLite file this is, and what its tables are like, as values that a plan is bound to.

A file has no number of its own that a copy would not have too. So a database is the file at its real path, under the number
that its file system gives it (inode): a copy, a moved file and a backup put in its place are others. What was copied over
the very file cannot be told from it; images, schema digests and the ledger's checkpoints are what notices that.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from mendbook.dialects import Moment, Standing
from mendbook.dialects.sqlite.relations import lower
from mendbook.digests import canonical

_TOLD = "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = ? COLLATE NOCASE AND type <> 'view' ORDER BY type, name"
_COLUMNS = 'SELECT cid, name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid'
_REFERRING = (
    'SELECT m.name, k.id, k.seq, k."from", k."to", k.on_update, k.on_delete FROM sqlite_master AS m'
    " JOIN pragma_foreign_key_list(m.name) AS k WHERE m.type = 'table' AND k.\"table\" = ? COLLATE NOCASE ORDER BY 1, 2, 3"
)


def path_of(connection: Connection) -> str:
    """The real path of the file."""
    row = connection.exec_driver_sql("SELECT file FROM pragma_database_list WHERE name = 'main'").one()
    return str(Path(row.file).resolve())


def identity(connection: Connection) -> dict[str, str]:
    """Which database this is: {"system", "database", "number"}."""
    path = path_of(connection)
    return {"system": "sqlite", "database": path, "number": str(Path(path).stat().st_ino)}


def moment(state: str) -> Moment:
    """The time by this machine's clock, for a file has none; the snapshot is the ``state`` that the file was in then."""
    return Moment(datetime.now(UTC), False, "origin", state)


def standing(connection: Connection, state: str) -> Standing:
    """The moment, which file it is, and the number that SQLite counts up with every change of the schema."""
    mark = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    return Standing(moment(state), identity(connection), str(mark))


def schema_digests(connection: Connection, tables: Mapping[str, int]) -> dict[str, str]:
    """The digest of what each table (by the name that plans give it: its identity) is like; a missing one has "missing"."""
    rows = connection.exec_driver_sql("SELECT rowid, name FROM sqlite_master WHERE type = 'table'")
    names: dict[int, str] = {row[0]: row[1] for row in rows}
    return {name: _digest(connection, names.get(number)) for name, number in sorted(tables.items())}


def _digest(connection: Connection, name: str | None) -> str:
    if name is None:
        return "missing"
    lines = [
        [None if each is None else str(each) for each in row]
        for question in (_TOLD, _COLUMNS, _REFERRING)
        for row in connection.exec_driver_sql(question, (name,))
    ]
    return canonical.digest(canonical.line([lower(name), *lines]))
