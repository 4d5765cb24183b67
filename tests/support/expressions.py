"""PostgreSQL's expressions (defaults, checks, index keys and predicates) in the words of SQLite and MariaDB.

Only what all three understand alike passes; anything else is refused in words, never guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from support.described import Untranslatable

_CAST = re.compile(
    r"::(?:text|character varying|varchar|bpchar|integer|bigint|smallint|numeric|boolean|citext|uuid"
    r"|timestamp with(?:out)? time zone|date|double precision)(?![\w(\[])"
)
_TOKEN = re.compile(r"""\s+|"(?:[^"]|"")*"|'(?:[^']|'')*'|\d+(?:\.\d+)?|[A-Za-z_]\w*|<>|<=|>=|\|\||[=<>+*/(),-]""")
_WORDS = {"AND", "OR", "NOT", "IS", "NULL", "IN", "TRUE", "FALSE", "CASE", "WHEN", "THEN", "ELSE", "END", "CURRENT_TIMESTAMP"}
#: A name in brackets of its own, which stood there because it was cast.
_LONELY = re.compile(r"""(?<![\w])\(("(?:[^"]|"")*"|`(?:[^`]|``)*`)\)""")
#: Functions by their names there and here.
_FUNCTIONS = {"lower": "lower", "upper": "upper", "btrim": "trim", "trim": "trim", "coalesce": "coalesce", "length": "length"}


def translated(expression: str, columns: Collection[str], quoted: Callable[[str], str], functions: dict[str, str]) -> str:
    """``expression`` with every column named as ``quoted`` says; ``functions`` adds what this database calls otherwise."""
    known = {**_FUNCTIONS, **functions}
    if known.get(expression):
        return known[expression]
    text = _CAST.sub("", expression.replace("TRIM(BOTH FROM ", "trim(").replace(' COLLATE "C"', ""))  # others compare so anyhow
    parts: list[str] = []
    at = 0
    while at < len(text):
        met = _TOKEN.match(text, at)
        if met is None:
            raise Untranslatable(f"an expression of PostgreSQL's own: {expression}")
        parts.append(_part(met[0], text[met.end() :], columns, quoted, known, expression))
        at = met.end()
    return _LONELY.sub(r"\1", "".join(parts))


def _part(
    token: str, rest: str, columns: Collection[str], quoted: Callable[[str], str], known: dict[str, str], whole: str
) -> str:
    if token.startswith('"'):
        token = token[1:-1].replace('""', '"')
        if token not in columns:
            raise Untranslatable(f"an expression of PostgreSQL's own: {whole}")
        return quoted(token)
    if not re.match(r"[A-Za-z_]", token):
        return token
    if rest.startswith("(") and token.lower() in known:
        return known[token.lower()]
    if token in columns and not rest.startswith("("):
        return quoted(token)
    if token.upper() in _WORDS:
        return token
    raise Untranslatable(f"an expression of PostgreSQL's own: {whole}")
