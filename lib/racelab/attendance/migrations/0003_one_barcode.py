"""The fix: a barcode is one person's."""

from django.db import migrations

from racelab.by_vendor import sql


class Migration(migrations.Migration):
    dependencies = [("attendance", "0002_one_staff_row")]

    operations = [
        sql(
            "ALTER TABLE attendance_staff ADD CONSTRAINT attendance_staff_barcode_key UNIQUE (barcode)",
            "CREATE UNIQUE INDEX attendance_staff_barcode_key ON attendance_staff (barcode)",
            "ALTER TABLE attendance_staff DROP CONSTRAINT attendance_staff_barcode_key",
            "DROP INDEX attendance_staff_barcode_key",
        )
    ]
