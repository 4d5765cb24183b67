"""Which columns hold codes, and in which form their values are drawn: uuid4, a number, or a form such as "ST-{n:06d}".

Values only. A form is what nearly all sampled values share; the race gives two people the same code, so they need not differ.
"""

from __future__ import annotations

import re
from collections import Counter

from mendbook.dialects import Column
from mendbook.guessing import FEW_ROWS, share
from mendbook.guessing.names import CODE_WORDS, NO_CODE_WORDS, words

_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_NUMBERED = re.compile(r"(.{0,24}?)([0-9]{1,18})([^0-9{}]{0,8})", re.DOTALL)
_RANDOM = re.compile(r"[A-Za-z0-9_-]{16,}")
_LENGTH = re.compile(r"\((\d+)\)")
#: Codes of one form in so many of the sampled values.
NEARLY_ALL = 0.8
FEWEST_DIGITS = 16


def looks_like_code(column: Column, unique: bool) -> bool:
    """By its name, or as a uuid of its own."""
    said = set(words(column.name))
    if column.family == "uuid":
        return unique or bool(said & (CODE_WORDS | {"token", "uuid", "guid"}))
    return bool(said & (CODE_WORDS | ({"token", "uuid", "guid"} if unique else set()))) and not said & NO_CODE_WORDS


def code_form(column: Column, values: list[str], unique: bool) -> tuple[str, str]:
    """(how a new one is drawn, why), or ("", why it is left out): ``values`` are the ones that were sampled and not blank."""
    if column.family == "uuid":
        return "uuid4", f"a uuid{' of its own' if unique else ''}"
    different = share(len(set(values)), len(values))
    form, said = _form(column, values)
    # a number with its own look tells by itself, however often the race has given out the same one
    own_look = form not in ("", "{n}") and len(values) > 1
    if own_look and different >= 0.2:
        return form, f"{said}, {len(set(values))} different ones in {len(values)} rows that have one"
    if len(values) < FEW_ROWS:
        if not unique:
            return "", "too few values to tell whether each has its own"
        return ("uuid4", "unique, with too few values to tell its form") if _fits(column) else ("", "too short for a uuid4")
    # without one, only what differs from row to row is a code
    if form == "{n}" and different >= NEARLY_ALL:
        return form, f"{said}, {len(set(values))} different ones in {len(values)} rows that have one"
    if different >= 0.9 and (unique or _fits(column)):
        return (
            ("uuid4", f"nearly all of {len(values)} values differ, in no form")
            if _fits(column)
            else ("", "no form is seen in it")
        )
    return "", f"{len(set(values))} different values in {len(values)} rows"


def _form(column: Column, values: list[str]) -> tuple[str, str]:
    if share(sum(bool(_UUID.fullmatch(value)) for value in values), len(values)) >= NEARLY_ALL:
        return "uuid4", "uuids"
    numbered = [found.groups() for value in values if (found := _NUMBERED.fullmatch(value))]
    around = Counter((before, after) for before, _, after in numbered)
    if around:
        (before, after), count = around.most_common(1)[0]
        if share(count, len(values)) >= NEARLY_ALL and not set(before + after) & set("{}"):
            widths = {len(digits) for one, digits, other in numbered if (one, other) == (before, after)}
            width = f":0{min(widths)}d" if len(widths) == 1 and min(widths) > 1 else ""
            form = f"{before}{{n{width}}}{after}"
            return form, f"{count} of {len(values)} read {form}"
    if share(sum(bool(_RANDOM.fullmatch(value)) for value in values), len(values)) >= NEARLY_ALL and _fits(column):
        return "uuid4", "long random values"
    return "", ""


def _fits(column: Column) -> bool:
    """A random code of enough digits fits into it."""
    found = _LENGTH.search(column.type)
    return found is None or int(found[1]) >= FEWEST_DIGITS
