"""Which cases may stand in one plan: by hand, and against a simple-minded model of the rule."""

from __future__ import annotations

import random

import pytest
from mendbook.model import Case, Change, Row
from mendbook.plans.conflicts import Claims, Places

KEYS = {"t": ("id",), "u": ("a", "b"), "n": ()}


def test_a_million_numbers_would_do() -> None:
    places, kept = Places(4), {}
    drawn = random.Random(7)
    for number in range(5_000):
        key = drawn.getrandbits(64) or 1
        places.add(key, number)
        kept.setdefault(key, number)
        places.add(key, 99)
    assert len(places) == len(kept)
    assert all(places.get(key) == number for key, number in kept.items())
    assert places.get(12345) is None


def test_hashes_that_share_a_place() -> None:
    places = Places(8)
    for key in (8, 16, 24):
        places.add(key, key)
    assert [places.get(key) for key in (8, 16, 24, 32)] == [8, 16, 24, None]


def case(key: str, *changes: Change, **more: tuple[object, ...]) -> Case:
    return Case("null_flag", None, key, "set", "low", changes, **more)  # type: ignore[arg-type]


def update(table: str, key: str, after: str) -> Change:
    return Change("", table, "update", key, "{}", after)


def why(*cases: Case) -> str | None:
    """Why the last one waits, after the others were taken."""
    claims = Claims(KEYS)
    for number, each in enumerate(cases[:-1]):
        claims.take(each, number)
    found = claims.conflict(cases[-1])
    return None if found is None else f"{found.case} {found.why}"


ONE = case("1", update("t", "5", '{"id":"5"}'))


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (case("2", update("t", "6", '{"id":"6"}')), None),
        (case("2", update("t", "6", '{"id":"5"}')), "0 changes the same row"),
        (case("2", update("t", "6", '{"id":"6","note":"\\"id\\":\\"5\\""}')), None),
        (case("2", update("u", '["5","6"]', '{"a":"5","b":"6"}')), None),
        (case("2", Change("", "t", "delete", "5", "{}", None)), "0 changes the same row"),
        (case("2", Change("", "t", "insert", "5", None, "{}")), "0 changes the same row"),
        (case("2", Change("", "t", "insert", None, None, "{}")), None),
        (case("2", kept=(Row("t", "5"),)), "0 changes a row that this one relies on"),
        (case("2", kept=(Row("t", "6"),)), None),
        (case("1", update("t", "9", '{"id":"9"}')), "0 is about the same profile or code"),
    ],
)
def test_beside_a_changed_row(other: Case, told: str | None) -> None:
    assert why(ONE, other) == told


def test_composite_keys_and_none_at_all() -> None:
    moved = case("1", update("u", '["1","2"]', '{"a":"1","b":"3"}'))
    assert why(moved, case("2", Change("", "u", "delete", '["1","3"]', "{}", None))) == "0 changes the same row"
    assert why(moved, case("2", Change("", "u", "delete", '["1","4"]', "{}", None))) is None
    gone = case("1", Change("", "n", "delete", None, '{"x":"1"}', None))
    assert why(gone, case("2", Change("", "n", "update", None, '{"x":"1"}', '{"x":"2"}'))) == "0 changes the same row"
    assert why(gone, case("2", Change("", "n", "delete", None, '{"x":"2"}', None))) is None


def test_images_may_be_objects() -> None:
    change = Change("", "t", "update", "1", {"id": "1"}, {"id": "5"})
    assert why(ONE, case("2", change)) == "0 changes the same row"


def test_the_rule_against_sets() -> None:
    """Random small cases: what is taken is what a model with plain sets takes."""
    drawn = random.Random(11)
    claims, taken = Claims(KEYS), []
    for number in range(2_000):
        rows = drawn.sample(range(3_000), 2)
        kept = tuple(Row("t", str(row)) for row in drawn.sample(range(3_000), 2))
        owns = (f"o{drawn.randrange(3_000)}",)
        made = case(f"k{number}", *(Change("", "t", "delete", str(row), "{}", None) for row in rows), kept=kept, owns=owns)
        changed, relied = {str(row) for row in rows}, {row.key for row in kept}
        free = all(not (changed & (c | k) or relied & c or owns[0] in o) for c, k, o in taken)
        assert (claims.conflict(made) is None) == free
        if free:
            claims.take(made, number)
            taken.append((changed, relied, set(owns)))
    assert 300 < len(taken) < 2_000
