"""Writes the files of a run of incidents that never took place, in the shape that the engine gives them.

Ten busy days with a race, a deploy that closes it on the tenth, nine quiet days; Europe/Berlin's summer ends in between.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fake_audit import GAPS, HOSTILE, SIGNATURES, _write
from mendbook.audits.parquet_files import INCIDENTS, REGISTRATIONS
from mendbook.rates.rates import assess

START = datetime(2026, 10, 18, 6, tzinfo=UTC)
DEPLOY = datetime(2026, 10, 28, 10, tzinfo=UTC)
END = datetime(2026, 11, 6, 12, tzinfo=UTC)
PERSON = "jo.smith@example.com"
_KINDS = ("unique_violation", "unique_violation", "unique_violation", "missing_profile", "deadlock", "http_5xx")
_ROWS = ("double creation", "late profile", "retry")
_PATHS = ("/register/customer/", "/register/driver/", "/accounts/signup/")


def write_incidents(folder: Path, number: int = 140, hostile: bool = False, deploys: bool = True) -> dict[str, Any]:
    """Write ``number`` incidents of logs, a third as many of rows, and return the result; the last has no time."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = random.Random(5)
    rows = sorted((_incident(drawn, place, hostile) for place in range(number)), key=lambda row: row[0])
    rows += [_trace(drawn, place) for place in range(number // 3)]
    if number:
        rows[number - 1][0] = None
    _write(rows, INCIDENTS, folder / "incidents.parquet")
    _write(_registrations(drawn, 6 * number), REGISTRATIONS, folder / "registrations.parquet")
    gaps = [
        ["customer", str(place), str(place), "a", "b", 10 ** drawn.gauss(-2.2, 0.4), SIGNATURES[place % 4], START]
        for place in range(number // 2)
    ]
    _write(gaps, GAPS, folder / "gaps.parquet")
    result = _result(folder, rows, number, hostile, deploys)
    (folder / "result.json").write_text(json.dumps(result), "utf-8")
    return result


def _incident(drawn: random.Random, place: int, hostile: bool) -> list[Any]:
    day = START + timedelta(days=drawn.random() * 10.1)
    at = day.replace(hour=min(23, max(0, int(drawn.gauss(11, 3)))), minute=drawn.randrange(60))
    at = min(max(at, START), DEPLOY - timedelta(minutes=5))
    kind = _KINDS[place % len(_KINDS)]
    name = HOSTILE if hostile and place % 10 == 0 else f"uniq_{place % 5}"
    unique = kind == "unique_violation"
    sample = f'ERROR:  duplicate key value violates unique constraint "{name}" DETAIL:  Key (email)=({PERSON}) already exists.'
    return [
        at,
        kind,
        "auth_user" if unique else None,
        name if unique else None,
        "email" if unique else None,
        PERSON if unique else None,
        (True, False, False, None)[place % 4],
        _PATHS[place % 3] + (f"?email={PERSON}" if place == 3 else ""),
        500 if place % 4 else 302,
        str(4000 + place % 3),
        "database+application+web",
        "logs",
        "/var/log/app/postgresql.log",
        10 * place + 1,
        sample if unique else f"user {PERSON} has no profile",
        str(place),
        None,
        None,
        None,
        1 + min(8, int(drawn.expovariate(0.5)) + 1),
        f"worker {place % 3}",
    ]


def _trace(drawn: random.Random, place: int) -> list[Any]:
    row: list[Any] = [None] * len(INCIDENTS)
    values = {
        "at": START - timedelta(days=drawn.random() * 300),
        "kind": ("multiple_profiles", "missing_profile", "retry")[place % 3],
        "source": "rows",
        "evidence": _ROWS[place % 3],
        "user_key": str(place),
        "row_key": str(place),
        "profile": "customer",
        "tiers": "rows",
    }
    for name, value in values.items():
        row[INCIDENTS.names.index(name)] = value
    return row


def _registrations(drawn: random.Random, number: int) -> list[list[Any]]:
    return [
        [
            START + timedelta(days=drawn.random() * 19),
            _PATHS[place % 3],
            302,
            drawn.expovariate(1 / 120.0),
            str(4000 + place % 3),
        ]
        for place in range(number)
    ]


def _result(folder: Path, rows: list[list[Any]], number: int, hostile: bool, deploys: bool) -> dict[str, Any]:
    logs = [row for row in rows if row[11] == "logs"]
    names = {True: "handled", False: "seen", None: "unknown"}
    counts: dict[str, dict[str, int]] = {}
    for row in logs:
        counts.setdefault(row[1], {"seen": 0, "handled": 0, "unknown": 0})[names[row[6]]] += 1
    marks = [(DEPLOY, HOSTILE if hostile else "v2.1 locks"), (END - timedelta(days=2), "v2.2")] if deploys else []
    told = assess([row[0] for row in logs if row[6] is not True], (START, END), marks, END + timedelta(days=2))
    read = {"files": 2 if number else 0, "bytes": 123_456, "lines": 7_890, "not_understood": 3}
    return {
        "source": HOSTILE if hostile else "logistics",
        "taken_at": "2026-11-08T12:00:00+00:00",
        "seconds": 3.1,
        "zone": "Europe/Berlin",
        "since": None,
        "until": None,
        "span": {"first": START.isoformat(), "last": END.isoformat()},
        "incidents": len(rows),
        "counts": counts,
        "rows_evidence": {name: sum(row[18] == name for row in rows) for name in _ROWS},
        **told,
        "read": {**read, "samples": [f"garbled {HOSTILE} ({PERSON})"], "caps": []},
        "incidents_file": str(folder / "incidents.parquet"),
        "registrations_file": str(folder / "registrations.parquet"),
        "gaps": str(folder / "gaps.parquet"),
        "figures": {},
        "warnings": [HOSTILE if hostile else "The application's log is missing."],
    }
