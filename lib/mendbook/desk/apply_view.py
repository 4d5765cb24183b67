"""What the notebook of a repair shows: whether the plan may be applied, its rehearsal, the real thing, the receipt, the undo.

It rehearses as often as it is asked; it commits only where it is told to in so many words (``apply(commit=True)``). What is not
signed yet is told and not done: that is no failure of a notebook that was only opened to look.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import Any

from mendbook.config import Settings
from mendbook.desk.review_view import steps
from mendbook.desk.signing_view import LiveTable, mark, signatures, standing
from mendbook.display import inert
from mendbook.errors import ConfigError, Refused
from mendbook.plans.files import PlanFile
from mendbook.reports import receipt
from mendbook.views.step_results import keep, section
from mendbook.views.views import Table


class ApplyView:
    """A plan on its way into the database. ``plan`` is its file, ``result`` what the last rehearsal or repair told."""

    def __init__(self, plan: PlanFile, settings: Settings, run: Callable[[bool], dict[str, Any]], options: str = "") -> None:
        """``run`` applies the plan (True) or rehearses it, and returns what it told; ``options`` are those commands need."""
        self.plan, self.result = plan, dict[str, Any]()
        self._settings, self._run, self._options = settings, run, options
        self._keep()

    def __repr__(self) -> str:
        return f"Plan {self.plan.id}: {standing(self.plan, self._settings)[1]}"

    def _keep(self, refused: str = "") -> None:
        state, verdict, _ = standing(self.plan, self._settings)
        sections = [
            section("Signatures", signatures(self.plan, self._settings)),
            section("What to do next", self._not_ready(), text=[refused] if refused else []),
        ]
        if refused and state == "approved":
            verdict = "All signatures hold, and yet it was refused."
        keep("apply", self.plan.header.source, self.plan.id, verdict, sections)

    def _not_ready(self) -> Table:
        """The way on where nothing was done."""
        return steps(*self._way_on())

    def _way_on(self) -> list[tuple[str, str]]:
        source, name = quote(self.plan.header.source), self.plan.id
        if standing(self.plan, self._settings)[0] == "approved":
            return [("As soon as nothing stands against it:", f"mendbook apply {name}{self._options}")]
        return [
            ("Look at the cases and decide on them.", f"mendbook run review {source} -p plan={name}{self._options}"),
            ("Somebody else than the author signs.", f"mendbook sign {name} --as NAME --key FILE --approve all{self._options}"),
        ]

    def ready(self) -> LiveTable:
        """Who has signed, and whether it may be applied. In JupyterLab it looks again by itself, for an hour."""
        return LiveTable(lambda: signatures(self.plan, self._settings), lambda: mark(self.plan, self._settings))

    def rehearse(self) -> Table:
        """Do all that is approved and roll it back; what it came to. Where nothing may be applied, it says why."""
        try:
            self.result = self._run(False)
        except Refused as refusal:
            why = inert(f"{refusal.message} {refusal.hint or ''}".strip(), 800)
            self._keep(why)
            return Table(self._not_ready().frame, "It was not rehearsed", why)
        return self._counts()

    def apply(self, commit: bool = False) -> Table:
        """Do it, with ``commit``; else say how. Raises what ``Workbook.apply`` raises."""
        if not commit:
            command = f"mendbook apply {self.plan.id} --commit{self._options}"
            why = "To do it, set commit = True in the parameters and run all again; or type:"
            return steps((why, command), caption="Nothing was applied: commit is False")
        self.result = self._run(True)
        return self._counts()

    def _counts(self) -> Table:
        from pandas import DataFrame

        result, commit = self.result, self.result["mode"] == "commit"
        done, stale = result["applied_by_kind"], result["stale"]
        left = result["remaining"]
        kinds = [kind for kind in sorted({*done, *left}) if done.get(kind) or left.get(kind)]
        rows = [[kind, done.get(kind, 0), left.get(kind)] for kind in kinds]
        frame = DataFrame(rows, columns=["kind", "applied" if commit else "rehearsed", "still found"])
        what = "applied" if commit else "rehearsed, and rolled back"
        told = f"{result['applied']:,} cases {what}: {result['changes']:,} rows, batches: {result['batches']:,}"
        others = [f"{result['already']:,} had been applied before"] if result["already"] else []
        others += [f"{stale:,} were stale: their rows are not as they were reviewed"] if stale else []
        others += [f"{result['rejected']:,} rejected"] if result["rejected"] else []
        others += [f"{count:,} {state}" for state, count in result["not_approved"].items() if count]
        return Table(frame, f"{told}, {result['seconds']:.1f} s", "; ".join(others) + ("." if others else ""))

    def receipt(self) -> Table:
        """The receipt in short, and where it is: of this run, else the newest that stands beside the plan."""
        from pandas import DataFrame

        made, where = self._newest()
        if made is None:
            return Table(DataFrame([], columns=["what", "value"]), "Receipt", "There is none yet: nothing was applied.")
        author, ledger = made["people"]["author"], [each["position"] for each in made["batches"]]
        facts = {
            "proposed by": f"{author['person']}, {author['at']}, key {author['key']}",
            **{
                f"approved by ({number})": f"{each['person']}, {each['at']}, key {each['key']}"
                for number, each in enumerate(made["people"]["reviewers"], start=1)
            },
            "plan (SHA-256)": made["plan"]["digest"],
            "cases, rows": f"{made['done']['cases']:,} cases, {made['done']['changes']:,} rows",
            "ledger": f"positions {ledger[0]} to {ledger[-1]}, hash {made['batches'][-1]['hash']}" if ledger else "nothing",
            "audit afterwards": f"{made['audit']['cases']:,} cases found at {made['audit']['taken_at']}",
            "file": str(where),
        }
        told = receipt.verdict(made)
        return Table(DataFrame(facts.items(), columns=["what", "value"]), told["title"], told["sentence"])

    def _newest(self) -> tuple[dict[str, Any] | None, Path | None]:
        if self.result:
            path = Path(self.result["receipt"]["html"])
            return json.loads(Path(self.result["receipt"]["json"]).read_text("utf-8")), path
        kept = sorted(self.plan.folder.glob(f"{receipt.RECEIPT}-*.json"))
        return (json.loads(kept[-1].read_text("utf-8")), kept[-1].with_suffix(".html")) if kept else (None, None)

    def audit(self) -> Table:
        """What an audit of the whole database found afterwards, kind by kind, zeros too."""
        from pandas import DataFrame

        if not self.result:
            command = f"mendbook audit {quote(self.plan.header.source)}{self._options}"
            return steps(("Nothing was applied or rehearsed in this run. To look:", command), caption="No audit was made")
        rows = sorted(self.result["remaining"].items())
        commit = self.result["mode"] == "commit"
        title = "What a new audit found" if commit else "What an audit finds now, had the rehearsal lasted"
        found = sum(cases for kind, cases in rows if kind != "missing_constraint")
        note = f"{found:,} cases." if found else "No damage of any kind."
        return Table(DataFrame(rows, columns=["kind", "cases"]), title, f"{note} {self.result['audit']}")

    def undo(self) -> Table:
        """How to take it back: the whole plan, or one case."""
        command = f"mendbook undo {self.plan.id} --author NAME --key FILE"
        return steps(
            ("All that was applied of this plan, as a plan of its own, to be reviewed and signed.", command + self._options),
            ("One case of it.", f"{command} --case CASE{self._options}"),
            caption="To take it back",
        )

    def next_steps(self) -> Table:
        """What to do next, each with the command to type."""
        source = quote(self.plan.header.source)
        found = sum(cases for kind, cases in self.result.get("remaining", {}).items() if kind != "missing_constraint")
        told = []
        if self.result.get("mode") == "commit" and found:
            why = "Repair what waited for this one: the next plan is made of what is found now."
            told.append((why, f"mendbook run plan {source}{self._options}"))
        if self.result.get("mode") == "commit":
            told.append(("Prove that the ledger is whole.", f"mendbook ledger verify {source}{self._options}"))
        elif self.result.get("applied"):
            told.append(("Do what was rehearsed.", f"mendbook apply {self.plan.id} --commit{self._options}"))
        elif not self.result:
            told += self._way_on()
        told.append(("Look again, on a schedule: it changes nothing.", f"mendbook run audit {source}{self._options}"))
        return steps(*told)


class NoPlan:
    """What stands in for a view where there is no plan yet: everything that is asked of it says what to do."""

    def __init__(self, source: str, names: frozenset[str], step: str, options: str) -> None:
        """``names`` are the methods of the view that it stands in for."""
        self._source, self._names, self._options = source, names, options
        keep(step, source, None, self._why, [section("What to do next", self._table())])

    @property
    def _why(self) -> str:
        return f"There is no plan of {self._source} yet."

    def _table(self) -> Table:
        command = f"mendbook plan {quote(self._source)} --author NAME --key FILE{self._options}"
        return steps(("Make one, in notebook 03_plan or in a terminal.", command), caption=self._why)

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def __getattr__(self, name: str) -> Callable[..., Table]:
        if name.startswith("_") or name not in self._names:
            raise AttributeError(name)

        def tell(*_: Any, **asked: Any) -> Table:
            if asked.get("commit"):
                raise ConfigError(self._why, self._table().frame["command"].iloc[0])
            return self._table()

        return tell


def names_of(view: type) -> frozenset[str]:
    """The methods of a view that a notebook may call."""
    return frozenset(name for name in dir(view) if not name.startswith("_"))
