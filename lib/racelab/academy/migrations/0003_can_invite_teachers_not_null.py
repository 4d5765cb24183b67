"""The fix: nobody may invite teachers until somebody says so."""

from django.db import migrations

STATEMENTS = [
    "UPDATE users_profile SET can_invite_teachers = false WHERE can_invite_teachers IS NULL",
    "ALTER TABLE users_profile ALTER COLUMN can_invite_teachers SET DEFAULT false",
    "ALTER TABLE users_profile ALTER COLUMN can_invite_teachers SET NOT NULL",
]


class Migration(migrations.Migration):
    atomic = False  # the table cannot be altered while the update's triggers are pending
    dependencies = [("users", "0002_can_invite_teachers")]
    operations = [migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop)]
