"""Who is told of what, and when: each sink what it was not told yet, in one message, and once that it is over.

What a sink was told is kept in the run history, one memory a sink, taken by whoever tells it for as long as that takes: of
several schedulers one tells. A sink that does not answer keeps its memory as it was, and so gets it all at the next tick.
Should the scheduler be killed between sending and remembering, the sink is told again once its lease is over: rather twice
than never.
It never raises because of a sink, and it changes nothing but these memories.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from mendbook.alerts import sending
from mendbook.alerts import times as alert_times
from mendbook.alerts.happenings import Situation
from mendbook.alerts.sending import Sent, Sink
from mendbook.alerts.text import Message, Places, compose
from mendbook.alerts.told import Memory, Telling, decide
from mendbook.alerts.watching import check_ledgers, watch
from mendbook.config import Settings
from mendbook.errors import ConfigError, MendbookError
from mendbook.files.workplace import command_options
from mendbook.scheduling.history import History

#: How long a scheduler may take to tell a sink, before another one may.
LEASE = timedelta(seconds=3 * sending.PATIENCE)
Sender = Callable[[Sequence[tuple[Sink, Message]]], list[Sent]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of telling one sink: ``name`` is its number and variable (or "alerts", where none could be told at all).

    ``known`` says of a failure that it is the same as the last time: a scheduler need not say it again.
    """

    name: str
    ok: bool
    why: str = ""
    news: int = 0
    over: int = 0
    known: bool = False

    def __str__(self) -> str:
        if not self.ok:
            return f"{self.name} could not be told: {self.why}"
        return f"{self.name} was told: {self.news} new, {self.over} over"


def after_tick(
    settings: Settings, outputs: Path, history: History, now: datetime, send: Sender = sending.send
) -> list[Outcome]:
    """Look at all there is to tell, and tell it; what became of it, for each sink that had something to hear.

    Without sinks it does nothing. Raises only what the history raises.
    """
    if not settings.alerts.url_envs:
        return []
    if "ledger_broken" in settings.alerts.about:
        check_ledgers(settings, outputs, history)
    outcomes = tell(settings, outputs, history, watch(settings, outputs, history, now), now, send)
    history.set_note(alert_times.NOTE, alert_times.text(outputs, now, any(not each.ok for each in outcomes)))
    return outcomes


def tell(
    settings: Settings, outputs: Path, history: History, situation: Situation, now: datetime, send: Sender = sending.send
) -> list[Outcome]:
    """Tell each sink what it was not told of ``situation``, all at once and in bounded time."""
    try:
        sinks = sending.sinks(settings)
    except MendbookError as error:
        return [Outcome("alerts", False, str(error).replace("\n", " "))]
    places = Places(settings.schedule.page, command_options(settings, outputs))
    taken = [each for each in (_take(settings, history, sink, situation, now) for sink in sinks) if each]
    sent = _sent([(sink, _message(telling, places)) for sink, telling, _, _ in taken], send)
    outcomes = []
    for (sink, telling, before, lease), result in zip(taken, sent, strict=True):
        after = telling.after if result.ok else before.failed(result.why, now)
        history.replace_note(key_of(sink), lease, after.write())
        told = (len(telling.news), len(telling.over)) if result.ok else (0, 0)
        known = not result.ok and before.failing == result.why
        outcomes.append(Outcome(sink.name, result.ok, result.why, *told, known))
    return outcomes


def _sent(deliveries: Sequence[tuple[Sink, Message]], send: Sender) -> list[Sent]:
    try:
        return send(deliveries) if deliveries else []
    except OSError as error:  # no process could be started
        return [Sent(sink, False, f"nothing could be sent from here ({error.strerror})") for sink, _ in deliveries]


def _take(
    settings: Settings, history: History, sink: Sink, situation: Situation, now: datetime
) -> tuple[Sink, Telling, Memory, str] | None:
    """The sink with what to tell it, for this scheduler alone; None where there is nothing, or another one tells it."""
    text = history.note(key_of(sink))
    memory = Memory.read(text)
    if memory.is_leased(now):
        return None
    days = settings.alerts.remind_days
    remind = timedelta(days=days) if days else None
    telling = decide(memory, situation, settings.alerts.about, remind, now)
    if not telling:
        if telling.after.told != memory.told:
            history.replace_note(key_of(sink), text, telling.after.write())
        return None
    lease = memory.leased(uuid.uuid4().hex, now + LEASE).write()
    return (sink, telling, memory, lease) if history.replace_note(key_of(sink), text, lease) else None


def key_of(sink: Sink) -> str:
    """Under which name the history remembers what ``sink`` was told."""
    return f"told/{sink.id}"


def _message(telling: Telling, places: Places) -> Message:
    return compose(telling.news, telling.over, telling.again, places)


def send_test(settings: Settings, send: Sender = sending.send) -> list[Outcome]:
    """Send a message to each sink that says that it is a test. Raises ConfigError where there is none, as ``sinks`` does."""
    sinks = sending.sinks(settings)
    if not sinks:
        raise ConfigError(
            f"{settings.path} names nobody who is told.",
            'Add [alerts] with url_envs = ["ALERT_URL"]; docs/schedule.md tells how.',
        )
    body = (
        "This is a test, asked for by 'mendbook alerts test'. Nothing has happened.\n\n"
        f"What this address will be told of: {', '.join(settings.alerts.about).replace('_', ' ')}.\n"
    )
    message = Message("mendbook: a test", body, "info")
    return [Outcome(each.sink.name, each.ok, each.why) for each in send([(sink, message) for sink in sinks])]


def remembered(settings: Settings, history: History) -> list[tuple[Sink, Memory]]:
    """Each sink with what it was told and is not over. Raises ConfigError where the sinks cannot be told apart."""
    return [(sink, Memory.read(history.note(key_of(sink)))) for sink in sending.sinks(settings)]
