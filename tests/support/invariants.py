"""What must hold of a database after any fault, held by plain SQL and arithmetic of its own: it imports nothing of mendbook.

Given the rows before (a dump taken then), the database now and its ledger: what the ledger says happened, once, and
nothing else did. An empty list says that all of it holds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from support.row_texts import Dump, Row, connect, dump

_LEDGER = """
SELECT position, act, plan, batch, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), role, details::text,
    count, changes, previous, hash
FROM mendbook.ledger ORDER BY position
"""
_CHANGES = """
SELECT c.plan, c.batch, c.seq, c.case_key, c."table", c.op, c.key, c.before::text, c.after::text, c.salt, c.images, c.digest,
    l.position
FROM mendbook.change c LEFT JOIN mendbook.ledger l USING (plan, batch) ORDER BY l.position, c.plan, c.batch, c.seq
"""
_NAMED = """
SELECT asked, format('%%I.%%I', n.nspname, c.relname)
FROM unnest(%s::text[]) asked JOIN pg_class c ON c.oid = coalesce(
    to_regclass(quote_ident(asked)),
    to_regclass(quote_ident(split_part(asked, '.', 1)) || '.' || quote_ident(substr(asked, strpos(asked, '.') + 1))))
JOIN pg_namespace n ON n.oid = c.relnamespace
"""
_FOREIGN_KEYS = """
SELECT format('%I.%I', rn.nspname, r.relname), format('%I.%I', tn.nspname, t.relname), k.conname::text,
    (SELECT array_agg(a.attname::text ORDER BY o) FROM unnest(k.conkey) WITH ORDINALITY u(n, o)
     JOIN pg_attribute a ON (a.attrelid, a.attnum) = (k.conrelid, u.n)),
    (SELECT array_agg(a.attname::text ORDER BY o) FROM unnest(k.confkey) WITH ORDINALITY u(n, o)
     JOIN pg_attribute a ON (a.attrelid, a.attnum) = (k.confrelid, u.n))
FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE k.contype = 'f'
"""
#: (table, columns, target table, target columns): a reference that no constraint tells of.
Soft = tuple[str, tuple[str, ...], str, tuple[str, ...]]


class _Stored(dict[str, Any]):
    """A row of the ledger or of its changes."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


def violations(
    url: str,
    before: Dump,
    *,
    theirs: Collection[str] = (),
    soft: Iterable[Soft] = (),
    plans: Iterable[Path] = (),
    checkpoints: Path | None = None,
) -> list[str]:
    """What does not hold, a sentence each.

    ``before`` is ``row_texts.dump`` of the moment before anything was applied. ``theirs`` are tables (quoted, with schema)
    that the application wrote meanwhile: of those only what the ledger changed is looked at. ``soft`` are references besides
    the foreign keys. ``plans`` are plan.jsonl files: a case of theirs is in the ledger wholly or not at all.
    ``checkpoints`` is the file of outputs/ledger.
    """
    rows, changes, names, keys = _read(url)
    now = dump(url)
    told = [*chain(rows, changes), *once(rows, changes)]
    told += replayed(before, now, changes, names, theirs)
    told += dangling(now, changes, names, [*keys, *soft])
    for plan in plans:
        told += whole_cases(plan, rows, changes)
    if checkpoints is not None and checkpoints.exists():
        told += seen(checkpoints, rows)
    return told


def _read(url: str) -> tuple[list[_Stored], list[_Stored], dict[str, str], list[Soft]]:
    connection = connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT to_regclass('mendbook.ledger')")
            if cursor.fetchone()[0] is None:
                return [], [], {}, []
            cursor.execute(_LEDGER)
            fields = ("position", "act", "plan", "batch", "at", "role", "details", "count", "changes", "previous", "hash")
            rows = [_Stored(zip(fields, row, strict=True)) for row in cursor.fetchall()]
            cursor.execute(_CHANGES)
            fields = (
                *("plan", "batch", "seq", "case_key", "table", "op", "key"),
                *("before", "after", "salt", "images", "digest", "position"),
            )
            changes = [_Stored(zip(fields, row, strict=True)) for row in cursor.fetchall()]
            cursor.execute(_NAMED, (sorted({change.table for change in changes}),))
            names = dict(cursor.fetchall())
            cursor.execute(_FOREIGN_KEYS)
            keys = [(own, tuple(columns), target, tuple(theirs)) for own, target, _, columns, theirs in cursor.fetchall()]
        return rows, changes, names, keys
    finally:
        connection.close()


# -- the chain, as docs/ledger.md has it ---------------------------------------------------------------------------------


def _sha(line: str) -> str:
    return sha256(f"{line}\n".encode()).hexdigest()


def _json(value: str | None) -> str:
    return json.dumps(value, ensure_ascii=False)


def chain(rows: list[_Stored], changes: list[_Stored]) -> list[str]:
    """Every digest recomputed, from the images up to the head."""
    told, previous = [], "0" * 64
    purged = max((json.loads(row.details)["through"] for row in rows if row.act == "purge"), default=0)
    for change in changes:
        where = f"change {change.plan}/{change.batch}/{change.seq}"
        if change.position is None:
            told.append(f"{where} belongs to no row of the ledger")
        if change.salt is None:
            told += [f"{where} has lost its images"] if (change.position or 0) > purged else []
        elif change.images != _sha(
            f'{{"after":{change.after or "null"},"before":{change.before or "null"},"salt":"{change.salt}"}}'
        ):
            told.append(f"{where}: its images do not give their digest")
        if change.digest != _sha(
            f'{{"batch":{change.batch},"case_key":{_json(change.case_key)},"images":"{change.images}","key":{_json(change.key)},'
            f'"op":"{change.op}","plan":{_json(change.plan)},"seq":{change.seq},"table":{_json(change.table)}}}'
        ):
            told.append(f"{where}: its columns do not give its digest")
    for number, row in enumerate(rows, 1):
        own = [change for change in changes if change.position == row.position]
        if row.position != number:
            told.append(f"ledger row {number} is missing")
        if row.previous != previous:
            told.append(f"ledger row {row.position} does not follow the one before")
        if [change.seq for change in own] != list(range(1, row["count"] + 1)):
            told.append(f"ledger row {row.position} has other changes than the {row['count']} that it counts")
        if row.changes != sha256("".join(f"{change.digest}\n" for change in own).encode()).hexdigest():
            told.append(f"ledger row {row.position}: its changes do not give their digest")
        if row.hash != _sha(
            f'{{"act":"{row.act}","at":"{row.at}","batch":{_json(row.batch)},"changes":"{row.changes}","count":{row["count"]},'
            f'"details":{row.details},"plan":{_json(row.plan)},"position":{row.position},"previous":"{row.previous}",'
            f'"role":{_json(row.role)}}}'
        ):
            told.append(f"ledger row {row.position}: its columns do not give its hash")
        previous = row.hash
    return told


def seen(checkpoints: Path, rows: list[_Stored]) -> list[str]:
    """Every whole line of the checkpoints names a row that is there, with its hash; lines may be missing, after a kill."""
    hashes = {row.position: row.hash for row in rows}
    lines = checkpoints.read_text().split("\n")[:-1]
    told = [json.loads(line) for line in lines]
    return [
        f"the checkpoint of {each['size']} rows saw another ledger" for each in told if hashes.get(each["size"]) != each["head"]
    ]


# -- exactly once --------------------------------------------------------------------------------------------------------


def once(rows: list[_Stored], changes: list[_Stored]) -> list[str]:
    """No case of a plan stands in two batches, nor twice in one; no row is changed by two cases of one plan."""
    told = []
    tried: Counter[tuple[str, str]] = Counter()
    for row in rows:
        details = json.loads(row.details)
        taken = [case[0] for case in details.get("cases", ())]
        tried.update((row.plan, name) for name in [*taken, *(stale[0] for stale in details.get("stale", ()))])
        numbers = [n for case in details.get("cases", ()) for n in range(case[4], case[5] + 1)]
        if "cases" in details and sorted(numbers) != list(range(1, row["count"] + 1)):
            told.append(f"ledger row {row.position}: its cases do not share out its changes")
    told += [f"case {name} of plan {plan} was tried {times} times" for (plan, name), times in tried.items() if times > 1]
    touched: dict[tuple[str, str, str], set[tuple[int, str]]] = {}
    for each in changes:
        if each.key is not None and each.op != "insert":
            touched.setdefault((each.plan, each.table, each.key), set()).add((each.batch, each.case_key))
    told += [
        f"{len(by)} cases of plan {plan} changed {table} {key}" for (plan, table, key), by in touched.items() if len(by) > 1
    ]
    return told


def whole_cases(plan: Path, rows: list[_Stored], changes: list[_Stored]) -> list[str]:
    """Each case of the plan is in the ledger with all of its changes, or with none. For plans without options chosen."""
    lines = plan.read_text(encoding="utf-8").splitlines()[1:]
    told, done = [], {}
    for row in rows:
        for name, _, _, _, first, last in json.loads(row.details).get("cases", ()) if row.plan == plan.parent.name else ():
            own = [change for change in changes if change.position == row.position and first <= change.seq <= last]
            done[name] = Counter((change.table, change.op, change.before) for change in own)
    for line in lines:
        case = json.loads(line)
        name = "/".join(part for part in (case["kind"], case["profile"], case["case_key"]) if part is not None)
        planned = Counter(
            (each["table"], each["op"], None if each["before"] is None else _image(each["before"])) for each in case["changes"]
        )
        if name in done and done[name] != planned:
            told.append(f"case {name} was applied in part: {done[name]} of {planned}")
    return told


def _image(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


# -- the rows ------------------------------------------------------------------------------------------------------------


def _key(row: Row) -> tuple[tuple[str, str | None], ...]:
    return tuple(sorted(row.items()))


def replayed(before: Dump, now: Dump, changes: list[_Stored], names: dict[str, str], theirs: Collection[str] = ()) -> list[str]:
    """The rows before, with the ledger's changes made in their order, are the rows now."""
    told = []
    rows = {table: Counter(_key(row) for row in every) for table, every in before.items()}
    for change in sorted(changes, key=lambda change: (change.position or 0, change.seq)):
        table, where = names.get(change.table), f"{change.plan}/{change.batch}/{change.seq} ({change.op} {change.table})"
        if table is None or table not in rows:
            told.append(f"{where}: there is no such table")
            continue
        old, new = ({} if image is None else json.loads(image) for image in (change.before, change.after))
        if old and not rows[table][_key(old)]:
            if table not in theirs:
                told.append(f"{where}: the row that it changed was not there: {old}")
        elif old:
            rows[table][_key(old)] -= 1
        if new:
            rows[table][_key(new)] += 1
    for table in sorted(rows.keys() | now.keys()):
        if table not in theirs:
            found = Counter(_key(row) for row in now.get(table, ()))
            told += [f"lost: {table} {dict(row)}" for row in (rows.get(table, Counter()) - found).elements()]
            told += [f"not by the ledger: {table} {dict(row)}" for row in (found - rows.get(table, Counter())).elements()]
    return told


def dangling(now: Dump, changes: list[_Stored], names: dict[str, str], references: Iterable[Soft]) -> list[str]:
    """No row refers to one that was deleted and is still gone."""
    told = []
    gone: dict[str, list[Row]] = {}
    for change in changes:
        if change.op != "insert" and change.before is not None:
            gone.setdefault(names.get(change.table, change.table), []).append(json.loads(change.before))
    for table, columns, target, target_columns in references:
        there = {tuple(row[name] for name in target_columns) for row in now.get(target, ())}
        lost = {tuple(row[name] for name in target_columns) for row in gone.get(target, ())} - there
        for row in now.get(table, ()):
            named = tuple(row[name] for name in columns)
            if None not in named and named in lost:
                told.append(f"{table} {row} refers to {target} {named}, which was taken away")
    return told
