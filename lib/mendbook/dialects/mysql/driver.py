"""SQLAlchemy's dialect for MySQL and MariaDB over PyMySQL, with what the finders say and those databases lack.

Whole division and DAMAGE's comparisons (text.py names them) are put into their words here; which
collations a server has for that, and which letters it does not lower, is asked once an engine. It asks nothing else.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.mysql.mysqldb import MySQLCompiler_mysqldb
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql
from sqlalchemy.engine import URL
from sqlalchemy.sql.elements import _anonymous_label

from mendbook.blanks import WHITE_SPACE
from mendbook.dialects.described import Column
from mendbook.dialects.letters import simple_lowercase
from mendbook.dialects.mysql.cursor import StreamingCursor, free
from mendbook.dialects.mysql.types import string, text_of, typed

#: The name of the driver in URLs.
DRIVER = "mysql+mendbook"

#: Collations that compare code point by code point and see blanks at the end; those of MariaDB and of MySQL.
EXACT_MARIADB, EXACT_MYSQL = "utf8mb4_nopad_bin", "utf8mb4_0900_bin"
#: Collations that lower letters, the most complete first; nothing is compared by them.
LOWERING = ("utf8mb4_uca1400_nopad_as_cs", "utf8mb4_0900_as_cs", "utf8mb4_unicode_520_ci")


class Compiler(MySQLCompiler_mysqldb):
    """Puts statements into the words of the server."""

    dialect: MendbookMySQL

    def __init__(self, *args: Any, **kw: Any) -> None:
        self._recursive: set[Any] = set()
        super().__init__(*args, **kw)

    def visit_cte(self, cte: Any, **kw: Any) -> str | None:  # type: ignore[override]  # they are handed on as they are
        """MariaDB works a CTE out anew wherever it is read, unless it is recursive: so those that are meant once are made so.

        Those without a name of their own are read once in any case.
        """
        told = super().visit_cte(cte, **kw)
        every = self.ctes if self.ctes is not None and self.dialect.is_mariadb else {}
        for each in every:
            if each._prefixes and each not in self._recursive and not isinstance(each.name, _anonymous_label):
                self._recursive.add(each)
                name = self.preparer.format_alias(each, str(each.name))
                head, _, rows = every[each].partition(" AS ")
                every[each] = f"{head} AS (SELECT * FROM {rows} AS once UNION ALL SELECT * FROM {name} WHERE false)"
        return told

    def get_cte_preamble(self, recursive: bool) -> str:
        """Those that were made recursive here have to be called so."""
        return "WITH RECURSIVE" if recursive or self._recursive else "WITH"

    def limit_clause(self, select: Any, **kw: Any) -> str:
        """OFFSET 0, by which the finders fence PostgreSQL's planner in, would only make a copy of the rows."""
        offset = select._offset_clause
        if select._limit_clause is None and getattr(offset, "name", "") == "0":
            return ""
        return super().limit_clause(select, **kw)

    def visit_floordiv_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        """Whole division, towards zero."""
        return f"{self.process(binary.left, **kw)} DIV {self.process(binary.right, **kw)}"

    def visit_mendbook_text_func(self, function: Any, **kw: Any) -> str:
        """(value, its type): text that compares code point by code point."""
        value, type_ = function.clauses.clauses
        return text_of(self.process(value, **kw), type_.name, self.dialect.exact)

    def visit_mendbook_typed_func(self, function: Any, **kw: Any) -> str:
        """(text, type, collation): the value that a column of that type has for the text."""
        text, type_, collation = function.clauses.clauses
        own = "" if collation.name == "''" else collation.name
        return f"({typed(self.process(text, **kw), Column('', type_.name, '', True, own))})"

    def visit_mendbook_blank_func(self, function: Any, **kw: Any) -> str:
        """NULL, or nothing but white space. Most values begin with a letter or a digit, which is cheaper to see."""
        value = self.process(function.clauses.clauses[0], **kw)
        text = self._exact(value)
        return f"({value} IS NULL OR (NOT ord({text}) BETWEEN 33 AND 126 AND NOT {text} REGEXP '[^{WHITE_SPACE}]'))"

    def visit_mendbook_fold_func(self, function: Any, **kw: Any) -> str:
        """Trimmed and lowered letter by letter; NULL where blank.

        Values in plain ASCII without a blank at either end, which nearly all are, take a short way.
        """
        text = self._exact(self.process(function.clauses.clauses[0], **kw))
        ends = f"ord({text}) BETWEEN 33 AND 126 AND ord(right({text}, 1)) BETWEEN 33 AND 126"
        plain = f"length({text}) = char_length({text}) AND {ends}"
        trimmed = self._exact(f"regexp_replace({text}, '^[{WHITE_SPACE}]+|[{WHITE_SPACE}]+$', '')")
        lowered = self._lowered(trimmed)
        return f"CASE WHEN {plain} THEN lower({text}) ELSE nullif({lowered}, {self._exact(chr(39) * 2)}) END"

    def _exact(self, sql: str) -> str:
        return f"(convert({sql} USING utf8mb4) COLLATE {self.dialect.exact})"

    def _lowered(self, text: str) -> str:
        lowered = self._exact(f"lower({text} COLLATE {self.dialect.lowering})")
        missing = self.dialect.not_lowered
        if not missing:
            return lowered
        corrected = lowered
        for upper, lower in missing.items():
            corrected = f"replace({corrected}, '{upper}', '{lower}')"
        return f"CASE WHEN {text} REGEXP '[{''.join(missing)}]' THEN {self._exact(corrected)} ELSE {lowered} END"


class MendbookMySQL(MySQLDialect_pymysql):
    """MySQL and MariaDB over PyMySQL. ``exact``, ``lowering`` and ``not_lowered`` are known once it has met a server."""

    statement_compiler = Compiler
    supports_statement_cache = True
    div_is_floordiv = False
    supports_server_side_cursors = True
    _sscursor = StreamingCursor
    exact = EXACT_MARIADB
    lowering = LOWERING[0]
    not_lowered: dict[str, str] = {}

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        free(cursor)
        super().do_execute(cursor, statement, parameters, context)  # type: ignore[no-untyped-call]

    def do_executemany(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        free(cursor)
        super().do_executemany(cursor, statement, parameters, context)

    def do_execute_no_params(self, cursor: Any, statement: Any, context: Any = None) -> None:
        free(cursor)
        super().do_execute_no_params(cursor, statement, context)  # type: ignore[no-untyped-call]

    def initialize(self, connection: Connection) -> None:
        """Ask what the server's collations can do; nothing of it changes while it runs."""
        super().initialize(connection)
        self.exact = EXACT_MARIADB if self.is_mariadb else EXACT_MYSQL
        names = ", ".join(f"'{name}'" for name in LOWERING)
        known = "SELECT COLLATION_NAME FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY"
        # MariaDB gives the newest collations no character set of their own, and another column for the whole name
        column = "FULL_COLLATION_NAME" if self.is_mariadb and self.server_version_info >= (10, 10) else "COLLATION_NAME"
        there = set(
            connection.exec_driver_sql(f"{known.replace('COLLATION_NAME', column, 1)} WHERE {column} IN ({names})").scalars()
        )
        self.learn(connection, next((name for name in LOWERING if name in there), "utf8mb4_general_ci"))
        connection.rollback()

    def learn(self, connection: Connection, lowering: str) -> None:
        """Lower letters by the collation ``lowering``, and find out which ones it does not lower as they should be."""
        pairs = simple_lowercase()
        lowered = connection.exec_driver_sql(
            f"SELECT lower(convert({string(''.join(pairs))} USING utf8mb4) COLLATE {lowering})"
        ).scalar_one()
        told = zip(pairs.items(), str(lowered), strict=True)
        self.lowering = lowering
        self.not_lowered = {upper: lower for (upper, lower), server in told if server != lower}


registry.register("mysql.mendbook", __name__, "MendbookMySQL")


def normalized(url: URL) -> URL:
    """``url`` with this driver and its encoding."""
    own = {"charset": "utf8mb4"}
    if "unix_socket" in url.query:  # nobody listens there, and to prepare for it takes longer than to connect
        own["ssl_disabled"] = "true"
    return url.set(drivername=DRIVER).update_query_dict(own)
