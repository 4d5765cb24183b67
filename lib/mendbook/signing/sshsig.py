"""The text of an SSH signature (SSHSIG, as OpenSSH's PROTOCOL.sshsig has it), read strictly: one signature has one text.

ssh-keygen is lenient: it skips what stands around the armour, takes lines of any length, and ignores a field that is not
signed. A stored signature must not have two forms, so whatever ssh-keygen would not have written is refused before it is
asked. This module decides nothing about keys and runs nothing.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass

from mendbook.errors import SignatureError

BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
MAGIC, VERSION = b"SSHSIG", 1
HASHES = ("sha512", "sha256")
LINE = 70
MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a signature says of itself, none of it verified. ``key`` is the public key's (or certificate's) wire form."""

    key: bytes
    namespace: str
    hash: str


def read(signature: str) -> Envelope:
    """The fields of an armoured signature; SignatureError where ssh-keygen would have written it in another way."""
    try:
        blob = b64decode("".join(signature.split("\n")[1:-2]), validate=True)
    except (binascii.Error, ValueError):
        raise _refusal("its base64 is broken") from None
    if len(blob) > MOST_BYTES:
        raise _refusal("it is far too long")
    if armour(blob) != signature:
        raise _refusal("it is not written as ssh-keygen writes it")
    head = MAGIC + VERSION.to_bytes(4, "big")
    if not blob.startswith(head):
        raise _refusal("it is no SSHSIG of version 1")
    key, namespace, reserved, algorithm, _ = _fields(blob[len(head) :])
    if reserved:
        raise _refusal("its reserved field, which nothing signs, is not empty")
    if algorithm.decode("ascii", "replace") not in HASHES:
        raise _refusal(f"its hash is none of {', '.join(HASHES)}")
    return Envelope(key, namespace.decode("ascii", "replace"), algorithm.decode())


def armour(blob: bytes) -> str:
    """``blob`` between the two lines that mark a signature, as ssh-keygen wraps it."""
    text = b64encode(blob).decode()
    lines = [text[start : start + LINE] for start in range(0, len(text), LINE)]
    return "\n".join([BEGIN, *lines, END, ""])


def _fields(data: bytes) -> list[bytes]:
    """The five strings that fill ``data``, each with its length in front, to the last byte."""
    fields = []
    for _ in range(5):
        end = 4 + int.from_bytes(data[:4], "big")
        if len(data) < end:
            raise _refusal("a field of it is cut short")
        fields.append(data[4:end])
        data = data[end:]
    if data:
        raise _refusal("something stands behind its last field")
    return fields


def _refusal(why: str) -> SignatureError:
    return SignatureError(
        f"This is no sound SSH signature: {why}.",
        "It was damaged or edited. Have it signed again; a signature cannot be mended.",
    )
