"""The dead man's switch: asks for an address after every tick that went well, so that whoever watches it notices silence.

One GET in bounded time, which follows nowhere else. The URL holds a secret: it comes from the environment or .env, and nothing
of it is said or kept. Ticks with nothing due end here too, so it imports nothing heavy and opens no history.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from mendbook.config import Settings, value_of

#: Seconds for the whole of it.
PATIENCE = 10.0
#: Stands in outputs/ while the address does not answer, so that this is said once.
FAILING = ".dead_man_failing"


def ping(settings: Settings, outputs: Path, patience: float = PATIENCE) -> str:
    """Ask for the dead man's address, if there is one. Why that failed, the first time of several in a row; else ""."""
    variable = settings.schedule.dead_man_url_env
    if variable is None:
        return ""
    why, failing = _asked(settings, variable, patience), outputs / FAILING
    known = failing.exists()
    with suppress(OSError):  # where that cannot be kept it is said again
        if why:
            failing.touch()
        else:
            failing.unlink(missing_ok=True)
    return f"The dead man's address ({variable}) could not be told: {why}." if why and not known else ""


def _asked(settings: Settings, variable: str, patience: float) -> str:
    url = value_of(variable, settings.path)
    if not url:
        return "the environment variable is not set"
    if not url.lower().startswith(("http://", "https://")):
        return "it is not an http or https URL"
    answer: list[str] = []
    # A thread, since a server that answers a letter at a time keeps within every timeout of a socket.
    asking = threading.Thread(target=lambda: answer.append(_get(url, patience)), daemon=True)
    asking.start()
    asking.join(patience)
    return answer[0] if answer else f"it did not answer within {patience:g} seconds"


def _get(url: str, patience: float) -> str:
    """Why a GET failed; empty where it was answered well."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    try:
        with build_opener(Stay).open(Request(url, headers={"User-Agent": "mendbook"}), timeout=patience):
            return ""
    except HTTPError as error:
        where = "; give the address that it sends to" if 300 <= error.code < 400 else ""
        return f"it answered {error.code}{where}"
    except TimeoutError:
        return f"it did not answer within {patience:g} seconds"
    except (OSError, HTTPException, ValueError, UnicodeError):  # what they say may quote the URL
        return "no connection"
