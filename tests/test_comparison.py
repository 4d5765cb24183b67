"""An audit against the last: what is new, what is gone, what stays, and what is not compared at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mendbook.audits.comparison import compare, predecessors, since_last
from mendbook.reports.reports import render_report
from mendbook.views.views import AuditView
from support.audits import DATABASE, at, audit_folder, result_of, write_audit
from support.commands import command_in
from support.shop import DAMAGE, Shop

KINDS = ("missing_profile", "duplicate_user", "blank_profile")


def read(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "result.json").read_text("utf-8")))


def compared(outputs: Path, before: Any, after: Any, earlier: Any = (), later: Any = ()) -> dict[str, Any]:
    return compare(write_audit(outputs, at(1), before, **dict(earlier)), write_audit(outputs, at(2), after, **dict(later)))


def new_rows(change: dict[str, Any]) -> list[tuple[Any, ...]]:
    rows = pq.read_table(change["file"]).to_pylist()
    return [(row["kind"], row["profile"], row["case_key"]) for row in rows]


def test_cases_are_new_gone_or_stay(tmp_path: Path) -> None:
    before = {"missing_profile": {"customer": ["1", "2", "3"]}, "duplicate_user": {None: ["7", "7"]}, "blank_profile": {}}
    after = {"missing_profile": {"customer": ["2", "4", "5"]}, "duplicate_user": {None: ["7", "7", "7"]}, "blank_profile": {}}
    change = compared(tmp_path, before, after)
    assert change["kinds"] == {
        "missing_profile": {"new": 2, "gone": 2, "staying": 1},
        "duplicate_user": {"new": 0, "gone": 0, "staying": 1},
        "blank_profile": {"new": 0, "gone": 0, "staying": 0},
    }
    assert change["since"] == {"folder": "20261101T030000Z-audit-shop", "taken_at": at(1).isoformat(timespec="milliseconds")}
    assert new_rows(change) == [("missing_profile", "customer", "4"), ("missing_profile", "customer", "5")]
    assert (change["apart"], change["mapping"]) == ([], [])


def test_a_case_is_its_kind_its_profile_and_its_key(tmp_path: Path) -> None:
    profiles = {"profiles": ("customer", "driver")}
    before = {"missing_profile": {"customer": ["1"], None: ["a"]}, "duplicate_user": {None: []}}
    after = {"missing_profile": {"driver": ["1"], None: []}, "duplicate_user": {None: ["a"]}}
    change = compared(tmp_path, before, after, profiles, profiles)
    assert change["kinds"]["missing_profile"] == {"new": 1, "gone": 2, "staying": 0}
    assert change["kinds"]["duplicate_user"] == {"new": 1, "gone": 0, "staying": 0}


def test_every_row_of_a_new_case_is_listed_and_it_counts_once(tmp_path: Path) -> None:
    change = compared(tmp_path, {"duplicate_user": {}}, {"duplicate_user": {None: ["5", "5", "5"]}})
    assert change["kinds"]["duplicate_user"]["new"] == 1
    assert len(new_rows(change)) == 3


cases = st.dictionaries(
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(["customer", None]), st.lists(st.text("ab\u00e9=\\", max_size=2), max_size=6), max_size=2),
)


@settings(max_examples=40)
@given(cases, cases)
def test_it_tells_what_sets_tell(tmp_path_factory: pytest.TempPathFactory, before: Any, after: Any) -> None:
    change = compared(tmp_path_factory.mktemp("o"), before, after)

    def of(found: Any, kind: str) -> set[Any]:
        return {(profile, key) for profile, keys in found[kind].items() for key in keys}

    expected = {
        kind: {
            "new": len(of(after, kind) - of(before, kind)),
            "gone": len(of(before, kind) - of(after, kind)),
            "staying": len(of(after, kind) & of(before, kind)),
        }
        for kind in after
        if kind in before
    }
    assert change["kinds"] == expected


def test_what_only_one_of_them_looked_for_is_not_compared(tmp_path: Path) -> None:
    before = {"missing_profile": {"customer": ["1"]}, "blank_profile": {"customer": ["9"]}}
    after = {"missing_profile": {"customer": ["1"]}, "duplicate_user": {None: ["7"]}}
    change = compared(tmp_path, before, after)
    assert [*change["kinds"]] == ["missing_profile"]
    assert change["apart"] == [{"kind": "duplicate_user", "profile": None, "why": "the last audit did not look for it"}]
    assert new_rows(change) == []


def test_a_profile_that_is_mapped_only_now_brings_no_new_cases(tmp_path: Path) -> None:
    before = {"missing_profile": {"customer": ["1"]}}
    after = {"missing_profile": {"customer": ["1"], "driver": ["1", "2"]}}
    change = compared(tmp_path, before, after, later={"profiles": ("customer", "driver")})
    assert change["kinds"]["missing_profile"] == {"new": 0, "gone": 0, "staying": 1}
    why = "the last audit did not know this profile"
    assert change["apart"] == [{"kind": "missing_profile", "profile": "driver", "why": why}]


@pytest.mark.parametrize("profile", [None, "customer"])
def test_what_was_left_out_is_neither_new_nor_gone(tmp_path: Path, profile: str | None) -> None:
    left_out = {"left_out": [{"kind": "blank_profile", "profile": profile, "why": "no column"}]}
    none, some = {"blank_profile": {}}, {"blank_profile": {"customer": ["1", "2"]}}
    change = compared(tmp_path / "a", none, some, earlier=left_out)
    assert change["kinds"].get("blank_profile", {"new": 0})["new"] == 0
    assert [each["kind"] for each in change["apart"]] == ["blank_profile"]
    back = compared(tmp_path / "b", some, none, later=left_out)
    assert back["kinds"].get("blank_profile", {"gone": 0})["gone"] == 0


def test_a_changed_mapping_is_told(tmp_path: Path) -> None:
    folder = write_audit(tmp_path, at(1), {"blank_profile": {}})
    result = read(folder)
    later = write_audit(tmp_path, at(2), {"blank_profile": {}})
    result["scope"][1]["mapped"]["filled"] = ["phone"]
    (folder / "result.json").write_text(json.dumps(result))
    assert compare(folder, later)["mapping"] == ["customer"]


# -- which audit is the last -----------------------------------------------------------------------------------------------

ALL = {kind: {"customer": ["1"]} for kind in KINDS}


def names(outputs: Path, later: Path) -> list[str]:
    return [each.name[:8] for each in predecessors(outputs / "runs", later, read(later))]


def test_the_newest_earlier_one_that_looked_everywhere_comes_first(tmp_path: Path) -> None:
    for day in (3, 1, 2):
        write_audit(tmp_path, at(day), ALL)
    write_audit(tmp_path, at(4), {"missing_profile": {}})  # somebody looked for one kind in between
    now = write_audit(tmp_path, at(5), ALL)
    write_audit(tmp_path, at(6), ALL)  # one that came after
    assert names(tmp_path, now) == ["20261103", "20261102", "20261101", "20261104"]


def test_an_audit_of_one_kind_hides_nothing_of_the_others(tmp_path: Path) -> None:
    write_audit(tmp_path, at(1), ALL)
    write_audit(tmp_path, at(2), {"missing_profile": {}})
    after = {**ALL, "duplicate_user": {"customer": ["1", "2"]}}
    now = write_audit(tmp_path, at(3), after)
    change, warnings = since_last(tmp_path / "runs", now, read(now))
    assert change is not None
    assert change["kinds"]["duplicate_user"] == {"new": 1, "gone": 0, "staying": 1}
    assert warnings == []


def test_other_sources_and_other_databases_are_none(tmp_path: Path) -> None:
    write_audit(tmp_path, at(1), ALL, source="shop2")
    moved = {**DATABASE, "identity": {**DATABASE["identity"], "system": "999"}}
    write_audit(tmp_path, at(2), ALL, database=moved)
    write_audit(tmp_path, at(3), ALL, database={**DATABASE, "name": "other", "identity": None})
    old = write_audit(tmp_path, at(4), ALL, database={key: value for key, value in DATABASE.items() if key != "identity"})
    now = write_audit(tmp_path, at(5), ALL)
    assert names(tmp_path, now) == [old.name[:8]], "one of before identities were kept goes by its name"
    assert since_last(tmp_path / "empty", now, read(now)) == (None, [])


def test_a_broken_folder_is_passed_over_and_told_where_it_is_an_audit(tmp_path: Path) -> None:
    good = write_audit(tmp_path, at(1), ALL)
    broken = write_audit(tmp_path, at(2), ALL)
    (broken / "findings.parquet").write_bytes(b"PAR1")
    gone = write_audit(tmp_path, at(3), ALL)
    (gone / "findings.parquet").unlink()
    for day, text in ((4, "{"), (5, "[]"), (6, '{"counts": {}, "findings": "", "source": "shop"}')):
        (audit_folder(tmp_path, at(day)) / "result.json").write_text(text)
    now = write_audit(tmp_path, at(7), ALL)
    change, warnings = since_last(tmp_path / "runs", now, read(now))
    assert change is not None
    assert change["since"]["folder"] == good.name
    assert [gone.name in warnings[0], broken.name in warnings[1], len(warnings)] == [True, True, 2]


def test_several_of_one_second_stand_in_their_order(tmp_path: Path) -> None:
    first = write_audit(tmp_path, at(1), ALL)
    for number in (2, 9, 10):
        shutil.copytree(first, first.with_name(f"{first.name}-{number}"))
    now = write_audit(tmp_path, at(2), ALL)
    tails = [each.name.rpartition("-")[2] for each in predecessors(tmp_path / "runs", now, read(now))]
    assert tails == ["10", "9", "2", "shop"]


def test_an_empty_audit_compares_with_an_empty_one(tmp_path: Path) -> None:
    folder = audit_folder(tmp_path, at(1))
    assert result_of({}, at(1), folder)["counts"] == {}
    change = compared(tmp_path / "o", {"missing_profile": {}}, {"missing_profile": {}})
    assert change["kinds"] == {"missing_profile": {"new": 0, "gone": 0, "staying": 0}}


# -- a real database -------------------------------------------------------------------------------------------------------


def test_an_audit_compares_itself_with_the_last(shop: Shop) -> None:
    assert shop.audit()["change"] is None, "there is nothing yet to compare with"
    shop.execute(DAMAGE)
    change = shop.audit()["change"]
    found = {kind: counts for kind, counts in change["kinds"].items() if any(counts.values())}
    assert found == {
        kind: {"new": 1, "gone": 0, "staying": 0} for kind in ("missing_profile", "blank_profile", "missing_code", "null_flag")
    }
    shop.execute("DELETE FROM auth_user WHERE id = 6")
    shop.execute("UPDATE customer SET phone = '1' WHERE id = 7")
    change = shop.audit()["change"]
    assert change["kinds"]["missing_profile"] == {"new": 0, "gone": 1, "staying": 0}
    assert change["kinds"]["null_flag"] == {"new": 0, "gone": 0, "staying": 1}
    assert pq.read_table(change["file"]).num_rows == 0
    assert Path(change["file"]).parent.name != change["since"]["folder"]


# -- where people see it -----------------------------------------------------------------------------------------------------


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The folder of an audit with two new cases, one of them of somebody's address, and one that is gone."""
    write_audit(tmp_path, at(1), {"missing_profile": {"customer": ["1", "2"]}, "blank_profile": {}})
    after = {"missing_profile": {"customer": ["2", "new.one@example.com", "3"]}, "blank_profile": {}, "null_flag": {}}
    folder = write_audit(tmp_path, at(2), after, database={**DATABASE, "user": "auditor"})
    result = read(folder)
    result["change"], _ = since_last(tmp_path / "runs", folder, result)
    (folder / "result.json").write_text(json.dumps(result))
    return folder


SENTENCE = "Since the audit of 2026-11-01 03:00 UTC: 2 new cases, 1 gone, 1 stay."


def test_a_notebook_shows_it(changed: Path) -> None:
    view = AuditView(changed)
    table = view.change()
    assert table.frame.values.tolist() == [
        ["missing_profile", "Titled missing_profile", 2, 1, 1],
        ["blank_profile", "Titled blank_profile", 0, 0, 0],
    ]
    assert table.note == f"{SENTENCE} Not compared: Titled null_flag, for the last audit did not look for it."
    assert sorted(view.findings(new=True)["row_key"]) == ["3", "n•••@e•••.com"]
    assert len(view.findings()) == 3
    assert len(view.findings("null_flag", new=True)) == 0


def test_a_report_lists_what_is_new_and_masks_it(changed: Path) -> None:
    html = render_report(changed)
    assert SENTENCE in html
    assert '<td class="number flagged">2</td><td class="number">1</td>' in html
    assert "New: 2 of 2 rows" in html
    assert "new.one@example.com" not in html
    assert 'href="change.parquet"' in html
    (changed / "change.parquet").write_bytes(b"")
    html = render_report(changed)
    assert "Could not be read" in html
    assert SENTENCE in html


def test_a_first_audit_says_that_it_is_the_first(tmp_path: Path) -> None:
    folder = write_audit(tmp_path, at(1), {"missing_profile": {"customer": ["1"]}})
    first = "This is the first audit of this database here: there is nothing yet to compare it with."
    assert AuditView(folder).change().note == first
    assert len(AuditView(folder).findings(new=True)) == 0
    assert first in render_report(folder)
    assert "New since" not in render_report(folder)


def test_an_audit_of_before_this_was_told_is_still_shown(tmp_path: Path) -> None:
    folder = write_audit(tmp_path, at(1), {"missing_profile": {"customer": ["1"]}})
    result = read(folder)
    del result["change"], result["database"]["identity"]
    (folder / "result.json").write_text(json.dumps(result))
    assert "Could not be read" not in render_report(folder)


def test_the_command_tells_it(shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    command = command_in(shop.home, monkeypatch, capsys)
    first = command("audit", "shop", "--json")
    assert first.document["change"] is None
    assert "the first audit" in first.words
    shop.execute(DAMAGE)
    second = command("audit", "shop", "--json")
    assert second.document["change"]["kinds"]["null_flag"] == {"new": 1, "gone": 0, "staying": 0}
    assert "4 new cases, 0 gone" in second.words
    assert "+1" in second.words
