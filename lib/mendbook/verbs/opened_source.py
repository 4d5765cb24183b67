"""A source that is open for work: how its database, its logs and the folders for its runs are reached when they are needed.

It holds no connection, and it knows no verb: those stand in repairs.py and workbook.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from mendbook.config import Settings, Source
from mendbook.database import Database
from mendbook.files.records import create_run_folder
from mendbook.files.workplace import RUN_FOLDER
from mendbook.model import LogsRead


class OpenedSource:
    """One source of one mendbook.toml. ``outputs`` is where runs and their files go; ``reveal`` shows personal data."""

    def __init__(self, source: Source, settings: Settings, outputs: Path, reveal: bool = False) -> None:
        self.source = source
        self.settings = settings
        self.outputs = outputs
        self.reveal = reveal

    @cached_property
    def _database(self) -> Database:
        """Made when it is first needed: who only reviews a plan need not be able to reach the database."""
        return Database(self.source, self.settings)

    @cached_property
    def _writable(self) -> Database:
        """The same where no role of its own applies repairs: what is known of the server need not be asked again."""
        repairing = Database(self.source, self.settings, role="repair")
        return self._database if repairing.url == self._database.url else repairing

    @contextmanager
    def _folder(self, kind: str) -> Iterator[Path]:
        """The run's own folder, or a new one, which goes again where nothing came of it."""
        given = os.environ.get(RUN_FOLDER)
        folder = Path(given) if given else create_run_folder(self.outputs, kind, self.source.name)
        try:
            yield folder
        except BaseException:
            if not given:
                _remove_empty(folder)
            raise

    def _failures(self) -> LogsRead:
        from mendbook.incidents.source_logs import read_failures

        return read_failures(self.source, self.settings.path.parent)


def _remove_empty(folder: Path) -> None:
    if (folder / "receipt.json").exists():  # what was committed keeps its receipt, whatever broke after it
        return
    for left in sorted(folder.rglob("*"), reverse=True):  # an audit that broke off leaves a folder, and what is aside in it
        left.rmdir() if left.is_dir() else left.unlink(missing_ok=True)
    folder.rmdir()
