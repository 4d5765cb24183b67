"""A row before and after, column beside column, safe to show: hostile text inert, personal data masked, differences marked.

Values only; terminal and notebook each draw them in their own way. It reads nothing and prints nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from mendbook.config import Source
from mendbook.display import DOTS, inert, mask, mask_key

NULL, UNKNOWN = "NULL", "(drawn when it is made)"
#: Texts that tell nothing about a person: true and false, times.
_IMPERSONAL = re.compile(r"\A(?:t|f|true|false|-?infinity|\d{4}-\d\d-\d\d(?:[ T][\d:.]+(?:[+-]\d\d(?::?\d\d)*)?)?)\Z")
_ADDRESS = re.compile(r"[^\s'\"(),;:<>@]{1,320}@[^\s'\"(),;:<>@]{1,320}")


@dataclass(frozen=True, slots=True)
class Beside:
    """A column of a changed row; None where the row is not there."""

    column: str
    before: str | None
    after: str | None
    differs: bool


@dataclass(frozen=True)
class Concealing:
    """What is masked: in mapped tables all but keys, codes, flags and the like; in others all but what is named like a key.

    ``plain`` are the columns shown as they are, by table; ``secret`` those that never are, not even revealed.
    """

    plain: Mapping[str, frozenset[str]]
    secret: frozenset[str]
    reveal: bool = False

    def shown(self, table: str, column: str, value: str | None, most: int | None = None) -> str:
        """A value as a person may see it."""
        if value is None:
            return NULL
        if column in self.secret:
            return DOTS
        if not value.strip():
            return repr(inert(value))
        if self.reveal or self._plain(table, column) or _IMPERSONAL.match(value):
            return inert(value, most)
        return mask(value)

    def key(self, key: str | None) -> str:
        """A row's key; e-mail addresses are masked, as some tables use them for keys."""
        if key is None:
            return "(its whole row)"
        return inert(key if self.reveal else mask_key(key), 80)

    def words(self, text: str, most: int | None = 300) -> str:
        """A sentence of the plan's; addresses in it are masked."""
        return inert(text if self.reveal else masked(text), most)

    def _plain(self, table: str, column: str) -> bool:
        if table in self.plain:
            return column in self.plain[table]
        return column in ("id", "pk", "key") or column.endswith(("_id", "_pk", "_at", "_on"))


def masked(text: str, but: Collection[str] = ()) -> str:
    """A sentence with the addresses in it masked, ``but`` those of people who answer for what they signed."""
    if "@" not in text:  # most of a million sentences
        return text
    return _ADDRESS.sub(lambda found: found[0] if found[0] in but else mask(found[0]), text)


def concealing(source: Source | None, reveal: bool = False) -> Concealing:
    """What is masked of ``source``; where there is no mapping to ask, all that is not named like a key."""
    if source is None:
        return Concealing({}, frozenset({"password"}), reveal)
    users = source.users
    flags = {name for profile in source.profiles for name in profile.required_for or ()}
    plain = {users.table: {users.key, users.created, users.last_login, users.active, *users.privileged, *flags}}
    for profile in source.profiles:
        own = {profile.key, profile.user, profile.created, *profile.codes, *profile.flags} - {*profile.filled}
        plain[profile.table] = plain.get(profile.table, set()) | own
    shown = {table: frozenset(name for name in names if name) for table, names in plain.items()}
    return Concealing(shown, frozenset({"password", users.password or "password"}), reveal)


def beside(change: Mapping[str, Any], concealed: Concealing, most: int | None = None) -> list[Beside]:
    """Every column of a changed row (a change as JSON values), by name; what the database will draw is said to be."""
    before, after, drawn = change["before"], change["after"], change["drawn"]
    columns = sorted({*(before or {}), *(after or {}), *(drawn if after is not None else ())})
    rows = []
    for column in columns:
        old, new = (
            None if row is None or column not in row else concealed.shown(change["table"], column, row[column], most)
            for row in (before, after)
        )
        if column in drawn and after is not None:
            new = UNKNOWN
        differs = column in drawn or before is None or after is None or before.get(column) != after.get(column)
        rows.append(Beside(column, old, new, differs))
    return rows
