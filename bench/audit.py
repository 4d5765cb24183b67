"""`mendbook audit` beside the same questions asked by hand in one session, and beside pandas.

    python bench/audit.py --users 1000000 --rounds 5 [--pandas] [--version 18]
    python bench/audit.py --on mariadb --users 300000 --rounds 3
    python bench/audit.py --on sqlite --users 1000000 --rounds 3

Whole processes, in turn, on one embedded PostgreSQL, a MariaDB of its own or a file, with default settings; the data, damage
included, is generated in SQL. mendbook's start-up is measured on the same schema with empty tables and told separately. Peak
memory is the largest process's, as the operating system accounts for it (Linux and macOS). Besides PostgreSQL the seconds of
computing are told too, the server's with the process's: on a busy machine they alone can be compared.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from audit_elsewhere import places
from mendbook.embedded import embedded

HERE = Path(__file__).parent
Measured = tuple[float, float, int, float]
MAPPING = (HERE / "mendbook.toml").read_text()


def measure(command: list[str], environment: dict[str, str], stdout: Path | None = None) -> Measured:
    """(seconds, peak MB, exit code, seconds of computing) of one run of ``command`` as a whole process."""
    sink = stdout.open("wb") if stdout else subprocess.DEVNULL
    started = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=sink, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    scale = 1024 if sys.platform == "linux" else 1024 * 1024
    return seconds, usage.ru_maxrss / scale, os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime


class PostgreSQLPlace:
    """Databases of one embedded PostgreSQL."""

    def __init__(self, server: embedded.Server) -> None:
        self._server = server

    def fill(self, name: str, users: int) -> None:
        """A database with ``users`` users and about as many profiles, damaged in every way."""
        self._server.create_database(name)
        script, command = (HERE / "generate.sql").read_text(), [str(self._server.psql), "-q", "-v", f"users={users}"]
        subprocess.run([*command, "-v", "ON_ERROR_STOP=1", self._plain(name)], input=script, text=True, check=True)

    def url(self, name: str) -> str:
        return self._server.url(name)

    def by_hand(self, name: str) -> list[str]:
        return [str(self._server.psql), "-X", "-q", "-A", "-t", "-f", str(HERE / "by_hand.sql"), self._plain(name)]

    def _plain(self, name: str) -> str:
        return self._server.url(name).replace("+psycopg2", "")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--users", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--version", type=int, default=18)
    arguments.add_argument("--pandas", action="store_true", help="also load both tables with pandas and merge them")
    arguments.add_argument("--on", choices=["postgresql", "mariadb", "sqlite"], default="postgresql")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if options.on == "postgresql":
            with embedded.temporary(options.version) as server:
                rows, told = compare(PostgreSQLPlace(server), scratch, options), f"PostgreSQL {options.version}"
        else:
            with places(options.on, scratch) as place:
                rows, told = compare(place, scratch, options), place.told
    print(report(options, told, rows))


def compare(place: Any, scratch: Path, options: argparse.Namespace) -> dict[str, list[Measured]]:
    """Every command in turn, ``rounds`` times after one warm-up that is not counted."""
    (scratch / "mendbook.toml").write_text(MAPPING)
    place.fill("empty", 0)
    place.fill("full", options.users)
    audit = [sys.executable, "-m", "mendbook", "audit", "bench", "--json", "--config", str(scratch / "mendbook.toml")]
    audit += ["--outputs", str(scratch / "outputs")]
    work = getattr(place, "cpu", None)
    commands = {"by hand": (place.by_hand("full"), {}), "mendbook": (audit, {"BENCH_URL": place.url("full")})}
    commands["start-up"] = (audit, {"BENCH_URL": place.url("empty")})
    if options.pandas:
        loading = [sys.executable, str(HERE / "with_pandas.py")]
        commands["pandas"] = (loading, {"BENCH_URL": place.url("full")})
        commands["pandas start-up"] = (loading, {"BENCH_URL": place.url("empty")})
    rows: dict[str, list[Measured]] = {name: [] for name in commands}
    computed: dict[str, list[float]] = {}
    for turn in range(options.rounds + 1):
        for name, (command, environment) in commands.items():
            before = work() if work else 0.0
            measured = measure(command, environment, scratch / f"{name}.out")
            if work:
                computed.setdefault(name, []).append(work() - before + measured[3])
            if turn:
                rows[name].append(measured)
    agree(scratch)
    tell_computed({name: seconds[1:] for name, seconds in computed.items()})
    return rows


def tell_computed(computed: dict[str, list[float]]) -> None:
    """The seconds of computing, and the ratio without the start-up."""
    if computed:
        least = {name: min(seconds) for name, seconds in computed.items()}
        print("least seconds of computing:", ", ".join(f"{name} {seconds:.2f}" for name, seconds in least.items()))
        print(
            f"mendbook without its start-up against by hand: {(least['mendbook'] - least['start-up']) / least['by hand']:.2f}"
        )


def agree(scratch: Path) -> None:
    """By hand and mendbook must have found the same rows, or the comparison is worth nothing."""
    by_hand: dict[str, set[str]] = {}
    for line in (scratch / "by hand.out").read_text().splitlines():
        kind, _, key = line.replace("\t", "|").partition("|")
        by_hand.setdefault(kind, set()).add(key)
    counts = json.loads((scratch / "mendbook.out").read_text())["counts"]
    for kind, keys in by_hand.items():
        if counts[kind]["rows"] != len(keys):
            raise SystemExit(f"{kind}: by hand {len(keys)} rows, mendbook {counts[kind]['rows']}: they do not ask the same")


def report(options: argparse.Namespace, told: str, rows: dict[str, list[Measured]]) -> str:
    """The table for docs/performance.md: medians, and the ratio pair by pair."""
    startup = statistics.median(seconds for seconds, *_ in rows["start-up"])
    ratios = [(m[0] - startup) / h[0] for m, h in zip(rows["mendbook"], rows["by hand"], strict=True)]
    lines = [
        f"users {options.users:,}, {told}, {options.rounds} rounds in turn, {os.cpu_count()} cores",
        "",
    ]
    lines += ["| command | seconds (median) | least to most | peak MB |", "|---|---|---|---|"]
    for name, measured in rows.items():
        seconds = [each[0] for each in measured]
        peak = max(each[1] for each in measured)
        lines.append(f"| {name} | {statistics.median(seconds):.2f} | {min(seconds):.2f} to {max(seconds):.2f} | {peak:.0f} |")
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    lines += ["", f"mendbook without its start-up against by hand: {statistics.median(ratios):.2f} ({spread})"]
    whole = [m[0] / h[0] for m, h in zip(rows["mendbook"], rows["by hand"], strict=True)]
    lines.append(f"whole processes: {statistics.median(whole):.2f} ({min(whole):.2f} to {max(whole):.2f})")
    if "pandas" in rows:
        idle = statistics.median(seconds for seconds, *_ in rows["pandas start-up"])
        pairs = list(zip(rows["pandas"], rows["mendbook"], strict=True))
        for told, times in (
            ("whole processes", [p[0] / m[0] for p, m in pairs]),
            ("both without their start-up", [(p[0] - idle) / (m[0] - startup) for p, m in pairs]),
        ):
            spread = f"{min(times):.1f} to {max(times):.1f}"
            lines.append(f"pandas takes {statistics.median(times):.1f} times as long as mendbook, {told} ({spread})")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
