"""What a notebook shows of a drill: the verdict, the answers, the fingerprint, the damage, and how to remove what it made.

It reads the files of the drill's folder, and draws; it sends nothing. Where nothing was drilled it says so, and shows the last.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from mendbook.audits.results import read_result
from mendbook.desk.review_view import steps
from mendbook.drills import result as drill_result
from mendbook.errors import OutputError
from mendbook.files.publish import publish
from mendbook.files.workplace import RUN_FOLDER
from mendbook.reports.reports import REPORT, render_report
from mendbook.views.step_results import keep, section
from mendbook.views.views import Table

if TYPE_CHECKING:
    from mendbook.charts.drawing import Chart


def last(outputs: Path, source: str) -> Path | None:
    """The folder of the newest drill of ``source``; None where there was none."""
    own = os.environ.get(RUN_FOLDER)
    for folder in sorted((outputs / "runs").glob("*-drill-*"), reverse=True):
        if own and folder == Path(own).absolute():
            continue
        try:
            result = read_result(folder)
        except OutputError:
            continue
        if result.get("step") == "drill" and result.get("mark") and result.get("source") == source:
            return folder
    return None


def draw(folder: Path, into: Path | None = None) -> Chart:
    """The chart of the drill in ``folder``, saved among the figures there, or of the folder ``into``. Raises OutputError."""
    from mendbook.charts.charts import save
    from mendbook.drills.charts import latency_chart

    chart = latency_chart(drill_result.read_requests(folder))
    save(chart, (into or folder) / "figures", "1-latency")
    return chart


def write_report(folder: Path) -> Path:
    """report.html of a drill that no notebook ran. Raises OutputError."""
    draw(folder)
    return publish(folder / REPORT, render_report(folder))


class DrillView:
    """A drill as its folder tells it. ``result`` is what result.json holds."""

    def __init__(self, folder: Path, options: str = "", sent: bool = True) -> None:
        """``options`` are those that commands need here; ``sent`` is False for a drill of before, shown again."""
        self.folder, self.result = Path(folder).absolute(), read_result(folder)
        self._options, self._sent = options, sent
        if not sent:
            text = f"Nothing was sent. What follows is the drill of {self.result['started_at']}."
            shown = [section("Nothing was sent", text=[text]), *self.result["sections"]]
            keep("drill", self.result["source"], None, f"{text} {self.result['verdict']}", shown)

    def __repr__(self) -> str:
        before = "" if self._sent else "Nothing was sent: base_url is empty. The last drill: "
        return (
            f"{before}{self.result['verdict']} ({self.result['started_at']}, mark {self.result['mark']}). Files: {self.folder}"
        )

    def verdict(self) -> Table:
        """Whether the race is open, and why that is said."""
        from pandas import DataFrame

        told = [*self.result["reasons"], *self.result["warnings"]]
        before = "" if self._sent else f"The drill of {self.result['started_at']}: "
        return Table(DataFrame({"because": told}), before + self.result["verdict"])

    def sent(self) -> Table:
        """Who came, and how."""
        return drill_result.sent_table(self.result)

    def statuses(self) -> Table:
        """What the registrations were answered, and how fast."""
        return drill_result.statuses_table(self.result)

    def latency(self) -> Chart:
        """How long the answers took, as a chart."""
        own = os.environ.get(RUN_FOLDER)
        return draw(self.folder, Path(own) if own else None)

    def fingerprint(self) -> Table:
        """What a race leaves behind, counted."""
        return drill_result.fingerprint_table(self.result)

    def damage(self) -> Table:
        """What an audit finds in the rows of the drill's people."""
        return drill_result.damage_table(self.result)

    def removal(self) -> Table:
        """How to take out again what the drill made."""
        return drill_result.removal_table(self.result, self._options)


class NotDrilled:
    """What stands in for a view where nothing was drilled yet: everything that is asked of it says how to begin."""

    def __init__(self, source: str, described: bool, options: str) -> None:
        """``described``: mendbook.toml tells how the source's application registers people."""
        self._source, self._described, self._options = source, described, options
        keep("drill", source, None, self._why, [section("What to do next", self._table())])

    @property
    def _why(self) -> str:
        return f"Nothing was sent: base_url is empty, and there was no drill of {self._source} yet."

    def _table(self) -> Table:
        form = "" if self._described else " --form drill.toml"
        told = (
            []
            if self._described
            else [("Describe how the application registers people.", "mendbook drill --example > drill.toml")]
        )
        command = f"mendbook drill http://127.0.0.1:8000 --source {quote(self._source)}{form}{self._options}"
        told.append(("Start the application, then name it: as base_url in the parameters, or in a terminal.", command))
        return steps(*told, caption=self._why)

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def __getattr__(self, name: str) -> Callable[[], Table]:
        if name.startswith("_") or not hasattr(DrillView, name):
            raise AttributeError(name)
        return self._table
