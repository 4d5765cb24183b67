"""People with throw-away SSH keys who may sign: what a test of plans and reviews needs beside a shop."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mendbook.signing import signatures

AUTHOR, REVIEWER = "author@example.com", "reviewer@example.com"
REVIEWERS = (REVIEWER, "second.reviewer@example.com")


@dataclass(frozen=True)
class People:
    """A folder of keys; everybody who has one stands in allowed_signers beside mendbook.toml."""

    home: Path

    def key(self, person: str) -> Path:
        """The private key of ``person``, made and allowed where it is new."""
        path = self.home / f"key-{person.partition('@')[0]}"
        if not path.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
            public = path.with_name(f"{path.name}.pub").read_text()
            with (self.home / "allowed_signers").open("a") as file:
                file.write(f"{person} {public}")
        return path


def remember_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask ssh-keygen about the same bytes once: for tests that apply and take back, and are not about signatures.

    What it says of data, a signature and the people who may sign depends on nothing else, while no key is given for a
    time only. Signing is never remembered.
    """
    asked: dict[Any, Any] = {}
    ask = signatures._ssh_keygen

    def remembering(arguments: list[str], data: bytes, *others: Any, **named: Any) -> Any:
        files = {each: Path(each).read_bytes() for each in arguments if Path(each).is_absolute()}
        if arguments[0] not in ("find-principals", "verify") or any(b"valid-" in content for content in files.values()):
            return ask(arguments, data, *others, **named)
        said = (str(files.get(each, each)) for each in arguments if not each.startswith("-Overify-time="))
        key = (*said, data)
        if key not in asked:
            asked[key] = ask(arguments, data, *others, **named)
        return asked[key]

    monkeypatch.setattr(signatures, "_ssh_keygen", remembering)
