"""The right to invite teachers: users_profile.can_invite_teachers, a column that some databases do not have."""

from __future__ import annotations

from django.db import connection


def column_exists() -> bool:
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, "users_profile")
    return any(column.name == "can_invite_teachers" for column in found)


def set_right(profile_key: int, right: bool) -> None:
    """Write the column; an error of the database where it is missing."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE users_profile SET can_invite_teachers = %s WHERE id = %s", [right, profile_key])
