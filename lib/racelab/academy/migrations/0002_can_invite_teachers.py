"""The column that somebody added by hand: it may be NULL, and has no default."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE users_profile ADD COLUMN can_invite_teachers boolean",
            "ALTER TABLE users_profile DROP COLUMN can_invite_teachers",
        )
    ]
