"""A mendbook.toml with jobs, and ticks at times of the test's choosing; a tiny notebook stands in for the real ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest
from mendbook import config
from mendbook.scheduling.history import Entry, History
from mendbook.scheduling.jobs import Task, tasks
from mendbook.ticking import task_runs
from mendbook.ticking.task_children import Ending
from mendbook.ticking.ticking import tick

SOURCES = """
[sources.shop]
url_env = "SHOP_URL"
users = { table = "auth_user" }
[sources.club]
url_env = "CLUB_URL"
users = { table = "member" }
"""
#: The audit of one source, every hour, in UTC.
HOURLY = """
[schedule.jobs.look]
notebook = "tiny.ipynb"
source = "shop"
cron = "0 * * * *"
"""


def far_from_now(jobs: str) -> str:
    """Hourly ``jobs`` at a minute half an hour away: due once in the hour that ends now, and not again while a test lasts."""
    return jobs.replace("0 * * * *", f"{(datetime.now(UTC) + timedelta(minutes=30)).minute} * * * *")


PARAMETERS = 'source: str = ""\noutputs: str = ""\ncode: str = "1"\nrows: int = 3\nsizes: list = []\n'


def at(text: str) -> datetime:
    """ "2026-11-20 12:00" in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


START = at("2026-11-20 12:30")


@dataclass
class Household:
    """A folder with mendbook.toml, tiny.ipynb and outputs/."""

    folder: Path
    jobs: list[dict[str, Any]] = field(default_factory=list)

    def schedule(self, jobs: str = HOURLY, schedule: str = "") -> Household:
        text = f"{SOURCES}\n[schedule]\n{schedule}\n{jobs}"
        (self.folder / "mendbook.toml").write_text(text, encoding="utf-8")
        return self

    @property
    def settings(self) -> config.Settings:
        return config.load(self.folder / "mendbook.toml")

    @property
    def outputs(self) -> Path:
        return self.folder / "outputs"

    @property
    def tasks(self) -> list[Task]:
        return tasks(self.settings)

    def history(self) -> History:
        return History.open(self.settings, self.outputs)

    def entries(self) -> list[Entry]:
        """What the history has, oldest first."""
        with self.history() as history:
            return history.entries()[::-1]

    def tick(self, now: datetime, **more: Any) -> list[Entry]:
        return tick(self.settings, self.outputs, now, **more)

    def notebook(self, *cells: str) -> None:
        book = nbformat.v4.new_notebook(
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        )
        book.cells = [nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})]
        book.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
        nbformat.write(book, self.folder / "tiny.ipynb")

    def pretend(self, monkeypatch: pytest.MonkeyPatch, run: Callable[[dict[str, Any]], Ending] | None = None) -> None:
        """No notebook is run: ``run`` says how it ended (well, where it is left out); ``jobs`` collects what was asked for."""

        def child(job: dict[str, Any], _lock: int, _stopped: Any, going: Any) -> Ending:
            self.jobs.append(job)
            going(str(self.outputs / "runs" / f"run-{len(self.jobs)}"))
            return run(job) if run else Ending("finished", 0, str(self.outputs / "runs" / f"run-{len(self.jobs)}"))

        monkeypatch.setattr(task_runs, "run_child", child)


def states(entries: list[Entry]) -> list[tuple[str, str]]:
    """[("12:00", "missed"), ...]"""
    return [(f"{entry.scheduled:%H:%M}", entry.state) for entry in entries]
