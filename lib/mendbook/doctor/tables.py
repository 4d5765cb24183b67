"""What doctor says of the mapping held against a database: tables, columns, keys, rows that are hidden, constraints.

Each look takes the reading snapshot and yields checks. Nothing here reads more rows than it takes to see that keys are unique.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from mendbook.audits.audit import LAG_SECONDS, check_keys, left_out
from mendbook.config import Source
from mendbook.damage import chosen
from mendbook.damage.missing_constraint import weaknesses
from mendbook.database import Snapshot
from mendbook.dialects import Relation
from mendbook.dialects.health import Check
from mendbook.errors import MendbookError


def mapped_relations(source: Source, relations: Mapping[str, Relation]) -> list[Relation]:
    """The tables of users and profiles that there are, each with none but its mapped columns."""
    users = source.users
    wanted: dict[str, set[str | None]] = {}
    columns = (users.key, users.username, users.email, users.created, users.last_login, users.active, users.password)
    wanted.setdefault(users.table, set()).update(columns, users.privileged)
    for own in source.profiles:
        wanted.setdefault(own.table, set()).update((own.key, own.user, own.created), own.filled, own.codes, own.flags)
        wanted[users.table].update(own.required_for or ())
    narrowed: dict[int, Relation] = {}
    for table, names in wanted.items():
        relation = relations.get(table)
        if relation is not None:
            before = narrowed.get(relation.identity)
            kept = {name: column for name, column in relation.columns.items() if name in names}
            narrowed[relation.identity] = replace(relation, columns={**(before.columns if before else {}), **kept})
    return list(narrowed.values())


def every_relation(snapshot: Snapshot) -> list[Relation]:
    """The mapped tables, each once."""
    tables = snapshot.tables
    return list({table.relation.identity: table.relation for table in (tables.users, *tables.profiles)}.values())


def _mapping(snapshot: Snapshot) -> Iterator[Check]:
    tables = snapshot.tables
    names = ", ".join([tables.users.name, *(profile.name for profile in tables.profiles)])
    yield Check("mapping", "ok", f"every mapped table exists: {names}")
    for gone in tables.absent:
        yield Check(
            "mapping",
            "warning",
            f"column {gone.table}.{gone.column} ({gone.role}) does not exist",
            "A migration has not run here, or the mapping is wrong. Reported as missing_constraint.",
        )
    with_logs = replace(tables, failures=())  # the logs are looked at on their own
    for left in left_out(with_logs, chosen(None)):
        of = f" of {left.profile}" if left.profile else ""
        yield Check("mapping", "warning", f"{left.kind}{of} is left out: {left.why}", "Map it, or add what is missing.")
    for note in tables.notes:
        yield Check("formats", "warning", note, "Map a column of a time type as created.")


def _row_security(snapshot: Snapshot) -> Iterator[Check]:
    for relation in every_relation(snapshot):
        hides = snapshot.dialect.hides_rows(snapshot.connection, relation)
        if hides:
            yield Check("row security", "failed", hides, "Use a role with BYPASSRLS, or one the policies leave alone.")


def _keys(snapshot: Snapshot) -> Iterator[Check]:
    try:
        check_keys(snapshot)
        yield Check("keys", "ok", "every mapped key names one row")
    except MendbookError as error:
        yield Check("keys", "failed", error.message, error.hint)


def _replica(snapshot: Snapshot) -> Iterator[Check]:
    server = snapshot.server
    if not server.replica:
        yield Check("primary", "ok", "this is the primary")
    elif server.lag_seconds is not None and server.lag_seconds > LAG_SECONDS:
        yield Check("primary", "warning", f"this is a replica, {server.lag_seconds:.0f} s behind", "Let it catch up first.")
    else:
        yield Check("primary", "warning", "this is a replica", "Good for audits; repairs need the primary.")


def _constraints(snapshot: Snapshot) -> Iterator[Check]:
    for weakness in weaknesses(snapshot.tables):
        yield Check(
            "constraints",
            "warning",
            f"{weakness.table}.{weakness.column}: {'; '.join(weakness.reasons)}",
            "The race can strike again until the schema forbids it: 'mendbook guard SOURCE' prints what builds it.",
        )


LOOKS: dict[str, Callable[[Snapshot], Iterator[Check]]] = {
    "mapping": _mapping,
    "row security": _row_security,
    "keys": _keys,
    "primary": _replica,
    "constraints": _constraints,
}
