"""SSH signatures over bytes, made and verified by ssh-keygen: who signed, whether they might, at the database's time.

``sign`` and ``verify`` are all there is to it. A private key is never read here: ssh-keygen, a process of its own, reads it
or asks the agent or the hardware that holds it. Verifying depends on nothing of the user who verifies: no configuration, no
agent, no time zone, no clock; the list of people and the revoked keys are read once and given to ssh-keygen as copies. What
is signed, and what a signature is good for, is decided by the floors above.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from mendbook.errors import SignatureError
from mendbook.signing import plain_files, sshsig
from mendbook.signing.allowed_signers import Signers, check_person, same_person

SIGN_SECONDS = 120
VERIFY_SECONDS = 15
#: What ssh-keygen may know of the person who signs: where the agent is, and how to ask for a passphrase.
_SIGNING = ("HOME", "USER", "TERM", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR")
_SIGNING_SSH = ("SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "SSH_SK_PROVIDER", "SSH_SK_HELPER")
_KEY = re.compile(r" with \S+ key (?P<key>SHA256:[A-Za-z0-9+/]{43})\n?$")


class Namespace(StrEnum):
    """What a signature is about; one made for one of them is worth nothing for another, nor for git or ssh."""

    PLAN = "mendbook-plan@v1"
    REVIEW = "mendbook-review@v1"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed: the person, and the fingerprint of the key (SHA256:...) as ``ssh-keygen -l`` prints it."""

    person: str
    key: str


def sign(data: bytes, key: Path, namespace: Namespace, seconds: float = SIGN_SECONDS) -> str:
    """The armoured signature of ``data`` by the key in the file ``key``: a private one, or a public one whose other half
    an agent or a hardware key holds.

    ssh-keygen asks for a passphrase, or for a touch, on the terminal. Raises SignatureError; ``seconds`` bound the wait.
    """
    environment = {name: os.environ[name] for name in (*_SIGNING, *_SIGNING_SSH) if name in os.environ}
    file = key.expanduser().absolute()
    done = _ssh_keygen(["sign", "-f", str(file), "-n", namespace], data, environment, seconds)
    signature = done.stdout.decode("ascii", "replace")
    if done.returncode:
        raise _not_signed(file, _said(done))
    sshsig.read(signature)
    return signature


def verify(
    data: bytes,
    signature: str,
    person: str,
    namespace: Namespace,
    signers: Signers,
    at: datetime,
    revoked: Path | None = None,
) -> Signer:
    """Who signed ``data``: ``person``, by a key that ``signers`` gave them at the time ``at``, not ``revoked``.

    at       the database's time (aware), never this computer's
    revoked  a key revocation list, or public keys one a line (ssh-keygen(1), KEY REVOCATION LISTS)

    Raises SignatureError: for a signature that does not hold in any way, and where it cannot be told.
    """
    check_person(person)
    signers.check_known(person)
    envelope = sshsig.read(signature)
    if envelope.namespace != namespace:
        raise _refused(person, f"it was made for {envelope.namespace!r}, not for {str(namespace)!r}")
    if at.tzinfo is None:
        raise ValueError("the time of verification needs a time zone")
    moment = f"-Overify-time={at.astimezone(UTC):%Y%m%d%H%M%S}"
    try:
        with tempfile.TemporaryDirectory(prefix="mendbook-verify-") as folder:
            said = _ask(Path(folder), data, signature, person, namespace, signers, moment, revoked)
    except OSError as failure:
        raise SignatureError(
            f"A signature cannot be verified: no temporary file can be written ({failure.strerror}).",
            "Free some space, or name another folder in TMPDIR.",
        ) from None
    key = _KEY.search(said)
    if not key:
        raise _refused(person, "ssh-keygen did not say by which key it was made")
    return Signer(person, key["key"])


def _ask(
    folder: Path,
    data: bytes,
    signature: str,
    person: str,
    namespace: Namespace,
    signers: Signers,
    moment: str,
    revoked: Path | None,
) -> str:
    """What ssh-keygen says of a signature that holds, with copies of its files in ``folder``; SignatureError for any other."""
    (folder / "allowed_signers").write_bytes(signers.content)
    (folder / "signature").write_text(signature, encoding="ascii")
    files = ["-f", str(folder / "allowed_signers"), "-s", str(folder / "signature")]
    names = {f"{folder}/allowed_signers": str(signers.path), f"{folder}/signature": "the signature"}
    names |= {f"{folder}/revoked": str(revoked)}
    found = _ssh_keygen(["find-principals", *files, moment], b"")
    people = found.stdout.decode("utf-8", "replace").splitlines()
    if people != [person]:
        raise _refused(person, _whose(people, _said(found, names)))
    arguments = ["verify", *files, "-I", person, "-n", namespace, moment]
    done = _ssh_keygen(arguments, data)
    if done.returncode:
        raise _refused(person, _said(done, names))
    if revoked is not None:
        (folder / "revoked").write_bytes(_read_revoked(revoked))
        again = _ssh_keygen([*arguments, "-r", str(folder / "revoked")], data)
        if again.returncode:
            raise _refused(person, f"its key is revoked by {revoked} ({_said(again, names)})")
    return done.stdout.decode("utf-8", "replace")


def check_different(signers: Sequence[Signer]) -> None:
    """SignatureError where two of ``signers`` are one person, or used one key: nobody approves their own plan."""
    for number, one in enumerate(signers):
        for other in signers[:number]:
            if same_person(one.person, other.person):
                raise _refused(one.person, f"{other.person!r} has signed already, and one person with two keys is one person")
            if one.key == other.key:
                raise _refused(one.person, f"it was made by the key of {other.person!r}, and two people cannot share one")


def _ssh_keygen(
    arguments: list[str], data: bytes, environment: dict[str, str] | None = None, seconds: float = VERIFY_SECONDS
) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise SignatureError(
            "ssh-keygen is not installed, and nothing can be signed or verified without it.",
            "Install OpenSSH 8.9 or newer (on Debian: apt install openssh-client), then try again.",
        )
    own = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", **(environment or {})}
    try:
        return subprocess.run([program, "-Y", *arguments], input=data, capture_output=True, env=own, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise SignatureError(
            f"ssh-keygen did not answer within {seconds:g} seconds (ssh-keygen -Y {arguments[0]}).",
            "Does it wait for a passphrase, a touch of a hardware key, or an agent? Try again and answer it.",
        ) from None
    except OSError as failure:
        raise SignatureError(f"{program} cannot be run: {failure.strerror}.", "Check its rights, or install OpenSSH.") from None


def _said(done: subprocess.CompletedProcess[bytes], names: dict[str, str] | None = None) -> str:
    """What ssh-keygen complained of, in one line; files by the names that people know (``names``: ours to theirs)."""
    text = done.stderr.decode("utf-8", "replace")
    for ours, theirs in (names or {}).items():
        text = text.replace(ours, theirs)
    return "; ".join(filter(None, map(str.strip, text.splitlines()))) or "ssh-keygen did not say why"


def _read_revoked(path: Path) -> bytes:
    try:
        return plain_files.contents(path)
    except OSError as failure:
        raise SignatureError(
            f"The list of revoked keys, {path}, cannot be read: {failure.strerror}.",
            "Without it nobody can tell whether a key still holds. Put it back, or an empty file where none is revoked.",
        ) from None


def _whose(people: list[str], said: str) -> str:
    if len(people) > 1:
        return f"its certificate is that of several people: {', '.join(map(repr, people))}"
    return f"its key is that of {people[0]!r}" if people else f"its key is nobody's: {said.rstrip('.')}"


def _refused(person: str, why: str) -> SignatureError:
    return SignatureError(
        f"The signature of {person!r} does not hold: {why}.",
        "Nothing was done. Ask that person to sign again, with a key that allowed_signers gives them now.",
    )


def _not_signed(key: Path, said: str) -> SignatureError:
    hints = {
        "passphrase": "Load the key into an agent (ssh-add), or sign at a terminal, where ssh-keygen can ask for it.",
        "bad permissions": "chmod 600 it: a private key must be readable by its owner alone.",
        "agent": "Does 'ssh-add -L' list the key?",
    }
    if not key.exists():
        return SignatureError(
            f"Could not sign: there is no {key}.", "Name the key's file; 'ssh-keygen -t ed25519 -f FILE' makes one."
        )
    hint = next((text for sign, text in hints.items() if sign in said), "Is it an SSH key? 'ssh-keygen -l -f FILE' tells.")
    return SignatureError(f"Could not sign with {key}: {said}.", hint)
