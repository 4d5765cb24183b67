"""From plan to undo and back by the verbs of the workbook, signed, and as the roles that mendbook prints: no superuser."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mendbook.cli import app
from mendbook.errors import Refused
from mendbook.roles import role_names
from mendbook.workbook import Workbook
from sqlalchemy.engine import make_url
from support.shop import DAMAGE, MAPPING, Shop, rows

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
AUTHOR, REVIEWER = "author@example.com", "reviewer@example.com"
#: Every kind of damage that rows show, and a table that refers to users beside.
MORE = """
CREATE SEQUENCE customer_ids START 1000;
ALTER TABLE customer ALTER id SET DEFAULT nextval('customer_ids');
DROP INDEX auth_user_lower_idx, auth_user_lower_idx1;
ALTER TABLE customer DROP CONSTRAINT customer_user_id_key, DROP CONSTRAINT customer_barcode_key;
ALTER TABLE customer DROP CONSTRAINT customer_user_id_fkey;
CREATE TABLE ticket (id bigint PRIMARY KEY, owner bigint REFERENCES auth_user, title text, UNIQUE (owner, title));
CREATE TABLE visit (owner bigint REFERENCES auth_user, at timestamptz);
INSERT INTO auth_user (id, username, email) VALUES (8, 'USER1', 'one@example.com'), (9, 'nine', 'USER3@example.com');
INSERT INTO customer VALUES (20, 2, '555-20', 'C-20', true, '2026-03-02 12:00Z'), (21, 77, '555-21', 'C-21', true, now()),
    (22, 8, '555-22', 'C-22', true, '2026-03-02 12:00Z'), (23, 9, '555-4', 'C-4', true, '2026-03-02 12:00Z');
INSERT INTO ticket VALUES (1, 1, 'late'), (2, 8, 'late'), (3, 8, 'lost');
INSERT INTO visit VALUES (9, '2026-03-01 12:00Z'), (3, '2026-03-01 12:00Z');
"""
TABLES = ("auth_user", "customer", "ticket", "visit")


@dataclass(frozen=True)
class House:
    """The damaged shop, its roles, and two people with keys."""

    shop: Shop

    @property
    def book(self) -> Workbook:
        return self.shop.book()

    def key(self, person: str) -> Path:
        return self.shop.home / person

    def state(self) -> dict[str, Any]:
        return {table: self.shop.execute(f"SELECT t::text FROM {table} t ORDER BY 1") for table in TABLES}

    def sign(self, plan: str) -> None:
        """Approve every case, each blocker waived by name."""
        shown = self.book.show(plan)["cases"]
        waived = [f"{case['case']}={blocker}" for case in shown for blocker in case["blockers"]]
        blocked = [case["case"] for case in shown if case["blockers"]]
        self.book.sign(plan, REVIEWER, self.key(REVIEWER), approve=["all", *blocked], waive=waived)

    def undo(self, plan: str, *cases: str) -> dict[str, Any]:
        return self.book.undo(plan, AUTHOR, self.key(AUTHOR), cases)

    def applied(self, plan: str) -> dict[str, Any]:
        self.sign(plan)
        rehearsed = self.book.apply(plan)
        result = self.book.apply(plan, commit=True)
        assert (result["stale"], rehearsed["applied"]) == (0, result["applied"])
        return result


@pytest.fixture
def house(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    shop.execute(MORE + DAMAGE)
    signers = []
    for person in (AUTHOR, REVIEWER):
        key = shop.home / person
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
        signers.append(f"{person} {key.with_name(person + '.pub').read_text()}")
    (shop.home / "allowed_signers").write_text("".join(signers))
    prefix = f"t{uuid.uuid4().hex[:10]}"
    names = role_names(prefix)
    try:
        shop.execute(shop.book().roles(prefix)["sql"])
        for part, variable in (("audit", "SHOP_URL"), ("repair", "SHOP_REPAIR_URL")):
            shop.execute(f"ALTER ROLE {names[part]} PASSWORD 'pw'")
            url = make_url(shop.database.url).set(username=names[part], password="pw")
            monkeypatch.setenv(variable, url.render_as_string(hide_password=False))
        shop.map(MAPPING.replace('url_env = "SHOP_URL"', 'url_env = "SHOP_URL"\nrepair_url_env = "SHOP_REPAIR_URL"'))
        yield House(shop)
    finally:
        shop.execute("DROP SCHEMA IF EXISTS mendbook CASCADE")
        for name in names.values():
            shop.execute(
                f"DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN"
                f" DROP OWNED BY {name} CASCADE; DROP ROLE {name}; END IF; END $$"
            )


def test_everything_is_taken_back_and_done_again(house: House) -> None:
    before, damage = house.state(), rows(house.shop.audit())
    first = house.book.plan(AUTHOR, house.key(AUTHOR))

    assert first["by_kind"].keys() >= {
        "duplicate_user",
        "duplicate_profile",
        "orphan_profile",
        "missing_profile",
        "missing_code",
    }
    done = house.applied(first["plan"])
    assert done["applied"] == first["cases"]
    after = house.state()
    assert after != before
    back = house.undo(first["plan"])
    assert (back["cases"], back["left"]) == (first["cases"], [])
    house.applied(back["plan"])
    assert house.state() == before
    assert rows(house.shop.audit()) == damage
    again = house.undo(back["plan"])
    house.applied(again["plan"])
    assert house.state() == after
    assert house.book.verify_ledger().ok


def test_one_case_is_taken_back_and_later_edits_stay(house: House) -> None:
    first = house.book.plan(AUTHOR, house.key(AUTHOR))
    house.applied(first["plan"])
    house.shop.execute("UPDATE customer SET phone = '555-new' WHERE user_id = 6")
    left = house.undo(first["plan"])
    assert [(each["kind"], each["why"]) for each in left["left"]] == [("missing_profile", "changed since: customer.phone")]
    one = house.undo(first["plan"], "orphan_profile/customer/21")
    result = house.applied(one["plan"])
    assert (result["applied"], result["changes"]) == (1, 1)
    assert house.shop.execute("SELECT phone FROM customer WHERE id = 21 OR user_id = 6 ORDER BY 1") == [
        ("555-21",),
        ("555-new",),
    ]
    rest = house.undo(first["plan"])
    assert f"taken back already, by plan {one['plan']}" in [each["why"] for each in rest["left"]]


def test_an_undo_is_not_applied_without_a_signature(house: House) -> None:
    first = house.book.plan(AUTHOR, house.key(AUTHOR), kinds=["orphan_profile"])
    house.applied(first["plan"])
    back = house.undo(first["plan"])
    with pytest.raises(Refused):
        house.book.apply(back["plan"], commit=True)


def test_the_command(house: House, capsys: Any) -> None:
    where = ["--config", str(house.shop.config), "--outputs", str(house.shop.outputs)]
    who = ["--author", AUTHOR, "--key", str(house.key(AUTHOR))]
    first = house.book.plan(AUTHOR, house.key(AUTHOR), kinds=["orphan_profile", "null_flag"])
    house.applied(first["plan"])
    shutil.rmtree(Path(first["path"]).parent)  # the ledger is enough
    assert app(["undo", first["plan"], *who, "--case", "21", *where, "--json"], standalone_mode=False) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert (document["cases"], document["by_kind"]) == (1, {"orphan_profile": 1})
    assert "Nothing was changed." in printed.err
    house.applied(document["plan"])
    assert app(["undo", first["plan"], *who, "--case", "21", *where], standalone_mode=False) == 0
    assert "There is nothing to take back." in capsys.readouterr().err
