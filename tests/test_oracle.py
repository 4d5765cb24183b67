"""The oracle's own ground: the definitions it rests on, held against Python's copy of Unicode."""

from __future__ import annotations

import sys

from oracle import WHITE_SPACE, is_blank, lower_letter, same_person, second_earliest

#: Python's isspace() is bidirectional class, not White_Space: it takes these four separators for space as well.
SEPARATORS = {"\x1c", "\x1d", "\x1e", "\x1f"}


def test_white_space_is_unicodes() -> None:
    every = {chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()}
    assert set(WHITE_SPACE) == every - SEPARATORS
    assert len(WHITE_SPACE) == 25


def test_a_letter_lowers_to_one_letter() -> None:
    assert all(len(lower_letter(chr(code))) == 1 for code in range(sys.maxunicode + 1))


def test_one_person_has_many_spellings() -> None:
    assert same_person("\u3000ẞ İda\u0085") == same_person("ß ida") == "ß ida"
    assert same_person("ΟΔΟΣ") != same_person("οδος"), "no rule of word ends"
    assert same_person("e\u0301") != same_person("\u00e9"), "no normalization"
    assert same_person(" \u2028") is None
    assert same_person("\u200b") == "\u200b"


def test_blank() -> None:
    assert all(is_blank(text) for text in (None, "", " ", WHITE_SPACE))
    assert not any(is_blank(text) for text in ("0", "\u200b", "\ufeff", "\u180e", "\x1f"))


def test_second_earliest_puts_unknown_times_last() -> None:
    assert second_earliest([None, 5, None, 3]) == 5
    assert second_earliest([None, 5]) is None
    assert second_earliest([4, 4]) == 4
