"""What doctor tells of a database: each thing that is wrong, and what to do about it."""

from __future__ import annotations

import pytest
from mendbook.dialects import postgresql_health
from mendbook.doctor import Check, examine
from support.shop import Shop


def checks(shop: Shop, name: str) -> list[Check]:
    book = shop.book()
    return [check for check in examine(book.source, book.settings, book.outputs) if check.name == name]


def test_a_healthy_collation_is_not_mentioned(shop: Shop) -> None:
    assert checks(shop, "collations") == []


def test_a_collation_whose_rules_changed_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    # the embedded servers know no collation that has versions: what the catalogue would answer is put in its place
    monkeypatch.setattr(postgresql_health, "changed", lambda *_: ["the database's own"])
    told = checks(shop, "collations")
    assert [check.state for check in told] == ["warning"]
    assert "the database's own" in told[0].message
    assert "REFRESH COLLATION VERSION" in told[0].hint
