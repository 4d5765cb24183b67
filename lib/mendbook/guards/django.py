"""The guards as a migration of a Django project: the database alone changes, and Django's picture of the models stays as it is.

Makes the text of a file; it neither writes nor runs it. Where the project's migrations stand is read from django_migrations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from mendbook.damage.missing_constraint import Weakness
from mendbook.database import Snapshot
from mendbook.dialects.building import Building, Built
from mendbook.display import inert
from mendbook.errors import ConfigError, Refused, known

#: What Django calls a database, where SQLAlchemy has another name.
VENDORS = {"mariadb": "mysql"}
HINT = "Name the app that shall hold it, and its latest migration: --app LABEL --after NAME (both stand in APP/migrations/)."


@dataclass(frozen=True, slots=True)
class Migration:
    """A migration file: whose it is, which one it follows, what to call it, and its text.

    left_out  table.column of what it does not build, because no statement does
    """

    app: str
    after: str
    name: str
    text: str
    left_out: tuple[str, ...]


def migration(
    snapshot: Snapshot, building: Building, guards: Sequence[tuple[Weakness, Built]], app: str = "", after: str = ""
) -> Migration:
    """The migration of ``guards`` for ``app``, after its migration ``after``; both as the database tells where none is named.

    Raises ConfigError where neither does, and Refused where this role may not read what would tell.
    """
    applied = _applied(snapshot, needed=not (app and after))
    chosen = app or _only_app(snapshot, applied)
    if app and applied and app not in applied and not after:
        raise ConfigError(f"No migration of an app {app!r} has run in this database.", known(app, applied, "app"))
    last = after or _latest(applied, chosen)
    others = {chosen: last}
    for weakness, built in guards:
        owner = _owner(weakness.table, applied)
        if built.statements and owner and owner not in others:
            others[owner] = _latest(applied, owner)
    operations = [_operation(building, weakness, built) for weakness, built in guards if built.statements]
    number = re.match(r"\d+", last)
    name = f"{int(number[0]) + 1:04d}_guard" if number else "guard"
    left_out = tuple(f"{weakness.table}.{weakness.column}" for weakness, built in guards if built.cannot)
    vendor = VENDORS.get(snapshot.connection.dialect.name, snapshot.connection.dialect.name)
    return Migration(chosen, last, name, _text(vendor, others, operations), left_out)


def _applied(snapshot: Snapshot, needed: bool) -> dict[str, list[str]]:
    """The migrations of each app, in the order in which they ran; none where nothing tells and nothing has to."""
    schema = snapshot.tables.users.relation.schema
    called = f"{schema}.django_migrations"
    relation = snapshot.dialect.catalogue(snapshot.connection, [called]).relations.get(called)
    if relation is None or not {"id", "app", "name"} <= relation.columns.keys():
        if needed:
            raise ConfigError(f"This database has no table {called}, which tells where a project's migrations stand.", HINT)
        return {}
    if not relation.readable or not all(relation.columns[each].readable for each in ("id", "app", "name")):
        if needed:
            raise Refused(f"Role {snapshot.server.user} may not read {called}.", f"GRANT SELECT on it. Or: {HINT}")
        return {}
    table = sa.table("django_migrations", sa.column("id"), sa.column("app"), sa.column("name"), schema=schema)
    applied: dict[str, list[str]] = {}
    for row in snapshot.connection.execute(sa.select(table.c.app, table.c.name).order_by(table.c.id)):
        applied.setdefault(str(row.app), []).append(str(row.name))
    return applied


def _only_app(snapshot: Snapshot, applied: dict[str, list[str]]) -> str:
    """The app that the mapped tables belong to; ConfigError where they belong to none of the project's own, or to several."""
    tables = [profile.name for profile in snapshot.tables.profiles] or [snapshot.tables.users.name]
    owners = list(dict.fromkeys(filter(None, (_owner(table, applied) for table in tables))))
    if len(owners) == 1 and owners[0] != "auth":
        return owners[0]
    which = f"several apps: {', '.join(owners)}" if len(owners) > 1 else "no app of the project's own"
    raise ConfigError(f"The mapped tables belong to {which}.", HINT)


def _owner(table: str, applied: dict[str, list[str]]) -> str:
    """The app whose label a table's name begins with, as Django names them: the longest that fits, or none."""
    bare = table.rpartition(".")[2]
    return max((app for app in applied if bare.startswith(f"{app}_")), key=len, default="")


def _latest(applied: dict[str, list[str]], app: str) -> str:
    if app not in applied:
        raise ConfigError(f"No migration of an app {app!r} has run in this database.", known(app, applied, "app"))
    return applied[app][-1]


def _operation(building: Building, weakness: Weakness, built: Built) -> str:
    about = inert(f"{weakness.table}.{weakness.column}: {'; '.join(weakness.reasons)}")
    forward = building.patient((*built.again, *built.statements))
    return (
        f"        # {about}\n        Statements(\n            sql=[\n{_lines(forward)}            ],\n"
        f"            reverse_sql=[\n{_lines(building.patient(built.rollback))}            ],\n        ),\n"
    )


def _lines(statements: Sequence[str]) -> str:
    return "".join(f"                {statement!r},\n" for statement in statements)


def _text(vendor: str, dependencies: dict[str, str], operations: Sequence[str]) -> str:
    named = "".join(f"        ({app!r}, {name!r}),\n" for app, name in dependencies.items())
    done = "".join(operations)
    return f'''\
"""The constraints that the schema lacked, built while everybody goes on writing. Made by `mendbook guard --django`.

It changes the database alone: the models say it already, or cannot. Nothing here runs in a transaction; what an earlier try
has left behind goes first, so it may be run again.
"""

from django.conf import settings
from django.db import migrations


class Statements(migrations.RunSQL):
    """Of one kind of database; on another (the one that tests run on, say) nothing happens."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == {vendor!r}:
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == {vendor!r}:
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY, and a constraint that is validated after it was added
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
{named}    ]
    operations = [
{done}    ]
'''
