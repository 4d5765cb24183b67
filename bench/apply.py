"""`mendbook apply` beside the same changes by hand, and beside a loop over Django's ORM.

    python bench/apply.py --changes 100000 --users 200000 --rounds 3 [--version 18]

By hand three times: "at once", a statement a table for all rows in one transaction, written by somebody who knows which rows
are wrong; "keeping images", the same with each row before and after put into a table together with a digest of both; and
"in batches", the very rows of mendbook's plan in as many transactions of 500 changes, so that nobody has to wait, without
images. None looks again. In turn, each on its own copy of one generated database, on one embedded PostgreSQL with its
default settings (commits wait for the disk). mendbook's figure is the whole apply of a plan that
somebody signed: images, ledger, checks and re-check included; planning, signing and the audit afterwards are not. The
loop is slow, so it does a part, and counts a change.
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
from itertools import groupby
from pathlib import Path

from mendbook.embedded import embedded
from mendbook.model import Change
from mendbook.plans.files import PlanFile
from mendbook.repairs.apply import apply
from mendbook.workbook import Workbook

HERE = Path(__file__).parent
#: Of a merge of two accounts: five rows that move, and the account that goes.
CHANGES_OF_A_MERGE = 6
BATCH = 500
#: PostgreSQL's own defaults: an embedded server that is thrown away does without them.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
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


def by_hand(server: embedded.Server, name: str, merges: bool, images: bool = False) -> float:
    """Seconds; psql's own start-up is a few milliseconds of it."""
    script = (HERE / "apply_by_hand.sql").read_text()
    return run_sql(server, name, script, {"merges": int(merges), "images": int(images), "last": 10**9})


def in_batches(server: embedded.Server, name: str, plan: PlanFile) -> float:
    """Seconds for the changes of ``plan`` as statements over lists of rows, 500 changes a transaction."""
    script, waiting = [], []
    for case in plan.cases():
        waiting += [(change.phase, change.op, change.table, change) for change in case.changes]
        if len(waiting) >= BATCH:
            script.append(transaction(waiting))
            waiting = []
    script.append(transaction(waiting))
    return run_sql(server, name, "\n".join(script), {})


def transaction(changes: list[tuple[int, str, str, Change]]) -> str:
    lines = ["BEGIN;"]
    for (_, op, table), group in groupby(sorted(changes, key=lambda each: each[:3]), key=lambda each: each[:3]):
        rows = [each[3] for each in group]
        lines.append({"delete": deleting, "update": updating, "insert": inserting}[op](table, rows))
    return "\n".join([*lines, "COMMIT;"])


def deleting(table: str, rows: list[Change]) -> str:
    return f"DELETE FROM {table} WHERE id IN ({', '.join(str(row.key) for row in rows)});"


def updating(table: str, rows: list[Change]) -> str:
    befores, afters = (
        [json.loads(str(image)) for image in images] for images in zip(*((r.before, r.after) for r in rows), strict=True)
    )
    columns = [name for name in befores[0] if any(b[name] != a[name] for b, a in zip(befores, afters, strict=True))]
    values = [
        ", ".join([str(row.key), *(literal(after[name]) for name in columns)]) for row, after in zip(rows, afters, strict=True)
    ]
    types = {"user_id": "bigint", "invites": "boolean"}
    sets = ", ".join(f"{name} = v.{name}::{types[name]}" for name in columns)
    return (
        f"UPDATE {table} t SET {sets} FROM (VALUES ({'), ('.join(values)})) AS v (id, {', '.join(columns)}) WHERE t.id = v.id;"
    )


def inserting(table: str, rows: list[Change]) -> str:
    afters = [json.loads(str(row.after)) for row in rows]
    columns = list(afters[0])
    values = [", ".join([*(literal(after[name]) for name in columns), "now()"]) for after in afters]
    return f"INSERT INTO {table} ({', '.join(columns)}, created_at) VALUES ({'), ('.join(values)});"


def literal(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def with_django(server: embedded.Server, name: str, merges: bool, most: int) -> float:
    """Seconds a change."""
    command = [sys.executable, str(HERE / "with_django.py"), "merges" if merges else "changes", str(most)]
    done = subprocess.run(command, env={**os.environ, "BENCH_URL": server.url(name)}, capture_output=True, check=True)
    told = json.loads(done.stdout)
    return float(told["seconds"] / told["changes"])


def planned(server: embedded.Server, name: str, home: Path, merges: bool) -> tuple[Workbook, PlanFile]:
    """A signed plan of all there is to repair."""
    os.environ["BENCH_URL"] = server.url(name)
    book = Workbook.open("bench", home / "mendbook.toml", home / "outputs")
    kinds = ["duplicate_user"] if merges else ["orphan_profile", "null_flag", "missing_profile"]
    plan = book.plan(AUTHOR, home / "author", kinds=kinds)["plan"]
    book.sign(plan, REVIEWER, home / "reviewer", approve=["all"])
    return book, book.plan_file(plan)


def with_mendbook(book: Workbook, plan: PlanFile) -> tuple[float, int]:
    """(seconds, changes) of applying the plan."""
    report = apply(book._database, book.settings, plan, book.outputs, commit=True)
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
    at_once, keeping, batches, ours, loop, changes = [], [], [], [], [], 0
    for number in range(options.rounds):
        copies = {each: f"{each}_{int(merges)}_{number}" for each in ("at_once", "keeping", "batches", "django", "mendbook")}
        for name in copies.values():
            server.create_database(name, template="filled")
        book, plan = planned(server, copies["mendbook"], home, merges)
        server.execute("CHECKPOINT")
        at_once.append(by_hand(server, copies["at_once"], merges))
        server.execute("CHECKPOINT")
        keeping.append(by_hand(server, copies["keeping"], merges, images=True))
        server.execute("CHECKPOINT")
        batches.append(in_batches(server, copies["batches"], plan))
        server.execute("CHECKPOINT")
        seconds, changes = with_mendbook(book, plan)
        ours.append(seconds)
        server.execute("CHECKPOINT")
        loop.append(with_django(server, copies["django"], merges, options.loop))
        for name in copies.values():
            server.drop_database(name)
        print(f"  round {number + 1} of {'merges' if merges else 'changes'} done", file=sys.stderr)
    what = "merges of accounts" if merges else "deletes, updates, inserts"
    slower = [a_change * changes / mine for a_change, mine in zip(loop, ours, strict=True)]
    figures = [f"{middle(each)} s" for each in (at_once, keeping, batches, ours)]
    figures += [ratio(ours, each) for each in (at_once, keeping, batches)]
    figures += [f"{statistics.median(loop) * 1000:.2f} ms", f"{middle(slower)} ({min(slower):.1f} to {max(slower):.1f})"]
    return f"| {what} | {changes:,} | {' | '.join(figures)} |"


def ratio(ours: list[float], theirs: list[float]) -> str:
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return f"{middle(ratios)} ({min(ratios):.1f} to {max(ratios):.1f})"


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
    with tempfile.TemporaryDirectory() as scratch, embedded.temporary(options.version, DURABLE) as server:
        people(Path(scratch))
        fill(server, options)
        lines = [
            compare(server, Path(scratch), options, merges)
            for merges in (False, True)
            if options.only in (None, "merges" if merges else "changes")
        ]
    head = [
        "what",
        "changes",
        "by hand, at once",
        "by hand, keeping images",
        "by hand, in batches",
        "mendbook",
        "mendbook / at once",
        "mendbook / keeping images",
        "mendbook / in batches",
    ]
    print("| " + " | ".join([*head, "Django loop, a change", "Django / mendbook"]) + " |")
    print("| --- |" + " ---: |" * 10)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
