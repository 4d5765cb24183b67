"""The text of a mendbook.toml that holds guesses: each line with its reason, and as comments what else was considered.

Text only. Names and values come from strangers' databases: they are written so that they mean just what they are, and comments
show no letter that hides or moves. No URL is written, and no person's data.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from mendbook.display import inert
from mendbook.guessing import Block, Line, Start

WIDTH = 118
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def text(start: Start) -> str:
    """The whole file."""
    return "\n".join([*_opening(start), "", *_source(start)]) + "\n"


def block_text(start: Start) -> str:
    """The source alone, to be put behind the others of a file."""
    return "\n".join(["", *_source(start)]) + "\n"


def _opening(start: Start) -> Iterator[str]:
    read = ", ".join(f"{table} {rows:,}" for table, rows in sorted(start.read.items()) if rows)
    yield from _comment(
        "What `mendbook init` guessed, each line with its reason. Read it, mend it: a wrong line makes sound rows look "
        "damaged. docs/mapping.md tells of every line."
    )
    most, belonging = start.most
    yield from _comment(
        f"It looked at the catalogue of {start.tables:,} tables, and at samples of rows: up to {most:,} of a table, half of"
        f" them from its beginning and half from its end, and up to {belonging:,} that belong to users among those."
        f" Rows read: {read or 'none'}."
    )
    yield from _comment(f"The URL is in the environment only ({start.url_env}), or in a file .env beside this one.")


def _source(start: Start) -> Iterator[str]:
    name = _key(start.source)
    yield f"[sources.{name}]"
    yield f"url_env = {_value(start.url_env)}"
    for note in start.notes:
        yield from _comment(note)
    yield from _lines(start.lines, True)
    yield ""
    yield f"[sources.{name}.users]"
    yield from _lines(start.users.lines, True)
    if not start.profiles:
        yield ""
        yield from _comment("No table looks like one of profiles. docs/mapping.md shows how one is written.")
    for block in start.profiles:
        yield ""
        yield from _profile(name, block)


def _profile(source: str, block: Block) -> Iterator[str]:
    for note in block.notes:
        yield from _comment(f"{block.table}: {note}")
    if not block.active:
        yield from _comment("Left out: take the # away from the lines below to map it all the same.")
    yield f"{'' if block.active else '# '}[[sources.{source}.profiles]]"
    yield from _lines(block.lines, block.active)


def _lines(lines: tuple[Line, ...], active: bool) -> Iterator[str]:
    for line in lines:
        others = f" Also considered: {', '.join(line.considered)}." if line.considered else ""
        if line.reason or others:
            yield from _comment(f"{line.key}: {line.reason}{others}", "  " if not active else "")
        if line.value is not None:
            yield f"{'' if line.active and active else '# '}{_key(line.key)} = {_value(line.value)}"


def _comment(said: str, indent: str = "") -> list[str]:
    lead = f"# {indent}"
    return textwrap.wrap(
        inert(said), WIDTH, initial_indent=lead, subsequent_indent=lead, break_long_words=False, break_on_hyphens=False
    )


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _string(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(str(name))} = {_value(each)}' for name, each in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return _string(str(value))


def _string(said: str) -> str:
    """A TOML string that holds ``said`` to the letter; letters that a reader would not see are written as their numbers."""
    shown = []
    for letter in said:
        if letter in '"\\':
            shown.append(f"\\{letter}")
        elif inert(letter) == letter:
            shown.append(letter)
        else:
            shown.append(f"\\u{ord(letter):04X}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08X}")
    return f'"{"".join(shown)}"'
