"""The allowed_signers file (ssh-keygen(1), ALLOWED SIGNERS) read more strictly than ssh-keygen reads it: who is a person.

A name in the file is a person. A person may have several keys, each on a line of its own. A key that stands for two people,
a line that names several, and patterns that match anybody are refused, because they would let one person be two. Only lines
with cert-authority may hold patterns: there the certificate names the person. Dates, namespaces and certificate authorities
are passed through: ssh-keygen decides on them. Nothing here verifies a signature.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from mendbook.errors import SignatureError, known
from mendbook.signing import plain_files

MOST_BYTES = 1024 * 1024
MOST_LETTERS = 200

#: An option as ssh-keygen(1) knows it; of any other, this module could not tell what it allows.
_OPTION = r'(?:cert-authority|(?:namespaces|valid-after|valid-before)="[^"\\]*")'
_LINE = re.compile(
    rf"""(?: "(?P<quoted>[^"\\]+)" | (?P<bare>[^\s"]+) )
    [ \t]+ (?: (?P<options>{_OPTION}(?:,{_OPTION})*) [ \t]+ )?
    (?P<type> (?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+ ) [ \t]+ (?P<key> [A-Za-z0-9+/]+=* ) (?: [ \t] .* )?""",
    re.VERBOSE | re.IGNORECASE,
)


_VALUE = re.compile(r'(namespaces|valid-after|valid-before)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Signers:
    """A checked file: its very bytes, the people it names with their keys' wire form, and whether it has authorities."""

    path: Path
    content: bytes
    keys: dict[str, frozenset[bytes]]
    authorities: bool

    def check_known(self, person: str) -> None:
        """SignatureError where nobody in the file is called ``person`` (and no authority could vouch for the name)."""
        if person not in self.keys and not self.authorities:
            raise SignatureError(f"{self.path} names nobody called {person!r}.", known(person, self.keys, "person", "people"))


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One line of the file: whose key it is, and when and for what ssh-keygen will take it.

    ``namespaces`` are patterns, none where any will do; ``after`` and ``before`` are as written. An authority's line names
    people by a pattern.
    """

    person: str
    key: bytes
    authority: bool
    namespaces: tuple[str, ...]
    after: str
    before: str

    def signs(self, namespace: str, now: datetime) -> bool:
        """Whether ssh-keygen would take a signature for ``namespace`` by this key at ``now`` (aware)."""
        fits = not self.namespaces or any(fnmatchcase(namespace, pattern) for pattern in self.namespaces)
        return fits and not self.over(now) and not (self.after and now < _date(self.after))

    def over(self, now: datetime) -> bool:
        """Whether its time is over at ``now``."""
        return bool(self.before) and now >= _date(self.before)

    @property
    def until(self) -> datetime | None:
        """When its time is over (UTC); None where it never is."""
        return _date(self.before) if self.before else None


def key_lines(signers: Signers) -> list[KeyLine]:
    """The lines of a checked file, in order. Dates that ssh-keygen could not read are taken for long over."""
    found = []
    for line in signers.content.decode().split("\n"):
        parts = None if line.lstrip(" \t").startswith("#") else _LINE.fullmatch(line.strip(" \t"))
        if parts:
            options = dict(_VALUE.findall((parts["options"] or "").lower()))
            found.append(
                KeyLine(
                    parts["quoted"] or parts["bare"],
                    b64decode(parts["key"]),
                    "cert-authority" in (parts["options"] or "").lower(),
                    tuple(filter(None, options.get("namespaces", "").split(","))),
                    options.get("valid-after", ""),
                    options.get("valid-before", ""),
                )
            )
    return found


def _date(written: str) -> datetime:
    """YYYYMMDD[HHMM[SS]][Z]; without a Z it is UTC too, which is where mendbook has ssh-keygen live."""
    digits = written.rstrip("zZ")
    form = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(digits), "")
    try:
        return datetime.strptime(digits, form).replace(tzinfo=UTC) if form else datetime.min.replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def read(path: Path) -> Signers:
    """Read and check the file at ``path``; SignatureError names the line that cannot stand."""
    try:
        content = plain_files.contents(path)
    except OSError as failure:
        raise SignatureError(
            f"The list of people who may sign, {path}, cannot be read: {failure.strerror}.",
            "Write one line a key: NAME KEYTYPE KEY, as in the key's .pub file; [review] in mendbook.toml may name another.",
        ) from None
    if len(content) > MOST_BYTES:
        raise _refusal(path, 0, f"it is larger than {MOST_BYTES:,} bytes")
    try:
        lines = content.decode().split("\n")
    except UnicodeDecodeError:
        raise _refusal(path, content[: _first_bad_byte(content)].count(b"\n") + 1, "it is not UTF-8") from None
    return _checked(path, content, lines)


def _checked(path: Path, content: bytes, lines: list[str]) -> Signers:
    owners: dict[bytes, tuple[str, int]] = {}
    spelled: dict[str, tuple[str, int]] = {}
    authorities = False
    for number, line in enumerate(lines, 1):
        if not line.strip(" \t") or line.lstrip(" \t").startswith("#"):
            continue
        if not line.replace("\t", " ").isprintable():
            raise _refusal(path, number, "it holds a character that cannot be seen")
        parts = _LINE.fullmatch(line.strip(" \t"))
        if not parts:
            raise _refusal(path, number, "it does not read NAME [OPTIONS] KEYTYPE KEY")
        if "cert-authority" in (parts["options"] or "").lower():
            authorities = True
            continue
        name, key = parts["quoted"] or parts["bare"], _blob(path, number, parts["key"])
        check_person(name, f"{path}, line {number}")
        for what, owner in (
            ("key", owners.setdefault(key, (name, number))),
            ("name", spelled.setdefault(_folded(name), (name, number))),
        ):
            if owner[0] != name:
                other = f"that of {owner[0]!r} in line {owner[1]}"
                raise _refusal(path, number, f"its {what} is {other}, and two people cannot share one")
    keys = {name: frozenset(key for key, (owner, _) in owners.items() if owner == name) for name, _ in spelled.values()}
    return Signers(path, content, keys, authorities)


def check_person(name: str, where: str = "The name") -> None:
    """SignatureError where ``name`` could be taken for an option, a pattern, a list or somebody else's name."""
    wrong = (
        "is empty or too long"
        if not 0 < len(name) <= MOST_LETTERS
        else "begins like an option or a comment"
        if name[0] in "-#!"
        else "holds a character that cannot be seen"
        if not name.isprintable()
        else 'holds one of * ? , " \\, which stand for more than one name'
        if set(name) & set('*?,"\\')
        else "begins or ends with a space"
        if name != name.strip()
        else "is written with combining characters that have a shorter form"
        if unicodedata.normalize("NFC", name) != name
        else ""
    )
    if wrong:
        raise SignatureError(
            f"{where}: {name[:MOST_LETTERS]!r} {wrong}; it cannot name a person.",
            "A person is one plain name or e-mail address, the same in allowed_signers and after --as or --author.",
        )


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's: names that differ in upper and lower case or in width do not make two people."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _blob(path: Path, number: int, text: str) -> bytes:
    try:
        blob = b64decode(text, validate=True)
    except binascii.Error:
        blob = b""
    if not blob or b64encode(blob).decode() != text:
        raise _refusal(path, number, "the base64 of its key is broken")
    return blob


def _first_bad_byte(content: bytes) -> int:
    return len(content.decode(errors="replace").partition("\ufffd")[0].encode())


def _refusal(path: Path, number: int, why: str) -> SignatureError:
    where = f"{path}, line {number}" if number else str(path)
    return SignatureError(f"{where}: {why}.", "Mend that line; docs/signoff.md tells how the file is written.")
