"""The SQL of mendbook's three accounts for MySQL and MariaDB: for an administrator to read and run. Text alone.

They are accounts and no roles in these systems' own sense: a role is in force only where somebody has made it so, and what
comes by one is not told in the catalogue, where ``mendbook doctor`` looks. None of it is run here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mendbook.dialects.mysql.types import quoted, string
from mendbook.dialects.role_needs import RoleNeeds, Written, told, trigger_remarks

#: MySQL takes no longer names of accounts.
MOST_BYTES = 32


def script(needs: RoleNeeds, names: Mapping[str, str], ledger: str) -> str:
    """The whole script; ``ledger`` makes the ledger's tables."""
    audit, repair, owner = (_account(names[role]) for role in ("audit", "repair", "owner"))
    parts = [
        _head(needs.database),
        *(f"CREATE USER IF NOT EXISTS {account} ACCOUNT LOCK;" for account in (audit, repair, owner)),
        f"USE {quoted(needs.database)};\n",
        *_ledger(needs, ledger, (audit, repair, owner)),
        f"-- {told(names['audit'])}: reads, and nothing else.",
        *(f"GRANT SELECT ON {_table(*each)} TO {audit}, {repair};" for each in _read(needs)),
        *(f"GRANT SELECT ON {_table(*each)} TO {audit};" for each in needs.audited),
        *_sight(needs, audit, repair),
        f"\n-- {told(names['repair'])}: the columns that repairs write, and rows that an undo brings back.",
        *(line for each in needs.written for line in _grants(each, repair)),
        *trigger_remarks(needs.read, names["repair"], "its definer has them"),
        "\n-- So that it sees how busy the server is, and waits. It sees what others ask, and ends nobody's session.",
        f"GRANT PROCESS ON *.* TO {repair};",
    ]
    return "\n".join(parts) + "\n"


def _head(database: str) -> str:
    return f"""\
-- The accounts that mendbook uses in the database {told(database)}. Read it, then run it there as an administrator.
-- They are locked, and have no passwords yet: ALTER USER NAME IDENTIFIED BY '...' ACCOUNT UNLOCK lets one in.
-- An account of such a name that is there already keeps what it may do: look at SHOW GRANTS FOR NAME first.
-- They may come from any host ('%'): better name yours.
"""


def _ledger(needs: RoleNeeds, ledger: str, accounts: tuple[str, str, str]) -> Iterable[str]:
    """The ledger's tables, made where they are not there, and who may do what with them."""
    audit, repair, owner = accounts
    yield "-- The ledger. Nothing that runs uses its owner; a person does, to purge images or to record exceptions."
    yield ledger if needs.no_ledger else "-- Its tables are there already."
    for rights, name, account in (
        *(("SELECT", name, f"{audit}, {repair}, {owner}") for name in ("ledger", "change", "exceptions")),
        ("INSERT", "ledger", f"{repair}, {owner}"),
        ("INSERT", "change", repair),
        ("SELECT, UPDATE", "lock", f"{repair}, {owner}"),
        ("UPDATE", "change", owner),
        ("INSERT, DELETE", "exceptions", owner),
    ):
        yield f"GRANT {rights} ON {_table(needs.database, f'mendbook_{name}')} TO {account};"
    yield ""


def _sight(needs: RoleNeeds, audit: str, repair: str) -> Iterable[str]:
    """What lets both see the same schema: who may only read is not told of conditions, cascades and triggers."""
    yield "-- REFERENCES alone lets nobody do anything; with it the catalogue tells of checks and of what foreign keys do."
    for schema in sorted({relation.schema for relation in needs.read}):
        pattern = quoted(schema.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%"))
        yield f"GRANT REFERENCES ON {pattern}.* TO {audit}, {repair};"
    for relation in needs.read:
        if relation.triggers:
            yield f"GRANT TRIGGER ON {_table(relation.schema, relation.name)} TO {audit}; -- nothing less tells of triggers"


def _read(needs: RoleNeeds) -> list[tuple[str, str]]:
    return [*((each.schema, each.name) for each in needs.read), *needs.shared]


def _grants(rights: Written, account: str) -> Iterable[str]:
    table = _table(rights.relation.schema, rights.relation.name)
    # times are set to what they were, for some would set themselves to now
    times = [name for name, column in rights.relation.columns.items() if column.family == "time" and not column.generated]
    update = dict.fromkeys([*rights.update, *(times if rights.insert else ())])
    yield f"GRANT UPDATE ({_listed(update)}) ON {table} TO {account};"
    if rights.insert:
        yield f"GRANT INSERT ({_listed(rights.insert)}), DELETE ON {table} TO {account};"


def _account(name: str) -> str:
    return f"{string(name)}@'%'"


def _table(schema: str, name: str) -> str:
    return f"{quoted(schema)}.{quoted(name)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(quoted, names))
