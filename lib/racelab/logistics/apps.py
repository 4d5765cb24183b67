"""The accounts application; its mode decides whose signal is listening."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class Accounts(AppConfig):
    name = "racelab.logistics"
    label = "accounts"

    def ready(self) -> None:
        import_module(f"racelab.logistics.{settings.MODE}")
