"""The letters that DAMAGE lowers, one code point to one, whatever a database or its locale would make of them. Values only."""

from __future__ import annotations

from functools import cache


@cache
def simple_lowercase() -> dict[str, str]:
    """Every letter beyond ASCII that lowers to one other letter. U+0130 lowers to "i", as the simple mapping has it."""
    pairs = {chr(point): chr(point).lower() for point in range(0x80, 0x1F000)}
    single = {upper: lower for upper, lower in pairs.items() if lower != upper and len(lower) == 1}
    return {**single, "\u0130": "i"}
