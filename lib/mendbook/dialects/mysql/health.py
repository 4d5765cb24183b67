"""The health of a MySQL or MariaDB, as far as mendbook depends on it: engines, collations, time zone, SQL mode, rights.

Reads information_schema and settings of the server alone. It mends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.dialects.described import Relation
from mendbook.dialects.health import Check, Lack, Look, Right, is_older

_ENGINES = sa.text("""
    SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS name, ENGINE AS engine FROM information_schema.TABLES
    WHERE TABLE_SCHEMA IN :schemas AND TABLE_NAME IN :names
""").bindparams(sa.bindparam("schemas", expanding=True), sa.bindparam("names", expanding=True))
_COLLATED = sa.text("""
    SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS name, COLUMN_NAME AS `column`, COLLATION_NAME AS collation,
        CHARACTER_SET_NAME AS encoding
    FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA IN :schemas AND TABLE_NAME IN :names AND COLLATION_NAME IS NOT NULL
    ORDER BY TABLE_NAME, ORDINAL_POSITION
""").bindparams(sa.bindparam("schemas", expanding=True), sa.bindparam("names", expanding=True))
_SETTINGS = sa.text("""
    SELECT @@global.time_zone AS zone, @@system_time_zone AS `system`, @@global.sql_mode AS mode,
        @@character_set_database AS encoding, @@collation_database AS collation
""")
_COLUMN_RIGHTS = sa.text("""
    SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS name, COLUMN_NAME AS `column`, upper(PRIVILEGES) AS rights
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN :schemas AND TABLE_NAME IN :names
""").bindparams(sa.bindparam("schemas", expanding=True), sa.bindparam("names", expanding=True))
#: What is granted to this user of everything, of databases (by pattern), of tables. Rights of columns stand beside the columns.
_TABLE_RIGHTS = sa.text("""
    SELECT '%' AS `schema`, '%' AS name, PRIVILEGE_TYPE AS privilege FROM information_schema.USER_PRIVILEGES
    WHERE GRANTEE = :grantee
    UNION ALL SELECT TABLE_SCHEMA, '%', PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = :grantee
    UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME, PRIVILEGE_TYPE FROM information_schema.TABLE_PRIVILEGES WHERE GRANTEE = :grantee
""")
_UTC = ("UTC", "+00:00", "GMT", "ETC/UTC")


OLDEST_MARIADB = "10.6"


class MySQLHealth:
    """What doctor asks a MySQL or MariaDB."""

    #: MySQL's; MariaDB's numbers are of another series, and looked at by ``mariadb_version``.
    oldest = "8.0"
    grants = True

    def looks(self) -> Mapping[str, Look]:
        """Each matter with what looks at it."""
        return {
            "server version": mariadb_version,
            "engines": engines,
            "encoding": encoding,
            "time zone": time_zone,
            "sql mode": sql_mode,
        }

    def lacking(self, connection: Connection, rights: Sequence[Right]) -> list[Lack]:
        """The rights that this user does not have. Rights that come by roles are not told by the server, so nothing is said
        where one is in force."""
        if not rights or connection.exec_driver_sql("SELECT current_role()").scalar() not in (None, "", "NONE"):
            return []
        return _lacking(connection, rights)


def _named(relations: Sequence[Relation]) -> dict[str, list[str]]:
    return {"schemas": [each.schema for each in relations] or [""], "names": [each.name for each in relations] or [""]}


def mariadb_version(connection: Connection, _: Sequence[Relation]) -> Iterator[Check]:
    """A MariaDB that is too old; nothing is said of others."""
    version = str(connection.exec_driver_sql("SELECT version()").scalar_one())
    if "MariaDB" in version and is_older(version, OLDEST_MARIADB):
        told = f"MariaDB {version} is older than {OLDEST_MARIADB}, the oldest that mendbook works with"
        yield Check(
            "server version", "failed", told, "Upgrade it, or restore a copy of its data into a newer one and audit that."
        )


def engines(connection: Connection, relations: Sequence[Relation]) -> Iterator[Check]:
    """Tables whose engine knows no transactions: what is repaired there could not be taken back."""
    mapped = {(each.schema, each.name) for each in relations}
    found = [row for row in connection.execute(_ENGINES, _named(relations)) if (row.schema, row.name) in mapped]
    others = [row for row in found if (row.engine or "").lower() != "innodb"]
    for row in others:
        yield Check(
            "engines",
            "warning",
            f"table {row.name} is kept by {row.engine}, not by InnoDB: audited, though not in one moment, and never repaired",
            "Convert it, when the application can bear it.",
            (f"ALTER TABLE {_name(row.schema)}.{_name(row.name)} ENGINE=InnoDB;",),
        )
    if found and not others:
        yield Check("engines", "ok", "every mapped table is kept by InnoDB")


def encoding(connection: Connection, relations: Sequence[Relation]) -> Iterator[Check]:
    """The database's character set and collation, and how each mapped column of text is compared."""
    own = connection.execute(_SETTINGS).one()
    mapped = {(each.schema, each.name): each for each in relations}
    found = [
        row
        for row in connection.execute(_COLLATED, _named(relations))
        if (row.schema, row.name) in mapped and row.column in mapped[row.schema, row.name].columns
    ]
    columns = "; ".join(f"{row.name}.{row.column} by {row.collation}" for row in found)
    narrow = [f"{row.name}.{row.column}" for row in found if not str(row.encoding).startswith(("utf8mb4", "utf16", "utf32"))]
    told = f"{own.encoding}, {own.collation}" + (f"; {columns}" if columns else "")
    if narrow:
        hint = "What somebody typed beyond that may have been stored as '?': two names may have become one. utf8mb4 holds all."
        yield Check("encoding", "warning", f"{told}: {', '.join(narrow)} cannot hold every letter", hint)
    else:
        yield Check("encoding", "ok", told)


def time_zone(connection: Connection, relations: Sequence[Relation]) -> Iterator[Check]:
    """The server's zone, and the mapped columns whose times name none (DATETIME)."""
    own = connection.execute(_SETTINGS).one()
    zone = own.system if own.zone == "SYSTEM" else own.zone
    naive = [
        f"{relation.name}.{column.name}"
        for relation in relations
        for column in relation.columns.values()
        if column.family == "time" and column.type.lower().startswith("datetime")
    ]
    if not naive:
        yield Check("time zone", "ok", f"times name their zone (the server has {zone}; mendbook's sessions have UTC)")
    elif str(zone).upper() in _UTC:
        yield Check("time zone", "ok", f"{', '.join(naive)}: no zone stands there; read as UTC, as the server's own clock is")
    else:
        yield Check(
            "time zone",
            "warning",
            f"{', '.join(naive)}: no zone stands there and it is read as UTC, but the server has {zone}",
            "Does the application write local time there (by now(), say)? Then findings' times are wrong by as much, and logs"
            " will not fit them: map another column as created. If it writes UTC, as Django does, all is well.",
        )


def sql_mode(connection: Connection, _: Sequence[Relation]) -> Iterator[Check]:
    """Whether the server refuses what does not fit, or cuts it off."""
    mode = str(connection.execute(_SETTINGS).one().mode).upper()
    if "STRICT_TRANS_TABLES" in mode or "STRICT_ALL_TABLES" in mode:
        yield Check("sql mode", "ok", "the server refuses values that do not fit their column")
    else:
        yield Check(
            "sql mode",
            "warning",
            "the server cuts off values that do not fit their column, without a word: two names may have become one",
            "Add STRICT_TRANS_TABLES to sql_mode, once the application is known to bear it. mendbook's sessions are strict.",
        )


def _lacking(connection: Connection, rights: Sequence[Right]) -> list[Lack]:
    user, _, host = str(connection.exec_driver_sql("SELECT current_user()").scalar_one()).rpartition("@")
    granted = list(connection.execute(_TABLE_RIGHTS, {"grantee": f"'{user}'@'{host}'"}))
    asked = {"schemas": [right.schema for right in rights], "names": [right.table for right in rights]}
    columns = {
        (row.schema, row.name, row.column): set(str(row.rights).split(",")) for row in connection.execute(_COLUMN_RIGHTS, asked)
    }
    there = {(schema, name) for schema, name, _ in columns}
    grantee = f"{_text(user)}@{_text(host)}"
    lacks = []
    for right in rights:
        whole = any(
            row.privilege.upper() == right.privilege
            and _fits(row.schema, right.schema or right.table)
            and row.name in ("%", right.table)
            for row in granted
        )
        if whole or right.privilege == "USAGE":
            continue
        if right.privilege == "CREATE":
            statement = f"GRANT CREATE ON {_name(right.table)}.* TO {grantee};"
            lacks.append(Lack("CREATE in the database, for the ledger's tables where nobody has made them", statement))
        elif (right.schema, right.table) in there:
            lacks += _lack(right, columns, grantee)
    return list(dict.fromkeys(lacks))


def _lack(right: Right, columns: Mapping[tuple[str, str, str], set[str]], grantee: str) -> list[Lack]:
    """The columns of ``right`` in which it is not granted, or the whole table where it is of no column."""
    table = f"{_name(right.schema)}.{_name(right.table)}"
    missing = [name for name in right.columns if right.privilege not in columns.get((right.schema, right.table, name), set())]
    if not right.columns:
        return [Lack(f"{right.privilege} of {right.table}", f"GRANT {right.privilege} ON {table} TO {grantee};")]
    if not missing:
        return []
    listed = ", ".join(map(_name, missing))
    given = (
        right.privilege
        if right.privilege == "SELECT" and len(missing) == len(right.columns)
        else f"{right.privilege} ({listed})"
    )
    words = ", ".join(f"{right.table}.{name}" for name in missing)
    return [Lack(f"{right.privilege} of {words}", f"GRANT {given} ON {table} TO {grantee};")]


def _fits(pattern: str, name: str) -> bool:
    """Whether a database's name fits the pattern of a grant: % and _ stand for letters unless a backslash is before them."""
    if pattern == "%" or pattern == name:
        return True
    return "%" not in pattern and pattern.replace("\\_", "_").replace("\\%", "%") == name


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
