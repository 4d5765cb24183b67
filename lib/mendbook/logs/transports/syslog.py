"""syslog in its three forms (RFC 3164 without a year, RFC 5424, ISO times), journalctl's short forms, Heroku's.

PostgreSQL numbers what it sends, [7-1] [7-2]; rsyslog writes control characters as #011 (TAB) and #012 (end of line).
The year comes from the file's own time.
"""

from __future__ import annotations

import re
from dataclasses import replace

from mendbook.logs.context import Context
from mendbook.logs.labels import labels
from mendbook.logs.observation import Line, Moment
from mendbook.logs.transports import Transport, inner

_OLD = re.compile(
    r"(?:<\d{1,3}>)?([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d:\d\d(?:\.\d{1,6})?) (\S{1,255}) ([^\s:\[]{1,100})(?:\[(\d{1,9})\])?: ?(.*)",  # noqa: E501
    re.DOTALL,
)
_STAMP = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
_ISO = re.compile(
    r"(?:<\d{1,3}>)?" + _STAMP + r" ((?!\{)\S{1,255}(?<!:)) ([^\s:\[]{1,100})(?:\[(\d{1,9})\])?: ?(.*)", re.DOTALL
)
_NEW = re.compile(
    r"(?:\d{1,6} )?<\d{1,3}>1 (-|"
    + _STAMP[1:-1]
    + r") (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?:-|(?:\[(?:[^\]\\]|\\.){0,2000}\])+)(?: \ufeff?(.*)|$)",
    re.DOTALL,
)
_HEROKU = re.compile(_STAMP + r" (app|heroku|[a-z][\w-]{0,60})\[([\w.-]{1,100})\]: ?(.*)", re.DOTALL)
_BARE = re.compile(_STAMP + r" (.*)", re.DOTALL)
_CHUNK = re.compile(r"\[(\d{1,9})-(\d{1,6})\] ?(.*)", re.DOTALL)
_LEVELS = frozenset({"ERROR", "WARN", "WARNING", "INFO", "DEBUG", "FATAL", "CRITICAL", "NOTICE", "TRACE", "LOG"})


def unwrap(line: Line, context: Context) -> list[Line] | None:
    text = line.text
    head = text[:1]
    if head.isdigit() or head == "<":
        return _dated(line, text, context)
    if head.isupper() and text[3:4] == " ":
        match = _OLD.match(text)
        if match:
            month, day, clock, host, tag, pid, rest = match.groups()
            return _parts(line, rest, f"{host}:{tag}:{pid}", context.clock.syslog(month, day, clock), pid)
    return None


def _dated(line: Line, text: str, context: Context) -> list[Line] | None:
    match = _NEW.match(text)
    if match:
        stamp, host, app, process, _, rest = match.groups()
        process = process if process.isdigit() else None
        return _parts(line, rest or "", f"{host}:{app}:{process}", context.clock.find(stamp), process)
    if text[10:11] != "T" and not text.startswith("<"):
        return None
    match = _HEROKU.match(text)
    if match:
        made = replace(inner(line, match[4], f"heroku:{match[2]}:{match[3]}", context.clock.find(match[1])), redelivered=True)
        return _split(made)
    match = _ISO.match(text)
    if match and match[2].strip("[]") not in _LEVELS and not match[3][0].isdigit() and not _is_label(match):
        stamp, host, tag, pid, rest = match.groups()
        return _parts(line, rest, f"{host}:{tag}:{pid}", context.clock.find(stamp), pid)
    match = _BARE.match(text)
    if match:
        # docker logs -t, kubectl logs --timestamps, aws logs tail (which puts the stream's name first)
        moment, rest = context.clock.find(match[1]), match[2]
        return [replace(inner(line, rest, "", moment), stream=line.stream, redelivered=True)]
    return None


def _is_label(match: re.Match[str]) -> bool:
    """What stands where a program would is a level, or a label of PostgreSQL's behind a process: "12 DETAIL:  Key"."""
    word, pid, rest = match.groups()[2:]
    return word in _LEVELS or (pid is None and rest[:1] == " " and (word in labels() or word == word.upper() != word.lower()))


def _parts(line: Line, rest: str, stream: str, moment: Moment | None, pid: str | None) -> list[Line]:
    made = inner(line, rest, f"syslog:{stream}", moment, int(pid) if pid else None)
    chunk = _CHUNK.match(rest)
    if chunk:
        made.text = chunk[3]
        made.wrapped = int(chunk[2]) > 1
    return _split(made)


def _split(made: Line) -> list[Line]:
    """Undo #011 and its like; an #012 is an end of line."""
    if "#0" not in made.text:
        return [made]
    text = made.text.replace("#011", "\t").replace("#015", "").replace("#033", "\x1b").replace("#000", "")
    return [replace(made, text=part, wrapped=made.wrapped and n == 0) for n, part in enumerate(text.split("#012"))]


TRANSPORT = Transport("syslog", 22, unwrap=unwrap)
