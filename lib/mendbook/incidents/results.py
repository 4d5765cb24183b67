"""Reads what a run of incidents left in its folder, and lists it without personal data.

The files are result.json, incidents.parquet, registrations.parquet and gaps.parquet. It writes nothing and knows no database
and no log. A file that is not there is an empty frame: a source without logs has no registrations.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from mendbook.audits.results import GAP_COLUMNS, GAPS
from mendbook.charts.palette import EVIDENCE, INCIDENTS
from mendbook.display import inert, mask, mask_key, mask_text
from mendbook.errors import OutputError
from mendbook.rates.words import an_amount, per

if TYPE_CHECKING:
    from pandas import DataFrame

INCIDENTS_FILE = "incidents.parquet"
REGISTRATIONS = "registrations.parquet"
INCIDENT_COLUMNS = (
    "at", "kind", "table", "constraint", "columns", "key", "handled", "path", "status", "pid", "tiers", "source", "file",
    "line", "sample", "user_key", "row_key", "profile", "evidence", "in_flight", "worker",
)  # fmt: skip
REGISTRATION_COLUMNS = ("at", "path", "status", "seconds", "pid")

#: The columns of the list that people look at, in order, and the names that it gives them.
LISTED = {
    "at": "at", "kind": "kind", "handled": "seen by a person", "table": "table", "constraint": "constraint", "key": "key",
    "path": "path", "status": "status", "tiers": "told by", "in_flight": "in flight", "user_key": "user", "where": "log line",
    "sample": "what it says",
}  # fmt: skip
_AGAIN = "Run it again: mendbook incidents SOURCE"
_NUMBERED = re.compile(r"(?i)\A(?:.*_)?id\Z")
_PATH = re.compile(r"\A/(?:[^/\s:]+/)+([^/\s:]+/[^/\s:]+)")
_PLAIN_KEY = re.compile(r"\A\d{1,19}\Z|\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)


def is_incidents(result: Mapping[str, Any] | None) -> bool:
    """Whether ``result`` has the shape of a run of incidents."""
    return result is not None and "verdict" in result and isinstance(result.get("counts"), dict) and "deploys" in result


def read_incidents(folder: Path) -> DataFrame:
    """Every incident: those of logs, then those of rows; the newest first of each, those without a time last.

    The columns are ``INCIDENT_COLUMNS``. Raises OutputError.
    """
    frame = _read(Path(folder) / INCIDENTS_FILE, INCIDENT_COLUMNS)
    frame = frame.sort_values("at", ascending=False, na_position="last", kind="stable", ignore_index=True)
    return frame.sort_values("source", key=lambda source: source == "rows", kind="stable", ignore_index=True)


def read_registrations(folder: Path) -> DataFrame:
    """Every request on a registration path: at, path, status, seconds, pid. Raises OutputError."""
    return _read(Path(folder) / REGISTRATIONS, REGISTRATION_COLUMNS)


def read_gaps(folder: Path) -> DataFrame:
    """The double creations, as an audit's. Raises OutputError."""
    return _read(Path(folder) / GAPS, GAP_COLUMNS)


def _read(path: Path, columns: tuple[str, ...]) -> DataFrame:
    """The named columns of a Parquet file, those it lacks as nulls; no rows where there is no file."""
    import pandas
    import pyarrow
    import pyarrow.parquet

    try:
        frame = pyarrow.parquet.read_table(path).to_pandas() if path.exists() else pandas.DataFrame()
    except (OSError, pyarrow.ArrowException) as failure:
        raise OutputError(f"{path} cannot be read: {str(failure).splitlines()[0]}.", _AGAIN) from failure
    frame = frame.reindex(columns=list(columns))
    if frame["at"].dtype.kind != "M":
        frame["at"] = pandas.to_datetime(frame["at"], utc=True)
    return frame


def deploys_of(result: Mapping[str, Any]) -> list[tuple[datetime, str]]:
    """The deploys of a result, as moments and names."""
    return [(datetime.fromisoformat(each["at"]), str(each["name"])) for each in result.get("deploys", ())]


def changes_of(result: Mapping[str, Any]) -> list[datetime]:
    """The guessed changes of a result."""
    return [datetime.fromisoformat(each["at"]) for each in result.get("changes") or ()]


def span_of(result: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """The time that was read, where the result tells it."""
    span = result.get("span") or {}
    if not span.get("first") or not span.get("last"):
        return None
    return datetime.fromisoformat(span["first"]), datetime.fromisoformat(span["last"])


def title_of(kind: str) -> str:
    """What a kind of incident, or of the rows' evidence, is in words."""
    known = INCIDENTS.get(kind) or EVIDENCE.get(kind)
    return known[2] if known else kind.replace("_", " ")


def counts_frame(result: Mapping[str, Any]) -> DataFrame:
    """Columns kind, what it is, seen, handled, unknown, all: one row a kind, the most frequent first."""
    from pandas import DataFrame

    rows = []
    for kind, count in result["counts"].items():
        parts = {name: int(count.get(name) or 0) for name in ("seen", "handled", "unknown")}
        rows.append({"kind": kind, "what it is": title_of(kind), **parts, "all": sum(parts.values())})
    rows.sort(key=lambda row: (-int(row["all"]), str(row["kind"])))
    return DataFrame(rows, columns=["kind", "what it is", "seen", "handled", "unknown", "all"])


def deploys_frame(result: Mapping[str, Any], zone: Any) -> DataFrame:
    """One row a deploy: when (in ``zone``), its name, the rates a day with their intervals, and what came of it."""
    from pandas import DataFrame

    rows = [
        {
            "at": local(each["at"], zone).removesuffix(":00"),
            "deploy": each["name"],
            "before": rate_text(each["before"]),
            "after": rate_text(each["after"]),
            "ratio": "" if each.get("ratio") is None else f"{each['ratio']:.2g}",
            "what came of it": each["verdict"],
        }
        for each in result.get("deploys", ())
    ]
    return DataFrame(rows, columns=["at", "deploy", "before", "after", "ratio", "what came of it"])


def rate_text(stretch: Mapping[str, Any]) -> str:
    """ "14 a day (12 a day to 17 a day); 140 in 10 days"."""
    if stretch.get("per_day") is None:
        return "no time was read"
    rate, low, high = (per(float(stretch[name])) for name in ("per_day", "low", "high"))
    return f"{rate} ({low} to {high}); {seen_in(stretch)}"


def seen_in(stretch: Mapping[str, Any]) -> str:
    """ "140 in 10 days"."""
    return f"{int(stretch['incidents']):,} in {an_amount(timedelta(days=float(stretch['days'])))}"


def local(text: str | datetime | None, zone: Any) -> str:
    """A moment as the clocks of ``zone`` show it; other text as it is."""
    try:
        moment = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return inert(text)


def listing(frame: DataFrame, zone: Any, reveal: bool = False) -> DataFrame:
    """Incidents as people look at them: times in ``zone``, the log line behind each, personal data masked."""
    from pandas import Series

    seen = {True: "no", False: "yes"}
    listed = frame.copy()
    listed["at"] = [None if at != at else local(at, zone) for at in frame["at"]]
    listed["handled"] = [seen.get(value, "") if value is not None and value == value else "" for value in frame["handled"]]
    listed["where"] = [_where(file, line) for file, line in zip(frame["file"], frame["line"], strict=True)]
    listed["sample"] = [
        text if present(text) else evidence for text, evidence in zip(frame["sample"], frame["evidence"], strict=True)
    ]
    if not reveal:
        keys = list(zip(frame["columns"], frame["key"], strict=True))
        listed["sample"] = [
            mask_text(str(text), [str(key)] if present(key) else []) if present(text) else None
            for text, (_, key) in zip(listed["sample"], keys, strict=True)
        ]
        listed["key"] = [masked_key(columns, key) for columns, key in keys]
        listed["path"] = [mask_text(str(path)) if present(path) else None for path in frame["path"]]
        for name in ("user_key", "row_key"):
            listed[name] = [mask_key(str(key)) if present(key) else None for key in frame[name]]
    for name in ("status", "in_flight"):
        # as objects: beside a missing one, whole numbers would become 500.0
        listed[name] = Series([int(value) if present(value) else None for value in frame[name]], frame.index, dtype=object)
    return listed[list(LISTED)].rename(columns=LISTED).astype(object)


def masked_key(columns: Any, key: Any) -> str | None:
    """A key without what it tells of a person; the number in a column called id, or ending so, stays."""
    if not present(key):
        return None
    if present(columns) and _NUMBERED.match(str(columns)) and _PLAIN_KEY.match(str(key)):
        return str(key)
    return mask(key)


def present(value: Any) -> bool:
    """Whether there is a value: neither None, NaN nor ""."""
    return value is not None and value == value and value != ""


def _where(file: Any, line: Any) -> str | None:
    """The last two parts of the file's path, and the line."""
    if not present(file):
        return None
    name = "/".join(PurePath(str(file)).parts[-2:]).lstrip("/")
    return f"{name}:{int(line)}" if present(line) and int(line) > 0 else name


def read_frame(result: Mapping[str, Any]) -> DataFrame:
    """Columns what, how much: what was read, what of it was not understood, and what was cut short."""
    from pandas import DataFrame

    rows: list[dict[str, Any]] = []
    for name, value in (result.get("read") or {}).items():
        if name == "samples" or value in (None, [], {}):
            continue
        if isinstance(value, Mapping):
            value = [f"{each} {count:,}" if isinstance(count, int) else f"{each} {count}" for each, count in value.items()]
        if isinstance(value, (list, tuple)):
            value = [_near(_brief(each)) for each in value[:20]] + (
                [f"and {len(value) - 20:,} more"] if len(value) > 20 else []
            )
        shown = f"{value:,}" if isinstance(value, int) else value
        rows.append({"what": name.replace("_", " "), "how much": shown})
    return DataFrame(rows, columns=["what", "how much"], dtype=object)


def samples_of(result: Mapping[str, Any]) -> list[str]:
    """Lines that were not understood, masked."""
    samples = (result.get("read") or {}).get("samples") or []
    return [mask_text(_near(_brief(each))) for each in samples[:20]]


def _near(text: str) -> str:
    """Text that begins with an absolute path with the last two parts of it: the rest is the machine's own business."""
    return _PATH.sub(r"\1", text)


def _brief(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def next_steps(result: Mapping[str, Any]) -> list[dict[str, str]]:
    """What to do next: a list of {why, command}; every command exists and changes nothing."""
    source = shlex.quote(inert(result["source"]))
    steps = []
    if result.get("warnings") or not (result.get("read") or {}).get("files"):
        why = "Something was not read or is warned of: see whether the logs, the mapping and the rights are as you meant them."
        steps.append({"why": why, "command": f"mendbook doctor {source}"})
    if not result.get("deploys"):
        why = "Name the deploys, so that the rate before and after each can be compared."
        steps.append({"why": why, "command": f"mendbook incidents {source} --deploy 2026-11-10T12:00=fix"})
    if result.get("still_bleeding") is not False and result.get("incidents"):
        why = (
            "Close the gap: see which constraints the schema lacks, and what builds them, so that no race can make new damage."
        )
        steps.append({"why": why, "command": f"mendbook guard {source}"})
    if result.get("incidents"):
        why = "See what the incidents left in the tables: every damaged row, by kind."
        steps.append({"why": why, "command": f"mendbook audit {source}"})
    why = "Ask again later: run this notebook on a schedule. Nothing is changed by it, and every run keeps its report."
    return [*steps, {"why": why, "command": f"mendbook run incidents {source}"}]
