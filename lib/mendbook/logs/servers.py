"""The messages of MySQL, MariaDB, SQLite, Oracle, SQL Server and MongoDB -> a Fault.

The sentences are those of the servers' own catalogues: MySQL 1062, 1048, 1452; ORA-00001, 01400, 02291, 02292; SQL
Server 2627, 2601, 547, 515; sqlite3.c; E11000. MySQL 1050 and 1061 are not among them on purpose.
"""

from __future__ import annotations

import re
import sys

from mendbook.logs.keys import columns_of, unquoted, without_schema
from mendbook.logs.observation import Fault

_MYSQL_DUPLICATE = re.compile(r"Duplicate entry \\?'(.{0,4000}?)\\?' for key \\?'([^\\\n]{1,300}?)\\?'(?=[^\w]|$)", re.DOTALL)
#: Python shows a driver's error as a tuple, and in it the message as a literal: (1062, "Duplicate entry ..").
_LITERAL = re.compile(r"\(1062, ?[bu]?['\"]$")
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([\\'\"nrt]))")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_MYSQL_NULL = re.compile(r"Column \\?'([^'\\]{1,200})\\?' cannot be null")
_MYSQL_FK = re.compile(r"a foreign key constraint fails \(`[^`]*`\.`([^`]*)`, CONSTRAINT `([^`]*)` FOREIGN KEY \(`([^`)]*)`")
_SQLITE = re.compile(r"(UNIQUE|NOT NULL|FOREIGN KEY) constraint failed(?:: (?:index '([^']{1,200})'|([\w$.\", `]{1,1000})))?")
_ORACLE = re.compile(
    r"ORA-00001: unique constraint \(([^)\s]{1,300})\) violated(?: on table (\S{1,200}) columns \(([^)]{1,500})\))?"
)
_ORACLE_ROW = re.compile(r"row with column values \(([^\n]{0,4000})\) already exists")
_ORACLE_FK = re.compile(r"ORA-0229[12]: integrity constraint \(([^)\s]{1,300})\) violated")
_ORACLE_NULL = re.compile(r"ORA-01400: cannot insert NULL into \(([^)]{1,300})\)")
_MSSQL_KEY = re.compile(
    r"Violation of (?:UNIQUE|PRIMARY) KEY constraint ['\"]([^'\"]{1,200})['\"]\. Cannot insert duplicate key in object ['\"]([^'\"]{1,200})['\"]\."  # noqa: E501
)
_MSSQL_INDEX = re.compile(
    r"Cannot insert duplicate key row in object ['\"]([^'\"]{1,200})['\"] with unique index ['\"]([^'\"]{1,200})['\"]\."
)
_MSSQL_VALUE = re.compile(r"The duplicate key value is \((.{0,2000}?)\)\.(?=\s|$|[\"'\\])", re.DOTALL)
_MSSQL_FK = re.compile(
    r"conflicted with the (?:FOREIGN KEY|REFERENCE) constraint [\"']([^\"']{1,200})[\"']\..{0,200}?table [\"']([^\"']{1,200})[\"'](?:, column '([^']{1,200})')?",  # noqa: E501
    re.DOTALL,
)
_MSSQL_NULL = re.compile(r"Cannot insert the value NULL into column '([^']{1,200})', table '([^']{1,200})'")
_MONGO = re.compile(
    r"E11000 duplicate key error collection: ([\w.$-]{1,200}) index: (\S{1,200}) dup key: \{ ?(.{0,2000}?) ?\}(?=[,\s\"']|$)",
    re.DOTALL,
)


def _mysql(text: str) -> Fault | None:
    match = _MYSQL_DUPLICATE.search(text)
    if match:
        name = match[2]
        table, _, constraint = name.rpartition(".")
        return Fault(
            "unique_violation",
            without_schema(table) if table else None,
            unquoted(constraint),
            key=_unescaped(match[1]) if _LITERAL.search(text, 0, match.start()) else match[1].replace("\\'", "'"),
        )
    match = _MYSQL_NULL.search(text)
    if match:
        return Fault("not_null_violation", columns=(match[1],))
    match = _MYSQL_FK.search(text)
    return Fault("fk_violation", match[1], match[2], (match[3],)) if match else None


def _unescaped(literal: str) -> str:
    """The text that a literal of Python's stands for."""

    def meant(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code is None:
            return _ESCAPED.get(match[4], match[4])
        number = int(code, 16)
        return match[0] if number > sys.maxunicode or 0xD800 <= number < 0xE000 else chr(number)

    return _ESCAPE.sub(meant, literal)


def _sqlite(text: str) -> Fault | None:
    match = _SQLITE.search(text)
    if match is None:
        return None
    kind = {"UNIQUE": "unique_violation", "NOT NULL": "not_null_violation", "FOREIGN KEY": "fk_violation"}[match[1]]
    if match[2]:
        return Fault(kind, constraint=match[2])
    names = [part.strip().rpartition(".") for part in (match[3] or "").split(",") if part.strip()]
    table = unquoted(names[0][0]) if names and names[0][0] else None
    return Fault(kind, table, columns=tuple(unquoted(column) for _, _, column in names))


def _oracle(text: str) -> Fault | None:
    match = _ORACLE.search(text)
    if match:
        row = _ORACLE_ROW.search(text, match.end())
        columns = columns_of(match[3]) if match[3] else ()
        table = without_schema(match[2]) if match[2] else None
        return Fault("unique_violation", table, without_schema(match[1]), columns, row[1] if row else None)
    match = _ORACLE_FK.search(text)
    if match:
        return Fault("fk_violation", constraint=without_schema(match[1]))
    match = _ORACLE_NULL.search(text)
    if match:
        parts = [unquoted(part) for part in match[1].split(".")]
        return Fault("not_null_violation", parts[-2] if len(parts) > 1 else None, columns=(parts[-1],))
    return None


def _sqlserver(text: str) -> Fault | None:
    match = _MSSQL_KEY.search(text)
    table, constraint = (match[2], match[1]) if match else (None, None)
    if match is None:
        match = _MSSQL_INDEX.search(text)
        table, constraint = (match[1], match[2]) if match else (None, None)
    if match and table and constraint:
        value = _MSSQL_VALUE.search(text, match.end())
        return Fault("unique_violation", without_schema(table), constraint, key=value[1] if value else None)
    match = _MSSQL_FK.search(text)
    if match:
        return Fault("fk_violation", without_schema(match[2]), match[1], (match[3],) if match[3] else ())
    match = _MSSQL_NULL.search(text)
    return Fault("not_null_violation", without_schema(match[2]), columns=(match[1],)) if match else None


def _mongo(text: str) -> Fault | None:
    match = _MONGO.search(text)
    if match is None:
        return None
    return Fault("unique_violation", match[1].rpartition(".")[2], match[2], key=match[3])


#: Asked in this order.
SERVERS = (_mysql, _sqlite, _oracle, _sqlserver, _mongo)
