"""The four systems: where each project is, how far its database is migrated in each mode, and how mendbook maps it.

Imports no Django. Broken means the release before the fix, so its database stops at an earlier migration.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mendbook.errors import ConfigError, known

MAPPINGS = Path(__file__).parent / "mendbook.toml"
MODES = ("broken", "fixed")


@dataclass(frozen=True)
class System:
    """One application.

    label     the Django application whose migrations make its tables
    broken    the last migration of the release before the fix; fixed: that of the fix
    variants  other databases that the broken release was seen with, and the migration each stops at
    """

    name: str
    title: str
    label: str
    broken: str
    fixed: str
    variants: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> str:
        return f"racelab.{self.name}.settings"

    @property
    def url_env(self) -> str:
        """The environment variable that mendbook reads this system's URL from."""
        return str(self.mapping["url_env"])

    @property
    def mapping(self) -> dict[str, Any]:
        """``[sources.NAME]`` of the shipped mendbook.toml."""
        source: dict[str, Any] = tomllib.loads(MAPPINGS.read_text())["sources"][self.name]
        return source

    @property
    def mapping_text(self) -> str:
        """The same as it stands in the file, with its comments."""
        text = MAPPINGS.read_text()
        blocks = ["[sources." + block for block in text.split("\n[sources.")[1:]]
        own = [block for block in blocks if block.startswith((f"[sources.{self.name}]", f"[sources.{self.name}."))]
        return "\n".join(block.rstrip() + "\n" for block in own)

    def migration(self, mode: str, variant: str | None) -> str:
        """The migration that a database of this mode and variant stops at."""
        if mode not in MODES:
            raise ConfigError(f"There is no mode {mode!r}.", known(mode, MODES, "mode"))
        if variant is None:
            return self.broken if mode == "broken" else self.fixed
        if variant not in self.variants:
            raise ConfigError(f"{self.name} has no variant {variant!r}.", known(variant, self.variants, "variant"))
        return self.variants[variant]


SYSTEMS = {
    system.name: system
    for system in (
        System(
            "attendance",
            "staff sign in and out with a barcode",
            "attendance",
            broken="0001_initial",
            fixed="0003_one_barcode",
            variants={"constrained": "0002_one_staff_row"},
        ),
        System(
            "logistics",
            "customers and staff of an asset-logistics firm",
            "accounts",
            broken="0001_initial",
            fixed="0002_remove_duplicates",
        ),
        System(
            "academy",
            "a learning platform's JSON API",
            "users",
            broken="0002_can_invite_teachers",
            fixed="0003_can_invite_teachers_not_null",
            variants={"lacking": "0001_initial"},
        ),
        System(
            "website",
            "an account API with its own user model",
            "website",
            broken="0001_initial",
            fixed="0002_unique_without_case",
        ),
    )
}


def system_named(name: str) -> System:
    """The system, or an error that lists those there are."""
    if name not in SYSTEMS:
        raise ConfigError(f"There is no system {name!r}.", known(name, SYSTEMS, "system"))
    return SYSTEMS[name]
