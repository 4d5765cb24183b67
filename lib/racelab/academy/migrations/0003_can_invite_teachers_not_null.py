"""The fix: nobody may invite teachers until somebody says so."""

from django.db import migrations

from racelab.by_vendor import sql

STATEMENTS = [
    "UPDATE users_profile SET can_invite_teachers = false WHERE can_invite_teachers IS NULL",
    "ALTER TABLE users_profile ALTER COLUMN can_invite_teachers SET DEFAULT false",
    "ALTER TABLE users_profile ALTER COLUMN can_invite_teachers SET NOT NULL",
]
#: SQLite alters no column: a new one takes the place of the old.
ON_SQLITE = [
    "ALTER TABLE users_profile ADD COLUMN may_invite bool NOT NULL DEFAULT false",
    "UPDATE users_profile SET may_invite = true WHERE can_invite_teachers",
    "ALTER TABLE users_profile DROP COLUMN can_invite_teachers",
    "ALTER TABLE users_profile RENAME COLUMN may_invite TO can_invite_teachers",
]


class Migration(migrations.Migration):
    atomic = False  # the table cannot be altered while the update's triggers are pending
    dependencies = [("users", "0002_can_invite_teachers")]
    operations = [sql(STATEMENTS, ON_SQLITE)]
