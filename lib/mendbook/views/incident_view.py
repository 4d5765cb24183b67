"""What a notebook shows of the incidents: each method one thing to look at, made from the files in the run's folder.

``IncidentView`` is what ``Workbook.incidents`` returns. It reads files and draws; it never asks the database or a log, except
through ``people``, the function it is given to look up user names and e-mail addresses. Keys, paths and the lines of logs are
masked unless it is told otherwise; charts always are.
"""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mendbook.audits.results import read_result
from mendbook.charts.calendar_bins import zone_of
from mendbook.display import DOTS, frame_csv, inert, mask_frame
from mendbook.errors import ConfigError, OutputError, known
from mendbook.files.publish import publish
from mendbook.incidents import results as incident_results
from mendbook.rates.words import per
from mendbook.views.views import PERSONAL, BrowsableTable, People, Table

if TYPE_CHECKING:
    from pandas import DataFrame

    from mendbook.charts.charts import Chart

_BROWSED = 5_000
_ANSWERS = {True: "Still bleeding?  Yes.", False: "Still bleeding?  No.", None: "Still bleeding?  Cannot be told."}
#: Of the bar beside it alone: no colour of text can be read on a light page and on a dark one.
_COLOURS = {True: "#a63a00", False: "#0b6b4f", None: "#6b5300"}


class Verdict:
    """The answer to the question that everyone asks, in a sentence with its evidence, and its doubt."""

    def __init__(self, sentence: str, still_bleeding: bool | None, doubt: str) -> None:
        self.sentence, self.still_bleeding, self.doubt = sentence, still_bleeding, doubt

    def __repr__(self) -> str:
        return "\n".join(filter(None, [_ANSWERS[self.still_bleeding], inert(self.sentence), inert(self.doubt)]))

    def _repr_html_(self) -> str:
        answer, colour = _ANSWERS[self.still_bleeding], _COLOURS[self.still_bleeding]
        sentence, doubt = (html.escape(inert(text)) for text in (self.sentence, self.doubt))
        return (
            f"<div class='mathjax_ignore tex2jax_ignore' style='border-left:5px solid {colour};padding:.3em 1em'>"
            f"<p style='font-weight:600;margin:.2em 0'>{answer}</p>"
            f"<p style='font-size:1.5em;line-height:1.3;margin:.2em 0'>{sentence}</p>"
            f"<p style='margin:.4em 0'>{doubt}</p></div>"
        )


class IncidentView:
    """The incidents of one run, as tables and charts. Figures are saved into ``folder``/figures as they are made."""

    def __init__(self, folder: Path, reveal: bool = False, people: People | None = None) -> None:
        """Read ``folder``/result.json. ``reveal`` shows personal data as it is. Raises OutputError."""
        self.folder = Path(folder).absolute()
        self.reveal = reveal
        self.result: dict[str, Any] = read_result(self.folder)
        if not incident_results.is_incidents(self.result):
            raise OutputError(
                f"{self.folder} holds no result of a run of incidents.",
                "Make one: mendbook incidents SOURCE, or look at another folder.",
            )
        self.zone = str(self.result.get("zone") or "UTC")
        self._people = people
        self._frame: DataFrame | None = None

    def __repr__(self) -> str:
        number = f"{int(self.result['incidents']):,} incidents"
        return f"Incidents of {inert(self.result['source'])}: {number}. {inert(self.result['verdict'])} Files: {self.folder}"

    def _all(self) -> DataFrame:
        """Every incident as it is, read once."""
        if self._frame is None:
            self._frame = incident_results.read_incidents(self.folder)
        return self._frame

    def verdict(self) -> Verdict:
        """Is it still bleeding? The sentence, with its evidence and its doubt."""
        return Verdict(self.result["verdict"], self.result.get("still_bleeding"), str(self.result.get("doubt") or ""))

    def incidents(self, kind: str | None = None, limit: int | None = None) -> DataFrame:
        """Incidents of logs, then those of rows, the newest first of each, those without a time last; at most ``limit``.

        Columns: at, kind, seen by a person, table, constraint, key, path, status, told by, in flight, user, log line, what it
        says and, where people can be looked up, username and email. Times are those of the source's zone. Masked unless
        revealed. Raises ConfigError for an unknown kind, OutputError for unreadable files.
        """
        frame = self._all()
        if kind is not None:
            kinds = {**dict.fromkeys(self.result["counts"], 0), **dict.fromkeys(frame["kind"].dropna(), 0)}
            if kind not in kinds:
                raise ConfigError(f"This run met no incident of the kind {kind!r}.", known(kind, kinds, "kind"))
            frame = frame[frame["kind"] == kind]
        frame = frame.head(len(frame) if limit is None else limit).reset_index(drop=True)
        listed = incident_results.listing(frame, zone_of(self.zone), self.reveal)
        keys = sorted({key for key in frame["user_key"] if isinstance(key, str)})
        if self._people is not None and keys:
            people = self._people(keys)
            kept = ["user_key", *(name for name in PERSONAL if name in people.columns)]
            joined = frame[["user_key"]].merge(people[kept].drop_duplicates("user_key"), on="user_key", how="left")
            for name in kept[1:]:
                listed[name] = joined[name].to_numpy()
        return listed if self.reveal else mask_frame(listed, PERSONAL)

    def counts(self) -> Table:
        """How many incidents of each kind, and whether people saw them."""
        frame = incident_results.counts_frame(self.result)
        evidence = {name: count for name, count in (self.result.get("rows_evidence") or {}).items() if count}
        told = ", ".join(f"{incident_results.title_of(name)}: {count:,}" for name, count in evidence.items())
        note = f"The rows themselves tell, besides: {told}." if told else "The rows themselves tell of nothing more."
        return Table(frame, f"Incidents of {self.result['source']}", note if len(frame) else f"No log told of any. {note}")

    def deploys(self) -> Table:
        """The rate before and after each deploy, with its interval, and what came of it."""
        frame = incident_results.deploys_frame(self.result, zone_of(self.zone))
        note = "In brackets: the rates between which the true one lies, 95 times in 100. A ratio of 0.1 is a fall to a tenth."
        none = 'No deploy was named. Name one in the parameters: deploys = ["2026-11-10T12:00=fix"].'
        return Table(frame, f"Deploys ({zone_of(self.zone).key})", note if len(frame) else none)

    def changes(self) -> Table:
        """Where the rate changed, found without being told of any deploy: guesses."""
        from pandas import DataFrame

        zone = zone_of(self.zone)
        rows = [
            {
                "around": incident_results.local(each["at"], zone),
                "before": per(float(each["before_per_day"])),
                "after": per(float(each["after_per_day"])),
                "near the deploy": each.get("near") or "",
            }
            for each in self.result.get("changes") or ()
        ]
        frame = DataFrame(rows, columns=["around", "before", "after", "near the deploy"])
        note = "These are guesses from the counts alone; about one series in a hundred that never changed gives one."
        return Table(frame, f"Guessed changes of the rate ({zone.key})", note if rows else "No change of the rate stands out.")

    def _saved(self, chart: Chart, name: str) -> Chart:
        from mendbook.charts.drawing import save

        save(chart, self.folder / "figures", name)
        return chart

    def timeline(self) -> Chart:
        """Incidents over time, stacked by kind, with the deploys."""
        from mendbook.incidents import charts as incident_charts

        return self._saved(incident_charts.timeline(self._all(), self.result, self.zone), "1-timeline")

    def rates(self) -> Chart:
        """The rate before and after each deploy, with its interval, as a picture."""
        from mendbook.incidents import charts as incident_charts

        return self._saved(incident_charts.rates_chart(self.result.get("deploys", ()), self.zone), "2-deploys")

    def heat_map(self) -> Chart:
        """Incidents by hour of the week."""
        from mendbook.incidents import charts as incident_charts

        return self._saved(incident_charts.week_chart(self._all(), self.zone), "3-week")

    def concurrency(self) -> Chart:
        """How many registrations were under way at each incident, against all registrations."""
        from mendbook.incidents import charts as incident_charts

        registrations = incident_results.read_registrations(self.folder)
        return self._saved(incident_charts.concurrency_chart(self._all(), registrations), "4-concurrency")

    def by_constraint(self) -> Chart:
        """Incidents by the constraint that refused a row."""
        return self._bars("constraint", "5-constraints")

    def by_path(self) -> Chart:
        """Incidents by the request's path."""
        return self._bars("path", "6-paths")

    def by_worker(self) -> Chart:
        """Incidents by the process that was at work."""
        return self._bars("worker", "7-workers")

    def _bars(self, column: str, name: str) -> Chart:
        from mendbook.incidents import charts as incident_charts

        return self._saved(incident_charts.bars_chart(self._all(), column), name)

    def gap_chart(self) -> Chart:
        """How far apart the two rows of each double creation are, by the race's signature."""
        from mendbook.charts.charts import gap_chart

        return self._saved(gap_chart(incident_results.read_gaps(self.folder)), "8-gaps")

    def evidence(self) -> Chart:
        """What the rows' own times tell, over time, without any log."""
        from mendbook.incidents import charts as incident_charts

        return self._saved(incident_charts.evidence_chart(self._all(), self.result, self.zone), "9-rows")

    def browse(self, kind: str | None = None, rows: int = 20) -> BrowsableTable:
        """Incidents to page, sort and search: the newest 5,000 in JupyterLab, the newest ``rows`` in a papermill run."""
        unattended = bool(os.environ.get("MENDBOOK_RUN"))
        frame = self.incidents(kind, rows if unattended else _BROWSED)
        whole = len(self._all()) if kind is None else int((self._all()["kind"] == kind).sum())
        of = f"the first {len(frame):,} of {whole:,}, newest first" if whole > len(frame) else f"all {whole:,}"
        hidden = "" if self.reveal else f" Personal data is masked ({DOTS}); set reveal = True to see it."
        note = f"Every incident is in {self.folder / incident_results.INCIDENTS_FILE}." if whole > len(frame) else ""
        return BrowsableTable(frame, f"Incidents, times in {zone_of(self.zone).key}: {of}.{hidden}", note)

    def read(self) -> Table:
        """What was read, what of it was not understood (with samples), and what was cut short."""
        frame = incident_results.read_frame(self.result)
        samples = incident_results.samples_of(self.result)
        for place, sample in enumerate(samples, start=1):
            frame.loc[len(frame)] = [f"not understood, sample {place}", sample]
        for warning in self.result.get("warnings") or ():
            frame.loc[len(frame)] = ["warning", warning]
        note = "" if len(frame) else "No log was read; what there is comes from the rows."
        return Table(frame, f"What was read of {self.result['source']}", note)

    def next_steps(self) -> Table:
        """What to do next, each with the command to type."""
        from pandas import DataFrame

        return Table(DataFrame(incident_results.next_steps(self.result), columns=["why", "command"]), "What to do next")

    def export_csv(self, kind: str | None = None) -> Path:
        """Write the list of incidents as CSV that a spreadsheet opens without running anything in it."""
        listed = self.incidents(kind)
        return publish(self.folder / (f"incidents-{kind}.csv" if kind else "incidents.csv"), frame_csv(listed))
