"""Registration as it was: the signal makes a staff row, and so does the view."""

from __future__ import annotations

import logging

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError
from django.db.models.signals import post_save
from django.dispatch import receiver

from racelab.attendance.barcodes import highest_plus_one, picture
from racelab.attendance.models import Staff
from racelab.registration import slow_call

log = logging.getLogger(__name__)


@receiver(post_save, sender=get_user_model())
def make_staff_row(instance: User, created: bool, **_: object) -> None:
    if created:
        Staff.objects.create(user=instance)


def register(username: str, email: str, password: str, department: str, phone: str) -> User | None:
    """The new user, or None where the person is told to try again."""
    if User.objects.filter(username=username).exists():
        return None
    slow_call()  # does the address receive mail?
    try:
        user = User.objects.create_user(username, email, password)
    except IntegrityError:
        # "Half a registration of an earlier attempt is in the way." In fact it is the same form, sent twice: what is
        # cleaned away here are the rows of the other, successful click.
        log.exception("registration of %s failed", username)
        Staff.objects.filter(user__username=username).delete()
        return None
    barcode = highest_plus_one()
    picture(barcode)  # the label, drawn before the row is written; time enough for another worker to read the same number
    slow_call(0.1)  # the label printer's queue
    try:
        Staff.objects.create(user=user, department=department, phone=phone, barcode=barcode)
    except DatabaseError:
        log.exception("registration of %s failed", username)
        return None
    return user
