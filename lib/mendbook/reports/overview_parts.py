"""What the overview says: of each source, of the plans, of the schedule, and, before all, what needs somebody.

Pure: lines of runs, standing plans and entries of the schedule in, values for the template out. It reads no file, and masks
what may be personal; escaping is the template's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mendbook.charts.sparkline import sparkline
from mendbook.display import mask
from mendbook.reports.run_lines import Line
from mendbook.reviews.standing_plans import APPROVED_PLAN, BROKEN, WAITING, PlanStanding

if TYPE_CHECKING:
    from mendbook.scheduling.history_schema import Entry

#: How many audits a trend goes back, and how many of the rest are listed.
TREND, SHOWN_RUNS, SHOWN_RECEIPTS, SHOWN_PLANS, SHOWN_ENTRIES, SHOWN_NEEDS = 60, 100, 10, 10, 20, 25
#: A run that failed longer ago than this needs nobody any more; a plan that ends within this is about to expire.
RECENT, SOON = timedelta(days=14), timedelta(days=2)
_FAILED = ("failed", "died", "timed out", "refused")


# -- sources -------------------------------------------------------------------------------------------------------------


def sources(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Each source with its last audits and incidents, if it has any: those with the most cases first."""
    audits: dict[str, list[Line]] = defaultdict(list)
    incidents: dict[str, Line] = {}
    for line in lines:  # the newest first
        if line["audit"]:
            audits[line["source"]].append(line)
        elif line["bleeding"]:
            incidents.setdefault(line["source"], line)
    names = dict.fromkeys(line["source"] for line in lines if line["state"] != "unreadable")
    told = [{"name": name, "incidents": incidents.get(name), **_audited(audits.get(name, []))} for name in names]
    return sorted(told, key=lambda each: (-(each["cases"] or 0), each["name"]))


def _audited(newest_first: Sequence[Line]) -> dict[str, Any]:
    """The last audit of a source, its kinds with their trends, and what is new."""
    if not newest_first:
        return {"last": None, "cases": None, "kinds": [], "clean": 0, "new": None, "gone": None, "trend": "", "audits": 0}
    database = newest_first[0]["audit"]["database"]
    same = [line for line in newest_first if line["audit"]["database"] == database][:TREND]
    history = [line["audit"] for line in reversed(same)]
    newest: dict[str, Mapping[str, Any]] = {}  # an audit of one kind alone says nothing of the others
    for audit in history:
        newest.update(dict.fromkeys(audit["counts"], audit))
    kinds = [_kind(kind, history, newest[kind]) for kind in newest]
    change = same[0]["audit"]["change"]
    whole = [audit for audit in history if {*audit["counts"]} >= {*newest}]
    found = [kind for kind in kinds if kind["highest"]]
    return {
        "last": same[0],
        "cases": sum(kind["last"] for kind in kinds),
        "kinds": sorted(found, key=lambda kind: (-kind["last"], kind["title"])),
        "clean": len(kinds) - len(found),
        "new": None if change is None else sum(each["new"] for each in change.values()),
        "gone": None if change is None else sum(each["gone"] for each in change.values()),
        "trend": sparkline([(_time(audit), sum(audit["counts"].values())) for audit in whole], "cases of all kinds"),
        "audits": len(history),
    }


def _kind(kind: str, history: Sequence[Mapping[str, Any]], last: Mapping[str, Any]) -> dict[str, Any]:
    points = [(_time(audit), int(audit["counts"][kind])) for audit in history if kind in audit["counts"]]
    title = last["titles"].get(kind) or kind.replace("_", " ")
    change = (last["change"] or {}).get(kind)
    return {
        "kind": kind,
        "title": title,
        "last": points[-1][1],
        "highest": max(count for _, count in points),
        "new": change["new"] if change else None,
        "gone": change["gone"] if change else None,
        "trend": sparkline(points, title),
        "taken_at": last["taken_at"],
        "old": last is not history[-1],
    }


def _time(audit: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(audit["taken_at"])


# -- plans and receipts ----------------------------------------------------------------------------------------------------


def plans(standing: Sequence[PlanStanding], now: datetime) -> dict[str, Any]:
    """Open plans, then the newest of the others, and how many more there are."""
    listed = sorted(standing, key=lambda plan: plan.state not in (WAITING, APPROVED_PLAN, BROKEN))  # else as they came
    opened = [plan for plan in listed if plan.state in (WAITING, APPROVED_PLAN, BROKEN)]
    shown = listed[: len(opened) + SHOWN_PLANS]
    return {"shown": [_plan(plan, now) for plan in shown], "more": len(listed) - len(shown)}


def _plan(plan: PlanStanding, now: datetime) -> dict[str, Any]:
    link = f"plans/{quote(plan.plan)}"
    return {
        "plan": plan.plan,
        "link": f"{link}/",
        "receipt": f"{link}/{quote(plan.receipt.name)}" if plan.receipt else "",
        "source": plan.source,
        "state": plan.state,
        "act": plan.act,
        "author": mask(plan.author),
        "made_at": plan.made_at.isoformat() if plan.made_at else "",
        "expires": plan.expires.isoformat() if plan.expires else "",
        "soon": bool(plan.expires and plan.state in (WAITING, APPROVED_PLAN) and plan.expires - now < SOON),
        "cases": plan.cases,
        "undecided": plan.undecided,
        "approved": plan.approved,
        "applied": plan.applied,
        "why": plan.why,
    }


def receipts(lines: Iterable[Line]) -> list[Line]:
    """The last runs that committed something, the newest first."""
    return [line for line in lines if line["receipt"] == "receipt.html"][:SHOWN_RECEIPTS]


# -- the schedule and the runs ---------------------------------------------------------------------------------------------


def entries_of(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The last of the schedule's times, as they went."""
    return [
        {
            "name": f"{entry.job} of {entry.source}",
            "scheduled": entry.scheduled.isoformat(),
            "state": entry.state,
            "attempt": entry.attempt,
            "error": entry.error or "",
            "link": f"runs/{quote(entry.folder.rstrip('/').rpartition('/')[2])}/" if entry.folder else "",
        }
        for entry, _ in zip(entries, range(SHOWN_ENTRIES), strict=False)
    ]


def days(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The last runs by the day on which they began."""
    shown = lines[:SHOWN_RUNS]
    return [{"day": day, "runs": list(runs)} for day, runs in groupby(shown, key=lambda line: str(line["started"])[:10])]


# -- what needs somebody ---------------------------------------------------------------------------------------------------


def needs(
    lines: Sequence[Line],
    told: Sequence[Mapping[str, Any]],
    standing: Sequence[PlanStanding],
    entries: Sequence[Entry],
    now: datetime,
) -> list[dict[str, Any]]:
    """What somebody has to look at, the most urgent first: {about, text, detail, link, command}."""
    return [*_failures(lines, entries, now), *_bleeding(told), *_new_damage(told), *_plan_needs(standing, now)]


def _need(about: str, text: str, detail: str = "", link: str = "", command: str = "") -> dict[str, str]:
    return {"about": about, "text": text, "detail": detail, "link": link, "command": command}


def _failures(lines: Sequence[Line], entries: Sequence[Entry], now: datetime) -> list[dict[str, str]]:
    """Runs that failed and were not followed by a better one, and scheduled times that were missed or refused."""
    found, seen = [], set()
    for line in lines:
        which = (line["notebook"], line["source"])
        if which in seen or line["state"] in ("started", "unreadable"):
            continue
        seen.add(which)
        if line["state"] in _FAILED and _is_recent(line["started"], now):
            notebook = line["notebook"].replace("_", " ")
            text = f"{notebook[:1].upper()}{notebook[1:]} of {line['source']} {_ended(line['state'])}."
            link = f"{line['link']}/{'report.html' if line['report'] else ''}"
            found.append(_need("run", text, line["why"], link))
    folders = {line["folder"] for line in lines}
    by_task: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        by_task[entry.job, entry.source].append(entry)
    for (job, source), own in by_task.items():
        last = own[0]
        if last.state not in (*_FAILED, "missed") or not _is_recent(last.scheduled.isoformat(), now):
            continue
        if last.folder and last.folder.rstrip("/").rpartition("/")[2] in folders:
            continue  # the run tells more
        missed = next((place for place, entry in enumerate(own) if entry.state != "missed"), len(own))
        what = f"was missed {missed} times in a row" if missed > 1 else "was missed" if missed else _ended(last.state)
        text = f"The job {job} of {source} {what}, last at {last.scheduled:%Y-%m-%d %H:%M} UTC."
        found.append(_need("run", text, last.error or "", command="mendbook schedule show"))
    return found


def _ended(state: str) -> str:
    words = {"died": "was killed while it ran", "timed out": "ran out of time", "refused": "was refused"}
    return words.get(state, "failed")


def _is_recent(moment: str, now: datetime) -> bool:
    try:
        return now - datetime.fromisoformat(moment) < RECENT
    except (ValueError, TypeError):
        return False


def _bleeding(told: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    found = []
    for source in told:
        line = source["incidents"]
        if line and line["bleeding"] == "yes":
            link = f"{line['link']}/{'report.html' if line['report'] else ''}"
            found.append(_need("bleeding", f"{source['name']} is still bleeding.", line["verdict"], link))
    return found


def _new_damage(told: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    found = []
    for source in told:
        if source["new"]:
            parts = [f"{kind['title']}: {kind['new']:,}" for kind in source["kinds"] if kind["new"] and not kind["old"]]
            cases = "case" if source["new"] == 1 else "cases"
            text = f"{source['name']} has {source['new']:,} new {cases} since the audit before."
            last = source["last"]
            link = f"{last['link']}/{'report.html' if last['report'] else ''}"
            found.append(_need("damage", text, "; ".join(parts), link))
    return found


def _plan_needs(standing: Iterable[PlanStanding], now: datetime) -> list[dict[str, str]]:
    """Plans that wait for people; those that end first, first."""
    found = []
    for plan in standing:
        cases = f"{plan.cases:,} {'case' if plan.cases == 1 else 'cases'}"
        link = f"plans/{quote(plan.plan)}/"
        if plan.state == BROKEN:
            found.append(
                (now, _need("plan", f"A plan of {plan.source} cannot be relied on.", f"{plan.plan}: {plan.why}", link))
            )
        elif plan.state in (WAITING, APPROVED_PLAN) and plan.expires is not None:
            left = plan.expires - now
            ends = f"It expires {_in(left)}." if left < SOON else f"It can be applied until {plan.expires:%Y-%m-%d}."
            if plan.state == WAITING:
                text, step = f"A plan of {plan.source} waits for review: {plan.undecided:,} of {cases} to decide.", "show"
            else:
                waiting = f", {plan.undecided:,} still to decide" if plan.undecided else ""
                done = plan.approved - plan.applied
                text, step = f"A plan of {plan.source} is approved and not applied: {done:,} of {cases}{waiting}.", "apply"
            found.append((plan.expires, _need("plan", text, ends, link, f"mendbook {step} {plan.plan}")))
    return [need for _, need in sorted(found, key=lambda each: each[0])]


def _in(left: timedelta) -> str:
    hours = int(left.total_seconds() // 3600)
    return f"in {hours} hours" if hours > 1 else "in an hour" if hours else "within the hour"
