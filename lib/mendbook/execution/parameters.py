"""Checks and types the parameters of a run against the notebook's own ``parameters`` cell, before anything starts.

papermill would inject unknown names with a mere warning and make 7 of "007"; here a name must be declared, a value must
have the declared type, and neither paths upwards nor secrets get in: parameters end up in files that are passed around.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from mendbook.errors import ConfigError, known
from mendbook.execution.redaction import has_password

#: Given by the run itself, from SOURCE, --config and --outputs.
GIVEN = ("source", "config", "outputs")

_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_UPWARDS = re.compile(r"(?:\A|[/\\])\.\.(?:[/\\]|\Z)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SOURCE = re.compile(r"[\w.\- ]+\Z")
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


def declared(notebook: Any) -> dict[str, dict[str, str]]:
    """The parameters that ``notebook`` (an nbformat node) declares: name to {type, default, help}, in order.

    The type is the annotation's first word, or that of the default; "" where neither tells.
    """
    from papermill import inspect_notebook

    found = {}
    for name, each in inspect_notebook(notebook).items():
        kind = str(each["inferred_type_name"] or "")
        first = re.match(r"\w*", kind)
        kind = _type_of(each["default"]) if kind in ("", "None") or first is None else first[0].lower()
        found[name] = {"type": kind, "default": each["default"], "help": each["help"]}
    return found


def _type_of(default: str) -> str:
    try:
        value = ast.literal_eval(default)
    except (ValueError, SyntaxError):
        return ""
    return "" if value is None else type(value).__name__


def typed(
    given: Mapping[str, Any],
    known_parameters: Mapping[str, Mapping[str, str]],
    notebook: str,
    secrets: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """``given`` with every value in its declared type. Text, as from the command line, is read strictly.

    Raises ConfigError for an unknown name, a value of another type, a path upwards or a secret; the value of a
    secret is not repeated.
    """
    checked = {}
    for name, value in given.items():
        if name in GIVEN:
            raise ConfigError(
                f"{name!r} is not a parameter of its own.",
                f"Give it as SOURCE, --config or --outputs, not with -p {name}=..",
            )
        if name not in known_parameters:
            names = [each for each in known_parameters if each not in GIVEN]
            raise ConfigError(f"The notebook {notebook} has no parameter {name!r}.", known(name, names, "parameter"))
        for text in _texts(value):
            refuse(name, text, secrets)
        checked[name] = _read(name, value, known_parameters[name]["type"])
    return checked


def refuse(name: str, text: str, secrets: frozenset[str] = frozenset()) -> None:
    """Raise ConfigError where ``text`` must not be a parameter: it leads upwards, holds control characters or a
    secret."""
    if has_password(text) or any(len(secret) >= 6 and secret in text for secret in secrets):
        raise ConfigError(
            f"The value of {name!r} holds a secret, and parameters are written into files.",
            "Put the URL into the environment and name its variable as url_env in mendbook.toml.",
        )
    if _UPWARDS.search(text):
        raise ConfigError(f"The value of {name!r} leads out of its folder (..).", "Give the path without '..'.")
    if _CONTROL.search(text):
        raise ConfigError(f"The value of {name!r} holds control characters.", "Give it as plain text.")


def check_source(source: str, secrets: frozenset[str] = frozenset()) -> str:
    """``source`` if it can be the name of one; it becomes part of a folder's name. Raises ConfigError."""
    refuse("source", source, secrets)
    if not source.strip() or not _SOURCE.match(source) or source.startswith((".", "-")) or len(source) > 100:
        raise ConfigError(
            f"{source!r} cannot be the name of a source.",
            "A source is named in mendbook.toml, as in [sources.attendance].",
        )
    return source


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for pair in value.items() for each in pair for text in _texts(each)]
    if isinstance(value, (list, tuple)):
        return [text for each in value for text in _texts(each)]
    return []


def _read(name: str, value: Any, kind: str) -> Any:
    readers: dict[str, Callable[[Any], Any]] = {
        "str": _text, "bool": _bool, "int": _int, "float": _float, "list": _list, "dict": _dict,
    }  # fmt: skip
    if kind not in readers:
        return value
    try:
        return readers[kind](value)
    except ValueError as failure:
        raise ConfigError(
            f"The parameter {name!r} must be {failure}; it was given as {value!r}.", f"Write -p {name}=VALUE."
        ) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("text")
    return value


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else ""
    if word not in _TRUE + _FALSE:
        raise ValueError("true or false")
    return word in _TRUE


def _int(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not _INTEGER.match(value):
        raise ValueError("a whole number")
    return int(value)


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("a number")
    try:
        number = float(value)
    except ValueError:
        raise ValueError("a number") from None
    if not math.isfinite(number) or "_" in str(value):
        raise ValueError("a finite number")
    return number


def _list(value: Any) -> list[Any]:
    """A list, a JSON array, or texts with commas between them."""
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return [part.strip() for part in value.split(",") if part.strip()]
    return _json(value, list, "a list: a,b or a JSON array")  # type: ignore[no-any-return]


def _dict(value: Any) -> dict[str, Any]:
    return _json(value, dict, "a JSON object")  # type: ignore[no-any-return]


def _json(value: Any, wanted: type, phrase: str) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError(phrase) from None
    if isinstance(value, tuple) and wanted is list:
        value = list(value)
    if not isinstance(value, wanted):
        raise ValueError(phrase)
    return value
