"""A small shop of users and customers: the source that most tests of mapping, audit, frames and command line look at.

Its schema is sound and its rows are whole, so whatever an audit finds there the test itself has put there.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
from mendbook.workbook import Workbook
from sqlalchemy.engine import make_url

from support.databases import TestDatabase

TABLES = """
CREATE TABLE auth_user (
    id bigint PRIMARY KEY, username text NOT NULL, email text NOT NULL, password text NOT NULL DEFAULT '!',
    is_staff boolean NOT NULL DEFAULT false, last_login timestamptz, date_joined timestamptz NOT NULL DEFAULT now());
CREATE UNIQUE INDEX ON auth_user (lower(username));
CREATE UNIQUE INDEX ON auth_user (lower(email));
CREATE TABLE customer (
    id bigint PRIMARY KEY, user_id bigint UNIQUE REFERENCES auth_user, phone text, barcode text UNIQUE,
    invited boolean, created_at timestamptz DEFAULT now());
"""
ROWS = """
INSERT INTO auth_user (id, username, email, password, date_joined)
SELECT n, 'user' || n, 'user' || n || '@example.com', 'hash-' || n, timestamptz '2026-03-01 12:00Z' + n * interval '1 h'
FROM generate_series(1, 5) n;
INSERT INTO customer SELECT n, n, '555-' || n, 'C-' || n, true, timestamptz '2026-03-01 12:00Z' + n * interval '1 h'
FROM generate_series(1, 5) n;
"""
#: One row of each: missing_profile (user 6), blank_profile, missing_code and null_flag (row 7, of user 7).
DAMAGE = """
INSERT INTO auth_user (id, username, email) VALUES (6, 'six', 'six@example.com'), (7, 'seven', 'seven@example.com');
INSERT INTO customer VALUES (7, 7, ' ', '', NULL, '2026-03-02 12:00Z');
"""
DAMAGED = {"missing_profile": 1, "blank_profile": 1, "missing_code": 1, "null_flag": 1}
SOURCE = """
[sources.shop]
url_env = "SHOP_URL"
"""
USERS = """
[sources.shop.users]
table = "auth_user"
key = "id"
username = "username"
email = "email"
created = "date_joined"
last_login = "last_login"
password = "password"
"""
CUSTOMER = """
[[sources.shop.profiles]]
name = "customer"
table = "customer"
created = "created_at"
required_for = { is_staff = false }
filled = ["phone"]
codes = { barcode = "uuid4" }
flags = { invited = false }
"""
MAPPING = SOURCE + USERS + CUSTOMER


@dataclass(frozen=True)
class Shop:
    """The shop's database, its mendbook.toml, and the folder for outputs beside it."""

    database: TestDatabase
    home: Path
    use_url: Callable[[str], None]

    @property
    def config(self) -> Path:
        return self.home / "mendbook.toml"

    @property
    def outputs(self) -> Path:
        return self.home / "outputs"

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        return self.database.execute(sql)

    def map(self, mapping: str) -> Shop:
        """Write mendbook.toml anew."""
        self.config.write_text(mapping, encoding="utf-8")
        return self

    def book(self, reveal: bool = False) -> Workbook:
        return Workbook.open("shop", self.config, self.outputs, reveal)

    def audit(self, *kinds: str, progress: Any = None) -> dict[str, Any]:
        """The result of an audit, as JSON values."""
        return self.book().take_audit(kinds, progress)[1]

    def runs(self) -> list[Path]:
        """Everything under outputs/runs."""
        return sorted((self.outputs / "runs").rglob("*"))


def rows(result: dict[str, Any]) -> dict[str, int]:
    """How many rows each kind has in a result, those with none left out."""
    return {kind: count["rows"] for kind, count in result["counts"].items() if count["rows"]}


def findings(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of findings.parquet."""
    return parquet.read_table(result["findings"]).to_pylist()


@contextmanager
def role(database: TestDatabase, options: str = "") -> Iterator[tuple[str, str]]:
    """(name, URL) of a login of its own that may connect and nothing else; dropped with all it was granted."""
    name = f"role_{uuid.uuid4().hex[:12]}"
    database.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'pw-{name}' {options}")
    try:
        url = make_url(database.url).set(username=name, password=f"pw-{name}")
        yield name, url.render_as_string(hide_password=False)
    finally:
        database.execute(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")
