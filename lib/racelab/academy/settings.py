"""Settings of the academy project."""

from racelab.base_settings import *  # noqa: F403
from racelab.base_settings import CONTRIBUTED

INSTALLED_APPS = ["django.contrib.admin", *CONTRIBUTED, "django.contrib.messages", "racelab.academy.apps.Users"]
ROOT_URLCONF = "racelab.academy.urls"
