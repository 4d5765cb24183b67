"""The child process of a run: executes one notebook with papermill and writes how that went. Started by ``runs.py``
only.

``python -m mendbook.execution.execution`` reads one JSON line {input, output, outcome, parameters, progress} from standard
input and keeps reading: when the other end goes away, so do this process and its kernel. The kernel is this very
interpreter, whatever kernels the machine has registered. Exit code 0 tells that the outcome file was written, not
that the run went well.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

#: How long a kernel may take to answer, in seconds: on a crowded machine, beside others that start, it takes minutes.
START_SECONDS = 180
#: What jupyter_client says of a kernel that gave no answer: nothing of the notebook was executed.
_NEVER_STARTED = ("Kernel didn't respond", "Kernel died before replying")
_ANSI = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")


def main() -> int:
    """Execute the notebook that standard input names."""
    leave_out_iris()
    job = json.loads(sys.stdin.readline())
    watcher = threading.Thread(target=_leave_with_parent, args=(Path(job["output"]).parent,), daemon=True)
    watcher.start()
    outcome = execute(job)
    Path(job["outcome"]).write_text(json.dumps(outcome), "utf-8")
    return 0


def leave_out_iris() -> None:
    """Let jsonschema do without its check of IRIs, of which notebooks have none: to make its parser takes more than a second.

    For processes of mendbook's own, before they read a notebook; a program that uses mendbook may need the check.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # importing it fails, as where it is missing


def execute(job: dict[str, Any]) -> dict[str, Any]:
    """Run the notebook; {state: finished} or {state: failed, error: {name, message, cell, source, traceback}}.

    A kernel that never answered is started once more: it has done nothing yet.
    """
    import logging

    warnings.simplefilter("ignore")
    logging.getLogger("papermill").setLevel(logging.ERROR)
    from papermill.exceptions import PapermillExecutionError

    try:
        try:
            _execute(job)
        except RuntimeError as failure:
            if not str(failure).startswith(_NEVER_STARTED):
                raise
            _execute(job)
    except PapermillExecutionError as failure:
        return {"state": "failed", "error": _cell_error(failure, job["input"])}
    except Exception as failure:
        if type(failure).__name__ == "DeadKernelError":
            message = "The kernel was killed: out of memory, or by someone. The rest of the notebook was not executed."
            return {"state": "failed", "error": {"name": "KernelDied", "message": message}}
        message = _ANSI.sub("", str(failure)) or type(failure).__name__
        return {"state": "failed", "error": {"name": type(failure).__name__, "message": message}}
    return {"state": "finished", "error": None}


def _execute(job: dict[str, Any]) -> None:
    import papermill

    papermill.execute_notebook(
        _plain(job["input"]),
        _plain(job["output"]),
        parameters=job["parameters"],
        kernel_name="python3",
        kernel_manager_class=kernel_manager_class(),
        progress_bar=bool(job["progress"]),
        log_output=False,
        start_timeout=START_SECONDS,
    )


def _plain(path: str) -> str:
    """A path that papermill does not read as a format string."""
    return path.replace("{", "{{").replace("}", "}}")


def _cell_error(failure: Any, notebook: str) -> dict[str, Any]:
    """papermill counts cells after it has inserted one for the parameters; people count those of their notebook."""
    import nbformat

    cells = nbformat.read(notebook, as_version=4).cells
    numbers = [number for number, cell in enumerate(cells, start=1) if cell.source == failure.source]
    return {
        "name": str(failure.ename),
        "message": _ANSI.sub("", str(failure.evalue)),
        "cell": numbers[0] if numbers else None,
        "source": str(failure.source),
        "traceback": _ANSI.sub("", "\n".join(failure.traceback or [])),
    }


def kernel_manager_class() -> type[Any]:
    """A kernel manager that starts this interpreter, with the kernel that is installed beside it.

    nbclient itself keeps such kernels from writing a history file.
    """
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    specification = KernelSpec(name="python3", resource_dir="", **get_kernel_dict())

    class OwnInterpreter(AsyncKernelManager):
        @property
        def kernel_spec(self) -> Any:
            return specification

    return OwnInterpreter


def import_path() -> str:
    """This package for a child and its kernel, also where it is not installed but only on the path."""
    ours = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(dict.fromkeys([ours, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]))


def _leave_with_parent(private: Path) -> None:
    """Wait for the end of standard input, which comes with the parent's, then end the kernel and this process.

    The ``private`` folder goes too: what stands there has not been searched for secrets yet.
    """
    sys.stdin.read()
    end_tree(os.getpid(), spare_root=True)
    shutil.rmtree(private, ignore_errors=True)
    os._exit(1)


def end_tree(root: int, spare_root: bool = False, patience: float = 3.0) -> None:
    """End process ``root`` and all that it started: asked first, so that databases hear of it, then killed.

    Kernels run in sessions of their own, so a signal to the process group would not reach them: the tree is listed
    first.
    """
    import psutil

    try:
        process = psutil.Process(root)
        family = process.children(recursive=True)
    except psutil.NoSuchProcess:
        return
    if not spare_root:
        # At once: it would take the end of its kernel for an event to report.
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    for each in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.terminate()
    _, stubborn = psutil.wait_procs(family, timeout=patience)
    for each in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(stubborn, timeout=patience)


if __name__ == "__main__":
    sys.exit(main())
