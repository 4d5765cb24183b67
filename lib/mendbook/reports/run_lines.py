"""One line a run folder, for lists: what ran, what became of it, and what it found, as JSON values.

Lines of runs that are over are kept in outputs/.trend.json, so that a list of many thousand runs does not read each of them
again; a line is made anew when its folder changed. A broken folder is told as one, and hides no other. It removes nothing.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from mendbook.audits import results
from mendbook.errors import OutputError
from mendbook.files.publish import publish
from mendbook.files.records import RECORD, read_record
from mendbook.incidents.results import is_incidents
from mendbook.reports import receipt
from mendbook.reports.reports import REPORT
from mendbook.side_by_side import masked
from mendbook.views import step_results

#: Where lines are kept, and in which form: one of another form is not read.
KEPT, FORM = ".trend.json", "mendbook-trend@1"
#: What may still become another state by itself.
_UNDER_WAY = ("started", "unreadable")
_LONGEST_REASON = 300

Line = dict[str, Any]


def lines(outputs: Path) -> list[Line]:
    """A line for each folder in ``outputs``/runs, the newest first."""
    folders = _folders(Path(outputs) / "runs")
    kept, fresh = _read(outputs), dict[str, dict[str, Any]]()
    for folder in folders:
        stamp = _stamp(folder)
        known = kept.get(folder.name)
        line = known["line"] if known and known.get("stamp") == stamp else _line(folder)
        fresh[folder.name] = {"stamp": stamp, "line": line}
    over = {name: each for name, each in fresh.items() if each["line"]["state"] not in _UNDER_WAY}
    if over != kept:
        with suppress(OutputError):  # it only saves time
            publish(Path(outputs) / KEPT, orjson.dumps({"format": FORM, "lines": over}))
    return sorted((each["line"] for each in fresh.values()), key=lambda line: str(line["started"]), reverse=True)


def _folders(runs: Path) -> list[Path]:
    try:
        found = [each for each in runs.iterdir() if each.is_dir() and not each.name.startswith(".")]
    except OSError:
        return []
    return sorted(found, key=lambda each: each.name, reverse=True)


def _read(outputs: Path) -> dict[str, Any]:
    """The lines that were kept; none where they cannot be read."""
    try:
        whole = orjson.loads((Path(outputs) / KEPT).read_bytes())
        found = whole["lines"] if whole["format"] == FORM else {}
    except (OSError, ValueError, TypeError, KeyError):
        return {}
    return {name: each for name, each in found.items() if isinstance(each, dict) and isinstance(each.get("line"), dict)}


def _stamp(folder: Path) -> list[int]:
    """What changes when any of the files does that a line is made of."""
    stamp = []
    for path in (folder, folder / RECORD, folder / results.RESULT):
        try:
            told = path.stat()
            stamp += [told.st_mtime_ns, told.st_size, told.st_ino]
        except OSError:
            stamp += [0, 0, 0]
    return stamp


def _line(folder: Path) -> Line:
    """The line of one folder. Those that an audit made by itself have a result and no record."""
    time, _, name = folder.name.partition("-")
    notebook, _, source = name.partition("-")
    line: Line = {
        "folder": folder.name, "link": f"runs/{quote(folder.name)}", "started": _folder_time(time), "notebook": notebook,
        "source": source, "state": "unreadable", "seconds": None, "cases": None, "rows": None, "why": "", "verdict": "",
        "report": (folder / REPORT).is_file(), "executed": "", "plan": "", "audit": None, "bleeding": None,
        "receipt": next((page for page in receipt.PAGES if (folder / page).is_file()), ""),
    }  # fmt: skip
    try:
        if (folder / results.RESULT).exists():
            line.update(_of_result(results.read_result(folder), source))
        if (folder / RECORD).exists():
            record = read_record(folder)
            line.update(notebook=record.notebook, source=record.source, started=record.started, seconds=record.seconds)
            line["state"] = "died" if record.died else record.state
            line["why"] = _sentence(f"{record.error.name}: {record.error.message}") if record.error else ""
            line["executed"] = quote(f"{record.notebook}.ipynb") if (folder / f"{record.notebook}.ipynb").is_file() else ""
    except (OutputError, ValueError, TypeError, KeyError, AttributeError, OSError) as failure:
        reason = failure.message if isinstance(failure, OutputError) else str(failure)
        line.update(state="unreadable", why=_sentence(reason.replace(f"{folder}/", "")), audit=None)
    return line


def _of_result(result: dict[str, Any], source: str) -> Line:
    """What a line takes from result.json; nothing where it is that of some other notebook."""
    common = {"source": str(result.get("source") or source), "state": "finished"}
    if results.is_audit(result):
        cases, rows = results.total(result)
        seconds = float(result.get("seconds", 0))
        return {**common, "cases": cases, "rows": rows, "seconds": seconds, "audit": _audit(result)}
    if is_incidents(result):
        answers = {True: "yes", False: "no"}
        bleeding = answers.get(result.get("still_bleeding"), "unknown")  # type: ignore[arg-type]
        return {**common, "verdict": str(result["verdict"]), "seconds": float(result.get("seconds", 0)), "bleeding": bleeding}
    if step_results.is_step(result):
        plan = str(result.get("plan") or "")
        return {**common, "verdict": step_results.verdict_of(result), "seconds": result.get("seconds"), "plan": plan}
    return {}


def _audit(result: dict[str, Any]) -> dict[str, Any]:
    """What the trend needs of an audit: which database, cases and titles by kind, and what changed since the last."""
    if datetime.fromisoformat(result["taken_at"]).tzinfo is None:
        raise ValueError("taken_at has no zone")
    database = result.get("database") or {}
    change = result.get("change") or {}
    return {
        "taken_at": str(result["taken_at"]),
        "database": database.get("identity") or database.get("name"),
        "counts": {str(kind): int(count["cases"]) for kind, count in result["counts"].items()},
        "titles": {str(kind): str(title) for kind, title in (result.get("titles") or {}).items()},
        "change": {
            str(kind): {name: int(each[name]) for name in ("new", "gone")} for kind, each in (change.get("kinds") or {}).items()
        }
        if change
        else None,
    }


def _sentence(text: str) -> str:
    """An error in one line, with addresses masked: what fails may quote what people typed."""
    line = masked(" ".join(text.split()))
    return line if len(line) <= _LONGEST_REASON else f"{line[: _LONGEST_REASON - 1]}…"


def _folder_time(text: str) -> str:
    try:
        return f"{datetime.strptime(text, '%Y%m%dT%H%M%SZ'):%Y-%m-%dT%H:%M:%S+00:00}"  # noqa: DTZ007 (the Z is in the name)
    except ValueError:
        return text
