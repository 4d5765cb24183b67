"""Reads the SQL in which SQLite keeps its schema: what its pragmas do not tell of indexes, checks, triggers and columns.

SQLite stores the statements as they were typed. This splits them into words (names, strings, brackets, comments left out)
and finds in them what is asked for. Pure; it knows no database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_WORD = re.compile(
    r"""\s+ | --[^\n]* | /\*.*?(?:\*/|\Z)
    | (?P<quoted>"(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\])
    | (?P<string>[xX]?'(?:[^']|'')*')
    | (?P<name>[^\W\d][\w$]*)
    | (?P<number>\.?\d[\w.]*(?:(?<=[eE])[+-]\d+)?)
    | (?P<mark><>|<=|>=|==|!=|\|\||<<|>>|->>?|.)""",
    re.X | re.S,
)
_CONSTRAINTS = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"}
#: Functions around a column that leave a person's name the same, but for case and blanks.
_FOLDING = {"LOWER", "UPPER", "TRIM"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word of SQL: ``upper`` for keywords ("" for quoted names and strings), where it begins and ends in the statement."""

    kind: str
    text: str
    upper: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """The name that the word is, without its quotes."""
        first = self.text[0]
        if first == "[":
            return self.text[1:-1]
        return self.text[1:-1].replace(first * 2, first) if first in "\"`'" else self.text


def words(sql: str) -> list[Word]:
    """The words of a statement."""
    found = []
    for match in _WORD.finditer(sql):
        kind = match.lastgroup
        if kind is not None:
            text = match[0]
            found.append(Word(kind, text, text.upper() if kind in ("name", "mark") else "", match.start(), match.end()))
    return found


def inside(every: Sequence[Word], opening: int) -> int:
    """The place of the bracket that closes the one at ``opening``; the end where none does."""
    depth = 0
    for place in range(opening, len(every)):
        depth += (every[place].text == "(") - (every[place].text == ")")
        if depth == 0:
            return place
    return len(every)


def parts(every: Sequence[Word]) -> Iterator[list[Word]]:
    """The words between the commas that stand in no bracket."""
    part: list[Word] = []
    depth = 0
    for word in every:
        depth += (word.text == "(") - (word.text == ")")
        if word.text == "," and depth == 0:
            yield part
            part = []
        else:
            part.append(word)
    if part:
        yield part


def text(sql: str, every: Sequence[Word]) -> str:
    """The SQL of some words that follow one another."""
    return sql[every[0].start : every[-1].end] if every else ""


def index_parts(sql: str) -> tuple[list[str], str | None]:
    """(each key's SQL without its order and collation, the predicate) of a CREATE INDEX."""
    every = words(sql)
    opening = next((place for place, word in enumerate(every) if word.text == "("), len(every))
    closing = inside(every, opening)
    keys = []
    for part in parts(every[opening + 1 : closing]):
        while len(part) > 1 and part[-1].upper in ("ASC", "DESC"):
            part = part[:-1]
        if len(part) > 2 and part[-2].upper == "COLLATE":
            part = part[:-2]
        keys.append(text(sql, part))
    rest = every[closing + 1 :]
    return keys, text(sql, rest[1:]) if rest and rest[0].upper == "WHERE" else None


@dataclass(frozen=True, slots=True)
class TableWords:
    """What a CREATE TABLE says besides what pragmas tell: checks (name, SQL), and of columns by their names the SQL of
    generated ones and the collation of those that have one of their own."""

    checks: tuple[tuple[str, str], ...] = ()
    generated: dict[str, str] = field(default_factory=dict)
    collations: dict[str, str] = field(default_factory=dict)


def table_parts(sql: str) -> TableWords:
    """What a CREATE TABLE says besides what pragmas tell."""
    every = words(sql)
    opening = next((place for place, word in enumerate(every) if word.text == "("), len(every))
    checks: list[tuple[str, str]] = []
    generated: dict[str, str] = {}
    collations: dict[str, str] = {}
    for part in parts(every[opening + 1 : inside(every, opening)]):
        column = part[0].name if part and part[0].upper not in _CONSTRAINTS else ""
        name, place = "", 0
        while place < len(part):
            word = part[place]
            closing = inside(part, place + 1) if place + 1 < len(part) and part[place + 1].text == "(" else 0
            if word.upper == "CONSTRAINT" and place + 1 < len(part):
                name, place = part[place + 1].name, place + 1
            elif word.upper == "CHECK" and closing:
                condition = text(sql, part[place + 2 : closing])
                checks.append((name or f"check {len(checks) + 1}", condition))
                name = ""
            elif word.upper == "AS" and closing and column:
                generated[column] = text(sql, part[place + 2 : closing])
            elif word.upper == "COLLATE" and column and place + 1 < len(part):
                collations[column] = part[place + 1].name
            place = max(place, closing) + 1
    return TableWords(tuple(checks), generated, collations)


def trigger_parts(sql: str) -> tuple[str, str]:
    """(timing, event) of a CREATE TRIGGER; it runs before the change where it does not say when."""
    every = [word.upper for word in words(sql)]
    end = every.index("ON") if "ON" in every else len(every)
    # the trigger's name may be a keyword itself: what counts stands right before ON, or before the columns of UPDATE OF
    event = next((word for word in reversed(every[:end]) if word in ("INSERT", "UPDATE", "DELETE")), "UPDATE")
    place = end - 1 - every[:end][::-1].index(event) if event in every[:end] else end
    before = every[:place]
    timing = "before"
    if before[-1:] == ["AFTER"]:
        timing = "after"
    elif before[-2:] == ["INSTEAD", "OF"]:
        timing = "instead"
    return timing, event.lower()


def draws(default: str) -> bool:
    """Whether a default gives another value each time: it calls a function, or asks for the time."""
    every = words(default)
    calls = any(word.kind == "name" and after.text == "(" for word, after in pairwise(every))
    return calls or any(word.upper in ("CURRENT_TIMESTAMP", "CURRENT_TIME", "CURRENT_DATE") for word in every)


def folded(expression: str) -> str | None:
    """The column inside an expression such as ``lower(trim("email"))``; None for any other expression."""
    every = words(expression)
    lowered = False
    while every:
        if every[0].text == "(" and inside(every, 0) == len(every) - 1:
            every = every[1:-1]
        elif len(every) > 2 and every[1].text == "(" and inside(every, 1) == len(every) - 1 and every[0].upper in _FOLDING:
            lowered = lowered or every[0].upper in ("LOWER", "UPPER")
            every = every[2:-1]
        elif len(every) > 2 and every[-2].upper == "COLLATE":
            every = every[:-2]
        else:
            break
    return every[0].name if lowered and len(every) == 1 and every[0].kind in ("name", "quoted") else None


def blanks_left_out(predicate: str) -> tuple[str, ...] | None:
    """The columns of which ``predicate`` leaves out blanks (NULL, or empty) and nothing else; None where it leaves out more."""
    every = words(predicate)
    while every and every[0].text == "(" and inside(every, 0) == len(every) - 1:
        every = every[1:-1]
    columns: list[str] = []
    part: list[Word] = []
    depth = 0
    for word in [*every, Word("name", "AND", "AND", 0, 0)]:
        depth += (word.text == "(") - (word.text == ")")
        if word.upper != "AND" or depth:
            part.append(word)
            continue
        left_out = blanks_left_out(text(predicate, part)) if len(part) < len(every) else _left_out(part)
        if left_out is None:
            return None
        columns += left_out
        part = []
    return tuple(dict.fromkeys(columns))


def _left_out(part: Sequence[Word]) -> tuple[str, ...] | None:
    """The column of a condition without AND, such as ``(trim("name") <> '')``."""
    bare = [word for word in part if word.text not in ("(", ")")]
    denied = len(bare) > 1 and bare[0].upper == "NOT"
    bare = bare[denied:]
    trimmed = len(bare) > 2 and bare[0].upper == "TRIM"
    bare = bare[trimmed:]
    if not bare or bare[0].kind not in ("name", "quoted"):
        return None
    tail = " ".join(word.upper or word.text for word in bare[1:])
    says = (
        ("= ''", "== ''", "IS NULL", "ISNULL") if denied else ("IS NOT NULL", "NOTNULL", "NOT NULL", "<> ''", "!= ''", "> ''")
    )
    return (bare[0].name,) if tail in says else None
