"""What a drill is told: the description of a registration, its errors, the hosts in mendbook.toml, and the caps."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import mendbook
import pytest
import racelab
from mendbook.config import load, load_form
from mendbook.drills.people import AT_ONCE, BEHAVIOURS, counted, names, new_mark, plan
from mendbook.drills.traffic import MOST_AT_ONCE, MOST_PEOPLE, MOST_REQUESTS, MOST_SECONDS, Bounds
from mendbook.errors import ConfigError
from mendbook.settings.drill import DrillForm
from support.commands import command_in

FORM = """
path = "/register"
send = "json"
ok = [201]

[fields]
email = "{email}"
"""
DRILLS = Path(racelab.__file__).parent / "drills"


def refusal(folder: Path, text: str) -> ConfigError:
    file = folder / "drill.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_form(file)
    assert str(file) in error.value.message
    return error.value


def test_the_least_that_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "drill.toml").write_text(FORM)
    form = load_form(tmp_path / "drill.toml")
    assert (form.path, form.send, form.ok, form.refused, form.requests) == ("/register", "json", [201], [400, 409, 422], 2)


def test_the_example_is_a_description_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = command_in(tmp_path, monkeypatch, capsys)("drill", "--example")
    assert answer.code == 0
    (tmp_path / "drill.toml").write_text(answer.out)
    assert load_form(tmp_path / "drill.toml").csrf is not None
    uncommented = re.sub(r"^# (?=\[|\w+ = |[\w-]+ = )", "", answer.out, flags=re.MULTILINE)
    (tmp_path / "drill.toml").write_text(uncommented)
    whole = load_form(tmp_path / "drill.toml")
    assert whole.headers_env == {"Authorization": "STAGING_AUTHORIZATION"}
    assert [step.path for step in whole.before] == ["/accounts/terms/"]


@pytest.mark.parametrize("system", racelab.SYSTEMS)
def test_the_four_systems_are_described_in_files_and_in_mendbook_toml_alike(system: str) -> None:
    assert racelab.system_named(system).mapping["drill"] == tomllib.loads((DRILLS / f"{system}.toml").read_text())
    assert load_form(DRILLS / f"{system}.toml") == load(racelab.MAPPINGS).source(system).drill


def test_the_other_descriptions_can_be_read_too() -> None:
    beside = {path.stem for path in DRILLS.glob("*.toml")} - {*racelab.SYSTEMS}
    assert {load_form(DRILLS / f"{name}.toml").path for name in beside} == {"/accounts/staff/register/"}


WRONG = {
    "an unknown name": (FORM + '[csrff]\npage = "/"', "csrff is not a known name", "Did you mean 'csrf'"),
    "an unknown name of a step": (
        FORM + '[[before]]\npath = "/"\nfeilds = {}',
        "before.0.feilds is not a known name",
        "fields",
    ),
    "no path": (FORM.replace('path = "/register"', ""), "path is missing", "docs/drill.md"),
    "another host": (FORM.replace('"/register"', '"//evil.example.com/register"'), "names no host", "docs/drill.md"),
    "a whole URL": (FORM.replace('"/register"', '"http://evil.example.com/"'), "names no host", ""),
    "a line break in the path": (FORM.replace('"/register"', '"/a\\nb"'), "names no host", ""),
    "no TOML": ("path = ", "is not TOML", ""),
    "another method": (FORM.replace('send = "json"', 'method = "DELETE"'), "method", ""),
    "a placeholder that is none": (FORM.replace("{email}", "{mail}"), "{mail} is nothing that a drill fills in", ""),
    "nobody to be found again": (FORM.replace("{email}", "a@example.com"), "nobody could tell which rows", ""),
    "a status that means two things": (
        FORM.replace("ok = [201]", "ok = [201, 400]"),
        "status 400 stands in ok and in refused",
        "",
    ),
    "a status as text": (FORM.replace("[201]", '["201"]'), "ok.0", ""),
    "no status": (FORM.replace("[201]", "[]"), "ok", ""),
    "a date": (FORM + "born = 2000-01-01", "is no text, number", ""),
    "a table in a form": (FORM.replace("json", "form") + "user = { a = 1 }", "a form has no lists and tables", ""),
    "a header of the connection": (FORM + '[headers]\nHost = "evil.example.com"', "no header that a form may set", ""),
    "two headers in one": (FORM + '[headers]\nX-A = "a\\r\\nHost: b"', "plain text in one line", ""),
    "people without a mark": (FORM + '[people]\nemail = "{n}@example.com"', "it must hold {mark} and {n}", ""),
    "a token that goes nowhere": (FORM + '[csrf]\npage = "/"\ncookie = "c"', "it is sent nowhere", ""),
    "a token from nowhere": (FORM + '[csrf]\npage = "/"\nheader = "X-C"', "it is found nowhere", ""),
    "a gap the wrong way round": ("gap_ms = [90, 10]" + FORM, "[at least, at most]", ""),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_description_is_refused_where_it_is_wrong(tmp_path: Path, wrong: str) -> None:
    text, message, hint = WRONG[wrong]
    error = refusal(tmp_path, text)
    assert message in error.message
    assert hint in error.hint


def test_a_missing_file_names_the_example(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load_form(tmp_path / "none.toml")
    assert "mendbook drill --example" in error.value.hint


MAPPED = """
[sources.shop]
url_env = "SHOP_URL"
[sources.shop.users]
table = "auth_user"
"""


@pytest.mark.parametrize(
    ("lines", "where", "known"),
    [
        ("[drill.host]", "drill.host", "hosts"),
        ('[drill.hosts."https://staging.example.com"]\nowned = true', "owned", "i_own_this"),
        ('[sources.shop.drill]\npath = "/"\nfield = {}', "sources.shop.drill.field", "fields"),
    ],
)
def test_mendbook_toml_is_read_as_strictly(tmp_path: Path, lines: str, where: str, known: str) -> None:
    (tmp_path / "mendbook.toml").write_text(MAPPED + lines)
    with pytest.raises(ConfigError) as error:
        load(tmp_path / "mendbook.toml")
    assert f"{where} is not a known name" in error.value.message
    assert known in error.value.hint


def test_only_who_says_so_owns_a_host(tmp_path: Path) -> None:
    said = (
        '[drill.hosts."https://a.example.com"]\ni_own_this = true\n[drill.hosts."https://b.example.com"]\ni_own_this = false\n'
    )
    (tmp_path / "mendbook.toml").write_text(MAPPED + said + '[drill.hosts."https://c.example.com"]')
    assert load(tmp_path / "mendbook.toml").drill.owned == {"https://a.example.com"}


# -- caps ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bounds",
    [
        {"people": MOST_PEOPLE + 1},
        {"people": 0},
        {"concurrency": MOST_AT_ONCE + 1},
        {"concurrency": 0},
        {"seconds": MOST_SECONDS + 1},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
    ],
)
def test_nothing_goes_beyond_the_caps(bounds: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="a drill takes"):
        Bounds(**bounds)  # type: ignore[arg-type]


def test_a_long_description_leaves_room_for_fewer_people(tmp_path: Path) -> None:
    (tmp_path / "drill.toml").write_text(FORM + '[[before]]\npath = "/a"\n' * 8)
    form = load_form(tmp_path / "drill.toml")
    assert form.requests == 18
    with pytest.raises(ConfigError) as error:
        Bounds(people=MOST_REQUESTS // 18 + 1).check(form)
    assert f"--people {MOST_REQUESTS // 18}" in error.value.hint
    assert Bounds(people=MOST_REQUESTS // 18).check(form) <= MOST_REQUESTS


# -- people --------------------------------------------------------------------------------------------------------------


def form_of(tmp_path: Path) -> DrillForm:
    (tmp_path / "drill.toml").write_text(FORM)
    return load_form(tmp_path / "drill.toml")


def test_a_seed_makes_people_behave_the_same_under_another_mark(tmp_path: Path) -> None:
    form = form_of(tmp_path)
    one, same, other = plan(form, "0" * 8, 40, 7), plan(form, "1" * 8, 40, 7), plan(form, "0" * 8, 40, 8)
    told = [[(each.behaviour, each.gap) for each in journeys] for journeys in (one, same, other)]
    assert told[0] == told[1] != told[2]
    assert len({each.person.password for each in (*one, *same)}) == 80
    assert "Aa1-" not in repr(one)


def test_everybody_is_found_by_what_they_are_called_in_any_spelling(tmp_path: Path) -> None:
    form, mark = form_of(tmp_path), new_mark()
    journeys = plan(form, mark, 60, 1)
    usernames, emails = names(form.people, mark, 60)
    for journey in journeys:
        place = journey.person.number - 1
        for person in (journey.person, journey.other):
            assert person.username.strip().lower() == usernames[place]
            assert person.email.strip().lower() == emails[place]
    respelled = [each for each in journeys if each.behaviour in ("spelling", "again")]
    assert all(each.other.email != each.person.email for each in respelled)
    assert any(each.other.email.endswith(" ") for each in respelled)


@pytest.mark.parametrize("people", [1, 2, 4, 40])
def test_even_a_small_drill_races(tmp_path: Path, people: int) -> None:
    counts = counted(plan(form_of(tmp_path), new_mark(), people, 3))
    assert sum(counts.values()) == people
    assert sum(counts[name] for name in AT_ONCE) >= min(people, 2)
    assert people < 4 or all(counts[name] for name in BEHAVIOURS)


def test_the_package_has_the_example() -> None:
    assert (Path(mendbook.__file__).parent / "commands" / "drill.toml").is_file()
