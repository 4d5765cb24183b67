"""What mendbook init guesses by the shape of tables alone: relations made here, and no database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mendbook.dialects import Column, ForeignKey, Index, Relation
from mendbook.errors import MappingError
from mendbook.guessing import Belonging, Block, Line, Sample, unasked
from mendbook.guessing.blocks import fits, judge, profile_blocks
from mendbook.guessing.profile_columns import lines as profile_lines
from mendbook.guessing.profile_rows import by_user
from mendbook.guessing.profile_tables import ProfileCandidate, reversed_references
from mendbook.guessing.profile_tables import candidates as profile_candidates
from mendbook.guessing.references import soft_rights
from mendbook.guessing.user_columns import is_secret, roles
from mendbook.guessing.user_tables import candidates, choose, user_key

FAMILIES = {"int": "integer", "text": "text", "bool": "boolean", "time": "time", "uuid": "uuid"}


def table(name: str, columns: str, unique: tuple[str, ...] = (), to: dict[str, Relation] | None = None) -> Relation:
    """``columns`` as "id:int phone:text?", a ? where one may be NULL; the first is the primary key, or those before a |."""
    keys, _, rest = columns.partition("|") if "|" in columns else (columns.split()[0], "", columns.partition(" ")[2])
    made = {}
    for each in [*keys.split(), *rest.split()]:
        called, _, kind = each.partition(":")
        plain = kind.rstrip("?")
        made[called] = Column(called, plain, FAMILIES[plain], kind.endswith("?"))
    primary = tuple(each.partition(":")[0] for each in keys.split())
    indexes = [index(each) for each in unique]
    references = [ForeignKey(f"{one}_fk", (one,), other.identity, ("id",), True) for one, other in (to or {}).items()]
    return Relation(hash(name), "public", name, "table", -1, made, tuple(indexes), tuple(references), primary_key=primary)


def index(columns: str) -> Index:
    names = tuple(columns.split())
    return Index("_".join(names), names, names, tuple(False for _ in names), None, True)


USERS = table("users", "id:int email:text password:text", ("email",))


def found(*others: Relation, users: Relation = USERS) -> dict[str, ProfileCandidate]:
    relations = {each.name: each for each in (users, *others)}
    return {each.table: each for each in profile_candidates(relations, users, "id", [])}


def written(relation: Relation, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {line.key: line.value for line in profile_lines(relation, "user_id", rows, "now") if line.active}


@pytest.mark.parametrize(
    ("columns", "unique", "wanted"),
    [
        ("id:int nick:text? email:text", (), None),  # what people call themselves, two of them the same
        ("id:int nick:text? email:text", ("nick",), "nick"),
        ("id:int username:text email:text", (), "username"),  # its index is what the damage has taken
        ("id:int user_id:text email:text", (), "user_id"),
    ],
)
def test_a_name_to_log_in_with(columns: str, unique: tuple[str, ...], wanted: str | None) -> None:
    assert roles(table("user", columns, unique)).first("username") == wanted


def test_a_reference_is_no_user_name() -> None:
    assert roles(table("federated_user", "id:int user_id:text", to={"user_id": USERS})).first("username") is None


def test_a_password_in_another_language_is_not_read() -> None:
    secret = [
        name for name in ("passwort", "mot_de_passe", "contrasena", "phone") if is_secret(Column(name, "text", "text", True))
    ]
    assert secret == ["passwort", "mot_de_passe", "contrasena"]


PEOPLE = table("account_user", "tenant_id:int id:int | email:text username:text password:text created_at:time")


@pytest.mark.parametrize("step", [1, 0])
def test_a_key_of_several_columns(step: int) -> None:
    """One of them will do where it names each row read; where none does, nothing is taken, and nothing fails."""
    rows = tuple({"tenant_id": n % 3, "id": n * step, "email": f"u{n}"} for n in range(30))
    relations, samples = {"account_user": PEOPLE}, {"account_user": Sample(rows, True)}
    if step:
        chosen, _ = choose(candidates(relations), samples, relations, None, unasked)
        assert user_key(chosen, samples) == "id"
    else:
        with pytest.raises(MappingError, match="no single column names its rows"):
            choose(candidates(relations), samples, relations, None, unasked)


def test_a_table_of_users_that_has_no_name_is_told() -> None:
    relations = {"user": table("user", "id:text enabled:bool"), "letter": table("letter", "id:int email:text")}
    with pytest.raises(MappingError, match="--users user takes it"):
        choose(candidates(relations), {}, relations, None, unasked)


def test_what_is_no_profile() -> None:
    teams = table("teams", "id:int name:text")
    others = [
        table("team_member", "id:int user_id:int team_id:int joined_at:time", to={"user_id": USERS, "team_id": teams}),
        table("api_apikey", "id:int user_id:int key:text", ("user_id",), {"user_id": USERS}),
        table("linked_account", "id:int user_id:int phone:text", to={"user_id": USERS}),
    ]
    assert found(teams, *others) == {}


def test_a_user_of_another_table_is_meant() -> None:
    customers = table("customer", "id:int email:text password:text")
    config = table("config_preference", "id:int user_id:int", ("user_id",))
    assert list(found(config, users=customers)) == ["config_preference"]
    assert found(config, table("user", "id:int email:text"), users=customers) == {}


def test_what_somebody_owns_one_of_is_theirs() -> None:
    alone = table("user_profile", "id:int owner_id:int phone:text", ("owner_id",), {"owner_id": USERS})
    assert found(alone)["user_profile"].user == "owner_id"
    assert found(replace(alone, unique_indexes=())) == {}


def test_the_users_once_more_are_no_profiles() -> None:
    assert found(table("user", "uid:int langcode:text"), users=replace(USERS, name="users_data")) == {}


def test_users_may_name_their_person() -> None:
    people = table("people", "id:int phone:text")
    users = table("users", "id:int login:text person_id:int", to={"person_id": people})
    assert "cannot be mapped" in reversed_references({"people": people, "users": users}, users)[0]


def doubt(relation: Relation, rows: list[dict[str, Any]], users: Sample, whole: Sample | None = None) -> str:
    """What is told of the one candidate; empty where it is mapped, "none" where its rows speak against it."""
    judged = judge(found(relation)[relation.name], Belonging(tuple(rows), by_user(rows, "user_id")), users, "id", [], "now")
    if not fits(judged, users, "id"):
        return "none"
    _, warnings = profile_blocks([replace(judged, whole=whole or Sample())], users, "id", unasked)
    return " ".join(warnings)


EVERYBODY = Sample(tuple({"id": n} for n in range(30)), True)
ROWS = [{"user_id": n} for n in range(30)]


def test_rows_of_nobody() -> None:
    guests = table("customer", "id:int user_id:int? phone:text", ("user_id",), {"user_id": USERS})
    whole = Sample((*ROWS, *({"user_id": None} for _ in range(10))), True)
    assert "10 of 40 rows read belong to nobody" in doubt(guests, ROWS, EVERYBODY, whole)
    assert doubt(guests, ROWS, EVERYBODY, Sample(tuple(ROWS), True)) == ""


def test_one_to_one_is_not_enough_where_there_are_no_users() -> None:
    standing = table("standing", "id:int user_id:int since:time", ("user_id",), {"user_id": USERS})
    assert "too few users to tell" in doubt(standing, [], Sample())
    assert doubt(standing, ROWS, EVERYBODY) == ""
    assert doubt(replace(standing, name="profile"), [], Sample()) == ""


def test_one_for_each_of_something_else() -> None:
    events = table("event", "id:int name:text")
    speaker = table(
        "speaker_profile", "id:int user_id:int event_id:int bio:text arrived:bool", to={"user_id": USERS, "event_id": events}
    )
    twice = [{"user_id": n, "event_id": event} for n in range(30) for event in (1, 2)]
    assert doubt(speaker, twice, EVERYBODY) == "none"
    same = [{**row, "event_id": 1} for row in twice]  # what a race does
    assert "each row is of one event_id, too" in doubt(speaker, same, EVERYBODY)
    assert doubt(replace(speaker, foreign_keys=speaker.foreign_keys[:1]), same, EVERYBODY) == ""
    columns = "id:int user_id:int event_id:int phone:text hired:time"
    both = table("employee", columns, ("user_id event_id",), {"user_id": USERS, "event_id": events})
    assert "unique together with event_id only" in doubt(both, [{"user_id": n, "event_id": 1} for n in range(30)], EVERYBODY)


def test_what_a_form_asks_for_comes_first() -> None:
    profile = table(
        "profile", "id:int user_id:int bio:text? phone:text? address:text? settings:text? can_lend:bool? dark:bool?"
    )
    rows = [
        {
            "bio": "b" if n % 3 == 0 else None,
            "phone": str(n) if n % 6 else "",
            "address": "a" if n % 6 else "",
            "settings": "{}" if n % 2 else None,
            "can_lend": None if n % 3 else True,
            "dark": None if n % 3 else True,  # not chosen yet
        }
        for n in range(60)
    ]
    lines = written(profile, rows)
    assert lines["filled"] == ["phone", "address"]
    assert lines["flags"] == {"can_lend": False}


def test_json_is_no_form() -> None:
    profile = table("profile", "id:int user_id:int settings:text? extra_data:text?")
    assert "filled" not in written(
        profile, [dict.fromkeys(("settings", "extra_data"), "{}" if n % 3 else None) for n in range(30)]
    )


def test_rights_without_a_foreign_key() -> None:
    block = Block("users", (Line("key", "id", ""),))
    relations = {
        each.name: each
        for each in (table("role_assignments", "id:int roleid:int userid:int"), table("posts", "id:int user:int"))
    }
    assert soft_rights(relations, ["role_assignments.userid -> users.id", "posts.user -> users.id"], block) == [
        "role_assignments"
    ]
