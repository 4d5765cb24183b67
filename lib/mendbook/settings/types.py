"""What a line of mendbook.toml may hold: plain names, names of environment variables, time zones. Strict, frozen, no more."""

from __future__ import annotations

import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _name(value: str) -> str:
    if not value.strip() or "\x00" in value:
        raise ValueError("a name cannot be empty")
    return value


def plain_name(value: str) -> str:
    """A source's or a job's name becomes part of folder names, so it is plain."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", value) or ".." in value:
        raise ValueError("the name of a source or a job is up to 64 letters, digits, '_', '-' or '.'")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {value!r}; name it as the tz database does, e.g. 'Europe/Berlin'") from None
    return value


Name = Annotated[str, AfterValidator(_name)]
PlainName = Annotated[str, AfterValidator(plain_name)]
EnvironmentName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
ZoneName = Annotated[str, AfterValidator(_zone)]
Value = bool | int | str


class Strict(BaseModel):
    """A table of mendbook.toml: unknown names are refused, and nothing is read as another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
