"""Runs notebooks by papermill into outputs/runs/, each with a record that is true however the run ends.

A run is a child process that this one watches: it can be stopped, run out of time or be killed with its kernel, and the
record says so. What a run publishes is searched for secrets first. Nothing here opens a database.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from mendbook.errors import MendbookError, OutputError
from mendbook.execution.executed import publish_notebook
from mendbook.execution.execution import end_tree, import_path
from mendbook.execution.notebook_files import find_notebook, notebooks, read_notebook, short_name
from mendbook.execution.parameters import check_source, declared, typed
from mendbook.execution.redaction import Redactor, secrets_of
from mendbook.files.publish import output_error, publish
from mendbook.files.records import RunError, RunRecord, create_run_folder, living, now, read_record, write_record
from mendbook.reports.overview import write_index
from mendbook.reports.reports import REPORT, render_report

__all__ = ["RunRecord", "find_notebook", "notebooks", "read_record", "run", "write_index"]

#: The environment variable that tells a notebook's workbook which folder is this run's.
RUN_FOLDER = "MENDBOOK_RUN"

_PACKAGES = ("mendbook", "papermill", "ipykernel", "pandas", "pyarrow", "matplotlib", "sqlalchemy")
_GLANCE = 0.1  # seconds between two looks at the child


@dataclass(frozen=True, slots=True)
class _Ending:
    """How the child ended."""

    state: str
    error: RunError | None = None


def run(
    notebook: str,
    source: str,
    parameters: Mapping[str, Any] | None = None,
    config: str | Path = "mendbook.toml",
    outputs: str | Path = "outputs",
    timeout: float | None = None,
    begun: Callable[[RunRecord], None] | None = None,
) -> RunRecord:
    """Execute ``notebook`` on ``source`` into a folder of its own and return the record, which is also in run.json.

    ``config`` "" leaves it to the notebook to look for mendbook.toml. ``parameters`` are checked against the notebook's
    parameters cell; text values are read by their declared types.
    ``timeout`` (seconds) is for the whole run. ``begun`` is called once the run has a folder and its first record there.
    A run that fails, is stopped or runs out of time is returned, not
    raised: look at ``state`` and ``exit_code``. Raises ConfigError before anything is written, where notebook,
    source or parameters are wrong, and OutputError where outputs cannot be written.
    """
    import nbformat

    path = find_notebook(notebook)
    content = read_notebook(path)
    environment = _environment(Path(config or "mendbook.toml"))
    # the file's values are secrets even where the environment's go before them
    secrets = secrets_of(environment) | secrets_of(_beside(Path(config or "mendbook.toml")))
    known_parameters = declared(nbformat.reads(content.decode("utf-8"), as_version=4))
    own = typed(parameters or {}, known_parameters, path.stem, secrets)
    given = {
        "source": check_source(source, secrets),
        "config": str(Path(config).absolute()) if str(config) else "",
        "outputs": str(Path(outputs).absolute()),
    }
    values = {**{name: value for name, value in given.items() if name in known_parameters}, **own}
    folder = create_run_folder(Path(outputs), short_name(path), re.sub(r"[^\w.-]+", "-", source))
    record = RunRecord(
        folder=str(folder), notebook=short_name(path), source=source, state="started", started=now(),
        notebook_sha256=hashlib.sha256(content).hexdigest(), parameters=values, versions=_versions(),
        pid=os.getpid(), process_started=_process_started(),
    )  # fmt: skip
    redactor = Redactor(secrets)
    began = time.monotonic()
    with _stop_signals() as stop, living(folder):
        _write_first(record, folder)
        if begun:
            begun(record)
        ending = _Ending("failed", RunError("Interrupted", "The run was interrupted before it could end."))
        try:
            with tempfile.TemporaryDirectory(prefix="mendbook-run-") as private:
                ending, record = _execute(content, record, Path(private), timeout, stop, redactor)
        finally:
            record = _ended(record, ending, time.monotonic() - began, redactor)
            write_record(record)
        _clean_results(folder, redactor)
        record = _publish_report(record, redactor)
    write_index(Path(outputs))
    return record


def _environment(config: Path) -> dict[str, str]:
    """The environment as the kernel will have it, with a .env file beside the configuration: where secrets come
    from."""
    return {**_beside(config), **os.environ}


def _beside(config: Path) -> dict[str, str]:
    """What a .env file beside the configuration sets."""
    from dotenv import dotenv_values

    file = config.absolute().parent / ".env"
    values = dotenv_values(file) if file.is_file() else {}
    return {name: value for name, value in values.items() if value}


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _process_started() -> float:
    import psutil

    return float(psutil.Process().create_time())


def _write_first(record: RunRecord, folder: Path) -> None:
    """Write the first record; a run that cannot even say that it started leaves no folder."""
    try:
        write_record(record)
    except OutputError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _execute(
    content: bytes, record: RunRecord, private: Path, timeout: float | None, stop: list[int], redactor: Redactor
) -> tuple[_Ending, RunRecord]:
    """Run the child in the ``private`` folder, then publish the notebook without secrets."""
    given, executed, outcome = (
        private / f"{record.notebook}.ipynb",
        private / "executed.ipynb",
        private / "outcome.json",
    )
    errors = private / "errors.txt"
    try:
        given.write_bytes(content)
        executed.write_bytes(content)
    except OSError as failure:
        raise output_error(private, failure) from failure
    job = {"input": str(given), "output": str(executed), "outcome": str(outcome), "parameters": record.parameters}
    with errors.open("wb") as stderr:
        ending = _supervise(job, Path(record.folder), timeout, stop, None if sys.stderr.isatty() else stderr)
        if ending is None:
            ending = _outcome(outcome, errors)
        target = Path(record.folder) / f"{record.notebook}.ipynb"
        error, note = publish_notebook(executed, given, target, ending.state, ending.error, redactor)
    record = replace(record, notes=(*record.notes, note)) if note else record
    return _Ending(ending.state, error), record


def _supervise(job: Mapping[str, Any], folder: Path, timeout: float | None, stop: list[int], stderr: Any) -> _Ending | None:
    """Start the child and wait for it; how it was ended, or None where it ended by itself."""
    child = subprocess.Popen(
        [sys.executable, "-m", "mendbook.execution.execution"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        start_new_session=True,
        env={**os.environ, RUN_FOLDER: str(folder), "PYTHONPATH": import_path()},
    )
    assert child.stdin is not None
    deadline = None if timeout is None else time.monotonic() + timeout
    try:
        # The pipe stays open: its end would tell the child that this process is gone.
        child.stdin.write(json.dumps({**job, "progress": stderr is None}).encode() + b"\n")
        child.stdin.flush()
        while child.poll() is None:
            if stop:
                return _Ending("stopped", RunError("Stopped", f"The run was stopped by {signal.Signals(stop[0]).name}."))
            if deadline is not None and time.monotonic() > deadline:
                message = f"The run took longer than the {timeout:g} s it was given, and was ended."
                return _Ending("timed out", RunError("TimedOut", message))
            time.sleep(_GLANCE)
    except BrokenPipeError:
        child.wait()
    finally:
        end_tree(child.pid)
        child.wait()
        child.stdin.close()
    return None


def _outcome(outcome: Path, errors: Path) -> _Ending:
    try:
        told = json.loads(outcome.read_text("utf-8"))
        return _Ending(told["state"], RunError(**told["error"]) if told["error"] else None)
    except (OSError, ValueError, TypeError, KeyError):
        said = errors.read_text("utf-8", "replace").strip().splitlines()[-3:] if errors.exists() else []
        message = "\n".join(["The process that executed the notebook was killed or broke down.", *said])
        return _Ending("failed", RunError("WorkerDied", message))


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Collects SIGTERM and SIGINT instead of dying by them, so that the record can say that the run was stopped."""
    caught: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield caught
        return
    wanted = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda received, _: caught.append(received)) for number in wanted}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def _ended(record: RunRecord, ending: _Ending, seconds: float, redactor: Redactor) -> RunRecord:
    error = ending.error and RunError(
        redactor.text(ending.error.name), redactor.output(ending.error.message), ending.error.cell,
        redactor.text(ending.error.source), redactor.output(ending.error.traceback),
    )  # fmt: skip
    return replace(
        record, state=ending.state, ended=now(), seconds=round(seconds, 3), error=error, exit_code=_exit_code(ending)
    )


def _exit_code(ending: _Ending) -> int:
    """0 finished; 2 where it was refused, stopped or ran out of time; 3 where it broke unexpectedly."""
    if ending.state == "finished":
        return 0
    kinds: list[type[MendbookError]] = [MendbookError, *MendbookError.__subclasses__()]
    refused = {kind.__name__ for kind in kinds}
    return 2 if ending.state != "failed" or (ending.error and ending.error.name in refused) else 3


def _clean_results(folder: Path, redactor: Redactor) -> None:
    """Take secrets out of the JSON that the notebook wrote, as out of everything else that is passed around."""
    for path in (*folder.glob("*.json"), *folder.glob("receipt.html"), *folder.glob("rehearsal.html")):
        text = path.read_text("utf-8", "replace")
        if (cleaned := redactor.text(text)) != text:
            publish(path, cleaned)


def _publish_report(record: RunRecord, redactor: Redactor) -> RunRecord:
    """Write report.html; a report that cannot be drawn is noted in the record and costs the run nothing else."""
    folder = Path(record.folder)
    try:
        publish(folder / REPORT, redactor.text(render_report(folder, record)))
    except OutputError:
        raise
    except Exception as failure:  # whatever a notebook left in the folder, the run itself is over and stays recorded
        record = replace(record, notes=(*record.notes, f"The report could not be made: {type(failure).__name__}: {failure}."))
        write_record(record)
    return record
