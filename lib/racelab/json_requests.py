"""What the two systems with a JSON API share: how a request's body is read. It knows no model and no system."""

from __future__ import annotations

import json

from django.http import HttpRequest, JsonResponse


def sent_in(request: HttpRequest, *names: str, optional: tuple[str, ...] = ()) -> dict[str, str] | JsonResponse:
    """The named texts of the JSON body (empty where an ``optional`` one is not there), or the answer that it lacks one."""
    try:
        body = json.loads(request.body)
        return {name: str(body[name]) for name in names} | {name: str(body.get(name, "")) for name in optional}
    except (ValueError, KeyError, TypeError, AttributeError):
        return JsonResponse({"detail": f"Send a JSON object with {', '.join(names)}."}, status=400)
