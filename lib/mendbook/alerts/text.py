"""Happenings as one message: a title and a body of plain text, most urgent first, the same reason told once for many sources.

What is sent ends in mail clients and chat rooms, which make links, mentions and formatting of what they are given. So whatever
came from elsewhere (names, reasons) is written here such that none of them finds anything in it. It sends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal
from urllib.parse import quote

from mendbook.alerts.happenings import URGENCY, Happening
from mendbook.display import inert
from mendbook.rates.words import count
from mendbook.settings.schedule import Topic

HEADINGS: dict[Topic, str] = {
    "ledger_broken": "A LEDGER DOES NOT VERIFY",
    "incident_after_fix": "INCIDENTS AFTER A FIX",
    "new_damage": "NEW DAMAGE",
    "run_failed": "RUNS FAILED",
    "run_missed": "RUNS MISSED",
    "plan_expiring": "PLANS ABOUT TO EXPIRE",
    "plan_waiting": "PLANS WAITING FOR REVIEW",
}
OVER = "IN ORDER AGAIN, OR OVER"

Urgency = Literal["failure", "warning", "success", "info"]

_MOST_OF_A_TOPIC = 10
_MOST_LINES = 8
_MOST_NAMED = 5
_MOST_OVER = 20
_LONGEST_LINE = 300
_LONGEST_TITLE = 150

# Marks of Markdown, HTML and chat rooms as characters that look alike and do nothing.
_DISARMED = str.maketrans({
    "<": "‹", ">": "›", "&": "＆", "@": " (at) ", "`": "'", "*": "∗", "[": "(", "]": ")", "|": "¦", "~": "∼", "#": "＃",
    "!": "ǃ", "\\": "∖", "$": "＄",
})  # fmt: skip
# Those within a word, as in duplicate_profile, are no marks.
_EMPHASIS = re.compile(r"(?<![^\W_])_|_(?![^\W_])")


@dataclass(frozen=True, slots=True)
class Message:
    """What a sink gets."""

    title: str
    body: str
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Places:
    """Where those who are told may look: the page's address, if there is one, and what commands need to mean the same."""

    page: str | None = None
    options: str = ""

    def look(self, folder: str) -> list[str]:
        """The lines that say where ``folder``, which lies under outputs/, is to be looked at."""
        lines = [f"look: outputs/{inert(folder)}"] if folder else []
        if folder and self.page:
            base = self.page if self.page.endswith("/") else self.page.rpartition("/")[0] + "/"
            if not self.page.endswith((".html", "/")):
                base = f"{self.page}/"
            lines.append(f"      {base}{quote(folder)}/{'report.html' if folder.startswith('runs/') else ''}")
        return lines


def plain(text: str) -> str:
    """``text`` on one line, with nothing in it that hides, formats, links or calls anybody."""
    shown = inert(text, _LONGEST_LINE).translate(_DISARMED).replace("://", ": //")
    return _EMPHASIS.sub("＿", shown)


def compose(news: Sequence[Happening], over: Sequence[str], again: frozenset[str], places: Places) -> Message:
    """One message of all that is new and all that is over. ``again`` are the keys that are only told again."""
    sections = []
    for topic in URGENCY:
        about = [each for each in news if each.topic == topic]
        if about:
            sections.append("\n".join([HEADINGS[topic], *_section(about, again, places)]))
    if over:
        lines = [f"- {plain(each)}" for each in over[:_MOST_OVER]]
        more = [f"- and {len(over) - _MOST_OVER:,} more"] if len(over) > _MOST_OVER else []
        sections.append("\n".join([OVER, *lines, *more]))
    end = [f"All of it: mendbook alerts show{places.options}"] + ([f"The page: {places.page}"] if places.page else [])
    return Message(_title(news, over), "\n\n".join([*sections, "\n".join(end)]) + "\n", _urgency(news))


def _section(about: Sequence[Happening], again: frozenset[str], places: Places) -> list[str]:
    """The happenings of one topic; those with the same reason as one."""
    lines = []
    ordered = sorted(about, key=lambda each: (each.reason or each.key, each.source, each.key))
    groups = [list(group) for _, group in groupby(ordered, key=lambda each: each.reason or each.key)]
    groups.sort(key=lambda group: -len(group))
    for group in groups[:_MOST_OF_A_TOPIC]:
        first = group[0]
        alike = bool(first.reason) and len(group) > 1
        for each in [first] if alike else group:
            where = f"in {len(group):,} sources, for the same reason: " if alike else ""
            lines += [f"- {where}{plain(each.title)}" + (" (still so)" if each.key in again else "")]
            lines += [f"    {plain(line)}" for line in each.lines[:_MOST_LINES]]
            if len(each.lines) > _MOST_LINES:
                lines.append(f"    and {len(each.lines) - _MOST_LINES} lines more")
            if alike:
                lines.append(f"    all of them: {_named([one.source for one in group])}")
            lines += [f"    {line}" for line in places.look(each.folder)]
            if each.command:
                lines.append(f"    next: {inert(each.command)}{places.options}")
    if len(groups) > _MOST_OF_A_TOPIC:
        lines.append(f"- and {len(groups) - _MOST_OF_A_TOPIC:,} more of this kind")
    return lines


def _named(sources: Sequence[str]) -> str:
    names = sorted({*sources})
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return plain(", ".join(names[:_MOST_NAMED])) + more


def _title(news: Sequence[Happening], over: Sequence[str]) -> str:
    """What it is about, so short that it can be read on a locked telephone."""
    parts = []
    for topic in URGENCY:
        sources = sorted({each.source for each in news if each.topic == topic})
        if sources:
            where = ", ".join(sources) if len(sources) <= 2 else f"{len(sources):,} sources"
            parts.append(f"{HEADINGS[topic].lower()}: {where}")
    if over:
        parts.append(f"{count(len(over), 'thing')} over or in order again")
    title = f"mendbook: {plain('; '.join(parts))}"
    return title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1] + "…"


def _urgency(news: Sequence[Happening]) -> Urgency:
    topics = {each.topic for each in news}
    if not topics:
        return "success"
    return "warning" if topics <= {"plan_expiring", "plan_waiting"} else "failure"
