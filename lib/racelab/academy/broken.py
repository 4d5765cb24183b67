"""Registration as it was: right with one worker, wrong with several.

Of two simultaneous registrations of one person the second adopts the first one's user, finds no profile yet and makes
it, and then the first one's signal dies on the constraint. The first request's clean-up takes away the second one's
profile.
"""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from racelab.academy.models import GuideApplicationRequest, Profile, TeacherInvitation
from racelab.academy.rights import set_right
from racelab.registration import slow_call


@receiver(post_save, sender=get_user_model())
def make_profile(instance: User, created: bool, **_: object) -> None:
    if created:
        slow_call(0.7)  # has the person a picture at the avatar service?
        Profile.objects.create(user=instance)


def register(username: str, email: str, password: str, role: str, bio: str, invitation: str) -> tuple[int, dict]:
    """Status and answer."""
    if User.objects.filter(email=email).exists():
        return 400, {"detail": "Email already registered."}
    if User.objects.filter(username=username).exists():
        return 400, {"detail": "Username already taken."}
    if invitation and not TeacherInvitation.objects.filter(token=invitation, accepted_by=None).exists():
        return 400, {"detail": "The invitation is not open."}
    slow_call(0.7)  # does the address receive mail?
    try:
        user = User.objects.filter(username=username).first()  # the person's own, from a click before?
        if user is None:
            user = User.objects.create_user(username, email, password)
        if invitation:
            _claim(invitation, user)
        profile, _ = Profile.objects.update_or_create(user=user, defaults={"role": role, "bio": bio})
        if invitation:
            set_right(profile.pk, True)
    except IntegrityError as error:
        print("registration error:", error)
        Profile.objects.filter(user__username=username).delete()  # start afresh; the user is forgotten
        return 500, {"detail": "Registration failed."}
    except Exception as error:
        print("registration error:", error)
        return 500, {"detail": "Registration failed."}
    return 201, {"id": user.pk, "username": user.username, "role": role}


def _claim(token: str, user: User) -> None:
    """Accept an invitation that was open a moment ago."""
    invitation = TeacherInvitation.objects.get(token=token, accepted_by=None)
    invitation.accepted_by, invitation.accepted_at = user, timezone.now()
    invitation.save()


def accept(token: str, user: User) -> tuple[int, dict]:
    """An existing user accepts an invitation: first the invitation is marked, then the profile is looked for."""
    _claim(token, user)
    set_right(user.profile.pk, True)
    return 200, {"detail": "You may invite teachers."}


def approve(application: GuideApplicationRequest) -> tuple[int, dict]:
    application.status, application.decided_at = "approved", timezone.now()
    application.save()
    set_right(application.user.profile.pk, True)
    return 200, {"detail": "Approved."}
