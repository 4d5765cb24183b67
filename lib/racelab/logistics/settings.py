"""Settings of the logistics project."""

from racelab.base_settings import *  # noqa: F403
from racelab.base_settings import CONTRIBUTED

INSTALLED_APPS = ["django.contrib.admin", *CONTRIBUTED, "django.contrib.messages", "racelab.logistics.apps.Accounts"]
ROOT_URLCONF = "racelab.logistics.urls"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/accounts/welcome/"
