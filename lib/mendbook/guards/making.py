"""One weakness of the schema made into what builds its protection, and held against the rows of today.

Chooses which statements and which questions; the dialect writes the one, guard_breaks asks the other. Runs no statement.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mendbook.damage.missing_constraint import CASELESS, COLUMN, FOREIGN_KEY, INVALID, LOOSE, UNIQUE, Lack, Weakness, is_unique
from mendbook.database import Snapshot
from mendbook.dialects.building import NOTHING, Building, Built, Given, NewColumn
from mendbook.guards.breaks import Breaks, Looking
from mendbook.mapping.tables import ProfileTable, UserTable

#: The kinds whose cases tell of the rows that are in the way.
OF_USERS, OF_PROFILES, OF_CODES = (
    ("duplicate_user",),
    ("duplicate_profile", "orphan_profile"),
    ("duplicate_code", "missing_code"),
)
OF_STRANGERS = ("orphan_profile",)
#: What a column of a role is like that a source has lost: its family, and what its rows hold.
OF_ROLES: dict[str, tuple[str, Given]] = {
    "created": ("time", None),
    "last_login": ("time", None),
    "active": ("boolean", True),
    "password": ("text", None),
    "privileged": ("boolean", False),
}


@dataclass(frozen=True, slots=True)
class Guard:
    """One unprotected column: what builds its protection, what takes that back, and what would keep it from being built.

    would_build  whether all of it would be built now; None where that could not be looked at. False where no statement
                 builds it, or a part of it: then ``built.cannot`` says why, and the statements are for the rest
    """

    weakness: Weakness
    built: Built
    breaks: Breaks
    would_build: bool | None

    @property
    def part(self) -> str:
        """What no statement builds, where there is such a thing: all of it, or a part."""
        return "a part of it" if self.built.statements else "it"

    def as_json(self) -> dict[str, Any]:
        return {
            **self.weakness.as_json(),
            "statements": self.built.statements,
            "rollback": self.built.rollback,
            "breaks": asdict(self.breaks),
            "would_build": self.would_build,
            "cannot": self.built.cannot,
            "transactional": self.built.transactional,
            "notes": self.built.notes,
        }


def place(weakness: Weakness) -> int:
    """Columns first; then what binds profiles; what people are told apart by comes last, for it is the most likely to fail."""
    absent = any(lack.what == COLUMN for lack in weakness.lacks)
    return 0 if absent else 2 if weakness.profile is None else 1


class Making:
    """The guards of one snapshot. What two weaknesses lack in common, which is two profiles of one table, is built once."""

    def __init__(self, snapshot: Snapshot, building: Building, looking: Looking) -> None:
        self._tables, self._building, self._looking = snapshot.tables, building, looking
        relations = (self._tables.users.relation, *(profile.relation for profile in self._tables.profiles))
        # where keys wait for the end of the transaction (Django's do), its code relies on that
        self._deferrable = any(key.deferrable for relation in relations for key in relation.foreign_keys)
        self._made: set[tuple[Any, ...]] = set()

    def guard(self, weakness: Weakness) -> Guard:
        """What builds the protection of one column, and what would keep it from being built."""
        table = self._table(weakness)
        built, breaks = NOTHING, Breaks()
        for lack in self._in_order(weakness, table):
            made, met = self._built(lack, weakness, table), self._met(lack, weakness, table)
            asked = (table.relation.identity, weakness.column, *((lack.what, lack.name) if lack.what != COLUMN else (COLUMN,)))
            if asked not in self._made:
                self._made.add(asked)
                built = built.then(made)
            breaks = breaks.plus(met)
        would = False if built.cannot or breaks.any else None if breaks.unknown else True
        return Guard(weakness, built, breaks, would)

    def _table(self, weakness: Weakness) -> UserTable | ProfileTable:
        named = {profile.profile: profile for profile in self._tables.profiles}
        return self._tables.users if weakness.profile is None else named[weakness.profile]

    def _in_order(self, weakness: Weakness, table: UserTable | ProfileTable) -> list[Lack]:
        """What is to be done, one thing after the other. An invalid index goes first, and stands for the one that it was to
        be, unless a sound one stands beside it."""
        invalid = [lack for lack in weakness.lacks if lack.what == INVALID]
        others = [lack for lack in weakness.lacks if lack.what not in (INVALID, COLUMN)]
        absent = [lack for lack in weakness.lacks if lack.what == COLUMN]
        if absent:
            code = [Lack(UNIQUE)] if any(lack.name == "codes" for lack in absent) else []
            return [absent[0], *code]
        caseless = weakness.profile is None
        unique = Lack(CASELESS if caseless else UNIQUE)
        if invalid and unique not in others and not is_unique(table, weakness.column, caseless):
            others = [unique, *others]
        # a foreign key has to name a column that is unique
        return [*invalid, *others]

    def _built(self, lack: Lack, weakness: Weakness, table: UserTable | ProfileTable) -> Built:
        building, relation, column = self._building, table.relation, weakness.column
        if lack.what == INVALID:
            return building.without_invalid(relation, lack.name)
        if lack.what == COLUMN:
            return building.add_column(relation, self._new_column(weakness, table))
        if lack.what == CASELESS:
            return building.caseless(relation, column)
        if lack.what == UNIQUE:
            return building.unique(relation, column)
        if lack.what == LOOSE:
            return building.validate(relation, lack.name)
        users = self._tables.users
        before = NOTHING
        if not self._names_one(users) and ("key",) not in self._made:
            self._made.add(("key",))
            before = building.unique(users.relation, users.mapping.key)
        return before.then(building.foreign_key(relation, column, users.relation, users.mapping.key, self._deferrable))

    def _met(self, lack: Lack, weakness: Weakness, table: UserTable | ProfileTable) -> Breaks:
        looking, column, building = self._looking, weakness.column, self._building
        if lack.what in (INVALID, COLUMN) or not table.has(column):
            return Breaks()
        sql = table.column(column)
        if lack.what == CASELESS:
            key = building.told_apart(table.relation, sql)
            return looking.doubled(table, column, OF_USERS, key, building.covered(sql), building.too_long(key))
        if lack.what == UNIQUE:
            of_user = isinstance(table, ProfileTable) and table.mapping.user == column
            long = building.too_long(sql) if table.kind(column).family == "text" else None
            return looking.doubled(table, column, OF_PROFILES if of_user else OF_CODES, too_long=long)
        assert isinstance(table, ProfileTable)
        met = looking.strangers(table, OF_STRANGERS)
        users = self._tables.users
        if lack.what == FOREIGN_KEY and not self._names_one(users):
            met = looking.doubled(users, users.mapping.key, ()).plus(met)
        return met

    @staticmethod
    def _names_one(users: UserTable) -> bool:
        """Whether a foreign key may name the users' key: an index without conditions keeps it from standing there twice."""
        key = (users.mapping.key,)
        whole = [index for index in users.relation.unique_indexes if index.valid and index.predicate is None]
        return users.relation.primary_key == key or any(index.columns == key for index in whole)

    def _new_column(self, weakness: Weakness, table: UserTable | ProfileTable) -> NewColumn:
        """The column as its roles in the mapping want it: what ``defaults`` and ``flags`` say, else what its role is like."""
        name, roles = weakness.column, [lack.name for lack in weakness.lacks if lack.what == COLUMN]
        if isinstance(table, ProfileTable):
            own = table.mapping
            named = {**own.defaults, **own.flags}
            if name in named:
                return NewColumn(name, _family(named[name]), named[name])
            return NewColumn(name, "time" if "created" in roles else "text", now="created" in roles)
        if "required_for" in roles and not set(roles) & OF_ROLES.keys():
            required = (profile.mapping.required_for or {} for profile in self._tables.profiles)
            wanted = next(each[name] for each in required if name in each)
            return NewColumn(name, _family(wanted), False if isinstance(wanted, bool) else None)
        family, given = next((OF_ROLES[role] for role in roles if role in OF_ROLES), ("text", None))
        return NewColumn(name, family, given, now="created" in roles)


def _family(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return {int: "integer", float: "number"}.get(type(value), "text")
