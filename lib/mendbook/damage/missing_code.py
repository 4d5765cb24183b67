"""A profile row without the code that every person must have.

What it looks like: no barcode on the page, a scan that finds nobody.

What causes it: the signal made the row, and the view that draws the code died before it did, or drew it for the other
row of the pair.

Repairs: draw (a new code, in the way that the mapping says).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.damage.shape import damaged_rows
from mendbook.model import Damage
from mendbook.tables import Tables


def find(tables: Tables) -> list[Select[Any]]:
    codes = [(profile, profile.present(profile.mapping.codes)) for profile in tables.profiles]
    return [
        damaged_rows(tables, profile, sa.or_(*(tables.text.blank(code) for code in columns)))
        for profile, columns in codes
        if columns
    ]


DAMAGE = Damage("missing_code", "Profiles without their code", find, needs=("codes",))
