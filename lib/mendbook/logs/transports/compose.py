"""docker compose: `db-1     | text`, the name padded and perhaps coloured."""

from __future__ import annotations

import re

from mendbook.logs.context import Context
from mendbook.logs.observation import Line
from mendbook.logs.transports import Transport, inner

_COMPOSE = re.compile(
    r"(?:\x1b\[[0-9;]*m)*([A-Za-z][\w.-]{0,100}?)(?:(?<=[-_]\d)|(?<=[-_]\d\d)|(?= {2})) *(?:\x1b\[[0-9;]*m)*\| ?(?:\x1b\[0?m ?)?(.*)",  # noqa: E501
    re.DOTALL,
)


def unwrap(line: Line, context: Context) -> list[Line] | None:
    if "|" not in line.text[:140]:
        return None
    match = _COMPOSE.match(line.text)
    if match is None:
        return None
    context.seen("compose")
    return [inner(line, match[2], f"compose:{match[1]}", None)]


TRANSPORT = Transport("compose", 21, unwrap=unwrap)
