"""The three roles that mendbook works with, each with the least rights, as SQL for a database's administrator to read and run.

audit reads; repair writes the columns that repairs write, and adds to the ledger; owner holds the ledger's schema and is used
by nothing that runs. Makes text from the tables and what lies around them, and runs none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mendbook.database import Database, Snapshot
from mendbook.dialects import Relation
from mendbook.errors import ConfigError, Refused
from mendbook.ledger_schema import missing
from mendbook.tables import ProfileTable, Tables, UserTable

PREFIX = "mendbook"
#: PostgreSQL cuts longer names off, without an error.
MOST_BYTES = 63
NO_ROLES = "docs/databases.md tells which rights whoever audits and whoever repairs needs there."
_NAMES = ("audit", "repair", "owner")


@dataclass(frozen=True, slots=True)
class Written:
    """What repairs write in one table: the columns they set in rows that stay, and those of rows that they make (``insert``).

    Undo of a delete brings a whole row back, so that is every column that is not computed, or none where no row ever goes.
    Where they set none, ``update`` holds the key: nobody may lock a row without the right to update a column of it.
    """

    relation: Relation
    update: tuple[str, ...]
    insert: tuple[str, ...] = ()


def take(database: Database, prefix: str = PREFIX) -> dict[str, Any]:
    """{source, database, roles: {audit, repair, owner}, sql} for the database as it is now. Raises ConfigError, MappingError,
    ConnectionFailed."""
    names = role_names(prefix)
    if database.dialect.no_roles:
        raise Refused(f"There is no script of roles for {database.source.name}: {database.dialect.no_roles}.", NO_ROLES)
    with database.snapshot() as bare:
        snapshot = database.with_surroundings(bare)
        text = sql(snapshot, names)
        return {"source": database.source.name, "database": snapshot.server.database, "roles": names, "sql": text}


def role_names(prefix: str) -> dict[str, str]:
    """The roles' names; ConfigError for a prefix that could not begin one."""
    names = {role: f"{prefix}_{role}" for role in _NAMES}
    longest = max(len(name.encode()) for name in names.values())
    if not prefix.strip() or any(sign in prefix for sign in "\x00\n$") or longest > MOST_BYTES:
        raise ConfigError(
            f"Roles cannot be called {names['audit']!r}.",
            f"A name has up to {MOST_BYTES} bytes, without $ or line breaks: --prefix mendbook",
        )
    return names


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


def sql(snapshot: Snapshot, names: Mapping[str, str]) -> str:
    """The whole script. Running it again gives what a later version, mapping or migration needs besides, and takes nothing."""
    audit, repair, owner = (_name(names[role]) for role in _NAMES)
    tables = snapshot.tables
    relations = list({each.relation.identity: each.relation for each in tables.surroundings.tables.values()}.values())
    schemas = ", ".join(sorted({_name(relation.schema) for relation in relations}))
    profiles = [profile.relation.identity for profile in tables.profiles]
    sequences = snapshot.dialect.sequences(snapshot.connection, profiles)
    parts = [
        _head(snapshot.server.database),
        *(_create(names[role]) for role in _NAMES),
        f"GRANT CONNECT ON DATABASE {_name(snapshot.server.database)} TO {audit}, {repair}, {owner};\n",
        *_ledger(snapshot, audit, repair, owner),
        f"-- {audit}: reads, and nothing else.",
        f"GRANT USAGE ON SCHEMA {schemas} TO {audit}, {repair};",
        *(f"GRANT SELECT ON {_table(relation)} TO {audit}, {repair};" for relation in relations),
        *_content_types(snapshot, f"{audit}, {repair}"),
        *_migrations(snapshot, audit),
        f"\n-- {repair}: the columns that repairs write, and rows that an undo brings back. DELETE also lets it lock a table.",
        *(line for each in written(tables) for line in _grants(each, repair)),
        *(f"GRANT USAGE ON SEQUENCE {_name(schema)}.{_name(name)} TO {repair};" for schema, name in sequences),
        *_triggers(relations, repair),
        "\n-- So that it sees how busy the database is, and waits. It reads statistics of other sessions, and changes none.",
        f"GRANT pg_read_all_stats TO {repair};",
    ]
    return "\n".join(parts) + "\n"


def _head(database: str) -> str:
    return f"""\
-- The roles that mendbook uses in the database {_told(database)}. Read it, then run it there as an administrator.
-- None is a superuser, may create roles or databases, or may set session_replication_role. They have no passwords yet:
-- \\password NAME in psql asks for one without showing it. Where row security hides rows, they need BYPASSRLS as well.
"""


def _create(name: str) -> str:
    """A role where there is none; one of that name that may do more than it should stops the script."""
    return f"""\
DO $mendbook$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {_text(name)}) THEN
        CREATE ROLE {_name(name)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
    ELSIF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {_text(name)}
                  AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication)) THEN
        RAISE EXCEPTION '%', 'the role ' || {_text(name)} || ' exists and may do more than it should: choose another --prefix';
    END IF;
END $mendbook$;
"""


def _ledger(snapshot: Snapshot, audit: str, repair: str, owner: str) -> Iterable[str]:
    """The ledger's tables, made by their owner where they are not there, and who may do what with them."""
    database = _name(snapshot.server.database)
    absent = missing(snapshot.connection)
    yield "-- The ledger. Nothing that runs uses its owner; a person does, to purge images or to record exceptions."
    if absent:
        yield f"GRANT CREATE ON DATABASE {database} TO {owner};"
        yield f"GRANT {owner} TO CURRENT_USER;\nSET ROLE {owner};\n"
        yield snapshot.dialect.ledger().sql()
    else:
        yield "-- Its tables are there already, and whoever owns them still does."
    yield f"GRANT USAGE ON SCHEMA mendbook TO {audit}, {repair};"
    yield f"GRANT SELECT ON mendbook.ledger, mendbook.change, mendbook.exceptions TO {audit}, {repair};"
    yield f"GRANT INSERT ON mendbook.ledger, mendbook.change TO {repair};"
    if absent:
        yield f"RESET ROLE;\nREVOKE {owner} FROM CURRENT_USER;\nREVOKE CREATE ON DATABASE {database} FROM {owner};"
    yield ""


def _content_types(snapshot: Snapshot, roles: str) -> Iterable[str]:
    """Django's generic relations name rows by a content type, so whoever looks for references has to read those."""
    schema = snapshot.tables.users.relation.schema
    if snapshot.dialect.generic(snapshot.connection, schema) is not None:
        yield f"GRANT SELECT ON {_name(schema)}.{_name('django_content_type')} TO {roles};"


def _migrations(snapshot: Snapshot, role: str) -> Iterable[str]:
    """Django's record of its migrations tells ``mendbook guard`` which one a new migration follows."""
    called = f"{snapshot.tables.users.relation.schema}.django_migrations"
    relation = snapshot.dialect.catalogue(snapshot.connection, [called]).relations.get(called)
    if relation is not None:
        yield f"GRANT SELECT ON {_table(relation)} TO {role};"


def _grants(rights: Written, role: str) -> Iterable[str]:
    table = _table(rights.relation)
    yield f"GRANT UPDATE ({_listed(rights.update)}) ON {table} TO {role};"
    if rights.insert:
        yield f"GRANT INSERT ({_listed(rights.insert)}), DELETE ON {table} TO {role};"


def _triggers(relations: Sequence[Relation], role: str) -> Iterable[str]:
    """What the administrator has to look at: a trigger runs with the rights of whoever made the change."""
    for relation in relations:
        for trigger in relation.triggers:
            what = f"trigger or rule {_told(trigger.name)} ({trigger.timing} {', '.join(trigger.events)})"
            yield f"-- {_table_told(relation)} has the {what}: unless SECURITY DEFINER, {_told(role)} needs its rights."


def _table(relation: Relation) -> str:
    return f"{_name(relation.schema)}.{_name(relation.name)}"


def _table_told(relation: Relation) -> str:
    return _told(f"{relation.schema}.{relation.name}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_name(name) for name in names)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    # within dollar quotes; a backslash means itself only where standard_conforming_strings says so, hence E''
    return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _told(name: str) -> str:
    """A name within a comment, which ends with its line."""
    return ascii(name)[1:-1]
