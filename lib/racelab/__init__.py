"""Four web applications that damage their own data by racing, broken and fixed, and the traffic that makes them do it.

    with embedded.temporary() as server:
        url = server.create_database("attendance")
        racelab.migrate("attendance", "broken", url)
        racelab.age("attendance", url)                                  # damage that is older than the race
        with racelab.running("attendance", "broken", url, logs_folder) as app:
            report = racelab.traffic(app.base_url, "attendance", registrations=60, concurrency=8, seed=1)

Importing this imports no Django: the applications run in processes of their own.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "App": "serve",
    "running": "serve",
    "migrate": "serve",
    "create_admin": "serve",
    "TrafficReport": "driver",
    "traffic": "driver",
    "age": "legacy",
    "SYSTEMS": "systems",
    "System": "systems",
    "system_named": "systems",
    "MAPPINGS": "systems",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Look a name up where it lives, on first use: a worker of gunicorn needs none of them."""
    if name not in _HOMES:
        raise AttributeError(f"racelab has no {name!r}")
    return getattr(import_module(f"racelab.{_HOMES[name]}"), name)
