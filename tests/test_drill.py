"""mendbook drill, as a person types it, and notebook 06: on a small application that is sound, and on one that races."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pyarrow.parquet as parquet
import pytest
from mendbook.drills import drill
from mendbook.drills import target as drill_target
from mendbook.drills.view import DrillView, NotDrilled
from mendbook.errors import ConfigError, QueryStopped, Refused
from mendbook.reports.reports import render_report
from mendbook.runs import run
from mendbook.workbook import Workbook
from support.commands import Command, command_in
from support.people import AUTHOR, REVIEWER, People
from support.registering import DRILL, FORM, KEYS, NO_CONSTRAINTS, Application, registering
from support.shop import MAPPING, Shop

PEOPLE = 12


@pytest.fixture
def mendbook(shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return command_in(shop.home, monkeypatch, capsys)


@pytest.fixture
def described(shop: Shop) -> Shop:
    """The shop, whose mendbook.toml tells how its application registers people."""
    shop.execute(KEYS)
    return shop.map(MAPPING + DRILL)


@pytest.fixture
def sound(described: Shop) -> Iterator[Application]:
    with registering(described.database.url) as application:
        yield application


@pytest.fixture
def racing(described: Shop) -> Iterator[Application]:
    described.execute(NO_CONSTRAINTS)
    with registering(described.database.url, racing=True) as application:
        yield application


def typed(mendbook: Command, application: Application, *arguments: str) -> Any:
    return mendbook("drill", application.base_url, "--people", str(PEOPLE), "--json", *arguments)


# -- the command ---------------------------------------------------------------------------------------------------------


def test_a_sound_application(shop: Shop, sound: Application, mendbook: Command) -> None:
    answer = typed(mendbook, sound, "--source", "shop")
    assert answer.code == 0, answer.err
    told = answer.document
    assert (told["state"], told["accounts"], told["complete"]) == ("closed", PEOPLE, True)
    assert set(told["statuses"]) == {"201", "400"}
    assert told["statuses"]["201"] == PEOPLE
    assert told["fingerprint"]["outcomes"]["refused"] == told["statuses"]["400"]
    assert not any(count["rows"] for count in told["counts"].values())
    assert shop.execute("SELECT count(*) FROM auth_user") == [(5 + PEOPLE,)]
    folder = Path(told["folder"])
    rows = parquet.read_table(told["requests_file"]).to_pylist()
    assert len(rows) == told["requests"] == len(sound.requests)
    assert {row["outcome"] for row in rows} == {"ok", "refused"}
    assert (folder / "figures" / "1-latency.svg").is_file()
    assert "The race is closed, as far as" in answer.words
    assert "12 made-up people register at" in answer.words


def test_a_racing_application(racing: Application, mendbook: Command) -> None:
    answer = typed(mendbook, racing, "--source", "shop")
    assert answer.code == 1, answer.err
    told, marks = answer.document, answer.document["fingerprint"]
    assert told["state"] == "open"
    assert told["statuses"]["500"] >= PEOPLE
    assert marks["error_though_made"] == told["statuses"]["500"]
    assert marks["ghosts"] == PEOPLE
    assert marks["two_rows"] == PEOPLE
    assert marks["two_accounts"] > 0
    assert marks["gap_ms"]["median"] < 5_000
    assert told["counts"]["duplicate_profile"]["cases"] == told["accounts"] > PEOPLE
    assert set(told["constraints"]) == {"auth_user.email", "auth_user.username", "customer.user_id"}
    assert "although the account is there" in answer.words
    assert f"mendbook drill --remove {told['mark']} --source shop" in answer.words


def test_nobody_elses_rows_are_counted(shop: Shop, sound: Application, mendbook: Command) -> None:
    shop.execute(
        "INSERT INTO customer (user_id, phone, barcode, invited) SELECT NULL, '', NULL, NULL FROM generate_series(1, 9)"
    )
    shop.execute("INSERT INTO auth_user (username, email) SELECT 'lonely' || n, 'l' || n FROM generate_series(1, 9) n")
    assert typed(mendbook, sound, "--source", "shop").document["state"] == "closed"


def test_what_is_sent(sound: Application, mendbook: Command) -> None:
    told = typed(mendbook, sound, "--source", "shop").document
    marked = re.compile(rf"drill-{told['mark']}-\d{{4}}@example\.com\s?", re.IGNORECASE)
    assert all(marked.fullmatch(body["email"]) for _, _, body in sound.requests)
    assert {path for path, _, _ in sound.requests} == {"/register"}
    assert all(headers["User-Agent"] == "mendbook-drill" for _, headers, _ in sound.requests)
    assert len({body["password"] for _, _, body in sound.requests}) == PEOPLE


def test_no_password_is_kept_or_shown(shop: Shop, sound: Application, mendbook: Command) -> None:
    answer = typed(mendbook, sound, "--source", "shop")
    passwords = {body["password"] for _, _, body in sound.requests}
    texts = [
        answer.out,
        answer.err,
        *(path.read_bytes().decode("latin-1") for path in shop.outputs.rglob("*") if path.is_file()),
    ]
    assert not [text[:80] for text in texts for password in passwords if password in text]


def test_without_a_source_the_rows_are_not_known(shop: Shop, sound: Application, mendbook: Command) -> None:
    (shop.home / "drill.toml").write_text(FORM)
    shop.config.unlink()
    answer = typed(mendbook, sound, "--form", "drill.toml")
    assert answer.code == 0, answer.err
    told = answer.document
    assert (told["state"], told["source"], told["accounts"], told["counts"]) == ("unknown", None, None, None)
    assert "name the application's database with --source" in answer.words
    report = Path(told["report"]).read_text("utf-8")
    assert "It cannot be told whether the race is open." in report


def test_a_form_with_a_token_from_a_page(shop: Shop, sound: Application, mendbook: Command) -> None:
    csrf = '\n[csrf]\npage = "/register"\ncookie = "csrf"\nheader = "X-CSRFToken"\n'
    (shop.home / "drill.toml").write_text(FORM.replace('"json"', '"form"') + csrf)
    answer = typed(mendbook, sound, "--form", "drill.toml", "--source", "shop")
    assert answer.document["state"] == "closed", answer.err
    assert {headers["X-CSRFToken"] for _, headers, _ in sound.requests} == {"c00kie"}
    assert {each["part"] for each in answer.document["other_statuses"]} == {"page"}
    assert answer.document["warnings"] == []


def test_a_token_that_is_not_there_is_told(shop: Shop, sound: Application, mendbook: Command) -> None:
    csrf = '\n[csrf]\npage = "/register"\ncookie = "csrftoken"\nfield = "csrfmiddlewaretoken"\n'
    (shop.home / "drill.toml").write_text(FORM.replace('"json"', '"form"') + csrf)
    answer = typed(mendbook, sound, "--form", "drill.toml", "--source", "shop")
    assert "pages held no token" in answer.words


def test_a_wrong_description_is_told_as_such(shop: Shop, sound: Application, mendbook: Command) -> None:
    (shop.home / "drill.toml").write_text(FORM.replace("[201]", "[202]").replace("[400]", "[409]"))
    answer = typed(mendbook, sound, "--form", "drill.toml", "--source", "shop")
    assert (answer.code, answer.document["state"]) == (0, "unknown")
    assert "the description knows nothing of" in answer.words


def test_an_application_on_another_database(shop: Shop, sound: Application, mendbook: Command) -> None:
    copies = [f"CREATE TABLE other.{name} (LIKE {name} INCLUDING ALL)" for name in ("auth_user", "customer")]
    shop.execute("; ".join(["CREATE SCHEMA other", *copies]))
    elsewhere = MAPPING.replace('table = "auth_user"', 'table = "other.auth_user"')
    shop.map(elsewhere.replace('table = "customer"', 'table = "other.customer"') + DRILL)
    answer = typed(mendbook, sound, "--source", "shop")
    assert answer.document["state"] == "unknown"
    assert "does the application write to another database?" in answer.words


def test_a_database_that_cannot_be_asked_costs_nothing_of_the_answers(
    shop: Shop, sound: Application, mendbook: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any) -> Any:
        raise QueryStopped("The statement took too long.", "Wait.")

    monkeypatch.setattr(drill, "look", stopped)
    told = typed(mendbook, sound, "--source", "shop").document
    assert told["statuses"]["201"] == PEOPLE
    assert "The statement took too long." in told["warnings"][0]
    assert (shop.outputs / "drills" / f"{told['mark']}.json").is_file()


# -- refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "No application is named"),
        (("http://192.0.2.1", "--source", "shop"), "192.0.2.1 is not this machine"),
        (("http://ana:pw@127.0.0.1", "--source", "shop"), "A user or a password in the URL"),
        (("http://127.0.0.1:1", "--source", "shop"), "Nobody listens"),
        (("http://127.0.0.1:1", "--source", "none"), "has no source 'none'"),
        (("http://127.0.0.1:1",), "--form drill.toml"),
        (("http://127.0.0.1:1", "--form", "none.toml"), "There is no"),
        (("http://127.0.0.1:1", "--source", "shop", "--people", "501"), "a drill takes 1 to 500"),
        (("http://127.0.0.1:1", "--source", "shop", "--concurrency", "65"), "a drill takes 1 to 64"),
        (("http://127.0.0.1:1", "--source", "shop", "--seconds", "601"), "a drill takes 1 to 600"),
        (("http://127.0.0.1:1", "--source", "shop", "--author", "a"), "takes an author, their key and the source"),
        (("http://127.0.0.1:1", "--source", "shop", "--author", "a", "--key", "none"), "people who may sign"),
        (("--remove", "7f3a91c2"), "A plan has an author"),
        (("--remove", "7f3a91c2", "--author", "a", "--key", "k"), "There was no drill"),
    ],
)
def test_refused_before_anything_is_sent(described: Shop, mendbook: Command, arguments: tuple[str, ...], words: str) -> None:
    answer = mendbook("drill", *arguments)
    assert answer.code == 2
    assert words in answer.words
    assert "pw@" not in answer.err
    assert not (described.outputs / "runs").exists()
    assert not (described.outputs / "drills").exists()


def test_a_source_without_a_description_says_how_to_make_one(mendbook: Command) -> None:
    answer = mendbook("drill", "http://127.0.0.1:1", "--source", "shop")
    assert answer.code == 2
    assert "[sources.shop.drill]" in answer.words
    assert "mendbook drill --example" in answer.words


def test_another_machine_takes_the_configuration(described: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    described.map(MAPPING + DRILL + '[drill.hosts."http://192.0.2.7:8000"]\ni_own_this = true\n')
    monkeypatch.setattr(drill_target, "_listening", lambda addresses, _: str(next(iter(addresses))))
    book = described.book()
    made = book.prepare_drill("http://192.0.2.7:8000")
    assert not made.target.loopback
    assert "40 made-up people register at http://192.0.2.7:8000/register" in made.words()[0]
    with pytest.raises(Refused, match=r"192\.0\.2\.8 is not this machine"):
        book.prepare_drill("http://192.0.2.8:8000")


def test_an_interrupted_drill_can_still_be_removed(
    shop: Shop, sound: Application, mendbook: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(drill, "_look", interrupted)
    answer = typed(mendbook, sound, "--source", "shop")
    assert answer.code == 130
    people = People(shop.home)
    key = people.key(AUTHOR)
    (record,) = (shop.outputs / "drills").glob("*.json")
    [folder] = (shop.outputs / "runs").iterdir()
    assert json.loads((folder / "result.json").read_text())["state"] == "unknown"
    made = shop.book().remove_drill(record.stem, AUTHOR, key)
    assert made["cases"] == PEOPLE


# -- removal, start to end -----------------------------------------------------------------------------------------------


def test_from_drill_to_removal(shop: Shop, racing: Application, mendbook: Command) -> None:
    people = People(shop.home)
    author, reviewer = people.key(AUTHOR), people.key(REVIEWER)
    mark = typed(mendbook, racing, "--source", "shop").document["mark"]
    answer = mendbook("drill", "--remove", mark, "--author", AUTHOR, "--key", str(author), "--json")
    assert answer.code == 0, answer.err
    assert "Accounts that a drill made up" in answer.words
    plan = answer.document["plan"]
    assert answer.document["by_kind"] == {"drill_user": answer.document["cases"]}
    assert mendbook("show", plan).code == 0
    assert mendbook("sign", plan, "--as", REVIEWER, "--key", str(reviewer), "--approve", "drill_user").code == 0
    done = mendbook("apply", plan, "--commit", "--json")
    assert done.code == 0, done.err
    assert shop.execute("SELECT count(*) FROM auth_user") == [(5,)]
    assert shop.execute("SELECT count(*) FROM customer") == [(5,)]
    receipt = Path(done.document["receipt"]["html"]).read_text("utf-8")
    assert "Accounts that a drill made up" in receipt
    assert mendbook("drill", "--remove", mark, "--author", AUTHOR, "--key", str(author)).words.endswith(
        "There is nothing to remove."
    )


def test_the_removal_is_planned_at_once_where_somebody_signs_it(shop: Shop, sound: Application, mendbook: Command) -> None:
    key = str(People(shop.home).key(AUTHOR))
    answer = typed(mendbook, sound, "--source", "shop", "--author", AUTHOR, "--key", key)
    assert answer.code == 0, answer.err
    assert answer.document["removal"]["by_kind"] == {"drill_user": PEOPLE}
    assert "To remove what it made" not in answer.words
    assert f"mendbook show {answer.document['removal']['plan']}" in answer.words


# -- the notebook --------------------------------------------------------------------------------------------------------


def played(shop: Shop, **parameters: Any) -> tuple[Path, str]:
    record = run("drill", "shop", parameters, config=shop.config, outputs=shop.outputs)
    assert (record.error, record.state, record.notes) == (None, "finished", ())
    folder = Path(record.folder)
    report = (folder / "report.html").read_text("utf-8")
    assert "Could not be read" not in report
    assert not re.search(r"<(script|img|iframe|link)\b", report)
    return folder, report


def test_the_notebook_with_a_url_and_with_its_defaults(described: Shop, sound: Application) -> None:
    folder, report = played(described, base_url=sound.base_url, people=8)
    assert "The race is closed, as far as" in report
    assert "Answers to registrations" in report
    assert "How long registrations took" in report
    assert (folder / "figures" / "1-latency.png").is_file()
    assert "mendbook drill --remove" in report
    sent = len(sound.requests)

    again, report = played(described)
    assert len(sound.requests) == sent, "the last drill is shown, and nothing sent"
    assert "Nothing was sent. What follows is the drill of" in report
    assert (again / "figures" / "1-latency.svg").is_file()
    assert not (again / "requests.parquet").exists()
    assert "The race is closed" in (described.outputs / "index.html").read_text("utf-8")


def test_where_nothing_was_drilled_a_run_says_how_to_begin(
    described: Shop, sound: Application, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "20261121T120000Z-drill-shop"
    folder.mkdir()
    monkeypatch.setenv("MENDBOOK_RUN", str(folder))
    assert isinstance(described.book().drill(), NotDrilled)
    report = render_report(folder)
    assert "Nothing was sent: base_url is empty, and there was no drill of shop yet." in report
    assert "mendbook drill http://127.0.0.1:8000 --source shop" in report
    assert sound.requests == []


def test_the_views_in_a_cell(described: Shop, sound: Application) -> None:
    book = described.book()
    none = book.drill()
    assert isinstance(none, NotDrilled)
    assert "base_url is empty" in none.verdict()._repr_html_()
    with pytest.raises(AttributeError):
        none.nonsense()
    view = book.drill(sound.base_url, people=4)
    assert isinstance(view, DrillView)
    assert "closed" in repr(view)
    assert "closed" in repr(view.verdict())
    assert list(view.statuses().frame["means"]) == ["ok", "refused"]
    assert "registrations were answered" in view.latency().description
    assert "No damage of any kind" in view.damage().note
    again = book.drill()
    assert "Nothing was sent" in repr(again)
    assert view.removal().frame["command"][0].startswith("mendbook drill --remove")


def test_a_loop_that_runs_already_is_no_hindrance(described: Shop, sound: Application) -> None:
    """As in a notebook's kernel."""
    import asyncio

    async def cell() -> Any:
        return described.book().drill(sound.base_url, people=4)

    assert asyncio.run(cell()).result["state"] == "closed"


def test_a_cell_that_is_stopped_stops_the_drill(described: Shop, sound: Application) -> None:
    import asyncio
    import os
    import signal
    import threading
    import time

    described.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END'"
    )
    described.execute("CREATE TRIGGER slow BEFORE INSERT ON auth_user FOR EACH ROW EXECUTE FUNCTION slow()")

    def stop() -> None:
        while len(sound.requests) < 3:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    async def cell() -> Any:
        threading.Thread(target=stop, daemon=True).start()
        return described.book().drill(sound.base_url, people=200, concurrency=2)

    previous = signal.signal(signal.SIGINT, signal.default_int_handler)  # as a kernel has it: no loop's own
    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(cell())
    finally:
        signal.signal(signal.SIGINT, previous)
        loop.close()
    assert 3 <= len(sound.requests) < 150
    [folder] = (described.outputs / "runs").iterdir()
    told = json.loads((folder / "result.json").read_text())
    assert (told["state"], told["complete"]) == ("unknown", False)


def test_what_the_notebook_calls_exists() -> None:
    book = nbformat.read(Path(__file__).parent.parent / "notebooks" / "06_drill.ipynb", as_version=4)
    calls = {
        node.func.attr
        for cell in book.cells
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "drill"
    }
    assert calls == {name for name in vars(DrillView) if not name.startswith("_")}


def test_no_description_and_no_file(shop: Shop) -> None:
    with pytest.raises(ConfigError, match="Nobody has said"):
        Workbook.open("shop", shop.config, shop.outputs).drill("http://127.0.0.1:1")
