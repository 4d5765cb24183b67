"""A run's record is true however the run ends, and nothing secret or half-written is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from fake_audit import write_audit
from mendbook.errors import ConfigError, OutputError
from mendbook.execution import execution
from mendbook.execution.parameters import check_source, declared, typed
from mendbook.execution.redaction import REDACTED, Redactor, secrets_of
from mendbook.files import records
from mendbook.runs import find_notebook, read_record, run

PARAMETERS = """source: str = "x"  # the source
code: str = "1"  # some text
limit: int = 3  # a number
ratio: float = 0.5  # a ratio
careful: bool = True  # a switch
kinds: list = []  # some names
"""
PASSWORD = "s3cr@t-pw"
URL = "postgresql://auditor:s3cr%40t-pw@db.example.com/shop"
TELL = """import json, os, pathlib
folder = pathlib.Path(os.environ["MENDBOOK_RUN"])
told = {"source": source, "code": code, "limit": limit, "careful": careful, "kinds": kinds}
"""


def notebook(folder: Path, *cells: str, name: str = "tiny", parameters: str = PARAMETERS) -> str:
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    book.cells = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    book.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    path = folder / f"{name}.ipynb"
    nbformat.write(book, path)
    return str(path)


def executed(record) -> str:
    return (Path(record.folder) / f"{record.notebook}.ipynb").read_text("utf-8")


def descendants(marker: Path) -> list[psutil.Process]:
    """Processes that belong to the run whose notebook wrote its kernel's pid into ``marker``."""
    try:
        process = psutil.Process(int(marker.read_text()))
        return [process] if process.status() != "zombie" else []
    except psutil.NoSuchProcess:
        return []


def wait_for(condition, patience=180.0):
    until = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < until, "what was waited for did not happen"
        time.sleep(0.05)


def test_a_good_run(tmp_path):
    interpreter = '(folder / "result.json").write_text(json.dumps({**told, "python": __import__("sys").executable}))'
    path = notebook(tmp_path, TELL, interpreter)
    record = run(path, "shop", {"code": "007", "limit": "5", "careful": "no", "kinds": "a, b"}, outputs=tmp_path / "out")
    folder = Path(record.folder)
    assert (record.state, record.exit_code, record.error) == ("finished", 0, None)
    told = json.loads((folder / "result.json").read_text())
    assert told == {
        "source": "shop",
        "code": "007",
        "limit": 5,
        "careful": False,
        "kinds": ["a", "b"],
        "python": sys.executable,
    }
    assert read_record(folder) == record
    assert {each.name for each in folder.iterdir()} == {
        "run.json",
        "run.lock",
        "tiny.ipynb",
        "result.json",
        "report.html",
    }
    assert folder.name.endswith("Z-tiny-shop")
    assert folder.name in (tmp_path / "out" / "index.html").read_text()
    assert "mendbook-run-" not in executed(record)
    nbformat.validate(nbformat.reads(executed(record), as_version=4))


def test_a_cell_that_raises(tmp_path):
    record = run(notebook(tmp_path, "ok = 1", "1 / 0", "print('never')"), "shop", outputs=tmp_path / "out")
    assert (record.state, record.exit_code) == ("failed", 3)
    assert (record.error.name, record.error.message, record.error.cell) == ("ZeroDivisionError", "division by zero", 3)
    assert "This run failed" in (Path(record.folder) / "report.html").read_text()
    assert "never" not in str(json.loads(executed(record))["cells"][-1]["outputs"])


def test_an_error_of_ours_is_a_refusal(tmp_path):
    cell = "from mendbook.errors import ConfigError\nraise ConfigError('There is no source.', 'mendbook init')"
    record = run(notebook(tmp_path, cell), "shop", outputs=tmp_path / "out")
    assert (record.state, record.exit_code, record.error.name) == ("failed", 2, "ConfigError")
    assert "mendbook init" in record.error.message
    assert record.error.traceback == f"ConfigError: {record.error.message}", "what was typed is at fault: no line of ours"


def test_a_killed_kernel_is_no_success(tmp_path):
    record = run(
        notebook(tmp_path, "print('before')", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "print('never')"),
        "shop",
        outputs=tmp_path / "out",
    )
    assert (record.state, record.exit_code, record.error.name, record.error.cell) == ("failed", 3, "KernelDied", 3)
    book = json.loads(executed(record))
    assert "This run failed" in "".join(book["cells"][0]["source"])
    statuses = [cell["metadata"]["papermill"]["status"] for cell in book["cells"] if cell["cell_type"] == "code"]
    assert statuses[-2:] == ["failed", "pending"]
    assert "This run failed" in (Path(record.folder) / "report.html").read_text()


@pytest.mark.parametrize("said", ["Kernel didn't respond in 180 seconds", "Kernel died before replying to kernel_info"])
@pytest.mark.parametrize(("answers_at", "state"), [(2, "finished"), (3, "failed")])
def test_a_kernel_that_never_answers_is_started_once_more(monkeypatch, said, answers_at, state):
    started = []

    def start(job):
        started.append(job)
        if len(started) < answers_at:
            raise RuntimeError(said)

    monkeypatch.setattr(execution, "_execute", start)
    outcome = execution.execute({"input": "tiny.ipynb"})
    assert (outcome["state"], len(started)) == (state, 2)
    assert outcome["error"] is None or outcome["error"]["message"] == said


def test_what_fails_while_a_notebook_is_executed_is_not_tried_again(monkeypatch):
    started = []

    def fail(job):
        started.append(job)
        raise RuntimeError("Kernel died")

    monkeypatch.setattr(execution, "_execute", fail)
    assert execution.execute({"input": "tiny.ipynb"})["state"] == "failed"
    assert len(started) == 1


def test_a_run_out_of_time_ends_with_its_kernel(tmp_path, monkeypatch):
    marker = tmp_path / "pid"
    clock = SimpleNamespace(  # the time is over as soon as the cell runs, however long the machine takes to come to it
        monotonic=lambda: 600.0 if marker.exists() and marker.read_text() else 0.0, sleep=time.sleep
    )
    monkeypatch.setattr("mendbook.runs.time", clock)
    path = notebook(tmp_path, f"import os, time\nopen({str(marker)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)")
    record = run(path, "shop", outputs=tmp_path / "out", timeout=300)
    assert (record.state, record.exit_code, record.error.name) == ("timed out", 2, "TimedOut")
    assert record.error.cell == 2
    assert not descendants(marker)
    assert not records.is_alive(Path(record.folder))


def in_its_own_process(path: str, outputs: Path) -> subprocess.Popen[bytes]:
    code = (
        "from mendbook.execution.execution import leave_out_iris; leave_out_iris(); from mendbook.runs import run; "
        f"raise SystemExit(run({path!r}, 'shop', outputs={str(outputs)!r}).exit_code)"
    )
    return subprocess.Popen([sys.executable, "-c", code])


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.thorough)])
def test_a_stopped_run_says_so(tmp_path, number):
    marker = tmp_path / "pid"
    path = notebook(tmp_path, f"import os, time\nopen({str(marker)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)")
    parent = in_its_own_process(path, tmp_path / "out")
    wait_for(lambda: marker.exists() and marker.read_text())
    folder = next((tmp_path / "out" / "runs").iterdir())
    assert read_record(folder).state == "started"
    parent.send_signal(number)
    assert parent.wait(180) == 2
    record = read_record(folder)
    assert (record.state, record.error.name, record.error.cell) == ("stopped", "Stopped", 2)
    assert number.name in record.error.message
    wait_for(lambda: not descendants(marker))


def test_a_run_whose_process_was_killed_has_failed_and_leaves_nothing_behind(tmp_path, monkeypatch):
    marker, temporary = tmp_path / "pid", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    path = notebook(tmp_path, f"import os, time\nopen({str(marker)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)")
    parent = in_its_own_process(path, tmp_path / "out")
    wait_for(lambda: marker.exists() and marker.read_text())
    folder = next((tmp_path / "out" / "runs").iterdir())
    parent.kill()
    parent.wait()
    record = read_record(folder)
    assert (record.state, record.died, record.exit_code) == ("failed", True, 3)
    wait_for(lambda: not descendants(marker))
    wait_for(lambda: not list(temporary.glob("mendbook-run-*")))
    after = run(notebook(tmp_path, "ok = 1", name="after"), "shop", outputs=tmp_path / "out")
    assert after.state == "finished"
    assert "failed (died)" in (tmp_path / "out" / "index.html").read_text()


def test_no_secret_gets_out(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_URL", URL)
    cells = (
        "import os, sys\nprint(os.environ['SHOP_URL'])",
        f"sys.stdout.write({PASSWORD[:4]!r}); sys.stdout.flush(); sys.stdout.write({PASSWORD[4:]!r})",
        "print('-----BEGIN OPENSSH ' + 'PRIVATE KEY-----\\nab' + 'cdef\\n-----END OPENSSH ' + 'PRIVATE KEY-----')",
        "open(os.environ['MENDBOOK_RUN'] + '/result.json', 'w').write('{\"url\": \"' + os.environ['SHOP_URL'] + '\"}')",
        "raise ValueError('could not reach ' + os.environ['SHOP_URL'])",
    )
    record = run(notebook(tmp_path, *cells), "shop", outputs=tmp_path / "out")
    assert record.state == "failed"
    assert any("secret" in note for note in record.notes)
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    for path in files:
        text = path.read_text("utf-8")
        assert not [part for part in (PASSWORD, "s3cr%40t-pw", "abcdef") if part in text], path
    assert REDACTED in record.error.message
    assert "A secret was found" in (Path(record.folder) / "report.html").read_text()


def test_a_secret_beside_the_configuration_is_one_too(tmp_path):
    (tmp_path / ".env").write_text(f"SHOP_URL={URL}\n")
    path = notebook(tmp_path, f"print('the word is', {PASSWORD!r})")
    record = run(path, "shop", config=tmp_path / "mendbook.toml", outputs=tmp_path / "out")
    assert REDACTED in str(json.loads(executed(record))["cells"][-1]["outputs"])


@pytest.mark.thorough
def test_a_secret_beside_the_configuration_is_one_even_where_the_environment_goes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_URL", "postgresql://u:another-pw@h/d")
    (tmp_path / ".env").write_text(f"SHOP_URL={URL}\n")
    path = notebook(tmp_path, f"print('the words are', {PASSWORD!r}, 'another-pw')")
    record = run(path, "shop", config=tmp_path / "mendbook.toml", outputs=tmp_path / "out")
    said = str(json.loads(executed(record))["cells"][-1]["outputs"])
    assert PASSWORD not in said
    assert "another-pw" not in said


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgresql://u:hunter22@h/d", "hunter22"),
        ("the password is hunter22.", "hunter22"),
        ("\x1b[31mhunt\x1b[0mer22", "hunter22"),
        ("mysql://u:other-pw@h/d", "other-pw"),
        ("connection to host=h password=abc failed", "abc"),
        ("b%40d-one", "b%40d-one"),
        ("b@d-one", "b@d-one"),
        ('{"u": "b@d-one"}', "b@d-one"),
        ("dbname=x user='u' password='pq' host=h", "pq"),
    ],
)
def test_redactor_finds(text, secret):
    redactor = Redactor(secrets_of({"A_URL": "postgresql://u:hunter22@h/d", "B_URL": "postgresql://u:b%40d-one@h/d"}))
    assert secret not in redactor.output(text).replace("\x1b[0m", "")
    assert redactor.removed == 1


def test_redactor_leaves_ordinary_words_alone():
    redactor = Redactor(secrets_of({"URL": "postgresql://u:a@h/d"}))
    text = "A cat sat at \x1b[31mhttps://example.com:8080/a?b=c\x1b[0m, user:name"
    assert redactor.output(text) == text
    assert redactor.removed == 0


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"limits": "3"}, "no parameter 'limits'", "Did you mean 'limit'?"),
        ({"limit": "7.5"}, "must be a whole number", "-p limit"),
        ({"limit": True}, "must be a whole number", "-p limit"),
        ({"ratio": "nan"}, "must be a finite number", "-p ratio"),
        ({"careful": "maybe"}, "must be true or false", "-p careful"),
        ({"kinds": "[1"}, "must be a list", "-p kinds"),
        ({"code": 7}, "must be text", "-p code"),
        ({"code": "../x"}, "leads out of its folder", "without"),
        ({"kinds": ["a/../../b"]}, "leads out of its folder", "without"),
        ({"code": URL}, "holds a secret", "environment"),
        ({"code": "a\x1bb"}, "control characters", "plain"),
        ({"source": "other"}, "not a parameter of its own", "SOURCE"),
    ],
)
def test_parameters_that_are_refused(tmp_path, given, message, hint):
    with pytest.raises(ConfigError) as raised:
        run(notebook(tmp_path), "shop", given, outputs=tmp_path / "out")
    assert message in raised.value.message
    assert hint in raised.value.hint
    assert "s3cr" not in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_parameters_are_typed_as_declared(tmp_path):
    known = declared(nbformat.read(notebook(tmp_path), as_version=4))
    given = {"code": "007", "limit": "-5", "ratio": "1e3", "careful": "TRUE", "kinds": '["a,b"]'}
    expected = {"code": "007", "limit": -5, "ratio": 1000.0, "careful": True, "kinds": ["a,b"]}
    assert typed(given, known, "tiny") == expected
    assert {name: each["type"] for name, each in known.items()} == {
        "source": "str", "code": "str", "limit": "int", "ratio": "float", "careful": "bool", "kinds": "list",
    }  # fmt: skip
    assert known["limit"]["help"].strip() == "a number"


@pytest.mark.parametrize("source", ["", "  ", "../up", "a/b", ".hidden", "-flag", "a\nb", URL, "x" * 200])
def test_sources_that_cannot_be(source):
    with pytest.raises(ConfigError):
        check_source(source)


def test_unknown_notebooks_list_the_known_ones(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    notebook(tmp_path / "notebooks", name="07_special")
    monkeypatch.chdir(tmp_path)
    assert find_notebook("special") == find_notebook("07_special")
    assert find_notebook("audit").name == "01_audit.ipynb"
    with pytest.raises(ConfigError) as raised:
        find_notebook("adit")
    assert "Did you mean 'audit'?" in raised.value.hint
    assert "special" in raised.value.hint


def test_a_file_that_is_no_notebook(tmp_path):
    (tmp_path / "x.ipynb").write_text("{")
    with pytest.raises(ConfigError, match="not a notebook"):
        run(str(tmp_path / "x.ipynb"), "shop", outputs=tmp_path / "out")


def test_outputs_that_cannot_be_written(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="Cannot write"):
        run(notebook(tmp_path), "shop", outputs=tmp_path / "out")


def test_a_disk_that_is_full_at_the_start_leaves_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mendbook.files.publish.os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        run(notebook(tmp_path), "shop", outputs=tmp_path / "out")
    assert not list((tmp_path / "out" / "runs").iterdir())


def test_a_disk_that_fills_up_leaves_no_half_report(tmp_path, monkeypatch):
    real, calls = os.fsync, []

    def fills_up(handle):
        calls.append(handle)
        if len(calls) > 2:  # the first record and its folder
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr("mendbook.files.publish.os.fsync", fills_up)
    with pytest.raises(OutputError, match="No space left"):
        run(notebook(tmp_path), "shop", outputs=tmp_path / "out")
    folder = next((tmp_path / "out" / "runs").iterdir())
    assert {path.name for path in folder.iterdir()} == {"run.json", "run.lock"}
    assert read_record(folder).died


@pytest.mark.thorough
def test_two_runs_of_one_source_at_the_same_moment(tmp_path):
    path = notebook(tmp_path, "ok = 1")
    parents = [in_its_own_process(path, tmp_path / "out") for _ in range(2)]
    assert [parent.wait(240) for parent in parents] == [0, 0]
    folders = list((tmp_path / "out" / "runs").iterdir())
    assert [read_record(folder).state for folder in folders] == ["finished"] * 2
    index = (tmp_path / "out" / "index.html").read_text()
    assert all(f"runs/{folder.name}/report.html" in index for folder in folders)
    assert "running" not in index


def test_folders_are_never_taken_twice(tmp_path):
    from datetime import UTC, datetime

    at = datetime(2026, 11, 20, 16, 22, 33, tzinfo=UTC)
    names = [records.create_run_folder(tmp_path, "audit", "logistics", at).name for _ in range(3)]
    assert names == [f"20261120T162233Z-audit-logistics{suffix}" for suffix in ("", "-2", "-3")]


def test_readers_do_not_take_each_other_for_the_run(tmp_path):
    import fcntl

    with records.living(tmp_path):
        assert records.is_alive(tmp_path)
    with (tmp_path / records.LOCK).open() as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        assert not records.is_alive(tmp_path)


def test_braces_in_paths_are_no_format(tmp_path):
    assert execution._plain("/a/{b}") == "/a/{{b}}"
    odd = tmp_path / "{odd} näme"
    odd.mkdir()
    record = run(notebook(odd, "ok = 1"), "shop", outputs=odd / "out")
    assert record.state == "finished"


def test_a_report_that_cannot_be_made_does_not_cost_the_run(tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("no report")

    monkeypatch.setattr("mendbook.runs.render_report", broken)
    record = run(notebook(tmp_path, "ok = 1"), "shop", outputs=tmp_path / "out")
    assert record.state == "finished"
    assert any("no report" in note for note in read_record(Path(record.folder)).notes)


def test_an_audit_of_a_run_is_counted_in_the_index(tmp_path):
    tests = str(Path(__file__).parent)
    cell = (
        f"import sys, os, pathlib\nsys.path.insert(0, {tests!r})\nimport fake_audit\n"
        "fake_audit.write_audit(pathlib.Path(os.environ['MENDBOOK_RUN']), 10)"
    )
    view = "from mendbook.views.views import AuditView\naudit = AuditView(os.environ['MENDBOOK_RUN'])\naudit.gap_chart()"
    record = run(notebook(tmp_path, cell, view, "audit.browse()"), "logistics", outputs=tmp_path / "out")
    assert record.state == "finished"
    assert {path.name for path in (Path(record.folder) / "figures").iterdir()} == {"3-gaps.svg", "3-gaps.png"}
    report = (Path(record.folder) / "report.html").read_text()
    assert "<svg" in report
    index = (tmp_path / "out" / "index.html").read_text()
    assert '<td class="number">40</td><td class="number">50</td>' in index
    assert write_audit(tmp_path / "again", 10)["counts"]["duplicate_profile"] == {"cases": 10, "rows": 20}
    outputs = [cell["outputs"] for cell in json.loads(executed(record))["cells"] if cell["cell_type"] == "code"]
    assert "image/png" in outputs[-2][0]["data"]
    assert "<script" not in str(outputs[-1])
    assert "<table" in str(outputs[-1])


def test_the_command_line_starts_without_pandas_and_matplotlib():
    code = "import mendbook.runs, sys; sys.exit(bool({'pandas', 'matplotlib', 'pyarrow', 'papermill'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
