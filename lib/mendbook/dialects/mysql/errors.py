"""What the errors of MySQL and MariaDB mean: in words for the person at the keyboard, and whose fault they are.

It knows their numbers; it never tells a password, nor a row's values.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from mendbook.errors import ConnectionFailed, MappingError, MendbookError, QueryStopped, Refused

#: A lock held too long, a deadlock, a row changed under a snapshot, a lock that was not waited for.
STOPPED_BY_OTHERS = {1205, 1213, 1020, 3572}
#: A statement that took too long, or that somebody stopped.
STOPPED = {1317, 1969, 3024}
RIGHTS = {1044, 1142, 1143, 1227, 1370}
READ_ONLY = {1290, 1792, 1836}
#: The connection is gone, or the server has no more of them.
BROKEN = {1040, 1053, 1927, 2006, 2013, 2014, 2055}
#: What was asked for breaks a rule of the database: values, keys, references, checks, triggers, columns that are not there.
OBJECTIONS = {
    *(1022, 1048, 1062, 1169, 1171, 1216, 1217, 1451, 1452, 1557, 1586, 1761, 1762, 1859),
    *(1054, 1136, 1146, 1261, 1264, 1265, 1292, 1364, 1366, 1367, 1406, 1411, 1416, 1425, 1441, 1644, 1690, 1906),
    *(3105, 3140, 3141, 3819, 3854, 4025, 4078),
}
#: Values that such errors tell in quotes: what stands between them may be somebody's.
_VALUES = re.compile(r"(entry|value|Data truncation[^']*|Truncated incorrect \w+ value:?) '(?:[^']|'')*'")

_HINTS = {
    1045: "Check the user and the password in the URL (percent-encode special letters), and from which host the user may come.",
    1698: "That user logs in by the operating system's name, not by a password; use another user.",
    1044: "Check the database's name in the URL, and that the user has rights there: SHOW GRANTS tells.",
    1049: "Check the database's name in the URL; 'SHOW DATABASES' lists those that the user sees.",
    1040: "The server has no connection to spare; try again later, or raise max_connections.",
    1129: "The server has blocked this host after too many failures: FLUSH HOSTS there.",
    1130: "The server does not let this host in: the user's host part decides.",
    2002: "No server listens there. Is it running, and is the socket or the port right?",
    2003: "Is the server running, and are host and port right? Firewalls on the way may be the reason, too.",
    2005: "Check the host name in the URL.",
    1046: "The URL names no database: mysql://USER:PASSWORD@HOST/DATABASE",
    1193: "The server is older than MariaDB 10.6 or MySQL 8.0, which mendbook needs.",
    1273: "The server is older than MariaDB 10.6 or MySQL 8.0, which mendbook needs.",
}


def number(error: BaseException) -> int:
    """The server's or the driver's number of an error; 0 where there is none."""
    original: Any = getattr(error, "orig", error)
    first = original.args[0] if getattr(original, "args", ()) else 0
    return first if isinstance(first, int) else 0


def said(error: BaseException) -> str:
    """What the server said, without the values that it tells of a row."""
    original: Any = getattr(error, "orig", error)
    text = str(original.args[1] if len(getattr(original, "args", ())) > 1 else original)
    return re.sub(r"\s+", " ", _VALUES.sub(r"\1 '...'", text)).strip()


def fault(error: DBAPIError) -> str:
    """Whose fault it is: "others", "request", "rights", or "" for the connection and for what is not known."""
    code = number(error)
    if error.connection_invalidated or code in BROKEN:
        return ""
    if code in STOPPED_BY_OTHERS:
        return "others"
    return "rights" if code in RIGHTS else "request" if code in OBJECTIONS else ""


def objection(error: DBAPIError) -> str:
    """What the database objected to, without the row's values."""
    return said(error)


def explain(error: Exception, url: URL) -> MendbookError | Exception:
    """What a driver's error means, in words for the person at the keyboard; unknown ones come back as they are."""
    if isinstance(error, UnicodeEncodeError):
        return MappingError(
            "The database was asked for a text that no encoding can hold.",
            "Nothing there can hold it: look at the names in mendbook.toml and at the values asked for.",
        )
    code, told = number(error), said(error)
    if url.password:
        told = re.sub(rf"(?<!\w){re.escape(str(url.password))}(?!\w)", "***", told)
    host = url.host or url.query.get("unix_socket") or "the local socket"
    where = f"{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"
    if code in _HINTS and (getattr(error, "statement", None) is None or code in (1046, 1193, 1273)):
        return ConnectionFailed(f"Cannot connect to {where}: {told}.", _HINTS[code])
    if code in STOPPED:
        return QueryStopped(
            f"The database at {where} stopped a statement: {told}.",
            "Raise statement_timeout (seconds) for the source in mendbook.toml, or audit fewer kinds with --kind.",
        )
    if code in STOPPED_BY_OTHERS:
        return QueryStopped(
            f"The database at {where} stopped a statement for the sake of another: {told}.",
            "Nothing was changed. Try again when less is going on there.",
        )
    if code in RIGHTS:
        return Refused(
            f"This role may not do what is needed: {told}.",
            "GRANT it, then try again. 'mendbook doctor SOURCE' tells all that is missing.",
        )
    if code in READ_ONLY:
        return Refused(f"The server at {where} is read only: {told}.", "Name the primary, which it follows.")
    if code in BROKEN or (isinstance(error, sa.exc.OperationalError) and getattr(error, "statement", None) is None):
        return ConnectionFailed(f"The database at {where} broke off: {told}.", "Nothing was changed. Try again.")
    return error
