"""`mendbook audit` beside the same questions asked by hand in one psql session, and beside pandas.

    python bench/audit.py --users 1000000 --rounds 5 [--pandas] [--version 18]

Whole processes, in turn, on one embedded PostgreSQL with its default settings; the data, damage included, is generated in
SQL. mendbook's start-up is measured on the same schema with empty tables and told separately. Peak memory is the largest
process's, as the operating system accounts for it (Linux and macOS).
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

from mendbook import embedded

HERE = Path(__file__).parent
MAPPING = (HERE / "mendbook.toml").read_text()


def measure(command: list[str], environment: dict[str, str], stdout: Path | None = None) -> tuple[float, float, int]:
    """(seconds, peak MB, exit code) of one run of ``command`` as a whole process."""
    sink = stdout.open("wb") if stdout else subprocess.DEVNULL
    started = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=sink, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    scale = 1024 if sys.platform == "linux" else 1024 * 1024
    return seconds, usage.ru_maxrss / scale, os.waitstatus_to_exitcode(status)


def fill(server: embedded.Server, name: str, users: int) -> None:
    """A database with ``users`` users and about as many profiles, damaged in every way."""
    server.create_database(name)
    script = (HERE / "generate.sql").read_text()
    url = server.url(name).replace("+psycopg2", "")
    subprocess.run(
        [server.psql, "-q", "-v", f"users={users}", "-v", "ON_ERROR_STOP=1", url], input=script, text=True, check=True
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--users", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--version", type=int, default=18)
    arguments.add_argument("--pandas", action="store_true", help="also load both tables with pandas and merge them")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch, embedded.temporary(options.version) as server:
        rows = compare(server, Path(scratch), options)
    print(report(options, rows))


def compare(server: embedded.Server, scratch: Path, options: argparse.Namespace) -> dict[str, list[tuple[float, float, int]]]:
    """Every command in turn, ``rounds`` times after one warm-up that is not counted."""
    (scratch / "mendbook.toml").write_text(MAPPING)
    fill(server, "empty", 0)
    fill(server, "full", options.users)
    psql = [
        str(server.psql),
        "-X",
        "-q",
        "-A",
        "-t",
        "-f",
        str(HERE / "by_hand.sql"),
        server.url("full").replace("+psycopg2", ""),
    ]
    audit = [sys.executable, "-m", "mendbook", "audit", "bench", "--json", "--config", str(scratch / "mendbook.toml")]
    audit += ["--outputs", str(scratch / "outputs")]
    commands = {"by hand": (psql, {}), "mendbook": (audit, {"BENCH_URL": server.url("full")})}
    commands["start-up"] = (audit, {"BENCH_URL": server.url("empty")})
    if options.pandas:
        loading = [sys.executable, str(HERE / "with_pandas.py")]
        commands["pandas"] = (loading, {"BENCH_URL": server.url("full")})
        commands["pandas start-up"] = (loading, {"BENCH_URL": server.url("empty")})
    rows: dict[str, list[tuple[float, float, int]]] = {name: [] for name in commands}
    for turn in range(options.rounds + 1):
        for name, (command, environment) in commands.items():
            measured = measure(command, environment, scratch / f"{name}.out")
            if turn:
                rows[name].append(measured)
    agree(scratch)
    return rows


def agree(scratch: Path) -> None:
    """By hand and mendbook must have found the same rows, or the comparison is worth nothing."""
    by_hand: dict[str, set[str]] = {}
    for line in (scratch / "by hand.out").read_text().splitlines():
        kind, _, key = line.partition("|")
        by_hand.setdefault(kind, set()).add(key)
    counts = json.loads((scratch / "mendbook.out").read_text())["counts"]
    for kind, keys in by_hand.items():
        if counts[kind]["rows"] != len(keys):
            raise SystemExit(f"{kind}: by hand {len(keys)} rows, mendbook {counts[kind]['rows']}: they do not ask the same")


def report(options: argparse.Namespace, rows: dict[str, list[tuple[float, float, int]]]) -> str:
    """The table for docs/performance.md: medians, and the ratio pair by pair."""
    startup = statistics.median(seconds for seconds, _, _ in rows["start-up"])
    ratios = [(m[0] - startup) / h[0] for m, h in zip(rows["mendbook"], rows["by hand"], strict=True)]
    lines = [
        f"users {options.users:,}, PostgreSQL {options.version}, {options.rounds} rounds in turn, {os.cpu_count()} cores",
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
        idle = statistics.median(seconds for seconds, _, _ in rows["pandas start-up"])
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
