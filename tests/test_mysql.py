"""What is particular to MariaDB and MySQL: every type's text, letters, zero dates, odd schemas, locks, errors.

That the same tables give the same findings and repairs as on PostgreSQL is tried in test_cases_elsewhere.py, and that a repair
that is killed or made twice at once is made once in test_databases.py. MySQL itself is not tried anywhere.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from finding import find_all
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mendbook.blanks import WHITE_SPACE
from mendbook.dialects import Column, Dialect, Stored, dialect_of
from mendbook.dialects.letters import simple_lowercase
from mendbook.digests import canonical
from mendbook.errors import ConnectionFailed, QueryStopped, Refused
from sqlalchemy import Connection, Engine
from sqlalchemy.pool import NullPool
from support.mariadb import MariaDatabase

quick = settings(max_examples=40)


def opened(mariadb: MariaDatabase) -> tuple[Dialect, Engine]:
    dialect, url = dialect_of(mariadb.url, "MARIA_URL")
    return dialect, sa.create_engine(url, poolclass=NullPool, **dialect.engine_options(url, True))


@contextmanager
def reading(mariadb: MariaDatabase, timeout: int = 60) -> Iterator[tuple[Dialect, Connection]]:
    dialect, engine = opened(mariadb)
    with engine.connect() as connection, connection.begin() as transaction:
        dialect.begin_snapshot(connection, timeout, None)
        yield dialect, connection
        transaction.rollback()


@contextmanager
def repairing(mariadb: MariaDatabase, lock_seconds: float = 1) -> Iterator[tuple[Dialect, Connection]]:
    dialect, engine = opened(mariadb)
    with engine.connect() as connection, connection.begin():
        dialect.begin_repair(connection, lock_seconds, 60, 60)
        yield dialect, connection


def stored(dialect: Dialect, connection: Connection, name: str) -> Stored:
    relation = dialect.catalogue(connection, [name]).relations[name]
    return Stored(name, relation, relation.primary_key)


def run(connection: Connection, steps: Any) -> list[Any]:
    """The statements of a change, one after the other; what the last one tells."""
    for step in steps[:-1]:
        connection.execute(step)
    return list(connection.execute(steps[-1]).all())


# -- values --------------------------------------------------------------------------------------------------------------

#: A type, and values as the server reads them: each comes back from its image as it was.
VALUES = {
    "tinyint(1)": ["0", "1", "2", "-128"],
    "bigint": ["-9223372036854775808", "9223372036854775807"],
    "bigint unsigned": ["18446744073709551615"],
    "int(5) zerofill": ["42"],
    "decimal(65,30)": ["-12345678901234567890123456789012345.123456789012345678901234567890", "0"],
    "double": ["0.1", "0.30000000000000004", "1e308", "-5e-324", "1e15", "123456789012345678"],
    "float": ["0.1", "16777217", "3.4028235e38", "1e-45"],
    "bit(1)": ["b'1'", "b'0'"],
    "bit(64)": ["b'1111111111111111111111111111111111111111111111111111111111111111'"],
    "binary(4)": ["x'00ff5c27'", "x'00'"],
    "varbinary(10)": ["x''", "x'c3'"],
    "blob": ["x'5c7830'"],
    "char(5)": ["'ab'", "''"],
    "varchar(20)": ["'a\\\\b''c\"%s:x '", "''", "'\\0\\n\\r\\t'"],
    "varchar(20) character set latin1": ["'J\u00fcrgen \u20ac'"],
    "varchar(20) character set utf16": ["'\U0001f600'"],
    "longtext": ["'\u000b\u001f\\\\u000B \u2028 \x7f'"],
    "enum('a','it''s','%')": ["'it''s'", "'%'"],
    "set('x','y')": ["'x,y'", "''"],
    "date": ["'2024-02-29'", "'0000-00-00'", "'2024-00-10'", "'2024-02-31'"],
    "datetime(6)": ["'9999-12-31 23:59:59.999999'", "'0000-00-00 00:00:00'"],
    "datetime": ["'1000-01-01 00:00:00'"],
    "timestamp(3) null": ["'2024-03-31 02:30:00.123'"],
    "time(6)": ["'-838:59:59.000000'", "'00:00:00.000001'"],
    "year": ["2024", "0"],
    "json": ['\'{"a": [1, "\\\\\\\\"]}\''],
    "geometry": ["ST_GeomFromText('POINT(1 2)', 4326)"],
    "uuid": ["'6ccd780c-baba-1026-9564-5b8c656024db'"],
    "inet6": ["'2001:db8::ff00:42:8329'"],
}


def test_every_value_of_every_type_comes_back_from_its_image_as_it_was(mariadb: MariaDatabase) -> None:
    columns = ", ".join(f"`c{n}` {kind}" for n, kind in enumerate(VALUES))
    most = max(map(len, VALUES.values()))
    mariadb.execute(f"SET sql_mode = 'ALLOW_INVALID_DATES'; CREATE TABLE t (id int PRIMARY KEY, {columns})")
    for number in range(most):
        told = ", ".join(each[number] if number < len(each) else "NULL" for each in VALUES.values())
        mariadb.execute(f"SET time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES'; INSERT INTO t VALUES ({number}, {told})")
    raw = "SELECT id, " + ", ".join(f"hex(`c{n}`)" for n in range(len(VALUES))) + " FROM t ORDER BY id"
    keys = [str(number) for number in range(most)]
    with repairing(mariadb) as (dialect, connection):
        rows, table = dialect.rows(), stored(dialect, connection, "t")
        before = connection.exec_driver_sql(raw).all()
        images = {row.key: row.image for row in connection.execute(rows.by_keys(table, keys, lock=True))}
        assert [images[key] for key in keys] == [canonical.text(json.loads(images[key])) for key in keys]
        afters = [images[key] for key in keys]
        gone = run(connection, rows.delete(table, keys))
        assert sorted(row.key for row in gone) == keys
        back = run(connection, rows.insert(table, afters, {}))
        assert [(row.key, row.image) for row in back] == list(zip(keys, afters, strict=True))
        assert connection.exec_driver_sql(raw).all() == before
        names = [name for name in table.relation.columns if name != "id"]
        told = run(connection, rows.update(table, names, keys, afters))
        assert {row.key: row.image for row in told} == images
        assert connection.exec_driver_sql(raw).all() == before
        future = connection.execute(rows.becoming(table, afters)).all()
        assert [(row.n, row.broken) for row in future] == [(number, []) for number in range(most)]
        for row in future:
            kept, wanted = json.loads(row.image), json.loads(afters[row.n])
            assert {name: kept[name] for name in kept if name not in _APART} == {
                name: wanted[name] for name in wanted if name not in _APART
            }


#: What only the table itself shows as it stores it: numbers that it pads, and dates that there are not.
_APART = {
    f"c{n}" for n, kind in enumerate(VALUES) if "zerofill" in kind or kind == "date" or kind.startswith(("float", "json"))
}


@quick
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), min_size=1, max_size=8))
@example(texts=['\x00\x0b\x1f\\u000B"\x7f\u2028', "%s %% :a", "\U0001f600", "'"])
def test_an_image_is_canonical_json_whatever_the_text(texts: list[str], mariadb: MariaDatabase) -> None:
    with repairing(mariadb) as (dialect, connection):
        connection.exec_driver_sql('CREATE OR REPLACE TABLE t (`k"e` int PRIMARY KEY, `v:%%` longtext, `\u00e9` varchar(3))')
        rows, table = dialect.rows(), stored(dialect, connection, "t")
        afters = [canonical.text({'k"e': str(n), "v:%": text, "\u00e9": None}) for n, text in enumerate(texts)]
        told = run(connection, rows.insert(table, afters, {}))
        assert [row.image for row in told] == afters
        found = connection.execute(rows.by_values(table, ["v:%"], [[text] for text in texts])).all()
        assert {(row.n, row.key) for row in found} >= {(n, str(n)) for n in range(len(texts))}


def test_the_smallest_uuid_is_the_first_by_its_text(mariadb: MariaDatabase, tmp_path: Path) -> None:
    """MariaDB itself sorts uuids by their last digits first."""
    small, large = "0b75f634-823e-46f4-a63f-f6d93a51ec41", "15ae849f-317c-4d01-be2b-049e84d2827f"
    mariadb.execute(
        "CREATE TABLE people (id uuid PRIMARY KEY, name varchar(20));"
        f"INSERT INTO people VALUES ('{small}', 'ann'), ('{large}', 'Ann')"
    )
    mapping = '[sources.case]\nurl_env = "CASE_URL"\n[sources.case.users]\ntable = "people"\nusername = "name"\n'
    people = [each for each in find_all(mariadb.url, mapping, tmp_path) if each.kind == "duplicate_user"]
    assert {each.case_key for each in people} == {small}


# -- texts ---------------------------------------------------------------------------------------------------------------

COLLATIONS = ["utf8mb4_general_ci", "utf8mb4_bin", "utf8mb4_nopad_bin", "utf8mb4_turkish_ci", "utf8mb4_uca1400_ai_ci"]


def folded(text: str) -> str | None:
    """DAMAGE's rule, in Python."""
    lower = {**simple_lowercase(), **{chr(point): chr(point + 32) for point in range(65, 91)}}
    return "".join(lower.get(each, each) for each in text.strip(WHITE_SPACE)) or None


@pytest.mark.parametrize("collation", COLLATIONS)
def test_a_letter_is_lowered_as_unicode_says_under_any_collation(collation: str, mariadb: MariaDatabase) -> None:
    mariadb.execute(f"CREATE TABLE t (id int PRIMARY KEY, v varchar(20) CHARACTER SET utf8mb4 COLLATE {collation})")
    letters = [*simple_lowercase(), *map(chr, range(1, 0x250)), *WHITE_SPACE, "\u1e9e", "\u0130", "ﬀ", "\u200b"]
    texts = [each + letters[-n] for n, each in enumerate(letters)] + [f"{space}Ab c{space}" for space in WHITE_SPACE]
    with mariadb.connect() as plain, plain.cursor() as cursor:
        cursor.executemany("INSERT INTO t VALUES (%s, %s)", list(enumerate(texts)))
        plain.commit()
    with reading(mariadb) as (dialect, connection):
        rules, table = dialect.text(dialect.server(connection)), sa.table("t", sa.column("id"), sa.column("v", sa.Text))
        asked = sa.select(table.c.id, rules.fold(table.c.v), rules.blank(table.c.v), rules.exact(table.c.v))
        for number, fold, blank, exact in connection.execute(asked):
            text = texts[number]
            assert (fold, bool(blank), exact) == (folded(text), folded(text) is None, text), repr(text)


def test_where_the_collations_lower_less_the_rest_is_corrected(mariadb: MariaDatabase) -> None:
    """As on MariaDB 10.6 to 10.9, and on MySQL, which have other collations."""
    with reading(mariadb) as (dialect, connection):
        speaking: Any = connection.dialect
        speaking.learn(connection, "utf8mb4_unicode_520_ci")
        assert 300 < len(speaking.not_lowered) < 500
        text = "".join(simple_lowercase())
        fold = dialect.text(dialect.server(connection)).fold(sa.literal(text, sa.Text))
        assert connection.execute(sa.select(fold)).scalar_one() == folded(text)


def test_texts_are_the_same_code_point_by_code_point_and_blanks_at_the_end_count(mariadb: MariaDatabase) -> None:
    mariadb.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v varchar(9) COLLATE utf8mb4_general_ci) CHARACTER SET utf8mb4;"
        "INSERT INTO t VALUES (1, 'a'), (2, 'A'), (3, 'a '), (4, '\u00e4'), (5, 'a')"
    )
    with reading(mariadb) as (dialect, connection):
        rules, table = dialect.text(dialect.server(connection)), sa.table("t", sa.column("id"), sa.column("v", sa.Text))
        exact = rules.exact(table.c.v)
        counted = dict(connection.execute(sa.select(exact, sa.func.count()).group_by(exact)).all())
        assert counted == {"a": 2, "A": 1, "a ": 1, "\u00e4": 1}


# -- times ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "moment"),
    [
        ("datetime(6)", "'2024-02-29 12:00:00.000001'", datetime(2024, 2, 29, 12, 0, 0, 1, UTC)),
        ("datetime", "'1969-12-31 23:59:59'", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("timestamp", "'2024-02-29 12:00:00'", datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ("date", "'2024-02-29'", datetime(2024, 2, 29, tzinfo=UTC)),
        ("date", "'0000-00-00'", None),
        ("datetime", "'2024-00-10 00:00:00'", None),
        ("bigint", "1709208000", datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ("bigint unsigned", "1709208000123", datetime(2024, 2, 29, 12, 0, 0, 123000, UTC)),
        ("bigint unsigned", "18446744073709551615", None),
        ("bigint", "-1", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_moment_is_utc_and_a_zero_date_is_none(
    kind: str, value: str, moment: datetime | None, mariadb: MariaDatabase
) -> None:
    mariadb.execute(f"CREATE TABLE t (v {kind} NULL); SET time_zone = '+00:00', sql_mode = ''; INSERT INTO t VALUES ({value})")
    with reading(mariadb) as (dialect, connection):
        rules = dialect.text(dialect.server(connection))
        column = dialect.catalogue(connection, ["t"]).relations["t"].columns["v"]
        asked = rules.moment(sa.table("t", sa.column("v")).c.v, column)
        assert asked is not None
        told = connection.execute(sa.select(rules.microseconds(asked))).scalar_one()
        wanted = moment and (moment - datetime(1970, 1, 1, tzinfo=UTC))
        assert told == (None if wanted is None else wanted.days * 86_400_000_000 + wanted.seconds * 10**6 + wanted.microseconds)


# -- the catalogue -------------------------------------------------------------------------------------------------------


def columns_of(mariadb: MariaDatabase, name: str = "t") -> dict[str, Column]:
    with reading(mariadb) as (dialect, connection):
        return dialect.catalogue(connection, [name]).relations[name].columns


def test_the_catalogue_tells_families_defaults_and_what_fits(mariadb: MariaDatabase) -> None:
    mariadb.execute(
        "CREATE TABLE t (id int unsigned AUTO_INCREMENT PRIMARY KEY, flag tinyint(1) NOT NULL DEFAULT 0, small tinyint,"
        " name varchar(30) COLLATE utf8mb4_general_ci, code char(4) CHARACTER SET latin1, made datetime(6) DEFAULT now(6),"
        " low varchar(30) AS (lower(name)) STORED, token char(36) DEFAULT (uuid()), body json)"
    )
    told = columns_of(mariadb)
    families = {name: column.family for name, column in told.items()}
    assert families == {
        "id": "integer",
        "flag": "boolean",
        "small": "integer",
        "name": "text",
        "code": "text",
        "made": "time",
        "low": "text",
        "token": "text",
        "body": "text",
    }
    assert (told["id"].whole, told["small"].whole, told["flag"].whole) == ((0, 2**32 - 1), (-128, 127), None)
    assert [name for name, column in told.items() if column.draws] == ["id"]
    assert [name for name, column in told.items() if column.default] == ["id", "flag", "made", "token"]
    assert [name for name, column in told.items() if column.generated] == ["low"]
    assert (told["name"].caseless, told["code"].padded, told["code"].length) == (True, True, 4)


@pytest.mark.parametrize(
    ("expression", "folds"),
    [
        ("lower(email)", "email"),
        ("upper(trim(email))", "email"),
        ("lower(cast(email as char))", "email"),
        ("lower(trim(both ' ' from email))", "email"),
        ("lower(concat(email, 'x'))", None),
        ("email", None),
    ],
)
def test_a_unique_key_on_a_computed_column_folds_what_it_lowers(
    expression: str, folds: str | None, mariadb: MariaDatabase
) -> None:
    mariadb.execute(
        "CREATE TABLE t (id int PRIMARY KEY, email varchar(99) COLLATE utf8mb4_bin,"
        f" low varchar(99) AS ({expression}) VIRTUAL, UNIQUE KEY u (low), UNIQUE KEY part (email(10)))"
    )
    with reading(mariadb) as (dialect, connection):
        indexes = {index.name: index for index in dialect.catalogue(connection, ["t"]).relations["t"].unique_indexes}
    assert indexes["u"].folds == (folds,)
    assert (indexes["part"].columns, indexes["part"].folds) == ((None,), (None,))


def test_foreign_keys_of_other_databases_are_seen(mariadb: MariaDatabase) -> None:
    other = f"{mariadb.name}_other"
    mariadb.execute(f"CREATE TABLE t (id int PRIMARY KEY); CREATE DATABASE `{other}`")
    try:
        mariadb.execute(
            f"CREATE TABLE `{other}`.`far.away` (id int PRIMARY KEY, t_id int,"
            f" FOREIGN KEY (t_id) REFERENCES `{mariadb.name}`.t (id) ON DELETE CASCADE)"
        )
        with reading(mariadb) as (dialect, connection):
            catalogue = dialect.catalogue(connection, ["t"])
            found = dialect.referring(connection, catalogue.relations)
        assert set(found) == {"t", f"{other}.far.away"}
        (key,) = found[f"{other}.far.away"].foreign_keys
        assert (key.target, key.columns, key.on_delete) == (found["t"].identity, ("t_id",), "cascade")
        assert catalogue.names == ("t",)
    finally:
        mariadb.execute(f"DROP DATABASE `{other}`")


def test_a_table_of_another_engine_is_audited_and_not_repaired(mariadb: MariaDatabase) -> None:
    mariadb.execute("CREATE TABLE t (id int PRIMARY KEY) ENGINE=MyISAM")
    with reading(mariadb) as (dialect, connection):
        relations = dialect.catalogue(connection, ["t"]).relations
        assert relations["t"].kind == "table"
        with pytest.raises(Refused, match="MyISAM"):
            dialect.referring(connection, relations)


# -- rows ----------------------------------------------------------------------------------------------------------------


def test_rows_that_name_one_another_go_and_come_back_together(mariadb: MariaDatabase) -> None:
    mariadb.execute(
        "CREATE TABLE t (id int PRIMARY KEY, mate int, FOREIGN KEY (mate) REFERENCES t (id));"
        "INSERT INTO t VALUES (1, NULL), (2, 1), (3, 3); UPDATE t SET mate = 2 WHERE id = 1"
    )
    with repairing(mariadb) as (dialect, connection):
        rows, table = dialect.rows(), stored(dialect, connection, "t")
        images = {row.key: row.image for row in connection.execute(rows.by_keys(table, ["1", "2", "3"]))}
        assert {row.key for row in run(connection, rows.delete(table, list(images)))} == set(images)
        back = run(connection, rows.insert(table, list(images.values()), {}))
        assert {row.key: row.image for row in back} == images


def test_numbers_that_a_table_draws_are_told_in_the_order_of_the_rows(mariadb: MariaDatabase) -> None:
    mariadb.execute("CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, v text, k char(36) DEFAULT (uuid()))")
    mariadb.execute("INSERT INTO t VALUES (6, 'x', 'y')")
    with repairing(mariadb) as (dialect, connection):
        rows, table = dialect.rows(), stored(dialect, connection, "t")
        afters = [canonical.text({"v": text}) for text in ("b", "a", "c")]
        told = run(connection, rows.insert(table, afters, {"id": "default", "k": "default"}))
        assert [(row.key, json.loads(row.image)["v"]) for row in told] == [("7", "b"), ("8", "a"), ("9", "c")]


def test_a_key_that_the_column_cannot_hold_names_no_row(mariadb: MariaDatabase) -> None:
    mariadb.execute(
        "CREATE TABLE t (name varchar(20) CHARACTER SET latin1 PRIMARY KEY);"
        "INSERT INTO t VALUES ('J\u00fcrgen'), ('??');"
        "CREATE TABLE n (id int PRIMARY KEY); INSERT INTO n VALUES (0), (5)"
    )
    with repairing(mariadb) as (dialect, connection):
        rows, text, number = dialect.rows(), stored(dialect, connection, "t"), stored(dialect, connection, "n")
        assert [row.key for row in connection.execute(rows.by_keys(text, ["J\u00fcrgen", "\u65e5\u672c"]))] == ["J\u00fcrgen"]
        assert [row.key for row in connection.execute(rows.by_keys(number, ["5", "x", "", "5x"]))] == ["5"]


def test_of_rows_that_look_alike_as_many_go_as_are_asked_for(mariadb: MariaDatabase) -> None:
    mariadb.execute("CREATE TABLE t (v text); INSERT INTO t VALUES ('a'), ('a'), ('a'), ('b')")
    with repairing(mariadb) as (dialect, connection):
        rows, table = dialect.rows(), stored(dialect, connection, "t")
        found = connection.execute(rows.by_images(table, ['{"v":"a"}'], lock=True)).all()
        assert len(found) == 3
        assert [row.key for row in run(connection, rows.delete(table, [row.place for row in found[:2]]))] == [found[0].place]
        assert connection.exec_driver_sql("SELECT v, count(*) FROM t GROUP BY v").all() == [("a", 1), ("b", 1)]


def test_a_column_that_sets_itself_on_update_keeps_what_the_image_says(mariadb: MariaDatabase) -> None:
    mariadb.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v int, changed timestamp(6) DEFAULT now(6) ON UPDATE now(6));"
        "INSERT INTO t VALUES (1, 1, '2024-01-01 00:00:00')"
    )
    with repairing(mariadb) as (dialect, connection):
        rows, table = dialect.rows(), stored(dialect, connection, "t")
        (row,) = connection.execute(rows.by_keys(table, ["1"]))
        after = canonical.text({**json.loads(row.image), "v": "2"})
        assert [each.image for each in run(connection, rows.update(table, ["v"], ["1"], [after]))] == [after]


# -- transactions --------------------------------------------------------------------------------------------------------


def test_a_snapshot_sees_one_moment_and_writes_nothing(mariadb: MariaDatabase) -> None:
    mariadb.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
    with reading(mariadb) as (_, connection):
        mariadb.execute("INSERT INTO t VALUES (2)")
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 1
        with pytest.raises(sa.exc.DBAPIError, match="READ ONLY"):
            connection.exec_driver_sql("INSERT INTO t VALUES (3)")


def test_something_may_be_asked_while_rows_stream(mariadb: MariaDatabase) -> None:
    mariadb.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT seq FROM seq_1_to_3000")
    with reading(mariadb) as (_, connection):
        seen = []
        for number in connection.execution_options(yield_per=100).exec_driver_sql("SELECT id FROM t ORDER BY id").scalars():
            if number % 1000 == 5:
                assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 3000
            seen.append(number)
        assert seen == list(range(1, 3001))


def test_what_a_repair_has_read_nobody_else_writes_until_it_ends(mariadb: MariaDatabase) -> None:
    """Not even a row that was not there: what was looked for and not found stays away."""
    mariadb.execute("CREATE TABLE t (id int PRIMARY KEY, user_id int, KEY (user_id)); INSERT INTO t VALUES (1, 5), (9, 9)")
    with repairing(mariadb) as (_, connection):
        assert connection.exec_driver_sql("SELECT id FROM t WHERE user_id = 7").all() == []
        with repairing(mariadb) as (dialect, other):
            with pytest.raises(sa.exc.OperationalError) as waited:
                other.exec_driver_sql("INSERT INTO t VALUES (2, 7)")
            assert dialect.fault(waited.value) == "others"
            other.exec_driver_sql("INSERT INTO t VALUES (20, 20)")


def test_one_repairs_at_a_time_before_there_is_a_ledger_and_after(mariadb: MariaDatabase) -> None:
    dialect, engine = opened(mariadb)
    for _ in range(2):
        with engine.connect() as one, engine.connect() as other:
            for connection in (one, other):
                connection.begin()
                dialect.begin_keeping(connection, 1)
            assert dialect.keep_others_out(one)
            assert not dialect.keep_others_out(other)
            one.close()
            until = time.monotonic() + 180
            while not dialect.keep_others_out(other):  # the server hears a moment later that a connection is gone
                assert time.monotonic() < until, "who has gone still keeps others out"
                time.sleep(0.02)
        with repairing(mariadb) as (_, connection):
            dialect.ledger().create(connection)
    mariadb.execute("CREATE TABLE mendbook_fans (id int)")
    with engine.connect() as connection:
        assert dialect.tables(connection) == ["mendbook_fans"], "the ledger's own tables are hidden, and no others"


def test_a_statement_that_takes_too_long_is_stopped_and_said_so(mariadb: MariaDatabase) -> None:
    dialect, url = dialect_of(mariadb.url, "MARIA_URL")
    with reading(mariadb, timeout=1) as (_, connection), pytest.raises(sa.exc.DBAPIError) as stopped:
        connection.exec_driver_sql("SELECT count(*) FROM seq_1_to_100000 a, seq_1_to_100000 b WHERE a.seq * b.seq = 7").all()
    assert isinstance(dialect.explain(stopped.value, url), QueryStopped)


def test_a_statement_is_stopped_from_another_thread(mariadb: MariaDatabase) -> None:
    with reading(mariadb) as (dialect, connection):
        stopping = threading.Timer(0.2, dialect.cancel, [connection])
        stopping.start()
        with pytest.raises(sa.exc.DBAPIError, match="interrupted"):
            connection.exec_driver_sql("SELECT count(*) FROM seq_1_to_100000 a, seq_1_to_100000 b WHERE a.seq * b.seq = 7")
        stopping.join()


# -- errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"username": "nobody", "password": "s3cret"}, "Access denied"),
        ({"database": "not_there"}, "Unknown database"),
        ({"query": {"unix_socket": "/nowhere/socket"}}, "connect"),
    ],
)
def test_why_no_connection_was_made_is_said_without_the_password(
    change: dict[str, Any], words: str, mariadb: MariaDatabase
) -> None:
    dialect, url = dialect_of(mariadb.url, "MARIA_URL")
    wrong = url.set(**change)
    engine = sa.create_engine(wrong, poolclass=NullPool, **dialect.engine_options(url, True))
    with pytest.raises(sa.exc.DBAPIError) as failed:
        engine.connect()
    told = dialect.explain(failed.value, wrong)
    assert isinstance(told, ConnectionFailed)
    assert words in told.message
    assert "s3cret" not in f"{told.message} {told.hint}"


def test_what_the_database_objected_to_is_said_without_the_values(mariadb: MariaDatabase) -> None:
    mariadb.execute("CREATE TABLE t (id int PRIMARY KEY, mail varchar(50) UNIQUE); INSERT INTO t VALUES (1, 'ann@example.com')")
    with repairing(mariadb) as (dialect, connection):
        with pytest.raises(sa.exc.DBAPIError) as refused:
            connection.exec_driver_sql("INSERT INTO t VALUES (2, 'ann@example.com')")
        assert dialect.fault(refused.value) == "request"
        assert "ann@" not in dialect.objection(refused.value)
        assert "Duplicate entry" in dialect.objection(refused.value)
