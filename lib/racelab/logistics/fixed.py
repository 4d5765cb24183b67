"""Registration as it should be: get or create, then update from the form; errors are logged and told politely."""

from __future__ import annotations

import logging

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import DatabaseError, models, transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from racelab.logistics.models import CustomerProfile, StaffProfile
from racelab.registration import account_of, one_at_a_time, slow_call

log = logging.getLogger(__name__)


@receiver(post_save, sender=get_user_model())
def make_customer_profile(instance: User, created: bool, raw: bool = False, **_: object) -> None:
    if created and not raw and not instance.is_staff:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=instance.pk)
            CustomerProfile.objects.get_or_create(user=instance)


def register_customer(username: str, email: str, password: str, **profile: str) -> User | None:
    """The new user, or None where the person has an account already."""
    return _register(CustomerProfile, False, username, email, password, profile)


def register_staff(username: str, email: str, password: str, **profile: str) -> User | None:
    """As above. ``is_staff`` is true from the first save, so nobody takes the person for a customer."""
    return _register(StaffProfile, True, username, email, password, profile)


def _register(
    model: type[models.Model], is_staff: bool, username: str, email: str, password: str, profile: dict[str, str]
) -> User | None:
    slow_call(0.5)
    try:
        with transaction.atomic():
            one_at_a_time(username, email)
            if account_of(username, email):
                return None
            user = User.objects.create_user(username.strip(), email.strip(), password, is_staff=is_staff)
            row, made = model._default_manager.get_or_create(user=user)
            model._default_manager.filter(pk=row.pk).update(**profile)
    except DatabaseError:
        log.exception("registration of a %s failed", "staff member" if is_staff else "customer")
        return None
    log.info("user %s registered, profile %s", user.pk, "made" if made else "completed")
    return user
