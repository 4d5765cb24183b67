"""PostgreSQL's own log in any log_line_prefix, any language: `prefix LABEL:  text`, continuation lines start with a
TAB.

The prefix is not known beforehand and may change within a file; what it holds is read by shape: a time (%m %t %n), a
process (%p) or session (%c), an SQLSTATE (%e). DETAIL, CONTEXT and STATEMENT belong to the open ERROR of the same
process; where the prefix names none, to the last one written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mendbook.logs.clock import STAMP, epoch
from mendbook.logs.context import RECORD, WINDOW, Context, Held
from mendbook.logs.formats import Format
from mendbook.logs.labels import PRIMARY, STATES, labels
from mendbook.logs.observation import Line, Moment
from mendbook.logs.reports import Reports, better

#: A label's last word: letters of any script, and the digit of DEBUG1.
_WORD = re.compile(r"[^\W\d_]+\d?$")
_PID = re.compile(r"\[(\d{1,9})\]|\bpid[=:] ?\"?(\d{1,9})|\[(\d{1,9})-\d+\](?=.{0,40}\bLOG)")
_SESSION = re.compile(r"(?<![\w.])([0-9a-f]{7,16})\.([0-9a-f]{1,8})(?![\w.])")
_EPOCH = re.compile(r"(?<![\w.])(\d{9,10}\.\d{3})(?![\w.])")
_STATE = re.compile(
    r"(?<![\w.\[-])(?=[0-9A-Z]{5}(?![\w.\]-]))(?:00|01|02|08|0A|21|22|23|25|26|28|2B|34|3D|3F|40|42|53|54|55|57|58|P0|XX)[0-9A-Z]{3}"
)
_BARE = re.compile(r"(?<![\w.:@-])(\d{1,9})(?![\w.@-])")
_DATABASE = re.compile(r"\b(?:db|database)[=:] ?\"?([^\s,\]>\"\[@]+)|@([^\s@:,\]>\[]+)")
_VERBOSE = re.compile(r"([0-9A-Z]{5}): ")
_FOREIGN = re.compile(r"[a-z]Error|Exception|Violation|PG::|NotUnique|\bpq: ")
_SQL_WORD = re.compile(r"\s*(?:insert|update|delete|select|with|copy|commit|merge|call|do|begin|execute)\b", re.IGNORECASE)
#: What one report may hold besides its message.
PARTS = frozenset({"DETAIL", "CONTEXT", "STATEMENT"})


@dataclass(slots=True)
class _Prefix:
    moment: Moment | None
    pid: int | None
    session: object
    state: str | None
    database: str | None = None


@dataclass(slots=True)
class _Report:
    line: Line
    prefix: _Prefix
    offset: int
    known: bool
    parts: dict[str, str] = field(default_factory=dict)
    size: int = 0


class PostgresStderr:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.reports = Reports(context, "postgres:stderr")
        self.labels = labels()
        self.open = Held()
        #: the report and the part that a continuation line goes on with; (None, "") swallows it
        self.last: tuple[_Report | None, str] | None = None
        self._prefix = ("", _Prefix(None, None, "", None))

    def take(self, line: Line) -> bool:
        text = line.text
        if text.startswith("\t") and self.last is not None:
            self._append("\n" + text[1:], line)
            return True
        head = self._head(text)
        if head is None:
            if line.wrapped and self.last is not None:
                self._append(text, line)
                return True
            self.last = None
            return False
        label, prefix_text, body = head
        prefix = self._read_prefix(prefix_text, line)
        alone = not prefix_text or prefix.session == ""
        if alone and label not in PRIMARY and prefix.session not in self.open:
            # an application's own line: nothing before the label says that a server wrote it
            return False
        if label in PRIMARY:
            self._begin(label, prefix, body, line)
        elif label == "UNKNOWN":
            self._guess(prefix, body, line)
        else:
            self._part(label, prefix, body, line)
        return True

    def _head(self, text: str) -> tuple[str, str, str] | None:
        """``(label in English, prefix, text)``: the first word of a line that is a label, with its colon and two
        blanks."""
        place = text.find(":  ", 0, 400)
        while place != -1:
            end = place - 1 if text[place - 1 : place] == " " else place
            word = _WORD.search(text, max(0, end - 40), end)
            if word is not None and text[place + 3 : place + 4] != " ":
                label = self.labels.get(word[0])
                prefix = text[: word.start()]
                if label is not None:
                    return None if _FOREIGN.search(prefix) else (label, prefix, text[place + 3 :])
                if self._looks_like_label(word[0], prefix):
                    return "UNKNOWN", prefix, text[place + 3 :]
            place = text.find(":  ", place + 3, 400)
        return None

    @staticmethod
    def _looks_like_label(word: str, prefix: str) -> bool:
        if len(word) < 2 or not word.isalpha() or word != word.upper():
            return False
        return len(prefix) < 200 and bool(STAMP.match(prefix.lstrip("< [")) or _EPOCH.match(prefix))

    def _read_prefix(self, text: str, line: Line) -> _Prefix:
        """What a prefix tells. The lines of one report share it: the last one read is kept."""
        kept, prefix = self._prefix
        if kept != text or not text or line.moment is not None:
            prefix = self._parse(text, line)
            self._prefix = (text, prefix)
        return prefix

    def _parse(self, text: str, line: Line) -> _Prefix:
        stamp = STAMP.search(text)
        moment = self.context.clock.read(stamp) if stamp else None
        rest = text[: stamp.start()] + " " + text[stamp.end() :] if stamp else text
        if stamp is None:
            number = _EPOCH.search(text)
            moment = epoch(float(number[1])) if number else None
            rest = text.replace(number[0], " ", 1) if number else text
        found = _PID.search(rest)
        pid = int(found[1] or found[2] or found[3]) if found else None
        session = _SESSION.search(rest)
        state = next((m for m in _STATE.finditer(rest) if not m[0].isdigit() or m[0] in STATES), None)
        if pid is None and session is not None:
            pid = int(session[2], 16)
        if pid is None:
            pid, state = self._bare(rest, state)
        if pid is None:
            pid = line.pid
        moment = better(moment, line.moment)
        if moment is not None:
            self.context.latest = moment.at or self.context.latest
        owner = pid if pid is not None else session[0] if session else ""
        return _Prefix(moment, pid, owner, state[0] if state else None, _database(text))

    @staticmethod
    def _bare(rest: str, state: re.Match[str] | None) -> tuple[int | None, re.Match[str] | None]:
        """A process number that stands alone; one that alone could be either is no SQLSTATE."""
        numbers = [m for m in _BARE.finditer(rest) if state is None or m.start() != state.start()]
        if numbers:
            return int(numbers[0][1]), state
        if state is not None and state[0].isdigit() and state[0] in STATES and "sql_error_code" not in rest:
            return None, None
        return None, state

    def _begin(self, label: str, prefix: _Prefix, body: str, line: Line) -> None:
        self._close(prefix.session)
        if label != "ERROR":
            # FATAL and PANIC end the session: no statement of a registration fails that way
            self.last = (None, "")
            return
        report = _Report(line, prefix, line.offset, True, {"MESSAGE": body}, len(body))
        verbose = _VERBOSE.match(body)
        if verbose:
            prefix.state = verbose[1]
            report.parts["MESSAGE"] = body[verbose.end() :]
        self._hold(prefix.session, report, "MESSAGE")

    def _hold(self, session: object, report: _Report, part: str) -> None:
        if len(self.open) >= 1000:
            self._close(next(iter(self.open)))
        self.open[session] = report
        self.last = (report, part)

    def _guess(self, prefix: _Prefix, body: str, line: Line) -> None:
        """A label of an unknown language: what stands behind it tells a DETAIL and a STATEMENT from a message."""
        report = self.open.get(prefix.session)
        if report is not None and ")=(" in body:
            self._part("DETAIL", prefix, body, line)
        elif report is not None and _SQL_WORD.match(body) and "MESSAGE" in report.parts:
            self._part("STATEMENT", prefix, body, line)
        else:
            self._close(prefix.session)
            self._hold(prefix.session, _Report(line, prefix, line.offset, False, {"MESSAGE": body}, len(body)), "MESSAGE")

    def _part(self, label: str, prefix: _Prefix, body: str, line: Line) -> None:
        report = self.open.get(prefix.session)
        if (
            report is None
            or line.offset - report.offset > WINDOW
            or label not in PARTS
            or label in report.parts
            or "STATEMENT" in report.parts
        ):
            # the statement is always the last that a report tells
            self.last = (None, "")
            return
        report.parts[label] = body
        report.offset = line.offset
        report.size += len(body)
        self.last = (report, label)

    def _append(self, text: str, line: Line) -> None:
        report, part = self.last or (None, "")
        if report is None:
            return
        report.size += len(text)
        report.offset = line.offset
        if report.size < RECORD:
            report.parts[part] += text

    def _close(self, session: object) -> None:
        report = self.open.pop(session, None)
        if report is None:
            return
        prefix, parts = report.prefix, report.parts
        if not report.known and "DETAIL" not in parts and prefix.state is None:
            return
        self.reports.report(
            report.line, session, prefix.moment, prefix.pid, prefix.state,
            parts["MESSAGE"], parts.get("DETAIL", ""), parts.get("CONTEXT", ""), parts.get("STATEMENT", ""), prefix.database,
        )  # fmt: skip

    def settle(self, offset: int) -> None:
        """Close what no later line can belong to."""
        for session in [key for key, report in self.open.items() if offset - report.offset > WINDOW]:
            self._close(session)

    def close(self) -> None:
        for session in list(self.open):
            self._close(session)


def _database(prefix: str) -> str | None:
    """The database that a prefix names as user@database or db=database; others cannot be told from other words."""
    found = None
    for match in _DATABASE.finditer(prefix):
        found = match[1] or match[2]
    return found


FORMAT = Format("postgres_stderr", 20, PostgresStderr)
