"""The users application; its mode decides whose signal is listening."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class Users(AppConfig):
    name = "racelab.academy"
    label = "users"

    def ready(self) -> None:
        import_module(f"racelab.academy.{settings.MODE}")
