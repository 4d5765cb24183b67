"""The legacy table, written by hand years before Django's models: no unique constraint on user_id or barcode."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from racelab.by_vendor import sql

LEGACY = """
    CREATE TABLE attendance_staff (
        id bigserial PRIMARY KEY,
        user_id integer NOT NULL REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
        department varchar(100) NOT NULL DEFAULT '',
        phone varchar(30) NOT NULL DEFAULT '',
        barcode varchar(20),
        created_at timestamptz NOT NULL
    );
"""
#: The same by the hand of somebody who began on SQLite.
LEGACY_ON_SQLITE = """
    CREATE TABLE attendance_staff (
        id integer NOT NULL PRIMARY KEY AUTOINCREMENT,
        user_id integer NOT NULL REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
        department varchar(100) NOT NULL DEFAULT '',
        phone varchar(30) NOT NULL DEFAULT '',
        barcode varchar(20),
        created_at datetime NOT NULL
    )
"""
INDEX = "CREATE INDEX attendance_staff_user_id ON attendance_staff (user_id)"


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[sql([LEGACY, INDEX], [LEGACY_ON_SQLITE, INDEX], "DROP TABLE attendance_staff")],
            state_operations=[
                migrations.CreateModel(
                    name="Staff",
                    fields=[
                        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                        ("department", models.CharField(blank=True, default="", max_length=100)),
                        ("phone", models.CharField(blank=True, default="", max_length=30)),
                        ("barcode", models.CharField(blank=True, max_length=20, null=True, unique=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "user",
                            models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL),
                        ),
                    ],
                    options={"verbose_name_plural": "staff"},
                )
            ],
        ),
        migrations.CreateModel(
            name="SignIn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("direction", models.CharField(choices=[("in", "in"), ("out", "out")], max_length=3)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "staff",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="attendance.staff"),
                ),
                (
                    "scanned_by",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL),
                ),
            ],
        ),
    ]
