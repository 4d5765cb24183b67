"""How a value of each type of MySQL and MariaDB is told as text, and made of that text again: exact, both ways.

SQL of expressions; nothing here runs. Text is utf8mb4 under the collation that compares code point by code point. Sessions
are pinned (session.py): time zone, sql_mode and encoding are part of what makes the text exact.
"""

from __future__ import annotations

import re

from mendbook.dialects.described import Column

FAMILIES = {
    "integer": {"tinyint", "smallint", "mediumint", "int", "bigint"},
    "number": {"decimal", "double", "float"},
    "text": {"char", "varchar", "tinytext", "text", "mediumtext", "longtext"},
    "uuid": {"uuid"},
    "time": {"datetime", "timestamp", "date"},
}
BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
#: Types whose values are bytes; images tell them as \\x and hexadecimal digits.
BYTES = {
    *("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"),
    *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
    *("geometrycollection", "geomcollection", "vector"),
}
#: What a text is cast to where it is compared with a column of that type.
CASTS = {
    "double": "DOUBLE",
    "float": "DOUBLE",
    "decimal": "DECIMAL(65, 30)",
    "year": "UNSIGNED",
    "bit": "UNSIGNED",
    "date": "DATE",
    "datetime": "DATETIME(6)",
    "timestamp": "DATETIME(6)",
    "time": "TIME(6)",
    "uuid": "UUID",
    "inet6": "INET6",
    "inet4": "INET4",
}


def base(type_: str) -> str:
    """The bare name of a type: ``int`` of ``int(11) unsigned``."""
    found = re.match(r"[a-z0-9]+", type_.lower())
    return found[0] if found else ""


def family(type_: str) -> str:
    """Which family a column of that type is of."""
    if re.match(r"(tinyint|bit)\(1\)", type_):
        return "boolean"
    return next((name for name, types in FAMILIES.items() if base(type_) in types), "other")


def whole(type_: str) -> tuple[int, int] | None:
    """The least and the largest number that a whole number's type holds."""
    bits = BITS.get(base(type_))
    if bits is None or family(type_) == "boolean":
        return None
    return (0, 2**bits - 1) if "unsigned" in type_ else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def string(text: str) -> str:
    """``text`` as a literal, under an sql_mode in which backslashes escape."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''").replace("\0", "\\0") + "'"


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def text_of(value: str, type_: str, exact: str = "") -> str:
    """SQL of the text of ``value`` (SQL), which is of that type, under the collation ``exact`` where one is given."""
    kind = base(type_)
    if kind in BYTES:
        value = f"concat('\\\\x', lower(hex({value})))"
    elif kind == "bit":
        value = f"cast({value} + 0 AS CHAR)"
    elif kind == "float":  # which shows six digits by itself, and all that it holds as a double
        value = f"cast(cast({value} AS DOUBLE) AS CHAR)"
    elif family(type_) != "text" and kind not in ("enum", "set"):
        value = f"cast({value} AS CHAR)"
    text = f"convert({value} USING utf8mb4)"
    return f"({text} COLLATE {exact})" if exact else text


def written(text: str, type_: str) -> str:
    """SQL of what is assigned to a column of that type for its ``text`` (SQL)."""
    kind = base(type_)
    if kind in BYTES:
        return f"unhex(substr({text}, 3))"
    return f"cast({text} AS UNSIGNED)" if kind == "bit" else text


def typed(text: str, column: Column) -> str:
    """SQL of what ``text`` (SQL) is compared with such a column as, so that an index serves; NULL where it cannot be one."""
    kind = base(column.type)
    if kind in BITS:
        sign = "UNSIGNED" if "unsigned" in column.type else "SIGNED"
        return f"CASE WHEN {text} REGEXP '^-?[0-9]{{1,20}}$' THEN cast({text} AS {sign}) END"
    if kind in BYTES:
        return written(text, column.type)
    if kind in ("decimal", "double", "float"):
        return f"CASE WHEN {text} REGEXP '^-?[0-9.]+([eE][-+]?[0-9]+)?$' THEN cast({text} AS {CASTS[kind]}) END"
    if kind in CASTS:
        return f"cast({text} AS {CASTS[kind]})"
    if not column.collation:
        return text
    encoding = column.collation.partition("_")[0]
    own = f"(convert({text} USING {encoding}) COLLATE {column.collation})"
    if encoding.startswith("utf8mb4"):
        return own
    # a letter that the column's encoding lacks would become a question mark there
    return f"CASE WHEN convert(convert({text} USING {encoding}) USING utf8mb4) = {text} THEN {own} END"
