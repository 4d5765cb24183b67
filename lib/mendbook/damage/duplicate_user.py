"""Several accounts of the same person: their e-mails, or their user names, are the same but for case and blanks.

What it looks like: "I know I have an account, but my orders are gone": they are in the other one.

What causes it: check-then-insert with a unique constraint on the exact spelling; a second try, after an error, in
another spelling. Accounts that share an e-mail with one and a user name with another are one chain, hence one case.
Names match names and e-mails match e-mails; blanks match nothing.

Repairs: merge (one account survives, references and profiles move to it); deactivate the others.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import CTE, Select

from mendbook.damage.deactivating import deactivate_others
from mendbook.damage.merging import RISK_OF_USERS, merge_users
from mendbook.damage.shape import damaged_groups, sharing
from mendbook.model import Damage, Repair
from mendbook.tables import Tables


def find(tables: Tables) -> list[Select[Any]]:
    rows = _rows(tables)
    return [] if rows is None else [damaged_groups(rows, None, tables.users.name)]


def _rows(tables: Tables) -> Select[Any] | None:
    """Every account that shares a name or an e-mail, with the smallest key of its chain as case_key."""
    mapping = tables.users.mapping
    ways = [_sharing(tables, column) for column in (mapping.email, mapping.username) if column is not None]
    if not ways:
        return None
    users, text, key = tables.users, tables.text, mapping.key
    shared = sa.union_all(*ways).cte("shared")
    accounts = (
        sa.select(
            text.key(users.column(key)).label("row_key"),
            tables.order_key(users, key).label("place"),
            text.microseconds(tables.created(None)).label("moment"),
            shared.c.way,
            shared.c.value,
        )
        .select_from(users.sql.join(shared, shared.c.own == users.column(key)))
        .cte("sharing_accounts")
    )
    node = sa.func.dense_rank().over(order_by=accounts.c.place)
    numbered = sa.select(accounts, node.label("node")).cte("numbered")
    chain = _chains(numbered)
    accounts = sa.select(numbered.c.node, numbered.c.row_key, numbered.c.place, numbered.c.moment).distinct().cte("accounts")
    smallest = accounts.alias("smallest")
    return sa.select(
        smallest.c.row_key.label("case_key"),
        accounts.c.row_key,
        accounts.c.row_key.label("user_key"),
        accounts.c.moment,
        accounts.c.place,
        sa.cast(sa.null(), sa.Integer).label("blank"),
    ).select_from(accounts.join(chain, chain.c.node == accounts.c.node).join(smallest, smallest.c.node == chain.c.chain))


def _sharing(tables: Tables, column: str) -> Select[Any]:
    """The accounts whose ``column`` is the same person's as another account's."""
    users = tables.users
    shared = sharing(tables, tables.text.fold(users.column(column)), users, users.mapping.key)
    return sa.select(shared.c.own, sa.literal(column, sa.Text).label("way"), shared.c.value)


def _chains(numbered: CTE) -> CTE:
    """(node, chain): the smallest account of each chain that e-mails and names link together.

    Every group of accounts is a star around its smallest one. From each account that is the smallest of all its groups
    the walk goes on, but only to larger accounts: the smallest of a chain reaches all of it that way, and the others
    give up early, so that long chains do not cost the square of their length.
    """
    hub = sa.func.min(numbered.c.node).over(partition_by=(numbered.c.way, numbered.c.value))
    spokes = sa.select(numbered.c.node, hub.label("hub")).cte("spokes")
    apart = spokes.c.node != spokes.c.hub
    # once: the walk would sort them anew at every step
    edges = (
        sa.union(
            sa.select(spokes.c.node.label("here"), spokes.c.hub.label("there")).where(apart),
            sa.select(spokes.c.hub, spokes.c.node).where(apart),
        )
        .cte("edges")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    starts = sa.select(spokes.c.node).group_by(spokes.c.node).having(sa.func.min(spokes.c.hub) == spokes.c.node).subquery()
    walk = sa.select(starts.c.node.label("chain"), starts.c.node.label("node")).cte("walk", recursive=True)
    step = sa.select(walk.c.chain, edges.c.there).join(edges, edges.c.here == walk.c.node)
    walk = walk.union(step.where(edges.c.there > walk.c.chain))
    return sa.select(walk.c.node, sa.func.min(walk.c.chain).label("chain")).group_by(walk.c.node).cte("chains")


DAMAGE = Damage(
    "duplicate_user",
    "Several accounts of the same person",
    find,
    pairs=True,
    repairs=(
        Repair("merge", "Merge the accounts into one", RISK_OF_USERS, merge_users),
        Repair("deactivate", "Deactivate the accounts but one", "medium", deactivate_others),
    ),
)
