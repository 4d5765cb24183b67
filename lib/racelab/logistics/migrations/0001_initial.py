"""The tables. PostgreSQL names the one-to-one's constraint accounts_customerprofile_user_id_key."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def key() -> tuple[str, models.Field]:
    return ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


def user() -> tuple[str, models.Field]:
    cascade = django.db.models.deletion.CASCADE
    return ("user", models.OneToOneField(on_delete=cascade, to=settings.AUTH_USER_MODEL))


def text(name: str, length: int) -> tuple[str, models.Field]:
    return (name, models.CharField(blank=True, default="", max_length=length))


def created() -> tuple[str, models.Field]:
    return ("created_at", models.DateTimeField(auto_now_add=True))


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            "CustomerProfile",
            [key(), user(), text("phone_number", 30), text("address", 250), text("company", 150), created()],
        ),
        migrations.CreateModel("StaffProfile", [key(), user(), text("employee_id", 30), text("department", 100), created()]),
        migrations.CreateModel(
            "Shipment",
            [
                key(),
                ("customer", models.ForeignKey("accounts.customerprofile", django.db.models.deletion.CASCADE)),
                (
                    "booked_by",
                    models.ForeignKey(settings.AUTH_USER_MODEL, django.db.models.deletion.SET_NULL, null=True),
                ),
                ("goods", models.CharField(max_length=100)),
                created(),
            ],
        ),
        migrations.CreateModel(
            "Invoice",
            [
                key(),
                ("customer_ref", models.BigIntegerField()),
                ("shipment", models.ForeignKey("accounts.shipment", django.db.models.deletion.SET_NULL, null=True)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=10)),
                created(),
            ],
            options={"db_table": "billing_invoice"},
        ),
    ]
