"""Signatures without ssh-keygen, in the same words and files: for tests of databases, which sign thousands of times.

Nothing is secret in them: whoever has the public key can sign. What a real signature is worth stands in test_signatures.py.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from mendbook.signing import signatures, sshsig

from support.people import People

KIND = b"ssh-ed25519"


class PretendedPeople(People):
    """As People; their keys are made in no time."""

    def key(self, person: str) -> Path:
        path = self.home / f"key-{person.partition('@')[0]}"
        if not path.exists():
            wire = _fields(KIND, hashlib.sha256(person.encode()).digest())
            path.write_bytes(wire)
            with (self.home / "allowed_signers").open("a") as file:
                file.write(f"{person} {KIND.decode()} {b64encode(wire).decode()}\n")
        return path


def pretend_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let PretendedPeople sign, and be believed."""
    monkeypatch.setattr(signatures, "_ssh_keygen", _pretended)


def _pretended(arguments: list[str], data: bytes, *_: Any) -> CompletedProcess[bytes]:
    named = dict(zip(arguments[1::2], arguments[2::2], strict=False))
    if arguments[0] == "sign":
        key = Path(named["-f"]).read_bytes()
        return CompletedProcess(arguments, 0, sshsig.armour(_signature(key, named["-n"], data)).encode(), b"")
    signature = Path(named["-s"]).read_text()
    key = sshsig.read(signature).key
    whose = re.findall(rf"^(\S+) \S+ {re.escape(b64encode(key).decode())}$", Path(named["-f"]).read_text(), re.MULTILINE)
    if arguments[0] == "find-principals":
        return CompletedProcess(arguments, 0, "\n".join(whose).encode(), b"")
    if b64decode("".join(signature.split("\n")[1:-2])) != _signature(key, named["-n"], data) or named["-I"] not in whose:
        return CompletedProcess(arguments, 255, b"", b"Could not verify signature.")
    shown = b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
    return CompletedProcess(arguments, 0, f'Good "{named["-n"]}" signature with ED25519 key SHA256:{shown}\n'.encode(), b"")


def _signature(key: bytes, namespace: str, data: bytes) -> bytes:
    told = hashlib.sha512(key + namespace.encode() + data).digest()
    return b"SSHSIG" + (1).to_bytes(4, "big") + _fields(key, namespace.encode(), b"", b"sha512", told)


def _fields(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
