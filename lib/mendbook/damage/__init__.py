"""The catalogue of damage: every module of this folder that ends in a constant DAMAGE is a kind.

A new kind is one file here and one folder of test cases; nothing else has to know of it (docs/add-a-kind.md).
"""

from __future__ import annotations

import inspect
import pkgutil
from dataclasses import replace
from functools import cache
from importlib import import_module

from mendbook.errors import ConfigError, known
from mendbook.model import Damage

#: Kinds of cases that are no damage: a drill's people, who are taken out again (drilled.py).
BESIDE = {"drill_user": "Accounts that a drill made up"}


@cache
def catalogue() -> dict[str, Damage]:
    """Every kind of damage by its name, in the order of names."""
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    kinds = [replace(m.DAMAGE, help=inspect.cleandoc(m.__doc__ or "")) for m in modules if hasattr(m, "DAMAGE")]
    return {kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.name)}


def titles() -> dict[str, str]:
    """What each kind is in a few words; those too that plans may hold and no audit looks for."""
    return {**{kind.name: kind.title for kind in catalogue().values()}, **BESIDE}


def chosen(names: list[str] | None) -> list[Damage]:
    """The kinds called ``names`` (all where none are given); ConfigError lists the known ones."""
    kinds = catalogue()
    for name in names or ():
        if name not in kinds:
            raise ConfigError(f"There is no kind of damage called {name!r}.", known(name, kinds, "kind"))
    return [kind for kind in kinds.values() if not names or kind.name in names]
