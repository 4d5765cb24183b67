"""The oracle's reading of missing_constraint: the catalogue's indexes and foreign keys, judged in plain Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from finding import Finding
from oracle_tables import Table

INDEXES = """
SELECT i.indisvalid AND i.indisready, i.indisunique, i.indnkeyatts, i.indkey[0],
       pg_get_indexdef(i.indexrelid, 1, true), pg_get_expr(i.indpred, i.indrelid), i.indcollation[0]
FROM pg_index i WHERE i.indrelid = %s
"""

#: conenforced came with PostgreSQL 18; read through JSON it is null, which counts as enforced, before.
FOREIGN_KEYS = """
SELECT c.conkey, c.confrelid, c.confkey, c.convalidated, coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true)
FROM pg_constraint c WHERE c.conrelid = %s AND c.contype = 'f'
"""

HEIRS = "SELECT FROM pg_inherits JOIN pg_class ON oid = inhparent AND relkind = 'r' WHERE inhparent = %s"
COLUMNS = "SELECT attname, attnum FROM pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped"


@dataclass
class Index:
    valid: bool
    unique: bool
    key_columns: int
    first_column: int
    first_key: str
    predicate: str | None
    collation: int


@dataclass
class ForeignKey:
    columns: list[int]
    refers_to: int
    referred: list[int]
    validated: bool
    enforced: bool


class Schema:
    """The indexes, foreign keys and column numbers of one table."""

    def __init__(self, cursor: Any, table: Table) -> None:
        self.cursor, self.table = cursor, table
        cursor.execute(INDEXES, (table.oid,))
        self.unique_indexes = [index for index in (Index(*row) for row in cursor.fetchall()) if index.unique]
        cursor.execute(FOREIGN_KEYS, (table.oid,))
        self.foreign_keys = [ForeignKey(*row) for row in cursor.fetchall()]
        cursor.execute(HEIRS, (table.oid,))
        if cursor.fetchone() is not None:  # what binds the table's own rows does not bind those of its heirs
            self.unique_indexes, self.foreign_keys = [], []
        cursor.execute(COLUMNS, (table.oid,))
        self.number = dict(cursor.fetchall())

    def printed(self, column: str) -> str:
        """The column's name as the catalogue prints it in expressions."""
        self.cursor.execute("SELECT quote_ident(%s)", (column,))
        return without_casts(self.cursor.fetchone()[0])

    def plain(self, column: str) -> list[Index]:
        """Unique indexes whose only key is the column itself; an expression's column number is 0."""
        number = self.number[column]
        return [index for index in self.unique_indexes if index.key_columns == 1 and index.first_column == number]

    def counts(self, index: Index, column: str) -> bool:
        """Whether a unique index holds for every value of the column that there can be two of."""
        return index.valid and excludes_only_nothing(index.predicate, self.printed(column))

    def has_unique(self, column: str) -> bool:
        return any(self.counts(index, column) for index in self.plain(column))

    def has_caseless_unique(self, column: str) -> bool:
        for index in self.unique_indexes:
            if index.key_columns == 1 and self.counts(index, column) and self.is_caseless(index, column):
                return True
        return False

    def is_caseless(self, index: Index, column: str) -> bool:
        if index.first_column == self.number[column]:
            return self.table.types[column] == "citext" or self.collation_is_caseless(index.collation)
        bare = re.escape(self.printed(column))
        one = rf"\(*{bare}\)*"
        trimmed = rf"(?:btrim\({one}\)|TRIM\(BOTH FROM {one}\))"
        key = re.sub(r" COLLATE [^\s()]+", "", without_casts(index.first_key))
        return re.fullmatch(rf"(?:lower|upper)\((?:{one}|\(*{trimmed}\)*)\)", key) is not None

    def collation_is_caseless(self, collation: int) -> bool:
        if not collation:
            return False
        self.cursor.execute(
            "SELECT format('%%I.%%I', n.nspname, c.collname) FROM pg_collation c "
            "JOIN pg_namespace n ON n.oid = c.collnamespace WHERE c.oid = %s AND NOT c.collisdeterministic",
            (collation,),
        )
        nondeterministic = self.cursor.fetchone()
        if nondeterministic is None:
            return False
        self.cursor.execute(f"SELECT 'a' = 'A' COLLATE {nondeterministic[0]}")
        return bool(self.cursor.fetchone()[0])

    def user_column_is_bound(self, column: str, users: Schema, key: str) -> bool:
        """Unique and referring to the users' key, with nothing half-made beside."""
        number = self.number[column]
        towards_users = [key for key in self.foreign_keys if key.columns == [number] and key.refers_to == users.table.oid]
        holding = [
            foreign
            for foreign in towards_users
            if foreign.validated and foreign.enforced and foreign.referred == [users.number[key]]
        ]
        half_made = any(not index.valid for index in self.plain(column)) or any(
            not foreign.validated for foreign in towards_users
        )
        return self.has_unique(column) and bool(holding) and not half_made


def without_casts(expression: str) -> str:
    return re.sub(r"::(text|character varying|bpchar|citext|character)(\(\d+\))?", "", expression)


def excludes_only_nothing(predicate: str | None, name: str) -> bool:
    """Whether a partial index leaves out at most the rows in which the column of that printed name is NULL, '' or blanks."""
    if predicate is None:
        return True
    conditions = [without_casts(part).replace("(", "").replace(")", "") for part in predicate.split(" AND ")]
    nothing = (f"{name} IS NOT NULL", f"{name} <> ''", f"btrim{name} <> ''", f"TRIMBOTH FROM {name} <> ''")
    return all(condition in nothing for condition in conditions)


def missing_constraints(connection: Any, mapping: dict[str, Any], users: Table, profiles: list[Table]) -> Iterator[Finding]:
    """One finding for each column that wants a constraint, or is mapped and not there."""
    with connection.cursor() as cursor:
        mapped = mapping["users"]
        users_schema = Schema(cursor, users)
        for column in unbound_user_columns(mapping, users_schema):
            yield finding(None, mapped["table"], column)
        for profile, table in zip(mapping.get("profiles", []), profiles, strict=True):
            schema = Schema(cursor, table)
            for column in unbound_profile_columns(profile, schema, users_schema, mapped["key"]):
                yield finding(profile["name"], profile["table"], column)


def unbound_user_columns(mapping: dict[str, Any], schema: Schema) -> set[str]:
    mapped = mapping["users"]
    names = {mapped[role] for role in ("username", "email") if role in mapped}
    columns = {column for column in names if not schema.has_caseless_unique(column)}
    others = [mapped[role] for role in ("created", "last_login", "active", "password") if role in mapped]
    others += mapped.get("privileged", [])
    for profile in mapping.get("profiles", []):
        others += profile.get("required_for", {})
    return columns | {column for column in others if column not in schema.number}


def unbound_profile_columns(profile: dict[str, Any], schema: Schema, users: Schema, users_key: str) -> set[str]:
    columns = set()
    if not schema.user_column_is_bound(profile["user"], users, users_key):
        columns.add(profile["user"])
    for code in profile.get("codes", {}):
        if code in schema.number and not schema.has_unique(code):
            columns.add(code)
    others = [profile["created"]] if "created" in profile else []
    for role in ("filled", "defaults", "codes", "flags"):
        others += profile.get(role, [])
    return columns | {column for column in others if column not in schema.number}


def finding(profile: str | None, table: str, column: str) -> Finding:
    about = f"{table}.{column}"
    return Finding("missing_constraint", profile, about, table, about, None, None)
