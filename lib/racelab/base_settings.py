"""Settings that the four projects share; each project's settings module adds its own application and user model.

Everything that differs between two runs comes from the environment: RACELAB_DATABASE_URL, RACELAB_MODE (broken or
fixed), RACELAB_LOGS (a folder), RACELAB_SECRET, RACELAB_PAUSE (seconds that a slow call takes).
"""

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

MODE = os.environ.get("RACELAB_MODE", "broken")
PAUSE = float(os.environ.get("RACELAB_PAUSE", "0.2"))
LOGS = Path(os.environ.get("RACELAB_LOGS", "."))
SECRET_KEY = os.environ.get("RACELAB_SECRET", "only-for-a-lab-on-the-loopback-interface")
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CONTRIBUTED = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]


def database(url: str) -> dict[str, object]:
    """Django's form of a URL such as postgresql+psycopg2://user:word@host:port/name?host=/socket/folder.

    sqlite:////folder/file is that file, with nothing but the defaults that a new Django project has: it waits five
    seconds for another writer, and takes the lock when it first writes.
    """
    parts = urlsplit(url)
    if parts.scheme.partition("+")[0] == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": unquote(parts.path[1:])}
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or "postgres"),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": query.get("port") or parts.port or "",
        "CONN_MAX_AGE": 60,
    }


DATABASES = {"default": database(os.environ.get("RACELAB_DATABASE_URL", ""))}

# Few rounds: the lab's passwords protect nothing, and the demo registers hundreds of people on two cores.
PASSWORD_HASHERS = ["racelab.registration.QuickHasher"]

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
STATIC_URL = "static/"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "verbose": {"format": "{levelname} {asctime} {module} {process:d} {thread:d} {message}", "style": "{"},
    },
    "handlers": {
        "file": {"class": "logging.FileHandler", "filename": LOGS / "django.log", "formatter": "verbose", "delay": True}
    },
    "loggers": {
        "django": {"handlers": ["file"], "level": "WARNING", "propagate": False},
        "racelab": {"handlers": ["file"], "level": "INFO", "propagate": False},
    },
}
