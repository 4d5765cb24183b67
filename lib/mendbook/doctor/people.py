"""What doctor says of keys and signers: who may propose and approve, until when, and whether this machine can sign and verify.

It reads allowed_signers and public keys; of a private key it looks at the file's mode alone. ssh-keygen is asked to verify a
signature that is known to hold; nothing is signed.
"""

from __future__ import annotations

import binascii
import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mendbook.config import Settings
from mendbook.dialects.health import Check
from mendbook.errors import MendbookError
from mendbook.reviews.approvals import read_signers, revoked_file, signers_file
from mendbook.signing.allowed_signers import KeyLine, Signers, key_lines
from mendbook.signing.signatures import Namespace, verify

#: Told of before the time of a key is over.
SOON = timedelta(days=30)
AGENT_SECONDS = 5
_OTHERS_WRITE, _OTHERS = 0o022, 0o077

#: A signature that holds, of a key that nobody has any more: an ssh-keygen that is too old, or broken, does not say so.
_KNOWN_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIBE85ZEInJReLkeLraMGP8+QFsS1/VpYJ7UTy+YLonzU"
_KNOWN_DATA, _KNOWN_TIME = b"mendbook\n", datetime(2026, 1, 1, tzinfo=UTC)
_KNOWN_SIGNATURE = """\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgETzlkQiclF4uR4utowY/z5AWxL
X9WlgntRPL5guifNQAAAAQbWVuZGJvb2stcGxhbkB2MQAAAAAAAAAGc2hhNTEyAAAAUwAA
AAtzc2gtZWQyNTUxOQAAAECX9nbXni76gRPv76bzzf4I7ugubcR/E4sSUhVdb7FMu/fvvZ
Ew7o+4zwvk7YhEjdcdDMcatq0xG296jh94U2AC
-----END SSH SIGNATURE-----
"""


def ssh_keygen(settings: Settings) -> Iterator[Check]:
    """Whether ssh-keygen is there, and new enough to verify a signature at a time that is named to it.

    Where nobody may sign yet, nothing needs it.
    """
    content = f"doctor ssh-ed25519 {_KNOWN_KEY}\n".encode()
    signers = Signers(Path("doctor"), content, {"doctor": frozenset([b64decode(_KNOWN_KEY)])}, False)
    try:
        verify(_KNOWN_DATA, _KNOWN_SIGNATURE, "doctor", Namespace.PLAN, signers, _KNOWN_TIME)
    except MendbookError as error:
        hint = "Plans cannot be signed or applied here: install OpenSSH 8.9 or newer (on Debian: apt install openssh-client)."
        state = "failed" if signers_file(settings).exists() else "warning"
        yield Check("ssh-keygen", state, f"ssh-keygen cannot verify a signature that holds: {error.message}", hint)
    else:
        yield Check("ssh-keygen", "ok", f"{shutil.which('ssh-keygen')} verifies signatures")


def signers(settings: Settings, now: datetime) -> Iterator[Check]:
    """Whether the people whom [review] asks for are there: an author, and enough others who may approve."""
    path = signers_file(settings)
    if not path.exists():
        hint = "Write one line a key, NAME KEYTYPE KEY: docs/signoff.md. An audit needs none; every repair needs two people."
        yield Check("signers", "warning", f"there is no {path}: nobody may propose or approve a repair yet", hint)
        return
    try:
        lines = key_lines(read_signers(settings))
        revoked = revoked_file(settings)
        if revoked is not None:
            revoked.read_bytes()
    except MendbookError as error:
        yield Check("signers", "failed", error.message, error.hint)
        return
    except OSError as error:
        hint = "Without it nothing that was signed counts. Put it back, or an empty file where no key is revoked."
        yield Check("signers", "failed", f"the list of revoked keys, {revoked}, cannot be read: {error.strerror}", hint)
        return
    yield from _guarded(path)
    yield from _times(lines, now)
    yield _enough(lines, settings, now)


def _guarded(path: Path) -> Iterator[Check]:
    if path.stat().st_mode & _OTHERS_WRITE:
        hint = f"chmod go-w {path}"
        yield Check("signers", "warning", f"{path} may be written by others, who thereby decide who may sign", hint)


def _times(lines: Sequence[KeyLine], now: datetime) -> Iterator[Check]:
    for line in lines:
        if line.over(now):
            hint = "Add a key of theirs that is valid, or a later date, where they are to sign on."
            yield Check("signers", "warning", f"a key of {line.person} has not been valid since {line.before}", hint)
        elif line.until and line.until - now < SOON:
            hint = "Whoever signs with it needs another one by then."
            yield Check("signers", "warning", f"a key of {line.person} is valid until {line.until:%Y-%m-%d} only", hint)


def _enough(lines: Sequence[KeyLine], settings: Settings, now: datetime) -> Check:
    authors = {line.person for line in lines if not line.authority and line.signs(Namespace.PLAN, now)}
    reviewers = {line.person for line in lines if not line.authority and line.signs(Namespace.REVIEW, now)}
    asked = max(settings.review.approvals, *settings.review.approvals_by_risk.values(), 0)
    name = signers_file(settings).name
    told = f"{name}: {_people(authors)} may propose, {_people(reviewers)} may approve, and {asked} must"
    if any(line.authority for line in lines):
        return Check("signers", "ok", f"{told}; besides, whoever an authority's certificate names")
    if not authors:
        return Check("signers", "warning", f"{told}: nobody may be a plan's author", f"Add the author's key to {name}.")
    if not any(len(reviewers - {author}) >= asked for author in authors):
        hint = f"Nobody approves their own plan: add the key of another person to {name}; docs/signoff.md tells how."
        return Check("signers", "warning", f"{told}: too few for anything to be approved", hint)
    return Check("signers", "ok", told)


def _people(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nobody"


def own_keys(settings: Settings, home: Path | None = None) -> Iterator[Check]:
    """Whether whoever runs this can sign here: keys among the allowed ones, in files that ssh-keygen takes, or in an agent."""
    try:
        lines = key_lines(read_signers(settings))
    except MendbookError:  # told of elsewhere
        return
    people = {line.key: line.person for line in lines if not line.authority}
    files = [(path, people[key]) for path, key in _public_keys(home or Path.home()) if key in people]
    for path, person in files:
        private = path.with_suffix("")
        if private.exists() and private.stat().st_mode & _OTHERS:
            loose = f"{private}, the key of {person}, may be read by others: ssh-keygen will not sign with it"
            yield Check("own key", "warning", loose, f"chmod 600 {private}")
    held = [people[key] for key in _agent_keys() if key in people]
    told = [f"{path.with_suffix('')} is the key of {person}" for path, person in files]
    told += [f"the agent holds a key of {person}" for person in dict.fromkeys(held)]
    yield Check("own key", "ok", "; ".join(told) or "no key of this user stands in allowed_signers: others propose and approve")


def _public_keys(home: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted((home / ".ssh").glob("*.pub")):
        try:
            key = _blob(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
        if key:
            yield path, key


def _agent_keys() -> list[bytes]:
    """The public keys that an agent holds, where one is there and answers."""
    program = shutil.which("ssh-add")
    if program is None or not os.environ.get("SSH_AUTH_SOCK"):
        return []
    try:
        done = subprocess.run([program, "-L"], capture_output=True, stdin=subprocess.DEVNULL, timeout=AGENT_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [key for line in done.stdout.decode("utf-8", "replace").splitlines() if (key := _blob(line))]


def _blob(line: str) -> bytes:
    """The key's wire form in a line as .pub files have it; empty where it is none."""
    parts = line.split()
    try:
        return b64decode(parts[1], validate=True) if len(parts) > 1 else b""
    except (binascii.Error, ValueError):
        return b""
