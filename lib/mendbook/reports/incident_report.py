"""What a report shows of a run of incidents: the parts that its template needs, masked, from the files of the run.

Pure: folder contents in, values out. Personal data is masked here even where the notebook revealed it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from mendbook.charts.calendar_bins import zone_of
from mendbook.display import frame_html
from mendbook.incidents import results as incident_results

#: How many incidents a report lists; the rest is in incidents.parquet.
SHOWN_INCIDENTS = 40
_LONGEST_SAMPLE = 160

_ANSWERS = {True: ("yes", "Still bleeding? Yes."), False: ("no", "Still bleeding? No.")}
_UNKNOWN = ("unknown", "Still bleeding? It cannot be told.")


def parts(result: dict[str, Any]) -> dict[str, Any]:
    """Everything but the list: the answer, the deploys, the guesses, the counts, and what was read."""
    zone = zone_of(result.get("zone"))
    state, answer = _ANSWERS.get(result.get("still_bleeding"), _UNKNOWN)  # type: ignore[arg-type]
    counts = incident_results.counts_frame(result)
    deploys = incident_results.deploys_frame(result, zone).rename(columns={"at": f"at ({zone.key})"})
    span = incident_results.span_of(result)
    return {
        "answer": answer,
        "answer_state": state,
        "verdict": str(result["verdict"]),
        "doubt": str(result.get("doubt") or ""),
        "zone": zone.key,
        "span": [incident_results.local(moment, zone) for moment in span] if span else [],
        "totals": {name: int(counts[name].sum()) for name in ("seen", "handled", "unknown")},
        "rows_traces": sum(int(count) for count in (result.get("rows_evidence") or {}).values()),
        "deploys": Markup(frame_html(deploys, "Incidents a day before and after each deploy")) if len(deploys) else None,
        "changes": [str(each.get("says") or each["at"]) for each in result.get("changes") or ()],
        "counts": Markup(frame_html(counts, "Incidents that the logs tell of")) if len(counts) else None,
        "evidence": [
            (name, incident_results.title_of(name), int(count)) for name, count in (result.get("rows_evidence") or {}).items()
        ],
        "read": Markup(frame_html(incident_results.read_frame(result), "What was read")) if result.get("read") else None,
        "samples": incident_results.samples_of(result),
        "warnings": [str(text) for text in result.get("warnings") or ()],
        "next_steps": incident_results.next_steps(result),
        "seconds": float(result.get("seconds") or 0),
        "taken_at": str(result["taken_at"]),
    }


def listed(folder: Path, result: dict[str, Any]) -> dict[str, Any]:
    """The newest incidents as a table, and how many more there are. Raises OutputError."""
    from pandas import DataFrame

    zone = zone_of(result.get("zone"))
    frame = incident_results.read_incidents(folder)
    listing = incident_results.listing(frame.head(SHOWN_INCIDENTS), zone)
    shown = DataFrame({"at": listing["at"], "incident": list(map(_incident, listing["kind"], listing["seen by a person"]))})
    shown["where"] = [_joined(values) for values in zip(listing["path"], listing["constraint"], listing["key"], strict=True)]
    shown["log line"] = listing["log line"]
    shown["what it says"] = [_cut(text) for text in listing["what it says"]]
    hidden = len(frame) - len(shown)
    caption = f"{len(shown):,} of {len(frame):,} incidents; times are {zone.key}"
    return {"table": Markup(frame_html(shown, caption)) if len(frame) else None, "hidden": hidden}


def _incident(kind: Any, seen: Any) -> str:
    words = str(kind).replace("_", " ")
    return f"{words} ({'seen' if seen == 'yes' else 'handled'})" if seen else words


def _joined(values: tuple[Any, ...]) -> str:
    """Path, constraint and key, as far as they are told."""
    return " · ".join(str(value) for value in values if incident_results.present(value))


def _cut(text: Any) -> str | None:
    if not incident_results.present(text):
        return None
    return str(text) if len(str(text)) <= _LONGEST_SAMPLE else f"{str(text)[: _LONGEST_SAMPLE - 1]}…"
