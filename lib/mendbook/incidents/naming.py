"""Whom an incident of the logs names: a user's key, a user name, an e-mail, or nobody. Pure; it knows the mapping alone.

The columns of the key decide. A profile's user column, or the key of the users' own table, holds a user's key; the mapped
user name and e-mail columns, also inside an expression such as lower(email::text), hold those, whatever the table. A
key of several columns is taken apart only where its text can be cut in one way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mendbook.config import Profile, Source, split_table
from mendbook.logs.requests import Registration
from mendbook.model import Failure, Incident

_WORD = re.compile(r'"((?:[^"]|"")+)"|([^\W\d]\w*)')


@dataclass(frozen=True, slots=True)
class Named:
    """What an incident names; ``profile`` where its table is that profile's."""

    user_key: str | None = None
    username: str | None = None
    email: str | None = None
    profile: str | None = None


class Names:
    """Reads incidents by the mapping of one source."""

    def __init__(self, source: Source) -> None:
        self._users = source.users
        self._profiles = source.profiles
        self._registers = Registration(source.registration_paths)
        self._tables = {split_table(name)[1] for name in (source.users.table, *(each.table for each in source.profiles))}

    def named(self, incident: Incident) -> Named:
        """Whom ``incident`` names."""
        table = self._table(incident)
        profile = next((each for each in self._profiles if table == split_table(each.table)[1]), None)
        found: dict[str, str] = {}
        for column, value in _values(incident):
            role = self._role(column, table, profile)
            if role is not None:
                found.setdefault(role, value)
        named = Named(found.get("key"), found.get("username"), found.get("email"))
        return Named(named.user_key, named.username, named.email, profile.name if profile else None)

    def failure(self, incident: Incident) -> Failure | None:
        """The failed registration that ``incident`` is; None where it is none or its time is not known."""
        if incident.handled is True or incident.at is None:
            return None
        table = self._table(incident)
        registers = incident.path is not None and self._registers("POST", incident.path)
        ours = table in self._tables or (table is None and incident.path is None)
        if not (registers or ours):
            return None
        named = self.named(incident)
        return Failure(incident.at, named.user_key, named.username, named.email)

    def _table(self, incident: Incident) -> str | None:
        """The table it names, or the mapped one that the name of its constraint begins with."""
        if incident.table is not None:
            return incident.table
        fits = [table for table in self._tables if (incident.constraint or "").startswith(f"{table}_")]
        return max(fits, key=len, default=None)

    def _role(self, column: str, table: str | None, profile: Profile | None) -> str | None:
        users = self._users
        words = {quoted.replace('""', '"') or plain for quoted, plain in _WORD.findall(column)} | {column}
        if users.username is not None and users.username in words:
            return "username"
        if users.email is not None and users.email in words:
            return "email"
        if table == split_table(users.table)[1]:
            return "key" if column == users.key else None
        owners = [profile] if profile is not None else self._profiles
        return "key" if any(column == each.user for each in owners) else None


def _values(incident: Incident) -> Iterator[tuple[str, str]]:
    """The columns of the key, each with its value; nothing where the text can be cut in several ways."""
    if incident.key is None or not incident.columns:
        return
    values = [incident.key] if len(incident.columns) == 1 else incident.key.split(", ")
    if len(values) == len(incident.columns):
        yield from zip(incident.columns, values, strict=True)
