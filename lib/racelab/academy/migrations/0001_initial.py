"""The tables of the first release, without can_invite_teachers. Variant ``lacking`` stops here."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

CASCADE, SET_NULL = django.db.models.deletion.CASCADE, django.db.models.deletion.SET_NULL


def key() -> tuple[str, models.Field]:
    return ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            "Profile",
            [
                key(),
                ("user", models.OneToOneField(settings.AUTH_USER_MODEL, CASCADE)),
                ("role", models.CharField(blank=True, default="", max_length=20)),
                ("bio", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            "TeacherInvitation",
            [
                key(),
                ("email", models.EmailField(max_length=254)),
                ("token", models.CharField(max_length=64, unique=True)),
                ("accepted_by", models.ForeignKey(settings.AUTH_USER_MODEL, SET_NULL, null=True)),
                ("accepted_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            "GuideApplicationRequest",
            [
                key(),
                ("user", models.ForeignKey(settings.AUTH_USER_MODEL, CASCADE)),
                ("status", models.CharField(default="pending", max_length=20)),
                ("decided_at", models.DateTimeField(null=True)),
            ],
        ),
    ]
