"""Holds a mapping against a real catalogue, of which come the verified tables (tables.py).

A table, or a key, user, username or e-mail column, that does not exist is an error that lists those that do. A column of
another role that does not exist is damage itself: it is kept in ``absent`` and the kinds that need it are left out.
Nothing here queries rows.
"""

from __future__ import annotations

from mendbook.config import Profile, Source, split_reference
from mendbook.dialects import Catalogue, Column, Relation, TextRules
from mendbook.errors import MappingError, known
from mendbook.mapping.tables import Absent, ProfileTable, Tables, UserTable, sql_of
from mendbook.settings.types import Value


def table_names(source: Source) -> list[str]:
    """Every table that the mapping of ``source`` speaks of, as written there."""
    ends = [split_reference(reference) for reference in source.references]
    referring = [name for table, _, target, _ in ends for name in (table, target)]
    names = [source.users.table, *(p.table for p in source.profiles), *referring, *(source.rights or ())]
    return list(dict.fromkeys(names))


def bind(source: Source, catalogue: Catalogue, text: TextRules) -> Tables:
    """The mapping of ``source`` on the tables that the database has; MappingError where it does not fit."""
    absent: list[Absent] = []
    users_mapping = source.users
    relation = _relation(source, catalogue, users_mapping.table, "users")
    for role, column in (
        ("key", users_mapping.key),
        ("username", users_mapping.username),
        ("email", users_mapping.email),
    ):
        _require(source, relation, users_mapping.table, f"users.{role}", column)
    roles = [
        ("created", users_mapping.created),
        ("last_login", users_mapping.last_login),
        ("active", users_mapping.active),
    ]
    roles += [("password", users_mapping.password), *(("privileged", name) for name in users_mapping.privileged)]
    needed = [name for profile in source.profiles for name in profile.required_for or ()]
    roles += [("required_for", name) for name in dict.fromkeys(needed)]
    absent += _absent(relation, users_mapping.table, roles, None)
    users = UserTable(users_mapping.table, relation, sql_of(relation, "u"), users_mapping)
    profiles = []
    for mapping in source.profiles:
        profile, gone = _bind_profile(source, catalogue, mapping, relation)
        profiles.append(profile)
        absent += gone
    _check_references(source, catalogue)
    mapped: list[UserTable | ProfileTable] = [users, *profiles]
    notes = [note for table in mapped for note in _time_notes(table, text)]
    return Tables(users, tuple(profiles), text, tuple(absent), tuple(notes))


def _bind_profile(source: Source, catalogue: Catalogue, mapping: Profile, users: Relation) -> tuple[ProfileTable, list[Absent]]:
    relation = _relation(source, catalogue, mapping.table, f"profile {mapping.name!r}")
    _require(source, relation, mapping.table, f"profiles.{mapping.name}.key", mapping.key)
    _require(source, relation, mapping.table, f"profiles.{mapping.name}.user", mapping.user)
    for name, value in (mapping.required_for or {}).items():
        _check_value(source, mapping, users.columns.get(name), name, value)
    lists = {"filled": mapping.filled, "defaults": mapping.defaults, "codes": mapping.codes, "flags": mapping.flags}
    roles = [("created", mapping.created), *((role, name) for role, names in lists.items() for name in names)]
    profile = ProfileTable(mapping.table, relation, sql_of(relation, f"p{source.profiles.index(mapping)}"), mapping)
    return profile, _absent(relation, mapping.table, roles, mapping.name)


def _relation(source: Source, catalogue: Catalogue, name: str, role: str) -> Relation:
    relation = catalogue.relations.get(name)
    if relation is None:
        elsewhere = catalogue.elsewhere.get(name, ())
        hint = f"It stands in another schema: write {elsewhere[0]!r}." if elsewhere else known(name, catalogue.names, "table")
        raise MappingError(f"Source {source.name!r} maps {role} to table {name!r}, which the database does not have.", hint)
    if relation.kind != "table":
        raise MappingError(
            f"Source {source.name!r} maps {role} to {name!r}, which is a {relation.kind}, not a table.",
            "Damage is found and repaired in tables: map the table that stands behind it.",
        )
    return relation


def _require(source: Source, relation: Relation, table: str, role: str, column: str | None) -> None:
    if column is not None and column not in relation.columns:
        raise MappingError(
            f"Source {source.name!r} maps {role} to column {column!r}, which table {table!r} does not have.",
            known(column, relation.columns, "column"),
        )


def _absent(relation: Relation, table: str, roles: list[tuple[str, str | None]], profile: str | None) -> list[Absent]:
    return [Absent(table, name, role, profile) for role, name in roles if name is not None and name not in relation.columns]


def _check_value(source: Source, mapping: Profile, column: Column | None, name: str, value: Value) -> None:
    """A value that its column could never hold would make every user wrong without a word."""
    if column is None:
        return
    fits = {"boolean": isinstance(value, bool), "integer": isinstance(value, int), "number": isinstance(value, int)}
    if not fits.get(column.family, not isinstance(value, bool)):
        example = {"boolean": "true", "integer": "1", "number": "1"}.get(column.family, '"text"')
        raise MappingError(
            f"Source {source.name!r}, profile {mapping.name!r}: required_for says {name} = {value!r}, "
            f"but that column is {column.type}.",
            f"Write a value of that type, for example {name} = {example}.",
        )


def _check_references(source: Source, catalogue: Catalogue) -> None:
    for reference in source.references:
        table, column, target, target_column = split_reference(reference)
        for name, part in ((table, column), (target, target_column)):
            _require(source, _relation(source, catalogue, name, f"reference {reference!r}"), name, "references", part)
    for name in source.rights or ():
        _relation(source, catalogue, name, "rights")


def _time_notes(table: UserTable | ProfileTable, text: TextRules) -> list[str]:
    created = table.mapping.created
    if created is None or not table.has(created) or text.moment(table.column(created), table.kind(created)) is not None:
        return []
    kind = table.kind(created).type
    return [f"{table.name}.{created} is {kind}, not a time: findings there carry no time of their own."]
