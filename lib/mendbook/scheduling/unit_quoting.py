"""The templates of units.py, and how each kind of file quotes what stands in it. It reads no settings."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).parent / "templates"


def templates() -> Environment:
    """The templates, with the filters cron, unit, unit_path, unit_value, yaml and python."""
    # nothing is escaped by default: each file has a quoting of its own, and a template says which
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    made.filters |= {
        "cron": cron_words,
        "unit": unit_words,
        "unit_path": unit_path,
        "unit_value": unit_value,
        "yaml": _json,
        "python": repr,
    }
    return made


def cron_words(words: list[str]) -> str:
    """A command for a line of crontab: quoted for the shell, and % for cron, which would end the command there."""
    return shlex.join(words).replace("%", r"\%")


def unit_words(words: list[str]) -> str:
    """A command for ExecStart=: each word quoted where it needs it, specifiers and variables left as they are written."""
    return " ".join(_unit_word(word).replace("$", "$$") for word in words)


def _unit_word(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return escaped if re.fullmatch(r"[\w@%+=:,./$-]+", word) else f'"{escaped}"'


def unit_path(path: object) -> str:
    """A path in a list of paths, where $ means nothing."""
    return _unit_word(str(path))


def unit_value(text: object) -> str:
    """A path for a line of a unit that is not a command."""
    return str(text).replace("%", "%%")


def _json(value: Any) -> str:
    """A text, number or list as YAML reads it: JSON is YAML."""
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
