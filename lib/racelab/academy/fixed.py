"""Registration as it should be: the signal alone creates the profile, the view updates its attributes.

The whole registration is one transaction, so a user whose registration failed half-way is removed with it. The column
can_invite_teachers is looked for before it is used, and what happens is logged.
"""

from __future__ import annotations

import logging

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from racelab.academy.models import GuideApplicationRequest, Profile, TeacherInvitation
from racelab.academy.rights import column_exists, set_right
from racelab.registration import account_of, one_at_a_time, plain, slow_call

log = logging.getLogger(__name__)


@receiver(post_save, sender=get_user_model())
def make_profile(instance: User, created: bool, raw: bool = False, **_: object) -> None:
    if created and not raw:
        with transaction.atomic():
            profile_of(instance)


def profile_of(user: User) -> Profile:
    """The user's one profile, made where it is missing. Inside a transaction."""
    User.objects.select_for_update().get(pk=user.pk)
    profile, created = Profile.objects.get_or_create(user=user)
    if created:
        _give_right(profile, False)
    return profile


def _give_right(profile: Profile, right: bool) -> None:
    if column_exists():
        set_right(profile.pk, right)
    else:
        log.warning("users_profile has no column can_invite_teachers: the right of profile %s is not kept", profile.pk)


def register(username: str, email: str, password: str, role: str, bio: str, invitation: str) -> tuple[int, dict]:
    """Status and answer: 201, or 400 with the reason."""
    slow_call(0.7)
    try:
        with transaction.atomic():
            one_at_a_time(username, email, f"invitation {invitation}")
            existing = account_of(username, email)
            if existing:
                same_email = plain(existing.email) == plain(email)
                return 400, {"detail": "Email already registered." if same_email else "Username already taken."}
            open_invitation = TeacherInvitation.objects.filter(token=invitation, accepted_by=None)
            if invitation and not open_invitation.exists():
                return 400, {"detail": "The invitation is not open."}
            user = User.objects.create_user(username.strip(), email.strip(), password)
            profile = profile_of(user)
            profile.role, profile.bio = role, bio
            profile.save(update_fields=["role", "bio"])
            if open_invitation.update(accepted_by=user, accepted_at=timezone.now()):
                _give_right(profile, True)
    except IntegrityError:
        return 400, {"detail": "Username already taken."}
    except DatabaseError:
        log.exception("nothing of a registration was kept, the database refused it")
        return 503, {"detail": "Please try again later."}
    log.info("user %s registered as %s", user.pk, role)
    return 201, {"id": user.pk, "username": user.username, "role": role}


@transaction.atomic
def accept(token: str, user: User) -> tuple[int, dict]:
    """An existing user accepts an invitation."""
    open_invitation = TeacherInvitation.objects.filter(token=token, accepted_by=None)
    if not open_invitation.update(accepted_by=user, accepted_at=timezone.now()):
        return 400, {"detail": "The invitation is not open."}
    _give_right(profile_of(user), True)
    return 200, {"detail": "You may invite teachers."}


@transaction.atomic
def approve(application: GuideApplicationRequest) -> tuple[int, dict]:
    application.status, application.decided_at = "approved", timezone.now()
    application.save()
    _give_right(profile_of(application.user), True)
    return 200, {"detail": "Approved."}
