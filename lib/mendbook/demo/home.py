"""What the demo lives in: outputs/demo with its databases and their URLs, mendbook.toml, the roles, and two people's keys.

The keys are throw-away ones without a passphrase, as no real person's should be. Databases are made and dropped here;
no row of them is.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from mendbook.demo.places import Place, is_for, place_for, place_of, remove
from mendbook.errors import SignatureError
from mendbook.files.publish import publish
from mendbook.ledger import checkpoints
from mendbook.roles import PREFIX, role_names
from mendbook.workbook import Workbook

AUTHOR, REVIEWER = "author@example.com", "reviewer@example.com"

#: A copy of one system as it was before any repair, with a plan that waits: somebody's to review, sign and apply by hand.
PRACTICE, PRACTICE_OF = "practice", "logistics"

_ROLES = role_names(PREFIX)
#: The role that the demo's audits and plans connect as, and the one that repairs.
AUDIT_ROLE, REPAIR_ROLE = _ROLES["audit"], _ROLES["repair"]


def open_place(home: Path, outputs: Path, names: Iterable[str], sqlite: bool) -> Place:
    """Where the databases of the next play will be; those of an earlier one that was elsewhere go."""
    last = place_of(home)
    if last is not None and not is_for(last, sqlite):
        for name in names:
            if last.has(name):
                set_checkpoints_aside(outputs, name)
        remove(last, home)
    return place_for(home, sqlite)


def fresh_database(place: Place, outputs: Path, name: str) -> str:
    """An empty database called ``name``, in the place of the one of an earlier play; its administrator's URL."""
    _make_room(place, outputs, name)
    return place.create(name)


def copy_for_practice(place: Place, outputs: Path) -> None:
    """The practice database, as the system that it is of stands now; nobody may be connected to that one."""
    _make_room(place, outputs, PRACTICE)
    place.copy(PRACTICE_OF, PRACTICE)


def _make_room(place: Place, outputs: Path, name: str) -> None:
    if place.has(name):
        set_checkpoints_aside(outputs, name)
    place.remove(name)


def set_checkpoints_aside(outputs: Path, name: str) -> None:
    """The ledger that they are of goes with its database: beside the next one's they would tell of a fraud. None is lost."""
    file = checkpoints.file_of(outputs, name)
    if file.exists():
        file.rename(file.with_name(f"{name}-demo-of-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.jsonl"))


def make_keys(home: Path) -> None:
    """A key for the author and one for the reviewer, where there is none yet, and both people in allowed_signers."""
    folder = home / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = []
    for person in (AUTHOR, REVIEWER):
        key = key_of(home, person)
        if not key.exists():
            _generate(key, person)
        lines.append(f"{person} {key.with_name(f'{key.name}.pub').read_text()}")
    publish(home / "allowed_signers", "".join(lines))


def key_of(home: Path, person: str) -> Path:
    """The private key's file of a person of the demo."""
    return home / "keys" / person.partition("@")[0]


def _generate(key: Path, person: str) -> None:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", str(key)]
    hint = "The demo signs with OpenSSH 8.9 or newer (on Debian: apt install openssh-client)."
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise SignatureError("ssh-keygen is not installed.", hint) from None
    if done.returncode:
        raise SignatureError(f"{key} could not be made: {done.stderr.strip()}", hint)


def configure(home: Path, place: Place, audit: str = AUDIT_ROLE, repair: str = REPAIR_ROLE) -> Path:
    """mendbook.toml with the four mappings and the practice's, and beside it the URLs by which ``audit`` and ``repair``
    connect (who they are makes no difference where there are no roles)."""
    import racelab

    names = [*racelab.SYSTEMS, PRACTICE]
    config = _keep_or_publish(home / "mendbook.toml", "\n".join(_mapping(place, name) for name in names))
    urls = {}
    for name in names:
        urls[_audit_env(name)] = place.url(name, audit)
        if place.roles:
            urls[_repair_env(name)] = place.url(name, repair)
    for variable in urls:  # one of that name in the caller's own environment would win over the demo's .env
        os.environ.pop(variable, None)
    publish(home / ".env", "".join(f"{variable}='{url}'\n" for variable, url in urls.items()), mode=0o600)
    return config


def _keep_or_publish(file: Path, mappings: str) -> Path:
    """``file`` with these mappings: as it is where somebody has added to them, a schedule say; an older one is set aside."""
    if file.exists():
        if file.read_text().startswith(mappings):
            return file
        file.rename(file.with_name(f"mendbook-before-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.toml"))
    return publish(file, mappings)


def _mapping(place: Place, name: str) -> str:
    """The system's mapping as racelab ships it, and where there are roles the variable with the URL of the one that repairs."""
    import racelab

    system = racelab.SYSTEMS[PRACTICE_OF if name == PRACTICE else name]
    mapping, line = str(system.mapping_text), f'url_env = "{system.url_env}"\n'
    repairing = f'repair_url_env = "{_repair_env(name)}"\n' if place.roles else ""
    mapping = place.mapping(mapping).replace(line, f'url_env = "{_audit_env(name)}"\n{repairing}', 1)
    return mapping.replace(f"[sources.{system.name}", f"[sources.{name}")


def _audit_env(name: str) -> str:
    import racelab

    return f"{PRACTICE.upper()}_URL" if name == PRACTICE else str(racelab.SYSTEMS[name].url_env)


def _repair_env(name: str) -> str:
    return f"{name.upper()}_REPAIR_URL"


def make_roles(home: Path, place: Place, outputs: Path, names: Iterable[str]) -> None:
    """Run the SQL of ``mendbook roles`` in each database, as its administrator would; it stays in roles/ to be read."""
    config = configure(home, place, "postgres", "postgres")  # somebody has to be there who may create them
    for name in names:
        script = str(Workbook.open(name, config, outputs).roles()["sql"])
        (home / "roles").mkdir(exist_ok=True)
        publish(home / "roles" / f"{name}.sql", script)
        place.execute(script, name)
    configure(home, place)
