"""People with throw-away SSH keys who may sign: what a test of plans and reviews needs beside a shop."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

AUTHOR, REVIEWER = "ana@example.com", "reviewer@example.com"
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
