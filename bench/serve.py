"""`mendbook serve` with many sources due at once: seconds until all are audited, and the memory of the scheduler.

    python bench/serve.py --sources 100 [--users 1000] [--at-once 2] [--version 18]

One small database (bench/generate.sql) is audited under as many names, each name a run of the notebook 01_audit in processes
of its own, as `mendbook serve` runs them when a night's audits are due. Peak memory is asked of Linux: the scheduler's own,
and, as seen every two seconds, that of the scheduler with all that it had started.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from audit import PostgreSQLPlace
from mendbook import config
from mendbook.embedded import embedded
from mendbook.scheduling.history import History
from mendbook.scheduling.history_schema import FINISHED, MISSED
from mendbook.scheduling.jobs import tasks

HERE = Path(__file__).parent
SCHEDULE = """
[schedule]
at_once = {at_once}
[schedule.jobs.nightly]
notebook = "audit"
source = "*"
cron = "0 0 1 1 *"
"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sources", type=int, default=100)
    arguments.add_argument("--users", type=int, default=1_000)
    arguments.add_argument("--at-once", type=int, default=2)
    arguments.add_argument("--version", type=int, default=18)
    given = arguments.parse_args()
    with embedded.temporary(given.version) as server, tempfile.TemporaryDirectory() as folder:
        PostgreSQLPlace(server).fill("bench", given.users)
        os.environ["BENCH_URL"] = server.url("bench")
        home = Path(folder)
        write_settings(home, given.sources, given.at_once)
        print(json.dumps(measure(home, given.at_once)))


def write_settings(home: Path, sources: int, at_once: int) -> None:
    """One source under many names: the mapping of bench/mendbook.toml again and again."""
    mapping = (HERE / "mendbook.toml").read_text("utf-8")
    named = "".join(mapping.replace("sources.bench", f"sources.bench_{number:03d}") for number in range(sources))
    (home / "mendbook.toml").write_text(named + SCHEDULE.format(at_once=at_once), "utf-8")


def measure(home: Path, at_once: int) -> dict[str, object]:
    settings, outputs = config.load(home / "mendbook.toml"), home / "outputs"
    every = tasks(settings)
    outputs.mkdir()
    with History.open(settings, outputs) as history:
        for task in every:  # seen for a year: last New Year's run is to be caught up
            history.first_seen(task, datetime.now(UTC) - timedelta(days=366))
        began = time.monotonic()
        said = (home / "said.txt").open("w+")
        serve = subprocess.Popen([sys.executable, "-m", "mendbook", "serve"], cwd=home, stderr=said)
        process, most = psutil.Process(serve.pid), 0
        try:
            while len(ended := finished(history, len(every))) < len(every):
                if serve.poll() is not None:
                    raise SystemExit(f"serve ended by itself: {(home / 'said.txt').read_text()}")
                most = max(most, memory_of_all(process))
                time.sleep(2)
            seconds = time.monotonic() - began
            own = own_peak(serve.pid)
        finally:
            serve.send_signal(signal.SIGTERM)
            serve.wait()
    states = Counter(ended)
    if states[FINISHED] != len(every):
        raise SystemExit(f"not every audit went well: {dict(states)}")
    return {
        "sources": len(every), "at_once": at_once, "seconds": round(seconds), "seconds_a_run": round(seconds / len(every), 1),
        "scheduler_peak_mb": round(own / 1e6), "all_processes_peak_mb": round(most / 1e6),
    }  # fmt: skip


def finished(history: History, sources: int) -> list[str]:
    """The states of the runs that have ended."""
    return [entry.state for entry in history.entries(limit=3 * sources) if entry.state != MISSED and entry.ended]


def own_peak(pid: int) -> int:
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def memory_of_all(process: psutil.Process) -> int:
    """What the process and all that it started hold now; pages that they share are counted once (PSS)."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_full_info().pss
        except psutil.Error:
            continue
    return total


if __name__ == "__main__":
    main()
