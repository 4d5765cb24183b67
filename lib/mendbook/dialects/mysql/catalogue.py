"""The questions that the MySQL and MariaDB dialect puts to information_schema. Statements only; relations.py asks them.

Each answers for all tables at once, a database at a time: neither system is quick to open the description of a table for
every question anew.
"""

from __future__ import annotations

import sqlalchemy as sa

SYSTEM = "('mysql', 'information_schema', 'performance_schema', 'sys')"

#: The tables of every database that the role sees anything of; nothing of them is opened.
NAMES = sa.text(f"""
    SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS name, TABLE_TYPE AS kind, TABLE_SCHEMA = database() AS visible
    FROM information_schema.TABLES
    WHERE TABLE_SCHEMA NOT IN {SYSTEM} ORDER BY 1, 2
""")


def _of(sql: str) -> sa.TextClause:
    """A question about the tables ``:names`` of the database ``:schema``."""
    return sa.text(sql).bindparams(sa.bindparam("names", expanding=True))


TABLES = _of("""
    SELECT TABLE_NAME AS name, ENGINE AS engine, TABLE_ROWS AS estimate FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = :schema AND TABLE_NAME IN :names
""")

#: Columns with what the role may do to them; those to which it has no right at all are not told.
COLUMNS = _of("""
    SELECT TABLE_NAME AS `table`, COLUMN_NAME AS name, lower(DATA_TYPE) AS base, COLUMN_TYPE AS type,
        IS_NULLABLE = 'YES' AS nullable, CHARACTER_SET_NAME AS encoding, COLLATION_NAME AS collation,
        CHARACTER_MAXIMUM_LENGTH AS length, COLUMN_DEFAULT AS `default`, lower(EXTRA) AS extra, lower(PRIVILEGES) AS rights,
        GENERATION_EXPRESSION AS expression
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = :schema AND TABLE_NAME IN :names ORDER BY TABLE_NAME, ORDINAL_POSITION
""")

#: Unique indexes, key by key. ``part``: how many characters of the column stand in it, where not all do.
INDEXES = _of("""
    SELECT TABLE_NAME AS `table`, INDEX_NAME AS name, COLUMN_NAME AS `column`, SUB_PART AS part
    FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = :schema AND TABLE_NAME IN :names AND NON_UNIQUE = 0
    ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX
""")
#: The same on MySQL, where a key may be an expression.
INDEXES_ON_EXPRESSIONS = _of(INDEXES.text.replace("SUB_PART AS part", "SUB_PART AS part, EXPRESSION AS expression"))

#: The foreign keys of some tables, column by column, and what each does when the row that it names goes. Apart: joined, both
#: of these would be worked out for every table there is.
FOREIGN_KEYS = _of("""
    SELECT TABLE_NAME AS `table`, CONSTRAINT_NAME AS name, COLUMN_NAME AS `column`, REFERENCED_TABLE_SCHEMA AS target_schema,
        REFERENCED_TABLE_NAME AS target, REFERENCED_COLUMN_NAME AS target_column
    FROM information_schema.KEY_COLUMN_USAGE
    WHERE TABLE_SCHEMA = :schema AND TABLE_NAME IN :names AND REFERENCED_TABLE_NAME IS NOT NULL
    ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION
""")
ON_DELETE = _of("""
    SELECT TABLE_NAME AS `table`, CONSTRAINT_NAME AS name, lower(DELETE_RULE) AS on_delete
    FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = :schema AND TABLE_NAME IN :names
""")
#: Which tables, of whatever database, refer to which.
REFERRING = sa.text(f"""
    SELECT DISTINCT TABLE_SCHEMA AS `schema`, TABLE_NAME AS name, REFERENCED_TABLE_SCHEMA AS target_schema,
        REFERENCED_TABLE_NAME AS target
    FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_NAME IS NOT NULL AND TABLE_SCHEMA NOT IN {SYSTEM}
""")

TRIGGERS = _of("""
    SELECT EVENT_OBJECT_TABLE AS `table`, TRIGGER_NAME AS name, lower(ACTION_TIMING) AS timing,
        lower(EVENT_MANIPULATION) AS event
    FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = :schema AND EVENT_OBJECT_TABLE IN :names ORDER BY 1, 2
""")

#: Conditions that every row must meet; MariaDB's, and MySQL's, where such a condition knows no table.
CHECKS = _of("""
    SELECT TABLE_NAME AS `table`, CONSTRAINT_NAME AS name, CHECK_CLAUSE AS clause FROM information_schema.CHECK_CONSTRAINTS
    WHERE CONSTRAINT_SCHEMA = :schema AND TABLE_NAME IN :names ORDER BY 1, 2
""")
CHECKS_OF_MYSQL = _of("""
    SELECT t.TABLE_NAME AS `table`, c.CONSTRAINT_NAME AS name, c.CHECK_CLAUSE AS clause
    FROM information_schema.CHECK_CONSTRAINTS c JOIN information_schema.TABLE_CONSTRAINTS t
        ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME AND t.CONSTRAINT_TYPE = 'CHECK'
    WHERE t.TABLE_SCHEMA = :schema AND t.TABLE_NAME IN :names AND t.ENFORCED = 'YES' ORDER BY 1, 2
""")
