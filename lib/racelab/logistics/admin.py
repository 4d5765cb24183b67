"""The admin's lists of profiles."""

from django.contrib import admin

from racelab.logistics.models import CustomerProfile, StaffProfile

admin.site.register([CustomerProfile, StaffProfile])
