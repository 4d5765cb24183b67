"""What doctor says of rights: what the role that audits and the role that repairs lack, for which verb, and the GRANT for each.

Asks the catalogue, as the role itself. It grants nothing and tries nothing out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

from mendbook.config import Settings, Source, url_variable, value_of
from mendbook.database import Database, Snapshot
from mendbook.dialects import Catalogue, Dialect, Relation
from mendbook.dialects.health import Check, Lack, Right
from mendbook.doctor.tables import every_relation
from mendbook.errors import MendbookError
from mendbook.ledger.schema import missing
from mendbook.mapping.binding import table_names
from mendbook.mapping.tables import Tables
from mendbook.roles import written

#: How many rights are told in words; all of them stand in the statements.
SHOWN = 5


def closed_schemas(database: Database, connection: Connection, catalogue: Catalogue, user: str) -> Iterator[Check]:
    """Mapped tables in a schema that the role may not look into: by their bare names they seem not to be there."""
    hidden = [
        (name, each.partition(".")[::2])
        for name in table_names(database.source)
        if name not in catalogue.relations
        for each in catalogue.elsewhere.get(name, ())
    ]
    rights = [Right("SELECT", schema, table) for _, (schema, table) in hidden]
    lacks = [lack for lack in database.dialect.health().lacking(connection, rights) if lack.words.startswith("USAGE")]
    if lacks:
        names = ", ".join(dict.fromkeys(name for name, _ in hidden))
        told = f"role {user} lacks {_listed(lacks)}, where {names} may be: without it they cannot be found"
        yield Check("rights", "failed", told, f"An administrator grants it. {_printed(database.dialect)}", _statements(lacks))


def audit_rights(database: Database, snapshot: Snapshot) -> Iterator[Check]:
    """What the role of ``url_env`` lacks: for an audit, for a plan, and for what else reads; and whether it may do too much."""
    if not snapshot.dialect.health().grants:
        yield Check("rights", "ok", snapshot.dialect.no_roles)
        return
    server, relations = snapshot.server, every_relation(snapshot)
    unreadable = snapshot.tables.unreadable()
    if unreadable:
        lacks = _lacking(snapshot, _audited(snapshot.tables))
        hint = "An administrator grants it; GRANT SELECT is all that an audit needs."
        told = f"role {server.user} may not read {', '.join(unreadable)}"
        yield Check("rights", "failed", told, hint, _statements(lacks))
    elif server.superuser or any(relation.writable for relation in relations):
        hint = "An audit needs no more than SELECT on the mapped tables: give it a role of its own."
        yield Check("rights", "warning", f"role {server.user} may write", f"{hint}{_printed(database.dialect)}")
    else:
        yield Check("rights", "ok", f"role {server.user} may read the mapped tables and write none of them")
    try:
        whole = database.with_surroundings(snapshot)
    except MendbookError as error:  # an audit can be made all the same
        yield Check("plan rights", "warning", error.message, error.hint)
    else:
        words = "a plan needs it to see whole rows and what refers to them"
        yield from _for_a_verb(database, whole, "plan rights", words, _planned(whole))
    if not missing(snapshot.connection):
        words = "the ledger and the pairs that are no double cannot be read"
        yield from _for_a_verb(database, snapshot, "ledger rights", words, _ledger(snapshot, "SELECT"))


def _audited(tables: Tables) -> list[Right]:
    """What an audit reads of the tables where it may not, with the columns that are open: they tell a table that is closed as
    a whole from one of which a few columns are missing."""
    relations = {table.name: table.relation for table in (tables.users, *tables.profiles)}
    wanted: dict[str, list[str]] = {}
    for table, _, column in (each.rpartition(".") for each in tables.unreadable()):
        wanted.setdefault(table, []).append(column)
    return [
        Right("SELECT", own.schema, own.name, tuple(dict.fromkeys([*columns, *_open(own)])))
        for table, columns in wanted.items()
        for own in [relations[table]]
    ]


def _open(relation: Relation) -> list[str]:
    return [column.name for column in relation.columns.values() if column.readable]


def _planned(snapshot: Snapshot) -> list[Right]:
    """What planning and repairing read: all columns of every table that a change may touch."""
    tables = {stored.relation.identity: stored.relation for stored in snapshot.tables.surroundings.tables.values()}
    rights = [Right("SELECT", each.schema, each.name, tuple(each.columns)) for each in tables.values()]
    schema = snapshot.tables.users.relation.schema
    if snapshot.dialect.generic(snapshot.connection, schema) is not None:
        rights.append(Right("SELECT", schema, "django_content_type"))
    return rights


def _for_a_verb(database: Database, snapshot: Snapshot, name: str, why: str, rights: Sequence[Right]) -> Iterator[Check]:
    lacks = _lacking(snapshot, rights)
    if lacks:
        told = f"role {snapshot.server.user} lacks {_listed(lacks)}: {why}"
        hint = f"An administrator grants it where that is wanted.{_printed(database.dialect)}"
        yield Check(name, "warning", told, hint, _statements(lacks))


def _printed(dialect: Dialect) -> str:
    """Where all rights that are needed stand, for databases that mendbook has a script for."""
    return "" if dialect.no_roles else " 'mendbook roles SOURCE' prints all three roles with what they need."


def repair_rights(source: Source, settings: Settings, audited: Database) -> Iterator[Check]:
    """What the role that applies lacks, seen as that role; and that it is at home in the very database that is audited."""
    variable = url_variable(source, "repair")
    if not audited.dialect.health().grants:
        return
    if source.repair_url_env is None:
        hint = f"For repairs, name one: repair_url_env in [sources.{source.name}].{_printed(audited.dialect)}"
        told = f"no role of its own applies repairs: {variable} would do it"
        yield Check("repair role", "ok", told, hint)
        return
    if not value_of(variable, settings.path):
        told = f"{variable} is not set here, so the role that applies repairs was not looked at"
        yield Check(
            "repair role", "ok", told, f"export {variable}='postgresql://..' where repairs are applied, and look again."
        )
        return
    try:
        database = Database(source, settings, "repair")
        with audited.connection() as connection:
            there = audited.dialect.identity(connection)
        with database.snapshot() as bare:
            if database.dialect.identity(bare.connection) != there:
                yield _elsewhere(source, variable)
            else:
                yield from _repairing(database.with_surroundings(bare))
    except MendbookError as error:
        yield Check("repair role", "failed", error.message, error.hint)


def _elsewhere(source: Source, variable: str) -> Check:
    told = f"{variable} names another database than {source.url_env}: what is audited there is not what would be repaired"
    return Check("repair role", "failed", told, "Both name one database, or its replica for audits; the role alone differs.")


def _repairing(snapshot: Snapshot) -> Iterator[Check]:
    user = snapshot.server.user
    if snapshot.server.replica:
        yield Check("repair role", "failed", f"role {user} was let in to a replica", "Repairs need the primary: name its host.")
    no_ledger = missing(snapshot.connection)
    made, kept = Right("CREATE", "", snapshot.server.database), _ledger(snapshot, "SELECT")
    ledger = [made] if no_ledger else [*kept, *_ledger(snapshot, "INSERT", "ledger", "change")]
    lacks = _lacking(snapshot, [*_planned(snapshot), *_repaired(snapshot), *ledger])
    if lacks:
        told = f"role {user} lacks {_listed(lacks)}: a plan that needs it is refused"
        yield Check(
            "repair role", "failed", told, f"An administrator grants it. {_printed(snapshot.dialect)}", _statements(lacks)
        )
    elif snapshot.server.superuser:
        told = f"role {user} is a superuser: it may do much more than repairs need"
        yield Check("repair role", "warning", told, f"Give repairs a role of their own. {_printed(snapshot.dialect)}")
    else:
        yield Check("repair role", "ok", f"role {user} may change what repairs change, and add to the ledger")


def _repaired(snapshot: Snapshot) -> Iterator[Right]:
    """What repairs write, as `mendbook roles` grants it."""
    for each in written(snapshot.tables):
        schema, name = each.relation.schema, each.relation.name
        yield Right("UPDATE", schema, name, each.update)
        if each.insert:
            yield Right("INSERT", schema, name, each.insert)
            yield Right("DELETE", schema, name)
    profiles = [profile.relation.identity for profile in snapshot.tables.profiles]
    for schema, name in snapshot.dialect.sequences(snapshot.connection, profiles):
        yield Right("USAGE", schema, name)


def _ledger(snapshot: Snapshot, privilege: str, *names: str) -> list[Right]:
    """The same right in each of the ledger's tables, or in those that are named."""
    tables, own = snapshot.dialect.ledger().tables, snapshot.server.database
    return [Right(privilege, str(tables[name].schema or own), tables[name].name) for name in names or tables]


def _lacking(snapshot: Snapshot, rights: Iterable[Right]) -> list[Lack]:
    return snapshot.dialect.health().lacking(snapshot.connection, list(rights))


def _statements(lacks: Sequence[Lack]) -> tuple[str, ...]:
    return tuple(lack.statement for lack in lacks)


def _listed(lacks: Sequence[Lack]) -> str:
    """The first of them in words, and how many more there are."""
    more = f" and {len(lacks) - SHOWN} more" if len(lacks) > SHOWN else ""
    return "; ".join(lack.words for lack in lacks[:SHOWN]) + more
