"""A plan of very many cases, made in seconds and without a database: what the review table is measured and tried with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from mendbook.plans import files as plan_files
from mendbook.plans.files import PlanFile

from support.plans import header

#: Kind, profile, repair and risk of the cases, and of each hundred of them how many are of that sort.
SORTS = (
    ("null_flag", "customer", "set", "low", 40),
    ("missing_code", "customer", "draw", "medium", 30),
    ("orphan_profile", "customer", "delete", "medium", 20),
    ("duplicate_user", None, "merge", "high", 10),
)
#: Of the merges, every so many is blocked, and every so many has an option.
BLOCKED_EVERY, OPTION_EVERY = 4, 7
KINDS = tuple(sort[0] for sort in SORTS)
_NOTHING = {"kept": [], "leaves": [], "locks": [], "options": [], "owns": []}


def many_cases(folder: Path, cases: int = 100_000) -> PlanFile:
    """A valid plan of so many ``cases`` in ``folder``/plans, unsigned, by the author of ``support.plans``, as of now."""
    folder.mkdir(parents=True, exist_ok=True)
    spooled, counts = folder / f"spooled-{cases}", dict.fromkeys(KINDS, 0)
    with spooled.open("wb") as file:
        for number in range(cases):
            kind, profile, repair, risk = _sort(number, cases)
            counts[kind] += 1
            value = {"kind": kind, "profile": profile, "repair": repair, "risk": risk, "case_key": str(number), **_NOTHING}
            value |= _merge(number) if kind == "duplicate_user" else _single(kind, number)
            file.write(orjson.dumps(value, option=orjson.OPT_SORT_KEYS) + b"\n")  # canonical, for ASCII names and no floats
    now = datetime.now(UTC).replace(microsecond=0)
    moments = {"made_at": now.isoformat(), "expires": (now + timedelta(days=7)).isoformat()}
    made = replace(header((), **moments), cases={kind: number for kind, number in counts.items() if number})
    try:
        return plan_files.publish(folder / "plans", f"{now:%Y%m%dT%H%M%SZ}-shop", made, spooled)
    finally:
        spooled.unlink()


def _sort(number: int, cases: int) -> tuple[str, str | None, str, str]:
    """Cases of one sort stand together, as in a plan that was planned."""
    place, upto = number * 100 // cases, 0
    for kind, profile, repair, risk, share in SORTS:
        upto += share
        if place < upto:
            return kind, profile, repair, risk
    raise ValueError(number)


def _single(kind: str, number: int) -> dict[str, object]:
    key = str(number)
    row = {
        "barcode": f"C-{number:06}",
        "created_at": "2026-03-01 12:00:00+00",
        "id": key,
        "invited": "f",
        "phone": f"555-{number}",
        "user_id": key,
    }
    before: dict[str, str | None] = {**row, "invited": None} if kind == "null_flag" else {**row, "barcode": None}
    gone = kind == "orphan_profile"
    change = _change("delete" if gone else "update", "customer", key, row if gone else before, None if gone else row, 6)
    because = {
        "null_flag": "invited becomes false, as mendbook.toml says",
        "missing_code": f"a new barcode is drawn for customer {number}",
        "orphan_profile": f"no user has the key {number}",
    }[kind]
    return {"because": [because], "blockers": [], "changes": [change]}


def _merge(number: int) -> dict[str, object]:
    """Account 1<number> goes into account <number>: a reference moves, another collides, the survivor gets a phone."""
    stays, goes = str(number), f"1{number}"
    user = {"email": f"person{number}@example.com", "first_name": "Ana", "id": stays, "phone": None, "username": f"ana{number}"}
    filled = {**user, "phone": f"555-{number}"}
    loser = {**user, "email": f"ANA{number}@example.com", "id": goes, "phone": f"555-{number}", "username": f"Ana{number}"}
    order = {"buyer": goes, "id": f"7{number}", "note": f"for person{number}@example.com"}
    ticket = {"id": f"8{number}", "owner": goes, "title": "late"}
    changes = [
        _change("delete", "ticket", f"8{number}", ticket, None, 0),
        _change("update", "purchase", f"7{number}", order, {**order, "buyer": stays}, 3),
        _change("delete", "auth_user", goes, loser, None, 5),
        _change("update", "auth_user", stays, user, filled, 6),
    ]
    staying = {"id": f"9{number}", "owner": stays, "title": "late"}
    option = {
        "change": 3,
        "column": "phone",
        "name": "phone",
        "other": None,
        "taken": True,
        "why": f"phone of auth_user {stays} comes from {goes}",
    }
    blocker = {"name": "both_used", "why": f"accounts {stays}, {goes} logged in within the last 90 days"}
    return {
        "because": [
            f"kept {stays} of auth_user rather than {goes}: the later login",
            f"phone of auth_user {stays} comes from {goes}",
            "1 row moved by purchase.buyer",
            f"ticket 8{number} goes: in its place stays ticket 9{number}: both would have the same key in ticket_owner_title",
        ],
        "blockers": [blocker] if number % BLOCKED_EVERY == 0 else [],
        "changes": changes,
        "kept": [{"image": staying, "key": f"9{number}", "table": "ticket"}],
        "locks": ["auth_user", "purchase", "ticket"],
        "options": [option] if number % OPTION_EVERY == 0 else [],
        "owns": [f"profile/customer/{stays}"],
    }


def _change(op: str, table: str, key: str, before: object, after: object, phase: int) -> dict[str, object]:
    return {"after": after, "before": before, "drawn": {}, "key": key, "op": op, "phase": phase, "table": table}
