"""racelab's machinery: serving, plan, command line and pages; and the other databases of the broken release."""

from __future__ import annotations

import base64
import concurrent.futures
import io
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
import qrcode
import racelab
from mendbook.errors import ConfigError, ServerError
from racelab.people import BEHAVIOURS, plan
from support.databases import TestDatabase, TestServer, fresh_database

LIB = Path(racelab.__file__).parents[1]
pytestmark = pytest.mark.race
FORM = {"password": "pw-1", "department": "Transport", "phone": "+44 1632 960123"}


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(LIB)}


def register(client: httpx.Client, path: str, **form: str) -> httpx.Response:
    client.get(path)
    return client.post(path, data={**form, "csrfmiddlewaretoken": client.cookies["csrftoken"]})


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=120) as client:
        yield client


@pytest.fixture(scope="module")
def attendance(server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[racelab.App]:
    """The fixed attendance system, with an administrator."""
    with fresh_database(server) as database:
        racelab.migrate("attendance", "fixed", database.url)
        racelab.create_admin("attendance", database.url, "chief", "chief-password")
        with racelab.running("attendance", "fixed", database.url, tmp_path_factory.mktemp("logs"), workers=2) as app:
            yield app


# -- the pages of attendance -------------------------------------------------------------------------------------------


def test_the_qr_page_shows_the_code_and_scanning_it_signs_that_person_in(
    attendance: racelab.App, browser: httpx.Client
) -> None:
    browser.base_url = attendance.base_url
    page = register(browser, "/register/", username="scanned.person", email="scanned.person@example.com", **FORM)
    assert "Welcome, scanned.person" in page.text
    shown = browser.get("/my-barcode/").text
    code = re.search(r"ST-\d{6}", shown)
    picture = re.search(r"data:image/png;base64,([^\"]+)", shown)
    assert code
    assert picture
    drawn = io.BytesIO()
    qrcode.make(code.group(), box_size=6).save(drawn, "PNG")
    assert base64.b64decode(picture.group(1)) == drawn.getvalue()
    with httpx.Client(base_url=attendance.base_url, trust_env=False) as door:
        assert "scanned.person signed in." in register(door, "/barcode-scan/", code=code.group()).text
        assert "scanned.person signed out." in register(door, "/barcode-scan/", code=code.group()).text
        assert register(door, "/barcode-scan/", code="ST-999999").status_code == 404


def test_the_admin_lists_staff(attendance: racelab.App, browser: httpx.Client) -> None:
    browser.base_url = attendance.base_url
    register(browser, "/admin/login/", username="chief", password="chief-password", next="/admin/")
    listed = browser.get("/admin/attendance/staff/").text
    assert "chief" in listed
    assert re.search(r"ST-\d{6}", listed)


def test_a_form_without_its_token_is_refused(attendance: racelab.App) -> None:
    form = {"username": "forged", "email": "forged@example.com", **FORM}
    assert httpx.post(f"{attendance.base_url}/register/", data=form, trust_env=False).status_code == 403


# -- other databases of the broken release -----------------------------------------------------------------------------


@pytest.mark.thorough
def test_with_the_constraint_people_read_the_apology(database: TestDatabase, tmp_path: Path, browser: httpx.Client) -> None:
    racelab.migrate("attendance", "broken", database.url, variant="constrained")
    with racelab.running("attendance", "broken", database.url, tmp_path, workers=2) as app:
        browser.base_url = app.base_url
        page = register(browser, "/register/", username="ada", email="ada@example.com", **FORM)
    assert page.status_code == 200
    assert "An error occurred during registration. Please try again." in page.text
    assert "attendance_staff_user_id_key" in (tmp_path / "django.log").read_text()
    assert database.execute("SELECT department, phone, barcode FROM attendance_staff") == [("", "", None)]


@pytest.mark.thorough
@pytest.mark.parametrize(("mode", "status"), [("broken", 500), ("fixed", 200)])
def test_without_the_column_only_the_fixed_academy_accepts_invitations(
    database: TestDatabase, tmp_path: Path, browser: httpx.Client, mode: str, status: int
) -> None:
    racelab.migrate("academy", "broken", database.url, variant="lacking")
    who = {"username": "ada", "password": "pw-1"}
    with racelab.running("academy", mode, database.url, tmp_path, workers=2) as app:
        browser.base_url = f"{app.base_url}/api/users/"
        body = {**who, "email": "ada@example.com", "role": "teacher", "bio": "Bio."}
        assert browser.post("register/", json=body).status_code == 201
        token = browser.post("invitations/", json={"email": "ada@example.com"}).json()["token"]
        assert browser.post("invitations/accept/", json={"token": token, **who}).status_code == status
    told = (tmp_path / "django.log").read_text()
    assert ("UndefinedColumn" in told) == (mode == "broken")
    assert database.execute("SELECT role, bio FROM users_profile") == [("teacher", "Bio.")]


def test_academy_answers_as_its_clients_expect(database: TestDatabase, tmp_path: Path, browser: httpx.Client) -> None:
    racelab.migrate("academy", "broken", database.url)
    with racelab.running("academy", "broken", database.url, tmp_path, workers=2, pause=0) as app:
        browser.base_url = app.base_url
        body = {"username": "ada", "email": "ada@example.com", "password": "pw", "role": "student", "bio": ""}
        answers = [browser.post("/api/users/register/", json=body | change) for change in ({}, {}, {"email": "b@example.com"})]
        assert [(answer.status_code, answer.json().get("detail")) for answer in answers] == [
            (201, None),
            (400, "Email already registered."),
            (400, "Username already taken."),
        ]
        for nonsense in (b"{", b"[]", b"null", b'{"username": 1}'):
            assert browser.post("/api/users/register/", content=nonsense).status_code == 400


def test_the_broken_academy_works_with_one_worker(database: TestDatabase, tmp_path: Path) -> None:
    racelab.migrate("academy", "broken", database.url)
    with racelab.running("academy", "broken", database.url, tmp_path, workers=1, threads=1, pause=0.01) as app:
        report = racelab.traffic(app.base_url, "academy", 6, seed=3)
    clicks = {each.username for each in report.registrations} - {
        person.username
        for journey in report.journeys
        if journey.behaviour == "shared_link"
        for person in (journey.person, journey.friend)
    }
    assert clicks
    assert {each.status for each in report.registrations if each.username in clicks} == {201, 400}
    assert not database.execute(
        "SELECT id FROM auth_user WHERE NOT EXISTS (SELECT FROM users_profile WHERE user_id = auth_user.id)"
    )


def test_ten_simultaneous_registrations_on_the_fixed_academy(database: TestDatabase, tmp_path: Path) -> None:
    racelab.migrate("academy", "fixed", database.url)

    body = {"username": "ada", "email": "ada@example.com", "password": "pw", "role": "guide", "bio": "Bio."}
    with (
        racelab.running("academy", "fixed", database.url, tmp_path) as app,
        concurrent.futures.ThreadPoolExecutor(10) as ten,
    ):
        url = f"{app.base_url}/api/users/register/"
        spellings = ["ada", "Ada", "ADA", "ada ", "ada", "ada", "aDa", " ada", "ada", "ada"]
        sent = [ten.submit(httpx.post, url, json=body | {"username": name}, trust_env=False, timeout=120) for name in spellings]
        statuses = sorted(answer.result().status_code for answer in sent)
    assert statuses == [201] + [400] * 9
    assert database.execute("SELECT role, can_invite_teachers FROM users_profile") == [("guide", False)]


def test_website_fixed_names_the_account_that_exists(database: TestDatabase, tmp_path: Path, browser: httpx.Client) -> None:
    racelab.migrate("website", "fixed", database.url)
    with racelab.running("website", "fixed", database.url, tmp_path, workers=2, pause=0) as app:
        browser.base_url = app.base_url
        bodies = [{"username": name, "email": "eve@example.com", "password": "pw"} for name in ("eve", "EVE ")]
        first, second = (browser.post("/api/v1/accounts/register", json=body) for body in bodies)
    assert first.status_code == 201
    assert (second.status_code, second.json()) == (
        200,
        {"detail": "User already exists. Please log in instead.", "id": first.json()["id"]},
    )
    assert "registration: account" in (tmp_path / "django.log").read_text()


# -- serving -----------------------------------------------------------------------------------------------------------


def test_nothing_of_a_server_is_left_when_its_parent_is_killed(database: TestDatabase, tmp_path: Path) -> None:
    racelab.migrate("website", "fixed", database.url)
    code = f"""
        import time, racelab
        with racelab.running("website", "fixed", {database.url!r}, {str(tmp_path)!r}) as app:
            print(app.base_url, flush=True)
            time.sleep(60)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    base_url = parent.stdout.readline().strip()
    workers = psutil.Process(parent.pid).children(recursive=True)
    assert len(workers) == 4
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and any(alive(worker) for worker in workers):
        time.sleep(0.1)
    assert not any(alive(worker) for worker in workers)
    with pytest.raises(httpx.TransportError):
        httpx.get(base_url, trust_env=False)


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_a_taken_port_a_wrong_name_and_a_dead_database_are_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(ServerError, match=f"Port {port} is taken"),
            racelab.running("website", "fixed", "postgresql://x", tmp_path, port=port),
        ):
            pass
    with pytest.raises(ConfigError, match="no system 'webiste'") as error:
        racelab.migrate("webiste", "fixed", "postgresql://x")
    assert "website" in error.value.hint
    with pytest.raises(ConfigError, match="no mode 'half'"):
        racelab.migrate("website", "half", "postgresql://x")
    with pytest.raises(ConfigError, match="no variant 'constrained'"):
        racelab.migrate("website", "broken", "postgresql://x", variant="constrained")
    with pytest.raises(ServerError, match="could not be migrated"):
        racelab.migrate("website", "broken", "postgresql://nobody@127.0.0.1:1/none")


def test_old_damage_is_made_once(database: TestDatabase) -> None:
    racelab.migrate("logistics", "broken", database.url)
    assert len(racelab.age("logistics", database.url)) == 2
    with pytest.raises(ServerError, match="old damage of logistics could not be made"):
        racelab.age("logistics", database.url)
    assert racelab.age("website", database.url) == ()


def test_the_fix_of_logistics_removes_the_old_duplicates_and_restores_the_constraint(database: TestDatabase) -> None:
    racelab.migrate("logistics", "broken", database.url)
    racelab.age("logistics", database.url)
    database.execute("INSERT INTO accounts_shipment (customer_id, goods, created_at) VALUES (1, 'a pallet', now())")
    racelab.migrate("logistics", "fixed", database.url)
    rows = database.execute("SELECT phone_number <> '' FROM accounts_customerprofile ORDER BY user_id")
    assert rows == [(True,)] * 6
    moved = "SELECT phone_number <> '' FROM accounts_shipment JOIN accounts_customerprofile c ON c.id = customer_id"
    assert database.execute(moved) == [(True,)]
    constraint = "SELECT contype FROM pg_constraint WHERE conname = 'accounts_customerprofile_user_id_key'"
    assert database.execute(constraint) == [("u",)]


def test_a_fix_that_the_damage_is_in_the_way_of_is_told(database: TestDatabase) -> None:
    racelab.migrate("website", "broken", database.url)
    database.execute("""
        INSERT INTO website_account (username, email, password, is_active, date_joined)
        SELECT name, name || '@example.com', '!', true, now() FROM unnest(ARRAY['ada', 'Ada']) AS name""")
    with pytest.raises(ServerError, match=r"could not be migrated to 0002_unique.*ada.*is duplicated"):
        racelab.migrate("website", "fixed", database.url)


def test_importing_racelab_imports_no_django() -> None:
    code = "import sys, racelab; [getattr(racelab, name) for name in racelab.__all__]; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


# -- traffic -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", list(BEHAVIOURS))
def test_a_seed_makes_one_plan_that_holds_every_behaviour(system: str) -> None:
    journeys = plan(system, 40, seed=7)
    assert journeys == plan(system, 40, seed=7)
    assert journeys != plan(system, 40, seed=8)
    assert {journey.behaviour for journey in journeys} == set(BEHAVIOURS[system])
    assert len({journey.person.username for journey in journeys}) == 40
    assert all(journey.person.email.endswith("@example.com") for journey in journeys)


@pytest.mark.parametrize("elsewhere", ["http://192.0.2.1", "http://example.com", "https://127.0.0.1.example.com", "x"])
def test_traffic_goes_to_this_machine_only(elsewhere: str) -> None:
    with pytest.raises(ConfigError, match="not on this machine"):
        racelab.traffic(elsewhere, "website")


def test_traffic_ends_in_time_and_tells_of_answers_that_never_came() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        base_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        report = racelab.traffic(base_url, "website", 5, seconds=0.5)
        assert not report.complete
        assert report.seconds < 60
    gone = racelab.traffic(base_url, "website", 2)
    assert set(gone.statuses) == {0}
    assert gone.complete


# -- the shipped mappings and the command line -------------------------------------------------------------------------


@pytest.mark.parametrize("system", list(racelab.SYSTEMS))
def test_the_mapping_names_only_what_the_database_has(database: TestDatabase, system: str) -> None:
    known = racelab.SYSTEMS[system]
    racelab.migrate(system, "broken", database.url)
    columns = set(database.execute("SELECT table_name, column_name FROM information_schema.columns"))
    mapping = known.mapping
    assert known.url_env == f"{system.upper()}_URL"
    assert f"[sources.{system}.users]" in known.mapping_text
    users = mapping["users"]
    roles = ("key", "username", "email", "created", "last_login", "active", "password")
    named = {(users["table"], users[role]) for role in roles if role in users}
    named |= {(users["table"], column) for column in users.get("privileged", [])}
    for profile in mapping.get("profiles", []):
        for role in ("key", "user", "created"):
            named.add((profile["table"], profile[role]))
        for several in ("filled", "defaults", "codes", "flags"):
            named |= {(profile["table"], column) for column in profile.get(several, ())}
        named |= {(users["table"], column) for column in profile.get("required_for", ())}
    for reference in mapping.get("references", []):
        named |= {tuple(side.split(".")) for side in reference.split(" -> ")}
    assert named <= columns


@pytest.mark.thorough
def test_the_command_line_runs_a_system_and_sends_people(database: TestDatabase, tmp_path: Path) -> None:
    program = [sys.executable, "-c", "from racelab.cli import main; main()"]
    arguments = [
        "up",
        "website",
        "--mode",
        "fixed",
        "--database",
        database.url,
        "--folder",
        str(tmp_path),
        "--workers",
        "2",
    ]
    up = subprocess.Popen([*program, *arguments], env=environment(), stderr=subprocess.PIPE, text=True)
    assert up.stderr
    told = up.stderr.readline()
    address = re.search(r"http://127\.0\.0\.1:\d+", told)
    assert address, told + up.stderr.read()
    sent = ["traffic", "website", "--folder", str(tmp_path), "--registrations", "4", "--seed", "5", "--json"]
    traffic = subprocess.run([*program, *sent], env=environment(), capture_output=True, text=True)
    assert traffic.returncode == 0, traffic.stderr
    assert '"registrations": 4' in traffic.stdout
    up.send_signal(signal.SIGINT)
    assert up.wait(timeout=180) == 0
    up.stderr.close()
    over = subprocess.run([*program, *sent], env=environment(), capture_output=True, text=True)
    assert (over.returncode, "racelab up website" in over.stderr) == (2, True)
    wrong = subprocess.run([*program, "up", "webiste"], env=environment(), capture_output=True, text=True)
    assert (wrong.returncode, "Did you mean 'website'?" in wrong.stderr) == (2, True)
    assert wrong.stdout == ""
