"""One record of an application's log -> an observation, the same for text, JSON and Sentry events.

What a person saw is read from the record alone here: a 5xx or an unhandled exception is an error seen; a database
error told at WARNING or below, without one, was dealt with politely. The correlator may know better from the other
tiers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mendbook.logs.context import Context, sample
from mendbook.logs.messages import in_text, of_exception, sql_table
from mendbook.logs.observation import APPLICATION, WEB, Fault, Line, Moment, Observation
from mendbook.logs.requests import bare, says_duplicate

POLITE = frozenset({"DEBUG", "INFO", "NOTICE", "WARNING", "WARN", "TRACE", "LOG"})
_PATH = re.compile(
    r"(?:Internal Server Error|Bad Request|Conflict|Not Found|Forbidden|Unprocessable Entity|Unprocessable Content): (/\S{0,2000})"  # noqa: E501
    r"|Error handling request (?:([A-Z]{3,7}) )?(/\S{0,2000})|Exception on (/\S{0,2000}) \[([A-Z]{3,7})\]"
    r"|\bpath=[\"']?(/[^\s\"']{0,2000})"
    r"|\b(GET|POST|PUT|PATCH|DELETE)[ :]+'?\"?((?:https?://[^/\s'\"]{1,200})?/[^\s'\"<>,]{0,2000})"
)
_STATUS = (("Internal Server Error: ", 500), ("Bad Request: ", 400), ("Conflict: ", 409), ("Unprocessable ", 422), ("Error handling request", 500),  # noqa: E501
           ("Exception in ASGI application", 500))  # fmt: skip
_STATUS_WORD = re.compile(
    r"\b(?:status(?:[ _]?code)?|HTTP(?:/[\d.]+)?|response|returned|->|=>)[\"']?[ =:]{1,3}[\"']?([2-5]\d\d)\b|\b(4\d\d) (?:Bad Request|Conflict|Unprocessable)",  # noqa: E501
    re.IGNORECASE,
)
_LOOSE_STATUS = re.compile(r"(?<![\w.:/-])(4\d\d)(?![\w.:%-])")
_UNHANDLED = re.compile(
    r"Internal Server Error: |Error handling request|Exception on /|Exception in ASGI application|[Uu]nhandled|[Uu]ncaught|[Ee]xception in request|Exception happened during processing"  # noqa: E501
)
#: Words before an error's text that make it a quotation: someone searched for it, or it stands in SQL.
_QUOTED = re.compile(
    r"\b(?:search\w*|query|queries|searching|q=|statement|SQL|INSERT|SELECT|UPDATE|VALUES|DELETE|LIKE|grep|expected|example|docs?)\b|[?&]\w{1,20}=|\b(?:GET|POST) /",  # noqa: E501
    re.IGNORECASE,
)
_ERROR_START = re.compile(
    r"duplicate key value violates|UNIQUE constraint failed|Duplicate entry|ORA-00001|Violation of (?:UNIQUE|PRIMARY) KEY|Cannot insert duplicate key|deadlock detected|Deadlock found|could not serialize access|current transaction is aborted|null value in column|violates foreign key|E11000"  # noqa: E501
)
_PEOPLE = re.compile(r"user|e-?mail|account|login|name|member|customer", re.IGNORECASE)


@dataclass(slots=True)
class Record:
    """What an application wrote at once: a header, a message, the exceptions of its traceback in the order they
    happened."""

    line: Line
    moment: Moment | None = None
    pid: int | None = None
    level: str | None = None
    logger: str = ""
    message: str = ""
    exceptions: list[tuple[str, str]] = field(default_factory=list)
    method: str | None = None
    path: str | None = None
    status: int | None = None
    #: True where the source says so itself (Sentry's mechanism)
    handled: bool | None = None
    #: a bare traceback: nothing caught it
    bare: bool = False
    body: str = ""
    web: bool = False
    seconds: float | None = None


def conclude(record: Record, context: Context) -> bool:
    """Emit what the record tells. False where it told nothing that was understood (and had no header either)."""
    _read_message(record)
    fault = _fault(record)
    registers = context.registration(record.method, record.path)
    status = record.status
    unhandled = record.bare or _UNHANDLED.search(record.message, 0, 2000) is not None
    if fault is None and status is not None and 400 <= status < 500 and _duplicate(record, registers):
        fault = Fault("http_4xx_duplicate")
    if fault is None and (status is None or not (status >= 500 or (registers and context.every))):
        return False
    if status == 499:
        return True
    handled = record.handled
    if unhandled or (status is not None and status >= 400):
        handled = False
    elif fault is not None and handled is None and (record.level in POLITE or (status is not None and status < 400)):
        handled = True
    if record.moment is not None:
        context.latest = record.moment.at or context.latest
    context.emit(
        Observation(
            WEB if record.web else APPLICATION, f"app:{record.logger}", "", record.line.number, sample(record.message if record.line.data else record.line.text),  # noqa: E501
            fault, record.moment, record.path, status, record.pid, handled, registers, record.line.redelivered,
            seconds=record.seconds,
        )
    )  # fmt: skip
    return True


def _read_message(record: Record) -> None:
    message = record.message
    if record.path is None and "/" in message:
        match = _PATH.search(message, 0, 4000)
        if match:
            record.path = bare(match[1] or match[3] or match[4] or match[6] or match[8])
            record.method = record.method or match[2] or match[5] or match[7]
    if record.status is None:
        record.status = next((status for words, status in _STATUS if words in message[:2000]), None)
    if record.status is None:
        found = _STATUS_WORD.search(message, 0, 2000)
        if found:
            record.status = int(found[1] or found[2])
        elif says_duplicate(message) and not _ERROR_START.search(message):
            loose = _LOOSE_STATUS.search(message, 0, 2000)
            record.status = int(loose[1]) if loose else None
    if record.status is None and "Exception on /" in message[:200]:
        record.status = 500


def _fault(record: Record) -> Fault | None:
    """The first database error of the chain; else the one that the message itself states."""
    for name, text in record.exceptions:
        fault = of_exception(name, text)
        if fault is not None:
            if fault.table is None and fault.kind == "unique_violation":
                # SQLAlchemy's block, further down the chain, is the one that quotes the SQL
                fault.table = next((table for _, other in record.exceptions if (table := sql_table(other))), None)
            return fault
    if record.web:
        return None
    start = _ERROR_START.search(record.message, 0, 8000)
    begin = record.message.rfind("\n", 0, start.start()) + 1 if start else 0
    if begin and record.message[begin] in " \t":
        return None  # indented lines are source text
    if start is None or _QUOTED.search(record.message, record.message.rfind("\n", 0, start.start()) + 1, start.start()):
        return None
    return in_text(record.message)


def _duplicate(record: Record, registers: bool) -> bool:
    said = record.body if record.web else f"{record.message} {record.body}"
    if not said.strip() or not says_duplicate(said):
        return False
    return registers or (record.path is None and _PEOPLE.search(said) is not None)


_EXCEPTION = re.compile(r"([A-Za-z_][\w.<>]{0,300})(?::(?: (.*))?)?$", re.DOTALL)
_FRAME_OF_TEST = re.compile(
    r"File \"[^\"]{0,500}(?:/unittest/|/_pytest/|/pluggy/|/django/test/|/test_\w{1,100}\.py|/tests?\.py)"
)
CONNECTORS = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)
TRACEBACK = "Traceback (most recent call last):"


def exceptions_of(text: str) -> list[tuple[str, str]]:
    """``(class, message)`` of each block of a printed traceback, root first as Python prints them; none of a test's."""
    found: list[tuple[str, str]] = []
    state = "before"
    current: list[str] = []
    for line in text.split("\n"):
        stripped = line.lstrip(" |+-") if line[:2] in {"  ", " |", "| ", "+ "} and TRACEBACK in line else line
        if stripped.endswith(TRACEBACK) and (state != "exception" or not current or stripped.startswith(TRACEBACK)):
            _finish(current, found)
            current, state = [], "frames"
        elif line in CONNECTORS:
            _finish(current, found)
            current, state = [], "before"
        elif state == "frames":
            if line[:1] in {" ", "\t", ""}:
                if _FRAME_OF_TEST.search(line, 0, 1000):
                    return []
            else:
                current, state = [line], "exception"
        elif state == "exception":
            current.append(line)
    _finish(current, found)
    return found


def _finish(lines: list[str], found: list[tuple[str, str]]) -> None:
    if not lines:
        return
    match = _EXCEPTION.match(lines[0])
    if match:
        found.append((match[1], "\n".join([match[2] or "", *lines[1:]]).rstrip()))
