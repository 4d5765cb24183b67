"""What a case's folder says of one repair: the rows afterwards, what is drawn on the way, who is left, what a reviewer adds."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from support.row_texts import Dump, Row, differences, parted

UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
#: Words for the patterns of drawn values; anything else in a ``-- drawn:`` line is a pattern itself.
PATTERNS = {"uuid4": UUID4, "now": r"\d{4}-\d\d-\d\d[ T].*", "new": r"\S+"}
_DRAWN = re.compile(r"^-- drawn: (?P<table>.+)\.(?P<column>[^.\n]+) (?P<pattern>\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Drawn:
    """A column of which the repair draws values: those that no row had before, and their pattern."""

    table: str
    column: str
    pattern: str

    @property
    def unique(self) -> bool:
        """Whether every drawn value is another one; one moment may be that of many rows."""
        return self.pattern != "now"

    def fits(self, value: str | None) -> bool:
        return value is not None and re.fullmatch(PATTERNS.get(self.pattern, self.pattern), value) is not None


@dataclass(frozen=True)
class Left:
    """A case that the repair leaves: "left" (the plan says why, and makes no case), "blocked" by these blockers, or "any"
    of the two where the definitions leave it open."""

    name: str
    why: str
    blockers: tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """What a reviewer says beside approving everything: waive BLOCKER, accept or decline OPTION, of one case."""

    name: str
    word: str
    what: str


@dataclass(frozen=True)
class Repaired:
    """One repair of one case's folder."""

    folder: Path
    repair: str

    @property
    def kind(self) -> str:
        return self.folder.parent.name

    @property
    def script(self) -> str:
        """The statements that a careful hand would have typed into the database of before.sql."""
        return (self.folder / f"after_{self.repair}.sql").read_text(encoding="utf-8")

    @property
    def drawn(self) -> list[Drawn]:
        return [Drawn(_full(met["table"]), met["column"], met["pattern"]) for met in _DRAWN.finditer(self.script)]

    @property
    def rounds(self) -> int:
        """How many plans it takes: where two cases are about one row, the second waits for the next."""
        met = re.search(r"^-- rounds: (\d+)$", self.script, re.MULTILINE)
        return int(met[1]) if met else 1

    @property
    def left(self) -> list[Left]:
        return [
            Left(self._name(row), "blocked" if row["why"].startswith("blocked") else row["why"], tuple(row["why"].split()[1:]))
            for row in self._read(f"left_{self.repair}.csv")
        ]

    @property
    def said(self) -> list[Said]:
        return [Said(self._name(row), row["says"], row["what"]) for row in self._read(f"review_{self.repair}.csv")]

    @property
    def stays(self) -> dict[str, str]:
        """The cases that nothing can take back, each with words of the reason; where there are any, there are no others."""
        return {self._name(row): row["why"] for row in self._read(f"stays_{self.repair}.csv")}

    def _name(self, row: dict[str, str]) -> str:
        return "/".join(part for part in (self.kind, row["profile"], row["case_key"]) if part)

    def _read(self, name: str) -> list[dict[str, str]]:
        path = self.folder / name
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def differences(self, before: Dump, expected: Dump, actual: Dump) -> list[str]:
        """What is not as it should be, a line a row, drawn values held against their patterns and against each other."""
        told, settled = [], {name: list(rows) for name, rows in actual.items()}
        for table in {each.table for each in self.drawn}:
            drawn = [each for each in self.drawn if each.table == table]
            missing, over = parted(expected[table], actual.get(table, []))
            for row in missing:
                met = next((other for other in over if _alike(row, other, drawn, before[table])), None)
                if met is not None:
                    over.remove(met)
                    settled[table][settled[table].index(met)] = row
            told += [line for each in drawn for line in _not_fresh(each, before[table], expected[table], actual[table])]
        return told + differences(expected, settled)


def every(folders: Iterable[Path]) -> list[Repaired]:
    """Every repair that the folders show."""
    return [
        Repaired(folder, file.stem.removeprefix("after_")) for folder in folders for file in sorted(folder.glob("after_*.sql"))
    ]


def _full(table: str) -> str:
    return table if "." in table else f"public.{table}"


def _alike(expected: Row, actual: Row, drawn: list[Drawn], before: list[Row]) -> bool:
    """Whether the rows are the same but for values drawn where the expected row has one that is new."""
    columns = {each.column: each for each in drawn}
    for name, value in expected.items():
        if value == actual.get(name):
            continue
        is_new = name in columns and value not in {row[name] for row in before}
        if not is_new or not columns[name].fits(actual[name]):
            return False
    return True


def _not_fresh(drawn: Drawn, before: list[Row], expected: list[Row], actual: list[Row]) -> list[str]:
    """Complaints where fewer values were drawn than should have been, or one twice."""
    known = {row[drawn.column] for row in before}
    wanted, found = ([v for v in (row[drawn.column] for row in rows) if v not in known] for rows in (expected, actual))
    told = [f"{drawn.table}.{drawn.column}: {len(found)} values were drawn, not {len(wanted)}"] * (len(found) != len(wanted))
    if drawn.unique and len(set(found)) != len(found):
        told.append(f"{drawn.table}.{drawn.column}: drawn twice among {sorted(map(str, found))}")
    return told
