"""A case's tables as PostgreSQL has made them, made again on SQLite: the same columns, keys and rows.

Columns are declared as Django declares them there. mendbook's own tables are left out of what is read back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from support.described import Column, Table, Unique, Untranslatable
from support.expressions import translated
from support.row_texts import Dump
from support.translated import WHOLE, default, foreign_key, full_name, quoted, refuse_alike, rows_told, stored_values

#: A random UUID in SQLite's own words.
UUID4 = (
    "(lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8'"
    " || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))"
)


def make_sqlite(tables: Sequence[Table], file: Path) -> str:
    """A new file with these tables; its URL."""
    refuse_alike((table.name for table in tables), "tables")
    statements = [statement for table in tables for statement in _sqlite_table(table)]
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = off")
        connection.execute("BEGIN")
        for statement in statements:
            connection.execute(statement)
        for table in tables:
            names = ", ".join(quoted(column.name) for column in table.written)
            marks = ", ".join("?" for _ in table.written)
            insert = f"INSERT INTO {quoted(table.name)} ({names}) VALUES ({marks})"
            connection.executemany(insert, stored_values(table, infinite=True) if names else [])
            for column in table.columns:
                if column.next and column.next > 1:
                    connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", [table.name])
                    connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", [table.name, column.next - 1])
        connection.execute("COMMIT")
    return f"sqlite:///{file}"


def sqlite_rows(file: Path) -> Dump:
    """Every row of every table, as PostgreSQL's are told: texts by column, in one order."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            " AND name NOT LIKE 'mendbook\\_%' ESCAPE '\\' ORDER BY name"
        )
        return {full_name(name): rows_told(connection.execute(f"SELECT * FROM {quoted(name)}")) for (name,) in names.fetchall()}


def _sqlite_table(table: Table) -> Iterable[str]:
    refuse_alike((column.name for column in table.columns), "columns")
    primary = next((unique for unique in table.uniques if unique.primary), None)
    only = primary.keys[0][0] if primary and len(primary.keys) == 1 else None
    parts = [_sqlite_column(table, column, column.name == only) for column in table.columns]
    if primary and only is None:
        parts.append(f"PRIMARY KEY ({', '.join(quoted(str(name)) for name, _ in primary.keys)})")
    others = [unique for unique in table.uniques if not unique.primary]
    for unique in others:
        if _is_constraint(unique):
            parts.append(f"UNIQUE ({', '.join(quoted(str(name)) for name, _ in unique.keys)})")
    for each in table.references:
        waits = " DEFERRABLE INITIALLY DEFERRED" if each.waits else ""
        parts.append(foreign_key(each, quoted) + waits)
    parts += [f"CHECK ({_in_sqlite(check, table)})" for check in table.checks]
    yield f"CREATE TABLE {quoted(table.name)} ({', '.join(parts)})"
    for unique in others:
        if not _is_constraint(unique):
            keys = ", ".join(quoted(name) if name else _in_sqlite(text, table) for name, text in unique.keys)
            where = f" WHERE {_in_sqlite(unique.predicate, table)}" if unique.predicate else ""
            yield f"CREATE UNIQUE INDEX {quoted(unique.name)} ON {quoted(table.name)} ({keys}){where}"


def _is_constraint(unique: Unique) -> bool:
    """What PostgreSQL has named as it names constraints is one there as well; SQLite keeps the two apart."""
    return unique.name.endswith("_key") and not unique.predicate and all(name for name, _ in unique.keys)


def _sqlite_column(table: Table, column: Column, is_key: bool) -> str:
    """Only a column called INTEGER PRIMARY KEY draws numbers of its own, so others' keys are called int."""
    if column.draws and not (is_key and column.base in WHOLE):
        raise Untranslatable(f"{column.name} draws numbers without being the key")
    size = f"({', '.join(map(str, column.size))})" if column.size and column.base in ("varchar", "bpchar", "numeric") else ""
    kinds = {
        **WHOLE,
        "bool": "bool",
        "varchar": f"varchar{size}",
        "bpchar": f"char{size}",
        "numeric": f"decimal{size}",
        "float4": "real",
        "float8": "real",
        "uuid": "char(36)",
        "timestamptz": "datetime",
        "timestamp": "datetime",
        "date": "date",
        "time": "time",
        "bytea": "BLOB",
        "citext": "text COLLATE NOCASE",
    }
    if column.draws:
        return f"{quoted(column.name)} integer NOT NULL PRIMARY KEY AUTOINCREMENT"
    words = [quoted(column.name), kinds.get(column.base, "text")]
    words += ["NOT NULL"] * (is_key or not column.nullable) + ["PRIMARY KEY"] * is_key
    if column.default is not None:
        words.append(f"DEFAULT {default(_in_sqlite(column.default, table))}")
    if column.generated is not None:
        words.append(f"GENERATED ALWAYS AS ({_in_sqlite(column.generated, table)}) STORED")
    return " ".join(words)


def _in_sqlite(expression: str, table: Table) -> str:
    functions = {"now()": "CURRENT_TIMESTAMP", "gen_random_uuid()": UUID4}
    return translated(expression, {column.name for column in table.columns}, quoted, functions)
