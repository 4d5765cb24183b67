"""One PostgreSQL error report -> an observation, the same for stderr, csvlog and jsonlog.

'current transaction is aborted' is always the echo of an earlier error of the same session: it is told only where
that error was no incident itself.
"""

from __future__ import annotations

from mendbook.logs.context import Context, Held, sample
from mendbook.logs.messages import postgres
from mendbook.logs.observation import DATABASE, Line, Moment, Observation


class Reports:
    """The error reports of one server, in the order they were written."""

    def __init__(self, context: Context, voice: str) -> None:
        self.context = context
        self.voice = voice
        self.failed = Held()

    def report(
        self,
        line: Line,
        session: object,
        moment: Moment | None,
        pid: int | None,
        state: str | None,
        message: str,
        detail: str = "",
        context: str = "",
        statement: str = "",
        database: str | None = None,
    ) -> None:
        if database and self.context.database and database != self.context.database:
            return
        if self.context.fallback.encoding or not (message.isascii() and detail.isascii()):
            message, detail, context, statement = map(self._healed, (message, detail, context, statement))
        fault = postgres(message, detail, context, statement, state)
        if fault is not None and fault.kind == "aborted_transaction" and self.failed.get(session):
            return
        unsure = (
            self.context.partial and fault is not None and fault.kind == "aborted_transaction" and session not in self.failed
        )
        self.failed.keep(session, fault is not None)
        if fault is None:
            return
        if database:
            counts = self.context.summary.databases
            counts[database] = counts.get(database, 0) + 1
        self.context.emit(
            Observation(
                DATABASE,
                self.voice,
                "",
                line.number,
                sample(message),
                fault,
                moment,
                pid=pid,
                redelivered=line.redelivered,
                unsure=unsure,
            )
        )

    def _healed(self, text: str) -> str:
        return text if text.isascii() else self.context.fallback.healed(text)


def better(inner: Moment | None, wrapper: Moment | None) -> Moment | None:
    """An inner time with a zone beats the wrapper's; the wrapper's with a zone beats an inner naive one."""
    if inner is None or (inner.at is None and wrapper is not None and wrapper.at is not None):
        return wrapper or inner
    return inner
