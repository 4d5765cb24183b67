"""The same repairs as a careful loop over Django's ORM: one atomic block a case, each row locked and looked at again.

    python bench/with_django.py changes|merges CASES

BENCH_URL names the database. CASES bounds how many of each kind are done, for it is slow; it prints {"seconds", "changes"}.
"""

from __future__ import annotations

import json
import os
import sys
import time

import django
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Min
from django.db.models.functions import Lower
from django.utils import timezone
from sqlalchemy.engine import make_url

URL = make_url(os.environ["BENCH_URL"])
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": URL.database,
            "USER": URL.username,
            "HOST": URL.host or URL.query.get("host"),
            "PORT": URL.port or URL.query.get("port", ""),
        }
    },
    USE_TZ=True,
)
django.setup()


class User(models.Model):
    username = models.CharField(max_length=150)
    email = models.CharField(max_length=254)

    class Meta:
        app_label, db_table, managed = "bench", "auth_user", False


class Customer(models.Model):
    user_id = models.BigIntegerField(null=True)
    phone = models.CharField(max_length=40)
    address = models.TextField()
    invites = models.BooleanField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        app_label, db_table, managed = "bench", "customer", False


def referring(table: str) -> type[models.Model]:
    meta = type("Meta", (), {"app_label": "bench", "db_table": table, "managed": False})
    user = models.ForeignKey(User, models.CASCADE, related_name=table)
    return type(table.title(), (models.Model,), {"__module__": __name__, "Meta": meta, "user": user})


REFERRING = [referring(name) for name in ("invoice", "message", "visit", "device", "member")]


def changes(most: int) -> int:
    """Orphans deleted, flags set, missing rows made, a case at a time."""
    done = 0
    for key in Customer.objects.exclude(user_id__in=User.objects.values("id")).values_list("id", flat=True)[:most]:
        with transaction.atomic():
            row = Customer.objects.select_for_update().get(id=key)
            if not User.objects.filter(id=row.user_id).exists():
                row.delete()
                done += 1
    for key in Customer.objects.filter(invites=None).values_list("id", flat=True)[:most]:
        with transaction.atomic():
            row = Customer.objects.select_for_update().get(id=key)
            if row.invites is None:
                row.invites = False
                row.save(update_fields=["invites"])
                done += 1
    missing = User.objects.exclude(id__in=Customer.objects.exclude(user_id=None).values("user_id")).filter(id__lt=10**9)
    for key in missing.order_by("id").values_list("id", flat=True)[:most]:
        with transaction.atomic():
            User.objects.select_for_update().get(id=key)
            if not Customer.objects.filter(user_id=key).exists():
                Customer.objects.create(user_id=key, phone="", address="", invites=False, created_at=timezone.now())
                done += 1
    return done


def merges(most: int) -> int:
    """Accounts whose e-mails differ in case alone: what refers to the younger one moves to the older, and it goes."""
    done = 0
    doubled = User.objects.annotate(same=Lower("email")).values("same").annotate(n=models.Count("id"), first=Min("id"))
    for pair in list(doubled.filter(n__gt=1)[:most]):
        with transaction.atomic():
            people = list(
                User.objects.select_for_update().annotate(same=Lower("email")).filter(same=pair["same"]).order_by("id")
            )
            survivor, *losers = people
            for loser in losers:
                for model in REFERRING:
                    done += model.objects.filter(user=loser).update(user=survivor)
                done += Customer.objects.filter(user_id=loser.id).update(user_id=survivor.id)
                loser.delete()
                done += 1
    return done


if __name__ == "__main__":
    connection.ensure_connection()
    started = time.monotonic()
    count = {"changes": changes, "merges": merges}[sys.argv[1]](int(sys.argv[2]))
    print(json.dumps({"seconds": time.monotonic() - started, "changes": count}))
