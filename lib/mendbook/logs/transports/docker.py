"""Docker's json-file driver: {"log":"..\\n","stream":"stderr","time":".."}, cut every 16 KiB, perhaps inside a
character."""

from __future__ import annotations

from mendbook.logs.context import RECORD, Context
from mendbook.logs.observation import Line
from mendbook.logs.transports import Transport, inner

_FIELDS = {"log", "stream", "time", "attrs", "partial_message", "kubernetes", "docker"}


def unwrap_data(line: Line, context: Context) -> list[Line] | None:
    data = line.data
    if not data or not isinstance(data.get("log"), str) or not ("stream" in data or "time" in data) or len(data) > 8:
        return None
    if not _FIELDS.issuperset(data):
        return None
    text: str = data["log"]
    attrs = data.get("attrs")
    tag = str(attrs.get("tag", "")) if isinstance(attrs, dict) else ""
    stream = f"docker:{data.get('stream', '')}:{tag}"
    key = ("docker", line.stream, stream)
    begun = context.held.pop(key, None)
    whole = text if begun is None else begun.text + text
    made = inner(line, whole, stream, context.clock.value(data.get("time")))
    if begun is not None:
        made.number, made.offset, made.moment = begun.number, begun.offset, begun.moment
    if not whole.endswith("\n") and len(whole) < RECORD and len(text) >= 1024:
        context.held.keep(key, made)
        return []
    made.text = whole.rstrip("\r\n")
    return [made]


TRANSPORT = Transport("docker", 10, unwrap_data=unwrap_data)
