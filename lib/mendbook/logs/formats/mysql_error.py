"""The error logs of MySQL and MariaDB: deadlocks, with the InnoDB dump that follows them.

`2026-11-20 14:54:04 5 [Note] InnoDB: ..` (local time, so unknown) or `2026-11-20T14:54:04.123456Z 8 [Note]
[MY-012468] ..`. 'Transaction was aborted due to Deadlock' is the other half of the deadlock just told.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from mendbook.logs.context import Context, sample
from mendbook.logs.formats import Format
from mendbook.logs.observation import DATABASE, Fault, Line, Observation
from mendbook.logs.reports import better

_LINE = re.compile(
    r"(?:(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?) +)?(\d{1,12}) \[(Note|Warning|ERROR|System)\] (.*)",
    re.DOTALL,
)
_DUMP = re.compile(
    r"\*\*\* |TRANSACTION \d|mysql tables in use|LOCK WAIT|(?:MariaDB|MySQL) thread id|RECORD LOCKS|Record lock| \d{1,4}: len |Version: '|InnoDB: |\d+ lock struct|update |insert |delete |select ",  # noqa: E501
    re.IGNORECASE,
)


class MysqlError:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.dump = 0
        self.last: datetime | None = None

    def take(self, line: Line) -> bool:
        match = _LINE.match(line.text)
        if match is None:
            if not self.dump or not (_DUMP.match(line.text) or not line.text.strip()):
                self.dump = 0
                return False
            self.dump -= 1
            return True
        self.dump = 400
        text = match[4]
        first = "Transactions deadlock detected" in text
        if first or "Transaction was aborted due to Deadlock" in text:
            moment = better(self.context.clock.find(match[1]) if match[1] else None, line.moment)
            wall = moment.wall if moment else None
            echo = not first and self.last is not None and wall is not None and abs(wall - self.last) <= timedelta(seconds=2)
            self.last = wall
            if not echo:
                self.context.emit(Observation(DATABASE, "mysql", "", line.number, sample(text), Fault("deadlock"), moment))
        return True

    def close(self) -> None:
        pass


FORMAT = Format("mysql_error", 30, MysqlError)
