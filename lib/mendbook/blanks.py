"""What counts as white space, and as blank, here and in the database alike. Values only."""

from __future__ import annotations

#: The 25 code points with the property White_Space (Unicode 15; unchanged since 6.3): not quite what str.strip() takes away.
WHITE_SPACE = "".join(
    map(chr, [*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000])
)


def blank(text: str | None) -> bool:
    """NULL, or nothing but white space: what the finders call blank."""
    return text is None or not text.strip(WHITE_SPACE)
