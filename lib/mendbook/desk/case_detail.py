"""One case with all that a reviewer looks at before deciding: rows side by side, what moves, what collides, blockers, options.

Values in, values out, all of them safe to show: masked unless it is revealed, and inert. It reads no file and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mendbook.damage import reasons as reason_words
from mendbook.display import inert
from mendbook.reviews.decisions import Decision
from mendbook.side_by_side import Beside, Concealing, beside

#: Where nobody asks for the whole: how many letters of a value, how many rows one by one, and how many examples of the others.
MOST_LETTERS, MOST_ROWS, EXAMPLES = 200, 30, 5
_ROLE = {"insert": "added", "update": "changed", "delete": "removed"}
_SIDES = ["column", "before", "after"]

Json = dict[str, Any]


@dataclass
class _Merge:
    """Rows of one table of which one stays: ``survivor`` its row before and after, ``losers`` the changes that remove them."""

    table: str
    key: str
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]
    losers: list[Json] = field(default_factory=list)

    @property
    def goes(self) -> list[str]:
        return [loser["key"] for loser in self.losers]


def title(case: Mapping[str, Any], concealed: Concealing) -> str:
    of = f" of {inert(case['profile'])}" if case["profile"] else ""
    return f"{inert(case['kind'])}{of} {concealed.key(case['case_key'])}: {inert(case['repair'])}, {inert(case['risk'])} risk"


def option_names(case: Mapping[str, Any], concealed: Concealing) -> list[str]:
    """What each option of a case (as JSON values) is called where it is shown: no two of them alike."""
    names: list[str] = []
    for option in case["options"]:
        shown = concealed.words(option["name"], None)
        names.append(shown if shown not in names else f"{shown} ({len(names) + 1})")
    return names


def detail(case: Mapping[str, Any], concealed: Concealing, decision: Decision | None, whole: bool = False) -> Json:
    """The case (as JSON values) as the protocol of the review table has it; ``whole`` cuts nothing and counts nothing up."""
    words = concealed.words
    merges = _merges(case)
    return {
        "title": title(case, concealed),
        "because": [words(each) for each in case["because"]],
        "blockers": [{"name": inert(each["name"]), "why": words(each["why"])} for each in case["blockers"]],
        "options": _options(case, concealed, decision),
        "leaves": [inert(each) for each in case["leaves"]],
        "decision": None if decision is None else _decision(case, decision, concealed),
        "comment": "\n".join(map(inert, decision.comment.split("\n"))) if decision else "",
        "revealed": concealed.reveal,
        **_Drawn(case, concealed, None if whole or concealed.reveal else MOST_LETTERS, whole).values(merges),
    }


def _decision(case: Mapping[str, Any], decision: Decision, concealed: Concealing) -> Json:
    shown = dict(zip((each["name"] for each in case["options"]), option_names(case, concealed), strict=True))
    return {
        "decision": decision.decision,
        "waived": [inert(each) for each in decision.waived],
        "accepted": [shown[each] for each in decision.accepted],
        "declined": [shown[each] for each in decision.declined],
    }


def _options(case: Mapping[str, Any], concealed: Concealing, decision: Decision | None) -> list[Json]:
    accepted, declined = (decision.accepted, decision.declined) if decision else ((), ())
    return [
        {
            "name": shown,
            "why": concealed.words(option["why"]),
            "taken": option["taken"],
            "chosen": option["name"] in accepted or (option["taken"] and option["name"] not in declined),
        }
        for option, shown in zip(case["options"], option_names(case, concealed), strict=True)
    ]


def _merges(case: Mapping[str, Any]) -> dict[tuple[str, str], _Merge]:
    """What the case merges, by table and the key of the row that stays; its reasons tell which one that is."""
    reasons = [each for each in case["because"] if each.startswith(reason_words.KEPT)]
    stays = {(row["table"], row["key"]): (row["image"], row["image"]) for row in case["kept"] if row["image"] is not None}
    stays |= {
        (change["table"], change["key"]): (change["before"], change["after"])
        for change in case["changes"]
        if change["op"] == "update"
    }
    merges: dict[tuple[str, str], _Merge] = {}
    for change in case["changes"] if reasons else ():
        told = (reason_words.survivor(each, change["table"], change["key"]) for each in reasons)
        named = next(((change["table"], key) for key in told if key is not None), None)
        if change["op"] == "delete" and named in stays:
            merges.setdefault(named, _Merge(*named, *stays[named])).losers.append(change)
    return merges


class _Drawn:
    """The tables of one case; ``most`` letters of a value."""

    def __init__(self, case: Mapping[str, Any], concealed: Concealing, most: int | None, whole: bool) -> None:
        self._case, self._concealed, self._most, self._whole = case, concealed, most, whole

    def values(self, merges: Mapping[tuple[str, str], _Merge]) -> Json:
        """{tables, moved, victims, more}: ``more`` tells how many rows are left out of the tables."""
        apart = {id(loser) for merge in merges.values() for loser in merge.losers}
        gone = dict(filter(None, map(reason_words.gone, self._case["because"])))
        victims: list[tuple[Json, str]] = []
        moved: list[Json] = []
        rest: list[Json] = []
        for change in self._case["changes"]:
            why = gone.get(reason_words.row_name(change["table"], change["key"]))
            if id(change) in apart or (change["op"] == "update" and (change["table"], change["key"]) in merges):
                continue
            if change["op"] == "delete" and why is not None:
                victims.append((change, why))
            else:
                (moved if merges and change["op"] == "update" else rest).append(change)
        tables = [self._merged(merge) for merge in merges.values()]
        singles = [self._side_by_side(change, _ROLE[change["op"]]) for change in self._few(rest)]
        tables += [*singles, *(self._victim(change, why) for change, why in self._few(victims))]
        if self._whole:
            tables += [self._side_by_side(change, "moved") for change in moved]
        shown = len(singles) + len(self._few(victims))
        return {
            "tables": tables,
            "moved": self._moved(moved, {key for each in merges.values() for key in (each.key, *each.goes)}),
            "victims": [self._told(change, why) for change, why in self._few(victims)],
            "more": len(rest) + len(victims) - shown,
        }

    def _few(self, changes: Sequence[Any]) -> Sequence[Any]:
        return changes if self._whole else changes[:MOST_ROWS]

    def _name(self, table: str, key: str | None) -> str:
        return f"{inert(table)} {self._concealed.key(key)}"

    def _cell(self, table: str, column: str, row: Mapping[str, str | None]) -> str:
        return self._concealed.shown(table, column, row[column], self._most) if column in row else ""

    def _merged(self, merge: _Merge) -> Json:
        """The survivor, each loser and what the survivor is afterwards, in columns."""
        losers = [loser["before"] for loser in merge.losers]
        rows = []
        for column in sorted({*merge.before, *merge.after, *(name for loser in losers for name in loser)}):
            sides = [merge.before, *losers, merge.after]
            cells = [self._cell(merge.table, column, side) for side in sides]
            differs = [side.get(column) != merge.before.get(column) for side in sides]
            rows.append({"column": inert(column), "cells": cells, "differs": differs})
        goes = ", ".join(map(self._concealed.key, self._few(merge.goes)))
        heads = ["loser"] if len(losers) == 1 else [f"loser {number}" for number in range(1, len(losers) + 1)]
        return {
            "caption": f"{self._name(merge.table, merge.key)} stays, {goes} goes into it",
            "role": "survivor",
            "table": inert(merge.table),
            "op": "merge",
            "columns": ["column", "survivor", *heads, "afterwards"],
            "rows": rows,
        }

    def _side_by_side(self, change: Json, role: str) -> Json:
        drawn = change["key"] is None and change["op"] == "insert"
        named = inert(change["table"]) if drawn else self._name(change["table"], change["key"])
        return {
            "caption": f"{named}: {role}",
            "role": role,
            "table": inert(change["table"]),
            "op": change["op"],
            "columns": _SIDES,
            "rows": [_beside(row, change["op"]) for row in beside(change, self._concealed, self._most)],
        }

    def _victim(self, change: Json, why: str) -> Json:
        """The row that goes beside the one that stays in its place, where the case tells which that is."""
        table = change["table"]
        stays = next((row for row in self._case["kept"] if row["image"] is not None and _stays(row, why)), None)
        if stays is None or stays["table"] != table:
            return self._side_by_side(change, "victim")
        rows = []
        for column in sorted({*change["before"], *stays["image"]}):
            sides = (change["before"], stays["image"])
            differs = change["before"].get(column) != stays["image"].get(column)
            rows.append(
                {
                    "column": inert(column),
                    "cells": [self._cell(table, column, side) for side in sides],
                    "differs": [differs] * 2,
                }
            )
        return {
            "caption": f"{self._name(table, change['key'])} goes, {self._concealed.key(stays['key'])} stays in its place",
            "role": "victim",
            "table": inert(table),
            "op": "delete",
            "columns": ["column", "goes", "stays"],
            "rows": rows,
        }

    def _told(self, change: Json, why: str) -> Json:
        return {"table": inert(change["table"]), "key": self._concealed.key(change["key"]), "why": self._concealed.words(why)}

    def _moved(self, moved: Sequence[Json], merged: set[str | None]) -> list[Json]:
        """What names the rows that are ``merged``, counted by table."""
        by_table: dict[str, list[Json]] = {}
        for change in moved:
            by_table.setdefault(change["table"], []).append(change)
        return [
            {
                "table": inert(table),
                "rows": len(changes),
                "examples": [self._example(each, merged) for each in changes[:EXAMPLES]],
            }
            for table, changes in by_table.items()
        ]

    def _example(self, change: Json, merged: set[str | None]) -> str:
        """A key of the merged rows is shown as the key that it is, whatever the column that names them is called."""
        told = []
        for row in beside(change, self._concealed, self._most):
            old, new = change["before"].get(row.column), (change["after"] or {}).get(row.column)
            if row.differs and {old, new} <= merged:
                told.append(f"{inert(row.column)} {self._concealed.key(old)} → {self._concealed.key(new)}")
            elif row.differs:
                told.append(f"{inert(row.column)} {row.before} → {row.after}")
        return f"{self._concealed.key(change['key'])}: {', '.join(told)}"


def _stays(row: Mapping[str, Any], why: str) -> bool:
    return why.startswith(reason_words.in_its_place(reason_words.row_name(row["table"], row["key"])))


def _beside(row: Beside, op: str) -> Json:
    """An added or a removed row differs as a whole, which is told of it anyhow."""
    differs = row.differs and op == "update"
    return {"column": inert(row.column), "cells": [row.before or "", row.after or ""], "differs": [False, differs]}
