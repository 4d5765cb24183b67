"""Which database this is, and what its tables are like, as values that a plan is bound to.

Both are the same for every role that asks. Reads the catalogue alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.dialects.postgresql import ARRAY, OID

from mendbook.dialects import Moment, Pressure, Standing, Writers

_IDENTITY = sa.text("""
    SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system, current_database()::text AS database,
           (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS number
""")

#: What a plan relies on: columns, constraints, indexes and their health, triggers, rules, row security, inheritance.
_SCHEMA = sa.text("""
    WITH asked AS (SELECT c.* FROM pg_class c WHERE c.oid = ANY(:oids)), told AS (
        SELECT a.attrelid AS oid, concat_ws(' ', 'column', a.attnum, quote_ident(a.attname),
               format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attcollation::regcollation,
               pg_get_expr(d.adbin, d.adrelid)) AS line
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = ANY(:oids) AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT conrelid, concat_ws(' ', 'constraint', quote_ident(conname), convalidated, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE conrelid = ANY(:oids) AND contype <> 'n'
        UNION ALL
        SELECT confrelid, concat_ws(' ', 'referred to by', conrelid::regclass, quote_ident(conname), pg_get_constraintdef(oid))
        FROM pg_constraint WHERE confrelid = ANY(:oids) AND contype = 'f'
        UNION ALL
        SELECT indrelid, concat_ws(' ', 'index', indisvalid, indisready, pg_get_indexdef(indexrelid))
        FROM pg_index WHERE indrelid = ANY(:oids)
        UNION ALL
        SELECT tgrelid, concat_ws(' ', 'trigger', tgenabled, pg_get_triggerdef(oid))
        FROM pg_trigger WHERE tgrelid = ANY(:oids) AND NOT tgisinternal
        UNION ALL
        SELECT ev_class, concat_ws(' ', 'rule', ev_enabled, pg_get_ruledef(oid)) FROM pg_rewrite WHERE ev_class = ANY(:oids)
        UNION ALL
        SELECT oid, concat_ws(' ', 'row security', relrowsecurity, relforcerowsecurity, 'of', oid::regclass) FROM asked
        UNION ALL
        SELECT polrelid, concat_ws(' ', 'policy', quote_ident(polname), polcmd, polroles, pg_get_expr(polqual, polrelid))
        FROM pg_policy WHERE polrelid = ANY(:oids)
        UNION ALL
        SELECT inhparent, concat_ws(' ', 'parent of', inhrelid::regclass) FROM pg_inherits WHERE inhparent = ANY(:oids)
    )
    SELECT oid, encode(sha256(convert_to(string_agg(line, E'\n' ORDER BY line COLLATE "C"), 'UTF8')), 'hex') AS digest
    FROM told GROUP BY oid ORDER BY oid
""").bindparams(sa.bindparam("oids", type_=ARRAY(OID)))

#: A cheap sign of whether anything of that was written since: who last wrote the catalogue's rows about these tables.
_MARK = """
    SELECT md5(string_agg(sign, ',' ORDER BY sign)) FROM (
        SELECT concat_ws(' ', 'c', oid, xmin) AS sign FROM pg_class WHERE oid = ANY(:oids)
        UNION ALL
        SELECT concat_ws(' ', 'a', attrelid, attnum, xmin) FROM pg_attribute WHERE attrelid = ANY(:oids) AND attnum > 0
        UNION ALL SELECT concat_ws(' ', 'd', oid, xmin) FROM pg_attrdef WHERE adrelid = ANY(:oids)
        UNION ALL SELECT concat_ws(' ', 'k', oid, xmin) FROM pg_constraint WHERE conrelid = ANY(:oids)
        UNION ALL SELECT concat_ws(' ', 'i', indexrelid, xmin) FROM pg_index WHERE indrelid = ANY(:oids)
        UNION ALL SELECT concat_ws(' ', 't', oid, xmin) FROM pg_trigger WHERE tgrelid = ANY(:oids)
        UNION ALL SELECT concat_ws(' ', 'r', oid, xmin) FROM pg_rewrite WHERE ev_class = ANY(:oids)
        UNION ALL SELECT concat_ws(' ', 'p', oid, xmin) FROM pg_policy WHERE polrelid = ANY(:oids)
        UNION ALL SELECT concat_ws(' ', 'h', inhrelid, xmin) FROM pg_inherits WHERE inhparent = ANY(:oids)
    ) written
"""
_STANDING = sa.text(f"""
    SELECT clock_timestamp() AS now, pg_is_in_recovery() AS replica,
        current_setting('session_replication_role') AS replication_role, pg_current_snapshot()::text AS snapshot,
        (SELECT system_identifier::text FROM pg_control_system()) AS system, current_database()::text AS database,
        (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS number, ({_MARK}) AS mark
""").bindparams(sa.bindparam("oids", type_=ARRAY(OID)))


def standing(connection: Connection, oids: Sequence[int]) -> Standing:
    """All that a batch asks of the session and the database it is in, in one question."""
    row = connection.execute(_STANDING, {"oids": list(oids)}).one()
    moment = Moment(row.now, row.replica, row.replication_role, row.snapshot)
    return Standing(moment, {"system": row.system, "database": row.database, "number": row.number}, row.mark or "")


#: A snapshot lists who is under way only below the number after the last that ended: between that and ours, all are.
_WRITERS = sa.text("""
    SELECT own::text::bigint AS own, pg_snapshot_xmax(now)::text::bigint AS next,
        pg_snapshot_xmax(now) < own OR EXISTS (SELECT 1 FROM pg_snapshot_xip(now) AS other WHERE other <> own) AS others
    FROM (SELECT pg_current_xact_id() AS own, pg_current_snapshot() AS now) AS asked
""")


def writers(connection: Connection) -> Writers:
    """Who writes besides this transaction, which is given its number by being asked."""
    row = connection.execute(_WRITERS).one()
    return Writers(row.own, row.next, row.others)


def written_since(table: str, snapshot: str) -> ColumnElement[bool]:
    """The rows whose transaction had no number yet when ``snapshot`` (its text) was taken, or had not ended; all for ""."""
    first = int(snapshot.partition(":")[0] or 0) % 2**32
    return sa.text(f"age({table}.xmin) <= age(CAST('{first}' AS xid))")  # type: ignore[return-value]


_PRESSURE = sa.text("""
    SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock') AS waiting,
           (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
            AND pid <> pg_backend_pid()) AS active,
           (SELECT extract(epoch FROM max(replay_lag)) FROM pg_stat_replication) AS lag
""")


def pressure(connection: Connection) -> Pressure:
    """How busy the database is, as far as this role sees the sessions of others."""
    row = connection.execute(_PRESSURE).one()
    return Pressure(row.waiting, row.active, None if row.lag is None else float(row.lag))


def identity(connection: Connection) -> dict[str, str]:
    """Which database this is: {"system", "database", "number"}; a copy in the same cluster has another number."""
    row = connection.execute(_IDENTITY).one()
    return {"system": row.system, "database": row.database, "number": row.number}


def schema_digests(connection: Connection, oids: Mapping[str, int]) -> dict[str, str]:
    """The digest of what each table (by the name that plans give it: its identity) is like; a missing one has "missing".

    The names that the server prints depend on the search path, so the path is set aside meanwhile.
    """
    path = connection.execute(sa.select(sa.func.current_setting("search_path"))).scalar_one()
    connection.execute(sa.select(sa.func.set_config("search_path", "pg_catalog", True)))
    rows = connection.execute(_SCHEMA, {"oids": list(oids.values())}).all()
    connection.execute(sa.select(sa.func.set_config("search_path", path, True)))
    found = {row.oid: row.digest for row in rows}
    return {name: found.get(oid, "missing") for name, oid in sorted(oids.items())}
