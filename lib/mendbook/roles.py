"""The three roles that mendbook works with, each with the least rights, as SQL for a database's administrator to read and run.

audit reads; repair writes the columns that repairs write, and adds to the ledger; owner holds the ledger and is used by nothing
that runs. Works out what they need from the tables and what lies around them; the dialect makes text of it, and nobody runs it.
"""

from __future__ import annotations

from typing import Any

from mendbook.database import Database, Snapshot
from mendbook.dialects.role_needs import RoleNeeds, Written
from mendbook.errors import ConfigError, Refused
from mendbook.ledger.schema import missing
from mendbook.mapping.tables import ProfileTable, Tables, UserTable

PREFIX = "mendbook"
NO_ROLES = "docs/databases.md tells which rights whoever audits and whoever repairs needs there."
_NAMES = ("audit", "repair", "owner")


def take(database: Database, prefix: str = PREFIX) -> dict[str, Any]:
    """{source, database, roles: {audit, repair, owner}, sql, then} for the database as it is now; ``then`` tells what
    to do with it. Raises ConfigError, MappingError, ConnectionFailed, Refused."""
    dialect = database.dialect
    if dialect.no_roles:
        raise Refused(f"There is no script of roles for {database.source.name}: {dialect.no_roles}.", NO_ROLES)
    names = role_names(prefix, dialect.longest_role)
    with database.snapshot() as bare:
        snapshot = database.with_surroundings(bare)
        told = {"source": database.source.name, "database": snapshot.server.database, "roles": names}
        return {**told, "sql": dialect.roles(needs(snapshot), names), "then": list(dialect.after_roles)}


def role_names(prefix: str, longest: int = 63) -> dict[str, str]:
    """The roles' names; ConfigError for a prefix that could not begin one of at most ``longest`` bytes (PostgreSQL's 63)."""
    names = {role: f"{prefix}_{role}" for role in _NAMES}
    most = max(len(name.encode()) for name in names.values())
    if not prefix.strip() or any(sign in prefix for sign in "\x00\n$") or most > longest:
        raise ConfigError(
            f"Roles cannot be called {names['audit']!r}.",
            f"A name has up to {longest} bytes, without $ or line breaks: --prefix mendbook",
        )
    return names


def needs(snapshot: Snapshot) -> RoleNeeds:
    """What there is to be granted in the database as it is now."""
    tables, dialect, connection = snapshot.tables, snapshot.dialect, snapshot.connection
    relations = {each.relation.identity: each.relation for each in tables.surroundings.tables.values()}
    schema = tables.users.relation.schema
    # Django's generic relations name rows by a content type; its record of migrations tells guard which one a new one follows
    generic = dialect.generic(connection, schema) is not None
    called = f"{schema}.django_migrations"
    migrations = called in dialect.catalogue(connection, [called]).relations
    return RoleNeeds(
        database=snapshot.server.database,
        read=tuple(relations.values()),
        written=tuple(written(tables)),
        shared=((schema, "django_content_type"),) if generic else (),
        audited=((schema, "django_migrations"),) if migrations else (),
        sequences=tuple(dialect.sequences(connection, [profile.relation.identity for profile in tables.profiles])),
        no_ledger=bool(missing(connection)),
    )


def written(tables: Tables) -> list[Written]:
    """What repairs may write: users and profiles, and the tables that refer to them, step by step; the others they may lock."""
    around = tables.surroundings
    update: dict[int, dict[str, None]] = {}
    mapped: list[UserTable | ProfileTable] = [tables.users, *tables.profiles]
    for table in mapped:
        update.setdefault(table.relation.identity, {}).update(dict.fromkeys(_own_columns(tables, table)))
    for reference in around.references:
        update.setdefault(around.relation(reference.table).identity, {}).update(dict.fromkeys(reference.columns))
    found = {}  # two names of the mapping may mean one table
    for stored in around.tables.values():
        relation = stored.relation
        stays = [name for name, column in relation.columns.items() if not column.generated]
        set_there = tuple(name for name in stays if name in update.get(relation.identity, ()))
        whole = tuple(stays) if relation.identity in update else ()
        found[relation.identity] = Written(relation, set_there or stored.key or tuple(stays[:1]), whole)
    return list(found.values())


def _own_columns(tables: Tables, table: UserTable | ProfileTable) -> list[str]:
    """The columns that repairs set in rows that stay."""
    if isinstance(table, UserTable):
        users = table.mapping
        never = {users.key, users.username, users.created, users.last_login, users.password, *users.privileged}
        never |= {name for profile in tables.profiles for name in profile.mapping.required_for or ()}
        return [name for name in table.relation.columns if name not in never]
    own = table.mapping
    filled = own.filled or [name for name in table.relation.columns if name != own.key]
    return [own.user, *filled, *own.codes, *own.flags]
