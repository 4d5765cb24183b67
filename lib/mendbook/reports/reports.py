"""Turns the folder of a run into report.html: a page that needs no script and no network.

Pure: folder contents in, HTML text out; ``runs.py`` puts it in its place. Every text passes through
``display.inert`` and Jinja's escaping, both by default; a template cannot forget them. Personal data is masked here
even where the notebook revealed it, because a report is what gets passed around.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from mendbook.audits import results
from mendbook.charts.svg import InlineFigure, inline
from mendbook.display import frame_html, inert, mask_key
from mendbook.errors import MendbookError
from mendbook.files.records import LOCK, RunRecord, read_record
from mendbook.incidents.results import is_incidents
from mendbook.model import CHANGE_FILE
from mendbook.reports import receipt
from mendbook.reports.incident_report import listed, parts
from mendbook.reports.pages import render
from mendbook.views import step_results

#: How many findings of each kind a report shows; the rest is in findings.parquet.
SHOWN_FINDINGS = 20
REPORT = "report.html"

_KEYS = ("case_key", "row_key", "user_key")


def _size(count: int) -> str:
    amount, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:,.0f} bytes" if units[0] == "bytes" else f"{amount:,.1f} {units[0]}"


@dataclass(frozen=True, slots=True)
class FindingsOfKind:
    """The first findings of one kind, as a table, and how many there are."""

    kind: str
    title: str
    rows: int
    cases: int
    hidden: int
    table: Markup


def render_report(folder: Path, record: RunRecord | None = None) -> str:
    """report.html for ``folder``, which may hold any run's files, or the remains of one that failed.

    ``record`` is read from the folder where it is not given. What cannot be read is told in the report, not raised.
    """
    folder = Path(folder).absolute()
    problems: list[str] = []
    if record is None:
        record = _try(lambda: read_record(folder), [])
    result = _try(lambda: results.read_result(folder), problems) if (folder / results.RESULT).exists() else None
    audit = result if results.is_audit(result) else None
    incidents = _try(lambda: _incident_parts(result), problems)
    shown = incidents is not None
    step = _try(lambda: _step_parts(folder, result), problems) if step_results.is_step(result) else None
    named = str((result or {}).get("step", "apply"))
    page = {
        "record": record,
        "name": folder.name,
        "source": record.source if record else (result or {}).get("source") or (result or {}).get("base_url", ""),
        "notebook": record.notebook if record else ("audit" if audit else "incidents" if shown else named if step else "run"),
        "state": record.state if record else "finished",
        "figures": _figures(folder, problems),
        "audit": audit,
        "incidents": incidents,
        "listed": (_try(lambda: listed(folder, result or {}), problems) if shown else None) or {"table": None, "hidden": 0},
        "step": step,
        "plain_result": _plain(result) if result and not (audit or shown or step) else {},
        "files": _files(folder),
        "frames": [] if audit or shown or step else _frames(folder, problems),
        **_audit_parts(folder, audit, problems),
        "problems": problems,
    }
    return render("report.html.j2", page)


def _step_parts(folder: Path, result: dict[str, Any] | None) -> dict[str, Any]:
    """What a run of plan, review or apply shows: its sections, or the receipt."""
    result = result or {}
    made = receipt.read(folder) if step_results.is_applied(result) else None
    return {
        "sentence": step_results.verdict_of(result),
        "answer": {"open": "yes", "closed": "no"}.get(str(result.get("state")), "unknown"),
        "sections": result.get("sections", []),
        "receipt": made,
        "verdict": receipt.verdict(made) if made else None,
    }


def _incident_parts(result: dict[str, Any] | None) -> dict[str, Any] | None:
    return parts(result) if result is not None and is_incidents(result) else None


def _audit_parts(folder: Path, audit: dict[str, Any] | None, problems: list[str]) -> dict[str, Any]:
    if audit is None:
        return {"total": (0, 0), "kinds_found": 0, "findings": [], "next_steps": [], "changes": {}, "new_findings": None}
    shown_kinds, changes = results.shown_kinds(audit), results.changes(audit)
    listed = [kind for kind in shown_kinds if kind != "missing_constraint"]  # these have a section of their own
    findings = [_try(lambda kind=kind: _findings(folder, audit, kind), problems) for kind in listed]
    return {
        "total": results.total(audit),
        "kinds_found": len(shown_kinds),
        "findings": [each for each in findings if each is not None],
        "changes": changes,
        "change_sentences": _try(lambda: results.change_sentences(audit), problems) or [],
        "new_cases": sum(int(each["new"]) for each in changes.values()),
        "new_findings": _try(lambda: _new_findings(folder), problems) if changes else None,
        "next_steps": results.next_steps(audit),
    }


def _try(read: Any, problems: list[str]) -> Any:
    """What ``read`` returns; where the file is broken, None, and the reader of the report is told."""
    try:
        return read()
    except (MendbookError, OSError, KeyError, TypeError, ValueError) as failure:
        problems.append(failure.message if isinstance(failure, MendbookError) else f"{type(failure).__name__}: {failure}")
        return None


def _findings(folder: Path, audit: dict[str, Any], kind: str) -> FindingsOfKind:
    count = audit["counts"][kind]
    frame = results.read_findings(folder, kind, SHOWN_FINDINGS).drop(columns=["kind"])
    title = audit.get("titles", {}).get(kind) or kind.replace("_", " ")
    return FindingsOfKind(kind, title, count["rows"], count["cases"], *_table(frame, title, int(count["rows"])))


def _new_findings(folder: Path) -> FindingsOfKind | None:
    """The first rows of the cases that the last audit did not have; None where there are none."""
    import pyarrow.parquet

    rows = pyarrow.parquet.read_metadata(folder / CHANGE_FILE).num_rows
    frame = results.read_findings(folder, None, SHOWN_FINDINGS, new=True)
    return FindingsOfKind("", "New", rows, 0, *_table(frame, "New", rows)) if rows else None


def _table(frame: Any, title: str, rows: int) -> tuple[int, Markup]:
    """How many of the ``rows`` are not in ``frame``, and the frame as a table, masked."""
    for key in _KEYS:
        frame[key] = [mask_key(text) if isinstance(text, str) else None for text in frame[key]]
    frame["at"] = [None if value != value else f"{value:%Y-%m-%d %H:%M:%S}" for value in frame["at"]]
    names = {"case_key": "case", "row_key": "row", "user_key": "user", "at": "came to be (UTC)"}
    frame = frame.rename(columns=names).dropna(axis="columns", how="all")
    hidden = max(0, rows - len(frame))
    caption = f"{title}: {'the newest ' if hidden else ''}{len(frame):,} of {rows:,} rows"
    return hidden, Markup(frame_html(frame, caption))


def _figures(folder: Path, problems: list[str]) -> list[InlineFigure]:
    figures = []
    for number, path in enumerate(sorted((folder / "figures").glob("*.svg")), start=1):
        figure = _try(lambda path=path, number=number: inline(path.read_text("utf-8"), f"figure{number}"), problems)
        if figure is not None:
            figures.append(InlineFigure(figure.title or path.stem, figure.description, Markup(figure.markup)))
    return figures


def _files(folder: Path) -> list[dict[str, str]]:
    """Every file that the run left, with its size and digest; the report itself and the lock are left out."""
    files = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or path.is_symlink() or name in (REPORT, LOCK) or path.name.startswith("."):
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        files.append({"name": name, "link": quote(name), "size": _size(path.stat().st_size), "sha256": digest})
    return files


def _frames(folder: Path, problems: list[str]) -> list[dict[str, Any]]:
    import pyarrow.parquet

    frames = []
    for path in sorted(folder.glob("*.parquet")):
        schema = _try(lambda path=path: pyarrow.parquet.ParquetFile(path), problems)
        if schema is not None:
            names = list(schema.schema_arrow.names)
            frames.append({"name": path.name, "link": quote(path.name), "rows": schema.metadata.num_rows, "columns": names})
    return frames


def _plain(result: dict[str, Any]) -> dict[str, str]:
    """A result of unknown shape as names and short texts."""
    return {
        name: inert(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str), 400)
        for name, value in result.items()
    }
