"""The review table of a notebook: passes messages between the browser (static/review_table.js) and the desk.

It decides nothing, reads no plan and prints nothing: what is asked goes to ``review_desk.Desk``, and its answers and its news
go back.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import anywidget

_STATIC = Path(__file__).parent / "static"
#: Seconds between two looks at what others did.
GLANCE = 2.0
_CLOSED = {"type": "closed"}


class Answering(Protocol):
    """What a table needs of a desk."""

    def answer(self, message: dict[str, Any]) -> list[dict[str, Any]]: ...
    def news(self) -> list[dict[str, Any]]: ...


#: One table a plan and reviewer: a cell that is run again takes the place of what it showed before, thread and memory too.
_open: dict[str, ReviewTable] = {}


class ReviewTable(anywidget.AnyWidget):
    """The table in JupyterLab; every view of it in any window asks the same desk."""

    _esm = _STATIC / "review_table.js"
    _css = _STATIC / "review_table.css"

    def __init__(self, desk: Answering, name: str, glance: float = GLANCE) -> None:
        """``name`` is that of the plan and its reviewer; a table of the same name is closed, and says so where it is shown."""
        super().__init__()
        if earlier := _open.pop(name, None):
            earlier.replaced()
        _open[name] = self
        self._desk: Answering | None = desk
        self._glance = glance
        self._one_at_a_time, self._over = threading.Lock(), threading.Event()
        self._watcher: threading.Thread | None = None
        self.on_msg(self._hear)

    def _hear(self, _widget: object, message: dict[str, Any], _buffers: Sequence[memoryview]) -> None:
        """Answer a message of the browser's; the first one begins the watch."""
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="mendbook review", daemon=True)
            self._watcher.start()
        with self._one_at_a_time:
            answers = [_CLOSED] if self._desk is None else self._desk.answer(message)
        self._tell(answers)

    def _watch(self) -> None:
        while not self._over.wait(self._glance):
            with self._one_at_a_time:
                news = [] if self._desk is None else self._desk.news()
            self._tell(news)

    def _tell(self, messages: Sequence[dict[str, Any]]) -> None:
        for message in messages:
            self.send(message)

    def replaced(self) -> None:
        """Say in the browser that another table has taken its place, and end; what the plan's index took is given back."""
        self._over.set()
        with self._one_at_a_time:
            self._desk = None
        self.send(_CLOSED)

    def close(self) -> None:
        self._over.set()
        super().close()
