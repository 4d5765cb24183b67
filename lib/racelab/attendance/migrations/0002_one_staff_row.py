"""The database learns what the model always said: one staff row a user. Variant ``constrained`` stops here."""

from django.db import migrations

from racelab.by_vendor import sql


class Migration(migrations.Migration):
    dependencies = [("attendance", "0001_initial")]

    operations = [
        sql(
            "ALTER TABLE attendance_staff ADD CONSTRAINT attendance_staff_user_id_key UNIQUE (user_id)",
            "CREATE UNIQUE INDEX attendance_staff_user_id_key ON attendance_staff (user_id)",
            "ALTER TABLE attendance_staff DROP CONSTRAINT attendance_staff_user_id_key",
            "DROP INDEX attendance_staff_user_id_key",
        )
    ]
