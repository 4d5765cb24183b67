"""Letters, whatever a database makes of them: which are lowered to which, and which texts a database can hold. Values only."""

from __future__ import annotations

from functools import cache

#: Two control characters, which are nobody's name: they stand for a text that the database cannot hold.
NOBODY = "\x01\x01"


@cache
def simple_lowercase() -> dict[str, str]:
    """Every letter beyond ASCII that lowers to one other letter. U+0130 lowers to "i", as the simple mapping has it."""
    pairs = {chr(point): chr(point).lower() for point in range(0x80, 0x1F000)}
    single = {upper: lower for upper, lower in pairs.items() if lower != upper and len(lower) == 1}
    return {**single, "\u0130": "i"}


def holds(codec: str, text: str) -> bool:
    """Whether ``codec`` has all the letters of ``text``."""
    try:
        text.encode(codec)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def holdable(text: str | None, codec: str = "utf-8", nul: bool = False) -> str | None:
    """``text`` where a database that keeps ``codec`` can hold it (a NUL too, where ``nul``), else ``NOBODY``."""
    if text is None or (holds(codec, text) and (nul or "\0" not in text)):
        return text
    return NOBODY
