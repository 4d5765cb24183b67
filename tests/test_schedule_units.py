"""What `mendbook schedule install` prints is what cron, systemd, Kubernetes and Airflow read, whatever the paths are called."""

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import types
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from mendbook.errors import ConfigError
from mendbook.scheduling.unit_steps import Place
from mendbook.scheduling.units import PARTS, step_minutes, units
from support.commands import command_in
from support.scheduling import Household

JOBS = """
[schedule.jobs.nightly]
notebook = "tiny.ipynb"
source = "*"
cron = "30 2 * * *"
zone = "Europe/Berlin"
retries = 2
timeout = 900
parameters = { rows = 5 }
[schedule.jobs.repairs]
notebook = "apply"
source = "shop"
cron = "0 23 * * *"
plans = "approved"
"""
HOSTILE = 'it\'s 100% "mine" $HOME & `x` \\ ünï'
SECRET = "postgresql://auditor:s3cr3t-pw@db.example.com/shop"


@pytest.fixture
def household(tmp_path, monkeypatch):
    for name in ("SHOP_URL", "SHOP_REPAIR_URL", "CLUB_URL", "HISTORY_URL"):
        monkeypatch.setenv(name, SECRET)
    made = Household(tmp_path)
    made.notebook()
    monkeypatch.chdir(tmp_path)
    return made.schedule(JOBS)


def place(folder: Path, **more) -> Place:
    given = {"python": sys.executable, "user": "root", "folder": folder, "outputs": folder / "outputs"}
    return Place(**{**given, "environment": folder / ".env", **more})


def hostile_household(folder: Path) -> Household:
    home = folder / HOSTILE
    (home / "outputs").mkdir(parents=True)
    made = Household(home)
    made.notebook()
    return made.schedule(JOBS)


@pytest.mark.parametrize(
    ("cron", "zone", "minutes"),
    [
        ("30 2 * * *", "UTC", 30),
        ("0 2 * * *", "Europe/Berlin", 60),
        ("*/10 * * * *", "UTC", 10),
        ("7 * * * *", "UTC", 1),
        ("5,50 3 * * 1", "UTC", 5),
        ("0 2 * * *", "Asia/Kolkata", 30),
        ("0 2 * * *", "Asia/Kathmandu", 15),
        ("0 2 * * *", "Australia/Lord_Howe", 30),  # its summer time is half an hour
    ],
)
def test_ticks_are_as_rare_as_every_job_allows(tmp_path, cron, zone, minutes):
    household = Household(tmp_path).schedule(
        f'[schedule.jobs.a]\nnotebook = "audit"\nsource = "shop"\ncron = "{cron}"\nzone = "{zone}"'
    )
    for month in (1, 7):
        assert step_minutes(household.settings, datetime(2026, month, 1, tzinfo=UTC)) == minutes


def test_jobs_together_make_ticks_finer(tmp_path):
    jobs = "".join(
        f'[schedule.jobs.{name}]\nnotebook = "audit"\nsource = "shop"\ncron = "{cron}"\n'
        for name, cron in {"a": "20 * * * *", "b": "30 4 * * *"}.items()
    )
    assert step_minutes(Household(tmp_path).schedule(jobs).settings) == 10


@pytest.mark.parametrize("target", PARTS)
def test_no_secret_stands_in_any_of_them(household, target):
    household.schedule(JOBS, 'history_url_env = "HISTORY_URL"')
    made = units(target, household.settings, place(household.folder))
    everything = [units(target, household.settings, place(household.folder), part).text for part in PARTS[target]]
    assert not [text for text in [*everything, *made.steps, *made.warnings] if "s3cr3t" in text or "postgresql://" in text]


# -- cron ------------------------------------------------------------------------------------------------------------------


def cron_line(text: str) -> tuple[list[str], str]:
    """The one line of a crontab, as cron parts it: five fields, and a command up to an unescaped %, with \\% made %."""
    [line] = [each for each in text.splitlines() if each.strip() and not each.startswith("#")]
    *fields, command = line.split(None, 5)
    assert not re.search(r"(?<!\\)%", command), "cron ends the command there and feeds it the rest"
    return fields, command.replace(r"\%", "%")


def test_cron_runs_it_as_it_stands(tmp_path, monkeypatch):
    household = hostile_household(tmp_path)
    monkeypatch.chdir(household.folder)
    fields, command = cron_line(units("cron", household.settings, place(household.folder)).text)
    assert fields == ["*/30", "*", "*", "*", "*"]
    # cron's own environment, and sh: nothing is due, so nothing is said
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(["/bin/sh", "-c", command], env=environment, cwd="/", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (household.outputs / "history.sqlite").exists()


def test_cron_reads_another_file_of_secrets_where_one_is_named(household, tmp_path):
    file = tmp_path / "my secrets"
    file.write_text("SHOP_URL=x\n")
    _, command = cron_line(units("cron", household.settings, place(household.folder, environment=file)).text)
    assert f"set -a && . {shlex.quote(str(file))} && set +a && {sys.executable} -m mendbook tick" in command


def test_who_else_can_read_the_secrets_is_told(household):
    file = household.folder / ".env"
    assert "There is no" in units("cron", household.settings, place(household.folder)).warnings[0]
    file.write_text("SHOP_URL=x\n")
    file.chmod(0o640)
    assert "chmod 600" in units("cron", household.settings, place(household.folder)).warnings[0]
    file.chmod(0o600)
    assert units("cron", household.settings, place(household.folder)).warnings == []


# -- systemd ---------------------------------------------------------------------------------------------------------------


def unit_lines(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_systemd_units_say_what_they_must(household):
    made = units("systemd", household.settings, place(household.folder, user="mender"))
    service, timer = (unit_lines(made.parts[part]) for part in ("service", "timer"))
    assert service["Type"] == ["oneshot"]
    assert service["User"] == ["mender"]
    assert service["ExecStart"][0].startswith(f"{sys.executable} -m mendbook tick --config {household.folder}/mendbook.toml")
    assert service["EnvironmentFile"] == [f"-{household.folder}/.env"]
    assert service["ReadWritePaths"] == [f"{household.outputs}"]
    assert (service["ProtectSystem"], service["NoNewPrivileges"]) == (["strict"], ["yes"])
    assert timer["OnCalendar"] == ["*-*-* *:00/30:00 UTC"]
    assert timer["Persistent"] == ["true"]
    serve = unit_lines(units("systemd", household.settings, place(household.folder, grace=90), "serve").text)
    assert " -m mendbook serve --grace 90 " in serve["ExecStart"][0]
    assert (serve["Restart"], serve["TimeoutStopSec"]) == (["on-failure"], ["150"])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_reads_them_whatever_the_paths_are_called(tmp_path):
    household = hostile_household(tmp_path)
    named = {"service": "mendbook.service", "timer": "mendbook.timer", "serve": "mendbook-serve.service"}
    files = []
    for part, name in named.items():
        files.append(tmp_path / name)
        files[-1].write_text(units("systemd", household.settings, place(household.folder), part).text)
    done = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False)
    about = [line for line in done.stderr.splitlines() if "mendbook" in line]
    assert (done.returncode, about) == (0, [])
    exposed = ["systemd-analyze", "security", "--offline=true", "--threshold=40", str(files[0])]
    assert subprocess.run(exposed, capture_output=True, check=False).returncode == 0


def test_a_service_that_may_not_make_its_outputs_is_told_of(household):
    assert "mkdir" in units("systemd", household.settings, place(household.folder)).warnings[0]


# -- Kubernetes ------------------------------------------------------------------------------------------------------------


def test_kubernetes_reads_what_is_meant(household):
    household.schedule(JOBS, 'history_url_env = "HISTORY_URL"')
    made = units(
        "kubernetes", household.settings, place(household.folder, image="registry.example.com/mendbook:0.1.0", name="m2")
    )
    claim, job = yaml.safe_load_all(made.text)
    assert (claim["kind"], claim["metadata"]["name"]) == ("PersistentVolumeClaim", "m2-outputs")
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    assert (job["spec"]["schedule"], job["spec"]["timeZone"]) == ("*/30 * * * *", "Etc/UTC")
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    assert job["spec"]["jobTemplate"]["spec"]["backoffLimit"] == 0
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    [container] = pod["containers"]
    assert container["image"] == "registry.example.com/mendbook:0.1.0"
    assert container["command"][:2] == ["mendbook", "tick"]
    secret = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in container["env"] if "valueFrom" in each}
    assert secret == {name: {"name": "m2-urls", "key": name} for name in ("SHOP_URL", "CLUB_URL", "HISTORY_URL")}
    assert {"requests", "limits"} == set(container["resources"])
    mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert container["command"][2:] == [
        "--config", f"{mounted['config']}/mendbook.toml", "--outputs", mounted["outputs"],
    ]  # fmt: skip
    assert made.warnings == []
    [deployment] = yaml.safe_load_all(units("kubernetes", household.settings, place(household.folder), "deployment").text)
    [served] = deployment["spec"]["template"]["spec"]["containers"]
    assert (served["command"][:2], deployment["spec"]["replicas"]) == (["mendbook", "serve"], 1)
    assert served["livenessProbe"]["exec"]["command"][:3] == ["mendbook", "serve", "--check"]


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
@pytest.mark.parametrize("part", ["cronjob", "deployment"])
def test_kubectl_knows_every_field(household, tmp_path, part):
    text = units("kubernetes", household.settings, place(household.folder), part).text
    (tmp_path / "m.yaml").write_text(text)
    # without a server: read into kubectl's own types and written again; a field that they lack would be gone
    command = ["kubectl", "set", "image", "--local", "-f", str(tmp_path / "m.yaml"), "mendbook=other:1", "-o", "json"]
    read = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert fields(yaml.safe_load(text)) - fields(read) == set()


def fields(value, path="") -> set[str]:
    if isinstance(value, dict):
        return {each for name, inner in value.items() for each in {f"{path}/{name}"} | fields(inner, f"{path}/{name}")}
    return {each for inner in value for each in fields(inner, f"{path}/")} if isinstance(value, list) else set()


def test_what_kubernetes_lacks_is_told(household):
    warnings = units("kubernetes", household.settings, place(household.folder)).warnings
    assert any("history_url_env" in each for each in warnings)


# -- Airflow ---------------------------------------------------------------------------------------------------------------


class Recorded(list):
    """Stands in for Airflow: what the file asked for, without it."""

    def modules(self) -> dict[str, types.ModuleType]:
        recorded = self

        class DAG:
            def __init__(self, **given):
                self.given = given

            def __enter__(self):
                return recorded.append({"dag": self.given})

            def __exit__(self, *_):
                pass

        class PapermillOperator:
            @classmethod
            def partial(cls, **given):
                recorded[-1]["partial"] = given
                return cls()

            def expand_kwargs(self, given):
                recorded[-1]["mapped"] = given

        def module(name, **values):
            made = types.ModuleType(name)
            made.__dict__.update(values)
            return made

        return {
            "pendulum": module("pendulum", datetime=lambda *given, tz: (given, tz)),
            "airflow": module("airflow"),
            "airflow.sdk": module("airflow.sdk", DAG=DAG),
            "airflow.timetables": module("airflow.timetables"),
            "airflow.timetables.trigger": module(
                "airflow.timetables.trigger", CronTriggerTimetable=lambda cron, timezone: (cron, timezone)
            ),
            "airflow.providers.papermill.operators.papermill": module("p", PapermillOperator=PapermillOperator),
            **{
                name: module(name)
                for name in ("airflow.providers", "airflow.providers.papermill", "airflow.providers.papermill.operators")
            },
        }


def dag_file(household: Household, folder: Path) -> Path:
    file = folder / "mendbook_dags.py"
    file.write_text(units("airflow", household.settings, place(household.folder)).text, encoding="utf-8")
    return file


def test_the_dag_maps_a_task_over_sources(household, tmp_path, monkeypatch):
    recorded = Recorded()
    for name, module in recorded.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    names = runpy.run_path(str(dag_file(household, tmp_path)))
    [found] = recorded  # the apply is left out
    assert found["dag"]["dag_id"] == "mendbook-nightly"
    assert found["dag"]["schedule"] == ("30 2 * * *", "Europe/Berlin")
    assert (found["dag"]["catchup"], found["dag"]["max_active_runs"]) == (False, 1)
    assert (found["partial"]["retries"], found["partial"]["execution_timeout"].total_seconds()) == (2, 900)
    assert found["partial"]["input_nb"] == str(household.folder / "tiny.ipynb")
    assert [each["parameters"] for each in found["mapped"]] == [
        {"outputs": str(household.outputs), "rows": 5, "source": source} for source in ("shop", "club")
    ]
    # the run's folder is made, and told to the kernel; a second try has another
    monkeypatch.setenv("MENDBOOK_RUN", "")
    wanted = household.outputs / "runs" / "20261120T013000Z-tiny-shop"
    for folder in (wanted, wanted.with_name(f"{wanted.name}-2")):
        task = types.SimpleNamespace(output_nb=str(wanted / "tiny.ipynb"))
        names["own_folder"]({"task": task})
        assert (task.output_nb, os.environ["MENDBOOK_RUN"]) == (str(folder / "tiny.ipynb"), str(folder))
        assert folder.is_dir()


def test_the_dag_imports_nothing_of_mendbook(household, tmp_path):
    imported = re.findall(r"^\s*(?:from|import) (\S+)", dag_file(household, tmp_path).read_text(), re.MULTILINE)
    assert not [name for name in imported if name.startswith("mendbook")]


def test_an_apply_is_left_to_mendbook(household):
    assert any("Left out: repairs" in each for each in units("airflow", household.settings, place(household.folder)).warnings)


def test_parameters_are_checked_before_airflow_has_them(household):
    for wrong, why in (
        ('{ columns = "x" }', "no parameter"),
        ('{ rows = "many" }', "whole number"),
        ('{ code = "{{ x }}" }', "template"),
    ):
        household.schedule(JOBS.replace("{ rows = 5 }", wrong))
        with pytest.raises(ConfigError, match=why):
            units("airflow", household.settings, place(household.folder))


AIRFLOW = os.environ.get("MENDBOOK_AIRFLOW")


@pytest.mark.skipif(not AIRFLOW, reason="MENDBOOK_AIRFLOW names no Python with Airflow: 'make airflow' does")
def test_airflow_imports_the_dag_and_runs_it(household, tmp_path):
    assert AIRFLOW
    household.notebook(
        'import json, os, pathlib, sys\npathlib.Path(os.environ["MENDBOOK_RUN"], "result.json").write_text('
        'json.dumps({"source": source, "rows": rows, "python": sys.executable}))'
    )
    dags, kernel = tmp_path / "dags", tmp_path / "jupyter" / "kernels" / "mendbook"
    dags.mkdir()
    kernel.mkdir(parents=True)
    dag_file(household, dags)
    start = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": start, "display_name": "mendbook", "language": "python"}))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "JUPYTER_PATH": str(kernel.parent.parent),
    }

    def airflow(*arguments: str) -> str:
        done = subprocess.run([AIRFLOW, *arguments], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    airflow("-m", "airflow", "db", "migrate")
    look = (
        "import sys\n"
        "try:\n    from airflow.dag_processing.dagbag import DagBag\n"
        "except ImportError:\n    from airflow.models import DagBag\n"
        f"bag = DagBag({str(dags)!r})\n"
        "print('FOUND', dict(bag.import_errors), sorted(bag.dags))\n"
    )
    assert "FOUND {} ['mendbook-nightly']" in airflow("-c", look)
    airflow("-m", "airflow", "dags", "test", "mendbook-nightly", "2026-11-20T02:30:00+01:00")
    for source in ("shop", "club"):
        folder = household.outputs / "runs" / f"20261120T013000Z-tiny-{source}"
        told = json.loads((folder / "result.json").read_text())
        assert told == {"source": source, "rows": 5, "python": sys.executable}
        assert (folder / "tiny.ipynb").exists()


# -- the command -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(household, monkeypatch, capsys):
    return command_in(household.folder, monkeypatch, capsys)


def test_the_command_prints_it_and_writes_nothing(household, command):
    before = sorted(household.folder.rglob("*"))
    answer = command("schedule", "install", "systemd", "--only", "timer")
    assert answer.code == 0
    assert answer.out.startswith("# /etc/systemd/system/mendbook.timer")
    assert "Nothing was installed" in answer.words
    assert "systemctl enable --now mendbook.timer" in answer.words
    document = command("schedule", "install", "kubernetes", "--json").document
    assert (document["target"], [*document["parts"]]) == ("kubernetes", ["volume", "cronjob"])
    assert sorted(household.folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("crontab",), "Did you mean 'cron'?"),
        (("cron", "--only", "timer"), "Known parts: lines."),
        (("systemd", "--name", "Mend book"), "small letters"),
        (("cron", "--outputs", "two\nlines"), "plain letters"),
    ],
)
def test_what_it_refuses(command, arguments, why):
    answer = command("schedule", "install", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert why in answer.words


def test_without_a_job_there_is_nothing_to_install(household, command):
    household.schedule("")
    answer = command("schedule", "install", "cron")
    assert answer.code == 2
    assert "docs/schedule.md" in answer.words
