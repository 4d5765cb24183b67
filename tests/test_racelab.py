"""The four systems under concurrent registrations: each damage that the race is known for appears, or does not.

Every question is asked by SQL of its own here, not by mendbook's finders, so that the two can be held against each
other.
"""

from __future__ import annotations

from collections import defaultdict

import pytest
from support.lab import Lab, Races
from support.race_damage import DAMAGE, EACH, OLDER_DAMAGE, plain

pytestmark = pytest.mark.race


@pytest.fixture(scope="module")
def broken(races: Races) -> dict[str, Lab]:
    return races.labs("broken")


@pytest.fixture(scope="module")
def fixed(races: Races) -> dict[str, Lab]:
    return races.labs("fixed")


@pytest.fixture(scope="module")
def fixed_without_constraints(races: Races) -> dict[str, Lab]:
    """The fixed code on the broken release's tables, as on a repaired database before its migration."""
    return races.labs("fixed", schema="broken")


@pytest.mark.parametrize(("system", "name"), EACH)
def test_broken_mode_makes(broken: dict[str, Lab], system: str, name: str) -> None:
    assert broken[system].report.complete
    assert broken[system].count(DAMAGE[system][name]) >= 1


@pytest.mark.parametrize("system", OLDER_DAMAGE)
def test_damage_older_than_the_race_is_there_and_told(broken: dict[str, Lab], system: str) -> None:
    assert broken[system].count(OLDER_DAMAGE[system]) >= 1
    assert all(sentence.startswith(f"{system}: ") for sentence in broken[system].old_damage)
    assert broken[system].old_damage


@pytest.mark.parametrize(("system", "name"), EACH)
def test_fixed_mode_under_the_same_traffic_makes_no(fixed: dict[str, Lab], system: str, name: str) -> None:
    assert fixed[system].count(DAMAGE[system][name]) == 0


@pytest.mark.parametrize(("system", "name"), EACH)
def test_fixed_mode_without_the_constraints_makes_no(fixed_without_constraints: dict[str, Lab], system: str, name: str) -> None:
    assert fixed_without_constraints[system].count(DAMAGE[system][name]) == 0


@pytest.mark.parametrize("system", DAMAGE)
def test_fixed_mode_answers_without_errors(
    fixed: dict[str, Lab], fixed_without_constraints: dict[str, Lab], system: str
) -> None:
    for lab in (fixed[system], fixed_without_constraints[system]):
        assert lab.report.complete
        assert all(0 < status < 500 for status in lab.report.statuses), lab.report.statuses
        log = lab.log("django.log") if (lab.logs / "django.log").exists() else ""
        assert "Traceback" not in log
        assert "AttributeError" not in log


@pytest.mark.parametrize("system", DAMAGE)
def test_fixed_mode_keeps_one_account_a_person(fixed: dict[str, Lab], system: str) -> None:
    users = "website_account" if system == "website" else "auth_user"
    for column in ("username", "email"):
        assert fixed[system].count(f"SELECT {plain(column)} FROM {users} GROUP BY 1 HAVING count(*) > 1") == 0


def test_logistics_dies_on_the_named_constraint_and_all_logs_tell(broken: dict[str, Lab]) -> None:
    lab = broken["logistics"]
    assert 500 in {each.status for each in lab.report.registrations}
    trace = lab.log("django.log")
    assert 'duplicate key value violates unique constraint "accounts_customerprofile_user_id_key"' in trace
    assert ") already exists." in trace
    assert "Traceback (most recent call last)" in trace
    assert '"POST /accounts/customer/register/ HTTP/1.1" 500' in lab.log("access.log")
    assert '"status": 500' in lab.log("access.json")
    assert "Booting worker" in lab.log("gunicorn.log")


def test_logistics_staff_by_hand_have_a_customer_profile_only(broken: dict[str, Lab]) -> None:
    assert broken["logistics"].count("""
        SELECT user_id FROM accounts_customerprofile JOIN auth_user ON auth_user.id = user_id WHERE is_staff
        AND NOT EXISTS (SELECT FROM accounts_staffprofile WHERE user_id = auth_user.id)""")


def test_logistics_fixed_gives_everyone_one_profile_of_the_right_kind(fixed: dict[str, Lab]) -> None:
    assert fixed["logistics"].count("SELECT id FROM auth_user") > 10
    assert not fixed["logistics"].count("""
        SELECT auth_user.id FROM auth_user WHERE 1 <>
        (SELECT count(*) FROM accounts_customerprofile WHERE user_id = auth_user.id AND NOT is_staff)
        + (SELECT count(*) FROM accounts_staffprofile WHERE user_id = auth_user.id AND is_staff)""")


def test_academy_tells_of_the_missing_profile_in_its_log(broken: dict[str, Lab]) -> None:
    assert "RelatedObjectDoesNotExist: User has no profile." in broken["academy"].log("django.log")
    assert "registration error:" in broken["academy"].log("console.log")
    assert 500 in {each.status for each in broken["academy"].report.registrations}


def test_academy_fixed_gives_everyone_the_role_sent(fixed: dict[str, Lab]) -> None:
    lab = fixed["academy"]
    assert {each.status for each in lab.report.registrations} == {201, 400}
    sent = {person.username: person.role for each in lab.report.journeys for person in (each.person, each.friend)}
    stored = lab.rows("SELECT username, role FROM auth_user LEFT JOIN users_profile ON user_id = auth_user.id")
    assert stored
    assert all(sent[username] == role for username, role in stored)


def test_website_tells_people_that_exist_that_they_exist(broken: dict[str, Lab]) -> None:
    """Ghost accounts: the last answer was 'already exists', nobody ever logged in, and the account is there."""
    lab = broken["website"]
    last = defaultdict(list)
    for each in lab.report.registrations:
        last[each.username].append(each)
    told = {name for name, answers in last.items() if len(answers) > 1 and any(each.duplicate for each in answers)}
    ghosts = {name for (name,) in lab.rows("SELECT username FROM website_account WHERE last_login IS NULL")}
    assert told & ghosts


def test_website_fixed_answers_politely_and_has_its_index(fixed: dict[str, Lab]) -> None:
    lab = fixed["website"]
    assert {each.status for each in lab.report.registrations} == {200, 201}
    indexes = "SELECT indexdef FROM pg_indexes WHERE tablename = 'website_account' AND indexdef LIKE '%UNIQUE%lower(%'"
    assert lab.count(indexes) == 2


def test_references_to_users_are_many_and_real(broken: dict[str, Lab]) -> None:
    assert broken["attendance"].count("SELECT id FROM attendance_signin")
    assert broken["logistics"].count("SELECT customer_ref FROM billing_invoice JOIN auth_user ON customer_ref = auth_user.id")
    assert broken["logistics"].count("SELECT id FROM accounts_shipment")
    assert broken["website"].count("SELECT id FROM website_comment")
    for system in DAMAGE:
        table = "django_session" if system == "website" else "auth_user_groups"
        broken[system].rows(f"SELECT * FROM {table}")


def test_the_report_tells_which_answers_spoke_of_a_duplicate(broken: dict[str, Lab]) -> None:
    for system in ("logistics", "academy", "website"):
        assert any(each.duplicate for each in broken[system].report.registrations), system
        assert not all(each.duplicate for each in broken[system].report.registrations), system


def test_the_report_holds_every_request(broken: dict[str, Lab]) -> None:
    for lab in broken.values():
        assert lab.report.seed == 1
        assert sum(lab.report.statuses.values()) == len(lab.report.exchanges)
        assert all(each.at.utcoffset().total_seconds() == 0 and each.seconds >= 0 for each in lab.report.exchanges)
        assert {each.email for each in lab.report.registrations if each.email}
        logged = lab.log("access.log").count("HTTP/1.1")
        assert logged >= len(lab.report.exchanges)
