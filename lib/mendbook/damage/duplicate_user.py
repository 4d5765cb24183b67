"""Several accounts of the same person: their e-mails, or their user names, are the same but for case and blanks.

What it looks like: "I know I have an account, but my orders are gone": they are in the other one.

What causes it: check-then-insert with a unique constraint on the exact spelling; a second try, after an error, in
another spelling. Accounts that share an e-mail with one and a user name with another are one chain, hence one case.
Names match names and e-mails match e-mails; blanks match nothing. Two accounts that somebody has said are not one person
(``mendbook except``) are not linked to one another; a third that shares something with both still makes them one case,
which no repair takes up.

Repairs: merge (one account survives, references and profiles move to it); deactivate the others.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import CTE, Select, TableClause

from mendbook.damage.deactivating import deactivate_others
from mendbook.damage.merging import RISK_OF_USERS, merge_users
from mendbook.damage.shape import damaged_groups, sharing
from mendbook.dialects.expressions import larger, once, smaller
from mendbook.dialects.joins import first_then
from mendbook.mapping.tables import Tables
from mendbook.model import Damage, Repair


def find(tables: Tables) -> list[Select[Any]]:
    rows = _rows(tables)
    return [] if rows is None else [damaged_groups(tables, rows, None, tables.users.name)]


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
        .select_from(first_then(shared, users.sql, shared.c.own == users.column(key)))
        .cte("sharing_accounts")
    )
    node = sa.func.dense_rank().over(order_by=accounts.c.place)
    numbered = once(sa.select(accounts, node.label("node")).cte("numbered"))
    chain = _chains(numbered, None if tables.exceptions is None else _excepted(tables, tables.exceptions, numbered))
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


def _excepted(tables: Tables, kept: TableClause, numbered: CTE) -> CTE:
    """The pairs of accounts (by node, the smaller first) that somebody has said are not the same person."""
    own = sa.select(numbered.c.node, numbered.c.row_key).distinct().cte("own")
    one, other = own.alias("one"), own.alias("other")
    nodes = (smaller(one.c.node, other.c.node).label("first"), larger(one.c.node, other.c.node).label("second"))
    pairs = kept.join(one, tables.text.key(kept.c.first_key) == one.c.row_key)
    return (
        sa.select(*nodes)
        .select_from(pairs.join(other, tables.text.key(kept.c.second_key) == other.c.row_key))
        .where(kept.c["table"].in_(tables.users.names))
        .distinct()
        .cte("excepted")
    )


def _linked(spokes: CTE, excepted: CTE) -> CTE:
    """The links (here, there) among accounts of which some are known not to be the same person: no link joins those two.

    A group that holds such a pair has a link for each other pair of its accounts; other groups stay stars. Two accounts that
    are told apart may still be in one chain, where a third shares something with both.
    """
    one, other = spokes.alias("parted_one"), spokes.alias("parted_other")
    same = sa.and_(one.c.way == other.c.way, one.c.value == other.c.value)
    apart = sa.and_(one.c.node == excepted.c.first, other.c.node == excepted.c.second)
    together = excepted.join(one, one.c.node == excepted.c.first).join(other, same)
    parted = sa.select(one.c.way, one.c.value).select_from(together).where(apart).distinct().cte("parted")
    here, there = spokes.alias("here"), spokes.alias("there")
    beside = sa.and_(here.c.way == there.c.way, here.c.value == there.c.value, here.c.node < there.c.node)
    in_parted = sa.exists().where(parted.c.way == spokes.c.way, parted.c.value == spokes.c.value)
    told_apart = sa.exists().where(excepted.c.first == here.c.node, excepted.c.second == there.c.node)
    whole = sa.select(spokes.c.hub.label("one"), spokes.c.node.label("other")).where(spokes.c.node != spokes.c.hub, ~in_parted)
    pairs = (
        sa.select(here.c.node, there.c.node)
        .select_from(here.join(parted, sa.and_(parted.c.way == here.c.way, parted.c.value == here.c.value)).join(there, beside))
        .where(~told_apart)
    )
    links = sa.union(whole, pairs).cte("links")
    both = sa.union(sa.select(links.c.one.label("here"), links.c.other.label("there")), sa.select(links.c.other, links.c.one))
    return once(both.cte("edges"))


def _chains(numbered: CTE, excepted: CTE | None) -> CTE:
    """(node, chain): the smallest account of each chain that e-mails and names link together.

    Every group of accounts is a star around its smallest one. From each account that is the smallest of all its groups
    the walk goes on, but only to larger accounts: the smallest of a chain reaches all of it that way, and the others
    give up early, so that long chains do not cost the square of their length.
    """
    hub = sa.func.min(numbered.c.node).over(partition_by=(numbered.c.way, numbered.c.value))
    ways = () if excepted is None else (numbered.c.way, numbered.c.value)
    spokes = sa.select(numbered.c.node, hub.label("hub"), *ways).cte("spokes")
    if excepted is not None:
        edges = _linked(spokes, excepted)
        first: Select[Any] = sa.select(edges.c.here.label("node")).group_by(edges.c.here)
        first = first.having(sa.func.min(edges.c.there) > edges.c.here)
    else:
        apart = spokes.c.node != spokes.c.hub
        # once: the walk would sort them anew at every step
        both = sa.union(
            sa.select(spokes.c.node.label("here"), spokes.c.hub.label("there")).where(apart),
            sa.select(spokes.c.hub, spokes.c.node).where(apart),
        )
        edges = once(both.cte("edges"))
        first = sa.select(spokes.c.node).group_by(spokes.c.node).having(sa.func.min(spokes.c.hub) == spokes.c.node)
    starts = first.subquery()
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
