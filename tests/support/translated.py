"""A case's tables as PostgreSQL has made them, made again on SQLite and on MariaDB: the same columns, keys and rows.

Columns are declared as Django declares them there, and values stand as Django stores them: truth as 0 and 1, times in UTC
without a zone, UUIDs as text. What a database cannot have is refused in words (Untranslatable). Nothing here knows
mendbook, whose own tables are left out of what is read back.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from support.described import Column, Reference, Table, Unique, Untranslatable
from support.expressions import translated
from support.mariadb import MariaDatabase, run
from support.row_texts import Dump, Row

WHOLE = {"int2": "smallint", "int4": "int", "int8": "bigint", "oid": "bigint"}
TEXTS = {"text", "varchar", "bpchar", "name", "citext", "uuid"}
#: A random UUID in SQLite's own words.
UUID4 = (
    "(lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8'"
    " || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))"
)
#: And in MariaDB's, whose uuid() is made of the time and the machine.
UUID4_OF_MARIADB = (
    "lower(concat(hex(random_bytes(4)), '-', hex(random_bytes(2)), '-4', substr(hex(random_bytes(2)), 2), '-8',"
    " substr(hex(random_bytes(2)), 2), '-', hex(random_bytes(6))))"
)
#: As long as an index of one text column may be on MariaDB, and of several.
LONGEST_KEY, LONGEST_OF_SEVERAL = 700, 190


def value(column: Column, text: str | None, infinite: bool = False) -> Any:
    """The value behind a text of PostgreSQL's, as both others take it.

    ``infinite``: any text may stand where a time is expected, and one that is no time is none.
    """
    if text is None:
        return None
    if column.base in WHOLE:
        return int(text)
    if column.base == "bool":
        return int(text == "true")
    if column.base in ("timestamptz", "timestamp", "date"):
        if infinite and text in ("infinity", "-infinity"):
            return text
        if not re.fullmatch(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?(\+00)?)?", text):
            raise Untranslatable(f"the time {text}")
        return text.removesuffix("+00")
    if column.base in ("numeric", "float4", "float8") and not re.fullmatch(r"[-+.\de]+", text):
        raise Untranslatable(f"the number {text}")
    if column.base == "numeric":
        if not column.size and re.fullmatch(r"-?\d+\.\d*0", text):
            raise Untranslatable(f"a number that keeps how it was written ({text})")
        return text
    if column.base in ("float4", "float8"):
        return float(text)
    return bytes.fromhex(text.removeprefix("\\x")) if column.base == "bytea" else text


def _values(table: Table, infinite: bool = False) -> list[list[Any]]:
    return [[value(column, text, infinite) for column, text in zip(table.written, row, strict=True)] for row in table.rows]


def _told_apart(names: Iterable[str], what: str) -> None:
    """Neither database tells columns apart by upper and lower case, and SQLite no tables."""
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise Untranslatable(f"two {what} told apart by upper and lower case ({name})")
        seen.add(name.lower())


# -- SQLite --------------------------------------------------------------------------------------------------------------


def make_sqlite(tables: Sequence[Table], file: Path) -> str:
    """A new file with these tables; its URL."""
    _told_apart((table.name for table in tables), "tables")
    statements = [statement for table in tables for statement in _sqlite_table(table)]
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = off")
        connection.execute("BEGIN")
        for statement in statements:
            connection.execute(statement)
        for table in tables:
            names = ", ".join(_standard(column.name) for column in table.written)
            marks = ", ".join("?" for _ in table.written)
            insert = f"INSERT INTO {_standard(table.name)} ({names}) VALUES ({marks})"
            connection.executemany(insert, _values(table, infinite=True) if names else [])
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
        return {_full(name): _told(connection.execute(f"SELECT * FROM {_standard(name)}")) for (name,) in names.fetchall()}


def _sqlite_table(table: Table) -> Iterable[str]:
    _told_apart((column.name for column in table.columns), "columns")
    primary = next((unique for unique in table.uniques if unique.primary), None)
    only = primary.keys[0][0] if primary and len(primary.keys) == 1 else None
    parts = [_sqlite_column(table, column, column.name == only) for column in table.columns]
    if primary and only is None:
        parts.append(f"PRIMARY KEY ({', '.join(_standard(str(name)) for name, _ in primary.keys)})")
    others = [unique for unique in table.uniques if not unique.primary]
    for unique in others:
        if _is_constraint(unique):
            parts.append(f"UNIQUE ({', '.join(_standard(str(name)) for name, _ in unique.keys)})")
    for each in table.references:
        waits = " DEFERRABLE INITIALLY DEFERRED" if each.waits else ""
        parts.append(_reference(each, _standard) + waits)
    parts += [f"CHECK ({_in_sqlite(check, table)})" for check in table.checks]
    yield f"CREATE TABLE {_standard(table.name)} ({', '.join(parts)})"
    for unique in others:
        if not _is_constraint(unique):
            keys = ", ".join(_standard(name) if name else _in_sqlite(text, table) for name, text in unique.keys)
            where = f" WHERE {_in_sqlite(unique.predicate, table)}" if unique.predicate else ""
            yield f"CREATE UNIQUE INDEX {_standard(unique.name)} ON {_standard(table.name)} ({keys}){where}"


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
        return f"{_standard(column.name)} integer NOT NULL PRIMARY KEY AUTOINCREMENT"
    words = [_standard(column.name), kinds.get(column.base, "text")]
    words += ["NOT NULL"] * (is_key or not column.nullable) + ["PRIMARY KEY"] * is_key
    if column.default is not None:
        words.append(f"DEFAULT {_default(_in_sqlite(column.default, table))}")
    if column.generated is not None:
        words.append(f"GENERATED ALWAYS AS ({_in_sqlite(column.generated, table)}) STORED")
    return " ".join(words)


def _in_sqlite(expression: str, table: Table) -> str:
    functions = {"now()": "CURRENT_TIMESTAMP", "gen_random_uuid()": UUID4}
    return translated(expression, {column.name for column in table.columns}, _standard, functions)


# -- MariaDB -------------------------------------------------------------------------------------------------------------


def make_mariadb(tables: Sequence[Table], database: MariaDatabase) -> str:
    """The tables in an empty database; its URL."""
    by_name = {table.name: table for table in tables}
    statements = [_maria_table(table, tables) for table in tables]
    with closing(database.connect()) as connection:
        for table in tables:
            names = ", ".join(_ticked(column.name) for column in table.written)
            rows = [f"({', '.join(map(_literal, row))})" for row in _values(table)]
            if rows and names:
                statements.append(f"INSERT INTO {_ticked(table.name)} ({names}) VALUES {', '.join(rows)}")
        for table in tables:
            for each in table.references:
                _check_types(table, each, by_name[each.table])
                statements.append(f"ALTER TABLE {_ticked(table.name)} ADD {_reference(each, _ticked)}")
        run(
            connection,
            ";\n".join(["SET SESSION sql_mode = 'STRICT_ALL_TABLES,PIPES_AS_CONCAT', time_zone = '+00:00'", *statements]),
        )
    return database.url


def mariadb_rows(database: MariaDatabase) -> Dump:
    """As sqlite_rows; columns that are computed for an index alone are left out."""
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
                told[_full(table)] = _told(cursor)
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
    _told_apart((column.name for column in table.columns), "columns")
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
        words.append(f"DEFAULT {_default(_in_maria(column.default, table))}")
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
        "gen_random_uuid()": UUID4_OF_MARIADB,
    }
    return translated(expression, {column.name for column in table.columns}, _ticked, functions)


# -- both ----------------------------------------------------------------------------------------------------------------


def _default(expression: str) -> str:
    """Literals as they are; anything else needs brackets on either database."""
    plain = re.fullmatch(r"'[^']*'|-?[\d.]+|\w+(\(6\))?", expression)
    return expression if plain else f"({expression})"


def _reference(each: Reference, quoted: Callable[[str], str]) -> str:
    own, theirs = (", ".join(map(quoted, names)) for names in (each.columns, each.targets))
    return f"FOREIGN KEY ({own}) REFERENCES {quoted(each.table)} ({theirs}) ON DELETE {each.on_delete}"


def _told(cursor: Any) -> list[Row]:
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, map(_text, row), strict=True)) for row in cursor.fetchall()]
    return sorted(rows, key=lambda row: [(text is not None, text or "") for text in row.values()])


def _text(stored: Any) -> str | None:
    """A stored value as text; a text that could be taken for a number is told with its quotes."""
    if stored is None or isinstance(stored, str):
        return f"'{stored}'" if stored and re.fullmatch(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?", stored) else stored
    return f"x'{stored.hex()}'" if isinstance(stored, bytes) else str(stored)


def _full(table: str) -> str:
    """As row_texts names tables."""
    return "public." + (table if re.fullmatch(r"[a-z_][a-z0-9_$]*", table) else _standard(table))


def _standard(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _ticked(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
