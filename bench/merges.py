"""How long merges of accounts take to plan: pairs of accounts, each with rows in five tables.

``python bench/merges.py [PAIRS]``
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import mendbook.dialects.postgresql  # noqa: F401
from mendbook import embedded
from mendbook.config import load
from mendbook.damage import catalogue
from mendbook.database import Database
from mendbook.model import Case, Found, FoundRow

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from support.databases import run_script
from support.merges import CUSTOMER, CUSTOMERS, MAPPING, USERS

ROWS = """
CREATE UNIQUE INDEX ON auth_user (username);
CREATE INDEX ON customer (user_id);
CREATE TABLE auth_user_groups (id int PRIMARY KEY, user_id int NOT NULL REFERENCES auth_user, group_id int,
            UNIQUE (user_id, group_id));
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES auth_user); CREATE INDEX ON orders (user_id);
CREATE TABLE cart (id int PRIMARY KEY, user_id int UNIQUE REFERENCES auth_user);
CREATE TABLE item (id int PRIMARY KEY, cart_id int REFERENCES cart, thing int, UNIQUE (cart_id, thing));
INSERT INTO auth_user (id, username, email, last_login)
SELECT n, CASE n % 2 WHEN 0 THEN 'u' ELSE 'U' END || n / 2, 'mail' || n || '@example.com',
    CASE n % 3 WHEN 0 THEN timestamptz '2026-03-01Z' END FROM generate_series(2, {last}) n;
INSERT INTO customer SELECT n, n, CASE n % 5 WHEN 0 THEN n::text END, 'x', '2026-01-01Z' FROM generate_series(2,
            {last}) n;
INSERT INTO auth_user_groups SELECT n, n, n % 4 FROM generate_series(2, {last}) n;
INSERT INTO orders SELECT n, n / 2 FROM generate_series(4, {last} * 2) n;
INSERT INTO cart SELECT n, n FROM generate_series(2, {last}) n;
INSERT INTO item SELECT n, n / 2, n % 3 FROM generate_series(4, {last} * 2) n;
VACUUM ANALYZE;
"""


def main(pairs: int) -> None:
    os.environ["SHOP_URL"] = ""
    with embedded.temporary(18) as server, tempfile.TemporaryDirectory() as folder:
        url = os.environ["SHOP_URL"] = server.create_database("merges")
        for statement in (USERS + CUSTOMERS + ROWS.format(last=pairs * 2 + 1)).split(";"):
            if statement.strip():
                run_script(url, statement)
        file = Path(folder) / "mendbook.toml"
        file.write_text(MAPPING.format(source="") + CUSTOMER)
        settings = load(file)
        database = Database(settings.source("shop"), settings)
        kind = catalogue()["duplicate_user"]
        with database.snapshot() as bare:
            snapshot = database.with_surroundings(bare)
            groups: dict[str, list[FoundRow]] = {}
            for select in kind.find(snapshot.tables):
                for row in snapshot.connection.execute(select):
                    groups.setdefault(row.case_key, []).append(FoundRow(row.table, row.row_key, row.user_key, row.at))
            every = [Found(kind.name, None, key, tuple(rows)) for key, rows in groups.items()]
            started, statements, spent = time.monotonic(), Counter[str](), Counter[str]()
            made = 0
            changes = 0
            for start in range(0, len(every), 500):
                asking = kind.repairs[0].propose(snapshot.tables, every[start : start + 500])
                answer = None
                while True:
                    try:
                        statement = asking.send(answer)
                    except StopIteration as ended:
                        cases = ended.value
                        break
                    before = time.monotonic()
                    answer = snapshot.connection.execute(statement).all()
                    name = " ".join(str(statement).split("FROM")[-1].split()[:4])
                    statements[name] += 1
                    spent[name] += time.monotonic() - before
                made += sum(isinstance(case, Case) for case in cases)
                changes += sum(len(case.changes) for case in cases if isinstance(case, Case))
            seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    asked = sum(spent.values())
    print(f"{made} cases, {changes} changes in {seconds:.1f} s ({asked:.1f} s in the database), peak {peak} MB")
    for name, time_spent in spent.most_common(12):
        print(f"{time_spent:7.2f} s {statements[name]:5d} {name}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
