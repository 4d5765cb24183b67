"""What is particular to SQLite: values and their storage classes, times, odd schemas, files, locks and crashes.

That the same tables give the same findings and repairs as on PostgreSQL is tried in test_cases_elsewhere.py.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from finding import find_all
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mendbook.blanks import WHITE_SPACE
from mendbook.errors import ConfigError, ConnectionFailed, QueryStopped, Refused
from support.sqlite_files import dialect, made, reading, repairing, stored_as, writing

quick = settings(max_examples=60)

# -- values --------------------------------------------------------------------------------------------------------------

DECLARED = ["integer", "varchar(20)", "text", "bool", "datetime", "decimal", "real", "blob", "", "char(32)", "JSON"]
NUMBER_LIKE = st.sampled_from(["5", "05", "1.5", "1e3", "-0", "0x1", "true", "sqlite:5", "sqlite:'x", "Inf", " 7", "9e999"])
VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    NUMBER_LIKE,
    st.binary(max_size=8),
)
_AS_STORED = "SELECT typeof(v), hex(CAST(v AS BLOB)), CASE WHEN typeof(v) <> 'text' THEN v END FROM t"


@quick
@given(declared=st.sampled_from(DECLARED), value=VALUES, bytes_as_text=st.booleans())
@example(declared="text", value=b"a\xff\x80", bytes_as_text=True)
@example(declared="", value=5, bytes_as_text=False)
@example(declared="", value="5", bytes_as_text=False)
@example(declared="", value=2**63 - 1, bytes_as_text=False)
@example(declared="real", value=math.inf, bytes_as_text=False)
@example(declared="text", value="nul\0here", bytes_as_text=False)
def test_a_value_comes_back_from_its_image_as_it_was_storage_class_and_all(
    declared: str, value: Any, bytes_as_text: bool, tmp_path: Path
) -> None:
    file = made(tmp_path / "values.sqlite3", f"DROP TABLE IF EXISTS t; CREATE TABLE t (id integer PRIMARY KEY, v {declared})")
    way = "CAST(? AS TEXT)" if bytes_as_text and isinstance(value, bytes) else "?"
    with closing(sqlite3.connect(file)) as plain:
        plain.execute(f"INSERT INTO t VALUES (1, {way})", (value,))
        plain.commit()
        before = repr(plain.execute(_AS_STORED).fetchone())
    rows = dialect().rows()
    with repairing(file) as connection:
        stored = stored_as(connection, "t")
        (row,) = connection.execute(rows.by_keys(stored, ["1"])).all()
        assert row.key == "1"
        connection.execute(rows.delete(stored, ["1"]))
        (back,) = connection.execute(rows.insert(stored, [row.image], {})).all()
        assert back.image == row.image
        (other,) = connection.execute(rows.update(stored, ["v"], ["1"], [row.image])).all()
        assert (other.key, other.image) == ("1", row.image)
    with closing(sqlite3.connect(file)) as plain:
        assert repr(plain.execute(_AS_STORED).fetchone()) == before


def test_two_values_of_one_column_never_share_an_image(tmp_path: Path) -> None:
    values = [5, "5", 5.5, "5.5", b"5", "sqlite:5", "sqlite:'5'", "", b"", None, "None", math.inf, "Inf", "9e999", "a\0", "a"]
    file = made(tmp_path / "values.sqlite3", "CREATE TABLE t (id integer PRIMARY KEY, v)")
    with closing(sqlite3.connect(file)) as plain:
        plain.executemany("INSERT INTO t (v) VALUES (?)", [(value,) for value in values])
        plain.execute("INSERT INTO t (v) VALUES (CAST(X'FF' AS TEXT))")
        plain.commit()
    with reading(file) as connection:
        stored = stored_as(connection, "t")
        keys = [str(n) for n in range(1, len(values) + 2)]
        told = [json.loads(row.image)["v"] for row in connection.execute(dialect().rows().by_keys(stored, keys))]
    assert len(set(told)) == len(told) == len(values) + 1


TEXTS = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(WHITE_SPACE + "\u200bİıßÄΣς")), max_size=6)


@quick
@given(texts=st.lists(TEXTS, min_size=1, max_size=5), encoding=st.sampled_from(["UTF-8", "UTF-16le"]))
@example(texts=["İ", " a\t", "\x1cb", "Ǆ", "\0 A"], encoding="UTF-8")
def test_text_compares_as_damage_says_whatever_the_encoding(texts: list[str], encoding: str, tmp_path: Path) -> None:
    from mendbook.dialects.letters import simple_lowercase

    lower = str.maketrans({**simple_lowercase(), **{chr(n): chr(n + 32) for n in range(65, 91)}})
    file = tmp_path / f"{encoding}.sqlite3"
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as plain:
        plain.execute(f"PRAGMA encoding = '{encoding}'")
        plain.execute("CREATE TABLE t (id integer PRIMARY KEY, v text COLLATE NOCASE)")
        plain.executemany("INSERT INTO t (v) VALUES (?)", [(text,) for text in texts])
        plain.commit()
    table = sa.table("t", sa.column("id"), sa.column("v"))
    with reading(file) as connection:
        text = dialect().text(dialect().server(connection))
        every = sa.select(text.blank(table.c.v), text.fold(table.c.v), text.exact(table.c.v)).order_by(table.c.id)
        told = connection.execute(every).all()
        alike = sa.select(text.exact(table.c.v), sa.func.count()).group_by(text.exact(table.c.v))
        groups = {row[0]: row[1] for row in connection.execute(alike)}
    for row, value in zip(told, texts, strict=True):
        assert bool(row[0]) == (not value.strip(WHITE_SPACE))
        if "\0" not in value:
            assert row[1] == (value.strip(WHITE_SPACE).translate(lower) or None)
        assert row[2] == value or "\0" in value or value.startswith("sqlite:")
    assert sum(groups.values()) == len(texts)
    assert len(groups) == len(set(texts))


def test_every_letter_lowers_as_it_does_on_other_databases(tmp_path: Path) -> None:
    from mendbook.dialects.letters import simple_lowercase

    letters = simple_lowercase()
    file = made(tmp_path / "letters.sqlite3", "CREATE TABLE t (id integer PRIMARY KEY, v text)")
    with closing(sqlite3.connect(file)) as plain:
        plain.executemany("INSERT INTO t (v) VALUES (?)", [(f"x{upper}",) for upper in letters])
        plain.commit()
    table = sa.table("t", sa.column("id"), sa.column("v"))
    with reading(file) as connection:
        text = dialect().text(dialect().server(connection))
        told = connection.execute(sa.select(text.fold(table.c.v)).order_by(table.c.id)).scalars().all()
    assert told == [f"x{lower}" for lower in letters.values()]


MOMENTS = {
    "2024-02-29 12:00:00": 1709208000000000,
    "2024-02-29 12:00:00.000001": 1709208000000001,
    "2024-02-29T12:00:00Z": 1709208000000000,
    "2024-02-29 14:00:00+02:00": 1709208000000000,
    "2024-02-29T06:30:00.5-0530": 1709208000500000,
    "2024-02-29": 1709164800000000,
    "2024-02-29 12:00": 1709208000000000,
    "2024-02-29x12:00:00": None,
    "2024-02-29 12:00:00+02:99": None,
    "2024-02-29 12:00:00.12345Z": 1709208000123450,
    "2023-02-29 12:00:00": None,
    "2024-02-29 25:00:00": None,
    "1709208000": None,
    "now": None,
    "infinity": None,
    "": None,
    "２024-02-29": None,
    b"2024-02-29": None,
    None: None,
    0: 0,
    1709208000: 1709208000000000,
    1709208000000: 1709208000000000,
    1709208000.25: 1709208000250000,
    -1: -1000000,
    10**17: None,
    math.inf: None,
}


@pytest.mark.parametrize("declared", ["datetime", "text", "integer", ""])
def test_moments_are_iso_text_or_numbers_since_1970_and_nothing_else(declared: str, tmp_path: Path) -> None:
    file = made(tmp_path / "moments.sqlite3", f"CREATE TABLE t (id integer PRIMARY KEY, v {declared})")
    values = [value for value in MOMENTS if declared != "text" or isinstance(value, str | bytes | None)]
    with closing(sqlite3.connect(file)) as plain:
        plain.executemany("INSERT INTO t (v) VALUES (?)", [(value,) for value in values])
        plain.commit()
    with reading(file) as connection:
        relation = stored_as(connection, "t").relation
        text = dialect().text(dialect().server(connection))
        table = sa.table("t", sa.column("id"), sa.column("v"))
        moment = text.moment(table.c.v, relation.columns["v"])
        told = connection.execute(sa.select(text.microseconds(moment)).order_by(table.c.id)).scalars().all()
    wanted = {value: MOMENTS[value] for value in values}
    if declared in ("datetime", "integer"):  # SQLite makes a number of it there
        wanted["1709208000"] = MOMENTS[1709208000]
    assert dict(zip(values, told, strict=True)) == wanted


def test_truth_may_be_written_in_words(tmp_path: Path) -> None:
    file = made(tmp_path / "truth.sqlite3", "CREATE TABLE t (id integer PRIMARY KEY, v boolean)")
    values = [1, 0, "t", "f", "TRUE", "False", "maybe", None, 2]
    with closing(sqlite3.connect(file)) as plain:
        plain.executemany("INSERT INTO t (v) VALUES (?)", [(value,) for value in values])
        plain.commit()
    table = sa.table("t", sa.column("id"), sa.column("v", sa.Boolean))
    with reading(file) as connection:
        truth = dialect().text(dialect().server(connection)).truth(table.c.v)
        asked = sa.select(sa.type_coerce(truth.is_(sa.true()), sa.Integer), sa.type_coerce(truth.is_(sa.false()), sa.Integer))
        told = connection.execute(asked.order_by(table.c.id)).all()
    assert told == [(1, 0), (0, 1), (1, 0), (0, 1), (1, 0), (0, 1), (0, 0), (0, 0), (0, 0)]


def test_keys_without_a_type_are_ordered_by_their_size(tmp_path: Path) -> None:
    """CREATE TABLE .. AS SELECT leaves columns without a type: 2 comes before 10 in them too."""
    file = made(
        tmp_path / "untyped.sqlite3",
        "CREATE TABLE people AS SELECT value AS id, 'ann' AS name FROM json_each('[10, 2, 101]')",
    )
    mapping = '[sources.case]\nurl_env = "CASE_URL"\n[sources.case.users]\ntable = "people"\nusername = "name"\n'
    people = [each for each in find_all(f"sqlite:///{file}", mapping, tmp_path) if each.kind == "duplicate_user"]
    assert {each.case_key for each in people} == {"2"}


# -- the schema ----------------------------------------------------------------------------------------------------------

ODD = """
    CREATE TABLE "Auth_User" ("Id" INTEGER PRIMARY KEY, "e mail" varchar(254) COLLATE NOCASE UNIQUE, [name] TEXT, `x` BOOL,
        joined datetime DEFAULT CURRENT_TIMESTAMP, twice int GENERATED ALWAYS AS ("Id" * 2) VIRTUAL, note DEFAULT 'a, (b',
        token char(32) NOT NULL DEFAULT (lower(hex(randomblob(16)))), CONSTRAINT positive CHECK ("Id" > 0 AND name <> ')'));
    CREATE UNIQUE INDEX folded ON auth_user (LOWER(trim("name"))) WHERE name IS NOT NULL AND (name <> '');
    CREATE UNIQUE INDEX some ON Auth_User (name DESC, joined COLLATE NOCASE ASC) WHERE x = 1 /* of those ) alone */;
    CREATE INDEX plain ON Auth_User (joined);
    CREATE TABLE profile (user_id int REFERENCES AUTH_USER ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, a, b,
        PRIMARY KEY (b, a)) WITHOUT ROWID;
    CREATE TABLE strict_one (id TEXT PRIMARY KEY, n INT CHECK (n > 1), gone REFERENCES nobody (id)) STRICT;
    CREATE TABLE loose (id varchar(10) PRIMARY KEY);
    CREATE TRIGGER watch INSERT ON profile BEGIN SELECT 1; END;
    CREATE TRIGGER "after delete" AFTER UPDATE OF a, b ON profile WHEN new.a > 1 BEGIN SELECT 2; END;
    CREATE VIEW seen AS SELECT * FROM profile;
""".replace("gone REFERENCES", "gone INT REFERENCES")


def test_odd_schemas_are_read_as_sqlite_means_them(tmp_path: Path) -> None:
    file = made(tmp_path / "odd.sqlite3", ODD)
    with reading(file) as connection:
        catalogue = dialect().catalogue(connection, ["AUTH_USER", "profile", "main.strict_one", "loose", "seen", "nobody"])
        relations = catalogue.relations
        around = dialect().referring(connection, {"users": relations["AUTH_USER"]})
    users = relations["AUTH_USER"]
    assert (users.schema, users.name, users.primary_key) == ("main", "Auth_User", ("Id",))
    families = {name: column.family for name, column in users.columns.items()}
    assert families == {
        "Id": "integer",
        "e mail": "text",
        "name": "text",
        "x": "boolean",
        "joined": "time",
        "twice": "integer",
        "note": "other",
        "token": "text",
    }
    columns = users.columns
    assert (columns["Id"].nullable, columns["Id"].draws, columns["Id"].default) == (False, True, True)
    assert (columns["joined"].draws, columns["note"].draws, columns["note"].default, columns["token"].draws) == (1, 0, 1, 1)
    assert (columns["twice"].generated, columns["twice"].expression) == (True, '"Id" * 2')
    assert (columns["e mail"].caseless, columns["e mail"].length) == (True, 254)
    indexes = {index.name: index for index in users.unique_indexes}
    assert set(indexes) == {"primary key", "folded", "some", "sqlite_autoindex_Auth_User_1"}
    assert (indexes["folded"].folds, indexes["folded"].leaves_out) == (("name",), ("name",))
    assert (indexes["some"].columns, indexes["some"].predicate) == (("name", "joined"), "x = 1")
    assert (indexes["some"].caseless, indexes["some"].leaves_out) == ((False, True), None)
    assert indexes["sqlite_autoindex_Auth_User_1"].caseless == (True,)
    (key,) = relations["profile"].foreign_keys
    assert (key.columns, key.target, key.target_columns, key.on_delete) == (("user_id",), users.identity, ("Id",), "cascade")
    assert relations["profile"].primary_key == ("b", "a")
    assert not relations["profile"].columns["a"].nullable
    assert relations["main.strict_one"].foreign_keys[0].target == -1
    assert not relations["main.strict_one"].columns["id"].nullable
    assert relations["loose"].columns["id"].nullable
    assert relations["seen"].kind == "view"
    assert "nobody" not in relations
    assert catalogue.names == ("Auth_User", "loose", "profile", "strict_one")
    assert set(around) == {"users", "profile"}
    assert around["users"].checks == (("positive", "\"Id\" > 0 AND name <> ')'"),)
    told = {(trigger.name, trigger.timing, trigger.events) for trigger in around["profile"].triggers}
    assert told == {("watch", "before", ("insert",)), ("after delete", "after", ("update",))}


def test_of_the_tables_that_are_called_like_mendbooks_only_its_own_are_hidden(tmp_path: Path) -> None:
    file = made(tmp_path / "own.sqlite3", "CREATE TABLE mendbook_fans (id integer PRIMARY KEY)")
    with repairing(file) as connection:
        dialect().ledger().create(connection)
        assert dialect().tables(connection) == ["mendbook_fans"]


@pytest.mark.parametrize(
    ("predicate", "columns"),
    [
        ("name IS NOT NULL", ("name",)),
        ("((\"na me\" <> ''))", ("na me",)),
        ("NOT (email = '')", ("email",)),
        ("email <> '' AND email IS NOT NULL AND tag > ''", ("email", "tag")),
        ("email <> ' '", None),
        ("active = 1", None),
        ("trim(email) <> '' AND (email) IS NOT NULL", ("email",)),
        ("trim(email, 'x') <> ''", None),
        ("trim(lower(email)) <> ''", None),
        ("email IS NOT NULL OR active", None),
        ("NOT email IS NOT NULL", None),
        ("lower(email) <> ''", None),
    ],
)
def test_what_a_partial_index_leaves_out(predicate: str, columns: tuple[str, ...] | None) -> None:
    from mendbook.dialects.sqlite.words import blanks_left_out

    assert blanks_left_out(predicate) == columns


@pytest.mark.parametrize(
    ("expression", "column"),
    [
        ("lower(email)", "email"),
        ('LOWER(("e-mail"))', "e-mail"),
        ("upper(trim([e mail]) COLLATE NOCASE)", "e mail"),
        ("trim(lower(`a``b`))", "a`b"),
        ("trim(email)", None),
        ("lower(a || b)", None),
        ("lower(substr(email, 1, 3))", None),
        ("lower('email')", None),
    ],
)
def test_which_column_an_indexed_expression_lowers(expression: str, column: str | None) -> None:
    from mendbook.dialects.sqlite.words import folded

    assert folded(expression) == column


HOSTILE = "t\"; DROP TABLE x; -- :a \\: %s 'q'\n\U0001f600"


def test_hostile_names_are_names(tmp_path: Path) -> None:
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    file = made(
        tmp_path / "hostile.sqlite3",
        f'CREATE TABLE {quoted} ({quoted} text PRIMARY KEY, "v:" text COLLATE NOCASE, CHECK ("v:" <> \':no\'));'
        f'CREATE UNIQUE INDEX {quoted[:-1]}2" ON {quoted} (lower("v:")) WHERE "v:" <> \':x\';'
        f"INSERT INTO {quoted} VALUES ('a:b', 'One'), ('c', 'Two')",
    )
    rows, table = dialect().rows(), f"main.{HOSTILE}"
    with repairing(file) as connection:
        stored = stored_as(connection, table)
        around = dialect().referring(connection, {table: stored.relation})[table]
        (row,) = connection.execute(rows.by_keys(stored, ["a:b"])).all()
        assert json.loads(row.image) == {HOSTILE: "a:b", "v:": "One"}
        after = json.dumps({HOSTILE: "a:b", "v:": "TWO"}, ensure_ascii=False, separators=(",", ":"))
        index = next(index for index in stored.relation.unique_indexes if index.predicate)
        met = connection.execute(rows.colliding(stored, index, [after])).all()
        assert [(each.n, each.key) for each in met] == [(0, None), (0, "c")]
        wrong = json.dumps({HOSTILE: "d", "v:": ":no"}, ensure_ascii=False, separators=(",", ":"))
        (told,) = connection.execute(rows.becoming(type(stored)(table, around, stored.key), [wrong])).all()
        assert told.broken == ["check 1"]
        assert connection.execute(rows.delete(stored, ["c"])).scalars().all() == ["c"]
        (changed,) = connection.execute(rows.update(stored, ["v:"], ["a:b"], [after])).all()
        assert (changed.key, changed.image) == ("a:b", after)


def test_a_table_of_many_columns_and_a_key_of_two_that_changes(tmp_path: Path) -> None:
    many = ", ".join(f"c{n} int DEFAULT {n}" for n in range(300))
    file = made(
        tmp_path / "wide.sqlite3",
        f"CREATE TABLE wide (a int, b text, {many}, PRIMARY KEY (a, b)) WITHOUT ROWID;"
        "INSERT INTO wide (a, b) VALUES (1, 'x'), (2, 'x')",
    )
    rows = dialect().rows()
    with repairing(file) as connection:
        stored = stored_as(connection, "wide")
        held = connection.execute(rows.by_keys(stored, ['["1","x"]', '["2","x"]', '["3","x"]'], lock=True)).all()
        assert [row.key for row in held] == ['["1","x"]', '["2","x"]']
        image = json.loads(held[0].image)
        assert (image["a"], image["c299"], len(image)) == ("1", "299", 302)
        after = json.dumps({**image, "a": "9"}, sort_keys=True, separators=(",", ":"))
        (row,) = connection.execute(rows.update(stored, ["a"], ['["1","x"]'], [after])).all()
        assert (row.key, row.image) == ('["1","x"]', after)
        assert connection.execute(rows.held(stored, ['["9","x"]'])).scalars().all() == ['["9","x"]']


def test_rows_without_a_key_are_told_by_their_place(tmp_path: Path) -> None:
    file = made(
        tmp_path / "bare.sqlite3", "CREATE TABLE bare (rowid text, v); INSERT INTO bare VALUES ('r', 1), ('r', 1), ('s', 1)"
    )
    rows = dialect().rows()
    with repairing(file) as connection:
        stored = stored_as(connection, "bare")
        alike = connection.execute(rows.by_images(stored, ['{"rowid":"r","v":"1"}'])).all()
        assert len({row.place for row in alike}) == 2
        assert connection.execute(rows.delete(stored, [alike[0].place])).scalars().all() == [alike[0].place]
        assert len(connection.execute(rows.by_images(stored, ['{"rowid":"r","v":"1"}'])).all()) == 1


def test_thousands_of_tables_are_read_quickly_enough_to_be_read_at_all(tmp_path: Path) -> None:
    script = "".join(f"CREATE TABLE t{n} (id integer PRIMARY KEY, u int REFERENCES t0); " for n in range(1500))
    file = made(tmp_path / "many.sqlite3", f"PRAGMA synchronous = off; BEGIN; {script} COMMIT")
    with reading(file) as connection:
        catalogue = dialect().catalogue(connection, ["t1"])
        assert len(catalogue.names) == 1500
        assert len(dialect().referring(connection, {"t0": catalogue.relations["t1"]})) == 1


# -- the file ------------------------------------------------------------------------------------------------------------


def explained(error: pytest.ExceptionInfo[BaseException], file: Path) -> Exception:
    return dialect().explain(error.value, sa.make_url(f"sqlite:///{file}"))


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory", "sqlite:///x.db?timeout=5", "sqlite://host/x"],
)
def test_urls_that_name_no_file_are_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="names no SQLite file"):
        dialect().url(sa.make_url(url))


def test_a_path_is_taken_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert dialect().url(sa.make_url("sqlite:///shop.db")).database == str(tmp_path / "shop.db")
    assert dialect().url(sa.make_url("sqlite:////data/shop.db")).database == "/data/shop.db"


def test_what_is_no_database_is_told_and_none_is_ever_made(tmp_path: Path) -> None:
    made(tmp_path / "shop.sqlite3", "CREATE TABLE t (id)")
    absent = tmp_path / "shop.sqlite"
    for way in (reading, repairing):
        with pytest.raises(sa.exc.DBAPIError) as error, way(absent):
            pass
        told = explained(error, absent)
        assert isinstance(told, ConnectionFailed)
        assert "There is no file" in told.message
        assert "shop.sqlite3" in told.hint
    assert not absent.exists()
    with pytest.raises(sa.exc.DBAPIError) as error, reading(tmp_path):
        pass
    assert "is a folder" in str(explained(error, tmp_path))
    page = tmp_path / "page.html"
    page.write_text("<html>" * 1000)
    with pytest.raises(sa.exc.DBAPIError) as error, reading(page):
        pass
    assert "not a SQLite database, or it is encrypted" in str(explained(error, page))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write every file")
def test_files_that_may_not_be_read_or_written(tmp_path: Path) -> None:
    file = made(tmp_path / "shop.sqlite3", "CREATE TABLE t (id)")
    file.chmod(0o400)
    with reading(file) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 0
    with pytest.raises(sa.exc.DBAPIError) as error, repairing(file):
        pass
    assert isinstance(explained(error, file), Refused)
    file.chmod(0)
    with pytest.raises(sa.exc.DBAPIError) as error, reading(file):
        pass
    assert "may not be read" in str(explained(error, file))


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_reader_sees_one_moment_and_writes_nothing(mode: str, tmp_path: Path) -> None:
    file = made(tmp_path / "shop.sqlite3", f"PRAGMA journal_mode = {mode}; CREATE TABLE t (id); INSERT INTO t VALUES (1)")
    with closing(sqlite3.connect(file, isolation_level=None, timeout=0)) as other:
        with reading(file) as connection:
            count = "SELECT count(*) FROM t"
            assert connection.exec_driver_sql(count).scalar_one() == 1
            if mode == "wal":
                other.execute("INSERT INTO t VALUES (2)")
            else:
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    other.execute("INSERT INTO t VALUES (2)")
            assert connection.exec_driver_sql(count).scalar_one() == 1
            with pytest.raises(sa.exc.OperationalError, match="readonly"):
                connection.exec_driver_sql("INSERT INTO t VALUES (3)")
        assert other.execute("SELECT count(*) FROM t").fetchone()[0] == (2 if mode == "wal" else 1)


CRASH = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("PRAGMA cache_spill = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE t SET v = 'half-way' || v")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_what_a_crash_left_half_done_is_rolled_back_before_it_is_read(mode: str, tmp_path: Path) -> None:
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, hex(randomblob(50)) FROM n"
    script = f"PRAGMA journal_mode = {mode}; CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t {rows}"
    file = made(tmp_path / "shop.sqlite3", script)
    killed = subprocess.run([sys.executable, "-c", CRASH, str(file)], check=False)
    assert killed.returncode == -signal.SIGKILL
    journal = Path(f"{file}-{'wal' if mode == 'wal' else 'journal'}")
    assert journal.stat().st_size > 10_000
    with reading(file) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t WHERE v LIKE 'half%'").scalar_one() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 5000


def test_a_locked_file_is_waited_for_and_then_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = made(tmp_path / "shop.sqlite3", "CREATE TABLE t (id)")
    monkeypatch.setattr("mendbook.dialects.sqlite.opening.READ_PATIENCE", 0.05)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sa.exc.DBAPIError) as error, reading(file):
            pass
        assert isinstance(explained(error, file), QueryStopped)
        other.execute("ROLLBACK")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sa.exc.DBAPIError) as error, repairing(file, lock_seconds=0.05):
            pass
        assert dialect().fault(error.value) == "others"
        assert "Somebody else writes" in str(explained(error, file))


def test_a_repair_finds_its_moment_beside_one_who_hardly_ever_lets_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has no queue: who asks seldom is never served beside an application that writes without a rest."""
    file, now = made(tmp_path / "shop.sqlite3", "CREATE TABLE t (id)"), 0.0

    def wait(seconds: float) -> None:
        """As long as it takes, the application writes; for 4 ms after each 60 ms it does not."""
        nonlocal now
        now += seconds
        busy = now % 0.064 < 0.06
        if busy != application.in_transaction:
            application.execute("BEGIN IMMEDIATE" if busy else "COMMIT")

    monkeypatch.setattr("mendbook.dialects.sqlite.dialect.time", SimpleNamespace(monotonic=lambda: now, sleep=wait))
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as application, writing(file) as connection:
        for _ in range(20):
            now = 0.03  # in the midst of one of its transactions
            application.execute("BEGIN IMMEDIATE")
            with connection.begin():
                dialect().begin_repair(connection, 2, 60, 60)
                connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    with reading(file) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 20


def test_a_statement_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    file = made(tmp_path / "shop.sqlite3", "CREATE TABLE t (id)")
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(sa.exc.OperationalError) as error, reading(file, seconds=0.1) as connection:  # type: ignore[arg-type]
        connection.exec_driver_sql(endless).scalar_one()
    assert isinstance(explained(error, file), QueryStopped)


def test_a_collation_of_the_applications_own_is_named(tmp_path: Path) -> None:
    file = tmp_path / "shop.sqlite3"
    with closing(sqlite3.connect(file)) as plain:
        plain.create_collation("german", lambda one, other: (one > other) - (one < other))
        plain.executescript("CREATE TABLE t (id text COLLATE german PRIMARY KEY); INSERT INTO t VALUES ('a')")
    with pytest.raises(sa.exc.OperationalError) as error, reading(file) as connection:
        connection.execute(dialect().rows().by_keys(stored_as(connection, "t"), ["a"])).all()
    told = explained(error, file)
    assert isinstance(told, Refused)
    assert "german" in told.message


def test_a_copy_is_another_database(tmp_path: Path) -> None:
    file = made(tmp_path / "shop.sqlite3", "CREATE TABLE t (id)")
    copy = shutil.copy(file, tmp_path / "copy.sqlite3")
    link = tmp_path / "link.sqlite3"
    link.symlink_to(file)
    told = []
    for path in (file, copy, link):
        with reading(path) as connection:
            told.append(dialect().identity(connection))
    assert told[0] == told[2] != told[1]
    Path(copy).replace(file)
    with reading(file) as connection:
        assert dialect().identity(connection) != told[0]


def test_a_schema_digest_tells_of_indexes_triggers_and_those_who_refer(tmp_path: Path) -> None:
    file = made(tmp_path / "shop.sqlite3", "CREATE TABLE t (id integer PRIMARY KEY, v); CREATE TABLE other (id)")
    seen = set()
    for change in (
        "SELECT 1",
        "CREATE INDEX i ON t (v)",
        "CREATE TRIGGER w AFTER INSERT ON T BEGIN SELECT 1; END",
        "CREATE TABLE refers (id REFERENCES T)",
        "ALTER TABLE t ADD COLUMN more DEFAULT 1",
        "INSERT INTO other VALUES (1)",
    ):
        made(file, change)
        with reading(file) as connection:
            relation = stored_as(connection, "t").relation
            seen.add(dialect().schema_digests(connection, {"t": relation.identity, "gone": 99})["t"])
            assert dialect().schema_digests(connection, {"gone": 99}) == {"gone": "missing"}
    assert len(seen) == 5


# -- repairing -----------------------------------------------------------------------------------------------------------

FAMILY = """
    CREATE TABLE parent (id integer PRIMARY KEY);
    CREATE TABLE child (id integer PRIMARY KEY, parent_id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED, v text);
    INSERT INTO parent VALUES (1), (2);
    INSERT INTO child VALUES (1, 1, 'a'), (2, 77, 'an orphan of old')
"""


def child(**values: str | None) -> str:
    return json.dumps({"id": "1", "parent_id": "1", "v": "a", **values}, sort_keys=True, separators=(",", ":"))


def test_a_new_orphan_is_refused_even_where_an_old_one_goes_at_the_same_time(tmp_path: Path) -> None:
    file, rows = made(tmp_path / "shop.sqlite3", FAMILY), dialect().rows()
    with writing(file) as connection, connection.begin() as transaction:
        dialect().begin_repair(connection, 1, 60, 60)
        stored = stored_as(connection, "child")
        dialect().defer_constraints(connection)
        connection.execute(rows.update(stored, ["parent_id"], ["1"], [child(parent_id="5")]))
        connection.execute(rows.delete(stored, ["2"]))
        with pytest.raises(sa.exc.IntegrityError, match="FOREIGN KEY") as error:
            dialect().check_constraints(connection)
        transaction.rollback()
    assert dialect().fault(error.value) == "request"
    assert "child.parent_id" in dialect().objection(error.value)


def test_rows_may_wait_for_those_that_they_name_and_orphans_of_old_may_be_changed(tmp_path: Path) -> None:
    file, rows = made(tmp_path / "shop.sqlite3", FAMILY), dialect().rows()
    with repairing(file) as connection:
        stored, parents = stored_as(connection, "child"), stored_as(connection, "parent")
        dialect().defer_constraints(connection)
        connection.execute(rows.update(stored, ["parent_id"], ["1"], [child(parent_id="5")]))
        connection.execute(rows.update(stored, ["v"], ["2"], [child(id="2", parent_id="77", v="changed")]))
        (drawn,) = connection.execute(rows.insert(stored, [child(id=None, parent_id=None)], {"id": "default"})).all()
        assert drawn.key == "3"
        connection.execute(rows.insert(parents, ['{"id":"5"}'], {}))
        dialect().check_constraints(connection)
    with closing(sqlite3.connect(file)) as plain:
        assert plain.execute("SELECT * FROM child").fetchall() == [(1, 5, "a"), (2, 77, "changed"), (3, None, "a")]


def test_one_repair_at_a_time_and_the_next_one_when_it_is_over(tmp_path: Path) -> None:
    file = made(tmp_path / "shop.sqlite3", "CREATE TABLE t (id)")
    with repairing(file) as one:
        assert dialect().keep_others_out(one)
        with reading(file) as other:
            assert not dialect().keep_others_out(other)
    with repairing(file) as next_one:
        assert dialect().keep_others_out(next_one)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shop.sqlite3"]


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_whether_anybody_wrote_since_a_plan_is_told_by_the_file(mode: str, tmp_path: Path) -> None:
    file = made(tmp_path / "shop.sqlite3", f"PRAGMA journal_mode = {mode}; CREATE TABLE t (id)")
    _age(file)
    with reading(file) as connection:
        snapshot = dialect().moment(connection).snapshot
    assert snapshot

    def since(connection: sa.Connection) -> bool:
        return bool(connection.execute(sa.select(dialect().written_since("t", snapshot))).scalar_one())

    with writing(file) as connection:
        with connection.begin():
            dialect().begin_repair(connection, 1, 60, 60)
            assert not since(connection)
            first = dialect().writers(connection)
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        with connection.begin():
            dialect().begin_repair(connection, 1, 60, 60)
            assert not since(connection)  # its own rows are known to whoever wrote them
            assert dialect().writers(connection).own == first.own
        made(file, "INSERT INTO t VALUES (2)")
        with connection.begin():
            dialect().begin_repair(connection, 1, 60, 60)
            assert since(connection)
            assert dialect().writers(connection).own > first.own + 1
    with repairing(file) as connection:
        assert since(connection)


def test_a_file_that_was_just_written_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mendbook.dialects.sqlite.file._FRESH", 600_000_000_000)  # on the slowest machine it still is
    file = made(tmp_path / "shop.sqlite3", "CREATE TABLE t (id)")
    with reading(file) as connection:
        assert dialect().moment(connection).snapshot == ""


def _age(file: Path) -> None:
    """Let the file lie for as long as its times must be old; the clock of its status cannot be set back."""
    until = time.time_ns() + 10_000_000_000
    while time.time_ns() - file.stat().st_ctime_ns < 2_100_000_000 and time.time_ns() < until:
        time.sleep(0.1)
