"""What works for a source and what does not: one check after another, each with what to do about it.

What is looked at stands in modules of its own, by the place where it is: this machine, people's keys, logs, the schedule, the
mapped tables, rights; what only one kind of database has, in dialects/. Reads only, and goes on after a failure as far as it
can, so that a person sees everything that is wrong at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from mendbook.config import Settings, Source
from mendbook.database import Database, Snapshot
from mendbook.dialects.health import Check
from mendbook.doctor.logs import logs
from mendbook.doctor.machine import clock, configuration, outputs, server_version, versions
from mendbook.doctor.people import own_keys, signers, ssh_keygen
from mendbook.doctor.rights import audit_rights, closed_schemas, repair_rights
from mendbook.doctor.schedule import alerts, schedule
from mendbook.doctor.tables import LOOKS, mapped_relations
from mendbook.errors import MendbookError
from mendbook.mapping.binding import table_names

__all__ = ["Check", "examine"]

#: Tells the time by this machine's clock.
Clock = Callable[[], datetime]


def examine(source: Source, settings: Settings, folder: Path, now: Clock | None = None) -> list[Check]:
    """Every check that can be made of ``source``; none raises. ``folder`` is outputs/, ``now`` stands in for the clock."""
    time = now or (lambda: datetime.now(UTC))
    looks: dict[str, Callable[[], Iterable[Check]]] = {
        "configuration": partial(configuration, settings),
        "versions": versions,
        "outputs": partial(outputs, folder),
        "ssh-keygen": partial(ssh_keygen, settings),
        "signers": lambda: signers(settings, time()),
        "own key": partial(own_keys, settings),
        "logs": lambda: logs(source, settings, time()),
        "schedule": lambda: schedule(source, settings, folder, time()),
        "alerts": partial(alerts, settings),
    }
    checks = [check for name, look in looks.items() for check in _told(name, look)]
    try:
        database = Database(source, settings)
    except MendbookError as error:
        return [*checks, Check("connection", "failed", error.message, error.hint)]
    checks.append(Check("url", "ok", f"{source.url_env} is set and names a {database.dialect.name} database"))
    server = [*_told("connection", partial(_server, database, time))]
    if any(check.name == "connection" and check.state == "failed" for check in server):
        return [*checks, *server]
    mapped = [*_told("mapping", partial(_mapped, database))]
    repair = [*_told("repair role", partial(repair_rights, source, settings, database))]
    return [*checks, *server, *mapped, *repair]


def _told(
    name: str, look: Callable[[], Iterable[Check]], within: AbstractContextManager[object] | None = None
) -> Iterator[Check]:
    """What ``look`` tells, and how it failed where it did: nothing that goes wrong in one hides the others."""
    try:
        with within or nullcontext():
            yield from look()
    except MendbookError as error:
        yield Check(name, "failed", error.message, error.hint)
    except Exception as error:
        said = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        hint = "This is a defect of mendbook; the other checks hold. Please report it."
        yield Check(name, "failed", f"could not be looked at: {type(error).__name__}: {said}", hint)


def _server(database: Database, time: Clock) -> Iterator[Check]:
    """The server itself, whatever becomes of the mapping."""
    dialect, source = database.dialect, database.source
    with database.connection() as connection:
        server = dialect.server(connection)
        told = f"{server.name} {server.version}, database {server.database}, role {server.user}"
        yield Check("connection", "ok", told)
        yield server_version(server, dialect.health().oldest)
        before = time()
        there = dialect.moment(connection).now
        yield clock(before, there, time())
        catalogue = dialect.catalogue(connection, table_names(source))
        closed = partial(closed_schemas, database, connection, catalogue, server.user)
        yield from _apart(database, connection, "rights", closed)
        relations = mapped_relations(source, catalogue.relations)
        for name, look in dialect.health().looks().items():
            yield from _apart(database, connection, name, partial(look, connection, relations))


def _mapped(database: Database) -> Iterator[Check]:
    """All that needs a mapping that fits."""
    with database.snapshot() as snapshot:
        looks: dict[str, Callable[[Snapshot], Iterable[Check]]] = {**LOOKS, "rights": partial(audit_rights, database)}
        for name, look in looks.items():
            yield from _apart(database, snapshot.connection, name, partial(look, snapshot))


def _apart(database: Database, connection: Connection, name: str, look: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """``look`` in a transaction within the transaction, so that what fails there leaves the rest of it whole."""
    try:
        within = connection.begin_nested()
    except SQLAlchemyError:  # the connection is gone, and what was told before says why
        return
    try:
        yield from _told(name, look, database.errors_in_plain_words())
    finally:
        if within.is_active and not connection.closed:
            within.rollback()
