"""The admin's lists of the platform."""

from django.contrib import admin

from racelab.academy.models import GuideApplicationRequest, Profile, TeacherInvitation

admin.site.register([Profile, TeacherInvitation, GuideApplicationRequest])
