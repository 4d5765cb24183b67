"""Text logs of applications: a header (gunicorn, logging, Flask, loguru, Celery, Rails, Java) or none, then maybe a
traceback.

A record runs from its header to the next. A traceback that is chained by 'direct cause' or 'During handling' is one
record; a DETAIL at column 0 belongs to the exception line above it; indented lines are frames and source text, never
errors. Output of test runners is known by its rulers and by its frames.
"""

from __future__ import annotations

import re

from mendbook.logs.clock import STAMP, WEB_STAMP
from mendbook.logs.context import RECORD, Context
from mendbook.logs.formats import Format
from mendbook.logs.labels import PRIMARY, labels
from mendbook.logs.observation import Line, Moment
from mendbook.logs.records import CONNECTORS, TRACEBACK, Record, conclude, exceptions_of
from mendbook.logs.reports import better

_LEVEL = r"DEBUG|INFO|NOTICE|WARNING|WARN|ERROR|CRITICAL|FATAL|SEVERE|EXCEPTION|TRACE"
_LEVELS = re.compile(rf"\b({_LEVEL})\b")
_BEFORE_TIME = re.compile(rf"[\W_]*(?:(?:{_LEVEL}|[FEWID])\b[\W_]*)?(?:[\w.]{{1,60}}[\W_]+)?$")
_LEVEL_FIRST = re.compile(rf"\[?({_LEVEL})\]?(?::\s*| +\| *|\s+(?:in )?)(.*)", re.DOTALL)
_PID = re.compile(r"\[(\d{1,9})\]|\bpid[=: ](\d{1,9})|#(\d{1,9})\]|^ ?\w{1,60} (\d{2,9}) \d{2,20} ")
_LOGGER = re.compile(r"[\s:\]|\-]*([A-Za-z_]\w{0,60}(?:\.\w{1,60})+)")
_BELONGS = re.compile(
    r"(?:DETAIL|HINT|CONTEXT|STATEMENT|WHERE|LINE \d+|Detail|Hint|Where|Caused by|\.\.\. \d+ more|QUERY|LOCATION)\s?:? |\[SQL: |\[parameters: |\(Background on|\[generated in|\):|Original exception was|Help: |ORA-\d{5}|DETAIL:|[)}\]]+[,;]?$"  # noqa: E501
)
_LABEL = re.compile(r"([^\W\d_]{1,20})\s?:  ")
_TEST_BEGINS = re.compile(
    r"=+ (?:test session starts|FAILURES|ERRORS|short test summary info) =+$|(?:ERROR|FAIL): \w+ \([\w.]+\)$|Creating test database|Found \d+ test\(s\)"  # noqa: E501
)
_TEST_ENDS = re.compile(
    r"=+ .*\b(?:passed|failed|error|errors|skipped)\b.* in [\d.]+ ?s.* =+$|(?:OK|FAILED)(?: \(.*\))?$|Destroying test database"
)
_TEST_LINE = re.compile(r"(?:E|>) {2,}|(?:FAILED|ERROR|PASSED) \S*::|\S+::\S+ (?:FAILED|PASSED|ERROR)")
_MARGIN = re.compile(r" +(?:\| ?|\+ (?=Exception Group)|\+-[-+ \d.]*$)")
_JAVA = re.compile(r"[\w.$]{1,200}(?:Exception|Error|Throwable)(?:: |$)")
_RULER = re.compile(r"[-=_*~#]{5,}.{0,200}$")
_FRAME_OF_TEST = re.compile(
    r"File \"[^\"]{0,500}(?:/unittest/|/_pytest/|/pluggy/|/django/test/|/test_\w{1,100}\.py|/tests?\.py)"
)


class Application:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.record: Record | None = None
        self.headed = False
        self.text: list[str] = []
        self.size = 0
        self.traced = False
        self.state = "message"  # message, frames, exception, chain
        self.of_test = False
        self.testing = 0
        self.grouped = False
        self.labels = labels()

    def take(self, line: Line) -> bool:
        text = line.text
        if not text.isascii():
            text = self.context.fallback.healed(text)
        self._watch_tests(text)
        text = self._without_margin(text)
        if not text.strip():
            if self.record is not None and self.state in {"exception", "message"}:
                self._keep("")
            return True
        if text[0] in " \t" and not text.lstrip(" |+-").endswith(TRACEBACK):
            return self._indented(text, line)
        if self._belongs(text):
            self._keep(text)
            return True
        if text.lstrip(" |+-").removeprefix("Exception Group ").startswith(TRACEBACK):
            self._traceback(TRACEBACK, line)
            return True
        if self.state == "frames" and self.record is not None:
            self.state = "exception"
            self._keep(text)
            return True
        self.close()
        self._header(text, line)
        return True

    def _without_margin(self, text: str) -> str:
        """An exception group is drawn with a margin: `  | Traceback ..`, `  +-+---- 1 ----`."""
        if text[:1] != " " or not (self.grouped or "Exception Group Traceback" in text):
            return text
        margin = _MARGIN.match(text)
        if margin is None:
            return text
        self.grouped = True
        return text[margin.end() :]

    def _indented(self, text: str, line: Line) -> bool:
        if self.record is None:
            if self.testing == 0:
                self.context.puzzled(line)
            return True
        if self.state == "frames":
            if "File " in text and _FRAME_OF_TEST.search(text, 0, 1000):
                self.of_test = True
            return True
        if self.size < RECORD and not text.startswith("\tat "):  # Java's frames
            self._keep(text)
        return True

    def _belongs(self, text: str) -> bool:
        """Whether a line at column 0 goes on with the open record."""
        if self.record is None:
            return False
        if text in CONNECTORS:
            self.state = "chain"
            return True
        if self.state == "frames":
            return False
        if _BELONGS.match(text) or self._is_part(text):
            return self.state in {"exception", "message"}
        if self.headed and not self.traced and _JAVA.match(text):
            return True
        return self._unfinished() and not STAMP.search(text, 0, 60)

    def _is_part(self, text: str) -> bool:
        """A DETAIL in the language of libpq, which is the client's."""
        label = _LABEL.match(text)
        return label is not None and self.labels.get(label[1], "LOG") not in PRIMARY

    def _unfinished(self) -> bool:
        """A key whose value holds a newline: `Key (v)=(line1` waits for its `) already exists.`"""
        last = next((part for part in reversed(self.text[-20:]) if "=(" in part or "already exists" in part), "")
        return "DETAIL:  Key (" in last and "=(" in last and not last.rstrip().endswith((" already exists.", ".")) and not any(
            "already exists." in part for part in self.text[-1:]
        )  # fmt: skip

    def _traceback(self, text: str, line: Line) -> None:
        group = self.grouped and self.traced
        joins = self.record is not None and (group or self.state == "chain" or (not self.traced and self._spoke()))
        if not joins:
            self.close()
            self._begin(Record(line, line.moment, line.pid, bare=True), headed=False)
        self.traced = True
        self.state = "frames"
        self._keep(text)

    def _spoke(self) -> bool:
        """Whether the open record is the message that logging writes before a traceback (an INFO seldom is)."""
        return self.record is not None and self.record.level not in {"INFO", "DEBUG", "TRACE"}

    def _header(self, text: str, line: Line) -> None:
        stamp = STAMP.search(text, 0, 80) or WEB_STAMP.search(text, 0, 60)
        if stamp is not None and (stamp.start() > 60 or not _BEFORE_TIME.match(text[: stamp.start()])):
            stamp = None
        first = _LEVEL_FIRST.match(text)
        if stamp is None and first is None:
            self._begin(Record(line, line.moment, line.pid, message=text), headed=False)
            self._keep(text)
            return
        moment = None
        rest = text
        if stamp is not None:
            moment = self.context.clock.read(stamp) if stamp.re is STAMP else self.context.clock.web(stamp)
            rest = text[stamp.end() :].lstrip("])")
        elif first is not None:
            rest = first[2]
        level = _LEVELS.search(text, 0, 200)
        pid = _PID.search(rest, 0, 120)
        after = text[level.end() :] if level and (stamp is None or level.start() > stamp.end()) else rest
        logger = _LOGGER.match(after)
        record = Record(
            line, self._when(moment, line.moment), next((int(p) for p in pid.groups() if p), None) if pid else line.pid,
            level[1] if level else None, logger[1] if logger else "", rest,
        )  # fmt: skip
        self._begin(record, headed=True)
        self._keep(rest)
        if rest.rstrip().endswith(TRACEBACK):
            self.traced, self.state = True, "frames"

    def _when(self, own: Moment | None, wrapper: Moment | None) -> Moment | None:
        moment = better(own, wrapper)
        if moment is not None and moment.at is not None:
            self.context.latest = moment.at
        return moment

    def _begin(self, record: Record, headed: bool) -> None:
        self.record, self.headed = record, headed
        self.grouped = self.grouped and record.bare
        self.text, self.size, self.traced, self.state, self.of_test = [], 0, False, "message", False

    def _keep(self, text: str) -> None:
        self.size += len(text) + 1
        if self.size < RECORD:
            self.text.append(text)

    def _watch_tests(self, text: str) -> None:
        if self.testing:
            self.testing -= 1
            if _TEST_ENDS.match(text):
                self.close()
                self.testing = 0
        elif text[:1] in "=EFC" and _TEST_BEGINS.match(text):
            self.close()
            self.testing = 50_000

    def close(self) -> None:
        record, self.record = self.record, None
        if record is None:
            return
        text = "\n".join(self.text)
        self.text = []
        first = text.partition("\n")[0]
        if self.testing or self.of_test or _TEST_LINE.match(first):
            return
        if self.traced:
            place = text.find(TRACEBACK)
            record.message = text[:place].strip("\n")
            record.exceptions = exceptions_of(text[place:])
        else:
            record.message = text.rstrip("\n")
        understood = conclude(record, self.context)
        if not understood and not self.headed and not self.traced and not _RULER.match(first):
            self.context.puzzled(record.line)


FORMAT = Format("application", 90, Application)
