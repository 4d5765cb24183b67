"""The WSGI application of whichever project DJANGO_SETTINGS_MODULE names; /ready answers before Django is asked."""

from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

_project = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/ready":
        start_response("204 No Content", [])
        return []
    return _project(environ, start_response)
