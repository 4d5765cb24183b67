"""Measure the log reader on files of 200 MB: `python bench/logs.py [--megabytes 200] [--folder DIR]`.

Everything is timed side by side in this one run, each reading in its own process, with its peak memory:
 - PostgreSQL's stderr, one incident in a hundred lines, against `pgbadger -w` on the same file (goal: 10 times faster)
 - an nginx access log and a JSON log, against a plain Python line loop with one regular expression (goal: 1.5 times
 at most)
 - three files at once, for the two cores
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

READ = """
import resource, sys, time
start = time.perf_counter()
from mendbook.logs import read
reading = read(sys.argv[1:])
count = sum(1 for _ in reading)
seconds = time.perf_counter() - start
peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
print(seconds, count, peak, reading.summary.lines)
"""
LOOP = """
import re, sys, time
start = time.perf_counter()
find = re.compile(sys.argv[2]).search
count = 0
with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
    for line in file:
        match = find(line)
        if match and match[2][0] in "5E":
            count += 1
print(time.perf_counter() - start, count, 0, 0)
"""
NGINX = r'\[([^\]]+)\] "[A-Z]+ [^"]*" (\d{3}) (\d+)'
JSON = r'"asctime": "([^"]+)", "levelname": "(\w+)".*?"message": "((?:[^"\\]|\\.)*)"'


def postgres() -> Iterator[str]:
    for n in range(10**9):
        time = f"2026-11-20 {n // 3600000 % 24:02d}:{n // 60000 % 60:02d}:{n // 1000 % 60:02d}.{n % 1000:03d} CET"
        head = f"{time} [{10000 + n % 97}] shop@shopdb "
        if n % 98 == 0:
            yield (
                f'{head}ERROR:  duplicate key value violates unique constraint "accounts_user_username_key"\n'
                f"{head}DETAIL:  Key (username)=(person{n}) already exists.\n"
                f"{head}STATEMENT:  insert into accounts_user(username, email) values('person{n}', 'p{n}@example.com');\n"
            )
        else:
            yield f"{head}LOG:  duration: {random.random() * 100:.3f} ms  statement: select id from accounts_user where id = {n}\n"  # noqa: E501


def nginx() -> Iterator[str]:
    paths = ["/", "/static/app.js", "/login/", "/register/", "/search/?q=shoes", "/images/7.png", "/users/9", "/about/"]
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
    for n in range(10**9):
        clock = f"20/Nov/2026:{n // 360000 % 24:02d}:{n // 6000 % 60:02d}:{n // 100 % 60:02d} +0100"
        path = paths[n % 8]
        status = 500 if n % 1000 == 3 else random.choice((200, 200, 200, 304, 302, 404))
        yield f'203.0.113.{n % 250} - - [{clock}] "GET {path} HTTP/1.1" {status} {n % 9000} "https://shop.example.com/" "{agent}"\n'  # noqa: E501


def json_log() -> Iterator[str]:
    trace = (
        'Traceback (most recent call last):\n  File "/srv/app/x.py", line 5, in execute\n    return self.cursor.execute(sql, params)\n'  # noqa: E501
        'psycopg.errors.UniqueViolation: duplicate key value violates unique constraint "auth_user_username_key"\n'
        "DETAIL:  Key (username)=(person%d) already exists."
    )
    for n in range(10**9):
        record: dict[str, object] = {
            "asctime": f"2026-11-20 {n // 3600000 % 24:02d}:{n // 60000 % 60:02d}:{n // 1000 % 60:02d},{n % 1000:03d}",
            "levelname": "INFO",
            "name": "shop.views",
            "process": 16000 + n % 7,
            "message": f"served page {n} to a visitor in {random.random():.4f} s",
            "status_code": 200,
            "path": "/items/",
        }
        if n % 500 == 0:
            record |= {
                "levelname": "ERROR",
                "message": "Internal Server Error: /register/",
                "status_code": 500,
                "exc_info": trace % n,
            }
        yield json.dumps(record) + "\n"


def write(path: Path, lines: Iterator[str], size: int) -> None:
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(line)
            written += len(line)
            if written >= size:
                return


def run(code: str, *arguments: str) -> tuple[float, int, float]:
    told = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True).stdout.split()
    return float(told[0]), int(told[1]), float(told[2])


def best(code: str, *arguments: str) -> tuple[float, int, float]:
    return min(run(code, *arguments) for _ in range(3))


def measure(folder: Path, size: int) -> bool:
    random.seed(1)
    good = True
    files = {"postgres.log": postgres, "nginx.log": nginx, "json.log": json_log}
    for name, lines in files.items():
        write(folder / name, lines(), size)
    print(f"{'file':22} {'mendbook':>9} {'other':>9} {'ratio':>8} {'incidents':>10} {'peak MB':>8}")
    path = str(folder / "postgres.log")
    seconds, count, peak = best(READ, path)
    good &= peak < 150
    if shutil.which("pgbadger"):
        start = perf_counter()
        subprocess.run(["pgbadger", "-w", "-q", "-o", str(folder / "report.html"), path], check=True, capture_output=True)
        other = perf_counter() - start
        good &= other / seconds >= 10
        print(f"{'postgres / pgbadger -w':22} {seconds:8.2f}s {other:8.2f}s {other / seconds:7.1f}x {count:10} {peak:8.0f}")
    else:
        print(f"{'postgres':22} {seconds:8.2f}s {'none':>9} {'':>8} {count:10} {peak:8.0f}")
    for name, pattern in (("nginx.log", NGINX), ("json.log", JSON)):
        seconds, count, peak = best(READ, str(folder / name))
        other, _, _ = best(LOOP, str(folder / name), pattern)
        good &= seconds / other <= 1.5 and peak < 150
        print(f"{name + ' / line loop':22} {seconds:8.2f}s {other:8.2f}s {seconds / other:7.2f}  {count:10} {peak:8.0f}")
    seconds, count, peak = best(READ, *(str(folder / name) for name in files))
    print(f"{'all three at once':22} {seconds:8.2f}s {'':>9} {'':>8} {count:10} {peak:8.0f}")
    return good and peak < 150


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        good = measure(Path(folder), arguments.megabytes * 1_000_000)
    print("every goal met" if good else "a goal was missed")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
