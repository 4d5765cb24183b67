"""People with throw-away keys: an author of plans, and reviewers who sign them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

AUTHOR = "ana@example.com"
REVIEWERS = ("reviewer@example.com", "second.reviewer@example.com")


@dataclass(frozen=True)
class People:
    """A folder of keys made by ssh-keygen, one a person, and the file that names them."""

    folder: Path

    def key(self, person: str) -> Path:
        """The person's private key."""
        path = self.folder / person.replace("@", ".at.")
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
            subprocess.run(command, check=True, capture_output=True, input=b"")
        return path

    def line(self, person: str) -> str:
        """The person's line of allowed_signers."""
        key = self.key(person)
        return f"{person} {key.with_name(key.name + '.pub').read_text().strip()}\n"

    def allow(self, path: Path, *people: str) -> Path:
        """Write the file of those who may sign: the author and the reviewers where none are named."""
        path.write_text("".join(self.line(person) for person in people or (AUTHOR, *REVIEWERS)))
        return path
