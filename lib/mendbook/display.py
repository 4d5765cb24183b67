"""Makes any text from a database safe to show: hidden characters become visible, personal data is masked.

What stands in a user table was typed by strangers. Everything that is shown (notebook, report, chart, CSV) passes
through here. It never decides what is shown, reads no file and knows no database. HTML is escaped by the templates
and ``frame_html``.
"""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

#: Shown in place of the letters that masking leaves out; its length says nothing about theirs.
DOTS = "•••"

# Blank or shape-changing characters outside the categories below: fillers, braille blank, variation selectors.
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_VARIATION_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
# JupyterLab aligns the cells of tables to the right, which is for numbers.
_LEFT = " style='text-align:left'"
_FORMULA_STARTS = tuple("=+-@＝＋－＠|")
_TOP_LEVEL_DOMAIN = re.compile(r"\.[a-z]{2,24}\Z", re.ASCII)


def _unseen(character: str) -> bool:
    if " " <= character <= "~":
        return False
    return (
        unicodedata.category(character) in _UNSEEN_CATEGORIES
        or character in _BLANK_LETTERS
        or any(ord(character) in block for block in _VARIATION_SELECTORS)
    )


def inert(text: object, most: int | None = None) -> str:
    """``text`` with every character that hides, moves or commands written as ``⟨U+202E⟩``.

    Control characters, ANSI escapes, line breaks, bidi controls, zero-width characters and white space other than the
    plain blank are all made visible. Doing it twice changes nothing. None becomes "". With ``most`` the result is cut
    after that many characters of the text, and says so.
    """
    if text is None:
        return ""
    whole = str(text)
    kept = whole if most is None else whole[:most]
    if kept.isascii() and kept.isprintable():  # nearly every text; a plan may have a million
        shown = kept
    else:
        shown = "".join(f"⟨U+{ord(each):04X}⟩" if _unseen(each) else each for each in kept)
    return shown if len(kept) == len(whole) else f"{shown}… ({len(whole) - len(kept):,} more characters)"


def is_flagged(text: object) -> bool:
    """Whether ``text`` holds something that a reader would not see or that could act: see ``inert``."""
    return text is not None and any(map(_unseen, str(text)))


def mask(text: object) -> str:
    """Personal data, recognisable only to who knows it: ``j•••@e•••.com`` for an e-mail, ``J•••`` for a name.

    The same text gives the same mask and the number of letters is not told. Blank stays blank, because that a value is
    missing is what a person looks for.
    """
    if text is None or not str(text).strip():
        return inert(text)
    whole = str(text).strip()
    local, at, domain = whole.rpartition("@")
    if not at or not local or not domain:
        return inert(whole[0]) + DOTS
    ending = _TOP_LEVEL_DOMAIN.search(domain)
    return f"{inert(local[0])}{DOTS}@{inert(domain[0])}{DOTS}{ending.group() if ending else ''}"


def mask_key(text: str) -> str:
    """A key as it is, but masked where it is an e-mail address: some tables use those as keys."""
    return mask(text) if "@" in text else text


# Free text, such as a log line. What is cut off at the line's end counts as ended there.
_LONGEST_LINE = 4_000  # no pattern is slow on so little
_KEY_VALUES = re.compile(r"(\([^()\n]{0,200}(?:\([^()\n]{0,100}\)[^()\n]{0,100}){0,5}\)\s?=\s?\()(?:.*(?=\))|.*)", re.DOTALL)
_ROW = re.compile(r"(?<=[^\W\d_] )\((?!.*\)\s?=\s?\()[^'\"\n]{1,2000},[^'\"\n]*\)(?=\.?\s*\Z)")
_QUOTED = re.compile(r"(?<![^\W_])([bBrReEuUxXN]?)'((?:[^'\\]|\\.|''|'(?=\w))*+)('|\Z)", re.DOTALL)
_APART = r"\s\"'()<>=,;:|&?\[\]{}/\\"
_ADDRESS = re.compile(rf"(?<![^{_APART}])(?:[^{_APART}@%]|%(?!40)[0-9A-Fa-f]{{2}})++(?:@|%40)[\w.%-]++")
_QUERY = re.compile(r"([?&][^=&\s\"'?]{1,64}=)[^&\s\"']++")
_FIELD = re.compile(
    r"(\"[^\"\n]{0,40}(?:mail|user|login|first|last|given|family|full|nick|sur|phone|mobile|birth|address|password|token|ip)"
    r"[^\"\n]{0,40}\"\s*:\s*\")((?:[^\"\\]|\\.)*+)",
    re.IGNORECASE,
)
_NETWORK = re.compile(
    r"(?<![\w.])(\d{1,3}\.\d{1,3})\.\d{1,3}\.\d{1,3}(?![\w.]\d)"
    r"|(?<![\w:])(?:(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|(?:[0-9a-fA-F]{1,4}:){1,6}:[0-9a-fA-F:]*)(?!\w)"
)
_CLIENT = re.compile(r"\A(\S+ - )(?!- )\S[^\[\n]{0,80}?(?= \[\d)")


def mask_text(text: str, personal: Iterable[str] = ()) -> str:
    """A log line without the personal data that can be told by its place: what the line is about stays readable.

    Masked are the values of ``(columns)=(values)``, a row in brackets at the line's end, text in single quotes but for a
    constraint's name, addresses (also written with %40), values of query strings, JSON fields that name a person, network
    addresses, the user of an access log, and whatever is given as ``personal``. Names in plain prose are not seen: no rule
    tells them from other words. More is masked rather than less.
    """
    cut = f"… ({len(text) - _LONGEST_LINE:,} more characters)" if len(text) > _LONGEST_LINE else ""
    text = text[:_LONGEST_LINE]
    for value in sorted({each for each in personal if len(each) > 2}, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", DOTS, text)
    text = _KEY_VALUES.sub(rf"\1{DOTS}", text)
    text = _ROW.sub(f"({DOTS})", text)
    text = _QUOTED.sub(_quoted, text)
    text = _CLIENT.sub(rf"\1{DOTS}", text)
    text = _FIELD.sub(rf"\1{DOTS}", text)
    text = _QUERY.sub(rf"\1{DOTS}", text)
    text = _ADDRESS.sub(lambda match: mask(match[0].replace("%40", "@")), text)
    return _NETWORK.sub(lambda match: f"{match[1]}.{DOTS}" if match[1] else DOTS, text) + cut


def _quoted(match: re.Match[str]) -> str:
    """A literal in single quotes as dots; MySQL quotes the name of the violated key too, which is no secret."""
    named = match.string[: match.start()].lower().endswith(("for key ", "constraint ", "column ", "table ", "relation "))
    return match[0] if named or not match[2] else f"{match[1]}'{DOTS}{match[3]}"


def mask_frame(frame: DataFrame, columns: Iterable[str]) -> DataFrame:
    """A copy of ``frame`` with ``columns`` (those it has) masked."""
    masked = frame.copy()
    for column in columns:
        if column in masked.columns:
            masked[column] = [mask(None if _absent(value) else value) for value in masked[column]]
    return masked


def csv_safe(value: object) -> object:
    """``value`` as a spreadsheet may open it: text is made inert and cannot start a formula. Other values are
    unchanged."""
    if not isinstance(value, str):
        return value
    starts_formula = value.lstrip(" ").startswith(_FORMULA_STARTS) or value.startswith(("\t", "\r", "\n"))
    return f"'{inert(value)}" if starts_formula else inert(value)


def frame_csv(frame: DataFrame) -> str:
    """``frame`` as CSV text without its index, headers included in the care of ``csv_safe``."""
    safe = frame.astype(object).map(lambda value: None if _absent(value) else csv_safe(value))
    safe.columns = [csv_safe(str(column)) for column in safe.columns]
    text: str = safe.to_csv(index=False)
    return text


def _absent(value: object) -> bool:
    """None, NaN and NaT (which alone are unequal to themselves); never asked of lists."""
    return value is None or (not isinstance(value, (list, dict, tuple)) and value != value)


def shown(value: object) -> str:
    """One value as a person reads it: counts with separators, times in UTC to the second, lists with commas."""
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{inert(name)} = {shown(each)}" for name, each in value.items())
    if str(value) == "<NA>" or _absent(value):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:,.6g}" if math.isfinite(value) else str(value)
    return f"{value:,}" if isinstance(value, int) else inert(value)


def _cell(value: object, code: bool = False) -> str:
    if hasattr(value, "item") and not isinstance(value, datetime):  # numpy's numbers
        value = value.item()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"<td class='number' style='text-align:right'>{html.escape(shown(value))}</td>"
    flag = is_flagged(value) if isinstance(value, str) else False
    note = " class='flagged' title='holds hidden characters, shown as ⟨U+…⟩'" if flag else ""
    text = html.escape(shown(value))
    return f"<td{note}{_LEFT}>{f'<code>{text}</code>' if code and text else text}</td>"


def frame_html(frame: DataFrame, caption: str) -> str:
    """``frame`` as one HTML table with everything escaped: cells, headers, index names and the caption.

    A named index becomes row headers; a nameless one is left out. The classes keep JupyterLab's MathJax away from
    ``$``. What stands below "command" is to be typed, and looks like it.
    """
    named = [name for name in frame.index.names if name is not None]
    heads = [*named, *frame.columns] if named else [*frame.columns]
    header = "".join(f"<th scope='col'{_LEFT}>{html.escape(inert(head))}</th>" for head in heads)
    rows = []
    for key, values in zip(frame.index, frame.itertuples(index=False, name=None), strict=True):
        keys: tuple[Any, ...] = (key if isinstance(key, tuple) else (key,)) if named else ()
        labels = "".join(f"<th scope='row'{_LEFT}>{html.escape(shown(label))}</th>" for label in keys)
        cells = (_cell(value, code=head == "command") for head, value in zip(frame.columns, values, strict=True))
        rows.append(f"<tr>{labels}{''.join(cells)}</tr>")
    return (
        f"<table class='mendbook mathjax_ignore tex2jax_ignore'><caption{_LEFT}>{html.escape(inert(caption))}</caption>"
        f"<thead><tr>{header}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
