"""How SQLite's values are written as text, and read back: text in, value out is exact, storage class and all.

SQLite keeps a storage class with each value, whatever its column was declared as. A value has its natural text where the
column's form gives that very value back; any other is written as "sqlite:" and the SQL literal that it is. Pure; nothing
here opens a database.
"""

from __future__ import annotations

import math
import re
from typing import Literal

from mendbook.dialects import Column

#: What SQLite stores; text that is no text in the database's encoding is `Raw`.
Value = None | int | float | str | bytes
#: What a column's natural texts stand for: text alone, or numbers where they are written as such.
Form = Literal["text", "number"]

PREFIX = "sqlite:"
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_LITERAL = re.compile(
    r"sqlite:(?:X'(?P<blob>[0-9a-f]*)'|CAST\(X'(?P<raw>[0-9a-f]*)' AS TEXT\)|'(?P<text>.*)'|(?P<number>.+))", re.S
)
_NUMERIC = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*", re.A)
#: SQLite's integers.
LEAST, MOST = -(2**63), 2**63 - 1


class Raw(bytes):
    """A text's bytes, where they are no text in the database's encoding, or hold a NUL."""


def affinity(type_: str) -> str:
    """What SQLite makes of a declared type: "INTEGER", "TEXT", "BLOB", "REAL" or "NUMERIC"."""
    upper = type_.upper()
    if "INT" in upper:
        return "INTEGER"
    if any(word in upper for word in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if "BLOB" in upper or not upper:
        return "BLOB"
    if any(word in upper for word in ("REAL", "FLOA", "DOUB")):
        return "REAL"
    return "NUMERIC"


def form_of(column: Column) -> Form:
    """What natural texts in ``column`` stand for."""
    return "text" if affinity(column.type) == "TEXT" else "number"


def written(value: Value | Raw, form: Form) -> str | None:
    """``value`` as text; None for NULL."""
    if value is None:
        return None
    kind = type(value)
    if kind is str:
        return _text(value, form)  # type: ignore[arg-type]
    if kind is int:
        return f"{PREFIX}{value!r}" if form == "text" else repr(value)
    if kind is float:
        return _real(value, form)  # type: ignore[arg-type]
    if kind is Raw:
        return f"{PREFIX}CAST(X'{value.hex()}' AS TEXT)"  # type: ignore[union-attr]
    return f"{PREFIX}X'{value.hex()}'"  # type: ignore[union-attr]


def _text(value: str, form: Form) -> str:
    if "\0" in value:
        return f"{PREFIX}CAST(X'{value.encode('utf-8', 'surrogatepass').hex()}' AS TEXT)"
    if value.startswith(PREFIX) or type(_natural(value, form)) is not str:
        return f"{PREFIX}'{value.replace(chr(39), chr(39) * 2)}'"
    return value


def _real(value: float, form: Form) -> str:
    if math.isinf(value):
        return f"{PREFIX}{'-' if value < 0 else ''}9e999"
    return f"{PREFIX}{value!r}" if form == "text" else repr(value)


def read(text: str | None, form: Form) -> Value | Raw:
    """The value that ``text`` stands for in a column of ``form``; what ``written`` would not have written is text."""
    if text is None or not text.startswith(PREFIX):
        return None if text is None else _natural(text, form)
    found = _LITERAL.fullmatch(text)
    if found is None:
        return text
    if found["blob"] is not None:
        return bytes.fromhex(found["blob"])
    if found["raw"] is not None:
        return Raw.fromhex(found["raw"])
    if found["text"] is not None:
        return found["text"].replace("''", "'")
    number = found["number"]
    if number in ("9e999", "-9e999"):
        return math.inf if number == "9e999" else -math.inf
    value = _natural(number, "number")
    return value if type(value) is not str else text


def _natural(text: str, form: Form) -> int | float | str:
    if form == "text":
        return text
    if _INTEGER.fullmatch(text) and LEAST <= int(text) <= MOST:
        return int(text)
    try:
        real = float(text)
    except ValueError:
        return text
    return real if repr(real) == text and math.isfinite(real) else text


def stored(value: Value | Raw, affinity: str) -> Value | Raw:
    """What a column of ``affinity`` makes of a value that is written to it."""
    if affinity == "TEXT" and isinstance(value, int | float):
        return str(value) if isinstance(value, int) else repr(value)
    if affinity in ("BLOB", "TEXT"):
        return value
    number: Value | Raw = value
    if type(value) is str and _NUMERIC.fullmatch(value):
        bare = value.strip()
        whole = re.fullmatch(r"[+-]?[0-9]+", bare) and LEAST <= int(bare) <= MOST
        number = int(bare) if whole else float(bare)
    if affinity == "REAL":
        return float(number) if type(number) is int else number
    if type(number) is float and math.isfinite(number) and number.is_integer() and LEAST < number < MOST:
        return int(number)
    return number
