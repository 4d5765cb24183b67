"""Settings of the attendance project."""

from racelab.base_settings import *  # noqa: F403
from racelab.base_settings import CONTRIBUTED

INSTALLED_APPS = ["django.contrib.admin", *CONTRIBUTED, "django.contrib.messages", "racelab.attendance.apps.Attendance"]
ROOT_URLCONF = "racelab.attendance.urls"
