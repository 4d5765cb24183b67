"""What the four applications' registrations have in common.

``slow_call`` is the only artificial thing in the lab: it stands for the call to the outside that real registrations
wait for (a mail server's answer, a directory, an avatar service). It writes nothing; it only leaves other requests the
time that a real one leaves them. ``one_at_a_time`` and ``account_of`` belong to the fixed mode: they keep two requests
of one person apart even in a database that has lost its constraints.
"""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import Lower

#: Unicode's White_Space, as mendbook trims it.
WHITE_SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


class QuickHasher(PBKDF2PasswordHasher):
    """Django's own hashing with few rounds."""

    algorithm = "pbkdf2_quick"
    iterations = 1000


def slow_call(share: float = 1.0) -> None:
    """Wait for somebody else's server, as real registrations do."""
    time.sleep(settings.PAUSE * share)


def plain(text: str) -> str:
    """A name or an address without the blanks around it and without case."""
    return text.strip(WHITE_SPACE).lower()


def one_at_a_time(*things: str) -> None:
    """Until the end of the transaction, wait for and keep out every other request about the same things.

    SQLite has one lock for all things: who writes first has it. Taken before anything is read, it is waited for; a
    transaction that has read already is told "database is locked" at once where another one is about to write.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("UPDATE django_content_type SET model = model WHERE false")  # a write, of no row
            return
        for thing in sorted({plain(thing) for thing in things if plain(thing)}):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [thing])


def account_of(username: str, email: str) -> Any | None:
    """The account of the person with that name or address in whatever spelling; the oldest where there are several."""
    trimmed = {f"plain_{name}": _plain(name) for name in ("username", "email")}
    same = Q(plain_username=plain(username))
    if plain(email):
        same |= Q(plain_email=plain(email))
    return get_user_model().objects.annotate(**trimmed).filter(same).order_by("pk").first()


def _plain(column: str) -> Func:
    """``plain`` in the database's words. SQLite's own LOWER knows the letters of ASCII alone."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        connection.connection.create_function("racelab_plain", 1, plain, deterministic=True)
        return Func(F(column), function="racelab_plain", output_field=TextField())
    return Lower(Func(F(column), Value(WHITE_SPACE), function="BTRIM"))
