"""What the schema lacks, the statements that build it while everybody goes on writing, and what they would meet today.

Reads only. The statements are text for a person to run as the tables' owner: mendbook never changes the schema of a source.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mendbook.damage.missing_constraint import weaknesses
from mendbook.database import Database
from mendbook.dialects import building_of
from mendbook.display import frame_html, inert
from mendbook.guards.advice import Advice, code_advice
from mendbook.guards.breaks import Looking
from mendbook.guards.django import Migration, migration
from mendbook.guards.making import Guard, Making, place

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Guards:
    """All of a source, in the order in which they are built.

    running   sentences on how to run the statements
    script, rollback  all statements in order for one session, with how long each may wait
    patient   makes such a script of some of them
    advice    what the application's code should do, a value for each table that people are written to
    """

    source: str
    guards: tuple[Guard, ...]
    running: tuple[str, ...]
    script: tuple[str, ...]
    rollback: tuple[str, ...]
    advice: tuple[Advice, ...]
    django: Migration | None
    patient: Callable[[Sequence[str]], tuple[str, ...]]

    def text(self) -> str:
        """The script as psql reads it, with what takes it back in comments below."""
        parts = [
            f"-- What builds the constraints that {inert(self.source)} lacks. Outside any transaction, as the tables' owner."
        ]
        parts += [f"-- {inert(line)}" for line in self.running]
        for guard in self.guards:
            weakness = guard.weakness
            parts.append(f"\n-- {inert(weakness.table)}.{inert(weakness.column)}: {inert('; '.join(weakness.reasons))}")
            if guard.built.cannot:
                parts.append(f"-- No statement builds {guard.part}: {inert(guard.built.cannot)}")
            if guard.breaks.any and guard.built.statements:
                parts.append(f"-- IT WOULD FAIL TODAY: {guard.breaks.words()}")
            parts += [f"{statement};" for statement in self.patient(guard.built.statements)]
        back = [f"-- {statement};" for statement in self.rollback]
        return "\n".join([*parts, *(["\n-- To take all of it back:", *back] if back else [])]) + "\n"

    def frame(self) -> DataFrame:
        """A row a constraint: where, what it lacks, whether it would be built now (yes, no, unknown), what is in the way."""
        import pandas as pd

        rows = []
        for guard in self.guards:
            weakness = guard.weakness
            would = {True: "yes", False: "no", None: "unknown"}[guard.would_build]
            why = guard.built.cannot or guard.breaks.unknown or guard.breaks.words()
            rows.append((weakness.table, weakness.column, "; ".join(weakness.reasons), would, why))
        return pd.DataFrame(rows, columns=["table", "column", "lacks", "would be built", "in the way"])

    def _repr_html_(self) -> str:
        if not self.guards:
            return "<p>Nothing is missing: the schema forbids what the application believes impossible.</p>"
        script = html.escape("\n".join(inert(line) for line in self.text().splitlines()))
        return f"{frame_html(self.frame(), 'What the schema lacks')}<pre>{script}</pre>"

    def as_json(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "constraints": [guard.as_json() for guard in self.guards],
            "running": self.running,
            "script": self.script,
            "rollback": self.rollback,
            "advice": [asdict(each) for each in self.advice],
            "django": self.django and asdict(self.django),
        }


def take(database: Database, reveal: bool = False, django: bool = False, app: str = "", after: str = "") -> Guards:
    """The guards of a source, in one snapshot. With ``django`` a migration of them, for the app ``app``, after its ``after``.

    Raises ConfigError, MappingError, Refused, ConnectionFailed, QueryStopped.
    """
    with database.snapshot() as snapshot:
        tables = snapshot.tables
        relations = {t.relation.identity: t.relation for t in (tables.users, *tables.profiles)}
        building = building_of(snapshot.connection, list(relations.values()))
        making = Making(snapshot, building, Looking(snapshot, reveal))
        guards = tuple(making.guard(weakness) for weakness in sorted(weaknesses(tables), key=place))
        built = [guard.built for guard in guards]
        file = migration(snapshot, building, [(g.weakness, g.built) for g in guards], app, after) if django else None
        return Guards(
            database.source.name,
            guards,
            building.advice if any(each.statements for each in built) else (),
            building.patient([line for each in built for line in each.statements]),
            building.patient([line for each in reversed(built) for line in each.rollback]),
            code_advice(snapshot, building, django),
            file,
            building.patient,
        )
