"""The column that somebody added by hand: it may be NULL, and has no default."""

from django.db import migrations

from racelab.by_vendor import sql


class Migration(migrations.Migration):
    dependencies = [("users", "0001_initial")]
    operations = [
        sql(
            "ALTER TABLE users_profile ADD COLUMN can_invite_teachers boolean",
            "ALTER TABLE users_profile ADD COLUMN can_invite_teachers bool",
            "ALTER TABLE users_profile DROP COLUMN can_invite_teachers",
        )
    ]
