"""Random small sources for the property test: a mapping, the tables it speaks of, and rows chosen to be nasty.

Values come from small alphabets, so that codes repeat, names chain and keys dangle often. Constraints are tried after
the rows are in: one that the rows break is left out, as it would be in a real database of such rows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from hypothesis import strategies as st
from psycopg2 import sql

LETTERS = "aAéÉßẞσςΣİIıiKkK" + "'\"%\\:@" + "\u0301\u200b"
SPACES = " \t\n\u0085\u00a0\u1680\u2003\u2028\u202f\u3000"
KEYS: dict[str, list[str]] = {
    "integer": [str(number) for number in (-2, -1, 0, 1, 2, 3, 7, 9, 10, 11, 100)],
    "bigint": [str(number) for number in (-5, 1, 2, 9, 10, 4294967297, 9223372036854775807)],
    "uuid": [f"{first}0000000-0000-0000-0000-00000000000{last}" for first in "09af" for last in "1a"],
    "text": ["a", "B", "A", "é", "10", "9", "007", "7", "o'x", '"', "%s", "ａ", "😀", "a b", "\u00a0"],
    "varchar(12)": ["x", "X", "10", "9", "1", "z", "Z", "\\", "ß"],
}
TIMES = [
    None,
    "infinity",
    "-infinity",
    "2024-01-01 00:00:00+00",
    "2024-01-01 05:00:00.123456+05",
    "2024-02-29 23:59:59.999999-11",
    "2023-12-31 12:00:00+00",
    "1969-07-20 20:17:40+00",
    "0001-01-01 00:00:00+00",
]
PERSON_COLUMNS = {"is_staff": "boolean", "level": "integer", "Role": "text"}
REQUIRED = {"is_staff": [True, False], "level": [0, 1], "Role": ["a", "A", "o'x"]}
FILLED = {"phone": "text", "post address": "varchar(20)", "age": "integer"}
CODES = {"barcode": "text", "badge": "char(4)", "serial": "bigint"}
FLAGS = {"can_invite": "boolean", "mode": "text"}
DRAWN = {"barcode": "uuid4", "badge": "ST-{n:06d}", "serial": "sequence"}


@dataclass
class MadeTable:
    """A table as it will be: its columns by type, its rows as text, the statements to try once they are in."""

    name: str
    columns: dict[str, str]
    rows: list[tuple[str | None, ...]] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)


@dataclass
class Source:
    """A mapping and its tables, the users' first; ``schema`` holds them all."""

    schema: str
    mapping: dict[str, Any]
    tables: list[MadeTable]

    def mapping_text(self) -> str:
        lines = ['[sources.case]\nurl_env = "CASE_URL"\n\n[sources.case.users]']
        lines += [f"{name} = {toml(value)}" for name, value in self.mapping["users"].items()]
        for profile in self.mapping["profiles"]:
            lines += ["\n[[sources.case.profiles]]"]
            lines += [f"{name} = {toml(value)}" for name, value in profile.items()]
        return "\n".join(lines) + "\n"


def toml(value: Any) -> str:
    """JSON's strings, numbers and lists are TOML's too; tables are not."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {toml(item)}" for name, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def spellings() -> st.SearchStrategy[str | None]:
    """Short texts that often differ in case or white space alone, and blanks of every making."""
    core = st.one_of(st.text(LETTERS, max_size=2), st.sampled_from(["ann", "Ann", "aNN", "é", "e\u0301", "straße"]))
    edge = st.text(SPACES, max_size=2)
    return st.one_of(st.none(), edge, core, st.builds("{}{}{}".format, edge, core, edge))


def values(kind: str) -> st.SearchStrategy[str | None]:
    """Values of a column of a type, in text form; few enough to repeat."""
    if kind == "boolean":
        return st.sampled_from([None, "true", "false"])
    if kind in ("integer", "bigint"):
        return st.sampled_from([None, "0", "1", "2"])
    if kind in ("timestamptz", "timestamp", "date"):
        return st.sampled_from(TIMES)
    if kind == "char(4)":
        return st.sampled_from([None, "", "  ", "a", "a ", "A", " a", "\u00a0"])
    return st.one_of(spellings(), st.sampled_from(["a", "A", "a ", "o'x", "7"]))


@st.composite
def created(draw: Any, mapped: dict[str, Any], columns: dict[str, str]) -> None:
    """A created column of some type, one that is mapped but not there, or none at all."""
    kind = draw(st.sampled_from(["timestamptz", "timestamp", "date", "not there", "not mapped"]))
    if kind != "not mapped":
        mapped["created"] = "Created At"
    if kind.startswith(("time", "date")):
        columns["Created At"] = kind


@st.composite
def some(draw: Any, pool: dict[str, str], columns: dict[str, str]) -> list[str]:
    """Some names of the pool to map. Most of them join the table's columns; one in eight is not there."""
    chosen = [name for name in sorted(pool) if draw(st.integers(0, 2))]
    for name in chosen:
        if draw(st.integers(0, 7)) != 7:
            columns[name] = pool[name]
    return chosen


def some_keys(kind: str) -> st.SearchStrategy[list[str]]:
    """Distinct keys of a type, seldom so few that nothing can happen among them."""
    pool = st.sampled_from(KEYS[kind])
    return st.one_of(*(st.lists(pool, unique=True, min_size=least, max_size=9) for least in (5, 3, 0)))


@st.composite
def users(draw: Any, schema: str) -> tuple[dict[str, Any], MadeTable]:
    key_type = draw(st.sampled_from(sorted(KEYS)))
    table = MadeTable(draw(st.sampled_from(["person", "The Users", "p.q", 'x"; drop'])), {"Id": key_type})
    mapped: dict[str, Any] = {"table": f"{schema}.{table.name}", "key": "Id"}
    for role, kind in (("username", "text"), ("email", draw(st.sampled_from(["text", "varchar(60)", "char(9)"])))):
        if draw(st.integers(0, 4)):
            mapped[role] = f"the {role}"
            table.columns[mapped[role]] = kind
            table.constraints += draw(indexes(schema, table.name, mapped[role], "lower({0})"))
    draw(created(mapped, table.columns))
    draw(some(PERSON_COLUMNS, table.columns))
    keys = draw(some_keys(key_type))
    others = st.tuples(*(values(kind) for kind in list(table.columns.values())[1:]))
    table.rows = [(key, *draw(others)) for key in keys]
    return mapped, table


@st.composite
def indexes(draw: Any, schema: str, table: str, column: str, extra: str = "{0}") -> list[str]:
    """An index on a column or none, from what constrains it to what only looks so."""
    trimmed = extra.replace("{0}", "btrim({0}::text)")
    key = draw(st.sampled_from(["{0}", extra, extra.replace("lower", "upper"), trimmed, '{0}, "Id"']))
    predicates = ["", "", " WHERE {0} IS NOT NULL", " WHERE {0}::text <> 'a'", ' WHERE "Id" IS NOT NULL']
    where = draw(st.sampled_from(predicates))
    unique = draw(st.sampled_from(["UNIQUE ", "UNIQUE ", ""]))
    name = quoted(column)
    made = f"CREATE {unique}INDEX ON {quoted(schema)}.{quoted(table)} ({key.format(name)}){where.format(name)}"
    return [made] if draw(st.booleans()) else []


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@st.composite
def profile(draw: Any, number: int, schema: str, user_table: MadeTable) -> tuple[dict[str, Any], MadeTable]:
    key_type, users_type = draw(st.sampled_from(sorted(KEYS))), user_table.columns["Id"]
    owner_type = draw(st.sampled_from([users_type, users_type, "text", "varchar(40)"]))
    if users_type == "integer":
        owner_type = draw(st.sampled_from([owner_type, "bigint"]))
    table = MadeTable(f"Profile {number}", {"Id": key_type, "user": owner_type})
    written = f"{schema}.{table.name}"
    mapped: dict[str, Any] = {"name": f"profile{number}", "table": written, "key": "Id", "user": "user"}
    draw(created(mapped, table.columns))
    if draw(st.integers(0, 2)):
        names = draw(st.lists(st.sampled_from(sorted(REQUIRED)), unique=True, min_size=1, max_size=2))
        there = [name for name in names if name in user_table.columns] or names
        names = names if draw(st.integers(0, 5)) == 0 else there
        mapped["required_for"] = {name: draw(st.sampled_from(REQUIRED[name])) for name in names}
    for role, pool in (("filled", FILLED), ("codes", CODES), ("flags", FLAGS)):
        if chosen := draw(some(pool, table.columns)):
            mapped[role] = chosen if role == "filled" else {name: DRAWN.get(name, False) for name in chosen}
    for column in ("user", *(name for name in mapped.get("codes", {}) if name in table.columns)):
        table.constraints += draw(indexes(schema, table.name, column))
    refers = f'FOREIGN KEY ("user") REFERENCES {quoted(schema)}.{quoted(user_table.name)} ({quoted("Id")})'
    if owner_type in (users_type, "bigint"):
        forms = st.sampled_from([f"{refers} NOT VALID", refers, refers])
        added = draw(st.lists(forms, max_size=2))
        table.constraints += [f"ALTER TABLE {quoted(schema)}.{quoted(table.name)} ADD {form}" for form in added]
    keys = draw(some_keys(key_type))
    others = st.tuples(*(values(kind) for kind in list(table.columns.values())[2:]))
    owners = owner_values(users_type, owner_type, [str(row[0]) for row in user_table.rows])
    table.rows = [(key, draw(owners), *draw(others)) for key in keys]
    return mapped, table


def owner_values(users_type: str, owner_type: str, keys: list[str]) -> st.SearchStrategy[str | None]:
    """What a user column holds: mostly keys that exist, else keys that may not, NULL, or a key's other spelling."""
    strategies: list[st.SearchStrategy[str | None]] = [st.none(), st.sampled_from(KEYS[users_type])]
    if keys:
        strategies += [st.sampled_from(keys)] * 4
    if owner_type in ("text", "varchar(40)"):
        misspelt = ["{} ", " {}", "0{}", "\u00a0{}", "+{}"]
        strategies.append(st.builds(str.format, st.sampled_from(misspelt), st.sampled_from(keys or ["1"])))
        strategies.append(st.sampled_from(["", "none", "A0000000-0000-0000-0000-00000000000A"]))
    return st.one_of(strategies)


@st.composite
def sources(draw: Any) -> Source:
    schema = draw(st.sampled_from(["example", "Example Two", "it's"]))
    mapped, table = draw(users(schema))
    profiles = [draw(profile(number, schema, table)) for number in range(draw(st.sampled_from([1, 2, 2, 0])))]
    mapping = {"users": mapped, "profiles": [each for each, _ in profiles]}
    return Source(schema, mapping, [table, *(made for _, made in profiles)])


def load(connection: Any, source: Source) -> None:
    """The source's tables, in a schema that replaces the last source's; ``connection`` commits by itself."""
    with connection.cursor() as cursor:
        for name in ("example", "Example Two", "it's"):
            cursor.execute(f"DROP SCHEMA IF EXISTS {quoted(name)} CASCADE")
        cursor.execute(f"CREATE SCHEMA {quoted(source.schema)}")
        for table in source.tables:
            named = sql.Identifier(source.schema, table.name).as_string(cursor)
            columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in table.columns.items())
            cursor.execute(f'CREATE TABLE {named} ({columns}, PRIMARY KEY ("Id"))')
            marks = ", ".join(f"%s::{kind}" for kind in table.columns.values())
            for row in table.rows:
                cursor.execute(f"INSERT INTO {named} VALUES ({marks})", row)
        for statement in (statement for table in source.tables for statement in table.constraints):
            try:
                cursor.execute(statement)
            except psycopg2.IntegrityError:
                continue
