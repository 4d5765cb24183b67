"""A small share of the faults of ``make faults`` (tests/faults), always the same ones: after each, nothing is harmed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from faults.harness import Harness, harness
from faults.house import House
from faults.kinds import KINDS, Scene, finished

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
FAULTS = 14


@pytest.fixture(scope="module")
def breaking() -> Iterator[Harness]:
    before = dict(os.environ)
    try:
        with harness(users=60) as made:
            yield made
    finally:  # a house names its database in the environment, which is other tests', too
        os.environ.clear()
        os.environ.update(before)


def test_no_fault_does_harm(breaking: Harness) -> None:
    tally = breaking.run(FAULTS, seed=4)
    assert not tally.violations, "\n".join(tally.violations)
    assert tally.faults.total() >= FAULTS
    assert tally.checks > FAULTS


def test_no_fault_does_harm_beside_an_application_that_writes_the_same_rows(breaking: Harness) -> None:
    before = breaking.tally.faults.total()
    breaking.round(seed=7, enough=before + 8)
    assert not breaking.tally.violations, "\n".join(breaking.tally.violations)
    assert breaking.tally.faults.total() >= before + 8
    assert breaking.tally.writes > 0


@pytest.fixture
def scene(breaking: Harness) -> Iterator[Scene]:
    with breaking.scene(seed=1) as made:
        made.house.propose()
        yield made
        finished(made)


@pytest.mark.parametrize("name", ["overtaken while suspended", "idle transaction timed out", "server crash and restart"])
def test_the_rarer_faults(scene: Scene, name: str) -> None:
    assert any(KINDS[name][0](scene) for _ in range(4))  # a slow machine may end a run before it comes to the fault
    finished(scene)
    assert not scene.told
    assert scene.house.harm() == []
    assert _completed(scene)["stale"] == 0
    assert scene.house.harm() == []


def test_a_checker_that_sees_no_harm_sees_it_where_there_is_some(scene: Scene) -> None:
    """The harness would be worth nothing if it could not fail."""
    assert _completed(scene)["applied"] == scene.house.cases
    house: House = scene.house
    assert house.harm() == []
    house.execute("UPDATE customer SET phone = 'nobody' WHERE id = 1")
    assert any("not by the ledger" in each for each in house.harm())


def _completed(scene: Scene) -> dict[str, int]:
    for _ in range(60):
        child = scene.apply()
        if child.end() == 0:
            return child.document
        # the server may take a while to notice that one who was killed is gone
        assert "Another repair" in child.said, child.said
    raise AssertionError(child.said)
