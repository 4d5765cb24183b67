"""The database learns what the model always said: one staff row a user. Variant ``constrained`` stops here."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("attendance", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE attendance_staff ADD CONSTRAINT attendance_staff_user_id_key UNIQUE (user_id)",
            "ALTER TABLE attendance_staff DROP CONSTRAINT attendance_staff_user_id_key",
        )
    ]
