"""Times that a person types: since, until, and the moments of deployments. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from mendbook.errors import ConfigError
from mendbook.model import Deploy


@dataclass(frozen=True)
class Period:
    """From ``since`` (inclusive) to ``until`` (exclusive), UTC; None leaves an end open."""

    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ConfigError(
                f"since, {self.since:%Y-%m-%d %H:%M} UTC, is not before until, {self.until:%Y-%m-%d %H:%M} UTC.",
                "No time lies between them: exchange the two.",
            )

    def holds(self, at: datetime | None) -> bool:
        """Whether ``at`` lies in it. A time that is not known lies in the endless period alone."""
        if at is None:
            return self.since is None and self.until is None
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)

    def within(self, first: datetime | None, last: datetime | None) -> tuple[datetime, datetime] | None:
        """What of ``first`` to ``last`` lies in it."""
        if first is None or last is None:
            return None
        begins, ends = max(filter(None, (first, self.since))), min(filter(None, (last, self.until)))
        return (begins, ends) if begins <= ends else None


def instant(given: str | datetime | None, zone: str | None, name: str) -> datetime | None:
    """``given`` in UTC; a time without a zone is one of ``zone``. "" is None. Raises ConfigError where it has neither."""
    if given is None or given == "":
        return None
    if isinstance(given, datetime):
        time = given
    else:
        try:
            time = datetime.fromisoformat(given.strip())
        except ValueError:
            raise ConfigError(
                f"{name}: {given!r} is not a time.", "Write it as 2026-11-20T15:30+01:00, or as a date: 2026-11-20."
            ) from None
    if time.tzinfo is None:
        if zone is None:
            raise ConfigError(
                f"{name}: {given!s} has no zone, and the source names none.",
                'Write it with one (2026-11-20T15:30+01:00, or ..Z for UTC), or set zone = "Europe/Berlin" for the source.',
            )
        time = time.replace(tzinfo=ZoneInfo(zone))
    return time.astimezone(UTC)


def deployments(given: Iterable[str | tuple[str | datetime, str] | Deploy], zone: str | None) -> list[Deploy]:
    """Deployments as "TIME=NAME" or (time, name), in time's order. Raises ConfigError."""
    found = []
    for one in given:
        if isinstance(one, Deploy):
            found.append(one)
            continue
        if isinstance(one, str):
            text, equals, label = one.partition("=")
            if not equals or not text.strip() or not label.strip():
                raise ConfigError(
                    f"A deployment is written TIME=NAME, not {one!r}.", "For example: --deploy 2026-11-20T15:30+01:00=v1.2"
                )
            when: str | datetime = text
        else:
            when, label = one
        at = instant(when, zone, f"deploy {label}")
        if at is None:
            raise ConfigError(f"Deployment {label!r} has no time.", "Write it as TIME=NAME.")
        found.append(Deploy(at, label.strip()))
    return sorted(found, key=lambda each: each.at)
