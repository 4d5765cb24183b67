"""Engines, and the reading snapshot in which one audit sees one moment.

Opens connections and nothing else: what is asked is decided above, how a database differs below. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.engine import URL, Engine
from sqlalchemy.pool import NullPool

from mendbook.config import Settings, Source, split_reference, url_of, url_variable
from mendbook.dialects import Dialect, Server, Stored, dialect_of
from mendbook.errors import ConnectionFailed
from mendbook.mapping.binding import bind, table_names
from mendbook.mapping.surroundings import Reference, Surroundings, distinct, foreign_keys, generic_references
from mendbook.mapping.tables import ProfileTable, Tables, UserTable

#: The tables whose rows grant rights where the mapping names none.
DJANGO_RIGHTS = ("auth_user_groups", "auth_user_user_permissions")


@dataclass(frozen=True)
class Snapshot:
    """One moment of a database: a connection inside a reading transaction, and the tables as they are in it."""

    connection: Connection
    server: Server
    tables: Tables
    dialect: Dialect


class Database:
    """The database of one source. Its URL, which may hold a password, is never shown.

    ``role`` "repair" connects as the role that applies repairs, where mendbook.toml names one (``repair_url_env``).
    """

    def __init__(self, source: Source, settings: Settings, role: str = "audit", url: str | None = None) -> None:
        """``url`` stands in for the environment's, where somebody has just named it."""
        self.source = source
        self.dialect, self._url = dialect_of(url or url_of(source, settings.path, role), url_variable(source, role))
        # one for all connections that read, one for those that write: what it knows of the server, and the statements it
        # has put into words, are kept
        self._engines: dict[bool, Engine] = {}

    @property
    def url(self) -> URL:
        """The URL; its text form hides the password."""
        return self._url

    @contextmanager
    def errors_in_plain_words(self) -> Iterator[None]:
        """Driver errors inside become mendbook's own, with a hint; the driver's text never shows the password."""
        try:
            yield
        except (sa.exc.SQLAlchemyError, UnicodeEncodeError) as error:
            explained = self.dialect.explain(error, self._url)
            if explained is error:
                raise
            raise explained from None

    @contextmanager
    def connection(self, snapshot: str | None = None) -> Iterator[Connection]:
        """A connection in a reading transaction that sees one moment (that of ``snapshot``); rolled back at the end."""
        with self.errors_in_plain_words(), self._connected() as connection:
            transaction = connection.begin()
            try:
                self.dialect.begin_snapshot(connection, self.source.statement_timeout, snapshot)
                yield connection
            except BaseException:
                # where the server has gone it has rolled back already: what went wrong first is what is told
                with suppress(sa.exc.SQLAlchemyError):
                    transaction.rollback()
                raise
            transaction.rollback()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One moment of the database with the mapping verified in it; MappingError where it does not fit."""
        with self.connection() as connection:
            server = self.dialect.server(connection)
            names = table_names(self.source)
            catalogue = self.dialect.catalogue(connection, names)
            tables = self._with_exceptions(connection, bind(self.source, catalogue, self.dialect.text(server)))
            yield Snapshot(connection, server, tables, self.dialect)

    def with_surroundings(self, snapshot: Snapshot) -> Snapshot:
        """The same moment, with every table that refers to the mapped ones: what planning and repairing ask for besides."""
        return replace(snapshot, tables=self.surrounded(snapshot.connection, snapshot.tables))

    def surrounded(self, connection: Connection, tables: Tables) -> Tables:
        """``tables`` with what lies around them, and the statements for their rows."""
        mapped: dict[str, UserTable | ProfileTable] = {}
        every: list[UserTable | ProfileTable] = [tables.users, *tables.profiles]
        for table in every:
            mapped.setdefault(table.name, table)
        start = {name: table.relation for name, table in mapped.items()}
        named = self.dialect.catalogue(connection, [*table_names(self.source), *DJANGO_RIGHTS]).relations
        start |= {name: relation for name, relation in named.items() if name not in start}
        generic = self.dialect.generic(connection, tables.users.relation.schema)
        known = {relation.identity for relation in start.values()}
        also = generic.relations if generic else {}
        start |= {name: relation for name, relation in also.items() if relation.identity not in known and name not in start}
        relations = self.dialect.referring(connection, start)
        keys = {name: (str(table.mapping.key),) for name, table in mapped.items()}
        stored = {name: Stored(name, relation, keys.get(name, relation.primary_key)) for name, relation in relations.items()}
        users, soft = tables.users, [split_reference(reference) for reference in self.source.references]
        references = [
            *foreign_keys(relations),
            *(Reference(table, (column,), target, (key,), "soft") for table, column, target, key in soft),
            *(Reference(p.name, (p.mapping.user,), users.name, (users.mapping.key,), "mapped") for p in tables.profiles),
            *(generic_references(generic, stored) if generic else ()),
        ]
        around = Surroundings(
            stored,
            distinct(references),
            frozenset(DJANGO_RIGHTS if self.source.rights is None else self.source.rights) & stored.keys(),
            "" if generic is None or generic.readable else "django_content_type, which generic relations are told by",
        )
        return self._with_exceptions(connection, replace(tables, around=around, rows=self.dialect.rows()))

    def _with_exceptions(self, connection: Connection, tables: Tables) -> Tables:
        """``tables`` that know of pairs that are not one person; where such are kept but cannot be read, they say so."""
        users = tables.users
        words, kept = self.dialect.ledger(), self.dialect.exceptions(connection, users.names)
        if kept is not None:
            return replace(tables, exceptions=words.tables["exceptions"] if kept else None)
        where = words.called("exceptions")
        note = f"{where} may not be read by this role: pairs that are known not to be one person are told as damage."
        return replace(tables, notes=tuple(dict.fromkeys((*tables.notes, note))))

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection for whoever begins and ends transactions of their own: repairs/repair.py, and the ledger's purge."""
        with self.errors_in_plain_words(), self._connected(writing=True) as connection:
            yield connection

    def _connected(self, writing: bool = False) -> Connection:
        """A new connection, closed for good where it is left."""
        if writing not in self._engines:
            options = self.dialect.engine_options(self._url, writing)
            self._engines[writing] = sa.create_engine(self._url, poolclass=NullPool, **options)
        return self._engines[writing].connect()

    @contextmanager
    def snapshots(self) -> Iterator[list[Snapshot]]:
        """The same moment through as many connections as the source allows; fewer where the server has none
        to spare, one where it cannot share a moment."""
        with ExitStack() as open_connections:
            first = open_connections.enter_context(self.snapshot())
            snapshots = [first]
            moment = self.dialect.share_snapshot(first.connection) if self.source.connections > 1 else ""
            for _ in range(self.source.connections - 1 if moment else 0):
                try:
                    connection = open_connections.enter_context(self.connection(moment))
                except ConnectionFailed:
                    break
                snapshots.append(replace(first, connection=connection))
            yield snapshots
