"""What a notebook shows of an audit: each method one thing to look at, made from the files in the run's folder.

``AuditView`` is what ``Workbook.audit`` returns. It reads files and draws; it never asks the database, except through
``people``, the function it is given to look up user names and e-mail addresses, which it masks unless told otherwise.
"""

from __future__ import annotations

import html
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mendbook.audits import results
from mendbook.display import DOTS, frame_csv, frame_html, inert, mask_frame, mask_key, shown
from mendbook.errors import ConfigError, known
from mendbook.files.publish import publish

if TYPE_CHECKING:
    from pandas import DataFrame

    from mendbook.charts.charts import Chart

#: Looks up people: user keys (text) to a frame of user_key and, where mapped, username and email.
People = Callable[[list[str]], "DataFrame"]

PERSONAL = ("username", "email")
_KEYS = ("case_key", "row_key", "user_key")
_BROWSED = 5_000
_WIDEST = 40  # characters of one cell; the whole of it stands in the frame


#: itables asks for a page's dark theme before its library has come, and then its first table has headers nobody can read.
_DARK_TOO = """<script type="module">
const name = Object.keys(window).find(each => /^_itables_v?\\d/.test(each));
(await window[name])?.set_or_remove_dark_class?.();
</script>"""


class Table:
    """A frame with a caption, shown as escaped HTML; ``frame`` is the data itself."""

    def __init__(self, frame: DataFrame, caption: str, note: str = "") -> None:
        self.frame, self.caption, self.note = frame, caption, note

    def __len__(self) -> int:
        return len(self.frame)

    def _repr_html_(self) -> str:
        after = f"<p>{html.escape(inert(self.note))}</p>" if self.note else ""
        if after and not len(self.frame):  # heads without a body tell nothing that the note does not
            return f"<p class='mathjax_ignore tex2jax_ignore'>{html.escape(inert(self.caption))}</p>{after}"
        return frame_html(self.frame, self.caption) + after

    def __repr__(self) -> str:
        text = self.frame.map(shown).to_string(index=False)
        return "\n".join(part for part in (inert(self.caption), text, inert(self.note)) if part)


class BrowsableTable(Table):
    """A table to page, sort and search in JupyterLab; in a papermill run, whose output nobody clicks, a plain one."""

    def _ipython_display_(self) -> None:
        from IPython.display import HTML, display

        if os.environ.get("MENDBOOK_RUN"):
            display(HTML(self._repr_html_()))
            return
        from itables import init_notebook_mode

        # The library comes with the output itself, so that the table works offline and without any widget.
        init_notebook_mode(all_interactive=False, connected=False)
        display(HTML(self.interactive_html() + _DARK_TOO))

    def interactive_html(self) -> str:
        """The table for DataTables; where scripts are not allowed it shows itself as a plain one."""
        from itables import to_html_datatable

        safe = self.frame.map(_browsable)
        table = to_html_datatable(
            safe,
            connected=False,
            showIndex=False,
            maxBytes=0,
            allow_html=False,
            display_logo_when_loading=False,
            classes="display nowrap compact mathjax_ignore tex2jax_ignore",
            columnDefs=[{"className": "dt-left", "targets": "_all"}],
            pageLength=20,
            lengthMenu=[20, 50, 200, 1000],
            scrollX=True,
        )
        said = "".join(f"<p>{html.escape(inert(text))}</p>" for text in (self.caption, self.note) if text)
        return said + table


def _browsable(value: object) -> object:
    """Numbers stay numbers, so that they sort as such; all else becomes text that is safe to show."""
    text = shown(value)
    return value if isinstance(value, (int, float)) and text else inert(text, _WIDEST)


class AuditView:
    """The findings of one audit, as tables and charts. Figures are saved into ``folder``/figures as they are made."""

    def __init__(self, folder: Path, reveal: bool = False, people: People | None = None) -> None:
        """Read ``folder``/result.json. ``reveal`` shows personal data as it is. Raises OutputError."""
        self.folder = Path(folder).absolute()
        self.reveal = reveal
        self.result: dict[str, Any] = results.read_result(self.folder)
        self._people = people

    def __repr__(self) -> str:
        cases, rows = results.total(self.result)
        found = f"{cases:,} cases, {rows:,} damaged rows" if rows else "no damage found"
        return f"Audit of {inert(self.result['source'])} at {self.result['taken_at']}: {found}. Files: {self.folder}"

    def _checked(self, kind: str | None) -> str | None:
        if kind is not None and kind not in self.result["counts"]:
            raise ConfigError(f"This audit did not look for {kind!r}.", known(kind, self.result["counts"], "kind"))
        return kind

    def findings(self, kind: str | None = None, limit: int | None = None, new: bool = False) -> DataFrame:
        """Damaged rows, newest case first, the rows of a case together; at most ``limit``. ``new``: those alone of the cases
        that the last audit did not have.

        Columns: kind, profile, case_key, table, row_key, user_key, at (UTC) and, where people can be looked up,
        username and email, masked unless revealed. Raises ConfigError for an unknown kind, OutputError for
        unreadable files.
        """
        frame = results.read_findings(self.folder, self._checked(kind), limit, new)
        keys = sorted({key for key in frame["user_key"] if isinstance(key, str)})
        if self._people is not None and keys:
            people = self._people(keys)
            kept = ["user_key", *(name for name in PERSONAL if name in people.columns)]
            frame = frame.merge(people[kept].drop_duplicates("user_key"), on="user_key", how="left")
        if self.reveal:
            return frame
        frame = mask_frame(frame, PERSONAL)
        for name in _KEYS:
            frame[name] = [mask_key(key) if isinstance(key, str) else None for key in frame[name]]
        return frame

    def gaps(self) -> DataFrame:
        """Double creations: profile, case_key, user_key, first_key, second_key, gap_seconds, signature, at."""
        return results.read_gaps(self.folder)

    def scope(self) -> Table:
        """What was looked at: each mapped table, about how many rows it has, and which column plays which part."""
        from pandas import DataFrame

        rows = [
            {
                "role": each["role"] if each["profile"] is None else f"{each['role']} {each['profile']}",
                "table": each["table"],
                "rows (estimate)": each["rows_estimate"],
                "columns": [f"{role}: {shown(column)}" for role, column in each["mapped"].items()],
            }
            for each in self.result["scope"]
        ]
        database = self.result["database"]
        replica = ", a replica" if database["replica"] else ""
        where = f"{database['name']}, {database['server']}, as {database['user']}{replica}"
        return Table(
            DataFrame(rows, columns=["role", "table", "rows (estimate)", "columns"]),
            f"What was looked at in {where}",
            f"Taken at {self.result['taken_at']} in one snapshot, within {self.result['seconds']:,.1f} s.",
        )

    def counts(self) -> Table:
        """How much of each kind there is, zeros too."""
        frame = results.counts_frame(self.result)
        cases, rows = results.total(self.result)
        help_texts = self.result.get("help", {})
        frame["what it is"] = [" ".join(help_texts.get(kind, "").split()) for kind in frame["kind"]]
        note = f"{cases:,} cases to decide, {rows:,} damaged rows." if rows else "No damage of any kind was found."
        return Table(frame, f"Damage in {self.result['source']}", note)

    def change(self) -> Table:
        """What is new, what is gone and what stays of each kind, since the last audit of this database."""
        return Table(
            results.change_frame(self.result),
            "Cases since the last audit" if self.result.get("change") else "",
            " ".join(results.change_sentences(self.result)),
        )

    def _saved(self, chart: Chart, name: str) -> Chart:
        from mendbook.charts.charts import save

        save(chart, self.folder / "figures", name)
        return chart

    def counts_chart(self) -> Chart:
        """Cases and damaged rows of each kind, as bars."""
        from mendbook.charts.charts import counts_chart

        return self._saved(counts_chart(results.counts_frame(self.result)), "1-counts")

    def timeline(self) -> Chart:
        """When the damage came to be, stacked by kind."""
        from mendbook.charts.charts import timeline_chart

        return self._saved(timeline_chart(results.read_times(self.folder), self.result.get("titles", {})), "2-timeline")

    def gap_chart(self) -> Chart:
        """How far apart the two rows of each double creation are, by the race's signature."""
        from mendbook.charts.charts import gap_chart

        return self._saved(gap_chart(self.gaps()), "3-gaps")

    def browse(self, kind: str | None = None, rows: int = 20) -> BrowsableTable:
        """Findings to page, sort and search: the newest 5,000 in JupyterLab, the newest ``rows`` in a papermill run."""
        unattended = bool(os.environ.get("MENDBOOK_RUN"))
        frame = self.findings(kind, rows if unattended else _BROWSED)
        frame["table"] = frame.pop("table")  # last: it is wide, and nearly always the same
        counts = self.result["counts"]
        whole = counts[kind]["rows"] if kind else results.total(self.result)[1]
        of = f"the newest {len(frame):,} of {whole:,}" if whole > len(frame) else f"all {whole:,}"
        hidden = "" if self.reveal else f" Personal data is masked ({DOTS}); set reveal = True to see it."
        note = f"Every row is in {self.folder / results.FINDINGS}." if whole > len(frame) else ""
        return BrowsableTable(frame, f"Findings: {of}.{hidden}", note)

    def constraints(self) -> Table:
        """What the schema lacks: the constraints that would have kept the damage out, and why each counts as
        missing."""
        from pandas import DataFrame

        rows = [
            {name: each.get(name) for name in ("table", "column", "profile", "reasons")} for each in self.result["constraints"]
        ]
        frame = DataFrame(rows, columns=["table", "column", "profile", "reasons"])
        none = "" if rows else "Nothing is missing: the schema keeps new damage of these kinds out."
        return Table(frame, "Constraints that the schema lacks", none)

    def limits(self) -> Table:
        """What this audit could not look at, and what it warns of."""
        from pandas import DataFrame

        rows: list[dict[str, Any]] = [
            {"about": f"{each['kind']} {each.get('profile') or ''}".strip(), "message": f"Left out: {each['why']}"}
            for each in self.result["left_out"]
        ]
        rows += [{"about": "warning", "message": text} for text in self.result["warnings"]]
        frame = DataFrame(rows, columns=["about", "message"])
        return Table(
            frame, "Left out, and warnings", "" if rows else "Everything was looked at and nothing calls for a warning."
        )

    def next_steps(self) -> Table:
        """What to do next, each with the command to type."""
        from pandas import DataFrame

        return Table(DataFrame(results.next_steps(self.result), columns=["why", "command"]), "What to do next")

    def export_csv(self, kind: str | None = None) -> Path:
        """Write the findings of ``kind`` (all where None) as CSV that a spreadsheet opens without running anything
        in it."""
        name = f"findings-{self._checked(kind)}.csv" if kind else "findings.csv"
        return publish(self.folder / name, frame_csv(self.findings(kind)))
