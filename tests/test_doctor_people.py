"""What doctor tells of the people who may sign and of their keys."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mendbook.config import Settings, load
from mendbook.dialects.health import Check
from mendbook.doctor.people import own_keys, signers, ssh_keygen
from mendbook.signing.allowed_signers import key_lines, read
from mendbook.signing.signatures import Namespace

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOML = '[sources.shop]\nurl_env = "SHOP_URL"\n[sources.shop.users]\ntable = "auth_user"\n'
AUTHOR, REVIEWER, THIRD = "author@example.com", "reviewer@example.com", "third@example.com"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Public keys, as type and base64."""
    folder = tmp_path_factory.mktemp("keys")
    found = []
    for number in range(3):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / str(number))], check=True)
        found.append(" ".join((folder / f"{number}.pub").read_text().split()[:2]))
    return found


def settings(home: Path, lines: list[str] | None, review: str = "") -> Settings:
    (home / "mendbook.toml").write_text(TOML + (f"[review]\n{review}\n" if review else ""))
    if lines is not None:
        (home / "allowed_signers").write_text("".join(f"{line}\n" for line in lines))
        (home / "allowed_signers").chmod(0o644)
    return load(home / "mendbook.toml")


def told(found: Settings) -> list[Check]:
    return list(signers(found, NOW))


def states(found: Settings) -> list[str]:
    return [check.state for check in told(found)]


def test_two_people_are_enough(tmp_path: Path, keys: list[str]) -> None:
    (check,) = told(settings(tmp_path, [f"{AUTHOR} {keys[0]}", "# a note", f"{REVIEWER} {keys[1]} laptop"]))
    assert check.state == "ok"
    assert f"{AUTHOR}, {REVIEWER} may propose" in check.message


def test_nobody_may_sign_yet(tmp_path: Path) -> None:
    (check,) = told(settings(tmp_path, None))
    assert (check.state, "there is no" in check.message) == ("warning", True)


def test_one_person_is_not_enough(tmp_path: Path, keys: list[str]) -> None:
    (check,) = told(settings(tmp_path, [f"{AUTHOR} {keys[0]}", f"{AUTHOR} {keys[1]}"]))
    assert (check.state, "too few" in check.message) == ("warning", True)


@pytest.mark.parametrize("review", ["approvals = 2", "approvals_by_risk = { high = 2 }"])
def test_as_many_as_the_policy_asks_for(tmp_path: Path, keys: list[str], review: str) -> None:
    two = [f"{AUTHOR} {keys[0]}", f"{REVIEWER} {keys[1]}"]
    assert states(settings(tmp_path, two, review)) == ["warning"]
    assert states(settings(tmp_path, [*two, f"{THIRD} {keys[2]}"], review)) == ["ok"]


@pytest.mark.parametrize(
    ("first", "second", "state", "words"),
    [
        ('namespaces="mendbook-plan@v1"', 'namespaces="mendbook-review@v1"', "ok", f"{REVIEWER} may approve"),
        ('namespaces="mendbook-*"', 'namespaces="git,mendbook-review@v1"', "ok", f"{AUTHOR} may propose"),
        ('namespaces="mendbook-review@v1"', 'namespaces="mendbook-review@v1"', "warning", "nobody may be a plan's author"),
        ('namespaces="mendbook-plan@v1"', 'namespaces="git"', "warning", "too few"),
        ('namespaces="mendbook-plan@v1"', 'valid-after="20270101"', "warning", "too few"),
    ],
)
def test_what_keys_are_for(tmp_path: Path, keys: list[str], first: str, second: str, state: str, words: str) -> None:
    (check,) = told(settings(tmp_path, [f"{AUTHOR} {first} {keys[0]}", f"{REVIEWER} {second} {keys[1]}"]))
    assert check.state == state
    assert words in check.message


def test_keys_whose_time_is_over(tmp_path: Path, keys: list[str]) -> None:
    lines = [f'{AUTHOR} valid-before="20261201" {keys[0]}', f'{REVIEWER} valid-before="20261121115959Z" {keys[1]}']
    soon, over, few = told(settings(tmp_path, lines))
    assert [soon.state, over.state, few.state] == ["warning"] * 3
    assert "until 2026-12-01 only" in soon.message
    assert "not been valid since 20261121115959" in over.message
    assert "too few" in few.message


@pytest.mark.parametrize("date", ["20261121", "202611211200", "20261121120000", "202611211200Z"])
def test_dates_are_read_as_ssh_keygen_reads_them(tmp_path: Path, keys: list[str], date: str) -> None:
    path = tmp_path / "signers"
    path.write_text(f'{AUTHOR} valid-before="{date}" {keys[0]}\n')
    (line,) = key_lines(read(path))
    just_before = datetime(2026, 11, 20 if len(date) == 8 else 21, 11 if len(date) > 8 else 23, 59, 59, tzinfo=UTC)
    assert line.signs(Namespace.PLAN, just_before)
    assert not line.signs(Namespace.PLAN, NOW)


def test_a_certificate_authority_vouches_for_more(tmp_path: Path, keys: list[str]) -> None:
    (check,) = told(settings(tmp_path, [f"*@example.com cert-authority {keys[0]}"]))
    assert (check.state, "authority" in check.message) == ("ok", True)


def test_a_file_that_cannot_stand(tmp_path: Path, keys: list[str]) -> None:
    (check,) = told(settings(tmp_path, [f"{AUTHOR} {keys[0]}", f"{REVIEWER} {keys[0]}"]))
    assert (check.state, "line 2" in check.message) == ("failed", True)
    assert not list(own_keys(settings(tmp_path, None), tmp_path)), "that is told once"


def test_revoked_keys_that_are_gone(tmp_path: Path, keys: list[str]) -> None:
    lines = [f"{AUTHOR} {keys[0]}", f"{REVIEWER} {keys[1]}"]
    assert states(settings(tmp_path, lines, 'revoked = "revoked"')) == ["failed"]
    (tmp_path / "revoked").write_text("")
    assert states(settings(tmp_path, lines, 'revoked = "revoked"')) == ["ok"]


def test_a_list_that_others_may_write(tmp_path: Path, keys: list[str]) -> None:
    found = settings(tmp_path, [f"{AUTHOR} {keys[0]}", f"{REVIEWER} {keys[1]}"])
    (tmp_path / "allowed_signers").chmod(0o664)
    check, _ = told(found)
    assert (check.state, check.hint) == ("warning", f"chmod go-w {tmp_path / 'allowed_signers'}")


# -- the keys of whoever runs it -----------------------------------------------------------------------------------------


def test_own_keys(tmp_path: Path, keys: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    found = settings(tmp_path, [f"{AUTHOR} {keys[0]}", f"{REVIEWER} {keys[1]}"])
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (check,) = own_keys(found, home)
    assert "no key of this user" in check.message
    (home / ".ssh" / "id_ed25519.pub").write_text(f"{keys[1]} mine\n")
    (home / ".ssh" / "other.pub").write_text("nothing of the kind")
    private = home / ".ssh" / "id_ed25519"
    private.write_text("never read")
    private.chmod(0o000)
    (check,) = own_keys(found, home)
    assert check.message == f"{private} is the key of {REVIEWER}"
    private.chmod(0o644)
    loose, _ = own_keys(found, home)
    assert (loose.state, loose.hint) == ("warning", f"chmod 600 {private}")


def test_keys_in_an_agent(tmp_path: Path, keys: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(tmp_path, [f"{AUTHOR} {keys[0]}"])
    program = tmp_path / "ssh-add"
    program.write_text(f"#!/bin/sh\necho '{keys[0]} held'\necho 'the agent has more to say'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "socket"))
    (check,) = own_keys(found, tmp_path)
    assert check.message == f"the agent holds a key of {AUTHOR}"
    program.write_text("#!/bin/sh\necho 'Error connecting to agent' >&2; exit 2\n")
    (check,) = own_keys(found, tmp_path)
    assert "no key of this user" in check.message


# -- ssh-keygen ----------------------------------------------------------------------------------------------------------


def test_ssh_keygen_verifies(tmp_path: Path) -> None:
    (check,) = ssh_keygen(settings(tmp_path, None))
    assert check.state == "ok"


@pytest.mark.parametrize(
    "script", [None, "echo 'unknown option -- Y' >&2; exit 1", "echo doctor", "exit 0"], ids=["absent", "old", "odd", "mute"]
)
def test_an_ssh_keygen_that_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None) -> None:
    program = tmp_path / "ssh-keygen"
    if script is not None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (check,) = ssh_keygen(settings(tmp_path, None))
    assert check.state == "warning", "nobody may sign yet: an audit goes without"
    (check,) = ssh_keygen(settings(tmp_path, [""]))
    assert check.state == "failed"
    assert "OpenSSH 8.9" in check.hint
