"""Profiles, invitations and applications.

users_profile.can_invite_teachers is not a field here: some databases lack the column. ``rights.py`` writes it by SQL.
"""

from django.conf import settings
from django.db import models


class Profile(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    role = models.CharField(max_length=20, blank=True, default="")
    bio = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)


class TeacherInvitation(models.Model):
    email = models.EmailField()
    token = models.CharField(max_length=64, unique=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    accepted_at = models.DateTimeField(null=True)


class GuideApplicationRequest(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    status = models.CharField(max_length=20, default="pending")
    decided_at = models.DateTimeField(null=True)
