"""An independent reading of the kinds of damage: whole tables in Python, plain loops, straight from the definitions.

It imports nothing of mendbook and shares no SQL with it; obvious where mendbook is fast. ``brute_force`` is compared
with mendbook's finders on every case of tests/cases and on random tables. ghost_user is read by oracle_ghosts.py, the
schema's own damage (missing_constraint) by oracle_constraints.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from finding import Finding, in_order
from oracle_constraints import missing_constraints
from oracle_ghosts import ghost_users
from oracle_tables import Row, Table, read_table

#: The 25 code points of Unicode's White_Space property; U+200B is none of them.
WHITE_SPACE = (
    "\t\n\v\f\r \u0085\u00a0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

#: Base types whose keys are ordered as numbers; all others are ordered by the code points of their text.
NUMBERS = {"int2", "int4", "int8", "numeric", "oid"}


def trim(text: str) -> str:
    return text.strip(WHITE_SPACE)


def is_blank(text: str | None) -> bool:
    return text is None or trim(text) == ""


def lower_letter(letter: str) -> str:
    """Unicode's simple lowercase, one code point to one. Python's lower() is the full mapping: only İ differs."""
    return "i" if letter == "\u0130" else letter.lower()


def same_person(text: str | None) -> str | None:
    """What two spellings of one person share; None for a blank, which matches nothing."""
    return None if is_blank(text) else "".join(lower_letter(letter) for letter in trim(text or ""))


def second_earliest(times: list[int | None]) -> int | None:
    """NULLs last: None when fewer than two of the times are known."""
    known = sorted(time for time in times if time is not None)
    return known[1] if len(known) > 1 else None


@dataclass
class Profile:
    """One profile table as mapped, with its rows."""

    mapped: dict[str, Any]
    table: Table
    rows: list[Row]
    users_rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    @property
    def name(self) -> str:
        return str(self.mapped["name"])


class Reading:
    """All mapped tables of one source, read whole, and the findings of each kind."""

    def __init__(self, connection: Any, mapping: dict[str, Any]) -> None:
        self.mapped = mapping["users"]
        wanted = [self.mapped[role] for role in ("key", "username", "email", "last_login") if role in self.mapped]
        for profile in mapping.get("profiles", []):
            wanted += profile.get("required_for", {})
        self.users = read_table(connection, self.mapped["table"], self.mapped["key"], wanted, self.mapped.get("created"))
        self.user = {row.key: row for row in self.users.rows}
        self.profiles = [self._profile(connection, profile) for profile in mapping.get("profiles", [])]

    def _profile(self, connection: Any, mapped: dict[str, Any]) -> Profile:
        wanted = [mapped["user"], *mapped.get("filled", []), *mapped.get("codes", {}), *mapped.get("flags", {})]
        table = read_table(connection, mapped["table"], mapped["key"], wanted, mapped.get("created"))
        profile = Profile(mapped, table, table.rows)
        for row in table.rows:
            owner = row.values[mapped["user"]]
            if owner in self.user:
                profile.users_rows[owner].append(row)
        return profile

    def at(self, profile: Profile, row: Row) -> int | None:
        """The row's own time, else its user's."""
        owner = self.user.get(row.values[profile.mapped["user"]])
        return row.created if row.created is not None or owner is None else owner.created

    def profile_finding(self, kind: str, profile: Profile, row: Row, case_key: str, at: int | None) -> Finding:
        table = profile.mapped["table"]
        return Finding(kind, profile.name, case_key, table, row.key, row.values[profile.mapped["user"]], at)

    def owned(self, profile: Profile) -> Iterator[tuple[Row, Row]]:
        """Each profile row of an existing user, with that user."""
        for key, rows in profile.users_rows.items():
            for row in rows:
                yield row, self.user[key]

    def requires(self, profile: Profile, user: Row) -> bool:
        """Whether the user matches required_for: a conjunction; NULL does not match; absent, every user does."""
        wanted = profile.mapped.get("required_for", {})
        return all(equals(user.values[column], value) for column, value in wanted.items())

    def requirement_is_known(self, profile: Profile) -> bool:
        return all(column in self.users.types for column in profile.mapped.get("required_for", {}))

    def missing_profile(self) -> Iterator[Finding]:
        for profile in self.profiles:
            if not self.requirement_is_known(profile):
                continue
            for user in self.users.rows:
                if self.requires(profile, user) and user.key not in profile.users_rows:
                    table = self.mapped["table"]
                    yield Finding("missing_profile", profile.name, user.key, table, user.key, user.key, user.created)

    def orphan_profile(self) -> Iterator[Finding]:
        for profile in self.profiles:
            for row in profile.rows:
                owner = row.values[profile.mapped["user"]]
                if owner is None or owner not in self.user:
                    yield self.profile_finding("orphan_profile", profile, row, row.key, self.at(profile, row))

    def duplicate_profile(self) -> Iterator[Finding]:
        for profile in self.profiles:
            for key, rows in profile.users_rows.items():
                if len(rows) >= 2:
                    at = second_earliest([self.at(profile, row) for row in rows])
                    for row in rows:
                        yield self.profile_finding("duplicate_profile", profile, row, key, at)

    def blank_profile(self) -> Iterator[Finding]:
        for profile in self.profiles:
            filled = profile.mapped.get("filled", [])
            if not filled or any(column not in profile.table.types for column in filled):
                continue
            for row, _ in self.owned(profile):
                if all(is_blank(row.values[column]) for column in filled):
                    yield self.profile_finding("blank_profile", profile, row, row.key, self.at(profile, row))

    def wrong_profile(self) -> Iterator[Finding]:
        for profile in self.profiles:
            if not self.requirement_is_known(profile):
                continue
            for row, user in self.owned(profile):
                if not self.requires(profile, user):
                    yield self.profile_finding("wrong_profile", profile, row, row.key, self.at(profile, row))

    def missing_code(self) -> Iterator[Finding]:
        for profile in self.profiles:
            codes = [column for column in profile.mapped.get("codes", {}) if column in profile.table.types]
            for row, _ in self.owned(profile):
                if any(is_blank(row.values[column]) for column in codes):
                    yield self.profile_finding("missing_code", profile, row, row.key, self.at(profile, row))

    def duplicate_code(self) -> Iterator[Finding]:
        """A code is one case, whichever of its columns the rows repeat it in; its time is that of all its rows."""
        for profile in self.profiles:
            codes = [column for column in profile.mapped.get("codes", {}) if column in profile.table.types]
            damaged: dict[str, dict[str, Row]] = defaultdict(dict)
            for column in codes:
                holders: dict[str, list[Row]] = defaultdict(list)
                for row in profile.rows:
                    if not is_blank(row.values[column]):
                        holders[str(row.values[column])].append(row)
                for code, rows in holders.items():
                    if len(rows) >= 2:
                        damaged[code].update({row.key: row for row in rows})
            for code, group in damaged.items():
                at = second_earliest([self.at(profile, row) for row in group.values()])
                for row in group.values():
                    yield self.profile_finding("duplicate_code", profile, row, code, at)

    def null_flag(self) -> Iterator[Finding]:
        for profile in self.profiles:
            flags = [column for column in profile.mapped.get("flags", {}) if column in profile.table.types]
            for row, _ in self.owned(profile):
                if any(row.values[column] is None for column in flags):
                    yield self.profile_finding("null_flag", profile, row, row.key, self.at(profile, row))

    def duplicate_user(self) -> Iterator[Finding]:
        for group in self.people():
            if len(group) >= 2:
                smallest = min(group, key=self.key_order).key
                at = second_earliest([user.created for user in group])
                for user in group:
                    yield Finding("duplicate_user", None, smallest, self.mapped["table"], user.key, user.key, at)

    def people(self) -> Iterator[list[Row]]:
        """The users in groups: two share a group if a chain of equal names or equal e-mails joins them."""
        sharing: dict[tuple[str, str], list[Row]] = defaultdict(list)
        spelling = {
            user.key: [
                (role, person)
                for role in ("username", "email")
                if role in self.mapped and (person := same_person(user.values[self.mapped[role]])) is not None
            ]
            for user in self.users.rows
        }
        for user in self.users.rows:
            for person in spelling[user.key]:
                sharing[person].append(user)
        seen: set[str] = set()
        for user in self.users.rows:
            group, waiting = [], [user]
            while waiting:
                reached = waiting.pop()
                if reached.key in seen:
                    continue
                seen.add(reached.key)
                group.append(reached)
                for person in spelling[reached.key]:
                    waiting += sharing[person]
            yield group

    def key_order(self, user: Row) -> Any:
        return Decimal(user.key) if self.users.types[self.mapped["key"]] in NUMBERS else user.key


def equals(text: str | None, value: Any) -> bool:
    """Whether a column (its text) holds a value of the mapping. NULL holds none."""
    if text is None:
        return False
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, int):
        return Decimal(text) == value
    return text == value


def brute_force(connection: Any, mapping: dict[str, Any], logs: Path | None = None) -> list[Finding]:
    """Every finding in one source, in order; ``mapping`` is the source's table of mendbook.toml, ``logs`` its folder."""
    reading = Reading(connection, mapping)
    findings = [*missing_constraints(connection, mapping, reading.users, [p.table for p in reading.profiles])]
    findings += reading.missing_profile()
    findings += reading.orphan_profile()
    findings += reading.duplicate_profile()
    findings += reading.duplicate_user()
    findings += reading.blank_profile()
    findings += reading.wrong_profile()
    findings += reading.missing_code()
    findings += reading.duplicate_code()
    findings += reading.null_flag()
    if logs is not None:
        findings += ghost_users(mapping, reading.users, logs, same_person)
    return in_order(findings)
