"""The file of people who may sign: read strictly, so that nobody is two people and no two people are one."""

from __future__ import annotations

import struct
from base64 import b64encode
from pathlib import Path

import pytest
from mendbook.errors import SignatureError
from mendbook.signing import allowed_signers, sshsig


def key(seed: int) -> str:
    blob = b"".join(struct.pack(">I", len(part)) + part for part in (b"ssh-ed25519", bytes([seed] * 32)))
    return "ssh-ed25519 " + b64encode(blob).decode()


def read(tmp_path: Path, content: str | bytes) -> allowed_signers.Signers:
    path = tmp_path / "allowed_signers"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return allowed_signers.read(path)


def test_people_and_their_keys(tmp_path: Path) -> None:
    content = f"""# who may sign

author {key(1)} laptop
 \tauthor namespaces="mendbook-review@v1,git",valid-after="20260101" {key(2)}
"second reviewer" Valid-Before="20270101Z" {key(3)} with a comment
reviewer@example.com\t{key(4)}
author {key(1)} the same key once more
*@example.com,!x@example.com cert-authority,namespaces="mendbook-plan@v1" {key(9)}
"""
    signers = read(tmp_path, content)
    assert {name: len(keys) for name, keys in signers.keys.items()} == {
        "author": 2,
        "second reviewer": 1,
        "reviewer@example.com": 1,
    }
    assert signers.authorities
    assert signers.content == content.encode()
    signers.check_known("whoever an authority vouches for")


def test_an_unknown_name_is_told_with_those_there_are(tmp_path: Path) -> None:
    signers = read(tmp_path, f"author {key(1)}\nreviewer {key(2)}")
    signers.check_known("author")
    with pytest.raises(SignatureError, match="names nobody called 'revewer'") as caught:
        signers.check_known("revewer")
    assert "Did you mean 'reviewer'? Known people: reviewer, author." in caught.value.hint


@pytest.mark.parametrize("content", ["", "\n\n", "# nobody\n", " \t\n"])
def test_nobody(tmp_path: Path, content: str) -> None:
    signers = read(tmp_path, content)
    assert (signers.keys, signers.authorities) == ({}, False)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"author {key(5)}\nreviewer {key(5)}", "line 2: its key is that of 'author' in line 1"),
        ("author ssh-rsa QUI=\nreviewer ssh-rsa QUJ=", "line 2: the base64 of its key is broken"),
        (f"author {key(5)}\n\nAuthor {key(6)}", "line 3: its name is that of 'author' in line 1"),
        (f"author {key(5)}\nａuthor {key(6)}", "line 2: its name is that of 'author'"),
        (f"author,reviewer {key(5)}", "stand for more than one name"),
        (f"* {key(5)}", "stand for more than one name"),
        (f"auth?r {key(5)}", "stand for more than one name"),
        (f"!author {key(5)}", "begins like an option"),
        (f"-author {key(5)}", "begins like an option"),
        (f'"#author" {key(5)}', "begins like an option"),
        (f'" author" {key(5)}', "begins or ends with a space"),
        (f'"a\\"b" {key(5)}', "does not read"),
        (f"a\\b {key(5)}", "stand for more than one name"),
        (f"{'a' * 201} {key(5)}", "too long"),
        (f"e\u0301 {key(5)}", "combining characters"),
        (f"au\u200bthor {key(5)}", "cannot be seen"),
        (f"author {key(5)} \u202ekaf", "cannot be seen"),
        (f"author {key(5)}\r\n", "cannot be seen"),
        (f"author {key(5)}\x00", "cannot be seen"),
        (f"author no-touch-required {key(5)}", "does not read"),
        (f'author namespaces="x" , cert-authority {key(5)}', "does not read"),
        (f"author namespaces=x {key(5)}", "does not read"),
        (key(5), "does not read"),
        ("author", "does not read"),
        ("author ssh-ed25519 !!!!", "does not read"),
        ("author ssh-ed25519 AAAAA", "base64 of its key is broken"),
        (f"author {key(5)}=", "base64 of its key is broken"),
    ],
)
def test_lines_that_cannot_stand(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(SignatureError, match=why) as caught:
        read(tmp_path, line)
    assert "allowed_signers, line" in caught.value.message
    assert caught.value.hint


def test_the_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="line 2: it is not UTF-8"):
        read(tmp_path, f"r\u00e9viseur {key(1)}\nauth\xf6r {key(2)}\n".encode("latin-1").replace(b"r\xe9", b"r\xc3\xa9"))


def test_a_file_of_any_size_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="larger than"):
        read(tmp_path, b"#" * (allowed_signers.MOST_BYTES + 1))


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(SignatureError, match="cannot be read"):
        allowed_signers.read(tmp_path / name)


@pytest.mark.parametrize("name", ["", "-Overify-time=20200101", "a\nb", "a,b", "*", "a\x1b[31m", " a", 'a"b', "#a", "x" * 300])
def test_names_that_are_no_persons(name: str) -> None:
    with pytest.raises(SignatureError, match="cannot name a person"):
        allowed_signers.check_person(name)


@pytest.mark.parametrize("name", ["reviewer", "reviewer@example.com", "the second reviewer", "r\u00e9viseur", "审核"])
def test_names_that_are(name: str) -> None:
    allowed_signers.check_person(name)


def test_one_person_however_written() -> None:
    assert allowed_signers.same_person("Reviewer", "reviewer")
    assert allowed_signers.same_person("ｒeviewer", "reviewer")
    assert not allowed_signers.same_person("reviewer", "reviewer2")


# -- the text of a signature ---------------------------------------------------------------------------------------------


def blob(*fields: bytes, head: bytes = b"SSHSIG\x00\x00\x00\x01") -> bytes:
    return head + b"".join(struct.pack(">I", len(each)) + each for each in fields)


SOUND = (b"the key", b"mendbook-plan@v1", b"", b"sha512", b"the signature" * 10 + b"!")


def test_the_fields_of_a_signature() -> None:
    envelope = sshsig.read(sshsig.armour(blob(*SOUND)))
    assert (envelope.key, envelope.namespace, envelope.hash) == (b"the key", "mendbook-plan@v1", "sha512")


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (blob(*SOUND[:4]), "cut short"),
        (blob(*SOUND)[:-1], "cut short"),
        (blob(*SOUND) + b"x", "behind its last field"),
        (blob(*SOUND[:2], b"anything", *SOUND[3:]), "reserved field"),
        (blob(*SOUND[:3], b"md5", SOUND[4]), "its hash is none of"),
        (blob(*SOUND[:3], b"\xff", SOUND[4]), "its hash is none of"),
        (blob(*SOUND, head=b"SSHSIG\x00\x00\x00\x02"), "version 1"),
        (blob(*SOUND, head=b"OTHER"), "version 1"),
        (b"x" * (sshsig.MOST_BYTES + 1), "far too long"),
    ],
)
def test_blobs_that_are_none(bad: bytes, why: str) -> None:
    with pytest.raises(SignatureError, match=why):
        sshsig.read(sshsig.armour(bad))


GOOD = sshsig.armour(blob(*SOUND))


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "\n",
        GOOD[:-1],
        GOOD + "\n",
        " " + GOOD,
        "mail header\n" + GOOD,
        GOOD + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\n\n", 1),
        GOOD.replace("SSH", "PGP"),
        GOOD.replace("U1NI", "U1N I"),
        GOOD.replace("U1NI", "U1Né"),
        GOOD.replace("=\n", "\n") if "=\n" in GOOD else GOOD.replace("\n-----END", "=\n-----END"),
        sshsig.BEGIN + "\n" + "".join(GOOD.split("\n")[1:-2]) + "\n" + sshsig.END + "\n",
        # the last letter before the padding carries bits that decoding ignores
        GOOD.replace("A=", "B=") if "A=" in GOOD else GOOD.replace("Q==", "R=="),
    ],
)
def test_another_text_for_the_same_signature(bad: str) -> None:
    assert bad != GOOD
    with pytest.raises(SignatureError, match="no sound SSH signature"):
        sshsig.read(bad)
