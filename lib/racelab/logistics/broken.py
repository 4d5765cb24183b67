"""Registration as it was: the signal makes a blank customer profile, and the form's own dies on the constraint."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models.signals import post_save
from django.dispatch import receiver

from racelab.logistics.models import CustomerProfile, StaffProfile
from racelab.registration import slow_call


@receiver(post_save, sender=get_user_model())
def make_customer_profile(instance: User, created: bool, **_: object) -> None:
    if created and not instance.is_staff:
        CustomerProfile.objects.create(user=instance)


def register_customer(username: str, email: str, password: str, **profile: str) -> User | None:
    """The new user, or None where the name is taken. An error of the database is nobody's business here: HTTP 500."""
    if User.objects.filter(username=username).exists():
        return None
    slow_call(0.5)  # is the address one that post reaches?
    user = User.objects.create_user(username, email, password)
    CustomerProfile.objects.create(user=user, **profile)
    return user


def register_staff(username: str, email: str, password: str, **profile: str) -> User | None:
    """As above; ``is_staff`` comes after the first save, when the signal has taken the person for a customer."""
    if User.objects.filter(username=username).exists():
        return None
    slow_call(0.5)  # is there such an employee?
    user = User.objects.create_user(username, email, password)
    user.is_staff = True
    user.save()
    StaffProfile.objects.create(user=user, **profile)
    return user
