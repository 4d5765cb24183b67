"""docs/own_database.md: every command of the page, typed in its order against a database that mendbook has never seen.

What the page cannot know is put in its place: addresses, passwords, the plan's name. README's second half is the short of it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mendbook.config import load
from mendbook.embedded import embedded
from sqlalchemy.engine import make_url
from support.databases import run_script
from support.racing_members import registering

ROOT = Path(__file__).parent.parent
PAGE, README = (path.read_text() for path in (ROOT / "docs" / "own_database.md", ROOT / "README.md"))
SCHEMA = (ROOT / "tests" / "support" / "own_database.sql").read_text()
#: An audit that finds something says so by its exit code, and so does a drill of an application that races.
FOUND = {"mendbook audit shop": 1, "mendbook drill http": 1}
#: Where the page's application runs.
APPLICATION = "http://127.0.0.1:8000"
REVIEWER = "# as the reviewer\n"


def blocks(text: str, language: str = "sh") -> list[str]:
    """What stands between ```sh (or another language, or none) and ```."""
    return [body for name, body in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) if name == language]


def commands(block: str) -> list[str]:
    """A block's commands: a line each, but for what a here-document holds."""
    found: list[str] = []
    end = ""
    for line in block.removeprefix(REVIEWER).splitlines():
        if end:
            found[-1] += f"\n{line}"
            end = "" if line == end else end
        elif line.strip():
            found.append(line)
            end = re.sub(r".*<<'(\w+)'$", r"\1", line) if "<<'" in line else ""
    return found


@dataclass
class Typed:
    """A command, and what became of it."""

    command: str
    code: int
    out: str
    err: str


@dataclass
class Walk:
    """The page as it was walked: the folder, the database, and every command typed."""

    folder: Path
    url: str
    application: str = APPLICATION
    typed: list[Typed] = field(default_factory=list)

    def of(self, beginning: str) -> list[Typed]:
        found = [each for each in self.typed if each.command.startswith(beginning)]
        assert found, beginning
        return found

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return run_script(self.url, sql)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    version = int(os.environ.get("PG", "18"))
    home = tmp_path_factory.mktemp("own")
    with ExitStack() as until_the_end:
        server = until_the_end.enter_context(embedded.temporary(version))
        url = make_url(server.create_database("shop")).set(drivername="postgresql")
        walk = Walk(home / "work", url.render_as_string(hide_password=False))
        walk.application = until_the_end.enter_context(registering(walk.url))
        run_script(walk.url, SCHEMA)
        walk.folder.mkdir()
        (home / "bin").mkdir()
        program = home / "bin" / "mendbook"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mendbook "$@"\n')
        program.chmod(0o755)
        for person in ("author", "reviewer"):
            (home / person / ".ssh").mkdir(parents=True)
            key = home / person / ".ssh" / "id_ed25519"
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        environment = {
            "PATH": f"{home / 'bin'}:{server.bin}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "lib"),
            "LC_ALL": "C.UTF-8",
            "PGCONNECT_TIMEOUT": "10",
        }
        for block in blocks(PAGE):
            person = "reviewer" if block.startswith(REVIEWER) else "author"
            for command in commands(block):
                _type(walk, command, {**environment, "HOME": str(home / person)})
        for number, block in enumerate(blocks(PAGE, "python")):
            (home / f"{number}.py").write_text(block)
            _type(walk, f"{shlex.quote(sys.executable)} {home / str(number)}.py", {**environment, "HOME": str(home / "author")})
        yield walk


def _type(walk: Walk, command: str, environment: dict[str, str]) -> None:
    """Type ``command`` as the page has it; what it exports stays for those that follow."""
    known = walk.folder.parent / "exported"
    known.touch()
    text = command
    for role in ("ADMIN", "mendbook_audit:PASSWORD", "mendbook_repair:PASSWORD"):
        name, _, password = role.replace("ADMIN", "postgres").partition(":")
        given = make_url(walk.url).set(username=name, password=password and "pw")
        text = text.replace(f"postgresql://{role}@HOST/DATABASE", given.render_as_string(hide_password=False))
    text = re.sub(r"\bPLAN\b", _newest_plan(walk), text)
    text = text.replace(APPLICATION, walk.application)
    if APPLICATION in command:
        _fill_in(walk.folder / "drill.toml")
    if text.startswith("export "):
        known.write_text(known.read_text() + text.partition("#")[0] + "\n")
    done = subprocess.run(
        ["bash", "-c", f". {shlex.quote(str(known))}\n{text}"],
        cwd=walk.folder,
        env=environment,
        input="pw\npw\n",  # of \password: without a terminal of its own, psql takes what it is given
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=300,
    )
    walk.typed.append(Typed(command, done.returncode, done.stdout, done.stderr))


def _fill_in(form: Path) -> None:
    """As the page asks for: what the application does not have goes out of the example."""
    text = form.read_text()
    form.write_text(re.sub(r"^\[csrf\].*?(?=^#? ?\[|\Z)", "", text, flags=re.MULTILINE | re.DOTALL))


def _newest_plan(walk: Walk) -> str:
    plans = sorted((walk.folder / "outputs" / "plans").glob("2*"))
    return plans[-1].name if plans else "PLAN"


def test_every_command_does_what_the_page_says(walk: Walk) -> None:
    wrong = [
        (each.command, each.code, each.err[-2000:])
        for each in walk.typed
        if each.code != next((code for beginning, code in FOUND.items() if each.command.startswith(beginning)), 0)
    ]
    assert wrong == []


def test_what_init_guesses_is_right(walk: Walk) -> None:
    source = load(walk.folder / "mendbook.toml").source("shop")
    users = source.users
    assert (users.table, users.username, users.email, users.created) == ("member", "login", "email", "created_at")
    profiles = {profile.table: profile for profile in source.profiles}
    assert profiles.keys() == {"staff_profile", "customer_profile"}
    assert profiles["customer_profile"].required_for == {"is_staff": False}
    assert profiles["customer_profile"].filled == ["phone", "address"]
    assert (source.url_env, source.repair_url_env) == ("SHOP_URL", "SHOP_REPAIR_URL")


def test_doctor_has_nothing_against_repairs_in_the_end(walk: Walk) -> None:
    first, last = walk.of("mendbook doctor shop")
    assert "warning signers" in first.err
    assert "failed" not in first.err.replace("0 failed", "") + last.err.replace("0 failed", "")
    for name in ("signers", "rights", "repair role"):
        assert f"ok      {name}:" in last.err, last.err
    assert "plan rights" not in first.err + last.err


def test_what_the_page_shows_is_what_they_say(walk: Walk) -> None:
    doctor, written = walk.of("mendbook doctor shop")[0].err, (walk.folder / "mendbook.toml").read_text()
    (shown,) = blocks(PAGE, "")
    assert [line for line in shown.splitlines() if line != "..." and line not in doctor.splitlines()] == []
    guessed = blocks(PAGE, "toml")[0]
    assert [line for line in guessed.splitlines() if line != "..." and line not in written.splitlines()] == []


def test_the_first_audit_is_true(walk: Walk) -> None:
    (audit,) = walk.of("mendbook audit shop")
    words = " ".join(audit.err.translate(dict.fromkeys(map(ord, "│┃"), " ")).split())
    for kind, cases in {"duplicate_profile": 8, "duplicate_user": 2, "missing_profile": 5, "blank_profile": 10}.items():
        assert re.search(rf"\b{kind} {cases}\b", words), words


def test_the_plan_was_applied(walk: Walk) -> None:
    rehearsed, applied = walk.of("mendbook apply PLAN")
    assert "13 cases rehearsed, and rolled back" in rehearsed.err
    assert "13 cases applied" in applied.err
    assert walk.rows("SELECT count(*) FROM member WHERE login = 'MEMBER51'") == [(0,)]
    several = "SELECT FROM customer_profile WHERE member_id <= 202 GROUP BY member_id HAVING count(*) > 1"
    assert walk.rows(f"SELECT count(*) FROM ({several}) AS several") == [(0,)]
    (verified,) = walk.of("mendbook ledger verify")
    assert verified.err.startswith("whole: 1 batch")


def test_the_auditing_role_has_lost_what_only_init_needed(walk: Walk) -> None:
    may = "SELECT has_table_privilege('mendbook_audit', '{}', '{}')"
    assert walk.rows(may.format("price_list", "SELECT")) == [(False,)]
    assert walk.rows(may.format("customer_profile", "SELECT")) == [(True,)]
    assert walk.rows(may.format("customer_profile", "INSERT, UPDATE, DELETE")) == [(False,)]


def test_what_guard_prints_can_be_run(walk: Walk) -> None:
    text = (walk.folder / "guard.sql").read_text()
    assert "CREATE UNIQUE INDEX CONCURRENTLY" in text


def test_no_password_is_written_anywhere(walk: Walk) -> None:
    holding = [path for path in walk.folder.rglob("*") if path.is_file() and b":pw@" in path.read_bytes()]
    assert holding == []


def test_the_drill_shows_that_it_races(walk: Walk) -> None:
    (drill,) = walk.of("mendbook drill http")
    assert "open" in drill.err
    assert walk.rows("SELECT count(*) > 30 FROM member WHERE login ILIKE '%drill-%'") == [(True,)]


def test_readme_says_the_same_in_short() -> None:
    """Each command of README's second half stands on the page, too, or is about other things than the first steps."""
    half = README.partition("## Your own database")[2].partition("\n## ")[0]
    told = {re.sub(r"\s+#.*", "", command) for block in blocks(PAGE) for command in commands(block)}
    own = {re.sub(r"\s+#.*", "", command) for block in blocks(half) for command in commands(block)}
    assert own
    assert own <= told, own - told
