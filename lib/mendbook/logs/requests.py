"""What belongs to a registration: which request paths register people, and which words say 'already exists'.

Paths are compared by whole words of their segments, so that /unregister and /static/register.css are none. A source
names its own with `registration_paths`; those are plain text, never patterns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

#: A path registers people when a segment holds one of these words ("register-customer", "sign_up", "auth/register").
WORDS = frozenset(
    [
        "register",
        "registration",
        "registrations",
        "registrate",
        "signup",
        "signups",
        "enroll",
        "enrol",
        "enrollment",
        "enrolment",
        "registrieren",
        "registrierung",
        "inscription",
        "inscripcion",
        "registro",
        "cadastro",
    ]
)
#: .. or these words one after another, in one segment or in two.
PAIRS = (
    ("sign", "up"), ("create", "account"), ("create", "user"), ("new", "user"), ("new", "account"), ("add", "user"),
    ("account", "create"), ("accounts", "create"), ("account", "new"), ("accounts", "new"), ("accounts", "add"),
    ("user", "create"), ("users", "create"), ("users", "new"), ("users", "add"), ("user", "add"), ("members", "create"),
    ("members", "new"), ("customers", "create"), ("customers", "new"), ("staff", "create"), ("join", "now"),
    ("accept", "invitation"), ("accept", "invite"), ("invitations", "accept"), ("invitation", "accept"),
)  # fmt: skip
#: .. or when something is POSTed to a collection of people.
COLLECTIONS = frozenset(["users", "accounts", "customers", "members", "people", "staff", "profiles", "join"])
_STATIC = re.compile(
    r"\.(?:js|css|map|png|jpe?g|gif|svg|ico|woff2?|ttf|html?\.map|webp)$|^/(?:static|assets|media)/", re.IGNORECASE
)
_ASKING = frozenset({"search", "find", "suggest", "autocomplete"})
_SAYS = re.compile(
    r"already (?:exists?|registered|taken|in use|used|been (?:taken|registered|used))|is taken\b|\bduplicate\b|(?:existiert|vergeben|registriert) bereits|bereits (?:vergeben|registriert)|ya existe|existe déjà|déjà utilisé",  # noqa: E501
    re.IGNORECASE,
)


def bare(path: str) -> str:
    """The path without query, fragment, scheme and host."""
    if "://" in path[:12]:
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    return path.partition("?")[0].partition("#")[0] or "/"


class Registration:
    """Decides whether a request registers people."""

    def __init__(self, paths: Sequence[str] | None = None) -> None:
        self.own = tuple(path.strip().rstrip("/*").lower() for path in paths) if paths is not None else None
        self.decide = lru_cache(maxsize=4096)(self._decide)

    def __call__(self, method: str | None, path: str | None) -> bool:
        return path is not None and self.decide((method or "POST").upper(), path[:500])

    def _decide(self, method: str, path: str) -> bool:
        path = bare(path).lower()
        if self.own is not None:
            return any(f"{own}/" in f"{path.rstrip('/')}/" for own in self.own if own)
        if _STATIC.search(path):
            return False
        segments = [segment for segment in path.split("/") if segment]
        words = [word for segment in segments for word in re.split(r"[-_.~+]", segment) if word]
        if _ASKING.intersection(words):
            return False
        if WORDS.intersection(words) or any(pair in PAIRS for pair in pairwise(words)):
            return True
        return method in {"POST", "PUT"} and bool(segments) and segments[-1] in COLLECTIONS


def says_duplicate(text: str) -> bool:
    """Whether a body or a message says that the user, name or e-mail exists already."""
    return _SAYS.search(text, 0, 20_000) is not None
