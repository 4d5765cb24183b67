"""Access logs: common and combined (nginx, Apache, gunicorn), with a virtual host before or timings after, uvicorn,
uWSGI, Django's runserver, Heroku's router; and nginx' error log, which tells of the same requests and so of nothing
more.

The status is the number after the quoted request; the size after it may well be 500 too. The request itself is never
searched for errors: people search for error texts.
"""

from __future__ import annotations

import re
from datetime import datetime

from mendbook.logs.clock import WEB_STAMP
from mendbook.logs.context import Context, sample
from mendbook.logs.durations import in_text
from mendbook.logs.formats import Format
from mendbook.logs.observation import WEB, Line, Moment, Observation
from mendbook.logs.reports import better
from mendbook.logs.requests import bare

_COMBINED = re.compile(r"\[([^\]]{15,40})\] \"([A-Z]{3,10}) ((?:[^\"\\]|\\.){0,8000}?)(?: HTTP/[\d.]+)?\" (\d{3})(?= |$)")
_UVICORN = re.compile(
    r"(?:INFO:? +)?(?:[\d.]+|\[?[0-9a-fA-F:]+\]?|testclient|None)(?::\d+)? - \"([A-Z]{3,10}) (\S{1,8000}) HTTP/[\d.]+\" (\d{3})\b"  # noqa: E501
)
_UWSGI = re.compile(
    r"\[pid: (\d+)\|.{0,80}?\] .{0,200}? \[([A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} [\d:]{8} \d{4})\] ([A-Z]{3,10}) (\S{1,8000}) => generated .{0,120}?\(HTTP/[\d.]+ (\d{3})\)"  # noqa: E501
)
_ROUTER = re.compile(
    r"at=\w+ (?:code=\w+ desc=\"[^\"]{0,200}\" )?method=([A-Z]{3,10}) path=\"?([^\" ]{1,8000})\"? .{0,2000}?\bstatus=(\d{3})\b"
)
_BALANCER = re.compile(
    r"(?:https?|h2|wss?|grpcs?) (\S{20,40}) \S+ \S+ \S+ \S+ \S+ \S+ (\d{3}) (?:\d{3}|-) \d+ \d+ \"([A-Z]{3,10}) (\S{1,8000}) HTTP"  # noqa: E501
)
_NGINX_ERROR = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[\w+\] \d+#\d+: ")
_APACHE_ERROR = re.compile(r"\[[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d [\d:.]+ \d{4}\] \[[\w:-]+\] \[pid \d+")
_BROKEN_REQUEST = re.compile(r"\S+ \S+ .{1,200}? \[\d\d/[A-Z][a-z]{2}/\d{4}[^\]]{9,30}\] \"")
_WORKER = re.compile(r"(?:\bpid[=:]|\bp=|<)(\d{1,9})\b")


class Access:
    def __init__(self, context: Context) -> None:
        self.context = context

    def take(self, line: Line) -> bool:
        text = line.text
        if '"' in text:
            match = _COMBINED.search(text, 0, 20_000)
            if match:
                return self._combined(line, match)
            match = _UVICORN.match(text) or _UVICORN.search(text, 0, 200)
            if match:
                return self._request(
                    line,
                    match[1],
                    match[2],
                    int(match[3]),
                    line.moment or self.context.clock.find(text, 0, 60),
                    None,
                    "access:uvicorn",
                )
        if text.startswith("[pid: "):
            match = _UWSGI.match(text)
            if match:
                return self._request(
                    line, match[3], match[4], int(match[5]), self._ctime(match[2]), int(match[1]), "access:uwsgi"
                )
        if text[:1] in "hwg" and " app/" in text[:80]:
            match = _BALANCER.match(text)
            if match:
                moment = self.context.clock.find(match[1])
                return self._request(line, match[3], match[4], int(match[2]), moment, None, "access:balancer")
        if text.startswith("at="):
            match = _ROUTER.match(text)
            if match:
                return self._request(line, match[1], match[2], int(match[3]), line.moment, None, "access:router", match.end())
        return (
            _NGINX_ERROR.match(text) is not None
            or _APACHE_ERROR.match(text) is not None
            or _BROKEN_REQUEST.match(text) is not None
        )

    def _combined(self, line: Line, match: re.Match[str]) -> bool:
        stamp = WEB_STAMP.match(match[1])
        moment = self.context.clock.web(stamp) if stamp else self.context.clock.find(match[1])
        worker = _WORKER.search(line.text, match.end(), match.end() + 2000)
        return self._request(
            line, match[2], match[3], int(match[4]), moment, int(worker[1]) if worker else None, "access", match.end()
        )

    def _request(
        self,
        line: Line,
        method: str,
        target: str,
        status: int,
        moment: Moment | None,
        pid: int | None,
        voice: str,
        end: int | None = None,
    ) -> bool:
        moment = better(moment, line.moment)
        context = self.context
        context.latest = (moment.at if moment else None) or context.latest
        if status == 499:
            return True  # the person clicked again; what counts is the request that was answered
        registers = context.registration(method, target)
        if status >= 500 or (registers and context.every):
            context.emit(
                Observation(
                    WEB, voice, "", line.number, sample(line.text), None, moment, bare(target), status, pid,
                    False if status >= 500 else None, registers, line.redelivered,
                    seconds=in_text(line.text[end:]) if registers and end is not None else None,
                )
            )  # fmt: skip
        return True

    def _ctime(self, text: str) -> Moment | None:
        try:
            return self.context.clock.moment(datetime.strptime(text, "%a %b %d %H:%M:%S %Y"), None, 1.0)  # noqa: DTZ007
        except ValueError:
            return None

    def close(self) -> None:
        pass


FORMAT = Format("access", 40, Access)
