"""The tables: username and email are unique by exact spelling."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


def key() -> tuple[str, models.Field]:
    return ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


def account() -> tuple[str, models.Field]:
    return ("account", models.ForeignKey(settings.AUTH_USER_MODEL, django.db.models.deletion.CASCADE))


def created() -> tuple[str, models.Field]:
    return ("created_at", models.DateTimeField(auto_now_add=True))


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            "Account",
            [
                key(),
                ("username", models.CharField(max_length=150, unique=True)),
                ("email", models.CharField(max_length=254, unique=True)),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("is_active", models.BooleanField(default=True)),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("date_joined", models.DateTimeField(default=timezone.now)),
            ],
        ),
        migrations.CreateModel("Order", [key(), account(), ("article", models.CharField(max_length=100)), created()]),
        migrations.CreateModel("Comment", [key(), account(), ("text", models.TextField()), created()]),
    ]
