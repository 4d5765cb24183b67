"""The command line's contract: one JSON document on stdout, words on stderr, exit codes 0, 1, 2 and 3."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from mendbook import __main__ as entry
from mendbook import cli
from mendbook.damage import catalogue
from mendbook.ledger import checkpoints
from mendbook.terminal.terminal import counts_table
from pyarrow import parquet
from rich.console import Console
from sqlalchemy.engine import make_url
from support.commands import Answer, Command, command_in
from support.databases import TestServer, fresh_database
from support.ledgers import LedgerDatabase
from support.shop import DAMAGE, DAMAGED, MAPPING, ROWS, TABLES, Shop, role

PASSWORD = "s3cr3t-pw"
LIB = Path(cli.__file__).parent.parent


@pytest.fixture
def mendbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command line in the shop's folder."""
    return command_in(tmp_path, monkeypatch, capsys)


def with_password(url: str) -> str:
    """The same database, with a password in the URL; the local socket does not ask for it."""
    parsed = make_url(url)
    return parsed.set(password=parsed.password or PASSWORD).render_as_string(hide_password=False)


# -- audit ---------------------------------------------------------------------------------------------------------------


def test_every_command_takes_the_options_that_all_share() -> None:
    def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
        for own, below in getattr(command, "commands", {}).items():
            yield from commands(below, f"{name} {own}")
        if not getattr(command, "commands", {}):
            yield name, command

    shared = {"--config", "--outputs", "--json"}
    lacking = {
        name: missing
        for name, command in commands(typer.main.get_command(cli.app), "mendbook")
        if (missing := shared - {option for parameter in command.params for option in parameter.opts})
    }
    assert lacking == {}


@pytest.mark.usefixtures("shop")
def test_nothing_wrong(mendbook: Command) -> None:
    answer = mendbook("audit", "shop", "--json")
    assert answer.code == 0
    document = answer.document
    assert {"source", "taken_at", "seconds", "counts", "findings"} <= set(document)
    assert document["counts"] == {kind: {"cases": 0, "rows": 0} for kind in sorted(catalogue())}


def test_damage_found(shop: Shop, mendbook: Command) -> None:
    shop.execute(DAMAGE)
    answer = mendbook("audit", "shop", "--json")
    assert answer.code == 1
    document = answer.document
    assert document["source"] == "shop"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", document["taken_at"])
    assert isinstance(document["seconds"], float)
    assert {kind: count["rows"] for kind, count in document["counts"].items() if count["rows"]} == DAMAGED
    findings = Path(document["findings"])
    assert findings.is_absolute()
    assert findings.is_relative_to(shop.outputs / "runs")
    assert parquet.read_table(findings).num_rows == sum(DAMAGED.values())


def test_words_go_to_stderr(shop: Shop, mendbook: Command) -> None:
    shop.execute(DAMAGE)
    answer = mendbook("audit", "shop")
    assert (answer.code, answer.out) == (1, "")
    for kind in catalogue():
        assert kind in answer.err
    assert "findings.parquet" in answer.err


def test_chosen_kinds(shop: Shop, mendbook: Command) -> None:
    shop.execute(DAMAGE)
    answer = mendbook("audit", "shop", "--kind", "null_flag", "--kind", "duplicate_user", "--json")
    assert answer.code == 1
    assert answer.document["counts"] == {
        "duplicate_user": {"cases": 0, "rows": 0},
        "null_flag": {"cases": 1, "rows": 1},
    }
    assert mendbook("audit", "shop", "--kind", "duplicate_user").code == 0, "damage of another kind was not asked for"


def test_another_configuration_and_another_folder(shop: Shop, mendbook: Command) -> None:
    shop.config.rename(shop.home / "other.toml")
    answer = mendbook("audit", "shop", "--config", "other.toml", "--outputs", "else", "--json")
    assert answer.code == 0
    assert Path(answer.document["findings"]).is_relative_to(shop.home / "else" / "runs")


def test_what_is_left_out_is_told(shop: Shop, mendbook: Command) -> None:
    shop.execute("ALTER TABLE customer DROP invited")
    answer = mendbook("audit", "shop", "--json")
    assert answer.document["left_out"] == [
        {"kind": "ghost_user", "profile": None, "why": "the source names no logs"},
        {"kind": "null_flag", "profile": "customer", "why": "column invited does not exist"},
    ]
    assert "left out: ghost_user: the source names no logs" in answer.err
    assert "left out: null_flag of customer: column invited does not exist" in answer.err


# -- refused or misused --------------------------------------------------------------------------------------------------


def refused(answer: Answer, told: str, hint: str) -> None:
    """Exit 2, words with the next command on stderr, and the same as one JSON document."""
    assert answer.code == 2, answer.err
    assert told in answer.err
    assert hint in answer.err
    assert "Traceback" not in answer.err
    assert set(answer.document) == {"error", "hint"}
    assert told in answer.document["error"]
    assert hint in answer.document["hint"]


@pytest.mark.parametrize("command", ["audit", "doctor", "run audit"])
def test_an_unknown_source(shop: Shop, mendbook: Command, command: str) -> None:
    refused(mendbook(*command.split(), "shpo", "--json"), "has no source 'shpo'", "Known sources: shop")
    assert shop.runs() == []


@pytest.mark.parametrize("command", ["audit", "doctor", "run audit"])
def test_no_configuration(shop: Shop, mendbook: Command, command: str) -> None:
    shop.config.unlink()
    refused(mendbook(*command.split(), "shop", "--json"), "There is no ", "mendbook demo")


@pytest.mark.usefixtures("shop")
def test_no_url(mendbook: Command, monkeypatch: Any) -> None:
    monkeypatch.delenv("SHOP_URL")
    refused(mendbook("audit", "shop", "--json"), "SHOP_URL is not set", "export SHOP_URL=")


def test_an_unknown_kind(shop: Shop, mendbook: Command) -> None:
    refused(mendbook("audit", "shop", "--kind", "orphans", "--json"), "'orphans'", "orphan_profile")
    assert shop.runs() == []


def test_outputs_that_is_a_file(shop: Shop, mendbook: Command) -> None:
    shop.outputs.write_text("")
    refused(mendbook("audit", "shop", "--json"), "Cannot write", "--outputs")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_outputs_that_may_not_be_written(shop: Shop, mendbook: Command) -> None:
    shop.outputs.mkdir(mode=0o500)
    refused(mendbook("audit", "shop", "--json"), "Cannot write", "--outputs")


@pytest.mark.usefixtures("shop")
def test_an_unknown_notebook(mendbook: Command) -> None:
    refused(mendbook("run", "audti", "shop", "--json"), "audti", "audit")


def test_a_parameter_that_does_not_read(shop: Shop, mendbook: Command) -> None:
    refused(mendbook("run", "audit", "shop", "-p", "rows", "--json"), "NAME=VALUE", "-p rows=50")
    assert shop.runs() == []


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "words", ["audit --json", "audit shop --nonsense --json", "adit shop --json", "audit --json shop --kind"]
)
def test_misuse(mendbook: Command, words: str) -> None:
    answer = mendbook(*words.split())
    assert answer.code == 2
    assert answer.err.startswith("error: ")
    assert set(answer.document) == {"error", "hint"}
    assert answer.document["hint"].startswith("'mendbook ")
    assert "--help" in answer.document["hint"]


def test_help_and_the_version(mendbook: Command) -> None:
    assert mendbook("--version").out.split()[0] == "mendbook"
    listed = mendbook("--help").out
    assert "mendbook init env:NAME --source shop" in " ".join(listed.split())
    assert "..." not in listed.partition("Commands:")[2]
    assert mendbook().code == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here is always full")
def test_a_stdout_that_takes_nothing(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "mendbook", "audit", "shop", "--json"]
        done = subprocess.run(
            command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(LIB)}
        )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_ctrl_c_while_the_command_line_is_loaded(monkeypatch: Any, capfd: Any) -> None:
    class Interrupted:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "mendbook.cli":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "mendbook.cli")
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == 130
    assert capfd.readouterr().err == "stopped.\n"


def test_a_narrow_terminal_keeps_kinds_and_counts_whole() -> None:
    counts = {"missing_constraint": {"cases": 3, "rows": 3}}
    change = {"kinds": {"missing_constraint": {"new": 0, "gone": 0}}}
    console = Console(width=40, file=io.StringIO(), record=True)
    result = {"source": "shop", "counts": counts, "titles": {"missing_constraint": "Constraints that lack"}, "change": change}
    console.print(counts_table(result, console.width))
    said = console.export_text()
    assert "missing_constraint" in said
    assert "…" not in said


def test_a_kind_that_nobody_looked_for_is_no_zero() -> None:
    counts = {kind: {"cases": 0, "rows": 0} for kind in ("ghost_user", "null_flag", "wrong_profile")}
    left_out = [
        {"kind": "ghost_user", "profile": None, "why": "there are no logs"},
        {"kind": "null_flag", "profile": "vip", "why": "column invited does not exist"},
    ]
    table = counts_table({"source": "shop", "counts": counts, "left_out": left_out}, 50)
    assert list(table.columns[1].cells) == ["–", "0", "0"], "the flags of the other profiles were looked for"


@pytest.mark.usefixtures("shop")
def test_misuse_without_json_leaves_stdout_alone(mendbook: Command) -> None:
    assert mendbook("audit").out == ""
    assert mendbook("audit", "nobody").out == ""


def test_an_unexpected_error_is_a_defect_of_ours(shop: Shop, mendbook: Command, monkeypatch: Any) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("[red]of the test[/]\x1b[31m")

    monkeypatch.setattr("mendbook.workbook.take", broken)
    answer = mendbook("audit", "shop", "--json")
    assert answer.code == 3
    assert answer.document["error"].startswith("Unexpected ZeroDivisionError: [red]of the test")
    assert "[red]of the test[/]" in answer.err, "what was said is no markup"
    assert "\x1b" not in answer.err
    assert "Traceback" not in answer.err
    assert shop.runs() == []
    monkeypatch.setenv("MENDBOOK_DEBUG", "1")
    assert "Traceback" in mendbook("audit", "shop").err


def test_a_person_stops_it(shop: Shop, mendbook: Command, monkeypatch: Any) -> None:
    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mendbook.workbook.take", stopped)
    answer = mendbook("audit", "shop")
    assert (answer.code, answer.out, answer.err) == (130, "", "stopped.\n")
    assert shop.runs() == []


def test_the_real_process(shop: Shop) -> None:
    shop.execute(DAMAGE)
    environment = {**os.environ, "PYTHONPATH": str(LIB), "SHOP_URL": with_password(shop.database.url)}
    command = [sys.executable, "-m", "mendbook", "audit", "shop", "--json"]
    done = subprocess.run(command, cwd=shop.home, env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["source"] == "shop"


# -- the password --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["audit", "doctor"])
@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://auditor:{PASSWORD}@127.0.0.1:1/shop",
        f"postgresql://auditor:{PASSWORD}@no-such-host.invalid/shop",
        f"postgresql://auditor:{PASSWORD}@127.0.0.1:1/shop?nonsense=1",
        f"postgresql://auditor:{PASSWORD}@host:port/shop",
        f"mysql://auditor:{PASSWORD}@127.0.0.1/shop",
        PASSWORD,
    ],
)
def test_the_password_is_never_said(shop: Shop, mendbook: Command, monkeypatch: Any, command: str, url: str) -> None:
    shop.use_url(url)
    monkeypatch.setenv("MENDBOOK_DEBUG", "1")
    answer = mendbook(command, "shop", "--json")
    assert answer.code == 2
    assert PASSWORD not in answer.out + answer.err


# -- doctor --------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shop")
def test_doctor_of_a_sound_shop(mendbook: Command) -> None:
    answer = mendbook("doctor", "shop", "--json")
    assert answer.code == 0
    document = answer.document
    assert set(document) == {"source", "ok", "checks"}
    assert (document["source"], document["ok"]) == ("shop", True)
    states = {check["name"]: check["state"] for check in document["checks"]}
    assert states["mapping"] == states["keys"] == states["connection"] == states["url"] == "ok"
    assert {"name", "state", "message", "hint", "statements"} == set(document["checks"][0])


def test_doctor_goes_on_after_a_failure(shop: Shop, mendbook: Command) -> None:
    shop.outputs.write_text("")
    shop.execute("DROP TABLE customer")
    answer = mendbook("doctor", "shop", "--json")
    assert answer.code == 2
    failed = {check["name"]: check for check in answer.document["checks"] if check["state"] == "failed"}
    assert set(failed) == {"outputs", "mapping"}
    assert answer.document["ok"] is False
    assert "auth_user" in failed["mapping"]["hint"]
    assert all(check["hint"] for check in failed.values())


def test_doctor_tells_of_weak_schemas_and_shared_keys(shop: Shop, mendbook: Command) -> None:
    shop.execute("ALTER TABLE customer DROP CONSTRAINT customer_pkey, DROP CONSTRAINT customer_user_id_fkey")
    shop.execute("INSERT INTO customer SELECT id, NULL FROM customer WHERE id = 1")
    answer = mendbook("doctor", "shop", "--json")
    assert answer.code == 2
    told = {check["name"]: check["message"] for check in answer.document["checks"] if check["state"] != "ok"}
    assert "not unique" in told["keys"]
    assert "customer.user_id: no foreign key to the users" in told["constraints"]


# -- run -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """One ``mendbook run audit shop --json`` in a process of its own, with a password in the URL."""

    code: int
    document: dict[str, Any]
    said: str
    folder: Path
    outputs: Path
    password: str


@pytest.fixture(scope="module")
def ran(server: TestServer, tmp_path_factory: Any) -> Iterator[Ran]:
    home = tmp_path_factory.mktemp("run")
    (home / "mendbook.toml").write_text(MAPPING)
    with fresh_database(server) as database:
        database.execute(TABLES + ROWS + DAMAGE)
        url = with_password(database.url)
        environment = {**os.environ, "PYTHONPATH": str(LIB), "SHOP_URL": url}
        command = [sys.executable, "-m", "mendbook", "run", "audit", "shop", "--json"]
        done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True)
        document = json.loads(done.stdout)
        password = make_url(url).password
        yield Ran(
            done.returncode, document, done.stdout + done.stderr, Path(document["folder"]), home / "outputs", str(password)
        )


def test_a_run_ends_well(ran: Ran) -> None:
    assert ran.code == 0, ran.said
    assert (ran.document["state"], ran.document["error"], ran.document["source"]) == ("finished", None, "shop")
    assert ran.folder.is_absolute()
    assert ran.folder.is_relative_to(ran.outputs / "runs")


def test_a_run_leaves_everything(ran: Ran) -> None:
    names = {path.name for path in ran.folder.rglob("*") if path.is_file()}
    assert {"run.json", "result.json", "report.html", "audit.ipynb", "findings.parquet", "gaps.parquet"} <= names
    assert {path.suffix for path in ran.folder.rglob("*")} >= {".png", ".svg"}
    assert [name for name in names if name.endswith(".aside")] == []
    assert ran.folder.name in (ran.outputs / "index.html").read_text()


def test_a_run_finds_what_the_audit_finds(ran: Ran) -> None:
    result = json.loads((ran.folder / "result.json").read_text())
    assert {kind: count["rows"] for kind, count in result["counts"].items() if count["rows"]} == DAMAGED
    assert parquet.read_table(ran.folder / "findings.parquet").num_rows == 4


def test_a_run_s_notebook_is_executed_and_its_report_is_whole(ran: Ran) -> None:
    notebook = json.loads((ran.folder / "audit.ipynb").read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code)
    report = (ran.folder / "report.html").read_text()
    assert "Users without the profile they must have" in report
    assert "<script" not in report
    assert report.rstrip().endswith("</html>")


def test_no_file_of_a_run_holds_the_password_or_a_person(ran: Ran) -> None:
    assert ran.password not in ran.said
    files = [path for path in ran.outputs.rglob("*") if path.is_file()]
    assert len(files) > 8
    assert [path.name for path in files if ran.password.encode() in path.read_bytes()] == []
    assert [path.name for path in files if b"seven@example.com" in path.read_bytes()] == []


@pytest.mark.usefixtures("shop")
def test_nothing_is_made_of_what_stands_between_colons(mendbook: Command) -> None:
    answer = mendbook("show", ":skull:[bold]")
    assert answer.code == 2
    assert ":skull:[bold]" in answer.err


# -- demo ----------------------------------------------------------------------------------------------------------------


def test_removing_a_demo_that_never_was(shop: Shop, mendbook: Command) -> None:
    answer = mendbook("demo", "--clean", "--json")
    assert answer.code == 0
    assert answer.document == {"removed": str(shop.outputs / "demo")}


def _repaired(system: dict[str, Any]) -> None:
    """Nothing is left of a system's damage but what the database's rows cannot tell, and nothing new came."""
    repair, fixed = system["repair"], system["fixed"]
    assert set(repair["remaining"]) <= {"blank_profile", "ghost_user", "missing_constraint"}  # ghosts stay, deactivated
    reasons = {(each["kind"], each["why"]) for each in repair["left"]}
    assert all(why == "deactivated already" or why.endswith(": ask the person") for _, why in reasons), reasons
    asked = sum(each["cases"] for each in repair["left"] if each["kind"] == "blank_profile")
    assert asked == repair["remaining"].get("blank_profile", 0)
    assert not asked or len(Path(repair["outreach"]).read_text().splitlines()) == asked + 1
    assert repair["repaired"] > 0
    assert repair["undone"] == repair["again"] > 0
    assert [plan["stale"] for plan in repair["plans"] if plan["stale"]] == []
    assert {plan["act"] for plan in repair["plans"]} == {"plan", "undo"}
    assert (fixed["new_findings"], fixed["before"]) == ([], fixed["after"])
    assert all(0 < int(status) < 500 for status in fixed["statuses"])
    guarded = fixed["guard"]
    assert (fixed["missing_constraint"], guarded["left"], guarded["built"]) == (0, [], guarded["missing"])
    # the users' table is Django's own in three of them: no migration of theirs makes names unique without case
    assert guarded["missing"] >= (system["system"] != "website") * 2
    assert fixed["drill"]["state"] == "closed", fixed["drill"]
    assert Path(fixed["drill"]["report"]).is_file()


@pytest.mark.race
def test_the_demo_from_start_to_end(tmp_path: Path, mendbook: Command, monkeypatch: Any) -> None:
    import psycopg2
    import racelab
    from mendbook.config import load, url_of
    from mendbook.demo import demo
    from mendbook.demo.home import PRACTICE_OF

    monkeypatch.setattr(demo, "REGISTRATIONS", 8)
    two = {name: racelab.SYSTEMS[name] for name in ("website", PRACTICE_OF)}  # the tests of the lab race the others
    monkeypatch.setattr(racelab, "SYSTEMS", two)
    outputs, home = tmp_path / "outputs", tmp_path / "outputs" / "demo"
    try:
        answer = mendbook("demo", "--json")
        assert answer.code == 0, answer.err
        assert [system["system"] for system in answer.document["systems"]] == list(two)
        for system in answer.document["systems"]:
            assert sum(count["rows"] for count in system["audit"]["counts"].values()) > 0
            assert Path(system["report"]).is_file()
            _repaired(system)
            assert mendbook("ledger", "verify", system["system"], "--json").document["checkpoints"] > 1
        practice = answer.document["practice"]
        shown = mendbook("show", practice["plan"], "--json").document
        assert len(shown["cases"]) == practice["cases"] > 0
        assert {case["state"] for case in shown["cases"]} <= {"undecided", "blocked"}, "it waits for the visitor"
        again = {PRACTICE_OF: two[PRACTICE_OF]}
        monkeypatch.setattr(racelab, "SYSTEMS", again)
        damaged = mendbook("demo", "--no-repair", "--json").document  # playing it again is safe
        assert [system["system"] for system in damaged["systems"]] == list(again)
        for system in damaged["systems"]:
            assert {"repair", "fixed", "left"}.isdisjoint(system)
            assert mendbook("ledger", "verify", system["system"]).code == 0, "the other play's checkpoints are out of the way"
        assert len(list((outputs / "ledger").glob("*-demo-of-*.jsonl"))) == len(again), "and kept"
        assert (outputs / "index.html").is_file()
        assert (home / ".env").stat().st_mode & 0o777 == 0o600
        assert (home / "keys" / "reviewer").stat().st_mode & 0o777 == 0o600
        audited = mendbook("audit", PRACTICE_OF, "--json")
        assert audited.code == 1
        assert "using the demo's" in audited.err
        settings = load(home / "mendbook.toml")
        users = settings.source(PRACTICE_OF).users.table
        for part, statement in {"audit": f"DELETE FROM {users}", "repair": f"TRUNCATE {users}"}.items():
            url = url_of(settings.source(PRACTICE_OF), settings.path, part).replace("+psycopg2", "")
            connection = psycopg2.connect(url)
            with connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)
            connection.close()
    finally:
        cleaned = mendbook("demo", "--clean", "--json")
    assert cleaned.code == 0
    assert not home.exists()
    assert (outputs / "runs").exists(), "the runs stay"
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(url)


# -- ledger verify -------------------------------------------------------------------------------------------------------


def test_a_ledger_that_was_never_written(shop: Shop, mendbook: Command) -> None:
    answer = mendbook("ledger", "verify", "shop", "--json")
    assert answer.code == 0
    assert answer.document == {"batches": 0, "head": None, "ok": True, "first_bad": None, "checkpoints": 0}
    assert "has no ledger" in answer.err
    assert shop.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'mendbook'") == [(0,)], "it only looked"
    assert not shop.outputs.exists()


def test_a_ledger_that_is_whole(shop: Shop, mendbook: Command) -> None:
    first, last = LedgerDatabase(shop.database).fill(2)
    without = mendbook("ledger", "verify", "shop")
    assert (without.code, without.out) == (0, "")
    assert "without checkpoints" in without.err
    for each in (first, last):
        checkpoints.add(checkpoints.file_of(shop.outputs, "shop"), each)
    answer = mendbook("ledger", "verify", "shop", "--json")
    assert answer.code == 0
    assert answer.document == {"batches": 2, "head": last.head, "ok": True, "first_bad": None, "checkpoints": 2}
    assert "whole: 2 batches" in answer.err
    assert "warning" not in answer.err


def test_a_ledger_that_is_broken(shop: Shop, mendbook: Command) -> None:
    LedgerDatabase(shop.database).fill(3)
    shop.execute("UPDATE mendbook.change SET plan = plan, key = '\x1b[31m' WHERE batch = 2 AND seq = 3")
    answer = mendbook("ledger", "verify", "shop", "--json")
    assert answer.code == 2
    assert answer.document["ok"] is False
    bad = answer.document["first_bad"]
    assert (bad["position"], bad["plan"], bad["batch"], bad["seq"]) == (2, "plan", 2, 3)
    assert "row 2, plan plan, batch 2, change 3: " in " ".join(answer.err.split())
    shop.execute("UPDATE mendbook.ledger SET plan = '[red]\x1b[31m' WHERE position = 1")
    answer = mendbook("ledger", "verify", "shop")
    assert answer.code == 2
    assert "[red]⟨U+001B⟩[31m" in answer.err
    shop.execute("DROP TABLE mendbook.change")
    assert "broken: the table mendbook.change is missing" in mendbook("ledger", "verify", "shop").err


def test_a_ledger_that_was_cut_off(shop: Shop, mendbook: Command) -> None:
    for each in LedgerDatabase(shop.database).fill(2):
        checkpoints.add(checkpoints.file_of(shop.outputs, "shop"), each)
    shop.execute("DELETE FROM mendbook.ledger WHERE position = 2; DELETE FROM mendbook.change WHERE batch = 2")
    answer = mendbook("ledger", "verify", "shop", "--json")
    assert (answer.code, answer.document["first_bad"]["position"]) == (2, 2)


def test_damaged_checkpoints_and_something_else_in_the_ledgers_place(shop: Shop, mendbook: Command) -> None:
    path = checkpoints.file_of(shop.outputs, "shop")
    path.parent.mkdir(parents=True)
    path.write_text("edited\n")
    answer = mendbook("ledger", "verify", "shop", "--json")
    assert answer.code == 2
    assert "Line 1" in answer.document["error"]
    path.unlink()
    shop.execute("CREATE SCHEMA mendbook; CREATE TABLE mendbook.ledger (mine int)")
    answer = mendbook("ledger", "verify", "shop", "--json")
    assert answer.code == 2
    assert "not the ledger" in answer.document["error"]


def test_a_role_that_may_only_audit_cannot_verify(shop: Shop, mendbook: Command) -> None:
    LedgerDatabase(shop.database).fill(1)
    with role(shop.database) as (name, url):
        shop.use_url(url)
        answer = mendbook("ledger", "verify", "shop")
        assert answer.code == 2
        assert "permission denied for schema mendbook" in answer.err
        shop.execute(f"GRANT USAGE ON SCHEMA mendbook TO {name}; GRANT SELECT ON ALL TABLES IN SCHEMA mendbook TO {name}")
        assert mendbook("ledger", "verify", "shop").code == 0
