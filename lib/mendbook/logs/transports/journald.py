"""journald's JSON export: MESSAGE is text, an array of bytes, or null; times are microseconds since 1970 as text."""

from __future__ import annotations

from dataclasses import replace

from mendbook.logs.context import Context
from mendbook.logs.lines import decode
from mendbook.logs.observation import Line
from mendbook.logs.transports import Transport, inner


def unwrap_data(line: Line, context: Context) -> list[Line] | None:
    data = line.data
    if (
        not data
        or "MESSAGE" not in data
        or not ("__REALTIME_TIMESTAMP" in data or "_SOURCE_REALTIME_TIMESTAMP" in data or "__CURSOR" in data)
    ):
        return None
    message = data["MESSAGE"]
    if isinstance(message, list):
        try:
            message = decode(bytes(message)) if all(isinstance(byte, int) for byte in message) else "\n".join(map(str, message))
        except (ValueError, TypeError):
            message = None
    if not isinstance(message, str) or not message:
        return []
    pid = _number(data.get("_PID")) or _number(data.get("SYSLOG_PID"))
    unit = data.get("CONTAINER_NAME") or data.get("_SYSTEMD_UNIT") or data.get("SYSLOG_IDENTIFIER") or ""
    moment = context.clock.value(_number(data.get("_SOURCE_REALTIME_TIMESTAMP")) or _number(data.get("__REALTIME_TIMESTAMP")))
    made = inner(line, "", f"journal:{unit}:{pid}", moment, pid)
    return [replace(made, text=text.removesuffix("\r")) for text in message.rstrip("\n").split("\n")]


def _number(value: object) -> int | None:
    if isinstance(value, list) and value:
        value = value[0]
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() and len(str(value)) < 25 else None


TRANSPORT = Transport("journald", 11, unwrap_data=unwrap_data)
