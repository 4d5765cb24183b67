"""Kubernetes' CRI: `2026-11-20T14:53:03.120Z stderr P text`; a P record goes on in the next of its stream, F ends
it."""

from __future__ import annotations

import re

from mendbook.logs.context import RECORD, Context
from mendbook.logs.observation import Line
from mendbook.logs.transports import Transport, inner

_CRI = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([FP])(?::[^ ]{0,50})?(?: (.*)|$)",
    re.DOTALL,
)


def unwrap(line: Line, context: Context) -> list[Line] | None:
    if not line.text[:4].isdigit():
        return None
    match = _CRI.match(line.text)
    if match is None:
        return None
    stream = f"cri:{match[2]}"
    key = ("cri", line.stream, stream)
    begun = context.held.pop(key, None)
    text = match[4] or ""
    made = inner(line, text if begun is None else begun.text + text, stream, context.clock.find(match[1]))
    if begun is not None:
        made.number, made.offset, made.moment = begun.number, begun.offset, begun.moment
    if match[3] == "P" and len(made.text) < RECORD:
        context.held.keep(key, made)
        return []
    return [made]


TRANSPORT = Transport("cri", 20, unwrap=unwrap)
