"""guard's migration in the four projects of racelab: Django's own commands accept it, run it, and take it back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import racelab
from case_folders import connect
from mendbook.workbook import Workbook
from racelab.systems import SYSTEMS, System
from support.commands import Command, command_in
from support.databases import TestServer, fresh_database
from support.guarding import schema
from support.shop import role

#: What each database has lost of its own protection besides, as legacy databases do.
LOST = {
    "attendance": "ALTER TABLE attendance_staff DROP CONSTRAINT attendance_staff_user_id_key,"
    " DROP CONSTRAINT attendance_staff_barcode_key",
    "logistics": "ALTER TABLE accounts_customerprofile DROP CONSTRAINT accounts_customerprofile_user_id_key;"
    "CREATE UNIQUE INDEX accounts_customerprofile_user_id_key ON accounts_customerprofile (user_id) WHERE id > 7",
    "academy": "DO $$ DECLARE k record; BEGIN"
    " SELECT conname, pg_get_constraintdef(oid) AS definition INTO STRICT k FROM pg_constraint"
    " WHERE conrelid = 'users_profile'::regclass AND contype = 'f';"
    " EXECUTE format('ALTER TABLE users_profile DROP CONSTRAINT %I, ADD CONSTRAINT %I %s NOT VALID',"
    " k.conname, k.conname, k.definition); END $$",
    "website": "DROP INDEX website_account_email_lower; DROP INDEX website_account_username_lower",
}
MISSING = {"attendance": 4, "logistics": 3, "academy": 3, "website": 2}


@dataclass(frozen=True)
class Project:
    """One system on a fresh database, with a copy of its migrations that a test may add to."""

    system: System
    database: Any
    home: Path

    @property
    def migrations(self) -> Path:
        return self.home / "copied"

    def book(self) -> Workbook:
        return Workbook.open(self.system.name, self.home / "mendbook.toml", self.home / "outputs")

    def manage(self, *command: str, url: str = "") -> subprocess.CompletedProcess[str]:
        library = Path(racelab.__file__).parents[1]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(self.home), str(library)]),
            "DJANGO_SETTINGS_MODULE": "with_copy",
            "RACELAB_MODE": "fixed",
            "RACELAB_DATABASE_URL": url or self.database.url,
            "RACELAB_LOGS": str(self.home),
        }
        line = [sys.executable, "-m", "django", *command]
        return subprocess.run(line, env=environment, capture_output=True, text=True, cwd=self.home)

    def schema(self) -> list[tuple[Any, ...]]:
        connection = connect(self.database)
        try:
            return schema(connection)
        finally:
            connection.close()


@pytest.fixture(params=list(SYSTEMS))
def project(
    request: pytest.FixtureRequest, server: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    system = SYSTEMS[request.param]
    with fresh_database(server) as database:
        racelab.migrate(system.name, "fixed", database.url)
        database.execute(LOST[system.name])
        monkeypatch.setenv(system.url_env, database.url)
        made = Project(system, database, tmp_path)
        shutil.copytree(Path(racelab.__file__).parent / system.name / "migrations", made.migrations)
        (tmp_path / "mendbook.toml").write_text(system.mapping_text)
        (tmp_path / "with_copy.py").write_text(
            f"from {system.settings} import *\nMIGRATION_MODULES = {{{system.label!r}: 'copied'}}\n"
        )
        yield made


def test_django_accepts_the_migration_runs_it_and_takes_it_back(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    system, before = project.system, project.schema()
    assert len(project.book().guard().guards) == MISSING[system.name]
    mendbook: Command = command_in(project.home, monkeypatch, capsys)
    answer = mendbook("guard", system.name, "--django", "--json")
    told = answer.document["django"]
    assert (told["app"], told["after"], told["left_out"]) == (system.label, system.fixed, [])
    (project.migrations / f"{told['name']}.py").write_text(told["text"])

    check = project.manage("makemigrations", "--check", "--dry-run")
    assert check.returncode == 0, check.stdout + check.stderr
    forward = project.manage("migrate")
    assert forward.returncode == 0, forward.stderr
    assert f"Applying {system.label}.{told['name']}... OK" in forward.stdout
    _, result = project.book().take_audit(["missing_constraint"])
    assert result["counts"]["missing_constraint"] == {"cases": 0, "rows": 0}

    back = project.manage("migrate", system.label, told["after"])
    assert back.returncode == 0, back.stderr
    assert project.schema() == before
    # forwards again, over what a try that was interrupted has left
    half = next((each for g in project.book().guard().guards for each in g.built.statements if "INDEX CONC" in each), None)
    if half:
        project.database.execute(half)
    again = project.manage("migrate")
    assert again.returncode == 0, again.stderr
    assert project.book().guard().guards == ()
    # where the project is developed on another kind of database, that is left as it is
    if system.name == "website":
        elsewhere = project.manage("migrate", url=f"sqlite:///{project.home / 'development.sqlite3'}")
        assert elsewhere.returncode == 0, elsewhere.stderr


def test_the_file_is_the_same_on_stdout_and_in_a_new_file(
    server: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a database that is no Django's the app and its latest migration have to be named."""
    with fresh_database(server) as database:
        database.execute("CREATE TABLE website_account (id int PRIMARY KEY, username text, email text)")
        monkeypatch.setenv("SITE_URL", database.url)
        (tmp_path / "mendbook.toml").write_text(
            '[sources.site]\nurl_env = "SITE_URL"\n[sources.site.users]\ntable = "website_account"\nemail = "email"\n'
        )
        mendbook = command_in(tmp_path, monkeypatch, capsys)
        without = mendbook("guard", "site", "--django")
        assert without.code == 2
        assert "--app LABEL --after NAME" in without.words
        named = ("guard", "site", "--django", "--app", "website", "--after", "0041_more")
        printed = mendbook(*named)
        compile(printed.out, "migration", "exec")
        assert "('website', '0041_more')" in printed.out
        assert "migrations/0042_guard.py of the app website" in printed.words
        assert mendbook(*named, "-o", "made.py").out == ""
        assert (tmp_path / "made.py").read_text() == printed.out
        assert mendbook(*named, "-o", "made.py").code == 2

        database.execute(
            "CREATE TABLE django_migrations (id int PRIMARY KEY, app text, name text);"
            "INSERT INTO django_migrations VALUES (1, 'auth', '0001_initial'), (2, 'website', '0001_initial')"
        )
        assert "('website', '0001_initial')" in mendbook("guard", "site", "--django").out
        wrong = mendbook("guard", "site", "--django", "--app", "websit")
        assert wrong.code == 2
        assert "website" in wrong.words
        database.execute("INSERT INTO django_migrations VALUES (3, 'website_account', '0001_initial')")
        # the longest label that the table's name begins with
        assert "('website', '0001_initial')" in mendbook("guard", "site", "--django").out


def test_a_role_that_may_not_read_djangos_record_is_told_what_to_do(
    server: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with fresh_database(server) as database, role(database) as (name, url):
        database.execute(
            "CREATE TABLE app_user (id int PRIMARY KEY, email text);"
            "CREATE TABLE django_migrations (id int PRIMARY KEY, app text, name text);"
            f"GRANT SELECT ON app_user TO {name}"
        )
        monkeypatch.setenv("SITE_URL", url)
        (tmp_path / "mendbook.toml").write_text(
            '[sources.site]\nurl_env = "SITE_URL"\n[sources.site.users]\ntable = "app_user"\nemail = "email"\n'
        )
        mendbook = command_in(tmp_path, monkeypatch, capsys)
        answer = mendbook("guard", "site", "--django")
        assert answer.code == 2
        assert "may not read public.django_migrations" in answer.words
        assert mendbook("guard", "site", "--django", "--app", "app", "--after", "0001_initial").code == 0
