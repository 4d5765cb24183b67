"""Databases that one test leaves to the next: emptied, and only where nothing at all of the test is left in them.

Making and dropping one takes several times as long as emptying it, and there are more than a thousand tests with one.
"""

from __future__ import annotations

from typing import Any

import psycopg2
from sqlalchemy.engine import make_url

_SEND_AWAY = """
SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SCHEMAS = """
SELECT coalesce(string_agg(format('DROP SCHEMA %I CASCADE;', nspname), ' '), '') FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
"""
_PUBLIC = "CREATE SCHEMA public AUTHORIZATION pg_database_owner; GRANT USAGE ON SCHEMA public TO PUBLIC"
#: Catalogues whose rows have numbers; those from 16384 on were made by somebody.
_CATALOGUES = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'oid'
WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND NOT c.relisshared ORDER BY 1
"""
_SETTINGS = """
SELECT d.datdba, d.datacl::text, d.datconnlimit, d.datallowconn, d.datistemplate,
    (SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = d.oid),
    (SELECT count(*) FROM pg_prepared_xacts WHERE database = d.datname),
    (SELECT count(*) FROM pg_replication_slots WHERE database = d.datname),
    (SELECT md5(string_agg(nspname || coalesce(nspacl::text, ''), ' ' ORDER BY nspname)) FROM pg_namespace
     WHERE nspname !~ '^pg_(toast_)?temp_'),
    (SELECT md5(string_agg(oid || relacl::text, ' ' ORDER BY oid)) FROM pg_class WHERE relacl IS NOT NULL),
    (SELECT md5(string_agg(oid || proacl::text, ' ' ORDER BY oid)) FROM pg_proc WHERE proacl IS NOT NULL),
    (SELECT md5(string_agg(oid || typacl::text, ' ' ORDER BY oid)) FROM pg_type WHERE typacl IS NOT NULL),
    (SELECT md5(string_agg(oid || lanacl::text, ' ' ORDER BY oid)) FROM pg_language WHERE lanacl IS NOT NULL)
FROM pg_database d WHERE d.datname = current_database()
"""


class Emptied:
    """The names of one server's databases that are as new, with what new ones are like."""

    def __init__(self) -> None:
        self.free: list[str] = []
        self._new: Any = None

    def note(self, url: str) -> None:
        """Remember what a database is like that has just been made."""
        if self._new is None:
            with _Connected(url) as ask:
                self._new = _state(ask)

    def emptied(self, url: str) -> bool:
        """Empty the database; whether it is as new then."""
        try:
            with _Connected(url) as ask:
                ask("SET lock_timeout = '60s'; SET client_min_messages = error")
                ask(_SEND_AWAY)
                ask(ask(_SCHEMAS)[0][0] + _PUBLIC)
                return bool(_state(ask) == self._new)
        except psycopg2.Error:
            return False


def _state(ask: Any) -> Any:
    """Whatever somebody may have made in a database or set on it."""
    counts = " UNION ALL ".join(
        f"SELECT '{name}', count(*) FROM {name} WHERE oid >= 16384"
        + (" AND nspname <> 'public' AND nspname !~ '^pg_(toast_)?temp_'" if name == "pg_namespace" else "")
        for (name,) in ask(_CATALOGUES)
    )
    return ask(counts), ask(_SETTINGS)


class _Connected:
    """A connection that answers statements with rows."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    def __enter__(self) -> Any:
        self.connection = psycopg2.connect(self.url)
        self.connection.autocommit = True
        return self._ask

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def __exit__(self, *_: object) -> None:
        self.connection.close()
