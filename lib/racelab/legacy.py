"""Damage that is older than the race, made the way people made it: by SQL, by hand, and around the constraints.

What the race does, the race must do; nothing of that is written here. ``age`` makes what came from somewhere else, on a
freshly migrated database, and returns one sentence for each thing it did, so that whoever calls it can say so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from mendbook.errors import ServerError
from sqlalchemy.exc import SQLAlchemyError

from racelab.systems import system_named

FIRST_DAY = datetime(2023, 3, 1, 8, tzinfo=UTC)
#: The name of logistics' constraint, and of the index that took its place and spares the rows from before it.
ONE_PROFILE = "accounts_customerprofile_user_id_key"
SPARING = f"CREATE UNIQUE INDEX {ONE_PROFILE} ON accounts_customerprofile (user_id) WHERE created_at >= {{since}}"


@dataclass(frozen=True)
class Hand:
    """Somebody with a connection to the database, and the right to do as they please."""

    connection: sa.Connection

    @property
    def on_sqlite(self) -> bool:
        return self.connection.dialect.name == "sqlite"

    def run(self, sql: str, **values: Any) -> Any:
        return self.connection.execute(sa.text(sql), values)

    def users(self, name: str, count: int) -> list[tuple[int, str]]:
        """So many users, one a day; the key of each, and when they joined."""
        made = []
        for number in range(1, count + 1):
            joined = _moment(FIRST_DAY + timedelta(days=number))
            key = self.run(
                "INSERT INTO auth_user"
                " (username, email, password, first_name, last_name, is_staff, is_superuser, is_active, date_joined)"
                " VALUES (:name, :email, '!', '', '', false, false, true, :joined) RETURNING id",
                name=f"{name}{number}",
                email=f"{name}{number}@example.com",
                joined=joined,
            ).scalar_one()
            made.append((int(key), joined))
        return made

    def customer(self, user: int, phone: str, address: str, created: str) -> None:
        self.run(
            "INSERT INTO accounts_customerprofile (user_id, phone_number, address, company, created_at)"
            " VALUES (:user, :phone, :address, '', :created)",
            user=user,
            phone=phone,
            address=address,
            created=created,
        )


def age(system: str, database_url: str) -> tuple[str, ...]:
    """Make the old damage of one system; what was done, in sentences."""
    makers = MAKERS.get(system_named(system).name, ())
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    try:
        with engine.begin() as connection:
            return tuple(make(Hand(connection)) for make in makers)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).split("\n")[0]
        hint = "It is made once, on a freshly migrated database of the broken mode."
        raise ServerError(f"The old damage of {system} could not be made: {reason}", hint) from error


def imported_staff(hand: Hand) -> str:
    """attendance: a list of staff was loaded into auth_user by SQL, where no signal runs."""
    hand.users("imported.staff", 3)
    return "attendance: 3 users were imported by SQL, which runs no signal, so they never got a staff row"


def before_the_constraint(hand: Hand) -> str:
    """logistics: an older schema had no constraint; when it came, it was made to spare the rows that were there.

    Both rows of each user were let in by the older schema: the signal's, blank, and the form's. The constraint was then
    added as a unique index over the newer rows only, because over all of them it did not build. To new rows it looks
    and fails just as the real one does, under the same name.
    """
    early = hand.users("early.customer", 4)
    if hand.on_sqlite:
        _without_its_unique_word(hand)
    else:
        hand.run(f"ALTER TABLE accounts_customerprofile DROP CONSTRAINT {ONE_PROFILE}")
    for user, joined in early:
        hand.customer(user, "", "", joined)
    for user, joined in early:
        shortly_after = _moment(datetime.fromisoformat(f"{joined}+00:00") + timedelta(milliseconds=40))
        hand.customer(user, "+44 1632 960000", f"{user} Example Street", shortly_after)
    if hand.on_sqlite:
        hand.run(SPARING.format(since="'2024-01-01 00:00:00'"))
    else:
        hand.run("SET CONSTRAINTS ALL IMMEDIATE")
        hand.run(SPARING.format(since="timestamptz '2024-01-01 00:00+00'"))
    return (
        "logistics: 4 users got two customer profiles while the older schema had no constraint; the constraint of "
        "today is a unique index that spares the rows from before 2024"
    )


def _without_its_unique_word(hand: Hand) -> None:
    """SQLite drops no constraint: the table is made anew, while it is still empty, without the word in its definition."""
    definition = str(hand.run("SELECT sql FROM sqlite_schema WHERE name = 'accounts_customerprofile'").scalar_one())
    hand.run("DROP TABLE accounts_customerprofile")
    hand.run(definition.replace(" UNIQUE ", " ", 1))


def promoted_customers(hand: Hand) -> str:
    """logistics: somebody ticked is_staff of existing customers; their customer profiles stayed."""
    for user, joined in hand.users("promoted", 2):
        hand.customer(user, "+44 1632 960001", "1 Example Street", joined)
        hand.run("UPDATE auth_user SET is_staff = true WHERE id = :user", user=user)
    return "logistics: 2 customers were made staff by hand, with a customer profile and without a staff profile"


def deleted_users(hand: Hand) -> str:
    """academy: users were deleted in SQL. The foreign key was in the way on PostgreSQL: taken off, and put back NOT VALID.

    On SQLite it is in nobody's way: only connections that ask for it (Django's do) have foreign keys enforced.
    """
    gone = hand.users("former.student", 3)
    for user, joined in gone:
        hand.run(
            "INSERT INTO users_profile (user_id, role, bio, created_at)"
            " VALUES (:user, 'student', 'Left the academy.', :joined)",
            user=user,
            joined=joined,
        )
    delete = "DELETE FROM auth_user WHERE username LIKE 'former.student%'"
    if hand.on_sqlite:
        hand.run(delete)
        return "academy: 3 users were deleted by hand in sqlite3, which enforces no foreign keys; their profiles stayed"
    hand.run("SET CONSTRAINTS ALL IMMEDIATE")
    ((name, definition),) = hand.run(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = 'users_profile'::regclass AND contype = 'f'"
    )
    hand.run(f'ALTER TABLE users_profile DROP CONSTRAINT "{name}"')
    hand.run(delete)
    hand.run("SET CONSTRAINTS ALL IMMEDIATE")
    hand.run(f'ALTER TABLE users_profile ADD CONSTRAINT "{name}" {definition} NOT VALID')
    return "academy: 3 users were deleted by hand in SQL, around the foreign key (now NOT VALID); their profiles stayed"


def _moment(at: datetime) -> str:
    """As Django stores a time on SQLite; on PostgreSQL the session's zone says that it is UTC."""
    return at.replace(tzinfo=None).isoformat(" ")


MAKERS: dict[str, tuple[Callable[[Hand], str], ...]] = {
    "attendance": (imported_staff,),
    "logistics": (before_the_constraint, promoted_customers),
    "academy": (deleted_users,),
}
