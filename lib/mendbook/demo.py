"""The demo: a real PostgreSQL, four applications damaged by their own races, and the audit that finds every damaged row.

Everything lives in outputs/demo: the server and its databases, the applications' logs, mendbook.toml and, beside it, a
.env with the databases' URLs (local sockets, no password). It may be played again at any time: the databases are made anew.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mendbook import embedded
from mendbook.config import DEMO_CONFIG
from mendbook.errors import OutputError
from mendbook.publish import publish
from mendbook.runs import run

#: The role that the demo's audits connect as: it may read, and nothing else.
AUDIT_ROLE = "mendbook_audit"
REGISTRATIONS, CONCURRENCY, SEED = 60, 8, 20261120

_READ_ONLY = f"""
DO $$ BEGIN CREATE ROLE {AUDIT_ROLE} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {AUDIT_ROLE};
"""

Say = Callable[[str], None]


def play(outputs: Path, say: Say) -> dict[str, Any]:
    """Damage the four systems and audit them; what was found, as JSON values. ``say`` hears of every step."""
    import racelab

    started = time.monotonic()
    home = (outputs / DEMO_CONFIG).parent
    say(f"The demo lives in {home}.")
    server = _server(home)
    say(f"PostgreSQL {server.version} is up.")
    urls = {}
    for name in racelab.SYSTEMS:
        urls[name] = server.url(name, AUDIT_ROLE)
        _damage(server, home, name, say)
    config = _configure(home, urls)
    systems = [_audit(name, config, outputs, say) for name in racelab.SYSTEMS]
    return {
        "systems": systems,
        "config": str(config),
        "seconds": round(time.monotonic() - started, 1),
        "next": f"All runs: {outputs / 'index.html'}\n"
        "The server stays up for you: 'mendbook lab' opens the notebooks on it, 'mendbook audit attendance' audits again,\n"
        "'mendbook demo --clean' removes it all.",
    }


def revive(outputs: Path) -> None:
    """Start the demo's server again where it was stopped (the machine was restarted, say), and write its new URLs."""
    home = (outputs / DEMO_CONFIG).parent
    if not (home / "server" / "data").exists():
        return
    import racelab

    server = _server(home)
    _configure(home, {name: server.url(name, AUDIT_ROLE) for name in racelab.SYSTEMS})


def clean(outputs: Path) -> None:
    """Stop the demo's server and remove outputs/demo; the runs stay."""
    home = (outputs / DEMO_CONFIG).parent
    if (home / "server" / "data").exists():
        _server(home).stop("immediate")
    try:
        shutil.rmtree(home)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"{home} could not be removed: {error.strerror}.", "Close what uses it and try again.") from error


def _server(home: Path) -> embedded.Server:
    # the demo's data may be lost with the machine's power, so nothing waits for the disk
    return embedded.start(home / "server", settings=embedded.THROWAWAY_SETTINGS, keep=True)


def _damage(server: embedded.Server, home: Path, name: str, say: Say) -> None:
    """A fresh database for one system, its old damage, and traffic against the broken application."""
    import racelab

    server.drop_database(name)
    owner = server.create_database(name)
    racelab.migrate(name, "broken", owner)
    for told in racelab.age(name, owner):
        say(told)
    logs = home / "logs" / name
    shutil.rmtree(logs, ignore_errors=True)
    with racelab.running(name, "broken", owner, logs) as application:
        report = racelab.traffic(application.base_url, name, REGISTRATIONS, CONCURRENCY, SEED)
    server.execute(_READ_ONLY + "ANALYZE;", name)
    statuses = ", ".join(f"{count} x {status}" for status, count in sorted(report.statuses.items()))
    say(f"{name}: {len(report.registrations)} registrations at once by {CONCURRENCY}; answers: {statuses}.")


def _configure(home: Path, urls: Mapping[str, str]) -> Path:
    """mendbook.toml with the four mappings, and the URLs beside it."""
    import racelab

    config = publish(home / "mendbook.toml", "\n".join(racelab.SYSTEMS[name].mapping_text for name in urls))
    lines = [f"{racelab.SYSTEMS[name].url_env}='{url}'\n" for name, url in urls.items()]
    publish(home / ".env", "".join(lines), mode=0o600)
    return config


def _audit(name: str, config: Path, outputs: Path, say: Say) -> dict[str, Any]:
    """The audit notebook over one system, run by papermill as the schedule would."""
    import racelab

    # a variable of that name in the caller's own environment would win over the demo's .env
    os.environ.pop(racelab.SYSTEMS[name].url_env, None)
    say(f"{name}: running the audit notebook ...")
    record = run("audit", name, {}, config, outputs)
    folder = Path(record.folder)
    result = folder / "result.json"
    if record.state != "finished" or not result.exists():
        why = record.error.message if record.error else "it wrote no result"
        raise OutputError(f"The audit of {name} {record.state}: {why}", f"Read {folder / 'report.html'}.")
    return {"system": name, "audit": json.loads(result.read_text()), "report": str(folder / "report.html")}
