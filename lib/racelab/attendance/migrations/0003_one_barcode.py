"""The fix: a barcode is one person's."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("attendance", "0002_one_staff_row")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE attendance_staff ADD CONSTRAINT attendance_staff_barcode_key UNIQUE (barcode)",
            "ALTER TABLE attendance_staff DROP CONSTRAINT attendance_staff_barcode_key",
        )
    ]
