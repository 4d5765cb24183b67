"""What holds now, read from real audits, real plans and real ledgers."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mendbook.alerts.watching import check_ledgers, watch
from mendbook.config import load
from mendbook.reviews import review
from mendbook.scheduling.history import History
from mendbook.scheduling.jobs import tasks
from support.ledgers import LedgerDatabase
from support.plans import AUTHOR, CASES
from support.plans import house as make_house
from support.shop import DAMAGE, DAMAGED, MAPPING, Shop, role

JOB = '\n[schedule.jobs.nightly]\nnotebook = "audit"\nsource = "shop"\ncron = "0 * * * *"\n'
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def audited(shop: Shop, history: History, at: datetime) -> None:
    """An audit that the schedule made at ``at``."""
    (task,) = tasks(load(shop.config))
    folder, _ = shop.book().take_audit()
    assert history.claim(task, at, at)
    entry = history.last(task)
    assert entry is not None
    history.end(entry, "finished", at, 0, folder=str(folder))


def test_damage_that_an_audit_finds_new(shop: Shop) -> None:
    shop.map(MAPPING + JOB)
    settings = load(shop.config)
    with History.open(settings, shop.outputs) as history:
        audited(shop, history, NOW - 2 * HOUR)
        assert not watch(settings, shop.outputs, history, datetime.now(UTC)).happenings
        shop.execute(DAMAGE)
        audited(shop, history, NOW - HOUR)
        (found,) = watch(settings, shop.outputs, history, datetime.now(UTC)).happenings
        assert found.title == f"shop: {sum(DAMAGED.values())} new cases of damage"
        assert {line.partition(":")[0] for line in found.lines[:-1]} == {*DAMAGED}
        assert found.lines[0].endswith(": 1 new, 0 gone, 0 there before")
        audited(shop, history, NOW)
        after = watch(settings, shop.outputs, history, datetime.now(UTC))
        assert not [each for each in after.happenings if each.lasts]
        assert "4 cases of damage are still there" in after.endings["new_damage/nightly/shop"]


def test_a_database_without_a_ledger_is_in_order_and_a_role_that_may_not_read_it_tells_nothing(shop: Shop) -> None:
    shop.map(MAPPING + JOB)
    settings = load(shop.config)
    with History.open(settings, shop.outputs) as history:
        audited(shop, history, NOW - HOUR)
        check_ledgers(settings, shop.outputs, history)
        assert "ledger_broken/shop" in watch(settings, shop.outputs, history, NOW).endings
        shop.execute("CREATE SCHEMA mendbook; CREATE TABLE mendbook.ledger (position bigint, plan text)")
        audited(shop, history, NOW)
        with role(shop.database) as (_, url):
            shop.use_url(url)
            check_ledgers(settings, shop.outputs, history)
        situation = watch(settings, shop.outputs, history, NOW)
        assert not [each for each in situation.happenings if each.topic == "ledger_broken"]


def test_a_ledger_that_somebody_has_edited(shop: Shop) -> None:
    shop.map(MAPPING + JOB)
    settings = load(shop.config)
    LedgerDatabase(shop.database).fill(3)
    with History.open(settings, shop.outputs) as history:
        for at, sql in ((NOW - 2 * HOUR, ""), (NOW - HOUR, "UPDATE mendbook.change SET key = 'x' WHERE batch = 2 AND seq = 3")):
            if sql:
                shop.execute(sql)
            audited(shop, history, at)
            check_ledgers(settings, shop.outputs, history)
            found = [each for each in watch(settings, shop.outputs, history, at).happenings if each.topic == "ledger_broken"]
            assert len(found) == bool(sql)
        assert "batch 2" in " ".join(found[0].lines)


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
def test_a_plan_that_nobody_has_reviewed(tmp_path: Path) -> None:
    house = make_house(tmp_path)
    now = datetime.now(UTC)
    expires = now + timedelta(hours=5)
    plan = house.plan(CASES, made_at=now.isoformat(), expires=expires.isoformat(), policy=house.settings.review.policy)
    review.sign_as_author(plan, AUTHOR, house.key(AUTHOR), house.settings, now)
    with History.open(house.settings, house.outputs) as history:
        found = watch(house.settings, house.outputs, history, now).happenings
        assert sorted(each.topic for each in found) == ["plan_expiring", "plan_waiting"]
        assert {each.key.partition("/")[2] for each in found} == {plan.id}
        assert f"{len(CASES)} cases" in found[0].lines[0]
        late = watch(house.settings, house.outputs, history, expires + HOUR)
        assert not late.happenings
        assert f"plan {plan.id} of shop expired on" in late.endings[f"plan_waiting/{plan.id}"]
