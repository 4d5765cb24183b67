"""`mendbook apply` beside the same changes as set-based statements by hand, and beside a loop over Django's ORM.

    python bench/apply.py --changes 100000 --users 200000 --rounds 3 [--version 18]

In turn, each on its own copy of one generated database, on one embedded PostgreSQL with its default settings (commits wait
for the disk). mendbook's figure is the whole apply of a plan that somebody signed: images, ledger, checks and re-check
included; planning, signing and the audit afterwards are not. The loop is slow, so it does a part, and counts a change.
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
from mendbook.apply import apply
from mendbook.workbook import Workbook

HERE = Path(__file__).parent
#: Of a merge of two accounts: five rows that move, and the account that goes.
CHANGES_OF_A_MERGE = 6
AUTHOR, REVIEWER = "author@example.com", "reviewer@example.com"


def fill(server: embedded.Server, options: argparse.Namespace) -> None:
    server.create_database("filled")
    sizes = {"users": options.users, "each": options.changes // 3, "pairs": options.changes // CHANGES_OF_A_MERGE}
    run_sql(server, "filled", (HERE / "apply.sql").read_text(), sizes)


def run_sql(server: embedded.Server, name: str, script: str, variables: dict[str, int]) -> float:
    url = server.url(name).replace("+psycopg2", "")
    given = [word for each, value in variables.items() for word in ("-v", f"{each}={value}")]
    started = time.monotonic()
    subprocess.run([server.psql, "-q", "-v", "ON_ERROR_STOP=1", *given, url], input=script, text=True, check=True)
    return time.monotonic() - started


def by_hand(server: embedded.Server, name: str, merges: bool) -> float:
    """Seconds; psql's own start-up is a few milliseconds of it."""
    script = (HERE / "apply_by_hand.sql").read_text()
    return run_sql(server, name, script, {"merges": int(merges), "last": 10**9})


def with_django(server: embedded.Server, name: str, merges: bool, most: int) -> float:
    """Seconds a change."""
    command = [sys.executable, str(HERE / "with_django.py"), "merges" if merges else "changes", str(most)]
    done = subprocess.run(command, env={**os.environ, "BENCH_URL": server.url(name)}, capture_output=True, check=True)
    told = json.loads(done.stdout)
    return float(told["seconds"] / told["changes"])


def with_mendbook(server: embedded.Server, name: str, home: Path, merges: bool) -> tuple[float, int]:
    """(seconds, changes) of applying a plan of all there is to repair."""
    os.environ["BENCH_URL"] = server.url(name)
    book = Workbook.open("bench", home / "mendbook.toml", home / "outputs")
    kinds = ["duplicate_user"] if merges else ["orphan_profile", "null_flag", "missing_profile"]
    plan = book.plan(AUTHOR, home / "author", kinds=kinds)["plan"]
    book.sign(plan, REVIEWER, home / "reviewer", approve=["all"])
    report = apply(book._database, book.settings, book.plan_file(plan), book.outputs, commit=True)
    assert not report["stale"], report["stale_cases"][:3]
    return float(report["seconds"]), int(report["changes"])


def people(home: Path) -> None:
    (home / "mendbook.toml").write_text((HERE / "apply.toml").read_text())
    lines = []
    for person, file in ((AUTHOR, "author"), (REVIEWER, "reviewer")):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / file)], check=True)
        lines.append(f"{person} {(home / file).with_suffix('.pub').read_text()}")
    (home / "allowed_signers").write_text("".join(lines))


def compare(server: embedded.Server, home: Path, options: argparse.Namespace, merges: bool) -> str:
    hand, ours, loop, changes = [], [], [], 0
    for number in range(options.rounds):
        for contestant in ("hand", "mendbook", "django"):
            name = f"{contestant}_{int(merges)}_{number}"
            server.create_database(name, template="filled")
            server.execute("CHECKPOINT")
            if contestant == "hand":
                hand.append(by_hand(server, name, merges))
            elif contestant == "mendbook":
                seconds, changes = with_mendbook(server, name, home, merges)
                ours.append(seconds)
            else:
                loop.append(with_django(server, name, merges, options.loop))
            server.drop_database(name)
            print(f"  round {number + 1}: {contestant}", file=sys.stderr)
    ratios = [mine / theirs for mine, theirs in zip(ours, hand, strict=True)]
    slower = [a_change * changes / mine for a_change, mine in zip(loop, ours, strict=True)]
    what = "merges of accounts" if merges else "deletes, updates, inserts"
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return (
        f"| {what} | {changes:,} | {middle(hand)} s | {middle(ours)} s | {middle(ratios)} ({spread})"
        f" | {statistics.median(loop) * 1000:.2f} ms | {middle(slower)} |"
    )


def middle(figures: list[float]) -> str:
    return f"{statistics.median(figures):.2f}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--changes", type=int, default=100_000)
    arguments.add_argument("--users", type=int, default=200_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--loop", type=int, default=2_000, help="cases of each kind that the Django loop does")
    arguments.add_argument("--version", type=int, default=18)
    arguments.add_argument("--only", choices=["changes", "merges"])
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch, embedded.temporary(options.version) as server:
        people(Path(scratch))
        fill(server, options)
        lines = [
            compare(server, Path(scratch), options, merges)
            for merges in (False, True)
            if options.only in (None, "merges" if merges else "changes")
        ]
    print("| what | changes | by hand | mendbook | mendbook / by hand | Django loop, a change | Django / mendbook |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
