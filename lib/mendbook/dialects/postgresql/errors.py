"""What PostgreSQL's errors mean: in words for the person at the keyboard, and whose fault they are.

It knows SQLSTATE codes and what libpq writes where it gives none; it never tells a password, nor a row's values.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from mendbook.errors import ConnectionFailed, MappingError, MendbookError, QueryStopped, Refused

#: Lock timeouts, deadlocks, and conflicts with what a replica has to replay.
STOPPED_BY_OTHERS = {"55P03", "40P01", "40001"}
#: Classes of errors by which the database objects to what was asked, not to how: data, integrity, triggers, views.
OBJECTIONS = ("22", "23", "2B", "2F", "38", "39", "42", "44", "P0", "0A")
RIGHTS = "42501"


def fault(error: DBAPIError) -> str:
    """Whose fault it is: "others", "request", "rights", or "" for the connection and for what is not known."""
    code = getattr(error.orig, "pgcode", None) or ""
    if error.connection_invalidated or not code:
        return ""
    if code in STOPPED_BY_OTHERS:
        return "others"
    return "rights" if code == RIGHTS else "request" if code.startswith(OBJECTIONS) else ""


def objection(error: DBAPIError) -> str:
    """What the database objected to, without the row's values."""
    diagnosis = getattr(error.orig, "diag", None)
    return str(getattr(diagnosis, "message_primary", None) or error.orig).strip().splitlines()[0]


def explain(error: Exception, url: URL) -> MendbookError | Exception:
    """What a driver's error means, in words for the person at the keyboard; unknown ones come back as they are."""
    if isinstance(error, UnicodeEncodeError):
        letters = error.object[error.start : error.end]
        return MappingError(
            f"The database's encoding ({error.encoding}) has no {letters!r}, but it was asked for them.",
            "Nothing there can hold them: look at the names in mendbook.toml and at the values asked for.",
        )
    original = getattr(error, "orig", error)
    code = getattr(original, "pgcode", None) or ""
    said = re.sub(r"\s+", " ", str(original)).strip()
    if url.password:
        # as a word of its own: a password of one letter would otherwise be told by the letters that go missing
        said = re.sub(rf"(?<!\w){re.escape(str(url.password))}(?!\w)", "***", said)
    where = f"{url.host or 'the local socket'}{f':{url.port}' if url.port else ''}/{url.database or ''}"
    asked = getattr(error, "statement", None)
    if "invalid dsn" in said or (isinstance(error, sa.exc.OperationalError) and not code and not asked):
        return _connection_error(said, where, url.username or "")
    if code == "57014":
        return QueryStopped(
            f"The database at {where} stopped a statement: {said}.",
            "Raise statement_timeout (seconds) for the source in mendbook.toml, or audit fewer kinds with --kind.",
        )
    if "conflict with recovery" in said:
        return QueryStopped(
            f"The replica at {where} stopped the audit to go on replaying: {said}.",
            "Set hot_standby_feedback = on there, raise max_standby_streaming_delay, or audit another replica.",
        )
    if code == "42501" and "row-level security" in said:
        return Refused(
            f"Row security hides rows from this role: {said}.",
            "An audit that cannot see every row would lie. Use a role with BYPASSRLS, or one the policies do not apply to.",
        )
    if code == "42501":
        right = "USAGE" if "for schema" in said else "SELECT"
        return Refused(
            f"This role may not read what the audit needs: {said}.",
            f"GRANT {right} on it, then try again. 'mendbook doctor SOURCE' tells all that is missing.",
        )
    if code in STOPPED_BY_OTHERS:
        return QueryStopped(
            f"The database at {where} stopped a statement for the sake of another: {said}.",
            "Nothing was changed. Try again when less is going on there.",
        )
    if code == "42883" and "equality operator" in said:
        return MappingError(
            f"A mapped key or user column is of a type that cannot be compared: {said.partition(' LINE ')[0]}.",
            "Map a column of numbers, text or uuids as the key; docs/mapping.md tells which column plays which part.",
        )
    if code.startswith(("08", "57P", "53")) or (isinstance(error, sa.exc.OperationalError) and not code):
        return ConnectionFailed(f"The database at {where} broke off: {said}.", "Nothing was changed. Try again.")
    return error


def _connection_error(said: str, where: str, user: str) -> ConnectionFailed:
    """The reason a connection was not made (libpq gives no SQLSTATE then, only text); what it asks is the hint's to say."""
    said = re.sub(r" (Is the server running|Is it running)[^?]*\?", "", said).rstrip(".")
    hints = {
        "password authentication failed": f"Check the password for user {user!r} in the URL (percent-encode special letters).",
        "no password supplied": "The URL has no password; write postgresql://USER:PASSWORD@HOST/DATABASE.",
        "does not exist": "Check the database and user name in the URL; 'psql URL -l' lists the databases.",
        "could not translate host name": "Check the host name in the URL.",
        "Connection refused": "Is the server running, and is the port right? 'pg_isready -h HOST -p PORT' tells.",
        "No such file or directory": "No server listens on that socket. Is it running, and does the URL name its host?",
        "timeout expired": "The host did not answer within 10 seconds. Check the address, and firewalls on the way.",
        "invalid connection option": "The URL has an option after '?' that libpq does not know.",
        "no pg_hba.conf entry": "The server does not let this user in from here; its pg_hba.conf decides.",
    }
    hint = next((text for sign, text in hints.items() if sign in said), "Check the URL, then try 'psql URL'.")
    return ConnectionFailed(f"Cannot connect to {where}: {said}.", hint)
