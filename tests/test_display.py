"""Hostile text becomes visible and harmless, personal data is masked, tables are escaped everywhere."""

import csv
import io
import time

import pandas
import pytest
from fake_audit import FORMULA, HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from mendbook.display import csv_safe, frame_csv, frame_html, inert, is_flagged, mask, mask_frame, mask_key, mask_text, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text, ünïcode, 漢字", "plain text, ünïcode, 漢字"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("zero\u200bwidth", "zero⟨U+200B⟩width"),
        ("\x1b[31mred", "⟨U+001B⟩[31mred"),
        ("two\nlines\ttab", "two⟨U+000A⟩lines⟨U+0009⟩tab"),
        ("no\u00a0break", "no⟨U+00A0⟩break"),
        ("line\u2028sep", "line⟨U+2028⟩sep"),
        ("\ud800", "⟨U+D800⟩"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
        ("filler\u3164", "filler⟨U+3164⟩"),
        ("selector\ufe0f", "selector⟨U+FE0F⟩"),
        (None, ""),
        (42, "42"),
    ],
)
def test_inert_shows_what_hides(text, expected):
    assert inert(text) == expected


@given(st.text())
def test_inert_leaves_nothing_hidden_and_is_done_once(text):
    once = inert(text)
    assert not is_flagged(once)
    assert inert(once) == once
    assert is_flagged(text) == (once != text)


def test_inert_cuts_and_says_so():
    assert inert("abcdef", most=2) == "ab… (4 more characters)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jo@example.com", "j•••@e•••.com"),
        ("a.very.long.name@mail.example.org", "a•••@m•••.org"),
        ("x@localhost", "x•••@l•••"),
        ("Jo", "J•••"),
        ("Joanna of the long name", "J•••"),
        ("\u202eevil", "⟨U+202E⟩•••"),
        ("", ""),
        ("\u00a0", "⟨U+00A0⟩"),
        ("@", "@•••"),
    ],
)
def test_mask(text, expected):
    assert mask(text) == expected


@given(st.text(min_size=1, alphabet=st.characters(categories=["L"])), st.text(max_size=30, alphabet="xyz"))
def test_mask_does_not_tell_the_length(first, more):
    assert mask(first[0] + more) == mask(first[0])


def test_mask_key_masks_only_addresses():
    assert mask_key("jo@example.com") == "j•••@e•••.com"
    assert mask_key("1049") == "1049"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("DETAIL:  Key (email)=(jo@example.com) already exists.", "DETAIL:  Key (email)=(•••) already exists."),
        ("Key (lower(email::text))=(jo.smith) already exists.", "Key (lower(email::text))=(•••) already exists."),
        ("Key (first, last)=(Jo (x), Smith)", "Key (first, last)=(•••)"),
        ("Key (a)=(x)=(y) already exists.", "Key (a)=(•••) already exists."),
        ("Key (email)=(cut off before its e", "Key (email)=(•••"),
        ("Schlüssel »(email)=(ö@example.com)« existiert bereits.", "Schlüssel »(email)=(•••)« existiert bereits."),
        ("Duplicate entry 'O'Brien' for key 'users.email'", "Duplicate entry '•••' for key 'users.email'"),
        ("(1062, \"Duplicate entry 'jo' for key 'email'\")", "(1062, \"Duplicate entry '•••' for key 'email'\")"),
        ("DETAIL:  Failing row contains (12, null, Jo Smith).", "DETAIL:  Failing row contains (•••)."),
        ("INSERT INTO t (a, b) VALUES ('Jo', 'x''y', 3)", "INSERT INTO t (a, b) VALUES ('•••', '•••', 3)"),
        ("parameters: $1 = 'jo', $2 = 'cut", "parameters: $1 = '•••', $2 = '•••"),
        ("user jo.smith@example.com failed", "user j•••@e•••.com failed"),
        ("POST /register?email=jo%40example.com&x=1 HTTP", "POST /register?email=•••&x=••• HTTP"),
        ("/users/jo%40example.com/edit", "/users/j•••@e•••.com/edit"),
        ('{"user_email": "jo", "path": "/x", "ip": "2001:db8::1"}', '{"user_email": "•••", "path": "/x", "ip": "•••"}'),
        ("203.0.113.9 - jo [20/Nov/2026:10:00:00 +0000]", "203.0.••• - ••• [20/Nov/2026:10:00:00 +0000]"),
        ("from 2001:db8::7 port 443", "from ••• port 443"),
        ("user alice_1 exists", "user ••• exists"),
    ],
)
def test_mask_text_hides_persons(line, expected):
    assert mask_text(line, ["alice_1", "1"]) == expected


@pytest.mark.parametrize(
    "line",
    [
        'ERROR:  duplicate key value violates unique constraint "auth_user_username_key"',
        "django.db.utils.IntegrityError: UNIQUE constraint failed: auth_user.username",
        "2026-11-20 10:00:00.123 UTC [42] ERROR:  deadlock detected",
        "doesn't exist, can't be: l'attribut «email»",
        "RelatedObjectDoesNotExist: User has no profile.",
        "PostgreSQL 18.4 at 12:34:56",
    ],
)
def test_mask_text_leaves_what_the_line_is_about(line):
    assert mask_text(line) == line


ENDLESS = ["a", "'", "(", "(a,", ")=(", "@", "a@", "%40", "1.2.", "a:", '"ip', "?a=", "\\'", "'a", "(a(b)", "= ("]


@pytest.mark.parametrize("part", ENDLESS)
def test_mask_text_is_never_slow(part):
    began = time.thread_time()  # of the processor, which this thread alone uses
    assert "more characters" in mask_text(part * 100_000)
    assert time.thread_time() - began < 0.5


@given(st.text())
def test_mask_text_takes_anything(text):
    assert isinstance(mask_text(text, [text]), str)


def test_mask_frame_leaves_the_original_and_other_columns():
    frame = pandas.DataFrame({"email": ["jo@example.com", None], "row_key": ["1", "2"]})
    masked = mask_frame(frame, ["email", "not_there"])
    assert masked["email"].tolist() == ["j•••@e•••.com", ""]
    assert masked["row_key"].tolist() == ["1", "2"]
    assert frame["email"][0] == "jo@example.com"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", " =", "|"])
def test_no_cell_starts_a_formula(start):
    assert str(csv_safe(f"{start}1+1")).startswith("'")


def test_csv_keeps_numbers_and_disarms_text():
    frame = pandas.DataFrame({"=head": [FORMULA, HOSTILE, None], "n": [-1, 2, 3]})
    rows = list(csv.reader(io.StringIO(frame_csv(frame))))
    assert rows[0] == ["'=head", "n"]
    assert rows[1] == [f"'{FORMULA}", "-1"]
    assert rows[3] == ["", "3"]
    assert not is_flagged("".join("".join(row) for row in rows))


def test_frame_html_escapes_cells_headers_index_names_and_caption():
    evil = "<img src=x onerror=alert(1)>"
    index = pandas.Index([evil], name=evil)
    html = frame_html(pandas.DataFrame({evil: [evil], "hidden": ["\u202e"]}, index=index), caption=evil)
    assert "<img" not in html
    assert html.count("&lt;img") == 5
    assert "class='flagged'" in html
    assert "mathjax_ignore" in html


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1234567, "1,234,567"),
        (True, "yes"),
        (float("nan"), ""),
        (pandas.NaT, ""),
        (pandas.NA, ""),
        (pandas.Timestamp("2026-03-02T08:00:00.123Z"), "2026-03-02 08:00:00"),
        (["a", "b\n"], "a, b⟨U+000A⟩"),
        ({"key": "id"}, "key = id"),
    ],
)
def test_shown(value, expected):
    assert shown(value) == expected
