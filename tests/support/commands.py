"""The command line as a test types it: how a command ended, and what it said."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mendbook import cli


@dataclass(frozen=True)
class Answer:
    """How a command ended and what it said."""

    code: Any
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout; an error where there is none or more."""
        return json.loads(self.out)

    @property
    def words(self) -> str:
        """What people read, in one line however it was wrapped, and without the lines of tables."""
        return " ".join(self.err.translate(dict.fromkeys(map(ord, "│┃"), " ")).split())


Command = Callable[..., Answer]


def command_in(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command line in ``home``."""

    def command(*arguments: str) -> Answer:
        monkeypatch.chdir(home)
        monkeypatch.setattr(sys, "argv", ["mendbook", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Answer(ended.value.code, said.out, said.err)

    return command
