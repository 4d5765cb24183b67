"""PostgreSQL's jsonlog (since 15): one object a line; fields without a value are left out."""

from __future__ import annotations

from typing import Any

from mendbook.logs.context import Context
from mendbook.logs.formats import Format
from mendbook.logs.observation import Line
from mendbook.logs.reports import Reports, better


class PostgresJson:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.reports = Reports(context, "postgres:json")

    def take(self, line: Line) -> bool:
        data = line.data
        if not data or "error_severity" not in data:
            return False
        state = data.get("state_code")
        if data["error_severity"] in {"LOG", "WARNING", "NOTICE", "INFO"} or state in {None, "00000"}:
            return True
        moment = better(self.context.clock.value(data.get("timestamp")), line.moment)
        self.context.latest = (moment.at if moment else None) or self.context.latest
        number = data.get("pid")
        pid = number if isinstance(number, int) else None
        self.reports.report(
            line, pid or data.get("session_id"), moment, pid, str(state), _text(data, "message"), _text(data, "detail"),
            _text(data, "context"), _text(data, "statement"), _text(data, "dbname") or None,
        )  # fmt: skip
        return True

    def close(self) -> None:
        pass


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


FORMAT = Format("postgres_json", 11, PostgresJson)
