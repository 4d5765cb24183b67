"""Damage that is older than the race, made the way people made it: by SQL, by hand, and around the constraints.

What the race does, the race must do; nothing of that is written here. ``age`` makes what came from somewhere else, on a
freshly migrated database, and returns one sentence for each thing it did, so that whoever calls it can say so.
"""

from __future__ import annotations

from collections.abc import Callable

import psycopg2
from mendbook.errors import ServerError
from psycopg2 import extensions

from racelab.systems import system_named

USER = """
    INSERT INTO auth_user
        (username, email, password, first_name, last_name, is_staff, is_superuser, is_active, date_joined)
    SELECT {name} || n, {name} || n || '@example.com', '!', '', '', false, false, true,
        timestamptz '2023-03-01 08:00+00' + n * interval '1 day'
    FROM generate_series(1, {count}) AS n
    RETURNING id, date_joined
"""


def age(system: str, database_url: str) -> tuple[str, ...]:
    """Make the old damage of one system; what was done, in sentences."""
    makers = MAKERS.get(system_named(system).name, ())
    connection = psycopg2.connect(database_url.replace("+psycopg2", "", 1))
    try:
        with connection:
            return tuple(make(connection) for make in makers)
    except psycopg2.Error as error:
        reason = str(error).split("\n")[0]
        hint = "It is made once, on a freshly migrated database of the broken mode."
        raise ServerError(f"The old damage of {system} could not be made: {reason}", hint) from error
    finally:
        connection.close()


def _run(connection: extensions.connection, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _users(name: str, count: int) -> str:
    return USER.format(name=f"'{name}'", count=count)


def imported_staff(connection: extensions.connection) -> str:
    """attendance: a list of staff was loaded into auth_user by SQL, where no signal runs."""
    _run(connection, _users("imported.staff", 3))
    return "attendance: 3 users were imported by SQL, which runs no signal, so they never got a staff row"


def before_the_constraint(connection: extensions.connection) -> str:
    """logistics: an older schema had no constraint; when it came, it was made to spare the rows that were there.

    Both rows of each user were let in by the older schema: the signal's, blank, and the form's. The constraint was then
    added as a unique index over the newer rows only, because over all of them it did not build. To new rows it looks
    and fails just as the real one does, under the same name.
    """
    _run(
        connection,
        f"""
        ALTER TABLE accounts_customerprofile DROP CONSTRAINT accounts_customerprofile_user_id_key;
        CREATE TEMPORARY TABLE old (id integer, date_joined timestamptz) ON COMMIT DROP;
        WITH made AS ({_users("early.customer", 4)}) INSERT INTO old SELECT * FROM made;
        INSERT INTO accounts_customerprofile (user_id, phone_number, address, company, created_at)
        SELECT id, '', '', '', date_joined FROM old;
        INSERT INTO accounts_customerprofile (user_id, phone_number, address, company, created_at)
        SELECT id, '+44 1632 960000', id || ' Example Street', '', date_joined + interval '40 ms' FROM old;
        SET CONSTRAINTS ALL IMMEDIATE;
        CREATE UNIQUE INDEX accounts_customerprofile_user_id_key ON accounts_customerprofile (user_id)
        WHERE created_at >= timestamptz '2024-01-01 00:00+00';
        """,
    )
    return (
        "logistics: 4 users got two customer profiles while the older schema had no constraint; the constraint of "
        "today is a unique index that spares the rows from before 2024"
    )


def promoted_customers(connection: extensions.connection) -> str:
    """logistics: somebody ticked is_staff of existing customers; their customer profiles stayed."""
    _run(
        connection,
        f"""
        CREATE TEMPORARY TABLE promoted (id integer, date_joined timestamptz) ON COMMIT DROP;
        WITH made AS ({_users("promoted", 2)}) INSERT INTO promoted SELECT * FROM made;
        INSERT INTO accounts_customerprofile (user_id, phone_number, address, company, created_at)
        SELECT id, '+44 1632 960001', '1 Example Street', '', date_joined FROM promoted;
        UPDATE auth_user SET is_staff = true WHERE id IN (SELECT id FROM promoted);
        """,
    )
    return "logistics: 2 customers were made staff by hand, with a customer profile and without a staff profile"


def deleted_users(connection: extensions.connection) -> str:
    """academy: users were deleted in SQL. The foreign key, in the way, was taken off and put back NOT VALID."""
    _run(
        connection,
        f"""
        CREATE TEMPORARY TABLE gone (id integer, date_joined timestamptz) ON COMMIT DROP;
        WITH made AS ({_users("former.student", 3)}) INSERT INTO gone SELECT * FROM made;
        INSERT INTO users_profile (user_id, role, bio, created_at)
        SELECT id, 'student', 'Left the academy.', date_joined FROM gone;
        SET CONSTRAINTS ALL IMMEDIATE;
        DO $$
        DECLARE foreign_key record;
        BEGIN
            SELECT conname, pg_get_constraintdef(oid) AS definition INTO STRICT foreign_key
            FROM pg_constraint WHERE conrelid = 'users_profile'::regclass AND contype = 'f';
            EXECUTE format('ALTER TABLE users_profile DROP CONSTRAINT %I', foreign_key.conname);
            DELETE FROM auth_user WHERE id IN (SELECT id FROM gone);
            SET CONSTRAINTS ALL IMMEDIATE;
            EXECUTE format(
                'ALTER TABLE users_profile ADD CONSTRAINT %I %s NOT VALID', foreign_key.conname, foreign_key.definition
            );
        END $$;
        """,
    )
    return "academy: 3 users were deleted by hand in SQL, around the foreign key (now NOT VALID); their profiles stayed"


MAKERS: dict[str, tuple[Callable[[extensions.connection], str], ...]] = {
    "attendance": (imported_staff,),
    "logistics": (before_the_constraint, promoted_customers),
    "academy": (deleted_users,),
}
