"""Pairs of accounts that somebody has said are not one person (``mendbook except``), and the cases that hold such a pair.

The finder does not link the two; a third account that shares something with both still makes them one case, and a repair of
that case would treat them as one person. Such a case is left to people. A conversation; it changes nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.damage.held import Merging
from mendbook.mapping.tables import Tables


def leave_told_apart(tables: Tables, mergings: Sequence[Merging]) -> Generator[Any, Sequence[Any], None]:
    """Leave the cases of which two accounts are known not to be one person."""
    if tables.exceptions is None:
        return
    users = {row.row_key: merging for merging in mergings for row in merging.found.rows}
    answer = yield pairs_of(tables, list(users))
    for one, other in sorted((row[0], row[1]) for row in answer):
        if users.get(other) is users[one]:
            users[one].leave(
                f"accounts {one} and {other} are known not to be one person (mendbook except), and another account shares"
                " something with both: change what they share, or tell that one apart too"
            )


def pairs_of(tables: Tables, users: Sequence[str]) -> Select[Any]:
    """The pairs of which the first is one of ``users`` (keys), as (first_key, second_key)."""
    pairs = tables.exceptions
    assert pairs is not None
    listed = tables.text.listed("asked_accounts", {"key": users}, numbers=())
    kept = pairs.join(listed, tables.text.key(pairs.c.first_key) == listed.c.key)
    # "table" as the mapping or the catalogue names it, keys in the order of their letters
    of_users = pairs.c["table"].in_(tables.users.names)
    return sa.select(pairs.c.first_key, pairs.c.second_key).select_from(kept).where(of_users)
