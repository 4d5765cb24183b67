"""racelab's migrations, run by Django once for each schema in a run of the tests: what they make is kept as SQL.

An empty PostgreSQL database gets the SQL; any other one is migrated. The first database of each schema is, too.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg2
import pytest
from filelock import FileLock
from mendbook.embedded import postmaster
from racelab import serve

from support.databases import run_script

EMPTY = "SELECT NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace)"


def remember_migrations(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Keep what migrations make in ``folder``, which the workers of one run share."""
    migrate, version = serve.migrate, int(os.environ.get("PG", "18"))

    def remembering(system: str, mode: str, database_url: str, variant: str | None = None) -> None:
        if not _is_empty(database_url):
            return migrate(system, mode, database_url, variant)
        kept = folder / f"racelab-{system}-{mode}-{variant or 'own'}.sql"
        with FileLock(f"{kept}.lock"):
            if not kept.exists():
                migrate(system, mode, database_url, variant)
                kept.write_text(_dumped(version, database_url), "utf-8")
                return None
        run_script(database_url, kept.read_text("utf-8"))
        return None

    patch.setattr(serve, "migrate", remembering)


def _is_empty(url: str) -> bool:
    if not url.startswith("postgresql"):
        return False
    try:
        return bool(run_script(url, EMPTY)[0][0])
    except psycopg2.Error:
        return False


def _dumped(version: int, url: str) -> str:
    command = [postmaster.programs(version) / "pg_dump", "--inserts", "--no-owner", url.replace("+psycopg2", "", 1)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    return "\n".join(line for line in done.stdout.splitlines() if not line.startswith("\\"))  # what only psql understands
