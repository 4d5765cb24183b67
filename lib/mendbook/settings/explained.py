"""What is wrong with a TOML file, in a sentence that says where and what to type; unknown names list the known ones.

It reads what pydantic complains of and the models themselves; it opens no file.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from mendbook.errors import ConfigError, known

#: Fields of a model that no file may set, because whoever reads it fills them in.
Hidden = Mapping[type[BaseModel], str]
#: From a place in a file to the page that explains it.
Page = Callable[[tuple[Any, ...]], str]


def explain(file: Path, model: type[BaseModel], error: ValidationError, page: Page, hidden: Hidden) -> ConfigError:
    """pydantic's first complaint about ``file`` as an error; ``page`` tells where a place of it is explained.

    An unknown name comes before all else: mostly it is a misspelled one, and the one that it was meant for is missing.
    """
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    more = f" ({error.error_count() - 1} more after it)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        return unknown(file, model, first["loc"], more, hidden)
    if first["type"] == "missing":
        return ConfigError(f"{file}: {where} is missing{more}.", f"Add it. {page(first['loc'])} explains each line.")
    reason = str(first["msg"]).removeprefix("Value error, ")
    return ConfigError(
        f"{file}: {where}: {reason}{more}.", f"Mend that line and try again. {page(first['loc'])} explains each line."
    )


def unknown(file: Path, model: type[BaseModel], location: Sequence[Any], more: str, hidden: Hidden) -> ConfigError:
    """The error of a name that stands where it means nothing, with those that would mean something there."""
    word, where = str(location[-1]), ".".join(map(str, location))
    names = known_at(model, location, hidden)
    return ConfigError(f"{file}: {where} is not a known name{more}.", known(word, names, "name"))


def known_at(model: type[BaseModel], location: Sequence[Any], hidden: Hidden) -> list[str]:
    """The names that may stand at ``location``, in the model that the way there leads to."""
    here: Any = model
    for part in location[:-1]:
        here = _inside(here, part)
    if not (isinstance(here, type) and issubclass(here, BaseModel)):
        return []
    return [name for name in here.model_fields if name != hidden.get(here)]


def _inside(here: Any, part: Any) -> Any:
    """The type of ``part`` of something of the type ``here``."""
    if isinstance(here, type) and issubclass(here, BaseModel):
        field = here.model_fields.get(str(part))
        return None if field is None else _bare(field.annotation)
    if get_origin(here) in (dict, Mapping, list):
        return _bare(get_args(here)[-1])
    return None


def _bare(annotation: Any) -> Any:
    """A type without what is said of it besides, and without None."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        models = [_bare(each) for each in get_args(annotation) if each is not type(None)]
        return models[0] if len(models) == 1 else None
    return annotation
