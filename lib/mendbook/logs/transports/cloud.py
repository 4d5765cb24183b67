"""Cloud collectors: CloudWatch (events twice, out of order), Google Cloud and Fluentd records, with the line inside a
field.

Events may be delivered twice, so their lines are marked: the correlator drops an exact second.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mendbook.logs.context import Context
from mendbook.logs.observation import Line
from mendbook.logs.transports import Transport, inner


def unwrap_data(line: Line, context: Context) -> list[Line] | None:
    data = line.data or {}
    events = data.get("logEvents") or data.get("events")
    if isinstance(events, list):
        stream = f"cloud:{data.get('logStream') or data.get('logStreamName') or ''}"
        return [made for event in events if isinstance(event, dict) for made in _event(line, event, stream, context)]
    if isinstance(data.get("message"), str) and {"timestamp", "message"} <= data.keys() <= {
        "timestamp", "message", "ingestionTime", "eventId", "id", "logStreamName", "logStream", "logGroup", "logGroupName",
    } and isinstance(data["timestamp"], int):  # fmt: skip
        return _event(line, data, "cloud:" + str(data.get("logStreamName") or data.get("logStream") or ""), context)
    if {"@timestamp", "@message"} <= data.keys():
        return _event(
            line,
            {"timestamp": data["@timestamp"], "message": data["@message"]},
            f"cloud:{data.get('@logStream', '')}",
            context,
        )
    if isinstance(data.get("textPayload"), str):
        return _event(
            line,
            {"timestamp": data.get("timestamp"), "message": data["textPayload"]},
            f"cloud:{data.get('logName', '')}",
            context,
        )
    if isinstance(data.get("log"), str) and (
        "kubernetes" in data or "container_name" in data or "@timestamp" in data or "date" in data
    ):
        place = data.get("kubernetes")
        name = place.get("pod_name", "") if isinstance(place, dict) else data.get("container_name", "")
        time = data.get("time") or data.get("@timestamp") or data.get("date")
        return _event(line, {"timestamp": time, "message": data["log"]}, f"cloud:{name}", context)
    return None


def _event(line: Line, event: dict[str, Any], stream: str, context: Context) -> list[Line]:
    message = event.get("message")
    if not isinstance(message, str):
        return []
    identity = event.get("eventId") or event.get("id")
    if identity is not None:
        key = ("cloud", str(identity))
        if key in context.held:
            return []
        context.held.keep(key, True)
    moment = context.clock.value(event.get("timestamp"))
    made = replace(inner(line, "", stream, moment), redelivered=True)
    return [replace(made, text=text.removesuffix("\r")) for text in message.rstrip("\n").split("\n")]


TRANSPORT = Transport("cloud", 12, unwrap_data=unwrap_data)
