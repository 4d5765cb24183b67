"""What a drill's answers and rows say of the race: its fingerprint in numbers, and a verdict in plain words.

Pure: from values to values. It never says that a race is closed because nobody looked, or because nobody was let in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

from mendbook.drills.accounts import Aftermath
from mendbook.drills.browser import Exchange
from mendbook.drills.people import AT_ONCE, Journey
from mendbook.settings.drill import DrillForm

OPEN, CLOSED, UNKNOWN = "open", "closed", "unknown"
#: What an answer to a registration means.
OUTCOMES = ("ok", "refused", "error", "unexpected", "no answer")


def outcome(form: DrillForm, status: int) -> str:
    """What ``status`` means as the answer to a registration."""
    if status == 0:
        return "no answer"
    if status in form.ok:
        return "ok"
    if status in form.refused:
        return "refused"
    return "error" if status >= 500 else "unexpected"


def percentiles(seconds: Sequence[float]) -> dict[str, float] | None:
    """Milliseconds within which half, nineteen of twenty, ninety-nine of a hundred, and all were answered."""
    ordered = sorted(seconds)
    if not ordered:
        return None
    # the smallest that so many are not above: no value that nobody waited
    at = {name: ordered[max(0, -(-len(ordered) * share // 100) - 1)] for name, share in (("p50", 50), ("p95", 95), ("p99", 99))}
    return {name: round(value * 1000, 1) for name, value in {**at, "max": ordered[-1]}.items()}


def registrations(exchanges: Sequence[Exchange]) -> list[Exchange]:
    return [each for each in exchanges if each.part == "register"]


def fingerprint(
    form: DrillForm, journeys: Sequence[Journey], exchanges: Sequence[Exchange], left: Aftermath | None
) -> dict[str, Any]:
    """What the race leaves behind, counted; what only the rows can tell is None where nobody looked at them.

    registrations     requests to register, and outcomes: how many were answered how
    at_once           people who sent two at one moment, both answered; both_ok: how many of those were told yes twice
    error_share       the share of registrations answered by a server error
    error_though_made of those, how many although the person's account is there; error_though_made_share of all
    ghosts            people who were never told yes, although their account is there
    nothing_made      people who were told yes, although no account is there
    two_accounts, two_rows, no_row, codes_twice   people, and codes
    gap_ms            between the rows of double creations: {least, median, most, count}
    signatures        which row came first, counted
    """
    sent = registrations(exchanges)
    outcomes = Counter(outcome(form, each.status) for each in sent)
    told: dict[int, list[str]] = {}
    for each in sent:
        told.setdefault(each.person, []).append(outcome(form, each.status))
    both = {
        journey.person.number: told.get(journey.person.number, ())
        for journey in journeys
        if journey.behaviour in AT_ONCE and len(told.get(journey.person.number, ())) == 2
    }
    answered = [pair for pair in both.values() if "no answer" not in pair]
    return {
        "registrations": len(sent),
        "outcomes": {name: outcomes.get(name, 0) for name in OUTCOMES},
        "at_once": len(answered),
        "both_ok": sum(pair.count("ok") == 2 for pair in answered),
        "error_share": _share(outcomes.get("error", 0), len(sent)),
        **_of_rows(form, sent, told, left),
    }


def _of_rows(form: DrillForm, sent: Sequence[Exchange], told: dict[int, list[str]], left: Aftermath | None) -> dict[str, Any]:
    if left is None:
        names = ("error_though_made", "error_though_made_share", "ghosts", "nothing_made", "two_accounts", "two_rows", "no_row")
        return dict.fromkeys((*names, "codes_twice", "gap_ms", "signatures"))
    made = sum(outcome(form, each.status) == "error" and each.person in left.accounts for each in sent)
    gaps = sorted(abs(seconds) * 1000 for seconds, _ in left.gaps)
    return {
        "error_though_made": made,
        "error_though_made_share": _share(made, len(sent)),
        "ghosts": sum({*answers} <= {"error", "refused"} and who in left.accounts for who, answers in told.items()),
        "nothing_made": sum("ok" in answers and who not in left.accounts for who, answers in told.items()),
        "two_accounts": sum(len(keys) > 1 for keys in left.accounts.values()),
        "two_rows": len(left.people.get("duplicate_profile", ())),
        "no_row": len(left.people.get("missing_profile", ())),
        "codes_twice": left.counts.get("duplicate_code", {}).get("cases", 0),
        "gap_ms": {
            "least": round(gaps[0], 1),
            "median": round(median(gaps), 1),
            "most": round(gaps[-1], 1),
            "count": len(gaps),
        }
        if gaps
        else None,
        "signatures": dict(Counter(signature for _, signature in left.gaps)),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def verdict(marks: dict[str, Any], left: Aftermath | None, complete: bool, people: int) -> dict[str, Any]:
    """{state: open, closed or unknown, sentence, reasons}."""
    reasons = _seen(marks, left)
    if reasons:
        return {"state": OPEN, "sentence": "The race is open: this drill made damage.", "reasons": reasons}
    doubts = _doubts(marks, left, complete)
    if doubts:
        return {"state": UNKNOWN, "sentence": "It cannot be told whether the race is open.", "reasons": doubts}
    assert left is not None
    accounts = sum(map(len, left.accounts.values()))
    pairs = marks["at_once"]
    sent = (
        f"{people:,} people sent {marks['registrations']:,} registrations, {pairs:,} of them two at one moment, and were "
        f"answered as expected: {marks['outcomes']['ok']:,} yes, {marks['outcomes']['refused']:,} politely no."
    )
    reasons = [sent, f"{accounts:,} accounts are there, and an audit found no damage in their rows."]
    if left.weak:
        lacks = f"{_count(len(left.weak), 'constraint')} ({', '.join(left.weak[:3])})"
        kept = "the code alone keeps the race closed, as long as everybody goes through it"
        reasons.append(f"The schema still lacks {lacks}: {kept}.")
    reasons += [f"Not looked for: {each}." for each in left.left_out]
    return {
        "state": CLOSED,
        "sentence": f"The race is closed, as far as {pairs:,} double registrations can tell.",
        "reasons": reasons,
    }


def _seen(marks: dict[str, Any], left: Aftermath | None) -> list[str]:
    """What shows that it is open."""
    told, errors = [], marks["outcomes"]["error"]
    if errors:
        though = marks["error_though_made"]
        also = f"; {though:,} of them although the account is there" if though else ""
        told.append(f"{errors:,} of {_count(marks['registrations'], 'registration')} ended in a server error{also}.")
    if left is None:
        return told
    if marks["ghosts"]:
        told.append(f"{_count(marks['ghosts'], 'person', 'people')} never read that it worked, though the account is there.")
    if marks["nothing_made"] and left.accounts:
        told.append(f"{_count(marks['nothing_made'], 'person', 'people')} read that it worked, though no account is there.")
    if marks["two_accounts"]:
        told.append(f"{_count(marks['two_accounts'], 'person has', 'people have')} two accounts or more.")
    told += [
        f"{kind}: {_count(count['rows'], 'row')} in {_count(count['cases'], 'case')}."
        for kind, count in left.counts.items()
        if count["rows"]
    ]
    return told


def _doubts(marks: dict[str, Any], left: Aftermath | None, complete: bool) -> list[str]:
    """Why that nothing was seen proves nothing."""
    told, outcomes = [], marks["outcomes"]
    if not complete:
        told.append("Not everybody came to the end of what they do: the time or the requests were spent.")
    if outcomes["unexpected"]:
        told.append(
            f"{_count(outcomes['unexpected'], 'registration')} got an answer that the description knows nothing of: see the "
            "statuses, and put each into ok or refused, or mend the fields."
        )
    if outcomes["no answer"]:
        told.append(f"{_count(outcomes['no answer'], 'registration')} got no answer.")
    if not outcomes["ok"]:
        told.append("Nobody was told that it worked: fields, paths or expected statuses of the description may be wrong.")
    if not marks["at_once"]:
        told.append("No person's two registrations at one moment were both answered: nothing raced.")
    if left is None:
        told.append("Nobody looked at the rows: name the application's database with --source.")
    elif not left.accounts:
        told.append("None of these people has an account in this source: does the application write to another database?")
    return told


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
