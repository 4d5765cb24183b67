"""The questions that the PostgreSQL dialect puts to pg_catalog. Statements only; dialect.py asks them.

Each takes lists and answers for all tables at once, so that a database of thousands of tables is read in a few queries.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, OID

_OIDS = sa.bindparam("oids", type_=ARRAY(OID))
_ALONE = sa.bindparam("alone", type_=ARRAY(OID))

#: The relations behind the mapping's names: by schema where one is given, else the visible one.
RELATIONS = sa.text(
    """
    SELECT asked.asked, c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
           c.reltuples AS estimate, has_schema_privilege(n.oid, 'USAGE') AS readable,
           has_table_privilege(c.oid, 'DELETE, TRUNCATE') OR has_any_column_privilege(c.oid, 'INSERT, UPDATE') AS writable
    FROM unnest(cast(:asked AS text[]), cast(:schemas AS text[]), cast(:names AS text[])) AS asked(asked, schema, name)
    JOIN pg_class c ON c.relname = asked.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE CASE WHEN asked.schema IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = asked.schema END
    """
)

#: Every table a person may have meant.
NAMES = sa.text(
    """
    SELECT n.nspname AS schema, c.relname AS name, pg_table_is_visible(c.oid) AS visible
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'
    ORDER BY 1, 2
    """
)

#: Every table of somebody's own: no system's, none of mendbook's, no partition.
TABLES = sa.text(
    """
    SELECT CASE WHEN pg_table_is_visible(c.oid) AND position('.' in c.relname) = 0 THEN c.relname
                ELSE n.nspname || '.' || c.relname END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'mendbook') AND n.nspname NOT LIKE 'pg\\_%'
    ORDER BY n.nspname, c.relname
    """
)

#: Columns with their base type: that at the bottom of a domain's domains.
COLUMNS = sa.text(
    """
    SELECT a.attrelid AS oid, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
           base.name AS base, NOT a.attnotnull AS nullable, a.attcollation AS collation_oid,
           has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS readable,
           (a.atthasdef AND a.attgenerated = '') OR a.attidentity <> '' AS has_default, a.attgenerated <> '' AS generated,
           a.attidentity <> '' OR a.attgenerated = '' AND EXISTS (
               SELECT FROM pg_depend p WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
               AND (p.refclassid = 'pg_proc'::regclass OR p.refclassid = 'pg_class'::regclass AND p.refobjid <> a.attrelid)
           ) AS draws,
           CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS expression,
           CASE WHEN a.attcollation <> own.typcollation THEN a.attcollation::regcollation::text END AS collate
    FROM pg_attribute a
    JOIN pg_type own ON own.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    CROSS JOIN LATERAL (
        WITH RECURSIVE below(name, base) AS (
            SELECT t.typname, t.typbasetype FROM pg_type t WHERE t.oid = a.atttypid
            UNION ALL
            SELECT t.typname, t.typbasetype FROM below JOIN pg_type t ON t.oid = below.base
        )
        SELECT name FROM below WHERE base = 0
    ) AS base
    WHERE a.attrelid = ANY(:oids) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum
    """
).bindparams(_OIDS)

#: Unique indexes, key by key: a column's name or an expression's text. Those of a table that others inherit from bind its
#: own rows alone, and promise nothing of the rows that are read through it; so it is with its foreign keys. Where its own
#: rows are read alone (``alone``), they count.
INDEXES = sa.text(
    """
    SELECT i.indrelid AS oid, c.relname AS name, i.indisvalid AND i.indisready AND i.indislive AS valid,
           pg_get_expr(i.indpred, i.indrelid) AS predicate,
           array_agg(a.attname::text ORDER BY key.n) AS columns,
           array_agg(pg_get_indexdef(i.indexrelid, key.n::int, true) ORDER BY key.n) AS expressions,
           array_agg(t.typname::text ORDER BY key.n) AS types,
           array_agg((i.indcollation::oid[])[key.n - 1] ORDER BY key.n) AS collations,
           array_agg(nullif((i.indcollation::oid[])[key.n - 1], 0)::regcollation::text ORDER BY key.n) AS collate,
           coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_equal
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) AS key(n)
    JOIN pg_attribute k ON k.attrelid = i.indexrelid AND k.attnum = key.n
    JOIN pg_type t ON t.oid = k.atttypid
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = (i.indkey::int2[])[key.n - 1]
                            AND (i.indkey::int2[])[key.n - 1] <> 0
    WHERE i.indrelid = ANY(:oids) AND i.indisunique
      AND (i.indrelid = ANY(:alone) OR NOT EXISTS (SELECT FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent
                                                     WHERE h.inhparent = i.indrelid AND p.relkind = 'r'))
    GROUP BY i.indrelid, c.relname, i.indisvalid, i.indisready, i.indislive, i.indpred, to_jsonb(i)
    ORDER BY i.indrelid, c.relname
    """
).bindparams(_OIDS, _ALONE)

#: Foreign keys; conenforced came with PostgreSQL 18, so it is read through the row's own JSON.
FOREIGN_KEYS = sa.text(
    """
    SELECT k.conrelid AS oid, k.conname AS name, k.confrelid AS target,
           k.convalidated AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) AS validated,
           k.confdeltype::text AS on_delete, k.condeferrable AS deferrable,
           ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(n, o)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.o) AS columns,
           ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(n, o)
                 JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.o) AS target_columns
    FROM pg_constraint k
    WHERE k.contype = 'f' AND k.conrelid = ANY(:oids)
      AND (k.conrelid = ANY(:alone) OR NOT EXISTS (SELECT FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent
                                                     WHERE h.inhparent = k.conrelid AND p.relkind = 'r'))
    ORDER BY k.conrelid, k.conname
    """
).bindparams(_OIDS, _ALONE)

#: Conditions that every row of a table must meet: the check constraints that are switched on.
CHECKS = sa.text(
    """
    SELECT k.conrelid AS oid, k.conname AS name, pg_get_expr(k.conbin, k.conrelid) AS condition
    FROM pg_constraint k
    WHERE k.contype = 'c' AND k.conrelid = ANY(:oids) AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
    ORDER BY k.conrelid, k.conname
    """
).bindparams(_OIDS)

#: The tables that refer to one of these by a foreign key, and those that inherit their columns (not their keys) from them;
#: partitions answer through their table, and what inherits from one that is read with its heirs (``whole``) through that.
REFERRING = sa.text(
    """
    WITH RECURSIVE referring AS (
        SELECT k.conrelid AS oid FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        WHERE k.contype = 'f' AND k.confrelid = ANY(:oids) AND NOT c.relispartition
        UNION
        SELECT h.inhrelid FROM referring r JOIN pg_inherits h ON h.inhparent = r.oid
        JOIN pg_class c ON c.oid = h.inhrelid WHERE NOT c.relispartition AND r.oid <> ALL(:whole)
    )
    SELECT oid FROM referring
    """
).bindparams(_OIDS, sa.bindparam("whole", type_=ARRAY(OID)))

#: Of these tables, those from which others inherit, and which of these they are: (parent, child).
INHERITED = sa.text(
    """
    SELECT h.inhparent AS parent, h.inhrelid AS child FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent
    WHERE h.inhparent = ANY(:oids) AND p.relkind = 'r' ORDER BY 1, 2
    """
).bindparams(_OIDS)

#: What changes may be called in plans: the bare name where it is visible and has no dot, else with its schema.
CALLED = sa.text(
    """
    SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, c.reltuples AS estimate,
           has_schema_privilege(n.oid, 'USAGE') AS readable,
           has_table_privilege(c.oid, 'DELETE, TRUNCATE') OR has_any_column_privilege(c.oid, 'INSERT, UPDATE') AS writable,
           CASE WHEN pg_table_is_visible(c.oid) AND position('.' in c.relname) = 0 THEN c.relname
                ELSE n.nspname || '.' || c.relname END AS asked
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY(:oids)
    ORDER BY n.nspname, c.relname
    """
).bindparams(_OIDS)

#: Primary keys, column by column.
PRIMARY_KEYS = sa.text(
    """
    SELECT i.indrelid AS oid, array_agg(a.attname::text ORDER BY key.n) AS columns
    FROM pg_index i CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) AS key(n)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = (i.indkey::int2[])[key.n - 1]
    WHERE i.indrelid = ANY(:oids) AND i.indisprimary
    GROUP BY i.indrelid
    """
).bindparams(_OIDS)

#: Triggers of somebody's own that are switched on, and rules: both may do other than what a statement says.
TRIGGERS = sa.text(
    """
    SELECT t.tgrelid AS oid, t.tgname AS name,
           CASE WHEN t.tgtype & 64 <> 0 THEN 'instead' WHEN t.tgtype & 2 <> 0 THEN 'before' ELSE 'after' END AS timing,
           array_remove(ARRAY[CASE WHEN t.tgtype & 4 <> 0 THEN 'insert' END, CASE WHEN t.tgtype & 16 <> 0 THEN 'update' END,
                              CASE WHEN t.tgtype & 8 <> 0 THEN 'delete' END], NULL) AS events
    FROM pg_trigger t WHERE t.tgrelid = ANY(:oids) AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
    UNION ALL
    SELECT r.ev_class, r.rulename, 'instead',
           ARRAY[CASE r.ev_type WHEN '2' THEN 'update' WHEN '3' THEN 'insert' ELSE 'delete' END]
    FROM pg_rewrite r WHERE r.ev_class = ANY(:oids) AND r.ev_enabled IN ('O', 'A') AND r.ev_type <> '1'
    ORDER BY 1, 2
    """
).bindparams(_OIDS)

#: Whether the pairs that people have told apart may be read; no row where there is no place for them.
EXCEPTIONS = sa.text(
    """
    SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'mendbook' AND c.relname = 'exceptions' AND c.relkind = 'r'
      AND 3 = (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
               AND a.attname IN ('table', 'first_key', 'second_key'))
    """
)

#: Whether there are any of a table.
EXCEPTED = sa.text('SELECT EXISTS (SELECT FROM mendbook.exceptions WHERE "table" = ANY (cast(:names AS text[])))')

#: The sequences that tables draw the defaults of their columns from; an identity's own needs no rights.
SEQUENCES = sa.text(
    """
    SELECT DISTINCT n.nspname AS schema, s.relname AS name
    FROM pg_attrdef d
    JOIN pg_depend u ON u.classid = 'pg_attrdef'::regclass AND u.objid = d.oid AND u.refclassid = 'pg_class'::regclass
    JOIN pg_class s ON s.oid = u.refobjid AND s.relkind = 'S'
    JOIN pg_namespace n ON n.oid = s.relnamespace
    WHERE d.adrelid = ANY(:oids)
    ORDER BY 1, 2
    """
).bindparams(_OIDS)

#: Collations that may take different letters for the same.
COLLATIONS = sa.text(
    """
    SELECT c.oid, n.nspname AS schema, c.collname AS name
    FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
    WHERE NOT c.collisdeterministic AND has_schema_privilege(n.oid, 'USAGE')
      AND c.collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database()))
    """
)

#: Collations that the operating system or ICU now sorts by other rules than when the database noted their version.
CHANGED_COLLATIONS = sa.text(
    """
    SELECT 'the database''s own' FROM pg_database
    WHERE datname = current_database() AND datcollversion <> pg_database_collation_actual_version(oid)
    UNION ALL
    SELECT quote_ident(collname) FROM pg_collation
    WHERE collversion <> pg_collation_actual_version(oid)
      AND collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database()))
    """
)
