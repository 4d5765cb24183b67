"""The health of a PostgreSQL, as far as mendbook depends on it: encoding, collations, time zone, indexes, the ledger's size.

Reads the catalogue, and the inside of indexes where the extension amcheck is there and this role may call it. It takes no
lock that an application would notice, mends nothing, and gives up on an index that takes long.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import ARRAY, OID

from mendbook.dialects.described import Relation
from mendbook.dialects.health import Check, Lack, Look, Right
from mendbook.dialects.postgresql.catalogue import CHANGED_COLLATIONS
from mendbook.dialects.postgresql.rights import lacking, plain
from mendbook.dialects.postgresql.rows import quoted

#: How long amcheck may look into one index, and into all of them.
INDEX_SECONDS, INDEXES_SECONDS = 5, 30
_OIDS = sa.bindparam("oids", type_=ARRAY(OID))
_STOPPED = "57014"

#: The columns of pg_database that tell its locale came one by one; its row as JSON has those that there are.
_DATABASE = sa.text("""
    SELECT pg_encoding_to_char(encoding) AS encoding, datcollate AS libc, told ->> 'datlocprovider' AS provider,
           coalesce(told ->> 'datlocale', told ->> 'daticulocale') AS locale
    FROM (SELECT d.*, to_jsonb(d) AS told FROM pg_database d WHERE datname = current_database()) AS own
""")
_COLLATED = sa.text("""
    SELECT a.attrelid AS oid, a.attname AS column, c.collname AS name, c.collprovider::text AS provider,
           c.collisdeterministic AS deterministic
    FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation
    WHERE a.attrelid = ANY(:oids) AND a.attnum > 0 AND NOT a.attisdropped AND c.collname <> 'default'
    ORDER BY a.attrelid, a.attnum
""").bindparams(_OIDS)
_ZONE = sa.text("SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'")
_INDEXES = sa.text("""
    SELECT i.indexrelid AS oid, n.nspname AS schema, c.relname AS name, i.indrelid AS table, i.indisunique AS unique,
           i.indisvalid AND i.indisready AND i.indislive AS sound, m.amname = 'btree' AND c.relkind = 'i' AS tree,
           EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) AS building
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_am m ON m.oid = c.relam
    WHERE i.indrelid = ANY(:oids) ORDER BY n.nspname, c.relname
""").bindparams(_OIDS)
_AMCHECK = sa.text("""
    SELECT n.nspname AS schema, has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE') AS allowed
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = 'bt_index_check'
    WHERE e.extname = 'amcheck' ORDER BY p.pronargs LIMIT 1
""")
_LEDGER = sa.text("""
    SELECT sum(pg_total_relation_size(c.oid))::bigint AS bytes, count(*) AS tables FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'mendbook' AND c.relkind = 'r'
""")
_PROVIDERS = {"c": "libc", "i": "ICU", "b": "built in", "d": "the database's"}


class PostgreSQLHealth:
    """What doctor asks a PostgreSQL."""

    oldest = "14"
    grants = True

    def looks(self) -> Mapping[str, Look]:
        """Each matter with what looks at it."""
        return {
            "encoding": encoding,
            "collations": changed_collations,
            "time zone": time_zone,
            "indexes": indexes,
            "ledger": ledger_size,
        }

    def lacking(self, connection: Connection, rights: Sequence[Right]) -> list[Lack]:
        """The rights that the current role does not have, each with its GRANT."""
        return lacking(connection, rights)


def encoding(connection: Connection, relations: Sequence[Relation]) -> Iterator[Check]:
    """The database's encoding and locale, and the mapped columns that are compared by other rules than its own."""
    own = connection.execute(_DATABASE).one()
    provider = _PROVIDERS.get(own.provider or "c", "libc")
    locale = own.libc if provider == "libc" else own.locale or own.libc
    mapped = {relation.identity: relation for relation in relations}
    others = [
        f"{mapped[row.oid].name}.{row.column} by {row.name} ({_PROVIDERS.get(row.provider, row.provider)}"
        f"{'' if row.deterministic else ', which takes different letters for the same'})"
        for row in connection.execute(_COLLATED, {"oids": list(mapped)})
        if row.column in mapped[row.oid].columns
    ]
    told = f"{own.encoding}, sorted by {locale} ({provider})" + "".join(f"; {other}" for other in others)
    if own.encoding == "SQL_ASCII":
        yield Check(
            "encoding",
            "warning",
            f"{told}: the database checks no letter, and one name may stand there in several encodings",
            "mendbook reads it as UTF-8 and shows what is not byte by byte; such names match only byte for byte.",
        )
    else:
        yield Check("encoding", "ok", told)


def changed_collations(connection: Connection, _: Sequence[Relation]) -> Iterator[Check]:
    """Collations whose rules are others by now; nothing is said where all are as they were."""
    for name in changed(connection):
        yield Check(
            "collations",
            "warning",
            f"collation {name} sorts by other rules than when its indexes were built: a unique index may have let doubles in",
            "REINDEX what uses it, then ALTER DATABASE (or COLLATION) .. REFRESH COLLATION VERSION.",
        )


def changed(connection: Connection) -> list[str]:
    """Collations whose rules changed since indexes were sorted by them: such indexes may miss duplicates."""
    if int(connection.execute(sa.text("SELECT current_setting('server_version_num')")).scalar_one()) < 150000:
        return []
    return [str(name) for name in connection.execute(CHANGED_COLLATIONS).scalars()]


def time_zone(connection: Connection, relations: Sequence[Relation]) -> Iterator[Check]:
    """What zone a session of this role has of its own, and the mapped columns whose times name none."""
    zone = str(connection.execute(_ZONE).scalar_one())
    naive = [
        f"{relation.name}.{column.name}"
        for relation in relations
        for column in relation.columns.values()
        if column.family == "time" and column.type.startswith("timestamp") and not column.type.endswith("with time zone")
    ]
    if not naive:
        yield Check("time zone", "ok", f"times name their zone (sessions of this role have {zone}; mendbook's have UTC)")
    elif zone.upper() in ("UTC", "ETC/UTC", "GMT", "ETC/GMT", "ZULU", "UCT", "ETC/UCT"):
        yield Check("time zone", "ok", f"{', '.join(naive)}: no zone stands there; read as UTC, as the database's own clock is")
    else:
        yield Check(
            "time zone",
            "warning",
            f"{', '.join(naive)}: no zone stands there and it is read as UTC, but sessions here have {zone}",
            "Does the application write local time there? Then findings' times are wrong by as much, and logs will not fit"
            " them: map another column as created, or make it timestamptz. If it writes UTC, all is well.",
        )


def indexes(connection: Connection, relations: Sequence[Relation]) -> Iterator[Check]:
    """Indexes of the mapped tables that are not valid or not ready, and what amcheck says of those that are unique."""
    names = {relation.identity: relation.name for relation in relations}
    found = connection.execute(_INDEXES, {"oids": list(names)}).all()
    for row in found:
        if not row.sound:
            state = "is being built" if row.building else "is not valid: building it failed or was broken off"
            effect = "it forbids nothing" if row.unique else "it is not used"
            yield Check(
                "indexes",
                "warning",
                f"index {row.name} of {names[row.table]} {state}; {effect}",
                "Wait for it, and look again."
                if row.building
                else "Find out why it failed (double rows?), drop it, and build it anew; 'mendbook guard SOURCE' tells how.",
                () if row.building else (f"DROP INDEX CONCURRENTLY {plain(row.schema)}.{plain(row.name)};",),
            )
    sound = {row.oid: row.name for row in found if row.sound and row.unique and row.tree}
    amcheck = connection.execute(_AMCHECK).one_or_none()
    if amcheck is None or not amcheck.allowed:
        yield _unlooked(len(found), sum(row.sound for row in found), amcheck is not None)
    else:
        yield from _inside(connection, sound, str(amcheck.schema))


def _unlooked(every: int, sound: int, installed: bool) -> Check:
    said = f"{sound} of {every} indexes of the mapped tables are valid; nobody looked inside them"
    if installed:
        grant = "GRANT EXECUTE ON FUNCTION bt_index_check(regclass) TO this role"
        return Check("indexes", "ok", f"{said}: this role may not call amcheck", f"{grant}, and doctor does.")
    return Check(
        "indexes",
        "ok",
        f"{said}: the extension amcheck is not installed",
        "A broken index lets doubles in without a word. CREATE EXTENSION amcheck, as an administrator; then"
        " SELECT bt_index_check('NAME OF THE INDEX') looks, and so does doctor where its role may call that.",
    )


def _inside(connection: Connection, unique: Mapping[int, str], schema: str) -> Iterable[Check]:
    """What amcheck says of each index in turn."""
    begun, whole, unread = time.monotonic(), 0, []
    for oid, name in unique.items():
        late = time.monotonic() - begun > INDEXES_SECONDS
        error = None if late else _error_of(connection, f"SELECT {quoted(schema)}.bt_index_check(cast({oid} AS regclass))")
        if late or getattr(error, "pgcode", None) == _STOPPED:
            unread.append(name)
        elif error is None:
            whole += 1
        else:
            yield _broken(name, str(error).strip().partition("\n")[0])
    told = f"{whole} of {len(unique)} unique indexes of the mapped tables were looked into by amcheck, and are whole"
    yield Check(
        "indexes",
        "ok",
        told + (f"; it would take longer than {INDEX_SECONDS} s with {', '.join(unread)}" if unread else ""),
        "SELECT bt_index_check('NAME OF THE INDEX'), in psql, takes the time it needs." if unread else "",
    )


def _error_of(connection: Connection, statement: str) -> BaseException | None:
    """The driver's error from running ``statement`` for a while; a transaction within the transaction bears it."""
    within = connection.begin_nested()
    try:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{INDEX_SECONDS}s'")
        connection.execute(sa.text(statement))
        return None
    except sa.exc.DBAPIError as error:
        return error.orig
    finally:
        within.rollback()


def _broken(name: str, said: str) -> Check:
    return Check(
        "indexes",
        "failed",
        f"index {name} is broken: {said}",
        "What it says is unique may not be, and an audit by it may miss rows. REINDEX INDEX CONCURRENTLY it; where that finds"
        " doubles, audit with 'mendbook audit', repair them, and try again. Then look for the cause: disk, memory, collation.",
    )


def ledger_size(connection: Connection, _: Sequence[Relation]) -> Iterator[Check]:
    """How much room the ledger takes in the database."""
    row = connection.execute(_LEDGER).one()
    if row.tables:
        yield Check("ledger", "ok", f"mendbook's record of repairs takes {(row.bytes or 0) / 1e6:,.1f} MB of this database")
