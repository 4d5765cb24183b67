"""The SQL of mendbook's three roles for PostgreSQL, for an administrator to read and run. Text; none of it is run here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mendbook.dialects.described import Relation
from mendbook.dialects.role_needs import RoleNeeds, Written, told, trigger_remarks


def script(needs: RoleNeeds, names: Mapping[str, str], ledger: str) -> str:
    """The whole script; ``ledger`` makes the ledger's tables."""
    audit, repair, owner = (_name(names[role]) for role in ("audit", "repair", "owner"))
    database, schemas = _name(needs.database), ", ".join(sorted({_name(relation.schema) for relation in needs.read}))
    parts = [
        _head(needs.database),
        *(_create(name) for name in names.values()),
        f"GRANT CONNECT ON DATABASE {database} TO {audit}, {repair}, {owner};\n",
        *_ledger(needs, ledger, (audit, repair, owner)),
        f"-- {audit}: reads, and nothing else.",
        f"GRANT USAGE ON SCHEMA {schemas} TO {audit}, {repair};",
        *(f"GRANT SELECT ON {_table(relation)} TO {audit}, {repair};" for relation in needs.read),
        *(f"GRANT SELECT ON {_name(schema)}.{_name(name)} TO {audit}, {repair};" for schema, name in needs.shared),
        *(f"GRANT SELECT ON {_name(schema)}.{_name(name)} TO {audit};" for schema, name in needs.audited),
        f"\n-- {repair}: the columns that repairs write, and rows that an undo brings back. DELETE also lets it lock a table.",
        *(line for each in needs.written for line in _grants(each, repair)),
        *(f"GRANT USAGE ON SEQUENCE {_name(schema)}.{_name(name)} TO {repair};" for schema, name in needs.sequences),
        *trigger_remarks(needs.read, repair, "SECURITY DEFINER"),
        "\n-- So that it sees how busy the database is, and waits. It reads statistics of other sessions, and changes none.",
        f"GRANT pg_read_all_stats TO {repair};",
    ]
    return "\n".join(parts) + "\n"


def _head(database: str) -> str:
    return f"""\
-- The roles that mendbook uses in the database {told(database)}. Read it, then run it there as an administrator.
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


def _ledger(needs: RoleNeeds, ledger: str, roles: tuple[str, str, str]) -> Iterable[str]:
    """The ledger's tables, made by their owner where they are not there, and who may do what with them."""
    audit, repair, owner = roles
    database, absent = _name(needs.database), needs.no_ledger
    yield "-- The ledger. Nothing that runs uses its owner; a person does, to purge images or to record exceptions."
    if absent:
        yield f"GRANT CREATE ON DATABASE {database} TO {owner};"
        yield f"GRANT {owner} TO CURRENT_USER;\nSET ROLE {owner};\n"
        yield ledger
    else:
        yield "-- Its tables are there already, and whoever owns them still does."
    yield f"GRANT USAGE ON SCHEMA mendbook TO {audit}, {repair};"
    yield f"GRANT SELECT ON mendbook.ledger, mendbook.change, mendbook.exceptions TO {audit}, {repair};"
    yield f"GRANT INSERT ON mendbook.ledger, mendbook.change TO {repair};"
    if absent:
        yield f"RESET ROLE;\nREVOKE {owner} FROM CURRENT_USER;\nREVOKE CREATE ON DATABASE {database} FROM {owner};"
    yield ""


def _grants(rights: Written, role: str) -> Iterable[str]:
    table = _table(rights.relation)
    yield f"GRANT UPDATE ({_listed(rights.update)}) ON {table} TO {role};"
    if rights.insert:
        yield f"GRANT INSERT ({_listed(rights.insert)}), DELETE ON {table} TO {role};"


def _table(relation: Relation) -> str:
    return f"{_name(relation.schema)}.{_name(relation.name)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_name(name) for name in names)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    # within dollar quotes; a backslash means itself only where standard_conforming_strings says so, hence E''
    return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
