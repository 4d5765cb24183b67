"""Signatures by the real ssh-keygen: what holds, and everything that must not."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from mendbook.errors import SignatureError
from mendbook.signing import allowed_signers, signatures, sshsig
from mendbook.signing.signatures import Namespace, Signer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DATA = b'{"plan":"5891b5b522d5df08"}\n'
pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")


def ssh_keygen(*arguments: str | Path) -> str:
    done = subprocess.run(["ssh-keygen", *map(str, arguments)], capture_output=True, text=True, check=True, input="")
    return done.stdout


@dataclass(frozen=True)
class House:
    """A folder of throw-away keys, and the file of people who may sign."""

    folder: Path

    def key(self, name: str, kind: str = "ed25519", passphrase: str = "") -> Path:
        path = self.folder / name
        if not path.exists():
            ssh_keygen("-q", "-t", kind, "-N", passphrase, "-C", "", "-f", path)
        return path

    def public(self, name: str) -> str:
        return self.key(name).with_name(name + ".pub").read_text().strip()

    def allow(self, *lines: str) -> allowed_signers.Signers:
        path = self.folder / "allowed_signers"
        path.write_text("".join(line + "\n" for line in lines))
        return allowed_signers.read(path)

    def certify(self, name: str, *people: str) -> Path:
        ssh_keygen("-q", "-s", self.key("authority"), "-I", "id", "-n", ",".join(people), self.key(name))
        return self.folder / f"{name}-cert.pub"

    def fingerprint(self, name: str) -> str:
        return ssh_keygen("-l", "-f", self.key(name)).split()[1]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def signed(house: House, name: str = "k", data: bytes = DATA, namespace: Namespace = Namespace.REVIEW) -> str:
    return signatures.sign(data, house.key(name), namespace)


def verify(signature: str, signers: allowed_signers.Signers, **other: Any) -> Signer:
    given = {"data": DATA, "person": "reviewer", "namespace": Namespace.REVIEW, "at": NOW, **other}
    return signatures.verify(signature=signature, signers=signers, **given)


# -- what holds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_signed_and_verified(house: House, kind: str) -> None:
    house.key("k", kind)
    signers = house.allow(f"reviewer {house.public('k')}")
    assert verify(signed(house), signers) == Signer("reviewer", house.fingerprint("k"))


def test_any_bytes_can_be_signed(house: House) -> None:
    data = bytes(range(256)) * 5000
    signers = house.allow(f"reviewer {house.public('k')}")
    assert verify(signed(house, data=data), signers, data=data).person == "reviewer"
    assert verify(signed(house, data=b""), signers, data=b"").person == "reviewer"


@pytest.mark.parametrize("person", ["reviewer@example.com", "the second reviewer", "r\u00e9viseur", "审核"])
def test_names_of_people(house: House, person: str) -> None:
    signers = house.allow(f'"{person}" {house.public("k")}')
    assert verify(signed(house), signers, person=person).person == person


def test_one_person_may_have_two_keys(house: House) -> None:
    signers = house.allow(f"reviewer {house.public('k')}", f"reviewer {house.public('other')}")
    assert {verify(signed(house, name), signers).key for name in ("k", "other")} == {
        house.fingerprint("k"),
        house.fingerprint("other"),
    }


def test_lines_for_different_purposes(house: House) -> None:
    """A key's first line need not be the one that allows it."""
    public = house.public("k")
    signers = house.allow(
        f'reviewer namespaces="{Namespace.PLAN}" {public}', f'reviewer namespaces="{Namespace.REVIEW}" {public}'
    )
    assert verify(signed(house), signers).person == "reviewer"


def test_a_certificate_of_an_authority(house: House) -> None:
    certificate = house.certify("k", "reviewer")
    signers = house.allow(f"*@example.com,reviewer cert-authority {house.public('authority')}")
    signature = signatures.sign(DATA, certificate, Namespace.REVIEW)
    assert verify(signature, signers) == Signer("reviewer", house.fingerprint("k"))


# -- what does not -------------------------------------------------------------------------------------------------------


def refusal(signature: str, signers: allowed_signers.Signers, **other: Any) -> str:
    with pytest.raises(SignatureError) as caught:
        verify(signature, signers, **other)
    assert caught.value.hint
    assert "mendbook-verify-" not in str(caught.value), "no name of a temporary file"
    return caught.value.message


def reads(signature: str) -> bool:
    """Whether its form alone tells nothing against it."""
    try:
        sshsig.read(signature)
    except SignatureError:
        return False
    return True


def test_no_byte_can_be_flipped(house: House) -> None:
    signers = house.allow(f"reviewer {house.public('k')}")
    signature = signed(house)
    asked = 0
    for at, whole in enumerate(signature):
        flipped = signature[:at] + ("B" if whole == "A" else "A") + signature[at + 1 :]
        if reads(flipped):  # then ssh-keygen must refuse it: one of five, and the last ones, which pad
            asked += 1
            if asked % 5 and at < len(signature) - 40:
                continue
        refusal(flipped, signers)
    assert asked > 100, "the key and the signature itself are flipped too"
    for at in range(len(DATA)):
        refusal(signature, signers, data=DATA[:at] + bytes([DATA[at] ^ 1]) + DATA[at + 1 :])


def test_other_data(house: House) -> None:
    signers = house.allow(f"reviewer {house.public('k')}")
    assert "incorrect signature" in refusal(signed(house), signers, data=DATA + b"\n")


def test_a_signature_for_another_purpose(house: House) -> None:
    signers = house.allow(f"reviewer {house.public('k')}")
    plan = signed(house, namespace=Namespace.PLAN)
    assert "made for 'mendbook-plan@v1'" in refusal(plan, signers)
    path = house.folder / "data"
    path.write_bytes(DATA)
    ssh_keygen("-q", "-Y", "sign", "-f", house.key("k"), "-n", "git", path)
    assert "made for 'git'" in refusal((house.folder / "data.sig").read_text(), signers)


def test_a_key_that_is_not_allowed_for_it(house: House) -> None:
    signers = house.allow(f'reviewer namespaces="{Namespace.PLAN},git" {house.public("k")}')
    message = refusal(signed(house), signers)
    assert "not permitted for use in signature namespace" in message
    assert str(signers.path) in message


def test_a_key_of_nobody(house: House) -> None:
    signers = house.allow(f"reviewer {house.public('k')}")
    assert "its key is nobody's" in refusal(signed(house, "stranger"), signers)


def test_a_key_of_somebody_else(house: House) -> None:
    signers = house.allow(f"reviewer {house.public('k')}", f"author {house.public('other')}")
    assert "its key is that of 'author'" in refusal(signed(house, "other"), signers)


def test_a_name_that_is_not_in_the_file(house: House) -> None:
    signers = house.allow(f"reviewer {house.public('k')}")
    assert "names nobody called 'auditor'" in refusal(signed(house), signers, person="auditor")


@pytest.mark.parametrize("person", ["-Overify-time=20200101", "*", "reviewer,author", "reviewer\n", "rev?ewer", "", "!author"])
def test_hostile_names(house: House, person: str) -> None:
    signers = house.allow(f"reviewer {house.public('k')}", f"* cert-authority {house.public('authority')}")
    assert "cannot name a person" in refusal(signed(house), signers, person=person)


def test_a_certificate_of_two_people(house: House) -> None:
    signers = house.allow(f"author,reviewer cert-authority {house.public('authority')}")
    signature = signatures.sign(DATA, house.certify("k", "author", "reviewer"), Namespace.REVIEW)
    assert "certificate is that of several people" in refusal(signature, signers)


def test_a_certificate_of_somebody_else_or_of_anybody(house: House) -> None:
    signers = house.allow(f"* cert-authority {house.public('authority')}")
    signature = signatures.sign(DATA, house.certify("k", "author"), Namespace.REVIEW)
    assert "its key is that of 'author'" in refusal(signature, signers)
    ssh_keygen("-q", "-s", house.key("authority"), "-I", "id", house.key("k"))
    signature = signatures.sign(DATA, house.folder / "k-cert.pub", Namespace.REVIEW)
    refusal(signature, signers)


# -- time ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "at", "holds"),
    [
        ('valid-before="20260601120001"', NOW, True),
        ('valid-before="20260601115959"', NOW, False),
        ('valid-after="20260601115959"', NOW, True),
        ('valid-after="20260601120001"', NOW, False),
        ('valid-after="20260101Z",valid-before="20270101Z"', NOW, True),
        ('valid-before="20260601115959"', NOW - timedelta(hours=1), True),
        # noon in UTC, told by a clock elsewhere
        ('valid-before="20260601120001"', NOW.astimezone(timezone(timedelta(hours=13))), True),
        ('valid-after="20260601120001"', NOW.astimezone(timezone(timedelta(hours=13))), False),
    ],
)
def test_the_given_time_decides(house: House, monkeypatch: Any, options: str, at: datetime, holds: bool) -> None:
    """Not this computer's clock, which is far from it, nor its time zone."""
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    signers = house.allow(f"reviewer {options} {house.public('k')}")
    signature = signed(house)
    if holds:
        assert verify(signature, signers, at=at).person == "reviewer"
    else:
        assert "key " in refusal(signature, signers, at=at)


def test_an_expired_key_is_told(house: House) -> None:
    signers = house.allow(f'reviewer valid-before="20250101" {house.public("k")}')
    assert "key has expired" in refusal(signed(house), signers)
    signers = house.allow(f'reviewer valid-after="20270101" {house.public("k")}')
    assert "key is not yet valid" in refusal(signed(house), signers)


def test_a_time_without_a_zone_is_nobodys(house: House) -> None:
    signers = house.allow(f"reviewer {house.public('k')}")
    with pytest.raises(ValueError, match="time zone"):
        verify(signed(house), signers, at=NOW.replace(tzinfo=None))


# -- revoked -------------------------------------------------------------------------------------------------------------


def test_revoked_keys(house: House) -> None:
    signers = house.allow(f"reviewer {house.public('k')}")
    signature = signed(house)
    listed = house.folder / "-revoked"
    listed.write_text("")
    assert verify(signature, signers, revoked=listed).person == "reviewer"
    listed.write_text(house.public("other") + "\n")
    assert verify(signature, signers, revoked=listed).person == "reviewer"
    listed.write_text(house.public("other") + "\n" + house.public("k") + "\n")
    assert "its key is revoked by" in refusal(signature, signers, revoked=listed)


def test_a_key_revocation_list(house: House) -> None:
    signers = house.allow(f"reviewer {house.public('k')}")
    krl = house.folder / "krl"
    ssh_keygen("-q", "-k", "-f", krl, f"{house.key('other')}.pub")
    assert verify(signed(house), signers, revoked=krl).person == "reviewer"
    ssh_keygen("-q", "-k", "-u", "-f", krl, f"{house.key('k')}.pub")
    assert "its key is revoked by" in refusal(signed(house), signers, revoked=krl)


def test_a_revocation_list_that_cannot_be_read_lets_nobody_pass(house: House) -> None:
    signers = house.allow(f"reviewer {house.public('k')}")
    assert "cannot be read" in refusal(signed(house), signers, revoked=house.folder / "missing")
    broken = house.folder / "broken"
    broken.write_bytes(b"SSHKRL\n\x00garbage")
    refusal(signed(house), signers, revoked=broken)
    broken.write_text("not a key\n")
    refusal(signed(house), signers, revoked=broken)


# -- distinct people -----------------------------------------------------------------------------------------------------


def test_different_people() -> None:
    signatures.check_different([Signer("author", "SHA256:a"), Signer("reviewer", "SHA256:b"), Signer("auditor", "SHA256:c")])
    signatures.check_different([])


@pytest.mark.parametrize(
    ("signers", "why"),
    [
        ([Signer("author", "SHA256:a"), Signer("author", "SHA256:b")], "one person with two keys"),
        ([Signer("author", "SHA256:a"), Signer("Author", "SHA256:b")], "one person with two keys"),
        ([Signer("author", "SHA256:a"), Signer("x", "SHA256:b"), Signer("reviewer", "SHA256:a")], "the key of 'author'"),
    ],
)
def test_not_different_enough(signers: list[Signer], why: str) -> None:
    with pytest.raises(SignatureError, match=why):
        signatures.check_different(signers)


# -- the key and the agent -----------------------------------------------------------------------------------------------


def test_the_private_key_is_never_opened_by_this_process(house: House) -> None:
    script = f"""
import sys
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
from pathlib import Path
from mendbook.signing.signatures import Namespace, sign
assert sign(b"data", Path({str(house.key("k"))!r}), Namespace.PLAN)
assert opened and {str(house.key("k"))!r} not in opened
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(signatures.__file__).parents[2])}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: Any) -> Iterator[Path]:
    """An ssh-agent of its own, in the environment."""
    if not shutil.which("ssh-agent"):
        pytest.skip("needs ssh-agent")
    socket = tmp_path / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stdout.readline()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        yield socket
        running.send_signal(signal.SIGTERM)


@pytest.mark.usefixtures("agent")
def test_a_key_that_only_the_agent_holds(house: House) -> None:
    key = house.key("k")
    signers = house.allow(f"reviewer {house.public('k')}")
    subprocess.run(["ssh-add", "-q", str(key)], check=True)
    key.rename(house.folder / "away")
    signature = signatures.sign(DATA, house.folder / "k.pub", Namespace.REVIEW)
    assert verify(signature, signers).person == "reviewer"


@pytest.mark.parametrize("name", ["-k", "-Ofoo", "a key", "k;touch x", "k\nn", "$(k)"])
def test_hostile_names_of_key_files(house: House, name: str, monkeypatch: Any) -> None:
    key = house.key("k")
    (house.folder / name).write_bytes(key.read_bytes())
    (house.folder / name).chmod(0o600)
    (house.folder / f"{name}.pub").write_text(house.public("k"))
    monkeypatch.chdir(house.folder)
    signers = house.allow(f"reviewer {house.public('k')}")
    assert verify(signatures.sign(DATA, Path(name), Namespace.REVIEW), signers).person == "reviewer"


def test_a_home_can_be_written_with_a_tilde(house: House, monkeypatch: Any) -> None:
    house.key("k")
    monkeypatch.setenv("HOME", str(house.folder))
    assert signatures.sign(DATA, Path("~/k"), Namespace.PLAN)


def unsigned(key: Path, **other: Any) -> SignatureError:
    with pytest.raises(SignatureError, match=r"Could not sign|did not answer") as caught:
        signatures.sign(DATA, key, Namespace.REVIEW, **other)
    return caught.value


def test_a_key_that_is_not_there(house: House) -> None:
    assert "ssh-keygen -t ed25519" in unsigned(house.folder / "missing").hint


def test_a_key_with_a_passphrase_and_nobody_to_ask(house: House, monkeypatch: Any) -> None:
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    monkeypatch.setenv("SSH_ASKPASS", "/bin/false")
    error = unsigned(house.key("locked", passphrase="a passphrase"))
    assert "ssh-add" in error.hint


def test_somebody_who_does_not_answer(house: House, monkeypatch: Any) -> None:
    ask = house.folder / "ask"
    ask.write_text("#!/bin/sh\nexec sleep 30\n")
    ask.chmod(0o700)
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    monkeypatch.setenv("SSH_ASKPASS", str(ask))
    error = unsigned(house.key("locked", passphrase="a passphrase"), seconds=0.5)
    assert "within 0.5 seconds" in error.message


def test_a_file_that_is_no_key(house: House) -> None:
    (house.folder / "no").write_text("nothing")
    assert "ssh-keygen -l" in unsigned(house.folder / "no").hint


# -- ssh-keygen itself ---------------------------------------------------------------------------------------------------


def stand_in(house: House, monkeypatch: Any, script: str, mode: int = 0o700) -> None:
    folder = house.folder / "bin"
    folder.mkdir()
    (folder / "ssh-keygen").write_text(script)
    (folder / "ssh-keygen").chmod(mode)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_no_ssh_keygen(house: House, monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", str(house.folder))
    with pytest.raises(SignatureError, match="not installed") as caught:
        signatures.sign(DATA, house.folder / "k", Namespace.REVIEW)
    assert "openssh-client" in caught.value.hint


def test_an_ssh_keygen_that_cannot_run(house: House, monkeypatch: Any) -> None:
    house.key("k")
    stand_in(house, monkeypatch, "#!/nowhere/interpreter\n")
    with pytest.raises(SignatureError, match="cannot be run"):
        signatures.sign(DATA, house.folder / "k", Namespace.REVIEW)


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/sh\nexit 0\n",
        "#!/bin/sh\necho yes\n",
        '#!/bin/sh\ncase $2 in find*) echo reviewer;; *) echo "all is well";; esac\n',
    ],
)
def test_an_ssh_keygen_that_says_something_else_is_not_believed(house: House, monkeypatch: Any, script: str) -> None:
    signers = house.allow(f"reviewer {house.public('k')}")
    signature = signed(house)
    stand_in(house, monkeypatch, script)
    refusal(signature, signers)
    with pytest.raises(SignatureError, match="no sound SSH signature"):
        signed(house)


def test_nothing_of_the_environment_gets_to_the_verifier(house: House, monkeypatch: Any) -> None:
    signers = house.allow(f"reviewer {house.public('k')}")
    signature = signed(house)
    stand_in(house, monkeypatch, f"#!/bin/sh\nenv >> {house.folder}/seen\n")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nowhere")
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    refusal(signature, signers)
    seen = dict(line.split("=", 1) for line in (house.folder / "seen").read_text().splitlines())
    assert {"LC_ALL": "C", "TZ": "UTC"}.items() <= seen.items()
    assert set(seen) <= {"PATH", "LC_ALL", "TZ", "PWD", "SHLVL", "_", "OLDPWD"}


def test_no_place_for_temporary_files(house: House, monkeypatch: Any) -> None:
    signers = house.allow(f"reviewer {house.public('k')}")
    signature = signed(house)

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    assert "No space left" in refusal(signature, signers)
