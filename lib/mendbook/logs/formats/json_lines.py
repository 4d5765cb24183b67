"""One JSON object a line: python-json-logger, structlog, ECS, pino, Sentry events, and access logs written as JSON.

Exception lists come root first (Sentry) or root last (structlog). Times may be naive asctime with a comma.
"""

from __future__ import annotations

import json
import re
from typing import Any

from mendbook.logs.context import Context
from mendbook.logs.durations import in_fields
from mendbook.logs.formats import Format
from mendbook.logs.observation import Line
from mendbook.logs.records import TRACEBACK, Record, conclude, exceptions_of
from mendbook.logs.reports import better
from mendbook.logs.requests import bare

_TIMES = (
    "time_iso8601",
    "@timestamp",
    "timestamp",
    "time",
    "asctime",
    "ts",
    "datetime",
    "date",
    "time_local",
    "created",
    "msec",
    "start_time",
)
_LEVELS = ("levelname", "level", "severity", "log.level", "log_level", "lvl")
_MESSAGES = ("message", "msg", "event", "log_message")
_LOGGERS = ("name", "logger", "logger_name", "log.logger", "module")
_PIDS = ("process", "pid", "process_id", "processId", "process.pid", "worker_pid")
_PATHS = (
    "request_path",
    "path",
    "uri",
    "request_uri",
    "url",
    "url.path",
    "http.target",
    "http.path",
    "endpoint",
    "request_url",
    "PATH_INFO",
)
_STATUSES = (
    "status",
    "status_code",
    "statusCode",
    "response_code",
    "http_status",
    "http.status_code",
    "response_status",
    "http.response.status_code",
    "code",
)
_METHODS = ("request_method", "method", "http.method", "http.request.method", "verb")
_BODIES = ("body", "response_body", "response", "detail", "error", "errors", "resp_body", "response_data", "reason")
_TEXTS = (
    "exc_info",
    "exc_text",
    "exception",
    "traceback",
    "stack_trace",
    "stack",
    "stacktrace",
    "error.stack_trace",
    "exc",
    "stack_info",
)
_REQUEST = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) '?(\S{1,2000}?)'?(?:[> ]|$)")
_CLIENT = frozenset({"remote_addr", "remote_ip", "client_ip", "request_method", "upstream_status"})
_PINO = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARNING", 50: "ERROR", 60: "FATAL"}


class JsonLines:
    def __init__(self, context: Context) -> None:
        self.context = context

    def take(self, line: Line) -> bool:
        data = line.data
        if not data:
            return False
        record = Record(line)
        flat = _flat(data)
        moment = next((m for name in _TIMES if name in flat and (m := self.context.clock.value(flat[name]))), None)
        record.moment = better(moment, line.moment)
        level = _first(flat, _LEVELS)
        record.level = (
            _PINO.get(level, str(level)) if isinstance(level, int) else str(level).upper() if level is not None else None
        )
        record.message = _text(_first(flat, _MESSAGES))
        record.logger = "json:" + _text(_first(flat, _LOGGERS))[:100]
        pid = _first(flat, _PIDS)
        record.pid = int(pid) if isinstance(pid, int | str) and str(pid).isdecimal() and len(str(pid)) < 10 else line.pid
        self._request(record, data, flat)
        record.exceptions = _exceptions(data, flat)
        record.body = " ".join(_text(flat[name]) for name in _BODIES if name in flat)[:20_000]
        _sentry(record, data)
        record.web = record.path is not None and record.status is not None and not record.exceptions and (
            record.level is None or not _CLIENT.isdisjoint(flat)
        )  # fmt: skip
        if record.web:
            record.seconds = in_fields(flat)
        conclude(record, self.context)
        return True

    @staticmethod
    def _request(record: Record, data: dict[str, Any], flat: dict[str, Any]) -> None:
        method = _first(flat, _METHODS)
        record.method = method.upper() if isinstance(method, str) else None
        path = _first(flat, _PATHS)
        if isinstance(path, str) and (path.startswith("/") or "://" in path[:10]):
            record.path = bare(path)
        request = data.get("request")
        if record.path is None and isinstance(request, str):
            match = _REQUEST.search(request, 0, 3000)
            if match:
                record.method, record.path = match[1], bare(match[2])
        status = _first(flat, _STATUSES)
        if isinstance(status, str) and status[:3].isdecimal() and len(status) >= 3 and not status[3:4].isdigit():
            status = int(status[:3])
        record.status = status if isinstance(status, int) and 100 <= status <= 599 else None

    def close(self) -> None:
        pass


def _flat(data: dict[str, Any]) -> dict[str, Any]:
    """The object with its inner objects' fields beside it, by last name and by dotted name; outer names win."""
    flat = dict(data)
    for name, value in data.items():
        if isinstance(value, dict) and len(value) < 60:
            for inner, deep in value.items():
                flat.setdefault(f"{name}.{inner}", deep)
                if name in {
                    "request",
                    "response",
                    "http",
                    "req",
                    "res",
                    "httpRequest",
                    "httpContext",
                    "jsonPayload",
                    "fields",
                    "extra",
                    "context",
                    "record",
                }:
                    flat.setdefault(inner, deep)
                    if isinstance(deep, dict) and len(deep) < 60:
                        for last, deepest in deep.items():
                            flat.setdefault(f"{name}.{inner}.{last}", deepest)
    return flat


def _first(flat: dict[str, Any], names: tuple[str, ...]) -> Any:
    return (
        next(
            (flat[name] for name in names if flat.get(name) not in {None, ""} and not isinstance(flat[name], dict | list)),
            None,
        )
        if flat
        else None
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _exceptions(data: dict[str, Any], flat: dict[str, Any]) -> list[tuple[str, str]]:
    for name in _TEXTS:
        value = flat.get(name)
        if isinstance(value, str) and value:
            found = exceptions_of(value) if TRACEBACK in value else [("Error", value)]
            if found:
                return found
        if isinstance(value, list) and value and isinstance(value[0], str):
            return exceptions_of("\n".join(part.rstrip("\n") for part in value if isinstance(part, str)))
        if isinstance(value, list) and value and isinstance(value[0], dict):
            # structlog lists what was raised first; its causes follow, the root last
            if "exc_type" in value[0]:
                return [(_text(e.get("exc_type")), _text(e.get("exc_value"))) for e in reversed(value) if isinstance(e, dict)]
            return [_typed(e) for e in value if isinstance(e, dict)]
        if isinstance(value, dict):
            if isinstance(value.get("values"), list):
                return [_typed(e) for e in value["values"] if isinstance(e, dict)]
            return [_typed(value)]
    for name in ("error", "err"):
        value = data.get(name)
        if isinstance(value, dict) and ("message" in value or "type" in value):
            detail = f"\nDETAIL:  {value['detail']}" if isinstance(value.get("detail"), str) else ""
            kind, text = _typed(value)
            return [(kind, text + detail)]
        if isinstance(value, str) and flat.get("level") is not None:
            return [("Error", value)]
    return []


def _typed(entry: dict[str, Any]) -> tuple[str, str]:
    name = _text(entry.get("type") or entry.get("class") or entry.get("exc_type") or entry.get("name")) or "Error"
    module = entry.get("module")
    full = f"{module}.{name}" if isinstance(module, str) and module else name
    return full, _text(entry.get("value") or entry.get("message") or entry.get("exc_value") or entry.get("stack_trace"))


def _sentry(record: Record, data: dict[str, Any]) -> None:
    """Sentry's event: transaction or request.url for the path, and whether the exception was handled."""
    exception = data.get("exception")
    values = exception.get("values") if isinstance(exception, dict) else exception
    if not isinstance(values, list) or not values or not isinstance(values[-1], dict) or "type" not in values[-1]:
        return
    if record.path is None and isinstance(data.get("transaction"), str) and data["transaction"].startswith("/"):
        record.path = bare(data["transaction"])
    told = [
        v["mechanism"]["handled"]
        for v in values
        if isinstance(v, dict) and isinstance(v.get("mechanism"), dict) and "handled" in v["mechanism"]
    ]
    if told:
        record.handled = False if False in told else None
    record.logger = "sentry"


FORMAT = Format("json_lines", 50, JsonLines)
