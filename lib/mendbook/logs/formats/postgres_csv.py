"""PostgreSQL's csvlog: 23 columns up to version 12, 24 in 13, 26 since 14; a quoted field may hold newlines."""

from __future__ import annotations

import csv
import re

from mendbook.logs.context import RECORD, Context
from mendbook.logs.formats import Format
from mendbook.logs.observation import Line
from mendbook.logs.reports import Reports, better

_START = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})? [^,\s]{1,10},(?:\"(?:[^\"]|\"\")*\"|[^,\"]*),(?:\"(?:[^\"]|\"\")*\"|[^,\"]*),\d*,"  # noqa: E501
)
csv.field_size_limit(RECORD * 2)


class PostgresCsv:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.reports = Reports(context, "postgres:csv")
        self.first: Line | None = None
        self.text: list[str] = []
        self.size = 0
        self.odd = False

    def take(self, line: Line) -> bool:
        text = line.text
        if self.first is None:
            if not text[:4].isdigit() or not _START.match(text):
                return False
            self.first, self.text, self.size, self.odd = line, [text], len(text), text.count('"') % 2 == 1
        elif self.size > RECORD or (self.odd and self._restarts(text)):
            # A record cut short: its quote is never closed. Begin again where a record plainly begins.
            self.first = None
            return self.take(line)
        else:
            self.text.append(text)
            self.size += len(text)
            self.odd ^= text.count('"') % 2 == 1
        if not self.odd:
            self._finish()
        return True

    @staticmethod
    def _restarts(text: str) -> bool:
        match = _START.match(text)
        return match is not None and re.match(r"[^,]*,[0-9a-f]+\.[0-9a-f]+,\d+,", text[match.end() :]) is not None

    def _finish(self) -> None:
        line, self.first = self.first, None
        text = "\n".join(self.text)
        self.text = []
        if line is None or ",LOG,00000," in text[:600]:
            return
        try:
            row = next(
                csv.reader([text.replace("\n", "\0")] if "\0" not in text else [text.replace("\0", "").replace("\n", "\0")])
            )
        except (csv.Error, StopIteration):
            self.context.puzzled(line)
            return
        if len(row) < 20:
            self.context.puzzled(line)
            return
        row = [field.replace("\0", "\n") for field in row]
        if row[11] in {"LOG", "WARNING", "NOTICE", "INFO"} or row[12] == "00000" or row[12].startswith("01"):
            return
        pid = int(row[3]) if row[3].isdecimal() else None
        moment = better(self.context.clock.find(row[0]), line.moment)
        self.context.latest = (moment.at if moment else None) or self.context.latest
        self.reports.report(
            line, pid or row[5], moment, pid, row[12] or None, row[13], row[14], row[18], row[19], row[2] or None
        )

    def close(self) -> None:
        if self.first is not None:
            self.context.puzzled(self.first)
            self.first = None


FORMAT = Format("postgres_csv", 10, PostgresCsv)
