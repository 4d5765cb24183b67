"""Takes secrets out of what a run publishes: the passwords that its environment holds, and whatever looks like one.

A password can reach an output through a traceback, a printed URL or a careless cell. Everything published is
searched for the values themselves (as written, percent-decoded, percent-encoded), for any URL with a password, and
for private keys. Nothing here is written or logged.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

REDACTED = "[redacted]"

_URL_PASSWORD = re.compile(r"(?P<head>[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@?#'\"]*:)(?P<password>[^\s/'\"]+)(?=@)")
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_PASSWORD_SETTING = re.compile(r"(?i)\b(?P<head>(?:pg)?(?:password|passwd|pwd)=)(?P<password>'[^']*'|\"[^\"]*\"|[^\s&'\",;)]+)")
_SECRET_NAME = re.compile(r"(?i)(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY)$")
_ANSI = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")
# A shorter password would be found inside ordinary words; it is taken out only where it stands like a value.
_DISTINCT_LENGTH = 6


def has_password(text: str) -> bool:
    """Whether ``text`` holds a URL with a password, or a private key."""
    return bool(_URL_PASSWORD.search(text) or _KEY_BLOCK.search(text))


def secrets_of(environment: Mapping[str, str]) -> frozenset[str]:
    """The passwords in ``environment``: those of its URLs, and the values of variables named like a secret."""
    found: set[str] = set()
    for name, value in environment.items():
        found.update(match["password"] for match in _URL_PASSWORD.finditer(value))
        found.update(match["password"].strip("'\"") for match in _PASSWORD_SETTING.finditer(value))
        if _SECRET_NAME.search(name) and len(value) >= 3:
            found.add(value)
    return frozenset(secret for secret in found if secret and secret != REDACTED)


def _spellings(secret: str) -> set[str]:
    plain = unquote(secret)
    forms = {secret, plain, quote(plain, safe=""), quote(plain), html.escape(plain), html.escape(secret)}
    forms |= {repr(plain)[1:-1], plain.replace("\\", "\\\\").replace('"', '\\"')}
    return {form for form in forms if form}


class Redactor:
    """Removes the ``secrets`` it is given, and what looks like one, from texts; ``removed`` counts what it took out."""

    def __init__(self, secrets: frozenset[str] = frozenset()) -> None:
        self.removed = 0
        spellings = {form for secret in secrets for form in _spellings(secret)}
        whole = sorted((form for form in spellings if len(form) >= _DISTINCT_LENGTH), key=len, reverse=True)
        short = sorted((form for form in spellings if len(form) < _DISTINCT_LENGTH), key=len, reverse=True)
        patterns = [re.escape(form) for form in whole]
        if short:
            patterns.append(f"(?<=[:='\"])(?:{'|'.join(map(re.escape, short))})(?=[@'\",;)\\s]|\\Z)")
        self._secrets = re.compile("|".join(patterns)) if patterns else None

    def _count(self, replacement: str) -> str:
        self.removed += 1
        return replacement

    def _once(self, text: str) -> str:
        text = _KEY_BLOCK.sub(lambda _: self._count(REDACTED), text)
        text = _URL_PASSWORD.sub(
            lambda match: match[0] if match["password"] == REDACTED else self._count(match["head"] + REDACTED), text
        )
        if self._secrets is not None:
            text = self._secrets.sub(lambda _: self._count(REDACTED), text)
        return text

    def text(self, text: str) -> str:
        """``text`` without secrets. Where colour codes hide one, the colours go too."""
        if "\x1b" in text:
            plain = _ANSI.sub("", text)
            before = self.removed
            cleaned = self._once(plain)
            return cleaned if self.removed > before else text
        return self._once(text)

    def output(self, text: str) -> str:
        """As ``text``, and without ``password=..`` settings as database drivers print them."""
        cleaned = self.text(text)
        return _PASSWORD_SETTING.sub(
            lambda match: match[0] if REDACTED in match["password"] else self._count(match["head"] + REDACTED), cleaned
        )

    def tree(self, value: Any) -> Any:
        """JSON values with every text in them, names included, cleaned as an output."""
        if isinstance(value, str):
            return self.output(value)
        if isinstance(value, Mapping):
            return {self.text(str(name)): self.tree(each) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.tree(each) for each in value]
        return value

    def notebook(self, notebook: Any) -> Any:
        """A notebook (nbformat 4, as JSON values) without secrets in sources, outputs or metadata.

        Streams are joined first: a secret must not get through by being printed in two halves.
        """
        cleaned = dict(notebook)
        cleaned["metadata"] = self.tree(notebook.get("metadata", {}))
        cleaned["cells"] = []
        for cell in notebook.get("cells", []):
            fresh = {name: value for name, value in cell.items() if name != "outputs"}
            fresh["source"] = self.text(cell.get("source", ""))
            fresh["metadata"] = self.tree(cell.get("metadata", {}))
            if "outputs" in cell:
                fresh["outputs"] = self.tree(_joined(cell["outputs"]))
            cleaned["cells"].append(fresh)
        return cleaned


def _joined(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    joined: list[dict[str, Any]] = []
    for output in outputs:
        output = dict(output)
        last = joined[-1] if joined else None
        if last and output.get("output_type") == last.get("output_type") == "stream" and output["name"] == last["name"]:
            last["text"] += output["text"]
        elif output.get("output_type") == "error":
            output["traceback"] = ["\n".join(output.get("traceback", []))]
            joined.append(output)
        else:
            joined.append(output)
    return joined
