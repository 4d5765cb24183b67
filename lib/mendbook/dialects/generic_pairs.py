"""Which sibling of a content type's column holds the key of the row that is meant: Django's generic relations by their names.

Pure: names in, pairs out. Dialects find the columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mendbook.dialects import Pair

#: What a content type's column is called, beside what it shares with its sibling.
_KIND = re.compile(r"(content_?type|ctype|ct|type|kind)?(_id)?$")


def pairs(holders: Sequence[tuple[int, str, Sequence[str]]]) -> tuple[Pair, ...]:
    """The pairs of (a table's identity, a column that may hold a content type, the table's other columns)."""
    holding: dict[int, list[str]] = {}
    for identity, kind, _ in holders:
        holding.setdefault(identity, []).append(kind)
    found = []
    for identity, kind, others in holders:
        prefix = _KIND.sub("", kind)
        wanted = [f"{prefix}object_id", f"{prefix}object_pk"]
        if len(holding[identity]) == 1:
            wanted += ["object_id", "object_pk"]
        if prefix and not set(wanted) & set(others):
            wanted = [f"{prefix}id"]
        found += [Pair(identity, kind, key) for key in dict.fromkeys(wanted) if key in others]
    return tuple(found)
