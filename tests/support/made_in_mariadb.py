"""A case's tables as PostgreSQL has made them, made again on MariaDB: the same columns, keys and rows.

Columns are declared as Django declares them there. mendbook's own tables are left out of what is read back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from support.described import Column, Reference, Table, Untranslatable
from support.expressions import translated
from support.mariadb import MariaDatabase, run
from support.row_texts import Dump
from support.translated import WHOLE, default, foreign_key, full_name, refuse_alike, rows_told, stored_values

#: A random UUID; the server's own uuid() is made of the time and the machine.
UUID4 = (
    "lower(concat(hex(random_bytes(4)), '-', hex(random_bytes(2)), '-4', substr(hex(random_bytes(2)), 2), '-8',"
    " substr(hex(random_bytes(2)), 2), '-', hex(random_bytes(6))))"
)
#: As long as an index of one text column may be, and of several.
LONGEST_KEY, LONGEST_OF_SEVERAL = 700, 190


def make_mariadb(tables: Sequence[Table], database: MariaDatabase) -> str:
    """The tables in an empty database; its URL."""
    by_name = {table.name: table for table in tables}
    statements = [_maria_table(table, tables) for table in tables]
    with closing(database.connect()) as connection:
        for table in tables:
            names = ", ".join(_ticked(column.name) for column in table.written)
            rows = [f"({', '.join(map(_literal, row))})" for row in stored_values(table)]
            if rows and names:
                statements.append(f"INSERT INTO {_ticked(table.name)} ({names}) VALUES {', '.join(rows)}")
        for table in tables:
            for each in table.references:
                _check_types(table, each, by_name[each.table])
                statements.append(f"ALTER TABLE {_ticked(table.name)} ADD {foreign_key(each, _ticked)}")
        run(
            connection,
            ";\n".join(["SET SESSION sql_mode = 'STRICT_ALL_TABLES,PIPES_AS_CONCAT', time_zone = '+00:00'", *statements]),
        )
    return database.url


def mariadb_rows(database: MariaDatabase) -> Dump:
    """Every row of every table, texts by column, in one order; columns that are computed for an index alone are left out."""
    with closing(database.connect()) as connection:
        columns: dict[str, list[str]] = {}
        asked = (
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = database()"
            " AND table_name NOT LIKE 'mendbook\\_%' AND column_name NOT LIKE 'computed for %' ORDER BY 1, ordinal_position"
        )
        for table, column in run(connection, asked):
            columns.setdefault(table, []).append(column)
        told: Dump = {}
        for table, names in columns.items():
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {', '.join(map(_ticked, names))} FROM {_ticked(table)}")
                told[full_name(table)] = rows_told(cursor)
        return told


def _literal(stored: Any) -> str:
    if stored is None or isinstance(stored, int | float):
        return "NULL" if stored is None else repr(stored)
    if isinstance(stored, bytes):
        return f"x'{stored.hex()}'"
    return "'" + stored.replace("\\", "\\\\").replace("'", "''") + "'"


def _maria_table(table: Table, tables: Sequence[Table]) -> str:
    for name in (table.name, *(column.name for column in table.columns)):
        if len(name) > 64 or name != name.strip():
            raise Untranslatable(f"the name {name!r}")
    refuse_alike((column.name for column in table.columns), "columns")
    parts = [_maria_column(table, column, tables) for column in table.columns]
    for unique in table.uniques:
        if unique.predicate:
            raise Untranslatable("indexes of some rows alone")
        keys = []
        for number, (name, text) in enumerate(unique.keys):
            computed = f"computed for {unique.name}"[:60] + str(number)
            keys.append(_ticked(name or computed))
            if name is None:
                kind = f"varchar({LONGEST_OF_SEVERAL})" if re.search(r"lower|upper|trim|''", text, re.IGNORECASE) else "bigint"
                parts.append(f"{_ticked(computed)} {kind} GENERATED ALWAYS AS ({_in_maria(text, table)}) VIRTUAL")
        parts.append(f"{'PRIMARY KEY' if unique.primary else f'UNIQUE KEY {_ticked(unique.name)}'} ({', '.join(keys)})")
    parts += [f"CHECK ({_in_maria(check, table)})" for check in table.checks]
    drawn = next((column.next for column in table.columns if column.next), None)
    return f"CREATE TABLE {_ticked(table.name)} ({', '.join(parts)}) ENGINE=InnoDB AUTO_INCREMENT={drawn or 1}"


def _maria_column(table: Table, column: Column, tables: Sequence[Table]) -> str:
    words = [_ticked(column.name), _maria_type(table, column, tables)]
    if column.generated is not None:
        return " ".join([*words, f"GENERATED ALWAYS AS ({_in_maria(column.generated, table)}) STORED"])
    words.append("NULL" if column.nullable else "NOT NULL")
    if column.draws:
        if not any(unique.keys[0][0] == column.name for unique in table.uniques):
            raise Untranslatable(f"{column.name} draws numbers without being a key")
        if column.nullable:
            raise Untranslatable(f"{column.name} draws numbers and may be NULL")
        words.append("AUTO_INCREMENT")
    if column.default is not None:
        words.append(f"DEFAULT {default(_in_maria(column.default, table))}")
    return " ".join(words)


def _maria_type(table: Table, column: Column, tables: Sequence[Table]) -> str:
    place = table.written.index(column) if column.generated is None else None
    texts = [row[place] or "" for row in table.rows] if place is not None else []
    if column.base in WHOLE:
        return WHOLE[column.base]
    if column.base == "numeric":
        scale = max((len(text.partition(".")[2]) for text in texts), default=0)
        digits, scale = (*column.size, 0)[:2] if column.size else (65, scale)
        if digits > 65 or scale > 38:
            raise Untranslatable("numbers of so many digits")
        return f"decimal({digits}, {scale})"
    if column.base in ("timestamptz", "timestamp"):
        return f"datetime({column.size[0] if column.size else 6})"
    fixed = {"bool": "tinyint(1)", "float4": "double", "float8": "double", "date": "date", "time": "time(6)", "jsonb": "json"}
    if column.base in fixed:
        return fixed[column.base]
    longest = _longest(table, column, tables)
    if column.base == "bytea":
        return f"varbinary({longest})" if longest else "longblob"
    if column.base == "citext":
        return f"varchar({longest or 255}) COLLATE utf8mb4_uca1400_nopad_as_ci"
    if any(len(text) > (longest or len(text)) for text in texts):
        raise Untranslatable(f"{column.name} is too long for an index")
    if column.base == "uuid" or (column.base == "varchar" and column.size and column.size[0] <= (longest or 1000)):
        return "char(36)" if column.base == "uuid" else f"varchar({column.size[0]})"
    return f"varchar({longest})" if longest else "longtext"


def _longest(table: Table, column: Column, tables: Sequence[Table]) -> int:
    """How long a column may be that stands in indexes; 0 where it stands in none and may be as long as it likes."""
    keys = [len(unique.keys) for unique in table.uniques if column.name in [name for name, _ in unique.keys]]
    keys += [len(each.columns) for each in table.references if column.name in each.columns]
    keys += [
        len(each.columns)
        for other in tables
        for each in other.references
        if each.table == table.name and column.name in each.targets
    ]
    return 0 if not keys else LONGEST_KEY if max(keys) == 1 else LONGEST_OF_SEVERAL


def _check_types(table: Table, reference: Reference, other: Table) -> None:
    if reference.on_delete == "SET DEFAULT":
        raise Untranslatable("foreign keys that set a default")
    kinds = [{column.name: column.base for column in each.columns} for each in (table, other)]
    for own, theirs in zip(reference.columns, reference.targets, strict=True):
        if kinds[0][own] != kinds[1][theirs] and not {kinds[0][own], kinds[1][theirs]} <= {"text", "varchar"}:
            raise Untranslatable(f"a foreign key between two types ({own}, {theirs})")


def _in_maria(expression: str, table: Table) -> str:
    functions = {
        "now()": "CURRENT_TIMESTAMP(6)",
        "CURRENT_TIMESTAMP": "CURRENT_TIMESTAMP(6)",
        "gen_random_uuid()": UUID4,
    }
    return translated(expression, {column.name for column in table.columns}, _ticked, functions)


def _ticked(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
