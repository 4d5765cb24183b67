"""Registration as it should be: both sides get or create, and a barcode is drawn once, whichever side comes first.

The locks make it right even in a legacy table without constraints; the constraints make it right for all others too.
"""

from __future__ import annotations

import logging

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from racelab.attendance.barcodes import highest_plus_one, picture
from racelab.attendance.models import Staff
from racelab.registration import account_of, one_at_a_time, slow_call

log = logging.getLogger(__name__)


def staff_row_of(user: User) -> Staff:
    """The user's one staff row, with its barcode; made where it is missing. Inside a transaction."""
    User.objects.select_for_update().get(pk=user.pk)
    staff, _ = Staff.objects.get_or_create(user=user)
    if not staff.barcode:
        one_at_a_time("attendance: the next barcode")
        staff.barcode = highest_plus_one()
        staff.save(update_fields=["barcode"])
    return staff


@receiver(post_save, sender=get_user_model())
def make_staff_row(instance: User, created: bool, raw: bool = False, **_: object) -> None:
    if created and not raw:
        with transaction.atomic():
            staff_row_of(instance)


def register(username: str, email: str, password: str, department: str, phone: str) -> User | None:
    """The new user, or None where there is an account already (or the database refuses)."""
    slow_call()
    try:
        with transaction.atomic():
            one_at_a_time(username, email)
            if account_of(username, email):
                return None
            user = User.objects.create_user(username.strip(), email.strip(), password)
            staff = staff_row_of(user)
            staff.department, staff.phone = department, phone
            staff.save(update_fields=["department", "phone"])
    except DatabaseError:
        log.exception("registration failed")
        return None
    picture(staff.barcode)
    slow_call(0.1)
    return user
