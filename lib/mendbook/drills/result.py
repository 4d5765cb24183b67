"""A drill's result as it is kept: the requests as Parquet, the answers counted, and the sections that its report shows.

Values and files only; it asks neither the application nor the database.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mendbook.audits.parquet_files import REQUESTS_OF_DRILL, ParquetFile
from mendbook.drills.browser import Exchange
from mendbook.drills.people import Journey
from mendbook.drills.verdict import outcome, percentiles, registrations
from mendbook.settings.drill import DrillForm
from mendbook.views.step_results import section
from mendbook.views.views import Table

if TYPE_CHECKING:
    from pandas import DataFrame

REQUESTS = "requests.parquet"
#: What each number of the fingerprint means, in the order of their telling.
MEANINGS = {
    "registrations": "requests to register",
    "at_once": "people whose two requests of one moment were both answered",
    "both_ok": "of those, people who were told yes twice",
    "error_share": "share of registrations that ended in a server error",
    "error_though_made": "server errors although the account was made",
    "error_though_made_share": "those as a share of all registrations",
    "ghosts": "people who never read that it worked, and have an account",
    "nothing_made": "people who read that it worked, and have none",
    "two_accounts": "people with two accounts or more",
    "two_rows": "people with two profile rows or more",
    "no_row": "people without the profile that they should have",
    "codes_twice": "codes that were given out twice",
    "gap_ms": "milliseconds between the two rows of a double creation",
    "signatures": "which of the two rows came first",
}


def answers(form: DrillForm, exchanges: Sequence[Exchange]) -> dict[str, Any]:
    """{requests, statuses, latency_ms, slowest..}: all requests counted, and the registrations' answers by status."""
    sent = registrations(exchanges)
    by_status: dict[int, list[float]] = defaultdict(list)
    for each in sent:
        by_status[each.status].append(each.seconds)
    others = Counter((each.part, each.status) for each in exchanges if each.part != "register")
    return {
        "requests": len(exchanges),
        "statuses": {str(status): len(seconds) for status, seconds in sorted(by_status.items())},
        "expected": {str(status): outcome(form, status) for status in sorted(by_status)},
        "other_statuses": [
            {"part": part, "status": status, "requests": count} for (part, status), count in sorted(others.items())
        ],
        "latency_ms": percentiles([each.seconds for each in sent if each.status]),
        "latency_by_status": {str(status): percentiles(seconds) for status, seconds in sorted(by_status.items()) if status},
        "cut": sum(each.cut for each in exchanges),
    }


def write_requests(folder: Path, form: DrillForm, journeys: Sequence[Journey], exchanges: Sequence[Exchange]) -> Path:
    """One row a request, in the order of the answers: requests.parquet. Raises OutputError."""
    behaviours = {journey.person.number: journey.behaviour for journey in journeys}
    with ParquetFile(folder / REQUESTS, REQUESTS_OF_DRILL) as file:
        for each in exchanges:
            meaning = outcome(form, each.status) if each.part == "register" else None
            file.add(
                (
                    each.at,
                    each.person,
                    behaviours[each.person],
                    each.attempt,
                    each.part,
                    each.status,
                    meaning,
                    each.seconds,
                    each.cut,
                )
            )
    return folder / REQUESTS


def read_requests(folder: Path) -> DataFrame:
    """The same as a frame. Raises OutputError."""
    import pandas as pd

    from mendbook.errors import OutputError

    try:
        return pd.read_parquet(folder / REQUESTS)
    except (OSError, ValueError) as failure:
        raise OutputError(f"{folder / REQUESTS} cannot be read: {failure}.", "Drill again.") from failure


def sections(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a report shows of a result, before its charts."""
    return [
        section("Why", text=[*result["reasons"], *result["warnings"]]),
        section("What was sent", sent_table(result)),
        section("Answers", statuses_table(result)),
        section("The race's fingerprint", fingerprint_table(result)),
        section("Damage in the rows that it made", damage_table(result)),
        section("Removing what it made", removal_table(result)),
    ]


def sent_table(result: Mapping[str, Any]) -> Table:
    """Who came, and how."""
    meanings = {
        "double_click": "the same form twice at one moment",
        "spelling": "two spellings of one person at one moment",
        "again": "another spelling after the answer had come",
        "once": "once",
    }
    rows = [(name, result["behaviours"].get(name, 0), meaning) for name, meaning in meanings.items()]
    bounds = result["bounds"]
    end = "" if result["complete"] else "; not everybody came to their end"
    end = "" if result["complete"] else "; not everybody came to their end"
    note = (
        f"{result['requests']:,} requests to {result['base_url']}, {bounds['concurrency']} people at a time, "
        f"in {result['seconds']:.1f} s{end}. Mark {result['mark']}, seed {result['seed']}."
    )
    return _table(rows, ("behaviour", "people", "what they did"), "Made-up people", note)


def statuses_table(result: Mapping[str, Any]) -> Table:
    """The registrations' answers: how many of each status, what that means, and how long they took (milliseconds)."""
    rows = []
    for status, count in result["statuses"].items():
        times = result["latency_by_status"].get(status) or {}
        spread = [times.get(name) for name in ("p50", "p95", "p99", "max")]
        rows.append((_named(int(status)), result["expected"][status], count, *spread))
    note = " ".join(
        f"{each['requests']:,} × {_named(each['status'])} to what goes before and after ({each['part']})."
        for each in result["other_statuses"]
        if not 200 <= each["status"] < 400
    )
    columns = ("status", "means", "registrations", "half within ms", "95 of 100", "99 of 100", "slowest")
    return _table(rows, columns, "Answers to registrations", note or ("" if rows else "None came."))


def fingerprint_table(result: Mapping[str, Any]) -> Table:
    """The fingerprint, a number a line."""
    rows = [(meaning, _number(name, result["fingerprint"].get(name))) for name, meaning in MEANINGS.items()]
    looked = result["counts"] is not None
    note = "" if looked else "What only the rows tell is not known: nobody looked at them."
    return _table(rows, ("what", "how many"), "The race's fingerprint", note)


def damage_table(result: Mapping[str, Any]) -> Table:
    """What an audit finds in the rows of these people, zeros left out."""
    counts = result["counts"] or {}
    rows = [(kind, count["cases"], count["rows"]) for kind, count in counts.items() if count["rows"]]
    if result["counts"] is None:
        note = "Nobody looked."
    else:
        note = f"{result['accounts']:,} accounts were made." + ("" if rows else " No damage of any kind in their rows.")
    if result["constraints"]:
        note += f" The schema lacks: {', '.join(result['constraints'])}."
    if result["left_out"]:
        note += f" Not looked for: {'; '.join(result['left_out'])}."
    return _table(rows, ("kind", "cases", "rows"), "Damage of the drill's people", note)


def removal_table(result: Mapping[str, Any], options: str = "") -> Table:
    """How to take out again what it made."""
    from shlex import quote

    source = quote(result["source"] or "NAME")
    if result["accounts"] == 0:
        return _table(
            [],
            ("why", "command"),
            "To remove what it made",
            "It made no account that could be found: nothing is to be removed.",
        )
    command = f"mendbook drill --remove {result['mark']} --source {source} --author NAME --key FILE{options}"
    why = "A plan that takes these people out again, to be reviewed, signed and applied like any other."
    return _table([(why, command)], ("why", "command"), "To remove what it made")


def _table(rows: Sequence[tuple[Any, ...]], columns: Sequence[str], caption: str, note: str = "") -> Table:
    from pandas import DataFrame

    return Table(DataFrame(list(rows), columns=list(columns)), caption, note)


def _named(status: int) -> str:
    if status == 0:
        return "no answer"
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _number(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if name.endswith("_share"):
        return f"{value:.0%}"
    if name == "gap_ms":
        return f"{value['least']:,} to {value['most']:,}, half within {value['median']:,}"
    if isinstance(value, dict):
        return ", ".join(f"{each} {count:,}" for each, count in sorted(value.items())) or "–"
    return f"{value:,}"
