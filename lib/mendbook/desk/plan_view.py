"""What a notebook shows of a plan: its cases as frames, what is left and why, each case before and after side by side.

``PlanView`` reads the plan, the decisions beside it and the ledger; it decides nothing and changes nothing. Personal data is
masked unless it is told otherwise, and everything that strangers typed is escaped.
"""

from __future__ import annotations

import html
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mendbook.config import Settings
from mendbook.damage import catalogue, titles
from mendbook.display import DOTS, inert, mask_key
from mendbook.errors import ConfigError, known
from mendbook.model import Case
from mendbook.plans.files import PlanFile
from mendbook.reviews.plan_show import case_document, state_of, states_of
from mendbook.side_by_side import Concealing, beside, concealing
from mendbook.views.views import BrowsableTable, Table

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = ("case", "kind", "profile", "case_key", "repair", "risk", "state", "blockers", "rows", "because")
_BROWSED = 5_000
_LEFT = "style='text-align:left'"
_DIFFERS = "style='text-align:left;font-weight:700;border-left:4px solid #a63a00'"
_HEADS = ("", "column", "before", "after")
_DONE = {"insert": "added", "update": "changed", "delete": "removed"}


class CaseView:
    """One case as a person reads it; ``document`` is the same as JSON values, personal data included."""

    def __init__(self, document: dict[str, Any], concealed: Concealing) -> None:
        self.document, self._concealed = document, concealed

    def __repr__(self) -> str:
        done = ", ".join(f"{inert(change['table'])} {_DONE[change['op']]}" for change in self.document["changes"])
        return f"{self._title()}: {done}"

    def _repr_html_(self) -> str:
        facts = "".join(f"<li>{html.escape(fact)}</li>" for fact in self._facts())
        tables = "".join(self._change(change) for change in self.document["changes"])
        title = f"<p {_LEFT}><strong>{html.escape(self._title())}</strong></p>"
        return f"<div class='mendbook mathjax_ignore tex2jax_ignore'>{title}<ul>{facts}</ul>{tables}</div>"

    def _title(self) -> str:
        case = self.document
        of = f" of {inert(case['profile'])}" if case["profile"] else ""
        what = f"{case['repair']}, {case['risk']} risk, {case['state']}"
        return f"{case['kind']}{of} {self._concealed.key(case['case_key'])}: {what}"

    def _facts(self) -> Iterator[str]:
        words = self._concealed.words
        yield from (words(why) for why in self.document["because"])
        for name, why in self.document["blocked_by"].items():
            yield f"Blocked by {name}: {words(why)}"
        for option in self.document["options"]:
            done = "done unless declined" if option["taken"] else "not done unless accepted"
            yield f"Option {words(option['name'])}, {done}: {words(option['why'])}"
        if self.document.get("leaves"):
            yield f"It knowingly leaves: {', '.join(self.document['leaves'])}"

    def value(self) -> dict[str, Any]:
        """The same as JSON values, masked as it is shown: {title, text, tables: [{caption, columns, rows}]}."""
        tables = [
            {
                "caption": self._caption(change),
                "note": "",
                "columns": [*_HEADS],
                "rows": [list(row) for row, _ in self._rows(change)],
            }
            for change in self.document["changes"]
        ]
        return {"title": self._title(), "text": [*self._facts()], "tables": tables}

    def _caption(self, change: Mapping[str, Any]) -> str:
        drawn = change["key"] is None and change["op"] == "insert"
        named = inert(change["table"]) + ("" if drawn else f" {self._concealed.key(change['key'])}")
        return f"{named}: {_DONE[change['op']]}"

    def _rows(self, change: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str, str, str], bool]]:
        """A row a column, and whether it is one that an update changes."""
        for row in beside(change, self._concealed):
            differs = row.differs and change["op"] == "update"
            mark = {"insert": "+", "delete": "−"}.get(change["op"], "≠" if differs else "")
            yield (mark, inert(row.column), row.before or "", row.after or ""), differs

    def _change(self, change: Mapping[str, Any]) -> str:
        heads = "".join(f"<th scope='col' {_LEFT}>{head}</th>" for head in _HEADS)
        rows = []
        for cells, differs in self._rows(change):
            style = _DIFFERS if differs else _LEFT
            rows.append("<tr>" + "".join(f"<td {style}>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
        caption = html.escape(self._caption(change))
        return (
            f"<table><caption {_LEFT}>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        )


class Cases:
    """Some cases one below the other; ``views`` are the cases themselves."""

    def __init__(self, views: list[CaseView], note: str = "") -> None:
        self.views, self.note = views, note

    def __len__(self) -> int:
        return len(self.views)

    def __repr__(self) -> str:
        return "\n".join([*map(repr, self.views), self.note])

    def _repr_html_(self) -> str:
        return "".join(view._repr_html_() for view in self.views) + f"<p {_LEFT}>{html.escape(inert(self.note))}</p>"


class PlanView:
    """A plan to look at. ``plan`` is its file; every method looks anew at what has been decided and applied by then."""

    def __init__(self, plan: PlanFile, settings: Settings, reveal: bool = False) -> None:
        """``reveal`` shows personal data as it is."""
        self.plan, self.reveal = plan, reveal
        self._settings = settings
        self._concealed = concealing(settings.sources.get(plan.header.source), reveal)

    def __repr__(self) -> str:
        header = self.plan.header
        return (
            f"Plan {self.plan.id} of {header.source}, by {inert(header.author)}: {sum(header.cases.values()):,} cases,"
            f" {header.deferred:,} left. File: {self.plan.path}"
        )

    def header(self) -> Table:
        """What the plan is bound to, one fact a row."""
        from pandas import DataFrame

        header = self.plan.header
        approvals = [f"{header.policy['approvals']}"]
        approvals += [f"{number} for {risk} risk" for risk, number in header.policy.get("approvals_by_risk", {}).items()]
        facts = {
            "plan": self.plan.id,
            "digest (SHA-256)": self.plan.digest,
            "database": f"{header.identity['database']}, system {header.identity['system']}",
            "made": f"{header.made_at}, by {header.author}, with {header.tool}",
            "expires": header.expires,
            "approvals that each case needs": ", ".join(approvals),
            "undoes": header.parent or "nothing",
        }
        return Table(DataFrame(facts.items(), columns=["what", "value"]), f"A plan for {header.source}: {header.act}")

    def counts(self) -> Table:
        """Cases by kind, repair and risk, with how many of them are blocked and how many rows they change."""
        from pandas import DataFrame

        cases, blocked, rows = Counter[tuple[str, str, str]](), Counter[Any](), Counter[Any]()
        for case in self.plan.cases():
            group = (case.kind, case.repair, case.risk)
            cases[group] += 1
            blocked[group] += bool(case.blockers)
            rows[group] += len(case.changes)
        named = titles()
        told = [(*group, cases[group], blocked[group], rows[group], named.get(group[0], "")) for group in sorted(cases)]
        columns = ["kind", "repair", "risk", "cases", "blocked", "rows", "what it is"]
        note = "" if told else "There is nothing to repair."
        return Table(DataFrame(told, columns=columns), f"What would be repaired in {self.plan.header.source}", note)

    def repairs(self) -> Table:
        """The repairs that were chosen, in words, and the others that each kind has."""
        from pandas import DataFrame

        rows = []
        for kind_name, chosen in self.plan.header.repairs.items():
            repairs = {repair.name: repair for repair in catalogue()[kind_name].repairs} if kind_name in catalogue() else {}
            title = repairs[chosen].title if chosen in repairs else ""
            rows.append((kind_name, chosen, title, [name for name in repairs if name != chosen]))
        frame = DataFrame(rows, columns=["kind", "repair", "what it does", "others: --repair KIND=REPAIR"])
        return Table(frame, "What is done about each kind")

    def left(self) -> Table:
        """What no case was made of, and why."""
        from pandas import DataFrame

        rows = [
            {
                "kind": each["kind"],
                "profile": each["profile"],
                "cases": each["cases"],
                "why": self._concealed.words(each["why"]),
                "examples": [key if self.reveal else mask_key(key) for key in each["examples"]],
            }
            for each in self.plan.header.left
        ]
        frame = DataFrame(rows, columns=["kind", "profile", "cases", "why", "examples"])
        return Table(frame, "Findings that are left", "" if rows else "Nothing is left: every finding has its case.")

    def cases(
        self,
        kind: str | None = None,
        risk: str | None = None,
        repair: str | None = None,
        profile: str | None = None,
        state: str | None = None,
        limit: int | None = None,
        every: int = 1,
    ) -> DataFrame:
        """The cases that fit all that is asked for, in the plan's order; at most ``limit``, every so many of them.

        Columns: case, kind, profile, case_key, repair, risk, state, blockers, rows, because. Raises ConfigError for an
        unknown kind.
        """
        from pandas import DataFrame

        self._check_kind(kind)
        states, _ = states_of(self.plan, self._settings)
        wanted = {"kind": kind, "risk": risk, "repair": repair, "profile": profile}
        rows: list[tuple[Any, ...]] = []
        matched = 0
        for case in self.plan.cases():
            now = state_of(case, states)
            if any(value is not None and getattr(case, name) != value for name, value in wanted.items()):
                continue
            if state is not None and now != state:
                continue
            if matched % every == 0 and (limit is None or len(rows) < limit):
                rows.append(self._row(case, now))
            matched += 1
        return DataFrame(rows, columns=list(COLUMNS))

    def _row(self, case: Case, state: str) -> tuple[Any, ...]:
        key = case.case_key if self.reveal else mask_key(case.case_key)
        name = "/".join(part for part in (case.kind, case.profile, key) if part is not None)
        blockers = ", ".join(blocker.name for blocker in case.blockers)
        because = self._concealed.words("; ".join(case.because))
        return name, case.kind, case.profile, key, case.repair, case.risk, state, blockers, len(case.changes), because

    def _check_kind(self, kind: str | None) -> None:
        if kind is not None and kind not in self.plan.header.cases:
            raise ConfigError(f"Plan {self.plan.id} has no case of {kind!r}.", known(kind, self.plan.header.cases, "kind"))

    def browse(
        self, kind: str | None = None, risk: str | None = None, state: str | None = None, rows: int = 20
    ) -> BrowsableTable:
        """Cases to page, sort and search: up to 5,000 in JupyterLab, ``rows`` in a papermill run. Filters as for ``cases``."""
        most = rows if os.environ.get("MENDBOOK_RUN") else _BROWSED
        frame = self.cases(kind, risk, state=state, limit=most)
        hidden = "" if self.reveal else f" Personal data is masked ({DOTS}); set reveal = True to see it."
        whole = sum(self.plan.header.cases.values())
        return BrowsableTable(frame, f"Cases: {len(frame):,} shown, {whole:,} in the plan.{hidden}")

    def sample(self, kind: str, cases: int = 5, repair: str | None = None) -> list[CaseView]:
        """Some cases of a large group, evenly spread over it. Raises ConfigError for a kind that the plan does not have."""
        self._check_kind(kind)
        fitting = [repair is None or case.repair == repair for case in self.plan.cases() if case.kind == kind]
        whole = sum(fitting)
        taken = {(2 * number + 1) * whole // (2 * cases) for number in range(cases)} if whole > cases else set(range(whole))
        return [view for number, view in enumerate(self._views(kind, repair)) if number in taken]

    def examples(self, cases: int = 1) -> Cases:
        """Up to so many cases of each kind and repair, before and after side by side, evenly spread over each group."""
        groups = Counter((case.kind, case.repair) for case in self.plan.cases())
        views = [view for kind, repair in sorted(groups) for view in self.sample(kind, cases, repair)]
        whole = sum(groups.values())
        note = f"{len(views):,} of {whole:,} cases." if views else "There is no case to show."
        return Cases(views, note)

    def case(self, case: str) -> CaseView:
        """One case by its name, or its case_key where that is unambiguous, before and after. Raises ConfigError."""
        name = self.plan.one(case)
        return next(view for view in self._views() if view.document["case"] == name)

    def _views(self, kind: str | None = None, repair: str | None = None) -> Iterator[CaseView]:
        states, _ = states_of(self.plan, self._settings)
        for case in self.plan.cases():
            if kind in (None, case.kind) and repair in (None, case.repair):
                yield CaseView(case_document(case, states, whole=True), self._concealed)
