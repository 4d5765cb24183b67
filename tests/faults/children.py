"""Processes that run ``mendbook`` as the shell would, without waiting for Python's imports each time.

A template process has imported mendbook and holds nothing else; for every command it forks a child, which may then be killed
or stopped like any other process. ``python -m faults.children`` is the template; ``Children`` is what a test holds.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LONGEST = 300


@dataclass
class Child:
    """One running command. ``code`` is its exit code once it has ended, below zero where a signal ended it."""

    children: Children
    pid: int
    out: Path
    err: Path
    code: int | None = None

    def wait(self, seconds: float = _LONGEST) -> int | None:
        """Its exit code; None where it is still running, or is stopped, after ``seconds``."""
        until = time.monotonic() + seconds
        while self.code is None:
            state = self.children.ask({"look": self.pid})
            if state == "stopped":
                return None
            if isinstance(state, int):
                self.code = state
            elif time.monotonic() > until:
                return None
            else:
                time.sleep(0.003)
        return self.code

    @property
    def stopped(self) -> bool:
        return self.children.ask({"look": self.pid}) == "stopped"

    def signal(self, number: int) -> None:
        if self.code is None:
            os.kill(self.pid, number)

    def end(self) -> int:
        """Wait until it ends, killing it where it does not."""
        code = self.wait()
        if code is None:
            self.signal(signal.SIGKILL)
            code = self.wait()
        assert code is not None, f"process {self.pid} cannot be killed"
        return code

    @property
    def said(self) -> str:
        return self.err.read_text(errors="replace")

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out.read_text())
        return found


class Children:
    """The template process, and the children that it makes."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, 0
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faults.children"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )
        assert self.ask({}) == "ready"

    def ask(self, question: Mapping[str, Any]) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def run(self, home: Path, arguments: Sequence[str], patch: Mapping[str, Any] | None = None, **environment: str) -> Child:
        """Start ``mendbook ARGUMENTS`` in ``home``. ``patch`` sets what a test cannot wait for (repairs.apply.IDLE_SECONDS)."""
        self._number += 1
        out, err = (self._folder / f"{self._number}.{name}" for name in ("out", "err"))
        question = {"run": list(arguments), "home": str(home), "out": str(out), "err": str(err)}
        pid = self.ask({**question, "patch": dict(patch or {}), "environment": environment})
        return Child(self, pid, out, err)

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(_LONGEST)


def _become(question: Mapping[str, Any]) -> None:
    """The child: the command line, from its working folder to its exit code."""
    import importlib

    from mendbook import cli

    for number, name in ((0, os.devnull), (1, question["out"]), (2, question["err"])):
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, number)
        os.close(handle)
    os.chdir(question["home"])
    os.environ.update(question["environment"])
    for name, value in question["patch"].items():
        module, _, attribute = name.rpartition(".")
        setattr(importlib.import_module(f"mendbook.{module}"), attribute, value)
    sys.argv = ["mendbook", *question["run"]]
    code: Any = 0
    try:
        cli.main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


def _look(pid: int) -> Any:
    found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
    if not found:
        return _stopped.get(pid, "running")
    if os.WIFSTOPPED(status):
        _stopped[pid] = "stopped"
        return "stopped"
    return os.waitstatus_to_exitcode(status)


_stopped: dict[int, str] = {}


def _prepare() -> None:
    """Everything that is the same for every command, done once; no connection and no thread is begun."""
    import gc
    import importlib

    import typer.main
    from mendbook import cli

    for name in ("workbook", "verbs.applying", "audits.audit", "signing.signatures", "commands.apply"):
        importlib.import_module(f"mendbook.{name}")
    command = typer.main.get_command(cli.app)
    typer.main.get_command = lambda _: command
    gc.freeze()


def _serve() -> None:
    _prepare()
    running: set[int] = set()
    for line in sys.stdin:
        question = json.loads(line)
        answer: Any = "ready"
        if "run" in question:
            sys.stdout.flush()
            answer = os.fork()
            if not answer:
                _become(question)
            running.add(answer)
        elif "look" in question:
            answer = _look(question["look"])
            running -= {question["look"]} if isinstance(answer, int) else set()
        elif "go on" in question:
            _stopped.pop(question["go on"], None)
            os.kill(question["go on"], signal.SIGCONT)
        print(json.dumps(answer), flush=True)
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    _serve()
