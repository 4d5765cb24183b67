"""The attendance application; its mode decides whose signal is listening."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class Attendance(AppConfig):
    name = "racelab.attendance"
    label = "attendance"

    def ready(self) -> None:
        import_module(f"racelab.attendance.{settings.MODE}")
