"""Settings of the website project."""

from racelab.base_settings import *  # noqa: F403
from racelab.base_settings import CONTRIBUTED

INSTALLED_APPS = [*CONTRIBUTED, "django.contrib.messages", "racelab.website"]
AUTH_USER_MODEL = "website.Account"
ROOT_URLCONF = "racelab.website.urls"
